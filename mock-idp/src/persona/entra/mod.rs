//! Microsoft Entra ID: matches, compares what the server has with what it wants, and patches the differences. Here
//! are the plan for each event and the connection test; `people` and `groups` hold the stages, `patch` the spelling,
//! `words` what an administrator reads.

mod groups;
mod options;
mod patch;
mod people;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::Value;

use self::groups::GroupStep;
pub(super) use self::options::OPTIONS;
use self::patch::{Boolean, Dialect, Verb};
use self::people::{Goal, PersonStep, patched};
use super::catalogue::Options;
use super::machine::{Pause, Provider, Retry, Trouble};
use super::reading::{List, retry_after};
use super::writing::{Blank, equals, query};
use super::{LogEntry, Message, forms};
use crate::directory::{Event, Group, GroupKey, Person, PersonKey};
use crate::exchange::{Answer, Broken, Request};

const TEST: &str = "Microsoft, Develop a SCIM endpoint: test connection; an access log of 2025";
const SCHEMAS: &str = "Microsoft, application gallery: provisioning requirements (schema discovery)";

/// Microsoft gives no number; without one a server that always answers 429 with `Retry-After: 0` would keep a task
/// going for ever.
const ATTEMPTS: u32 = 10;

/// Entra ID as it acts for one application.
#[derive(Debug)]
pub(super) struct Entra {
    options: Options,
    chance: Chance,
    people: BTreeMap<PersonKey, Link>,
    groups: BTreeMap<GroupKey, String>,
}

/// What Entra knows about somebody in the application.
#[derive(Debug, Default)]
struct Link {
    id: Option<String>,
    assigned: bool,
    /// Unassigning ends it: a later deletion is not carried to the application.
    managed: bool,
}

/// One message and what it is for.
#[derive(Debug, Clone)]
pub(super) enum Stage {
    ProbeUsers(String),
    ProbeGroups(String),
    Schemas,
    Person(Arc<Person>, PersonStep),
    Group(Arc<Group>, GroupStep),
}

impl Entra {
    pub(super) fn new(options: Options, seed: u64) -> Self {
        Self { options, chance: Chance(seed), people: BTreeMap::new(), groups: BTreeMap::new() }
    }

    fn link(&mut self, person: &Person) -> &mut Link {
        self.people.entry(person.key.clone()).or_default()
    }

    fn id(&self, key: &PersonKey) -> Option<String> {
        self.people.get(key)?.id.clone()
    }

    /// The spelling of the next PATCH.
    fn dialect(&mut self) -> Dialect {
        let compliant = self.options.has(options::COMPLIANT);
        let boolean = if compliant || self.options.has(options::ACTIVE_BOOLEAN) {
            Boolean::Literal
        } else if self.options.has(options::ACTIVE_LOWER) {
            Boolean::Lower
        } else if self.options.has(options::ACTIVE_MIXED) {
            match self.chance.next() % 3 {
                0 => Boolean::Capital,
                1 => Boolean::Lower,
                _ => Boolean::Literal,
            }
        } else {
            Boolean::Capital
        };
        Dialect {
            compliant,
            boolean,
            manager_array: self.options.has(options::MANAGER_ARRAY),
            blind: self.options.has(options::BLIND_UPDATES),
        }
    }

    /// The connection test asks for somebody who cannot exist.
    fn plan_test(&mut self) -> Vec<Stage> {
        let mut stages = vec![Stage::ProbeUsers(self.chance.guid())];
        if self.options.has(options::PROBE_GROUPS) {
            stages.push(Stage::ProbeGroups(self.chance.guid()));
        }
        if self.options.has(options::GALLERY) {
            stages.push(Stage::Schemas);
        }
        stages
    }

    /// Makes the account inactive, if Entra knows it.
    fn plan_out(&self, person: &Arc<Person>) -> Vec<Stage> {
        let Some(id) = self.id(&person.key) else { return Vec::new() };
        if self.options.has(options::BLIND_UPDATES) {
            return patched(person, &id, vec![patch::active(Verb::Replace, false)]);
        }
        vec![Stage::Person(Arc::clone(person), PersonStep::Read { id, goal: Goal::Out })]
    }

    /// As [`Self::plan_out`], but for good: a target without soft delete loses the account at once.
    fn plan_leave(&mut self, person: &Arc<Person>) -> Vec<Stage> {
        self.link(person).assigned = false;
        match self.id(&person.key) {
            Some(id) if self.options.has(options::DELETE_ON_UNASSIGN) => {
                vec![Stage::Person(Arc::clone(person), PersonStep::Delete { id })]
            }
            _ => self.plan_out(person),
        }
    }

