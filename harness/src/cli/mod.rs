//! The command line: one file per command. Flags as typed here become resolved settings there.

mod calibrate;
mod choose;
mod cleanup;
mod coverage;
mod explain;
mod lint;
mod progress;
mod record;
mod replay;
mod review;
mod run;
mod scenario;
mod serve;
mod signals;

use std::path::PathBuf;
use std::process::ExitCode;

pub use self::run::DEFAULT_PERSONAS;

use anstream::ColorChoice;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use crate::report::Exit;
use crate::terminal::Terminal;

/// SCIM 2.0 conformance harness: as each identity provider really behaves, does this server do right, and is a
/// deactivated person really out?
#[derive(Debug, Parser)]
#[command(name = "scimspec", version, max_term_width = 100)]
struct Arguments {
    /// Colours in the output.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Colour,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Test a SCIM server; without --url or --config, the embedded reference server.
    Run(Box<run::Arguments>),
    /// Record what a provider says to a server, as a reverse proxy; with --observe, judge it live.
    Record(Box<record::Arguments>),
    /// Replay a recording on a server, or on two, and show where it answers otherwise.
    Replay(Box<replay::Arguments>),
    /// Make a scenario of a recording.
    Scenario(scenario::Arguments),
    /// Judge a recording without a server: what the server answered, what the client sent, and whose habits it has.
    Lint(Box<lint::Arguments>),
    /// Serve the reference server on a loopback port.
    Serve(Box<serve::Arguments>),
    /// Prove that the checks notice: every deviation of the reference server must be seen, and the correct server pass.
    Calibrate(calibrate::Arguments),
    /// Show which requirements the checks cover, by which of them, and what they do not cover and why.
    Coverage(coverage::Arguments),
    /// List the checks, rules, requirements, personas, profiles or deviations.
    List(explain::ListArguments),
    /// Explain a check, a rule, a requirement, a contested point, a persona, a profile or a deviation.
    Explain(explain::ExplainArguments),
    /// Show pending snapshots.
    Review(review::Arguments),
    /// Take pending snapshots over.
    Accept(review::Arguments),
    /// Throw pending snapshots away.
    Reject(review::Arguments),
    /// Remove what an interrupted run left on a server, from its journal.
    Cleanup(cleanup::Arguments),
    /// Print shell completions.
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// Runs the command line; the exit code is public data (README.md).
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let terminal = Terminal::new(match arguments.color {
        Colour::Auto => ColorChoice::Auto,
        Colour::Always => ColorChoice::Always,
        Colour::Never => ColorChoice::Never,
    });
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal.error(&format!("the asynchronous runtime cannot be started: {error}"));
            return ExitCode::from(Exit::CouldNotJudge.code());
        }
    };
    let exit = runtime.block_on(async {
        match arguments.command {
            Command::Run(arguments) => run::main(*arguments, &terminal).await,
            Command::Record(arguments) => record::main(*arguments, &terminal).await,
            Command::Replay(arguments) => replay::main(*arguments, &terminal).await,
            Command::Scenario(arguments) => scenario::main(&arguments, &terminal),
            Command::Lint(arguments) => lint::main(&arguments, &terminal),
            Command::Serve(arguments) => serve::main(*arguments, &terminal).await,
            Command::Calibrate(arguments) => calibrate::main(&arguments, &terminal).await,
            Command::Coverage(arguments) => coverage::main(&arguments, &terminal),
            Command::List(arguments) => explain::list(&arguments, &terminal),
            Command::Explain(arguments) => explain::explain(&arguments, &terminal),
            Command::Review(arguments) => review::review(&arguments, &terminal),
            Command::Accept(arguments) => review::accept(&arguments, &terminal),
            Command::Reject(arguments) => review::reject(&arguments, &terminal),
            Command::Cleanup(arguments) => cleanup::main(arguments, &terminal).await,
            Command::Completions { shell } => completions(shell, &terminal),
            Command::Man => manual(&terminal),
        }
    });
    ExitCode::from(exit.code())
}

fn completions(shell: clap_complete::Shell, terminal: &Terminal) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "scimspec", &mut script);
    terminal.print(&String::from_utf8_lossy(&script));
    Exit::Conformant
}

fn manual(terminal: &Terminal) -> Exit {
    let mut page = Vec::new();
    match clap_mangen::Man::new(Arguments::command()).render(&mut page) {
        Ok(()) => terminal.print(&String::from_utf8_lossy(&page)),
        Err(error) => {
            terminal.error(&error.to_string());
            return Exit::CouldNotJudge;
        }
    }
    Exit::Conformant
}

/// Where journals and tokens are kept: `$XDG_STATE_HOME/scimspec`, else `~/.local/state/scimspec`.
fn state_folder() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(home)
        .unwrap_or_else(std::env::temp_dir)
        .join("scimspec")
}
