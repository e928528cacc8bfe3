//! A replay from a file and its servers to a report: look at the recording, connect, say what will be made, replay,
//! remove what was made. What the command line and its tests use.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use scimspec_mock_idp::exchange::{ClientError, Exchange, Wire};
use scimspec_mock_idp::provisioner::Patience;
use scimspec_mock_idp::recording::Entry;

use super::against::Against;
use super::feed::{FeedError, Looked, Tape};
use super::report::ReplayReport;
use super::{Options, Reader, Replayed, Room, Session};
use crate::report::EMBEDDED;
use crate::report::view::Lens;
use crate::runner::bookkeeper::Bookkeeper;
use crate::runner::ledger::{JournalError, Ledger, Tenant};
use crate::runner::names::{Names, NoChance, RunId};
use crate::runner::plan::Makes;
use crate::runner::{Administration, Setting, cleanup};
use crate::secrets::Secrets;
use crate::target::Target;
use crate::target::preflight::{self, PreflightError};

/// A replay is one story.
const STORY: usize = 1;
/// No provider's task waits here: a 429 is waited for where the request is sent.
const NO_PATIENCE: Patience =
    Patience { longest_wait: Duration::ZERO, longest_single_wait: Duration::ZERO, pause: false };

/// How a replay is to be done.
#[derive(Debug, Clone)]
pub struct Order {
    /// How the recording is replayed.
    pub options: Options,
    /// One request may take so long.
    pub timeout: Duration,
    /// The domain of made-up mail addresses.
    pub domain: String,
    /// Where journals are kept of what is made on servers that do not end with the replay.
    pub journals: PathBuf,
    /// Whether what is made stays.
    pub keep: bool,
    /// Whether the conversation is kept, for a snapshot.
    pub conversation: bool,
}

