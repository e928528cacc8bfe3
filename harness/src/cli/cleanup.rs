//! `scimspec cleanup`: finishes what an interrupted run could not, from its journal.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::run::Refusal;
use super::state_folder;
use crate::access::Probes;
use crate::report::Exit;
use crate::report::view::printable;
use crate::runner::cleanup;
use crate::runner::ledger::{Journal, Tenant};
use crate::runner::names::RunId;
use crate::secrets::Secrets;
use crate::target::config::{self, Config};
use crate::target::{Claims, Target};
use crate::terminal::Terminal;

/// Flags as they were typed.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The journal; default: every journal of interrupted runs, for the server that --url names if it is given.
    journal: Option<PathBuf>,
    /// Only runs against this SCIM base URL.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The environment variable that holds the bearer token.
    #[arg(long, value_name = "VAR")]
    token_env: Option<String>,
    /// A configuration file: its target's URL and token are used.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only say what would be removed.
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
pub(super) async fn main(arguments: Arguments, terminal: &Terminal) -> Exit {
    match clean(&arguments, terminal).await {
        Ok(exit) => exit,
        Err(Refusal(exit, message)) => {
            terminal.error(&message);
            exit
        }
    }
}

async fn clean(arguments: &Arguments, terminal: &Terminal) -> Result<Exit, Refusal> {
    let secrets = Secrets::default();
    let section = match &arguments.config {
        Some(path) => Config::read(path, &secrets).map_err(Refusal::usage)?.target,
        None => config::TargetSection::default(),
    };
    let token = match &arguments.token_env {
        Some(variable) => Some(config::token_from_env(variable, &secrets).map_err(Refusal::usage)?),
        None => section.token,
    };
    let asked = arguments.url.clone().or(section.url.map(|url| url.to_string()));
    let other_tenant = section.other_tenant;
    let certificates: Vec<Vec<u8>> = section.ca.into_iter().collect();
    let journals = journals(arguments.journal.as_deref(), asked.as_deref())?;
    let servers: BTreeSet<&str> = journals.iter().map(|(_, journal)| journal.url.as_str()).collect();
    if servers.len() > 1 && token.is_some() {
        // A token belongs to one server and must not be shown to another.
        let servers: Vec<_> = servers.into_iter().map(printable).collect();
        return Err(Refusal::usage(format!(
            "runs against several servers left something: {}. Name one with --url, so that the token goes nowhere else",
            servers.join(", ")
        )));
    }
    if journals.is_empty() {
        terminal.tell("no run left anything behind");
    }
    let mut exit = Exit::Conformant;
    for (path, journal) in journals {
        terminal.tell(&format!(
            "run {} against {}: {} things left",
            journal.run,
            printable(&journal.url),
            journal.left.len()
        ));
        let url = config::http_url("the journal's url", &journal.url).map_err(Refusal::usage)?;
        let target = Target {
            url,
            token: token.clone(),
            certificates: certificates.clone(),
            claims: Claims::All,
            other_tenant: other_tenant.clone(),
            probes: Probes::default(),
            embedded: false,
        };
        let wire = crate::run::connect(&target, Duration::from_secs(30)).map_err(Refusal::could_not_run)?;
        let other =
            crate::run::connect_other(&target, Duration::from_secs(30)).map_err(Refusal::could_not_run)?;
        let run = RunId(journal.run.clone());
        let mut left = 0;
        for made in &journal.left {
            let name = format!("{} {}", made.endpoint, printable(&made.name));
            if arguments.dry_run {
                terminal.print(&format!("would remove {name}\n"));
                continue;
            }
            let removed = match (made.tenant, &other) {
                (Tenant::Own, _) => cleanup::remove_one(made, &run, &*wire).await,
                (Tenant::Other, Some(other)) => cleanup::remove_one(made, &run, &**other).await,
                (Tenant::Other, None) => Err("the other tenant has it: name that with --config".to_owned()),
            };
            match removed {
                Ok(()) => terminal.print(&format!("removed {name}\n")),
                Err(why) => {
                    left += 1;
                    terminal.print(&format!("NOT removed {name}: {}\n", printable(&secrets.scrub(&why))));
                }
            }
        }
        if left > 0 {
            exit = Exit::CouldNotJudge;
        } else if !arguments.dry_run {
            std::fs::remove_file(&path).map_err(Refusal::could_not_run)?;
        }
    }
    Ok(exit)
}

/// The journals to finish: the one that is named, or those of interrupted runs; only of one server if it is asked for.
fn journals(named: Option<&Path>, url: Option<&str>) -> Result<Vec<(PathBuf, Journal)>, Refusal> {
    let mut journals = Vec::new();
    for path in paths(named)? {
        let journal = Journal::read(&path).map_err(Refusal::usage)?;
        if url.is_none_or(|url| url.trim_end_matches('/') == journal.url.trim_end_matches('/')) {
            journals.push((path, journal));
        }
    }
    Ok(journals)
}

fn paths(named: Option<&Path>) -> Result<Vec<PathBuf>, Refusal> {
    if let Some(path) = named {
        return Ok(vec![path.to_owned()]);
    }
    let entries = match std::fs::read_dir(state_folder()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Refusal::could_not_run(error)),
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut journals: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "journal")).collect();
    journals.sort();
    Ok(journals)
}
