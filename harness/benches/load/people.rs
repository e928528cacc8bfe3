//! The people and groups that the servers are filled with, as bodies of requests.

use serde_json::{Value, json};

/// A user as an identity provider creates one.
pub(crate) fn user(number: usize) -> String {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": user_name(number),
        "externalId": external_id(number),
        "name": {"givenName": "Ada", "familyName": format!("Example {number}"), "formatted": format!("Ada Example {number}")},
        "displayName": format!("Ada Example {number}"),
        "emails": [{"value": email(number), "type": "work", "primary": true}],
        "active": true,
    })
    .to_string()
}

pub(crate) fn user_name(number: usize) -> String {
    format!("ada.{number:07}@example.com")
}

pub(crate) fn external_id(number: usize) -> String {
    format!("00u{number:017}")
}

pub(crate) fn email(number: usize) -> String {
    format!("{number:07}.ada@mail.example.com")
}

pub(crate) fn group(name: &str, members: &[String]) -> String {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": name,
        "members": values(members),
    })
    .to_string()
}

/// A PATCH that adds members.
pub(crate) fn addition(members: &[String]) -> String {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "add", "path": "members", "value": values(members)}],
    })
    .to_string()
}

fn values(members: &[String]) -> Vec<Value> {
    members.iter().map(|id| json!({"value": id})).collect()
}