/// Why a replay could not begin.
#[derive(Debug, thiserror::Error)]
pub enum PerformError {
    /// The recording cannot be read.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// There is nothing in it.
    #[error("{path} holds no SCIM exchange that could be replayed{why}", path = path.display())]
    Nothing {
        /// Which file.
        path: PathBuf,
        /// What was left out of it, with a colon in front.
        why: String,
    },
    /// A server does not let us.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// No client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// No journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// No random bytes.
    #[error(transparent)]
    Chance(#[from] NoChance),
}

/// A replay that could begin: the servers answered, nothing was written yet.
pub struct Prepared {
    path: PathBuf,
    tape: Tape,
    looked: Looked,
    stages: Vec<Stage>,
    order: Order,
}

/// What is left when a replay is over.
pub struct Done {
    /// The result.
    pub report: ReplayReport,
    /// The conversation in comparable text, if it was kept.
    pub conversation: Option<String>,
    /// Journals of what could not be removed, or was to stay.
    pub journals: Vec<PathBuf>,
    /// What went wrong with the journals.
    pub failed: Vec<String>,
}

/// A server and what a replay on it needs.
struct Stage {
    setting: Setting,
    /// The server's URL, as reports name it.
    name: String,
    alone: bool,
}

/// A replay under way.
enum Playing<'a> {
    One(Box<Session<'a>>),
    Two(Box<Against<'a>>),
}

/// Everything before the first write. One server, or two to be compared.
pub async fn prepare(
    path: &Path,
    tape: Tape,
    targets: (&Target, Option<&Target>),
    order: Order,
    secrets: &Secrets,
) -> Result<Prepared, PerformError> {
    let looked = tape.look().await?;
    if looked.survey.entries == 0 {
        let why = looked.left_out.first().map_or_else(String::new, |note| format!(": {note}"));
        return Err(PerformError::Nothing { path: path.to_owned(), why });
    }
    let mut stages = vec![stage(targets.0, &order, secrets).await?];
    if let Some(second) = targets.1 {
        stages.push(stage(second, &order, secrets).await?);
    }
    Ok(Prepared { path: path.to_owned(), tape, looked, stages, order })
}

async fn stage(target: &Target, order: &Order, secrets: &Secrets) -> Result<Stage, PerformError> {
    let wire: Arc<dyn Wire> = crate::run::connect(target, order.timeout)?;
    let capabilities = preflight::look(target, &*wire).await?;
    let run = RunId::random()?;
    let ledger = if target.embedded {
        Ledger::in_memory()
    } else {
        Ledger::with_journal(&order.journals, &run.0, target.url.as_str())?
    };
    let mut endpoints = vec!["/Users".to_owned(), "/Groups".to_owned()];
    for published in capabilities.published.endpoints() {
        if !endpoints.iter().any(|known| known.eq_ignore_ascii_case(published)) {
            endpoints.push(published.to_owned());
        }
    }
    let setting = Setting {
        wire,
        other: None,
        base: target.url.clone(),
        endpoints,
        ledger,
        probes: target.probes.clone(),
        administration: Administration::default(),
        capabilities,
        secrets: secrets.clone(),
        run,
        domain: order.domain.clone(),
        patience: NO_PATIENCE,
        list_patience: Duration::ZERO,
        jobs: 1,
        listener: Box::new(|_| ()),
    };
    let name = if target.embedded { format!("{} {EMBEDDED}", target.url) } else { target.url.to_string() };
    Ok(Stage { setting, name, alone: target.embedded })
}

impl Prepared {
    /// What it will make at most on each server, without what other resource types the recording makes.
    pub fn makes(&self) -> Makes {
        Makes { people: self.looked.survey.people, groups: self.looked.survey.groups }
    }

    /// The servers on which something will be made that are not ours.
    pub fn strangers(&self) -> impl Iterator<Item = &str> {
        self.stages.iter().filter(|stage| !stage.alone).map(|stage| stage.name.as_str())
    }

    /// The replay's mark and secrets, for whoever shows its exchanges.
    pub fn lens(&self) -> Option<Lens> {
        let setting = &self.stages.first()?.setting;
        Some(Lens { secrets: setting.secrets.clone(), run: setting.run.clone() })
    }

    /// Ends without having written anything.
    pub fn abandon(self) {
        for stage in self.stages {
            stage.setting.ledger.finish();
        }
    }

    /// Replays until the end or until `stop` resolves; then removes what was made, unless it is to stay.
    pub async fn carry_out(self, stop: impl Future<Output = ()>) -> Result<Done, PerformError> {
        let (started, clock) = (SystemTime::now(), Instant::now());
        let (played, interrupted, broken_off) = self.play(stop).await?;
        let took = clock.elapsed();
        let mut leftovers = Vec::new();
        let (mut journals, mut failed) = (Vec::new(), Vec::new());
        for stage in &self.stages {
            if !self.order.keep {
                leftovers.extend(cleanup::everything(&stage.setting).await);
            }
            let (journal, trouble) = stage.setting.ledger.finish();
            journals.extend(journal);
            failed.extend(trouble);
        }
        let conversation = self.conversation(&played.exchanges);
        let survey = &self.looked.survey;
        let mut left_out: Vec<String> = self.looked.left_out.iter().map(ToString::to_string).collect();
        if self.looked.more_left_out > 0 {
            left_out.push(format!("and {} more notes", self.looked.more_left_out));
        }
        let report = ReplayReport {
            recording: self.path.display().to_string(),
            client: (survey.reader() != Reader::Unknown).then(|| survey.reader().name().to_owned()),
            entries: survey.entries,
            left_out,
            targets: self.stages.iter().map(|stage| stage.name.clone()).collect(),
            started,
            took,
            replayed: played,
            conversation: None,
            leftovers,
            interrupted,
            broken_off,
        };
        Ok(Done { report, conversation, journals, failed })
    }

    async fn play(
        &self,
        stop: impl Future<Output = ()>,
    ) -> Result<(Replayed, bool, Option<String>), PerformError> {
        let keepers: Vec<Bookkeeper<'_>> = self
            .stages
            .iter()
            .map(|stage| Bookkeeper::new(&*stage.setting.wire, &stage.setting, STORY, Tenant::Own))
            .collect();
        let rooms: Vec<Room<'_>> =
            self.stages.iter().zip(&keepers).map(|(stage, wire)| stage.room(wire)).collect();
        let survey = &self.looked.survey;
        let (options, keep) = (&self.order.options, self.order.conversation);
        let mut playing = match rooms.as_slice() {
            [first, second] => Playing::Two(Box::new(Against::new((first, second), survey, options))),
            [one] => Playing::One(Box::new(Session::new(one, survey, options, keep))),
            // `prepare` makes one or two.
            _ => return Ok((Replayed::default(), false, None)),
        };
        let mut feed = self.tape.play()?;
        let mut stop = std::pin::pin!(stop);
        let interrupted = loop {
            let entry = tokio::select! {
                biased;
                () = &mut stop => break true,
                entry = feed.next() => entry,
            };
            let Some(entry) = entry else { break false };
            let mut playing_one = std::pin::pin!(playing.step(&entry));
            tokio::select! {
                biased;
                // What is under way may make somebody: only its answer tells whom to remove.
                () = &mut stop => {
                    // Whoever gives no answer in time leaves what cleanup then tells.
                    let _ = tokio::time::timeout(self.order.timeout, playing_one).await;
                    break true;
                }
                () = &mut playing_one => {}
            }
        };
        let broken_off = match feed.end().await {
            Err(error) if !interrupted => Some(error.to_string()),
            _ => None,
        };
        Ok((playing.finish(), interrupted, broken_off))
    }

    fn conversation(&self, exchanges: &[Exchange]) -> Option<String> {
        let (stage, lens) = (self.stages.first()?, self.lens()?);
        let names = Names::new(&stage.setting.run, STORY, &stage.setting.domain);
        let text = || crate::snapshot::conversation_of(exchanges, &names, &lens);
        self.order.conversation.then(text)
    }
}

impl Stage {
    fn room<'a>(&'a self, wire: &'a Bookkeeper<'a>) -> Room<'a> {
        let setting = &self.setting;
        Room {
            wire,
            base: &setting.base,
            endpoints: &setting.endpoints,
            run: &setting.run,
            story: STORY,
            domain: &setting.domain,
            secrets: &setting.secrets,
            alone: self.alone,
        }
    }
}

