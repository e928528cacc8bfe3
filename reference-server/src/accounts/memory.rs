//! Accounts in memory: the ones behind the store in memory.

use std::{
    collections::{BTreeSet, HashMap},
    future::ready,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Account, AccountId, Accounts, AccountsError, Answer, EndPermit, Event, Identity, Origin, Password,
    PasswordHash, Person, SignedIn, State, Via, Who,
};
use crate::{
    scim::compare::fold,
    store::{ResourceId, TenantId},
    token::{self, TokenError, TokenHash},
};

/// The accounts of all tenants, in memory. Each call is one turn on one lock, so that between an event and its
/// effect there is no moment in which somebody could slip in.
#[derive(Debug, Default)]
pub struct MemoryAccounts {
    tenants: Mutex<HashMap<TenantId, Tenant>>,
}

impl Accounts for MemoryAccounts {
    fn apply<'a>(&'a self, tenant: &'a TenantId, event: Event) -> Answer<'a, ()> {
        Box::pin(ready(self.turn(tenant, |data| data.apply(event))))
    }

    fn account<'a>(&'a self, tenant: &'a TenantId, who: Who) -> Answer<'a, Option<Account>> {
        Box::pin(ready(Ok(self.turn(tenant, |data| {
            let id = match who {
                Who::Account(id) => id,
                Who::Resource(resource) => *data.by_resource.get(&resource)?,
                Who::UserName(name) => *data.by_user_name.get(&*fold(&name))?,
            };
            data.accounts.get(&id).map(|held| data.describe(id, held))
        }))))
    }

    fn permit_end<'a>(&'a self, tenant: &'a TenantId, resource: ResourceId) -> Answer<'a, EndPermit> {
        Box::pin(async move {
            let Some(endings) = self.turn(tenant, |data| data.endings_of_administrator(resource)) else {
                return Ok(EndPermit::free());
            };
            let held = endings.lock_owned().await;
            // Only now: while this one waited, the other one may have gone.
            if self.turn(tenant, |data| data.is_last_administrator(resource)) {
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
        Box::pin(ready(self.turn(tenant, |data| {
            let found = data.by_user_name.get(&*fold(user_name)).copied();
            let hash = found.and_then(|id| data.accounts.get(&id)?.password.as_ref());
            // A name that there is not takes as long as a password that is wrong.
            let right = hash.map_or_else(|| data.nobody.matches(&password), |hash| hash.matches(&password));
            match found {
                Some(account) if right => data.open(account),
                _ => Err(AccountsError::NotKnown),
            }
        })))
    }

    fn open_session(&self, tenant: &TenantId, account: AccountId) -> Answer<'_, SignedIn> {
        Box::pin(ready(self.turn(tenant, |data| data.open(account))))
    }

    fn refresh<'a>(&'a self, tenant: &'a TenantId, refresh: &'a str) -> Answer<'a, SignedIn> {
        Box::pin(ready(self.turn(tenant, |data| {
            let (_, held) = data.credential(refresh).ok_or(AccountsError::NotKnown)?;
            if held.via != Via::Refresh {
                return Err(AccountsError::NotKnown);
            }
            let (account, signing_in) = (held.account, held.signing_in);
            let session = data.issue(account, Via::Session, signing_in)?;
            Ok(SignedIn { session, refresh: refresh.to_owned(), account })
        })))
    }

    fn sign_out<'a>(&'a self, tenant: &'a TenantId, session: &'a str) -> Answer<'a, ()> {
        Box::pin(ready(self.turn(tenant, |data| {
            let (_, held) = data.credential(session).ok_or(AccountsError::NotKnown)?;
            if held.via != Via::Session {
                return Err(AccountsError::NotKnown);
            }
            let (account, signing_in) = (held.account, held.signing_in);
            let Some(held) = data.accounts.get_mut(&account) else { return Ok(()) };
            let credentials = &mut data.credentials;
            held.credentials.retain(|id| {
                let stays = credentials.get(id).is_some_and(|other| other.signing_in != signing_in);
                if !stays {
                    credentials.remove(id);
                }
                stays
            });
            Ok(())
        })))
    }

    fn issue_token(&self, tenant: &TenantId, account: AccountId) -> Answer<'_, String> {
        Box::pin(ready(self.turn(tenant, |data| data.issue(account, Via::Token, None))))
    }

    fn identify<'a>(&'a self, tenant: &'a TenantId, credential: &'a str) -> Answer<'a, Identity> {
        Box::pin(ready(self.turn(tenant, |data| {
            let (_, credential) = data.credential(credential).ok_or(AccountsError::NotKnown)?;
            if credential.via == Via::Refresh {
                return Err(AccountsError::NotKnown);
            }
            let held = data.accounts.get(&credential.account).ok_or(AccountsError::NotKnown)?;
            // Deactivation has ended the credential already; a second look at the state costs nothing.
            held.usable()?;
            Ok(Identity {
                account: credential.account,
                user_name: held.user_name.to_string(),
                via: credential.via,
                doors: data.group_names(held),
            })
        })))
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

