//! JSON Lines: logs with one exchange on each line, in the spellings of `spellings`. Lines that describe no exchange
//! are left out; what a line does not say is not made up.

use std::io::Read;
use std::ops::ControlFlow;

use bytes::Bytes;
use serde_json::Value;

use crate::exchange::Answer;

use super::super::{Format, Place, Source};
use super::address::{NO_HOST, as_on_the_wire, as_value};
use super::draft::{self, Draft, has_no_body, header};
use super::error::ReadError;
use super::flow::Flow;
use super::notes::Kind;
use super::scan::{Scanner, Taken};
use super::shape::{self, Shape};
use super::spellings::{
    ANSWER_BODY, ANSWER_CONTENT_TYPE, ANSWER_HEADERS, BODY, CONTENT_TYPE, HEADERS, HOST, METHOD, QUERY,
    REQUEST, RESPONSE, STATUS, TIME, TOOK, URL, USER_AGENT, WRAPPED, find,
};
use super::{har, ngrok};

/// So many lines of the beginning are looked at.
const LOOKED_AT: usize = 100;

/// Whether a file that begins so has an exchange on each line. Other lines may stand among them, but a JSON document
/// over several lines is none, even if one of its lines happens to look like an exchange.
pub(super) fn begin(start: &[u8]) -> bool {
    let mut lines =
        start.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let Some(first) = lines.next() else { return false };
    match serde_json::from_slice::<Value>(first) {
        Ok(value) if is_exchange(&value) => return true,
        Ok(Value::Object(_)) => {}
        Ok(_) => return false,
        Err(_) if is_part_of_a_document(first) => return false,
        Err(_) => {}
    }
    lines.take(LOOKED_AT).any(|line| {
        line.starts_with(b"{") && serde_json::from_slice(line).is_ok_and(|value: Value| is_exchange(&value))
    })
}

/// Whether this describes an exchange.
pub(super) fn is_exchange(value: &Value) -> bool {
    if ngrok::is_captured(value) {
        return false;
    }
    let Some(value) = unwrapped(value) else { return false };
    let line = Line::of(&value);
    har::is_entry(&value) || (line.method().is_some() && line.url().is_some())
}

/// Reads line by line; `first` was read already.
pub(super) fn read<R: Read>(
    scanner: &mut Scanner<R>,
    flow: &mut Flow<'_>,
    first: Option<&Value>,
) -> Result<Source, ReadError> {
    let source = Source { format: Format::JsonLines, creator: None, comment: None };
    if let Some(first) = first
        && take(first, Place::Line(1), flow).is_break()
    {
        return Ok(source);
    }
    let limit = flow.options.largest_entry;
    let mut line = Vec::new();
    loop {
        let spot = scanner.spot();
        let place = Place::Line(usize::try_from(spot.line).unwrap_or(usize::MAX));
        let Some(taken) = scanner.line(&mut line, limit)? else { break };
        if taken == Taken::TooLarge {
            flow.leave(Kind::TooLarge(limit), place);
            continue;
        }
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        match shape::read(text, &Shape::Whole, place, spot) {
            Ok(value) => {
                if take(&value, place, flow).is_break() {
                    return Ok(source);
                }
            }
            Err(_) if taken == Taken::CutOff && text.starts_with(b"{") => flow.leave(Kind::CutOff, place),
            Err(_) => flow.leave(Kind::NoExchange, place),
        }
    }
    if flow.has_any() { Ok(source) } else { Err(ReadError::Unknown { what: "a log in JSON" }) }
}

/// Takes what stands on one line.
pub(super) fn take(value: &Value, place: Place, flow: &mut Flow<'_>) -> ControlFlow<()> {
    let Some(value) = unwrapped(value) else {
        flow.leave(Kind::NoExchange, place);
        return ControlFlow::Continue(());
    };
    if har::is_entry(&value) {
        return har::take(&value, place, flow);
    }
    if let Some(draft) = draft(&Line::of(&value), place) {
        return flow.take(draft, false);
    }
    flow.leave(Kind::NoExchange, place);
    ControlFlow::Continue(())
}

/// One line, and the objects in it that hold the parts of either side.
struct Line<'a> {
    all: &'a Value,
    request: Option<&'a Value>,
    response: Option<&'a Value>,
}

