//! `scimspec calibrate`: shows that every deviation of the reference server is noticed.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anstyle::AnsiColor;
use clap::{Args, ValueEnum};
use scimspec_reference_server::deviations;

use super::run::Refusal;
use crate::calibrate::matrix::{self, Matrix, MatrixRow, Said};
use crate::calibrate::{self, Calibration, Noticed, Table};
use crate::report::Exit;
use crate::run::Library;
use crate::terminal::Terminal;

/// Flags as they were typed.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Run every check against every deviation, not only those that are about it.
    #[arg(long)]
    matrix: bool,
    /// With --matrix: as text, a line for each deviation, or as JSON.
    #[arg(long, value_name = "FORMAT", default_value = "pretty", requires = "matrix")]
    format: Format,
    /// Scenarios at a time.
    #[arg(long, short, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Pretty,
    Json,
}

/// Runs the command.
pub(super) async fn main(arguments: &Arguments, terminal: &Terminal) -> Exit {
    let done = if arguments.matrix {
        every_check(arguments, terminal).await.map(|matrix| matrix.holds())
    } else {
        named_checks(arguments, terminal).await.map(|calibration| calibration.holds())
    };
    match done {
        Ok(true) => Exit::Conformant,
        Ok(false) => Exit::NotConformant,
        Err(Refusal(exit, message)) => {
            terminal.error(&message);
            exit
        }
    }
}

async fn named_checks(arguments: &Arguments, terminal: &Terminal) -> Result<Calibration, Refusal> {
    let library = Library::embedded().map_err(Refusal::usage)?;
    let table = Table::embedded(&library).map_err(Refusal::usage)?;
    let told = |noticed: &Noticed| terminal.print(&line(noticed));
    let calibration = calibrate::calibrate(&library, &table, usize::from(arguments.jobs), told).await;
    let calibration = calibration.map_err(Refusal::could_not_run)?;
    terminal.print(&end(&calibration));
    Ok(calibration)
}

async fn every_check(arguments: &Arguments, terminal: &Terminal) -> Result<Matrix, Refusal> {
    let library = Library::embedded().map_err(Refusal::usage)?;
    let table = Table::embedded(&library).map_err(Refusal::usage)?;
    let told = |row: &MatrixRow| {
        if arguments.format == Format::Pretty {
            terminal.print(&matrix_line(row));
        }
    };
    let matrix = matrix::matrix(&library, &table, usize::from(arguments.jobs), told).await;
    let matrix = matrix.map_err(Refusal::could_not_run)?;
    match arguments.format {
        Format::Pretty => terminal.print(&matrix_end(&matrix)),
        Format::Json => terminal.print(&matrix.to_text().map_err(Refusal::could_not_run)?),
    }
    Ok(matrix)
}

fn line(noticed: &Noticed) -> String {
    let mut text = String::new();
    let slug = noticed.row.deviation.slug;
    if let Some(check) = &noticed.by {
        let style = AnsiColor::Green.on_default();
        let _ = writeln!(
            text,
            "{style}noticed{style:#}     {slug}\n            {}{}: {}{}",
            check.id,
            as_persona(check.persona.as_deref()),
            check.verdict,
            check.outcome.as_ref().map_or_else(String::new, |outcome| format!(", {outcome}"))
        );
    } else {
        let style = AnsiColor::Red.on_default().bold();
        let _ = writeln!(text, "{style}NOT NOTICED{style:#} {slug}: {}", noticed.row.deviation.wrong);
        for check in &noticed.instead {
            let _ = writeln!(
                text,
                "            {}{}: {}, expected {}",
                check.id,
                as_persona(check.persona.as_deref()),
                check.verdict,
                noticed.row.change
            );
        }
        if noticed.instead.is_empty() {
            let _ = writeln!(text, "            none of its checks ran");
        }
    }
    if !noticed.beside.is_empty() {
        let _ = writeln!(text, "            also {}", noticed.beside.join(", "));
    }
    text
}

fn end(calibration: &Calibration) -> String {
    let mut text = String::new();
    for check in &calibration.wrong_on_correct {
        let style = AnsiColor::Red.on_default().bold();
        let _ = writeln!(
            text,
            "{style}FALSE ALARM{style:#} {}{}: {} on the correct server: {}",
            check.id,
            as_persona(check.persona.as_deref()),
            check.verdict,
            check.message
        );
    }
    let noticed = calibration.rows.iter().filter(|row| row.by.is_some()).count();
    let _ = writeln!(
        text,
        "\n{noticed} of {} deviations noticed; correct servers passed {} checks, {} are not right on them",
        calibration.rows.len(),
        calibration.passed_on_correct,
        calibration.wrong_on_correct.len()
    );
    let apart = deviations::NOT_EMULATED.len();
    let _ = writeln!(
        text,
        "{apart} known bugs cannot be emulated; `scimspec list deviations` says which and why"
    );
    text
}

fn matrix_line(row: &MatrixRow) -> String {
    let mut text = String::new();
    let style = if row.as_named { AnsiColor::Green.on_default() } else { AnsiColor::Red.on_default().bold() };
    let word = if row.as_named { "noticed" } else { "NOT NOTICED" };
    let said = said_alike(&row.noticed_by);
    let checks: BTreeSet<&str> = said.iter().map(|(id, ..)| *id).collect();
    let checks = match checks.len() {
        1 => "1 check".to_owned(),
        number => format!("{number} checks"),
    };
    let _ = writeln!(text, "{style}{word:11}{style:#} {} by {checks}", row.slug);
    for (id, what, personas) in said {
        let personas = personas.join(", ");
        let personas = as_persona(Some(personas.as_str()).filter(|personas| !personas.is_empty()));
        let _ = writeln!(text, "            {id}{personas}: {what}");
    }
    text
}

/// Each check that says something once, with what it says and as which personas.
fn said_alike(said: &[Said]) -> Vec<(&str, String, Vec<&str>)> {
    let mut alike: Vec<(&str, String, Vec<&str>)> = Vec::new();
    for said in said {
        let outcome = said.outcome.as_ref().map_or_else(String::new, |outcome| format!(", {outcome}"));
        let what = format!("{}{outcome}", said.verdict);
        let known = alike.iter_mut().find(|(id, other, _)| *id == said.id && *other == what);
        match known {
            Some((.., personas)) => personas.extend(said.persona.as_deref()),
            None => alike.push((&said.id, what, said.persona.as_deref().into_iter().collect())),
        }
    }
    alike
}

fn matrix_end(matrix: &Matrix) -> String {
    let mut text = String::new();
    for said in &matrix.false_alarms {
        let style = AnsiColor::Red.on_default().bold();
        let persona = as_persona(said.persona.as_deref());
        let _ = writeln!(
            text,
            "{style}FALSE ALARM{style:#} {}{persona}: {} on a correct server",
            said.id, said.verdict
        );
    }
    let once = matrix.deviations.iter().filter(|row| said_alike(&row.noticed_by).len() == 1).count();
    let noticed = matrix.deviations.iter().filter(|row| row.as_named).count();
    let _ = writeln!(
        text,
        "\n{noticed} of {} deviations noticed, {once} of them by one check only; {} checks are changed by no deviation; {} false alarms",
        matrix.deviations.len(),
        matrix.never_changed.len(),
        matrix.false_alarms.len()
    );
    text
}

fn as_persona(persona: Option<&str>) -> String {
    persona.map_or_else(String::new, |persona| format!(" as {persona}"))
}
