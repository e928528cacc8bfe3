//! What a replay has found so far: differences with their consequences, requests that were not sent, how far the
//! recording has come. Shared by the replay on one server and the one on two.

use std::collections::BTreeMap;

use scimspec_mock_idp::exchange::{Answer, Exchange};
use scimspec_mock_idp::recording::rebind::{ResourceId, member};
use scimspec_mock_idp::recording::{Entry, Place};
use serde_json::Value;

use super::causes::Causes;
use super::compare::Reader;
use super::consequence::{self, Scene};
use super::deed::Doing;
use super::difference::{Difference, Following, Kind, Unlike};
use super::expectation::Expectation;
use super::player::{Lost, Player, Skip, line};
use super::survey::Survey;
use super::{Replayed, Skipped};

/// More made-up values than anybody reads.
const MOST_NOTES: usize = 50;

/// What was found so far. Resources are named by their recorded ids.
pub(super) struct Findings<'a> {
    survey: &'a Survey,
    /// Who reads the answers.
    pub(super) reader: Reader,
    /// What the recording says is so.
    pub(super) expectation: Expectation,
    /// The differences.
    pub(super) causes: Causes,
    /// The counts, notes and exchanges.
    pub(super) replayed: Replayed,
    used: BTreeMap<ResourceId, usize>,
    skipped: BTreeMap<String, Skipped>,
    unanswered: usize,
    keep: bool,
}

impl<'a> Findings<'a> {
    /// Nothing yet. `keep`: whether what goes over the wire is kept.
    pub(super) fn new(survey: &'a Survey, keep: bool) -> Self {
        Self {
            survey,
            reader: survey.reader(),
            expectation: Expectation::default(),
            causes: Causes::default(),
            replayed: Replayed::default(),
            used: BTreeMap::new(),
            skipped: BTreeMap::new(),
            unanswered: 0,
            keep,
        }
    }

    /// An exchange of the recording begins.
    pub(super) fn begins(&mut self, doing: Option<&Doing>) {
        if let Some(about) = doing.and_then(|doing| doing.about.clone()) {
            *self.used.entry(about).or_default() += 1;
        }
    }

    /// It is over, and so is what it says by the recording.
    pub(super) fn is_over(&mut self, entry: &Entry, doing: Option<&Doing>) {
        if let (Ok(answer), Some(doing)) = (&entry.exchange.result, doing)
            && answer.is_success()
        {
            self.expectation.follow(&entry.exchange.request.method, doing, answer.json().as_ref());
        }
    }

    /// A recorded request has no answer to compare with.
    pub(super) fn has_no_answer(&mut self) {
        self.unanswered += 1;
    }

    /// Notes what differs in one answer, with its consequence, or under its cause.
    pub(super) fn differs(
        &mut self,
        entry: &Entry,
        doing: &Doing,
        found: Vec<Unlike>,
        player: &Player<'_>,
        exchanges: (Option<&Exchange>, Option<&Exchange>),
    ) {
        let following = following(entry, String::new(), false);
        let found = self.causes.first_causes(found, &following);
        let Some(first) = found.first() else { return };
        let resource = first.resource.as_ref().or(doing.about.as_ref());
        let known =
            resource.and_then(|resource| self.survey.name_of(resource)).map(|(_, name)| name.to_owned());
        let who = known.or_else(|| doing.sought.clone()).or_else(|| given(doing));
        let who = who.map(|name| player.preparer.name(&name));
        let all = resource.map_or(0, |resource| self.survey.uses(resource));
        let so_far = resource.and_then(|resource| self.used.get(resource)).copied().unwrap_or(0);
        let scene = Scene {
            reader: self.reader,
            deed: doing.deed,
            people: resource.map_or(&doing.endpoint, |resource| &resource.endpoint) == "/Users",
            who: who.as_deref(),
            inactive: resource.is_some_and(|resource| self.expectation.active(resource) == Some(false)),
            later: all.saturating_sub(so_far),
        };
        let consequence = consequence::of(first, &scene);
        self.causes.note(Difference {
            place: entry.place,
            request: line(&entry.exchange.request),
            about: who,
            unlike: found,
            consequence,
            follows: Vec::new(),
            more_follow: 0,
            recorded: exchanges.0.map(|exchange| Box::new(exchange.clone())),
            exchange: exchanges.1.map(|exchange| Box::new(exchange.clone())),
        });
    }

