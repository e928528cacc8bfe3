//! `scimspec record`: what a real provider says to a server, recorded on the way, and judged at the application's doors
//! if that is wanted.

mod keeping;
mod live;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use scimspec_mock_idp::exchange::{Client, ClientConfig, Wire};
use scimspec_mock_idp::recorder::{Limits, Recorder, RecorderError, Settings, Watch};
use scimspec_mock_idp::recording::journal::{self, Journal, JournalError};
use scimspec_mock_idp::recording::redact::Redaction;
use tokio::sync::{mpsc, oneshot};
use url::Url;

use self::keeping::{Keeper, Kept};
use self::live::Live;
use super::run::{Refusal, ReportTo, can_be_written, parse_report, write_reports};
use super::signals::Signals;
use crate::access::Opens;
use crate::judge::known_failures::KnownFailures;
use crate::observe::{Observer, Setting, Verdicts};
use crate::report::Exit;
use crate::report::view::{Lens, printable_lines};
use crate::runner::names::RunId;
use crate::secrets::Secrets;
use crate::target::config::{self, Config};
use crate::target::listen::Tls;
use crate::target::{Claims, Target};
use crate::terminal::Terminal;

/// Flags as they were typed.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The server that is recorded: its SCIM base URL, or the part of it that the provider is not told. Default: url in
    /// [target] of --config.
    #[arg(long, value_name = "URL", required_unless_present = "config")]
    upstream: Option<String>,
    /// Where to listen. What others can reach needs --cert and --key.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7644")]
    listen: SocketAddr,
    /// The HAR file to write. Until the end it is FILE.part; a recording that was killed is repaired at the next start.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The certificate, and those that it rests on, in PEM: speak HTTPS to the provider.
    #[arg(long, value_name = "FILE", requires = "key", visible_alias = "tls-cert")]
    cert: Option<PathBuf>,
    /// The key of the certificate, in PEM.
    #[arg(long, value_name = "FILE", requires = "cert", visible_alias = "tls-key")]
    key: Option<PathBuf>,
    /// Speak plain HTTP also beyond the loopback interface, where others can read tokens and passwords.
    #[arg(long, visible_alias = "insecure-listen")]
    allow_plain_http: bool,
    /// A certificate in PEM that is trusted besides the system's when the server speaks HTTPS; may be repeated.
    #[arg(long, value_name = "FILE")]
    ca: Vec<PathBuf>,
    /// Take more out of what is written: header:NAME, json:PATH or pattern:REGEX; may be repeated.
    #[arg(long, value_name = "WHAT")]
    redact: Vec<String>,
    /// Replace people's names and addresses by made-up ones, the same ones everywhere.
    #[arg(long)]
    pseudonymise: bool,
    /// Do not tell what passes.
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    observe: ObserveArguments,
}

/// Judging while recording.
#[derive(Debug, Args)]
#[command(next_help_heading = "Observing")]
struct ObserveArguments {
    /// Try people at the application's doors after each activation and deactivation that passes, and report as run does.
    #[arg(long, requires = "config")]
    observe: bool,
    /// A configuration file: access probes, secrets, target.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A report: pretty, json or junit, to standard output or to a file; may be repeated.
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = parse_report, requires = "observe")]
    report: Vec<ReportTo>,
}

/// What is under way when it is stopped has so long to finish.
const GRACE: Duration = Duration::from_secs(10);
/// How long a door, or the server when it is asked for a person, may take.
const DOOR_TIME: Duration = Duration::from_secs(30);
/// So many exchanges may wait to be written.
const WAITING: usize = 1024;

/// Runs the command until Ctrl-C.
pub(super) async fn main(arguments: Arguments, terminal: &Terminal) -> Exit {
    match record(arguments, terminal).await {
        Ok(exit) => exit,
        Err(Refusal(exit, message)) => {
            terminal.error(&printable_lines(&message));
            exit
        }
    }
}

