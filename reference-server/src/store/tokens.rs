//! Where the tokens of identity providers are kept, beside the resources: the trait, what crosses it, and the
//! rows in memory. Which token is good, and for whom, is decided in [`crate::token`].

use std::{
    future::ready,
    sync::{PoisonError, RwLock, RwLockWriteGuard},
};

use super::{Answer, StoreError, TenantId, Timestamp};
use crate::token::{TokenHash, TokenId};

/// The tokens of all tenants.
///
/// What a change has acknowledged, every server on the same store sees with its next question: nothing is
/// remembered on the way. A configured token that has ended stays as a row, so that it does not come back when the
/// server is started again; others go when the next one comes.
pub trait TokenStore: Send + Sync + 'static {
    /// The tokens of this name, of whichever tenant, also those that have ended.
    fn named(&self, id: TokenId) -> Answer<'_, Vec<KeptToken>>;

    /// All tokens of a tenant, in the order in which they were made, also those that have ended.
    fn of<'a>(&'a self, tenant: &'a TenantId) -> Answer<'a, Vec<KeptToken>>;

    /// Makes a change happen as a whole, or not at all; false if there is nothing to be changed.
    fn change(&self, change: TokenChange) -> Answer<'_, bool>;
}

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptToken {
    /// Its name.
    pub id: TokenId,
    /// For whom it speaks.
    pub tenant: TenantId,
    /// All that is known of the token itself.
    pub hash: TokenHash,
    /// Whether it comes from the configuration of a server and not from an administrator. It is good only at
    /// servers whose configuration names it.
    pub configured: bool,
    /// When it was made, or first seen.
    pub created: Timestamp,
    /// From when on it is not good any more.
    pub ends: Option<Timestamp>,
}

/// A change to the tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenChange {
    /// This one is there from now on, unless it is already, ended or not.
    Add(KeptToken),
    /// One takes the place of another.
    Rotate {
        /// The other one, of the same tenant.
        old: TokenId,
        /// From when on that is not good any more; an earlier end stays.
        ends: Timestamp,
        /// The new one, made now.
        new: KeptToken,
    },
    /// One that is still good ends at once.
    Revoke {
        /// Whose.
        tenant: TenantId,
        /// Which.
        id: TokenId,
        /// The present.
        now: Timestamp,
    },
    /// All that the tenant has end at once, and this one is there from now on.
    Reset(KeptToken),
}

impl KeptToken {
    /// Whether it has not ended yet.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.ends.is_none_or(|end| now < end)
    }
}

/// The tokens of servers in this process that share it, in memory.
#[derive(Debug, Default)]
pub struct MemoryTokens(RwLock<Vec<KeptToken>>);

impl MemoryTokens {
    /// Starts with these.
    pub fn with(tokens: Vec<KeptToken>) -> Self {
        Self(RwLock::new(tokens))
    }

    fn select(&self, wanted: impl Fn(&KeptToken) -> bool) -> Vec<KeptToken> {
        let tokens = self.0.read().unwrap_or_else(PoisonError::into_inner);
        tokens.iter().filter(|token| wanted(token)).cloned().collect()
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vec<KeptToken>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry_out(&self, change: TokenChange) -> bool {
        let mut tokens = self.write();
        let is = |token: &KeptToken, tenant: &TenantId, id| token.id == id && token.tenant == *tenant;
        match change {
            TokenChange::Add(new) => {
                tokens.retain(|token| {
                    token.configured || token.tenant != new.tenant || token.is_good(new.created)
                });
                let free = !tokens.iter().any(|token| is(token, &new.tenant, new.id));
                if free {
                    tokens.push(new);
                }
                free
            }
            TokenChange::Rotate { old, ends, new } => {
                let found =
                    tokens.iter_mut().find(|token| is(token, &new.tenant, old) && token.is_good(new.created));
                let Some(found) = found else { return false };
                found.ends = Some(found.ends.map_or(ends, |earlier| earlier.min(ends)));
                tokens.push(new);
                true
            }
            TokenChange::Revoke { tenant, id, now } => {
                let found = tokens.iter_mut().find(|token| is(token, &tenant, id) && token.is_good(now));
                found.map(|token| token.ends = Some(Timestamp::EPOCH)).is_some()
            }
            TokenChange::Reset(new) => {
                for token in tokens.iter_mut().filter(|token| token.tenant == new.tenant) {
                    token.ends = Some(Timestamp::EPOCH);
                }
                tokens.push(new);
                true
            }
        }
    }
}

impl TokenStore for MemoryTokens {
    fn named(&self, id: TokenId) -> Answer<'_, Vec<KeptToken>> {
        Box::pin(ready(Ok(self.select(|token| token.id == id))))
    }

    fn of<'a>(&'a self, tenant: &'a TenantId) -> Answer<'a, Vec<KeptToken>> {
        Box::pin(ready(Ok(self.select(|token| token.tenant == *tenant))))
    }

    fn change(&self, change: TokenChange) -> Answer<'_, bool> {
        Box::pin(ready(Ok::<_, StoreError>(self.carry_out(change))))
    }
}
