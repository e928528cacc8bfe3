//! Tells the exchanges that speak SCIM from the rest of a file, and finds the base URL that they share. What comes
//! before the base is known is held back, within limits.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use url::Url;

use super::address::{Address, decoded, is_endpoint, says_scim, segments};
use super::draft::{Draft, header};
use super::notes::Kind;

/// So many bytes are held back at most until the base is known.
const MOST_HELD: usize = 16 << 20;

/// So many exchanges are.
const MOST_HELD_EXCHANGES: usize = 20_000;

/// So many bases and endpoints are kept in mind.
const MOST_KNOWN: usize = 1_000;

/// Bodies are searched for the words of SCIM, and read for what they say of the base, up to this size.
const SEARCHED: usize = 1 << 20;

/// Longer URLs are none that a server would take (most stop at 8 KiB), and would take long to take apart.
const LONGEST_URL: usize = 64 << 10;

/// What goes on with an exchange.
pub(super) enum Fate {
    /// It speaks SCIM, below the base; the target is what stands after the base.
    Kept(Box<Draft>, String),
    /// It does not.
    Left(Box<Draft>, Kind),
}

/// Sorts exchanges as they come.
pub(super) struct Sieve {
    given: Option<Base>,
    base: Option<Base>,
    /// What stands for the given base in the texts of a suite: `{{name}}`, and perhaps a path.
    alias: Option<Base>,
    held: Vec<Draft>,
    held_bytes: usize,
    /// What may be a base, with how many exchanges say so in their answers, and how many only by their path.
    votes: BTreeMap<Base, (usize, usize)>,
    /// First segments below the base that are endpoints of resource types of the server's own.
    endpoints: BTreeSet<String>,
}

/// The base URL as it compares: the origin in its normal form, and the path without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Base {
    origin: String,
    path: String,
}

/// What an exchange shows of the language that it speaks.
#[derive(Debug, Clone, Copy, Default)]
struct Signs {
    /// Its media types or bodies say SCIM.
    content: bool,
    /// Its path or its client's name does.
    name: bool,
}

impl Sieve {
    /// Finds the base itself unless one is given.
    pub(super) fn new(given: Option<&Url>) -> Self {
        let given = given.map(|url| Base::of(url.as_str()));
        Self {
            base: given.clone(),
            given,
            alias: None,
            held: Vec::new(),
            held_bytes: 0,
            votes: BTreeMap::new(),
            endpoints: BTreeSet::new(),
        }
    }

    /// The base, if it is known and a URL.
    pub(super) fn base(&self) -> Option<Url> {
        let base = self.base.as_ref().map(|base| format!("{}{}", base.origin, base.path))?;
        // What the suite's runner fills in is no URL yet, even where the parser takes it for one.
        if base.contains("{{") { None } else { Url::parse(&base).ok() }
    }

    /// What becomes of this exchange and of those that waited for it, in order. None, if it must wait.
    pub(super) fn sort(&mut self, draft: Draft) -> Vec<Fate> {
        if let Some(kind) = never_scim(&draft) {
            return vec![Fate::Left(Box::new(draft), kind)];
        }
        if self.base.is_some() {
            return vec![self.judge(draft)];
        }
        self.look(&draft);
        self.held_bytes += draft.size();
        self.held.push(draft);
        if self.base.is_none() && (self.held_bytes > MOST_HELD || self.held.len() >= MOST_HELD_EXCHANGES) {
            self.choose();
            if self.base.is_none() {
                return self.release();
            }
        }
        if self.base.is_some() { self.release() } else { Vec::new() }
    }

    /// What becomes of those that still wait.
    pub(super) fn finish(&mut self) -> Vec<Fate> {
        if self.base.is_none() {
            self.choose();
        }
        self.release()
    }

    fn release(&mut self) -> Vec<Fate> {
        self.held_bytes = 0;
        std::mem::take(&mut self.held).into_iter().map(|draft| self.judge(draft)).collect()
    }

