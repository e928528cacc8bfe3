//! Accounts that hear something else than what happened, and the deviations that need nothing more.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::{Cluster, Deviation, seams::WrongAccounts};
use crate::{
    accounts::{Accounts, AccountsError, Answer, Event, Origin, Who},
    store::TenantId,
};

/// Snipe-IT changed what it displayed and not what it checked.
pub(super) static PREEXISTING_USER_ACTIVE_NOT_WRITTEN: Deviation = Deviation {
    slug: "preexisting-user-active-not-written",
    cluster: Cluster::AccessSurvives,
    wrong: "for an account that is older than SCIM, active changes what is shown and not who gets in",
    right: "active governs every account, however it came to be",
    source: "https://github.com/grokability/snipe-it/issues/14481",
    install: |seams| {
        seams.wrap_accounts(|inner| {
            Rerouted::new(inner, |inner, tenant, event| Box::pin(spare_preexisting(inner, tenant, event)))
        })
    },
};

/// Fleet kept the old address in places of its own.
pub(super) static RENAME_LEAVES_STALE_COPIES: Deviation = Deviation {
    slug: "rename-leaves-stale-copies",
    cluster: Cluster::IdentityLost,
    wrong: "a changed userName changes the User only; the person still signs in by the old name and not by the new one",
    right: "a changed userName changes what the person signs in with",
    source: "https://github.com/fleetdm/fleet/issues/52992",
    install: |seams| {
        seams.wrap_accounts(|inner| {
            Rerouted::new(inner, |_, _, event| {
                Box::pin(async move {
                    Ok(if matches!(event, Event::Renamed { .. }) { Vec::new() } else { vec![event] })
                })
            })
        })
    },
};

async fn spare_preexisting(
    inner: Arc<dyn Accounts>,
    tenant: TenantId,
    event: Event,
) -> Result<Vec<Event>, AccountsError> {
    let (Event::Deactivated { resource } | Event::Reactivated { resource }) = &event else {
        return Ok(vec![event]);
    };
    let account = inner.account(&tenant, Who::Resource(*resource)).await?;
    let spared = account.is_some_and(|account| account.origin == Origin::Administrator);
    Ok(if spared { Vec::new() } else { vec![event] })
}

/// Accounts for which each event is replaced by others, or by none.
pub(super) struct Rerouted {
    inner: Arc<dyn Accounts>,
    reroute: Reroute,
}

type Reroute =
    fn(Arc<dyn Accounts>, TenantId, Event) -> BoxFuture<'static, Result<Vec<Event>, AccountsError>>;

impl Rerouted {
    pub(super) fn new(inner: Arc<dyn Accounts>, reroute: Reroute) -> Self {
        Self { inner, reroute }
    }
}

impl WrongAccounts for Rerouted {
    fn inner(&self) -> &Arc<dyn Accounts> {
        &self.inner
    }

    fn apply<'a>(&'a self, tenant: &'a TenantId, event: Event) -> Answer<'a, ()> {
        Box::pin(async move {
            for event in (self.reroute)(Arc::clone(&self.inner), tenant.clone(), event).await? {
                self.inner.apply(tenant, event).await?;
            }
            Ok(())
        })
    }
}
