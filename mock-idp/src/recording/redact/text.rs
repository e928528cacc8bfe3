//! Secrets in text that has no structure to go by: those that are known, those that have the form of one, and what
//! stands behind a name that says so; also where the text is percent-encoded or escaped, once or twice.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::{Captures, Regex, RegexBuilder};

use super::known::Known;
use super::names::is_word;
use super::{REDACTED, is_placeholder};

/// How many encodings are taken off, one below the other.
const LAYERS: usize = 2;

/// Names that say that a secret follows.
const NAMES: &str = r"(?:(?:password|passwd|passphrase|passcode|pwd|secret(?:[_-]?key)?|token|assertion|api[_-]?key|access[_-]?key|private[_-]?key|signing[_-]?key|encryption[_-]?key|credentials?|samlresponse|session[_-]?id)(?:[_-]?value)?\d*)";

/// What a text must contain for any of the patterns to hold.
static SUSPICIOUS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"pass|pwd|secret|token|assertion|key|credential|saml|session|authorization|cookie|bearer|basic|digest|negotiate|ssws|eyJ|://[^/\s]*@|glpat-|gh[pousr]_|github_pat_|xox[abprs]-|sk_live_|AKIA|00[\w-]{40}|[?&](?:code|auth|sid|sig|ticket|hmac)|signature",
    )
});

