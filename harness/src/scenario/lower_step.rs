//! Gives the steps of a scenario their meaning. Which keys belong to which kind of step is decided here and nowhere
//! else; plain requests are in `lower_request`.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use scimspec_mock_idp::fault::{Fault, FaultKind};

use super::lower::Lowering;
use super::model::{Access, Action, AdministratorAct, Door, FaultOnStep, IdpAct, ReplayStep, Step, TaskEnd};
use super::raw::{At, RawExpect, RawFault, RawStep};
use crate::json::strict;
use crate::json::template::Text;

/// Reads all steps in order; a name kept by one is known to those after it.
pub(super) fn steps(lowering: &mut Lowering<'_>, raw: Vec<At<RawStep>>) -> Vec<Step> {
    raw.into_iter().filter_map(|step| lowering.step(step)).collect()
}

/// The keys that a step may have beside `check`, `shows` and `needs`, by kind.
const BELONGS: &[(&str, &[&str])] = &[
    ("idp", &["people", "group", "set", "expect", "fault"]),
    ("account", &[]),
    ("administrator", &["people"]),
    ("access", &["group", "door", "is", "within"]),
    (
        "request",
        &[
            "json", "text", "headers", "as", "fill", "parallel", "beside", "times", "after", "keep",
            "expect", "outcomes", "fault", "within", "wait",
        ],
    ),
    ("walk", &["headers", "as", "by", "most", "keep", "expect", "outcomes", "fault", "within"]),
    ("replay", &["strict"]),
];

