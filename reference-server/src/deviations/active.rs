//! Finding `active` in what a client sends, and the deviations that are about `active` wherever it occurs.

use axum::{http::Method, response::Response};
use serde_json::{Value, json};

use super::{
    Cluster, Deviation,
    visit::{Visit, edit_users},
};

/// FusionAuth took `active` in and did nothing with it.
pub(super) static ACTIVE_ATTRIBUTE_IGNORED_EVERYWHERE: Deviation = Deviation {
    slug: "active-attribute-ignored-everywhere",
    cluster: Cluster::AccessSurvives,
    wrong: "active is accepted in POST, PUT and PATCH, has no effect and comes back nowhere; only DELETE locks a person out",
    right: "active says whether the person may get in, and comes back as it is",
    source: "https://github.com/FusionAuth/fusionauth-issues/issues/1871",
    install: |seams| seams.wrap_users(ignore_active),
};

/// Snipe-IT answered with what its database has.
pub(super) static ACTIVE_ANSWERED_AS_NUMBER: Deviation = Deviation {
    slug: "active-answered-as-number",
    cluster: Cluster::ShapesOfActive,
    wrong: "answers say \"active\": 1 or 0",
    right: "answers say \"active\": true or false",
    source: "https://github.com/grokability/snipe-it/issues/13948",
    install: |seams| {
        seams.wrap_users(async |visit: Visit| {
            edit_users(visit.go().await, |user| {
                if let Some(active) = user.get_mut("active") {
                    *active = json!(i32::from(*active == Value::Bool(true)));
                }
            })
            .await
        })
    },
};

async fn ignore_active(visit: Visit) -> Response {
    let Some(mut body) = visit.json() else { return without_active(visit.go().await).await };
    if visit.is_patch() {
        for_operations(&mut body, |operations| operations.retain_mut(strip));
        let nothing_left = for_operations(&mut body, |operations| operations.is_empty());
        if nothing_left == Some(true) {
            return without_active(visit.ask(Method::GET, Vec::new()).await).await;
        }
    } else {
        remove(&mut body);
    }
    without_active(visit.with(&body).go().await).await
}

async fn without_active(response: Response) -> Response {
    edit_users(response, remove).await
}

/// Takes `active` out of an operation; whether anything is left of it.
fn strip(operation: &mut Value) -> bool {
    if is_active_path(operation) {
        return false;
    }
    match member(operation, "value") {
        Some(value) if value.is_object() => {
            remove(value);
            value.as_object().is_some_and(|object| !object.is_empty())
        }
        _ => true,
    }
}

/// What the operations of a PATCH set `active` to, each with whether it does so by an object without a path.
pub(super) fn patched(body: &mut Value) -> Vec<(bool, &mut Value)> {
    let Some(Value::Array(operations)) = member(body, "Operations") else { return Vec::new() };
    let mut found = Vec::new();
    for operation in operations {
        if is_active_path(operation) {
            found.extend(member(operation, "value").map(|value| (false, value)));
        } else if operation.get("path").is_none() {
            let value = member(operation, "value").and_then(|value| member(value, "active"));
            found.extend(value.map(|value| (true, value)));
        }
    }
    found
}

/// What a PUT, POST or PATCH in the end wants `active` to be; nothing if it does not speak of it.
pub(super) fn wanted(visit: &Visit) -> Option<bool> {
    let mut body = visit.json()?;
    if visit.is_patch() {
        patched(&mut body).pop().and_then(|(_, value)| truth(value))
    } else {
        truth(member(&mut body, "active")?)
    }
}

/// A Boolean, also where it comes as a string.
pub(super) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) => text.to_ascii_lowercase().parse().ok(),
        _ => None,
    }
}

/// The member of this name, letter case aside.
pub(super) fn member<'a>(object: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let found = object.as_object_mut()?.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// Does something with the operations of a PATCH.
pub(super) fn for_operations<T>(body: &mut Value, work: impl FnOnce(&mut Vec<Value>) -> T) -> Option<T> {
    member(body, "Operations").and_then(Value::as_array_mut).map(work)
}

fn is_active_path(operation: &Value) -> bool {
    let path = operation.get("path").and_then(Value::as_str).unwrap_or_default();
    path.rsplit(':').next().is_some_and(|name| name.eq_ignore_ascii_case("active"))
}

fn remove(user: &mut Value) {
    if let Some(object) = user.as_object_mut() {
        object.retain(|key, _| !key.eq_ignore_ascii_case("active"));
    }
}
