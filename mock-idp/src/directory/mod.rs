//! People, groups and assignments, and what an administrator does with them. No HTTP: an act becomes events, which
//! a persona turns into requests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A person's name within the directory, e.g. `ada`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonKey(pub String);

/// A group's name within the directory, e.g. `engineers`; its display name may change, this does not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey(pub String);

/// A person as the provider knows them: the mapped attributes. Empty ones are not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Stays when everything else changes.
    pub key: PersonKey,
    /// The provider's own id of the person, which becomes externalId (`00u...` at Okta, an object id at Entra).
    pub external_id: String,
    /// The application user name.
    pub user_name: String,
    /// name.givenName.
    pub given_name: String,
    /// name.familyName.
    pub family_name: String,
    /// displayName.
    pub display_name: String,
    /// The work e-mail address, primary.
    pub email: String,
    /// A language tag, `en-US`.
    pub locale: Option<String>,
    /// title.
    pub title: Option<String>,
    /// The enterprise extension's department.
    pub department: Option<String>,
    /// The enterprise extension's employeeNumber.
    pub employee_number: Option<String>,
    /// What a provider that sends a placeholder password sends.
    pub password: String,
}

/// A group as the provider knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Stays when the name changes.
    pub key: GroupKey,
    /// The provider's own id, which becomes externalId where the provider sends one.
    pub external_id: String,
    /// displayName.
    pub display_name: String,
    /// Who is in it.
    pub members: BTreeSet<PersonKey>,
}

/// What an administrator (or the HR system) does in the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Presses "Test API Credentials" or "Test Connection".
    TestConnection,
    /// Assigns the application to a person. Doing it again to someone whose provisioning failed retries it.
    Assign(PersonKey),
    /// Takes the direct assignment away.
    Unassign(PersonKey),
    /// Changes mapped attributes; names are SCIM paths: `title`, `name.familyName`, `userName`, `emails.value`,
    /// `displayName`, `department`, `employeeNumber`. An empty value clears the attribute.
    ChangeProfile(PersonKey, Vec<(String, String)>),
    /// Suspends the person in the provider (Okta: no SCIM traffic).
    Suspend(PersonKey),
    /// Ends a suspension.
    Unsuspend(PersonKey),
    /// Deactivates the person in the provider, which takes every assignment away.
    Deactivate(PersonKey),
    /// Deletes a deactivated person for good (Entra: DELETE; Okta: nothing).
    Delete(PersonKey),
    /// Assigns the application to a group: everyone in it is assigned through it.
    AssignGroup(GroupKey),
    /// Takes the group's assignment away.
    UnassignGroup(GroupKey),
    /// Puts people into a group, in one go.
    Join(GroupKey, Vec<PersonKey>),
    /// Takes people out of a group, in one go; who has no other assignment is unassigned.
    Leave(GroupKey, Vec<PersonKey>),
    /// Pushes a group: creates it in the application (or links it by name) with its members.
    PushGroup(GroupKey),
    /// Pushes the whole member list of a pushed group again ("Push Now").
    PushNow(GroupKey),
    /// Gives a group another display name.
    RenameGroup(GroupKey, String),
    /// Ends the push of a group and deletes it in the application.
    DeleteGroup(GroupKey),
    /// Sends the person's password to the application, where the provider synchronises passwords.
    SyncPassword(PersonKey, String),
}

/// What a persona has to carry to the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Try the connection.
    TestConnection,
    /// The person is to have an active account: create, link or reactivate.
    Assign(Person),
    /// Mapped attributes changed: the person before and after.
    ChangeProfile {
        /// As last known to the application.
        before: Person,
        /// As it shall be.
        after: Person,
    },
    /// The person is to be out.
    Unassign(Person),
    /// The person is suspended in the provider.
    Suspend(Person),
    /// The person is deleted in the provider.
    Delete(Person),
    /// Set the person's password.
    SyncPassword(Person),
    /// The group is to exist with these members.
    PushGroup(Group),
    /// The whole member list again.
    PushNow(Group),
    /// Members came and went; `group` is as it is after that.
    ChangeMembers {
        /// The group after the change.
        group: Group,
        /// Who came.
        added: Vec<PersonKey>,
        /// Who went.
        removed: Vec<PersonKey>,
    },
    /// The group has a new display name (already in `group`).
    RenameGroup(Group),
    /// The group is to go.
    DeleteGroup(Group),
}

/// An act that the directory cannot carry out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// Nobody of that key.
    #[error("there is nobody called {0:?} in the directory")]
    NoPerson(String),
    /// No group of that key.
    #[error("there is no group called {0:?} in the directory")]
    NoGroup(String),
    /// An attribute that [`Act::ChangeProfile`] does not know.
    #[error("{0:?} is not an attribute that the directory maps")]
    NoAttribute(String),
}

/// One provider's people and groups, and what of them one application is assigned.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    people: BTreeMap<PersonKey, Person>,
    groups: BTreeMap<GroupKey, Group>,
    assigned: BTreeSet<PersonKey>,
    assigned_groups: BTreeSet<GroupKey>,
    pushed: BTreeSet<GroupKey>,
}

impl Directory {
    /// Adds a person, replacing one of the same key.
    pub fn add_person(&mut self, person: Person) {
        self.people.insert(person.key.clone(), person);
    }

    /// Adds a group, replacing one of the same key.
    pub fn add_group(&mut self, group: Group) {
        self.groups.insert(group.key.clone(), group);
    }

    /// The person as the provider knows them now.
    pub fn person(&self, key: &PersonKey) -> Option<&Person> {
        self.people.get(key)
    }

    /// The group as the provider knows it now.
    pub fn group(&self, key: &GroupKey) -> Option<&Group> {
        self.groups.get(key)
    }
}

impl fmt::Display for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for GroupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
