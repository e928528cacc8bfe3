//! What an exchange that passed did to people, read off it: made, written, deleted, shown, missing. Providers spell a
//! deactivation in many ways; here they become one. What follows from it is in `roster`.

use http::Method;
use percent_encoding::percent_decode_str;
use scimspec_mock_idp::exchange::{Answer, Destination, Exchange};
use serde_json::Value;

/// Something that an exchange shows about one person.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Happening {
    /// The server showed them.
    Shown {
        /// Their id.
        id: String,
        /// Their resource, or a part of it.
        resource: Value,
    },
    /// The server says that it does not know them.
    Missing {
        /// Their id.
        id: String,
    },
    /// Somebody wrote.
    Write(Write),
}

/// A write to one person.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Write {
    /// Whose id; none: a create that was not done, or one whose answer names no id.
    pub(super) id: Option<String>,
    /// What was wanted.
    pub(super) intent: Intent,
    /// How it was said: `PATCH`.
    pub(super) method: Method,
    /// What was sent.
    pub(super) sent: Value,
    /// What became of it.
    pub(super) outcome: Outcome,
}

/// What a write wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    /// Somebody new, who is to be active or not.
    Create {
        /// Whether active.
        active: bool,
    },
    /// `active` is to be true.
    Activate,
    /// `active` is to be false.
    Deactivate,
    /// The resource is to go.
    Delete,
    /// `active` is named, but not with a value that is true or false: the server's answer says what it means.
    Unclear,
    /// Something else.
    Other,
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// Done; with the resource if the server showed it.
    Done(Option<Value>),
    /// Refused with that status.
    Refused(u16),
    /// Nobody knows: there was no answer.
    Unknown,
}

/// Whom a request that has only begun writes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WriteTo {
    /// The person with this id.
    Person(String),
    /// Perhaps anybody: a create, or a bulk request.
    Anybody,
}

/// RFC 7643, section 4.1: attributes may be named with it (RFC 7644, section 3.10).
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// Everything that an exchange shows. Of an answer whose body was not kept, the status alone says what became of a write.
pub(super) fn of(exchange: &Exchange, unkept: Option<&Answer>) -> Vec<Happening> {
    let Destination::Scim(target) = &exchange.request.to else { return Vec::new() };
    let answer = exchange.result.as_ref().ok().or(unkept);
    let sent = || {
        let body = exchange.request.body.as_ref()?;
        serde_json::from_slice::<Value>(body).ok()
    };
    let method = &exchange.request.method;
    match endpoint(target) {
        Endpoint::People if *method == Method::GET => listed(answer),
        Endpoint::Search if *method == Method::POST => listed(answer),
        Endpoint::People if *method == Method::POST => {
            let done = |status| (200..300).contains(&status);
            let located = answer.filter(|answer| done(answer.status));
            let located = located.and_then(|answer| answer.header("location")).and_then(id_in_url);
            vec![Happening::Write(write(method, None, sent().unwrap_or_default(), outcome(answer), located))]
        }
        Endpoint::Person(id) if *method == Method::GET => match answer.map(|answer| answer.status) {
            Some(404) => vec![Happening::Missing { id }],
            Some(200) => answer.and_then(Answer::json).and_then(shown).into_iter().collect(),
            _ => Vec::new(),
        },
        Endpoint::Person(id) if [Method::PUT, Method::PATCH, Method::DELETE].contains(method) => {
            vec![Happening::Write(write(method, Some(id), sent().unwrap_or_default(), outcome(answer), None))]
        }
        Endpoint::Bulk if *method == Method::POST => bulk(&sent().unwrap_or_default(), answer),
        _ => Vec::new(),
    }
}

/// Whose resource a request writes to, as far as its head tells; none: it writes to nobody's.
pub(super) fn written_by(method: &Method, to: &Destination) -> Option<WriteTo> {
    let Destination::Scim(target) = to else { return None };
    match endpoint(target) {
        Endpoint::Person(id) if [Method::PUT, Method::PATCH, Method::DELETE].contains(method) => {
            Some(WriteTo::Person(id))
        }
        Endpoint::People | Endpoint::Bulk if *method == Method::POST => Some(WriteTo::Anybody),
        _ => None,
    }
}

