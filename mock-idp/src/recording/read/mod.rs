//! Reads recordings that other programs wrote. The kind of file is found by its content, one file for each; what they
//! share is in `flow` (from an exchange to the caller), `sieve` (what is SCIM, and below which base), `clean`
//! (credentials are dropped), `scan` and `shape` (JSON in bounded memory).
//!
//! A file is hostile until proven otherwise: nothing of it is executed or fetched, no error or note repeats what may
//! be a secret, and memory is bounded by [`ReadOptions`], whatever the file says.

mod address;
mod clean;
mod document;
mod draft;
mod error;
mod flow;
mod foreign;
mod har;
mod lines;
mod message;
mod ngrok;
mod notes;
mod postman;
mod runscope;
mod scan;
mod shape;
mod sieve;
mod spellings;
#[cfg(test)]
mod tests;
mod variables;

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::SystemTime;

use bytes::Bytes;
use url::Url;

use super::{Entry, Note, Recording, Source};
use flow::Flow;
use notes::{Kind, Tally};

pub use address::NO_HOST;
pub use error::{ReadError, Spot};

/// How to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOptions {
    /// The SCIM base URL: requests elsewhere are left out. None: it is found from the requests and their answers.
    pub base: Option<Url>,
    /// How many bytes one entry, line or suite may take in the file, and a body after decompression; a larger entry
    /// or line is left out.
    pub largest_entry: usize,
    /// How many bytes of exchanges may be in memory where they are collected: by [`open`], and by [`read`] for what
    /// ngrok's inspector says, since that has the newest first.
    pub budget: usize,
}

impl Default for ReadOptions {
    /// The base is found, 64 MiB an entry, 256 MiB of exchanges.
    fn default() -> Self {
        Self { base: None, largest_entry: 64 << 20, budget: 256 << 20 }
    }
}

/// What comes out of a file, one by one.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are entries, and none is kept")]
pub enum Item {
    /// An exchange that speaks SCIM, in the order of the file.
    Entry(Entry),
    /// What was left out, and why; these come last, one for each reason.
    LeftOut(Note),
}

/// Reads a recording and gives it out as it goes, in memory bounded by `options.largest_entry`, however large it is.
/// What comes before the base is known is held back, at most 16 MiB of it. The credentials of headers
/// (`Authorization`, `Cookie`, and the like) and of URLs are replaced by `[redacted]`. Reading ends early, and well,
/// where the sink breaks, and where the file breaks off after at least one exchange; a note says so.
pub fn read(
    input: impl Read,
    options: &ReadOptions,
    sink: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Result<Source, ReadError> {
    read_all(input, options, sink).map(|(source, _)| source)
}

/// Reads a recording from a file, all of it, and puts it in the order of time. Refuses one that holds more than
/// `options.budget` bytes of exchanges.
pub fn open(path: &Path, options: &ReadOptions) -> Result<Recording, ReadError> {
    let file = File::open(path)
        .map_err(|why| ReadError::Open { path: path.display().to_string(), why: why.to_string() })?;
    collect(file, options)
}

fn collect(input: impl Read, options: &ReadOptions) -> Result<Recording, ReadError> {
    let mut entries = Vec::new();
    let mut left_out = Vec::new();
    let mut left = options.budget;
    let mut too_much = None;
    let (source, base) = read_all(input, options, &mut |item| {
        match item {
            Item::Entry(entry) => {
                let Some(less) = left.checked_sub(size(&entry)) else {
                    too_much = Some(entry.place);
                    return ControlFlow::Break(());
                };
                left = less;
                entries.push(entry);
            }
            Item::LeftOut(note) => left_out.push(note),
        }
        ControlFlow::Continue(())
    })?;
    if let Some(place) = too_much {
        return Err(ReadError::TooMuch { budget: options.budget, place });
    }
    left_out.extend(put_in_order(&mut entries));
    Ok(Recording { source, base, entries, left_out })
}

fn read_all(
    input: impl Read,
    options: &ReadOptions,
    sink: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Result<(Source, Option<Url>), ReadError> {
    if let Some(base) = &options.base
        && (!matches!(base.scheme(), "http" | "https") || !base.has_host())
    {
        return Err(ReadError::Base);
    }
    let mut flow = Flow::new(options, sink);
    let source = document::read(input, &mut flow)?;
    let base = flow.finish();
    Ok((source, base))
}

fn size(entry: &Entry) -> usize {
    let exchange = &entry.exchange;
    let headers =
        |headers: &[(String, String)]| headers.iter().map(|(n, v)| n.len() + v.len()).sum::<usize>();
    let answer = exchange.result.as_ref().map_or(0, |answer| answer.body.len() + headers(&answer.headers));
    let body = exchange.request.body.as_ref().map_or(0, Bytes::len);
    2 * exchange.url.len() + headers(&exchange.request.headers) + body + answer
}

/// Some recorders write an exchange when it ends, so that a quick one stands before a slow one that began earlier.
/// Only where every exchange has its time is that the better order.
fn put_in_order(entries: &mut [Entry]) -> Option<Note> {
    let start = |entry: &Entry| entry.exchange.started;
    if entries.iter().any(|entry| start(entry) == SystemTime::UNIX_EPOCH) {
        return None;
    }
    let mut tally = Tally::default();
    for pair in entries.windows(2).filter(|pair| start(&pair[1]) < start(&pair[0])) {
        tally.add(Kind::Order, pair[1].place);
    }
    let note = tally.notes().next()?;
    entries.sort_by_key(start);
    let mut ended: Option<SystemTime> = None;
    for entry in entries {
        let started = entry.exchange.started;
        entry.pause = ended.and_then(|ended| started.duration_since(ended).ok()).unwrap_or_default();
        ended = started.checked_add(entry.exchange.took);
    }
    Some(note)
}
