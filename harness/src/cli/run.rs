//! `scimspec run`: from flags and configuration to a target, a plan, a report and an exit code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use scimspec_mock_idp::persona::PersonaName;
use scimspec_reference_server::deviations;

use super::signals::Signals;
use super::{progress, state_folder};
use crate::judge::known_failures::KnownFailures;
use crate::report::pretty::Layout;
use crate::report::view::{Lens, printable_lines};
use crate::report::{Exit, RunReport, json, junit, pretty};
use crate::run::{Library, Order, Prepared, RunError};
use crate::runner::plan::Selection;
use crate::scenario::diagnostic::Diagnostics;
use crate::scenario::model::Allow;
use crate::secrets::Secrets;
use crate::snapshot;
use crate::target::config::{self, Config};
use crate::target::subject::Subject;
use crate::target::{Claims, Target};
use crate::terminal::Terminal;

/// The personas of a run that names none.
pub const DEFAULT_PERSONAS: [&str; 3] = ["okta-wizard", "okta-catalog", "entra"];

/// Flags as they were typed.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The SCIM base URL of the server to test, e.g. https://app.example/scim/v2.
    #[arg(long, value_name = "URL", conflicts_with = "deviate")]
    url: Option<String>,
    /// The environment variable that holds the bearer token.
    #[arg(long, value_name = "VAR")]
    token_env: Option<String>,
    /// A configuration file: target, secrets, access probes.
    #[arg(long, value_name = "FILE", conflicts_with = "deviate")]
    config: Option<PathBuf>,
    /// The profile to judge by.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Run as this persona and claim its provider; may be repeated. Default: all, claiming none.
    #[arg(long, value_name = "NAME")]
    persona: Vec<String>,
    /// Only checks whose id matches, e.g. 'lifecycle/*'; may be repeated.
    #[arg(long, value_name = "GLOB")]
    only: Vec<String>,
    /// A report: pretty, json or junit, to standard output or to a file; may be repeated.
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = parse_report)]
    report: Vec<ReportTo>,
    /// The target's known failures.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Scenarios of your own instead of the library.
    #[arg(long, value_name = "DIR")]
    scenarios: Option<PathBuf>,
    /// Compare conversations with the snapshots in this folder; new ones are written as pending.
    #[arg(long, value_name = "DIR")]
    snapshots: Option<PathBuf>,
    #[command(flatten)]
    reach: Reach,
    /// Exit 1 when access could not be verified.
    #[arg(long)]
    require_access: bool,
    /// Scenarios at a time.
    #[arg(long, short, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// How long one request may take, e.g. 30s.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    timeout: Duration,
    /// The domain of made-up mail addresses.
    #[arg(long, value_name = "DOMAIN", default_value = "example.com")]
    domain: String,
    /// Without a target: make the embedded server deviate.
    #[arg(long, value_name = "SLUG")]
    deviate: Vec<String>,
    /// Tell every check of a long run, and the exchange behind every warning.
    #[arg(long, short)]
    verbose: bool,
}

/// How far the run may go on the server.
#[derive(Debug, Args)]
struct Reach {
    /// Allow what could harm a real server; may be repeated.
    #[arg(long, value_name = "WHAT")]
    allow: Vec<AllowFlag>,
    /// Send only GETs: the checks that change nothing on the server.
    #[arg(long, conflicts_with = "allow")]
    safe: bool,
    /// Say what would be made on the server, and stop there.
    #[arg(long)]
    dry_run: bool,
}

