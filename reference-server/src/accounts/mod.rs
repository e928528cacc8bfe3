//! What SCIM governs: the accounts of the application, the ways into it, and what each change in SCIM does to
//! them. A trait, so that a store of another kind, or a deviation, can stand in its place.
//!
//! An account has an id of its own. Its SCIM identity (the resource's id and the provider's `externalId`) and
//! its SAML identity hang on the account and outlive every change but deletion. The ways in are: signing in with
//! a password (which opens a session), a session that is open, and a personal API token. Each way leads to the
//! doors: a door is named like a group and opens only for an account that is in the group.
//!
//! Which change ends which way in:
//!
//! | change | sign-in | open sessions | API tokens | doors | id, identities, password |
//! |---|---|---|---|---|---|
//! | provisioned active | opens with a password, once one is set | none yet | none yet | by groups | made |
//! | provisioned inactive | refused | none yet | none yet | shut | made |
//! | linked (`externalId` set or changed) | as before | as before | as before | as before | SCIM identity changes; the first `externalId` also becomes the SAML identity |
//! | renamed (`userName`) | by the new name only | as before | as before | as before | kept |
//! | password set or taken away | by the new password only, if active | as before | as before | as before | password changes |
//! | **deactivated** | **refused** | **ended** | **ended** | **shut** | **kept**, and so are the groups |
//! | reactivated | opens again | ended ones stay ended, fresh ones open | ended ones stay ended, fresh ones can be had | by the groups of now | kept |
//! | joined a group | as before | as before | as before | that one opens, if active | kept |
//! | left a group, group deleted | as before | as before | as before | that one shuts | kept |
//! | group renamed | as before | as before | as before | the name of the door moves | kept |
//! | deleted | ended | ended | ended | shut | gone |
//!
//! Deactivating twice, or reactivating who is active, changes nothing. A password set while the account is
//! blocked is kept and does not unblock it.

mod memory;
mod password;

use std::fmt;

use futures::future::BoxFuture;
use thiserror::Error;

pub use self::{
    memory::MemoryAccounts,
    password::{Password, PasswordHash},
};
use crate::{
    scim::compare::fold,
    store::{ResourceId, TenantId},
};

/// What the accounts give back.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, AccountsError>>;

/// The accounts of the application, of all tenants.
pub trait Accounts: Send + Sync + 'static {
    /// Something has happened in SCIM. When this returns, every way in that the event ends has ended. An event
    /// about a resource without account is no error: that account is gone already.
    fn apply<'a>(&'a self, tenant: &'a TenantId, event: Event) -> Answer<'a, ()>;

    /// What is known of an account.
    fn account<'a>(&'a self, tenant: &'a TenantId, who: Who) -> Answer<'a, Option<Account>>;

    /// Opens a session. An unknown name and a wrong password are one error; that the account is blocked is
    /// told only to who knows its password.
    fn sign_in<'a>(
        &'a self,
        tenant: &'a TenantId,
        user_name: &'a str,
        password: Password,
    ) -> Answer<'a, SignedIn>;

    /// Ends a session.
    fn sign_out<'a>(&'a self, tenant: &'a TenantId, session: &'a str) -> Answer<'a, ()>;

    /// Issues a personal API token, which lasts until the account is deactivated or deleted.
    fn issue_token(&self, tenant: &TenantId, account: AccountId) -> Answer<'_, String>;

    /// Whose session or API token this is.
    fn identify<'a>(&'a self, tenant: &'a TenantId, credential: &'a str) -> Answer<'a, Identity>;
}

/// Why there is no way in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AccountsError {
    /// No such name with such a password; no session or token with this text (any more).
    #[error("not signed in, or the name or the password is wrong")]
    NotKnown,
    /// The account is blocked.
    #[error("the account is blocked")]
    Blocked,
    /// There is no such account.
    #[error("there is no such account")]
    NoAccount,
    /// The accounts could not be read or written.
    #[error("the accounts failed: {0}")]
    Failed(String),
}

