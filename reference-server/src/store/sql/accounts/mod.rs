//! The accounts behind a store in a SQL database, in the same database: durable, sessions and tokens included,
//! and one for all servers on it. What a call does is `Roll`'s; here the few accounts that a call is about are
//! read, and what has changed of them is written.

mod document;
mod turn;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::future::BoxFuture;
use tokio::sync::Mutex as AsyncMutex;

pub(super) use self::{
    document::{kept, read},
    turn::{AccountRow, AccountRows, Failure, credential, perform},
};
use crate::{
    accounts::{
        Account, AccountId, Accounts, AccountsError, Answer, CredentialId, EndPermit, Event, Identity,
        Password, PasswordHash, Roll, SignedIn, Via, Who, beside, credential_id,
    },
    store::{ResourceId, TenantId},
};

/// The accounts of all tenants, in a SQL database.
#[derive(Debug)]
pub(crate) struct SqlAccounts<D> {
    database: D,
    /// Held by whoever ends an account that administers the application of a tenant.
    endings: Mutex<HashMap<TenantId, Arc<AsyncMutex<()>>>>,
}

/// What accounts need of a database.
pub(crate) trait Database: Send + Sync + 'static {
    /// Reads what the call is about and looks at it.
    fn look<'a, T: Send + 'static>(
        &'a self,
        tenant: &'a TenantId,
        about: About,
        look: Turn<T>,
    ) -> BoxFuture<'a, Result<T, AccountsError>>;

    /// Reads what the call is about, changes it and writes it, with nobody in between. Nothing is written if the
    /// turn fails. The turn may be taken again, if another server came in between.
    fn change<'a, T: Send + 'static>(
        &'a self,
        tenant: &'a TenantId,
        about: About,
        change: Turn<T>,
    ) -> BoxFuture<'a, Result<T, AccountsError>>;

    /// Keeps other servers from ending an administrator of the tenant for as long as what it gives is held.
    fn hold_endings<'a>(
        &'a self,
        tenant: &'a TenantId,
    ) -> BoxFuture<'a, Result<Box<dyn Send>, AccountsError>>;
}

/// What happens to the accounts that were read.
pub(crate) type Turn<T> = Arc<dyn Fn(&mut Roll) -> Result<T, AccountsError> + Send + Sync>;

/// Which accounts, names and groups a call is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct About {
    pub(super) accounts: Vec<AccountId>,
    pub(super) resources: Vec<ResourceId>,
    /// As [`crate::scim::compare::fold`] gives them.
    pub(super) user_names: Vec<String>,
    pub(super) credential: Option<CredentialId>,
    pub(super) groups: Vec<ResourceId>,
    /// All that administer the application.
    pub(super) administrators: bool,
    /// A new account may be made.
    pub(super) fresh: bool,
}

impl<D: Database> SqlAccounts<D> {
    pub(super) fn new(database: D) -> Self {
        Self { database, endings: Mutex::default() }
    }

    fn endings(&self, tenant: &TenantId) -> Arc<AsyncMutex<()>> {
        let mut endings = self.endings.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(endings.entry(tenant.clone()).or_default())
    }
}

impl<D: Database> Accounts for SqlAccounts<D> {
    fn apply<'a>(&'a self, tenant: &'a TenantId, event: Event) -> Answer<'a, ()> {
        Box::pin(async move {
            let event = event.hardened().await?;
            let about = About::event(&event);
            let apply = Arc::new(move |roll: &mut Roll| roll.apply(event.clone()));
            self.database.change(tenant, about, apply).await
        })
    }

    fn account<'a>(&'a self, tenant: &'a TenantId, who: Who) -> Answer<'a, Option<Account>> {
        let about = About::who(&who);
        self.database.look(tenant, about, Arc::new(move |roll: &mut Roll| Ok(roll.account(&who))))
    }

    fn permit_end<'a>(&'a self, tenant: &'a TenantId, resource: ResourceId) -> Answer<'a, EndPermit> {
        Box::pin(async move {
            let about = About { resources: vec![resource], ..About::default() };
            let administers = Arc::new(move |roll: &mut Roll| Ok(roll.administers(resource)));
            if !self.database.look(tenant, about.clone(), administers).await? {
                return Ok(EndPermit::free());
            }
            // First among the callers of this server, so that at most one of them waits for other servers.
            let here = self.endings(tenant).lock_owned().await;
            let everywhere = self.database.hold_endings(tenant).await?;
            let about = About { administrators: true, ..about };
            let is_last = Arc::new(move |roll: &mut Roll| Ok(roll.is_last_administrator(resource)));
            if self.database.look(tenant, about, is_last).await? {
                return Err(AccountsError::LastAdministrator);
            }
            Ok(EndPermit::holding((everywhere, here)))
        })
    }

