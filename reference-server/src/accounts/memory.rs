//! Accounts in memory: the ones behind the store in memory.

use std::{
    collections::{BTreeSet, HashMap},
    future::ready,
    sync::{Mutex, PoisonError},
};

use super::{
    Account, AccountId, Accounts, AccountsError, Answer, BlockedBy, Event, Identity, Origin, Password,
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

    fn sign_in<'a>(
        &'a self,
        tenant: &'a TenantId,
        user_name: &'a str,
        password: Password,
    ) -> Answer<'a, SignedIn> {
        Box::pin(ready(self.turn(tenant, |data| {
            let account = *data.by_user_name.get(&*fold(user_name)).ok_or(AccountsError::NotKnown)?;
            let held = data.accounts.get(&account).ok_or(AccountsError::NotKnown)?;
            if !held.password.as_ref().is_some_and(|hash| hash.matches(&password)) {
                return Err(AccountsError::NotKnown);
            }
            Ok(SignedIn { session: data.issue(account, Via::Session)?, account })
        })))
    }

    fn sign_out<'a>(&'a self, tenant: &'a TenantId, session: &'a str) -> Answer<'a, ()> {
        Box::pin(ready(self.turn(tenant, |data| {
            let (id, held) = data.credential(session).ok_or(AccountsError::NotKnown)?;
            if held.via != Via::Session {
                return Err(AccountsError::NotKnown);
            }
            let account = held.account;
            data.credentials.remove(&id);
            if let Some(held) = data.accounts.get_mut(&account) {
                held.credentials.retain(|credential| *credential != id);
            }
            Ok(())
        })))
    }

    fn issue_token(&self, tenant: &TenantId, account: AccountId) -> Answer<'_, String> {
        Box::pin(ready(self.turn(tenant, |data| data.issue(account, Via::Token))))
    }

    fn identify<'a>(&'a self, tenant: &'a TenantId, credential: &'a str) -> Answer<'a, Identity> {
        Box::pin(ready(self.turn(tenant, |data| {
            let (_, credential) = data.credential(credential).ok_or(AccountsError::NotKnown)?;
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
}

/// The part of a credential that is no secret: by it the credential is found, so that its secret can be compared
/// in constant time.
type CredentialId = u64;

#[derive(Debug)]
struct Credential {
    account: AccountId,
    via: Via,
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
                self.change(resource, |held| held.state = State::Blocked(BlockedBy::Scim));
                self.end_all(resource);
            }
            Event::Reactivated { resource } => self.change(resource, |held| match held.state {
                State::Active | State::Blocked(BlockedBy::Scim) => held.state = State::Active,
            }),
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
            state: if person.active { State::Active } else { State::Blocked(BlockedBy::Scim) },
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

    fn issue(&mut self, account: AccountId, via: Via) -> Result<String, AccountsError> {
        let held = self.accounts.get_mut(&account).ok_or(AccountsError::NoAccount)?;
        held.usable()?;
        let id = CredentialId::from_be_bytes(token::random()?);
        let text = format!("{}{id:016x}.{}", via.prefix(), token::generate_token()?);
        held.credentials.push(id);
        self.credentials.insert(id, Credential { account, via, hash: TokenHash::of(&text) });
        Ok(text)
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
            sessions: count(Via::Session),
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
mod tests;
