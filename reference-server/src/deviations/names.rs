//! People who cannot come back, because something of them is still in the way or gets lost on the way.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Cluster, Deviation,
    active::for_operations,
    memory::Memory,
    operations::{aims, field},
    seams::{WrongAccounts, WrongStore},
    wire::Server,
    writes::{Verdict, Write},
};
use crate::{
    accounts::{Accounts, AccountsError, Answer, Event, Origin, Password, SignedIn, Who},
    scim::compare::fold,
    store::{self, Committed, Indexed, Key, Kind, ResourceId, Store, StoreError, TenantId},
};

/// django-scim2 had a name for ever.
pub(super) static RECREATE_AFTER_REMOVAL_ALREADY_EXISTS: Deviation = Deviation {
    slug: "recreate-after-removal-already-exists",
    cluster: Cluster::IdentityLost,
    wrong: "after a DELETE the User is found nowhere, and a POST of the same userName is answered with 409 for ever",
    right: "who was deleted can be created again, or is found and can be reactivated",
    source: "https://github.com/15five/django-scim2/issues/83",
    install: |seams| {
        let taken = Memory::default();
        seams.wrap_store(|inner| Reserved { inner, taken, buries: true })
    },
};

/// OpenWork wrote a row before it looked whether the person may come in.
pub(super) static GHOST_USER_BLOCKS_REPROVISION: Deviation = Deviation {
    slug: "ghost-user-blocks-reprovision",
    cluster: Cluster::IdentityLost,
    wrong: "a sign-in that is refused because there is no such account takes the name: a later POST of it is answered with 409",
    right: "a refused sign-in leaves nothing behind",
    source: "https://github.com/different-ai/openwork/issues/4775",
    install: |seams| {
        let ghosts: Memory<()> = Memory::default();
        let taken = ghosts.clone();
        let seams = seams.wrap_store(|inner| Reserved { inner, taken, buries: false });
        seams.wrap_accounts(|inner| Haunted { inner, ghosts })
    },
};

/// PostHog wrote what its own record of the person had, which was nothing.
pub(super) static UPDATE_OVERWRITES_IDP_LINK: Deviation = Deviation {
    slug: "update-overwrites-idp-link",
    cluster: Cluster::IdentityLost,
    wrong: "a PATCH that does not speak of them takes the externalId away and writes the email over the userName",
    right: "a PATCH changes what it names",
    source: "https://github.com/PostHog/posthog/issues/42603",
    install: |seams| seams.judge_writes(overwrite_link),
};

/// Kobo looked for whom to enable by the address.
pub(super) static REACTIVATE_ENABLES_UNRELATED_LOCAL_ACCOUNT: Deviation = Deviation {
    slug: "reactivate-enables-unrelated-local-account",
    cluster: Cluster::IdentityLost,
    wrong: "a creation or reactivation also unblocks another account that has the same email and that the administrator has blocked",
    right: "a reactivation opens the one account of the User",
    source: "https://github.com/kobotoolbox/kpi/pull/7076",
    install: |seams| {
        let store = Arc::clone(&seams.store);
        seams.wrap_accounts(|inner| ByEmail { inner, store })
    },
};

/// Names that nobody can have, by tenant.
struct Reserved {
    inner: Arc<dyn Store>,
    taken: Memory<()>,
    /// Whether who is deleted takes the name away.
    buries: bool,
}

impl Reserved {
    /// The key of a draft's userName, if it is reserved.
    fn reserved(&self, tenant: &TenantId, draft: &store::Draft) -> Option<Key> {
        let mut names = draft.keys.iter().filter(|key| key.attribute == Indexed::UserName);
        names.find(|key| self.taken.has(&place(tenant, &key.value))).cloned()
    }
}

impl WrongStore for Reserved {
    fn inner(&self) -> &Arc<dyn Store> {
        &self.inner
    }

    fn commit<'a>(&'a self, tenant: &'a TenantId, write: store::Write) -> store::Answer<'a, Committed> {
        Box::pin(async move {
            let draft = match &write {
                store::Write::Create { kind: Kind::User, draft, .. } => Some(draft),
                store::Write::Update { kind: Kind::User, draft, .. } => draft.as_ref(),
                _ => None,
            };
            if let Some(key) = draft.and_then(|draft| self.reserved(tenant, draft)) {
                return Err(StoreError::Taken { key });
            }
            let buries = self.buries && matches!(write, store::Write::Delete { kind: Kind::User, .. });
            let committed = self.inner.commit(tenant, write).await?;
            if buries {
                let user: Value = serde_json::from_str(&committed.record.text).unwrap_or_default();
                if let Some(name) = user["userName"].as_str() {
                    self.taken.set(&place(tenant, &fold(name)), ());
                }
            }
            Ok(committed)
        })
    }
}

