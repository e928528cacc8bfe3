//! HTTP Archive 1.1 and 1.2, as browsers, mitmproxy, Charles, Fiddler and scimspec write it. Members that begin with
//! an underscore are the writers' own; those that are read are Chromium's `_error` and `_resourceType`.

use std::io::Read;
use std::ops::ControlFlow;

use bytes::Bytes;
use serde_json::Value;

use crate::exchange::Answer;

use super::super::{Format, Place, Source};
use super::address::{as_on_the_wire, as_value};
use super::document::end_of;
use super::draft::{self, Draft, Recorded, header};
use super::error::ReadError;
use super::flow::Flow;
use super::notes::{Kind, printable};
use super::scan::{End, Scanner, Taken};
use super::shape::{self, Shape, list, number, text};

/// The largest creator or comment that is read.
const LARGEST_WORDS: usize = 64 << 10;

/// So many characters of a comment are kept.
const LONGEST_COMMENT: usize = 2_000;

const NAME_AND_VALUE: Shape = Shape::Object(&[("name", Shape::Leaf), ("value", Shape::Leaf)]);

/// What is read of an entry.
static ENTRY: Shape = Shape::Object(&[
    ("startedDateTime", Shape::Leaf),
    ("time", Shape::Leaf),
    ("_resourceType", Shape::Leaf),
    (
        "request",
        Shape::Object(&[
            ("method", Shape::Leaf),
            ("url", Shape::Leaf),
            ("headers", Shape::List(&NAME_AND_VALUE)),
            ("bodySize", Shape::Leaf),
            (
                "postData",
                Shape::Object(&[
                    ("mimeType", Shape::Leaf),
                    ("text", Shape::Leaf),
                    ("encoding", Shape::Leaf),
                    ("_encoding", Shape::Leaf),
                    ("params", Shape::List(&NAME_AND_VALUE)),
                ]),
            ),
        ]),
    ),
    (
        "response",
        Shape::Object(&[
            ("status", Shape::Leaf),
            ("statusText", Shape::Leaf),
            ("headers", Shape::List(&NAME_AND_VALUE)),
            ("bodySize", Shape::Leaf),
            ("_error", Shape::Leaf),
            (
                "content",
                Shape::Object(&[("size", Shape::Leaf), ("text", Shape::Leaf), ("encoding", Shape::Leaf)]),
            ),
        ]),
    ),
]);

static CREATOR: Shape = Shape::Object(&[("name", Shape::Leaf), ("version", Shape::Leaf)]);

/// What the file says of itself.
#[derive(Default)]
pub(super) struct Log {
    creator: Option<String>,
    comment: Option<String>,
    has_entries: bool,
}

/// Reads the log, whose brace comes next, and gives its entries to `flow`.
pub(super) fn log<R: Read>(scanner: &mut Scanner<R>, flow: &mut Flow<'_>) -> Result<(Log, End), ReadError> {
    let mut log = Log::default();
    let end = scanner.members(&mut |scanner, name| match (name, scanner.peek()?) {
        ("entries", Some(b'[')) => {
            log.has_entries = true;
            entries(scanner, flow)
        }
        ("creator", _) => {
            let creator = words(scanner, &CREATOR)?;
            let part = |name| text(&creator, name).unwrap_or_default().trim();
            let both = format!("{} {}", part("name"), part("version"));
            log.creator = Some(both.trim()).filter(|both| !both.is_empty()).map(|both| printable(both, 100));
            Ok(End::Closed)
        }
        ("comment", _) => {
            let comment = words(scanner, &Shape::Leaf)?;
            let comment = comment.as_str().map(str::trim).filter(|comment| !comment.is_empty());
            log.comment = comment.map(|comment| printable(comment, LONGEST_COMMENT));
            Ok(End::Closed)
        }
        _ => Ok(end_of(scanner.skip()?)),
    })?;
    Ok((log, end))
}

impl Log {
    pub(super) fn source(self) -> Result<Source, ReadError> {
        if !self.has_entries {
            return Err(ReadError::Form {
                place: Place::File,
                what: "its log has no list of entries, which HTTP Archive 1.2 asks for: export it again",
            });
        }
        Ok(Source { format: Format::Har, creator: self.creator, comment: self.comment })
    }
}

/// Whether this is an entry on its own, as a recorder's journal has it on each line.
pub(super) fn is_entry(value: &Value) -> bool {
    value.get("startedDateTime").is_some() && value.get("request").is_some_and(Value::is_object)
}

/// Takes one entry.
pub(super) fn take(entry: &Value, place: Place, flow: &mut Flow<'_>) -> ControlFlow<()> {
    match draft(entry, place) {
        Ok(draft) => flow.take(draft, false),
        Err(kind) => {
            flow.leave(kind, place);
            ControlFlow::Continue(())
        }
    }
}

