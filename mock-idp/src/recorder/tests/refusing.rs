//! What is not passed on, and what a provider hears when the server is at fault.

use std::time::Duration;

use futures::FutureExt;
use rstest::rstest;
use tokio::io::AsyncWriteExt;

use super::*;
use crate::exchange::Broken;

#[rstest]
#[case::two_ways_of_saying_a_length("Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", "400")]
#[case::two_lengths("Host: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n", "400")]
#[case::the_same_length_twice("Host: a\r\nContent-Length: 5\r\ncontent-length: 5\r\n", "400")]
#[case::a_list_of_lengths("Host: a\r\nContent-Length: 5, 5\r\n", "400")]
#[case::a_length_with_a_sign("Host: a\r\nContent-Length: +5\r\n", "400")]
#[case::a_length_without_end("Host: a\r\nContent-Length: 99999999999999999999\r\n", "400")]
#[case::no_length("Host: a\r\nContent-Length: \r\n", "400")]
#[case::a_field_over_two_lines("Host: a\r\nX-Folded: a\r\n b\r\n", "400")]
#[case::a_field_over_two_lines_first(" Transfer-Encoding: chunked\r\nHost: a\r\n", "400")]
#[case::chunked_twice("Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "400")]
#[case::not_chunked_at_the_end("Host: a\r\nTransfer-Encoding: chunked, identity\r\n", "400")]
#[case::chunked_in_disguise("Host: a\r\nTransfer-Encoding: \"chunked\"\r\n", "400")]
#[case::a_blank_before_the_colon("Host: a\r\nTransfer-Encoding : chunked\r\n", "400")]
#[case::a_bare_line_feed("Host: a\nTransfer-Encoding: chunked\r\n", "400")]
#[case::a_bare_carriage_return("Host: a\r\nX: a\rContent-Length: 5\r\n", "400")]
#[case::two_hosts("Host: a\r\nHost: b\r\n", "400")]
#[case::no_host("Accept: */*\r\n", "400")]
#[case::a_length_that_is_taken_away("Host: a\r\nConnection: Content-Length\r\nContent-Length: 5\r\n", "400")]
#[case::another_coding("Host: a\r\nTransfer-Encoding: gzip, chunked\r\n", "501")]
#[case::another_protocol("Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", "501")]
#[tokio::test]
async fn what_could_be_read_in_two_ways_does_not_reach_the_server(
    #[case] fields: &str,
    #[case] status: &str,
) {
    let mut rig = Rig::new().await;
    let smuggled = format!("POST /Users HTTP/1.1\r\n{fields}\r\n0\r\n\r\nGET /Users/evil HTTP/1.1\r\n\r\n");
    let mut client = rig.client(&smuggled).await;
    let answer = rest(&mut client).await;
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    assert!(answer.contains("urn:ietf:params:scim:api:messages:2.0:Error"), "{answer}");
    assert!(matches!(rig.happened().await, Happened::Refused(_)));
    assert!(rig.server.accept().now_or_never().is_none(), "the server was asked");
}

#[rstest]
#[case::another_version("GET /Users HTTP/2.0\r\nHost: a\r\n\r\n", "505")]
#[case::chunks_in_http_1_0("POST /Users HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400")]
#[case::a_tunnel("CONNECT app.example:443 HTTP/1.1\r\nHost: app.example\r\n\r\n", "501")]
#[case::no_path("GET Users HTTP/1.1\r\nHost: a\r\n\r\n", "400")]
#[case::not_http("\u{16}\u{3}\u{1}\u{2}\r\n\r\n", "400")]
#[tokio::test]
async fn what_is_no_request_is_refused(#[case] text: &str, #[case] status: &str) {
    let rig = Rig::new().await;
    let mut client = rig.client(text).await;
    assert!(rest(&mut client).await.starts_with(&format!("HTTP/1.1 {status} ")));
    assert!(rig.server.accept().now_or_never().is_none(), "the server was asked");
}

#[tokio::test]
async fn a_head_without_end_is_refused_in_bytes_and_in_time() {
    let rig = Rig::with(|settings| settings.limits.head = 1000).await;
    let mut client = rig.client(&format!("GET /Users HTTP/1.1\r\nX: {}", "x".repeat(1100))).await;
    assert!(rest(&mut client).await.starts_with("HTTP/1.1 431 "));
    let rig = Rig::with(|settings| settings.limits.head_time = Duration::from_millis(20)).await;
    let mut client = rig.client("GET /Users HTTP/1.1\r\n").await;
    assert!(rest(&mut client).await.starts_with("HTTP/1.1 408 "));
}

