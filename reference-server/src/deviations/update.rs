//! Updates that do something to `active` which they do not say, or that are refused because of it.

use axum::response::Response;
use serde_json::{Value, json};

use super::{
    Cluster, Deviation,
    active::{for_operations, member, wanted},
    visit::{Visit, refuse},
};
use crate::scim::Error;

/// Probo wrote "active" with every update.
pub(super) static UPDATE_AUTO_REACTIVATES: Deviation = Deviation {
    slug: "update-auto-reactivates",
    cluster: Cluster::AccessSurvives,
    wrong: "a PUT or PATCH of the profile of an inactive User makes the User active",
    right: "active changes only when a request says so",
    source: "https://github.com/getprobo/probo/issues/711",
    install: |seams| seams.wrap_users(auto_reactivate),
};

/// Vouch filled in the default, and the default lets people in.
pub(super) static PUT_OMITTED_ACTIVE_REACTIVATES: Deviation = Deviation {
    slug: "put-omitted-active-reactivates",
    cluster: Cluster::ShapesOfActive,
    wrong: "a PUT without active on an inactive User makes the User active",
    right: "a PUT that does not speak of active leaves it as it is",
    source: "https://github.com/vouch-sh/vouch/issues/1415",
    install: |seams| seams.wrap_users(|visit| put_with_default(visit, true)),
};

/// Gestalt filled in the zero value of its language.
pub(super) static PUT_OMITTED_ACTIVE_CHANGES_STATE: Deviation = Deviation {
    slug: "put-omitted-active-changes-state",
    cluster: Cluster::ShapesOfActive,
    wrong: "a PUT without active on an active User makes the User inactive",
    right: "a PUT that does not speak of active leaves it as it is",
    source: "https://github.com/valon-technologies/gestalt/issues/3167",
    install: |seams| seams.wrap_users(|visit| put_with_default(visit, false)),
};

/// A directory behind Entra refused to touch who was disabled, and Entra retried until quarantine.
pub(super) static UPDATE_OF_INACTIVE_USER_409: Deviation = Deviation {
    slug: "update-of-inactive-user-409",
    cluster: Cluster::IdentityLost,
    wrong: "an update of an inactive User that does not make it active is answered with 409",
    right: "an inactive User can be updated like any other",
    source: "https://learn.microsoft.com/answers/questions/1185756",
    install: |seams| seams.wrap_users(refuse_inactive),
};

async fn auto_reactivate(visit: Visit) -> Response {
    // A whole resource always carries active; the update of a profile is one that does not change it. An
    // explicit PATCH of active is none.
    let is_profile_update = match wanted(&visit) {
        None => visit.is_put() || visit.is_patch(),
        Some(active) => visit.is_put() && !active,
    };
    let Some(mut body) = visit.json().filter(|_| is_profile_update) else { return visit.go().await };
    if !visit.is_inactive().await {
        return visit.go().await;
    }
    if visit.is_put() {
        set_active(&mut body, true);
    } else {
        let reactivate = json!({"op": "replace", "path": "active", "value": true});
        for_operations(&mut body, |operations| operations.push(reactivate));
    }
    visit.with(&body).go().await
}

async fn put_with_default(visit: Visit, default: bool) -> Response {
    let Some(mut body) = visit.json().filter(|_| visit.is_put()) else { return visit.go().await };
    if member(&mut body, "active").is_none() {
        set_active(&mut body, default);
    }
    visit.with(&body).go().await
}

async fn refuse_inactive(visit: Visit) -> Response {
    let is_update = visit.is_put() || visit.is_patch();
    if is_update && wanted(&visit) != Some(true) && visit.is_inactive().await {
        return refuse(Error::new(409, None, "User must be Active."));
    }
    visit.go().await
}

fn set_active(body: &mut Value, active: bool) {
    match member(body, "active") {
        Some(value) => *value = json!(active),
        None => {
            if let Some(object) = body.as_object_mut() {
                object.insert("active".to_owned(), json!(active));
            }
        }
    }
}
