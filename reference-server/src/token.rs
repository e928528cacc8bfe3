//! Tokens by which a caller is recognised: made from the system's randomness, kept as a hash, compared without
//! giving away by the time it takes how much of a guess was right.

use std::{fmt, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::{
    Clock, Tenant, Tenants,
    store::{KeptToken, StoreError, TenantId, Timestamp, TokenChange, TokenStore},
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
    /// The store did not take it.
    #[error("the token could not be kept: {0}")]
    Store(#[from] StoreError),
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

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
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
///
/// Nothing is remembered between two requests. A token that has ended, whichever server on the store has ended it,
/// is refused by all of them from the moment on at which that was acknowledged. Only the end of an overlap is read
/// off the clock of the server that is asked.
pub(crate) struct ScimTokens {
    kept: Arc<dyn TokenStore>,
    /// Those that the configuration of this server names.
    configured: Vec<(TenantId, TokenId)>,
    prefix: &'static str,
    clock: Clock,
}

/// How the administrator names a token without showing it. It follows from the token, so that it is as hard to
/// guess, and nothing of the token follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenId(u64);

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

/// The tokens that the configuration of a server names, as they are kept.
pub(crate) fn configured(tenants: &Tenants, clock: &Clock) -> Vec<KeptToken> {
    let token = |tenant: &Tenant| KeptToken {
        id: TokenId::of(&tenant.scim_token),
        tenant: tenant.id(),
        hash: tenant.scim_token.clone(),
        configured: true,
        created: clock.now(),
        ends: None,
    };
    tenants.iter().map(token).collect()
}

impl ScimTokens {
    /// Those that are kept, with the `configured` ones among them. Fresh ones begin with the prefix, so that
    /// people and secret scanners can tell what they found.
    pub(crate) fn new(
        kept: Arc<dyn TokenStore>,
        configured: &[KeptToken],
        prefix: &'static str,
        clock: Clock,
    ) -> Self {
        let configured = configured.iter().map(|token| (token.tenant.clone(), token.id)).collect();
        Self { kept, configured, prefix, clock }
    }

    /// Those that are kept; the `configured` ones are written down where they have not been before.
    pub(crate) async fn register(
        kept: Arc<dyn TokenStore>,
        configured: &[KeptToken],
        prefix: &'static str,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        for token in configured {
            kept.change(TokenChange::Add(token.clone())).await?;
        }
        Ok(Self::new(kept, configured, prefix, clock))
    }

    /// For which of the tenants that are served here the token speaks.
    ///
    /// It is looked up by its name, a digest of its hash: how long that takes tells nothing about any token, since
    /// nobody can choose guesses by their digests. The hash itself is compared in constant time.
    pub(crate) async fn tenant(
        &self,
        token: &str,
        is_served: impl Fn(&TenantId) -> bool,
    ) -> Result<Option<TenantId>, StoreError> {
        let (hash, now) = (TokenHash::of(token), self.clock.now());
        let found = self.kept.named(TokenId::of(&hash)).await?;
        let right = found.into_iter().find(|kept| {
            let same: bool = kept.hash.0.ct_eq(&hash.0).into();
            same && self.is_good(kept, now) && is_served(&kept.tenant)
        });
        Ok(right.map(|kept| kept.tenant))
    }

    /// Makes another token for a tenant.
    pub(crate) async fn create(&self, tenant: &TenantId) -> Result<Issued, TokenError> {
        let (issued, kept) = self.fresh(tenant)?;
        self.kept.change(TokenChange::Add(kept)).await?;
        Ok(issued)
    }

    /// Makes a token for a tenant that ends by itself.
    pub(crate) async fn create_for(
        &self,
        tenant: &TenantId,
        lifetime: Duration,
    ) -> Result<Issued, TokenError> {
        let (issued, kept) = self.fresh(tenant)?;
        let ends = Some(kept.created.plus(lifetime));
        self.kept.change(TokenChange::Add(KeptToken { ends, ..kept })).await?;
        Ok(issued)
    }

    /// Whether nobody has shown this to any server on the store before; it is remembered until `ends`. It is kept
    /// among the tokens of a tenant that there is not, so that it opens nothing.
    pub(crate) async fn is_first(
        &self,
        tenant: &TenantId,
        shown: &str,
        ends: Timestamp,
    ) -> Result<bool, StoreError> {
        let hash = TokenHash::of(&format!("shown once: {shown}"));
        let (id, created) = (TokenId::of(&hash), self.clock.now());
        let tenant = TenantId::new(&format!("/shown/{}", tenant.as_str()));
        let kept = KeptToken { id, tenant, hash, configured: false, created, ends: Some(ends) };
        self.kept.change(TokenChange::Add(kept)).await
    }

    /// The present, by the clock that tokens end by.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Makes a token in the place of another, which stops at once or after `overlap`. Nothing if the tenant has
    /// no such token.
    pub(crate) async fn rotate(
        &self,
        tenant: &TenantId,
        old: TokenId,
        overlap: Duration,
    ) -> Result<Option<Issued>, TokenError> {
        let (issued, new) = self.fresh(tenant)?;
        // At once means at once, also where another server's clock is behind.
        let ends = if overlap.is_zero() { Timestamp::EPOCH } else { new.created.plus(overlap) };
        let done = self.kept.change(TokenChange::Rotate { old, ends, new }).await?;
        Ok(done.then_some(issued))
    }

    /// Makes the only token of a tenant: whatever it had stops at once.
    pub(crate) async fn reset(&self, tenant: &TenantId) -> Result<String, TokenError> {
        let (issued, kept) = self.fresh(tenant)?;
        self.kept.change(TokenChange::Reset(kept)).await?;
        Ok(issued.token)
    }

    /// Ends a token at once. Tells whether the tenant had it.
    pub(crate) async fn revoke(&self, tenant: &TenantId, id: TokenId) -> Result<bool, StoreError> {
        self.kept.change(TokenChange::Revoke { tenant: tenant.clone(), id, now: self.clock.now() }).await
    }

    /// The tokens of a tenant that are good at this server, the oldest first.
    pub(crate) async fn of(&self, tenant: &TenantId) -> Result<Vec<Known>, StoreError> {
        let now = self.clock.now();
        let good = self.kept.of(tenant).await?.into_iter().filter(|kept| self.is_good(kept, now));
        let known = |kept: KeptToken| Known {
            id: kept.id,
            created: kept.created,
            ends_in: kept.ends.map(|end| end.since(now)),
        };
        Ok(good.map(known).collect())
    }

    fn fresh(&self, tenant: &TenantId) -> Result<(Issued, KeptToken), TokenError> {
        let token = format!("{}{}", self.prefix, generate_token()?);
        let hash = TokenHash::of(&token);
        let id = TokenId::of(&hash);
        let (tenant, created) = (tenant.clone(), self.clock.now());
        Ok((Issued { id, token }, KeptToken { id, tenant, hash, configured: false, created, ends: None }))
    }

    fn is_good(&self, kept: &KeptToken, now: Timestamp) -> bool {
        let is_mine = |(tenant, id): &(TenantId, TokenId)| *tenant == kept.tenant && *id == kept.id;
        kept.is_good(now) && (!kept.configured || self.configured.iter().any(is_mine))
    }
}

impl fmt::Debug for ScimTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScimTokens({} configured)", self.configured.len())
    }
}

