//! The quoted literals of filters and attribute paths (RFC 7644, section 3.4.2.2), found and replaced where they stand,
//! in plain text and in percent-encoded queries. Everything around them stays as it was spelled on the wire.

use std::ops::Range;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// What RFC 3986, section 2.3, calls unreserved stays; the rest is encoded.
pub(super) const URL_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A quoted literal of a filter or path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// What it is compared with, as it is spelled: `userName`, `members[value`, `emails.value`; empty where nothing
    /// stands before it.
    pub attribute: String,
    /// Its text, without quotes and escapes.
    pub text: String,
    /// Where it stands, between the quotes.
    place: Range<usize>,
}

/// The literals of a filter or path, in order.
pub fn literals(text: &str) -> Vec<Literal> {
    let mut found = Vec::new();
    let mut rest = 0;
    while let Some(open) = text[rest..].find('"').map(|at| rest + at) {
        let Some(close) = closing(text, open + 1) else { break };
        let inner = &text[open + 1..close];
        if let Ok(Value::String(plain)) = serde_json::from_str(&format!("\"{inner}\"")) {
            let attribute = compared_with(&text[rest..open]);
            found.push(Literal { attribute, text: plain, place: open + 1..close });
        }
        rest = close + 1;
    }
    found
}

/// The text with each literal replaced for which `with` gives another one.
pub fn replace_literals(text: &str, with: &mut dyn FnMut(&Literal) -> Option<String>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for literal in literals(text) {
        let Some(new) = with(&literal) else { continue };
        result.push_str(&text[done..literal.place.start]);
        result.push_str(&escaped(&new));
        done = literal.place.end;
    }
    result.push_str(&text[done..]);
    result
}

/// A request target whose `filter` parameters had their literals replaced. A blank that is written as `+` is tried as
/// a blank where the literal with the plus sign is not replaced.
pub fn replace_in_query(target: &str, with: &mut dyn FnMut(&Literal) -> Option<String>) -> String {
    let Some((path, query)) = target.split_once('?') else { return target.to_owned() };
    let parameters: Vec<String> = query
        .split('&')
        .map(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("filter") => {
                format!("{name}={}", replace_encoded(value, with))
            }
            _ => parameter.to_owned(),
        })
        .collect();
    format!("{path}?{}", parameters.join("&"))
}

/// The literals of a target's `filter` parameters.
pub fn query_literals(target: &str) -> Vec<Literal> {
    let mut found = Vec::new();
    replace_in_query(target, &mut |literal| {
        found.push(literal.clone());
        None
    });
    found
}

fn replace_encoded(raw: &str, with: &mut dyn FnMut(&Literal) -> Option<String>) -> String {
    let Some(spelled) = Spelled::decode(raw) else { return raw.to_owned() };
    let mut result = String::with_capacity(raw.len());
    let mut done = 0;
    for literal in literals(&spelled.text) {
        let blank = || {
            let text = literal.text.replace('+', " ");
            (text != literal.text).then(|| Literal { text, ..literal.clone() })
        };
        let Some(new) = with(&literal).or_else(|| with(&blank()?)) else { continue };
        let (start, end) = (spelled.raw_at[literal.place.start], spelled.raw_at[literal.place.end]);
        result.push_str(&raw[done..start]);
        encode_like(&raw[start..end], &escaped(&new), &mut result);
        done = end;
    }
    result.push_str(&raw[done..]);
    result
}

/// Encodes a text, leaving plain what the old spelling left plain.
fn encode_like(old: &str, new: &str, result: &mut String) {
    for c in new.chars() {
        let mut buffer = [0; 4];
        let c = c.encode_utf8(&mut buffer);
        if matches!(c.as_bytes(), [b'%' | b'+' | b'&' | b'#']) || !old.contains(&*c) {
            result.extend(utf8_percent_encode(c, URL_VALUE));
        } else {
            result.push_str(c);
        }
    }
}

fn escaped(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&quoted).to_owned()
}

/// Where the literal that begins at `start` ends.
fn closing(text: &str, start: usize) -> Option<usize> {
    let mut escape = false;
    for (at, byte) in text.bytes().enumerate().skip(start) {
        match byte {
            _ if escape => escape = false,
            b'\\' => escape = true,
            b'"' => return Some(at),
            _ => {}
        }
    }
    None
}

