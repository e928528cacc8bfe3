//! An exchange as a report shows it: secrets scrubbed, other people's resources elided, long bodies cut, control
//! characters gone. Everything that a report says about the wire comes through here.

use schemars::JsonSchema;
use scimspec_mock_idp::exchange::{Answer, Destination, Exchange, Origin, Request};
use serde::Serialize;
use serde_json::Value;

use crate::runner::names::RunId;
use crate::secrets::Secrets;

/// Longer bodies are cut, in bytes.
const LONGEST_BODY: usize = 4096;

/// One exchange in a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExchangeView {
    /// `idp`, `request`, `probe`, ...
    pub origin: String,
    /// The method.
    pub method: String,
    /// The full URL.
    pub url: String,
    /// The body that was sent.
    pub request_body: Option<String>,
    /// The status that came back; none: there was no answer.
    pub status: Option<u16>,
    /// The media type of the answer.
    pub content_type: Option<String>,
    /// The body that came back.
    pub response_body: Option<String>,
    /// Why there was no answer.
    pub broken: Option<String>,
    /// From sending to the last byte, in milliseconds.
    pub took_ms: u64,
    /// A command line that repeats the request; the token is `$SCIM_TOKEN`.
    pub curl: String,
}

/// What a view needs to know.
#[derive(Debug, Clone)]
pub struct Lens {
    /// What must not be shown.
    pub secrets: Secrets,
    /// Whose resources may be shown.
    pub run: RunId,
}

impl Lens {
    /// Shows an exchange.
    pub fn view(&self, exchange: &Exchange) -> ExchangeView {
        let answer = exchange.result.as_ref().ok();
        ExchangeView {
            origin: origin(exchange.origin).to_owned(),
            method: exchange.request.method.to_string(),
            url: self.text(&exchange.url),
            request_body: exchange.request.body.as_ref().map(|body| self.body(body, true)),
            status: answer.map(|answer| answer.status),
            content_type: answer.and_then(|answer| answer.header("content-type")).map(|kind| self.text(kind)),
            response_body: answer
                .filter(|answer| !answer.body.is_empty())
                .map(|answer| self.answer_body(exchange, answer)),
            broken: exchange.result.as_ref().err().map(|broken| self.text(&broken.to_string())),
            took_ms: u64::try_from(exchange.took.as_millis()).unwrap_or(u64::MAX),
            curl: self.text(&scimspec_mock_idp::exchange::curl(&exchange.request, &base_of(exchange))),
        }
    }

    /// A text of the target, safe to show.
    pub fn text(&self, text: &str) -> String {
        printable(&self.secrets.scrub(text))
    }

    /// The same, with its line breaks.
    pub fn lines(&self, text: &str) -> String {
        printable_lines(&self.secrets.scrub(text))
    }

    /// What a way in answers is the way in itself, a session or a token: never shown.
    fn answer_body(&self, exchange: &Exchange, answer: &Answer) -> String {
        match exchange.origin {
            Origin::Probe => format!("[{} bytes of the application's answer]", answer.body.len()),
            // Schemas and resource types are nobody's data.
            _ => self.body(&answer.body, is_of_discovery(exchange)),
        }
    }

    fn body(&self, bytes: &[u8], ours: bool) -> String {
        let text = match serde_json::from_slice::<Value>(bytes) {
            Ok(mut json) => {
                self.mask(&mut json, ours);
                json.to_string()
            }
            Err(_) => String::from_utf8_lossy(bytes).into_owned(),
        };
        cut(&self.text(&text))
    }

    /// Passwords are masked; in a list, what this run did not make is nobody's business.
    fn mask(&self, json: &mut Value, ours: bool) {
        if let Some(listed) = json.get_mut("Resources").and_then(Value::as_array_mut).filter(|_| !ours) {
            for resource in listed {
                let name =
                    resource.get("userName").or_else(|| resource.get("displayName")).and_then(Value::as_str);
                if !name.is_some_and(|name| self.run.made(name)) {
                    *resource = Value::String("[other]".to_owned());
                }
            }
        }
        mask_passwords(json);
    }
}

fn is_of_discovery(exchange: &Exchange) -> bool {
    let Destination::Scim(target) = &exchange.request.to else { return false };
    let first = target.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default();
    ["Schemas", "ResourceTypes", "ServiceProviderConfig"].iter().any(|name| first.eq_ignore_ascii_case(name))
}

/// Text without what could command a terminal or forge a line: control characters, and the invisible ones that reorder
/// text.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => ' ',
            c if c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}') => {
                '\u{fffd}'
            }
            c => c,
        })
        .collect()
}

/// The same for a message of our own that quotes a target: its line breaks stay.
pub fn printable_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(printable).collect();
    lines.join("\n")
}

fn mask_passwords(json: &mut Value) {
    match json {
        Value::Object(members) => {
            for (name, value) in members {
                if name.to_ascii_lowercase().ends_with("password") && value.is_string() {
                    *value = Value::String("[secret]".to_owned());
                } else {
                    mask_passwords(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask_passwords),
        _ => {}
    }
}

fn cut(text: &str) -> String {
    if text.len() <= LONGEST_BODY {
        return text.to_owned();
    }
    let end = (0..=LONGEST_BODY).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}… [{} bytes in all]", &text[..end], text.len())
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Idp => "idp",
        Origin::Request => "request",
        Origin::Preflight => "preflight",
        Origin::Probe => "probe",
        Origin::Cleanup => "cleanup",
        Origin::Recorded => "recorded",
    }
}

/// The base URL, from where the request went.
fn base_of(exchange: &Exchange) -> String {
    let Request { to: Destination::Scim(target), .. } = &exchange.request else { return String::new() };
    exchange.url.strip_suffix(target.as_str()).unwrap_or(&exchange.url).to_owned()
}
