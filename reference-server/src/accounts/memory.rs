//! Accounts in memory: the ones behind the store in memory.

use std::{
    collections::HashMap,
    future::ready,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Account, AccountId, Accounts, AccountsError, Answer, EndPermit, Event, Identity, Password, SignedIn, Via,
    Who, roll::Roll,
};
use crate::store::{ResourceId, TenantId};

/// The accounts of all tenants, in memory. Each call is one turn on one lock, so that between an event and its
/// effect there is no moment in which somebody could slip in.
#[derive(Debug, Default)]
pub struct MemoryAccounts {
    tenants: Mutex<HashMap<TenantId, Tenant>>,
}

#[derive(Debug, Default)]
struct Tenant {
    roll: Roll,
    /// Held by whoever ends an account that administers the application.
    endings: Arc<tokio::sync::Mutex<()>>,
}

impl Accounts for MemoryAccounts {
    fn apply<'a>(&'a self, tenant: &'a TenantId, event: Event) -> Answer<'a, ()> {
        Box::pin(ready(self.turn(tenant, |data| data.roll.apply(event))))
    }

    fn account<'a>(&'a self, tenant: &'a TenantId, who: Who) -> Answer<'a, Option<Account>> {
        Box::pin(ready(Ok(self.turn(tenant, |data| data.roll.account(&who)))))
    }

    fn permit_end<'a>(&'a self, tenant: &'a TenantId, resource: ResourceId) -> Answer<'a, EndPermit> {
        Box::pin(async move {
            let endings =
                self.turn(tenant, |data| data.roll.administers(resource).then(|| Arc::clone(&data.endings)));
            let Some(endings) = endings else { return Ok(EndPermit::free()) };
            let held = endings.lock_owned().await;
            // Only now: while this one waited, the other one may have gone.
            if self.turn(tenant, |data| data.roll.is_last_administrator(resource)) {
                return Err(AccountsError::LastAdministrator);
            }
            Ok(EndPermit::holding(held))
        })
    }

    fn sign_in<'a>(
        &'a self,
        tenant: &'a TenantId,
        user_name: &'a str,
        password: Password,
    ) -> Answer<'a, SignedIn> {
        Box::pin(ready(self.turn(tenant, |data| data.roll.sign_in(user_name, &password))))
    }

    fn open_session(&self, tenant: &TenantId, account: AccountId) -> Answer<'_, SignedIn> {
        Box::pin(ready(self.turn(tenant, |data| data.roll.open(account))))
    }

    fn refresh<'a>(&'a self, tenant: &'a TenantId, refresh: &'a str) -> Answer<'a, SignedIn> {
        Box::pin(ready(self.turn(tenant, |data| data.roll.refresh(refresh))))
    }

    fn sign_out<'a>(&'a self, tenant: &'a TenantId, session: &'a str) -> Answer<'a, ()> {
        Box::pin(ready(self.turn(tenant, |data| data.roll.sign_out(session))))
    }

    fn issue_token(&self, tenant: &TenantId, account: AccountId) -> Answer<'_, String> {
        Box::pin(ready(self.turn(tenant, |data| data.roll.issue(account, Via::Token, None))))
    }

    fn identify<'a>(&'a self, tenant: &'a TenantId, credential: &'a str) -> Answer<'a, Identity> {
        Box::pin(ready(self.turn(tenant, |data| data.roll.identify(credential))))
    }
}

impl MemoryAccounts {
    fn turn<T>(&self, tenant: &TenantId, turn: impl FnOnce(&mut Tenant) -> T) -> T {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        match tenants.get_mut(tenant) {
            Some(data) => turn(data),
            None => turn(tenants.entry(tenant.clone()).or_default()),
        }
    }
}

#[cfg(test)]
mod durable;
#[cfg(test)]
use self::durable::fresh;
#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;
