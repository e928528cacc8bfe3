//! What goes wrong with `active` when a User is created.

use axum::response::Response;
use serde_json::{Value, json};

use super::{Cluster, Deviation, active::member, operations::field, visit::Visit};
use crate::scim::Error;

/// Probo made everyone active.
pub(super) static CREATE_IGNORES_ACTIVE_FALSE: Deviation = Deviation {
    slug: "create-ignores-active-false",
    cluster: Cluster::AccessSurvives,
    wrong: "a User that is created with active false is active, and the person gets in",
    right: "a User that is created with active false is inactive",
    source: "https://github.com/getprobo/probo/issues/711",
    install: |seams| {
        seams.wrap_users(|visit| {
            create(visit, |body| {
                if let Some(active) = member(body, "active") {
                    *active = json!(true);
                }
            })
        })
    },
};

/// Gestalt took a missing `active` for false.
pub(super) static CREATE_OMITTED_ACTIVE_IS_INACTIVE: Deviation = Deviation {
    slug: "create-omitted-active-is-inactive",
    cluster: Cluster::ShapesOfActive,
    wrong: "a User that is created without active is inactive, and the person cannot sign in",
    right: "a User that is created without active is active",
    source: "https://github.com/valon-technologies/gestalt/issues/3167",
    install: |seams| {
        seams.wrap_users(|visit| {
            create(visit, |body| {
                if member(body, "active").is_none()
                    && let Some(object) = body.as_object_mut()
                {
                    object.insert("active".to_owned(), json!(false));
                }
            })
        })
    },
};

/// The reference code of Microsoft refused what Entra sends.
pub(super) static CREATE_ACTIVE_STRING_REJECTED: Deviation = Deviation {
    slug: "create-active-string-rejected",
    cluster: Cluster::ShapesOfActive,
    wrong: "a User that is created with active \"True\", as Entra may send it, is refused with 400",
    right: "\"True\" is taken for true",
    source: "https://github.com/AzureAD/SCIMReferenceCode/issues/21",
    install: |seams| {
        seams.refuse(|write| {
            let is_string = field(&write.body, "active").is_some_and(Value::is_string);
            let refused = write.is_user() && write.is_create() && is_string;
            refused.then(|| Error::invalid_value("active is a string and has to be a Boolean."))
        })
    },
};

async fn create(visit: Visit, edit: impl FnOnce(&mut Value)) -> Response {
    match visit.json() {
        Some(mut body) if visit.is_create() => {
            edit(&mut body);
            visit.with(&body).go().await
        }
        _ => visit.go().await,
    }
}
