//! `scimspec lint`: the rules over a recording, both sides of it, without a server.

use std::path::{Path, PathBuf};

use clap::Args;
use scimspec_mock_idp::recording::read::{self, ReadOptions};

use super::run::{Format, Refusal, ReportTo, can_be_written, parse_report, write_rendered};
use crate::lint::{self, Linted, Order, report};
use crate::report::pretty::Layout;
use crate::report::view::printable_lines;
use crate::report::{Exit, junit};
use crate::run::Library;
use crate::runner::plan::Selection;
use crate::target::config;
use crate::terminal::Terminal;

/// Flags as they were typed.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The recording: HAR, JSON Lines, what ngrok's inspector answers, a Runscope suite or a Postman collection.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The SCIM base URL of the recorded server, where the recording does not show it.
    #[arg(long, value_name = "URL")]
    base: Option<String>,
    /// The profile to judge by.
    #[arg(long, value_name = "NAME", default_value = "base")]
    profile: String,
    /// Only checks whose id matches, e.g. 'client/*'; may be repeated.
    #[arg(long, value_name = "GLOB")]
    only: Vec<String>,
    /// A report: pretty, json or junit, to standard output or to a file; may be repeated.
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = parse_report)]
    report: Vec<ReportTo>,
    /// Tell the story of the recording in words, every check, and all evidence of who the client is.
    #[arg(long, short)]
    verbose: bool,
}

/// Runs the command.
pub(super) fn main(arguments: &Arguments, terminal: &Terminal) -> Exit {
    match lint(arguments, terminal) {
        Ok(exit) => exit,
        Err(Refusal(exit, message)) => {
            terminal.error(&printable_lines(&message));
            exit
        }
    }
}

fn lint(arguments: &Arguments, terminal: &Terminal) -> Result<Exit, Refusal> {
    let only =
        Selection::globs(&arguments.only).map_err(|error| Refusal::usage(format!("--only: {error}")))?;
    let only = (!arguments.only.is_empty()).then_some(only);
    let base = match &arguments.base {
        Some(url) => Some(config::http_url("--base", url).map_err(Refusal::usage)?),
        None => None,
    };
    for path in arguments.report.iter().filter_map(|to| to.file.as_ref()) {
        can_be_written(path)?;
    }
    let library = Library::embedded().map_err(Refusal::usage)?;
    let options = ReadOptions { base, ..ReadOptions::default() };
    let recording = read::open(&arguments.file, &options).map_err(Refusal::could_not_run)?;
    if recording.entries.is_empty() {
        let why = recording.left_out.first().map_or_else(String::new, |note| format!(" ({note})"));
        return Err(Refusal::could_not_run(format!(
            "{} holds no SCIM exchange{why}; if the server is not recognised, name it with --base",
            arguments.file.display()
        )));
    }
    let name = file_name(&arguments.file);
    let order = Order { name, profile: arguments.profile.clone(), only };
    let linted = lint::lint(&recording, &library, order).map_err(Refusal::usage)?;
    if linted.report.checks.is_empty() {
        return Err(Refusal::usage(
            "no check is left: --only and --profile leave none. `scimspec list rules` shows what there is",
        ));
    }
    if !lint::has_answers(&recording) {
        terminal.tell("the recording holds no answers: only what the client sends can be judged");
    }
    let layout = Layout { width: terminal.width(), verbose: arguments.verbose };
    write_rendered(&arguments.report, terminal, |format| match format {
        Format::Pretty => Ok(report::text(&linted, layout)),
        Format::Json => report::Report::new(&linted).to_text().map_err(Refusal::could_not_run),
        Format::Junit => junit::text(&linted.report, &Linted::lens()).map_err(Refusal::could_not_run),
    })?;
    Ok(linted.report.exit())
}

/// What to call the recording: nobody else's business is where it lies.
fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "the recording".to_owned(), |name| name.to_string_lossy().into_owned())
}
