//! One recording on two servers at once, and where they part: the second's answer is compared with the first's, not
//! with the recorded one. Each has its own ids and its own mark in unique names.

use scimspec_mock_idp::exchange::{Answer, Exchange};
use scimspec_mock_idp::recording::Entry;
use scimspec_mock_idp::recording::rebind::{Learned, Rebinding, ResourceId, Shown, member};
use serde_json::Value;

use super::compare::{Comparison, Earlier};
use super::deed::Doing;
use super::difference::{Kind, Unlike};
use super::findings::Findings;
use super::player::{Played, Player, Sent, Skip};
use super::session::needs_a_look;
use super::survey::Survey;
use super::{Options, Replayed, Room, attributes};
use crate::runner::names::Names;

/// A replay on two servers.
pub(super) struct Against<'a> {
    survey: &'a Survey,
    strict: bool,
    pauses: bool,
    first: Player<'a>,
    second: Player<'a>,
    /// From the first server's ids to the second's.
    between: Rebinding,
    /// The marks in their names.
    marks: (String, String),
    findings: Findings<'a>,
}

impl<'a> Against<'a> {
    /// Before the first exchange.
    pub(super) fn new(rooms: (&'a Room<'a>, &'a Room<'a>), survey: &'a Survey, options: &Options) -> Self {
        let mark = |room: &Room<'_>| Names::new(room.run, room.story, room.domain).mark();
        Self {
            survey,
            strict: options.strict,
            pauses: options.pauses,
            first: Player::new(rooms.0, survey, options),
            second: Player::new(rooms.1, survey, options),
            between: Rebinding::new(Some(rooms.0.base), rooms.1.base),
            marks: (mark(rooms.0), mark(rooms.1)),
            findings: Findings::new(survey, false),
        }
    }

    /// Replays the next exchange on both.
    pub(super) async fn step(&mut self, entry: &Entry) {
        if self.pauses && !entry.pause.is_zero() {
            tokio::time::sleep(entry.pause).await;
        }
        let doing = Doing::of(&entry.exchange.request);
        self.findings.begins(doing.as_ref());
        let first = self.first.play(entry, doing.as_ref()).await;
        let second = self.second.play(entry, doing.as_ref()).await;
        for (player, played) in [(&mut self.first, &first), (&mut self.second, &second)] {
            if let Played::Sent(sent) = played
                && let Ok(answer) = &sent.exchange.result
            {
                let took = sent.exchange.took.as_millis();
                player.preparer.variables.capture(&entry.captures, answer, took);
            }
        }
        match (first, second, &doing) {
            (Played::Sent(first), Played::Sent(second), Some(doing)) => {
                self.sent(entry, doing, &first, &second).await;
            }
            (Played::Skipped(skip), Played::Skipped(_), _) => {
                self.findings.was_skipped(entry, doing.as_ref(), &skip, &self.first);
            }
            (Played::Skipped(skip), Played::Sent(sent), Some(doing)) => {
                let why = self.findings.why(&skip, &self.first);
                self.parted(entry, doing, &skip, (format!("not sent: {why}"), told(&sent.exchange)));
            }
            (Played::Sent(sent), Played::Skipped(skip), Some(doing)) => {
                let why = self.findings.why(&skip, &self.second);
                self.parted(entry, doing, &skip, (told(&sent.exchange), format!("not sent: {why}")));
            }
            // What cannot be understood is not sent.
            (_, _, None) => {}
        }
        self.findings.is_over(entry, doing.as_ref());
    }

    /// After the last exchange.
    pub(super) fn finish(self) -> Replayed {
        self.findings.into_replayed(&self.first)
    }

    async fn sent(&mut self, entry: &Entry, doing: &Doing, first: &Sent, second: &Sent) {
        self.findings.replayed.sent += 1;
        let mut found = match &first.exchange.result {
            Ok(answer) => self.compare(first, answer, second),
            // Where both break, they do not part.
            Err(broken) => match &second.exchange.result {
                Ok(answer) => {
                    let now = format!("status {}", answer.status);
                    vec![Unlike::new(Kind::NoAnswer, broken.to_string(), now).about(doing.about.as_ref())]
                }
                Err(_) => Vec::new(),
            },
        };
        let success = |sent: &Sent| sent.exchange.result.as_ref().is_ok_and(Answer::is_success);
        if success(first) && success(second) && found.is_empty() {
            found.extend(self.afterwards(doing, first, second).await);
        }
        let exchanges = (Some(&first.exchange), Some(&second.exchange));
        self.findings.differs(entry, doing, found, &self.second, exchanges);
    }

