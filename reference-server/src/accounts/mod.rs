//! What SCIM governs: the accounts of the application, the ways into it, and what each change in SCIM does to
//! them. A trait, so that a store of another kind, or a deviation, can stand in its place.
//!
//! An account has an id of its own. Its SCIM identity (the resource's id and the provider's `externalId`) and
//! its SAML identity hang on the account and outlive every change but deletion. The ways in are: signing in with
//! a password (which opens a session and hands out a refresh token), a session that is open, a refresh token
//! (which opens another session), and a personal API token. Each way leads to the doors: a door is named like a
//! group and opens only for an account that is in the group.
//!
//! Two hands can shut an account, and each opens only what it has shut: SCIM by `active`, and the application's
//! administrator by a block. It may be used when neither has shut it.
//!
//! | | SCIM: active | SCIM: inactive |
//! |---|---|---|
//! | no block | `Active` | `Blocked(Scim)` |
//! | the administrator's block | `Blocked(Administrator)` | `Blocked(Both)` |
//!
//! What `active` shows is what SCIM said last, also while the administrator's block stands: RFC 7643 section
//! 4.1.1 leaves its meaning to the service provider, and an identity provider that wrote true and reads false
//! would repair for ever what it cannot repair. GitLab does the same. Whether the account may really be used,
//! the administrator's own endpoint tells.
//!
//! Which change ends which way in (a test goes through the table cell by cell):
//!
//! | change | sign-in | session | refresh token | API token | door | identity |
//! |---|---|---|---|---|---|---|
//! | provisioned active | open | none | none | none | shut | made |
//! | provisioned inactive | refused | none | none | none | shut | made |
//! | linked to another externalId | open | goes on | goes on | goes on | open | linked anew |
//! | renamed | by the new name | goes on | goes on | goes on | open | kept |
//! | password changed | by the new password | goes on | goes on | goes on | open | kept |
//! | password taken away | refused | goes on | goes on | goes on | open | kept |
//! | session refreshed | open | goes on | goes on | goes on | open | kept |
//! | signed out | open | ended | ended | goes on | open | kept |
//! | deactivated | refused | ended | ended | ended | shut | kept |
//! | deactivated twice | refused | ended | ended | ended | shut | kept |
//! | password changed while inactive | refused | ended | ended | ended | shut | kept |
//! | reactivated | open | ended | ended | ended | open | kept |
//! | reactivated while active | open | goes on | goes on | goes on | open | kept |
//! | blocked by the administrator | refused | ended | ended | ended | shut | kept |
//! | blocked, then reactivated by SCIM | refused | ended | ended | ended | shut | kept |
//! | blocked, then unblocked | open | ended | ended | ended | open | kept |
//! | deactivated, then blocked, then reactivated | refused | ended | ended | ended | shut | kept |
//! | deactivated, then blocked, then unblocked | refused | ended | ended | ended | shut | kept |
//! | made an administrator | open | goes on | goes on | goes on | open | kept |
//! | joined another group | open | goes on | goes on | goes on | open | kept |
//! | left the group | open | goes on | goes on | goes on | shut | kept |
//! | group renamed | open | goes on | goes on | goes on | by its new name | kept |
//! | group deleted | open | goes on | goes on | goes on | shut | kept |
//! | left the group while inactive, then reactivated | open | ended | ended | ended | shut | kept |
//! | deleted | refused | ended | ended | ended | shut | gone |
//!
//! "Ended" is for good: what was ended does not come back with the reactivation, but fresh ways open. The first
//! `externalId` also becomes the SAML identity, and later ones do not change it.
//!
//! An application that nobody administers cannot be repaired from inside. So SCIM may not end the last account
//! that may be used and administers it ([`Accounts::permit_end`]); the holder of the application's own token may.

mod memory;
mod password;
mod roll;

use std::fmt;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub(crate) use self::roll::{Credential, CredentialId, Held, Roll, credential_id};
pub use self::{
    memory::MemoryAccounts,
    password::{Password, PasswordHash},
};
use crate::{
    scim::compare::fold,
    store::{ResourceId, StoreError, TenantId},
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

    /// Asks whether SCIM may deactivate or delete the account of this User. While the permit is held, no other
    /// account gets one if the two are the last that administer the application; so it is held until the end is
    /// carried out.
    fn permit_end<'a>(&'a self, tenant: &'a TenantId, resource: ResourceId) -> Answer<'a, EndPermit>;

    /// Opens a session. An unknown name and a wrong password are one error; that the account is blocked is
    /// told only to who knows its password.
    fn sign_in<'a>(
        &'a self,
        tenant: &'a TenantId,
        user_name: &'a str,
        password: Password,
    ) -> Answer<'a, SignedIn>;

    /// Opens a session for somebody who has proved elsewhere who they are.
    fn open_session(&self, tenant: &TenantId, account: AccountId) -> Answer<'_, SignedIn>;

    /// Opens another session with a refresh token, which stays good (RFC 6749 section 6 leaves that to the
    /// server). What it opens goes with it when either is signed out.
    fn refresh<'a>(&'a self, tenant: &'a TenantId, refresh: &'a str) -> Answer<'a, SignedIn>;

    /// Ends a session, with the refresh token that it came with and the sessions which that has opened.
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
    /// SCIM may not end this one.
    #[error(
        "this is the last account that administers the application: make somebody else an administrator first"
    )]
    LastAdministrator,
    /// The accounts could not be read or written.
    #[error("the accounts failed: {0}")]
    Failed(String),
}