async fn record(arguments: Arguments, terminal: &Terminal) -> Result<Exit, Refusal> {
    let secrets = Secrets::default();
    let plan = Plan::new(&arguments, &secrets)?;
    for path in arguments.observe.report.iter().filter_map(|to| to.file.as_ref()) {
        can_be_written(path)?;
    }
    let signals = Signals::listen().map_err(Refusal::could_not_run)?;
    let redaction = Arc::new(Mutex::new(plan.redaction));
    let observing = match plan.observing {
        Some(observing) => {
            let observer = observing.observer(&redaction, &secrets, terminal)?;
            Some((Arc::new(observer), observing.verdicts))
        }
        None => None,
    };
    let observer = observing.as_ref().map(|(observer, _)| Arc::clone(observer));
    let journal = begin(&arguments.out, &plan.upstream, arguments.pseudonymise, terminal)?;
    let (sender, receiver) = mpsc::channel(WAITING);
    let settings = Settings {
        upstream: plan.upstream.clone(),
        certificates: plan.certificates,
        listen: arguments.listen,
        tls: plan.tls.map(|tls| tls.config()),
        limits: Limits::default(),
        watch: observer.clone().map(|observer| observer as Arc<dyn Watch>),
    };
    let recorder = match Recorder::start(settings, sender).await {
        Ok(recorder) => recorder,
        Err(error) => {
            // There is nothing in it; what cannot be removed is repaired at the next start.
            drop(journal);
            let _ = journal::repair(&arguments.out);
            return Err(of_recorder(&error));
        }
    };
    let live = Live::new(terminal.clone(), arguments.quiet);
    let keeper = Keeper { journal, redaction, live, observer: observer.clone() };
    let mut kept = keeper.start(receiver).map_err(Refusal::could_not_run)?;
    // First of all: whoever waits for this line points a provider at it.
    terminal.print(&format!("{}\n", recorder.origin()));
    terminal.tell(&format!(
        "records what passes to {} in {}; Ctrl-C ends it",
        plan.upstream,
        arguments.out.display()
    ));

    let (started, clock) = (SystemTime::now(), Instant::now());
    let recording = async {
        let stop = signals.stop(|| {
            terminal.tell("stopping: what is under way is finished (Ctrl-C again ends at once)");
        });
        let early = tokio::select! {
            () = stop => None,
            failed = &mut kept => Some(failed),
        };
        let cut_off = recorder.stop(GRACE).await;
        if cut_off > 0 {
            terminal.tell(&format!("{cut_off} exchanges were not finished and are not recorded"));
        }
        let ended = match early {
            Some(ended) => ended,
            None => kept.await,
        };
        if let Some(observer) = &observer {
            let left = observer.finish();
            if left > 0 {
                terminal.tell(&format!("{left} people are still to be tried"));
            }
        }
        ended
    };
    let watching = async {
        if let Some(observer) = &observer {
            observer.watch().await;
        }
    };
    let (ended, ()) = tokio::join!(recording, watching);
    let saved = conclude(ended, terminal);
    let Some((observer, verdicts)) = observing else { return saved.map(|()| Exit::Conformant) };
    let report = observer.report(plan.upstream.to_string(), started, clock.elapsed(), &verdicts);
    let lens = Lens { secrets, run: RunId::random().map_err(Refusal::could_not_run)? };
    write_reports(&arguments.observe.report, &report, &lens, false, terminal)?;
    saved?;
    if report.checks.is_empty() {
        return Err(Refusal::could_not_run(
            "nothing was judged: nobody was activated or deactivated through the recorder",
        ));
    }
    Ok(report.exit())
}

/// Repairs what an earlier recording left behind, and begins.
fn begin(out: &Path, upstream: &Url, pseudonymised: bool, terminal: &Terminal) -> Result<Journal, Refusal> {
    let repaired = journal::repair(out).map_err(|error| of_journal(&error))?;
    if let Some(saved) = repaired {
        return Err(Refusal::usage(format!(
            "an earlier recording had not come to its end: its {} exchanges are now in {}. Choose another name for this one",
            saved.exchanges,
            saved.path.display()
        )));
    }
    let names = if pseudonymised { "; people's names are made up" } else { "" };
    let comment = format!("Recorded by scimspec between a provider and {upstream}{names}");
    let journal = Journal::create(out, Some(&comment)).map_err(|error| of_journal(&error))?;
    if pseudonymised {
        terminal
            .tell("people's names and addresses are replaced by made-up ones in everything that is written");
    }
    Ok(journal)
}

