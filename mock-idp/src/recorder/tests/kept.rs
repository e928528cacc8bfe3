//! What is told of what has passed.

use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::*;
use crate::exchange::{Broken, Destination, Origin};
use crate::recorder::{NotKept, Watch};
use crate::recording::Place;

const GET: &str = "GET /Users HTTP/1.1\r\nHost: a\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

#[tokio::test]
async fn exchanges_are_numbered_and_say_how_long_the_client_waited() {
    let mut rig = Rig::new().await;
    let mut client = rig.client(&GET.repeat(2)).await;
    let mut server = rig.accepted().await;
    for _ in 0..2 {
        heard(&mut server, "\r\n\r\n").await;
        say(&mut server, OK).await;
    }
    heard(&mut client, "{}").await;
    let (first, second) = (rig.passed().await, rig.passed().await);
    assert_eq!((first.number, first.entry.place), (1, Place::Entry(1)));
    assert_eq!((second.number, second.entry.place), (2, Place::Entry(2)));
    let (one, two) = (first.entry.exchange, second.entry.exchange);
    assert_eq!(one.origin, Origin::Recorded);
    assert!(one.started <= two.started && one.request.body.is_none());
    assert_eq!(first.entry.pause, Duration::ZERO);
}

#[tokio::test]
async fn a_body_beyond_the_limit_passes_and_is_not_kept() {
    let mut rig = Rig::with(|settings| settings.limits.body = 10).await;
    let body = "x".repeat(100_000);
    let mut client = rig
        .client(&format!("POST /Users HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
        .await;
    let mut server = rig.accepted().await;
    assert!(heard(&mut server, "\r\n\r\n").await.contains("Content-Length: 100000"));
    within(server.read_exact(&mut vec![0; body.len()])).await.unwrap();
    say(&mut server, &format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await;
    heard(&mut client, "\r\n\r\n").await;
    within(client.read_exact(&mut vec![0; body.len()])).await.unwrap();
    let passed = rig.passed().await;
    assert_eq!(passed.request_body, Some(NotKept::TooLarge { limit: 10 }));
    assert_eq!(passed.answer_body, Some(NotKept::TooLarge { limit: 10 }));
    assert_eq!(passed.entry.exchange.request.body, None);
    assert_eq!(passed.entry.exchange.result, Err(Broken::TooLarge { limit: 10 }));
    assert_eq!(passed.unkept.unwrap().status, 200);
}

#[tokio::test]
async fn a_compressed_answer_passes_as_it_is_and_is_kept_as_what_it_says() {
    let mut rig = Rig::new().await;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(b"{\"id\":\"7\"}").unwrap();
    let zipped = encoder.finish().unwrap();
    let mut client = rig.client(GET).await;
    let mut server = rig.accepted().await;
    heard(&mut server, "\r\n\r\n").await;
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", zipped.len());
    server.write_all(&[head.as_bytes(), &zipped].concat()).await.unwrap();
    assert_eq!(heard(&mut client, "\r\n\r\n").await, head);
    let mut came = vec![0; zipped.len()];
    within(client.read_exact(&mut came)).await.unwrap();
    assert_eq!(came, zipped);
    assert_eq!(rig.passed().await.entry.exchange.result.unwrap().body, "{\"id\":\"7\"}");
}

#[tokio::test]
async fn what_a_client_did_not_wait_for_is_recorded_as_broken() {
    let mut rig = Rig::new().await;
    let client = rig.client("POST /Users HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{").await;
    let mut server = rig.accepted().await;
    heard(&mut server, "{").await;
    drop(client);
    assert!(matches!(rig.passed().await.entry.exchange.result, Err(Broken::Cut(_))));
    assert_eq!(rest(&mut server).await, "");
}

#[tokio::test]
async fn stopping_finishes_what_is_under_way_and_nothing_else() {
    let mut rig = Rig::new().await;
    let mut idle = rig.client("").await;
    let mut busy = rig.client(GET).await;
    let mut server = rig.accepted().await;
    heard(&mut server, "\r\n\r\n").await;
    let stopping = tokio::spawn(rig.recorder.stop(WATCHDOG));
    assert_eq!(rest(&mut idle).await, "");
    say(&mut server, OK).await;
    assert!(rest(&mut busy).await.contains("Connection: close"));
    assert_eq!(within(stopping).await.unwrap(), 0);
    assert!(matches!(rig.happened.recv().await, Some(Happened::Passed(_))));
    assert!(rig.happened.recv().await.is_none(), "everything has been told");
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let rig = Rig::new().await;
    let _client = rig.client(GET).await;
    let mut server = rig.accepted().await;
    heard(&mut server, "\r\n\r\n").await;
    assert_eq!(within(rig.recorder.stop(Duration::ZERO)).await, 1);
}

/// The answer is there at once; what a crash can lose is what came of one request.
#[tokio::test]
async fn the_next_request_waits_until_what_has_passed_is_kept() {
    let mut rig = Rig::new().await;
    let (sender, mut happened) = mpsc::channel(16);
    let settings = settings(&format!("http://{}", rig.server.local_addr().unwrap()));
    rig.recorder = Recorder::start(settings, sender).await.unwrap();
    let mut client = rig.client(&GET.repeat(2)).await;
    let mut server = rig.accepted().await;
    heard(&mut server, "\r\n\r\n").await;
    say(&mut server, OK).await;
    assert_eq!(heard(&mut client, "{}").await, OK);
    let Some(Happened::Passed(mut passed)) = within(happened.recv()).await else { panic!("nothing passed") };
    let second = heard(&mut server, "\r\n\r\n");
    tokio::pin!(second);
    assert!(timeout(Duration::from_millis(50), &mut second).await.is_err(), "nobody has kept the first");
    passed.is_kept();
    second.await;
}

/// Nothing is lost, and nothing piles up: who keeps the exchanges sets the pace.
#[tokio::test]
async fn while_nobody_takes_what_has_passed_clients_wait() {
    let mut rig = Rig::new().await;
    let (sender, mut happened) = mpsc::channel(1);
    let mut settings = settings(&format!("http://{}", rig.server.local_addr().unwrap()));
    settings.listen = any_port();
    rig.recorder = Recorder::start(settings, sender).await.unwrap();
    let _client = rig.client(&GET.repeat(2)).await;
    let mut server = rig.accepted().await;
    heard(&mut server, "\r\n\r\n").await;
    say(&mut server, OK).await;
    let second = heard(&mut server, "\r\n\r\n");
    tokio::pin!(second);
    // The first waits to be taken: as long as it does, no second is passed on.
    assert!(timeout(Duration::from_millis(50), &mut second).await.is_err());
    assert!(matches!(happened.recv().await, Some(Happened::Passed(_))));
    second.await;
}

#[tokio::test]
async fn when_nobody_keeps_what_passes_nothing_more_passes() {
    let mut rig = Rig::new().await;
    let settings = settings(&format!("http://{}", rig.server.local_addr().unwrap()));
    rig.recorder = Recorder::start(settings, mpsc::channel(1).0).await.unwrap();
    let mut client = TcpStream::connect(rig.recorder.address()).await.unwrap();
    say(&mut client, &GET.repeat(2)).await;
    let mut server = within(rig.server.accept()).await.unwrap().0;
    heard(&mut server, "\r\n\r\n").await;
    say(&mut server, OK).await;
    assert_eq!(rest(&mut client).await, OK);
    assert_eq!(rest(&mut server).await, "");
}

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Watch for Log {
    fn begins(&self, number: u64, method: &http::Method, to: &Destination) {
        self.0.lock().unwrap().push(format!("{number} {method} {to}"));
    }
}

#[tokio::test]
async fn a_request_is_told_before_the_server_sees_it() {
    let log = Arc::new(Log::default());
    let told = Arc::clone(&log);
    let rig = Rig::with(|settings| settings.watch = Some(told)).await;
    let _client = rig.client("DELETE /Users/7 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut server = rig.accepted().await;
    heard(&mut server, "\r\n\r\n").await;
    assert_eq!(*log.0.lock().unwrap(), ["1 DELETE /Users/7"]);
}