impl From<StoreError> for AccountsError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// What happened in SCIM, or by an administrator's hand, that an account must follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The administrator shut the account; SCIM cannot open it.
    Blocked {
        /// The User.
        resource: ResourceId,
    },
    /// The administrator took that back.
    Unblocked {
        /// The User.
        resource: ResourceId,
    },
    /// The person administers the application, or does not any more.
    AdministratorSet {
        /// The User.
        resource: ResourceId,
        /// Whether the person does from now on.
        administrator: bool,
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

impl Event {
    /// The same with a slow hash in the place of a password, as it is kept where it outlives the process. Takes its
    /// time.
    pub(crate) async fn hardened(mut self) -> Result<Self, AccountsError> {
        let password = match &mut self {
            Self::Provisioned(person) => person.password.as_mut(),
            Self::PasswordSet { password, .. } => password.as_mut(),
            _ => None,
        };
        if let Some(password) = password {
            let clear = password.clone();
            *password = Password::hashed(beside(move || PasswordHash::hardened(&clear)).await??);
        }
        Ok(self)
    }
}

/// Does what takes long where nobody waits for a thread.
pub(crate) async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AccountsError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| AccountsError::Failed("a password could not be hashed".to_owned()))
}

/// A person to make an account for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// The application's administrator made it, so that it may be older than all provisioning.
    Administrator,
    /// It was made through SCIM.
    Scim,
}

/// The application's own name for an account, which no change in SCIM touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub(crate) u64);

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
    /// Whether it administers the application.
    pub administrator: bool,
    /// How many sessions are open.
    pub sessions: usize,
    /// How many refresh tokens work.
    pub refreshes: usize,
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
pub enum BlockedBy {
    /// `active` is false in SCIM.
    Scim,
    /// The application's administrator did.
    Administrator,
    /// Both, and both have to take it back.
    Both,
}

impl State {
    /// The state of an account of which SCIM and the administrator say this.
    pub fn of(active_in_scim: bool, blocked_by_administrator: bool) -> Self {
        match (active_in_scim, blocked_by_administrator) {
            (true, false) => Self::Active,
            (false, false) => Self::Blocked(BlockedBy::Scim),
            (true, true) => Self::Blocked(BlockedBy::Administrator),
            (false, true) => Self::Blocked(BlockedBy::Both),
        }
    }

    /// What SCIM said last: the `active` of the User.
    pub fn is_active_in_scim(self) -> bool {
        matches!(self, Self::Active | Self::Blocked(BlockedBy::Administrator))
    }

    /// Whether the administrator's block stands.
    pub fn is_blocked_by_administrator(self) -> bool {
        matches!(self, Self::Blocked(BlockedBy::Administrator | BlockedBy::Both))
    }
}

/// The permission to end an account through SCIM; held until that is done.
#[must_use = "the permission holds only while this is held"]
#[derive(Default)]
pub struct EndPermit(Option<Box<dyn Send>>);

impl EndPermit {
    /// For an account whose end concerns nobody else.
    pub fn free() -> Self {
        Self::default()
    }

    /// For one of the accounts that administer the application; what is held keeps the others from ending.
    pub fn holding(held: impl Send + 'static) -> Self {
        Self(Some(Box::new(held)))
    }
}

impl fmt::Debug for EndPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndPermit({})", if self.0.is_some() { "held" } else { "free" })
    }
}

/// A session that was just opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The text that the holder of the session shows.
    pub session: String,
    /// The text by which the holder opens another session.
    pub refresh: String,
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
    /// Whether the account administers the application.
    pub administrator: bool,
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
    /// A refresh token.
    Refresh,
    /// A personal API token.
    Token,
}

impl Via {
    /// As it is written in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Refresh => "refresh",
            Self::Token => "token",
        }
    }

    /// What a credential claims to be; it may be known to nobody.
    pub(crate) fn claimed(credential: &str) -> Option<Self> {
        [Self::Session, Self::Refresh, Self::Token]
            .into_iter()
            .find(|via| credential.starts_with(via.prefix()))
    }

    /// How the text of a credential begins, so that people and secret scanners can tell what they found.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Session => "ses_",
            Self::Refresh => "ref_",
            Self::Token => "pat_",
        }
    }
}
