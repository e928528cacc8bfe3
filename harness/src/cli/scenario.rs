//! `scimspec scenario from`: a recording becomes a scenario file.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use scimspec_mock_idp::persona::PersonaName;
use scimspec_mock_idp::recording::habits::{self, Who};
use scimspec_mock_idp::recording::read::{self, ReadOptions};

use super::run::Refusal;
use crate::compose::{Wishes, compose};
use crate::report::Exit;
use crate::report::view::printable_lines;
use crate::run::Library;
use crate::scenario::lower::World;
use crate::target::config;
use crate::terminal::Terminal;

/// Flags as they were typed.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a scenario file that a recording supports: named people, captured ids, checks.
    From(FromArguments),
}

#[derive(Debug, Args)]
struct FromArguments {
    /// The recording: a HAR file, or anything else that `scimspec lint` reads.
    file: PathBuf,
    /// Where the scenario is written; never over a file that is there. Default: standard output.
    #[arg(long, value_name = "FILE.yaml")]
    out: Option<PathBuf>,
    /// The scenario's title: one line that is true of a server that passes.
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// As which persona it was recorded. Default: the one that its habits show.
    #[arg(long, value_name = "NAME", conflicts_with = "plain")]
    persona: Option<String>,
    /// Write plain requests, even where a persona would have sent the same.
    #[arg(long)]
    plain: bool,
    /// The recorded server's SCIM base URL, where the requests do not show it.
    #[arg(long, value_name = "URL")]
    base: Option<String>,
}

/// Runs the command.
pub(super) fn main(arguments: &Arguments, terminal: &Terminal) -> Exit {
    let Command::From(arguments) = &arguments.command;
    match from(arguments, terminal) {
        Ok(()) => Exit::Conformant,
        Err(Refusal(exit, message)) => {
            terminal.error(&printable_lines(&message));
            exit
        }
    }
}

fn from(arguments: &FromArguments, terminal: &Terminal) -> Result<(), Refusal> {
    let base = match &arguments.base {
        Some(url) => Some(config::http_url("--base", url).map_err(Refusal::usage)?),
        None => None,
    };
    let named = match &arguments.persona {
        Some(name) => Some(name.parse::<PersonaName>().map_err(Refusal::usage)?),
        None => None,
    };
    let options = ReadOptions { base, ..ReadOptions::default() };
    let recording = read::open(&arguments.file, &options).map_err(Refusal::usage)?;
    let personas = match &named {
        Some(named) => vec![named.clone()],
        None if arguments.plain => Vec::new(),
        None => habits::who(recording.exchanges())
            .into_iter()
            .filter_map(|likeness| match likeness.who {
                Who::Persona(persona) => Some(persona),
                Who::Provider(_) => None,
            })
            .collect(),
    };
    let library = Library::embedded().map_err(Refusal::usage)?;
    let world = World { catalogue: &library.catalogue, profiles: library.profiles.names() };
    let wishes = Wishes { title: arguments.title.clone(), personas };
    let id = name_of(arguments.out.as_deref().unwrap_or(&arguments.file));
    let composed = compose(&recording, &id, &wishes, world).map_err(Refusal::usage)?;
    match &arguments.out {
        Some(path) => write_new(path, &composed.text)?,
        None => terminal.print(&composed.text),
    }
    for note in &composed.notes {
        terminal.tell(&printable_lines(&format!("note: {note}")));
    }
    match (&composed.persona, &named) {
        (Some(persona), _) => {
            terminal.tell(&format!(
                "{persona} would have sent exactly what was recorded: the scenario has its acts"
            ));
        }
        (None, Some(named)) => {
            terminal
                .tell(&format!("{named} would have sent something else: the scenario has plain requests"));
        }
        (None, None) => {}
    }
    if let Some(path) = &arguments.out {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        terminal.tell(&format!(
            "{} is written: `scimspec run --scenarios {}` runs it",
            path.display(),
            folder.display()
        ));
    }
    Ok(())
}

/// What the scenario is called.
fn name_of(path: &Path) -> String {
    path.file_stem().map_or_else(|| "recorded".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// A file that somebody may have worked on is not lost to a second run.
fn write_new(path: &Path, text: &str) -> Result<(), Refusal> {
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    opened.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        let what = if error.kind() == std::io::ErrorKind::AlreadyExists {
            "is there already: name another file, or remove it first".to_owned()
        } else {
            format!("cannot be written: {error}")
        };
        Refusal::usage(format!("{} {what}", path.display()))
    })
}