/// A report that was asked for.
#[derive(Debug, Clone)]
pub(super) struct ReportTo {
    format: Format,
    /// Where to; none: to standard output.
    pub(super) file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Pretty,
    Json,
    Junit,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum AllowFlag {
    /// Many requests at once.
    Load,
}

/// A message for the user and the code to end with.
pub(super) struct Refusal(pub(super) Exit, pub(super) String);

/// Runs the command.
pub(super) async fn main(arguments: Arguments, terminal: &Terminal) -> Exit {
    match run(arguments, terminal).await {
        Ok(exit) => exit,
        Err(Refusal(exit, message)) => {
            let message = printable_lines(&message);
            // Mistakes in scenario files come rendered, each with the word in front.
            if message.starts_with("error") {
                terminal.tell(&message);
            } else {
                terminal.error(&message);
            }
            exit
        }
    }
}

async fn run(arguments: Arguments, terminal: &Terminal) -> Result<Exit, Refusal> {
    let secrets = Secrets::default();
    let chosen = Chosen::new(&arguments, &secrets)?;
    let (library, mistakes) = match &arguments.scenarios {
        Some(folder) => Library::of_folder(folder),
        None => Library::embedded().map(|library| (library, Diagnostics::default())),
    }
    .map_err(Refusal::usage)?;
    // The files that can be read are run all the same; the exit code says that they were not all.
    if !mistakes.0.is_empty() {
        terminal.tell(&printable_lines(&mistakes.to_string()));
    }
    // Before the first request: a result that cannot be written is lost.
    for path in arguments.report.iter().filter_map(|to| to.file.as_ref()) {
        can_be_written(path)?;
    }
    let (embedded, target) = if let Some(target) = chosen.target {
        (None, target)
    } else {
        let subject = Subject::keeping(&chosen.profile).last().copied().unwrap_or(Subject::Rfc);
        if !chosen.deviations.is_empty() && !subject.can_deviate() {
            return Err(Refusal::usage("--deviate: the GitLab front has no deviations"));
        }
        let embedded = subject.start(chosen.deviations, &secrets).await.map_err(Refusal::could_not_run)?;
        let target = embedded.target(&secrets).map_err(Refusal::could_not_run)?;
        (Some(embedded), target)
    };
    let mut selection = chosen.selection;
    if target.embedded {
        // It is ours and ends with the run: nothing can come to harm.
        selection.allow.insert(Allow::Load);
    }
    let (bar, listener) = progress::listener(terminal.is_watched());
    let order = Order {
        profile: chosen.profile,
        selection,
        jobs: usize::from(arguments.jobs),
        timeout: arguments.timeout,
        domain: arguments.domain.clone(),
        journal: (!target.embedded).then(state_folder),
        known: chosen.known,
        require_access: arguments.require_access,
        listener,
    };
    let prepared = crate::run::prepare(&target, &library, order, &secrets)
        .await
        .map_err(|error| Refusal::of_run(&error))?;
    if !target.embedded || arguments.reach.dry_run {
        announce(&prepared, &target, arguments.reach.safe, terminal);
    }
    if arguments.reach.dry_run {
        prepared.abandon();
        return Ok(Exit::Conformant);
    }
    let signals = Signals::listen().map_err(Refusal::could_not_run)?;
    progress::expect(&bar, &prepared.plan);
    let lens = prepared.lens();
    let (mut report, journal, failed) = prepared
        .carry_out(signals.stop(|| {
            terminal.tell("stopping: what this run made is being removed (Ctrl-C again ends at once)");
        }))
        .await;
    bar.finish_and_clear();
    if let Some(embedded) = embedded {
        // Nothing depends on how it ends: the run is over.
        drop(embedded.stop().await);
    }
    if let Some(folder) = &arguments.snapshots {
        snapshot::compare_run(&mut report, folder, &lens).map_err(Refusal::could_not_run)?;
    }
    write_reports(&arguments.report, &report, &lens, arguments.verbose, terminal)?;
    if let Some(failed) = failed {
        terminal.error(&failed);
    }
    if let Some(journal) = journal {
        terminal
            .tell(&format!("what is left is noted in {}: `scimspec cleanup` removes it", journal.display()));
    }
    Ok(match report.exit() {
        Exit::Conformant if !mistakes.0.is_empty() => Exit::Usage,
        exit => exit,
    })
}

/// Flags and configuration, resolved.
struct Chosen {
    target: Option<Target>,
    profile: String,
    selection: Selection,
    known: KnownFailures,
    deviations: Vec<&'static deviations::Deviation>,
}

impl Chosen {
    fn new(arguments: &Arguments, secrets: &Secrets) -> Result<Self, Refusal> {
        let config = match &arguments.config {
            Some(path) => Some(Config::read(path, secrets).map_err(Refusal::usage)?),
            None => None,
        };
        let (section, probes) = config.map(|config| (config.target, config.probes)).unwrap_or_default();
        let url = match &arguments.url {
            Some(url) => Some(config::http_url("--url", url).map_err(Refusal::usage)?),
            None => section.url,
        };
        let token = match &arguments.token_env {
            Some(variable) => Some(config::token_from_env(variable, secrets).map_err(Refusal::usage)?),
            None => section.token,
        };
        if url.is_none() && arguments.config.is_some() {
            return Err(Refusal::usage(
                "the configuration names no target: add `url` to its [target], or use --url",
            ));
        }
        if url.is_none() && arguments.token_env.is_some() {
            return Err(Refusal::usage(
                "--token-env goes with --url or --config: the embedded server makes its own token",
            ));
        }
        let certificates = section.ca.into_iter().collect();
        let personas = personas(&arguments.persona)?;
        let claimed: BTreeSet<String> = section
            .idps
            .into_iter()
            .chain(
                arguments
                    .persona
                    .iter()
                    .filter_map(|name| Some(name.parse::<PersonaName>().ok()?.provider().to_owned())),
            )
            .collect();
        let target = url.map(|url| Target {
            url,
            token,
            certificates,
            claims: Claims::These(claimed),
            other_tenant: section.other_tenant,
            probes,
            embedded: false,
        });
        let baseline = arguments.baseline.as_ref().or(section.baseline.as_ref());
        let known = baseline.map_or_else(|| Ok(KnownFailures::default()), |path| KnownFailures::read(path));
        let selection = Selection {
            only: Selection::globs(&arguments.only)
                .map_err(|error| Refusal::usage(format!("--only: {error}")))?,
            narrowed: !arguments.only.is_empty(),
            all_rules: false,
            safe: arguments.reach.safe,
            personas,
            allow: arguments.reach.allow.iter().map(|AllowFlag::Load| Allow::Load).collect(),
        };
        Ok(Self {
            target,
            profile: arguments.profile.clone().or(section.profile).unwrap_or_else(|| "base".to_owned()),
            selection,
            known: known.map_err(Refusal::usage)?,
            deviations: find_deviations(&arguments.deviate)?,
        })
    }
}

/// The deviations of these slugs.
pub(super) fn find_deviations(slugs: &[String]) -> Result<Vec<&'static deviations::Deviation>, Refusal> {
    let find = |slug: &String| {
        deviations::find(slug).ok_or_else(|| {
            Refusal::usage(format!("there is no deviation {slug:?}: `scimspec list deviations` shows all"))
        })
    };
    slugs.iter().map(find).collect()
}

