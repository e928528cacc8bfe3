//! `scimspec coverage`: which requirements the checks show.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};

use super::choose::Chosen;
use super::run::Refusal;
use crate::catalogue::Level;
use crate::coverage::{Coverage, Report};
use crate::report::Exit;
use crate::run::Library;
use crate::terminal::Terminal;

/// Flags as they were typed.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    /// Only the counts.
    #[arg(long)]
    summary: bool,
    /// As text or as JSON.
    #[arg(long, value_name = "FORMAT", default_value = "pretty")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Pretty,
    Json,
}

/// Runs the command.
pub(super) fn main(arguments: &Arguments, terminal: &Terminal) -> Exit {
    match text(arguments) {
        Ok(text) => {
            terminal.print(&text);
            Exit::Conformant
        }
        Err(Refusal(exit, message)) => {
            terminal.error(&message);
            exit
        }
    }
}

fn text(arguments: &Arguments) -> Result<String, Refusal> {
    let library = Library::embedded().map_err(Refusal::usage)?;
    let coverage = Coverage::of(&library).map_err(Refusal::usage)?;
    if !coverage.rows.iter().any(|row| arguments.chosen.wants(&row.requirement)) {
        return Err(Refusal::usage(
            "no requirement is left: `scimspec list requirements` shows their sources and features",
        ));
    }
    if arguments.format == Format::Json {
        let report = Report::new(&coverage, |row| arguments.chosen.wants(row));
        return report.to_text().map_err(Refusal::could_not_run);
    }
    let mut text = counts(&coverage, &arguments.chosen);
    if !arguments.summary {
        text.push_str(&details(&coverage, &arguments.chosen));
    }
    Ok(text)
}

/// A line for each source, a column for each level.
fn counts(coverage: &Coverage, chosen: &Chosen) -> String {
    let mut text = format!("{:11}{:>16}{:>16}{:>16}\n", "", "MUST", "SHOULD", "MAY");
    for source in coverage.sources() {
        let share =
            |level| coverage.share(|row| row.source == source && row.level == level && chosen.wants(row));
        let shares = [share(Level::Must), share(Level::Should), share(Level::May)];
        if shares.iter().all(|share| share.testable == 0) {
            continue;
        }
        let _ = write!(text, "{source:11}");
        for share in shares {
            let cell = match share.testable {
                0 => "-".to_owned(),
                all => format!("{}/{all} {:>3} %", share.shown, share.percent()),
            };
            let _ = write!(text, "{cell:>16}");
        }
        text.push('\n');
    }
    text
}

/// Every requirement with its checks, by source, level and feature.
fn details(coverage: &Coverage, chosen: &Chosen) -> String {
    let mut text = String::new();
    let mut place = None;
    for row in coverage.rows.iter().filter(|row| chosen.wants(&row.requirement)) {
        let requirement = &row.requirement;
        let here = (&requirement.source, requirement.level, &requirement.feature);
        if place != Some(here) {
            let share = coverage
                .share(|other| (&other.source, other.level, &other.feature) == here && chosen.wants(other));
            let (source, level, feature) = here;
            let _ = writeln!(text, "\n{source}, {level}, {feature}: {} of {}", share.shown, share.testable);
            place = Some(here);
        }
        let _ = writeln!(text, "  {}: {}", requirement.id, requirement.statement);
        for check in &row.by {
            let _ = writeln!(text, "    {check}");
        }
        if row.by.is_empty() {
            let because = row.because.as_deref().unwrap_or("nobody has written a check yet");
            let _ = writeln!(text, "    not shown: {because}");
        }
    }
    text
}