#[tokio::test]
async fn a_client_that_says_nothing_is_hung_up_on() {
    let rig = Rig::with(|settings| settings.limits.idle = Duration::from_millis(20)).await;
    let mut client = rig.client("").await;
    assert_eq!(rest(&mut client).await, "");
}

#[tokio::test]
async fn a_client_that_stops_in_its_body_is_told_and_recorded() {
    let mut rig = Rig::with(|settings| settings.limits.idle = Duration::from_millis(20)).await;
    let mut client = rig.client("POST /Users HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{").await;
    let _server = rig.accepted().await;
    assert!(rest(&mut client).await.starts_with("HTTP/1.1 408 "));
    let passed = rig.passed().await;
    assert!(matches!(passed.entry.exchange.result, Err(Broken::Unsendable(_))), "{passed:?}");
}

#[tokio::test]
async fn chunks_that_are_none_end_both_connections() {
    let mut rig = Rig::new().await;
    let mut client =
        rig.client("POST /Users HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\nx").await;
    let mut server = rig.accepted().await;
    assert!(rest(&mut client).await.starts_with("HTTP/1.1 400 "));
    assert!(rest(&mut server).await.ends_with("\r\n\r\n"), "nothing of the body");
    assert!(rig.passed().await.entry.exchange.result.is_err());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_502_and_recorded() {
    let mut rig = Rig::with(|settings| {
        // The port of a listener that has gone.
        let gone = std::net::TcpListener::bind(any_port()).unwrap().local_addr().unwrap();
        settings.upstream = Url::parse(&format!("http://{gone}")).unwrap();
    })
    .await;
    let mut client = rig.client("GET /Users HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/scim+json\r\n"));
    assert!(answer.contains("\"status\":\"502\""), "{answer}");
    assert!(matches!(rig.passed().await.entry.exchange.result, Err(Broken::Connect(_))));
}

#[rstest]
#[case::both_lengths("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
#[case::two_lengths("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef")]
#[case::a_field_over_two_lines("HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n")]
#[case::another_coding("HTTP/1.1 200 OK\r\nTransfer-Encoding: deflate, chunked\r\n\r\n0\r\n\r\n")]
#[case::another_coding_alone("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n")]
#[case::not_http("SSH-2.0-OpenSSH\r\n\r\n")]
#[case::another_protocol("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")]
#[case::nothing("")]
#[tokio::test]
async fn an_answer_that_is_none_is_a_502(#[case] answer: &str) {
    let mut rig = Rig::new().await;
    let mut client = rig.client("GET /Users HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut server = rig.accepted().await;
    heard(&mut server, "\r\n\r\n").await;
    say(&mut server, answer).await;
    server.shutdown().await.unwrap();
    assert!(rest(&mut client).await.starts_with("HTTP/1.1 502 "));
    assert!(matches!(rig.passed().await.entry.exchange.result, Err(Broken::Cut(_))));
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_a_504() {
    let mut rig = Rig::with(|settings| settings.limits.answer = Duration::from_millis(20)).await;
    let mut client = rig.client("GET /Users HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let _server = rig.accepted().await;
    assert!(rest(&mut client).await.starts_with("HTTP/1.1 504 "));
    assert!(matches!(rig.passed().await.entry.exchange.result, Err(Broken::Timeout(_))));
}

#[rstest]
#[case::of_a_length("Content-Length: 9\r\n\r\n{")]
#[case::of_chunks("Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n")]
#[tokio::test]
async fn an_answer_that_is_cut_off_is_cut_off_for_the_client_too(#[case] answer: &str) {
    let mut rig = Rig::new().await;
    let mut client = rig.client("GET /Users HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut server = rig.accepted().await;
    heard(&mut server, "\r\n\r\n").await;
    let answer = format!("HTTP/1.1 200 OK\r\n{answer}");
    say(&mut server, &answer).await;
    drop(server);
    assert_eq!(rest(&mut client).await, answer);
    assert!(matches!(rig.passed().await.entry.exchange.result, Err(Broken::Cut(_))));
}

#[tokio::test]
async fn only_a_url_that_leads_to_a_server_and_holds_no_credentials_is_taken() {
    for url in ["ftp://app.example/", "http://user:pass@app.example/", "https://user@app.example"] {
        let (sender, _happened) = mpsc::channel(1);
        let refused = Recorder::start(settings(url), sender).await.err().unwrap().to_string();
        assert!(!refused.contains("pass@"), "{refused}");
    }
}
