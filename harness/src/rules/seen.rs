//! An exchange taken apart once for all rules: where it went, what was asked, what came back. What several exchanges say
//! together is in `history` and `run_view`.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use percent_encoding::percent_decode_str;
use scimspec_mock_idp::exchange::{Answer, Destination, Exchange, Origin};
use serde_json::Value;

use super::known::Known;

/// The URN of a list (RFC 7644, section 3.4.2).
pub(super) const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// The URN of an error (RFC 7644, section 3.12).
pub(super) const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// The URNs of messages begin with this (RFC 7644, section 3.1).
pub(super) const MESSAGES: &str = "urn:ietf:params:scim:api:";

/// What a gateway before the server answers by itself, and in its own way.
pub(super) const OF_GATEWAYS: [u16; 5] = [401, 429, 502, 503, 504];

/// An exchange with a complete answer of the target's SCIM side.
#[derive(Debug)]
pub struct Seen<'a> {
    /// Its place in the run: the story's number and the place in its transcript; none: the preflight.
    pub place: Option<(usize, usize)>,
    /// Which transcript it belongs to; exchanges of different ones happened at the same time.
    pub transcript: usize,
    /// Whether something may have happened to the data since the exchange before it: a probe, a lost answer, requests at
    /// the same time.
    pub gap: bool,
    /// The exchange.
    pub exchange: &'a Exchange,
    /// Its answer.
    pub answer: &'a Answer,
    /// Where it went.
    pub to: Place,
    /// What was asked for.
    pub asked: Asked,
    /// What was sent, if it is JSON.
    pub sent: Option<Value>,
    /// What came back, if it is JSON.
    pub json: Option<Value>,
    /// Which listed resources may be looked at.
    pub whose: &'a Whose,
    /// Whether the answer shows one resource: found out once, asked by every rule.
    pub(super) shows_one: bool,
}

/// Where a request went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `/Users`.
    Endpoint(String),
    /// `/Users/.search`, or `/.search` with none.
    Search(Option<String>),
    /// `/Users/{id}`.
    Resource(String, String),
    /// `/ServiceProviderConfig`, `/Schemas`, `/ResourceTypes`, and whether one entry was asked for by its id.
    Discovery(Discovery, bool),
    /// `/Bulk`.
    Bulk,
    /// `/Me`.
    Me,
    /// Anywhere else.
    Elsewhere,
}

/// A discovery endpoint (RFC 7644, section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discovery {
    /// `/ServiceProviderConfig`.
    ServiceProviderConfig,
    /// `/Schemas`.
    Schemas,
    /// `/ResourceTypes`.
    ResourceTypes,
}

/// The parameters of a query, from the URL or from a SearchRequest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// `filter`.
    pub filter: Option<String>,
    /// `startIndex`, if it is a number.
    pub start_index: Option<i64>,
    /// `count`, if it is a number.
    pub count: Option<i64>,
    /// `cursor`.
    pub cursor: Option<String>,
    /// `sortBy`.
    pub sort_by: Option<String>,
    /// `attributes`, in lower case.
    pub attributes: Option<Vec<String>>,
    /// `excludedAttributes`, in lower case.
    pub excluded: Option<Vec<String>>,
    /// Names that stand twice or values that are no numbers: nothing can be said of such a query.
    pub odd: bool,
}

/// Which of the resources in a list belong to those who were watched.
#[derive(Debug, Clone)]
pub enum Whose {
    /// All: a recording, or a server that serves this run alone.
    All,
    /// Those with an id or name among these; others are other people's.
    Ours(BTreeSet<String>),
}

impl<'a> Seen<'a> {
    /// Takes an exchange apart; `None` if no rule may look at it: no answer, not SCIM, the harness's own housekeeping.
    pub fn new(exchange: &'a Exchange, known: &Known, whose: &'a Whose) -> Option<Self> {
        let Destination::Scim(target) = &exchange.request.to else { return None };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let to = Place::of(path, known);
        match exchange.origin {
            Origin::Idp | Origin::Request | Origin::Recorded => {}
            Origin::Preflight if matches!(to, Place::Discovery(..)) => {}
            Origin::Preflight | Origin::Probe | Origin::Cleanup => return None,
        }
        let answer = exchange.result.as_ref().ok()?;
        let sent = exchange.request.body.as_ref().and_then(|body| serde_json::from_slice(body).ok());
        let mut asked = Asked::of_url(query);
        if let (Place::Search(_), Some(sent)) = (&to, &sent) {
            asked = Asked::of_message(sent);
        }
        let json = answer.json();
        let shows_one = answer.is_success()
            && json.as_ref().is_some_and(|json| is_one(json, &exchange.request.method, &to));
        let (place, transcript, gap) = (None, 0, false);
        Some(Self { place, transcript, gap, exchange, answer, to, asked, sent, json, whose, shows_one })
    }

