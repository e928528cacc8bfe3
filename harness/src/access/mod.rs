//! Access probes: ways in that the harness can try, so that "blocked" is observed, not believed. What a probe is
//! stands here; how it is tried in `attempt`, what follows for a person in `ways`.

pub mod administrator;
mod attempt;
pub mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json_path::JsonPath;

use self::administrator::Administrator;
use crate::json::pattern::{Pattern, PatternError};
use crate::json::template::{Template, TemplateError, Text};

/// All ways in of a target.
#[derive(Debug, Clone, Default)]
pub struct Probes {
    /// How long revocation may take.
    pub within: Duration,
    /// The probes, by name in the order of the file.
    pub probes: Vec<Probe>,
    /// How the application makes an account outside SCIM.
    pub account: Option<Vec<ProbeRequest>>,
    /// What the application's administrator does outside SCIM.
    pub administrator: Administrator,
    /// `${secret.NAME}`.
    pub secrets: BTreeMap<String, SecretString>,
}

/// One way in.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Its name.
    pub name: String,
    /// Whether each try is a new way in or the same one again.
    pub kind: Kind,
    /// Whether the harness saw the door, or was told about it.
    pub evidence: Evidence,
    /// For whom it is.
    pub opens: Opens,
    /// How it is tried.
    pub means: Means,
    /// The headers by which the person shows who they are, in what they ask for themselves; none: this way shows nothing.
    pub speaks: Vec<(String, Text)>,
}

/// For whom a way in is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    /// For everybody who has an account.
    Everybody,
    /// For the members of a group.
    Group,
    /// For who administers the application.
    Administrator,
}

/// Whether each try is a new way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A new way in each time: a sign-in.
    Fresh,
    /// Made once before, tried again and again: a session, a token.
    Held,
}

/// What a reading is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// The door itself was tried.
    Observed,
    /// The application's own word about the account.
    Reported,
}

/// By HTTP or by a command.
#[derive(Debug, Clone)]
pub enum Means {
    /// Requests.
    Http(Box<HttpMeans>),
    /// A command: the person as JSON on standard input; exit 0 allowed, 1 blocked, anything else cannot tell.
    Command(Vec<String>),
}

/// A way in by HTTP.
#[derive(Debug, Clone)]
pub struct HttpMeans {
    /// Sent once for each person, before the first try.
    arrange: Vec<ProbeRequest>,
    /// Sent at each try, in order; the answer of the last decides, unless an earlier one is refused.
    attempt: Vec<ProbeRequest>,
    /// An answer that means: in.
    allowed: Reading,
    /// An answer that means: refused.
    blocked: Reading,
    /// Where the answer names the account, so that the same one can be asked for after reactivation.
    account: Option<JsonPath>,
}

/// A request of a probe.
#[derive(Debug, Clone)]
pub struct ProbeRequest {
    method: Method,
    url: Text,
    headers: Vec<(String, Text)>,
    json: Option<Template>,
    keep: Vec<(String, JsonPath)>,
}

/// What an answer looks like.
#[derive(Debug, Clone)]
pub struct Reading {
    status: Vec<u16>,
    json: Option<Pattern>,
}

/// Why a probe cannot be.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Neither or both means.
    #[error("a probe has either `try` with `allowed` and `blocked`, or `command`")]
    Means,
    /// An empty command.
    #[error("`command` is empty: name the program and its arguments")]
    NoCommand,
    /// A program that is not there.
    #[error("there is no program {path}", path = .0.display())]
    NoProgram(PathBuf),
    /// A request line that is none.
    #[error("{0:?} is not a request: write a method and a URL, as in \"POST https://app.example/login\"")]
    Request(String),
    /// A JSON path that is none.
    #[error("`{0}` is not a JSON path: write `$.token`")]
    Path(String),
    /// A pattern that is none.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A template that is none.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A reading that says nothing.
    #[error("`{0}` says nothing: give it a status or a JSON pattern")]
    EmptyReading(&'static str),
    /// A door for members and for administrators.
    #[error(
        "`group` and `administrator` at once: a door is for the members of a group or for administrators"
    )]
    TwoDoors,
    /// A command that shows who somebody is.
    #[error("`speaks` is made of what `arrange` keeps, and a `command` keeps nothing: give it `try`")]
    SilentCommand,
    /// An act that nothing does.
    #[error("`{0}` does nothing: give it a request, or leave it out")]
    NoRequest(&'static str),
    /// An act that could not be taken back.
    #[error(
        "`promote` and `demote` belong together: whom a run makes an administrator it must be able to take back"
    )]
    OneWay,
}

/// `[access.NAME]` as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawProbe {
    kind: Kind,
    evidence: Option<Evidence>,
    #[serde(default)]
    group: bool,
    #[serde(default)]
    administrator: bool,
    #[serde(default)]
    arrange: Vec<RawRequest>,
    #[serde(default)]
    speaks: BTreeMap<String, String>,
    r#try: Option<OneOrMore>,
    allowed: Option<RawReading>,
    blocked: Option<RawReading>,
    account: Option<String>,
    command: Option<Vec<String>>,
}

