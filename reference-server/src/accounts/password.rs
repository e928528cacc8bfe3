//! Passwords: what a client sends, and the hash that is kept.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error as _};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::token::{self, TokenError};

/// A password in clear, on its way from a request to its hash. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Content);

#[derive(Clone, PartialEq, Eq)]
enum Content {
    Clear(String),
    Hashed(PasswordHash),
}

impl Password {
    /// Takes a password out of a request.
    pub fn new(clear: String) -> Self {
        Self(Content::Clear(clear))
    }

    /// A password of which only the hash is left.
    pub(crate) fn hashed(hash: PasswordHash) -> Self {
        Self(Content::Hashed(hash))
    }
}

impl Serialize for Password {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Content::Hashed(hash) => hash.serialize(serializer),
            Content::Clear(_) => Err(S::Error::custom("a password in clear is never written down")),
        }
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        PasswordHash::deserialize(deserializer).map(Self::hashed)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// What is kept of a password: a digest over a salt of its own and the password (RFC 7643 section 9.2: never in
/// clear).
///
/// A slow digest protects a table of passwords that is stolen. Where accounts outlive the process, passwords are
/// [hardened](Self::hardened). In the memory of a test server, which is gone with the process and holds what
/// identity providers make up, the digest is a quick one: every create of a provisioning run brings a password,
/// and a slow one would become what such a run measures.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PasswordHash {
    making: Making,
    salt: [u8; 16],
    digest: [u8; 32],
}

/// How the digest is made.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
enum Making {
    /// SHA-256.
    #[default]
    Quick,
    /// Argon2id with what OWASP recommends at least: 19 MiB, two passes, one lane.
    /// <https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>
    Argon2id,
}

impl PasswordHash {
    /// The quick hash of a password, under a fresh salt; or the hash that stands in its place already.
    pub fn of(password: &Password) -> Result<Self, TokenError> {
        match &password.0 {
            Content::Clear(clear) => Self::make(Making::Quick, clear),
            Content::Hashed(hash) => Ok(hash.clone()),
        }
    }

    /// The slow hash of a password, under a fresh salt. Takes tens of milliseconds, and memory.
    pub(crate) fn hardened(password: &Password) -> Result<Self, TokenError> {
        match &password.0 {
            Content::Clear(clear) => Self::make(Making::Argon2id, clear),
            Content::Hashed(hash) => Ok(hash.clone()),
        }
    }

    /// A slow hash that is nobody's: to compare with it takes as long as with somebody's.
    pub(crate) fn of_nobody() -> Self {
        Self { making: Making::Argon2id, ..Self::default() }
    }

    /// Whether this is the password that was hashed.
    pub fn matches(&self, password: &Password) -> bool {
        let Content::Clear(clear) = &password.0 else { return false };
        digest(self.making, self.salt, clear).is_some_and(|digest| self.digest.ct_eq(&digest).into())
    }

    fn make(making: Making, clear: &str) -> Result<Self, TokenError> {
        let salt = token::random()?;
        let digest = digest(making, salt, clear).ok_or(TokenError::NoMemory)?;
        Ok(Self { making, salt, digest })
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// Nothing only if there is no memory to work with.
fn digest(making: Making, salt: [u8; 16], clear: &str) -> Option<[u8; 32]> {
    match making {
        Making::Quick => Some(Sha256::new().chain_update(salt).chain_update(clear).finalize().into()),
        Making::Argon2id => {
            let mut digest = [0; 32];
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT);
            argon2.hash_password_into(clear.as_bytes(), &salt, &mut digest).ok()?;
            Some(digest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_its_own_hash_only() {
        let hash = PasswordHash::of(&Password::new("analytical".to_owned())).unwrap();
        assert!(hash.matches(&Password::new("analytical".to_owned())));
        assert!(!hash.matches(&Password::new("Analytical".to_owned())));
        assert!(!hash.matches(&Password::new(String::new())));
    }

    #[test]
    fn a_hardened_password_matches_as_a_quick_one_does_and_stands_for_itself() {
        let clear = Password::new("analytical".to_owned());
        let hash = PasswordHash::hardened(&clear).unwrap();
        assert!(hash.matches(&clear));
        assert!(!hash.matches(&Password::new("Analytical".to_owned())));
        let kept = Password::hashed(hash.clone());
        assert_eq!(PasswordHash::of(&kept).unwrap(), hash);
        assert!(!hash.matches(&kept), "a stolen hash is no password");
        assert!(!PasswordHash::of_nobody().matches(&clear));
    }

    #[test]
    fn two_people_with_one_password_have_two_hashes() {
        let password = Password::new("analytical".to_owned());
        assert_ne!(PasswordHash::of(&password).unwrap(), PasswordHash::of(&password).unwrap());
    }

    #[test]
    fn neither_a_password_nor_its_hash_can_be_printed() {
        let password = Password::new("analytical".to_owned());
        assert_eq!(format!("{password:?}"), "Password(..)");
        assert_eq!(format!("{:?}", PasswordHash::of(&password).unwrap()), "PasswordHash(..)");
    }
}
