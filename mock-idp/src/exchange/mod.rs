//! One HTTP request and what became of it: the types that every other part speaks, and the seam ([`Wire`])
//! through which a caller may watch, journal or spoil what is sent. The client itself is in `client`, the command
//! line that repeats a request in `curl`.

mod client;
mod curl;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::Method;
use url::Url;

pub use client::{Client, ClientConfig, ClientError};
pub use curl::curl;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Below the target's base URL: a path that starts with `/`, and the query as it shall stand on the wire,
    /// already percent-encoded. Only these requests carry the target's credentials.
    Scim(String),
    /// Anywhere else (an access probe's sign-in page). Never carries the target's credentials.
    Absolute(Url),
}

/// A request as its author wants it on the wire. Credentials for the target are not part of it: the client adds
/// them, so that no transcript, log or snapshot can show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to.
    pub to: Destination,
    /// In this order, names spelled as given.
    pub headers: Vec<(String, String)>,
    /// The bytes of the body, if there is one.
    pub body: Option<Bytes>,
}

/// A complete answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code, 100 to 999.
    pub status: u16,
    /// In the order received; a value that is not UTF-8 is converted lossily. Names are in lower case as the client
    /// gives them, and as on the wire in a recording.
    pub headers: Vec<(String, String)>,
    /// The body, complete: an answer cut off by a limit is [`Broken`], not an answer. Decompressed if the request
    /// asked for compression; `headers` then still say what was on the wire.
    pub body: Bytes,
}

/// Why there is no complete answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// No connection: refused, no such host, TLS.
    #[error("could not connect: {0}")]
    Connect(String),
    /// No complete answer in time.
    #[error("no complete answer within {0:?}")]
    Timeout(Duration),
    /// The connection ended before the answer was complete, or it was not HTTP.
    #[error("the connection broke: {0}")]
    Cut(String),
    /// The body is larger than the client accepts.
    #[error("the answer's body is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The request could not be made (a header value or URL that HTTP does not allow).
    #[error("the request cannot be sent: {0}")]
    Unsendable(String),
    /// A recording that holds no answer to the request.
    #[error("the recording holds no answer")]
    NotRecorded,
}

/// On whose behalf an exchange happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// A persona's provisioning.
    Idp,
    /// A scenario's plain request.
    Request,
    /// The look at the target before a run.
    Preflight,
    /// An access probe.
    Probe,
    /// Removing what a run made.
    Cleanup,
    /// Read from a recording.
    Recorded,
}

/// One HTTP request, its answer or how it broke, its times and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// On whose behalf.
    pub origin: Origin,
    /// What was sent, without credentials.
    pub request: Request,
    /// The full URL it went to.
    pub url: String,
    /// What came back.
    pub result: Result<Answer, Broken>,
    /// When it was sent.
    pub started: SystemTime,
    /// From sending to the last byte of the answer, or to the failure.
    pub took: Duration,
}

/// Something that carries a request to the target and brings back what became of it. The client is one; `fault`
/// wraps one; the harness wraps one to keep the transcript and the journal.
pub trait Wire: Send + Sync {
    /// Sends `request` and waits for the complete answer or the failure. Never panics, never hangs for ever.
    fn send(&self, origin: Origin, request: Request) -> BoxFuture<'_, Exchange>;
}

impl<W: Wire + ?Sized> Wire for &W {
    fn send(&self, origin: Origin, request: Request) -> BoxFuture<'_, Exchange> {
        (**self).send(origin, request)
    }
}

impl<W: Wire + ?Sized> Wire for Arc<W> {
    fn send(&self, origin: Origin, request: Request) -> BoxFuture<'_, Exchange> {
        (**self).send(origin, request)
    }
}

impl Request {
    /// A request below the target's base URL, without headers and body.
    pub fn scim(method: Method, target: impl Into<String>) -> Self {
        Self { method, to: Destination::Scim(target.into()), headers: Vec::new(), body: None }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same with this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }
}

impl Answer {
    /// The first header of that name, compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The body as JSON, if it is JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scim(target) => f.write_str(target),
            Self::Absolute(url) => write!(f, "{url}"),
        }
    }
}