    /// Learns from an exchange where the base is; takes it for certain where a well-known endpoint and a sign of
    /// SCIM come together.
    fn look(&mut self, draft: &Draft) {
        let Some(address) = Address::of(&draft.url) else { return };
        let signs = Signs::of(draft, &address);
        let answers = |base: usize| Base::ending(&address, base);
        match address.endpoint() {
            Some(endpoint) if signs.content || signs.name => self.base = Some(answers(endpoint.base)),
            Some(endpoint) if endpoint.exact => self.vote(answers(endpoint.base), false),
            None if signs.content => {
                if let Some(base) = own_endpoint(draft, address.path) {
                    self.vote(answers(base), true);
                }
            }
            _ => {}
        }
    }

    fn vote(&mut self, base: Base, by_answer: bool) {
        if self.votes.len() < MOST_KNOWN || self.votes.contains_key(&base) {
            let votes = self.votes.entry(base).or_default();
            if by_answer {
                votes.0 += 1;
            } else {
                votes.1 += 1;
            }
        }
    }

    /// Nothing was certain: what most say.
    fn choose(&mut self) {
        self.base = self.votes.iter().max_by_key(|(_, votes)| **votes).map(|(base, _)| base.clone());
    }

    fn judge(&mut self, mut draft: Draft) -> Fate {
        let Some(base) = &self.base else { return Fate::Left(Box::new(draft), Kind::NoScim) };
        let Some(address) = Address::of(&draft.url) else {
            return Fate::Left(Box::new(draft), Kind::NoScim);
        };
        let signs = Signs::of(&draft, &address);
        let endpoint = address.endpoint();
        let certain = endpoint.filter(|_| signs.content || signs.name);
        if self.given.is_some()
            && self.alias.is_none()
            && address.origin.contains("{{")
            && let Some(endpoint) = endpoint.filter(|endpoint| endpoint.exact).or(certain)
        {
            self.alias = Some(Base::ending(&address, endpoint.base));
        }
        let aliased = self.alias.as_ref().and_then(|alias| alias.before(&address));
        let Some(length) = base.before(&address).or(aliased) else {
            let kind = certain.map_or(Kind::NoScim, |endpoint| {
                Kind::OtherBase(format!("{}{}", address.origin, &address.path[..endpoint.base]))
            });
            return Fate::Left(Box::new(draft), kind);
        };
        // Where nothing says that the base is SCIM's alone, an application may live there too.
        let all_below = self.given.is_some() || says_scim(&base.path);
        let first = segments(&address.path[length..]).next().map(|(_, segment)| segment);
        let of_scim = first.is_some_and(|first| is_endpoint(first) || self.endpoints.contains(first));
        let speaks = of_scim || signs.content || (all_below && !answers_with_a_page(&draft));
        if !speaks {
            return Fate::Left(Box::new(draft), Kind::NoScim);
        }
        if signs.content
            && let Some(first) = first.filter(|_| !of_scim && self.endpoints.len() < MOST_KNOWN)
        {
            self.endpoints.insert(first.to_owned());
        }
        let target = target(&draft.url[address.origin.len() + length..]);
        // A suite does not say where its server is; whoever reads it does.
        if aliased.is_some() {
            draft.url = format!("{}{}{target}", base.origin, base.path);
        }
        Fate::Kept(Box::new(draft), target)
    }
}

impl Base {
    fn of(url: &str) -> Self {
        let address = Address::of(url).unwrap_or(Address { origin: url, path: "", query: "" });
        Self { origin: address.normal_origin(), path: address.path.trim_end_matches('/').to_owned() }
    }

    /// The base of an address, of whose path it takes so much.
    fn ending(address: &Address<'_>, length: usize) -> Self {
        Self { origin: address.normal_origin(), path: address.path[..length].to_owned() }
    }

    /// How much of the path the base takes, if the address is below it.
    fn before(&self, address: &Address<'_>) -> Option<usize> {
        let rest = address.path.strip_prefix(self.path.as_str())?;
        let below = rest.is_empty() || rest.starts_with('/');
        (below && address.normal_origin() == self.origin).then_some(self.path.len())
    }
}

impl Signs {
    fn of(draft: &Draft, address: &Address<'_>) -> Self {
        let answer = draft.result.as_ref().ok();
        let types =
            [header(&draft.headers, "content-type"), header(&draft.headers, "accept"), answer_type(draft)];
        let bodies = [draft.body.as_deref(), answer.map(|answer| &answer.body[..])];
        let agent = header(&draft.headers, "user-agent").unwrap_or_default();
        Self {
            content: types.into_iter().flatten().any(|value| contains(value.as_bytes(), b"scim+json"))
                || bodies.into_iter().flatten().any(speaks_scim),
            name: says_scim(address.path) || contains(agent.as_bytes(), b"scim"),
        }
    }
}

