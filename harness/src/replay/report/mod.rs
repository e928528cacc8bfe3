//! The result of a replay, as data, and what the process ends with. The formats have a file each.

pub mod json;
pub mod pretty;

use std::time::{Duration, SystemTime};

use super::Replayed;
use crate::report::Exit;
use crate::runner::cleanup::Leftover;

/// The result of a replay.
#[derive(Debug)]
pub struct ReplayReport {
    /// The recording, as it was named.
    pub recording: String,
    /// Whose habits it shows.
    pub client: Option<String>,
    /// How many exchanges it has.
    pub entries: usize,
    /// What of the file could not be used.
    pub left_out: Vec<String>,
    /// The server; or both, the one that is compared with first.
    pub targets: Vec<String>,
    /// When it began.
    pub started: SystemTime,
    /// How long it took, without cleanup.
    pub took: Duration,
    /// What was found.
    pub replayed: Replayed,
    /// Whether the conversation is the stored one, if that was asked.
    pub conversation: Option<Conversation>,
    /// What could not be removed.
    pub leftovers: Vec<Leftover>,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// Why the recording could not be read to its end.
    pub broken_off: Option<String>,
}

/// What became of the comparison with a stored conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Whether it counts as a difference.
    pub differs: bool,
    /// What is so.
    pub message: String,
    /// What changed, line by line.
    pub difference: Option<String>,
}

impl ReplayReport {
    /// 0 the same, 1 differences, 3 could not be replayed, or not to its end, or something of it is left on the server.
    pub fn exit(&self) -> Exit {
        let differs = !self.replayed.differences.is_empty()
            || self.conversation.as_ref().is_some_and(|conversation| conversation.differs);
        if self.interrupted || self.broken_off.is_some() {
            Exit::CouldNotJudge
        } else if differs {
            Exit::NotConformant
        } else if self.replayed.compared == 0 || !self.leftovers.is_empty() {
            Exit::CouldNotJudge
        } else {
            Exit::Conformant
        }
    }

    /// How many recorded requests were not sent.
    pub fn not_sent(&self) -> usize {
        let under =
            |following: &[super::difference::Following]| following.iter().filter(|f| f.skipped).count();
        let caused: usize =
            self.replayed.differences.iter().map(|difference| under(&difference.follows)).sum();
        self.replayed.skipped.iter().map(|skipped| skipped.count).sum::<usize>() + caused
    }
}
