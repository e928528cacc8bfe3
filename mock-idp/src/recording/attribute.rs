//! Which attributes a path, the key of a value or a filter names, read leniently: here it only matters what a value
//! is of, not whether the text is right.

use std::ops::Range;

use super::json_text::{quoted, unquoted};

/// The attributes that a path names, in lower case: `name.givenName`, `emails[type eq "work"].value`,
/// `urn:ietf:params:scim:schemas:core:2.0:User:password`. A schema's URN alone names none.
pub(super) fn names(path: &str) -> Vec<String> {
    let mut plain = String::with_capacity(path.len());
    let (mut depth, mut in_string) = (0_usize, false);
    for character in path.chars() {
        match character {
            '"' if depth > 0 => in_string = !in_string,
            '[' if !in_string => depth += 1,
            ']' if !in_string => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(character),
            _ => {}
        }
    }
    let plain = plain.trim();
    let attribute = match plain.get(..4).filter(|prefix| prefix.eq_ignore_ascii_case("urn:")) {
        // RFC 7643 section 10: schemas have names in capitals, section 2.1: attributes begin with a small letter.
        Some(_) => plain.rsplit(':').next().filter(|last| !last.starts_with(|c: char| c.is_uppercase())),
        None => Some(plain.rsplit(':').next().unwrap_or(plain)),
    };
    let names = attribute.unwrap_or_default().split('.').map(|name| name.trim().to_lowercase());
    names.filter(|name| !name.is_empty()).collect()
}

/// A value that a filter compares an attribute with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Compared<'a> {
    /// The attribute's names, those before a bracket included.
    pub(super) names: Vec<String>,
    /// In lower case.
    pub(super) operator: String,
    /// Unescaped.
    pub(super) value: &'a str,
}

/// The filter, or the path with a filter in brackets, with each value replaced for which `change` knows another one.
/// A value without quotes (RFC 7644 section 3.4.2.2 wants them; some clients forget them) is seen too, unless it is a
/// Boolean, null or a number.
pub(super) fn rewritten(
    filter: &str,
    change: &mut dyn FnMut(Compared<'_>) -> Option<String>,
) -> Option<String> {
    let mut out = String::with_capacity(filter.len());
    let (mut done, mut changed) = (0, false);
    let mut outer: Vec<Vec<String>> = Vec::new();
    let (mut before, mut last) = (None, None);
    // What stood before the bracket that was just closed: `emails[...]`, if `.value` follows.
    let mut closed = Vec::new();
    for word in words(filter) {
        let text = &filter[word.clone()];
        match text {
            "[" => {
                let prefix = last.take().map(|word: Range<usize>| names(&filter[word])).unwrap_or_default();
                outer.push(prefix);
                before = None;
                continue;
            }
            "]" => {
                closed = outer.pop().unwrap_or_default();
                (before, last) = (None, None);
                continue;
            }
            "(" | ")" => {
                (before, last) = (None, None);
                continue;
            }
            _ => {}
        }
        let attribute = before
            .take()
            .zip(last.clone())
            .filter(|(_, operator): &(Range<usize>, _)| is_operator(&filter[operator.clone()]));
        if let Some((attribute, operator)) = attribute {
            let is_string = text.starts_with('"');
            if is_string || !is_literal(text) {
                let value = if is_string { unquoted(text) } else { text.into() };
                let attribute = &filter[attribute];
                let mut all: Vec<String> = outer.iter().flatten().cloned().collect();
                if attribute.starts_with('.') {
                    all.append(&mut closed);
                }
                all.extend(names(attribute));
                let operator = filter[operator].to_lowercase();
                let new = change(Compared { names: all, operator, value: &value });
                if let Some(new) = new.filter(|new| *new != value) {
                    out.push_str(&filter[done..word.start]);
                    out.push_str(&if is_string { quoted(&new) } else { new });
                    done = word.end;
                    changed = true;
                }
            }
            (before, last) = (None, None);
        } else {
            before = last.replace(word);
        }
    }
    out.push_str(&filter[done..]);
    changed.then_some(out)
}

fn is_operator(word: &str) -> bool {
    ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}

fn is_literal(word: &str) -> bool {
    matches!(word.to_ascii_lowercase().as_str(), "true" | "false" | "null") || word.parse::<f64>().is_ok()
}

/// Strings, brackets, parentheses and what stands between blanks.
fn words(filter: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &filter[at..];
        at += rest.len() - rest.trim_start().len();
        let rest = &filter.as_bytes()[at..];
        let length = match rest.first()? {
            b'[' | b']' | b'(' | b')' => 1,
            b'"' => {
                let mut end = 1;
                while end < rest.len() && rest[end] != b'"' {
                    end += if rest[end] == b'\\' { 2 } else { 1 };
                }
                (end + 1).min(rest.len())
            }
            _ => filter[at..]
                .find(|c: char| c.is_whitespace() || "[]()\"".contains(c))
                .unwrap_or(filter.len() - at),
        };
        let mut end = at + length;
        while !filter.is_char_boundary(end) {
            end += 1;
        }
        let word = at..end;
        at = end;
        Some(word)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_names_attributes() {
        let cases: [(&str, &[&str]); 7] = [
            ("userName", &["username"]),
            ("name.givenName", &["name", "givenname"]),
            ("emails[type eq \"work.x]\" and primary eq true].value", &["emails", "value"]),
            ("urn:ietf:params:scim:schemas:core:2.0:User:password", &["password"]),
            (
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName",
                &["manager", "displayname"],
            ),
            ("urn:ietf:params:scim:schemas:core:2.0:User", &[]),
            ("", &[]),
        ];
        for (path, expected) in cases {
            assert_eq!(names(path), expected, "{path}");
        }
    }

    fn compared(filter: &str) -> Vec<String> {
        let mut seen = Vec::new();
        rewritten(filter, &mut |it| {
            seen.push(format!("{} {} {}", it.names.join("."), it.operator, it.value));
            None
        });
        seen
    }

    #[test]
    fn a_filter_compares_attributes_with_values() {
        assert_eq!(compared(r#"userName eq "ada \"x\"""#), [r#"username eq ada "x""#]);
        assert_eq!(
            compared(
                r#"(emails[type eq "work" and value Co "ada"] or not (name.familyName sw "Lov")) and active eq true"#
            ),
            ["emails.type eq work", "emails.value co ada", "name.familyname sw Lov"]
        );
        assert_eq!(compared("userName eq ada and externalId pr"), ["username eq ada"]);
        assert_eq!(compared(r#"userName eq "op"#), ["username eq op"]);
        assert_eq!(
            compared(r#"emails[type eq "work"].value eq "ada""#),
            ["emails.type eq work", "emails.value eq ada"]
        );
    }

    #[test]
    fn only_the_value_changes() {
        let new = rewritten(r#"emails[ value  EQ "a"].type"#, &mut |_| Some("b\"".to_owned()));
        assert_eq!(new.unwrap(), r#"emails[ value  EQ "b\""].type"#);
    }

    proptest! {
        #[test]
        fn no_filter_panics(filter in "[a-c \\[\\]()\"\\\\é]{0,30}|.{0,20}") {
            compared(&filter);
            let _ = names(&filter);
        }
    }
}