impl<'a> Line<'a> {
    fn of(all: &'a Value) -> Self {
        let side = |names, parts: &[&[&str]]| {
            let side = find(all, names).filter(|side| side.is_object() && side.get("schemas").is_none())?;
            parts.iter().any(|part| find(side, part).is_some()).then_some(side)
        };
        // An error without schemas has a status too; with one beside it, it is the body.
        let parts: &[&[&str]] = match find(all, STATUS) {
            Some(_) => &[HEADERS, BODY, ANSWER_BODY],
            None => &[HEADERS, BODY, ANSWER_BODY, STATUS],
        };
        Self { all, request: side(REQUEST, &[METHOD, URL, HEADERS, BODY]), response: side(RESPONSE, parts) }
    }

    /// A part of the request: of its own object first.
    fn asked(&self, names: &[&str]) -> Option<&'a Value> {
        self.request.and_then(|request| find(request, names)).or_else(|| find(self.all, names))
    }

    fn method(&self) -> Option<http::Method> {
        self.asked(METHOD).and_then(Value::as_str).and_then(|text| draft::method(text.trim()))
    }

    fn url(&self) -> Option<&'a str> {
        let url = self.asked(URL).and_then(Value::as_str).map(str::trim)?;
        (url.starts_with('/') || url.contains("://")).then_some(url)
    }

    fn request_headers(&self) -> Vec<(String, String)> {
        let mut headers = self.asked(HEADERS).map(headers).unwrap_or_default();
        for (name, names) in [("User-Agent", USER_AGENT), ("Content-Type", CONTENT_TYPE)] {
            if let Some(value) = self.asked(names).and_then(Value::as_str)
                && header(&headers, name).is_none()
            {
                headers.push((name.to_owned(), value.to_owned()));
            }
        }
        headers
    }

    fn request_body(&self) -> Option<Bytes> {
        let body = match self.request {
            Some(request) => find(request, BODY).or_else(|| find(self.all, &BODY[1..])),
            None => find(self.all, BODY).or_else(|| find(self.all, REQUEST)),
        };
        body.and_then(bytes).filter(|body| !body.is_empty())
    }

    fn status(&self) -> Option<f64> {
        let of = |value: &Value| match find(value, STATUS)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.split_whitespace().next()?.parse().ok(),
            _ => None,
        };
        self.response.and_then(of).or_else(|| of(self.all))
    }

    fn answer_headers(&self) -> Vec<(String, String)> {
        let own = self.response.and_then(|response| find(response, HEADERS));
        let mut headers = own.or_else(|| find(self.all, ANSWER_HEADERS)).map(headers).unwrap_or_default();
        let alone = self.response.and_then(|response| find(response, CONTENT_TYPE));
        if let Some(value) = alone.or_else(|| find(self.all, ANSWER_CONTENT_TYPE)).and_then(Value::as_str)
            && header(&headers, "content-type").is_none()
        {
            headers.push(("Content-Type".to_owned(), value.to_owned()));
        }
        headers
    }

    /// None: the line does not say.
    fn answer_body(&self) -> Option<Bytes> {
        let body = match self.response {
            Some(response) => find(response, BODY).or_else(|| find(response, ANSWER_BODY)),
            None => find(self.all, RESPONSE),
        };
        body.or_else(|| find(self.all, ANSWER_BODY)).and_then(bytes)
    }
}

/// The line that stands as text in another.
fn unwrapped(value: &Value) -> Option<std::borrow::Cow<'_, Value>> {
    match find(value, WRAPPED) {
        Some(Value::String(text)) if find(value, METHOD).is_none() => {
            serde_json::from_str(text).ok().map(std::borrow::Cow::Owned)
        }
        _ => Some(std::borrow::Cow::Borrowed(value)),
    }
}

