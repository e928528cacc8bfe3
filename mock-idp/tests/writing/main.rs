//! Requirements on recordings that are written: the HAR file, the journal it grows in, what is taken out before.

mod har;
mod journal;
mod planted;
mod pseudonyms;
mod redact;

use std::time::{Duration, SystemTime};

use http::Method;
use scimspec_mock_idp::exchange::{Answer, Destination, Exchange, Origin, Request};
use scimspec_mock_idp::recording::{Entry, Place};

const BASE: &str = "https://app.example.com/scim/v2";

/// A request without a body and its answer.
fn exchange(method: Method, target: &str) -> Exchange {
    Exchange {
        origin: Origin::Recorded,
        request: Request {
            method,
            to: Destination::Scim(target.to_owned()),
            headers: Vec::new(),
            body: None,
        },
        url: format!("{BASE}{target}"),
        result: Ok(Answer { status: 200, headers: Vec::new(), body: "".into() }),
        started: SystemTime::UNIX_EPOCH + Duration::from_micros(1_790_000_000_123_456),
        took: Duration::from_micros(12_500),
    }
}

/// The same with a JSON body each.
fn with_bodies(target: &str, request: &str, answer: &str) -> Exchange {
    let mut exchange = exchange(Method::POST, target);
    exchange.request.headers.push(("Content-Type".to_owned(), "application/scim+json".to_owned()));
    exchange.request.body = Some(request.to_owned().into());
    answer_with(&mut exchange, 200, answer);
    exchange
}

fn answer_with(exchange: &mut Exchange, status: u16, body: &str) {
    let headers = vec![("content-type".to_owned(), "application/scim+json".to_owned())];
    exchange.result = Ok(Answer { status, headers, body: body.to_owned().into() });
}

fn request_body(exchange: &Exchange) -> &str {
    std::str::from_utf8(exchange.request.body.as_deref().unwrap_or_default()).expect("text")
}

fn answer_body(exchange: &Exchange) -> &str {
    std::str::from_utf8(&exchange.result.as_ref().expect("an answer").body).expect("text")
}

fn entry(exchange: Exchange) -> Entry {
    Entry {
        place: Place::Entry(1),
        exchange,
        pause: Duration::ZERO,
        assertions: Vec::new(),
        captures: Vec::new(),
    }
}
