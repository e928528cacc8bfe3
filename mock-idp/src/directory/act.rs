//! What an administrator does, and what of it a provider has to carry to the application.

use std::fmt;

use super::{Group, GroupKey, Person, PersonKey};

/// What an administrator (or the HR system) does in the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Presses "Test API Credentials" or "Test Connection".
    TestConnection,
    /// Imports the application's users (and groups) into the provider, where the provider can.
    Import,
    /// Assigns the application to a person. Doing it again to someone whose provisioning failed retries it. A
    /// person who was deactivated is activated first.
    Assign(PersonKey),
    /// Takes the direct assignment away.
    Unassign(PersonKey),
    /// Changes mapped attributes; names are SCIM paths: `title`, `name.familyName`, `userName`, `emails.value`,
    /// `displayName`, `department`, `employeeNumber`. An empty value clears the attribute.
    ChangeProfile(PersonKey, Vec<(String, String)>),
    /// Gives a person another manager, or none.
    SetManager(PersonKey, Option<PersonKey>),
    /// Suspends the person in the provider (Okta: no SCIM traffic). What would bring the person in or change the
    /// profile waits until the suspension ends; what takes the person out does not wait.
    Suspend(PersonKey),
    /// Ends a suspension.
    Unsuspend(PersonKey),
    /// Deactivates the person in the provider, which takes every assignment away.
    Deactivate(PersonKey),
    /// Deletes a person for good, deactivating first (Entra: DELETE; Okta: nothing).
    Delete(PersonKey),
    /// Assigns the application to a group: everyone in it is assigned through it. Doing it again pushes everyone
    /// again.
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
    /// Read what the application has.
    Import,
    /// The person is to have an active account: create, link or reactivate.
    Assign(Person),
    /// Mapped attributes changed: the person before and after.
    ChangeProfile {
        /// As last known to the application.
        before: Box<Person>,
        /// As it shall be.
        after: Person,
    },
    /// The person has another manager now, who is assigned too, or none.
    SetManager {
        /// Whose manager.
        person: Person,
        /// Who it is.
        manager: Option<PersonKey>,
    },
    /// The person is to be out, since nothing assigns the application any more.
    Unassign(Person),
    /// The person is to be out, since the provider's own account was deactivated.
    Deactivate(Person),
    /// The person is suspended in the provider.
    Suspend(Person),
    /// The suspension is over.
    Unsuspend(Person),
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

/// In a few words, as a task list shows it: `assign ada`.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TestConnection => f.write_str("test the connection"),
            Self::Import => f.write_str("import"),
            Self::Assign(person) => write!(f, "assign {}", person.key),
            Self::ChangeProfile { after, .. } => write!(f, "change the profile of {}", after.key),
            Self::SetManager { person, manager: Some(manager) } => {
                write!(f, "make {manager} the manager of {}", person.key)
            }
            Self::SetManager { person, manager: None } => write!(f, "take the manager from {}", person.key),
            Self::Unassign(person) => write!(f, "unassign {}", person.key),
            Self::Deactivate(person) => write!(f, "deactivate {}", person.key),
            Self::Suspend(person) => write!(f, "suspend {}", person.key),
            Self::Unsuspend(person) => write!(f, "unsuspend {}", person.key),
            Self::Delete(person) => write!(f, "delete {}", person.key),
            Self::SyncPassword(person) => write!(f, "send the password of {}", person.key),
            Self::PushGroup(group) => write!(f, "push the group {}", group.key),
            Self::PushNow(group) => write!(f, "push the members of {} again", group.key),
            Self::ChangeMembers { group, added, removed } => {
                write!(f, "change the members of {}", group.key)?;
                added.iter().try_for_each(|key| write!(f, " +{key}"))?;
                removed.iter().try_for_each(|key| write!(f, " -{key}"))
            }
            Self::RenameGroup(group) => write!(f, "rename the group {}", group.key),
            Self::DeleteGroup(group) => write!(f, "delete the group {}", group.key),
        }
    }
}
