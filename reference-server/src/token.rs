//! Tokens by which a caller is recognised: made from the system's randomness, kept as a hash, compared without
//! giving away by the time it takes how much of a guess was right.

use std::{
    fmt,
    sync::{PoisonError, RwLock, RwLockWriteGuard},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::{
    Clock,
    store::{TenantId, Timestamp},
};

/// Why there is no fresh token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TokenError {
    /// The operating system gave no random bytes.
    #[error("the system has no random bytes to make a secret from: {0}")]
    NoRandomness(String),
    /// There was not the memory that a slow hash needs.
    #[error("there is no memory to hash a secret with")]
    NoMemory,
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
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// The tokens with which identity providers come, of all tenants. Only hashes are kept: a token is shown once,
/// when it is made.
#[derive(Debug)]
pub(crate) struct ScimTokens {
    held: RwLock<Vec<Held>>,
    prefix: &'static str,
    clock: Clock,
}

/// A token that is known.
#[derive(Debug, Clone)]
struct Held {
    id: TokenId,
    tenant: TenantId,
    hash: TokenHash,
    created: Timestamp,
    ends: Option<Timestamp>,
}

/// How the administrator names a token without showing it. It follows from the token, so that it is as hard to
/// guess, and nothing of the token follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenId(u64);

/// A token that was just made.
#[derive(Debug)]
pub(crate) struct Issued {
    /// Its name.
    pub(crate) id: TokenId,
    /// The token itself, to be shown this once.
    pub(crate) token: String,
}

/// What may be told of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// Its name.
    pub(crate) id: TokenId,
    /// When it was made.
    pub(crate) created: Timestamp,
    /// How much longer it is good, if it was rotated and given some time.
    pub(crate) ends_in: Option<Duration>,
}

impl ScimTokens {
    /// No tokens yet. Fresh ones begin with the prefix, so that people and secret scanners can tell what they
    /// found.
    pub(crate) fn new(prefix: &'static str, clock: Clock) -> Self {
        Self { held: RwLock::default(), prefix, clock }
    }

    /// Takes a token in that was made elsewhere.
    pub(crate) fn accept(&self, tenant: TenantId, hash: TokenHash) -> TokenId {
        let id = TokenId::of(&hash);
        self.write().push(Held { id, tenant, hash, created: self.clock.now(), ends: None });
        id
    }

    /// The tenant for which the token speaks. Every known token is compared, so that time tells nothing.
    pub(crate) fn tenant(&self, token: &str) -> Option<TenantId> {
        let (hash, now) = (TokenHash::of(token), self.clock.now());
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let found = held.iter().fold(None, |found, known| {
            let right: bool = known.hash.0.ct_eq(&hash.0).into();
            if right && known.is_good(now) { Some(&known.tenant) } else { found }
        });
        found.cloned()
    }

    /// Makes another token for a tenant.
    pub(crate) fn create(&self, tenant: &TenantId) -> Result<Issued, TokenError> {
        let token = format!("{}{}", self.prefix, generate_token()?);
        let id = self.accept(tenant.clone(), TokenHash::of(&token));
        Ok(Issued { id, token })
    }

    /// Makes a token in the place of another, which stops at once or after `overlap`. Nothing if the tenant has
    /// no such token.
    pub(crate) fn rotate(
        &self,
        tenant: &TenantId,
        id: TokenId,
        overlap: Duration,
    ) -> Result<Option<Issued>, TokenError> {
        let token = format!("{}{}", self.prefix, generate_token()?);
        let now = self.clock.now();
        let mut held = self.write();
        let Some(old) = held.iter_mut().find(|old| old.is(tenant, id) && old.is_good(now)) else {
            return Ok(None);
        };
        // Rotating a second time must not prolong what the first time has limited.
        let end = now.plus(overlap);
        old.ends = Some(old.ends.map_or(end, |earlier| earlier.min(end)));
        let hash = TokenHash::of(&token);
        let id = TokenId::of(&hash);
        held.push(Held { id, tenant: tenant.clone(), hash, created: now, ends: None });
        held.retain(|known| known.is_good(now));
        Ok(Some(Issued { id, token }))
    }

    /// Makes the only token of a tenant: whatever it had stops at once.
    pub(crate) fn reset(&self, tenant: &TenantId) -> Result<String, TokenError> {
        let token = format!("{}{}", self.prefix, generate_token()?);
        let hash = TokenHash::of(&token);
        let (id, created) = (TokenId::of(&hash), self.clock.now());
        let mut held = self.write();
        held.retain(|known| known.tenant != *tenant);
        held.push(Held { id, tenant: tenant.clone(), hash, created, ends: None });
        Ok(token)
    }

    /// Ends a token at once. Tells whether the tenant had it.
    pub(crate) fn revoke(&self, tenant: &TenantId, id: TokenId) -> bool {
        let now = self.clock.now();
        let mut held = self.write();
        let found = held.iter().any(|known| known.is(tenant, id) && known.is_good(now));
        held.retain(|known| !known.is(tenant, id) && known.is_good(now));
        found
    }

