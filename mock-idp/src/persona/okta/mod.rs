//! Okta: an app made with the App Integration Wizard, which writes with GET and PUT, and an app of the integration
//! catalogue, which deactivates and pushes groups with PATCH. Here are the plan for each event and what the two
//! share; `people` and `groups` hold the stages, `body` the JSON, `words` what an administrator reads.

mod body;
mod groups;
mod options;
mod people;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::Value;

use self::groups::GroupStep;
pub(super) use self::options::{CATALOG_OPTIONS, WIZARD_OPTIONS};
use self::people::{Change, PersonStep, Subject};
use super::catalogue::Options;
use super::machine::{Pause, Provider, Retry, Trouble};
use super::reading::{List, retry_after};
use super::writing::{Blank, query};
use super::{Failure, LogEntry, LogOutcome, Message};
use crate::directory::{Event, Group, GroupKey, Person, PersonKey};
use crate::exchange::{Answer, Broken, Request};

const GUIDE_TEST: &str = "Okta, SCIM 2.0 reference: test of the connector; live session of 2026";
const GUIDE_IMPORT: &str = "Okta, SCIM 2.0 reference: retrieve users; concepts: rate limits";

/// Okta, Understand SCIM provisioning: rate limiting. Without a usable Retry-After Okta waits 5 minutes.
const DEFAULT_WAIT: u64 = 300;
/// The same page: after 10 attempts the task has failed for good.
const ATTEMPTS: u32 = 10;
/// The option `retry-failed`: every 30 minutes.
const RETRY: Duration = Duration::from_mins(30);
/// Okta has no such limit; without one a server whose list never ends would keep the import going for ever.
const LAST_PAGE: u64 = 1000;
/// What Okta adds to startIndex, whatever the page held.
const PAGE: u64 = 100;

/// How an app writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writes {
    /// GET, then PUT of the whole resource.
    Put,
    /// PATCH without path.
    Patch,
}

/// Okta as it acts for one application.
#[derive(Debug)]
pub(super) struct Okta {
    writes: Writes,
    options: Options,
    people: BTreeMap<PersonKey, Link>,
    groups: BTreeMap<GroupKey, String>,
    event: Option<Event>,
    /// Whether the task has sent anything: what was silent leaves no row about the application.
    talked: bool,
    log: Vec<LogEntry>,
}

/// Okta's application user.
#[derive(Debug, Default)]
struct Link {
    /// The server's id, which Okta calls externalId.
    id: Option<String>,
    user_name: String,
    assigned: bool,
    /// Whether the last push failed. Okta then sends nothing on unassign (developer forum, 7207).
    failed: bool,
}

/// One message and what it is for.
#[derive(Debug, Clone)]
pub(super) enum Stage {
    Probe(Endpoint),
    Import { endpoint: Endpoint, start: u64 },
    Person(Arc<Subject>, PersonStep),
    Group(Arc<Group>, GroupStep),
}

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Users,
    Groups,
}

impl Okta {
    pub(super) fn new(writes: Writes, options: Options) -> Self {
        Self {
            writes,
            options,
            people: BTreeMap::new(),
            groups: BTreeMap::new(),
            event: None,
            talked: false,
            log: Vec::new(),
        }
    }

    fn link(&mut self, person: &Person) -> &mut Link {
        let link = self.people.entry(person.key.clone()).or_default();
        link.user_name.clone_from(&person.user_name);
        link
    }

    fn endpoints(&self) -> Vec<Endpoint> {
        if self.options.has(options::IMPORT_GROUPS) {
            vec![Endpoint::Users, Endpoint::Groups]
        } else {
            vec![Endpoint::Users]
        }
    }

    /// The query of a lookup. Okta's order is always filter, startIndex, count.
    fn lookup(&self, endpoint: Endpoint, filter: &str) -> String {
        let blank = if self.options.has(options::PLUS) { Blank::Plus } else { Blank::Percent };
        format!("{}?filter={}&startIndex=1&count=100", endpoint.path(), query(filter, blank))
    }

