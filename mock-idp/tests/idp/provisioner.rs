//! The provisioner: who sends, waits, and keeps the lists.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use http::Method;
use scimspec_mock_idp::directory::{Event, PersonKey};
use scimspec_mock_idp::exchange::{Answer, Broken, Exchange, Origin, Request, Wire};
use scimspec_mock_idp::fault::{Fault, FaultKind, Faulty};
use scimspec_mock_idp::persona::Failure;
use scimspec_mock_idp::provisioner::{Patience, Provisioner, TaskOutcome};

use crate::script::ada;
use crate::socket::{client, ok, serve};

/// A server with at most one account, which is too busy for the first requests.
struct Server {
    busy: Mutex<u32>,
    retry_after: &'static str,
    account: Mutex<bool>,
}

impl Server {
    fn busy_for(requests: u32, retry_after: &'static str) -> Self {
        Self { busy: Mutex::new(requests), retry_after, account: Mutex::new(false) }
    }

    fn answer(&self, request: &Request) -> Answer {
        let mut busy = self.busy.lock().expect("not poisoned");
        if *busy > 0 {
            *busy -= 1;
            let headers = vec![("retry-after".to_owned(), self.retry_after.to_owned())];
            return Answer { status: 429, headers, body: "".into() };
        }
        let mut account = self.account.lock().expect("not poisoned");
        let user = r#"{"id":"u-1","userName":"ada@example.com","active":true}"#;
        let (status, body) = match (&request.method, *account) {
            (&Method::POST, false) => {
                *account = true;
                (201, user.to_owned())
            }
            (&Method::POST, true) => (409, String::new()),
            (_, false) => (200, r#"{"totalResults":0,"Resources":[]}"#.to_owned()),
            (_, true) if request.to.to_string().contains('?') => {
                (200, format!(r#"{{"totalResults":1,"Resources":[{user}]}}"#))
            }
            (_, true) => (200, user.to_owned()),
        };
        Answer { status, headers: Vec::new(), body: body.into() }
    }
}

impl Wire for Server {
    fn send(&self, origin: Origin, request: Request) -> BoxFuture<'_, Exchange> {
        let result = Ok(self.answer(&request));
        let url = request.to.to_string();
        let (started, took) = (SystemTime::now(), Duration::ZERO);
        Box::pin(async move { Exchange { origin, request, url, result, started, took } })
    }
}

fn provisioner(name: &str) -> Provisioner {
    Provisioner::new(name.parse::<scimspec_mock_idp::persona::PersonaName>().expect("a persona").build(1))
}

#[tokio::test]
async fn a_task_has_its_exchanges_and_stands_in_the_list() {
    let mut okta = provisioner("okta-wizard");
    let server = Server::busy_for(0, "");
    let task = okta.perform(&Event::Assign(ada()), &server, &Patience::default()).await;
    assert_eq!(task.outcome, TaskOutcome::Done);
    let doings: Vec<_> = task.exchanges.iter().map(|sent| sent.doing.as_str()).collect();
    assert_eq!(doings, ["looks ada up by userName", "creates ada"]);
    assert!(task.exchanges.iter().all(|sent| sent.exchange.origin == Origin::Idp));
    assert_eq!(okta.tasks(), [task]);
    assert_eq!(okta.linked(&PersonKey("ada".to_owned())), Some("u-1"));
    let log: Vec<_> = okta.system_log().iter().map(|row| row.entry.event_type).collect();
    assert_eq!(
        log,
        [
            "application.user_membership.add",
            "application.provision.user.push",
            "application.user_membership.provision",
        ],
    );
}

#[tokio::test]
async fn an_event_that_means_nothing_to_the_provider_sends_nothing() {
    let mut okta = provisioner("okta-catalog");
    let server = Server::busy_for(0, "");
    let task = okta.perform(&Event::Suspend(ada()), &server, &Patience::default()).await;
    assert_eq!(
        (task.event.as_str(), task.outcome, task.exchanges.len()),
        ("suspend ada", TaskOutcome::Done, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn waits_are_waited_out() {
    let mut okta = provisioner("okta-wizard");
    let server = Server::busy_for(2, "7");
    let patience = Patience { longest_wait: Duration::from_secs(21), pause: false, ..Patience::default() };
    let before = tokio::time::Instant::now();
    let task = okta.perform(&Event::Assign(ada()), &server, &patience).await;
    assert_eq!(task.outcome, TaskOutcome::Done);
    let waits: Vec<_> = task.waits.iter().map(|(time, _)| time.as_secs()).collect();
    assert_eq!(waits, [7, 14]);
    assert_eq!(before.elapsed().as_secs(), 21);
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_patience_ends_the_task_at_once() {
    let mut okta = provisioner("okta-wizard");
    let server = Server::busy_for(2, "7");
    let patience = Patience { longest_wait: Duration::from_secs(20), pause: false, ..Patience::default() };
    let before = tokio::time::Instant::now();
    let task = okta.perform(&Event::Assign(ada()), &server, &patience).await;
    let TaskOutcome::Stuck(error) = task.outcome else { panic!("not stuck") };
    assert_eq!(error.kind, Failure::RateLimited);
    assert!(error.text.contains("Okta would wait 14 s before attempt 3 of 10"), "{}", error.text);
    assert_eq!(before.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn pauses_between_dependent_calls_only_if_asked_for() {
    for (pause, millis) in [(false, 0), (true, 250)] {
        let server = Server::busy_for(0, "");
        let patience = Patience { pause, ..Patience::default() };
        let before = tokio::time::Instant::now();
        provisioner("okta-wizard").perform(&Event::Assign(ada()), &server, &patience).await;
        assert_eq!(before.elapsed().as_millis(), millis);
    }
}

/// The server made the account, the answer was lost; the administrator's retry finds and links it.
#[tokio::test]
async fn after_a_lost_answer_the_retry_links_the_one_account() {
    for persona in ["okta-wizard", "okta-catalog", "entra"] {
        let server = Server::busy_for(0, "");
        let lost =
            Fault { kind: FaultKind::LoseAnswer, method: Some(Method::POST), path_prefix: None, times: 1 };
        let wire = Faulty::new(&server, vec![lost]);
        let mut provider = provisioner(persona);
        let patience = Patience::default();
        let task = provider.perform(&Event::Assign(ada()), &wire, &patience).await;
        let TaskOutcome::Stuck(error) = task.outcome else { panic!("not stuck") };
        assert!(matches!(error.kind, Failure::Unreachable(Broken::Cut(_))), "{error:?}");
        assert_eq!(provider.linked(&ada().key), None);

        let again = provider.perform(&Event::Assign(ada()), &wire, &patience).await;
        assert_eq!(again.outcome, TaskOutcome::Done, "{persona}");
        assert_eq!(provider.linked(&ada().key), Some("u-1"));
    }
}

#[tokio::test]
async fn over_a_real_socket() {
    let (base, server) = serve(ok(r#"{"totalResults":0,"Resources":[]}"#)).await;
    let mut entra = provisioner("entra");
    let task = entra.perform(&Event::TestConnection, &client(base), &Patience::default()).await;
    assert_eq!(task.outcome, TaskOutcome::Done);
    assert!(server.await.unwrap().starts_with("GET /scim/v2/Users?filter=userName+eq+%22"));
}
