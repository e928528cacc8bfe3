//! The reader against small files of each program's shape, damaged and hostile ones, and the bounds of its memory.
//! Every secret in the files has `s3cret` in it.

mod bases;
mod damaged;
mod formats;
mod hostile;

use crate::exchange::Destination;

use super::super::{Entry, Recording};
use super::{ReadError, ReadOptions, collect};

const MITMPROXY: &[u8] = include_bytes!("files/mitmproxy.har");
const CHROMIUM: &[u8] = include_bytes!("files/chromium.har");
const FIDDLER: &[u8] = include_bytes!("files/fiddler.har");
const CHARLES: &[u8] = include_bytes!("files/charles.har");
const NGROK: &[u8] = include_bytes!("files/ngrok.json");
const LINES: &[u8] = include_bytes!("files/server.jsonl");
const RUNSCOPE: &[u8] = include_bytes!("files/runscope.json");
const POSTMAN: &[u8] = include_bytes!("files/postman.json");
const ALL: [&[u8]; 8] = [MITMPROXY, CHROMIUM, FIDDLER, CHARLES, NGROK, LINES, RUNSCOPE, POSTMAN];

fn attempt(file: &[u8]) -> Result<Recording, ReadError> {
    collect(file, &ReadOptions::default())
}

fn recording(file: &[u8]) -> Recording {
    attempt(file).unwrap()
}

/// One line for each exchange: where, the pause in milliseconds, what was sent, what became of it.
fn story(recording: &Recording) -> Vec<String> {
    recording.entries.iter().map(line).collect()
}

fn line(entry: &Entry) -> String {
    let exchange = &entry.exchange;
    let Destination::Scim(target) = &exchange.request.to else { return "elsewhere".to_owned() };
    assert!(exchange.url.ends_with(target.as_str()), "{target} is not the end of {}", exchange.url);
    let result = match &exchange.result {
        Ok(answer) => answer.status.to_string(),
        Err(broken) => broken.to_string(),
    };
    format!(
        "{}, after {}: {} {target}: {result}",
        entry.place,
        entry.pause.as_millis(),
        exchange.request.method
    )
}

fn notes(recording: &Recording) -> Vec<String> {
    recording.left_out.iter().map(ToString::to_string).collect()
}

fn base(recording: &Recording) -> Option<&str> {
    recording.base.as_ref().map(url::Url::as_str)
}

/// A HAR file with these entries: method, URL, media type and body of the answer.
fn har(entries: &[(&str, &str, &str, &str)]) -> Vec<u8> {
    let entries: Vec<_> = entries
        .iter()
        .map(|(method, url, media_type, body)| {
            serde_json::json!({
                "request": {"method": method, "url": url, "headers": []},
                "response": {
                    "status": 200,
                    "headers": [{"name": "Content-Type", "value": media_type}],
                    "content": {"size": body.len(), "text": body},
                },
            })
        })
        .collect();
    serde_json::to_vec(&serde_json::json!({"log": {"entries": entries}})).unwrap()
}