    /// The query without its place in the list: pages of one query have it in common.
    pub fn query(&self) -> String {
        if let (Place::Search(_), Some(Value::Object(sent))) = (&self.to, &self.sent) {
            let rest =
                sent.iter().filter(|(name, _)| !["startIndex", "count", "cursor"].contains(&name.as_str()));
            return format!("{} {:?}", self.to.word(), rest.collect::<BTreeMap<_, _>>());
        }
        let Destination::Scim(target) = &self.exchange.request.to else { return String::new() };
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let place = ["startIndex=", "count=", "cursor="];
        let mut rest: Vec<_> =
            query.split('&').filter(|pair| !place.iter().any(|name| pair.starts_with(name))).collect();
        rest.sort_unstable();
        format!("{} {}", self.to.word(), rest.join("&"))
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.exchange.request.method
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.answer.status
    }

    /// `PATCH /Users/{id}`, for a message.
    pub fn request(&self) -> String {
        format!("{} {}", self.method(), self.to.word())
    }

    /// The endpoint of its resources: `Users`.
    pub fn endpoint(&self) -> Option<&str> {
        match &self.to {
            Place::Endpoint(endpoint) | Place::Resource(endpoint, _) => Some(endpoint),
            Place::Search(endpoint) => endpoint.as_deref(),
            _ => None,
        }
    }

    /// Whether it is a query: GET of an endpoint, or a search.
    pub fn is_query(&self) -> bool {
        match &self.to {
            Place::Endpoint(_) => self.method() == Method::GET,
            Place::Search(_) => self.method() == Method::POST,
            _ => false,
        }
    }

    /// The list that answers a query: any JSON object that is no error.
    pub fn list(&self) -> Option<&Value> {
        let json = self.json.as_ref().filter(|_| self.answer.is_success() && self.is_query())?;
        json.is_object().then_some(json)
    }

    /// What a list shows, whoever it belongs to.
    pub fn all_listed(&self) -> &[Value] {
        let listed = self.list().and_then(|list| list.get("Resources")).and_then(Value::as_array);
        listed.map_or(&[], Vec::as_slice)
    }

    /// What a list shows of those who were watched; other people's resources are no rule's business.
    pub fn listed(&self) -> Vec<&Value> {
        self.all_listed().iter().filter(|resource| self.whose.includes(resource)).collect()
    }

    /// The one resource that a successful answer shows.
    pub fn shown(&self) -> Option<&Value> {
        self.json.as_ref().filter(|_| self.shows_one)
    }

    /// The resources in a successful answer: the one that is shown, or those listed.
    pub fn resources(&self) -> Vec<&Value> {
        self.shown().map_or_else(|| self.listed(), |one| vec![one])
    }

    /// The same where the whole resource was asked for.
    pub fn whole_resources(&self) -> Vec<&Value> {
        if self.is_projected() { Vec::new() } else { self.resources() }
    }

    /// Whether the request narrows the attributes that come back (RFC 7644, section 3.9).
    pub fn is_projected(&self) -> bool {
        self.asked.attributes.is_some() || self.asked.excluded.is_some()
    }

    /// The error body of an answer, if it is a SCIM error.
    pub fn error(&self) -> Option<&Value> {
        let json = self.json.as_ref().filter(|_| self.status() >= 400)?;
        names_schema(json, ERROR).then_some(json)
    }

    /// Whether the answer may come from a gateway before the server.
    pub fn is_of_a_gateway(&self) -> bool {
        OF_GATEWAYS.contains(&self.status())
    }

    /// Whether the body is a page for people.
    pub fn is_html(&self) -> bool {
        let named =
            self.answer.header("content-type").is_some_and(|k| k.to_ascii_lowercase().contains("html"));
        let start: Vec<u8> =
            self.answer.body.iter().copied().skip_while(u8::is_ascii_whitespace).take(9).collect();
        let start = start.to_ascii_lowercase();
        self.json.is_none()
            && *self.method() != Method::OPTIONS
            && (named || start.starts_with(b"<!doctype") || start.starts_with(b"<html"))
    }

    /// The base URL that the request went below.
    pub fn base(&self) -> &str {
        let Destination::Scim(target) = &self.exchange.request.to else { return &self.exchange.url };
        self.exchange.url.strip_suffix(target.as_str()).unwrap_or(&self.exchange.url).trim_end_matches('/')
    }

