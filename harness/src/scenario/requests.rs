//! Plain requests of a scenario and what may come back: the part of the model that speaks HTTP. What is sent and how it
//! is compared is the runner's.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use http::Method;
use serde_json_path::JsonPath;

use crate::json::pattern::PatternTemplate;
use crate::json::template::{Reference, Template, Text};
use crate::judge::Verdict;

/// A plain request and what may come back.
#[derive(Debug, Clone)]
pub struct RequestStep {
    /// The request.
    pub request: RequestTemplate,
    /// Other requests that are sent together with it.
    pub beside: Vec<RequestTemplate>,
    /// How often it is sent.
    pub repeat: Repeat,
    /// A read-back afterwards.
    pub after: Option<RequestTemplate>,
    /// What is right.
    pub judged: Judged,
    /// What is kept of the answer, under which name.
    pub keep: Vec<Keep>,
    /// Whether a 429 is waited for; where it is not, it is an answer like others.
    pub waits: bool,
}

/// How often a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Once.
    Once,
    /// So many times, all at once.
    AtOnce(u32),
    /// So many times, one after the other as far as it can be seen; `${n}` counts.
    Times(u32),
}

/// A list that is read page after page; judged like an answer that has all of it.
#[derive(Debug, Clone)]
pub struct WalkStep {
    /// The request for the first page, without the place in the list.
    pub request: RequestTemplate,
    /// How it goes on.
    pub by: WalkBy,
    /// This many pages at most.
    pub most: u32,
    /// What is right.
    pub judged: Judged,
    /// What is kept of the whole.
    pub keep: Vec<Keep>,
}

/// How a walk gets to the next page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalkBy {
    /// `startIndex` (RFC 7644, section 3.4.2.4).
    Index,
    /// `cursor` (RFC 9865, section 2).
    Cursor,
}

/// A request whose names are not filled in yet.
#[derive(Debug, Clone)]
pub struct RequestTemplate {
    /// The method.
    pub method: Method,
    /// Where to.
    pub target: RequestTarget,
    /// Headers beyond the usual ones; one that is filled with nothing is not sent.
    pub headers: Vec<(String, Text)>,
    /// The body.
    pub body: Body,
    /// Who sends it.
    pub sender: Sender,
    /// Whether a body that lacks what the target's schema requires is completed.
    pub fill: bool,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestTarget {
    /// Path and query below the base URL; what is not allowed in a URL is encoded when it is sent.
    Below(Text),
    /// A whole URL that an earlier answer gave, e.g. its `meta.location`. Followed below the base URL only.
    Given(Text),
}

/// What is sent along.
#[derive(Debug, Clone)]
pub enum Body {
    /// Nothing.
    Nothing,
    /// JSON.
    Json(Template),
    /// Any text, sent as `application/scim+json` all the same.
    Text(Text),
}

/// Who sends a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sender {
    /// Whom the target knows: its own credentials.
    Own,
    /// Nobody: no `Authorization` header at all.
    Nobody,
    /// Somebody with a token that is none of the target's.
    WrongToken,
    /// The second tenant, with its own valid token.
    OtherTenant,
    /// A person of the scenario, with what they show of who they are, by each way that has something to show.
    Person(String),
}

/// What makes an answer right.
#[derive(Debug, Clone)]
pub enum Judged {
    /// Nothing is asked.
    Nothing,
    /// One right answer.
    Expect(Box<AnswerPattern>, Option<Box<AnswerPattern>>),
    /// Of several requests: how many answers of which status, and what is there afterwards.
    Tally(Tally, Option<Box<AnswerPattern>>),
    /// Named alternatives, tried in order.
    Outcomes(Vec<Outcome>),
}

/// How many answers of which status; no status belongs to two entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally(pub Vec<(Statuses, u32)>);

/// Alternatives for a status: `200`, `2xx`, `200|204`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statuses(Vec<Status>);

/// What an answer must look like.
#[derive(Debug, Clone, Default)]
pub struct AnswerPattern {
    /// One of these; empty: any.
    pub status: Vec<u16>,
    /// The body, a pattern.
    pub json: Option<PatternTemplate>,
    /// Headers, each a pattern over the value as a string.
    pub headers: Vec<(String, PatternTemplate)>,
}

/// One thing a target may do where several are possible.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its slug.
    pub name: String,
    /// What the answer must look like.
    pub answer: AnswerPattern,
    /// What the read-back must look like.
    pub after: Option<AnswerPattern>,
    /// What it is worth, by profile.
    pub verdict: OutcomeVerdict,
    /// The contested point.
    pub because: Option<String>,
}

/// The worth of an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutcomeVerdict {
    /// The same everywhere.
    Always(Verdict),
    /// By profile; `base` for those not named.
    ByProfile(BTreeMap<String, Verdict>),
}

/// Part of an answer, kept under a name.
#[derive(Debug, Clone)]
pub struct Keep {
    /// The name, or `PERSON.id` to bind a person to what the answer names.
    pub name: String,
    /// Which part.
    pub part: Kept,
}