    /// Makes the account active again, if Entra knows it.
    fn plan_back(&self, person: &Arc<Person>) -> Vec<Stage> {
        let Some(id) = self.id(&person.key) else { return Vec::new() };
        if self.options.has(options::BLIND_UPDATES) {
            return patched(person, &id, vec![patch::active(Verb::Replace, true)]);
        }
        vec![Stage::Person(Arc::clone(person), PersonStep::Read { id, goal: Goal::In })]
    }

    fn plan_change(&self, before: &Person, after: &Arc<Person>) -> Vec<Stage> {
        let step = match self.id(&after.key) {
            None => PersonStep::Match(Goal::In),
            Some(id) if self.options.has(options::BLIND_UPDATES) => {
                let (old_id, new_id) = (self.external_id(before), self.external_id(after));
                return patched(after, &id, patch::from_person(before, old_id, after, new_id));
            }
            Some(id) => PersonStep::Read { id, goal: Goal::In },
        };
        vec![Stage::Person(Arc::clone(after), step)]
    }

    fn plan_group(&self, group: &Group, steps: impl FnOnce(&str) -> Vec<GroupStep>) -> Vec<Stage> {
        let steps = self.groups.get(&group.key).map_or_else(|| vec![GroupStep::Find], |id| steps(id));
        let group = Arc::new(group.clone());
        steps.into_iter().map(|step| Stage::Group(Arc::clone(&group), step)).collect()
    }
}

impl Provider for Entra {
    type Stage = Stage;

    fn plan(&mut self, event: &Event) -> Vec<Stage> {
        match event {
            Event::TestConnection => self.plan_test(),
            Event::Assign(person) => {
                let link = self.link(person);
                (link.assigned, link.managed) = (true, true);
                vec![Stage::Person(Arc::new(person.clone()), PersonStep::Match(Goal::In))]
            }
            Event::ChangeProfile { before, after } => self.plan_change(before, &Arc::new(after.clone())),
            Event::SetManager { person, manager: Some(manager) } => {
                match (self.id(&person.key), self.id(manager)) {
                    (Some(id), Some(manager)) => {
                        let step = PersonStep::CheckManager { id, manager };
                        vec![Stage::Person(Arc::new(person.clone()), step)]
                    }
                    _ => Vec::new(),
                }
            }
            Event::Unassign(person) => {
                self.link(person).managed = false;
                self.plan_leave(&Arc::new(person.clone()))
            }
            Event::Deactivate(person) => self.plan_leave(&Arc::new(person.clone())),
            // Blocking the sign-in disables the account in the application.
            Event::Suspend(person) => self.plan_out(&Arc::new(person.clone())),
            Event::Unsuspend(person) => self.plan_back(&Arc::new(person.clone())),
            Event::Delete(person) => {
                let link = self.link(person);
                match link.id.clone().filter(|_| link.managed) {
                    Some(id) => {
                        vec![Stage::Person(Arc::new(person.clone()), PersonStep::Delete { id })]
                    }
                    None => Vec::new(),
                }
            }
            // Null attributes are skipped, so that a manager is never taken away; Entra imports nothing and sends no
            // passwords over SCIM.
            Event::SetManager { manager: None, .. } | Event::Import | Event::SyncPassword(_) => Vec::new(),
            Event::PushGroup(group) | Event::PushNow(group) => {
                vec![Stage::Group(Arc::new(group.clone()), GroupStep::Find)]
            }
            Event::ChangeMembers { group, added, removed } => {
                self.plan_group(group, |id| self.change_members(id, added, removed))
            }
            Event::RenameGroup(group) => {
                self.plan_group(group, |id| vec![GroupStep::Read { id: id.to_owned() }])
            }
            Event::DeleteGroup(group) if !self.groups.contains_key(&group.key) => Vec::new(),
            Event::DeleteGroup(group) => {
                self.plan_group(group, |id| vec![GroupStep::Delete { id: id.to_owned() }])
            }
        }
    }