    /// Whether the request could have changed something.
    pub fn is_write(&self) -> bool {
        !matches!(*self.method(), Method::GET | Method::HEAD | Method::OPTIONS)
            && !matches!(self.to, Place::Search(_))
    }
}

impl Place {
    /// The place of a path below the base URL.
    pub fn of(path: &str, known: &Known) -> Self {
        let segments: Vec<String> = path
            .trim_matches('/')
            .split('/')
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let Some(first) = segments.first() else { return Self::Elsewhere };
        let is = |name: &str| first.eq_ignore_ascii_case(name);
        let discovery = |which| match segments.len() {
            1 | 2 => Self::Discovery(which, segments.len() == 2),
            _ => Self::Elsewhere,
        };
        if is("ServiceProviderConfig") {
            return discovery(Discovery::ServiceProviderConfig);
        } else if is("Schemas") {
            return discovery(Discovery::Schemas);
        } else if is("ResourceTypes") {
            return discovery(Discovery::ResourceTypes);
        } else if is("Bulk") && segments.len() == 1 {
            return Self::Bulk;
        } else if is("Me") && segments.len() == 1 {
            return Self::Me;
        } else if is(".search") && segments.len() == 1 {
            return Self::Search(None);
        }
        let published = known.resource_types.iter().flatten().map(|kind| kind.endpoint.as_str());
        let Some(endpoint) =
            ["Users", "Groups"].into_iter().chain(published).find(|name| is(name)).map(str::to_owned)
        else {
            return Self::Elsewhere;
        };
        match &segments[1..] {
            [] => Self::Endpoint(endpoint),
            [search] if search == ".search" => Self::Search(Some(endpoint)),
            [id] if !id.is_empty() => Self::Resource(endpoint, id.clone()),
            _ => Self::Elsewhere,
        }
    }

    /// For a message, without what differs from exchange to exchange.
    pub fn word(&self) -> String {
        match self {
            Self::Endpoint(endpoint) => format!("/{endpoint}"),
            Self::Search(None) => "/.search".to_owned(),
            Self::Search(Some(endpoint)) => format!("/{endpoint}/.search"),
            Self::Resource(endpoint, _) => format!("/{endpoint}/{{id}}"),
            Self::Discovery(which, one) => {
                let name = match which {
                    Discovery::ServiceProviderConfig => "/ServiceProviderConfig",
                    Discovery::Schemas => "/Schemas",
                    Discovery::ResourceTypes => "/ResourceTypes",
                };
                format!("{name}{}", if *one { "/{id}" } else { "" })
            }
            Self::Bulk => "/Bulk".to_owned(),
            Self::Me => "/Me".to_owned(),
            Self::Elsewhere => "another path".to_owned(),
        }
    }
}

/// The names of parameters in lower case.
const OTHER_CASE: [&str; 6] = ["startindex", "count", "filter", "attributes", "excludedattributes", "cursor"];

impl Asked {
    fn of_url(query: &str) -> Self {
        let mut asked = Self::default();
        let mut names = BTreeSet::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode =
                |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
            let (name, value) = (decode(name), decode(value));
            asked.odd |= !names.insert(name.clone());
            match name.as_str() {
                "filter" => asked.filter = Some(value),
                "startIndex" => asked.start_index = asked.number(&value),
                "count" => asked.count = asked.number(&value),
                "cursor" => asked.cursor = Some(value),
                "sortBy" => asked.sort_by = Some(value),
                "attributes" => asked.attributes = Some(names_in(&value)),
                "excludedAttributes" => asked.excluded = Some(names_in(&value)),
                // A name in another case is another parameter by RFC 3986; servers differ in what they make of it.
                _ => asked.odd |= OTHER_CASE.contains(&name.to_ascii_lowercase().as_str()),
            }
        }
        asked
    }

    fn of_message(sent: &Value) -> Self {
        let text = |name: &str| sent.get(name).and_then(Value::as_str).map(str::to_owned);
        let number = |name: &str| sent.get(name).and_then(Value::as_i64);
        let list = |name: &str| {
            let names = sent.get(name)?.as_array()?.iter().filter_map(Value::as_str);
            Some(names.map(|name| name.trim().to_ascii_lowercase()).collect())
        };
        let given = |name: &str| sent.get(name).is_some_and(|value| !value.is_null());
        let odd = |name: &str, right: bool| sent.get(name).is_some_and(|value| !value.is_null()) && !right;
        Self {
            filter: text("filter"),
            start_index: number("startIndex"),
            count: number("count"),
            cursor: text("cursor"),
            sort_by: text("sortBy"),
            // Something else than an array asks for something, and nobody knows what.
            attributes: list("attributes").or_else(|| given("attributes").then(Vec::new)),
            excluded: list("excludedAttributes").or_else(|| given("excludedAttributes").then(Vec::new)),
            odd: odd("startIndex", number("startIndex").is_some())
                || odd("count", number("count").is_some())
                || odd("attributes", list("attributes").is_some())
                || odd("excludedAttributes", list("excludedAttributes").is_some()),
        }
    }

    fn number(&mut self, text: &str) -> Option<i64> {
        let number = text.parse().ok();
        self.odd |= number.is_none();
        number
    }

    /// Where the page begins, from 1 (RFC 7644, section 3.4.2.4).
    pub fn start(&self) -> u64 {
        self.start_index.and_then(|start| u64::try_from(start).ok()).unwrap_or(1).max(1)
    }

    /// The most resources that were asked for; a negative count is 0.
    pub fn most(&self) -> Option<u64> {
        self.count.map(|count| u64::try_from(count).unwrap_or(0))
    }
}

