//! How fast the reference server answers over HTTP, beside a bare handler that sends the same bytes and beside other SCIM
//! servers: throughput in a closed loop, latency in an open loop from the moment at which a request was to be sent.
//! Prints tables in Markdown; asserts nothing. How to read them: `docs/benchmarks.md`.
//!
//! `cargo bench -p scimspec --bench load [-- --users 1000000]`

mod bare;
mod client;
mod figures;
mod interrupt;
mod measure;
mod people;
mod postgres;
mod process;
mod scenario;
mod stock;
mod target;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use scimspec::terminal::Terminal;
use thiserror::Error;

use crate::figures::{Figures, Place};
use crate::measure::{Limit, Load, closed, open};
use crate::scenario::Scenario;
use crate::stock::Stock;
use crate::target::{Kind, Target};

/// The size that every other is compared with, and the only one at which the peers are measured: their time grows with
/// the number of users, to seed them alone with the square of it.
const SMALL: usize = 1_000;

/// Flags as they were typed.
#[derive(Debug, Parser)]
#[command(about = "Loads SCIM servers over HTTP and prints what they reach")]
struct Options {
    /// How many users there are in the second part; the first has 1,000.
    #[arg(long, default_value_t = 100_000)]
    users: usize,
    /// How often everything is measured; the tables have the medians.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long each measurement takes, in seconds.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// How many connections are loaded at once.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Requests per second of the open loop; a target that cannot reach four times as many gets a quarter of what it
    /// reaches.
    #[arg(long, default_value_t = 500.0)]
    rate: f64,
    /// Measure these only, separated by commas. Default: all.
    #[arg(long, value_delimiter = ',')]
    targets: Vec<Kind>,
    /// Where the stores keep their files. Default: the system's folder for temporary files. On a disk in memory a
    /// store is filled sooner, and what it writes tells nothing.
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    data: PathBuf,
    /// Cargo says so.
    #[arg(long, hide = true)]
    bench: bool,
    /// Be the bare handler.
    #[arg(long, hide = true)]
    serve_bare: bool,
}

impl Options {
    fn measures(&self, kind: Kind) -> bool {
        self.targets.is_empty() || self.targets.contains(&kind)
    }
}