    /// The tokens of a tenant, the oldest first.
    pub(crate) fn of(&self, tenant: &TenantId) -> Vec<Known> {
        let now = self.clock.now();
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let mine = held.iter().filter(|known| known.tenant == *tenant && known.is_good(now));
        let known = |held: &Held| Known {
            id: held.id,
            created: held.created,
            ends_in: held.ends.map(|end| end.since(now)),
        };
        mine.map(known).collect()
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vec<Held>> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn is(&self, tenant: &TenantId, id: TokenId) -> bool {
        self.id == id && self.tenant == *tenant
    }

    fn is_good(&self, now: Timestamp) -> bool {
        self.ends.is_none_or(|end| now < end)
    }
}

impl TokenId {
    fn of(hash: &TokenHash) -> Self {
        let digest: [u8; 32] =
            Sha256::new().chain_update("the name of ").chain_update(hash.0).finalize().into();
        Self(digest.iter().take(8).fold(0, |id, byte| id << 8 | u64::from(*byte)))
    }

    /// Reads a name back.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let id = Self(u64::from_str_radix(text, 16).ok()?);
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    struct World {
        tokens: ScimTokens,
        time: Arc<Mutex<Timestamp>>,
        one: TenantId,
        two: TenantId,
    }

    impl World {
        fn new() -> Self {
            let time = Arc::new(Mutex::new(Timestamp::now()));
            let shown = Arc::clone(&time);
            let tokens = ScimTokens::new("scim_", Clock::new(move || *shown.lock().unwrap()));
            Self { tokens, time, one: TenantId::new("one"), two: TenantId::new("two") }
        }

        fn forward(&self, seconds: u64) {
            let mut time = self.time.lock().unwrap();
            *time = time.plus(Duration::from_secs(seconds));
        }
    }

    #[test]
    fn a_fresh_token_has_256_bits_and_is_safe_in_a_url() {
        let token = generate_token().unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(&token).unwrap().len(), 32);
        assert_ne!(token, generate_token().unwrap());
    }

    #[test]
    fn a_token_speaks_for_its_own_tenant_only() {
        let world = World::new();
        world.tokens.accept(world.one.clone(), TokenHash::of("a"));
        let two = world.tokens.create(&world.two).unwrap();
        assert!(two.token.starts_with("scim_"));
        assert_eq!(world.tokens.tenant("a"), Some(world.one.clone()));
        assert_eq!(world.tokens.tenant(&two.token), Some(world.two.clone()));
        assert_eq!(world.tokens.tenant("A"), None);
        assert_eq!(world.tokens.tenant(""), None);
    }

    #[test]
    fn a_rotated_token_stops_at_once() {
        let world = World::new();
        let old = world.tokens.create(&world.one).unwrap();
        let new = world.tokens.rotate(&world.one, old.id, Duration::ZERO).unwrap().unwrap();
        assert_eq!(world.tokens.tenant(&old.token), None);
        assert_eq!(world.tokens.tenant(&new.token), Some(world.one.clone()));
        assert_eq!(world.tokens.of(&world.one).len(), 1);
        assert!(world.tokens.rotate(&world.one, old.id, Duration::ZERO).unwrap().is_none());
    }

    #[test]
    fn a_rotated_token_may_be_given_some_time_and_no_more_by_rotating_again() {
        let world = World::new();
        let old = world.tokens.create(&world.one).unwrap();
        let overlap = Duration::from_mins(1);
        world.tokens.rotate(&world.one, old.id, overlap).unwrap().unwrap();
        world.forward(59);
        assert!(world.tokens.tenant(&old.token).is_some());
        assert_eq!(world.tokens.of(&world.one)[0].ends_in, Some(Duration::from_secs(1)));
        world.tokens.rotate(&world.one, old.id, overlap).unwrap().unwrap();
        world.forward(1);
        assert_eq!(world.tokens.tenant(&old.token), None);
    }

    #[test]
    fn a_revoked_token_is_unknown_and_the_others_are_not_touched() {
        let world = World::new();
        let (gone, stays) =
            (world.tokens.create(&world.one).unwrap(), world.tokens.create(&world.one).unwrap());
        assert!(world.tokens.revoke(&world.one, gone.id));
        assert!(!world.tokens.revoke(&world.one, gone.id));
        assert_eq!(world.tokens.tenant(&gone.token), None);
        assert!(world.tokens.tenant(&stays.token).is_some());
    }

    #[test]
    fn one_tenant_neither_sees_nor_ends_the_token_of_another() {
        let world = World::new();
        let two = world.tokens.create(&world.two).unwrap();
        assert!(!world.tokens.revoke(&world.one, two.id));
        assert!(world.tokens.rotate(&world.one, two.id, Duration::ZERO).unwrap().is_none());
        assert_eq!(world.tokens.of(&world.one), []);
        assert_eq!(world.tokens.tenant(&two.token), Some(world.two.clone()));
    }

    #[test]
    fn a_hash_shows_nothing_of_the_token() {
        assert_eq!(format!("{:?}", TokenHash::of("secret")), "TokenHash(..)");
    }

    #[test]
    fn the_name_of_a_token_is_read_back_in_one_spelling() {
        assert_eq!(TokenId::parse("00000000000000ff"), Some(TokenId(255)));
        for other in ["ff", "00000000000000FF", "", "x"] {
            assert_eq!(TokenId::parse(other), None, "{other}");
        }
    }
}
