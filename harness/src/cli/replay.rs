//! `scimspec replay`: from flags and configurations to servers, a replay, a report and an exit code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use scimspec_mock_idp::recording::read::ReadOptions;
use secrecy::SecretString;

use super::run::{Refusal, can_be_written, find_deviations};
use super::signals::Signals;
use super::state_folder;
use crate::access::Probes;
use crate::replay::Options;
use crate::replay::feed::{FeedError, Tape};
use crate::replay::perform::{self, Order, PerformError, Prepared};
use crate::replay::report::{Conversation, ReplayReport, json, pretty};
use crate::report::Exit;
use crate::report::view::{Lens, printable_lines};
use crate::secrets::Secrets;
use crate::snapshot::file::Snapshot;
use crate::snapshot::{self, Stored};
use crate::target::config::{self, Config};
use crate::target::embedded::Embedded;
use crate::target::subject::Subject;
use crate::target::{Claims, Target};
use crate::terminal::Terminal;

/// Flags as they were typed.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The recording: HAR, JSON Lines, ngrok's inspector, a Runscope suite or a Postman collection.
    #[arg(value_name = "FILE")]
    recording: PathBuf,
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    manner: Manner,
    /// A report: pretty or json, to standard output or to a file; may be repeated.
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = parse_report)]
    report: Vec<ReportTo>,
    /// Compare the conversation with the snapshot in this folder; a new one is written as pending.
    #[arg(long, value_name = "DIR", conflicts_with = "against")]
    snapshots: Option<PathBuf>,
    /// How long one request may take, e.g. 30s.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    timeout: Duration,
    /// The domain of made-up mail addresses.
    #[arg(long, value_name = "DOMAIN", default_value = "example.com")]
    domain: String,
    /// Say what would be made on the server, and stop there.
    #[arg(long)]
    dry_run: bool,
}

/// On which server, or which two.
#[derive(Debug, Args)]
struct Server {
    /// The SCIM base URL of the server; without one, the embedded reference server.
    #[arg(long, value_name = "URL", conflicts_with_all = ["deviate", "against"])]
    url: Option<String>,
    /// The environment variable that holds the bearer token; with --against, once for each URL, in order.
    #[arg(long, value_name = "VAR")]
    token_env: Vec<String>,
    /// A configuration file: its target is used.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["deviate", "against"])]
    config: Option<PathBuf>,
    /// Without a server: make the embedded one deviate.
    #[arg(long, value_name = "SLUG", conflicts_with = "against")]
    deviate: Vec<String>,
    /// Replay on two servers and show where the second parts from the first: a URL, a configuration file, `embedded` or
    /// `embedded:DEVIATION`; to be given twice.
    #[arg(long, value_name = "SERVER")]
    against: Vec<String>,
}