    fn message(&mut self, stage: &Stage) -> Message {
        match stage {
            Stage::ProbeUsers(guid) => {
                let filter = query(&equals("userName", guid), Blank::Plus);
                Message {
                    request: request(Method::GET, format!("/Users?filter={filter}"), None),
                    doing: "tests the connection: looks for a user who cannot exist".to_owned(),
                    source: TEST,
                    demands: vec!["ENTRA-Retrieve-L1", "ENTRA-Requirements-L4"],
                    forms: Vec::new(),
                }
            }
            Stage::ProbeGroups(guid) => {
                let filter = query(&equals("displayName", guid), Blank::Plus);
                Message {
                    request: request(
                        Method::GET,
                        format!("/Groups?excludedAttributes=members&filter={filter}"),
                        None,
                    ),
                    doing: "tests the connection: looks for a group that cannot exist".to_owned(),
                    source: TEST,
                    demands: vec!["ENTRA-Retrieve-L1", "ENTRA-Requirements-L4", "ENTRA-Requirements-L5"],
                    forms: vec![forms::OTHER_FILTER],
                }
            }
            Stage::Schemas => Message {
                request: request(Method::GET, "/Schemas".to_owned(), None),
                doing: "reads the schemas".to_owned(),
                source: SCHEMAS,
                demands: vec!["ENTRA-Requirements-L8", "ENTRA-Gallery-L2"],
                forms: Vec::new(),
            },
            Stage::Person(person, step) => self.person_message(person, step),
            Stage::Group(group, step) => self.group_message(group, step),
        }
    }

    fn heard(&mut self, stage: &Stage, result: Result<Answer, Broken>) -> Result<Vec<Stage>, Trouble> {
        let answer = match (result, stage) {
            (Ok(answer), _) => answer,
            (
                Err(Broken::Timeout(_) | Broken::Cut(_)),
                Stage::Person(person, PersonStep::Create { again: false }),
            ) if self.options.has(options::REPEAT_LOST_CREATE) => {
                return Ok(vec![Stage::Person(Arc::clone(person), PersonStep::Create { again: true })]);
            }
            (Err(broken), _) => return Err(words::unreachable(stage, broken)),
        };
        match stage {
            Stage::ProbeUsers(_) | Stage::ProbeGroups(_) | Stage::Schemas => {
                if !answer.is_success() {
                    return Err(words::refused(stage, &answer));
                }
                let list = List::read(&answer).map_err(|why| words::unusable(stage, &why))?;
                if list.resources.is_empty() || matches!(stage, Stage::Schemas) {
                    return Ok(Vec::new());
                }
                Err(words::unusable(stage, "the list should be empty, since nothing has that name"))
            }
            Stage::Person(person, step) => self.heard_person(person, step, &answer),
            Stage::Group(group, step) => self.heard_group(group, step, &answer),
        }
    }

    fn throttled(&mut self, stage: &Stage, answer: &Answer, attempt: u32) -> Result<Pause, Trouble> {
        let next_cycle = || words::rate_limited(stage, "this operation will be retried in the next cycle");
        if self.options.has(options::IGNORE_RETRY_AFTER) {
            return Err(next_cycle());
        }
        let seconds = retry_after(answer).ok_or_else(next_cycle)?;
        if attempt >= ATTEMPTS {
            return Err(words::rate_limited(stage, &format!("after {ATTEMPTS} attempts")));
        }
        Ok(Pause {
            time: Duration::from_secs(seconds),
            why: format!("too many requests: waits {seconds} s, as Retry-After says"),
            otherwise: words::rate_limited(stage, &format!("Entra would wait {seconds} s")),
        })
    }

    fn done(&mut self) {}

    fn failed(&mut self, _stage: &Stage, _trouble: &Trouble) -> Option<Retry> {
        None
    }

    fn linked(&self, person: &PersonKey) -> Option<&str> {
        self.people.get(person)?.id.as_deref()
    }

    fn linked_group(&self, group: &GroupKey) -> Option<&str> {
        self.groups.get(group).map(String::as_str)
    }

    fn logged(&mut self) -> Vec<LogEntry> {
        Vec::new()
    }
}

/// What is made up: the same for the same seed (splitmix64).
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A version 4 UUID.
    fn guid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 48 & 0x3fff),
            low & 0xffff_ffff_ffff,
        )
    }
}

/// A request with Entra's headers: no User-Agent (seen by servers in 2025 and 2026) and no Accept of its own;
/// `Content-Type` only with a body.
fn request(method: Method, target: String, body: Option<&Value>) -> Request {
    let request = Request::scim(method, target).header("ADSCIMVersion", "6.0");
    match body {
        Some(body) => {
            request.header("Content-Type", "application/scim+json; charset=utf-8").body(body.to_string())
        }
        None => request,
    }
}
