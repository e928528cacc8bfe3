//! Deviations of errors and media types: each story is told to the right server and to the wrong one.

use std::num::NonZeroU32;

use axum::{
    body::Body,
    http::{Method, Request},
};
use scimspec_reference_server::{Limits, Rate, deviations};
use serde_json::{Value, json};

use crate::{
    deviations_support::{bulk, outcome, told},
    support::{ERROR, PATCH_OP, Server, USER, ada, scim, user},
};

const NOWHERE: &str = "/Users/00000000-0000-4000-8000-000000000000";

/// The body of an error about a resource that there is not.
async fn not_found(server: &Server) -> Value {
    server.get(NOWHERE).await.expect(404).json()
}

/// The same in a bulk request.
async fn not_found_in_bulk(server: &Server) -> Value {
    bulk(server, &Method::PUT, NOWHERE, user("ada")).await["response"].clone()
}

async fn twice(server: &Server) -> crate::support::Answer {
    server.ada().await;
    server.post("/Users", &ada()).await
}

#[tokio::test]
async fn conflict_without_scimtype() {
    let story = async |server: &Server| {
        let answer = twice(server).await.expect(409).json();
        json!([answer["schemas"], answer.get("status"), answer.get("scimType")])
    };
    told("conflict-without-scimtype")
        .as_(story, json!([[ERROR], "409", "uniqueness"]), json!([[ERROR], null, null]))
        .await;
    let other = async |server: &Server| not_found(server).await["status"].clone();
    told("conflict-without-scimtype").but_not(other, json!("404")).await;
}

#[tokio::test]
async fn conflict_as_500() {
    let story = async |server: &Server| {
        let alone = outcome(&twice(server).await);
        json!([alone, bulk(server, &Method::POST, "/Users", ada()).await["status"]])
    };
    told("conflict-as-500").as_(story, json!([[409, "uniqueness"], "409"]), json!([500, "500"])).await;
}

#[tokio::test]
async fn error_nested_in_response() {
    let story = async |server: &Server| {
        let body = not_found(server).await;
        json!([body["schemas"], body["status"], body["response"]["schemas"]])
    };
    told("error-nested-in-response")
        .as_(story, json!([[ERROR], "404", null]), json!([null, "404", [ERROR]]))
        .await;
}

#[tokio::test]
async fn error_status_is_number() {
    let story = async |server: &Server| {
        json!([not_found(server).await["status"], not_found_in_bulk(server).await["status"]])
    };
    told("error-status-is-number").as_(story, json!(["404", "404"]), json!([404, 404])).await;
}

#[tokio::test]
async fn error_status_is_object() {
    let story = async |server: &Server| {
        let body = not_found(server).await;
        json!([body["status"], body.get("detail").is_some(), body.get("errorMessage").is_some()])
    };
    let object = json!({"code": 404, "message": "NOT_FOUND"});
    told("error-status-is-object")
        .as_(story, json!(["404", true, false]), json!([object, false, true]))
        .await;
}

#[tokio::test]
async fn rate_limit_429_plain() {
    let third = async |slugs: &[&str]| {
        let found = slugs.iter().map(|slug| deviations::find(slug).unwrap()).collect();
        let rate = Rate { per_second: NonZeroU32::MIN, burst: NonZeroU32::MIN };
        let server = Server::build(found, Limits { rate: Some(rate), ..Limits::default() }, None);
        server.get("/Users").await.expect(200);
        let answer = server.get("/Users").await.expect(429);
        (answer.header("content-type").to_owned(), answer.headers.contains_key("retry-after"))
    };
    assert_eq!(third(&[]).await, ("application/scim+json".to_owned(), true));
    assert_eq!(third(&["rate-limit-429-plain"]).await, ("text/plain; charset=utf-8".to_owned(), false));
}

#[tokio::test]
async fn content_type_swapped() {
    let story = async |server: &Server| {
        let created = server.post("/Users", &ada()).await.expect(201);
        let missing = server.get(NOWHERE).await;
        json!([created.header("content-type"), missing.header("content-type")])
    };
    let (right, wrong) = ("application/scim+json", "application/json+scim");
    told("content-type-swapped").as_(story, json!([right, right]), json!([wrong, wrong])).await;
}

/// A request with a body of some type, as it is.
async fn raw(
    server: &Server,
    method: Method,
    path: &str,
    media_type: &str,
    body: &str,
) -> crate::support::Answer {
    let request = scim(method, path).body(Body::from(body.to_owned())).unwrap();
    let (mut parts, body) = request.into_parts();
    parts.headers.insert("content-type", media_type.parse().unwrap());
    server.send(Request::from_parts(parts, body)).await
}

#[tokio::test]
async fn request_content_type_unchecked() {
    let story = async |server: &Server| {
        let body = user("ada").to_string();
        outcome(&raw(server, Method::POST, "/Users", "text/plain", &body).await)
    };
    told("request-content-type-unchecked").as_(story, json!(415), json!(201)).await;
}

#[tokio::test]
async fn malformed_json_not_scim() {
    let story = async |server: &Server| {
        let mut types = Vec::new();
        for method in [Method::POST, Method::PUT, Method::PATCH] {
            let path = if method == Method::POST { "/Users" } else { NOWHERE };
            let answer = raw(server, method, path, "application/scim+json", "{\"userName\": ").await;
            types.push(answer.expect(400).header("content-type").to_owned());
        }
        json!(types)
    };
    let (right, wrong) = ("application/scim+json", "text/html; charset=utf-8");
    told("malformed-json-not-scim")
        .as_(story, json!([right, right, right]), json!([wrong, wrong, wrong]))
        .await;
    let well_formed = async |server: &Server| {
        let body = json!({"schemas": [USER], "userName": 1}).to_string();
        let answer = raw(server, Method::POST, "/Users", "application/json", &body).await;
        json!([outcome(&answer), answer.header("content-type")])
    };
    told("malformed-json-not-scim").but_not(well_formed, json!([[400, "invalidValue"], right])).await;
}

#[tokio::test]
async fn scimtype_null_text() {
    let story = async |server: &Server| {
        json!([not_found(server).await.get("scimType"), not_found_in_bulk(server).await.get("scimType")])
    };
    told("scimtype-null-text").as_(story, json!([null, null]), json!(["null", "null"])).await;
    let with = async |server: &Server| {
        let id = server.ada().await;
        let body = json!({"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "x", "value": 1}]});
        outcome(&server.scim(Method::PATCH, &format!("/Users/{id}"), &body).await)
    };
    told("scimtype-null-text").but_not(with, json!([400, "invalidPath"])).await;
}
