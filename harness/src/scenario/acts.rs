//! What people do outside SCIM that a story tells of: in the identity provider, and in the application by its own
//! administrator.

use crate::json::template::Text;

/// What happens in the identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdpAct {
    /// "Test connection".
    TestConnection,
    /// The application is assigned to each person.
    Assign(Vec<String>),
    /// The assignment is taken away from each.
    Unassign(Vec<String>),
    /// Mapped attributes change.
    ChangeProfile(Vec<String>, Vec<(String, Text)>),
    /// Each is suspended in the provider.
    Suspend(Vec<String>),
    /// A suspension ends.
    Unsuspend(Vec<String>),
    /// Each is deactivated in the provider.
    Deactivate(Vec<String>),
    /// Each is deleted in the provider.
    Delete(Vec<String>),
    /// The application is assigned to a group.
    AssignGroup(String),
    /// That assignment is taken away.
    UnassignGroup(String),
    /// People join a group.
    Join(String, Vec<String>),
    /// People leave a group.
    Leave(String, Vec<String>),
    /// A group is pushed.
    PushGroup(String),
    /// Its whole member list is pushed again.
    PushNow(String),
    /// A group gets another name.
    RenameGroup(String),
    /// A pushed group is deleted in the application.
    DeleteGroup(String),
}

/// How a provider's task ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskEnd {
    /// Carried out.
    Done,
    /// Failed, as an administrator would see it.
    Failed,
}

/// What the application's own administrator does about a person, outside SCIM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdministratorAct {
    /// Shuts the account by hand.
    Block,
    /// Takes that back.
    Unblock,
    /// Makes the person an administrator of the application.
    Promote,
    /// Takes that back.
    Demote,
}

impl AdministratorAct {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Block, Self::Unblock, Self::Promote, Self::Demote];

    /// The word of the scenario file and of the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Unblock => "unblock",
            Self::Promote => "promote",
            Self::Demote => "demote",
        }
    }

    /// The act of that word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.word() == word)
    }
}

impl IdpAct {
    /// The word of the scenario file.
    pub fn word(&self) -> &'static str {
        match self {
            Self::TestConnection => "test-connection",
            Self::Assign(_) => "assign",
            Self::Unassign(_) => "unassign",
            Self::ChangeProfile(..) => "change-profile",
            Self::Suspend(_) => "suspend",
            Self::Unsuspend(_) => "unsuspend",
            Self::Deactivate(_) => "deactivate",
            Self::Delete(_) => "delete",
            Self::AssignGroup(_) => "assign-group",
            Self::UnassignGroup(_) => "unassign-group",
            Self::Join(..) => "join",
            Self::Leave(..) => "leave",
            Self::PushGroup(_) => "push-group",
            Self::PushNow(_) => "push-now",
            Self::RenameGroup(_) => "rename-group",
            Self::DeleteGroup(_) => "delete-group",
        }
    }

    /// What happens, in words that may stand behind "could not": `push the group staff`.
    pub fn in_words(&self) -> String {
        let whom = self.people().join(" and ");
        let group = self.group().unwrap_or_default();
        match self {
            Self::TestConnection => "test the connection".to_owned(),
            Self::Assign(_) => format!("assign {whom}"),
            Self::Unassign(_) => format!("unassign {whom}"),
            Self::ChangeProfile(..) => format!("change the profile of {whom}"),
            Self::Suspend(_) => format!("suspend {whom}"),
            Self::Unsuspend(_) => format!("end the suspension of {whom}"),
            Self::Deactivate(_) => format!("deactivate {whom}"),
            Self::Delete(_) => format!("delete {whom}"),
            Self::AssignGroup(_) => format!("assign the group {group}"),
            Self::UnassignGroup(_) => format!("unassign the group {group}"),
            Self::Join(..) => format!("add {whom} to {group}"),
            Self::Leave(..) => format!("take {whom} out of {group}"),
            Self::PushGroup(_) => format!("push the group {group}"),
            Self::PushNow(_) => format!("push the members of {group} again"),
            Self::RenameGroup(_) => format!("rename the group {group}"),
            Self::DeleteGroup(_) => format!("delete the group {group}"),
        }
    }

    /// Whom it names.
    pub fn people(&self) -> &[String] {
        match self {
            Self::Assign(people)
            | Self::Unassign(people)
            | Self::ChangeProfile(people, _)
            | Self::Suspend(people)
            | Self::Unsuspend(people)
            | Self::Deactivate(people)
            | Self::Delete(people)
            | Self::Join(_, people)
            | Self::Leave(_, people) => people,
            _ => &[],
        }
    }

    /// The group that it names.
    pub fn group(&self) -> Option<&str> {
        match self {
            Self::AssignGroup(group)
            | Self::UnassignGroup(group)
            | Self::Join(group, _)
            | Self::Leave(group, _)
            | Self::PushGroup(group)
            | Self::PushNow(group)
            | Self::RenameGroup(group)
            | Self::DeleteGroup(group) => Some(group),
            _ => None,
        }
    }
}
