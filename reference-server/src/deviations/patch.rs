//! PATCH bodies that are read in a wrong way.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{http::Method, response::Response};
use serde_json::{Value, json};

use super::{
    Cluster, Deviation,
    active::{member, patched},
    visit::{Visit, edit_users, refuse},
};
use crate::scim::Error;

/// OneUptime looked for the User in the body and found a PatchOp.
pub(super) static PATCHOP_READ_AS_PLAIN_RESOURCE: Deviation = Deviation {
    slug: "patchop-read-as-plain-resource",
    cluster: Cluster::AccessSurvives,
    wrong: "a PATCH is answered with 200 and only an active beside Operations counts; the operations are not done",
    right: "the operations of a PATCH are done",
    source: "https://github.com/OneUptime/oneuptime/issues/3852",
    install: |seams| seams.wrap_users(as_plain_resource),
};

/// The library scim-patch kept what it was given.
pub(super) static ACTIVE_STRING_STORED_AS_STRING: Deviation = Deviation {
    slug: "active-string-stored-as-string",
    cluster: Cluster::ShapesOfActive,
    wrong: "after a PATCH of active with \"False\" answers say \"active\": \"False\"",
    right: "active is a Boolean, whatever it was sent as",
    source: "https://github.com/thomaspoignant/scim-patch/issues/872",
    install: |seams| {
        let strings: Strings = Arc::default();
        seams.wrap_users(move |visit| keep_string(visit, Arc::clone(&strings)))
    },
};

/// A string that is not empty is true, in some languages.
pub(super) static ACTIVE_STRING_FALSE_IS_TRUTHY: Deviation = Deviation {
    slug: "active-string-false-is-truthy",
    cluster: Cluster::ShapesOfActive,
    wrong: "a PATCH of active with \"False\" is answered with success and leaves or makes the User active",
    right: "\"False\" is false, or is refused",
    source: "https://github.com/ssoready/ssoready/issues/155",
    install: |seams| seams.wrap_users(truthy),
};

/// Three servers knew operations with a path only, and Okta deactivates without.
pub(super) static PATHLESS_ACTIVE_500: Deviation = Deviation {
    slug: "pathless-active-500",
    cluster: Cluster::ShapesOfActive,
    wrong: "a PATCH that sets active by an object without a path is answered with 500",
    right: "the object's attributes are applied",
    source: "https://github.com/Metatavu/keycloak-scim-server/issues/95",
    install: |seams| seams.wrap_users(pathless),
};

async fn as_plain_resource(visit: Visit) -> Response {
    let Some(mut body) = visit.json().filter(|_| visit.is_patch()) else { return visit.go().await };
    match member(&mut body, "active") {
        Some(active) => {
            let operations = json!([{"op": "replace", "path": "active", "value": active}]);
            let body = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": operations,
            });
            visit.with(&body).go().await
        }
        None => visit.ask(Method::GET, Vec::new()).await,
    }
}

/// The strings that stand where a Boolean should, by the id of the User.
type Strings = Arc<Mutex<HashMap<String, String>>>;

async fn keep_string(visit: Visit, strings: Strings) -> Response {
    let id = visit.id().map(str::to_owned);
    let sent = visit.json().filter(|_| visit.is_patch()).and_then(|mut body| {
        let (_, value) = patched(&mut body).pop()?;
        Some(value.clone())
    });
    let is_put = visit.is_put();
    let response = visit.go().await;
    if let Some(id) = id
        && response.status().is_success()
    {
        let mut strings = strings.lock().unwrap_or_else(PoisonError::into_inner);
        match sent {
            Some(Value::String(string)) => _ = strings.insert(id, string),
            Some(_) => _ = strings.remove(&id),
            None if is_put => _ = strings.remove(&id),
            None => {}
        }
    }
    let strings = strings.lock().unwrap_or_else(PoisonError::into_inner).clone();
    edit_users(response, |user| {
        let string = user.get("id").and_then(Value::as_str).and_then(|id| strings.get(id));
        if let (Some(string), Some(active)) = (string, user.get_mut("active")) {
            *active = json!(string);
        }
    })
    .await
}

async fn truthy(visit: Visit) -> Response {
    let Some(mut body) = visit.json().filter(|_| visit.is_patch()) else { return visit.go().await };
    for (_, value) in patched(&mut body) {
        if value.as_str().is_some_and(|text| !text.is_empty()) {
            *value = json!(true);
        }
    }
    visit.with(&body).go().await
}

async fn pathless(visit: Visit) -> Response {
    let mut body = visit.json().filter(|_| visit.is_patch());
    if body.as_mut().is_some_and(|body| patched(body).iter().any(|(pathless, _)| *pathless)) {
        return refuse(Error::internal("Unsupported attribute: null"));
    }
    visit.go().await
}
