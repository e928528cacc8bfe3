//! What a scenario is once it has been read and found to make sense: every name resolved, every JSON text parsed.
//! The runner works on this and on nothing else. Plain requests are in `requests`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use scimspec_mock_idp::persona::PersonaName;
use scimspec_mock_idp::recording::Recording;

pub use super::requests::{
    AnswerPattern, Body, Judged, Keep, Kept, Outcome, OutcomeVerdict, Repeat, RequestStep, RequestTarget,
    RequestTemplate, Sender, Statuses, Tally, WalkBy, WalkStep,
};
use crate::catalogue::{Level, RequirementId};
use crate::json::template::{Reference, Template, Text};

/// One story.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its path below `scenarios/` without the ending: `lifecycle/deactivate-blocks`.
    pub id: String,
    /// One line.
    pub title: String,
    /// Why it matters.
    pub why: String,
    /// The profiles it is for; none named: all that do not switch its requirements off.
    pub profiles: Vec<String>,
    /// The personas it runs as; none: plain requests only, it runs once.
    pub personas: Vec<PersonaName>,
    /// What the target must be able to do, else it is skipped.
    pub needs: ByCase<Vec<Need>>,
    /// What in it could harm a real server, to be allowed with `--allow`.
    pub allow: Vec<Allow>,
    /// Made-up people, by name.
    pub people: Vec<String>,
    /// Made-up groups, by name.
    pub groups: Vec<String>,
    /// Whether its transcript is kept as a snapshot.
    pub snapshot: bool,
    /// The table, if it has one.
    pub cases: Vec<Case>,
    /// What happens.
    pub steps: Vec<Step>,
}

/// A row of a scenario's table.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its slug.
    pub slug: String,
    /// Its cells: text that is JSON is that JSON, other text is a string. They name nothing but `${unique...}`.
    pub cells: BTreeMap<String, Template>,
}

/// Something that may differ by the row of the table.
#[derive(Debug, Clone)]
pub enum ByCase<T> {
    /// The same for every row, or there is no table.
    Same(T),
    /// By the row's slug.
    Each(BTreeMap<String, T>),
}

/// A capability that a scenario or a step cannot do without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// A `supported` flag of /ServiceProviderConfig: `patch`, `filter`, `bulk`, `sort`, `etag`, `changePassword`.
    Feature(String),
    /// That flag says no: then a 501 is what is asked for (RFC 7644, section 3.12).
    No(String),
    /// Pagination by cursor (RFC 9865, section 4).
    Cursor,
    /// It says that it has no pagination by cursor.
    NoCursor,
    /// Pagination by index, which is there unless it says no (RFC 9865, section 4).
    IndexPaging,
    /// It says that it has no pagination by index.
    NoIndexPaging,
    /// An attribute that a client may write: `emails`, `name.givenName` of User, `Group.externalId`, `URN:department`.
    Attribute(String),
    /// The Group resource type.
    Groups,
    /// A resource type of that name.
    ResourceType(String),
    /// The enterprise extension (RFC 7643, section 4.3).
    Enterprise,
    /// At least one access probe.
    Access,
    /// An access probe that only a group opens.
    GroupAccess,
    /// A way to make an account outside SCIM (`[account]` in the configuration).
    Account,
    /// A token of the target's own: whoever needs none is not refused without.
    Token,
    /// The token of a second tenant (`[target.other-tenant]` in the configuration).
    OtherTenant,
}

/// What a scenario may do to a server only when told so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Allow {
    /// Many requests at once.
    Load,
}

impl Allow {
    /// All of it: for servers that end with the run.
    pub const ALL: [Self; 1] = [Self::Load];
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Line of the file, from 1, for messages.
    pub line: u64,
    /// What is done.
    pub action: Action,
    /// What it shows; none: a guard.
    pub check: Option<ByCase<Check>>,
    /// What the target must be able to do, else the step is passed over and its check skipped.
    pub needs: ByCase<Vec<Need>>,
    /// A bad network for this step.
    pub fault: Option<FaultOnStep>,
    /// How long what is expected may take to come true.
    pub within: Option<Duration>,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Action {
    /// Something happens in the identity provider.
    Idp {
        /// What.
        act: IdpAct,
        /// How the provider's task must end.
        expect: TaskEnd,
    },
    /// The application makes accounts for these people outside SCIM.
    Account {
        /// Whose.
        people: Vec<String>,
    },
    /// These people try to get in.
    Access {
        /// Who.
        people: Vec<String>,
        /// Through the door that only this group opens; none: by every ordinary way.
        group: Option<String>,
        /// What must come of it.
        is: Access,
    },
    /// A plain request.
    Request(Box<RequestStep>),
    /// A list, read page after page.
    Walk(Box<WalkStep>),
    /// A recording, replayed.
    Replay(Box<ReplayStep>),
}

/// A recording whose requests are sent again, and whose answers are what is right.
#[derive(Debug, Clone)]
pub struct ReplayStep {
    /// As the scenario names it.
    pub file: String,
    /// What is in it.
    pub recording: Arc<Recording>,
    /// Whether every difference counts, not only what a provider would notice.
    pub strict: bool,
}

/// What a step shows.
#[derive(Debug, Clone)]
pub struct Check {
    /// Its slug within the scenario.
    pub slug: String,
    /// The row that it is for, where each row shows something else.
    pub case: Option<String>,
    /// The requirements, all of one level.
    pub shows: Vec<RequirementId>,
    /// That level.
    pub level: Level,
}

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

/// Whether someone is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Every fresh way is open.
    Allowed,
    /// Every way is refused.
    Blocked,
}

