//! `scimspec calibrate`: shows that every deviation of the reference server is noticed.

use std::fmt::Write as _;

use anstyle::AnsiColor;
use clap::Args;

use super::run::Refusal;
use crate::calibrate::{self, Calibration, Noticed, Table};
use crate::report::Exit;
use crate::run::Library;
use crate::terminal::Terminal;

/// Flags as they were typed.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Scenarios at a time.
    #[arg(long, short, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
}

/// Runs the command.
pub(super) async fn main(arguments: &Arguments, terminal: &Terminal) -> Exit {
    match run(arguments, terminal).await {
        Ok(calibration) if calibration.holds() => Exit::Conformant,
        Ok(_) => Exit::NotConformant,
        Err(Refusal(exit, message)) => {
            terminal.error(&message);
            exit
        }
    }
}

async fn run(arguments: &Arguments, terminal: &Terminal) -> Result<Calibration, Refusal> {
    let library = Library::embedded().map_err(Refusal::usage)?;
    let table = Table::embedded(&library).map_err(Refusal::usage)?;
    let told = |noticed: &Noticed| terminal.print(&line(noticed));
    let calibration = calibrate::calibrate(&library, &table, usize::from(arguments.jobs), told).await;
    let calibration = calibration.map_err(Refusal::could_not_run)?;
    terminal.print(&end(&calibration));
    Ok(calibration)
}

fn line(noticed: &Noticed) -> String {
    let mut text = String::new();
    let slug = noticed.row.deviation.slug;
    if let Some(check) = &noticed.by {
        let style = AnsiColor::Green.on_default();
        let persona = check.persona.as_ref().map_or_else(String::new, |persona| format!(" as {persona}"));
        let _ = writeln!(
            text,
            "{style}noticed{style:#}     {slug}\n            {}{persona}: {}",
            check.id, check.verdict
        );
    } else {
        let style = AnsiColor::Red.on_default().bold();
        let _ = writeln!(text, "{style}NOT NOTICED{style:#} {slug}: {}", noticed.row.deviation.wrong);
        for check in &noticed.instead {
            let persona = check.persona.as_ref().map_or_else(String::new, |persona| format!(" as {persona}"));
            let _ = writeln!(
                text,
                "            {}{persona}: {}, expected {}",
                check.id, check.verdict, noticed.row.verdict
            );
        }
        if noticed.instead.is_empty() {
            let _ = writeln!(text, "            none of its checks ran");
        }
    }
    text
}

fn end(calibration: &Calibration) -> String {
    let mut text = String::new();
    for check in &calibration.wrong_on_correct {
        let style = AnsiColor::Red.on_default().bold();
        let persona = check.persona.as_ref().map_or_else(String::new, |persona| format!(" as {persona}"));
        let _ = writeln!(
            text,
            "{style}FALSE ALARM{style:#} {}{persona}: {} on the correct server: {}",
            check.id, check.verdict, check.message
        );
    }
    let noticed = calibration.rows.iter().filter(|row| row.by.is_some()).count();
    let _ = writeln!(
        text,
        "\n{noticed} of {} deviations noticed; the correct server passed {} checks, {} are not right on it",
        calibration.rows.len(),
        calibration.passed_on_correct,
        calibration.wrong_on_correct.len()
    );
    text
}
