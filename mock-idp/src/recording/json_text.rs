//! JSON as text: where in a body each value stands, so that one can be replaced and everything else keeps its bytes
//! (blanks, order, members that occur twice, numbers that no parser would give back). Text that is no JSON, or not
//! all of it, still gives its tokens. What the values mean is not known here.

use std::borrow::Cow;
use std::ops::Range;

/// Deeper text is no JSON for us, as for `serde_json`.
const DEPTH: usize = 128;

/// More values than any message of SCIM has; bounds the memory that hostile text can take.
const NODES: usize = 1 << 20;

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    /// With the quotes of a string and the brackets of an array or object.
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Object(Vec<Member>),
    Array(Vec<Node>),
    Text,
    /// A number, true, false or null.
    Bare,
}

#[derive(Debug)]
pub(super) struct Member {
    /// With the quotes.
    pub(super) key: Range<usize>,
    /// Unescaped.
    pub(super) name: String,
    pub(super) value: Node,
}

impl Node {
    /// The members, if it is an object.
    pub(super) fn members(&self) -> &[Member] {
        match &self.kind {
            Kind::Object(members) => members,
            _ => &[],
        }
    }

    /// The text of the string that the member of this name holds; names are compared without case, as RFC 7643
    /// section 2.1 has it.
    pub(super) fn string(&self, name: &str, text: &str) -> Option<String> {
        self.members()
            .iter()
            .find(|member| member.name.eq_ignore_ascii_case(name) && matches!(member.value.kind, Kind::Text))
            .map(|member| unquoted(&text[member.value.span.clone()]).into_owned())
    }

    /// Calls `visit` with each string, number and word below, and with the keys.
    pub(super) fn leaves(&self, visit: &mut dyn FnMut(&Range<usize>)) {
        match &self.kind {
            Kind::Object(members) => {
                for member in members {
                    visit(&member.key);
                    member.value.leaves(visit);
                }
            }
            Kind::Array(values) => values.iter().for_each(|value| value.leaves(visit)),
            Kind::Text | Kind::Bare => visit(&self.span),
        }
    }
}

/// The value that `text` is, or None where it is no JSON.
pub(super) fn parse(text: &str) -> Option<Node> {
    let mut parser = Parser { tokens: Tokens::new(text), text, left: NODES };
    let first = parser.tokens.next()?;
    let node = parser.value(&first, DEPTH)?;
    parser.tokens.next().is_none().then_some(node)
}

/// The text of a string token, unescaped. What is no escape stands for itself.
pub(super) fn unquoted(token: &str) -> Cow<'_, str> {
    let inner = token.strip_prefix('"').unwrap_or(token);
    let inner = match inner.strip_suffix('"') {
        // An odd number of backslashes: the quote is part of a string that is not closed.
        Some(before) if (before.len() - before.trim_end_matches('\\').len()).is_multiple_of(2) => before,
        _ => inner,
    };
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    if let Ok(text) = serde_json::from_str(&format!("\"{inner}\"")) {
        return Cow::Owned(text);
    }
    Cow::Owned(leniently(inner))
}

/// `text` as a JSON string, with its quotes.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Replacements in one text.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    /// Puts `new` where `span` is.
    pub(super) fn set(&mut self, span: Range<usize>, new: String) {
        self.0.push((span, new));
    }

    /// The text with the replacements, or None where there are none. Of two that overlap, the first to begin counts.
    pub(super) fn applied(mut self, text: &str) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        self.0.sort_by_key(|(span, _)| (span.start, usize::MAX - span.end));
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for (span, new) in self.0 {
            if span.start < done {
                continue;
            }
            out.push_str(&text[done..span.start]);
            out.push_str(&new);
            done = span.end;
        }
        out.push_str(&text[done..]);
        Some(out)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) span: Range<usize>,
    pub(super) kind: TokenKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A string; one without its closing quote reaches to the end of the text.
    Text {
        closed: bool,
    },
    /// `{`, `}`, `[`, `]`, `:` or `,`.
    Mark(u8),
    Bare,
}

/// The tokens of a text, whether it is JSON or not.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        let start = self.at;
        let kind = match *bytes.get(start)? {
            b'"' => {
                let closing = string_end(&bytes[start + 1..]);
                self.at = closing.map_or(bytes.len(), |length| start + 1 + length + 1);
                TokenKind::Text { closed: closing.is_some() }
            }
            mark @ (b'{' | b'}' | b'[' | b']' | b':' | b',') => {
                self.at += 1;
                TokenKind::Mark(mark)
            }
            _ => {
                let ends = |byte: &u8| byte.is_ascii_whitespace() || b"{}[]:,\"".contains(byte);
                self.at = bytes[start..].iter().position(ends).map_or(bytes.len(), |length| start + length);
                TokenKind::Bare
            }
        };
        Some(Token { span: start..self.at, kind })
    }
}

struct Parser<'a> {
    tokens: Tokens<'a>,
    text: &'a str,
    left: usize,
}

