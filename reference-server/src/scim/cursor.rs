//! Cursors (RFC 9865): a place in a result as text that a client carries to the next request and back. A cursor
//! is signed and not stored: it works in every process that is given the same credentials, and gives no rights,
//! since whoever comes with it is asked for its own.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::error::{Error, ScimType};

/// A place in a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Which way the page lies that is asked for.
    pub direction: Direction,
    /// The resource next to the page: which of the resource types asked about.
    pub source: u16,
    /// The same resource: its place in the order of creation.
    pub sequence: u64,
    /// A digest of what it was sorted by, which shows whether it still stands where it stood.
    pub key: u64,
    /// How many resources come before the page (forwards), or before the resource (backwards).
    pub rank: u64,
    /// How many resources there were in all.
    pub total: u64,
    /// How many resources a page has.
    pub count: u32,
}

/// Which way a page lies from the resource that a cursor names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Behind it.
    Forwards,
    /// Before it.
    Backwards,
}

/// What cursors of one query of one client are signed with. RFC 9865 section 5.2: neither another client nor
/// another query can use them.
pub struct Seal([u8; 32]);

const PAYLOAD: usize = 1 + 2 + 8 + 8 + 8 + 8 + 4 + 8;
const SIGNATURE: usize = 16;

impl Seal {
    /// The seal for a client's secret and everything that makes the query the one it is.
    pub fn new(secret: &[u8], query: &[&str]) -> Self {
        let mut text = Vec::new();
        for part in query {
            text.extend((part.len() as u64).to_be_bytes());
            text.extend(part.as_bytes());
        }
        Self(hmac(secret, &text))
    }

    /// The cursor as text of letters, digits, `-` and `_` (RFC 9865 section 2), good until `expires`, in
    /// seconds since 1970.
    pub fn close(&self, cursor: &Cursor, expires: u64) -> String {
        let mut bytes = Vec::with_capacity(PAYLOAD + SIGNATURE);
        bytes.push(match cursor.direction {
            Direction::Forwards => 0,
            Direction::Backwards => 1,
        });
        bytes.extend(cursor.source.to_be_bytes());
        bytes.extend(cursor.sequence.to_be_bytes());
        bytes.extend(cursor.key.to_be_bytes());
        bytes.extend(cursor.rank.to_be_bytes());
        bytes.extend(cursor.total.to_be_bytes());
        bytes.extend(cursor.count.to_be_bytes());
        bytes.extend(expires.to_be_bytes());
        let signature = hmac(&self.0, &bytes);
        bytes.extend(&signature[..SIGNATURE]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The cursor that a text stands for. Fails with `invalidCursor` if it was not made for this query of this
    /// client, with `expiredCursor` if its time is over. The messages say nothing about what it holds (section
    /// 5.2).
    pub fn open(&self, text: &str, now: u64) -> Result<Cursor, Error> {
        self.read(text, now).ok_or_else(|| {
            let detail = "The cursor is not one that this query gave you; start again without a cursor.";
            Error::new(400, Some(ScimType::InvalidCursor), detail)
        })?
    }

    fn read(&self, text: &str, now: u64) -> Option<Result<Cursor, Error>> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let payload: &[u8; PAYLOAD] = bytes.first_chunk()?;
        let signature = &hmac(&self.0, payload)[..SIGNATURE];
        if !bool::from(signature.ct_eq(&bytes[PAYLOAD..])) {
            return None;
        }
        let mut rest = payload.as_slice();
        let direction = match take::<1>(&mut rest)? {
            [0] => Direction::Forwards,
            _ => Direction::Backwards,
        };
        let cursor = Cursor {
            direction,
            source: u16::from_be_bytes(take(&mut rest)?),
            sequence: u64::from_be_bytes(take(&mut rest)?),
            key: u64::from_be_bytes(take(&mut rest)?),
            rank: u64::from_be_bytes(take(&mut rest)?),
            total: u64::from_be_bytes(take(&mut rest)?),
            count: u32::from_be_bytes(take(&mut rest)?),
        };
        if u64::from_be_bytes(take(&mut rest)?) < now {
            let detail = "The cursor has expired; start again without a cursor.";
            return Some(Err(Error::new(400, Some(ScimType::ExpiredCursor), detail)));
        }
        Some(Ok(cursor))
    }
}

/// The first eight bytes of a SHA-256: enough to see that something is no longer what it was.
pub fn digest(text: &[u8]) -> u64 {
    let hash = Sha256::digest(text);
    hash.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = bytes.split_first_chunk()?;
    *bytes = tail;
    Some(*head)
}

/// HMAC-SHA-256 (RFC 2104).
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    let short = Sha256::digest(key);
    let key = if key.len() > block.len() { &short[..] } else { key };
    block[..key.len()].copy_from_slice(key);
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURSOR: Cursor = Cursor {
        direction: Direction::Backwards,
        source: 1,
        sequence: u64::MAX,
        key: 7,
        rank: 3,
        total: 9,
        count: 2,
    };

    fn scim_type(outcome: Result<Cursor, Error>) -> &'static str {
        outcome.unwrap_err().scim_type.unwrap().as_str()
    }

    #[test]
    fn rfc4231_the_signature_is_hmac() {
        let start = |mac: [u8; 32]| u64::from_be_bytes(*mac.first_chunk().unwrap());
        let mac = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(start(mac), 0x5bdc_c146_bf60_754e);
        let mac = hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(start(mac), 0x60e4_3159_1ee0_b67f);
    }

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let seal = Seal::new(b"secret", &["Users", "userName pr"]);
        let text = seal.close(&CURSOR, 100);
        // RFC9865-2-L5
        assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'), "{text}");
        assert_eq!(seal.open(&text, 100), Ok(CURSOR));
        assert_eq!(scim_type(seal.open(&text, 101)), "expiredCursor"); // RFC9865-2.1-L2
    }

    #[test]
    fn a_cursor_is_good_for_its_own_query_of_its_own_client_only() {
        let seal = Seal::new(b"secret", &["Users", "userName pr"]);
        let text = seal.close(&CURSOR, 100);
        for other in [
            Seal::new(b"another", &["Users", "userName pr"]),
            Seal::new(b"secret", &["Users", "title pr"]),
            Seal::new(b"secret", &["UsersuserName pr", ""]),
        ] {
            assert_eq!(scim_type(other.open(&text, 0)), "invalidCursor"); // RFC9865-2.1-L4, RFC9865-5.2-L1
        }
        for at in 0..text.len() {
            let mut forged = text.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(scim_type(seal.open(&forged, 0)), "invalidCursor"); // RFC9865-5.2-L4
        }
        for text in ["", "not-a-real-cursor", "é", &"A".repeat(10_000)] {
            assert_eq!(scim_type(seal.open(text, 0)), "invalidCursor"); // RFC9865-2.1-L1
        }
    }
}