fn place(tenant: &TenantId, name: &str) -> String {
    format!("{}/{name}", tenant.as_str())
}

/// Accounts of which a refused sign-in leaves something behind.
struct Haunted {
    inner: Arc<dyn Accounts>,
    ghosts: Memory<()>,
}

impl WrongAccounts for Haunted {
    fn inner(&self) -> &Arc<dyn Accounts> {
        &self.inner
    }

    fn sign_in<'a>(
        &'a self,
        tenant: &'a TenantId,
        user_name: &'a str,
        password: Password,
    ) -> Answer<'a, SignedIn> {
        Box::pin(async move {
            let outcome = self.inner.sign_in(tenant, user_name, password).await;
            if let Err(AccountsError::NotKnown) = outcome {
                let account = self.inner.account(tenant, Who::UserName(user_name.to_owned())).await?;
                if account.is_none() {
                    self.ghosts.set(&place(tenant, &fold(user_name)), ());
                }
            }
            outcome
        })
    }
}

async fn overwrite_link(server: Server, mut write: Write) -> Verdict {
    let current = if write.is_user() && write.is_patch() { write.current(&server).await } else { None };
    let Some(current) = current else { return Verdict::Go(write) };
    let aims = aims(&write.body);
    let spoken_of = |name: &str| aims.iter().any(|aim| aim.names(name));
    let mut more = Vec::new();
    if !spoken_of("externalId") && current.get("externalId").is_some() {
        more.push(json!({"op": "remove", "path": "externalId"}));
    }
    if let Some(email) = email_of(&current).filter(|_| !spoken_of("userName")) {
        more.push(json!({"op": "replace", "path": "userName", "value": email}));
    }
    for_operations(&mut write.body, |operations| operations.extend(more));
    Verdict::Go(write)
}

fn email_of(user: &Value) -> Option<&str> {
    let emails = user.get("emails")?.as_array()?;
    let primary = emails.iter().find(|email| email.get("primary") == Some(&Value::Bool(true)));
    primary.or(emails.first())?.get("value")?.as_str()
}

/// Accounts that are opened by their address.
struct ByEmail {
    inner: Arc<dyn Accounts>,
    store: Arc<dyn Store>,
}

impl ByEmail {
    async fn open_all(&self, tenant: &TenantId, resource: ResourceId) -> Result<(), AccountsError> {
        let record = self.store.read(tenant, Kind::User, resource).await.ok().flatten();
        let Some(record) = record else { return Ok(()) };
        let user: Value = serde_json::from_str(&record.text).unwrap_or_default();
        let emails = field(&user, "emails").and_then(Value::as_array).into_iter().flatten();
        for email in emails.filter_map(|email| field(email, "value")?.as_str()) {
            let key = Key { attribute: Indexed::EmailsValue, value: fold(email).into() };
            for other in self.store.find(tenant, Kind::User, &key).await.unwrap_or_default() {
                let account = self.inner.account(tenant, Who::Resource(other.id)).await?;
                if other.id != resource
                    && account.is_some_and(|account| account.origin == Origin::Administrator)
                {
                    self.inner.apply(tenant, Event::Unblocked { resource: other.id }).await?;
                }
            }
        }
        Ok(())
    }
}

impl WrongAccounts for ByEmail {
    fn inner(&self) -> &Arc<dyn Accounts> {
        &self.inner
    }

    fn apply<'a>(&'a self, tenant: &'a TenantId, event: Event) -> Answer<'a, ()> {
        Box::pin(async move {
            let opened = match &event {
                Event::Reactivated { resource } => Some(*resource),
                Event::Provisioned(person) if person.active && person.origin == Origin::Scim => {
                    Some(person.resource)
                }
                _ => None,
            };
            self.inner.apply(tenant, event).await?;
            match opened {
                Some(resource) => self.open_all(tenant, resource).await,
                None => Ok(()),
            }
        })
    }
}
