//! No story of the library writes a name that a server may demand to be no one else's: stories are told at the same time,
//! on servers that are not empty, and the second to write it would be refused.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use scimspec::json::template::{Lookup, Reference, Template, Text};
use scimspec::run::Library;
use scimspec::scenario::model::{Action, Body, Case, IdpAct, RequestTarget, RequestTemplate, Scenario};

/// Stands in what is sent for whatever differs by run and story.
const DIFFERS: &str = "\u{1}";

/// Written all the same: the story, the value, and why it cannot meet another story's.
const ON_PURPOSE: [(&str, &str, &str); 4] = [
    ("gitlab/group", "Engineering", "the name of a SAML group link that the server must have"),
    ("gitlab/group", "Other", "GitLab keeps the name of the link"),
    ("gitlab/username-sanitised", "--ricky.^#!__the._raccoon--", "GitLab makes it one that nobody has"),
    ("security/external-id-is-no-account-number", "1", "the number of the first account"),
];

#[test]
fn no_story_writes_a_name_that_another_may_have() {
    let library = Library::embedded().unwrap();
    let fixed: BTreeSet<(String, String)> = library.scenarios.iter().flat_map(fixed_names).collect();
    let on_purpose: BTreeSet<(String, String)> =
        ON_PURPOSE.iter().map(|(story, value, _)| ((*story).to_owned(), (*value).to_owned())).collect();
    let wrong: Vec<_> = fixed.difference(&on_purpose).collect();
    assert!(wrong.is_empty(), "put `${{unique...}}` into each of these: {wrong:#?}");
    let gone: Vec<_> = on_purpose.difference(&fixed).collect();
    assert!(gone.is_empty(), "no story writes these any more: {gone:#?}");
}

#[test]
fn a_written_name_is_seen_wherever_it_may_stand() {
    let seen = |path: &str, body: Value| {
        let mut found = Vec::new();
        in_body(path, &body, &mut found);
        found
    };
    let one = || vec!["ada".to_owned()];
    assert_eq!(seen("/Users", json!({"USERNAME": "ada", "externalId": format!("x{DIFFERS}")})), one());
    assert_eq!(seen("/Users", json!({"externalId": "ada"})), one());
    assert_eq!(seen("/Users", json!({"emails": [{"value": "ada"}, {"value": DIFFERS}]})), one());
    assert_eq!(seen("/Users", json!({"emails": "ada", "displayName": "Ada"})), one());
    assert_eq!(seen("/Groups/1", json!({"displayName": "ada"})), one());
    assert_eq!(seen("/Me", json!({"urn:ietf:params:scim:schemas:core:2.0:User:userName": "ada"})), one());
    let patch = |operation: Value| seen("/Users/1", json!({"operations": [operation]}));
    assert_eq!(patch(json!({"op": "replace", "path": "userName", "value": "ada"})), one());
    assert_eq!(patch(json!({"op": "add", "path": "Emails[type eq \"work\"].value", "value": "ada"})), one());
    assert_eq!(patch(json!({"op": "add", "path": "emails", "value": [{"value": "ada"}]})), one());
    assert_eq!(patch(json!({"op": "add", "value": {"emails.value": "ada"}})), one());
    assert_eq!(patch(json!({"op": "replace", "value": {"externalId": "ada"}})), one());
    let bulk = json!({"Operations": [{"method": "POST", "path": "/Groups", "data": {"displayName": "ada"}}]});
    assert_eq!(seen("/Bulk", bulk), one());
}

#[test]
fn what_nobody_else_can_have_is_left_alone() {
    let mut found = Vec::new();
    let elsewhere = json!({
        "userName": "", "externalId": null, "emails": [{"type": "work", "display": "Ada"}], "displayName": "Ada",
        "name": {"userName": "inside"}
    });
    in_body("/Users", &elsewhere, &mut found);
    in_body("/Users/1", &json!({"Operations": [{"op": "remove", "path": "emails"}]}), &mut found);
    in_body(
        "/Users/1",
        &json!({"Operations": [{"path": "emails[type eq \"work\"].type", "value": "x"}]}),
        &mut found,
    );
    assert_eq!(found, Vec::<String>::new());
}