/// `[account]` as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAccount {
    arrange: Vec<RawRequest>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(RawRequest),
    More(Vec<RawRequest>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRequest {
    request: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json: Option<serde_json::Value>,
    #[serde(default)]
    keep: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReading {
    status: Option<StatusList>,
    json: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum StatusList {
    One(u16),
    AnyOf(Vec<u16>),
}

impl Probe {
    /// Reads a probe. A command that is named by a relative path is looked for in `beside`, the folder of the
    /// configuration; a bare name is looked for where the system looks.
    pub fn new(name: &str, raw: RawProbe, beside: &Path) -> Result<Self, ProbeError> {
        let opens = match (raw.group, raw.administrator) {
            (false, false) => Opens::Everybody,
            (true, false) => Opens::Group,
            (false, true) => Opens::Administrator,
            (true, true) => return Err(ProbeError::TwoDoors),
        };
        if raw.command.is_some() && !raw.speaks.is_empty() {
            return Err(ProbeError::SilentCommand);
        }
        let speaks = texts(&raw.speaks)?;
        let means = match (raw.command, raw.r#try) {
            (Some(command), None) if !command.is_empty() => Means::Command(found(command, beside)?),
            (Some(_), None) => return Err(ProbeError::NoCommand),
            (None, Some(attempt)) => {
                let (Some(allowed), Some(blocked)) = (raw.allowed, raw.blocked) else {
                    return Err(ProbeError::Means);
                };
                let attempt = match attempt {
                    OneOrMore::One(one) => vec![one],
                    OneOrMore::More(more) => more,
                };
                if attempt.is_empty() {
                    return Err(ProbeError::Means);
                }
                Means::Http(Box::new(HttpMeans {
                    arrange: requests(raw.arrange)?,
                    attempt: requests(attempt)?,
                    allowed: allowed.resolve("allowed")?,
                    blocked: blocked.resolve("blocked")?,
                    account: raw.account.map(|path| json_path(&path)).transpose()?,
                }))
            }
            _ => return Err(ProbeError::Means),
        };
        let evidence = raw.evidence.unwrap_or(Evidence::Observed);
        Ok(Self { name: name.to_owned(), kind: raw.kind, evidence, opens, means, speaks })
    }
}

impl RawAccount {
    /// Reads the requests.
    pub fn resolve(self) -> Result<Vec<ProbeRequest>, ProbeError> {
        requests(self.arrange)
    }
}

impl Probe {
    /// What of the person its texts name: `password`, `server.id`. A command is given all that is known.
    pub fn needs_of_person(&self) -> BTreeSet<String> {
        let Means::Http(http) = &self.means else { return BTreeSet::new() };
        let mut names = BTreeSet::new();
        for request in http.arrange.iter().chain(&http.attempt) {
            let json = request.json.iter().flat_map(Template::references);
            let headers = request.headers.iter().flat_map(|(_, text)| text.references());
            let all = request.url.references().chain(headers).cloned().chain(json);
            names.extend(all.filter_map(|reference| Some(reference.0.strip_prefix("person.")?.to_owned())));
        }
        names
    }
}

impl RawRequest {
    fn resolve(self) -> Result<ProbeRequest, ProbeError> {
        let not_a_request = || ProbeError::Request(self.request.clone());
        let (method, url) = self.request.split_once(' ').ok_or_else(not_a_request)?;
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| not_a_request())?;
        let url = url.trim();
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(not_a_request());
        }
        let keep = self.keep.iter().map(|(name, path)| Ok((name.clone(), json_path(path)?)));
        Ok(ProbeRequest {
            method,
            url: Text::parse(url)?,
            headers: texts(&self.headers)?,
            json: self.json.map(Template::new).transpose()?,
            keep: keep.collect::<Result<_, ProbeError>>()?,
        })
    }
}

impl RawReading {
    fn resolve(self, which: &'static str) -> Result<Reading, ProbeError> {
        let status = match self.status {
            None => Vec::new(),
            Some(StatusList::One(one)) => vec![one],
            Some(StatusList::AnyOf(any)) => any,
        };
        let json = self.json.as_ref().map(Pattern::parse).transpose()?;
        if status.is_empty() && json.is_none() {
            return Err(ProbeError::EmptyReading(which));
        }
        Ok(Reading { status, json })
    }
}

impl Probes {
    /// Whether there is a way of that kind that can be tried.
    pub fn any(&self, opens: Opens) -> bool {
        self.probes.iter().any(|probe| probe.opens == opens)
    }

    /// Whether there is a way in that tells which account it leads to.
    pub fn any_tells_account(&self) -> bool {
        let tells = |means: &Means| matches!(means, Means::Http(http) if http.account.is_some());
        self.probes.iter().any(|probe| probe.opens == Opens::Everybody && tells(&probe.means))
    }

    /// Whether there is a way by which a person can show who they are in a request of their own.
    pub fn any_speaks(&self) -> bool {
        self.probes.iter().any(|probe| !probe.speaks.is_empty())
    }
}

fn found(mut command: Vec<String>, beside: &Path) -> Result<Vec<String>, ProbeError> {
    if let Some(program) = command.first_mut().filter(|program| program.contains(std::path::MAIN_SEPARATOR)) {
        let path = beside.join(&*program);
        if !path.is_file() {
            return Err(ProbeError::NoProgram(path));
        }
        *program = std::path::absolute(&path).unwrap_or(path).to_string_lossy().into_owned();
    }
    Ok(command)
}

fn requests(raw: Vec<RawRequest>) -> Result<Vec<ProbeRequest>, ProbeError> {
    raw.into_iter().map(RawRequest::resolve).collect()
}

fn texts(named: &BTreeMap<String, String>) -> Result<Vec<(String, Text)>, ProbeError> {
    named.iter().map(|(name, text)| Ok((name.clone(), Text::parse(text)?))).collect()
}

fn json_path(text: &str) -> Result<JsonPath, ProbeError> {
    JsonPath::parse(text).map_err(|_| ProbeError::Path(text.to_owned()))
}
