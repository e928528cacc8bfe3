//! What the HTTP client puts on the wire, and what it makes of servers that misbehave.

use std::io::Write;
use std::time::{Duration, Instant};

use http::Method;
use rstest::rstest;
use scimspec_mock_idp::directory::Event;
use scimspec_mock_idp::exchange::{
    Answer, Broken, Client, ClientConfig, ClientError, Destination, Origin, Request, Wire,
};
use scimspec_mock_idp::persona::{PersonaName, Step};
use secrecy::SecretString;
use url::Url;

use crate::socket::{Behaviour, SECRET, client, client_with, ok, serve};

/// The request as it arrived, with the port left out.
async fn on_the_wire(request: Request) -> String {
    let (base, server) = serve(ok("{}")).await;
    let port = base.port().expect("a port");
    let exchange = client(base).send(Origin::Request, request).await;
    assert!(exchange.result.is_ok(), "{:?}", exchange.result);
    server.await.expect("a request").replace(&port.to_string(), "PORT").replace("\r\n", "\n")
}

fn first_message(persona: &str) -> Request {
    let name: PersonaName = persona.parse().expect("a persona");
    let Step::Send(message) = name.build(1).on(&Event::TestConnection) else { panic!("no message") };
    message.request
}

async fn result_of(behaviour: Behaviour) -> Result<Answer, Broken> {
    let (base, _server) = serve(behaviour).await;
    client(base).send(Origin::Request, Request::scim(Method::GET, "/Users")).await.result
}

