//! Telling one story to the right server and to the wrong one.

use axum::http::Method;
use scimspec_reference_server::deviations;
use serde_json::{Value, json};

use crate::support::{Answer, Server, ada};

/// Tells a story to a right server and to one with the deviation; what it comes to has to be what is said.
#[track_caller]
pub(crate) fn told(slug: &'static str) -> Told {
    assert!(deviations::find(slug).is_some(), "there is no {slug}");
    Told { slug }
}

pub(crate) struct Told {
    slug: &'static str,
}

impl Told {
    pub(crate) async fn as_(self, story: impl AsyncFn(&Server) -> Value, right: Value, wrong: Value) {
        assert_eq!(story(&Server::new()).await, right, "{}: the right server", self.slug);
        assert_eq!(story(&Server::with(&[self.slug])).await, wrong, "{}: the wrong server", self.slug);
    }

    /// What has nothing to do with the deviation is as it is without it.
    pub(crate) async fn but_not(self, story: impl AsyncFn(&Server) -> Value, right: Value) {
        self.as_(story, right.clone(), right).await;
    }
}

/// The status and, of an error, the scimType.
pub(crate) fn outcome(answer: &Answer) -> Value {
    let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    match body.get("scimType") {
        Some(scim_type) => json!([answer.status.as_u16(), scim_type]),
        None => json!(answer.status.as_u16()),
    }
}

/// A part of a resource as it is read.
pub(crate) async fn part(server: &Server, path: &str, pointer: &str) -> Value {
    server.get(path).await.expect(200).json().pointer(pointer).cloned().unwrap_or_default()
}

/// Provisions ada with something in the place of what she has; the path to her.
pub(crate) async fn ada_with(server: &Server, more: Value) -> String {
    let mut body = ada();
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    format!("/Users/{}", server.post("/Users", &body).await.expect(201).id())
}

/// A bulk request of one operation; its outcome.
pub(crate) async fn bulk(server: &Server, method: &Method, path: &str, data: Value) -> Value {
    let operation = json!({"method": method.as_str(), "path": path, "bulkId": "one", "data": data});
    let schema = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
    let body = json!({"schemas": [schema], "Operations": [operation]});
    let answer = server.post("/Bulk", &body).await.expect(200).json();
    answer["Operations"][0].clone()
}

/// The same for a PATCH.
pub(crate) async fn bulk_patch(server: &Server, path: &str, operations: Value) -> Value {
    let data = json!({"schemas": [crate::support::PATCH_OP], "Operations": operations});
    bulk(server, &Method::PATCH, path, data).await["status"].clone()
}