    /// Notes that a request was not sent: under what caused it, as a difference, or with its reason.
    pub(super) fn was_skipped(
        &mut self,
        entry: &Entry,
        doing: Option<&Doing>,
        skip: &Skip,
        player: &Player<'_>,
    ) {
        match (skip, doing) {
            (Skip::NoCounterpart(resource, _), _) => {
                let following = following(entry, "not sent: there is no counterpart".to_owned(), true);
                let unwritten = doing.filter(|doing| doing.writes).and_then(|doing| doing.about.as_ref());
                let unwritten = unwritten.filter(|about| *about != resource);
                if self.causes.skipped(resource, unwritten, &following) {
                    return;
                }
            }
            (Skip::NotOurs(resource), _) => self.causes.left_alone(resource),
            (Skip::NameTaken(name), Some(doing)) => {
                let new = "the name is taken already; nothing was sent";
                let taken = Unlike::new(Kind::NameTaken, format!("{name} was made"), new);
                let found = vec![taken.about(made(entry, doing).as_ref())];
                self.differs(entry, doing, found, player, (Some(&entry.exchange), None));
                return;
            }
            _ => {}
        }
        self.skip_because(self.why(skip, player), entry.place);
    }

    /// Notes that a request was not sent, and why.
    pub(super) fn skip_because(&mut self, why: String, first: Place) {
        let skipped = self.skipped.entry(why.clone()).or_insert(Skipped { why, count: 0, first });
        skipped.count += 1;
    }

    /// Why a request was not sent, in words.
    pub(super) fn why(&self, skip: &Skip, player: &Player<'_>) -> String {
        let who = |resource: &ResourceId| match self.survey.name_of(resource) {
            Some((_, name)) => player.preparer.name(name),
            None => resource.to_string(),
        };
        match skip {
            Skip::NoCounterpart(resource, Lost::NotThere) => {
                format!("{} was there before the recording began, and is not there", who(resource))
            }
            Skip::NoCounterpart(resource, Lost::NotMade) => {
                format!("{} has no counterpart", who(resource))
            }
            Skip::NotOurs(resource) => format!(
                "{} was there before the replay, which changes only what it made (--change-existing)",
                who(resource)
            ),
            Skip::NameTaken(name) => format!("{name} is taken"),
            Skip::CannotBeUndone => "it would change something that could not be undone".to_owned(),
            Skip::Unclear => "its path does not say for certain what it would change".to_owned(),
            Skip::RateLimited => "its recorded answer was 429, after which it was sent again".to_owned(),
            Skip::Elsewhere => "it did not go below the recorded base URL".to_owned(),
        }
    }

    /// Keeps an exchange, if they are to be kept.
    pub(super) fn keep(&mut self, exchange: &Exchange) {
        if self.keep {
            self.replayed.exchanges.push(exchange.clone());
        }
    }

    /// All of it.
    pub(super) fn into_replayed(mut self, player: &Player<'_>) -> Replayed {
        self.replayed.differences = std::mem::take(&mut self.causes.differences);
        self.replayed.more = self.causes.more;
        self.replayed.skipped = self.skipped.into_values().collect();
        self.replayed.skipped.sort_by_key(|skipped| skipped.first);
        for (name, value) in player.preparer.variables.made_up().take(MOST_NOTES) {
            let note = format!("{{{{{name}}}}} was not given: {value} was made up for it (--set {name}=...)");
            self.replayed.notes.push(note);
        }
        if self.causes.of_skips > 0 {
            let count = self.causes.of_skips;
            let note = format!("{count} answers differ only because of requests that were not sent");
            self.replayed.notes.push(note);
        }
        if self.unanswered > 0 {
            let count = self.unanswered;
            self.replayed.notes.push(format!("{count} recorded requests have no answer to compare with"));
        }
        self.replayed
    }
}

/// A later exchange, to be noted under its cause.
fn following(entry: &Entry, what: String, skipped: bool) -> Following {
    Following { place: entry.place, request: line(&entry.exchange.request), what, skipped }
}

/// What a recorded request made.
fn made(entry: &Entry, doing: &Doing) -> Option<ResourceId> {
    let json = entry.exchange.result.as_ref().ok().and_then(Answer::json)?;
    let id = member(&json, "id").and_then(Value::as_str)?;
    Some(ResourceId::at(&doing.endpoint, id))
}

/// The name that a request gives.
fn given(doing: &Doing) -> Option<String> {
    let json = doing.json.as_ref()?;
    let name = member(json, "userName").or_else(|| member(json, "displayName"))?;
    name.as_str().map(str::to_owned)
}
