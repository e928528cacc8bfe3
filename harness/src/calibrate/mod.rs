//! The proof that the checks notice: each deviation of the reference server, switched on alone, must change the verdict
//! or the recorded outcome of a check that is about it, and the correct server must pass everything. Who has to notice
//! what is `table`, everything against everything is `matrix`.

pub mod matrix;
mod subjects;
pub mod table;

use futures::{StreamExt, stream};

pub use self::subjects::SubjectError;
use self::subjects::{Asked, Subjects};
pub use self::table::{Change, Limit, Row, Table, TableError};
use crate::judge::{CheckResult, Verdict};
use crate::report::RunReport;
use crate::run::Library;

/// What calibration showed.
#[derive(Debug)]
pub struct Calibration {
    /// The checks of the correct server that are not as they should be, in any profile that the table uses.
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
    /// Rules that are not named and speak up all the same.
    pub beside: Vec<String>,
}

/// How many rows are worked on at a time: one waits for its server while another judges.
const AT_A_TIME: usize = 4;

/// Runs the correct server and then each deviation. `told` hears of each row when it is done.
pub async fn calibrate(
    library: &Library,
    table: &Table,
    jobs: usize,
    told: impl Fn(&Noticed),
) -> Result<Calibration, SubjectError> {
    let subjects = Subjects::new(library, table, jobs).await?;
    let mut calibration = Calibration {
        wrong_on_correct: subjects.correct().flat_map(not_right).collect(),
        passed_on_correct: subjects
            .correct()
            .map(|report| report.checks.iter().filter(|check| check.verdict == Verdict::Pass).count())
            .sum(),
        rows: Vec::new(),
    };
    let subjects = &subjects;
    let rows = table.rows().iter().map(|row| async move {
        let asked = Asked::about(row);
        let with = subjects.run(&asked, vec![row.deviation]).await?;
        Ok::<_, SubjectError>(noticed(row, subjects.correct_for(row), with))
    });
    let mut rows = stream::iter(rows).buffered(AT_A_TIME);
    while let Some(row) = rows.next().await {
        let row = row?;
        told(&row);
        calibration.rows.push(row);
    }
    Ok(calibration)
}

impl Calibration {
    /// Whether everything was noticed and the correct server passed.
    pub fn holds(&self) -> bool {
        self.wrong_on_correct.is_empty() && self.rows.iter().all(|row| row.by.is_some())
    }
}

/// What a correct server must not get.
fn not_right(report: &RunReport) -> Vec<CheckResult> {
    let wrong =
        |check: &&CheckResult| matches!(check.verdict, Verdict::Fail | Verdict::Warn | Verdict::Error);
    report.checks.iter().filter(wrong).cloned().collect()
}

/// Noticed: a named check is as the row expects, and was otherwise on the correct server.
fn noticed(row: &Row, correct: &RunReport, with: RunReport) -> Noticed {
    let changed: Vec<CheckResult> = changes(correct, &with).cloned().collect();
    let by = changed.iter().find(|check| row.names(check) && row.change.is(check)).cloned();
    let beside = changed
        .iter()
        .filter(|check| check.id.starts_with("rule/") && !row.names(check))
        .map(|check| check.id.clone())
        .collect();
    let instead = with.checks.into_iter().filter(|check| row.names(check)).collect();
    Noticed { row: row.clone(), by, instead, beside }
}

/// The checks that say otherwise than on the correct server. A check that was not reached says nothing.
fn changes<'a>(correct: &'a RunReport, with: &'a RunReport) -> impl Iterator<Item = &'a CheckResult> {
    with.checks.iter().filter(|check| {
        let judged = !matches!(check.verdict, Verdict::Error | Verdict::Skip);
        let before = |other: &&CheckResult| other.id == check.id && other.persona == check.persona;
        judged
            && match correct.checks.iter().find(before) {
                Some(before) => (before.verdict, &before.outcome) != (check.verdict, &check.outcome),
                None => false,
            }
    })
}