fn entries<R: Read>(scanner: &mut Scanner<R>, flow: &mut Flow<'_>) -> Result<End, ReadError> {
    let limit = flow.options.largest_entry;
    scanner.elements(limit, &mut |number, spot, taken, piece| {
        let place = Place::Entry(number);
        match taken {
            Taken::Whole => {
                let entry = shape::read(piece, &ENTRY, place, spot)?;
                return Ok(take(&entry, place, flow));
            }
            Taken::TooLarge => flow.leave(Kind::TooLarge(limit), place),
            Taken::CutOff => flow.leave(Kind::CutOff, place),
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// A small value; one that is not JSON, or too large to be what it should be, is null.
fn words<R: Read>(scanner: &mut Scanner<R>, shape: &'static Shape) -> Result<Value, ReadError> {
    let mut piece = Vec::new();
    let spot = scanner.spot();
    match scanner.value(&mut piece, LARGEST_WORDS)? {
        Taken::Whole => shape::read(&piece, shape, Place::File, spot),
        Taken::TooLarge | Taken::CutOff => Ok(Value::Null),
    }
}

fn draft(entry: &Value, place: Place) -> Result<Draft, Kind> {
    let request = entry.get("request").ok_or(Kind::NoExchange)?;
    let method = text(request, "method").and_then(draft::method).ok_or(Kind::NoExchange)?;
    let url = text(request, "url").filter(|url| !url.is_empty()).ok_or(Kind::NoExchange)?;
    if text(entry, "_resourceType") == Some("websocket") {
        return Err(Kind::NoScim);
    }
    let mut draft = Draft::new(place, method, as_on_the_wire(url));
    draft.headers = headers(request);
    match request_body(request, &draft.headers) {
        Recorded::Body(body) => draft.body = Some(body).filter(|body| !body.is_empty()),
        Recorded::Missing => draft.unusable = Some(Kind::RequestBody),
    }
    draft.started = text(entry, "startedDateTime").and_then(draft::time);
    draft.took = number(entry, "time").and_then(|time| draft::seconds(time / 1e3)).unwrap_or_default();
    answer(entry.get("response").unwrap_or(&Value::Null), &mut draft);
    Ok(draft)
}

/// HTTP/2's pseudo headers are no headers (RFC 9113, section 8.3); what they say stands in the URL and the method.
fn headers(message: &Value) -> Vec<(String, String)> {
    list(message, "headers")
        .iter()
        .filter_map(|header| {
            let name = text(header, "name").filter(|name| !name.is_empty() && !name.starts_with(':'))?;
            let value = match header.get("value") {
                Some(Value::String(value)) => value.clone(),
                Some(Value::Number(value)) => value.to_string(),
                Some(Value::Bool(value)) => value.to_string(),
                _ => String::new(),
            };
            Some((name.to_owned(), value))
        })
        .collect()
}

fn request_body(request: &Value, headers: &[(String, String)]) -> Recorded {
    let missing_length = || {
        let declared = header(headers, "content-length").and_then(|length| length.trim().parse::<f64>().ok());
        number(request, "bodySize").into_iter().chain(declared).any(|size| size > 0.0)
    };
    let post_data = request.get("postData").unwrap_or(&Value::Null);
    let encoding = text(post_data, "encoding").or_else(|| text(post_data, "_encoding"));
    match text(post_data, "text") {
        Some(words) if !words.is_empty() => body(words, encoding),
        _ if !list(post_data, "params").is_empty() => {
            let pair = |param: &Value| {
                let part = |name| as_value(text(param, name).unwrap_or_default());
                format!("{}={}", part("name"), part("value"))
            };
            let form: Vec<_> = list(post_data, "params").iter().map(pair).collect();
            Recorded::Body(form.join("&").into())
        }
        _ if missing_length() => Recorded::Missing,
        _ => Recorded::Body(Bytes::new()),
    }
}

fn body(text: &str, encoding: Option<&str>) -> Recorded {
    match encoding {
        Some(encoding) if encoding.eq_ignore_ascii_case("base64") => match draft::base64(text) {
            Some(bytes) => Recorded::Body(bytes.into()),
            None => Recorded::Missing,
        },
        _ => Recorded::Body(text.to_owned().into()),
    }
}

fn answer(response: &Value, draft: &mut Draft) {
    let status = number(response, "status").filter(|status| (100.0..1000.0).contains(status));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 100 and 999")]
    let Some(status) = status.map(|status| status as u16) else {
        let words = text(response, "_error").or_else(|| text(response, "statusText"));
        draft.result = Err(draft::broken(words.filter(|words| !words.trim().is_empty())));
        return;
    };
    let headers = headers(response);
    match answer_body(response, draft, status, &headers) {
        Recorded::Body(body) => draft.result = Ok(Answer { status, headers, body }),
        Recorded::Missing => draft.lose_answer(&headers, Kind::AnswerBody),
    }
}

fn answer_body(response: &Value, draft: &Draft, status: u16, headers: &[(String, String)]) -> Recorded {
    let content = response.get("content").unwrap_or(&Value::Null);
    let size = number(content, "size").unwrap_or(-1.0);
    let words = text(content, "text").unwrap_or_default();
    if words.is_empty() {
        let declared = header(headers, "content-length").and_then(|length| length.trim().parse::<f64>().ok());
        let had_some =
            [Some(size), number(response, "bodySize"), declared].into_iter().flatten().any(|size| size > 0.0);
        return if had_some && !draft::has_no_body(&draft.method, status) {
            Recorded::Missing
        } else {
            Recorded::Body(Bytes::new())
        };
    }
    match body(words, text(content, "encoding")) {
        // Firefox keeps the first megabyte. The size alone does not tell: it may count another encoding's bytes.
        #[expect(clippy::cast_precision_loss, reason = "no body is larger than 2^52 bytes")]
        Recorded::Body(body)
            if (body.len() as f64) < size
                && serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_err() =>
        {
            Recorded::Missing
        }
        other => other,
    }
}
