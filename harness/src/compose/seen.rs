//! A recorded exchange as a scenario's author reads it: which resource, what was sent, what came back. No judgement.

use http::Method;
use percent_encoding::percent_decode_str;
use scimspec_mock_idp::exchange::{Answer, Destination};
use scimspec_mock_idp::recording::{Entry, Place};
use serde_json::Value;

/// A kind of resource that a scenario has names for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `/Users`.
    Person,
    /// `/Groups`.
    Group,
}

/// One exchange.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    /// Where it stands in the file.
    pub place: Place,
    /// What was recorded.
    pub entry: &'a Entry,
    /// Of which kind of resource it is; none: of another, or of none.
    pub kind: Option<Kind>,
    /// The path's segments, decoded.
    pub segments: Vec<String>,
    /// Whether the path ends with a slash.
    pub ends_with_slash: bool,
    /// The query as it stood on the wire.
    pub query: Option<&'a str>,
    /// What was sent, if it is JSON.
    pub sent: Option<Value>,
    /// What came back, if it is JSON.
    pub body: Option<Value>,
}

/// A filter `ATTRIBUTE eq "VALUE"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lookup {
    /// The attribute.
    pub attribute: String,
    /// The value.
    pub value: String,
}

impl<'a> Seen<'a> {
    /// Reads an entry; none where it went elsewhere than below the base URL.
    pub(super) fn of(entry: &'a Entry) -> Option<Self> {
        let Destination::Scim(target) = &entry.exchange.request.to else { return None };
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target.as_str(), None),
        };
        let segments: Vec<String> =
            path.split('/').filter(|segment| !segment.is_empty()).map(decoded).collect();
        let kind = match segments.first().map(|first| first.to_ascii_lowercase()).as_deref() {
            Some("users") => Some(Kind::Person),
            Some("groups") => Some(Kind::Group),
            _ => None,
        };
        let sent = entry.exchange.request.body.as_ref().and_then(|body| serde_json::from_slice(body).ok());
        let body = entry.exchange.result.as_ref().ok().and_then(Answer::json);
        let ends_with_slash = path.len() > 1 && path.ends_with('/');
        Some(Self { place: entry.place, entry, kind, segments, ends_with_slash, query, sent, body })
    }

    /// The method.
    pub(super) fn method(&self) -> &Method {
        &self.entry.exchange.request.method
    }

    /// The answer.
    pub(super) fn answer(&self) -> Option<&Answer> {
        self.entry.exchange.result.as_ref().ok()
    }

    /// Its status; none where there is no answer.
    pub(super) fn status(&self) -> Option<u16> {
        self.answer().map(|answer| answer.status)
    }

    /// Whether it was answered with success.
    pub(super) fn succeeded(&self) -> bool {
        self.answer().is_some_and(Answer::is_success)
    }

    /// The id in the path of a person or a group.
    pub(super) fn id(&self) -> Option<&str> {
        match (self.kind, self.segments.as_slice()) {
            (Some(_), [_, id]) if !id.starts_with('.') => Some(id),
            _ => None,
        }
    }

    /// Whether it is about all resources of its kind: a create or a list.
    pub(super) fn is_collection(&self) -> bool {
        self.kind.is_some() && self.segments.len() == 1
    }

    /// Whether it makes a person or a group.
    pub(super) fn creates(&self) -> bool {
        self.is_collection() && *self.method() == Method::POST
    }

    /// Whether it changes one that is there.
    pub(super) fn changes(&self) -> bool {
        self.id().is_some() && matches!(self.method().as_str(), "PUT" | "PATCH")
    }

    /// The id that a create gave: in the body or at the end of the Location header.
    pub(super) fn created_id(&self) -> Option<String> {
        let in_body = self.body.as_ref().and_then(|body| member(body, "id")?.as_str()).map(str::to_owned);
        in_body.or_else(|| {
            let location = self.answer()?.header("location")?.trim_end_matches('/');
            location.rsplit('/').next().filter(|last| !last.is_empty()).map(decoded)
        })
    }

    /// The resources in the answer: of a list all of them.
    pub(super) fn resources(&self) -> Vec<&Value> {
        let Some(body) = self.body.as_ref().filter(|_| self.succeeded()) else { return Vec::new() };
        match member(body, "Resources").and_then(Value::as_array) {
            Some(listed) => listed.iter().collect(),
            None if member(body, "id").is_some() => vec![body],
            None => Vec::new(),
        }
    }

    /// A list's total.
    pub(super) fn total(&self) -> Option<u64> {
        member(self.body.as_ref()?, "totalResults")?.as_u64()
    }

    /// What a list was filtered by, where that is one attribute and a text.
    pub(super) fn lookup(&self) -> Option<Lookup> {
        if !self.is_collection() || *self.method() != Method::GET {
            return None;
        }
        let raw = self.query?.split('&').find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.eq_ignore_ascii_case("filter").then_some(value)
        })?;
        let filter = decoded(&raw.replace('+', " "));
        let mut words = filter.trim().splitn(3, ' ');
        let (attribute, operator, value) = (words.next()?, words.next()?, words.next()?);
        let value: Value = serde_json::from_str(value.trim()).ok()?;
        let found = Lookup { attribute: attribute.to_owned(), value: value.as_str()?.to_owned() };
        operator.eq_ignore_ascii_case("eq").then_some(found)
    }

    /// The operations of a PATCH.
    pub(super) fn operations(&self) -> &[Value] {
        let operations = self.sent.as_ref().and_then(|sent| member(sent, "Operations"));
        operations.and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
}

