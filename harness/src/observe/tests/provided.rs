//! The personas of the mock identity provider through the recorder to the reference server, observed at its doors.

use std::time::Duration;

use rstest::rstest;
use scimspec_mock_idp::directory::{Act, Directory, PersonKey};
use scimspec_mock_idp::exchange::{Client, ClientConfig, Wire};
use scimspec_mock_idp::persona::PersonaName;
use scimspec_mock_idp::provisioner::{Patience, Provisioner};
use scimspec_mock_idp::recorder::{Happened, Limits, Recorder, Settings, Watch};
use scimspec_reference_server::deviations;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;
use url::Url;

use super::*;
use crate::access::ways::Ways;
use crate::report::Exit;
use crate::runner::names::{Names, RunId};
use crate::target::subject::Subject;

const KNOWN: &str = "correct-horse-battery";

/// A provider before the recorder before a server.
struct Stage {
    embedded: Embedded,
    observed: Observed,
    recorder: Recorder,
    happened: mpsc::Receiver<Happened>,
    wire: Client,
    directory: Directory,
    provisioner: Provisioner,
}

impl Stage {
    async fn new(persona: &str, deviating: &[&str], knows: &Knows<'_>) -> Self {
        let secrets = Secrets::default();
        let deviations = deviating.iter().map(|slug| deviations::find(slug).unwrap()).collect();
        let embedded = Subject::Rfc.start(deviations, &secrets).await.unwrap();
        let observed = Observed::of(&embedded, knows);
        let (sender, passing) = mpsc::channel(64);
        let settings = Settings {
            upstream: embedded.url.clone(),
            certificates: Vec::new(),
            listen: "127.0.0.1:0".parse().unwrap(),
            tls: None,
            limits: Limits::default(),
            watch: Some(Arc::clone(&observed.observer) as Arc<dyn Watch>),
        };
        let recorder = Recorder::start(settings, sender).await.unwrap();
        let happened = kept_at_once(passing);
        let mut config = ClientConfig::new(Url::parse(&recorder.origin()).unwrap());
        let token = embedded.token.expose_secret();
        config.authorization = Some(SecretString::from(format!("Bearer {token}")));
        let wire = Client::new(config).unwrap();
        let names = Names::new(&RunId("k3f9x2".to_owned()), 1, "example.com");
        let mut directory = Directory::default();
        for person in ["ada", "grace"] {
            directory.add_person(names.person(person));
        }
        let provisioner = Provisioner::new(persona.parse::<PersonaName>().unwrap().build(1));
        Self { embedded, observed, recorder, happened, wire, directory, provisioner }
    }

    /// An administrator acts, everything passes, and everybody is tried.
    async fn act(&mut self, act: Act, ways: &mut Ways<'_>) {
        self.pass(act).await;
        self.observed.observer.try_everybody(ways).await;
    }

    /// An administrator acts, and everything passes.
    async fn pass(&mut self, act: Act) {
        for event in self.directory.act(&act).unwrap() {
            let task = self.provisioner.perform(&event, &self.wire as &dyn Wire, &Patience::default()).await;
            for _ in &task.exchanges {
                let Some(Happened::Passed(passed)) = self.happened.recv().await else { panic!("nothing") };
                let exchange = &passed.entry.exchange;
                let read = self.observed.observer.read(exchange, passed.unkept.as_ref());
                self.observed.observer.ended(passed.number, read, exchange);
            }
        }
    }

    async fn end(self) -> RunReport {
        self.recorder.stop(Duration::from_secs(10)).await;
        self.embedded.stop().await.unwrap();
        self.observed.report()
    }
}

/// The same, without anybody having to wait until it is looked at.
fn kept_at_once(mut passing: mpsc::Receiver<Happened>) -> mpsc::Receiver<Happened> {
    let (sender, happened) = mpsc::channel(64);
    tokio::spawn(async move {
        while let Some(mut happening) = passing.recv().await {
            if let Happened::Passed(passed) = &mut happening {
                passed.is_kept();
            }
            if sender.send(happening).await.is_err() {
                return;
            }
        }
    });
    happened
}

/// Ada comes, goes, and comes back; grace only comes.
async fn life(persona: &str, deviating: &[&str], knows: &Knows<'_>) -> (RunReport, Vec<String>) {
    let mut stage = Stage::new(persona, deviating, knows).await;
    let observer = Arc::clone(&stage.observed.observer);
    let mut ways = observer.ways();
    let person = |name: &str| PersonKey(name.to_owned());
    for act in [
        Act::Assign(person("ada")),
        Act::Assign(person("grace")),
        Act::Unassign(person("ada")),
        Act::Assign(person("ada")),
    ] {
        stage.act(act, &mut ways).await;
    }
    let told = stage.observed.told();
    (stage.end().await, told)
}

