//! What the recording says is so after each exchange: who is in which group, who is active. A write whose answer shows
//! nothing of it is judged by this, with a look at the resource afterwards. Keeps ids only.

use std::collections::{BTreeSet, HashMap};

use scimspec_mock_idp::recording::rebind::{ResourceId, literals, member};
use serde_json::Value;

use super::deed::{Doing, truth};

/// What is so by the recording, in recorded ids.
#[derive(Debug, Clone, Default)]
pub(super) struct Expectation {
    members: HashMap<ResourceId, BTreeSet<String>>,
    active: HashMap<ResourceId, bool>,
}

impl Expectation {
    /// Who is in a group, if the recording tells.
    pub(super) fn members(&self, group: &ResourceId) -> Option<&BTreeSet<String>> {
        self.members.get(group)
    }

    /// Whether somebody is active, if the recording tells.
    pub(super) fn active(&self, person: &ResourceId) -> Option<bool> {
        self.active.get(person).copied()
    }

    /// Follows an exchange that succeeded when it was recorded: what it asked for, and what the answer showed.
    pub(super) fn follow(&mut self, method: &http::Method, doing: &Doing, answer: Option<&Value>) {
        let sent = doing.json.as_ref();
        let id = answer.and_then(|json| member(json, "id")).and_then(Value::as_str);
        let resource = doing.about.clone().or_else(|| Some(ResourceId::at(&doing.endpoint, id?)));
        let Some(resource) = resource.filter(|_| !doing.endpoint.is_empty()) else { return };
        match (method.as_str(), sent) {
            ("DELETE", _) => {
                self.members.remove(&resource);
                self.active.remove(&resource);
                if doing.of_people() {
                    for members in self.members.values_mut() {
                        members.remove(&resource.id);
                    }
                }
                return;
            }
            ("POST" | "PUT", Some(sent)) if doing.of_people() => {
                if let Some(active) = member(sent, "active").and_then(truth) {
                    self.active.insert(resource.clone(), active);
                }
            }
            ("POST" | "PUT", Some(sent)) => {
                let members = member(sent, "members").map(ids).unwrap_or_default();
                self.members.insert(resource.clone(), members);
            }
            ("PATCH", Some(sent)) => self.patch(&resource, doing, sent),
            _ => {}
        }
        if let Some(shown) = answer {
            self.shown(&resource, doing, shown);
        }
    }

    fn shown(&mut self, resource: &ResourceId, doing: &Doing, shown: &Value) {
        if doing.of_people() {
            if let Some(active) = member(shown, "active").and_then(truth) {
                self.active.insert(resource.clone(), active);
            }
        } else if let Some(members) = member(shown, "members").filter(|members| members.is_array()) {
            self.members.insert(resource.clone(), ids(members));
        }
    }

    fn patch(&mut self, resource: &ResourceId, doing: &Doing, sent: &Value) {
        let operations = member(sent, "Operations").and_then(Value::as_array);
        for operation in operations.into_iter().flatten() {
            let text = |name: &str| member(operation, name).and_then(Value::as_str);
            let (verb, path) = (text("op").unwrap_or_default().to_ascii_lowercase(), text("path"));
            let value = member(operation, "value");
            if doing.of_people() {
                let active = match path {
                    Some(path) if path.eq_ignore_ascii_case("active") => value.and_then(truth),
                    Some(_) => None,
                    None => value.and_then(|value| member(value, "active")).and_then(truth),
                };
                if let Some(active) = active {
                    self.active.insert(resource.clone(), active);
                }
            } else if let Some(members) = self.members.get_mut(resource) {
                let value = match path {
                    Some(path) if path.to_ascii_lowercase().starts_with("members") => value,
                    Some(_) => continue,
                    None => match value.and_then(|value| member(value, "members")) {
                        Some(members) => Some(members),
                        None => continue,
                    },
                };
                change(members, &verb, path.unwrap_or_default(), value);
            }
        }
    }
}