impl From<TokenError> for AccountsError {
    fn from(error: TokenError) -> Self {
        Self::Failed(error.to_string())
    }
}

#[derive(Debug, Default)]
struct Tenant {
    /// Boxed, because a table of a million has another million places free.
    accounts: HashMap<AccountId, Box<Held>>,
    by_resource: HashMap<ResourceId, AccountId>,
    by_user_name: HashMap<Box<str>, AccountId>,
    group_names: HashMap<ResourceId, Box<str>>,
    credentials: HashMap<CredentialId, Credential>,
    next: u64,
    /// Held by whoever ends an account that administers the application.
    endings: Arc<tokio::sync::Mutex<()>>,
    /// The password of nobody.
    nobody: PasswordHash,
}

/// An account as it is kept.
#[derive(Debug)]
struct Held {
    origin: Origin,
    resource: ResourceId,
    user_name: Box<str>,
    external_id: Option<Box<str>>,
    saml_name_id: Option<Box<str>>,
    state: State,
    administrator: bool,
    password: Option<PasswordHash>,
    credentials: Vec<CredentialId>,
    groups: BTreeSet<ResourceId>,
}

impl Held {
    fn usable(&self) -> Result<(), AccountsError> {
        match self.state {
            State::Active => Ok(()),
            State::Blocked(_) => Err(AccountsError::Blocked),
        }
    }

    fn administers(&self) -> bool {
        self.administrator && self.state == State::Active
    }
}

/// The part of a credential that is no secret: by it the credential is found, so that its secret can be compared
/// in constant time.
type CredentialId = u64;

#[derive(Debug)]
struct Credential {
    account: AccountId,
    via: Via,
    /// What came of one signing in ends with one signing out. An API token comes of none.
    signing_in: Option<CredentialId>,
    hash: TokenHash,
}

impl Tenant {
    fn apply(&mut self, event: Event) -> Result<(), AccountsError> {
        match event {
            Event::Provisioned(person) => return self.provision(person),
            Event::Linked { resource, external_id } => {
                self.change(resource, |held| link(held, external_id.map(Into::into)));
            }
            Event::Renamed { resource, user_name } => self.rename(resource, &user_name),
            Event::PasswordSet { resource, password } => {
                let hash = password.as_ref().map(PasswordHash::of).transpose()?;
                self.change(resource, |held| held.password = hash);
            }
            Event::Deactivated { resource } => {
                self.shut(resource, |state| State::of(false, state.is_blocked_by_administrator()));
            }
            Event::Reactivated { resource } => self.change(resource, |held| {
                held.state = State::of(true, held.state.is_blocked_by_administrator());
            }),
            Event::Blocked { resource } => {
                self.shut(resource, |state| State::of(state.is_active_in_scim(), true));
            }
            Event::Unblocked { resource } => self.change(resource, |held| {
                held.state = State::of(held.state.is_active_in_scim(), false);
            }),
            Event::AdministratorSet { resource, administrator } => {
                self.change(resource, |held| held.administrator = administrator);
            }
            Event::Deleted { resource } => self.delete(resource),
            Event::GroupChanged { group, name, joined, left } => {
                self.group_names.insert(group, name.into());
                for member in left {
                    self.change(member, |held| _ = held.groups.remove(&group));
                }
                for member in joined {
                    self.change(member, |held| _ = held.groups.insert(group));
                }
            }
            Event::GroupDeleted { group, members } => {
                self.group_names.remove(&group);
                for member in members {
                    self.change(member, |held| _ = held.groups.remove(&group));
                }
            }
        }
        Ok(())
    }

    fn provision(&mut self, person: Person) -> Result<(), AccountsError> {
        let password = person.password.as_ref().map(PasswordHash::of).transpose()?;
        self.next += 1;
        let id = AccountId(self.next);
        let mut held = Held {
            origin: person.origin,
            resource: person.resource,
            user_name: person.user_name.into(),
            external_id: None,
            saml_name_id: None,
            state: State::of(person.active, false),
            administrator: false,
            password,
            credentials: Vec::new(),
            groups: BTreeSet::new(),
        };
        link(&mut held, person.external_id.map(Into::into));
        self.by_resource.insert(held.resource, id);
        self.by_user_name.insert(fold(&held.user_name).into(), id);
        self.accounts.insert(id, Box::new(held));
        Ok(())
    }