impl TokenId {
    /// The name of the token with this hash.
    pub fn of(hash: &TokenHash) -> Self {
        let digest: [u8; 32] =
            Sha256::new().chain_update("the name of ").chain_update(hash.0).finalize().into();
        Self(digest.iter().take(8).fold(0, |id, byte| id << 8 | u64::from(*byte)))
    }

    /// The name as databases keep it.
    pub(crate) fn to_signed(self) -> i64 {
        self.0.cast_signed()
    }

    /// The name that a database keeps.
    pub(crate) fn from_signed(id: i64) -> Self {
        Self(id.cast_unsigned())
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
    use std::sync::Mutex;

    use super::*;
    use crate::{TenantName, store::MemoryTokens};

    struct World {
        kept: Arc<MemoryTokens>,
        tokens: ScimTokens,
        time: Arc<Mutex<Timestamp>>,
        one: TenantId,
        two: TenantId,
    }

    impl World {
        /// A server that is configured with the token `a` for the tenant `one` and with `b` for `two`.
        async fn new() -> Self {
            let time = Arc::new(Mutex::new(Timestamp::now()));
            let kept = Arc::new(MemoryTokens::default());
            let tokens = Self::server(&kept, &time, "a").await;
            Self { kept, tokens, time, one: TenantId::new("one"), two: TenantId::new("two") }
        }

        async fn server(kept: &Arc<MemoryTokens>, time: &Arc<Mutex<Timestamp>>, token: &str) -> ScimTokens {
            let tenant = |name, token| Tenant {
                name: TenantName::parse(name).unwrap(),
                scim_token: TokenHash::of(token),
                admin_token: TokenHash::of("admin"),
            };
            let tenants = Tenants::one(tenant("one", token)).and(tenant("two", "b")).unwrap();
            let shown = Arc::clone(time);
            let clock = Clock::new(move || *shown.lock().unwrap());
            let configured = configured(&tenants, &clock);
            ScimTokens::register(Arc::clone(kept) as _, &configured, "scim_", clock).await.unwrap()
        }

        async fn tenant(&self, token: &str) -> Option<TenantId> {
            tenant(&self.tokens, token).await
        }

        fn forward(&self, seconds: u64) {
            let mut time = self.time.lock().unwrap();
            *time = time.plus(Duration::from_secs(seconds));
        }
    }

    async fn tenant(tokens: &ScimTokens, token: &str) -> Option<TenantId> {
        tokens.tenant(token, |_| true).await.unwrap()
    }

    #[test]
    fn a_fresh_token_has_256_bits_and_is_safe_in_a_url() {
        let token = generate_token().unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(&token).unwrap().len(), 32);
        assert_ne!(token, generate_token().unwrap());
    }

