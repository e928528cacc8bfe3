//! Names made unique to a replay: every user name, mail address, externalId and group name that the recording gives
//! to somebody carries the replay's mark, in bodies, filters and expected answers alike.

use std::collections::BTreeSet;

use http::Method;
use scimspec_mock_idp::exchange::{Destination, Request};
use scimspec_mock_idp::recording::rebind::{Literal, member, replace_in_query, replace_literals};
use serde_json::Value;

/// The names of a recording that are marked, and the mark.
#[derive(Debug, Clone)]
pub(super) struct Unique {
    /// In lower case.
    names: BTreeSet<String>,
    mark: String,
}

impl Unique {
    /// Marks these names (in lower case) with `.RUN.STORY`.
    pub(super) fn new(names: BTreeSet<String>, mark: String) -> Self {
        Self { names, mark }
    }

    /// A name with the mark, if it is one of those that are marked: before the @ of an address, else at the end.
    pub(super) fn name(&self, name: &str) -> Option<String> {
        if !self.names.contains(&name.to_lowercase()) {
            return None;
        }
        // Who asks in capital letters wants to know whether case matters, and goes on asking that.
        let capitals = name.chars().any(char::is_uppercase) && !name.chars().any(char::is_lowercase);
        let mark = if capitals { self.mark.to_uppercase() } else { self.mark.clone() };
        Some(match name.rsplit_once('@') {
            Some((local, domain)) => format!("{local}{mark}@{domain}"),
            None => format!("{name}{mark}"),
        })
    }

    /// A request with its names marked.
    pub(super) fn request(&self, request: &mut Request) {
        if let Destination::Scim(target) = &request.to {
            request.to = Destination::Scim(replace_in_query(target, &mut |literal| self.literal(literal)));
        }
        let json = request.body.as_ref().and_then(|body| serde_json::from_slice::<Value>(body).ok());
        if let Some(json) = json {
            let mut marked = json.clone();
            self.json(&mut marked);
            if marked != json {
                request.body = Some(marked.to_string().into());
            }
        }
    }

    /// A body with its names marked.
    pub(super) fn json(&self, json: &mut Value) {
        match json {
            Value::String(text) => {
                if let Some(name) = self.name(text) {
                    *text = name;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.json(item)),
            Value::Object(members) => {
                let of_references = names_references(member_text(members, "path"));
                for (key, value) in members {
                    match (key.to_ascii_lowercase().as_str(), value) {
                        // What names schemas, types and resources is nobody's name, though a group may be called "User".
                        (
                            "schemas" | "resourcetype" | "type" | "op" | "id" | "$ref" | "location"
                            | "version",
                            _,
                        ) => {}
                        ("path" | "filter", Value::String(text)) => {
                            *text = replace_literals(text, &mut |literal| self.literal(literal));
                        }
                        ("members" | "manager" | "groups", value) => self.references(value),
                        ("value", value) if of_references => self.references(value),
                        (_, value) => self.json(value),
                    }
                }
            }
            _ => {}
        }
    }

    /// References with the names in them marked: what they refer to is an id, though it may read as a name.
    fn references(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.references(item)),
            Value::Object(members) => {
                let names = members.iter_mut().filter(|(key, _)| !key.eq_ignore_ascii_case("value"));
                names.for_each(|(_, value)| self.json(value));
            }
            _ => {}
        }
    }

    /// What a filter or path compares with, marked, unless it is an id.
    fn literal(&self, literal: &Literal) -> Option<String> {
        let attribute = literal.attribute.rsplit(':').next().unwrap_or_default();
        let is_id = attribute.eq_ignore_ascii_case("id") || names_references(Some(attribute));
        if is_id { None } else { self.name(&literal.text) }
    }
}

fn member_text<'m>(members: &'m serde_json::Map<String, Value>, name: &str) -> Option<&'m str> {
    let found = members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.and_then(|(_, value)| value.as_str())
}

/// Whether a path leads to references to other resources (RFC 7643, sections 4.1.2, 4.2 and 4.3).
fn names_references(path: Option<&str>) -> bool {
    let name = path.map(|path| path.rsplit("User:").next().unwrap_or(path));
    let name = name.map(|name| name.split(['[', '.', ' ']).next().unwrap_or_default());
    name.is_some_and(|name| ["members", "manager", "groups"].iter().any(|one| name.eq_ignore_ascii_case(one)))
}

/// The names that a request gives to somebody or something, in lower case.
pub(super) fn names_given(method: &Method, endpoint: &str, body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let is_group = endpoint != "/Users";
    if method == Method::POST || method == Method::PUT {
        of_resource(body, is_group, &mut found);
    }
    let operations = member(body, "Operations").and_then(Value::as_array);
    for operation in operations.into_iter().flatten() {
        let path = member(operation, "path").and_then(Value::as_str);
        match (member(operation, "value").or_else(|| member(operation, "data")), path) {
            (Some(value), None) => of_resource(value, is_group, &mut found),
            (Some(value), Some(path)) if path.starts_with('/') => {
                of_resource(value, !path.to_ascii_lowercase().starts_with("/users"), &mut found);
            }
            (Some(value), Some(path)) => of_attribute(path, value, is_group, &mut found),
            (None, _) => {}
        }
    }
    found
}