    fn rename(&mut self, resource: ResourceId, user_name: &str) {
        let Some(id) = self.by_resource.get(&resource).copied() else { return };
        let Some(held) = self.accounts.get_mut(&id) else { return };
        let old = fold(&held.user_name).into_owned();
        held.user_name = user_name.into();
        self.free_user_name(&old, id);
        self.by_user_name.insert(fold(user_name).into(), id);
    }

    fn delete(&mut self, resource: ResourceId) {
        self.end_all(resource);
        let Some(id) = self.by_resource.remove(&resource) else { return };
        let Some(held) = self.accounts.remove(&id) else { return };
        self.free_user_name(&fold(&held.user_name), id);
    }

    /// Only if it still is this account's: a name that was given up may have a new owner by the time the account
    /// hears that it gave it up.
    fn free_user_name(&mut self, folded: &str, id: AccountId) {
        if self.by_user_name.get(folded) == Some(&id) {
            self.by_user_name.remove(folded);
        }
    }

    fn shut(&mut self, resource: ResourceId, state: impl FnOnce(State) -> State) {
        self.change(resource, |held| held.state = state(held.state));
        self.end_all(resource);
    }

    fn end_all(&mut self, resource: ResourceId) {
        let Some(held) = self.by_resource.get(&resource).and_then(|id| self.accounts.get_mut(id)) else {
            return;
        };
        for credential in std::mem::take(&mut held.credentials) {
            self.credentials.remove(&credential);
        }
    }

    fn change(&mut self, resource: ResourceId, change: impl FnOnce(&mut Held)) {
        if let Some(held) = self.by_resource.get(&resource).and_then(|id| self.accounts.get_mut(id)) {
            change(held);
        }
    }

    fn open(&mut self, account: AccountId) -> Result<SignedIn, AccountsError> {
        let signing_in = Some(CredentialId::from_be_bytes(token::random()?));
        let session = self.issue(account, Via::Session, signing_in)?;
        let refresh = self.issue(account, Via::Refresh, signing_in)?;
        Ok(SignedIn { session, refresh, account })
    }

    fn issue(
        &mut self,
        account: AccountId,
        via: Via,
        signing_in: Option<CredentialId>,
    ) -> Result<String, AccountsError> {
        let held = self.accounts.get_mut(&account).ok_or(AccountsError::NoAccount)?;
        held.usable()?;
        let id = CredentialId::from_be_bytes(token::random()?);
        let text = format!("{}{id:016x}.{}", via.prefix(), token::generate_token()?);
        held.credentials.push(id);
        self.credentials.insert(id, Credential { account, via, signing_in, hash: TokenHash::of(&text) });
        Ok(text)
    }

    /// The lock that guards the end of this account, if it is one that may be used and administers the
    /// application.
    fn endings_of_administrator(&self, resource: ResourceId) -> Option<Arc<tokio::sync::Mutex<()>>> {
        let held = self.accounts.get(self.by_resource.get(&resource)?)?;
        held.administers().then(|| Arc::clone(&self.endings))
    }

    fn is_last_administrator(&self, resource: ResourceId) -> bool {
        let Some(id) = self.by_resource.get(&resource) else { return false };
        let administers = |id| self.accounts.get(id).is_some_and(|held| held.administers());
        administers(id) && !self.accounts.keys().any(|other| other != id && administers(other))
    }

    fn credential(&self, text: &str) -> Option<(CredentialId, &Credential)> {
        let (id, _) = text.strip_prefix(Via::claimed(text)?.prefix())?.split_once('.')?;
        let id = CredentialId::from_str_radix(id, 16).ok()?;
        let credential = self.credentials.get(&id)?;
        credential.hash.matches(text).then_some((id, credential))
    }

    fn describe(&self, id: AccountId, held: &Held) -> Account {
        let count = |via| {
            let mine = held.credentials.iter().filter_map(|credential| self.credentials.get(credential));
            mine.filter(|credential| credential.via == via).count()
        };
        Account {
            id,
            origin: held.origin,
            user_name: held.user_name.to_string(),
            resource: held.resource,
            external_id: held.external_id.as_deref().map(str::to_owned),
            saml_name_id: held.saml_name_id.as_deref().map(str::to_owned),
            state: held.state,
            administrator: held.administrator,
            sessions: count(Via::Session),
            refreshes: count(Via::Refresh),
            tokens: count(Via::Token),
            groups: self.group_names(held),
        }
    }

    fn group_names(&self, held: &Held) -> Vec<String> {
        let names = held.groups.iter().filter_map(|group| self.group_names.get(group));
        let names: BTreeSet<String> = names.map(ToString::to_string).collect();
        names.into_iter().collect()
    }
}

fn link(held: &mut Held, external_id: Option<Box<str>>) {
    if held.saml_name_id.is_none() {
        held.saml_name_id.clone_from(&external_id);
    }
    held.external_id = external_id;
}

#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;
