//! The secrets that were seen, found again wherever they are repeated: as they are, in another case, or inside
//! base64 at any offset. Other spellings (percent-encoding, escapes) are taken off by `text` before it asks here.

use std::collections::HashMap;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::names::is_word;

/// Shorter texts are hidden where they stand as secrets, but not looked for elsewhere: they occur by chance.
const SHORTEST: usize = 6;

/// After so many bytes the secrets of long ago are forgotten, so that a long recording stays in bounded memory.
const GENERATION: usize = 8 << 20;

/// A set of secrets. Not `Debug`, so that none can be shown.
#[derive(Default)]
pub(super) struct Known {
    young: Spellings,
    old: Spellings,
}

impl Known {
    /// Remembers a secret, if it can be told from other text.
    pub(super) fn learn(&mut self, secret: &str) {
        let secret = secret.trim();
        if secret.len() < SHORTEST || is_word(secret) {
            return;
        }
        if self.young.size > GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.add(secret);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.young.all.is_empty() && self.old.all.is_empty()
    }

    /// Where secrets stand in a text.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        if self.is_empty() || text.len() < SHORTEST {
            return Vec::new();
        }
        let lower = text.to_ascii_lowercase();
        let mut found = self.young.find(&lower);
        found.append(&mut self.old.find(&lower));
        found
    }
}

/// How secrets may be spelled, in lower case, found by a few of their bytes.
#[derive(Default)]
struct Spellings {
    all: Vec<Spelling>,
    anchors: HashMap<Anchor, Vec<Anchored>>,
    size: usize,
}

type Anchor = [u8; SHORTEST];

struct Spelling {
    text: Vec<u8>,
    base64: bool,
}

/// The spelling of this index has the anchor at this place.
#[derive(Debug, Clone, Copy)]
struct Anchored {
    index: usize,
    at: usize,
}

impl Spellings {
    fn add(&mut self, secret: &str) {
        let plain = secret.to_ascii_lowercase().into_bytes();
        if self.holds(&plain) {
            return;
        }
        self.insert(Spelling { text: plain, base64: false });
        for text in within_base64(secret.as_bytes()) {
            let text = text.to_ascii_lowercase().into_bytes();
            if text.len() >= SHORTEST && !self.holds(&text) {
                self.insert(Spelling { text, base64: true });
            }
        }
    }

    fn insert(&mut self, spelling: Spelling) {
        // Tokens of one kind begin alike: what the fewest others have tells them apart at once.
        let rarest =
            anchors(&spelling.text).min_by_key(|(_, anchor)| self.anchors.get(anchor).map_or(0, Vec::len));
        let Some((at, anchor)) = rarest else { return };
        self.anchors.entry(anchor).or_default().push(Anchored { index: self.all.len(), at });
        self.size += spelling.text.len();
        self.all.push(spelling);
    }

    fn holds(&self, text: &[u8]) -> bool {
        anchors(text)
            .filter_map(|(_, anchor)| self.anchors.get(&anchor))
            .flatten()
            .any(|anchored| self.all[anchored.index].text == text)
    }

    fn find(&self, lower: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if self.all.is_empty() {
            return found;
        }
        for at in 0..lower.len() {
            let Some(anchor) = lower[at..].first_chunk::<SHORTEST>() else { break };
            for anchored in self.anchors.get(anchor).into_iter().flatten() {
                let spelling = &self.all[anchored.index];
                let Some(start) = at.checked_sub(anchored.at) else { continue };
                if lower[start..].starts_with(&spelling.text) {
                    let range = start..start + spelling.text.len();
                    found.push(if spelling.base64 { whole_run(lower, range) } else { range });
                }
            }
        }
        found
    }
}

/// The bytes by which a text may be found: those at its beginning, in its middle and at its end.
fn anchors(text: &[u8]) -> impl Iterator<Item = (usize, Anchor)> + '_ {
    let last = text.len().saturating_sub(SHORTEST);
    [0, last / 2, last]
        .into_iter()
        .filter_map(|at| text.get(at..)?.first_chunk::<SHORTEST>().map(|anchor| (at, *anchor)))
}

/// What of the base64 of any text that contains `secret` depends on the secret alone: the three alignments in the two
/// alphabets.
fn within_base64(secret: &[u8]) -> impl Iterator<Item = String> {
    (0..3_usize).flat_map(|offset| {
        let mut text = vec![0; offset];
        text.extend_from_slice(secret);
        let whole = (offset * 8).div_ceil(6)..text.len() * 8 / 6;
        [STANDARD_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(&text)]
            .map(|encoded| encoded[whole.clone()].to_owned())
    })
}

/// The base64 around a find: its first and last characters hold bits of the secret, too.
fn whole_run(text: &[u8], found: Range<usize>) -> Range<usize> {
    let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte);
    let before = text[..found.start].iter().rev().take_while(|byte| belongs(byte)).count();
    let after = text[found.end..].iter().take_while(|byte| belongs(byte)).count();
    found.start - before..found.end + after
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use proptest::prelude::*;

    use super::*;

    fn known(secret: &str) -> Known {
        let mut known = Known::default();
        known.learn(secret);
        known
    }

    #[test]
    fn a_secret_is_found_in_any_case() {
        assert_eq!(known("s3cret-token").find(b"say S3CRET-token!").first(), Some(&(4..16)));
    }

    #[test]
    fn what_occurs_by_chance_is_not_looked_for() {
        for secret in ["", "12345", "password", "DisplayName"] {
            assert!(known(secret).is_empty(), "{secret}");
        }
    }

    #[test]
    fn what_is_long_ago_is_forgotten_only_after_many_others() {
        let mut known = known("the-first-one");
        for number in 0..1000 {
            known.learn(&format!("another-one-{number}"));
        }
        assert_eq!(known.find(b"the-first-one").len(), 1);
    }

    proptest! {
        #[test]
        fn a_secret_is_found_within_base64(secret in "[ -~]{6,20}", before in ".{0,5}", after in ".{0,5}") {
            prop_assume!(secret.trim() == secret && !is_word(&secret));
            let known = known(&secret);
            let text = format!("{before}{secret}{after}");
            for encoded in [STANDARD.encode(&text), URL_SAFE.encode(&text), STANDARD_NO_PAD.encode(&text)] {
                prop_assert!(known.find(encoded.as_bytes()).contains(&(0..encoded.len())), "{}", encoded);
            }
        }
    }
}