/// A change of members: RFC 7644, section 3.5.2, and Entra's removal by value.
fn change(members: &mut BTreeSet<String>, verb: &str, path: &str, value: Option<&Value>) {
    let named: BTreeSet<String> = literals(path).into_iter().map(|literal| literal.text).collect();
    let given = value.map(ids).unwrap_or_default();
    match verb {
        "add" => members.extend(given),
        "replace" if named.is_empty() => *members = given,
        "remove" if !named.is_empty() => members.retain(|id| !named.contains(id)),
        "remove" if !given.is_empty() => members.retain(|id| !given.contains(id)),
        "remove" => members.clear(),
        _ => {}
    }
}

/// The ids of members.
pub(super) fn ids(members: &Value) -> BTreeSet<String> {
    let id = |member_: &Value| match member_ {
        Value::String(id) => Some(id.clone()),
        other => member(other, "value").and_then(Value::as_str).map(str::to_owned),
    };
    match members {
        Value::Array(items) => items.iter().filter_map(id).collect(),
        one => id(one).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use scimspec_mock_idp::exchange::Request;
    use serde_json::json;

    use super::*;

    fn follow(
        expectation: &mut Expectation,
        method: &Method,
        target: &str,
        sent: &Value,
        answer: Option<&Value>,
    ) {
        let request = Request::scim(method.clone(), target).body(sent.to_string());
        expectation.follow(method, &Doing::of(&request).unwrap(), answer);
    }

    fn members(expectation: &Expectation) -> Vec<&str> {
        let members = expectation.members(&ResourceId::at("/Groups", "g")).unwrap();
        members.iter().map(String::as_str).collect()
    }

    #[test]
    fn who_is_in_a_group_is_followed_without_being_shown() {
        let mut so = Expectation::default();
        let everybody = json!({"displayName": "staff", "members": [{"value": "a"}, {"value": "b"}]});
        follow(&mut so, &Method::POST, "/Groups", &everybody, Some(&json!({"id": "g"})));
        let mut patch = |operation: Value| {
            follow(&mut so, &Method::PATCH, "/Groups/g", &json!({"Operations": [operation]}), None);
            members(&so).join(" ")
        };
        assert_eq!(patch(json!({"op": "add", "path": "members", "value": [{"value": "c"}]})), "a b c");
        assert_eq!(patch(json!({"op": "remove", "path": "members[value eq \"a\"]"})), "b c");
        assert_eq!(patch(json!({"op": "Remove", "path": "members", "value": [{"value": "b"}]})), "c");
        assert_eq!(patch(json!({"op": "replace", "value": {"displayName": "crew"}})), "c");
        assert_eq!(patch(json!({"op": "replace", "path": "members", "value": [{"value": "d"}]})), "d");
        assert_eq!(patch(json!({"op": "remove", "path": "members"})), "");
    }

    #[test]
    fn what_an_answer_shows_counts_and_who_is_deleted_is_in_no_group() {
        let mut so = Expectation::default();
        let shown = json!({"id": "g", "members": [{"value": "a"}, {"value": "b"}]});
        follow(&mut so, &Method::GET, "/Groups/g", &Value::Null, Some(&shown));
        follow(&mut so, &Method::DELETE, "/Users/a", &Value::Null, None);
        assert_eq!(members(&so), ["b"]);
    }

    #[test]
    fn who_is_active() {
        let mut so = Expectation::default();
        let ada = ResourceId::at("/Users", "a");
        follow(&mut so, &Method::POST, "/Users", &json!({"active": true}), Some(&json!({"id": "a"})));
        assert_eq!(so.active(&ada), Some(true));
        let off = json!({"Operations": [{"op": "Replace", "path": "active", "value": "False"}]});
        follow(&mut so, &Method::PATCH, "/Users/a", &off, None);
        assert_eq!(so.active(&ada), Some(false));
        follow(&mut so, &Method::GET, "/Users/a", &Value::Null, Some(&json!({"id": "a", "active": true})));
        assert_eq!(so.active(&ada), Some(true));
    }
}
