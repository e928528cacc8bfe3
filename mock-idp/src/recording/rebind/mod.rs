//! Ids that a server makes, followed from a recording to another server: which recorded id is which new one, learned
//! from each pair of answers, and requests and answers rewritten by it. Sends nothing and judges nothing.

mod body;
mod literals;
mod pairing;

use std::collections::{HashMap, VecDeque};

use percent_encoding::{percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use url::Url;

pub use literals::{Literal, literals, query_literals, replace_in_query, replace_literals};
pub use pairing::{Pairing, pair};

use crate::exchange::{Answer, Destination, Request};
use literals::URL_VALUE;

/// A server changes the version of a resource with every write; an If-Match may quote an earlier one.
const VERSIONS_KEPT: usize = 4;
/// An id that is shorter could be any other text.
const DISTINCTIVE: usize = 12;

/// A resource of one server: its endpoint, and the id that the server made.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId {
    /// `/Users`, `/Groups`, or another endpoint as it is spelled in requests.
    pub endpoint: String,
    /// The id.
    pub id: String,
}

/// Which recorded id is which id of the new server.
#[derive(Debug, Clone)]
pub struct Rebinding {
    from: Option<String>,
    to: String,
    ids: HashMap<ResourceId, String>,
    back: HashMap<ResourceId, String>,
    versions: HashMap<ResourceId, VecDeque<(String, String)>>,
}

/// A request for the new server.
#[derive(Debug, Clone)]
pub struct Rebound {
    /// With every id replaced that has a counterpart.
    pub request: Request,
    /// The ids that it names, as recorded.
    pub named: Vec<Named>,
}

/// An id that a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// As recorded.
    pub resource: ResourceId,
    /// Where in the request.
    pub place: Where,
    /// The counterpart, if it has one.
    pub bound: Option<String>,
}

/// Where in a request an id stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Where {
    /// In the path: the resource that the request is about.
    Path,
    /// In the path of an operation of a bulk request that writes.
    BulkPath,
    /// In a filter.
    Filter,
    /// In the body: a member, a manager.
    Body,
}

/// What a pair of answers told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learned {
    /// The recorded resource.
    pub recorded: ResourceId,
    /// Its id on the new server.
    pub new: String,
    /// The id that it had there before, if that was another one.
    pub before: Option<String>,
    /// Another recorded resource that has the same id on the new server.
    pub shared_with: Option<ResourceId>,
}

/// An answer and its body, read once.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The answer.
    pub answer: &'a Answer,
    /// Its body, if it is JSON.
    pub json: Option<&'a Value>,
}

impl Rebinding {
    /// From the recorded server's base URL, where it is known, to the new one's.
    pub fn new(from: Option<&Url>, to: &Url) -> Self {
        let text = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        Self {
            from: from.map(text),
            to: text(to),
            ids: HashMap::new(),
            back: HashMap::new(),
            versions: HashMap::new(),
        }
    }

    /// One that knows no id and leads nowhere: what a request names can be told by it.
    pub fn nowhere() -> Self {
        Self {
            from: None,
            to: String::new(),
            ids: HashMap::new(),
            back: HashMap::new(),
            versions: HashMap::new(),
        }
    }

    /// Says which new id a recorded one is. The last word counts.
    pub fn bind(&mut self, recorded: ResourceId, new: &str) -> Learned {
        let on_new = ResourceId { endpoint: recorded.endpoint.clone(), id: new.to_owned() };
        let before = self.ids.insert(recorded.clone(), new.to_owned()).filter(|before| before != new);
        if let Some(before) = &before {
            self.back.remove(&ResourceId { endpoint: recorded.endpoint.clone(), id: before.clone() });
        }
        let other = self.back.insert(on_new, recorded.id.clone()).filter(|other| *other != recorded.id);
        let shared_with = other.map(|id| ResourceId { endpoint: recorded.endpoint.clone(), id });
        Learned { recorded, new: new.to_owned(), before, shared_with }
    }

    /// The counterpart of a recorded id.
    pub fn of(&self, recorded: &ResourceId) -> Option<&str> {
        self.ids.get(recorded).map(String::as_str)
    }

    /// The recorded id behind one of the new server.
    pub fn recorded_of(&self, new: &ResourceId) -> Option<ResourceId> {
        let id = self.back.get(new)?.clone();
        Some(ResourceId { endpoint: new.endpoint.clone(), id })
    }