static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let always = |_: &[u8]| true;
    vec![
        Pattern::new(r#"(?:proxy-)?authorization["']?\s*[:=]\s*["']?([^"'\r\n]+)"#, always),
        Pattern::new(r#"cookie2?["']?\s*:\s*["']?([^"'\r\n]+)"#, always),
        Pattern::new(r"\b(?:bearer|ssws|basic|digest|negotiate)\s+([\w.~+/=:-]{8,})", looks_random),
        Pattern::new(r"\b(eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)*)", always),
        Pattern::new(
            r"\b(glpat-[\w-]{10,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|xox[abprs]-[\w-]{10,}|sk_live_\w{10,}|AKIA[0-9A-Z]{16})",
            always,
        ),
        // An API token of Okta; ids have 20 characters, digests no dash and another length.
        Pattern::new(r"(?:^|[^\w-])(00[\w-]{40})(?:$|[^\w-])", always),
        Pattern::new(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----((?s:.*?))(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
            always,
        ),
        Pattern::new(r#"[a-z][a-z0-9+.-]*://([^/\s"'<>?#@]+)@"#, always),
        Pattern::new(
            r#"[?&](?:code|auth|key|saml|sid|sig|signature|ticket|pass|session|hmac|x-amz-signature)=([^&\s"'<>#]+)"#,
            always,
        ),
        // name=value, "name": "value", name: 'value', name eq "value", name 'value'
        Pattern::new(&format!(r#"{NAMES}s?["']?\s*[:=]\s*"((?:[^"\\\r\n]|\\.)+)"#), is_no_literal),
        Pattern::new(&format!(r#"{NAMES}s?["']?\s*[:=]\s*'([^'\r\n]+)"#), is_no_literal),
        Pattern::new(
            &format!(r#"{NAMES}s?["']?\s*[:=]\s*([^\s&"',;<>(){{}}\[\]\\][^\s&"',;<>(){{}}\[\]]*)"#),
            is_no_literal,
        ),
        Pattern::new(
            &format!(r#"{NAMES}\s+(?:(?:eq|ne|co|sw|ew|gt|ge|lt|le)\s+)?"((?:[^"\\]|\\.)+)"#),
            always,
        ),
        Pattern::new(&format!(r"{NAMES}\s+(?:(?:eq|ne|co|sw|ew|gt|ge|lt|le)\s+)?'([^']+)"), always),
        Pattern::new(&format!(r"<[\w:.-]*{NAMES}[^>]*>([^<]+)"), always),
        Pattern::new(
            &format!(r#"name="[^"]*{NAMES}[^"]*"[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n([^\r\n]+)"#),
            always,
        ),
    ]
});

/// What is looked for in text.
#[derive(Clone, Copy)]
pub(super) struct Seeker<'a> {
    pub(super) known: [&'a Known; 2],
    pub(super) custom: &'a [Regex],
}

impl Seeker<'_> {
    /// The text without its secrets, or None if it has none.
    pub(super) fn scrubbed(&self, text: &str) -> Option<String> {
        let ranges = self.everything(text.as_bytes());
        (!ranges.is_empty()).then(|| hidden(text, ranges))
    }

    /// Where secrets stand, in order and apart from each other.
    pub(super) fn everything(&self, text: &[u8]) -> Vec<Range<usize>> {
        self.search(text, true)
    }

    /// Where secrets stand that are known, without looking for the forms of others.
    pub(super) fn repeated(&self, text: &[u8]) -> Vec<Range<usize>> {
        self.search(text, false)
    }

    /// Where the patterns of the user match.
    pub(super) fn custom(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for regex in self.custom {
            let ranges = regex.captures_iter(text).filter_map(|captures| wanted(&captures));
            found.extend(ranges.filter(|range| !is_hidden(&text[range.clone()])));
        }
        merged(found)
    }

    fn search(&self, text: &[u8], forms: bool) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.layer(&View::plain(text), forms, LAYERS, &mut found);
        merged(found)
    }

    fn layer(&self, view: &View<'_>, forms: bool, below: usize, found: &mut Vec<Range<usize>>) {
        let mut here: Vec<_> = self.known.iter().flat_map(|known| known.find(view.bytes())).collect();
        if forms {
            if SUSPICIOUS.is_match(view.bytes()) {
                here.extend(PATTERNS.iter().flat_map(|pattern| pattern.find(view.bytes())));
            }
            here.append(&mut self.custom(view.bytes()));
        }
        found.extend(here.into_iter().map(|range| view.original(range)));
        if below > 0 {
            for decoder in [percent, form, escaped, entities] {
                if let Some(decoded) = decoder(view) {
                    self.layer(&decoded, forms, below - 1, found);
                }
            }
        }
    }
}

/// Compiles the patterns now, and not when the first text comes.
pub(super) fn prepare() {
    LazyLock::force(&SUSPICIOUS);
    LazyLock::force(&PATTERNS);
}

/// A regular expression of the user: without case is not presumed, and its size is bounded.
pub(super) fn custom_pattern(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).size_limit(1 << 20).build()
}

/// `text` with `[redacted]` for each of the ranges.
pub(super) fn hidden(text: &str, ranges: Vec<Range<usize>>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for range in ranges {
        let start = text.floor_char_boundary(range.start);
        let end = text.ceil_char_boundary(range.end);
        if start >= done {
            out.push_str(&text[done..start]);
            out.push_str(REDACTED);
        }
        done = end.max(done);
    }
    out.push_str(&text[done..]);
    out
}

#[derive(Debug)]
struct Pattern {
    regex: Regex,
    /// Whether what was captured can be a secret at all.
    only_if: fn(&[u8]) -> bool,
}

impl Pattern {
    fn new(text: &str, only_if: fn(&[u8]) -> bool) -> Self {
        Self { regex: pattern(text), only_if }
    }

    fn find<'t>(&'t self, text: &'t [u8]) -> impl Iterator<Item = Range<usize>> + 't {
        self.regex
            .captures_iter(text)
            .filter_map(|captures| wanted(&captures))
            .filter(|range| (self.only_if)(&text[range.clone()]))
            .filter(|range| !is_hidden(&text[range.clone()]))
    }
}

fn pattern(text: &str) -> Regex {
    RegexBuilder::new(text).case_insensitive(true).build().expect("a constant pattern")
}

/// The first group, or all of it where there is none.
fn wanted(captures: &Captures<'_>) -> Option<Range<usize>> {
    let range = captures.get(1).or_else(|| captures.get(0))?.range();
    (!range.is_empty()).then_some(range)
}

/// Whether this was hidden before, or is the name of a variable (`{{token}}`).
fn is_hidden(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    text.starts_with(REDACTED.as_bytes()) || std::str::from_utf8(text).is_ok_and(is_placeholder)
}

/// Tells tokens from the words of a sentence: "Basic authentication is required".
fn looks_random(text: &[u8]) -> bool {
    text.len() >= 24 || text.iter().any(u8::is_ascii_digit)
}

fn is_no_literal(text: &[u8]) -> bool {
    !std::str::from_utf8(text).is_ok_and(|text| matches!(text, "true" | "false" | "null") || is_word(text))
}

/// A text with one of its encodings taken off.
#[derive(Debug)]
enum View<'a> {
    Plain(&'a [u8]),
    /// The bytes, and for each of them and for the end where it stands in the original.
    Decoded(Vec<u8>, Vec<u32>),
}

impl<'a> View<'a> {
    fn plain(text: &'a [u8]) -> Self {
        Self::Plain(text)
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Plain(bytes) => bytes,
            Self::Decoded(bytes, _) => bytes,
        }
    }

    fn original(&self, range: Range<usize>) -> Range<usize> {
        self.place(range.start)..self.place(range.end)
    }

    fn place(&self, at: usize) -> usize {
        match self {
            Self::Plain(_) => at,
            Self::Decoded(_, places) => places[at] as usize,
        }
    }

    /// The view below, where `decode` reads one unit off the front, writes what it means, and says how long it was.
    /// None if there is nothing that it changes, and for texts of more than 4 GiB.
    fn decoded(&self, decode: impl Fn(&[u8], &mut Vec<u8>) -> Option<usize>) -> Option<View<'static>> {
        let bytes = self.bytes();
        let (mut out, mut places) = (Vec::with_capacity(bytes.len()), Vec::with_capacity(bytes.len() + 1));
        let mut at = 0;
        let mut changed = false;
        while at < bytes.len() {
            let place = u32::try_from(self.place(at)).ok()?;
            if let Some(length) = decode(&bytes[at..], &mut out) {
                changed = true;
                at += length;
            } else {
                out.push(bytes[at]);
                at += 1;
            }
            places.resize(out.len(), place);
        }
        places.push(u32::try_from(self.place(at)).ok()?);
        changed.then_some(View::Decoded(out, places))
    }
}

fn percent(view: &View<'_>) -> Option<View<'static>> {
    view.bytes().contains(&b'%').then(|| view.decoded(percent_unit)).flatten()
}

/// Percent-encoding with `+` for blanks.
fn form(view: &View<'_>) -> Option<View<'static>> {
    let decode = |rest: &[u8], out: &mut Vec<u8>| match rest {
        [b'+', ..] => {
            out.push(b' ');
            Some(1)
        }
        _ => percent_unit(rest, out),
    };
    view.bytes().contains(&b'+').then(|| view.decoded(decode)).flatten()
}

/// The escapes of JSON.
fn escaped(view: &View<'_>) -> Option<View<'static>> {
    view.bytes().contains(&b'\\').then(|| view.decoded(escaped_unit)).flatten()
}

/// The entities of HTML and XML.
fn entities(view: &View<'_>) -> Option<View<'static>> {
    view.bytes().contains(&b'&').then(|| view.decoded(entity)).flatten()
}

fn percent_unit(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let hex = rest.strip_prefix(b"%")?.first_chunk::<2>()?;
    out.push(u8::try_from(number(hex, 16)?).ok()?);
    Some(3)
}

fn escaped_unit(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let escape = rest.strip_prefix(b"\\")?;
    let character = match escape.first()? {
        b'u' => {
            let hex = |rest: &[u8]| rest.first_chunk::<4>().and_then(|hex| number(hex, 16));
            let high = hex(&escape[1..])?;
            let low = escape[5..].strip_prefix(b"\\u").and_then(hex);
            let pair = low.filter(|low| (0xD800..0xDC00).contains(&high) && (0xDC00..0xE000).contains(low));
            return match pair {
                Some(low) => utf8(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00), out).map(|()| 12),
                None => utf8(high, out).map(|()| 6),
            };
        }
        plain @ (b'"' | b'\\' | b'/') => *plain,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        _ => return None,
    };
    out.push(character);
    Some(2)
}

fn entity(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let rest = rest.strip_prefix(b"&")?;
    let length = rest.iter().take(12).position(|byte| *byte == b';')?;
    match &rest[..length] {
        b"amp" => out.push(b'&'),
        b"lt" => out.push(b'<'),
        b"gt" => out.push(b'>'),
        b"quot" => out.push(b'"'),
        b"apos" => out.push(b'\''),
        [b'#', b'x' | b'X', hex @ ..] => utf8(number(hex, 16)?, out)?,
        [b'#', decimal @ ..] => utf8(number(decimal, 10)?, out)?,
        _ => return None,
    }
    Some(length + 2)
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?;
    u32::from_str_radix(text, radix).ok()
}

fn utf8(code: u32, out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut [0; 4]).as_bytes());
    Some(())
}

fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut apart: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match apart.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn scrub(text: &str) -> String {
        let mut known = Known::default();
        known.learn("s3cret&\"p/w");
        let none = Known::default();
        Seeker { known: [&known, &none], custom: &[] }.scrubbed(text).unwrap_or_else(|| text.to_owned())
    }

    #[rstest]
    #[case("Authorization: Bearer abc def\r\nX: y", "Authorization: [redacted]\r\nX: y")]
    #[case("the bearer abcdefg1 is wrong", "the bearer [redacted] is wrong")]
    #[case("at https://ada:x@example.com/Users", "at https://[redacted]@example.com/Users")]
    #[case("see /cb?code=4/abc&state=1", "see /cb?code=[redacted]&state=1")]
    #[case("see /cb?hmac=4abc&session=s1", "see /cb?hmac=[redacted]&session=[redacted]")]
    #[case("{\"newPassword1\": \"a b\", \"x", "{\"newPassword1\": \"[redacted]\", \"x")]
    #[case("secret_key=abc&x=1", "secret_key=[redacted]&x=1")]
    #[case("password=hunter2&x=1", "password=[redacted]&x=1")]
    #[case("{\"client_secret\": \"a b\", \"x", "{\"client_secret\": \"[redacted]\", \"x")]
    #[case("{'password': 'a b'}", "{'password': '[redacted]'}")]
    #[case("The password 'hunter2' is too short", "The password '[redacted]' is too short")]
    #[case("filter=password eq \"a\\\"b\"", "filter=password eq \"[redacted]\"")]
    #[case("<ns:password>x y</ns:password>", "<ns:password>[redacted]</ns:password>")]
    #[case("jwt eyJhbGciOi.eyJzdWIi.c2ln!", "jwt [redacted]!")]
    #[case("00abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLM", "[redacted]")]
    #[case("name=\"password\"\r\n\r\nhunter2\r\n--x", "name=\"password\"\r\n\r\n[redacted]\r\n--x")]
    fn what_has_the_form_of_a_secret_is_hidden(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(scrub(text), expected);
        assert_eq!(scrub(expected), expected, "hidden once is hidden");
    }

    #[rstest]
    #[case("say s3cret&\"p/w!", "say [redacted]!")]
    #[case("q=s3cret%26%22p%2fw&x", "q=[redacted]&x")]
    #[case("q=%2573%253333cret", "q=%2573%253333cret")]
    #[case("q=s3cret%2526%2522p%252Fw&x", "q=[redacted]&x")]
    #[case("<a>s3cret&amp;&#34;p/w</a>", "<a>[redacted]</a>")]
    #[case(r#"{"a": "s3cret\u0026\"p\/w"}"#, r#"{"a": "[redacted]"}"#)]
    fn a_known_secret_is_hidden_in_every_spelling(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(scrub(text), expected);
    }

    #[rstest]
    #[case("Basic authentication is required")]
    #[case("Authentication scheme using the OAuth Bearer Token Standard")]
    #[case("{\"changePassword\": {\"supported\": false}}")]
    #[case("{\"password\": null, \"token\": true}")]
    #[case("{\"name\": \"password\", \"type\": \"string\"}")]
    #[case("Bearer realm=\"scim\", error=\"invalid_token\"")]
    #[case("userName eq \"ada@example.com\"")]
    #[case("urn:ietf:params:scim:schemas:core:2.0:User:password")]
    #[case("password={{password}}")]
    fn what_is_no_secret_stays(#[case] text: &str) {
        assert_eq!(scrub(text), text);
    }

    #[test]
    fn every_pattern_compiles_and_needs_what_makes_a_text_suspicious() {
        assert!(SUSPICIOUS.is_match(b"PASSWORD"));
        assert!(PATTERNS.len() > 10);
    }
}