fn draft(line: &Line<'_>, place: Place) -> Option<Draft> {
    let headers = line.request_headers();
    let url = url(line, &headers)?;
    let mut draft = Draft::new(place, line.method()?, url);
    if draft.url.contains(NO_HOST) {
        draft.notes.push(Kind::NoHost);
    }
    draft.headers = headers;
    draft.body = line.request_body();
    draft.started = line.asked(TIME).and_then(|time| match time {
        Value::Number(number) => number.as_f64().and_then(draft::epoch),
        Value::String(text) => draft::time(text).or_else(|| draft::epoch(text.trim().parse().ok()?)),
        _ => None,
    });
    draft.took = find(line.all, TOOK)
        .and_then(|took| match took {
            Value::Number(number) => number.as_f64().and_then(|ms| draft::seconds(ms / 1e3)),
            Value::String(text) => draft::duration(text)
                .or_else(|| text.trim().parse().ok().and_then(|ms: f64| draft::seconds(ms / 1e3))),
            _ => None,
        })
        .unwrap_or_default();
    answer(line, &mut draft);
    Some(draft)
}

/// With the host, if the line names one.
fn url(line: &Line<'_>, headers: &[(String, String)]) -> Option<String> {
    let mut url = line.url()?.to_owned();
    if !url.contains('?') {
        match line.asked(QUERY) {
            Some(Value::String(query)) if !query.is_empty() => {
                url.push('?');
                url.push_str(query.trim_start_matches('?'));
            }
            Some(Value::Object(query)) => {
                for (index, (name, value)) in query.iter().enumerate() {
                    let value = match value {
                        Value::String(text) => as_value(text),
                        other => as_value(&other.to_string()),
                    };
                    url.push(if index == 0 { '?' } else { '&' });
                    url.push_str(&as_value(name));
                    url.push('=');
                    url.push_str(&value);
                }
            }
            _ => {}
        }
    }
    if !url.starts_with('/') {
        return Some(as_on_the_wire(&url));
    }
    let host = line.asked(HOST).and_then(Value::as_str).or_else(|| header(headers, "host"));
    let host = host.map(str::trim).filter(|host| !host.is_empty() && !host.contains(['/', ' ', '@']));
    let scheme = header(headers, "x-forwarded-proto").filter(|scheme| matches!(*scheme, "http" | "https"));
    Some(format!("{}://{}{}", scheme.unwrap_or("http"), host.unwrap_or(NO_HOST), as_on_the_wire(&url)))
}

fn answer(line: &Line<'_>, draft: &mut Draft) {
    let Some(status) = line.status() else { return };
    if !(100.0..1000.0).contains(&status) {
        draft.result = Err(draft::broken(None));
        return;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 100 and 999")]
    let status = status as u16;
    let headers = line.answer_headers();
    let empty = || has_no_body(&draft.method, status).then(Bytes::new);
    match line.answer_body().or_else(empty) {
        Some(body) => draft.result = Ok(Answer { status, headers, body }),
        // Many logs leave bodies out. An answer without its body would be taken for an empty one.
        None => draft.lose_answer(&headers, Kind::AnswerBody),
    }
}

fn bytes(value: &Value) -> Option<Bytes> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone().into()),
        other => Some(other.to_string().into()),
    }
}

fn headers(value: &Value) -> Vec<(String, String)> {
    let mut list = Vec::new();
    let mut add = |name: &str, value: &Value| {
        for value in value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice) {
            match value {
                Value::String(text) => list.push((name.to_owned(), text.clone())),
                Value::Number(_) | Value::Bool(_) => list.push((name.to_owned(), value.to_string())),
                _ => {}
            }
        }
    };
    match value {
        Value::Object(headers) => headers.iter().for_each(|(name, value)| add(name, value)),
        Value::Array(headers) => {
            for header in headers {
                let (name, value) = match header {
                    Value::Object(_) => {
                        (header.get("name").or_else(|| header.get("key")), header.get("value"))
                    }
                    _ => (header.get(0), header.get(1)),
                };
                if let (Some(Value::String(name)), Some(value)) = (name, value) {
                    add(name, value);
                }
            }
        }
        _ => {}
    }
    list.retain(|(name, _)| !name.is_empty() && !name.starts_with(':'));
    list
}

/// Begins a JSON document over several lines.
fn is_part_of_a_document(line: &[u8]) -> bool {
    line.starts_with(b"{\"log\"")
        || matches!(line.first(), Some(b'{' | b'[')) && matches!(line.last(), Some(b'{' | b'[' | b',' | b':'))
}