/// Why there are no figures.
#[derive(Debug, Error)]
pub(crate) enum Trouble {
    /// A server could not be had.
    #[error("{target}: {reason}")]
    Target {
        /// Which one.
        target: String,
        /// Why.
        reason: String,
    },
    /// A connection broke.
    #[error("{0}")]
    Connection(#[from] std::io::Error),
    /// A server answered other than a correct one would while it was being filled.
    #[error("{request}: answered {status} {body}")]
    Answer {
        /// What was asked.
        request: String,
        /// The status of the answer.
        status: u16,
        /// The beginning of its body.
        body: String,
    },
    /// Somebody wants it to end.
    #[error("interrupted")]
    Interrupted,
    /// Latencies could not be counted.
    #[error(transparent)]
    Histogram(#[from] hdrhistogram::AdditionError),
}

fn main() -> ExitCode {
    let options = Options::parse();
    let terminal = Terminal::new(anstream::ColorChoice::Never);
    let outcome = if options.serve_bare {
        bare::serve(&terminal)
    } else {
        interrupt::watch().map_err(Trouble::from).and_then(|()| run(&options, &terminal))
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            terminal.error(&trouble.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options, terminal: &Terminal) -> Result<(), Trouble> {
    let mut figures = Figures::default();
    let mut sizes = vec![SMALL, options.users];
    sizes.dedup();
    for (part, size) in sizes.into_iter().enumerate() {
        let wanted = |kind: &Kind| options.measures(*kind) && (part == 0 || !kind.is_peer());
        let kinds = Kind::ALL.into_iter().filter(wanted).collect();
        measure_size(size, kinds, options, &mut figures, terminal)?;
    }
    terminal.print(&figures.to_string());
    Ok(())
}

/// All targets side by side: each is filled, then every scenario goes round all of them, so that what disturbs the
/// machine disturbs all alike.
fn measure_size(
    size: usize,
    kinds: Vec<Kind>,
    options: &Options,
    figures: &mut Figures,
    terminal: &Terminal,
) -> Result<(), Trouble> {
    let mut filled = Vec::new();
    for kind in kinds.into_iter().filter(|kind| *kind != Kind::Bare) {
        match fill(kind, size, options, figures, terminal) {
            Ok(target) => filled.push(target),
            Err(trouble) if kind.may_be_missing() => {
                terminal.tell(&format!("NOT MEASURED: {trouble}"));
                figures.note(format!("{kind} was not measured: {trouble}"));
            }
            Err(trouble) => return Err(trouble),
        }
    }
    if options.measures(Kind::Bare)
        && let Some((origin, stock)) = filled.iter().find(|(target, _)| target.kind == Kind::Memory)
    {
        let bare = bare::start(origin, stock)?;
        filled.push((bare, Stock::default()));
    }
    for scenario in Scenario::ALL {
        for (target, stock) in &mut filled {
            match scenario.prepare(target, stock, options.connections) {
                Err(trouble) if target.kind.is_peer() => {
                    stock.lacks.push(scenario);
                    figures.note(format!("{} cannot {scenario}: {trouble}", target.kind));
                }
                prepared => prepared?,
            }
        }
        terminal.tell(&format!("{size} users: {scenario}"));
        for _ in 0..options.rounds {
            for (target, stock) in &filled {
                measure_one(size, scenario, target, stock, options, figures)?;
            }
        }
    }
    for (target, _) in &filled {
        figures.memory(Place { size, kind: target.kind }, target.resident());
    }
    reopen(size, filled, figures)
}

fn fill(
    kind: Kind,
    size: usize,
    options: &Options,
    figures: &mut Figures,
    terminal: &Terminal,
) -> Result<(Target, Stock), Trouble> {
    let target = Target::start(kind, &options.data)?;
    terminal.tell(&format!("{size} users: filling {kind}"));
    let (stock, time) = Stock::fill(&target, size, options.connections)?;
    figures.filled(Place { size, kind }, time);
    Ok((target, stock))
}

fn measure_one(
    size: usize,
    scenario: Scenario,
    target: &Target,
    stock: &Stock,
    options: &Options,
    figures: &mut Figures,
) -> Result<(), Trouble> {
    // What a server does not have, such as cursors, is no figure.
    if !scenario.is_fit_for(target, stock) {
        return Ok(());
    }
    let load = Load {
        address: target.address,
        connections: if scenario.is_sequential() { 1 } else { options.connections },
        limit: Limit { requests: scenario.at_most(), time: Duration::from_secs_f64(options.seconds) },
        next: &|| scenario.request(target, stock),
        statuses: scenario.statuses(),
    };
    let reached = closed(&load)?;
    let rate = options.rate.min(reached.per_second() / 4.0);
    let paced = open(&load, rate)?;
    figures.add(Place { size, kind: target.kind }, scenario, &reached, &paced, rate);
    Ok(())
}

/// Starts what lasts once more on what it has kept: how long until it answers, and what it needs then.
fn reopen(size: usize, filled: Vec<(Target, Stock)>, figures: &mut Figures) -> Result<(), Trouble> {
    for (target, stock) in filled {
        let place = Place { size, kind: target.kind };
        if let Some((again, time)) = target.reopen()? {
            let by_id = || Scenario::ById.request(&again, &stock);
            let load = Load {
                address: again.address,
                connections: 1,
                limit: Limit { requests: 1_000, time: Duration::from_secs(5) },
                next: &by_id,
                statuses: Scenario::ById.statuses(),
            };
            closed(&load)?;
            figures.reopened(place, time, again.resident());
        }
    }
    Ok(())
}

/// Where installed peers are kept.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("load")
}
