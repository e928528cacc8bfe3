//! The proof that the checks notice: each deviation of the reference server, switched on alone, must change the verdict
//! of a check that is about it, and the correct server must pass everything.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};

use scimspec_reference_server::Deviation;
use scimspec_reference_server::deviations;
use serde::Deserialize;

use crate::judge::known_failures::KnownFailures;
use crate::judge::{CheckResult, Verdict};
use crate::report::RunReport;
use crate::run::{Library, Order, RunError};
use crate::runner::plan::Selection;
use crate::scenario::model::Allow;
use crate::secrets::Secrets;
use crate::target::embedded::{Embedded, EmbeddedError};

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
    /// Only as this persona.
    pub persona: Option<String>,
    /// Judged by this profile.
    pub profile: String,
    /// What is expected of the check.
    pub verdict: Verdict,
}

/// What calibration showed.
#[derive(Debug)]
pub struct Calibration {
    /// The checks of the correct server that are not as they should be.
    pub wrong_on_correct: Vec<CheckResult>,
    /// How many checks the correct server passed.
    pub passed_on_correct: usize,
    /// Each deviation with what noticed it.
    pub rows: Vec<Noticed>,
}

/// What became of a deviation.
#[derive(Debug)]
pub struct Noticed {
    /// The row.
    pub row: Row,
    /// The check that noticed, as whom, with its message; none: nobody did.
    pub by: Option<CheckResult>,
    /// What the named checks said instead.
    pub instead: Vec<CheckResult>,
}