/// What a write does to a group's members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Membership {
    /// These and nobody else.
    Set(Vec<String>),
    /// These come.
    Add(Vec<String>),
    /// These go.
    Remove(Vec<String>),
}

impl Seen<'_> {
    /// What a write sets: attributes' paths and values, in order.
    pub(super) fn assignments(&self) -> Vec<(String, Value)> {
        let mut found = Vec::new();
        let Some(sent) = &self.sent else { return found };
        if *self.method() != Method::PATCH {
            flatten("", sent, &mut found);
            return found;
        }
        for operation in self.operations().iter().filter(|operation| op(operation) != "remove") {
            if let Some(value) = member(operation, "value") {
                flatten(&plain_path(path_of(operation)), value, &mut found);
            }
        }
        found
    }

    /// What a write does to the members of a group, in order.
    pub(super) fn memberships(&self) -> Vec<Membership> {
        let listed = |value: &Value| -> Vec<String> {
            let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            let id = |item: &Value| member(item, "value").unwrap_or(item).as_str().map(str::to_owned);
            items.iter().filter_map(id).collect()
        };
        if *self.method() != Method::PATCH {
            let members = self.sent.as_ref().and_then(|sent| member(sent, "members"));
            return members.map(|members| Membership::Set(listed(members))).into_iter().collect();
        }
        let change = |operation: &Value| {
            let path = path_of(operation);
            let value = member(operation, "value");
            let in_value = value.and_then(|value| member(value, "members")).filter(|_| path.is_empty());
            let is_of_members = plain_path(path).eq_ignore_ascii_case("members");
            match (op(operation).as_str(), value.filter(|_| is_of_members).or(in_value)) {
                ("add", Some(members)) => Some(Membership::Add(listed(members))),
                ("replace", Some(members)) => Some(Membership::Set(listed(members))),
                ("remove", Some(members)) => Some(Membership::Remove(listed(members))),
                ("remove", None) if path.contains('[') && is_of_members => {
                    let quoted = path.split('"').nth(1)?;
                    Some(Membership::Remove(vec![quoted.to_owned()]))
                }
                ("remove", None) if is_of_members => Some(Membership::Set(Vec::new())),
                _ => None,
            }
        };
        self.operations().iter().filter_map(change).collect()
    }
}

impl Membership {
    /// The members afterwards.
    pub(super) fn applied(&self, members: &mut Vec<String>) {
        match self {
            Self::Set(these) => members.clone_from(these),
            Self::Add(these) => {
                for id in these {
                    if !members.contains(id) {
                        members.push(id.clone());
                    }
                }
            }
            Self::Remove(these) => members.retain(|id| !these.contains(id)),
        }
    }
}

/// An operation's `op`, in lower case.
pub(super) fn op(operation: &Value) -> String {
    member(operation, "op").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase()
}

/// An operation's path as it is written; empty where it has none.
pub(super) fn path_of(operation: &Value) -> &str {
    member(operation, "path").and_then(Value::as_str).unwrap_or_default()
}

/// Every simple value of a resource with the path of its attribute.
pub(super) fn flattened(resource: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    flatten("", resource, &mut found);
    found
}

fn flatten(path: &str, value: &Value, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| flatten(path, item, found)),
        Value::Object(members) => {
            for (name, value) in members {
                let own = plain_path(name);
                let dot = if path.is_empty() || own.is_empty() { "" } else { "." };
                flatten(&format!("{path}{dot}{own}"), value, found);
            }
        }
        simple => found.push((path.to_owned(), simple.clone())),
    }
}

/// A member of an object; names have no case (RFC 7643, section 2.1).
pub(super) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// An attribute's path without a schema in front and without filters: `emails[type eq "work"].value` is `emails.value`.
pub(super) fn plain_path(path: &str) -> String {
    let mut plain = String::new();
    let (mut depth, mut quoted) = (0_usize, false);
    for c in path.chars() {
        match c {
            '"' if depth > 0 => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    if plain.to_ascii_lowercase().starts_with("urn:") {
        // What stands behind the last colon; of a schema's name alone nothing is left.
        let last = plain.rsplit(':').next().unwrap_or_default();
        let is_schema = matches!(last.to_ascii_lowercase().as_str(), "user" | "group");
        return if is_schema { String::new() } else { last.to_owned() };
    }
    plain
}

/// What `active` is set to, also where it is spelled as text.
pub(super) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(is) => Some(*is),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_known_without_its_schema_and_its_filters() {
        assert_eq!(plain_path(r#"emails[type eq "wo]rk"].value"#), "emails.value");
        assert_eq!(
            plain_path("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"),
            "department"
        );
        assert_eq!(plain_path("urn:ietf:params:scim:schemas:core:2.0:User:name.givenName"), "name.givenName");
        assert_eq!(plain_path("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"), "");
    }
}