impl Playing<'_> {
    async fn step(&mut self, entry: &Entry) {
        match self {
            Self::One(session) => session.step(entry).await,
            Self::Two(against) => against.step(entry).await,
        }
    }

    fn finish(self) -> Replayed {
        match self {
            Self::One(session) => session.finish(),
            Self::Two(against) => against.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use scimspec_mock_idp::exchange::{Origin, Request};
    use scimspec_mock_idp::recording::read::ReadOptions;
    use serde_json::{Value, json};

    use super::*;
    use crate::report::Exit;
    use crate::target::subject::Subject;

    const OLD: &str = "https://old.example/scim/v2";

    /// A HAR file in which ada is created and read, and a group is made of her.
    fn file(folder: &Path) -> PathBuf {
        let user =
            json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada@example.com"});
        let with_id = |mut json: Value, id: &str| {
            json["id"] = id.into();
            json
        };
        let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Engineering",
            "members": [{"value": "r-1"}]});
        let entries = [
            entry("POST", "/Users", Some(&user), 201, &with_id(user.clone(), "r-1")),
            entry("GET", "/Users/r-1", None, 200, &with_id(user.clone(), "r-1")),
            entry("POST", "/Groups", Some(&group), 201, &with_id(group.clone(), "r-2")),
        ];
        let har = json!({"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}});
        let path = folder.join("okta.har");
        std::fs::write(&path, har.to_string()).unwrap();
        path
    }

    fn entry(method: &str, target: &str, sent: Option<&Value>, status: u16, answer: &Value) -> Value {
        let kind = "application/scim+json";
        let mut request = json!({"method": method, "url": format!("{OLD}{target}"), "httpVersion": "HTTP/1.1",
            "headers": [{"name": "Content-Type", "value": kind}, {"name": "Host", "value": "old.example"}],
            "queryString": [], "cookies": [], "headersSize": -1, "bodySize": -1});
        if let Some(sent) = sent {
            request["postData"] = json!({"mimeType": kind, "text": sent.to_string()});
        }
        json!({"startedDateTime": "2026-01-01T00:00:00.000Z", "time": 1, "cache": {},
            "timings": {"send": 0, "wait": 1, "receive": 0}, "request": request,
            "response": {"status": status, "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [],
                "headers": [{"name": "Content-Type", "value": kind}], "redirectURL": "", "headersSize": -1,
                "bodySize": -1, "content": {"size": 1, "mimeType": kind, "text": answer.to_string()}}})
    }

    /// Somebody else's server, which happens to be one of ours.
    async fn stranger(secrets: &Secrets) -> (crate::target::embedded::Embedded, Target) {
        let embedded = Subject::Rfc.start(Vec::new(), secrets).await.unwrap();
        let target = Target { embedded: false, ..embedded.target(secrets).unwrap() };
        (embedded, target)
    }

    fn order(folder: &Path, keep: bool) -> Order {
        Order {
            options: Options { unique: true, ..Options::default() },
            timeout: Duration::from_secs(30),
            domain: "example.com".to_owned(),
            journals: folder.join("state"),
            keep,
            conversation: true,
        }
    }

    async fn count(target: &Target) -> Value {
        let wire = crate::run::connect(target, Duration::from_secs(30)).unwrap();
        let list = wire.send(Origin::Request, Request::scim(http::Method::GET, "/Users")).await;
        list.result.unwrap().json().unwrap()["totalResults"].clone()
    }

    fn journals(folder: &Path) -> usize {
        std::fs::read_dir(folder.join("state")).map_or(0, Iterator::count)
    }

    #[tokio::test]
    async fn what_was_made_is_removed_and_the_journal_with_it() {
        let (folder, secrets) = (tempfile::tempdir().unwrap(), Secrets::default());
        let (path, (_server, target)) = (file(folder.path()), stranger(&secrets).await);
        let tape = Tape::new(&path, ReadOptions::default()).unwrap();
        let order = order(folder.path(), false);
        let prepared = prepare(&path, tape, (&target, None), order, &secrets).await.unwrap();
        assert_eq!(prepared.makes(), Makes { people: 1, groups: 1 });
        assert_eq!((prepared.strangers().count(), journals(folder.path())), (1, 1));
        let done = prepared.carry_out(std::future::pending()).await.unwrap();
        assert_eq!(done.report.exit(), Exit::Conformant, "{:?}", done.report);
        assert_eq!((done.report.replayed.sent, done.report.leftovers.len()), (3, 0));
        assert_eq!((count(&target).await, journals(folder.path())), (json!(0), 0));
        let conversation = done.conversation.unwrap();
        assert!(conversation.contains("GET /Users/[id:1]"), "{conversation}");
    }

    #[tokio::test]
    async fn what_is_to_stay_is_noted_in_the_journal() {
        let (folder, secrets) = (tempfile::tempdir().unwrap(), Secrets::default());
        let (path, (_server, target)) = (file(folder.path()), stranger(&secrets).await);
        let tape = Tape::new(&path, ReadOptions::default()).unwrap();
        let order = order(folder.path(), true);
        let prepared = prepare(&path, tape, (&target, None), order, &secrets).await.unwrap();
        let done = prepared.carry_out(std::future::pending()).await.unwrap();
        assert_eq!((count(&target).await, done.journals.len(), journals(folder.path())), (json!(1), 1, 1));
    }

    #[tokio::test]
    async fn a_replay_that_is_stopped_makes_nothing_more() {
        let (folder, secrets) = (tempfile::tempdir().unwrap(), Secrets::default());
        let (path, (_server, target)) = (file(folder.path()), stranger(&secrets).await);
        let tape = Tape::new(&path, ReadOptions::default()).unwrap();
        let order = order(folder.path(), false);
        let prepared = prepare(&path, tape, (&target, None), order, &secrets).await.unwrap();
        let done = prepared.carry_out(std::future::ready(())).await.unwrap();
        assert_eq!((done.report.exit(), done.report.replayed.sent), (Exit::CouldNotJudge, 0));
        assert_eq!(count(&target).await, json!(0));
    }

    #[tokio::test]
    async fn what_cannot_be_replayed_is_refused() {
        let (folder, secrets) = (tempfile::tempdir().unwrap(), Secrets::default());
        assert!(matches!(Tape::new(folder.path(), ReadOptions::default()), Err(FeedError::NoFile(_))));
        let path = folder.path().join("empty.har");
        std::fs::write(
            &path,
            r#"{"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": []}}"#,
        )
        .unwrap();
        let (_server, target) = stranger(&secrets).await;
        let tape = Tape::new(&path, ReadOptions::default()).unwrap();
        let refused = prepare(&path, tape, (&target, None), order(folder.path(), false), &secrets).await;
        assert!(matches!(refused.map(|_| ()), Err(PerformError::Nothing { .. } | PerformError::Feed(_))));
    }
}
