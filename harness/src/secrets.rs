//! What must never leave the process: everything that goes into a report, a snapshot, a journal or a message is
//! scrubbed here first, also when the target sends our secrets back.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// How a value stands in a URL: everything encoded but what RFC 3986, section 2.3, calls unreserved.
pub const URL_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Shorter ones would tear holes into ordinary text.
const SHORTEST: usize = 4;

/// The secrets known so far. Clones share them: a token that a probe obtains is known everywhere at once.
#[derive(Clone, Default)]
pub struct Secrets {
    known: Arc<RwLock<Known>>,
}

/// Every spelling of every secret, found by how it begins: a run knows thousands, and looks through everything it tells.
#[derive(Default)]
struct Known {
    secrets: HashSet<String>,
    by_beginning: HashMap<[u8; SHORTEST], Vec<String>>,
}

impl Secrets {
    /// Adds one.
    pub fn add(&self, secret: &str) {
        if secret.len() < SHORTEST {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if !known.secrets.insert(secret.to_owned()) {
            return;
        }
        for spelling in spellings(secret) {
            if let Some(beginning) = spelling.as_bytes().first_chunk() {
                let same = known.by_beginning.entry(*beginning).or_default();
                same.push(spelling);
                // Longest first: a secret that holds another is masked whole.
                same.sort_by_key(|spelling| Reverse(spelling.len()));
            }
        }
    }

    /// The text with every secret masked, also in its JSON and percent-encoded spellings.
    pub fn scrub(&self, text: &str) -> String {
        let mut clean = String::new();
        let mut done = 0;
        for found in self.known.read().unwrap_or_else(PoisonError::into_inner).places(text) {
            clean.push_str(text.get(done..found.start).unwrap_or_default());
            clean.push_str("[secret]");
            done = found.end;
        }
        clean.push_str(text.get(done..).unwrap_or_default());
        clean
    }
}

impl Known {
    /// Where secrets stand in a text, in order; those that run into each other are one place.
    fn places(&self, text: &str) -> Vec<Range<usize>> {
        let mut places: Vec<Range<usize>> = Vec::new();
        for (start, beginning) in text.as_bytes().windows(SHORTEST).enumerate() {
            let Some(same) = beginning.first_chunk().and_then(|beginning| self.by_beginning.get(beginning))
            else {
                continue;
            };
            let rest = &text.as_bytes()[start..];
            let Some(spelling) = same.iter().find(|spelling| rest.starts_with(spelling.as_bytes())) else {
                continue;
            };
            let end = start + spelling.len();
            match places.last_mut() {
                Some(last) if start < last.end => last.end = last.end.max(end),
                _ => places.push(start..end),
            }
        }
        places
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

fn spellings(secret: &str) -> Vec<String> {
    let quoted = serde_json::Value::from(secret).to_string();
    let mut all = vec![
        secret.to_owned(),
        quoted.trim_matches('"').to_owned(),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        utf8_percent_encode(secret, URL_VALUE).to_string(),
    ];
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_in_every_spelling() {
        let secrets = Secrets::default();
        secrets.add("a\"b/c");
        assert_eq!(
            secrets.clone().scrub(r#"x a"b/c, "a\"b/c", ?t=a%22b%2Fc"#),
            r#"x [secret], "[secret]", ?t=[secret]"#
        );
    }

    #[test]
    fn a_secret_that_holds_another_is_masked_whole() {
        let secrets = Secrets::default();
        secrets.add("abcd");
        secrets.add("abcdefgh");
        assert_eq!(secrets.scrub("abcdefgh abcd"), "[secret] [secret]");
    }

    #[test]
    fn secrets_that_run_into_each_other_leave_nothing() {
        let secrets = Secrets::default();
        secrets.add("abcdef");
        secrets.add("efghij");
        assert_eq!(secrets.scrub("äabcdefghij abcdefabcdef é"), "ä[secret] [secret][secret] é");
    }
}