/// How.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
struct Manner {
    /// Make user names, addresses, externalIds and names of groups unique to this replay.
    #[arg(long)]
    unique: bool,
    /// Whether to wait as long as was waited when it was recorded.
    #[arg(long, value_name = "keep|drop", default_value = "drop")]
    pauses: Pauses,
    /// Tell everything that differs, not only what the provider would notice.
    #[arg(long)]
    strict: bool,
    /// A value for {{NAME}} in a suite or collection; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_set)]
    set: Vec<(String, String)>,
    /// Leave what was made on the server.
    #[arg(long)]
    keep: bool,
    /// Also change people and groups that were on the server before, where the recording does. That is not undone.
    #[arg(long)]
    change_existing: bool,
    /// The SCIM base URL of the recorded server, if it cannot be told from the requests.
    #[arg(long, value_name = "URL")]
    base: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Pauses {
    Keep,
    Drop,
}

#[derive(Debug, Clone)]
struct ReportTo {
    format: Format,
    file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Pretty,
    Json,
}

/// A server and, if it is ours, what keeps it going.
struct Subjects {
    targets: Vec<Target>,
    embedded: Vec<Embedded>,
}

/// Runs the command.
pub(super) async fn main(arguments: Arguments, terminal: &Terminal) -> Exit {
    match replay(&arguments, terminal).await {
        Ok(exit) => exit,
        Err(Refusal(exit, message)) => {
            terminal.error(&printable_lines(&message));
            exit
        }
    }
}

async fn replay(arguments: &Arguments, terminal: &Terminal) -> Result<Exit, Refusal> {
    let secrets = Secrets::default();
    let tape = tape(arguments)?;
    for path in arguments.report.iter().filter_map(|to| to.file.as_ref()) {
        can_be_written(path)?;
    }
    let subjects = subjects(&arguments.server, &secrets).await?;
    let order = Order {
        options: arguments.manner.options(),
        timeout: arguments.timeout,
        domain: arguments.domain.clone(),
        journals: state_folder(),
        keep: arguments.manner.keep,
        conversation: arguments.snapshots.is_some(),
    };
    let (Some(first), second) = (subjects.targets.first(), subjects.targets.get(1)) else {
        return Err(Refusal::usage("there is no server to replay on: name one with --url"));
    };
    let prepared = perform::prepare(&arguments.recording, tape, (first, second), order, &secrets)
        .await
        .map_err(|error| refusal(&error))?;
    announce(&prepared, &arguments.manner, arguments.dry_run, terminal);
    if arguments.dry_run {
        prepared.abandon();
        return Ok(Exit::Conformant);
    }
    let Some(lens) = prepared.lens() else { return Err(Refusal::usage("there is no server to replay on")) };
    let signals = Signals::listen().map_err(Refusal::could_not_run)?;
    let done = prepared
        .carry_out(signals.stop(|| {
            terminal.tell("stopping: what this replay made is being removed (Ctrl-C again ends at once)");
        }))
        .await
        .map_err(|error| refusal(&error))?;
    for embedded in subjects.embedded {
        // Nothing depends on how it ends: the replay is over.
        drop(embedded.stop().await);
    }
    let mut report = done.report;
    if let (Some(folder), Some(text)) = (&arguments.snapshots, done.conversation)
        && !report.interrupted
    {
        report.conversation = Some(compared(&arguments.recording, folder, text)?);
    }
    write_reports(&arguments.report, &report, &lens, terminal)?;
    for failed in &done.failed {
        terminal.error(failed);
    }
    for journal in &done.journals {
        terminal
            .tell(&format!("what is left is noted in {}: `scimspec cleanup` removes it", journal.display()));
    }
    Ok(report.exit())
}

fn tape(arguments: &Arguments) -> Result<Tape, Refusal> {
    let base = match &arguments.manner.base {
        Some(url) => Some(config::http_url("--base", url).map_err(Refusal::usage)?),
        None => None,
    };
    Tape::new(&arguments.recording, ReadOptions { base, ..ReadOptions::default() }).map_err(Refusal::usage)
}

async fn subjects(server: &Server, secrets: &Secrets) -> Result<Subjects, Refusal> {
    let mut tokens = Vec::new();
    for variable in &server.token_env {
        tokens.push(config::token_from_env(variable, secrets).map_err(Refusal::usage)?);
    }
    let mut tokens = tokens.into_iter();
    let mut subjects = Subjects { targets: Vec::new(), embedded: Vec::new() };
    match server.against.as_slice() {
        [] if server.url.is_none() && server.config.is_none() => {
            subjects.start(&server.deviate, secrets).await?;
        }
        [] => {
            let section = match &server.config {
                Some(path) => Some(Config::read(path, secrets).map_err(Refusal::usage)?.target),
                None => None,
            };
            let url = match &server.url {
                Some(url) => Some(config::http_url("--url", url).map_err(Refusal::usage)?),
                None => section.as_ref().and_then(|section| section.url.clone()),
            };
            let Some(url) = url else {
                return Err(Refusal::usage(
                    "the configuration names no target: add `url` to its [target], or use --url",
                ));
            };
            let (configured, ca) = section.map(|section| (section.token, section.ca)).unwrap_or_default();
            subjects.targets.push(foreign(url, tokens.next().or(configured), ca));
        }
        [first, second] => {
            for named in [first, second] {
                subjects.named(named, &mut tokens, secrets).await?;
            }
        }
        _ => return Err(Refusal::usage("--against is to be given twice: the one server and the other")),
    }
    if tokens.next().is_some() {
        return Err(Refusal::usage(
            "--token-env is given more often than there are servers that need a token: the embedded server makes its own",
        ));
    }
    Ok(subjects)
}

impl Subjects {
    /// A server as `--against` names it.
    async fn named(
        &mut self,
        named: &str,
        tokens: &mut impl Iterator<Item = SecretString>,
        secrets: &Secrets,
    ) -> Result<(), Refusal> {
        if named == "embedded" {
            return self.start(&[], secrets).await;
        }
        if let Some(slugs) = named.strip_prefix("embedded:") {
            let slugs: Vec<String> = slugs.split(',').map(str::to_owned).collect();
            return self.start(&slugs, secrets).await;
        }
        if named.starts_with("http://") || named.starts_with("https://") {
            let url = config::http_url("--against", named).map_err(Refusal::usage)?;
            self.targets.push(foreign(url, tokens.next(), None));
            return Ok(());
        }
        let section = Config::read(Path::new(named), secrets).map_err(Refusal::usage)?.target;
        let Some(url) = section.url else {
            return Err(Refusal::usage(format!("{named} names no target: add `url` to its [target]")));
        };
        self.targets.push(foreign(url, section.token, section.ca));
        Ok(())
    }

