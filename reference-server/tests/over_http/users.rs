//! Users over HTTP: create, read, replace, change, delete, versions, uniqueness.

use axum::{
    body::Body,
    http::{Method, header},
};
use scimspec_reference_server::{Limits, PublicUrl};
use serde_json::{Value, json};

use crate::support::{Answer, PATCH_OP, Server, USER, ada, scim, user};

#[tokio::test]
async fn rfc7644_3_3_a_create_is_answered_with_the_resource_and_where_it_is() {
    let server = Server::new();
    let created = server.post("/Users", &ada()).await.expect(201);
    let body = created.json();
    let location = format!("http://app.example.com/scim/v2/Users/{}", created.id());
    assert_eq!(created.header("location"), location);
    assert_eq!(created.header("etag"), "W/\"1\"");
    assert_eq!(body["schemas"], json!([USER]));
    assert_eq!(body["userName"], "ada");
    assert_eq!(body["externalId"], "00u1");
    assert_eq!(body["active"], true);
    assert_eq!(body["name"]["familyName"], "Lovelace");
    assert_eq!(body["meta"]["resourceType"], "User");
    assert_eq!(body["meta"]["location"], location);
    assert_eq!(body["meta"]["version"], "W/\"1\"");
    assert_eq!(body["meta"]["created"], body["meta"]["lastModified"]);
    assert_eq!(server.get(&format!("/Users/{}", created.id())).await.expect(200).json(), body);
}

#[tokio::test]
async fn rfc7643_4_1_1_a_password_never_comes_back() {
    let server = Server::new();
    let id = server.ada().await;
    let path = format!("/Users/{id}");
    for answer in [
        server.get(&path).await,
        server.get(&format!("{path}?attributes=password")).await,
        server.get("/Users").await,
        server.put(&path, &ada()).await,
        server.patch(&path, json!([{"op": "replace", "value": {"password": "difference"}}])).await,
    ] {
        let answer = answer.expect(200);
        assert!(!answer.text.contains("password"), "{}", answer.text);
        assert!(!answer.text.contains("analytical"), "{}", answer.text);
    }
}

#[tokio::test]
async fn the_server_s_own_attributes_are_not_the_client_s_to_set() {
    let server = Server::new();
    let group = server.group("Staff", &[]).await;
    let mut body = ada();
    body["id"] = "my-own-id".into();
    body["meta"] = json!({"created": "1999-01-01T00:00:00Z", "location": "http://evil.example/"});
    body["groups"] = json!([{"value": group}]);
    let created = server.post("/Users", &body).await.expect(201);
    assert_ne!(created.id(), "my-own-id");
    assert!(!created.text.contains("1999") && !created.text.contains("evil"));
    assert_eq!(created.json().get("groups"), None);
    assert_eq!(server.get(&format!("/Groups/{group}")).await.json().get("members"), None);
}

#[tokio::test]
async fn rfc7644_3_3_l7_one_user_name_one_user_whatever_the_letter_case() {
    let server = Server::new();
    server.ada().await;
    let grace = server.post("/Users", &user("grace")).await.expect(201).id();
    server.post("/Users", &user("ada")).await.expect_error(409, Some("uniqueness"));
    server.post("/Users", &user("ADA")).await.expect_error(409, Some("uniqueness"));
    let path = format!("/Users/{grace}");
    server.put(&path, &user("Ada")).await.expect_error(409, Some("uniqueness"));
    let rename = json!([{"op": "replace", "path": "userName", "value": "aDa"}]);
    server.patch(&path, rename).await.expect_error(409, Some("uniqueness"));
    assert_eq!(server.get(&path).await.json()["userName"], "grace");
}

#[tokio::test]
async fn two_people_may_have_one_external_id() {
    let server = Server::new();
    server.ada().await;
    let mut grace = user("grace");
    grace["externalId"] = "00u1".into();
    server.post("/Users", &grace).await.expect(201);
}

/// RFC7644-3.3-L13
#[tokio::test]
async fn of_many_creates_at_once_exactly_one_wins() {
    let server = Server::new();
    let body = ada();
    let answers = futures::future::join_all((0..16).map(|_| server.post("/Users", &body))).await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    let refused = answers.iter().filter(|answer| answer.status == 409).count();
    assert_eq!((created, refused), (1, 15));
    assert_eq!(server.get("/Users").await.json()["totalResults"], 1);
}

#[tokio::test]
async fn rfc7644_3_5_1_l9_what_was_read_can_be_put_back() {
    let server = Server::new();
    let path = format!("/Users/{}", server.ada().await);
    let read = server.get(&path).await.json();
    assert_eq!(server.put(&path, &read).await.expect(200).json(), read);
}

#[tokio::test]
async fn a_replace_clears_what_it_leaves_out_but_says_nothing_about_access() {
    let server = Server::new();
    let id = server.ada().await;
    let path = format!("/Users/{id}");
    server.set_active(&id, false).await.expect(200);
    let replaced = server.put(&path, &user("ada")).await.expect(200).json();
    assert_eq!(replaced.get("name"), None);
    assert_eq!(replaced.get("externalId"), None);
    assert_eq!(replaced["active"], false);
    assert_eq!(replaced["id"], id);
}