    fn log(&mut self, event_type: &'static str, target: &str, outcome: LogOutcome) {
        self.log.push(LogEntry { event_type, legacy_event_type: None, target: target.to_owned(), outcome });
    }

    fn succeeded(&mut self, event_type: &'static str, target: &str) {
        self.log(event_type, target, LogOutcome::Success);
    }

    fn heard_probe(&mut self, endpoint: Endpoint, answer: &Answer) -> Result<Vec<Stage>, Trouble> {
        let nothing = |why: String| Trouble {
            text: format!("{} ({why})", words::no_results(endpoint)),
            kind: Failure::Unusable,
        };
        if !answer.is_success() {
            return Err(words::not_connected(answer));
        }
        let list = List::read(answer).map_err(nothing)?;
        if self.options.has(options::STRICT_PROBE) && list.resources.is_empty() {
            return Err(nothing("the list is empty".to_owned()));
        }
        Ok(Vec::new())
    }

    fn plan_person(&mut self, person: &Person, before: Option<&Person>) -> Arc<Subject> {
        self.link(person);
        Arc::new(Subject { person: person.clone(), before: before.cloned() })
    }

    fn plan_assign(&mut self, person: &Person) -> Vec<Stage> {
        self.succeeded("application.user_membership.add", &person.user_name);
        let subject = self.plan_person(person, None);
        let verify = self.options.has(options::VERIFY_BY_ID);
        let link = self.link(person);
        link.assigned = true;
        let step = match &link.id {
            Some(id) if verify => PersonStep::Verify { id: id.clone() },
            _ => PersonStep::LookUp,
        };
        vec![Stage::Person(subject, step)]
    }

    fn plan_unassign(&mut self, person: &Person) -> Vec<Stage> {
        self.succeeded("application.user_membership.remove", &person.user_name);
        let subject = self.plan_person(person, None);
        let delete = self.options.has(options::DELETE_ON_UNASSIGN);
        let link = self.link(person);
        link.assigned = false;
        // Developer forum, 7207, confirmed as intended: no traffic for somebody whose last push failed.
        match link.id.clone().filter(|_| !link.failed) {
            Some(id) if delete => vec![Stage::Person(subject, PersonStep::Delete { id })],
            Some(id) => vec![self.write(subject, id, Change::Active(false))],
            None => Vec::new(),
        }
    }

    fn plan_group(
        &mut self,
        group: &Group,
        stages: impl FnOnce(&Self, String) -> Vec<GroupStep>,
    ) -> Vec<Stage> {
        let steps = match self.groups.get(&group.key) {
            Some(id) => stages(self, id.clone()),
            None => vec![GroupStep::Find],
        };
        let group = Arc::new(group.clone());
        steps.into_iter().map(|step| Stage::Group(Arc::clone(&group), step)).collect()
    }
}

impl Provider for Okta {
    type Stage = Stage;

    fn plan(&mut self, event: &Event) -> Vec<Stage> {
        self.event = Some(event.clone());
        self.talked = false;
        match event {
            Event::TestConnection => self.endpoints().into_iter().map(Stage::Probe).collect(),
            Event::Import => {
                self.endpoints().into_iter().map(|endpoint| Stage::Import { endpoint, start: 1 }).collect()
            }
            Event::Assign(person) => self.plan_assign(person),
            Event::ChangeProfile { before, after } => {
                let subject = self.plan_person(after, Some(before));
                let id = self.link(after).id.clone();
                id.map(|id| self.push_profile(&subject, &id)).unwrap_or_default()
            }
            Event::Unassign(person) => self.plan_unassign(person),
            Event::Deactivate(person) => {
                self.succeeded("user.lifecycle.deactivate", &person.user_name);
                self.plan_unassign(person)
            }
            Event::Suspend(person) => {
                self.succeeded("user.lifecycle.suspend", &person.user_name);
                Vec::new()
            }
            Event::Unsuspend(person) => {
                self.succeeded("user.lifecycle.unsuspend", &person.user_name);
                Vec::new()
            }
            // Okta's manager is an ordinary attribute that is unmapped by default, and deleting a deactivated
            // person concerns Okta alone.
            Event::Delete(_) | Event::SetManager { .. } => Vec::new(),
            Event::SyncPassword(person) => {
                let subject = self.plan_person(person, None);
                let id = self.link(person).id.clone();
                id.map(|id| self.write(subject, id, Change::Password)).into_iter().collect()
            }
            Event::PushGroup(group) | Event::PushNow(group) => self.plan_group(group, Self::write_members),
            Event::ChangeMembers { group, added, removed } => {
                self.plan_group(group, |okta, id| okta.change_members(id, added, removed))
            }
            Event::RenameGroup(group) => self.plan_group(group, Self::write_name),
            Event::DeleteGroup(group) if !self.groups.contains_key(&group.key) => Vec::new(),
            Event::DeleteGroup(group) => self.plan_group(group, |_, id| vec![GroupStep::Delete { id }]),
        }
    }

