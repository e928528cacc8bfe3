//! What each call and each event does to accounts, without I/O: the same whether they are all in memory or
//! a few of them have been read from a database.

use std::collections::{BTreeSet, HashMap};

use super::{
    Account, AccountId, AccountsError, Event, Identity, Origin, Password, PasswordHash, Person, SignedIn,
    State, Via, Who,
};
use crate::{
    scim::compare::fold,
    store::ResourceId,
    token::{self, TokenError, TokenHash},
};

impl From<TokenError> for AccountsError {
    fn from(error: TokenError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Accounts of one tenant: all of them, or those that a call is about.
#[derive(Debug, Default)]
pub(crate) struct Roll {
    /// Boxed, because a table of a million has another million places free.
    pub(crate) accounts: HashMap<AccountId, Box<Held>>,
    pub(crate) by_resource: HashMap<ResourceId, AccountId>,
    pub(crate) by_user_name: HashMap<Box<str>, AccountId>,
    pub(crate) group_names: HashMap<ResourceId, Box<str>>,
    pub(crate) credentials: HashMap<CredentialId, Credential>,
    /// The id that was given last.
    pub(crate) last: u64,
    /// The password of nobody.
    nobody: PasswordHash,
}

/// An account as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) origin: Origin,
    pub(crate) resource: ResourceId,
    pub(crate) user_name: Box<str>,
    pub(crate) external_id: Option<Box<str>>,
    pub(crate) saml_name_id: Option<Box<str>>,
    pub(crate) state: State,
    pub(crate) administrator: bool,
    pub(crate) password: Option<PasswordHash>,
    pub(crate) credentials: Vec<CredentialId>,
    pub(crate) groups: BTreeSet<ResourceId>,
}

impl Held {
    fn usable(&self) -> Result<(), AccountsError> {
        match self.state {
            State::Active => Ok(()),
            State::Blocked(_) => Err(AccountsError::Blocked),
        }
    }

    pub(crate) fn administers(&self) -> bool {
        self.administrator && self.state == State::Active
    }
}

/// The part of a credential that is no secret: by it the credential is found, so that its secret can be compared
/// in constant time.
pub(crate) type CredentialId = u64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) account: AccountId,
    pub(crate) via: Via,
    /// What came of one signing in ends with one signing out. An API token comes of none.
    pub(crate) signing_in: Option<CredentialId>,
    pub(crate) hash: TokenHash,
}

impl Roll {
    /// The account that is asked for.
    pub(crate) fn account(&self, who: &Who) -> Option<Account> {
        let id = match who {
            Who::Account(id) => *id,
            Who::Resource(resource) => *self.by_resource.get(resource)?,
            Who::UserName(name) => *self.by_user_name.get(&*fold(name))?,
        };
        self.accounts.get(&id).map(|held| self.describe(id, held))
    }

    /// See [`super::Accounts::sign_in`].
    pub(crate) fn sign_in(
        &mut self,
        user_name: &str,
        password: &Password,
    ) -> Result<SignedIn, AccountsError> {
        let found = self.by_user_name.get(&*fold(user_name)).copied();
        let hash = found.and_then(|id| self.accounts.get(&id)?.password.as_ref());
        // A name that there is not takes as long as a password that is wrong.
        let right = hash.map_or_else(|| self.nobody.matches(password), |hash| hash.matches(password));
        match found {
            Some(account) if right => self.open(account),
            _ => Err(AccountsError::NotKnown),
        }
    }

    /// What is kept of the password of the account with this name.
    pub(crate) fn password_of(&self, user_name: &str) -> Option<PasswordHash> {
        let id = self.by_user_name.get(&*fold(user_name))?;
        self.accounts.get(id)?.password.clone()
    }

    /// Signs in who has shown the password of which this was kept, if it still is what is kept.
    pub(crate) fn sign_in_by(
        &mut self,
        user_name: &str,
        shown: &PasswordHash,
    ) -> Result<SignedIn, AccountsError> {
        match self.by_user_name.get(&*fold(user_name)).copied() {
            Some(account) if self.password_of(user_name).as_ref() == Some(shown) => self.open(account),
            _ => Err(AccountsError::NotKnown),
        }
    }