    /// A server of our own.
    async fn start(&mut self, slugs: &[String], secrets: &Secrets) -> Result<(), Refusal> {
        let deviations = find_deviations(slugs)?;
        let embedded = Subject::Rfc.start(deviations, secrets).await.map_err(Refusal::could_not_run)?;
        self.targets.push(embedded.target(secrets).map_err(Refusal::could_not_run)?);
        self.embedded.push(embedded);
        Ok(())
    }
}

fn foreign(url: url::Url, token: Option<SecretString>, ca: Option<Vec<u8>>) -> Target {
    Target {
        url,
        token,
        certificates: ca.into_iter().collect(),
        claims: Claims::All,
        other_tenant: None,
        probes: Probes::default(),
        embedded: false,
    }
}

impl Manner {
    fn options(&self) -> Options {
        Options {
            strict: self.strict,
            pauses: self.pauses == Pauses::Keep,
            unique: self.unique,
            change_existing: self.change_existing,
            set: self.set.iter().cloned().collect::<BTreeMap<_, _>>(),
        }
    }
}

/// Before the first write: what will be made, under which names, and how it goes away again.
fn announce(prepared: &Prepared, manner: &Manner, always: bool, terminal: &Terminal) {
    let makes = prepared.makes();
    let mark = prepared.lens().map(|lens| lens.run.0).unwrap_or_default();
    let names = if manner.unique {
        format!("all with \".{mark}.\" in their names")
    } else {
        "under the names that were recorded".to_owned()
    };
    let after = if manner.keep { "leaves them there" } else { "removes each with DELETE at its end" };
    let told = |name: &str| {
        terminal.tell(&format!(
            "{name}: this replay makes up to {} people and {} groups, {names}, and {after}",
            makes.people, makes.groups
        ));
    };
    prepared.strangers().for_each(told);
    if always && prepared.strangers().next().is_none() {
        told("the embedded reference server");
    }
}

/// The conversation beside the stored one: `FOLDER/replay/FILE.snap`.
fn compared(recording: &Path, folder: &Path, contents: String) -> Result<Conversation, Refusal> {
    let stem = recording.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = recording.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let new = Snapshot {
        source: name.clone(),
        description: format!("The replay of {name}"),
        expression: "as recorded".to_owned(),
        contents,
    };
    let path = folder.join("replay").join(format!("{stem}.snap"));
    let stored = snapshot::against_stored(&new, &path, folder).map_err(Refusal::could_not_run)?;
    let (differs, message, difference) = match stored {
        Stored::Same => (false, "it is the stored one".to_owned(), None),
        Stored::New(message) => (false, message, None),
        Stored::Missing(message) => (true, message, None),
        Stored::Other { message, difference } => (true, message, Some(difference)),
    };
    Ok(Conversation { differs, message, difference })
}

fn write_reports(
    reports: &[ReportTo],
    report: &ReplayReport,
    lens: &Lens,
    terminal: &Terminal,
) -> Result<(), Refusal> {
    let width = terminal.width();
    if reports.iter().all(|to| to.file.is_some()) {
        terminal.print(&pretty::text(report, lens, width));
    }
    for to in reports {
        let text = match to.format {
            Format::Pretty => pretty::text(report, lens, width),
            Format::Json => json::Report::new(report, lens).to_text().map_err(Refusal::could_not_run)?,
        };
        match &to.file {
            None => terminal.print(&text),
            Some(path) => {
                let plain = anstream::adapter::strip_str(&text).to_string();
                std::fs::write(path, plain).map_err(|error| {
                    Refusal::could_not_run(format!(
                        "the report {} cannot be written: {error}",
                        path.display()
                    ))
                })?;
            }
        }
    }
    Ok(())
}

fn refusal(error: &PerformError) -> Refusal {
    match error {
        PerformError::Feed(FeedError::Thread { .. })
        | PerformError::Preflight(_)
        | PerformError::Journal(_)
        | PerformError::Chance(_) => Refusal::could_not_run(error),
        PerformError::Feed(_) | PerformError::Nothing { .. } | PerformError::Client(_) => {
            Refusal::usage(error)
        }
    }
}

fn parse_report(text: &str) -> Result<ReportTo, String> {
    let (format, file) = match text.split_once('=') {
        Some((_, "")) => return Err("the report names no file".to_owned()),
        Some((format, file)) => (format, Some(PathBuf::from(file))),
        None => (text, None),
    };
    let format = Format::from_str(format, false).map_err(|_| "the formats are pretty and json".to_owned())?;
    Ok(ReportTo { format, file })
}

fn parse_set(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    config::duration(text).filter(|time| !time.is_zero()).ok_or_else(|| "write it as 30s or 500ms".to_owned())
}