/// What the recording holds, and where it is.
fn conclude(
    ended: Result<Result<Kept, JournalError>, oneshot::error::RecvError>,
    terminal: &Terminal,
) -> Result<(), Refusal> {
    let kept = ended
        .map_err(|_| {
            Refusal::could_not_run("the recording ended early: its journal is repaired at the next start")
        })?
        .map_err(Refusal::could_not_run)?;
    let Kept { saved, without_body, refused } = kept;
    terminal.tell(&format!("{} exchanges are recorded in {}", saved.exchanges, saved.path.display()));
    if without_body > 0 {
        terminal
            .tell(&format!("of {without_body} of them a body is not kept; why was told when they passed"));
    }
    if refused > 0 {
        terminal.tell(&format!("requests that were refused and not passed on: {refused}"));
    }
    Ok(())
}

/// Flags and configuration, resolved.
struct Plan {
    upstream: Url,
    certificates: Vec<Vec<u8>>,
    tls: Option<Tls>,
    redaction: Redaction,
    observing: Option<Observing>,
}

/// What it takes to observe.
struct Observing {
    config: Config,
    upstream: Url,
    certificates: Vec<Vec<u8>>,
    verdicts: Verdicts,
    hides_names: bool,
}

impl Plan {
    fn new(arguments: &Arguments, secrets: &Secrets) -> Result<Self, Refusal> {
        let config = match &arguments.observe.config {
            Some(path) => Some(Config::read(path, secrets).map_err(Refusal::usage)?),
            None => None,
        };
        let upstream = match (&arguments.upstream, &config) {
            (Some(url), _) => config::http_url("--upstream", url).map_err(Refusal::usage)?,
            (None, Some(Config { target: config::TargetSection { url: Some(url), .. }, .. })) => url.clone(),
            (None, _) => {
                return Err(Refusal::usage("which server? Give --upstream, or url in [target] of --config"));
            }
        };
        if upstream.query().is_some() || upstream.fragment().is_some() {
            // It may well be a key: it is not repeated here.
            return Err(Refusal::usage(
                "the server's URL has a query or a fragment, which would be sent with no request: give it without",
            ));
        }
        let mut certificates = Vec::new();
        for path in &arguments.ca {
            let read = std::fs::read(path)
                .map_err(|error| Refusal::usage(format!("--ca {}: {error}", path.display())));
            certificates.push(read?);
        }
        certificates.extend(config.as_ref().and_then(|config| config.target.ca.clone()));
        let tls = match (&arguments.cert, &arguments.key) {
            (Some(certificate), Some(key)) => Some(Tls::read(certificate, key).map_err(Refusal::usage)?),
            _ => None,
        };
        let address = arguments.listen;
        if tls.is_none() && !address.ip().is_loopback() && !arguments.allow_plain_http {
            return Err(Refusal::usage(format!(
                "{address} can be reached by others, who could read tokens and passwords in plain HTTP: give --cert \
                 and --key, or say --allow-plain-http"
            )));
        }
        let mut redaction = Redaction::standard();
        for what in &arguments.redact {
            redaction.add(what).map_err(|error| Refusal::usage(format!("--redact: {error}")))?;
        }
        if arguments.pseudonymise {
            redaction.pseudonymise();
        }
        let observing = match config.filter(|_| arguments.observe.observe) {
            Some(config) => {
                let hides_names = arguments.pseudonymise;
                Some(Observing { hides_names, ..Observing::new(config, &upstream, &certificates, secrets)? })
            }
            None => None,
        };
        Ok(Self { upstream, certificates, tls, redaction, observing })
    }
}

impl Observing {
    fn new(
        config: Config,
        upstream: &Url,
        certificates: &[Vec<u8>],
        secrets: &Secrets,
    ) -> Result<Self, Refusal> {
        if !config.probes.any(Opens::Everybody) {
            return Err(Refusal::usage(
                "--observe tries people at the doors of the application: configure [access] (docs/access-probes.md)",
            ));
        }
        let section = &config.target;
        let claims = Claims::These(section.idps.iter().cloned().collect());
        let known =
            section.baseline.as_deref().map_or_else(|| Ok(KnownFailures::default()), KnownFailures::read);
        let known = known.map_err(Refusal::usage)?;
        let profile = section.profile.as_deref().unwrap_or("base");
        let verdicts = Verdicts::new(profile, claims, known, secrets.clone()).map_err(Refusal::usage)?;
        Ok(Self {
            upstream: upstream.clone(),
            certificates: certificates.to_vec(),
            verdicts,
            config,
            hides_names: false,
        })
    }

