//! The table of `scenarios/calibration.toml`: which checks are about which deviation. Complete in both directions, or
//! it is not read at all.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use scimspec_reference_server::deviations;
use scimspec_reference_server::{Deviation, Rate};
use serde::Deserialize;

use crate::judge::{CheckResult, Verdict};
use crate::rules::RULES;
use crate::run::Library;
use crate::scenario::model::Scenario;

/// Which checks must notice which deviation.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Row>,
}

/// One row: a deviation and what must be said about it.
#[derive(Debug, Clone)]
pub struct Row {
    /// The deviation.
    pub deviation: &'static Deviation,
    /// The checks that are about it; one of them has to notice.
    pub checks: Vec<String>,
    /// Stories, as globs, that are told only for what the named rules see in them.
    pub through: Vec<String>,
    /// Only as this persona.
    pub persona: Option<String>,
    /// Judged by this profile, on the server that keeps it.
    pub profile: String,
    /// How many requests the server takes, the correct one too; none: as many as come.
    pub rate: Option<Limit>,
    /// What is expected of the check.
    pub change: Change,
}

/// How many requests a server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limit {
    /// So many a second in the long run.
    per_second: NonZeroU32,
    /// So many at once after a time of quiet.
    burst: NonZeroU32,
}

/// What a check says when it notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// This verdict.
    Verdict(Verdict),
    /// This outcome, whatever it is worth.
    Outcome(String),
}

/// The table is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Not TOML, or unknown keys.
    #[error("scenarios/calibration.toml: {0}")]
    Toml(#[from] toml::de::Error),
    /// A slug that is none.
    #[error("scenarios/calibration.toml: there is no deviation {0:?}")]
    NoDeviation(String),
    /// A deviation that stands twice.
    #[error("scenarios/calibration.toml: the deviation {0:?} stands twice")]
    Twice(String),
    /// A verdict that is none, or one beside an outcome.
    #[error("scenarios/calibration.toml: {slug}: {why}")]
    Change {
        /// Of which deviation.
        slug: String,
        /// What is wrong.
        why: String,
    },
    /// A check that is none.
    #[error("scenarios/calibration.toml: {slug}: there is no check {check:?}")]
    NoCheck {
        /// Of which deviation.
        slug: String,
        /// What stands there.
        check: String,
    },
    /// Deviations that no row names.
    #[error("scenarios/calibration.toml has no row for: {}", .0.join(", "))]
    Missing(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    deviation: Vec<RawRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRow {
    slug: String,
    checks: Vec<String>,
    #[serde(default)]
    through: Vec<String>,
    persona: Option<String>,
    profile: Option<String>,
    rate: Option<Limit>,
    verdict: Option<String>,
    outcome: Option<String>,
}

impl Table {
    /// The embedded table.
    pub fn embedded(library: &Library) -> Result<Self, TableError> {
        let file: File = toml::from_str(scimspec_scenarios::CALIBRATION)?;
        let scenarios = library.scenarios.iter().flat_map(Scenario::check_ids);
        let known: BTreeSet<String> = scenarios.chain(RULES.iter().map(|rule| rule.id())).collect();
        let mut rows: Vec<Row> = Vec::new();
        for raw in file.deviation {
            let row = raw.read(&known)?;
            if rows.iter().any(|other| other.deviation.slug == row.deviation.slug) {
                return Err(TableError::Twice(row.deviation.slug.to_owned()));
            }
            rows.push(row);
        }
        let missing: Vec<String> = deviations::table()
            .iter()
            .filter(|deviation| !rows.iter().any(|row| row.deviation.slug == deviation.slug))
            .map(|deviation| deviation.slug.to_owned())
            .collect();
        if missing.is_empty() { Ok(Self { rows }) } else { Err(TableError::Missing(missing)) }
    }

    /// The rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row of a deviation.
    pub fn find(&self, slug: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.deviation.slug == slug)
    }
}

impl Row {
    /// Whether a check is one that has to notice.
    pub fn names(&self, check: &CheckResult) -> bool {
        self.checks.contains(&check.id)
    }
}

impl Limit {
    /// As the server knows it.
    pub fn rate(self) -> Rate {
        Rate { per_second: self.per_second, burst: self.burst }
    }
}

impl Change {
    /// Whether a check says this.
    pub fn is(&self, check: &CheckResult) -> bool {
        match self {
            Self::Verdict(verdict) => check.verdict == *verdict,
            Self::Outcome(name) => check.outcome.as_ref() == Some(name),
        }
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Verdict(verdict) => verdict.fmt(f),
            Self::Outcome(name) => write!(f, "the outcome {name}"),
        }
    }
}

impl RawRow {
    fn read(self, known: &BTreeSet<String>) -> Result<Row, TableError> {
        let deviation =
            deviations::find(&self.slug).ok_or_else(|| TableError::NoDeviation(self.slug.clone()))?;
        if let Some(check) = self.checks.iter().find(|check| !known.contains(*check)) {
            return Err(TableError::NoCheck { slug: self.slug, check: check.clone() });
        }
        let wrong = |why: String| TableError::Change { slug: self.slug.clone(), why };
        let change = match (self.verdict, self.outcome) {
            (None, None) => Change::Verdict(Verdict::Fail),
            (None, Some(outcome)) => Change::Outcome(outcome),
            (Some(word), None) => Change::Verdict(
                Verdict::of_outcome(&word).ok_or_else(|| wrong(format!("{word:?} is no verdict")))?,
            ),
            (Some(_), Some(_)) => return Err(wrong("a verdict or an outcome, not both".to_owned())),
        };
        if self.checks.is_empty() {
            return Err(wrong("name the checks that are about it".to_owned()));
        }
        if self.through.is_empty() && self.checks.iter().all(|check| check.starts_with("rule/")) {
            return Err(wrong(
                "a rule sees only what passes: name the stories in `through`, e.g. [\"lifecycle/*\"]"
                    .to_owned(),
            ));
        }
        Ok(Row {
            deviation,
            checks: self.checks,
            through: self.through,
            persona: self.persona,
            profile: self.profile.unwrap_or_else(|| "base".to_owned()),
            rate: self.rate,
            change,
        })
    }
}
