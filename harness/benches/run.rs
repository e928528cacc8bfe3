//! How long a whole run takes, and how much of it is the harness: the same requests are replayed without stories, checks
//! and reports against a fresh server, in the same process, turn by turn. The requests of a run end with its last story;
//! what comes then is judging. Prints medians; asserts nothing.
//!
//! `cargo bench -p scimspec --bench run [-- ROUNDS]`

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use futures::StreamExt;
use http::Method;
use scimspec::cli::DEFAULT_PERSONAS;
use scimspec::judge::known_failures::KnownFailures;
use scimspec::run::{Library, Order, connect, prepare};
use scimspec::runner::observed::StoryReport;
use scimspec::runner::plan::Selection;
use scimspec::scenario::model::Allow;
use scimspec::secrets::Secrets;
use scimspec::target::embedded::Embedded;
use scimspec::terminal::Terminal;
use scimspec_mock_idp::exchange::{Destination, Exchange, Origin, Request, Wire};
use secrecy::ExposeSecret;
use serde_json::Value;

const ROUNDS: usize = 15;
const JOBS: usize = 4;
const TIMEOUT: Duration = Duration::from_secs(30);

fn main() {
    let rounds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let library = Library::embedded().expect("the library is held together by a test");
    let mut whole = Vec::new();
    let mut told = Vec::new();
    let mut replayed = Vec::new();
    let mut requests = 0;
    for _ in 0..rounds {
        let (run, stories, replay, sent) = runtime.block_on(round(&library));
        whole.push(run);
        told.push(stories);
        replayed.push(replay);
        requests = sent;
    }
    let (run, stories, replay) = (median(&mut whole), median(&mut told), median(&mut replayed));
    let speed = replay.as_secs_f64() / stories.as_secs_f64();
    let share = 100.0 * (1.0 - replay.as_secs_f64() / run.as_secs_f64());
    Terminal::new(anstream::ColorChoice::Never).print(&format!(
        "{requests} requests, medians of {rounds} rounds\n\
         the whole run                  {run:>10.1?}\n\
         its requests, with the stories {stories:>10.1?}\n\
         the same requests, replayed    {replay:>10.1?}\n\
         requests of a run against replayed ones: {speed:.2} times as fast\n\
         share of the harness in the whole {share:>6.0} %\n",
    ));
}

/// One run, how long its stories took of that, and one replay, each on a fresh server.
async fn round(library: &Library) -> (Duration, Duration, Duration, usize) {
    let secrets = Secrets::default();
    let recorded_at = start(&secrets).await;
    let target = recorded_at.target(&secrets).expect("our own server is a target");
    let order = Order {
        profile: "base".to_owned(),
        selection: Selection {
            only: Selection::globs(&[]).expect("no pattern is a pattern"),
            narrowed: false,
            all_rules: false,
            safe: false,
            personas: DEFAULT_PERSONAS.iter().map(|name| name.parse().expect("a persona of ours")).collect(),
            allow: [Allow::Load].into(),
        },
        jobs: JOBS,
        timeout: TIMEOUT,
        domain: "example.com".to_owned(),
        journal: None,
        known: KnownFailures::default(),
        require_access: false,
        listener: Box::new(|_| {}),
    };
    let prepared = prepare(&target, library, order, &secrets).await.expect("our own server answers");
    let started = Instant::now();
    let (report, _, _) = prepared.carry_out(std::future::pending()).await;
    let run = started.elapsed();

    let fresh = start(&secrets).await;
    let target = fresh.target(&secrets).expect("our own server is a target");
    let wire = connect(&target, TIMEOUT).expect("a client");
    let origin = |server: &Embedded| format!("127.0.0.1:{}", server.url.port().unwrap_or_default());
    let mut known = Rebinding::default();
    known.learn(&origin(&recorded_at), &origin(&fresh));
    known.learn(recorded_at.admin.expose_secret(), fresh.admin.expose_secret());
    let started = Instant::now();
    let sent: usize = futures::stream::iter(&report.stories)
        .map(|story| replay(story, known.clone(), &*wire))
        .buffer_unordered(JOBS)
        .fold(0, |sum, sent| async move { sum + sent })
        .await;
    let replay = started.elapsed();
    // How the servers end tells nothing.
    let _ = (recorded_at.stop().await, fresh.stop().await);
    (run, report.took, replay, sent)
}