impl Lowering<'_> {
    fn step(&mut self, at: At<RawStep>) -> Option<Step> {
        let line = at.referenced.line();
        let kind = self.kind(&at)?;
        self.foreign_keys(&at, kind);
        let (place, mut raw) = (At::new((), at.referenced, at.defined), at.value);
        let check = self.check(raw.check.take(), raw.shows.take(), &place);
        let needs = self.needs(raw.needs.take());
        let within = raw.within.take().and_then(|within| self.duration(&within));
        let fault = raw.fault.take().and_then(|fault| self.fault(fault));
        let action = match kind {
            "idp" => self.idp(raw)?,
            "account" => Action::Account { people: self.people(raw.account) },
            "administrator" => self.administrator(raw)?,
            "access" => self.access(raw, &place)?,
            "walk" => self.walk(raw, check.is_some())?,
            "replay" => self.replay(&raw)?,
            _ => self.request(raw, check.is_some())?,
        };
        Some(Step { line, action, check, needs, fault, within })
    }

    fn kind(&mut self, at: &At<RawStep>) -> Option<&'static str> {
        let raw = &at.value;
        let present = [
            raw.idp.is_some(),
            raw.account.is_some(),
            raw.administrator.is_some(),
            raw.access.is_some(),
            raw.request.is_some(),
            raw.walk.is_some(),
            raw.replay.is_some(),
        ];
        let kinds: Vec<&str> =
            BELONGS.iter().zip(present).filter(|(_, p)| *p).map(|((kind, _), _)| *kind).collect();
        match kinds.as_slice() {
            [kind] => Some(kind),
            [] => {
                self.mistake(
                    at,
                    "this step does nothing",
                    "a step has one of: idp, account, administrator, access, request, walk, replay",
                );
                None
            }
            several => {
                let both = several.join("` and `");
                self.mistake(at, format!("this step is `{both}` at once"), "make it a step each");
                None
            }
        }
    }

    fn foreign_keys(&mut self, at: &At<RawStep>, kind: &str) {
        let raw = &at.value;
        let present = [
            ("people", raw.people.is_some()),
            ("group", raw.group.is_some()),
            ("door", raw.door.is_some()),
            ("set", raw.set.is_some()),
            ("is", raw.is.is_some()),
            ("json", raw.json.is_some()),
            ("text", raw.text.is_some()),
            ("as", raw.sender.is_some()),
            ("fill", raw.fill.is_some()),
            ("beside", raw.beside.is_some()),
            ("times", raw.times.is_some()),
            ("by", raw.by.is_some()),
            ("most", raw.most.is_some()),
            ("strict", raw.strict.is_some()),
            ("headers", raw.headers.is_some()),
            ("parallel", raw.parallel.is_some()),
            ("after", raw.after.is_some()),
            ("keep", raw.keep.is_some()),
            ("expect", raw.expect.is_some()),
            ("outcomes", raw.outcomes.is_some()),
            ("fault", raw.fault.is_some()),
            ("within", raw.within.is_some()),
            ("wait", raw.wait.is_some()),
        ];
        let allowed = BELONGS.iter().find(|(k, _)| *k == kind).map_or(&[][..], |(_, keys)| keys);
        for (key, _) in present.iter().filter(|(key, there)| *there && !allowed.contains(key)) {
            let belongs: Vec<_> = BELONGS
                .iter()
                .filter(|(_, keys)| keys.contains(key))
                .map(|(k, _)| format!("`{k}`"))
                .collect();
            self.mistake(
                at,
                format!("`{key}` does not belong to a step of kind `{kind}`"),
                format!("it belongs to {}", belongs.join(" and ")),
            );
        }
    }

    fn idp(&mut self, raw: RawStep) -> Option<Action> {
        let word = raw.idp?;
        let expect = self.task_end(raw.expect);
        // What is wrong with a name is said where it stands; what follows from it would only mislead.
        let before = self.count();
        let group = raw.group.as_ref().and_then(|group| self.group(group));
        let people = self.people(raw.people);
        let changes = raw.set.as_ref().map_or_else(Vec::new, |set| self.changes(set));
        if self.count() > before {
            return None;
        }
        let act = match (word.value.as_str(), group) {
            ("test-connection", None) => IdpAct::TestConnection,
            ("assign", None) => IdpAct::Assign(people),
            ("unassign", None) => IdpAct::Unassign(people),
            ("change-profile", None) => IdpAct::ChangeProfile(people, changes),
            ("suspend", None) => IdpAct::Suspend(people),
            ("unsuspend", None) => IdpAct::Unsuspend(people),
            ("deactivate", None) => IdpAct::Deactivate(people),
            ("delete", None) => IdpAct::Delete(people),
            ("assign-group", Some(group)) => IdpAct::AssignGroup(group),
            ("unassign-group", Some(group)) => IdpAct::UnassignGroup(group),
            ("join", Some(group)) => IdpAct::Join(group, people),
            ("leave", Some(group)) => IdpAct::Leave(group, people),
            ("push-group", Some(group)) => IdpAct::PushGroup(group),
            ("push-now", Some(group)) => IdpAct::PushNow(group),
            ("rename-group", Some(group)) => IdpAct::RenameGroup(group),
            ("delete-group", Some(group)) => IdpAct::DeleteGroup(group),
            (known, group) => {
                self.wrong_act(&word, known, group.is_some());
                return None;
            }
        };
        self.act_is_complete(&word, &act);
        self.gives_ids(&act);
        Some(Action::Idp { act, expect })
    }

    fn wrong_act(&mut self, word: &At<String>, act: &str, has_group: bool) {
        const ALONE: &[&str] = &[
            "test-connection",
            "assign",
            "unassign",
            "change-profile",
            "suspend",
            "unsuspend",
            "deactivate",
            "delete",
        ];
        const GROUP: &[&str] = &[
            "assign-group",
            "unassign-group",
            "join",
            "leave",
            "push-group",
            "push-now",
            "rename-group",
            "delete-group",
        ];
        if ALONE.contains(&act) && has_group {
            self.mistake(word, format!("`{act}` is not about a group"), "leave `group:` out");
        } else if GROUP.contains(&act) {
            self.mistake(word, format!("`{act}` does not say which group"), "add `group:`");
        } else {
            let all = [ALONE, GROUP].concat().join(", ");
            self.mistake(
                word,
                format!("{act:?} is nothing that happens in an identity provider"),
                format!("there are: {all}"),
            );
        }
    }

    fn act_is_complete(&mut self, word: &At<String>, act: &IdpAct) {
        let names_nobody =
            matches!(act, IdpAct::TestConnection) || (act.group().is_some() && !is_membership(act));
        if act.people().is_empty() && !names_nobody {
            self.mistake(word, format!("`{}` does not say who", act.word()), "add `people: [...]`");
        }
        if matches!(act, IdpAct::ChangeProfile(_, changes) if changes.is_empty()) {
            self.mistake(
                word,
                "`change-profile` does not say what changes",
                "add `set: '{\"title\": \"Lead\"}'`",
            );
        }
    }

    fn gives_ids(&mut self, act: &IdpAct) {
        match act {
            IdpAct::Assign(people) | IdpAct::Join(_, people) => {
                for person in people {
                    self.scope.gives_id(person);
                }
            }
            IdpAct::PushGroup(group) => self.scope.gives_id(group),
            _ => {}
        }
    }

    fn changes(&mut self, set: &At<String>) -> Vec<(String, Text)> {
        let help = "write the attributes that change as a JSON object of strings: '{\"title\": \"Lead\"}'";
        let value = match strict::parse(&set.value) {
            Ok(value) => value,
            Err(error) => {
                self.json_mistake(set, &error, help);
                return Vec::new();
            }
        };
        let members = value.as_object().map(|members| {
            members.iter().map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect::<Option<Vec<_>>>()
        });
        let Some(Some(changes)) = members else {
            self.mistake(set, "these are no attributes", help);
            return Vec::new();
        };
        let texts = changes
            .into_iter()
            .map(|(name, value)| Some((name, self.text(&At::new(value, set.referenced, set.defined))?)));
        texts.collect::<Option<_>>().unwrap_or_default()
    }

    fn task_end(&mut self, expect: Option<At<RawExpect>>) -> TaskEnd {
        let Some(expect) = expect else { return TaskEnd::Done };
        match expect.value.task.as_ref().map(|task| task.value.as_str()) {
            Some("done") => TaskEnd::Done,
            Some("failed") => TaskEnd::Failed,
            _ => {
                self.mistake(
                    &expect,
                    "this is not how a provider's task ends",
                    "write `expect: {task: done}` or `expect: {task: failed}`",
                );
                TaskEnd::Done
            }
        }
    }

    fn administrator(&mut self, raw: RawStep) -> Option<Action> {
        let word = raw.administrator?;
        let before = self.count();
        let people = self.people(raw.people);
        let act = AdministratorAct::named(&word.value);
        if act.is_none() {
            let all = AdministratorAct::ALL.map(AdministratorAct::word).join(", ");
            self.mistake(
                &word,
                format!("{:?} is nothing that an administrator does", word.value),
                format!("there are: {all}"),
            );
        } else if people.is_empty() && self.count() == before {
            self.mistake(&word, format!("`{}` does not say who", word.value), "add `people: [...]`");
        }
        Some(Action::Administrator { act: act?, people })
    }

    fn access(&mut self, raw: RawStep, place: &At<()>) -> Option<Action> {
        let people = self.people(raw.access);
        let door = self.door(raw.group.as_ref(), raw.door.as_ref());
        let is = match raw.is.as_ref().map(|is| is.value.as_str()) {
            Some("allowed") => Access::Allowed,
            Some("blocked") => Access::Blocked,
            _ => {
                let help = "write `is: allowed` or `is: blocked`";
                match &raw.is {
                    Some(is) => {
                        self.mistake(is, format!("{:?} is not how an access step ends", is.value), help);
                    }
                    None => self.mistake(place, "this access step does not say what must come of it", help),
                }
                return None;
            }
        };
        if is == Access::Allowed {
            for person in &people {
                self.scope.got_in(person);
            }
        }
        Some(Action::Access { people, door: door?, is })
    }

    fn door(&mut self, group: Option<&At<String>>, door: Option<&At<String>>) -> Option<Door> {
        match (group, door) {
            (None, None) => Some(Door::Ordinary),
            (Some(group), None) => self.group(group).map(Door::Group),
            (None, Some(door)) if door.value == "administrator" => Some(Door::Administrator),
            (None, Some(door)) => {
                self.mistake(
                    door,
                    format!("there is no door called {:?}", door.value),
                    "write `door: administrator`, or name the group whose door it is: `group:`",
                );
                None
            }
            (Some(_), Some(door)) => {
                self.mistake(
                    door,
                    "`group` and `door` at once",
                    "one step tries one door: make it a step each",
                );
                None
            }
        }
    }

    fn replay(&mut self, raw: &RawStep) -> Option<Action> {
        let file = raw.replay.as_ref()?;
        match self.source.beside.recording(&file.value) {
            Ok(recording) => Some(Action::Replay(Box::new(ReplayStep {
                file: file.value.clone(),
                recording: Arc::new(recording),
                strict: raw.strict.as_ref().is_some_and(|strict| strict.value),
            }))),
            Err(error) => {
                let help = "name a recording that stands beside this file: `replay: okta.har`";
                self.mistake(file, format!("no recording: {error}"), help);
                None
            }
        }
    }

    fn people(&mut self, people: Option<Vec<At<String>>>) -> Vec<String> {
        let mut known = Vec::new();
        for person in people.unwrap_or_default() {
            if self.scope.has_person(&person.value) {
                known.push(person.value);
            } else {
                self.mistake(
                    &person,
                    format!("there is nobody called {:?} in this scenario", person.value),
                    "add the name to `people:` at the top",
                );
            }
        }
        known
    }

    fn group(&mut self, group: &At<String>) -> Option<String> {
        if self.scope.has_group(&group.value) {
            return Some(group.value.clone());
        }
        self.mistake(
            group,
            format!("there is no group called {:?} in this scenario", group.value),
            "add the name to `groups:` at the top",
        );
        None
    }

    fn fault(&mut self, at: At<RawFault>) -> Option<FaultOnStep> {
        let raw = at.value;
        let time = raw.time.as_ref().and_then(|time| self.duration(time));
        let kind = match (raw.kind.value.as_str(), time) {
            ("lose-answer", _) => FaultKind::LoseAnswer,
            ("duplicate", _) => FaultKind::Duplicate,
            ("cut", _) => FaultKind::Cut,
            ("delay", Some(time)) => FaultKind::Delay(time),
            ("delay", None) => {
                self.mistake(&raw.kind, "a delay of how long?", "add `time: 2s`");
                return None;
            }
            (other, _) => {
                self.mistake(
                    &raw.kind,
                    format!("{other:?} is nothing that a network does"),
                    "there are: lose-answer, duplicate, delay, cut",
                );
                return None;
            }
        };
        let (method, path_prefix) = match raw.on.as_ref() {
            None => (None, None),
            Some(on) => {
                let (method, path) = on.value.split_once(' ').unwrap_or((&on.value, ""));
                let Ok(method) = Method::from_bytes(method.as_bytes()) else {
                    self.mistake(
                        on,
                        "this names no requests",
                        "write a method and the beginning of a path: `POST /Users`",
                    );
                    return None;
                };
                (Some(method), (!path.is_empty()).then(|| path.to_owned()))
            }
        };
        Some(FaultOnStep { fault: Fault { kind, method, path_prefix, times: raw.times.unwrap_or(1) } })
    }

    fn duration(&mut self, at: &At<String>) -> Option<Duration> {
        let parsed = crate::target::config::duration(&at.value);
        if parsed.is_none() {
            self.mistake(at, format!("{:?} is no length of time", at.value), "write it as `5s` or `500ms`");
        }
        parsed
    }
}

fn is_membership(act: &IdpAct) -> bool {
    matches!(act, IdpAct::Join(..) | IdpAct::Leave(..))
}
