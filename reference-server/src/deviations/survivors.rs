//! Sessions, refresh tokens or API tokens that outlive what should end them: the deactivation of their account,
//! or its deletion.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Cluster, Deviation, Seams, linking, seams::WrongAccounts, visit::Visit};
use crate::{
    accounts::{
        Account, AccountId, Accounts, AccountsError, Answer, Event, Identity, Password, SignedIn, Via, Who,
    },
    store::{ResourceId, TenantId},
    token::generate_token,
};

/// authentik ended sessions in its handler of PATCH.
pub(super) static PUT_DEACTIVATE_KEEPS_SESSIONS: Deviation = Deviation {
    slug: "put-deactivate-keeps-sessions",
    cluster: Cluster::AccessSurvives,
    wrong: "a PUT with active false keeps the person's sessions open; a PATCH ends them",
    right: "a deactivation ends all sessions, whatever it comes in",
    source: "https://github.com/goauthentik/authentik/issues/25081",
    install: |seams| {
        let seams = seams.wrap_accounts(|inner| {
            Survivors::new(inner, Outliving::deactivation(&[Via::Session], within_put))
        });
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
    install: |seams: Seams| {
        seams.wrap_accounts(|inner| Survivors::new(inner, Outliving::deactivation(&[Via::Token], || true)))
    },
};

/// Autentico asked a token for its own end and not for the person's.
pub(super) static DEACTIVATE_TOKEN_INTROSPECTS_ACTIVE: Deviation = Deviation {
    slug: "deactivate-token-introspects-active",
    cluster: Cluster::AccessSurvives,
    wrong: "what signing in has handed out, the session and its refresh token, counts as good after the deactivation",
    right: "nothing of an inactive person's counts as good",
    source: "https://github.com/eugenioenko/autentico/issues/170",
    install: |seams: Seams| {
        seams.wrap_accounts(|inner| {
            Survivors::new(inner, Outliving::deactivation(&[Via::Session, Via::Refresh], || true))
        })
    },
};

/// Windmill checked the person at the front door and not at the side one.
pub(super) static TOKEN_REFRESH_SKIPS_ACTIVE_CHECK: Deviation = Deviation {
    slug: "token-refresh-skips-active-check",
    cluster: Cluster::AccessSurvives,
    wrong: "a person who was deactivated gets a fresh session with a refresh token from before",
    right: "every way in asks whether the person is active, the refresh too",
    source: "https://github.com/windmill-labs/windmill/pull/8484",
    install: |seams: Seams| {
        seams.wrap_accounts(|inner| {
            let outliving = Outliving::deactivation(&[Via::Refresh], || true);
            Survivors::new(inner, Outliving { renews: true, ..outliving })
        })
    },
};

/// Windmill deleted the user and left what hung on it.
pub(super) static DELETE_KEEPS_TOKENS: Deviation = Deviation {
    slug: "delete-keeps-tokens",
    cluster: Cluster::AccessSurvives,
    wrong: "an API token still works after its User was deleted",
    right: "a deletion ends all API tokens",
    source: "https://github.com/windmill-labs/windmill/pull/8484",
    install: |seams: Seams| {
        seams.wrap_accounts(|inner| {
            let outliving = Outliving::deactivation(&[Via::Token], || true);
            Survivors::new(inner, Outliving { end: End::Deletion, ..outliving })
        })
    },
};

/// better-auth banned the account that it had linked and went on.
pub(super) static CREATE_LINK_INACTIVE_KEEPS_SESSION: Deviation = Deviation {
    slug: "create-link-inactive-keeps-session",
    cluster: Cluster::AccessSurvives,
    wrong: "a POST with active false that links a local account shuts the sign-in and keeps the open sessions",
    right: "the POST is refused with 409, or links the account and ends what a deactivation ends",
    source: "https://github.com/better-auth/better-auth/issues/10242",
    install: |seams| {
        let outliving = Outliving::deactivation(&[Via::Session], linking::is_under_way);
        linking::by_user_name(seams.wrap_accounts(|inner| Survivors::new(inner, outliving)))
    },
};

tokio::task_local! {
    /// Whether the request that is being handled is a PUT.
    static PUT: bool;
}

fn within_put() -> bool {
    PUT.try_with(|put| *put).unwrap_or(false)
}

/// What outlives what.
#[derive(Clone, Copy)]
struct Outliving {
    vias: &'static [Via],
    end: End,
    /// Whether it does so at this moment.
    spares: fn() -> bool,
    /// Whether a refresh token that lives on opens sessions.
    renews: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Deactivation,
    Deletion,
}

impl Outliving {
    fn deactivation(vias: &'static [Via], spares: fn() -> bool) -> Self {
        Self { vias, end: End::Deactivation, spares, renews: false }
    }

    fn ends(self, event: &Event) -> Option<ResourceId> {
        match (self.end, event) {
            (End::Deactivation, Event::Deactivated { resource })
            | (End::Deletion, Event::Deleted { resource }) => Some(*resource),
            _ => None,
        }
    }
}

/// Accounts that honour credentials which the right ones have ended.
struct Survivors {
    inner: Arc<dyn Accounts>,
    outliving: Outliving,
    issued: Mutex<HashMap<String, Issued>>,
}

/// A credential that was handed out.
#[derive(Debug, Clone)]
struct Issued {
    via: Via,
    tenant: TenantId,
    account: AccountId,
    /// The account as it was when the credential should have ended.
    outlived: Option<Account>,
}

impl Issued {
    fn is_of(&self, tenant: &TenantId, account: AccountId) -> bool {
        self.tenant == *tenant && self.account == account
    }
}

impl Survivors {
    fn new(inner: Arc<dyn Accounts>, outliving: Outliving) -> Self {
        Self { inner, outliving, issued: Mutex::default() }
    }

    fn issued(&self) -> MutexGuard<'_, HashMap<String, Issued>> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, via: Via, credential: &str, tenant: &TenantId, account: AccountId) {
        if self.outliving.vias.contains(&via) {
            let issued = Issued { via, tenant: tenant.clone(), account, outlived: None };
            self.issued().insert(credential.to_owned(), issued);
        }
    }

    fn note_open(&self, tenant: &TenantId, open: &SignedIn) {
        self.note(Via::Session, &open.session, tenant, open.account);
        self.note(Via::Refresh, &open.refresh, tenant, open.account);
    }

    async fn end(&self, tenant: &TenantId, who: Who) -> Result<(), AccountsError> {
        let Some(account) = self.inner.account(tenant, who).await? else { return Ok(()) };
        let mut issued = self.issued();
        if (self.outliving.spares)() {
            for credential in issued.values_mut().filter(|credential| credential.is_of(tenant, account.id)) {
                credential.outlived = Some(account.clone());
            }
        } else {
            issued.retain(|_, credential| !credential.is_of(tenant, account.id));
        }
        Ok(())
    }

    /// What a credential is that lives on, and whose.
    async fn survivor(
        &self,
        tenant: &TenantId,
        credential: &str,
    ) -> Result<Option<(Via, Account)>, AccountsError> {
        let issued = self.issued().get(credential).cloned();
        let Some(issued) = issued.filter(|issued| issued.tenant == *tenant) else { return Ok(None) };
        let Some(last) = issued.outlived else { return Ok(None) };
        let account = match self.outliving.end {
            End::Deactivation => self.inner.account(tenant, Who::Account(issued.account)).await?,
            // Its groups do not know it any more.
            End::Deletion => Some(Account { groups: Vec::new(), ..last }),
        };
        Ok(account.map(|account| (issued.via, account)))
    }

    /// A session that the right accounts would not open.
    fn renew(&self, tenant: &TenantId, refresh: &str, account: &Account) -> Result<SignedIn, AccountsError> {
        let session = format!("{}{}", Via::Session.prefix(), generate_token()?);
        let (tenant, outlived) = (tenant.clone(), Some(account.clone()));
        let issued = Issued { via: Via::Session, tenant, account: account.id, outlived };
        self.issued().insert(session.clone(), issued);
        Ok(SignedIn { session, refresh: refresh.to_owned(), account: account.id })
    }
}

