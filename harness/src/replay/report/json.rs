//! A replay's result as JSON: versioned, with a JSON Schema in `docs/replay-report.schema.json` that a test keeps true.

use schemars::JsonSchema;
use serde::Serialize;

use super::ReplayReport;
use crate::replay::difference::{Difference, Kind, Unlike};
use crate::report::json::{LeftoverEntry, timestamp};
use crate::report::view::{ExchangeView, Lens};

/// The version of the format; it moves when a consumer could break.
pub const VERSION: u32 = 1;

/// The whole report.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "scimspec replay report")]
pub struct Report {
    /// The version of the format.
    pub version: u32,
    /// The version of scimspec.
    pub scimspec: String,
    /// The recording, as it was named.
    pub recording: String,
    /// Whose habits it shows.
    pub client: Option<String>,
    /// The server's base URL; with two, the second is compared with the first.
    pub targets: Vec<String>,
    /// When the replay began, RFC 3339.
    pub started: String,
    /// How long it took, in milliseconds, without cleanup.
    pub duration_ms: u64,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// Why the recording could not be read to its end.
    pub broken_off: Option<String>,
    /// The exit code: 0 the same, 1 differences, 3 could not be replayed.
    pub exit: u8,
    /// The counts.
    pub summary: Summary,
    /// Where the answers differ; what only follows from a difference stands under it.
    pub differences: Vec<DifferenceEntry>,
    /// Requests that were not sent, by reason.
    pub skipped: Vec<SkippedEntry>,
    /// Whether the conversation is the stored one, if that was asked.
    pub conversation: Option<ConversationEntry>,
    /// What is to be known besides.
    pub notes: Vec<String>,
    /// What of the file could not be used.
    pub left_out: Vec<String>,
    /// What could not be removed from the server.
    pub leftovers: Vec<LeftoverEntry>,
}

/// How much was replayed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Summary {
    /// Exchanges in the recording.
    pub entries: usize,
    /// Requests sent.
    pub sent: usize,
    /// Answers compared.
    pub compared: usize,
    /// Requests not sent.
    pub not_sent: usize,
    /// Differences, those beyond the ones that are listed included.
    pub differences: usize,
}

/// A difference.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DifferenceEntry {
    /// Where in the recording.
    pub place: String,
    /// The recorded request.
    pub request: String,
    /// Whom or what it is about.
    pub about: Option<String>,
    /// What the provider's next step would suffer.
    pub consequence: String,
    /// What differs, the gravest first.
    pub unlike: Vec<UnlikeEntry>,
    /// What only follows from it.
    pub follows: Vec<FollowingEntry>,
    /// How many more follow than are listed.
    pub more_follow: usize,
    /// The recorded exchange, or the first server's.
    pub recorded: Option<ExchangeView>,
    /// The new exchange; none: it was not sent.
    pub exchange: Option<ExchangeView>,
}

/// One respect in which two answers differ.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UnlikeEntry {
    /// In which way.
    pub kind: Kind,
    /// The attribute, header or assertion.
    pub attribute: Option<String>,
    /// How it was.
    pub recorded: String,
    /// How it is.
    pub new: String,
    /// How many people it touches, where that can be counted.
    pub people: usize,
}

/// Something that follows from a difference.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FollowingEntry {
    /// Where in the recording.
    pub place: String,
    /// The recorded request.
    pub request: String,
    /// What became of it.
    pub what: String,
    /// Whether it was not sent.
    pub skipped: bool,
}

/// Requests that were not sent.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SkippedEntry {
    /// Why.
    pub why: String,
    /// How many.
    pub count: usize,
    /// The first of them.
    pub first: String,
}

/// The comparison with a stored conversation.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConversationEntry {
    /// Whether it counts as a difference.
    pub differs: bool,
    /// What is so.
    pub message: String,
    /// What changed, line by line.
    pub difference: Option<String>,
}

impl Report {
    /// The report of a replay.
    pub fn new(report: &ReplayReport, lens: &Lens) -> Self {
        let replayed = &report.replayed;
        let texts = |texts: &[String]| texts.iter().map(|text| lens.text(text)).collect();
        Self {
            version: VERSION,
            scimspec: env!("CARGO_PKG_VERSION").to_owned(),
            recording: lens.text(&report.recording),
            client: report.client.clone(),
            targets: texts(&report.targets),
            started: timestamp(report.started),
            duration_ms: u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
            interrupted: report.interrupted,
            broken_off: report.broken_off.as_deref().map(|why| lens.text(why)),
            exit: report.exit().code(),
            summary: Summary {
                entries: report.entries,
                sent: replayed.sent,
                compared: replayed.compared,
                not_sent: report.not_sent(),
                differences: replayed.differences.len() + replayed.more,
            },
            differences: replayed.differences.iter().map(|difference| view(difference, lens)).collect(),
            skipped: replayed
                .skipped
                .iter()
                .map(|skipped| SkippedEntry {
                    why: lens.text(&skipped.why),
                    count: skipped.count,
                    first: skipped.first.to_string(),
                })
                .collect(),
            conversation: report.conversation.as_ref().map(|conversation| ConversationEntry {
                differs: conversation.differs,
                message: lens.text(&conversation.message),
                difference: conversation.difference.as_deref().map(|text| lens.lines(text)),
            }),
            notes: texts(&replayed.notes),
            left_out: texts(&report.left_out),
            leftovers: report
                .leftovers
                .iter()
                .map(|left| LeftoverEntry {
                    endpoint: left.endpoint.clone(),
                    name: lens.text(&left.name),
                    id: left.id.as_deref().map(|id| lens.text(id)),
                    why: lens.text(&left.why),
                })
                .collect(),
        }
    }

    /// As text, for people and diffs.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

fn view(difference: &Difference, lens: &Lens) -> DifferenceEntry {
    DifferenceEntry {
        place: difference.place.to_string(),
        request: lens.text(&difference.request),
        about: difference.about.as_deref().map(|who| lens.text(who)),
        consequence: lens.text(&difference.consequence),
        unlike: difference.unlike.iter().map(|unlike| respect(unlike, lens)).collect(),
        follows: difference
            .follows
            .iter()
            .map(|following| FollowingEntry {
                place: following.place.to_string(),
                request: lens.text(&following.request),
                what: lens.text(&following.what),
                skipped: following.skipped,
            })
            .collect(),
        more_follow: difference.more_follow,
        recorded: difference.recorded.as_deref().map(|exchange| lens.view(exchange)),
        exchange: difference.exchange.as_deref().map(|exchange| lens.view(exchange)),
    }
}

fn respect(unlike: &Unlike, lens: &Lens) -> UnlikeEntry {
    UnlikeEntry {
        kind: unlike.kind,
        attribute: unlike.attribute.as_deref().map(|name| lens.text(name)),
        recorded: lens.text(&unlike.recorded),
        new: lens.text(&unlike.new),
        people: unlike.people,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use schemars::schema_for;

    use super::*;

    /// The file that is checked in says the same as the types; `UPDATE_SCHEMAS=1` writes it.
    #[test]
    fn the_schema_is_checked_in() {
        let text = format!("{}\n", serde_json::to_string_pretty(&schema_for!(Report)).unwrap());
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("docs").join("replay-report.schema.json");
        if std::env::var_os("UPDATE_SCHEMAS").is_some_and(|update| update == "1") {
            std::fs::write(&path, &text).unwrap();
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(stored == text, "{} is stale: UPDATE_SCHEMAS=1 writes it", path.display());
    }
}
