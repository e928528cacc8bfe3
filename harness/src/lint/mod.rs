//! Judges a recording without a server: what the server answered, by the passive rules of `rules`, and what the client
//! sent, by the rules of `client`; and says whose habits the client has. Opens no connection. How it is shown is in
//! `report`.

mod attributes;
pub mod client;
mod grammar;
pub mod report;
mod sent;
#[cfg(test)]
mod tests;
mod world;

use std::ops::Range;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use globset::GlobSet;
use scimspec_mock_idp::exchange::{Broken, Exchange};
use scimspec_mock_idp::recording::habits::{self, Likeness, Who};
use scimspec_mock_idp::recording::narrate::Narrator;
use scimspec_mock_idp::recording::redact::Redaction;
use scimspec_mock_idp::recording::{Format, Note, Place, Recording, Source};

use self::world::World;
use crate::judge::{CheckResult, Judge};
use crate::profile::ProfileError;
use crate::report::RunReport;
use crate::report::view::Lens;
use crate::rules::{self, Transcript, Watched};
use crate::run::Library;
use crate::runner::names::RunId;
use crate::runner::observed::{Story, StoryReport};
use crate::scenario::model::{ByCase, Scenario};
use crate::secrets::Secrets;
use crate::target::Claims;

/// The recording is the one story.
const STORY: usize = 1;

/// How a recording is to be judged.
#[derive(Debug)]
pub struct Order {
    /// What to call the recording: the name of its file.
    pub name: String,
    /// Judge by this profile.
    pub profile: String,
    /// Only checks with these ids; none: all.
    pub only: Option<GlobSet>,
}

/// What a recording is worth.
#[derive(Debug)]
pub struct Linted {
    /// The checks, as those of a run: `rule/SLUG` about the server, `client/SLUG` about the client.
    pub report: RunReport,
    /// Whom the client is like, the likeliest first.
    pub likenesses: Vec<Likeness>,
    /// What happens, in words, with its place in the file.
    pub story: Vec<(Place, String)>,
    /// What kind of file it is.
    pub source: Source,
    /// The SCIM base URL.
    pub base: Option<String>,
    /// How many exchanges it has.
    pub exchanges: usize,
    /// How many of them have no answer.
    pub unanswered: usize,
    /// What of the file was not used, and why.
    pub left_out: Vec<Note>,
}

/// Judges a recording.
pub fn lint(recording: &Recording, library: &Library, order: Order) -> Result<Linted, ProfileError> {
    let began = Instant::now();
    let judge = Judge::new(
        library.catalogue.clone(),
        library.profiles.clone(),
        &order.profile,
        Claims::These(std::collections::BTreeSet::new()),
        Secrets::default(),
    )?;
    let exchanges: Vec<Exchange> = recording.exchanges().cloned().collect();
    let likenesses = habits::who(&exchanges);
    let mut checks = judge.rules(&rules::look(&Watched {
        discovery: &[],
        transcripts: vec![Transcript {
            number: STORY,
            exchanges: &exchanges,
            unordered: &unordered(recording),
            complete: true,
        }],
        alone: true,
        secrets: Secrets::default(),
    }));
    let client = client_of(&likenesses).map(|likeness| likeness.who.provider());
    checks.extend(judge.clients(&client::look(&exchanges, &World::of(&exchanges)), client, STORY));
    checks.retain(|check| order.only.as_ref().is_none_or(|only| only.is_match(&check.id)));
    for check in &mut checks {
        name_place(check, recording);
    }
    let story = story(recording);
    let unanswered = exchanges.iter().filter(|exchange| exchange.result.is_err()).count();
    let target = match &recording.base {
        Some(base) => format!("{} ({base})", order.name),
        None => order.name,
    };
    Ok(Linted {
        likenesses,
        story,
        source: recording.source.clone(),
        base: recording.base.as_ref().map(ToString::to_string),
        exchanges: exchanges.len(),
        unanswered,
        left_out: recording.left_out.clone(),
        report: RunReport {
            target,
            profile: judge.profile().name.clone(),
            started: exchanges.first().map_or(SystemTime::UNIX_EPOCH, |exchange| exchange.started),
            checks,
            stories: vec![told(exchanges, recording.source.format)],
            stale: Vec::new(),
            leftovers: Vec::new(),
            domain: String::new(),
            interrupted: false,
            require_access: false,
            took: began.elapsed(),
        },
    })
}

/// Who the client is, if its habits decide that.
pub fn client_of(likenesses: &[Likeness]) -> Option<&Likeness> {
    likenesses.first().filter(|likeness| likeness.decided)
}

impl Linted {
    /// Who the client is, if its habits decide that.
    pub fn client(&self) -> Option<&Who> {
        client_of(&self.likenesses).map(|likeness| &likeness.who)
    }

    /// For whoever shows its exchanges: lists show nobody, since a recording made nobody.
    pub fn lens() -> Lens {
        Lens { secrets: Secrets::default(), run: RunId("recording".to_owned()) }
    }
}

/// The exchanges around which something unseen may have happened: those whose neighbour in time overlaps them, so that
/// nobody knows which came first at the server, and those with a hole before them. What was left out there is not always
/// SCIM; but where it was, it may have changed everything.
fn unordered(recording: &Recording) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut last: Option<(SystemTime, Place)> = None;
    for (at, entry) in recording.entries.iter().enumerate() {
        let started = entry.exchange.started;
        let mut end = started.checked_add(entry.exchange.took).unwrap_or(started);
        if let Some((last_end, before)) = last {
            if started < last_end {
                ranges.push(at.saturating_sub(1)..at + 1);
            }
            if !recording.left_out.is_empty() && !follows(before, entry.place) {
                ranges.push(at..at + 1);
            }
            end = end.max(last_end);
        }
        last = Some((end, entry.place));
    }
    ranges
}

/// Whether nothing of the file stands between two places.
fn follows(before: Place, place: Place) -> bool {
    match (before, place) {
        (Place::Entry(before), Place::Entry(place)) | (Place::Line(before), Place::Line(place)) => {
            before.checked_add(1) == Some(place)
        }
        _ => false,
    }
}

/// Says where in the file the first exchange of a finding stands.
fn name_place(check: &mut CheckResult, recording: &Recording) {
    let at = (check.story == STORY).then_some(check.exchanges.start);
    if let Some(entry) = at.and_then(|at| recording.entries.get(at)).filter(|_| !check.exchanges.is_empty()) {
        check.notes.push(format!("first in {}", entry.place));
    }
}

fn story(recording: &Recording) -> Vec<(Place, String)> {
    let mut narrator = Narrator::default();
    let told =
        |entry: &scimspec_mock_idp::recording::Entry| Some((entry.place, narrator.tell(&entry.exchange)?));
    recording.entries.iter().filter_map(told).collect()
}

/// The exchanges for those who show them: a browser's recording may hold the password that a provider sent.
fn told(mut exchanges: Vec<Exchange>, format: Format) -> StoryReport {
    let mut redaction = Redaction::standard();
    for exchange in &mut exchanges {
        redaction.clean(exchange);
    }
    let scenario = Scenario {
        id: "recording".to_owned(),
        title: format!("A recording: {format}"),
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
    };
    let story = Story { number: STORY, scenario: Arc::new(scenario), case: None, persona: None };
    StoryReport { story, observed: Vec::new(), exchanges, unordered: Vec::new() }
}

/// Whether there is nothing to judge the server by.
pub(crate) fn has_answers(recording: &Recording) -> bool {
    recording.exchanges().any(|exchange| exchange.result != Err(Broken::NotRecorded))
}