fn of_resource(resource: &Value, is_group: bool, found: &mut Vec<String>) {
    for (key, value) in resource.as_object().into_iter().flatten() {
        of_attribute(key, value, is_group, found);
    }
}

/// `userName`, `emails`, `emails[type eq "work"].value`, ...
fn of_attribute(path: &str, value: &Value, is_group: bool, found: &mut Vec<String>) {
    let name = path.rsplit(':').next().unwrap_or(path).split(['[', '.']).next().unwrap_or_default();
    let names = match name.to_ascii_lowercase().as_str() {
        "username" | "externalid" => !is_group || name.eq_ignore_ascii_case("externalId"),
        "displayname" => is_group,
        "emails" => !is_group,
        _ => false,
    };
    // `emails[...].type` is no name.
    let part =
        path.rsplit(']').next().unwrap_or(path).rsplit(':').next().and_then(|rest| rest.split_once('.'));
    if names && part.is_none_or(|(_, part)| part.eq_ignore_ascii_case("value")) {
        collect(value, found);
    }
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if !text.is_empty() => found.push(text.to_lowercase()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        // An address: its type, and whether it is primary, are no names.
        Value::Object(_) => member(value, "value").into_iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn unique() -> Unique {
        let names = ["ada@example.com", "00u1", "staff", "user"].map(str::to_owned);
        Unique::new(names.into(), ".k3f9x2.1".to_owned())
    }

    #[test]
    fn names_are_marked_wherever_they_stand_and_nothing_else_is() {
        let mut json = json!({"schemas": ["user"], "userName": "Ada@example.com", "externalId": "00u1", "title": "Boss",
            "emails": [{"value": "ada@example.com", "type": "user"}],
            "Operations": [{"path": "emails[value eq \"ada@example.com\"].value", "value": "bob@example.com"}]});
        unique().json(&mut json);
        let expected = json!({"schemas": ["user"], "userName": "Ada.k3f9x2.1@example.com", "externalId": "00u1.k3f9x2.1",
            "title": "Boss", "emails": [{"value": "ada.k3f9x2.1@example.com", "type": "user"}],
            "Operations": [{"path": "emails[value eq \"ada.k3f9x2.1@example.com\"].value", "value": "bob@example.com"}]});
        assert_eq!(json, expected);
    }

    #[test]
    fn an_id_that_reads_as_a_name_stays() {
        let mut json = json!({"externalId": "00u1", "manager": {"value": "00u1"}, "members": [{"value": "00u1", "display": "00u1"}],
            "Operations": [{"path": "members", "value": [{"value": "00u1"}]}, {"path": "members[value eq \"00u1\"]"},
                {"path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "value": "00u1"}]});
        unique().json(&mut json);
        let expected = json!({"externalId": "00u1.k3f9x2.1", "manager": {"value": "00u1"},
            "members": [{"value": "00u1", "display": "00u1.k3f9x2.1"}],
            "Operations": [{"path": "members", "value": [{"value": "00u1"}]}, {"path": "members[value eq \"00u1\"]"},
                {"path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "value": "00u1"}]});
        assert_eq!(json, expected);
        let mut request = Request::scim(Method::GET, "/Groups?filter=members.value+eq+%2200u1%22");
        unique().request(&mut request);
        assert_eq!(request.to.to_string(), "/Groups?filter=members.value+eq+%2200u1%22");
    }

    #[test]
    fn filters_too_in_the_case_in_which_they_ask() {
        let ask = |name: &str| {
            let mut request = Request::scim(Method::GET, format!("/Users?filter=userName+eq+%22{name}%22"));
            unique().request(&mut request);
            request.to.to_string()
        };
        assert_eq!(ask("ada%40example.com"), "/Users?filter=userName+eq+%22ada.k3f9x2.1%40example.com%22");
        assert_eq!(ask("ADA%40EXAMPLE.COM"), "/Users?filter=userName+eq+%22ADA.K3F9X2.1%40EXAMPLE.COM%22");
        assert_eq!(ask("bob%40example.com"), "/Users?filter=userName+eq+%22bob%40example.com%22");
    }

    #[test]
    fn the_names_that_requests_give() {
        let post = json!({"userName": "Ada", "externalId": "1", "displayName": "A", "emails": [{"value": "a@x", "type": "work"}]});
        assert_eq!(names_given(&Method::POST, "/Users", &post), ["ada", "1", "a@x"]);
        assert_eq!(names_given(&Method::POST, "/Groups", &json!({"displayName": "Staff"})), ["staff"]);
        let patch = json!({"Operations": [{"op": "replace", "path": "userName", "value": "Bob"},
            {"op": "replace", "value": {"emails": [{"value": "b@x"}], "title": "x"}}]});
        assert_eq!(names_given(&Method::PATCH, "/Users", &patch), ["bob", "b@x"]);
        let part =
            json!({"Operations": [{"op": "add", "path": "emails[value eq \"a@x\"].type", "value": "work"}]});
        assert_eq!(names_given(&Method::PATCH, "/Users", &part), [""; 0]);
        let bulk = json!({"Operations": [{"method": "POST", "path": "/Users", "data": {"userName": "Cy"}}]});
        assert_eq!(names_given(&Method::POST, "", &bulk), ["cy"]);
    }
}
