//! Recordings made in code: a persona at work over a server of our own, and single exchanges made up.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use futures::FutureExt;
use futures::future::BoxFuture;
use http::Method;
use scimspec_mock_idp::directory::{Act, Directory, Group, GroupKey, Person, PersonKey};
use scimspec_mock_idp::exchange::{Answer, Broken, Exchange, Origin, Request, Wire};
use scimspec_mock_idp::persona::PersonaName;
use scimspec_mock_idp::provisioner::{Patience, Provisioner, TaskOutcome};
use scimspec_mock_idp::recording::{Entry, Format, Place, Recording, Source};
use scimspec_reference_server::deviations;
use serde_json::Value;
use url::Url;

use crate::replay::{Options, Replayed, Room, replay};
use crate::runner::names::{Names, RunId};
use crate::secrets::Secrets;
use crate::target::Target;
use crate::target::embedded::Embedded;
use crate::target::subject::Subject;

/// A server of our own with nobody in it.
pub(super) struct Server {
    pub(super) target: Target,
    pub(super) wire: std::sync::Arc<dyn Wire>,
    /// Ends when it is dropped.
    _embedded: Embedded,
}

impl Server {
    /// One that deviates as told.
    pub(super) async fn start(slugs: &[&str]) -> Self {
        let secrets = Secrets::default();
        let deviations = slugs.iter().map(|slug| deviations::find(slug).unwrap()).collect();
        let embedded = Subject::Rfc.start(deviations, &secrets).await.unwrap();
        let target = embedded.target(&secrets).unwrap();
        let wire = crate::run::connect(&target, Duration::from_secs(30)).unwrap();
        Self { target, wire, _embedded: embedded }
    }

    /// Replays on it as on one of our own.
    pub(super) async fn replay(&self, recording: &Recording, options: &Options) -> Replayed {
        self.replay_as(recording, options, "aaaaaa", true).await
    }

    /// Replays on it under this mark; not alone, as on anybody else's.
    pub(super) async fn replay_as(
        &self,
        recording: &Recording,
        options: &Options,
        mark: &str,
        alone: bool,
    ) -> Replayed {
        let (run, secrets) = (RunId(mark.to_owned()), Secrets::default());
        let endpoints = ["/Users".to_owned(), "/Groups".to_owned()];
        let room = Room {
            wire: &*self.wire,
            base: &self.target.url,
            endpoints: &endpoints,
            run: &run,
            story: 1,
            domain: "example.com",
            secrets: &secrets,
            alone,
        };
        replay(recording, &room, options).await
    }

    /// Sends a request of its own, as the recorded provider would.
    pub(super) async fn send(&self, method: Method, target: &str, body: Option<&Value>) -> Exchange {
        let mut request = Request::scim(method, target).header("User-Agent", "Okta SCIM Client 1.0.0");
        if let Some(body) = body {
            request = request.header("Content-Type", "application/scim+json").body(body.to_string());
        }
        self.wire.send(Origin::Idp, request).await
    }
}

/// What a provider does with three people and a group, as this persona, over a server without deviations.
pub(super) async fn life_cycle(persona: &str) -> (Server, Vec<Exchange>) {
    let server = Server::start(&[]).await;
    let exchanges = perform(&server, persona).await;
    (server, exchanges)
}

async fn perform(server: &Server, persona: &str) -> Vec<Exchange> {
    let persona: PersonaName = persona.parse().unwrap();
    let mut provisioner = Provisioner::new(persona.build(7));
    let mut directory = directory();
    let mut exchanges = Vec::new();
    for act in acts() {
        for event in directory.act(&act).unwrap() {
            let task = provisioner.perform(&event, &*server.wire, &Patience::default()).await;
            assert_eq!(task.outcome, TaskOutcome::Done, "{persona}: {}", task.event);
            exchanges.extend(task.exchanges.into_iter().map(|sent| sent.exchange));
        }
    }
    exchanges
}

fn directory() -> Directory {
    let names = Names::new(&RunId("recrun".to_owned()), 1, "example.com");
    let mut directory = Directory::default();
    for key in ["ada", "bob", "cyd"] {
        let address = format!("{key}@example.com");
        let person = Person { user_name: address.clone(), email: address, ..names.person(key) };
        directory.add_person(person);
    }
    let members = ["ada", "bob", "cyd"].map(|key| PersonKey(key.to_owned()));
    directory.add_group(Group {
        display_name: "Engineering".to_owned(),
        members: members.into(),
        ..names.group("engineers")
    });
    directory
}

