//! Sessions or API tokens that outlive the deactivation of their account.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Cluster, Deviation, Seams, seams::WrongAccounts, visit::Visit};
use crate::{
    accounts::{
        Account, AccountId, Accounts, AccountsError, Answer, Event, Identity, Password, SignedIn, Via, Who,
    },
    store::TenantId,
};

/// authentik ended sessions in its handler of PATCH.
pub(super) static PUT_DEACTIVATE_KEEPS_SESSIONS: Deviation = Deviation {
    slug: "put-deactivate-keeps-sessions",
    cluster: Cluster::AccessSurvives,
    wrong: "a PUT with active false keeps the person's sessions open; a PATCH ends them",
    right: "a deactivation ends all sessions, whatever it comes in",
    source: "https://github.com/goauthentik/authentik/issues/25081",
    install: |seams| {
        let seams = seams.wrap_accounts(|inner| Survivors::new(inner, Via::Session, within_put));
        seams.wrap_users(async |visit: Visit| {
            let is_put = visit.is_put();
            PUT.scope(is_put, visit.go()).await
        })
    },
};

/// agent-bom, LiteLLM and Marmot checked the person at sign-in and not behind a key.
pub(super) static DEACTIVATE_KEEPS_API_KEYS: Deviation = Deviation {
    slug: "deactivate-keeps-api-keys",
    cluster: Cluster::AccessSurvives,
    wrong: "an API token that the person has issued before still works after the deactivation",
    right: "a deactivation ends all API tokens",
    source: "https://github.com/BerriAI/litellm/issues/26861",
    install: |seams: Seams| seams.wrap_accounts(|inner| Survivors::new(inner, Via::Token, || true)),
};

tokio::task_local! {
    /// Whether the request that is being handled is a PUT.
    static PUT: bool;
}

fn within_put() -> bool {
    PUT.try_with(|put| *put).unwrap_or(false)
}

/// Accounts that honour credentials which the right ones have ended.
struct Survivors {
    inner: Arc<dyn Accounts>,
    via: Via,
    spares: fn() -> bool,
    issued: Mutex<HashMap<String, Issued>>,
}

/// A credential that was handed out.
#[derive(Debug, Clone)]
struct Issued {
    tenant: TenantId,
    account: AccountId,
    outlived: bool,
}

impl Issued {
    fn is_of(&self, tenant: &TenantId, account: AccountId) -> bool {
        self.tenant == *tenant && self.account == account
    }
}

impl Survivors {
    fn new(inner: Arc<dyn Accounts>, via: Via, spares: fn() -> bool) -> Self {
        Self { inner, via, spares, issued: Mutex::default() }
    }

    fn issued(&self) -> MutexGuard<'_, HashMap<String, Issued>> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, via: Via, credential: &str, tenant: &TenantId, account: AccountId) {
        if via == self.via {
            let issued = Issued { tenant: tenant.clone(), account, outlived: false };
            self.issued().insert(credential.to_owned(), issued);
        }
    }

    fn note_open(&self, tenant: &TenantId, open: &SignedIn) {
        self.note(Via::Session, &open.session, tenant, open.account);
        self.note(Via::Refresh, &open.refresh, tenant, open.account);
    }

    async fn deactivate(&self, tenant: &TenantId, who: Who) -> Result<(), AccountsError> {
        let Some(account) = self.inner.account(tenant, who).await? else { return Ok(()) };
        let mut issued = self.issued();
        if (self.spares)() {
            for credential in issued.values_mut().filter(|credential| credential.is_of(tenant, account.id)) {
                credential.outlived = true;
            }
        } else {
            issued.retain(|_, credential| !credential.is_of(tenant, account.id));
        }
        Ok(())
    }
}

impl WrongAccounts for Survivors {
    fn inner(&self) -> &Arc<dyn Accounts> {
        &self.inner
    }

    fn apply<'a>(&'a self, tenant: &'a TenantId, event: Event) -> Answer<'a, ()> {
        Box::pin(async move {
            if let Event::Deactivated { resource } = &event {
                self.deactivate(tenant, Who::Resource(*resource)).await?;
            }
            self.inner.apply(tenant, event).await
        })
    }

    fn account<'a>(&'a self, tenant: &'a TenantId, who: Who) -> Answer<'a, Option<Account>> {
        Box::pin(async move {
            let Some(mut account) = self.inner.account(tenant, who).await? else { return Ok(None) };
            let outlived = |credential: &&Issued| credential.outlived && credential.is_of(tenant, account.id);
            let count = self.issued().values().filter(outlived).count();
            match self.via {
                Via::Session => account.sessions += count,
                Via::Refresh => account.refreshes += count,
                Via::Token => account.tokens += count,
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
            self.note_open(tenant, &open);
            Ok(open)
        })
    }

    fn open_session(&self, tenant: &TenantId, account: AccountId) -> Answer<'_, SignedIn> {
        let (opening, tenant) = (self.inner.open_session(tenant, account), tenant.clone());
        Box::pin(async move {
            let open = opening.await?;
            self.note_open(&tenant, &open);
            Ok(open)
        })
    }

    fn refresh<'a>(&'a self, tenant: &'a TenantId, refresh: &'a str) -> Answer<'a, SignedIn> {
        Box::pin(async move {
            let open = self.inner.refresh(tenant, refresh).await?;
            self.note_open(tenant, &open);
            Ok(open)
        })
    }

    fn sign_out<'a>(&'a self, tenant: &'a TenantId, session: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let outlived = self.via == Via::Session
                && self.issued().remove(session).is_some_and(|issued| issued.outlived);
            if outlived { Ok(()) } else { self.inner.sign_out(tenant, session).await }
        })
    }

    fn issue_token(&self, tenant: &TenantId, account: AccountId) -> Answer<'_, String> {
        let (issuing, tenant) = (self.inner.issue_token(tenant, account), tenant.clone());
        Box::pin(async move {
            let token = issuing.await?;
            self.note(Via::Token, &token, &tenant, account);
            Ok(token)
        })
    }

    fn identify<'a>(&'a self, tenant: &'a TenantId, credential: &'a str) -> Answer<'a, Identity> {
        Box::pin(async move {
            let refusal = match self.inner.identify(tenant, credential).await {
                Err(refusal @ (AccountsError::NotKnown | AccountsError::Blocked)) => refusal,
                identified => return identified,
            };
            let issued = self.issued().get(credential).cloned();
            let issued = issued.filter(|issued| issued.outlived && issued.tenant == *tenant);
            let Some(issued) = issued else { return Err(refusal) };
            let account = self.inner.account(tenant, Who::Account(issued.account)).await?.ok_or(refusal)?;
            Ok(Identity {
                account: account.id,
                user_name: account.user_name,
                via: self.via,
                doors: account.groups,
            })
        })
    }
}
