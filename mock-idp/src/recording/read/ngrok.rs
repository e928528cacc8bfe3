//! What the inspector of ngrok's agent answers at `/api/requests/http`: requests and answers as base64 of their bytes
//! on the wire (ngrok's documentation, "Agent API", captured requests). The newest stands first, so all are collected
//! and put in the order of time. Long bodies are cut short by ngrok.

use std::io::Read;
use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use crate::exchange::{Answer, Broken};

use super::super::{Format, Place, Source};
use super::address::{NO_HOST, as_on_the_wire};
use super::draft::{self, Draft, Recorded, decoded, header};
use super::error::ReadError;
use super::flow::Flow;
use super::message;
use super::notes::Kind;
use super::scan::{End, Scanner, Taken};
use super::shape::{self, Shape, number, text};

/// A request or an answer.
const MESSAGE: Shape = Shape::Object(&[
    ("method", Shape::Leaf),
    ("uri", Shape::Leaf),
    ("status_code", Shape::Leaf),
    ("headers", Shape::Whole),
    ("raw", Shape::Leaf),
]);

/// What is read of a captured request.
static CAPTURED: Shape = Shape::Object(&[
    ("start", Shape::Leaf),
    ("duration", Shape::Leaf),
    ("request", MESSAGE),
    ("response", MESSAGE),
]);

/// What is collected before it is given out.
#[derive(Default)]
pub(super) struct Captured {
    drafts: Vec<Draft>,
    size: usize,
}