#[rstest]
#[case("okta-wizard")]
#[case("okta-catalog")]
#[case("entra")]
#[tokio::test]
async fn a_server_that_is_right_passes(#[case] persona: &str) {
    let knows = Knows { password: Some(KNOWN), asks: true, ..Knows::default() };
    let (report, told) = life(persona, &[], &knows).await;
    assert_eq!(
        verdicts(&report),
        [
            "assigned-person-gets-in pass",
            "every-way-in-is-shut pass",
            "identity-is-kept pass",
            "same-account-opens-again pass",
            "assigned-person-gets-in pass",
        ],
        "{told:#?}"
    );
    assert_eq!(report.exit(), Exit::Conformant);
    assert!(report.stories.iter().all(|story| story.exchanges.is_empty()), "what is right needs no evidence");
}

#[rstest]
#[case::sessions("put-deactivate-keeps-sessions", "okta-wizard", "session still lets them in")]
#[case::tokens("deactivate-keeps-api-keys", "entra", "api-token still lets them in")]
#[case::refreshing("token-refresh-skips-active-check", "okta-catalog", "refresh-token still lets them in")]
#[tokio::test]
async fn a_way_that_survives_is_caught(#[case] slug: &str, #[case] persona: &str, #[case] what: &str) {
    let knows = Knows { password: Some(KNOWN), asks: true, ..Knows::default() };
    let (report, told) = life(persona, &[slug], &knows).await;
    let failed: Vec<_> = report.new_failures().collect();
    let [check] = &failed[..] else { panic!("{failed:#?}") };
    assert_eq!(check.id, "observe/every-way-in-is-shut");
    assert!(check.actual.as_ref().unwrap().contains(what), "{check:#?}");
    assert!(check.step.contains("deactivates ada.k3f9x2.1@example.com"), "{}", check.step);
    assert!(report.evidence(check).is_some_and(|exchange| exchange.result.is_ok()));
    assert_eq!(report.exit(), Exit::NotConformant);
    assert!(told.iter().any(|line| line.starts_with("FINDING observe/every-way-in-is-shut")), "{told:#?}");
}

/// Nobody knows the password: what needs one is left out with the reason, the rest is tried.
#[tokio::test]
async fn ways_that_lack_something_are_left_out_and_say_so() {
    let knows = Knows { ways: &["sign-in", "api-token"], ..Knows::default() };
    let (report, _) = life("entra", &[], &knows).await;
    let shut = report.checks.iter().find(|check| check.id == "observe/every-way-in-is-shut").unwrap();
    assert_eq!(shut.verdict, crate::judge::Verdict::Pass);
    assert!(shut.notes.iter().any(|note| note.starts_with("sign-in is not tried: it needs")), "{shut:#?}");

    let knows = Knows { ways: &["sign-in"], ..Knows::default() };
    let (report, _) = life("entra", &[], &knows).await;
    assert!(verdicts(&report).iter().all(|verdict| !verdict.starts_with("every-way")), "{report:#?}");
    assert!(report.not_verified().count() > 0);
}

/// A person who was deactivated and reactivated before anybody could look is no finding, in either direction.
#[tokio::test]
async fn what_was_overtaken_is_not_judged() {
    let knows = Knows { password: Some(KNOWN), asks: true, ..Knows::default() };
    let mut stage = Stage::new("okta-wizard", &[], &knows).await;
    let observer = Arc::clone(&stage.observed.observer);
    let mut ways = observer.ways();
    let ada = PersonKey("ada".to_owned());
    for act in [Act::Assign(ada.clone()), Act::Unassign(ada.clone()), Act::Assign(ada)] {
        stage.pass(act).await;
    }
    observer.try_everybody(&mut ways).await;
    let report = stage.end().await;
    assert_eq!(verdicts(&report), ["same-account-opens-again pass"]);
}

/// People who were there before the recording pass by too: that nobody got in by a way is no proof.
#[tokio::test]
async fn a_way_that_nobody_could_open_proves_nothing() {
    let knows = Knows { password: Some(KNOWN), asks: true, ways: &["session"] };
    let mut stage = Stage::new("okta-wizard", &[], &knows).await;
    let observer = Arc::clone(&stage.observed.observer);
    let mut ways = observer.ways();
    let ada = PersonKey("ada".to_owned());
    stage.pass(Act::Assign(ada.clone())).await;
    stage.act(Act::Unassign(ada), &mut ways).await;
    let report = stage.end().await;
    assert_eq!(verdicts(&report), ["every-way-in-is-shut error", "identity-is-kept pass"]);
    assert_eq!(report.exit(), Exit::CouldNotJudge);
}
