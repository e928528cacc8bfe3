//! The words of filters and paths: names, operators, JSON values and brackets, each with the bytes where it
//! stands. Grammar lives with the filter and the path.

use std::iter::Peekable;

use serde_json::Number;

/// The longest filter or path that is read, in bytes.
pub(crate) const MAX_LENGTH: usize = 8 * 1024;
/// How deep brackets and `not` may nest.
pub(crate) const MAX_DEPTH: usize = 64;

/// Where something stands in the text that it was read from: byte offsets, the end not included. Where a
/// thing stands is no part of what it is, so all spans are equal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A word and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token<'t> {
    pub(crate) kind: Kind<'t>,
    pub(crate) span: Span,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind<'t> {
    /// A path, an operator or a literal name.
    Word(&'t str),
    String(String),
    Number(Number),
    OpenParen,
    CloseParen,
    OpenBracket,
    CloseBracket,
}

/// What is wrong with a text, and at which byte.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) offset: usize,
    pub(crate) what: String,
    /// Whether it lies inside the brackets of a path.
    pub(crate) in_filter: bool,
}

/// The tokens of a text, with one to look ahead.
pub(crate) struct Tokens<'t> {
    text: &'t str,
    /// Where the token that was taken last ends.
    end: usize,
    inner: Peekable<std::vec::IntoIter<Token<'t>>>,
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Span {}

impl Fault {
    pub(crate) fn new(offset: usize, what: impl Into<String>) -> Self {
        Self { offset, what: what.into(), in_filter: false }
    }
}

impl<'t> Tokens<'t> {
    /// Reads the whole text, within the size budget.
    pub(crate) fn read(text: &'t str) -> Result<Self, Fault> {
        if text.len() > MAX_LENGTH {
            let what = format!(
                "it has {} bytes and at most {MAX_LENGTH} are read; split it into several requests",
                text.len()
            );
            return Err(Fault::new(MAX_LENGTH, what));
        }
        let mut tokens = Vec::new();
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            if c.is_ascii_whitespace() {
                at += 1;
                continue;
            }
            let (kind, length) = token(&text[at..], c).map_err(|what| Fault::new(at, what))?;
            tokens.push(Token { kind, span: Span { start: at, end: at + length } });
            at += length;
        }
        Ok(Self { text, end: 0, inner: tokens.into_iter().peekable() })
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Option<Token<'t>> {
        self.next_if(|_| true)
    }

    /// The next token, left where it is.
    pub(crate) fn peek(&mut self) -> Option<&Token<'t>> {
        self.inner.peek()
    }

    /// Takes the next token if it is the given one.
    pub(crate) fn take(&mut self, kind: &Kind<'_>) -> Option<Span> {
        self.next_if(|token| token.kind == *kind).map(|token| token.span)
    }

    /// Takes the next token if it is the given keyword, letter case aside (RFC 5234 section 2.3: strings of a
    /// grammar are case insensitive).
    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let is = |token: &Token<'_>| matches!(token.kind, Kind::Word(w) if w.eq_ignore_ascii_case(word));
        self.next_if(is).is_some()
    }

    /// The next token if it stands right behind the one before.
    pub(crate) fn peek_adjacent(&mut self) -> Option<&Token<'t>> {
        let end = self.end;
        self.peek().filter(|token| token.span.start == end)
    }

    /// Where the next token starts, or the text ends.
    pub(crate) fn offset(&mut self) -> usize {
        let end = self.text.len();
        self.peek().map_or(end, |token| token.span.start)
    }

    /// A fault at the next token.
    pub(crate) fn fault(&mut self, what: impl Into<String>) -> Fault {
        Fault::new(self.offset(), what)
    }

    fn next_if(&mut self, is: impl FnOnce(&Token<'t>) -> bool) -> Option<Token<'t>> {
        let token = self.inner.next_if(is)?;
        self.end = token.span.end;
        Some(token)
    }
}

fn token(rest: &str, first: char) -> Result<(Kind<'_>, usize), String> {
    let single = match first {
        '(' => Some(Kind::OpenParen),
        ')' => Some(Kind::CloseParen),
        '[' => Some(Kind::OpenBracket),
        ']' => Some(Kind::CloseBracket),
        _ => None,
    };
    if let Some(kind) = single {
        return Ok((kind, 1));
    }
    match first {
        '"' => string(rest),
        '\'' => Err("a string stands in double quotes, not in single ones".to_owned()),
        _ => match word_length(rest) {
            0 if first == '/' => {
                Err("'/' has no meaning here; a path is written as attribute.subAttribute".to_owned())
            }
            0 => Err("this character has no meaning here".to_owned()),
            length => Ok((word_or_number(&rest[..length]), length)),
        },
    }
}

/// A JSON string (RFC 7644 section 3.4.2.2: values follow the rules of JSON), escapes decoded.
fn string(rest: &str) -> Result<(Kind<'_>, usize), String> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                let length = at + 1;
                return serde_json::from_str(&rest[..length])
                    .map(|text| (Kind::String(text), length))
                    .map_err(|_| {
                        "the string is no JSON string; escape '\"' and '\\' with '\\' and write control \
                         characters as \\u00XX"
                            .to_owned()
                    });
            }
            _ => {}
        }
    }
    Err("the string has no closing '\"'".to_owned())
}

fn word_or_number(word: &str) -> Kind<'_> {
    if word.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        && let Ok(number) = serde_json::from_str(word)
    {
        return Kind::Number(number);
    }
    Kind::Word(word)
}

/// How many bytes of the text are one word. A word with a colon in it starts with a URN, whose alphabet
/// (RFC 8141) is wider than that of names; a word that starts as a number may have a signed exponent.
fn word_length(rest: &str) -> usize {
    let number = rest.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let mut urn = false;
    for (at, c) in rest.char_indices() {
        urn |= c == ':';
        let belongs = c.is_ascii_alphanumeric()
            || matches!(c, '-' | '_' | '.' | '$' | ':')
            || (number && c == '+')
            || (urn && matches!(c, '/' | '%' | '+' | '=' | '@' | '~' | ';' | ',' | '!' | '*' | '&'));
        if !belongs {
            return at;
        }
    }
    rest.len()
}
