//! Replays a recording on another server and tells where it answers otherwise. Here are the words that every part
//! speaks, and the replay of a recording in memory; files, two servers at once and reports have files of their own.

mod against;
mod attributes;
mod causes;
mod compare;
mod consequence;
mod deed;
pub mod difference;
mod expectation;
pub mod feed;
mod findings;
mod guard;
mod part;
pub mod perform;
mod player;
mod prepare;
pub mod report;
mod session;
mod strict;
pub mod survey;
mod unique;
mod variables;

use std::collections::BTreeMap;

use scimspec_mock_idp::exchange::{Exchange, Wire};
use scimspec_mock_idp::recording::{Place, Recording};
use url::Url;

pub use self::compare::Reader;
use self::difference::Difference;
pub use self::session::Session;
use self::survey::Survey;
use crate::runner::names::RunId;
use crate::secrets::Secrets;

/// How a recording is replayed.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct Options {
    /// Whether everything counts that is left after normalisation, not only what the provider would notice.
    pub strict: bool,
    /// Whether to wait as long as was waited when it was recorded.
    pub pauses: bool,
    /// Whether names are made unique to the replay.
    pub unique: bool,
    /// Whether people and groups may be changed that were on the server before, where the recording changes such.
    pub change_existing: bool,
    /// Values for the `{{name}}` of suites and collections.
    pub set: BTreeMap<String, String>,
}

/// Where a recording is replayed.
pub struct Room<'a> {
    /// The way to the server. It has to keep the ledger (see [`Bookkeeper`](crate::runner::bookkeeper::Bookkeeper)):
    /// the replay sends what creates, and removes nothing.
    pub wire: &'a dyn Wire,
    /// The server's base URL.
    pub base: &'a Url,
    /// Where resources can be made that the ledger notes.
    pub endpoints: &'a [String],
    /// The run's mark.
    pub run: &'a RunId,
    /// The story in the run, for names.
    pub story: usize,
    /// The domain of made-up mail addresses.
    pub domain: &'a str,
    /// What must not leave the process.
    pub secrets: &'a Secrets,
    /// Whether the server serves this replay alone: then there is nobody to come to harm.
    pub alone: bool,
}

/// What a replay found.
#[derive(Debug, Clone, Default)]
pub struct Replayed {
    /// How many recorded requests were sent.
    pub sent: usize,
    /// How many of their answers could be compared.
    pub compared: usize,
    /// The first causes, in order, each with what follows from it.
    pub differences: Vec<Difference>,
    /// How many more differences there were than are kept.
    pub more: usize,
    /// What was not sent and why, without what follows from a difference.
    pub skipped: Vec<Skipped>,
    /// What is to be known besides: values that were made up, recorded exchanges without an answer.
    pub notes: Vec<String>,
    /// Everything that went over the wire, if it was to be kept.
    pub exchanges: Vec<Exchange>,
}

/// Recorded requests that were not sent for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The reason.
    pub why: String,
    /// How many.
    pub count: usize,
    /// The first of them.
    pub first: Place,
}

/// Replays a recording that is in memory. The pauses apart, it takes as long as the server's answers do.
pub async fn replay(recording: &Recording, room: &Room<'_>, options: &Options) -> Replayed {
    let mut survey = Survey::default();
    for entry in &recording.entries {
        survey.look(entry);
    }
    let mut session = Session::new(room, &survey, options, true);
    for entry in &recording.entries {
        session.step(entry).await;
    }
    session.finish()
}

#[cfg(test)]
mod tests;