/// What a scenario writes, each with its id.
fn fixed_names(scenario: &Scenario) -> Vec<(String, String)> {
    let rows: Vec<Option<&Case>> =
        if scenario.cases.is_empty() { vec![None] } else { scenario.cases.iter().map(Some).collect() };
    let mut found = Vec::new();
    for case in rows {
        let values = Values { case };
        for step in &scenario.steps {
            match &step.action {
                Action::Idp { act: IdpAct::ChangeProfile(_, changes), .. } => {
                    let filled = changes.iter().map(|(name, text)| (name.clone(), values.text(text).into()));
                    in_resource(false, &Value::Object(filled.collect()), &mut found);
                }
                Action::Request(request) => {
                    request.requests().for_each(|request| in_request(request, &values, &mut found));
                }
                Action::Idp { .. }
                | Action::Account { .. }
                | Action::Administrator { .. }
                | Action::Access { .. }
                | Action::Walk(_)
                | Action::Replay(_) => {}
            }
        }
    }
    found.into_iter().map(|value| (scenario.id.clone(), value)).collect()
}

fn in_request(request: &RequestTemplate, values: &Values<'_>, found: &mut Vec<String>) {
    if !matches!(request.method, Method::POST | Method::PUT | Method::PATCH) {
        return;
    }
    let (RequestTarget::Below(path) | RequestTarget::Given(path)) = &request.target;
    let path = values.text(path);
    match &request.body {
        Body::Nothing => {}
        Body::Json(body) => in_body(&path, &body.fill(values).unwrap(), found),
        Body::Text(body) => {
            let body = values.text(body);
            match serde_json::from_str(&body) {
                Ok(body) => in_body(&path, &body, found),
                // No JSON, so there are no places in it: whatever looks like a mail address counts.
                Err(_) => {
                    found.extend(mail_addresses(&body).filter(|name| is_fixed(name)).map(str::to_owned));
                }
            }
        }
    }
}

fn in_body(path: &str, body: &Value, found: &mut Vec<String>) {
    let operations = member(body, "operations").and_then(Value::as_array);
    let Some(operations) = operations else {
        return in_resource(path.to_ascii_lowercase().starts_with("/groups"), body, found);
    };
    for operation in operations {
        if let Some(data) = member(operation, "data") {
            let path = member(operation, "path").and_then(Value::as_str).unwrap_or_default();
            in_body(path, data, found);
            continue;
        }
        let is_group = path.to_ascii_lowercase().starts_with("/groups");
        let value = member(operation, "value").unwrap_or(&Value::Null);
        match member(operation, "path").and_then(Value::as_str) {
            Some(path) => in_attribute(is_group, path, value, found),
            None => in_resource(is_group, value, found),
        }
    }
}

fn in_resource(is_group: bool, resource: &Value, found: &mut Vec<String>) {
    for (name, value) in resource.as_object().into_iter().flatten() {
        in_attribute(is_group, name, value, found);
    }
}

/// An attribute as a key or a path names it: with its URN or without, in any letters, through a filter.
fn in_attribute(is_group: bool, path: &str, value: &Value, found: &mut Vec<String>) {
    let path = path.to_ascii_lowercase();
    let without_filter = match (path.find('['), path.rfind(']')) {
        (Some(open), Some(close)) if open < close => format!("{}{}", &path[..open], &path[close + 1..]),
        (Some(open), None) => path[..open].to_owned(),
        _ => path,
    };
    let name = without_filter.rsplit(':').next().unwrap_or_default();
    let values: Vec<&Value> = match name {
        "username" | "externalid" | "emails.value" => vec![value],
        "displayname" if is_group => vec![value],
        "emails" => one_or_many(value).map(|mail| member(mail, "value").unwrap_or(mail)).collect(),
        _ => Vec::new(),
    };
    let texts = values.into_iter().filter_map(Value::as_str);
    found.extend(texts.filter(|text| is_fixed(text)).map(str::to_owned));
}

fn one_or_many(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice).iter()
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Nobody has an empty name.
fn is_fixed(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(DIFFERS)
}

fn mail_addresses(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '"' | ',' | '<' | '>'))
        .filter(|word| word.contains('@'))
}

/// What names mean as far as it is known before a run.
struct Values<'a> {
    case: Option<&'a Case>,
}

impl Values<'_> {
    fn text(&self, text: &Text) -> String {
        text.fill(self).unwrap()
    }
}

impl Lookup for Values<'_> {
    fn value(&self, reference: &Reference) -> Option<Value> {
        if let Some(column) = reference.0.strip_prefix("case.") {
            let cell: &Template = self.case?.cells.get(column)?;
            return Some(cell.fill(self).unwrap());
        }
        // The number of a request is the same in every story.
        Some(if reference.0 == "n" { json!(1) } else { DIFFERS.into() })
    }
}