impl Whose {
    /// Whether a listed resource belongs to those who were watched.
    pub fn includes(&self, resource: &Value) -> bool {
        let Self::Ours(known) = self else { return true };
        marks(resource).any(|mark| known.contains(&mark))
    }
}

/// Whether a body that answers this request is the one resource that it is about.
fn is_one(json: &Value, method: &Method, to: &Place) -> bool {
    let single = match to {
        Place::Resource(..) | Place::Me => matches!(*method, Method::GET | Method::PUT | Method::PATCH),
        Place::Endpoint(_) => *method == Method::POST,
        _ => false,
    };
    // What is nested in a list or an error is not the resource; that is found elsewhere.
    single && json.is_object() && !is_message(json) && json.get("Resources").is_none()
}

/// What a resource is recognised by: its id and names.
pub(super) fn marks(resource: &Value) -> impl Iterator<Item = String> {
    let names = ["id", "userName", "externalId", "displayName"];
    names.into_iter().filter_map(|name| resource.get(name)?.as_str()).map(str::to_ascii_lowercase)
}

/// Whether a body names this schema.
pub(super) fn names_schema(json: &Value, urn: &str) -> bool {
    schemas_of(json).any(|named| named.eq_ignore_ascii_case(urn))
}

/// The schemas that a body names.
pub(super) fn schemas_of(json: &Value) -> impl Iterator<Item = &str> {
    json.get("schemas").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// A protocol message names a schema below this URN (RFC 7644, section 3.1).
pub(super) fn is_message(json: &Value) -> bool {
    schemas_of(json)
        .any(|urn| urn.get(..MESSAGES.len()).is_some_and(|start| start.eq_ignore_ascii_case(MESSAGES)))
}

fn names_in(list: &str) -> Vec<String> {
    list.split(',').map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/Users", Place::Endpoint("Users".to_owned()))]
    #[case("/users/", Place::Endpoint("Users".to_owned()))]
    #[case("/Users/a%20b", Place::Resource("Users".to_owned(), "a b".to_owned()))]
    #[case("/Groups/.search", Place::Search(Some("Groups".to_owned())))]
    #[case("/.search", Place::Search(None))]
    #[case("/Schemas/urn:x", Place::Discovery(Discovery::Schemas, true))]
    #[case("/Users/1/groups", Place::Elsewhere)]
    #[case("/Things", Place::Elsewhere)]
    fn a_path_is_a_place(#[case] path: &str, #[case] place: Place) {
        assert_eq!(Place::of(path, &Known::default()), place);
    }

    #[test]
    fn a_query_is_decoded_once() {
        let asked =
            Asked::of_url("filter=userName+eq+%22a%2Bb%22&count=-1&attributes=userName,%20emails.value");
        assert_eq!(asked.filter.as_deref(), Some("userName eq \"a+b\""));
        assert_eq!((asked.start(), asked.most(), asked.odd), (1, Some(0), false));
        assert_eq!(asked.attributes, Some(vec!["username".to_owned(), "emails.value".to_owned()]));
        assert!(Asked::of_url("count=x").odd && Asked::of_url("count=1&count=2").odd);
    }

    #[test]
    fn a_stranger_in_a_list_is_nobodys_business() {
        let whose = Whose::Ours(["ada".to_owned()].into());
        assert!(whose.includes(&serde_json::json!({"id": "9", "userName": "Ada"})));
        assert!(!whose.includes(&serde_json::json!({"id": "9", "userName": "eve"})));
    }
}