/// The attribute before `OP "`: the last word but one.
fn compared_with(before: &str) -> String {
    let mut words = before.split([' ', '+', '\t']).filter(|word| !word.is_empty()).rev();
    let _operator = words.next();
    words.next().unwrap_or_default().trim_start_matches('(').to_owned()
}

/// Percent-encoded text, decoded, and where each byte of it stands in the raw spelling.
struct Spelled {
    text: String,
    raw_at: Vec<usize>,
}

impl Spelled {
    /// None: not UTF-8 after decoding.
    fn decode(raw: &str) -> Option<Self> {
        let bytes = raw.as_bytes();
        let (mut text, mut raw_at) = (Vec::with_capacity(bytes.len()), Vec::with_capacity(bytes.len() + 1));
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            raw_at.push(at);
            let digits = bytes.get(at + 1..at + 3).filter(|_| *byte == b'%');
            let decoded = digits
                .and_then(|digits| std::str::from_utf8(digits).ok())
                .and_then(|digits| u8::from_str_radix(digits, 16).ok());
            text.push(decoded.unwrap_or(*byte));
            at += if decoded.is_some() { 3 } else { 1 };
        }
        raw_at.push(bytes.len());
        Some(Self { text: String::from_utf8(text).ok()?, raw_at })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(r#"userName eq "ada""#, "userName", "ada")]
    #[case(r#"members[value eq "7"]"#, "members[value", "7")]
    #[case(r#"(emails.value eq "a\"b")"#, "emails.value", "a\"b")]
    #[case("userName+eq+\"ada\"", "userName", "ada")]
    fn a_literal_is_found_with_its_attribute(
        #[case] filter: &str,
        #[case] attribute: &str,
        #[case] text: &str,
    ) {
        let found = literals(filter);
        assert_eq!((found[0].attribute.as_str(), found[0].text.as_str()), (attribute, text));
    }

    #[rstest]
    #[case::blanks_encoded(
        "/Users?filter=userName%20eq%20%22ada%40example.com%22&count=1",
        "/Users?filter=userName%20eq%20%22bob%40example.com%22&count=1"
    )]
    #[case::blanks_as_plus_and_the_at_sign_plain(
        "/Users?filter=userName+eq+%22ada@example.com%22",
        "/Users?filter=userName+eq+%22bob@example.com%22"
    )]
    #[case::no_other_parameter("/Users?x=%22ada@example.com%22", "/Users?x=%22ada@example.com%22")]
    fn a_query_keeps_its_spelling(#[case] target: &str, #[case] expected: &str) {
        let new = replace_in_query(target, &mut |literal| {
            (literal.text == "ada@example.com").then(|| "bob@example.com".to_owned())
        });
        assert_eq!(new, expected);
    }

    #[test]
    fn a_new_literal_cannot_break_out_of_the_query() {
        let new = replace_in_query("/Users?filter=id%20eq%20%22a%22", &mut |_| Some("\"&#%+ ".to_owned()));
        assert_eq!(new, "/Users?filter=id%20eq%20%22%5C%22%26%23%25%2B%20%22");
    }

    #[test]
    fn a_blank_written_as_plus_is_a_blank_too() {
        let new = replace_in_query("/Groups?filter=displayName+eq+\"The+Staff\"", &mut |literal| {
            (literal.text == "The Staff").then(|| "Crew".to_owned())
        });
        assert_eq!(new, "/Groups?filter=displayName+eq+\"Crew\"");
    }

    #[rstest]
    #[case("%", "%")]
    #[case("userName eq \"ada", "userName eq \"ada")]
    #[case("%22%ff%22", "%22%ff%22")]
    #[case("\"\\u12\"", "\"\\u12\"")]
    fn what_is_no_filter_stays(#[case] raw: &str, #[case] expected: &str) {
        let target = format!("/Users?filter={raw}");
        let new = replace_in_query(&target, &mut |_| Some("x".to_owned()));
        assert_eq!(new, format!("/Users?filter={expected}"));
    }
}