/// An attribute's value, by its name without case (RFC 7643, section 2.1).
pub(super) fn member<'v>(resource: &'v Value, name: &str) -> Option<&'v Value> {
    let members = resource.as_object()?;
    members
        .iter()
        .find(|(key, _)| is_attribute(key, name))
        .map(|(_, value)| value)
        .filter(|value| !value.is_null())
}

/// What a write sets an attribute to: in a whole resource, or by the last operation of a PATCH that names it.
pub(super) fn written<'v>(method: &Method, sent: &'v Value, name: &str) -> Option<&'v Value> {
    if *method != Method::PATCH {
        return member(sent, name);
    }
    let operations = member(sent, "Operations")?.as_array()?;
    operations.iter().rev().find_map(|operation| {
        let op = member(operation, "op")?.as_str()?;
        if !op.eq_ignore_ascii_case("add") && !op.eq_ignore_ascii_case("replace") {
            return None;
        }
        let value = member(operation, "value")?;
        match member(operation, "path").and_then(Value::as_str).filter(|path| !path.is_empty()) {
            Some(path) if is_attribute(path.trim(), name) => Some(value),
            Some(_) => None,
            None => member(value, name),
        }
    })
}

/// True or false, also as the texts that Entra sends without its newer flag (C6), or as the only value of a list.
pub(super) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Value::Array(items) => match items.as_slice() {
            [only] => boolean(only.get("value").unwrap_or(only)),
            _ => None,
        },
        _ => None,
    }
}

enum Endpoint {
    People,
    Person(String),
    Search,
    Bulk,
    Other,
}

fn endpoint(target: &str) -> Endpoint {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let (first, second, third) = (segments.next(), segments.next(), segments.next());
    let is = |name: &str| first.is_some_and(|first| first.eq_ignore_ascii_case(name));
    let id = || second.map(|id| percent_decode_str(id).decode_utf8_lossy().into_owned());
    match (second, third) {
        (None, _) if is("Users") => Endpoint::People,
        (Some(".search"), None) if is("Users") => Endpoint::Search,
        (Some(_), None) if is("Users") => id().map_or(Endpoint::Other, Endpoint::Person),
        (None, _) if is(".search") => Endpoint::Search,
        (None, _) if is("Bulk") => Endpoint::Bulk,
        _ => Endpoint::Other,
    }
}

fn write(
    method: &Method,
    id: Option<String>,
    sent: Value,
    outcome: Outcome,
    located: Option<String>,
) -> Write {
    let active = written(method, &sent, "active");
    let intent = match (method, active.map(boolean)) {
        (&Method::DELETE, _) => Intent::Delete,
        (&Method::POST, active) => Intent::Create { active: active.flatten() != Some(false) },
        (_, Some(Some(true))) => Intent::Activate,
        (_, Some(Some(false))) => Intent::Deactivate,
        (_, Some(None)) => Intent::Unclear,
        // A removal has no value (RFC 7644, section 3.5.2.2), and what it leaves is the server's to say.
        (_, None) if removes(&sent, "active") => Intent::Unclear,
        (_, None) => Intent::Other,
    };
    let id = id.or_else(|| match &outcome {
        Outcome::Done(shown) => shown.as_ref().and_then(id_of).or(located),
        _ => None,
    });
    Write { id, intent, method: method.clone(), sent, outcome }
}

fn removes(sent: &Value, name: &str) -> bool {
    let operations = member(sent, "Operations").and_then(Value::as_array);
    operations.into_iter().flatten().any(|operation| {
        let says = |key: &str, is: &dyn Fn(&str) -> bool| {
            member(operation, key).and_then(Value::as_str).is_some_and(is)
        };
        says("op", &|op| op.eq_ignore_ascii_case("remove")) && says("path", &|path| is_attribute(path, name))
    })
}