    fn message(&mut self, stage: &Stage) -> Message {
        self.talked = true;
        match stage {
            Stage::Probe(endpoint) => Message {
                request: request(
                    Method::GET,
                    format!("{}?startIndex=1&count={}", endpoint.path(), endpoint.probe_count()),
                    None,
                ),
                doing: format!("tests the connection with {}", endpoint.path()),
                source: GUIDE_TEST,
                demands: match endpoint {
                    Endpoint::Users => vec!["OKTA-Users-L8", "OKTA-Users-L6"],
                    Endpoint::Groups => Vec::new(),
                },
                forms: Vec::new(),
            },
            Stage::Import { endpoint, start } => Message {
                request: request(
                    Method::GET,
                    format!("{}?startIndex={start}&count={PAGE}", endpoint.path()),
                    None,
                ),
                doing: format!("imports {} from number {start} on", endpoint.path()),
                source: GUIDE_IMPORT,
                demands: match endpoint {
                    Endpoint::Users => vec!["OKTA-Users-L7", "OKTA-Users-L6"],
                    Endpoint::Groups => Vec::new(),
                },
                forms: Vec::new(),
            },
            Stage::Person(subject, step) => self.person_message(subject, step),
            Stage::Group(group, step) => self.group_message(group, step),
        }
    }

    fn heard(&mut self, stage: &Stage, result: Result<Answer, Broken>) -> Result<Vec<Stage>, Trouble> {
        let answer = result.map_err(|broken| words::unreachable(stage, broken))?;
        match stage {
            Stage::Probe(endpoint) => self.heard_probe(*endpoint, &answer),
            Stage::Import { endpoint, start } => heard_import(*endpoint, *start, &answer),
            Stage::Person(subject, step) => self.heard_person(subject, step, &answer),
            Stage::Group(group, step) => self.heard_group(group, step, &answer),
        }
    }

    fn throttled(&mut self, stage: &Stage, answer: &Answer, attempt: u32) -> Result<Pause, Trouble> {
        self.log(
            "application.integration.rate_limit_exceeded",
            &stage.target(),
            LogOutcome::Failure { reason: Some("Too Many Requests".to_owned()) },
        );
        if attempt >= ATTEMPTS {
            return Err(words::rate_limited(stage, answer, &format!("after {ATTEMPTS} attempts")));
        }
        // Each further attempt doubles the wait.
        let seconds = retry_after(answer).unwrap_or(DEFAULT_WAIT).saturating_mul(1 << (attempt - 1));
        let next = format!("{seconds} s before attempt {} of {ATTEMPTS}", attempt + 1);
        Ok(Pause {
            time: Duration::from_secs(seconds),
            why: format!("rate limit exceeded: the task is paused for {next}"),
            otherwise: words::rate_limited(stage, answer, &format!("Okta would wait {next}")),
        })
    }