    fn observer(
        &self,
        redaction: &Arc<Mutex<Redaction>>,
        secrets: &Secrets,
        terminal: &Terminal,
    ) -> Result<Observer, Refusal> {
        let section = &self.config.target;
        let doors = ClientConfig {
            timeout: DOOR_TIME,
            extra_root_certificates: self.certificates.clone(),
            ..ClientConfig::new(self.upstream.clone())
        };
        let doors = Client::new(doors).map_err(Refusal::usage)?;
        let target = match (&section.url, &section.token) {
            (Some(url), Some(token)) => {
                let target = Target {
                    url: url.clone(),
                    token: Some(token.clone()),
                    certificates: self.certificates.clone(),
                    claims: Claims::All,
                    other_tenant: None,
                    probes: self.config.probes.clone(),
                    embedded: false,
                };
                Some(crate::run::connect(&target, DOOR_TIME).map_err(Refusal::usage)?)
            }
            _ => None,
        };
        let (redaction, scrubbing, terminal) = (Arc::clone(redaction), secrets.clone(), terminal.clone());
        Ok(Observer::new(Setting {
            probes: self.config.probes.clone(),
            password: self.config.observed_password.clone(),
            secrets: secrets.clone(),
            doors: Arc::new(doors) as Arc<dyn Wire>,
            target,
            hides_names: self.hides_names,
            clean: Box::new(move |exchange| {
                redaction.lock().unwrap_or_else(PoisonError::into_inner).clean(exchange);
            }),
            tell: Box::new(move |line| terminal.tell(&printable_lines(&scrubbing.scrub(line)))),
        }))
    }
}

fn of_recorder(error: &RecorderError) -> Refusal {
    match error {
        RecorderError::Listen { .. } => Refusal::could_not_run(format!("{error}. Choose another --listen")),
        _ => Refusal::usage(error),
    }
}

fn of_journal(error: &JournalError) -> Refusal {
    match error {
        JournalError::Io { .. } => Refusal::could_not_run(error),
        _ => Refusal::usage(error),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn plan(flags: &[&str]) -> Result<Plan, String> {
        let line = ["record", "--out", "a.har"].iter().chain(flags);
        let line = Line::try_parse_from(line).map_err(|error| error.to_string())?;
        Plan::new(&line.arguments, &Secrets::default()).map_err(|Refusal(_, message)| message)
    }

    const UPSTREAM: [&str; 2] = ["--upstream", "https://app.example/scim/v2"];

    fn plan_of(flags: &[&str]) -> Result<Plan, String> {
        plan(&[&UPSTREAM, flags].concat())
    }

    #[test]
    fn plain_http_beyond_the_loopback_interface_has_to_be_asked_for() {
        assert!(plan_of(&[]).is_ok());
        let refused = plan_of(&["--listen", "0.0.0.0:0"]).err().unwrap();
        assert!(refused.contains("--allow-plain-http"), "{refused}");
        assert!(plan_of(&["--listen", "0.0.0.0:0", "--insecure-listen"]).is_ok());
        assert!(plan_of(&["--cert", "cert.pem"]).is_err(), "the key is missing");
    }

    #[test]
    fn what_cannot_be_done_is_refused_before_anything_is_written() {
        assert!(plan(&[]).is_err(), "no server");
        let secret = plan(&["--upstream", "https://me:hidden@app.example"]).err().unwrap();
        assert!(!secret.contains("hidden"), "{secret}");
        for url in ["https://app.example/scim?key=hidden", "https://app.example/scim#hidden"] {
            let refused = plan(&["--upstream", url]).err().unwrap();
            assert!(refused.contains("a query or a fragment") && !refused.contains("hidden"), "{refused}");
        }
        assert!(plan_of(&["--redact", "nonsense"]).err().unwrap().contains("--redact"));
        assert!(plan_of(&["--observe"]).is_err(), "no configuration");
        assert!(plan_of(&["--report", "json"]).is_err(), "nothing is judged");
    }

    #[test]
    fn observing_takes_doors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        std::fs::write(&path, "[target]\nurl = \"https://app.example/scim\"\n").unwrap();
        let path = path.display().to_string();
        let refused = plan(&["--observe", "--config", &path]).err().unwrap();
        assert!(refused.contains("[access]"), "{refused}");
        let recorded = plan(&["--config", &path]).unwrap();
        assert_eq!(recorded.upstream.as_str(), "https://app.example/scim");
    }
}
