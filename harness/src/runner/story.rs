//! Tells one story: does its steps in order and notes what each showed. Judges nothing. Plain requests are in
//! `request`.

use std::time::Duration;

use http::Method;
use percent_encoding::utf8_percent_encode;
use scimspec_mock_idp::directory::{Act, Directory, GroupKey, PersonKey};
use scimspec_mock_idp::exchange::{Answer, Origin, Request, Wire};
use scimspec_mock_idp::fault::Faulty;
use scimspec_mock_idp::persona::{Failure, TaskError};
use scimspec_mock_idp::provisioner::{Provisioner, TaskOutcome};

use super::answer::Unlike;
use super::bindings::{Bindings, Scope};
use super::bookkeeper::Bookkeeper;
use super::ledger::Tenant;
use super::names::Names;
use super::needs::unmet;
use super::observed::{Cause, NotTried, Observed, Showed, Story, StoryReport};
use super::recorder::Recorder;
use super::{Event, Setting};
use crate::access::Opens;
use crate::access::ways::{Tried, Ways};
use crate::backoff::Backoff;
use crate::json::template::Unbound;
use crate::scenario::model::{Access, Action, Check, Door, IdpAct, RequestTemplate, Step, TaskEnd};
use crate::secrets::URL_VALUE;

/// Does everything that the story says.
pub(super) async fn tell(story: &Story, setting: &Setting) -> StoryReport {
    let recorder = Recorder::default();
    let own = Bookkeeper::new(&*setting.wire, setting, story.number, Tenant::Own);
    let other =
        setting.other.as_ref().map(|other| Bookkeeper::new(&**other, setting, story.number, Tenant::Other));
    let names = Names::new(&setting.run, story.number, &setting.domain);
    let mut directory = Directory::default();
    for person in &story.scenario.people {
        let mut person = names.person(person);
        setting.capabilities.trim(&mut person);
        setting.secrets.add(&person.password);
        directory.add_person(person);
    }
    for group in &story.scenario.groups {
        directory.add_group(names.group(group));
    }
    let provisioner =
        story.persona.as_ref().map(|persona| Provisioner::new(persona.build(names.seed("persona"))));
    let mut teller = Teller {
        story,
        setting,
        recorder: &recorder,
        wire: &own,
        other: other.as_ref().map(|other| other as &dyn Wire),
        ways: Ways::new(&setting.probes, &setting.secrets),
        names,
        directory,
        provisioner,
        bindings: Bindings::default(),
        last_act: "nothing",
        observed: Vec::new(),
        unordered: Vec::new(),
        ended: None,
        made_up: 0,
    };
    for step in &story.scenario.steps {
        teller.step(step).await;
    }
    let (observed, unordered) = (teller.observed, teller.unordered);
    StoryReport { story: story.clone(), observed, unordered, exchanges: recorder.into_exchanges() }
}

pub(super) struct Teller<'a> {
    pub(super) story: &'a Story,
    pub(super) setting: &'a Setting,
    pub(super) recorder: &'a Recorder,
    wire: &'a dyn Wire,
    other: Option<&'a dyn Wire>,
    pub(super) ways: Ways<'a>,
    pub(super) names: Names,
    directory: Directory,
    provisioner: Option<Provisioner>,
    pub(super) bindings: Bindings,
    pub(super) last_act: &'static str,
    observed: Vec<Observed>,
    pub(super) unordered: Vec<std::ops::Range<usize>>,
    ended: Option<Cause>,
    /// How many values were made up for bodies that lack what a schema requires.
    pub(super) made_up: u32,
}

/// The ways to the target for one step, recorded.
pub(super) struct Wires<'a> {
    /// With the target's own credentials, or with those that a request brings.
    pub(super) own: &'a dyn Wire,
    /// To the second tenant.
    pub(super) other: Option<&'a dyn Wire>,
}

