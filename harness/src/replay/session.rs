//! A replay on one server under way, exchange by exchange: plays each, compares the answers, and looks afterwards where
//! an answer shows nothing of what was written. Keeps ids, names and differences, and bodies only if it is told to.

use scimspec_mock_idp::exchange::{Answer, Exchange};
use scimspec_mock_idp::recording::Entry;
use scimspec_mock_idp::recording::rebind::{ResourceId, member};
use serde_json::Value;

use super::compare::{Comparison, Earlier};
use super::deed::{Deed, Doing, truth};
use super::difference::{Kind, Unlike};
use super::expectation::ids;
use super::findings::Findings;
use super::player::{Played, Player, Sent};
use super::survey::Survey;
use super::{Options, Replayed, Room, attributes, part};

/// A replay on one server.
pub struct Session<'a> {
    survey: &'a Survey,
    strict: bool,
    pauses: bool,
    player: Player<'a>,
    findings: Findings<'a>,
}

impl<'a> Session<'a> {
    /// Before the first exchange. `keep`: whether what goes over the wire is kept.
    pub fn new(room: &'a Room<'a>, survey: &'a Survey, options: &Options, keep: bool) -> Self {
        Self {
            survey,
            strict: options.strict,
            pauses: options.pauses,
            player: Player::new(room, survey, options),
            findings: Findings::new(survey, keep),
        }
    }

    /// Replays the next exchange.
    pub async fn step(&mut self, entry: &Entry) {
        if self.pauses && !entry.pause.is_zero() {
            tokio::time::sleep(entry.pause).await;
        }
        let doing = Doing::of(&entry.exchange.request);
        self.findings.begins(doing.as_ref());
        match (self.player.play(entry, doing.as_ref()).await, &doing) {
            (Played::Sent(sent), Some(doing)) => self.sent(entry, doing, *sent).await,
            (Played::Skipped(skip), _) => {
                self.findings.was_skipped(entry, doing.as_ref(), &skip, &self.player);
            }
            (Played::Sent(_), None) => {}
        }
        self.findings.is_over(entry, doing.as_ref());
    }

    /// After the last exchange.
    pub fn finish(self) -> Replayed {
        self.findings.into_replayed(&self.player)
    }

    async fn sent(&mut self, entry: &Entry, doing: &Doing, sent: Sent) {
        self.findings.replayed.sent += 1;
        self.findings.keep(&sent.exchange);
        let mut found = self.compare(entry, doing, &sent);
        found.extend(self.assertions(entry, &sent.exchange));
        let answer = sent.exchange.result.as_ref().ok();
        if let Some(answer) = answer {
            let took = sent.exchange.took.as_millis();
            self.player.preparer.variables.capture(&entry.captures, answer, took);
        }
        let recorded = entry.exchange.result.as_ref().is_ok_and(Answer::is_success);
        if recorded && answer.is_some_and(Answer::is_success) && found.is_empty() {
            found.extend(self.afterwards(entry, doing, sent.json.as_ref()).await);
        }
        for lost in found.iter().filter(|unlike| unlike.kind == Kind::Vanished) {
            if let Some(resource) = &lost.resource {
                self.player.lose(resource);
            }
        }
        let exchanges = (Some(&entry.exchange), Some(&sent.exchange));
        self.findings.differs(entry, doing, found, &self.player, exchanges);
    }

    fn compare(&mut self, entry: &Entry, doing: &Doing, sent: &Sent) -> Vec<Unlike> {
        let Ok(answer) = &entry.exchange.result else {
            if entry.assertions.is_empty() {
                self.findings.has_no_answer();
            }
            return Vec::new();
        };
        self.findings.replayed.compared += 1;
        let raw = self.player.preparer.expected(answer);
        let mut json = raw.clone();
        if let Some(json) = &mut json {
            self.player.rebinding.answer(&doing.target, json);
            self.without_the_lost(json, true);
        }
        let comparison = Comparison {
            reader: self.findings.reader,
            strict: self.strict,
            doing,
            rebinding: &self.player.rebinding,
            learned: &sent.learned,
            written: &self.survey.written,
            ours: &|resource| self.player.has_made(resource),
        };
        let earlier = Earlier { answer, raw, json };
        let mut shown = sent.json.clone();
        if let Some(shown) = &mut shown {
            self.without_the_lost(shown, false);
        }
        comparison.compare(&earlier, sent.exchange.result.as_ref(), shown.as_ref())
    }