/// A part of an answer.
#[derive(Debug, Clone)]
pub enum Kept {
    /// Of the body.
    Body(JsonPath),
    /// The header of that name.
    Header(String),
}

/// A text that is no status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no status")]
pub struct NoStatus(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Exactly(u16),
    Class(u16),
}

impl RequestStep {
    /// The requests that are sent together, the read-back not counted.
    pub fn requests(&self) -> impl Iterator<Item = &RequestTemplate> {
        std::iter::once(&self.request).chain(&self.beside)
    }

    /// How many requests are sent, the read-back not counted.
    pub fn count(&self) -> u32 {
        let main = match self.repeat {
            Repeat::Once => 1,
            Repeat::AtOnce(number) | Repeat::Times(number) => number,
        };
        main + u32::try_from(self.beside.len()).unwrap_or(u32::MAX)
    }

    /// Every name that it uses.
    pub fn references(&self) -> Vec<Reference> {
        let sent = self.requests().chain(&self.after).flat_map(RequestTemplate::references);
        sent.chain(self.judged.references()).collect()
    }
}

impl WalkStep {
    /// Every name that it uses.
    pub fn references(&self) -> Vec<Reference> {
        self.request.references().into_iter().chain(self.judged.references()).collect()
    }
}

impl RequestTemplate {
    /// Whether it changes nothing (RFC 9110, section 9.2.1), so that it may be sent again.
    pub fn is_safe(&self) -> bool {
        self.method.is_safe()
    }

    fn references(&self) -> Vec<Reference> {
        let (RequestTarget::Below(target) | RequestTarget::Given(target)) = &self.target;
        let mut all: Vec<Reference> = target.references().cloned().collect();
        all.extend(self.headers.iter().flat_map(|(_, text)| text.references().cloned()));
        match &self.body {
            Body::Nothing => {}
            Body::Json(json) => all.extend(json.references()),
            Body::Text(text) => all.extend(text.references().cloned()),
        }
        all
    }
}

impl Judged {
    /// Every name that it uses.
    pub fn references(&self) -> Vec<Reference> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Expect(answer, after) => {
                answer.references().chain(after.iter().flat_map(|after| after.references())).collect()
            }
            Self::Tally(_, after) => after.iter().flat_map(|after| after.references()).collect(),
            Self::Outcomes(outcomes) => outcomes
                .iter()
                .flat_map(|outcome| std::iter::once(&outcome.answer).chain(&outcome.after))
                .flat_map(AnswerPattern::references)
                .collect(),
        }
    }
}

impl AnswerPattern {
    fn references(&self) -> impl Iterator<Item = Reference> {
        let patterns = self.json.iter().chain(self.headers.iter().map(|(_, pattern)| pattern));
        patterns.flat_map(PatternTemplate::references)
    }
}

impl Sender {
    /// The word of the scenario file; none for the usual one.
    pub fn word(&self) -> Option<&str> {
        match self {
            Self::Own => None,
            Self::Nobody => Some("nobody"),
            Self::WrongToken => Some("wrong-token"),
            Self::OtherTenant => Some("other-tenant"),
            Self::Person(name) => Some(name),
        }
    }
}

impl Statuses {
    /// Whether a status is one of them.
    pub fn hold(&self, status: u16) -> bool {
        self.0.iter().any(|known| match *known {
            Status::Exactly(exactly) => exactly == status,
            Status::Class(class) => status / 100 == class,
        })
    }

    /// Whether some status is one of both.
    pub fn overlap(&self, other: &Self) -> bool {
        (100..1000).any(|status| self.hold(status) && other.hold(status))
    }
}

impl OutcomeVerdict {
    /// The verdict under a profile and those it extends, nearest first.
    pub fn under(&self, lineage: &[String]) -> Verdict {
        match self {
            Self::Always(verdict) => *verdict,
            Self::ByProfile(by) => lineage
                .iter()
                .find_map(|profile| by.get(profile))
                .or_else(|| by.get("base"))
                .copied()
                .unwrap_or(Verdict::Info),
        }
    }
}

impl FromStr for Statuses {
    type Err = NoStatus;

    fn from_str(text: &str) -> Result<Self, NoStatus> {
        let one = |text: &str| {
            if let Some(class) = text.strip_suffix("xx") {
                return class.parse().ok().filter(|class| (1..=5).contains(class)).map(Status::Class);
            }
            text.parse().ok().filter(|status| (100..=999).contains(status)).map(Status::Exactly)
        };
        let all = text.split('|').map(|part| one(part.trim()).ok_or_else(|| NoStatus(text.to_owned())));
        Ok(Self(all.collect::<Result<_, _>>()?))
    }
}

impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, status) in self.0.iter().enumerate() {
            let or = if i > 0 { " or " } else { "" };
            match status {
                Status::Exactly(status) => write!(f, "{or}{status}")?,
                Status::Class(class) => write!(f, "{or}{class}xx")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (statuses, count)) in self.0.iter().enumerate() {
            write!(f, "{}{count} x {statuses}", if i > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for RequestTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Below(text) | Self::Given(text)) = self;
        text.fmt(f)
    }
}