    fn done(&mut self) {
        let Some(event) = self.event.take().filter(|_| self.talked) else { return };
        let (event_type, target) = match &event {
            Event::Assign(person) => {
                self.link(person).failed = false;
                ("application.user_membership.provision", person.user_name.as_str())
            }
            Event::ChangeProfile { after, .. } => {
                self.link(after).failed = false;
                return;
            }
            Event::Import => ("application.provision.user.import", Endpoint::Users.path()),
            Event::PushGroup(group) => {
                ("application.provision.group_push.pushed", group.display_name.as_str())
            }
            Event::PushNow(group) | Event::ChangeMembers { group, .. } | Event::RenameGroup(group) => {
                ("application.provision.group_push.updated", group.display_name.as_str())
            }
            Event::DeleteGroup(group) => {
                self.groups.remove(&group.key);
                ("application.provision.group_push.removed", group.display_name.as_str())
            }
            _ => return,
        };
        self.succeeded(event_type, target);
    }

    fn failed(&mut self, stage: &Stage, trouble: &Trouble) -> Option<Retry> {
        self.log.push(words::failure(stage, trouble));
        if trouble.kind == (Failure::Refused { status: 401 }) {
            let reason = Some(trouble.text.clone());
            let outcome = LogOutcome::Failure { reason };
            self.log("application.integration.authentication_failure", &stage.target(), outcome);
        }
        let event = self.event.take()?;
        if let Event::Assign(person) | Event::ChangeProfile { after: person, .. } = &event {
            self.link(person).failed = true;
        }
        let again = self.options.has(options::RETRY_FAILED)
            && matches!(stage, Stage::Person(..))
            && trouble.kind != Failure::RateLimited;
        again.then(|| Retry {
            time: RETRY,
            why: format!("the task failed and is tried again: {}", trouble.text),
        })
    }

    fn linked(&self, person: &PersonKey) -> Option<&str> {
        self.people.get(person)?.id.as_deref()
    }

    fn linked_group(&self, group: &GroupKey) -> Option<&str> {
        self.groups.get(group).map(String::as_str)
    }

    fn logged(&mut self) -> Vec<LogEntry> {
        std::mem::take(&mut self.log)
    }
}

impl Endpoint {
    fn path(self) -> &'static str {
        match self {
            Self::Users => "/Users",
            Self::Groups => "/Groups",
        }
    }

    fn probe_count(self) -> u64 {
        match self {
            Self::Users => 2,
            Self::Groups => PAGE,
        }
    }
}

impl Stage {
    /// Whom or what it concerns, for the log.
    fn target(&self) -> String {
        match self {
            Self::Probe(endpoint) | Self::Import { endpoint, .. } => endpoint.path().to_owned(),
            Self::Person(subject, _) => subject.person.user_name.clone(),
            Self::Group(group, _) => group.display_name.clone(),
        }
    }
}

/// Goes on while totalResults says that there is more, adding 100 whatever the page held.
fn heard_import(endpoint: Endpoint, start: u64, answer: &Answer) -> Result<Vec<Stage>, Trouble> {
    if !answer.is_success() {
        return Err(words::import_refused(answer));
    }
    let unusable = |why: &str| Trouble {
        text: format!("Import of {} failed: {why}", endpoint.path()),
        kind: Failure::Unusable,
    };
    let list = List::read(answer).map_err(|why| unusable(&why))?;
    let next = start + PAGE;
    if next > list.total {
        return Ok(Vec::new());
    }
    if list.resources.is_empty() {
        return Err(unusable(&format!(
            "totalResults is {}, but the page from {start} on is empty",
            list.total
        )));
    }
    if next > LAST_PAGE * PAGE {
        return Err(unusable("the list is longer than this import reads"));
    }
    Ok(vec![Stage::Import { endpoint, start: next }])
}

/// A request with Okta's headers, which are the same in every capture since 2018; `Content-Type` only with a body.
fn request(method: Method, target: String, body: Option<&Value>) -> Request {
    let request = Request::scim(method, target)
        .header("Accept", "application/scim+json")
        .header("Accept-Charset", "utf-8")
        .header("User-Agent", "Okta SCIM Client 1.0.0");
    let request = match body {
        Some(_) => request.header("Content-Type", "application/scim+json; charset=utf-8"),
        None => request,
    };
    let request = request.header("Connection", "Keep-Alive").header("Accept-Encoding", "gzip,deflate");
    match body {
        Some(body) => request.body(body.to_string()),
        None => request,
    }
}
