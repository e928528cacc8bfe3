//! What must never leave the process: everything that goes into a report, a snapshot, a journal or a message is
//! scrubbed here first, also when the target sends our secrets back.

use std::sync::{Arc, RwLock};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// How a value stands in a URL: everything encoded but what RFC 3986, section 2.3, calls unreserved.
pub const URL_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Shorter ones would tear holes into ordinary text.
const SHORTEST: usize = 4;

/// The secrets known so far. Clones share them: a token that a probe obtains is known everywhere at once.
#[derive(Clone, Default)]
pub struct Secrets {
    known: Arc<RwLock<Vec<String>>>,
}

impl Secrets {
    /// Adds one.
    pub fn add(&self, secret: &str) {
        if secret.len() < SHORTEST {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !known.iter().any(|k| k == secret) {
            known.push(secret.to_owned());
            // Longest first: a secret that holds another is masked whole.
            known.sort_by_key(|k| std::cmp::Reverse(k.len()));
        }
    }

    /// The text with every secret masked, also in its JSON and percent-encoded spellings.
    pub fn scrub(&self, text: &str) -> String {
        let known = self.known.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut clean = text.to_owned();
        for secret in known.iter() {
            for spelling in spellings(secret) {
                if clean.contains(&spelling) {
                    clean = clean.replace(&spelling, "[secret]");
                }
            }
        }
        clean
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
}
