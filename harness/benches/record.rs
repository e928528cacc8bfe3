//! What the recorder costs a provider: the same requests at a fixed rate to a bare handler, directly and through
//! `scimspec record` with its journal, turn by turn. A latency runs from the moment at which a request was to be sent.
//! Prints a table in Markdown; asserts nothing.
//!
//! `cargo bench -p scimspec --bench record [-- --rate 500 --seconds 10]`

#[expect(dead_code, reason = "the other benchmark asks more of it")]
#[path = "load/client.rs"]
mod client;
#[path = "load/interrupt.rs"]
mod interrupt;
#[expect(dead_code, reason = "the other benchmark asks more of it")]
#[path = "load/measure.rs"]
mod measure;

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use clap::Parser;
use scimspec::terminal::Terminal;
use serde_json::{Value, json};
use thiserror::Error;

use crate::client::Request;
use crate::measure::{Limit, Load, Measured, open};

/// Flags as they were typed.
#[derive(Debug, Parser)]
#[command(about = "Measures what recording adds to each request")]
struct Options {
    /// Requests per second.
    #[arg(long, default_value_t = 500.0)]
    rate: f64,
    /// How long each measurement takes, in seconds.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// How often both are measured; the table has the medians.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How many connections the requests are spread over.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Cargo says so.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Why there are no figures.
#[derive(Debug, Error)]
pub(crate) enum Trouble {
    /// Something could not be started, or broke.
    #[error("{0}")]
    Connection(#[from] std::io::Error),
    /// An answer that is not the handler's.
    #[error("{request}: answered {status} {body}")]
    Answer {
        /// What was asked.
        request: String,
        /// The status of the answer.
        status: u16,
        /// The beginning of its body.
        body: String,
    },
    /// The recorder did not do what it is for.
    #[error("the recorder {0}")]
    Recorder(String),
    /// Somebody wants it to end.
    #[error("interrupted")]
    Interrupted,
    /// Latencies could not be counted.
    #[error(transparent)]
    Histogram(#[from] hdrhistogram::AdditionError),
}

/// A median and a 99th percentile over the rounds, in seconds.
#[derive(Debug, Default)]
struct Latency {
    median: Vec<f64>,
    tail: Vec<f64>,
    wrong: u64,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let terminal = Terminal::new(anstream::ColorChoice::Never);
    match interrupt::watch().map_err(Trouble::from).and_then(|()| run(&options, &terminal)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            terminal.error(&trouble.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options, terminal: &Terminal) -> Result<(), Trouble> {
    let handler = start_handler()?;
    let folder = tempfile::tempdir()?;
    let (mut direct, mut through) = (Latency::default(), Latency::default());
    let mut sent = 0;
    for round in 0..options.rounds.max(1) {
        direct.add(&load(handler, options)?);
        let out = folder.path().join(format!("{round}.har"));
        let recorder = Recorder::start(handler, &out)?;
        let measured = load(recorder.address, options)?;
        sent += measured.latency.len();
        through.add(&measured);
        recorder.stop(&out, measured.latency.len())?;
    }
    let micros = |values: &[f64]| middle(values) * 1e6;
    let row = |name: &str, direct: f64, recorded: f64, asked: &str| {
        format!("| {name} | {direct:.0} µs | {recorded:.0} µs | {:.0} µs | {asked} |\n", recorded - direct)
    };
    let table = format!(
        "{} requests per second over {} connections, {} s, medians of {} rounds\n\n\
         | | directly | recorded | added | asked |\n| --- | ---: | ---: | ---: | --- |\n{}{}\n\
         {} requests were recorded, all of them; not answered as by the handler: {} directly, {} through the recorder\n",
        options.rate,
        options.connections,
        options.seconds,
        options.rounds,
        row("median", micros(&direct.median), micros(&through.median), "below 1 ms"),
        row("99th percentile", micros(&direct.tail), micros(&through.tail), "below 5 ms"),
        sent,
        direct.wrong,
        through.wrong,
    );
    terminal.print(&table);
    Ok(())
}

/// What a provider sends in a quiet hour: it looks people up, and now and then changes one.
fn load(address: SocketAddr, options: &Options) -> Result<Measured, Trouble> {
    let count = AtomicU64::new(0);
    let change = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "value": {"title": "Clerk", "active": true}}],
    })
    .to_string();
    let next = || {
        let number = count.fetch_add(1, Ordering::Relaxed);
        Some(match number % 4 {
            0 => Request::new("PATCH", &format!("/Users/{number}"), "benchmark", Some(&change)),
            _ => Request::new("GET", &format!("/Users/{number}"), "benchmark", None),
        })
    };
    let time = Duration::from_secs_f64(options.seconds);
    let load = Load {
        address,
        connections: options.connections,
        limit: Limit { requests: u64::MAX, time },
        next: &next,
        statuses: &[200],
    };
    open(&load, options.rate)
}

/// A handler that looks nothing up and answers with a user.
fn start_handler() -> Result<SocketAddr, Trouble> {
    let (sender, address) = std::sync::mpsc::channel();
    let user = user().to_string();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            // Nobody waits for it any more only if the benchmark has ended.
            let _ = sender.send(listener.local_addr()?);
            let answer = move || async move { ([(CONTENT_TYPE, "application/scim+json")], user) };
            axum::serve(listener, Router::new().fallback(answer)).await
        })
    });
    address.recv().map_err(|error| Trouble::Connection(std::io::Error::other(error)))
}

fn user() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": "2819c223-7f76-453a-919d-413861904646",
        "externalId": "00u1abcdEFGHijklm0h7",
        "userName": "ada@example.com",
        "name": {"givenName": "Ada", "familyName": "Example", "formatted": "Ada Example"},
        "displayName": "Ada Example",
        "emails": [{"value": "ada@example.com", "type": "work", "primary": true}],
        "active": true,
        "meta": {"resourceType": "User", "version": "W/\"1\"", "location": "http://127.0.0.1/Users/2819c223"},
    })
}

/// `scimspec record` as a process of its own.
struct Recorder {
    process: Child,
    address: SocketAddr,
}

impl Recorder {
    fn start(upstream: SocketAddr, out: &Path) -> Result<Self, Trouble> {
        let mut process = Command::new(env!("CARGO_BIN_EXE_scimspec"))
            .args(["record", "--listen", "127.0.0.1:0", "--upstream"])
            .arg(format!("http://{upstream}"))
            .arg("--out")
            .arg(out)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line.trim().strip_prefix("http://").and_then(|address| address.parse().ok());
        let address =
            address.ok_or_else(|| Trouble::Recorder(format!("does not say where it is: {line}")))?;
        Ok(Self { process, address })
    }

    /// Ends it; everything that was sent has to be in its file.
    fn stop(mut self, out: &Path, sent: u64) -> Result<(), Trouble> {
        Command::new("kill").args(["-s", "INT", &self.process.id().to_string()]).status()?;
        let status = self.process.wait()?;
        let har: Value = serde_json::from_reader(BufReader::new(std::fs::File::open(out)?))
            .map_err(std::io::Error::other)?;
        let entries = har["log"]["entries"].as_array().map_or(0, Vec::len) as u64;
        if !status.success() || entries != sent {
            return Err(Trouble::Recorder(format!("ended with {status}, {entries} of {sent} exchanges")));
        }
        Ok(())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // It has ended already, unless something broke before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Latency {
    fn add(&mut self, measured: &Measured) {
        self.median.push(measured.seconds(0.5));
        self.tail.push(measured.seconds(0.99));
        self.wrong += measured.wrong;
    }
}

fn middle(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