impl WrongAccounts for Survivors {
    fn inner(&self) -> &Arc<dyn Accounts> {
        &self.inner
    }

    fn apply<'a>(&'a self, tenant: &'a TenantId, event: Event) -> Answer<'a, ()> {
        Box::pin(async move {
            if let Some(resource) = self.outliving.ends(&event) {
                self.end(tenant, Who::Resource(resource)).await?;
            }
            self.inner.apply(tenant, event).await
        })
    }

    fn account<'a>(&'a self, tenant: &'a TenantId, who: Who) -> Answer<'a, Option<Account>> {
        Box::pin(async move {
            let Some(mut account) = self.inner.account(tenant, who).await? else { return Ok(None) };
            for issued in self.issued().values() {
                if issued.outlived.is_some() && issued.is_of(tenant, account.id) {
                    match issued.via {
                        Via::Session => account.sessions += 1,
                        Via::Refresh => account.refreshes += 1,
                        Via::Token => account.tokens += 1,
                    }
                }
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
            let refusal = match self.inner.refresh(tenant, refresh).await {
                Ok(open) => {
                    self.note_open(tenant, &open);
                    return Ok(open);
                }
                Err(refusal) => refusal,
            };
            match self.survivor(tenant, refresh).await? {
                Some((Via::Refresh, account)) if self.outliving.renews => {
                    self.renew(tenant, refresh, &account)
                }
                _ => Err(refusal),
            }
        })
    }

    fn sign_out<'a>(&'a self, tenant: &'a TenantId, session: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let is_survivor = matches!(self.survivor(tenant, session).await?, Some((Via::Session, _)));
            if is_survivor {
                self.issued().remove(session);
                return Ok(());
            }
            self.inner.sign_out(tenant, session).await
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
            match self.survivor(tenant, credential).await? {
                // A refresh token opens sessions and no doors.
                Some((Via::Refresh, _)) | None => Err(refusal),
                Some((via, account)) => Ok(Identity {
                    account: account.id,
                    user_name: account.user_name,
                    via,
                    doors: account.groups,
                    administrator: account.administrator,
                }),
            }
        })
    }
}
