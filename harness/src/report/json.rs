//! The JSON report: versioned, with a JSON Schema in `docs/report.schema.json` that a test keeps true.

use std::collections::BTreeMap;
use std::time::SystemTime;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::view::{ExchangeView, Lens};
use super::{RunReport, Summary, fingerprint};
use crate::judge::{CheckResult, Verdict};

/// The version of the format; it moves when a consumer could break.
pub const VERSION: u32 = 1;

/// The whole report.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "scimspec report")]
pub struct Report {
    /// The version of the format.
    pub version: u32,
    /// The version of scimspec.
    pub scimspec: String,
    /// The target's base URL.
    pub target: String,
    /// The profile it was judged by.
    pub profile: String,
    /// When the run began, RFC 3339.
    pub started: String,
    /// How long the stories took, in milliseconds.
    pub duration_ms: u64,
    /// Whether the run was interrupted, so that checks are missing.
    pub interrupted: bool,
    /// The exit code: 0 conformant, 1 not conformant, 3 could not judge.
    pub exit: u8,
    /// The counts.
    pub summary: Summary,
    /// The checks that needed an access probe and had none.
    pub not_verified: Vec<String>,
    /// Every check.
    pub checks: Vec<Check>,
    /// What the target does where the RFCs leave a choice, by name. Since scimspec 0.1.0; names may be added.
    pub fingerprint: BTreeMap<String, Choice>,
    /// Baseline entries that no longer apply.
    pub stale: Vec<StaleEntry>,
    /// What could not be removed from the target.
    pub leftovers: Vec<LeftoverEntry>,
}

/// One check.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Check {
    /// `SCENARIO[/CASE]/CHECK`.
    pub id: String,
    /// The scenario.
    pub scenario: String,
    /// The persona it ran as.
    pub persona: Option<String>,
    /// pass, fail, warn, info, skip or error.
    pub verdict: String,
    /// The named alternative that the target took.
    pub outcome: Option<String>,
    /// MUST, SHOULD or MAY.
    pub level: String,
    /// What it shows.
    pub requirements: Vec<String>,
    /// In one or two sentences.
    pub message: String,
    /// What was expected, where it was not met.
    pub expected: Option<String>,
    /// What came instead.
    pub actual: Option<String>,
    /// What is recorded and not demanded.
    pub notes: Vec<String>,
    /// Why a failure is known already.
    pub known_failure: Option<String>,
    /// What went over the wire, where the verdict is neither pass nor skip.
    pub exchanges: Vec<ExchangeView>,
}

/// One choice of the target.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Choice {
    /// What it does; several things, the most frequent first.
    pub value: String,
    /// The check or rule that it comes from.
    pub from: String,
}

/// A baseline entry that no longer applies.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StaleEntry {
    /// The entry.
    pub entry: String,
    /// What to do.
    pub what: String,
}

/// Something that could not be removed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeftoverEntry {
    /// `/Users` or `/Groups`.
    pub endpoint: String,
    /// Its name.
    pub name: String,
    /// Its id, if known.
    pub id: Option<String>,
    /// Why it is still there.
    pub why: String,
}

impl Report {
    /// The report of a run.
    pub fn new(run: &RunReport, lens: &Lens) -> Self {
        Self {
            version: VERSION,
            scimspec: env!("CARGO_PKG_VERSION").to_owned(),
            target: lens.text(&run.target),
            profile: run.profile.clone(),
            started: timestamp(run.started),
            duration_ms: u64::try_from(run.took.as_millis()).unwrap_or(u64::MAX),
            interrupted: run.interrupted,
            exit: run.exit().code(),
            summary: run.summary(),
            not_verified: run.not_verified().map(name).collect(),
            checks: run.checks.iter().map(|check| view(check, run, lens)).collect(),
            fingerprint: fingerprint::of(run)
                .into_iter()
                .map(|choice| (choice.name, Choice { value: lens.text(&choice.value), from: choice.from }))
                .collect(),
            stale: run
                .stale
                .iter()
                .map(|s| StaleEntry { entry: s.entry.clone(), what: s.what.clone() })
                .collect(),
            leftovers: run
                .leftovers
                .iter()
                .map(|left| LeftoverEntry {
                    endpoint: left.endpoint.clone(),
                    name: left.name.clone(),
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

/// A moment as RFC 3339.
pub fn timestamp(time: SystemTime) -> String {
    Timestamp::try_from(time).map_or_else(|_| "unknown".to_owned(), |moment| moment.to_string())
}

fn name(check: &CheckResult) -> String {
    match &check.persona {
        Some(persona) => format!("{} as {persona}", check.id),
        None => check.id.clone(),
    }
}

fn view(check: &CheckResult, run: &RunReport, lens: &Lens) -> Check {
    let shows_wire = !matches!(check.verdict, Verdict::Pass | Verdict::Skip);
    let exchanges = run.exchanges_of(check).filter(|_| shows_wire).map(|exchange| lens.view(exchange));
    Check {
        id: check.id.clone(),
        scenario: check.scenario.clone(),
        persona: check.persona.clone(),
        verdict: check.verdict.to_string(),
        outcome: check.outcome.clone(),
        level: check.level.to_string(),
        requirements: check.requirements.iter().map(ToString::to_string).collect(),
        message: lens.text(&check.message),
        expected: check.expected.as_deref().map(|text| lens.text(text)),
        actual: check.actual.as_deref().map(|text| lens.text(text)),
        notes: check.notes.iter().map(|note| lens.text(note)).collect(),
        known_failure: check.known.clone(),
        exchanges: exchanges.collect(),
    }
}