/// A bad network for one step.
#[derive(Debug, Clone)]
pub struct FaultOnStep {
    /// What goes wrong.
    pub fault: scimspec_mock_idp::fault::Fault,
}

impl Scenario {
    /// A scenario without steps.
    #[cfg(test)]
    pub(crate) fn empty(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            title: String::new(),
            why: String::new(),
            profiles: Vec::new(),
            personas: Vec::new(),
            needs: ByCase::Same(Vec::new()),
            allow: Vec::new(),
            people: Vec::new(),
            groups: Vec::new(),
            snapshot: false,
            cases: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// The checks of its steps, in order; one that shows something else in each row stands once for each.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.steps.iter().filter_map(|step| step.check.as_ref()).flat_map(ByCase::all)
    }

    /// The checks of a row.
    pub fn checks_of(&self, case: Option<&Case>) -> impl Iterator<Item = &Check> {
        self.steps.iter().filter_map(move |step| step.check.as_ref()?.of(case))
    }

    /// Whether nothing that it sends could change the target: only GETs, nobody is made up, nobody tries to get in.
    pub fn only_reads(&self) -> bool {
        let reads = |step: &Step| match &step.action {
            Action::Request(request) => request.requests().all(|request| request.method == http::Method::GET),
            Action::Walk(_) => true,
            Action::Replay(replay) => {
                replay.recording.exchanges().all(|it| it.request.method == http::Method::GET)
            }
            Action::Idp { act, .. } => *act == IdpAct::TestConnection,
            Action::Account { .. } | Action::Access { .. } => false,
        };
        self.people.is_empty() && self.groups.is_empty() && self.steps.iter().all(reads)
    }

    /// The full ids of all its checks, in order.
    pub fn check_ids(&self) -> Vec<String> {
        let cases: Vec<Option<&Case>> =
            if self.cases.is_empty() { vec![None] } else { self.cases.iter().map(Some).collect() };
        let ids = cases
            .into_iter()
            .map(|case| self.checks_of(case).map(move |check| self.check_id(case, &check.slug)));
        ids.flatten().collect()
    }

    /// The full id of a check: `SCENARIO[/CASE]/CHECK`.
    pub fn check_id(&self, case: Option<&Case>, check: &str) -> String {
        match case {
            Some(case) => format!("{}/{}/{check}", self.id, case.slug),
            None => format!("{}/{check}", self.id),
        }
    }
}

impl Step {
    /// Every name that it uses.
    pub fn references(&self) -> Vec<Reference> {
        match &self.action {
            Action::Idp { act: IdpAct::ChangeProfile(_, changes), .. } => {
                changes.iter().flat_map(|(_, text)| text.references().cloned()).collect()
            }
            Action::Idp { .. } | Action::Account { .. } | Action::Access { .. } | Action::Replay(_) => {
                Vec::new()
            }
            Action::Request(request) => request.references(),
            Action::Walk(walk) => walk.references(),
        }
    }

    /// What it keeps.
    pub fn keeps(&self) -> &[Keep] {
        match &self.action {
            Action::Request(request) => &request.keep,
            Action::Walk(walk) => &walk.keep,
            Action::Idp { .. } | Action::Account { .. } | Action::Access { .. } | Action::Replay(_) => &[],
        }
    }

    /// What those who send its requests need: a second tenant's token, or a target that asks for one at all.
    pub fn senders_need(&self) -> Vec<&'static Need> {
        let need = |request: &RequestTemplate| match request.sender {
            Sender::Own => None,
            Sender::Nobody | Sender::WrongToken => Some(&Need::Token),
            Sender::OtherTenant => Some(&Need::OtherTenant),
        };
        match &self.action {
            Action::Request(step) => step.requests().filter_map(need).collect(),
            Action::Walk(walk) => need(&walk.request).into_iter().collect(),
            Action::Idp { .. } | Action::Account { .. } | Action::Access { .. } | Action::Replay(_) => {
                Vec::new()
            }
        }
    }
}

impl<T> ByCase<T> {
    /// What it is for a row.
    pub fn of(&self, case: Option<&Case>) -> Option<&T> {
        match self {
            Self::Same(value) => Some(value),
            Self::Each(by) => by.get(&case?.slug),
        }
    }

    /// Whatever it may be.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        let (same, each) = match self {
            Self::Same(value) => (Some(value), None),
            Self::Each(by) => (None, Some(by.values())),
        };
        same.into_iter().chain(each.into_iter().flatten())
    }
}

impl Check {
    /// Its name within the scenario: `CHECK`, or `CASE/CHECK` where each row shows something else.
    pub fn name(&self) -> String {
        match &self.case {
            Some(case) => format!("{case}/{}", self.slug),
            None => self.slug.clone(),
        }
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
}

impl IdpAct {
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
