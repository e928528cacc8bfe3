//! Recordings: what went over the wire between an identity provider and a server, read from a file or about to be
//! written to one. Here are the types that every part speaks; reading, writing, redaction and the words for what
//! happens have files of their own. Nothing here opens a connection.

mod attribute;
pub mod habits;
pub mod har;
pub mod journal;
mod json_text;
pub mod narrate;
mod pseudonyms;
pub mod read;
pub mod rebind;
pub mod redact;
mod uri;

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::exchange::Exchange;

/// The exchanges of one file that speak SCIM, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// Where it comes from.
    pub source: Source,
    /// The SCIM base URL of the recorded server, as the requests show it: everything before `/Users`, `/Groups`,
    /// `/Schemas` and so on. None where no request names one.
    pub base: Option<Url>,
    /// What was recorded.
    pub entries: Vec<Entry>,
    /// What of the file is not in `entries`, and why.
    pub left_out: Vec<Note>,
}

/// Where a recording comes from, as the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The kind of file.
    pub format: Format,
    /// The program that wrote it: `scimspec 0.1.0`, `mitmproxy 11.0`.
    pub creator: Option<String>,
    /// What its author says of it.
    pub comment: Option<String>,
}

/// A kind of file that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// HTTP Archive 1.1 or 1.2: browsers, mitmproxy, Charles, Fiddler, scimspec.
    Har,
    /// One exchange per line, as JSON.
    JsonLines,
    /// What the inspector of ngrok's agent answers (`/api/requests/http`).
    Ngrok,
    /// A Runscope (BlazeMeter) suite of steps and assertions, as Okta publishes them. It has requests and no answers.
    Runscope,
    /// A Postman collection, version 2.0 or 2.1. It has requests, and answers where examples are saved.
    Postman,
}

/// One recorded exchange and what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Where in the file it stands.
    pub place: Place,
    /// What was sent and what came back, with [`Origin::Recorded`](crate::exchange::Origin::Recorded); requests
    /// below the recording's base are [`Destination::Scim`](crate::exchange::Destination::Scim). A file without
    /// answers has [`Broken::NotRecorded`](crate::exchange::Broken::NotRecorded) as the result. The texts of suites
    /// and collections may hold `{{name}}`, in the target, in header values and in the body.
    pub exchange: Exchange,
    /// How long the client waited before it sent this, counted from the end of the exchange before; zero where
    /// nothing tells.
    pub pause: Duration,
    /// What a suite demands of the answer.
    pub assertions: Vec<Assertion>,
    /// What a suite keeps of the answer under a name, for `{{name}}` in later requests.
    pub captures: Vec<Capture>,
}

/// Where in a file something stands, as a person would look for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// An entry of a HAR file, a step of a suite, a request of a collection or of an inspector: counted from 1.
    Entry(usize),
    /// A line, counted from 1.
    Line(usize),
    /// The file as a whole.
    File,
}

/// Something about a file that its reader should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub place: Place,
    /// What, in a sentence without the full stop.
    pub what: String,
}

/// Something of an answer that a suite names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The status code.
    Status,
    /// A value in the body, in the spelling of the suites: `Resources[0].name.familyName`; empty: all of it.
    Json(String),
    /// The time in milliseconds until the answer was there.
    Time,
    /// A header.
    Header(String),
}

/// What a suite demands of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Assertion {
    /// Of what.
    pub part: Part,
    /// How it compares.
    pub comparison: Comparison,
    /// With what; `{{name}}` in it is filled in. Null where the comparison needs nothing.
    pub value: Value,
}

/// How a suite compares (the comparisons that Okta's suites use, and their opposites).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// The same text.
    Equal,
    /// Another text.
    NotEqual,
    /// The same number.
    EqualNumber,
    /// There is something.
    NotEmpty,
    /// There is nothing.
    Empty,
    /// A list that has this value.
    HasValue,
    /// Text that contains this, or a list that does.
    Contains,
    /// A number.
    IsNumber,
    /// A smaller number.
    LessThan,
    /// A larger number.
    GreaterThan,
}

/// A name for a part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The name, without braces.
    pub name: String,
    /// Of what.
    pub part: Part,
}

impl Recording {
    /// The exchanges alone.
    pub fn exchanges(&self) -> impl Iterator<Item = &Exchange> {
        self.entries.iter().map(|entry| &entry.exchange)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Har => "HAR",
            Self::JsonLines => "JSON Lines",
            Self::Ngrok => "ngrok's inspector",
            Self::Runscope => "a Runscope suite",
            Self::Postman => "a Postman collection",
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(number) => write!(f, "entry {number}"),
            Self::Line(number) => write!(f, "line {number}"),
            Self::File => f.write_str("the file"),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}