    /// Members who are lost, or have no counterpart, are told where they were lost, not again in every group.
    fn without_the_lost(&self, json: &mut Value, recorded: bool) {
        let stays = |member_: &Value| {
            let id = member(member_, "value").and_then(Value::as_str);
            id.is_none_or(|id| match self.recorded_of(id) {
                Some(known) => !self.findings.causes.has_lost(&known),
                // Recorded, it has no counterpart; on the new server, nobody of the recording is behind it.
                None => !recorded,
            })
        };
        let resources = match json.get("Resources").map(Value::is_array) {
            Some(true) => {
                json.get_mut("Resources").and_then(Value::as_array_mut).into_iter().flatten().collect()
            }
            _ => vec![json],
        };
        for resource in resources {
            if let Some(members) = resource.get_mut("members").and_then(Value::as_array_mut) {
                members.retain(stays);
            }
        }
    }

    /// The recorded person or group behind an id of the new server.
    fn recorded_of(&self, new: &str) -> Option<ResourceId> {
        let both = ["/Users", "/Groups"].map(|endpoint| ResourceId::at(endpoint, new));
        both.iter().find_map(|resource| self.player.rebinding.recorded_of(resource))
    }

    fn assertions(&mut self, entry: &Entry, exchange: &Exchange) -> Vec<Unlike> {
        if entry.assertions.is_empty() {
            return Vec::new();
        }
        let answer = match &exchange.result {
            Ok(answer) => answer,
            Err(broken) => return vec![Unlike::new(Kind::NoAnswer, "an answer", broken.to_string())],
        };
        self.findings.replayed.compared += usize::from(entry.exchange.result.is_err());
        let mut found = Vec::new();
        for assertion in &entry.assertions {
            let value = match &assertion.value {
                Value::String(text) => Value::from(self.player.preparer.variables.text(text)),
                other => other.clone(),
            };
            found.extend(part::broken(assertion, &value, answer, exchange.took.as_millis()));
        }
        found
    }

    /// Looks at what was written where the answer does not show it: who is in the group, whether the person is active.
    async fn afterwards(&mut self, entry: &Entry, doing: &Doing, shown: Option<&Value>) -> Vec<Unlike> {
        let Some(about) = doing.about.as_ref().filter(|about| self.player.has_made(about)) else {
            return Vec::new();
        };
        if !needs_a_look(doing, shown) {
            return Vec::new();
        }
        self.findings.is_over(entry, Some(doing));
        let expectation = &self.findings.expectation;
        let (members, active) = (expectation.members(about).cloned(), expectation.active(about));
        if members.is_none() && active.is_none() {
            return Vec::new();
        }
        let Some(look) = self.player.look(about).await else { return Vec::new() };
        self.findings.keep(&look);
        let Ok(answer) = &look.result else { return Vec::new() };
        if answer.status == 404 {
            let gone = Unlike::new(Kind::Vanished, "there", "gone: a look at it afterwards is answered 404");
            return vec![gone.about(Some(about))];
        }
        let Some(json) = answer.json().filter(|_| answer.is_success()) else { return Vec::new() };
        let found = match (members, active) {
            (Some(members), _) if !doing.of_people() => {
                let bound = |id: &String| {
                    let known = ["/Users", "/Groups"].map(|endpoint| ResourceId::at(endpoint, id));
                    let mut there = known.iter().filter(|resource| !self.findings.causes.has_lost(resource));
                    there.find_map(|resource| self.player.rebinding.of(resource)).map(str::to_owned)
                };
                let expected = members.iter().filter_map(bound).collect();
                let mut now = member(&json, "members").map(ids).unwrap_or_default();
                let causes = &self.findings.causes;
                now.retain(|id| self.recorded_of(id).is_none_or(|known| !causes.has_lost(&known)));
                attributes::by_ids(&expected, &now)
            }
            (_, Some(active)) if doing.of_people() => {
                let now = member(&json, "active").unwrap_or(&Value::Null);
                let differs = truth(now).is_some_and(|now| now != active);
                let text = (active.to_string(), attributes::shown(now));
                differs.then(|| Unlike::new(Kind::Changed, text.0, text.1).of("active"))
            }
            _ => None,
        };
        found.into_iter().map(|unlike| unlike.about(Some(about))).collect()
    }
}

/// Whether a write is such that one has to look what became of it: a group's members, a person's `active`, where the
/// answer shows nothing of it.
pub(super) fn needs_a_look(doing: &Doing, shown: Option<&Value>) -> bool {
    let attribute = if doing.of_people() { "active" } else { "members" };
    matches!(doing.deed, Deed::Update | Deed::Deactivate | Deed::Reactivate | Deed::ChangeMembers)
        && shown.is_none_or(|shown| member(shown, attribute).is_none())
}