    fn compare(&mut self, first: &Sent, answer: &Answer, second: &Sent) -> Vec<Unlike> {
        // As the first server was asked, in its ids and names.
        let Some(doing) = Doing::of(&first.exchange.request) else { return Vec::new() };
        self.findings.replayed.compared += 1;
        let raw = first.json.clone().map(|json| self.marked(json));
        let mut learned = Vec::new();
        if let Ok(new) = &second.exchange.result {
            let shown = Shown { answer, json: raw.as_ref() };
            learned =
                self.between.learn(&doing.target, shown, Shown { answer: new, json: second.json.as_ref() });
        }
        let mut json = raw.clone();
        if let Some(json) = &mut json {
            self.between.answer(&doing.target, json);
        }
        let of_first = |resource: &ResourceId| self.first.rebinding.recorded_of(resource);
        // An id that changes on both servers alike is no difference between them.
        let alike = |learned: &Learned| {
            let known = of_first(&learned.recorded);
            first.learned.iter().any(|own| Some(&own.recorded) == known.as_ref() && own.before.is_some())
        };
        learned.retain(|learned| !alike(learned));
        let comparison = Comparison {
            reader: self.findings.reader,
            strict: self.strict,
            doing: &doing,
            rebinding: &self.between,
            learned: &learned,
            written: &self.survey.written,
            ours: &|resource| of_first(resource).is_some_and(|recorded| self.second.has_made(&recorded)),
        };
        let earlier = Earlier { answer, raw, json };
        let mut found = comparison.compare(&earlier, second.exchange.result.as_ref(), second.json.as_ref());
        found.extend(changed_ids(first, second));
        for unlike in &mut found {
            unlike.resource = unlike.resource.take().map(|resource| of_first(&resource).unwrap_or(resource));
        }
        found.sort_by_key(|unlike| unlike.kind);
        found.dedup_by(|a, b| a.kind == b.kind && a.resource == b.resource && a.attribute == b.attribute);
        found
    }

    /// Looks at what was written, on both, where an answer does not show it.
    async fn afterwards(&mut self, doing: &Doing, first: &Sent, second: &Sent) -> Option<Unlike> {
        let about = doing.about.as_ref()?;
        let needed = needs_a_look(doing, first.json.as_ref()) || needs_a_look(doing, second.json.as_ref());
        if !needed || !self.first.has_made(about) || !self.second.has_made(about) {
            return None;
        }
        let (first, second) = (self.first.look(about).await?, self.second.look(about).await?);
        let (old, new) = (first.result.ok()?, second.result.ok()?);
        if old.is_success() && new.status == 404 {
            let gone = Unlike::new(Kind::Vanished, "there", "gone: a look at it afterwards is answered 404");
            self.second.lose(about);
            return Some(gone.about(Some(about)));
        }
        let (mut old, new) = (old.json()?, new.json()?);
        self.between.answer(&Doing::of(&first.request)?.target, &mut old);
        let attribute = if doing.of_people() { "active" } else { "members" };
        let part = |json: &Value| {
            let value = member(json, attribute).cloned().unwrap_or(Value::Null);
            serde_json::json!({(attribute): value})
        };
        let none = std::collections::BTreeSet::new();
        let reader = self.findings.reader;
        let found = attributes::compare(&part(&old), &part(&new), reader, &none, true);
        found.into_iter().next().map(|unlike| unlike.about(Some(about)))
    }

    /// One of the two could not be sent what the other was.
    fn parted(&mut self, entry: &Entry, doing: &Doing, skip: &Skip, sides: (String, String)) {
        if matches!(skip, Skip::NoCounterpart(..)) {
            // Under what lost it, or else with its reason.
            self.findings.was_skipped(entry, Some(doing), skip, &self.second);
            return;
        }
        let unlike = Unlike::new(Kind::NotSent, sides.0, sides.1).about(doing.about.as_ref());
        self.findings.differs(entry, doing, vec![unlike], &self.second, (Some(&entry.exchange), None));
    }

    /// The first server's body with the second's mark in its names.
    fn marked(&self, mut json: Value) -> Value {
        fn walk(value: &mut Value, old: &str, new: &str) {
            match value {
                Value::String(text) if text.contains(old) => *text = text.replace(old, new),
                Value::Array(items) => items.iter_mut().for_each(|item| walk(item, old, new)),
                Value::Object(members) => members.values_mut().for_each(|value| walk(value, old, new)),
                _ => {}
            }
        }
        walk(&mut json, &self.marks.0, &self.marks.1);
        json
    }
}

/// Ids that changed on the one server and not on the other.
fn changed_ids(first: &Sent, second: &Sent) -> Vec<Unlike> {
    let changed = |sent: &Sent, resource: &ResourceId| {
        sent.learned.iter().any(|learned| learned.recorded == *resource && learned.before.is_some())
    };
    let by_second = second.learned.iter().filter(|learned| !changed(first, &learned.recorded));
    by_second
        .filter_map(|learned| {
            let before = learned.before.as_ref()?;
            Some(Unlike::new(Kind::OtherId, before, &learned.new).of("id").about(Some(&learned.recorded)))
        })
        .collect()
}

fn told(exchange: &Exchange) -> String {
    match &exchange.result {
        Ok(answer) => format!("status {}", answer.status),
        Err(broken) => broken.to_string(),
    }
}