fn outcome(answer: Option<&Answer>) -> Outcome {
    match answer {
        None => Outcome::Unknown,
        Some(answer) if answer.is_success() => {
            Outcome::Done(answer.json().filter(|json| id_of(json).is_some()))
        }
        Some(answer) => Outcome::Refused(answer.status),
    }
}

fn listed(answer: Option<&Answer>) -> Vec<Happening> {
    let json = answer.filter(|answer| answer.is_success()).and_then(Answer::json);
    let Some(Value::Array(resources)) = json.as_ref().and_then(|json| member(json, "Resources")).cloned()
    else {
        return Vec::new();
    };
    // A search at the base finds groups too.
    resources.into_iter().filter(|one| member(one, "userName").is_some()).filter_map(shown).collect()
}

fn shown(resource: Value) -> Option<Happening> {
    Some(Happening::Shown { id: id_of(&resource)?, resource })
}

/// The operations of a bulk request, each with its own answer (RFC 7644, section 3.7). Answers that do not stand as the
/// operations do say nothing.
fn bulk(sent: &Value, answer: Option<&Answer>) -> Vec<Happening> {
    let operations = |json: &Value| member(json, "Operations").and_then(Value::as_array).cloned();
    let asked = operations(sent).unwrap_or_default();
    let json = answer.filter(|answer| answer.is_success()).and_then(Answer::json);
    let answered = json.as_ref().and_then(operations);
    let each = asked.iter().enumerate().filter_map(|(index, operation)| {
        let text = |key: &str| member(operation, key).and_then(Value::as_str);
        let method = Method::from_bytes(text("method")?.to_ascii_uppercase().as_bytes()).ok()?;
        let id = match endpoint(text("path")?) {
            Endpoint::Person(id) if method != Method::POST => Some(id),
            Endpoint::People if method == Method::POST => None,
            _ => return None,
        };
        let sent = member(operation, "data").cloned().unwrap_or_default();
        let one = answered.as_ref().and_then(|all| all.get(index));
        let one = one.filter(|one| member(one, "bulkId") == member(operation, "bulkId"));
        let status = one.and_then(|one| member(one, "status")).and_then(|status| match status {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64().and_then(|number| u16::try_from(number).ok()),
        });
        let outcome = match status {
            None => Outcome::Unknown,
            Some(200..=299) => {
                let shown = one.and_then(|one| member(one, "response")).cloned();
                Outcome::Done(shown.filter(|shown| id_of(shown).is_some()))
            }
            Some(status) => Outcome::Refused(status),
        };
        let located = one.and_then(|one| member(one, "location")).and_then(Value::as_str).and_then(id_in_url);
        Some(Happening::Write(write(&method, id, sent, outcome, located)))
    });
    each.collect()
}

fn id_of(resource: &Value) -> Option<String> {
    member(resource, "id")?.as_str().filter(|id| !id.is_empty()).map(str::to_owned)
}

fn id_in_url(location: &str) -> Option<String> {
    let path = location.split(['?', '#']).next()?.trim_end_matches('/');
    let id = path.rsplit('/').next().filter(|id| !id.is_empty())?;
    Some(percent_decode_str(id).decode_utf8_lossy().into_owned())
}

/// Whether a key or a path is this attribute of a user, with the schema's URN before it or not.
fn is_attribute(key: &str, name: &str) -> bool {
    short(key).eq_ignore_ascii_case(name)
}

