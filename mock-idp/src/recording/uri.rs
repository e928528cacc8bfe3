//! The parts of a URL as they stand in a request: found, decoded, and put back in the spelling of the others when one
//! of them changes. Nothing is normalised: what does not change keeps its bytes.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A part of a URL, decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// The host with its port and, before it, a name and a password; not decoded.
    Authority(&'a str),
    /// What stands between two slashes of the path.
    Segment(&'a str),
    /// The name of a query parameter.
    Name(&'a str),
    /// The value of a query parameter.
    Value {
        /// The parameter's name.
        name: &'a str,
        /// Its value.
        text: &'a str,
    },
    /// What follows `#`.
    Fragment(&'a str),
}

/// The query's parameters, decoded, in their order.
pub(super) fn parameters(url: &str) -> impl Iterator<Item = (String, String)> {
    let query = url.split('#').next().and_then(|rest| rest.split_once('?')).map_or("", |(_, query)| query);
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name, true), decoded(value, true))
    })
}

/// The URL with every piece replaced for which `change` knows something else, or None if none changes. The URL may
/// be absolute, a path, or a path with a query.
pub(super) fn rewritten(url: &str, change: &mut dyn FnMut(Piece<'_>) -> Option<String>) -> Option<String> {
    let mut editor = Editor { out: String::with_capacity(url.len()), changed: false, change };
    let (rest, fragment) = split(url, '#');
    let (path, query) = split(rest, '?');
    editor.path(path);
    if let Some(query) = query {
        editor.out.push('?');
        editor.query(query);
    }
    if let Some(fragment) = fragment {
        editor.out.push('#');
        editor.piece(fragment, Place::Fragment);
    }
    editor.changed.then_some(editor.out)
}

/// A form body or a query of its own, rewritten in the same way.
pub(super) fn rewritten_form(
    form: &str,
    change: &mut dyn FnMut(Piece<'_>) -> Option<String>,
) -> Option<String> {
    let mut editor = Editor { out: String::with_capacity(form.len()), changed: false, change };
    editor.query(form);
    editor.changed.then_some(editor.out)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place<'n> {
    Segment,
    /// A parameter's name.
    Name,
    /// The value of the parameter of this name.
    Value(&'n str),
    Fragment,
}

impl Place<'_> {
    fn is_in_query(self) -> bool {
        matches!(self, Self::Name | Self::Value(_))
    }
}

struct Editor<'a> {
    out: String,
    changed: bool,
    change: &'a mut dyn FnMut(Piece<'_>) -> Option<String>,
}

impl Editor<'_> {
    fn path(&mut self, path: &str) {
        let mut path = path;
        if let Some((before, rest)) = path.split_once("//").filter(|(scheme, _)| is_scheme(scheme)) {
            let (authority, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            self.out.push_str(before);
            self.out.push_str("//");
            match (self.change)(Piece::Authority(authority)) {
                Some(new) => {
                    self.changed = true;
                    self.out.push_str(&new);
                }
                None => self.out.push_str(authority),
            }
            path = rest;
        }
        for (index, segment) in path.split('/').enumerate() {
            if index > 0 {
                self.out.push('/');
            }
            self.piece(segment, Place::Segment);
        }
    }

    fn query(&mut self, query: &str) {
        for (index, pair) in query.split('&').enumerate() {
            if index > 0 {
                self.out.push('&');
            }
            let (name, value) = split(pair, '=');
            self.piece(name, Place::Name);
            if let Some(value) = value {
                self.out.push('=');
                let name = decoded(name, true);
                self.piece(value, Place::Value(&name));
            }
        }
    }

    fn piece(&mut self, raw: &str, place: Place<'_>) {
        if raw.is_empty() {
            return;
        }
        let text = &decoded(raw, place.is_in_query());
        let piece = match place {
            Place::Segment => Piece::Segment(text),
            Place::Name => Piece::Name(text),
            Place::Value(name) => Piece::Value { name, text },
            Place::Fragment => Piece::Fragment(text),
        };
        match (self.change)(piece) {
            Some(new) if new != *text => {
                self.changed = true;
                self.out.push_str(&encoded(&new, raw, place));
            }
            _ => self.out.push_str(raw),
        }
    }
}

fn is_scheme(text: &str) -> bool {
    text.is_empty()
        || text.strip_suffix(':').is_some_and(|scheme| {
            !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        })
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn decoded(raw: &str, query: bool) -> String {
    let text = if query && plus_is_a_blank(raw) { Cow::Owned(raw.replace('+', " ")) } else { raw.into() };
    percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

/// In a query `+` is a blank; who writes blanks as `%20` means a plus.
fn plus_is_a_blank(raw: &str) -> bool {
    raw.contains('+') && !raw.contains("%20")
}

/// `new` as the author of `raw` would have spelled it: what stood unencoded there stays so.
fn encoded(new: &str, raw: &str, place: Place<'_>) -> String {
    let plus = place.is_in_query() && plus_is_a_blank(raw);
    let delimiters = match place {
        Place::Segment => "/?#%",
        Place::Name | Place::Value(_) => "&#%+ ",
        Place::Fragment => "#%",
    };
    let mut out = String::with_capacity(new.len());
    for character in new.chars() {
        let plain = character.is_ascii_alphanumeric()
            // The brackets of what was redacted: not beautiful in a URL, but everybody sees what happened.
            || "-._~[]".contains(character)
            || (raw.contains(character) && !delimiters.contains(character));
        if plain {
            out.push(character);
        } else if character == ' ' && plus {
            out.push('+');
        } else {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upper(url: &str) -> Option<String> {
        rewritten(url, &mut |piece| match piece {
            Piece::Authority(_) => None,
            Piece::Segment(text) | Piece::Name(text) | Piece::Value { text, .. } | Piece::Fragment(text) => {
                text.contains("change").then(|| text.to_uppercase())
            }
        })
    }

    #[test]
    fn what_changes_is_spelled_as_before() {
        for (url, expected) in [
            ("https://h/change%20me/x%2fy", "https://h/CHANGE%20ME/x%2fy"),
            ("/Users?filter=a+eq+%22change%22&b=%7e", "/Users?filter=A+EQ+%22CHANGE%22&b=%7e"),
            ("/Users?filter=a%20eq%20\"change+x\"", "/Users?filter=A%20EQ%20\"CHANGE%2BX\""),
            ("change#change", "CHANGE#CHANGE"),
            ("//h?change=%C3%A9", "//h?CHANGE=%C3%A9"),
        ] {
            assert_eq!(upper(url).as_deref(), Some(expected));
        }
        for url in ["", "https://change", "mailto:x", "/a//b/?&&=&x#"] {
            assert_eq!(upper(url), None, "{url}");
        }
    }

    #[test]
    fn parameters_are_decoded() {
        let all: Vec<_> = parameters("/Users?filter=a+eq+%22x%22&&b#c?d=e").collect();
        assert_eq!(all, [("filter".to_owned(), "a eq \"x\"".to_owned()), ("b".to_owned(), String::new())]);
    }
}