fn personas(names: &[String]) -> Result<Vec<PersonaName>, Refusal> {
    let names: Vec<&str> =
        if names.is_empty() { DEFAULT_PERSONAS.to_vec() } else { names.iter().map(String::as_str).collect() };
    names.into_iter().map(|name| name.parse().map_err(Refusal::usage)).collect()
}

/// Before the first write: what will be made, under which names, and how it goes away again.
fn announce(prepared: &Prepared, target: &Target, safe: bool, terminal: &Terminal) {
    if safe {
        terminal.tell(&format!("{}: this run sends only GETs and makes nothing", target.url));
        return;
    }
    let makes = prepared.plan.makes();
    let lens = prepared.lens();
    terminal.tell(&format!(
        "{}: this run makes up to {} people and {} groups, all with \".{}.\" in their names, and removes each with DELETE when its story ends; what the server refuses to delete is listed at the end",
        target.url, makes.people, makes.groups, lens.run.0
    ));
}

/// Writes the reports that were asked for, and the pretty one if none goes to standard output.
pub(super) fn write_reports(
    reports: &[ReportTo],
    report: &RunReport,
    lens: &Lens,
    verbose: bool,
    terminal: &Terminal,
) -> Result<(), Refusal> {
    let layout = Layout { width: terminal.width(), verbose };
    write_rendered(reports, terminal, |format| render(format, report, lens, layout))
}

/// Writes what `render` makes of each format that was asked for, and the pretty one if none goes to standard output.
pub(super) fn write_rendered(
    reports: &[ReportTo],
    terminal: &Terminal,
    render: impl Fn(Format) -> Result<String, Refusal>,
) -> Result<(), Refusal> {
    let to_output = reports.iter().any(|to| to.file.is_none());
    if !to_output {
        terminal.print(&render(Format::Pretty)?);
    }
    let mut texts = BTreeMap::new();
    for to in reports {
        let text = match texts.get(&(to.format as u8)) {
            Some(text) => text,
            None => texts.entry(to.format as u8).or_insert(render(to.format)?),
        };
        match &to.file {
            None => terminal.print(text),
            Some(path) => write_file(path, &anstream::adapter::strip_str(text).to_string())?,
        }
    }
    Ok(())
}

fn render(format: Format, report: &RunReport, lens: &Lens, layout: Layout) -> Result<String, Refusal> {
    match format {
        Format::Pretty => Ok(pretty::text(report, lens, layout)),
        Format::Json => json::Report::new(report, lens).to_text().map_err(Refusal::could_not_run),
        Format::Junit => junit::text(report, lens).map_err(Refusal::could_not_run),
    }
}

fn write_file(path: &Path, text: &str) -> Result<(), Refusal> {
    std::fs::write(path, text).map_err(|error| {
        Refusal(Exit::CouldNotJudge, format!("the report {} cannot be written: {error}", path.display()))
    })
}

/// A result that cannot be written is lost: better known before there is one.
pub(super) fn can_be_written(path: &Path) -> Result<(), Refusal> {
    let opened = std::fs::OpenOptions::new().append(true).create(true).open(path);
    opened
        .map(drop)
        .map_err(|error| Refusal::usage(format!("the report {} cannot be written: {error}", path.display())))
}

/// `FORMAT[=FILE]`.
pub(super) fn parse_report(text: &str) -> Result<ReportTo, String> {
    let (format, file) = match text.split_once('=') {
        Some((format, file)) if !file.is_empty() => (format, Some(PathBuf::from(file))),
        Some((format, _)) => return Err(format!("`{format}=` names no file")),
        None => (text, None),
    };
    let format =
        Format::from_str(format, false).map_err(|_| "the formats are pretty, json and junit".to_owned())?;
    Ok(ReportTo { format, file })
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    config::duration(text).filter(|time| !time.is_zero()).ok_or_else(|| "write it as 30s or 500ms".to_owned())
}

impl Refusal {
    /// Usage or configuration.
    pub(super) fn usage(error: impl std::fmt::Display) -> Self {
        Self(Exit::Usage, error.to_string())
    }

    /// Could not run.
    pub(super) fn could_not_run(error: impl std::fmt::Display) -> Self {
        Self(Exit::CouldNotJudge, error.to_string())
    }

    fn of_run(error: &RunError) -> Self {
        let exit = match error {
            RunError::Profile(_) | RunError::NothingToRun => Exit::Usage,
            _ => Exit::CouldNotJudge,
        };
        Self(exit, error.to_string())
    }
}
