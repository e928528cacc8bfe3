//! What a recorded request does: looks somebody up, creates, deactivates. Told from the request alone, as the wire
//! shows it; what it means to the provider is told elsewhere.

use http::Method;
use scimspec_mock_idp::exchange::{Destination, Request};
use scimspec_mock_idp::recording::rebind::{ResourceId, addressed, endpoint_of, member, query_literals};
use serde_json::Value;

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Deed {
    /// Asks whether somebody or something of a name is there.
    LookUp,
    /// Asks for a list.
    List,
    /// Reads one resource.
    Read,
    /// Creates.
    Create,
    /// Changes a resource in another way than the next ones.
    Update,
    /// Sets `active` to false.
    Deactivate,
    /// Sets `active` to true.
    Reactivate,
    /// Changes who is in a group.
    ChangeMembers,
    /// Deletes.
    Delete,
    /// Several operations at once.
    Bulk,
    /// Reads what the server says of itself.
    Discover,
    /// Anything else.
    Other,
}

/// A request, understood.
#[derive(Debug, Clone)]
pub(super) struct Doing {
    /// What it does.
    pub(super) deed: Deed,
    /// The request target.
    pub(super) target: String,
    /// The endpoint of resources it goes to.
    pub(super) endpoint: String,
    /// The resource that its path names.
    pub(super) about: Option<ResourceId>,
    /// The name that it looks for.
    pub(super) sought: Option<String>,
    /// Its body, if it is JSON.
    pub(super) json: Option<Value>,
    /// Whether it changes anything.
    pub(super) writes: bool,
}

impl Doing {
    /// Understands a request; none for one that does not go below the SCIM base URL.
    pub(super) fn of(request: &Request) -> Option<Self> {
        let Destination::Scim(target) = &request.to else { return None };
        let json = request.body.as_ref().and_then(|body| serde_json::from_slice::<Value>(body).ok());
        let endpoint = endpoint_of(target).unwrap_or_default();
        let about = addressed(target);
        let path = target.split('?').next().unwrap_or_default();
        let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let discovers = ["Schemas", "ResourceTypes", "ServiceProviderConfig"]
            .iter()
            .any(|n| n.eq_ignore_ascii_case(first));
        let searches = path.ends_with("/.search");
        let sought = sought(target, json.as_ref().filter(|_| searches));
        let listing = if sought.is_some() { Deed::LookUp } else { Deed::List };
        let deed = match (request.method.as_str(), &about) {
            _ if discovers => Deed::Discover,
            ("POST", None) if first.eq_ignore_ascii_case("Bulk") => Deed::Bulk,
            ("POST", None) if searches => listing,
            ("GET", Some(_)) => Deed::Read,
            ("GET", None) if endpoint.is_empty() && path != "/" => Deed::Other,
            ("GET", None) => listing,
            ("POST", None) if !endpoint.is_empty() => Deed::Create,
            ("PUT" | "PATCH", Some(about)) => change(&request.method, about, json.as_ref()),
            ("DELETE", Some(_)) => Deed::Delete,
            _ => Deed::Other,
        };
        let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(&request.method) || searches;
        Some(Self { deed, target: target.clone(), endpoint, about, sought, json, writes: !reads })
    }

    /// Whether it is about people, not groups or anything else.
    pub(super) fn of_people(&self) -> bool {
        self.endpoint == "/Users"
    }

    /// The attributes that it writes, by their first name in lower case; of an extension with its URN:
    /// `urn:...:user:department`.
    pub(super) fn written(&self) -> Vec<String> {
        let mut found = Vec::new();
        let Some(json) = self.json.as_ref().filter(|_| self.writes) else { return found };
        let mut resource = |value: &Value| {
            for (key, value) in value.as_object().into_iter().flatten() {
                match value.as_object().filter(|_| is_schema(key)) {
                    Some(inner) => found.extend(inner.keys().map(|name| attribute(&format!("{key}:{name}")))),
                    None => found.push(attribute(key)),
                }
            }
        };
        match member(json, "Operations").and_then(Value::as_array) {
            None => resource(json),
            Some(operations) => {
                let mut paths = Vec::new();
                for operation in operations {
                    match member(operation, "path").and_then(Value::as_str) {
                        Some(path) => paths.push(attribute(path)),
                        None => member(operation, "value").into_iter().for_each(&mut resource),
                    }
                }
                found.extend(paths);
            }
        }
        found
    }
}

/// Whether a key is the URN of a schema and not an attribute's whole name: `urn:...:2.0:User`.
pub(super) fn is_schema(key: &str) -> bool {
    key.to_ascii_lowercase().starts_with("urn:")
        && key.rsplit(':').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_uppercase()))
}

/// An attribute's first name in lower case, without filter and sub-attribute; an extension's URN stays before it.
fn attribute(path: &str) -> String {
    let path = path.split('[').next().unwrap_or(path);
    let (urn, name) = path.rsplit_once(':').map_or(("", path), |(urn, name)| (urn, name));
    let name = name.split('.').next().unwrap_or(name);
    let core = urn.to_ascii_lowercase().contains("schemas:core:");
    let urn = if urn.is_empty() || core { String::new() } else { format!("{urn}:") };
    format!("{urn}{name}").to_ascii_lowercase()
}

