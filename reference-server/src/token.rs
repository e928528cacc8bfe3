//! Tokens by which a caller is recognised: made from the system's randomness, kept as a hash, compared without
//! giving away by the time it takes how much of a guess was right.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::store::TenantId;

/// Why there is no fresh token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TokenError {
    /// The operating system gave no random bytes.
    #[error("the system has no random bytes to make a secret from: {0}")]
    NoRandomness(String),
}

/// A fresh token: 256 bits from the system, as text that needs no escaping in a URL or a header.
pub fn generate_token() -> Result<String, TokenError> {
    Ok(URL_SAFE_NO_PAD.encode(random::<32>()?))
}

/// Fresh random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], TokenError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| TokenError::NoRandomness(error.to_string()))?;
    Ok(bytes)
}

/// All that is kept of a token: its SHA-256. A token is 256 random bits, so a fast hash without salt is enough;
/// there is nothing to guess.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a token.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Whether this is the token that was hashed; takes equally long for every wrong one.
    pub fn matches(&self, token: &str) -> bool {
        self.0.ct_eq(&Self::of(token).0).into()
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

/// Which token speaks for which tenant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tokens(Vec<(TokenHash, TenantId)>);

impl Tokens {
    pub(crate) fn new(tokens: Vec<(TokenHash, TenantId)>) -> Self {
        Self(tokens)
    }

    /// The tenant for which the token speaks. Every known token is compared, so that time tells nothing.
    pub(crate) fn tenant(&self, token: &str) -> Option<&TenantId> {
        self.0
            .iter()
            .fold(None, |found, (hash, tenant)| if hash.matches(token) { Some(tenant) } else { found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_token_has_256_bits_and_is_safe_in_a_url() {
        let token = generate_token().unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(&token).unwrap().len(), 32);
        assert_ne!(token, generate_token().unwrap());
    }

    #[test]
    fn a_token_speaks_for_its_own_tenant_only() {
        let (one, two) = (TenantId::new("one"), TenantId::new("two"));
        let tokens = Tokens::new(vec![(TokenHash::of("a"), one.clone()), (TokenHash::of("b"), two.clone())]);
        assert_eq!(tokens.tenant("a"), Some(&one));
        assert_eq!(tokens.tenant("b"), Some(&two));
        assert_eq!(tokens.tenant("A"), None);
        assert_eq!(tokens.tenant(""), None);
    }

    #[test]
    fn a_hash_shows_nothing_of_the_token() {
        assert_eq!(format!("{:?}", TokenHash::of("secret")), "TokenHash(..)");
    }
}
