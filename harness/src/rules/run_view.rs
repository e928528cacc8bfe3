//! A whole run as a rule sees it: all exchanges, the histories of resources, and the queries that ask the same of the same
//! data. One exchange is in `seen`.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

use super::history::History;
use super::known::Known;
use super::seen::{Asked, Seen};
use super::simple_filter;

/// All exchanges of a run or a recording.
#[derive(Debug)]
pub struct RunView<'a> {
    /// What is known of the target.
    pub known: &'a Known,
    /// In order within each transcript.
    pub seen: &'a [Seen<'a>],
    /// The transcripts that have every exchange, each once and in order, as ranges of `seen`.
    pub complete: Vec<Range<usize>>,
    /// The histories of the resources in these.
    pub histories: Vec<History<'a>>,
}

/// Answers to one query, page by page, while nothing changed what it finds.
#[derive(Debug)]
pub struct Pages<'a> {
    /// The places of the answers, in the order of asking, with what was asked and the list.
    pub lists: Vec<(usize, &'a Asked, &'a Value)>,
}

impl<'a> RunView<'a> {
    /// Sorts what was seen; `complete` tells which transcripts are.
    pub fn new(known: &'a Known, seen: &'a [Seen<'a>], complete: &BTreeSet<usize>) -> Self {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for (at, exchange) in seen.iter().enumerate() {
            match ranges.last_mut() {
                Some(range) if seen.get(range.start).is_some_and(|s| s.transcript == exchange.transcript) => {
                    range.end = at + 1;
                }
                _ => ranges.push(at..at + 1),
            }
        }
        ranges.retain(|range| seen.get(range.start).is_some_and(|s| complete.contains(&s.transcript)));
        let histories = ranges
            .iter()
            .flat_map(|range| {
                let exchanges: Vec<_> = range.clone().filter_map(|at| Some((at, seen.get(at)?))).collect();
                History::of(&exchanges)
            })
            .collect();
        Self { known, seen, complete: ranges, histories }
    }

    /// The exchanges of each complete transcript with their places.
    pub fn transcripts(&self) -> impl Iterator<Item = Vec<(usize, &'a Seen<'a>)>> {
        self.complete
            .iter()
            .map(|range| range.clone().filter_map(|at| Some((at, self.seen.get(at)?))).collect())
    }

    /// Queries that differ only in their page, asked in one transcript with no write and nothing unseen between them,
    /// whose matches only this transcript can change: they ask by a name or id that it sent itself.
    pub fn pages(&self) -> Vec<Pages<'a>> {
        let mut all: Vec<Pages<'a>> = Vec::new();
        for transcript in self.transcripts() {
            let mut own: BTreeSet<String> = BTreeSet::new();
            let mut open: Vec<(String, Pages<'a>)> = Vec::new();
            for (at, seen) in transcript {
                if seen.gap || seen.is_write() {
                    all.extend(open.drain(..).map(|(_, pages)| pages));
                }
                own.extend(seen.sent.iter().flat_map(names_sent));
                let Some(list) = seen.list().filter(|_| !seen.asked.odd && seen.status() == 200) else {
                    continue;
                };
                if !seen
                    .asked
                    .filter
                    .as_deref()
                    .is_some_and(|filter| simple_filter::asks_for_own(filter, &own))
                {
                    continue;
                }
                let key = seen.query();
                match open.iter_mut().find(|(other, _)| *other == key) {
                    Some((_, pages)) => pages.lists.push((at, &seen.asked, list)),
                    None => open.push((key, Pages { lists: vec![(at, &seen.asked, list)] })),
                }
            }
            all.extend(open.into_iter().map(|(_, pages)| pages));
        }
        all
    }
}

/// The names in a body by which a query could ask for what was written, in lower case: those of the resource itself, and
/// its mail addresses.
pub(super) fn names_sent(body: &Value) -> Vec<String> {
    let mut names: Vec<String> = super::seen::marks(body).collect();
    let emails = body.get("emails").and_then(Value::as_array);
    names.extend(
        emails
            .into_iter()
            .flatten()
            .filter_map(|mail| mail.get("value")?.as_str())
            .map(str::to_ascii_lowercase),
    );
    for operation in body.get("Operations").and_then(Value::as_array).into_iter().flatten() {
        match operation.get("value") {
            Some(Value::String(text)) => names.push(text.to_ascii_lowercase()),
            Some(value @ Value::Object(_)) => names.extend(names_sent(value)),
            _ => {}
        }
    }
    // What is short or common may match what others made.
    names.retain(|name| name.len() >= 6);
    names
}