/// Whether a body names a schema or message of SCIM 2.0 (RFC 7643, section 10) or 1.1.
fn speaks_scim(body: &[u8]) -> bool {
    let body = &body[..body.len().min(SEARCHED)];
    contains(body, b"urn:ietf:params:scim:") || contains(body, b"urn:scim:schemas:")
}

/// Without regard to case.
fn contains(text: &[u8], word: &[u8]) -> bool {
    let first = word[0];
    text.len() >= word.len()
        && text[..=text.len() - word.len()].iter().enumerate().any(|(index, byte)| {
            byte.eq_ignore_ascii_case(&first) && text[index..index + word.len()].eq_ignore_ascii_case(word)
        })
}

/// What cannot be SCIM whatever the base is.
fn never_scim(draft: &Draft) -> Option<Kind> {
    let scheme = draft.url.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let preflight = draft.method == http::Method::OPTIONS
        && header(&draft.headers, "access-control-request-method").is_some();
    if draft.url.len() > LONGEST_URL
        || matches!(scheme.as_str(), "data" | "blob" | "about" | "file" | "ws" | "wss")
        || scheme.ends_with("-extension")
        || draft.method == http::Method::CONNECT
    {
        Some(Kind::NoScim)
    } else if preflight {
        Some(Kind::Preflight)
    } else if is_part_of_a_page(draft) {
        Some(Kind::Page)
    } else {
        None
    }
}

/// A picture, a font, a script: no answer of a SCIM endpoint, not even of a broken one.
fn is_part_of_a_page(draft: &Draft) -> bool {
    let path = Address::of(&draft.url).map_or("", |address| address.path);
    if segments(path).any(|(_, segment)| is_endpoint(segment)) {
        return false;
    }
    let media_type = media_type(draft);
    ["image/", "font/", "audio/", "video/", "text/css"].iter().any(|start| media_type.starts_with(start))
        || ["javascript", "ecmascript", "font-woff", "wasm"].iter().any(|end| media_type.ends_with(end))
        || (media_type == "text/html" && header(&draft.headers, "sec-fetch-dest") == Some("document"))
}

/// An answer in HTML below the base may be a page of an application that lives there too.
fn answers_with_a_page(draft: &Draft) -> bool {
    matches!(media_type(draft).as_str(), "text/html" | "application/xhtml+xml")
}

/// Also of an answer whose body was not recorded.
fn answer_type(draft: &Draft) -> Option<&str> {
    match &draft.result {
        Ok(answer) => answer.header("content-type"),
        Err(_) => draft.lost_type.as_deref(),
    }
}

fn media_type(draft: &Draft) -> String {
    let value = answer_type(draft).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Where the base ends in the path of a resource type of the server's own, as the answer shows: a list is at the
/// endpoint itself (RFC 7644, section 3.4.2), a resource one segment below, at its id (section 3.2), except the
/// answer to a create.
fn own_endpoint(draft: &Draft, path: &str) -> Option<usize> {
    let answer = draft.result.as_ref().ok()?;
    let json: Value = (answer.body.len() <= SEARCHED).then(|| answer.json()).flatten()?;
    let schemas = json.get("schemas")?.as_array()?;
    let is = |schema: &str| {
        schemas.iter().any(|known| known.as_str().is_some_and(|k| k.eq_ignore_ascii_case(schema)))
    };
    let ends_with_id = || {
        let last = segments(path).next_back()?.1;
        Some(json.get("id")?.as_str()? == decoded(last))
    };
    let from_the_end = if is("urn:ietf:params:scim:api:messages:2.0:ListResponse") {
        1
    } else if json.pointer("/meta/resourceType").is_some_and(Value::is_string) {
        if ends_with_id()? { 2 } else { 1 }
    } else {
        return None;
    };
    let (start, _) = segments(path).nth_back(from_the_end - 1)?;
    Some(path[..start].trim_end_matches('/').len())
}

/// What stands after the base, as a target: it begins with a slash, and has no fragment.
fn target(rest: &str) -> String {
    let rest = rest.split('#').next().unwrap_or_default();
    if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") }
}