#[tokio::test]
async fn oktas_request_arrives_as_okta_sends_it() {
    insta::assert_snapshot!(on_the_wire(first_message("okta-wizard")).await, @r"
    GET /scim/v2/Users?startIndex=1&count=2 HTTP/1.1
    Accept: application/scim+json
    Accept-Charset: utf-8
    User-Agent: Okta SCIM Client 1.0.0
    Connection: Keep-Alive
    Accept-Encoding: gzip,deflate
    Authorization: Bearer s3cret-token
    Host: 127.0.0.1:PORT
    ");
}

/// No User-Agent; `Accept: */*` cannot be avoided.
#[tokio::test]
async fn entras_request_arrives_without_a_user_agent() {
    insta::assert_snapshot!(on_the_wire(first_message("entra")).await, @r"
    GET /scim/v2/Users?filter=userName+eq+%22910a2dec-8902-4cc1-beeb-8da1658eec67%22 HTTP/1.1
    Adscimversion: 6.0
    Authorization: Bearer s3cret-token
    Accept: */*
    Host: 127.0.0.1:PORT
    ");
}

#[tokio::test]
async fn a_body_goes_out_byte_by_byte() {
    let request = Request::scim(Method::POST, "/Users")
        .header("Content-Type", "application/scim+json; charset=utf-8")
        .body("{ \"a\" : 1,  \"a\" : 2 }");
    insta::assert_snapshot!(on_the_wire(request).await, @r#"
    POST /scim/v2/Users HTTP/1.1
    Content-Type: application/scim+json; charset=utf-8
    Authorization: Bearer s3cret-token
    Accept: */*
    Host: 127.0.0.1:PORT
    Content-Length: 21

    { "a" : 1,  "a" : 2 }
    "#);
}

#[rstest]
#[case::own("authorization", "Bearer other", "Bearer other")]
#[case::none("Authorization", "", "")]
#[tokio::test]
async fn a_request_can_bring_other_credentials_or_none(
    #[case] name: &str,
    #[case] value: &str,
    #[case] sent: &str,
) {
    let text = on_the_wire(Request::scim(Method::GET, "/Users").header(name, value)).await;
    assert!(!text.contains(SECRET), "{text}");
    let line = text.lines().find_map(|line| line.strip_prefix("Authorization: ")).unwrap_or_default();
    assert_eq!(line, sent);
}

#[tokio::test]
async fn nobody_but_the_target_gets_its_credentials() {
    let (elsewhere, server) = serve(ok("{}")).await;
    let target = Url::parse("http://127.0.0.1:9/scim/v2").unwrap();
    let request = Request { to: Destination::Absolute(elsewhere), ..Request::scim(Method::GET, "/") };
    assert!(client(target).send(Origin::Probe, request).await.result.is_ok());
    let text = server.await.unwrap();
    assert!(!text.to_lowercase().contains("authorization"), "{text}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_like_any_other() {
    let head = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/steal\r\nContent-Length: 0\r\n\r\n";
    let answer = result_of(Behaviour::Say(head.to_vec())).await.unwrap();
    assert_eq!((answer.status, answer.header("Location")), (302, Some("http://127.0.0.1:9/steal")));
}

#[rstest]
#[case("https://app.example.com/scim/v2/", "https://app.example.com/scim/v2")]
#[case("https://app.example.com/scim?aadOptscim062020#x", "https://app.example.com/scim")]
#[case("https://app.example.com", "https://app.example.com")]
#[case("http://[::1]:8080//scim//", "http://[::1]:8080//scim")]
fn the_base_url_is_used_without_query_and_trailing_slash(#[case] given: &str, #[case] used: &str) {
    let client = Client::new(ClientConfig::new(given.parse().unwrap())).unwrap();
    assert_eq!(client.base(), used);
}

#[rstest]
#[case("ftp://app.example.com/scim")]
#[case("data:text/plain,scim")]
fn a_base_url_that_is_not_http_is_refused(#[case] base: &str) {
    let refused = Client::new(ClientConfig::new(base.parse().unwrap()));
    assert!(matches!(refused, Err(ClientError::Base(_))), "{refused:?}");
}

#[test]
fn credentials_in_the_base_url_are_refused_and_not_repeated() {
    let base = format!("https://ada:{SECRET}@app.example.com/scim").parse().unwrap();
    let error = Client::new(ClientConfig::new(base)).unwrap_err();
    assert!(matches!(error, ClientError::CredentialsInUrl));
    assert!(!error.to_string().contains(SECRET));
}

#[test]
fn neither_errors_nor_debugging_show_the_secret() {
    let mut config = ClientConfig::new("https://app.example.com/scim".parse().unwrap());
    config.authorization = Some(SecretString::from(format!("Bearer {SECRET}\n")));
    assert!(!format!("{config:?}").contains(SECRET));
    let error = Client::new(config).unwrap_err();
    assert!(matches!(error, ClientError::Authorization));
    assert!(!format!("{error} {error:?}").contains(SECRET));
    let client = client("https://app.example.com/scim".parse().unwrap());
    assert!(!format!("{client:?}").contains(SECRET));
}

#[rstest]
#[case::not_pem(b"not a certificate".to_vec())]
#[case::broken(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec())]
fn a_root_certificate_that_is_none_is_named(#[case] pem: Vec<u8>) {
    let mut config = ClientConfig::new("https://app.example.com/scim".parse().unwrap());
    config.extra_root_certificates = vec![pem];
    let refused = Client::new(config);
    assert!(matches!(refused, Err(ClientError::Certificate { .. } | ClientError::Setup(_))), "{refused:?}");
}

/// A request whose path would become another one on the way is not sent at all.
#[rstest]
#[case("/Users/..")]
#[case("/Users/%2E%2e/admin")]
#[case("/Users?filter=userName eq \"ada\"")]
#[case("Users")]
#[case("@evil.example/")]
#[tokio::test]
async fn what_a_url_cannot_say_is_unsendable(#[case] path: &str) {
    let client = client("http://127.0.0.1:9/scim/v2".parse().unwrap());
    let exchange = client.send(Origin::Request, Request::scim(Method::GET, path)).await;
    assert!(matches!(exchange.result, Err(Broken::Unsendable(_))), "{:?}", exchange.result);
}

#[rstest]
#[case("X-Broken\r\nInjected", "1")]
#[case("X-Broken", "a\r\nInjected: 1")]
#[tokio::test]
async fn what_a_header_cannot_say_is_unsendable(#[case] name: &str, #[case] value: &str) {
    let client = client("http://127.0.0.1:9/scim/v2".parse().unwrap());
    let request = Request::scim(Method::GET, "/Users").header(name, value);
    let exchange = client.send(Origin::Request, request).await;
    assert!(matches!(exchange.result, Err(Broken::Unsendable(_))), "{:?}", exchange.result);
}

#[tokio::test]
async fn credentials_in_a_probes_url_are_not_sent_and_not_shown() {
    let client = client("http://127.0.0.1:9/scim/v2".parse().unwrap());
    let url = format!("http://ada:{SECRET}@127.0.0.1:9/login").parse().unwrap();
    let request = Request { to: Destination::Absolute(url), ..Request::scim(Method::GET, "/") };
    let exchange = client.send(Origin::Probe, request).await;
    assert!(matches!(exchange.result, Err(Broken::Unsendable(_))), "{:?}", exchange.result);
    assert_eq!(exchange.url, "http://127.0.0.1:9/login");
}

#[tokio::test]
async fn nobody_listening_is_a_failed_connection() {
    let (base, server) = serve(ok("{}")).await;
    server.abort();
    let _gone = server.await;
    let exchange = client(base).send(Origin::Preflight, Request::scim(Method::GET, "/Users")).await;
    assert!(matches!(exchange.result, Err(Broken::Connect(_))), "{:?}", exchange.result);
}

#[rstest]
#[case::nothing(b"")]
#[case::not_http(b"220 mail.example.com ESMTP\r\n")]
#[case::half_a_head(b"HTTP/1.1 200 OK\r\nContent-")]
#[case::half_a_body(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"tot")]
#[case::half_a_chunk(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{\"tot")]
#[tokio::test]
async fn an_answer_that_breaks_off_is_none(#[case] bytes: &[u8]) {
    let result = result_of(Behaviour::Say(bytes.to_vec())).await;
    assert!(matches!(result, Err(Broken::Cut(_))), "{result:?}");
}

#[rstest]
#[case::silence(Behaviour::Hang(b""))]
#[case::head_only(Behaviour::Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"))]
#[case::half_a_body(Behaviour::Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"))]
#[tokio::test]
async fn an_answer_that_does_not_end_is_a_timeout(#[case] behaviour: Behaviour) {
    let limit = Duration::from_millis(50);
    let (base, _server) = serve(behaviour).await;
    let client = client_with(base, |config| config.timeout = limit);
    let before = Instant::now();
    let exchange = client.send(Origin::Request, Request::scim(Method::GET, "/Users")).await;
    assert_eq!(exchange.result, Err(Broken::Timeout(limit)));
    assert!(exchange.took >= limit && before.elapsed() < Duration::from_secs(20));
}

/// The limit holds for the whole answer, not for the time between two bytes.
#[tokio::test]
async fn an_answer_that_trickles_for_ever_is_a_timeout() {
    let limit = Duration::from_millis(50);
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (base, _server) = serve(Behaviour::Repeat(head, b"1\r\n \r\n")).await;
    let client = client_with(base, |config| {
        config.timeout = limit;
        config.body_limit = usize::MAX;
    });
    let exchange = client.send(Origin::Request, Request::scim(Method::GET, "/Users")).await;
    assert_eq!(exchange.result, Err(Broken::Timeout(limit)));
}

#[tokio::test]
async fn a_body_of_50_mb_is_refused_as_soon_as_its_length_is_known() {
    let result = result_of(Behaviour::Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n{")).await;
    assert_eq!(result, Err(Broken::TooLarge { limit: 1 << 20 }));
}

#[tokio::test]
async fn an_endless_body_is_refused_at_the_limit() {
    const CHUNK: &[u8] = &[b' '; 1 << 16];
    let result = result_of(Behaviour::Repeat(b"HTTP/1.1 200 OK\r\n\r\n", CHUNK)).await;
    assert_eq!(result, Err(Broken::TooLarge { limit: 1 << 20 }));
}

fn compressed(coding: &str, body: &[u8]) -> Behaviour {
    let level = flate2::Compression::best();
    let bytes = match coding {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(body).and_then(|()| encoder.finish())
        }
        "deflate" => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(body).and_then(|()| encoder.finish())
        }
        _ => {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(body).and_then(|()| encoder.finish())
        }
    }
    .expect("memory");
    let coding = coding.trim_start_matches("raw ");
    let mut answer =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n", bytes.len())
            .into_bytes();
    answer.extend(bytes);
    Behaviour::Say(answer)
}

#[rstest]
#[case("gzip")]
#[case("deflate")]
#[case("raw deflate")]
#[tokio::test]
async fn who_asks_for_compression_gets_the_plain_body(#[case] coding: &str) {
    let (base, _server) = serve(compressed(coding, b"{\"totalResults\":0}")).await;
    let exchange = client(base).send(Origin::Idp, first_message("okta-wizard")).await;
    assert_eq!(exchange.result.unwrap().body, "{\"totalResults\":0}");
}

#[tokio::test]
async fn who_does_not_ask_gets_what_came() {
    let answer = result_of(compressed("gzip", b"{}")).await.unwrap();
    assert_eq!(answer.body[..2], [0x1f, 0x8b]);
}

#[tokio::test]
async fn a_small_body_that_inflates_beyond_the_limit_is_too_large() {
    let (base, _server) = serve(compressed("gzip", &vec![b' '; 50_000_000])).await;
    let exchange = client(base).send(Origin::Idp, first_message("okta-wizard")).await;
    assert_eq!(exchange.result, Err(Broken::TooLarge { limit: 1 << 20 }));
}

#[tokio::test]
async fn a_body_that_is_not_what_its_coding_says_is_no_answer() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}";
    let (base, _server) = serve(Behaviour::Say(answer.to_vec())).await;
    let exchange = client(base).send(Origin::Idp, first_message("okta-wizard")).await;
    assert!(matches!(exchange.result, Err(Broken::Cut(_))), "{:?}", exchange.result);
}
