//! Accounts that are told to be inactive, say so, and are not quite.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Cluster, Deviation, Seams, seams::WrongAccounts};
use crate::{
    accounts::{
        Account, AccountId, Accounts, AccountsError, Answer, Event, Identity, Password, SignedIn, State, Who,
    },
    store::{ResourceId, TenantId},
};

/// dmarq took the membership of the workspace away and left the role in the organisation.
pub(super) static DEACTIVATE_LEAVES_OUTER_ROLE: Deviation = Deviation {
    slug: "deactivate-leaves-outer-role",
    cluster: Cluster::AccessSurvives,
    wrong: "a deactivation shuts the doors of the person's groups, and the person still signs in to the application",
    right: "a deactivation ends all that was granted, in the groups and around them",
    source: "https://github.com/christianlouis/dmarq/issues/949",
    install: |seams: Seams| seams.wrap_accounts(|inner| Veiled::new(inner, Bug::OuterRole)),
};

/// Sentry deprovisioned members, and an invited person was none yet.
pub(super) static PENDING_INVITE_SURVIVES_DEPROVISION: Deviation = Deviation {
    slug: "pending-invite-survives-deprovision",
    cluster: Cluster::AccessSurvives,
    wrong: "who was deactivated before ever signing in can still come in for the first time",
    right: "a deactivation takes back what was handed out for the first sign-in",
    source: "https://github.com/getsentry/sentry/issues/45430",
    install: |seams: Seams| seams.wrap_accounts(|inner| Veiled::new(inner, Bug::Invitation)),
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Bug {
    OuterRole,
    Invitation,
}

struct Veiled {
    inner: Arc<dyn Accounts>,
    bug: Bug,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Inactive for SCIM, and active in truth.
    veiled: HashSet<(TenantId, ResourceId)>,
    /// Who has signed in before.
    arrived: HashSet<(TenantId, AccountId)>,
}

impl Veiled {
    fn new(inner: Arc<dyn Accounts>, bug: Bug) -> Self {
        Self { inner, bug, seen: Mutex::default() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_veiled(&self, tenant: &TenantId, resource: ResourceId) -> bool {
        self.seen().veiled.contains(&(tenant.clone(), resource))
    }

    async fn deactivate(&self, tenant: &TenantId, resource: ResourceId) -> Result<(), AccountsError> {
        let Some(account) = self.inner.account(tenant, Who::Resource(resource)).await? else { return Ok(()) };
        let spared = match self.bug {
            Bug::OuterRole => true,
            Bug::Invitation => !self.seen().arrived.contains(&(tenant.clone(), account.id)),
        };
        if spared {
            self.seen().veiled.insert((tenant.clone(), resource));
        }
        if self.bug == Bug::OuterRole {
            return Ok(());
        }
        self.inner.apply(tenant, Event::Deactivated { resource }).await?;
        // What was held has ended; only the way in for the first time is left open.
        if spared { self.inner.apply(tenant, Event::Reactivated { resource }).await } else { Ok(()) }
    }
}

impl WrongAccounts for Veiled {
    fn inner(&self) -> &Arc<dyn Accounts> {
        &self.inner
    }

    fn apply<'a>(&'a self, tenant: &'a TenantId, event: Event) -> Answer<'a, ()> {
        Box::pin(async move {
            match event {
                Event::Deactivated { resource } => self.deactivate(tenant, resource).await,
                Event::Reactivated { resource } | Event::Deleted { resource } => {
                    self.seen().veiled.remove(&(tenant.clone(), resource));
                    self.inner.apply(tenant, event).await
                }
                event => self.inner.apply(tenant, event).await,
            }
        })
    }

    fn account<'a>(&'a self, tenant: &'a TenantId, who: Who) -> Answer<'a, Option<Account>> {
        Box::pin(async move {
            let Some(mut account) = self.inner.account(tenant, who).await? else { return Ok(None) };
            if self.is_veiled(tenant, account.resource) {
                account.state = State::of(false, account.state.is_blocked_by_administrator());
            }
            Ok(Some(account))
        })
    }

    fn sign_in<'a>(
        &'a self,
        tenant: &'a TenantId,
        user_name: &'a str,
        password: Password,
    ) -> Answer<'a, SignedIn> {
        Box::pin(async move {
            let open = self.inner.sign_in(tenant, user_name, password).await?;
            self.seen().arrived.insert((tenant.clone(), open.account));
            Ok(open)
        })
    }

    fn issue_token(&self, tenant: &TenantId, account: AccountId) -> Answer<'_, String> {
        let tenant = tenant.clone();
        Box::pin(async move {
            let held = self.inner.account(&tenant, Who::Account(account)).await?;
            let arrived = self.seen().arrived.contains(&(tenant.clone(), account));
            let veiled = held.is_some_and(|held| self.is_veiled(&tenant, held.resource));
            if veiled && !arrived {
                return Err(AccountsError::Blocked);
            }
            self.inner.issue_token(&tenant, account).await
        })
    }

    fn identify<'a>(&'a self, tenant: &'a TenantId, credential: &'a str) -> Answer<'a, Identity> {
        Box::pin(async move {
            let mut identity = self.inner.identify(tenant, credential).await?;
            if self.bug == Bug::OuterRole {
                let account = self.inner.account(tenant, Who::Account(identity.account)).await?;
                if account.is_some_and(|account| self.is_veiled(tenant, account.resource)) {
                    identity.doors.clear();
                }
            }
            Ok(identity)
        })
    }
}