    /// See [`super::Accounts::refresh`].
    pub(crate) fn refresh(&mut self, refresh: &str) -> Result<SignedIn, AccountsError> {
        let (_, held) = self.credential(refresh).ok_or(AccountsError::NotKnown)?;
        if held.via != Via::Refresh {
            return Err(AccountsError::NotKnown);
        }
        let (account, signing_in) = (held.account, held.signing_in);
        let session = self.issue(account, Via::Session, signing_in)?;
        Ok(SignedIn { session, refresh: refresh.to_owned(), account })
    }

    /// See [`super::Accounts::sign_out`].
    pub(crate) fn sign_out(&mut self, session: &str) -> Result<(), AccountsError> {
        let (_, held) = self.credential(session).ok_or(AccountsError::NotKnown)?;
        if held.via != Via::Session {
            return Err(AccountsError::NotKnown);
        }
        let (account, signing_in) = (held.account, held.signing_in);
        let Some(held) = self.accounts.get_mut(&account) else { return Ok(()) };
        let credentials = &mut self.credentials;
        held.credentials.retain(|id| {
            let stays = credentials.get(id).is_some_and(|other| other.signing_in != signing_in);
            if !stays {
                credentials.remove(id);
            }
            stays
        });
        Ok(())
    }

    /// See [`super::Accounts::identify`].
    pub(crate) fn identify(&self, credential: &str) -> Result<Identity, AccountsError> {
        let (_, credential) = self.credential(credential).ok_or(AccountsError::NotKnown)?;
        if credential.via == Via::Refresh {
            return Err(AccountsError::NotKnown);
        }
        let held = self.accounts.get(&credential.account).ok_or(AccountsError::NotKnown)?;
        // Deactivation has ended the credential already; a second look at the state costs nothing.
        held.usable()?;
        Ok(Identity {
            account: credential.account,
            user_name: held.user_name.to_string(),
            via: credential.via,
            doors: self.group_names(held),
            administrator: held.administers(),
        })
    }

    /// Whether the account is one that may be used and administers the application.
    pub(crate) fn administers(&self, resource: ResourceId) -> bool {
        let held = self.by_resource.get(&resource).and_then(|id| self.accounts.get(id));
        held.is_some_and(|held| held.administers())
    }

    /// Whether there is no other such account.
    pub(crate) fn is_last_administrator(&self, resource: ResourceId) -> bool {
        let Some(id) = self.by_resource.get(&resource) else { return false };
        let administers = |id| self.accounts.get(id).is_some_and(|held| held.administers());
        administers(id) && !self.accounts.keys().any(|other| other != id && administers(other))
    }

    /// See [`super::Accounts::apply`].
    pub(crate) fn apply(&mut self, event: Event) -> Result<(), AccountsError> {
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
        self.last += 1;
        let id = AccountId(self.last);
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

    /// See [`super::Accounts::open_session`].
    pub(crate) fn open(&mut self, account: AccountId) -> Result<SignedIn, AccountsError> {
        let signing_in = Some(CredentialId::from_be_bytes(token::random()?));
        let session = self.issue(account, Via::Session, signing_in)?;
        let refresh = self.issue(account, Via::Refresh, signing_in)?;
        Ok(SignedIn { session, refresh, account })
    }

    /// Makes a credential; its text is told this once.
    pub(crate) fn issue(
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

    fn credential(&self, text: &str) -> Option<(CredentialId, &Credential)> {
        let id = credential_id(text)?;
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

/// By what a credential is found, if it is one.
pub(crate) fn credential_id(text: &str) -> Option<CredentialId> {
    let (id, _) = text.strip_prefix(Via::claimed(text)?.prefix())?.split_once('.')?;
    CredentialId::from_str_radix(id, 16).ok()
}

fn link(held: &mut Held, external_id: Option<Box<str>>) {
    if held.saml_name_id.is_none() {
        held.saml_name_id.clone_from(&external_id);
    }
    held.external_id = external_id;
}
