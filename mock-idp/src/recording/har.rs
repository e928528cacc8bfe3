//! HTTP Archive 1.2 out: one exchange after the other, each a line of its own, so that a file of any size is written
//! in little memory and two files compare line by line. What may be written is `redact`'s business; reading is
//! `read`'s.

use std::io::{self, Write};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use super::redact::{REDACTED, is_secret_header};
use super::{Entry, Format, Recording, Source, uri};
use crate::exchange::{Answer, Broken, Exchange, Request};

/// The name under which files say who wrote them.
const CREATOR: &str = "scimspec";

/// Writes a whole recording as a HAR 1.2 file. The exchanges must be [clean](super::redact::Redaction::clean).
pub fn write(recording: &Recording, out: impl Write) -> io::Result<()> {
    let mut writer = Writer::new(out, comment(&recording.source).as_deref())?;
    for entry in &recording.entries {
        writer.entry(entry)?;
    }
    writer.finish().map(drop)
}

/// Writes a HAR 1.2 file exchange by exchange. The file is complete only after [`finish`](Self::finish).
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    first: bool,
}

impl<W: Write> Writer<W> {
    /// Begins the file; `comment` says how the recording was made.
    pub fn new(out: W, comment: Option<&str>) -> io::Result<Self> {
        Self::below(out, &head(comment)?)
    }

    /// Begins the file with a head that was made before.
    pub(super) fn below(mut out: W, head: &[u8]) -> io::Result<Self> {
        // The head is an object: the entries become its last member.
        out.write_all(b"{\"log\":")?;
        out.write_all(head.strip_suffix(b"}").unwrap_or(head))?;
        out.write_all(b",\"entries\":[")?;
        Ok(Self { out, first: true })
    }

    /// Adds an exchange, which must be [clean](super::redact::Redaction::clean).
    pub fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        self.line(&line(entry)?)
    }

    /// Adds an exchange that is text already.
    pub(super) fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.out.write_all(if self.first { b"\n" } else { b",\n" })?;
        self.first = false;
        self.out.write_all(line)
    }

    /// Completes and flushes the file.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(b"\n]}}\n")?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// The log without its entries: one line of JSON.
pub(super) fn head(comment: Option<&str>) -> io::Result<Vec<u8>> {
    let creator = Creator { name: CREATOR, version: env!("CARGO_PKG_VERSION") };
    Ok(serde_json::to_vec(&Head { version: "1.2", creator, comment })?)
}

/// An exchange as one line of JSON, without the line end.
pub(super) fn line(entry: &Entry) -> io::Result<Vec<u8>> {
    let Exchange { request, url, result, started, took, .. } = &entry.exchange;
    let time = took.as_secs_f64() * 1000.0;
    Ok(serde_json::to_vec(&EntryOut {
        started_date_time: iso8601(*started),
        time,
        request: request_out(request, url),
        response: match result {
            Ok(answer) => response_out(request, answer),
            Err(broken) => broken_out(broken),
        },
        cache: NoCache {},
        timings: Timings { send: 0.0, wait: time, receive: 0.0 },
    })?)
}

/// How a recording was made, with the program that made it where that is not this one.
fn comment(source: &Source) -> Option<String> {
    let foreign = source.creator.as_deref().filter(|creator| !creator.starts_with(CREATOR));
    let origin = match (foreign, source.format) {
        (Some(creator), format) => Some(format!("Converted from {format} by {creator}")),
        (None, Format::Har) => None,
        (None, format) => Some(format!("Converted from {format}")),
    };
    match (origin, source.comment.as_deref()) {
        (Some(origin), Some(comment)) => Some(format!("{comment} ({origin})")),
        (Some(text), None) => Some(text),
        (None, comment) => comment.map(str::to_owned),
    }
}

fn request_out<'a>(request: &'a Request, url: &'a str) -> RequestOut<'a> {
    let headers = headers_out(&request.headers);
    let content_type = value_of(&headers, "content-type");
    RequestOut {
        method: request.method.as_str(),
        url,
        http_version: "HTTP/1.1",
        cookies: [],
        query_string: uri::parameters(url).map(|(name, value)| OwnedPair { name, value }).collect(),
        post_data: request.body.as_deref().map(|body| {
            let (text, encoding) = text(body);
            PostData { mime_type: content_type.to_owned(), text, encoding }
        }),
        headers_size: -1,
        body_size: if request.body.is_none() { 0 } else { declared_length(&headers) },
        headers,
    }
}