impl Parser<'_> {
    fn value(&mut self, token: &Token, depth: usize) -> Option<Node> {
        self.left = self.left.checked_sub(1)?;
        let start = token.span.start;
        let kind = match token.kind {
            TokenKind::Text { closed: true } => Kind::Text,
            TokenKind::Bare if is_literal(&self.text[token.span.clone()]) => Kind::Bare,
            TokenKind::Mark(b'{') => Kind::Object(self.members(depth.checked_sub(1)?)?),
            TokenKind::Mark(b'[') => Kind::Array(self.values(depth.checked_sub(1)?)?),
            TokenKind::Bare | TokenKind::Text { closed: false } | TokenKind::Mark(_) => return None,
        };
        let end =
            if matches!(kind, Kind::Object(_) | Kind::Array(_)) { self.tokens.at } else { token.span.end };
        Some(Node { span: start..end, kind })
    }

    fn members(&mut self, depth: usize) -> Option<Vec<Member>> {
        let mut members = Vec::new();
        let mut token = self.tokens.next()?;
        if token.kind == TokenKind::Mark(b'}') {
            return Some(members);
        }
        loop {
            if token.kind != (TokenKind::Text { closed: true }) || !self.is_next(b':') {
                return None;
            }
            let name = unquoted(&self.text[token.span.clone()]).into_owned();
            let first = self.tokens.next()?;
            members.push(Member { key: token.span, name, value: self.value(&first, depth)? });
            match self.tokens.next()?.kind {
                TokenKind::Mark(b',') => token = self.tokens.next()?,
                TokenKind::Mark(b'}') => return Some(members),
                _ => return None,
            }
        }
    }

    fn values(&mut self, depth: usize) -> Option<Vec<Node>> {
        let mut values = Vec::new();
        let mut token = self.tokens.next()?;
        if token.kind == TokenKind::Mark(b']') {
            return Some(values);
        }
        loop {
            values.push(self.value(&token, depth)?);
            match self.tokens.next()?.kind {
                TokenKind::Mark(b',') => token = self.tokens.next()?,
                TokenKind::Mark(b']') => return Some(values),
                _ => return None,
            }
        }
    }

    fn is_next(&mut self, mark: u8) -> bool {
        self.tokens.next().is_some_and(|token| token.kind == TokenKind::Mark(mark))
    }
}

fn is_literal(word: &str) -> bool {
    let is_number = word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) && word.parse::<f64>().is_ok();
    is_number || matches!(word, "true" | "false" | "null")
}

/// How many bytes stand before the quote that closes a string.
fn string_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// For strings that serde_json refuses: raw control characters, half surrogates, a text that ends within an escape.
fn leniently(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = &rest[at..];
        let code = escape.get(2..6).filter(|_| escape.as_bytes().get(1) == Some(&b'u'));
        let unit = code.and_then(|code| u32::from_str_radix(code, 16).ok());
        let (character, length) = match (unit, escape.as_bytes().get(1)) {
            (Some(unit), _) => (char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER), 6),
            (None, Some(b'n')) => ('\n', 2),
            (None, Some(b't')) => ('\t', 2),
            (None, Some(b'r')) => ('\r', 2),
            (None, Some(b'b')) => ('\u{8}', 2),
            (None, Some(b'f')) => ('\u{c}', 2),
            (None, Some(&plain @ (b'"' | b'\\' | b'/'))) => (char::from(plain), 2),
            (None, _) => ('\\', 1),
        };
        out.push(character);
        rest = &escape[length..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn strings(text: &str) -> Option<Vec<String>> {
        let mut found = Vec::new();
        parse(text)?.leaves(&mut |span| found.push(unquoted(&text[span.clone()]).into_owned()));
        Some(found)
    }

    #[test]
    fn says_where_each_value_stands() {
        let text = "{ \"a\" : [1.50, \"x\\\"\\u0041\"],\n\"a\":{\"b\":null}}";
        assert_eq!(strings(text).unwrap(), ["a", "1.50", "x\"A", "a", "b", "null"]);
    }

    #[test]
    fn what_is_no_json_has_no_tree() {
        for text in ["", "{", "{\"a\":}", "{\"a\" 1}", "[1,]", "{} {}", "\"open", "[1 2]", "word", "a=b"] {
            assert!(parse(text).is_none(), "{text}");
        }
        assert!(parse(&"[".repeat(100_000)).is_none());
        assert!(parse(&format!("[{}1]", "1,".repeat(NODES))).is_none());
    }

    #[test]
    fn what_is_not_replaced_keeps_its_bytes() {
        let text = "{\"a\": 1e400,  \"a\": \"\\u00e9\", \"b\":[ ]}";
        let node = parse(text).unwrap();
        let mut edits = Edits::default();
        edits.set(node.members()[1].value.span.clone(), quoted("\"x\""));
        assert_eq!(edits.applied(text).unwrap(), "{\"a\": 1e400,  \"a\": \"\\\"x\\\"\", \"b\":[ ]}");
        assert_eq!(Edits::default().applied(text), None);
    }

    #[test]
    fn strings_that_json_refuses_are_read_as_far_as_they_go() {
        assert_eq!(unquoted(r#""a\ud800b\n\u12"#), "a\u{fffd}b\n\\u12");
        assert_eq!(unquoted("\"\\"), "\\");
        assert_eq!(unquoted(r#""a\""#), "a\"");
        assert_eq!(unquoted(r#""a\\""#), "a\\");
    }

    proptest! {
        #[test]
        fn whatever_serde_json_accepts_has_a_tree(text in json()) {
            prop_assert!(parse(&text).is_some());
        }

        #[test]
        fn no_text_panics(text in "[\\[\\]{}:,\"\\\\ua0 é]{0,40}") {
            let node = parse(&text);
            let tokens: Vec<_> = Tokens::new(&text).collect();
            prop_assert!(node.is_none() || !tokens.is_empty());
            for token in tokens {
                let _ = unquoted(&text[token.span]);
            }
        }
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
        .prop_map(|value: serde_json::Value| value.to_string())
    }
}