async fn start(secrets: &Secrets) -> Embedded {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Embedded::start(address, None, Vec::new(), secrets).await.expect("a free port")
}

/// Sends what a story sent, with the new server's ids, sessions and tokens in place of the old ones, and then removes
/// what it made, as the run does.
async fn replay(story: &StoryReport, mut known: Rebinding, wire: &dyn Wire) -> usize {
    let mut made = Vec::new();
    let mut sent = 0;
    for old in &story.exchanges {
        let new = wire.send(old.origin, known.request(&old.request)).await;
        sent += 1;
        known.answer(old, &new);
        made.extend(created(&new));
    }
    for target in made {
        wire.send(Origin::Cleanup, Request::scim(Method::DELETE, target)).await;
        sent += 1;
    }
    sent
}

fn created(exchange: &Exchange) -> Option<String> {
    let Destination::Scim(target) = &exchange.request.to else { return None };
    let answer = exchange.result.as_ref().ok().filter(|answer| answer.status == 201)?;
    let id = answer.json()?.get("id")?.as_str()?.to_owned();
    Some(format!("{target}/{id}"))
}

/// What the new server calls what the old one called otherwise, found by how the old name begins: a story learns
/// hundreds of names, and what is spent on looking for them would be taken for the server's.
#[derive(Debug, Clone, Default)]
struct Rebinding(HashMap<[u8; SHORTEST], Vec<(String, String)>>);

/// Shorter names would be found in ordinary text.
const SHORTEST: usize = 6;

impl Rebinding {
    fn learn(&mut self, old: &str, new: &str) {
        let Some(beginning) = old.as_bytes().first_chunk().filter(|_| old != new) else { return };
        let same = self.0.entry(*beginning).or_default();
        same.retain(|(known, _)| known != old);
        same.push((old.to_owned(), new.to_owned()));
        // Longest first: a name that holds another is replaced whole.
        same.sort_by_key(|(old, _)| Reverse(old.len()));
    }

    fn answer(&mut self, old: &Exchange, new: &Exchange) {
        let json = |exchange: &Exchange| exchange.result.as_ref().ok()?.json();
        if let (Some(old), Some(new)) = (json(old), json(new)) {
            self.values(&old, &new);
        }
    }

    fn values(&mut self, old: &Value, new: &Value) {
        match (old, new) {
            (Value::String(old), Value::String(new)) => self.learn(old, new),
            (Value::Array(old), Value::Array(new)) => {
                for (old, new) in old.iter().zip(new) {
                    self.values(old, new);
                }
            }
            (Value::Object(old), Value::Object(new)) => {
                for (name, old) in old {
                    if let Some(new) = new.get(name) {
                        self.values(old, new);
                    }
                }
            }
            _ => {}
        }
    }

    fn text(&self, text: &str) -> String {
        let mut bound = String::with_capacity(text.len());
        let (mut at, mut done) = (0, 0);
        while let Some(beginning) = text.as_bytes().get(at..).and_then(<[u8]>::first_chunk) {
            let same = self.0.get(beginning).map_or(&[][..], Vec::as_slice);
            let rest = &text.as_bytes()[at..];
            let Some((old, new)) = same.iter().find(|(old, _)| rest.starts_with(old.as_bytes())) else {
                at += 1;
                continue;
            };
            bound.push_str(text.get(done..at).unwrap_or_default());
            bound.push_str(new);
            at += old.len();
            done = at;
        }
        bound.push_str(text.get(done..).unwrap_or_default());
        bound
    }

    fn request(&self, old: &Request) -> Request {
        let to = match &old.to {
            Destination::Scim(target) => Destination::Scim(self.text(target)),
            Destination::Absolute(url) => {
                Destination::Absolute(self.text(url.as_str()).parse().unwrap_or_else(|_| url.clone()))
            }
        };
        let headers = old.headers.iter().map(|(name, value)| (name.clone(), self.text(value))).collect();
        let body = old.body.as_ref().map(|body| self.text(&String::from_utf8_lossy(body)).into());
        Request { method: old.method.clone(), to, headers, body }
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
