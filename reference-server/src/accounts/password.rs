//! Passwords: what a client sends, and the hash that is kept.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::token::{self, TokenError};

/// A password in clear, on its way from a request to its hash. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes a password out of a request.
    pub fn new(clear: String) -> Self {
        Self(clear)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// What is kept of a password: SHA-256 over a salt of its own and the password (RFC 7643 section 9.2: never in
/// clear).
///
/// A slow hash protects a table of passwords that is stolen. This table lives in the memory of a test server,
/// is gone with the process and holds what identity providers make up; every create of a provisioning run brings
/// a password, and a slow hash would become what such a run measures. A store that outlives its process owes its
/// people a slow one, and it would go here: nothing outside this file knows how the hash is made.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PasswordHash {
    salt: [u8; 16],
    digest: [u8; 32],
}

impl PasswordHash {
    /// The hash of a password, under a fresh salt.
    pub fn of(password: &Password) -> Result<Self, TokenError> {
        let salt = token::random()?;
        Ok(Self { salt, digest: digest(salt, password) })
    }

    /// Whether this is the password that was hashed.
    pub fn matches(&self, password: &Password) -> bool {
        self.digest.ct_eq(&digest(self.salt, password)).into()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

fn digest(salt: [u8; 16], password: &Password) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(&password.0).finalize().into()
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