#[tokio::test]
async fn rfc7643_3_1_l19_a_change_moves_version_and_time_and_nothing_else_does() {
    let server = Server::new();
    let path = format!("/Users/{}", server.ada().await);
    let meta = async |answer: Answer| answer.expect(200).json()["meta"].clone();
    let first = meta(server.get(&path).await).await;
    let title = |value: &str| json!([{"op": "replace", "path": "title", "value": value}]);
    let second = meta(server.patch(&path, title("Countess")).await).await;
    assert_eq!(second["version"], "W/\"2\"");
    assert_eq!(second["created"], first["created"]);
    assert!(second["lastModified"].as_str() > first["lastModified"].as_str());
    assert_eq!(meta(server.patch(&path, title("Countess")).await).await, second);
    assert_eq!(meta(server.get(&path).await).await, second);
    server.patch(&path, json!([{"op": "remove", "path": "userName"}])).await.expect(400);
    assert_eq!(meta(server.get(&path).await).await, second);
}

#[tokio::test]
async fn rfc7644_3_14_conditions_are_honoured() {
    let server = Server::new();
    let path = format!("/Users/{}", server.ada().await);
    let send = async |method: Method, condition: (&str, &str), body: &Value| {
        let request = scim(method, &path).header(condition.0, condition.1);
        server.send(request.body(Body::from(body.to_string())).unwrap()).await
    };
    let same = send(Method::GET, ("if-none-match", "W/\"1\""), &json!({})).await.expect(304);
    assert_eq!((same.text.as_str(), same.header("etag")), ("", "W/\"1\""));
    send(Method::PUT, ("if-match", "W/\"1\""), &user("ada")).await.expect(200);
    send(Method::GET, ("if-none-match", "W/\"1\""), &json!({})).await.expect(200);
    let operation = json!({
        "schemas": [PATCH_OP],
        "Operations": [{"op": "add", "path": "title", "value": "Countess"}],
    });
    for (method, body) in
        [(Method::PUT, user("other")), (Method::PATCH, operation.clone()), (Method::DELETE, json!({}))]
    {
        send(method, ("if-match", "W/\"1\""), &body).await.expect_error(412, None);
    }
    let now = server.get(&path).await.json();
    assert_eq!((&now["userName"], now.get("title")), (&json!("ada"), None));
    send(Method::PATCH, ("if-match", "*"), &operation).await.expect(200);
    send(Method::DELETE, ("if-match", "W/\"2\", W/\"3\""), &json!({})).await.expect(204);
}

#[tokio::test]
async fn rfc7644_3_6_a_deleted_user_is_gone_and_its_name_is_free() {
    let server = Server::new();
    let id = server.ada().await;
    let path = format!("/Users/{id}");
    assert_eq!(server.delete(&path).await.expect(204).text, "");
    server.get(&path).await.expect_error(404, None);
    server.delete(&path).await.expect_error(404, None);
    server.put(&path, &ada()).await.expect_error(404, None);
    assert_eq!(server.get("/Users").await.json()["totalResults"], 0);
    assert_ne!(server.ada().await, id);
}

#[tokio::test]
async fn rfc7644_3_5_2_l13_a_patch_that_fails_changes_nothing() {
    let server = Server::new();
    let path = format!("/Users/{}", server.ada().await);
    let before = server.get(&path).await.json();
    let operations = json!([
        {"op": "replace", "path": "active", "value": false},
        {"op": "replace", "path": "password", "value": "difference"},
        {"op": "replace", "path": "id", "value": "x"},
    ]);
    server.patch(&path, operations).await.expect_error(400, Some("mutability"));
    assert_eq!(server.get(&path).await.json(), before);
    server.sign_in("ada", "analytical").await.expect(200);
}

#[tokio::test]
async fn rfc7644_3_9_the_answers_to_writes_have_what_the_client_asks_for() {
    let server = Server::new();
    let created = server.post("/Users?attributes=userName", &ada()).await.expect(201);
    let body = created.json();
    assert_eq!(body.as_object().unwrap().keys().filter(|key| *key != "schemas").count(), 2, "{body}");
    let path = format!("/Users/{}", created.id());
    let replaced = server.put(&format!("{path}?excludedAttributes=emails"), &ada()).await.expect(200).json();
    assert_eq!(replaced.get("emails"), None);
    assert_eq!(replaced["externalId"], "00u1");
    let both = server.get(&format!("{path}?attributes=userName&excludedAttributes=emails")).await;
    both.expect_error(400, Some("invalidValue"));
}

#[tokio::test]
async fn a_refused_parameter_makes_no_user() {
    let server = Server::new();
    server.post("/Users?attributes=id&excludedAttributes=emails", &ada()).await.expect(400);
    assert_eq!(server.get("/Users").await.json()["totalResults"], 0);
}

#[tokio::test]
async fn a_location_follows_the_public_url_and_trusts_no_odd_host() {
    let url = PublicUrl::parse("https://scim.example.com/tenants/one/").unwrap();
    let server = Server::build(vec![], Limits::default(), Some(url));
    let location = server.post("/Users", &ada()).await.expect(201).json()["meta"]["location"].clone();
    assert!(location.as_str().unwrap().starts_with("https://scim.example.com/tenants/one/Users/"));
    for host in ["evil.example\"><script>", "user@evil.example", "a b"] {
        let mut request = scim(Method::POST, "/Users").body(Body::from(user(host).to_string())).unwrap();
        request.headers_mut().insert(header::HOST, host.parse().unwrap());
        let answer = Server::new().send(request).await.expect(201);
        assert!(answer.header("location").starts_with("http://localhost/scim/v2/Users/"), "{host}");
    }
}

#[tokio::test]
async fn a_trailing_slash_makes_no_difference() {
    let server = Server::new();
    let id = server.post("/Users/", &ada()).await.expect(201).id();
    server.get("/Users/").await.expect(200);
    server.get(&format!("/Users/{id}/")).await.expect(200);
}