/// A key or a path without the URN of the user's schema.
pub(super) fn short(key: &str) -> &str {
    let short = key
        .get(..USER.len())
        .filter(|urn| urn.eq_ignore_ascii_case(USER))
        .and_then(|_| key.get(USER.len()..)?.strip_prefix(':'));
    short.unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use scimspec_mock_idp::exchange::{Broken, Origin, Request};
    use serde_json::json;

    use super::*;

    fn exchange(line: &str, sent: &Value, answer: Option<(u16, Value)>) -> Exchange {
        let (method, target) = line.split_once(' ').unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = Request::scim(method, target).body(sent.to_string());
        let answer = answer.map(|(status, json)| Answer {
            status,
            headers: vec![("LOCATION".to_owned(), "https://app.example/scim/Users/7".to_owned())],
            body: json.to_string().into(),
        });
        Exchange {
            origin: Origin::Recorded,
            request,
            url: format!("https://app.example/scim{target}"),
            result: answer.ok_or_else(|| Broken::Cut("gone".to_owned())),
            started: SystemTime::UNIX_EPOCH,
            took: Duration::ZERO,
        }
    }

    fn intent(line: &str, sent: &Value) -> Intent {
        match seen(&exchange(line, sent, Some((200, json!({})))))[..] {
            [Happening::Write(ref write)] => write.intent,
            ref other => panic!("{other:?}"),
        }
    }

    fn patch(operations: &Value) -> Value {
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations})
    }

    fn seen(exchange: &Exchange) -> Vec<Happening> {
        of(exchange, None)
    }

    #[rstest::rstest]
    #[case::as_okta_says_it(json!([{"op": "replace", "value": {"active": false}}]))]
    #[case::with_a_path(json!([{"op": "replace", "path": "active", "value": false}]))]
    #[case::as_entra_says_it(json!([{"op": "Replace", "path": "active", "value": "False"}]))]
    #[case::added(json!([{"op": "Add", "path": "Active", "value": false}]))]
    #[case::with_the_schema(json!([{"op": "replace", "path": format!("{USER}:active"), "value": false}]))]
    #[case::with_the_schema_in_the_value(json!([{"op": "replace", "value": {format!("{USER}:active"): "false"}}]))]
    #[case::in_a_list(json!([{"op": "replace", "path": "active", "value": [{"value": "False"}]}]))]
    #[case::the_last_one_counts(json!([{"op": "replace", "path": "active", "value": true},
                                      {"op": "replace", "value": {"active": false, "title": "x"}}]))]
    fn a_patch_deactivates_in_any_spelling(#[case] operations: Value) {
        assert_eq!(intent("PATCH /Users/7", &patch(&operations)), Intent::Deactivate);
    }

    #[test]
    fn what_is_meant_is_read_off_every_kind_of_write() {
        assert_eq!(intent("PUT /users/7/", &json!({"Active": false})), Intent::Deactivate);
        assert_eq!(intent("PUT /Users/7", &json!({"active": "True"})), Intent::Activate);
        assert_eq!(intent("PUT /Users/7", &json!({"title": "x"})), Intent::Other);
        assert_eq!(intent("DELETE /Users/7", &json!(null)), Intent::Delete);
        assert_eq!(intent("POST /Users", &json!({"userName": "ada"})), Intent::Create { active: true });
        assert_eq!(intent("POST /Users?x", &json!({"active": false})), Intent::Create { active: false });
        let other = json!([{"op": "replace", "path": "name.active", "value": false}]);
        assert_eq!(intent("PATCH /Users/7", &patch(&other)), Intent::Other);
        let removal = json!([{"op": "remove", "path": "active"}]);
        assert_eq!(intent("PATCH /Users/7", &patch(&removal)), Intent::Unclear);
        let no_boolean = json!([{"op": "replace", "path": "active", "value": "no"}]);
        assert_eq!(intent("PATCH /Users/7", &patch(&no_boolean)), Intent::Unclear);
    }

    #[test]
    fn outcomes_are_those_of_the_answer() {
        let outcome = |answer| match seen(&exchange("PUT /Users/a%20b", &json!({}), answer)).remove(0) {
            Happening::Write(write) => (write.id.unwrap(), write.outcome),
            other => panic!("{other:?}"),
        };
        let shown = json!({"id": "a b", "active": true});
        assert_eq!(outcome(Some((200, shown.clone()))), ("a b".to_owned(), Outcome::Done(Some(shown))));
        assert_eq!(outcome(Some((204, json!(null)))).1, Outcome::Done(None));
        assert_eq!(outcome(Some((409, json!({})))).1, Outcome::Refused(409));
        assert_eq!(outcome(None).1, Outcome::Unknown);
    }

    #[test]
    fn a_new_person_s_id_stands_in_the_answer_or_in_its_location() {
        for (answer, id) in [(json!({"id": "8"}), "8"), (json!(null), "7")] {
            let happened = seen(&exchange("POST /Users", &json!({}), Some((201, answer))));
            let [Happening::Write(write)] = &happened[..] else { panic!("{happened:?}") };
            assert_eq!(write.id.as_deref(), Some(id));
        }
        let refused = seen(&exchange("POST /Users", &json!({}), Some((409, json!({"id": "8"})))));
        assert!(matches!(&refused[..], [Happening::Write(Write { id: None, .. })]));
    }

    #[test]
    fn people_who_are_shown_and_people_who_are_missing_are_told() {
        let ada = json!({"id": "1", "userName": "ada"});
        let list = json!({"Resources": [ada, {"id": "2", "displayName": "Engineering"}]});
        let shown = Happening::Shown { id: "1".to_owned(), resource: ada.clone() };
        let get = |line, status, json| seen(&exchange(line, &json!(null), Some((status, json))));
        assert_eq!(get("GET /Users?count=2", 200, list.clone()), std::slice::from_ref(&shown));
        assert_eq!(get("POST /.search", 200, list), std::slice::from_ref(&shown));
        assert_eq!(get("GET /Users/1", 200, ada), [shown]);
        assert_eq!(get("GET /Users/1", 404, json!({})), [Happening::Missing { id: "1".to_owned() }]);
        assert_eq!(get("GET /Groups/1", 404, json!({})), []);
        assert_eq!(get("PATCH /Groups/1", 200, json!({"id": "1"})), []);
    }

    #[test]
    fn operations_in_bulk_are_writes_with_answers_of_their_own() {
        let sent = json!({"Operations": [
            {"method": "POST", "path": "/Users", "bulkId": "q", "data": {"userName": "ada"}},
            {"method": "patch", "path": "/Users/2", "data": {"Operations": [{"op": "replace", "path": "active", "value": false}]}},
            {"method": "DELETE", "path": "/Groups/3"},
            {"method": "DELETE", "path": "/Users/4"}]});
        let answer = json!({"Operations": [
            {"method": "POST", "bulkId": "q", "location": "/Users/1", "status": "201"},
            {"method": "PATCH", "status": {"code": 1}},
            {"method": "DELETE", "status": "204"},
            {"method": "DELETE", "status": 404}]});
        let happened = seen(&exchange("POST /Bulk", &sent, Some((200, answer))));
        let told: Vec<_> = happened
            .iter()
            .map(|happening| match happening {
                Happening::Write(write) => (write.id.as_deref().unwrap(), write.intent, &write.outcome),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            told,
            [
                ("1", Intent::Create { active: true }, &Outcome::Done(None)),
                ("2", Intent::Deactivate, &Outcome::Unknown),
                ("4", Intent::Delete, &Outcome::Refused(404)),
            ]
        );
    }

    #[test]
    fn heads_tell_whose_resource_is_written() {
        let to = |target: &str| Destination::Scim(target.to_owned());
        assert_eq!(written_by(&Method::PATCH, &to("/Users/7?x")), Some(WriteTo::Person("7".to_owned())));
        assert_eq!(written_by(&Method::POST, &to("/Users")), Some(WriteTo::Anybody));
        assert_eq!(written_by(&Method::POST, &to("/Bulk")), Some(WriteTo::Anybody));
        assert_eq!(written_by(&Method::GET, &to("/Users/7")), None);
        assert_eq!(written_by(&Method::PATCH, &to("/Groups/7")), None);
    }
}