/// What a step showed and whether the story can go on.
pub(super) struct Done {
    pub(super) showed: Showed,
    pub(super) notes: Vec<String>,
    /// Why it cannot, although the step itself may have shown what was expected.
    pub(super) ends: Option<String>,
    /// The exchange that shows it best.
    pub(super) evidence: Option<usize>,
    /// Whether access was only reported, not observed.
    pub(super) only_reported: bool,
}

impl Teller<'_> {
    async fn step(&mut self, step: &Step) {
        let (what, key) = self.describe(step);
        let check = step.check.as_ref().and_then(|check| check.of(self.story.case.as_ref()));
        let start = self.recorder.count();
        let done = match &self.ended {
            Some(cause) => Done::of(Showed::NotReached(cause.clone())),
            None => match self.passes_over(step) {
                Some(why) => Done::of(Showed::NotTried(NotTried::RuledOut(why))),
                None => self.act(step).await,
            },
        };
        let exchanges = start..self.recorder.count();
        self.setting.tell(Event::Step { story: self.story.number, step: what.clone() });
        let holds = matches!(done.showed, Showed::Held | Showed::Outcome { .. });
        if self.ended.is_none() {
            self.ended = self.cause(check, &what, &key, &done);
        }
        if check.is_some() || !(holds || matches!(done.showed, Showed::NotReached(_) | Showed::NotTried(_))) {
            self.observed.push(Observed {
                check: check.cloned(),
                step: what,
                cause_key: key,
                showed: done.showed,
                exchanges,
                evidence: done.evidence,
                notes: done.notes,
                only_reported: done.only_reported,
            });
        }
    }

    /// Why a step is passed over: the target cannot do what it needs, or an earlier step that would have kept a name for it
    /// was passed over itself. What it would have kept is then missing too.
    fn passes_over(&mut self, step: &Step) -> Option<String> {
        let can = &self.setting.capabilities;
        let needs = step.needs.of(self.story.case.as_ref()).map_or(&[][..], Vec::as_slice);
        let needs = needs.iter().chain(step.senders_need());
        let why = needs
            .into_iter()
            .find_map(|need| unmet(need, can))
            .or_else(|| self.bindings.missing(&step.references()).map(str::to_owned))?;
        for keep in step.keeps() {
            self.bindings.pass_over(&keep.name, &why);
        }
        Some(why)
    }

    /// Whether the story ends at this step, and why.
    fn cause(&self, check: Option<&Check>, what: &str, key: &str, done: &Done) -> Option<Cause> {
        let is_guard = check.is_none();
        let check = check.map(|check| self.story.check_id(&check.slug));
        let mut cause =
            Cause { key: key.to_owned(), what: String::new(), check, stuck: None, unclear: false };
        match &done.showed {
            Showed::Stuck(error) => {
                cause.what = format!("{what}: {}", error.text);
                cause.unclear = matches!(error.kind, Failure::Unreachable(_) | Failure::RateLimited);
                cause.stuck = Some(error.clone());
            }
            Showed::Unclear(why) if is_guard => {
                cause.what = format!("{what}: {why}");
                cause.unclear = true;
            }
            Showed::Otherwise { expected, actual } if is_guard => {
                cause.what = format!("{what}: expected {expected}, got {actual}");
            }
            _ => cause.what = format!("{what}: {}", done.ends.as_ref()?),
        }
        Some(cause)
    }

    async fn act(&mut self, step: &Step) -> Done {
        let other = self.other.map(|other| self.recorder.over(other).waiting(step.waits()));
        let other = other.as_ref().map(|other| other as &dyn Wire);
        let Some(fault) = &step.fault else {
            let own = self.recorder.over(self.wire).waiting(step.waits());
            return self.act_over(step, &Wires { own: &own, other }).await;
        };
        let faulty = Faulty::new(self.wire, vec![fault.fault.clone()]);
        let own = self.recorder.over(&faulty).waiting(step.waits());
        let done = self.act_over(step, &Wires { own: &own, other }).await;
        if faulty.left() > 0 && matches!(done.showed, Showed::Held | Showed::Otherwise { .. }) {
            return Done::of(Showed::Unclear(
                "the bad network of this step met no request, so it shows nothing".to_owned(),
            ));
        }
        done
    }

    async fn act_over(&mut self, step: &Step, wires: &Wires<'_>) -> Done {
        match &step.action {
            Action::Idp { act, expect } => self.idp(act, *expect, wires.own).await,
            Action::Account { people } => self.account(people, wires.own).await,
            Action::Administrator { act, people } => self.administrator(*act, people, wires.own).await,
            Action::Access { people, door, is } => {
                self.access(people, door, *is, step.within, wires.own).await
            }
            Action::Request(request) => self
                .request(request, step.within, wires)
                .await
                .unwrap_or_else(|unsent| unsent.done(step.check.is_some())),
            Action::Walk(walk) => self
                .walk(walk, step.within, wires)
                .await
                .unwrap_or_else(|unsent| unsent.done(step.check.is_some())),
            Action::Replay(replay) => self.replay(replay, wires.own).await,
        }
    }

    async fn idp(&mut self, act: &IdpAct, expect: TaskEnd, wire: &dyn Wire) -> Done {
        self.last_act = act.word();
        if let IdpAct::Assign(people) = act {
            self.wait_for_lists(people, wire).await;
        }
        let acts = match self.acts(act) {
            Ok(acts) => acts,
            Err(unbound) => return Done::of(Showed::Unclear(unbound.to_string())),
        };
        let mut failed: Option<TaskError> = None;
        for act in &acts {
            let events = match self.directory.act(act) {
                Ok(events) => events,
                Err(error) => return Done::of(Showed::Unclear(error.to_string())),
            };
            let Some(provisioner) = &mut self.provisioner else {
                return Done::of(Showed::Unclear(
                    "this scenario names no personas, so no provider acts".to_owned(),
                ));
            };
            for event in &events {
                let task = provisioner.perform(event, wire, &self.setting.patience).await;
                if let TaskOutcome::Stuck(error) = task.outcome {
                    failed.get_or_insert(error);
                }
            }
        }
        self.bind_links();
        match (expect, failed) {
            (TaskEnd::Done, None) | (TaskEnd::Failed, Some(_)) => Done::of(Showed::Held),
            (TaskEnd::Done, Some(error)) => Done::of(Showed::Stuck(error)),
            (TaskEnd::Failed, None) => Done::of(Showed::Otherwise {
                expected: "the provider's task fails".to_owned(),
                actual: "it was carried out".to_owned(),
            }),
        }
    }

    /// A provider looks people up before it creates them, and in real life that is minutes after the last change. RFC 7644
    /// does not promise that a filter sees a write at once: what the story made is waited for, so that a lookup right
    /// behind it is not taken for a server that forgets.
    async fn wait_for_lists(&self, people: &[String], wire: &dyn Wire) {
        if self.setting.list_patience.is_zero() {
            return;
        }
        let made = self.setting.ledger.of_story(Some(self.story.number));
        for name in people {
            let Some(person) = self.directory.person(&PersonKey(name.clone())) else { continue };
            if !made.iter().any(|(_, made)| made.name.eq_ignore_ascii_case(&person.user_name)) {
                continue;
            }
            let filter = format!("userName eq {}", serde_json::Value::from(person.user_name.as_str()));
            let target = format!("/Users?filter={}", utf8_percent_encode(&filter, URL_VALUE));
            let mut backoff = Backoff::new(self.setting.list_patience, Duration::from_millis(250));
            loop {
                let request =
                    Request::scim(Method::GET, target.clone()).header("Accept", "application/scim+json");
                let exchange = wire.send(Origin::Preflight, request).await;
                let answer = exchange.result.as_ref().ok().filter(|answer| answer.is_success());
                let total = answer.and_then(Answer::json).and_then(|json| json.get("totalResults")?.as_u64());
                if total != Some(0) || !backoff.pause().await {
                    break;
                }
            }
        }
    }

    fn acts(&self, act: &IdpAct) -> Result<Vec<Act>, Unbound> {
        let each = |people: &[String], make: fn(PersonKey) -> Act| {
            people.iter().cloned().map(PersonKey).map(make).collect()
        };
        let keys = |people: &[String]| people.iter().cloned().map(PersonKey).collect::<Vec<_>>();
        let group = |name: &String| GroupKey(name.clone());
        Ok(match act {
            IdpAct::TestConnection => vec![Act::TestConnection],
            IdpAct::Assign(people) => each(people, Act::Assign),
            IdpAct::Unassign(people) => each(people, Act::Unassign),
            IdpAct::Suspend(people) => each(people, Act::Suspend),
            IdpAct::Unsuspend(people) => each(people, Act::Unsuspend),
            IdpAct::Deactivate(people) => each(people, Act::Deactivate),
            IdpAct::Delete(people) => each(people, Act::Delete),
            IdpAct::ChangeProfile(people, changes) => {
                let scope = self.scope();
                let filled = changes.iter().map(|(name, text)| Ok((name.clone(), text.fill(&scope)?)));
                let changes = filled.collect::<Result<Vec<_>, Unbound>>()?;
                keys(people).into_iter().map(|person| Act::ChangeProfile(person, changes.clone())).collect()
            }
            IdpAct::AssignGroup(name) => vec![Act::AssignGroup(group(name))],
            IdpAct::UnassignGroup(name) => vec![Act::UnassignGroup(group(name))],
            IdpAct::Join(name, people) => vec![Act::Join(group(name), keys(people))],
            IdpAct::Leave(name, people) => vec![Act::Leave(group(name), keys(people))],
            IdpAct::PushGroup(name) => vec![Act::PushGroup(group(name))],
            IdpAct::PushNow(name) => vec![Act::PushNow(group(name))],
            IdpAct::RenameGroup(name) => vec![Act::RenameGroup(group(name), self.names.renamed(name))],
            IdpAct::DeleteGroup(name) => vec![Act::DeleteGroup(group(name))],
        })
    }

    /// The first id under which the provider links someone is theirs for the whole story.
    fn bind_links(&mut self) {
        let Some(provisioner) = &self.provisioner else { return };
        for name in &self.story.scenario.people {
            if let Some(id) = provisioner.linked(&PersonKey(name.clone())) {
                self.bindings.bind_id(name, id);
            }
        }
        for name in &self.story.scenario.groups {
            if let Some(id) = provisioner.linked_group(&GroupKey(name.clone())) {
                self.bindings.bind_id(name, id);
            }
        }
    }

    async fn account(&mut self, people: &[String], wire: &dyn Wire) -> Done {
        for name in people {
            let Some(who) = self.scope().who(name, None, self.recorder) else { continue };
            let user_name = who.person["userName"].as_str().unwrap_or_default().to_owned();
            // It is found by name when it is time to clean up: the application's own answer has no SCIM id for sure.
            self.setting.ledger.intend("/Users", &user_name, self.story.number, Tenant::Own);
            if let Err(why) = self.ways.make_account(&who, wire).await {
                return Done::of(Showed::Unclear(why));
            }
        }
        Done::of(Showed::Held)
    }

    async fn access(
        &mut self,
        people: &[String],
        door: &Door,
        is: Access,
        within: Option<Duration>,
        wire: &dyn Wire,
    ) -> Done {
        let within = within.unwrap_or(self.setting.probes.within);
        // One time limit for the step: more people and more probes do not make the promise weaker.
        let deadline = tokio::time::Instant::now() + within;
        let start = self.recorder.count();
        let (group, opens, missing) = match door {
            Door::Ordinary => (None, Opens::Everybody, NotTried::NoProbe),
            Door::Group(group) => (Some(group.as_str()), Opens::Group, NotTried::NoDoor),
            Door::Administrator => (None, Opens::Administrator, NotTried::NoAdministratorDoor),
        };
        let mut notes = Vec::new();
        let mut only_reported = false;
        let (mut otherwise, mut unclear): (Vec<Unlike>, Vec<String>) = (Vec::new(), Vec::new());
        for name in people {
            let Some(who) = self.scope().who(name, group, self.recorder) else { continue };
            match self.ways.expect(&who, opens, is, deadline, wire).await {
                Tried::AsExpected { notes: recorded, observed } => {
                    if let Some(account) = self.ways.account(name) {
                        self.bindings.bind_account(name, account);
                    }
                    notes.extend(recorded.into_iter().map(|note| format!("{name}: {note}")));
                    if !observed {
                        only_reported = true;
                        notes.push(format!("{name}: only reported by the application, not observed"));
                    }
                }
                Tried::Otherwise { expected, actual } => {
                    otherwise.push(Unlike { expected, actual: format!("{name}: {actual}") });
                }
                Tried::Unclear(why) => unclear.push(format!("{name}: {why}")),
                Tried::NoProbe => return Done::of(Showed::NotTried(missing)),
            }
        }
        let showed = if let Some(first) = otherwise.first() {
            let actual: Vec<_> = otherwise.iter().map(|unlike| unlike.actual.as_str()).collect();
            Showed::Otherwise { expected: first.expected.clone(), actual: actual.join("; ") }
        } else if unclear.is_empty() {
            Showed::Held
        } else {
            Showed::Unclear(unclear.join("; "))
        };
        // A door that should have been shut is best shown by the answer of one that was open.
        let evidence = if is == Access::Blocked { self.recorder.last_open_door(start) } else { None };
        Done { showed, notes, ends: None, evidence, only_reported }
    }

    pub(super) fn scope(&self) -> Scope<'_> {
        Scope {
            bindings: &self.bindings,
            directory: &self.directory,
            provisioner: self.provisioner.as_ref(),
            names: &self.names,
            case: self.story.case.as_ref(),
        }
    }

    /// The step in words, and a key that the same step has in other stories.
    fn describe(&self, step: &Step) -> (String, String) {
        match &step.action {
            Action::Idp { act, .. } => (act.in_words(), act.word().to_owned()),
            Action::Account { people } => (format!("account {}", people.join(", ")), "account".to_owned()),
            Action::Administrator { act, people } => {
                let word = act.word();
                (format!("administrator: {word} {}", people.join(", ")), format!("administrator {word}"))
            }
            Action::Access { people, door, is } => {
                let is = if *is == Access::Allowed { "allowed" } else { "blocked" };
                let (through, kind) = match door {
                    Door::Ordinary => (String::new(), ""),
                    Door::Group(group) => (format!(" through {group}"), " (group)"),
                    Door::Administrator => (" to the administration".to_owned(), " (administration)"),
                };
                let what = format!("access {}{through} is {is}", people.join(", "));
                (what, format!("access {is} after {}{kind}", self.last_act))
            }
            // Plain requests of different scenarios have nothing to do with each other.
            Action::Request(step) => {
                let what = in_words(&step.request);
                let key = format!("{}: {what}", self.story.scenario.id);
                (what, key)
            }
            Action::Walk(walk) => {
                let what = format!("walk: {}", in_words(&walk.request));
                let key = format!("{}: {what}", self.story.scenario.id);
                (what, key)
            }
            Action::Replay(replay) => {
                let what = format!("replay {}", replay.file);
                let key = format!("{}: {what}", self.story.scenario.id);
                (what, key)
            }
        }
    }
}

impl Done {
    pub(super) fn of(showed: Showed) -> Self {
        Self { showed, notes: Vec::new(), ends: None, evidence: None, only_reported: false }
    }

    pub(super) fn ends(showed: Showed, why: String) -> Self {
        Self { showed, notes: Vec::new(), ends: Some(why), evidence: None, only_reported: false }
    }
}

fn in_words(request: &RequestTemplate) -> String {
    let sender = request.sender.word().map_or_else(String::new, |sender| format!(" as {sender}"));
    format!("{} {}{sender}", request.method, request.target)
}