    fn sign_in<'a>(
        &'a self,
        tenant: &'a TenantId,
        user_name: &'a str,
        password: Password,
    ) -> Answer<'a, SignedIn> {
        Box::pin(async move {
            let about = About::who(&Who::UserName(user_name.to_owned()));
            let name = user_name.to_owned();
            let find = Arc::new(move |roll: &mut Roll| Ok(roll.password_of(&name)));
            let hash = self.database.look(tenant, about.clone(), find).await?;
            // A name that there is not takes as long as a password that is wrong.
            let hash = hash.unwrap_or_else(PasswordHash::of_nobody);
            let shown = hash.clone();
            if !beside(move || hash.matches(&password)).await? {
                return Err(AccountsError::NotKnown);
            }
            let name = user_name.to_owned();
            let open = Arc::new(move |roll: &mut Roll| roll.sign_in_by(&name, &shown));
            self.database.change(tenant, about, open).await
        })
    }

    fn open_session(&self, tenant: &TenantId, account: AccountId) -> Answer<'_, SignedIn> {
        let (tenant, about) = (tenant.clone(), About::who(&Who::Account(account)));
        let open = Arc::new(move |roll: &mut Roll| roll.open(account));
        Box::pin(async move { self.database.change(&tenant, about, open).await })
    }

    fn refresh<'a>(&'a self, tenant: &'a TenantId, refresh: &'a str) -> Answer<'a, SignedIn> {
        let (about, refresh) = (About::credential(refresh), refresh.to_owned());
        self.database.change(tenant, about, Arc::new(move |roll: &mut Roll| roll.refresh(&refresh)))
    }

    fn sign_out<'a>(&'a self, tenant: &'a TenantId, session: &'a str) -> Answer<'a, ()> {
        let (about, session) = (About::credential(session), session.to_owned());
        self.database.change(tenant, about, Arc::new(move |roll: &mut Roll| roll.sign_out(&session)))
    }

    fn issue_token(&self, tenant: &TenantId, account: AccountId) -> Answer<'_, String> {
        let (tenant, about) = (tenant.clone(), About::who(&Who::Account(account)));
        let issue = Arc::new(move |roll: &mut Roll| roll.issue(account, Via::Token, None));
        Box::pin(async move { self.database.change(&tenant, about, issue).await })
    }

    fn identify<'a>(&'a self, tenant: &'a TenantId, credential: &'a str) -> Answer<'a, Identity> {
        let (about, credential) = (About::credential(credential), credential.to_owned());
        self.database.look(tenant, about, Arc::new(move |roll: &mut Roll| roll.identify(&credential)))
    }
}

impl About {
    fn who(who: &Who) -> Self {
        let mut about = Self::default();
        match who {
            Who::Account(id) => about.accounts.push(*id),
            Who::Resource(resource) => about.resources.push(*resource),
            Who::UserName(name) => about.user_names.push(crate::scim::compare::fold(name).into_owned()),
        }
        about
    }

    fn credential(text: &str) -> Self {
        Self { credential: credential_id(text), ..Self::default() }
    }

    fn event(event: &Event) -> Self {
        let mut about = Self::default();
        match event {
            Event::Provisioned(person) => {
                about = Self::who(&Who::UserName(person.user_name.clone()));
                about.resources.push(person.resource);
                about.fresh = true;
            }
            Event::Renamed { resource, user_name } => {
                about = Self::who(&Who::UserName(user_name.clone()));
                about.resources.push(*resource);
            }
            Event::Linked { resource, .. }
            | Event::PasswordSet { resource, .. }
            | Event::Deactivated { resource }
            | Event::Reactivated { resource }
            | Event::Blocked { resource }
            | Event::Unblocked { resource }
            | Event::AdministratorSet { resource, .. }
            | Event::Deleted { resource } => about.resources.push(*resource),
            Event::GroupChanged { group, joined, left, .. } => {
                about.groups.push(*group);
                about.resources.extend(joined.iter().chain(left));
            }
            Event::GroupDeleted { group, members } => {
                about.groups.push(*group);
                about.resources.extend(members);
            }
        }
        about
    }
}
