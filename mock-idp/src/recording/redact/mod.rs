//! What must not be written, taken out of an exchange before anybody sees it: credentials, passwords, tokens,
//! wherever they stand and however they are spelled, and what the user adds; on demand people's names, too, which
//! is `pseudonyms`' work. Where there is doubt, more is taken out. Nothing here writes.

mod body;
mod coding;
mod known;
mod names;
mod pass;
mod scan;
mod text;

use std::fmt;

use regex::bytes::Regex;
use serde_json_path::JsonPath;

use self::known::Known;
use self::names::Names;
use self::pass::Pass;
use super::pseudonyms::Pseudonyms;
use crate::exchange::Exchange;

pub(super) use self::names::is_secret_header;
pub use self::scan::{secrets_in, secrets_in_har};

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";

/// What is taken out of each exchange. It remembers the secrets that it has seen, so that it finds a password again
/// that a server gives back much later; therefore one for one recording, and every exchange in order.
///
/// A secret of less than six characters, or one that is a word of the protocol (`password`), is taken out where it
/// stands as a secret, and not looked for elsewhere. Bodies that are compressed are stored decompressed; a body in a
/// coding that cannot be read is taken out as a whole.
#[derive(Default)]
pub struct Redaction {
    rules: Rules,
    known: Known,
    pseudonyms: Option<Pseudonyms>,
}

/// What is looked for by name and form.
#[derive(Debug, Default)]
struct Rules {
    names: Names,
    paths: Vec<JsonPath>,
    patterns: Vec<Regex>,
}

/// What is wrong with a demand for more redaction.
#[derive(Debug, thiserror::Error)]
pub enum RedactError {
    /// Not one of the three kinds.
    #[error("{0:?} is no redaction: write header:NAME, json:PATH or pattern:REGEX")]
    Kind(String),
    /// No header can have this name.
    #[error("{0:?} is no name of an HTTP header: write header:X-Employee-Card")]
    Header(String),
    /// The path names nothing.
    #[error("{0:?} names no attribute: write json:name.familyName, or a JSONPath as json:$.name.familyName")]
    Attribute(String),
    /// A path that begins with `$` but is no JSONPath.
    #[error("{path:?} is no JSONPath (RFC 9535): {why}")]
    Path {
        /// The path.
        path: String,
        /// What the parser said.
        why: String,
    },
    /// The regular expression cannot be used.
    #[error("{pattern:?} is no regular expression: {why}")]
    Pattern {
        /// The expression.
        pattern: String,
        /// What the parser said.
        why: String,
    },
    /// A regular expression that matches where there is nothing.
    #[error("the pattern {0:?} matches the empty text, which is everywhere: say at least one character")]
    MatchesNothing(String),
}

impl Redaction {
    /// What is always taken out: the values of `Authorization`, `Cookie` and alike headers, passwords, tokens and
    /// client secrets in bodies, queries and forms, what has the form of a token, and whatever repeats one of these.
    pub fn standard() -> Self {
        // Whoever records has everything at hand before the first exchange waits for it.
        text::prepare();
        Self::default()
    }

    /// Takes out more:
    /// - `header:NAME`: the value of this header;
    /// - `json:PATH`: the value of this attribute in any body, patch, filter and query (`costCenter`,
    ///   `name.familyName`), or of what a JSONPath (RFC 9535) finds in a body (`$.Resources[*].name`);
    /// - `pattern:REGEX`: what the expression matches, or its first group, in any text.
    pub fn add(&mut self, spec: &str) -> Result<(), RedactError> {
        match spec.split_once(':') {
            Some(("header", name)) => self.rules.names.add_header(name),
            Some(("json", path)) if path.trim_start().starts_with('$') => self.add_json_path(path.trim()),
            Some(("json", path)) => self.rules.names.add_attribute(path),
            Some(("pattern", pattern)) => self.add_pattern(pattern),
            _ => Err(RedactError::Kind(spec.to_owned())),
        }
    }

    /// From now on, people's names, addresses and numbers are replaced by made-up ones, too, the same by the same.
    pub fn pseudonymise(&mut self) {
        self.pseudonyms.get_or_insert_default();
    }

    /// Takes everything out that must not be written.
    pub fn clean(&mut self, exchange: &mut Exchange) {
        Pass::new(&self.rules, &mut self.known).clean(exchange);
        if let Some(pseudonyms) = &mut self.pseudonyms {
            pseudonyms.replace(exchange);
        }
    }

    fn add_json_path(&mut self, path: &str) -> Result<(), RedactError> {
        let parsed = JsonPath::parse(path)
            .map_err(|why| RedactError::Path { path: path.to_owned(), why: why.to_string() })?;
        self.rules.names.add_path(path);
        self.rules.paths.push(parsed);
        Ok(())
    }

    fn add_pattern(&mut self, pattern: &str) -> Result<(), RedactError> {
        let regex = text::custom_pattern(pattern)
            .map_err(|why| RedactError::Pattern { pattern: pattern.to_owned(), why: why.to_string() })?;
        if regex.is_match(b"") {
            return Err(RedactError::MatchesNothing(pattern.to_owned()));
        }
        self.rules.patterns.push(regex);
        Ok(())
    }
}

/// What it has seen is secret: only the rules are shown.
impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redaction")
            .field("rules", &self.rules)
            .field("pseudonyms", &self.pseudonyms.is_some())
            .finish_non_exhaustive()
    }
}

/// Whether a value is the name of a variable (`{{token}}`), as in suites and collections.
fn is_placeholder(text: &str) -> bool {
    let inner = text.trim().strip_prefix("{{").and_then(|text| text.strip_suffix("}}"));
    inner.is_some_and(|inner| !inner.is_empty() && !inner.contains(['{', '}']))
}

/// Whether there is nothing to take out: nothing at all, a variable, or what was taken out before.
pub(super) fn is_nothing(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.starts_with(REDACTED) || is_placeholder(text)
}
