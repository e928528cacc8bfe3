//! `/Me` (RFC 7644 section 3.11): the resource of whoever asks.

use std::num::NonZeroU32;

use axum::{
    body::Body,
    http::{Method, Request},
};
use scimspec_reference_server::{Limits, Rate};
use serde_json::{Value, json};

use crate::support::{Answer, PATCH_OP, Server};

async fn me(server: &Server, method: Method, credential: &str, body: Option<Value>) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri("/scim/v2/Me")
        .header("host", "app.example.com")
        .header("authorization", format!("Bearer {credential}"));
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    server.send(request.body(body).unwrap()).await
}

fn patch(path: &str, value: &Value) -> Value {
    json!({"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": path, "value": value}]})
}

#[tokio::test]
async fn rfc7644_3_11_l1_an_identity_provider_is_no_user() {
    let server = Server::new();
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = server.scim(method, "/Me", &json!({})).await.expect_error(501, None);
        assert!(answer.text.contains("identity provider"), "{}", answer.text);
    }
    server.post("/Me", &json!({})).await.expect_error(405, None);
}

#[tokio::test]
async fn rfc7644_3_11_l3_a_person_reads_its_own_user_and_hears_where_it_is() {
    let server = Server::new();
    let id = server.ada().await;
    let session = server.session().await;
    let token = server.token(&session).await;
    for credential in [session, token] {
        let answer = me(&server, Method::GET, &credential, None).await.expect(200);
        let user = answer.json();
        assert_eq!((&user["id"], &user["meta"]["location"]), (&json!(id), &json!(answer.header("location"))));
        assert_eq!(answer.header("location"), format!("http://app.example.com/scim/v2/Users/{id}"));
    }
}

#[tokio::test]
async fn rfc7644_3_11_l4_a_person_changes_how_it_is_addressed_and_nothing_that_decides_on_access() {
    let server = Server::new();
    let id = server.ada().await;
    let session = server.session().await;
    me(&server, Method::PATCH, &session, Some(patch("nickName", &json!("Countess")))).await.expect(200);
    let user = server.get(&format!("/Users/{id}")).await.expect(200).json();
    assert_eq!(user["nickName"], "Countess");
    for (path, value) in [
        ("userName", json!("root")),
        ("active", json!(false)),
        ("roles", json!([{"value": "admin"}])),
        ("emails", json!([{"value": "mallory@example.com"}])),
        ("externalId", json!("other")),
        ("password", json!("another-password")),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", json!("Board")),
    ] {
        me(&server, Method::PATCH, &session, Some(patch(path, &value))).await.expect_error(403, None);
    }
    let mut whole = user.clone();
    whole["title"] = "Boss".into();
    me(&server, Method::PUT, &session, Some(whole)).await.expect_error(403, None);
    let mut whole = user.clone();
    whole["nickName"] = "Ada".into();
    me(&server, Method::PUT, &session, Some(whole)).await.expect(200);
    me(&server, Method::DELETE, &session, None).await.expect_error(403, None);
    let after = server.get(&format!("/Users/{id}")).await.expect(200).json();
    assert_eq!(
        (&after["nickName"], &after["userName"], after.get("title")),
        (&json!("Ada"), &json!("ada"), None)
    );
}

#[tokio::test]
async fn a_person_cannot_keep_its_provider_out_by_asking_too_much() {
    let two = NonZeroU32::new(2).unwrap();
    let rate = Some(Rate { per_second: NonZeroU32::MIN, burst: two });
    let server = Server::build(vec![], Limits { rate, ..Limits::default() }, None);
    let id = server.ada().await;
    let session = server.session().await;
    for _ in 0..5 {
        me(&server, Method::GET, &session, None).await.expect(200);
    }
    server.set_active(&id, false).await.expect(200);
}

#[tokio::test]
async fn a_person_has_no_other_way_into_scim_and_none_at_all_once_it_is_out() {
    let server = Server::new();
    let id = server.ada().await;
    let session = server.session().await;
    for path in ["/Users".to_owned(), format!("/Users/{id}"), "/Me/1".to_owned(), String::new()] {
        let request =
            Request::get(format!("/scim/v2{path}")).header("authorization", format!("Bearer {session}"));
        server.send(request.body(Body::empty()).unwrap()).await.expect_error(401, None);
    }
    server.set_active(&id, false).await.expect(200);
    me(&server, Method::GET, &session, None).await.expect_error(401, None);
}