/// What happened in SCIM, or by an administrator's hand, that an account must follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// There is a new person.
    Provisioned(Person),
    /// The provider's own identifier of the person was set, changed or taken away.
    Linked {
        /// The User.
        resource: ResourceId,
        /// The `externalId` from now on.
        external_id: Option<String>,
    },
    /// The person signs in by another name.
    Renamed {
        /// The User.
        resource: ResourceId,
        /// The `userName` from now on.
        user_name: String,
    },
    /// The person has another password, or none any more.
    PasswordSet {
        /// The User.
        resource: ResourceId,
        /// The password from now on.
        password: Option<Password>,
    },
    /// `active` became false.
    Deactivated {
        /// The User.
        resource: ResourceId,
    },
    /// `active` became true.
    Reactivated {
        /// The User.
        resource: ResourceId,
    },
    /// The User was deleted.
    Deleted {
        /// The User.
        resource: ResourceId,
    },
    /// A group was made or renamed, or its members changed.
    GroupChanged {
        /// The Group.
        group: ResourceId,
        /// Its `displayName` from now on.
        name: String,
        /// Who came in.
        joined: Vec<ResourceId>,
        /// Who went out.
        left: Vec<ResourceId>,
    },
    /// A group was deleted.
    GroupDeleted {
        /// The Group.
        group: ResourceId,
        /// Who was in it.
        members: Vec<ResourceId>,
    },
}

/// A person to make an account for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The User.
    pub resource: ResourceId,
    /// Who made the account.
    pub origin: Origin,
    /// `userName`
    pub user_name: String,
    /// `externalId`
    pub external_id: Option<String>,
    /// `active`
    pub active: bool,
    /// The password, if one was given.
    pub password: Option<Password>,
}

/// How an account came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The application's administrator made it, so that it may be older than all provisioning.
    Administrator,
    /// It was made through SCIM.
    Scim,
}

/// The application's own name for an account, which no change in SCIM touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(u64);

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How to ask for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// By its own id.
    Account(AccountId),
    /// By the User that stands for it.
    Resource(ResourceId),
    /// By the name that it signs in with, without regard to case.
    UserName(String),
}

/// What is known of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its own id.
    pub id: AccountId,
    /// How it came to be.
    pub origin: Origin,
    /// The name that it signs in with.
    pub user_name: String,
    /// The User that stands for it.
    pub resource: ResourceId,
    /// The provider's identifier of the person; with `resource`, the SCIM identity.
    pub external_id: Option<String>,
    /// The SAML identity: the NameID by which the person would come from the identity provider. It is set by the
    /// first `externalId` (GitLab's rule is that the two are equal) and does not follow later ones.
    pub saml_name_id: Option<String>,
    /// Whether it may be used.
    pub state: State,
    /// How many sessions are open.
    pub sessions: usize,
    /// How many API tokens work.
    pub tokens: usize,
    /// The names of the groups it is in, sorted.
    pub groups: Vec<String>,
}

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It may.
    Active,
    /// It may not.
    Blocked(BlockedBy),
}

/// Who blocked an account, and therefore who may unblock it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlockedBy {
    /// `active` is false in SCIM.
    Scim,
}

/// A session that was just opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The text that the holder of the session shows.
    pub session: String,
    /// Whose it is.
    pub account: AccountId,
}

/// Who stands behind a session or an API token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub account: AccountId,
    /// The name that it signs in with.
    pub user_name: String,
    /// What was shown.
    pub via: Via,
    /// The doors that open, sorted.
    pub doors: Vec<String>,
}

impl Identity {
    /// Whether the door of this name opens; a name is compared as `displayName` is, without regard to case.
    pub fn opens(&self, door: &str) -> bool {
        let door = fold(door);
        self.doors.iter().any(|name| fold(name) == door)
    }
}

/// What a caller showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// A session.
    Session,
    /// A personal API token.
    Token,
}

impl Via {
    /// As it is written in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Token => "token",
        }
    }

    /// What a credential claims to be; it may be known to nobody.
    pub(crate) fn claimed(credential: &str) -> Option<Self> {
        [Self::Session, Self::Token].into_iter().find(|via| credential.starts_with(via.prefix()))
    }

    /// How the text of a credential begins, so that people and secret scanners can tell what they found.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Session => "ses_",
            Self::Token => "pat_",
        }
    }
}
