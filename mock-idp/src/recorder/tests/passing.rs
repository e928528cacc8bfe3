//! What arrives on the other side.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpListener;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

#[tokio::test]
async fn every_byte_but_those_of_host_arrives_as_it_was_sent() {
    let mut rig = Rig::new().await;
    let mut client = rig
        .client(
            "PATCH /Users/a%2fB?x=%20y HTTP/1.1\r\nhOST: idp.example\r\nADSCIMVersion:  1.0 \r\nX-Dup: 1\r\nAuthorization: Bearer t\r\nx-dup:2\r\nContent-length: 4\r\n\r\n{  }",
        )
        .await;
    let mut server = rig.accepted().await;
    let authority = rig.server.local_addr().unwrap();
    assert_eq!(
        heard(&mut server, "{  }").await,
        format!(
            "PATCH /base/Users/a%2fB?x=%20y HTTP/1.1\r\nhOST: {authority}\r\nADSCIMVersion:  1.0 \r\nX-Dup: 1\r\nAuthorization: Bearer t\r\nx-dup:2\r\nContent-length: 4\r\n\r\n{{  }}"
        )
    );
    let answer = "HTTP/1.1 200 Fine\r\nETAG:  W/\"1\"\r\nx-Odd-Case: \u{e9}\r\ncontent-length: 3\r\n\r\n{ }";
    say(&mut server, answer).await;
    assert_eq!(heard(&mut client, "{ }").await, answer);

    let passed = rig.passed().await;
    let exchange = passed.entry.exchange;
    let names: Vec<&str> = exchange.request.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["hOST", "ADSCIMVersion", "X-Dup", "Authorization", "x-dup", "Content-length"]);
    assert_eq!(exchange.request.to.to_string(), "/Users/a%2fB?x=%20y");
    assert_eq!(exchange.url, format!("http://{authority}/base/Users/a%2fB?x=%20y"));
    let answer = exchange.result.unwrap();
    assert_eq!(answer.headers[0], ("ETAG".to_owned(), "W/\"1\"".to_owned()));
    assert_eq!(answer.body, "{ }");
}

