//! Everything against everything: for each deviation, every check of the library that says otherwise than on the
//! correct server. It shows which bugs hang by one check only, and which checks have never been seen to notice.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::subjects::{Asked, SubjectError, Subjects};
use super::table::{Row, Table};
use super::{changes, not_right};
use crate::judge::CheckResult;
use crate::run::Library;

/// The version of the format; it moves when a consumer could break.
pub const VERSION: u32 = 1;

/// What a whole matrix shows.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "scimspec calibration matrix")]
pub struct Matrix {
    /// The version of the format.
    pub version: u32,
    /// The version of scimspec.
    pub scimspec: String,
    /// The checks that are not right on a correct server: false alarms.
    pub false_alarms: Vec<Said>,
    /// Each deviation with everything that notices it.
    pub deviations: Vec<MatrixRow>,
    /// The checks that no deviation changes.
    pub never_changed: Vec<String>,
}

/// One deviation.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MatrixRow {
    /// Its slug.
    pub slug: String,
    /// The profile by which it was judged.
    pub profile: String,
    /// Every check that says otherwise.
    pub noticed_by: Vec<Said>,
    /// Whether one of those that the table names is among them.
    pub as_named: bool,
}

/// What a check said.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Said {
    /// The check.
    pub id: String,
    /// As which persona.
    pub persona: Option<String>,
    /// Its verdict.
    pub verdict: String,
    /// Its outcome.
    pub outcome: Option<String>,
}

/// Runs the whole library against every deviation. `told` hears of each row when it is done.
pub async fn matrix(
    library: &Library,
    table: &Table,
    jobs: usize,
    told: impl Fn(&MatrixRow),
) -> Result<Matrix, SubjectError> {
    let subjects = Subjects::new(library, table, jobs).await?;
    let mut quiet: BTreeSet<String> =
        subjects.correct().flat_map(|report| report.checks.iter().map(|check| check.id.clone())).collect();
    let mut rows = Vec::new();
    for row in table.rows() {
        let (noticed, changed) = against(&subjects, row).await?;
        for id in &changed {
            quiet.remove(id);
        }
        told(&noticed);
        rows.push(noticed);
    }
    Ok(Matrix {
        version: VERSION,
        scimspec: env!("CARGO_PKG_VERSION").to_owned(),
        false_alarms: subjects.correct().flat_map(not_right).map(|check| Said::by(&check)).collect(),
        deviations: rows,
        never_changed: quiet.into_iter().collect(),
    })
}

impl Matrix {
    /// Whether every deviation was noticed by a check that is about it, and nothing else spoke up.
    pub fn holds(&self) -> bool {
        self.false_alarms.is_empty() && self.deviations.iter().all(|row| row.as_named)
    }

    /// As JSON text.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

impl Said {
    fn by(check: &CheckResult) -> Self {
        Self {
            id: check.id.clone(),
            persona: check.persona.clone(),
            verdict: check.verdict.to_string(),
            outcome: check.outcome.clone(),
        }
    }
}

async fn against(subjects: &Subjects<'_>, row: &Row) -> Result<(MatrixRow, Vec<String>), SubjectError> {
    let with = subjects.run(&Asked::all(row), vec![row.deviation]).await?;
    let changed: Vec<&CheckResult> = changes(subjects.correct_for(row), &with).collect();
    let noticed = MatrixRow {
        slug: row.deviation.slug.to_owned(),
        profile: row.profile.clone(),
        as_named: changed.iter().any(|check| row.names(check) && row.change.is(check)),
        noticed_by: changed.iter().map(|check| Said::by(check)).collect(),
    };
    Ok((noticed, changed.iter().map(|check| check.id.clone()).collect()))
}