/// Why calibration cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum CalibrateError {
    /// The table is not TOML, or has unknown keys.
    #[error("scenarios/calibration.toml: {0}")]
    Toml(#[from] toml::de::Error),
    /// A slug that is none.
    #[error("scenarios/calibration.toml: there is no deviation {0:?}")]
    NoDeviation(String),
    /// A deviation that stands twice.
    #[error("scenarios/calibration.toml: the deviation {0:?} stands twice")]
    Twice(String),
    /// A verdict that is none.
    #[error("scenarios/calibration.toml: {slug}: {verdict:?} is no verdict")]
    Verdict {
        /// Of which deviation.
        slug: String,
        /// What stands there.
        verdict: String,
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
    /// The server could not be started.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// A run could not begin.
    #[error(transparent)]
    Run(#[from] RunError),
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
    persona: Option<String>,
    #[serde(default = "base")]
    profile: String,
    #[serde(default = "fail")]
    verdict: String,
}

fn base() -> String {
    "base".to_owned()
}

fn fail() -> String {
    "fail".to_owned()
}

impl Table {
    /// The embedded table, complete in both directions: every deviation has a row, every row a deviation and checks.
    pub fn embedded(library: &Library) -> Result<Self, CalibrateError> {
        let file: File = toml::from_str(scimspec_scenarios::CALIBRATION)?;
        let known: BTreeSet<String> = library.scenarios.iter().flat_map(check_ids).collect();
        let mut rows: Vec<Row> = Vec::new();
        for raw in file.deviation {
            let deviation =
                deviations::find(&raw.slug).ok_or_else(|| CalibrateError::NoDeviation(raw.slug.clone()))?;
            if rows.iter().any(|row| row.deviation.slug == deviation.slug) {
                return Err(CalibrateError::Twice(raw.slug));
            }
            if let Some(check) = raw.checks.iter().find(|check| !known.contains(*check)) {
                return Err(CalibrateError::NoCheck { slug: raw.slug, check: check.clone() });
            }
            let Some(verdict) = Verdict::of_outcome(&raw.verdict) else {
                return Err(CalibrateError::Verdict { slug: raw.slug, verdict: raw.verdict });
            };
            rows.push(Row {
                deviation,
                checks: raw.checks,
                persona: raw.persona,
                profile: raw.profile,
                verdict,
            });
        }
        let missing: Vec<String> = deviations::table()
            .iter()
            .filter(|deviation| !rows.iter().any(|row| row.deviation.slug == deviation.slug))
            .map(|deviation| deviation.slug.to_owned())
            .collect();
        if missing.is_empty() { Ok(Self { rows }) } else { Err(CalibrateError::Missing(missing)) }
    }

    /// The rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}

/// Runs the correct server and then each deviation. `told` hears of each row when it is done.
pub async fn calibrate(
    library: &Library,
    table: &Table,
    jobs: usize,
    told: impl Fn(&Noticed),
) -> Result<Calibration, CalibrateError> {
    let correct = run(library, Vec::new(), "base", &[], None, jobs).await?;
    let wrong = |check: &&CheckResult| {
        matches!(check.verdict, Verdict::Fail | Verdict::Warn | Verdict::Error | Verdict::Skip)
    };
    let mut calibration = Calibration {
        wrong_on_correct: correct.checks.iter().filter(wrong).cloned().collect(),
        passed_on_correct: correct.checks.iter().filter(|check| check.verdict == Verdict::Pass).count(),
        rows: Vec::new(),
    };
    for row in table.rows() {
        let baseline = if row.profile == "base" && row.persona.is_none() {
            None
        } else {
            Some(run(library, Vec::new(), &row.profile, &row.checks, row.persona.as_deref(), jobs).await?)
        };
        let before = baseline.as_ref().unwrap_or(&correct);
        let with = run(library, vec![row.deviation], &row.profile, &row.checks, row.persona.as_deref(), jobs)
            .await?;
        let noticed = compare(row, before, with);
        told(&noticed);
        calibration.rows.push(noticed);
    }
    Ok(calibration)
}

impl Calibration {
    /// Whether everything was noticed and the correct server passed.
    pub fn holds(&self) -> bool {
        self.wrong_on_correct.is_empty() && self.rows.iter().all(|row| row.by.is_some())
    }
}

/// Noticed: a named check has the expected verdict and had another one, or another outcome, on the correct server.
fn compare(row: &Row, correct: &RunReport, with: RunReport) -> Noticed {
    let named: Vec<CheckResult> =
        with.checks.into_iter().filter(|check| row.checks.contains(&check.id)).collect();
    let changed = |check: &&CheckResult| {
        let before =
            correct.checks.iter().find(|other| other.id == check.id && other.persona == check.persona);
        check.verdict == row.verdict
            && before.is_some_and(|before| before.verdict != check.verdict || before.outcome != check.outcome)
    };
    let by = named.iter().find(changed).cloned();
    Noticed { row: row.clone(), by, instead: named }
}

async fn run(
    library: &Library,
    deviations: Vec<&'static Deviation>,
    profile: &str,
    checks: &[String],
    persona: Option<&str>,
    jobs: usize,
) -> Result<RunReport, CalibrateError> {
    let secrets = Secrets::default();
    let embedded =
        Embedded::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None, deviations, &secrets).await?;
    let target = embedded.target(&secrets)?;
    let personas = persona.map_or_else(|| crate::cli::DEFAULT_PERSONAS.to_vec(), |persona| vec![persona]);
    let order = Order {
        profile: profile.to_owned(),
        selection: Selection {
            only: Selection::globs(checks).unwrap_or_default(),
            narrowed: !checks.is_empty(),
            personas: personas.iter().filter_map(|name| name.parse().ok()).collect(),
            allow: [Allow::Load].into(),
        },
        jobs,
        timeout: std::time::Duration::from_secs(30),
        domain: "example.com".to_owned(),
        journal: None,
        known: KnownFailures::default(),
        require_access: false,
        listener: Box::new(|_| {}),
    };
    let prepared = crate::run::prepare(&target, library, order, &secrets).await?;
    let (report, _, _) = prepared.carry_out(std::future::pending()).await;
    // The server has served its purpose; how it ends tells nothing.
    drop(embedded.stop().await);
    Ok(report)
}

fn check_ids(scenario: &crate::scenario::model::Scenario) -> Vec<String> {
    let cases: Vec<_> =
        scenario.cases.iter().map(Some).chain(scenario.cases.is_empty().then_some(None)).collect();
    cases
        .into_iter()
        .flat_map(|case| scenario.checks_of(case).map(move |check| scenario.check_id(case, &check.slug)))
        .collect()
}