fn response_out<'a>(request: &Request, answer: &'a Answer) -> ResponseOut<'a> {
    let headers = headers_out(&answer.headers);
    let (text, encoding) = text(&answer.body);
    // RFC 9110 sections 8.6 and 15.4.5: the length that these name is that of a body which they do not have.
    let without_body = request.method == http::Method::HEAD || matches!(answer.status, 204 | 304);
    ResponseOut {
        status: answer.status,
        status_text: StatusCode::from_u16(answer.status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or(""),
        http_version: "HTTP/1.1",
        cookies: [],
        content: Content {
            size: answer.body.len(),
            mime_type: value_of(&headers, "content-type").to_owned(),
            text: (!answer.body.is_empty()).then_some(text),
            encoding,
        },
        redirect_url: if (300..400).contains(&answer.status) {
            value_of(&headers, "location").to_owned()
        } else {
            String::new()
        },
        headers_size: -1,
        body_size: if without_body { 0 } else { declared_length(&headers) },
        headers,
        error: None,
    }
}

/// As Chromium writes a request without an answer.
fn broken_out<'a>(broken: &Broken) -> ResponseOut<'a> {
    ResponseOut {
        status: 0,
        status_text: "",
        http_version: "",
        cookies: [],
        headers: Vec::new(),
        content: Content { size: 0, mime_type: "x-unknown".to_owned(), text: None, encoding: None },
        redirect_url: String::new(),
        headers_size: -1,
        body_size: -1,
        error: Some(broken.to_string()),
    }
}

/// Names and values as given; a secret that the caller left in a header is not written all the same.
fn headers_out(headers: &[(String, String)]) -> Vec<Pair<'_>> {
    headers
        .iter()
        .map(|(name, value)| {
            let hidden = is_secret_header(name) && !value.is_empty();
            Pair { name, value: if hidden { REDACTED } else { value } }
        })
        .collect()
}

fn value_of<'a>(headers: &[Pair<'a>], name: &str) -> &'a str {
    headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map_or("", |header| header.value)
}

/// How many bytes the body had on the wire, which only its sender can tell: the body in the file may be decompressed
/// and redacted. -1: unknown.
fn declared_length(headers: &[Pair<'_>]) -> i64 {
    value_of(headers, "content-length").parse::<u32>().map_or(-1, i64::from)
}

fn text(body: &[u8]) -> (String, Option<&'static str>) {
    match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => (STANDARD.encode(body), Some("base64")),
    }
}

/// ISO 8601 in UTC with microseconds; a time that the format cannot say becomes the nearest one that it can.
fn iso8601(time: SystemTime) -> String {
    let nearest = if time < SystemTime::UNIX_EPOCH { Timestamp::MIN } else { Timestamp::MAX };
    let timestamp = Timestamp::try_from(time).unwrap_or(nearest);
    timestamp.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

#[derive(Serialize)]
struct Head<'a> {
    version: &'static str,
    creator: Creator,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
}

#[derive(Serialize)]
struct Creator {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryOut<'a> {
    started_date_time: String,
    time: f64,
    request: RequestOut<'a>,
    response: ResponseOut<'a>,
    cache: NoCache,
    timings: Timings,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestOut<'a> {
    method: &'a str,
    url: &'a str,
    http_version: &'static str,
    cookies: [(); 0],
    headers: Vec<Pair<'a>>,
    query_string: Vec<OwnedPair>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<PostData>,
    headers_size: i64,
    body_size: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PostData {
    mime_type: String,
    text: String,
    /// HAR knows `encoding` for answers only; what it does not know begins with an underscore.
    #[serde(rename = "_encoding", skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseOut<'a> {
    status: u16,
    status_text: &'static str,
    http_version: &'static str,
    cookies: [(); 0],
    headers: Vec<Pair<'a>>,
    content: Content,
    #[serde(rename = "redirectURL")]
    redirect_url: String,
    headers_size: i64,
    body_size: i64,
    #[serde(rename = "_error", skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    size: usize,
    mime_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
}

#[derive(Serialize)]
struct Pair<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct OwnedPair {
    name: String,
    value: String,
}

#[derive(Serialize)]
struct NoCache {}

#[derive(Serialize)]
struct Timings {
    send: f64,
    wait: f64,
    receive: f64,
}