    #[tokio::test]
    async fn a_token_speaks_for_its_own_tenant_only() {
        let world = World::new().await;
        let two = world.tokens.create(&world.two).await.unwrap();
        assert!(two.token.starts_with("scim_"));
        assert_eq!(world.tenant("a").await, Some(world.one.clone()));
        assert_eq!(world.tenant(&two.token).await, Some(world.two.clone()));
        assert_eq!(world.tenant("A").await, None);
        assert_eq!(world.tenant("").await, None);
        let not_served = world.tokens.tenant(&two.token, |tenant| *tenant == world.one).await.unwrap();
        assert_eq!(not_served, None);
    }

    #[tokio::test]
    async fn a_rotated_token_stops_at_once() {
        let world = World::new().await;
        let old = world.tokens.create(&world.one).await.unwrap();
        let new = world.tokens.rotate(&world.one, old.id, Duration::ZERO).await.unwrap().unwrap();
        assert_eq!(world.tenant(&old.token).await, None);
        assert_eq!(world.tenant(&new.token).await, Some(world.one.clone()));
        assert_eq!(world.tokens.of(&world.one).await.unwrap().len(), 2);
        assert!(world.tokens.rotate(&world.one, old.id, Duration::ZERO).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_rotated_token_may_be_given_some_time_and_no_more_by_rotating_again() {
        let world = World::new().await;
        let old = world.tokens.create(&world.one).await.unwrap();
        let overlap = Duration::from_mins(1);
        world.tokens.rotate(&world.one, old.id, overlap).await.unwrap().unwrap();
        world.forward(59);
        assert!(world.tenant(&old.token).await.is_some());
        let known = world.tokens.of(&world.one).await.unwrap();
        let left = known.iter().find(|known| known.id == old.id).unwrap().ends_in;
        assert_eq!(left, Some(Duration::from_secs(1)));
        world.tokens.rotate(&world.one, old.id, overlap).await.unwrap().unwrap();
        world.forward(1);
        assert_eq!(world.tenant(&old.token).await, None);
    }

    #[tokio::test]
    async fn a_revoked_token_is_unknown_and_the_others_are_not_touched() {
        let world = World::new().await;
        let gone = world.tokens.create(&world.one).await.unwrap();
        let stays = world.tokens.create(&world.one).await.unwrap();
        assert!(world.tokens.revoke(&world.one, gone.id).await.unwrap());
        assert!(!world.tokens.revoke(&world.one, gone.id).await.unwrap());
        assert_eq!(world.tenant(&gone.token).await, None);
        assert!(world.tenant(&stays.token).await.is_some());
    }

    #[tokio::test]
    async fn one_tenant_neither_sees_nor_ends_the_token_of_another() {
        let world = World::new().await;
        let two = world.tokens.create(&world.two).await.unwrap();
        assert!(!world.tokens.revoke(&world.one, two.id).await.unwrap());
        assert!(world.tokens.rotate(&world.one, two.id, Duration::ZERO).await.unwrap().is_none());
        let known = world.tokens.of(&world.one).await.unwrap();
        assert!(known.iter().all(|known| known.id != two.id));
        assert_eq!(world.tenant(&two.token).await, Some(world.two.clone()));
    }

    #[tokio::test]
    async fn a_configured_token_that_was_revoked_does_not_come_back_with_the_next_start() {
        let world = World::new().await;
        let id = TokenId::of(&TokenHash::of("a"));
        assert!(world.tokens.revoke(&world.one, id).await.unwrap());
        let again = World::server(&world.kept, &world.time, "a").await;
        assert_eq!(tenant(&again, "a").await, None);
        let with_another = World::server(&world.kept, &world.time, "c").await;
        assert_eq!(tenant(&with_another, "c").await, Some(world.one.clone()));
    }

    #[tokio::test]
    async fn a_configured_token_is_good_where_it_is_configured_and_until_any_server_resets() {
        let world = World::new().await;
        let other = World::server(&world.kept, &world.time, "c").await;
        assert_eq!((world.tenant("c").await, tenant(&other, "a").await), (None, None));
        let only = world.tokens.reset(&world.one).await.unwrap();
        for tokens in [&world.tokens, &other] {
            assert_eq!(tenant(tokens, &only).await, Some(world.one.clone()));
            assert_eq!((tenant(tokens, "a").await, tenant(tokens, "c").await), (None, None));
            assert_eq!(tenant(tokens, "b").await, Some(world.two.clone()));
        }
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