/// Reads the list of requests, whose bracket comes next.
pub(super) fn requests<R: Read>(
    scanner: &mut Scanner<R>,
    flow: &mut Flow<'_>,
) -> Result<(Captured, End), ReadError> {
    let mut all = Captured::default();
    let limit = flow.options.largest_entry;
    let end = scanner.elements(limit, &mut |number, spot, taken, piece| {
        let place = Place::Entry(number);
        match taken {
            Taken::Whole => {
                all.keep(&shape::read(piece, &CAPTURED, place, spot)?, place, flow)?;
            }
            Taken::TooLarge => flow.leave(Kind::TooLarge(limit), place),
            Taken::CutOff => flow.leave(Kind::CutOff, place),
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((all, end))
}

/// Whether this is a captured request on its own (`/api/requests/http/ID`).
pub(super) fn is_captured(value: &Value) -> bool {
    value.pointer("/request/raw").is_some_and(Value::is_string)
}

impl Captured {
    pub(super) fn is_empty(&self) -> bool {
        self.drafts.is_empty()
    }

    /// Adds a captured request to the others, within the budget.
    pub(super) fn keep(
        &mut self,
        captured: &Value,
        place: Place,
        flow: &mut Flow<'_>,
    ) -> Result<(), ReadError> {
        match draft(captured, place, flow.options.largest_entry) {
            Ok(draft) => {
                self.size += draft.size();
                self.drafts.push(draft);
                let budget = flow.options.budget;
                if self.size > budget {
                    return Err(ReadError::TooMuch { budget, place });
                }
            }
            Err(kind) => flow.leave(kind, place),
        }
        Ok(())
    }

    /// Gives them out, the oldest first.
    pub(super) fn finish(mut self, flow: &mut Flow<'_>) -> Source {
        // The order of the file turned round decides between those of one moment.
        self.drafts.reverse();
        self.drafts.sort_by_key(|draft| draft.started);
        for draft in self.drafts {
            if flow.take(draft, false).is_break() {
                break;
            }
        }
        Source { format: Format::Ngrok, creator: Some("ngrok".to_owned()), comment: None }
    }
}

fn draft(captured: &Value, place: Place, largest: usize) -> Result<Draft, Kind> {
    let request = captured.get("request").ok_or(Kind::NoExchange)?;
    let raw = text(request, "raw").and_then(draft::base64).map(Bytes::from);
    let (method, target, headers, body) = match raw.and_then(|raw| message::read(&raw, |_| true)) {
        Some(message) => {
            (draft::method(&message.first[0]), message.first[1].clone(), message.headers, message.body)
        }
        None => told(request),
    };
    let method = method.ok_or(Kind::NoExchange)?;
    let url = url(&target, &headers).ok_or(Kind::NoExchange)?;
    let mut draft = Draft::new(place, method, url);
    if draft.url.contains(NO_HOST) {
        draft.notes.push(Kind::NoHost);
    }
    match body {
        Recorded::Missing => draft.unusable = Some(Kind::RequestBody),
        Recorded::Body(body) => match decoded(body, header(&headers, "content-encoding"), largest) {
            Ok(body) => draft.body = Some(body).filter(|body| !body.is_empty()),
            Err(coding) => draft.unusable = Some(Kind::Coding(coding)),
        },
    }
    draft.headers = headers;
    draft.started = text(captured, "start").and_then(draft::time);
    // In nanoseconds.
    draft.took =
        number(captured, "duration").and_then(|time| draft::seconds(time / 1e9)).unwrap_or(Duration::ZERO);
    answer(captured.get("response").unwrap_or(&Value::Null), &mut draft, largest);
    Ok(draft)
}

/// Not even the head is complete; what ngrok says of the request is known all the same, except the body.
fn told(request: &Value) -> (Option<Method>, String, Vec<(String, String)>, Recorded) {
    let headers = headers(request);
    let has_body = header(&headers, "content-length").is_some_and(|length| length.trim() != "0")
        || header(&headers, "transfer-encoding").is_some();
    let body = if has_body { Recorded::Missing } else { Recorded::Body(Bytes::new()) };
    let target = text(request, "uri").unwrap_or_default().to_owned();
    (text(request, "method").and_then(draft::method), target, headers, body)
}

/// The public name of the tunnel, which the client asked for, and not the address behind it.
fn url(target: &str, headers: &[(String, String)]) -> Option<String> {
    if target.contains("://") {
        return Some(as_on_the_wire(target));
    }
    let host =
        ["x-original-host", "x-forwarded-host", "host"].into_iter().find_map(|name| header(headers, name));
    let scheme = header(headers, "x-forwarded-proto").unwrap_or("https");
    let first = |list: &str| list.split(',').next().unwrap_or_default().trim().to_owned();
    let target = target.starts_with('/').then_some(target)?;
    Some(as_on_the_wire(&format!("{}://{}{target}", first(scheme), first(host.unwrap_or(NO_HOST)))))
}

fn answer(response: &Value, draft: &mut Draft, largest: usize) {
    let Some(raw) = text(response, "raw").and_then(draft::base64).map(Bytes::from) else { return };
    let status =
        |first: &[String; 3]| first[1].parse::<u16>().ok().filter(|status| (100..1000).contains(status));
    let has_body = |first: &[String; 3]| !status(first).is_some_and(|s| draft::has_no_body(&draft.method, s));
    let Some(message) = message::read(&raw, has_body) else {
        draft.lose_answer(&headers(response), Kind::AnswerBody);
        return;
    };
    let Some(status) = status(&message.first) else {
        draft.result = Err(Broken::Cut("the answer is not HTTP".to_owned()));
        return;
    };
    let headers = message.headers;
    match message.body {
        Recorded::Missing => draft.lose_answer(&headers, Kind::AnswerBody),
        Recorded::Body(body) => match decoded(body, header(&headers, "content-encoding"), largest) {
            Ok(body) => draft.result = Ok(Answer { status, headers, body }),
            Err(coding) => draft.lose_answer(&headers, Kind::Coding(coding)),
        },
    }
}

/// As ngrok lists them: each name with its values.
fn headers(message: &Value) -> Vec<(String, String)> {
    let Some(Value::Object(headers)) = message.get("headers") else { return Vec::new() };
    let mut list = Vec::new();
    for (name, values) in headers {
        for value in values.as_array().map_or(&[][..], Vec::as_slice).iter().filter_map(Value::as_str) {
            list.push((name.clone(), value.to_owned()));
        }
    }
    list
}