/// In, changed, grouped, out of the group, out, in again.
fn acts() -> Vec<Act> {
    let person = |key: &str| PersonKey(key.to_owned());
    let group = || GroupKey("engineers".to_owned());
    let change = |path: &str, value: &str| vec![(path.to_owned(), value.to_owned())];
    vec![
        Act::TestConnection,
        Act::Assign(person("ada")),
        Act::Assign(person("bob")),
        Act::Assign(person("cyd")),
        Act::ChangeProfile(person("ada"), change("title", "Lead")),
        Act::PushGroup(group()),
        Act::Leave(group(), vec![person("cyd")]),
        Act::RenameGroup(group(), "Engineering and Design".to_owned()),
        Act::Unassign(person("ada")),
        Act::Assign(person("ada")),
        Act::DeleteGroup(group()),
    ]
}

/// A recording of these exchanges.
pub(super) fn recording(exchanges: Vec<Exchange>) -> Recording {
    let base = exchanges.first().and_then(|exchange| {
        let base = exchange.url.strip_suffix(exchange.request.to.to_string().as_str())?;
        Url::parse(base).ok()
    });
    let entries = exchanges.into_iter().enumerate().map(|(i, exchange)| entry(i + 1, exchange)).collect();
    let source = Source { format: Format::Har, creator: None, comment: None };
    Recording { source, base, entries, left_out: Vec::new() }
}

fn entry(place: usize, mut exchange: Exchange) -> Entry {
    exchange.origin = Origin::Recorded;
    Entry {
        place: Place::Entry(place),
        exchange,
        pause: Duration::ZERO,
        assertions: Vec::new(),
        captures: Vec::new(),
    }
}

/// An exchange that never happened; without an answer, as suites have it.
pub(super) fn made_up(
    method: Method,
    target: &str,
    body: Option<&Value>,
    answer: Option<(u16, Value)>,
) -> Exchange {
    let mut request = Request::scim(method, target);
    if let Some(body) = body {
        request = request.header("Content-Type", "application/scim+json").body(body.to_string());
    }
    let result = match answer {
        None => Err(Broken::NotRecorded),
        Some((status, json)) => Ok(Answer {
            status,
            headers: vec![("Content-Type".to_owned(), "application/scim+json".to_owned())],
            body: if json.is_null() { bytes::Bytes::new() } else { json.to_string().into() },
        }),
    };
    Exchange {
        origin: Origin::Recorded,
        url: format!("https://old.example/scim/v2{target}"),
        request,
        result,
        started: SystemTime::UNIX_EPOCH,
        took: Duration::ZERO,
    }
}

/// An answer: status, headers, body.
type Scripting = (u16, Vec<(String, String)>, Value);

/// A server of which each answer is told beforehand; it keeps what it was asked.
pub(super) struct Scripted {
    answers: Mutex<Vec<Scripting>>,
    pub(super) asked: Mutex<Vec<String>>,
}

impl Scripted {
    pub(super) fn new(answers: Vec<Scripting>) -> Self {
        Self { answers: Mutex::new(answers), asked: Mutex::default() }
    }

    pub(super) async fn replay(&self, recording: &Recording, options: &Options) -> Replayed {
        let (run, secrets) = (RunId("aaaaaa".to_owned()), Secrets::default());
        let base = Url::parse("http://new.example/scim").unwrap();
        let endpoints = ["/Users".to_owned()];
        let room = Room {
            wire: self,
            base: &base,
            endpoints: &endpoints,
            run: &run,
            story: 1,
            domain: "example.com",
            secrets: &secrets,
            alone: true,
        };
        replay(recording, &room, options).await
    }
}

impl Wire for Scripted {
    fn send(&self, origin: Origin, request: Request) -> BoxFuture<'_, Exchange> {
        async move {
            self.asked.lock().unwrap().push(format!("{} {}", request.method, request.to));
            let mut answers = self.answers.lock().unwrap();
            let (status, headers, json) =
                if answers.is_empty() { (500, Vec::new(), Value::Null) } else { answers.remove(0) };
            let result = Ok(Answer { status, headers, body: json.to_string().into() });
            let (started, took) = (SystemTime::UNIX_EPOCH, Duration::ZERO);
            Exchange { origin, url: String::new(), request, result, started, took }
        }
        .boxed()
    }
}