    /// Learns from the answers of both servers to the same request: ids at the same place, in lists those of the same
    /// name, and versions. Answers that are not both a success tell nothing.
    pub fn learn(&mut self, target: &str, recorded: Shown<'_>, new: Shown<'_>) -> Vec<Learned> {
        if !recorded.answer.is_success() || !new.answer.is_success() {
            return Vec::new();
        }
        let addressed = addressed(target);
        let pairs = self.pairs(target, recorded, new);
        let mut learned = Vec::new();
        for (resource, id, versions) in pairs {
            let tells_of_itself = addressed.as_ref() == Some(&resource);
            let known = self.ids.get(&resource).cloned();
            learned.push(match known {
                // The answer to a request by id may name another id; the one asked for stays what it is.
                Some(before) if tells_of_itself => {
                    let before = (before != id).then_some(before);
                    Learned { recorded: resource.clone(), new: id, before, shared_with: None }
                }
                _ => self.bind(resource.clone(), &id),
            });
            if let Some((old, new)) = versions {
                let kept = self.versions.entry(resource).or_default();
                kept.retain(|(known, _)| *known != old);
                kept.push_back((old, new));
                if kept.len() > VERSIONS_KEPT {
                    kept.pop_front();
                }
            }
        }
        learned
    }

    /// The request for the new server. Only what is below the recorded base URL can be rebound.
    pub fn request(&self, request: &Request) -> Rebound {
        let Destination::Scim(target) = &request.to else {
            return Rebound { request: request.clone(), named: Vec::new() };
        };
        let mut named = Vec::new();
        let mut rebound = request.clone();
        let about = addressed(target);
        let endpoint = endpoint_of(target).unwrap_or_default();
        rebound.to = Destination::Scim(self.target(target, Where::Path, &mut named));
        if let Some(about) = &about {
            self.preconditions(about, &mut rebound.headers);
        }
        let body = request.body.as_ref().and_then(|body| serde_json::from_slice::<Value>(body).ok());
        if let Some(mut json) = body {
            let before = json.clone();
            self.walk_request(&endpoint, &mut json, &mut named);
            // A body in which nothing is replaced goes out byte for byte as it was recorded.
            if json != before {
                rebound.body = Some(json.to_string().into());
            }
        }
        Rebound { request: rebound, named }
    }

    /// A recorded answer's body as the new server would say it; ids without a counterpart stay.
    pub fn answer(&self, target: &str, json: &mut Value) {
        let endpoint = endpoint_of(target).unwrap_or_default();
        self.walk_request(&endpoint, json, &mut Vec::new());
    }

    /// If-Match and If-None-Match with the new server's version of what was recorded.
    fn preconditions(&self, about: &ResourceId, headers: &mut [(String, String)]) {
        let Some(versions) = self.versions.get(about) else { return };
        for (name, value) in headers {
            if !["if-match", "if-none-match"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
                continue;
            }
            let new = versions.iter().rev().find(|(old, _)| old == value.trim());
            if let Some((_, new)) = new {
                new.clone_into(value);
            }
        }
    }

    /// A target with the id in its path and those in its filters replaced.
    fn target(&self, target: &str, place: Where, named: &mut Vec<Named>) -> String {
        let endpoint = endpoint_of(target).unwrap_or_default();
        let mut result = target.to_owned();
        let about = addressed(target).filter(|resource| !is_bulk_id(&resource.id));
        if let (Some(resource), Some(range)) = (about, id_range(target)) {
            let bound = self.of(&resource).map(str::to_owned);
            if let Some(new) = &bound {
                result.replace_range(range, &utf8_percent_encode(new, URL_VALUE).to_string());
            }
            named.push(Named { resource, place, bound });
        }
        replace_in_query(&result, &mut |literal| self.literal(literal, &endpoint, named))
    }

    /// The counterpart of a literal that is an id.
    fn literal(&self, literal: &Literal, endpoint: &str, named: &mut Vec<Named>) -> Option<String> {
        match position(&literal.attribute, endpoint) {
            Position::Id(endpoint) => self.id_at(endpoint.as_deref(), &literal.text, Where::Filter, named),
            Position::Perhaps => self.known(None, &literal.text).map(|(_, new)| new.to_owned()),
            Position::None => self.distinctive(&literal.text),
        }
    }

    /// The counterpart of what stands where an id belongs; of what kind it is may not be known.
    fn id_at(
        &self,
        endpoint: Option<&str>,
        id: &str,
        place: Where,
        named: &mut Vec<Named>,
    ) -> Option<String> {
        if is_bulk_id(id) {
            return None;
        }
        let known = self.known(endpoint, id).map(|(endpoint, new)| (endpoint.to_owned(), new.to_owned()));
        let (endpoint, bound) = match known {
            Some((endpoint, new)) => (endpoint, Some(new)),
            None => (endpoint.unwrap_or("/Users").to_owned(), None),
        };
        let resource = ResourceId { endpoint, id: id.to_owned() };
        named.push(Named { resource, place, bound: bound.clone() });
        bound
    }

