//! What every format does with an exchange that it has read: it is cleaned, sorted, and given to the caller, with the
//! pause before it.

use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use url::Url;

use crate::exchange::{Destination, Exchange, Origin, Request};

use super::super::{Entry, Place};
use super::clean::clean;
use super::draft::Draft;
use super::notes::{Kind, Tally};
use super::sieve::{Fate, Sieve};
use super::{Item, ReadOptions};

/// The way of the exchanges of one file to the caller.
pub(super) struct Flow<'a> {
    pub(super) options: &'a ReadOptions,
    sink: &'a mut dyn FnMut(Item) -> ControlFlow<()>,
    sieve: Sieve,
    tally: Tally,
    /// When the exchange before ended.
    ended: Option<SystemTime>,
    /// The pauses since, where the file says them.
    waited: Duration,
    any: bool,
    /// Whether the caller has enough.
    stopped: bool,
}

impl<'a> Flow<'a> {
    pub(super) fn new(options: &'a ReadOptions, sink: &'a mut dyn FnMut(Item) -> ControlFlow<()>) -> Self {
        Self {
            options,
            sink,
            sieve: Sieve::new(options.base.as_ref()),
            tally: Tally::default(),
            ended: None,
            waited: Duration::ZERO,
            any: false,
            stopped: false,
        }
    }

    /// Takes an exchange.
    pub(super) fn take(&mut self, mut draft: Draft, of_a_suite: bool) -> ControlFlow<()> {
        self.any = true;
        if clean(&mut draft) && of_a_suite {
            draft.notes.push(Kind::OwnCredentials);
        }
        let fates = self.sieve.sort(draft);
        self.settle(fates)
    }

    /// Counts something that is not in the recording.
    pub(super) fn leave(&mut self, kind: Kind, place: Place) {
        self.tally.add(kind, place);
    }

    /// Counts that the file breaks off, unless it is counted already what it breaks off in.
    pub(super) fn leave_the_rest(&mut self) {
        if !self.tally.has(&Kind::CutOff) {
            self.leave(Kind::EndsEarly, Place::File);
        }
    }

    /// Whether an exchange was read, be it SCIM or not.
    pub(super) fn has_any(&self) -> bool {
        self.any
    }

    /// Gives out what waited and what was counted.
    pub(super) fn finish(mut self) -> Option<Url> {
        let fates = self.sieve.finish();
        if !self.stopped && self.settle(fates).is_continue() {
            for note in self.tally.notes() {
                if (self.sink)(Item::LeftOut(note)).is_break() {
                    break;
                }
            }
        }
        self.sieve.base()
    }

    fn settle(&mut self, fates: Vec<Fate>) -> ControlFlow<()> {
        for fate in fates {
            match fate {
                Fate::Kept(draft, target) => {
                    if let Some(kind) = draft.unusable {
                        self.waited = self.waited.saturating_add(draft.pause.unwrap_or_default());
                        self.leave(kind, draft.place);
                        continue;
                    }
                    for kind in &draft.notes {
                        self.leave(kind.clone(), draft.place);
                    }
                    let entry = self.entry(*draft, target);
                    if (self.sink)(Item::Entry(entry)).is_break() {
                        self.stopped = true;
                        return ControlFlow::Break(());
                    }
                }
                Fate::Left(draft, kind) => {
                    self.waited = self.waited.saturating_add(draft.pause.unwrap_or_default());
                    self.tally.add(kind, draft.place);
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn entry(&mut self, draft: Draft, target: String) -> Entry {
        let waited = std::mem::take(&mut self.waited);
        let pause = match (draft.pause, draft.started, self.ended) {
            (Some(pause), _, _) => waited.saturating_add(pause),
            (None, Some(started), Some(ended)) => started.duration_since(ended).unwrap_or_default(),
            (None, _, _) => waited,
        };
        self.ended = draft.started.and_then(|started| started.checked_add(draft.took));
        Entry {
            place: draft.place,
            exchange: Exchange {
                origin: Origin::Recorded,
                request: Request {
                    method: draft.method,
                    to: Destination::Scim(target),
                    headers: draft.headers,
                    body: draft.body,
                },
                url: draft.url,
                result: draft.result,
                started: draft.started.unwrap_or(SystemTime::UNIX_EPOCH),
                took: draft.took,
            },
            pause,
            assertions: draft.assertions,
            captures: draft.captures,
        }
    }
}