/// The name that a lookup asks for: a filter that compares what names people and groups.
fn sought(target: &str, search: Option<&Value>) -> Option<String> {
    let in_body = search.and_then(|json| member(json, "filter")?.as_str().map(in_text)).unwrap_or_default();
    let all =
        query_literals(target).into_iter().map(|literal| (literal.attribute, literal.text)).chain(in_body);
    let names = |attribute: &str| {
        let plain = attribute.rsplit(':').next().unwrap_or(attribute).to_ascii_lowercase();
        ["username", "externalid", "displayname", "emails.value", "emails", "].value", "id"]
            .iter()
            .any(|name| plain == *name || (name.starts_with(']') && plain.ends_with(name)))
    };
    let mut all: Vec<_> = all.collect();
    let place = all.iter().position(|(attribute, _)| names(attribute))?;
    Some(all.swap_remove(place).1)
}

fn in_text(filter: &str) -> Vec<(String, String)> {
    let found = scimspec_mock_idp::recording::rebind::literals(filter);
    found.into_iter().map(|literal| (literal.attribute, literal.text)).collect()
}

fn change(method: &Method, about: &ResourceId, json: Option<&Value>) -> Deed {
    let Some(json) = json else { return Deed::Update };
    if about.endpoint == "/Groups" {
        let membership = method == Method::PUT
            || operations(json).any(|(path, value)| match path {
                Some(path) => path.to_ascii_lowercase().starts_with("members"),
                None => value.is_some_and(|value| member(value, "members").is_some()),
            });
        return if membership { Deed::ChangeMembers } else { Deed::Update };
    }
    let patched = operations(json).find_map(|(path, value)| match path {
        Some(path) if path.eq_ignore_ascii_case("active") => truth(value?),
        Some(_) => None,
        None => truth(member(value?, "active")?),
    });
    // A PUT names `active` along with everything else: only that it is to be false tells what is meant.
    match (method.as_str(), patched.or_else(|| truth(member(json, "active")?))) {
        (_, Some(false)) => Deed::Deactivate,
        ("PATCH", Some(true)) => Deed::Reactivate,
        _ => Deed::Update,
    }
}

fn operations(json: &Value) -> impl Iterator<Item = (Option<&str>, Option<&Value>)> {
    let operations = member(json, "Operations").and_then(Value::as_array);
    operations
        .into_iter()
        .flatten()
        .map(|operation| (member(operation, "path").and_then(Value::as_str), member(operation, "value")))
}

/// A Boolean, also as the string that Entra sends, or in a list of one.
pub(super) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(is) => Some(*is),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Value::Array(items) => match items.as_slice() {
            [one] => truth(member(one, "value").unwrap_or(one)),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn doing(method: &str, target: &str, body: &Value) -> Doing {
        let request = Request::scim(method.parse().unwrap(), target).body(body.to_string());
        Doing::of(&request).unwrap()
    }

    #[rstest]
    #[case("GET", "/Users?filter=userName%20eq%20%22ada%22", json!(null), Deed::LookUp)]
    #[case("GET", "/Users?filter=emails%5Btype%20eq%20%22work%22%5D.value%20eq%20%22ada%22", json!(null), Deed::LookUp)]
    #[case("GET", "/Users?startIndex=1&count=2", json!(null), Deed::List)]
    #[case("POST", "/Users/.search", json!({"filter": "userName eq \"ada\""}), Deed::LookUp)]
    #[case("GET", "/Users/7", json!(null), Deed::Read)]
    #[case("POST", "/Users", json!({"userName": "ada"}), Deed::Create)]
    #[case("PUT", "/Users/7", json!({"active": false}), Deed::Deactivate)]
    #[case("PUT", "/Users/7", json!({"active": true}), Deed::Update)]
    #[case("PATCH", "/Users/7", json!({"Operations": [{"op": "Replace", "path": "active", "value": "False"}]}), Deed::Deactivate)]
    #[case("PATCH", "/Users/7", json!({"Operations": [{"op": "replace", "value": {"active": true}}]}), Deed::Reactivate)]
    #[case("PATCH", "/Groups/7", json!({"Operations": [{"op": "add", "path": "members", "value": []}]}), Deed::ChangeMembers)]
    #[case("PATCH", "/Groups/7", json!({"Operations": [{"op": "replace", "value": {"displayName": "x"}}]}), Deed::Update)]
    #[case("DELETE", "/Groups/7", json!(null), Deed::Delete)]
    #[case("GET", "/Schemas", json!(null), Deed::Discover)]
    #[case("POST", "/Bulk", json!({"Operations": []}), Deed::Bulk)]
    fn requests_are_understood(
        #[case] method: &str,
        #[case] target: &str,
        #[case] body: Value,
        #[case] deed: Deed,
    ) {
        assert_eq!(doing(method, target, &body).deed, deed);
    }

    #[test]
    fn the_name_that_is_looked_for() {
        let target = "/Users?filter=emails%5Btype%20eq%20%22work%22%5D.value%20eq%20%22ada%22";
        assert_eq!(doing("GET", target, &Value::Null).sought.as_deref(), Some("ada"));
    }

    #[test]
    fn what_is_written() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let put = doing("PUT", "/Users/7", &json!({"userName": "ada", (urn): {"department": "x"}}));
        assert_eq!(put.written(), ["username".to_owned(), format!("{urn}:department").to_lowercase()]);
        let patch = doing(
            "PATCH",
            "/Users/7",
            &json!({"Operations": [
            {"op": "add", "path": "emails[type eq \"work\"].value", "value": "a"}, {"op": "add", "value": {"title": "b"}}]}),
        );
        assert_eq!(patch.written(), ["title", "emails"]);
    }
}