    /// A bound id, of this endpoint or of any.
    fn known<'s>(&'s self, endpoint: Option<&'s str>, id: &str) -> Option<(&'s str, &'s str)> {
        let at = |endpoint: &str| self.ids.get_key_value(&ResourceId::at(endpoint, id));
        match endpoint {
            Some(endpoint) => at(endpoint).map(|(key, new)| (key.endpoint.as_str(), new.as_str())),
            None => ["/Users", "/Groups"]
                .into_iter()
                .find_map(at)
                .or_else(|| self.ids.iter().find(|(key, _)| key.id == id))
                .map(|(key, new)| (key.endpoint.as_str(), new.as_str())),
        }
    }

    /// The counterpart of a text that can hardly be anything else than a known id.
    fn distinctive(&self, text: &str) -> Option<String> {
        let like_an_id = text.len() >= DISTINCTIVE && text.bytes().any(|byte| byte.is_ascii_digit());
        ["/Users", "/Groups"]
            .into_iter()
            .filter(|_| like_an_id)
            .find_map(|endpoint| self.ids.get(&ResourceId::at(endpoint, text)))
            .cloned()
    }
}

impl ResourceId {
    /// The resource with that id at an endpoint.
    pub fn at(endpoint: &str, id: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), id: id.to_owned() }
    }

    /// Whether the id is so long that no server has it by chance.
    pub fn is_distinctive(&self) -> bool {
        self.id.len() >= DISTINCTIVE
    }
}

impl std::fmt::Display for ResourceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.endpoint, self.id)
    }
}

/// The resource that a request target is about: `/Users/7`, also `/Users/7/x?y`. `/Users/.search` is none.
pub fn addressed(target: &str) -> Option<ResourceId> {
    let endpoint = endpoint_of(target)?;
    let id = percent_decode_str(&target[id_range(target)?]).decode_utf8().ok()?.into_owned();
    Some(ResourceId { endpoint, id })
}

/// The endpoint of resources that a request target leads to: `/Users` for `/users/7?x`. Discovery, `/Me`, `/Bulk` and
/// the root have none.
pub fn endpoint_of(target: &str) -> Option<String> {
    let first = target.strip_prefix('/')?.split(['/', '?']).next()?;
    let other = ["Me", "Schemas", "ResourceTypes", "ServiceProviderConfig", "Bulk", ".search", ""];
    if other.iter().any(|name| name.eq_ignore_ascii_case(first)) {
        return None;
    }
    let usual = ["Users", "Groups"].into_iter().find(|name| name.eq_ignore_ascii_case(first));
    Some(format!("/{}", usual.unwrap_or(first)))
}

/// A member of a JSON object by its name without case (RFC 7643, section 2.1).
pub fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// A name for what the same bulk request makes (RFC 7644, section 3.7.2): no server made it.
fn is_bulk_id(id: &str) -> bool {
    id.starts_with("bulkId:")
}

/// Where the id stands in a target.
fn id_range(target: &str) -> Option<std::ops::Range<usize>> {
    let path = target.split('?').next()?;
    let start = 1 + path.get(1..)?.find('/')? + 1;
    let end = path[start..].find('/').map_or(path.len(), |at| start + at);
    (end > start && &path[start..end] != ".search").then_some(start..end)
}

/// What may stand at an attribute.
enum Position {
    /// An id, of a resource at this endpoint if it says.
    Id(Option<String>),
    /// Perhaps an id.
    Perhaps,
    /// None.
    None,
}

/// What an attribute holds, as a filter or a path spells it: `id`, `members[value`, `URN:manager.value`.
fn position(attribute: &str, endpoint: &str) -> Position {
    let plain = attribute.rsplit(':').next().unwrap_or(attribute).replace('[', ".").to_ascii_lowercase();
    let plain = plain.trim_end_matches(']');
    let (first, rest) = plain.split_once('.').unwrap_or((plain, ""));
    match (first, rest) {
        ("id", "") => Position::Id(Some(endpoint.to_owned()).filter(|endpoint| !endpoint.is_empty())),
        ("members", "" | "value") => Position::Id(None),
        ("manager", "" | "value") => Position::Id(Some("/Users".to_owned())),
        ("groups", "" | "value") => Position::Id(Some("/Groups".to_owned())),
        ("value", "") => Position::Perhaps,
        _ => Position::None,
    }
}

#[cfg(test)]
mod tests;