#[tokio::test]
async fn chunks_pass_as_they_were_cut_and_are_kept_as_what_they_hold() {
    let mut rig = Rig::new().await;
    let chunks = "2;a=b\r\n{\"\r\n05\r\na\":1}\r\n0\r\nX-Sum: 7\r\n\r\n";
    let request = format!("POST /Users HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
    let mut client = rig.client(&request).await;
    let mut server = rig.accepted().await;
    assert!(heard(&mut server, chunks).await.contains("\r\nTransfer-Encoding: chunked\r\n"));
    say(&mut server, &format!("HTTP/1.1 201 Created\r\ntransfer-encoding: Chunked\r\n\r\n{chunks}")).await;
    assert!(heard(&mut client, chunks).await.starts_with("HTTP/1.1 201 Created\r\n"));
    let exchange = rig.passed().await.entry.exchange;
    assert_eq!(exchange.request.body.unwrap(), "{\"a\":1}");
    assert_eq!(exchange.result.unwrap().body, "{\"a\":1}");
}

#[tokio::test]
async fn requests_on_one_connection_use_one_to_the_server_and_are_answered_in_order() {
    let rig = Rig::new().await;
    let two = "GET /Users/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /Users/2 HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut client = rig.client(two).await;
    let mut server = rig.accepted().await;
    assert!(heard(&mut server, "\r\n\r\n").await.starts_with("GET /base/Users/1 "));
    say(&mut server, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none").await;
    assert!(heard(&mut server, "\r\n\r\n").await.starts_with("GET /base/Users/2 "));
    say(&mut server, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo").await;
    assert!(heard(&mut client, "two").await.contains("\r\n\r\noneHTTP/1.1 200 OK"));
}

#[tokio::test]
async fn a_server_that_hung_up_in_between_is_connected_again() {
    let mut rig = Rig::new().await;
    let get = "GET /Users HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut client = rig.client(get).await;
    let mut server = rig.accepted().await;
    heard(&mut server, "\r\n\r\n").await;
    say(&mut server, OK).await;
    heard(&mut client, "{}").await;
    drop(server);
    say(&mut client, get).await;
    let mut server = rig.accepted().await;
    heard(&mut server, "\r\n\r\n").await;
    say(&mut server, OK).await;
    assert_eq!(heard(&mut client, "{}").await, OK);
    assert!(rig.passed().await.entry.exchange.result.is_ok());
    assert!(rig.passed().await.entry.exchange.result.is_ok());
}

/// A create is not sent again: the connection has to be there when it is sent. The client's request is there already
/// when the server hangs up, so that nobody waits in between.
#[tokio::test]
async fn a_create_does_not_go_to_a_server_that_has_hung_up() {
    let mut rig = Rig::new().await;
    let create = "POST /Users HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
    for _ in 0..20 {
        let mut client = rig.client(create).await;
        let mut server = rig.accepted().await;
        heard(&mut server, "{}").await;
        say(&mut server, OK).await;
        heard(&mut client, "{}").await;
        assert!(rig.passed().await.entry.exchange.result.is_ok());
        drop(server);
        say(&mut client, create).await;
        let mut server = rig.accepted().await;
        heard(&mut server, "{}").await;
        say(&mut server, OK).await;
        assert_eq!(heard(&mut client, "{}").await, OK);
        assert!(rig.passed().await.entry.exchange.result.is_ok());
    }
}

/// What the server says to a head alone does not spare the client the rest of its body, nor the server.
#[tokio::test]
async fn an_early_answer_lets_the_body_come_to_its_end() {
    let mut rig = Rig::new().await;
    let mut client = rig.client("POST /Users HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nfirst").await;
    let mut server = rig.accepted().await;
    heard(&mut server, "first").await;
    let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}";
    say(&mut server, refusal).await;
    assert_eq!(heard(&mut client, "{}").await, refusal);
    say(&mut client, "last").await;
    assert_eq!(heard(&mut server, "last").await, "last");
    let passed = rig.passed().await;
    assert_eq!(passed.request_body, None);
    assert_eq!(passed.entry.exchange.request.body.unwrap(), "firstlast");
    say(&mut client, "GET /Users HTTP/1.1\r\nHost: a\r\n\r\n").await;
    heard(&mut server, "\r\n\r\n").await;
    say(&mut server, OK).await;
    assert_eq!(heard(&mut client, "{}").await, OK);
}

/// A connection that both ends close, one of them keeps for itself (RFC 9110, section 7.6.1).
#[tokio::test]
async fn what_is_about_one_connection_stays_there() {
    let rig = Rig::new().await;
    let mut client = rig
        .client(
            "GET /Users HTTP/1.1\r\nHost: a\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n\r\n",
        )
        .await;
    let mut server = rig.accepted().await;
    let head = heard(&mut server, "\r\n\r\n").await;
    assert_eq!(head.lines().count(), 3, "the request line, Host and the empty line: {head}");
    say(&mut server, "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}").await;
    let answer = rest(&mut client).await;
    assert_eq!(answer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
}

/// Without the field the client would read the chunks as the body.
#[tokio::test]
async fn how_an_answer_ends_is_no_matter_of_the_connection() {
    let rig = Rig::new().await;
    let mut client = rig.client("GET /Users HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut server = rig.accepted().await;
    heard(&mut server, "\r\n\r\n").await;
    let chunks = "2\r\n{}\r\n0\r\n\r\n";
    let head =
        "HTTP/1.1 200 OK\r\nConnection: keep-alive, Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n";
    say(&mut server, &format!("{head}{chunks}")).await;
    let answer = heard(&mut client, chunks).await;
    assert_eq!(answer, format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"));
}

#[tokio::test]
async fn an_empty_line_before_an_answer_costs_it_nothing() {
    let rig = Rig::new().await;
    let mut client = rig.client("GET /Users HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut server = rig.accepted().await;
    heard(&mut server, "\r\n\r\n").await;
    say(&mut server, &format!("\r\n{OK}")).await;
    assert_eq!(heard(&mut client, "{}").await, OK);
}

#[tokio::test]
async fn who_waits_for_a_word_gets_it_from_the_server() {
    let mut rig = Rig::new().await;
    let mut client = rig
        .client("POST /Users HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        .await;
    let mut server = rig.accepted().await;
    assert!(heard(&mut server, "\r\n\r\n").await.contains("Expect: 100-continue\r\n"));
    say(&mut server, "HTTP/1.1 100 Continue\r\n\r\n").await;
    assert_eq!(heard(&mut client, "\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    say(&mut client, "{}").await;
    assert_eq!(heard(&mut server, "{}").await, "{}");
    say(&mut server, OK).await;
    assert_eq!(heard(&mut client, "{}").await, OK);
    let exchange = rig.passed().await.entry.exchange;
    assert_eq!((exchange.request.body.unwrap(), exchange.result.unwrap().status), ("{}".into(), 200));
}

#[tokio::test]
async fn an_answer_before_the_body_ends_the_exchange() {
    let mut rig = Rig::new().await;
    let mut client = rig
        .client("POST /Users HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        .await;
    let mut server = rig.accepted().await;
    heard(&mut server, "\r\n\r\n").await;
    say(&mut server, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n").await;
    assert!(rest(&mut client).await.contains("413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n"));
    let passed = rig.passed().await;
    assert_eq!(passed.request_body, Some(crate::recorder::NotKept::Cut));
    assert_eq!(passed.entry.exchange.result.unwrap().status, 413);
}

#[tokio::test]
async fn answers_without_a_body_end_with_their_head() {
    let rig = Rig::new().await;
    let requests =
        ["HEAD", "GET", "DELETE"].map(|method| format!("{method} /Users HTTP/1.1\r\nHost: a\r\n\r\n"));
    let mut client = rig.client(&requests.concat()).await;
    let mut server = rig.accepted().await;
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
    ] {
        heard(&mut server, "\r\n\r\n").await;
        say(&mut server, answer).await;
        assert_eq!(heard(&mut client, "\r\n\r\n").await, answer);
    }
}

#[tokio::test]
async fn a_body_passes_as_it_comes_and_not_when_it_is_complete() {
    let rig = Rig::new().await;
    let mut client =
        rig.client("POST /Bulk HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nfirst").await;
    let mut server = rig.accepted().await;
    assert!(heard(&mut server, "first").await.ends_with("\r\n\r\nfirst"));
    let more = "x".repeat(1_000_000 - "firstlast".len());
    let (sending, receiving) = (say(&mut client, &more), heard_bytes(&mut server, more.len()));
    tokio::join!(sending, receiving);
    say(&mut client, "last").await;
    assert_eq!(heard(&mut server, "last").await, "last");
    say(&mut server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n").await;
    assert!(heard(&mut client, "first\r\n").await.starts_with("HTTP/1.1 200 OK"));
    say(&mut server, "0\r\n\r\n").await;
    assert_eq!(heard(&mut client, "0\r\n\r\n").await, "0\r\n\r\n");
}

async fn heard_bytes(stream: &mut TcpStream, count: usize) {
    within(stream.read_exact(&mut vec![0; count])).await.unwrap();
}

#[tokio::test]
async fn one_that_waits_keeps_nobody_else_waiting() {
    let rig = Rig::new().await;
    let mut first = rig.client("GET /Users/1 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut slow = rig.accepted().await;
    heard(&mut slow, "\r\n\r\n").await;
    let mut second = rig.client("GET /Users/2 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut quick = rig.accepted().await;
    heard(&mut quick, "\r\n\r\n").await;
    say(&mut quick, OK).await;
    assert_eq!(heard(&mut second, "{}").await, OK);
    say(&mut slow, OK).await;
    assert_eq!(heard(&mut first, "{}").await, OK);
}

#[tokio::test]
async fn more_connections_than_allowed_wait_and_are_served() {
    let rig = Rig::with(|settings| settings.limits.connections = 1).await;
    let get = "GET /Users HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let (mut first, mut second) = (rig.client(get).await, rig.client(get).await);
    for client in [&mut first, &mut second] {
        let mut server = rig.accepted().await;
        heard(&mut server, "\r\n\r\n").await;
        say(&mut server, OK).await;
        assert!(rest(client).await.ends_with("{}"));
    }
}

#[tokio::test]
async fn a_client_of_http_1_0_gets_no_chunks_and_an_end() {
    let rig = Rig::new().await;
    let mut client = rig.client("GET /Users HTTP/1.0\r\n\r\n").await;
    let mut server = rig.accepted().await;
    let head = heard(&mut server, "\r\n\r\n").await;
    assert!(head.starts_with("GET /base/Users HTTP/1.1\r\nHost: 127.0.0.1:"), "{head}");
    say(&mut server, "HTTP/1.1 100 Continue\r\n\r\n").await;
    say(&mut server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n").await;
    assert_eq!(rest(&mut client).await, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}");
}

#[tokio::test]
async fn an_answer_that_ends_with_its_connection_ends_the_client_s_too() {
    let mut rig = Rig::new().await;
    let mut client = rig.client("GET http://idp.example/Users HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut server = rig.accepted().await;
    assert!(heard(&mut server, "\r\n\r\n").await.starts_with("GET /base/Users HTTP/1.1\r\n"));
    say(&mut server, "HTTP/1.0 200 OK\r\n\r\nwhatever").await;
    drop(server);
    assert_eq!(rest(&mut client).await, "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nwhatever");
    assert_eq!(rig.passed().await.entry.exchange.result.unwrap().body, "whatever");
}

#[tokio::test]
async fn an_offer_of_http_2_is_passed_over() {
    let rig = Rig::new().await;
    let mut client = rig
        .client("GET /Users HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n")
        .await;
    let mut server = rig.accepted().await;
    assert_eq!(heard(&mut server, "\r\n\r\n").await.lines().count(), 3);
    say(&mut server, OK).await;
    assert_eq!(heard(&mut client, "{}").await, OK);
}

#[tokio::test]
async fn tls_is_spoken_on_both_sides_with_who_is_trusted() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.clone(), PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap())
        .unwrap();
    let config = Arc::new(config);
    let server = TcpListener::bind(any_port()).await.unwrap();
    let mut settings = settings(&format!("https://localhost:{}", server.local_addr().unwrap().port()));
    settings.certificates = vec![certificate.into_bytes()];
    settings.tls = Some(Arc::clone(&config));
    let (sender, mut happened) = mpsc::channel(16);
    let recorder = Recorder::start(settings, sender).await.unwrap();
    assert!(recorder.origin().starts_with("https://127.0.0.1:"));

    let serving = tokio::spawn(async move {
        let (stream, _) = server.accept().await.unwrap();
        let mut stream = TlsAcceptor::from(config).accept(stream).await.unwrap();
        let head = heard(&mut stream, "\r\n\r\n").await;
        say(&mut stream, OK).await;
        (head, stream)
    });
    let mut roots = RootCertStore::empty();
    roots.add(chain[0].clone()).unwrap();
    let trusting = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    // Who connects and says nothing keeps nobody waiting.
    let _silent = TcpStream::connect(recorder.address()).await.unwrap();
    let stream = TcpStream::connect(recorder.address()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = TlsConnector::from(Arc::new(trusting)).connect(name, stream).await.unwrap();
    say(&mut client, "GET /scim/Users HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(heard(&mut client, "{}").await, OK);
    let (head, _stream) = serving.await.unwrap();
    assert!(head.starts_with("GET /scim/Users HTTP/1.1\r\nHost: localhost:"), "{head}");
    assert!(matches!(happened.recv().await, Some(Happened::Passed(_))));
}
