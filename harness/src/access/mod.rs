//! Access probes: ways in that the harness can try, so that "blocked" is observed, not believed. What a probe is
//! stands here; how it is tried in `attempt`, what follows for a person in `ways`.

mod attempt;
pub mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json_path::JsonPath;

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
    /// Whether it is a door that only a group opens.
    pub group: bool,
    /// How it is tried.
    pub means: Means,
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
    arrange: Vec<RawRequest>,
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
        Ok(Self { name: name.to_owned(), kind: raw.kind, evidence, group: raw.group, means })
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
        let headers = self.headers.iter().map(|(name, value)| Ok((name.clone(), Text::parse(value)?)));
        let keep = self.keep.iter().map(|(name, path)| Ok((name.clone(), json_path(path)?)));
        Ok(ProbeRequest {
            method,
            url: Text::parse(url)?,
            headers: headers.collect::<Result<_, ProbeError>>()?,
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
    /// Whether anything can be tried (ways that only a group opens, or the ordinary ones).
    pub fn any(&self, group: bool) -> bool {
        self.probes.iter().any(|probe| probe.group == group)
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

fn json_path(text: &str) -> Result<JsonPath, ProbeError> {
    JsonPath::parse(text).map_err(|_| ProbeError::Path(text.to_owned()))
}
