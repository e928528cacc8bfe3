//! Whatever goes wrong below the base path is answered with a SCIM error.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use scimspec_reference_server::Limits;
use serde_json::json;

use crate::support::{Server, USER, ada, scim, user};

fn without_token(method: Method, path: &str) -> Request<Body> {
    Request::builder().method(method).uri(format!("/scim/v2{path}")).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn rfc7644_2_l1_without_a_token_nothing_is_told() {
    let server = Server::new();
    let id = server.ada().await;
    for path in ["", "/Users", &format!("/Users/{id}"), "/Schemas", "/NoSuchThings", "/Me"] {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = server.send(without_token(method, path)).await.expect_error(401, None);
            assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="scim""#);
            assert!(!answer.text.contains("ada"));
        }
    }
}

#[tokio::test]
async fn rfc7644_2_l3_a_wrong_token_is_refused() {
    let server = Server::new();
    for value in
        ["Bearer wrong", "Bearer ", "Bearer", "Basic c2NpbS10b2tlbg==", "scim-token", "Bearer admin-token"]
    {
        let mut request = without_token(Method::GET, "/Users");
        request.headers_mut().insert(header::AUTHORIZATION, value.parse().unwrap());
        let answer = server.send(request).await.expect_error(401, None);
        assert!(answer.header("www-authenticate").contains("invalid_token"), "{value}");
    }
    let mut request = without_token(Method::GET, "/Users");
    request.headers_mut().insert(header::AUTHORIZATION, "bearer scim-token".parse().unwrap());
    server.send(request).await.expect(200);
}

#[tokio::test]
async fn rfc7644_3_2_l5_an_unknown_path_is_404() {
    let server = Server::new();
    for path in
        ["/NoSuchThings", "/users", "/Users/1/2", "/Users/%ff", "/Schemas/urn:nope", "/ResourceTypes/Device"]
    {
        server.get(path).await.expect_error(404, None);
    }
}

#[tokio::test]
async fn rfc7644_3_4_1_l2_an_unknown_id_is_404_for_every_method() {
    let server = Server::new();
    let group = server.group("Staff", &[]).await;
    for id in ["0b0f6b3e-6f0e-4a8e-9a52-3d4c5b6a7f80", "ada", "a%20b%22c", &group] {
        let path = format!("/Users/{id}");
        server.get(&path).await.expect_error(404, None);
        server.put(&path, &user("ada")).await.expect_error(404, None);
        server.set_active(id, false).await.expect_error(404, None);
        server.delete(&path).await.expect_error(404, None);
    }
    assert_eq!(server.get("/Users").await.json()["totalResults"], 0);
}

#[tokio::test]
async fn rfc7644_3_2_l5_a_method_that_does_not_do_is_405_and_says_which_does() {
    let server = Server::new();
    let id = server.ada().await;
    for (method, path, allow) in [
        (Method::PUT, "/Users".to_owned(), "GET, HEAD, OPTIONS, POST"),
        (Method::DELETE, "/Users".to_owned(), "GET, HEAD, OPTIONS, POST"),
        (Method::POST, format!("/Users/{id}"), "GET, HEAD, OPTIONS, PUT, PATCH, DELETE"),
        (Method::POST, String::new(), "GET, HEAD, OPTIONS"),
        (Method::GET, "/Bulk".to_owned(), "OPTIONS, POST"),
        (Method::GET, "/Users/.search".to_owned(), "OPTIONS, POST"),
        // RFC7643-5-L10, RFC7643-6-L9, RFC7643-7-L3
        (Method::POST, "/ServiceProviderConfig".to_owned(), "GET, HEAD, OPTIONS"),
        (
            Method::DELETE,
            "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User".to_owned(),
            "GET, HEAD, OPTIONS",
        ),
        (Method::PATCH, "/ResourceTypes/User".to_owned(), "GET, HEAD, OPTIONS"),
    ] {
        let answer = server.scim(method, &path, &json!({})).await.expect_error(405, None);
        assert_eq!(answer.header("allow"), allow, "{path}");
        let options = scim(Method::OPTIONS, &path).body(Body::empty()).unwrap();
        let answer = server.send(options).await.expect(204);
        assert_eq!((answer.header("allow"), answer.text.as_str()), (allow, ""), "{path}");
    }
}

#[tokio::test]
async fn rfc7644_3_3_l9_a_body_that_is_no_json_is_invalid_syntax() {
    let server = Server::new();
    let id = server.ada().await;
    for body in [r#"{"userName":"#, "", "[]", "\"ada\"", r#"{"userName":"a","userName":"b"}"#] {
        for (method, path) in [
            (Method::POST, "/Users".to_owned()),
            (Method::PUT, format!("/Users/{id}")),
            (Method::PATCH, format!("/Users/{id}")),
        ] {
            let request = scim(method, &path).body(Body::from(body)).unwrap();
            server.send(request).await.expect_error(400, Some("invalidSyntax"));
        }
    }
}

/// RFC7644-3.8-L6
#[tokio::test]
async fn rfc7644_3_8_l5_both_media_types_are_taken_with_parameters_and_no_other() {
    let server = Server::new();
    let send = async |content_type: Option<&str>, user_name: &str| {
        let mut request = scim(Method::POST, "/Users").body(Body::from(user(user_name).to_string())).unwrap();
        request.headers_mut().remove(header::CONTENT_TYPE);
        if let Some(content_type) = content_type {
            request.headers_mut().insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        }
        server.send(request).await
    };
    for (place, content_type) in [
        Some("application/scim+json"),
        Some("application/scim+json; charset=utf-8"),
        Some("application/json"),
        Some("Application/JSON;charset=UTF-8"),
        None,
    ]
    .into_iter()
    .enumerate()
    {
        send(content_type, &format!("u{place}")).await.expect(201);
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""] {
        send(Some(content_type), "nobody").await.expect_error(415, None);
    }
    assert_eq!(server.get("/Users").await.json()["totalResults"], 5);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_413_whether_it_says_its_length_or_not() {
    let server = Server::build(vec![], Limits { body: 1_000, ..Limits::default() }, None);
    let mut body = ada();
    body["title"] = "x".repeat(1_000).into();
    server.post("/Users", &body).await.expect_error(413, None);
    let announced = scim(Method::POST, "/Users").header("content-length", "5000").body(Body::empty());
    server.send(announced.unwrap()).await.expect_error(413, None);
    let endless = Body::from_stream(futures::stream::repeat_with(|| Ok::<_, std::io::Error>("   ")));
    let endless = scim(Method::POST, "/Users").body(endless).unwrap();
    server.send(endless).await.expect_error(413, None);
    server.ada().await;
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_bad_request() {
    let broken = futures::stream::iter([Ok("{"), Err(std::io::Error::other("gone"))]);
    let request = scim(Method::POST, "/Users").body(Body::from_stream(broken)).unwrap();
    Server::new().send(request).await.expect_error(400, Some("invalidSyntax"));
}

/// RFC7644-3.1-L1, RFC7644-3.8-L3, L4, INTEROP-HTTP-L1
#[tokio::test]
async fn rfc7644_3_8_l2_the_answer_is_scim_json_whatever_is_accepted() {
    let server = Server::new();
    for accept in ["application/scim+json", "application/json", "*/*", "text/html"] {
        let request = scim(Method::GET, "/Users").header("accept", accept).body(Body::empty()).unwrap();
        let answer = server.send(request).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/scim+json", "{accept}");
    }
}

#[tokio::test]
async fn an_error_never_repeats_a_password() {
    let server = Server::new();
    for body in [
        json!({"schemas": [USER], "password": "hunter2hunter2"}),
        json!({"schemas": [USER], "userName": "ada", "password": ["hunter2hunter2"]}),
        json!({"schemas": [USER], "userName": "ada", "password": {"hunter2hunter2": 1}}),
    ] {
        let answer = server.post("/Users", &body).await;
        assert!(answer.status.is_client_error(), "{}", answer.text);
        assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    }
    let answer = server.get("/Users?filter=password%20eq%20%22hunter2hunter2%22").await;
    assert!(!answer.expect(400).text.contains("hunter2"));
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let server = Server::new();
    let path = format!("/Users/{}", server.ada().await);
    let get = server.get(&path).await.expect(200);
    let head = server.send(scim(Method::HEAD, &path).body(Body::empty()).unwrap()).await.expect(200);
    assert_eq!(head.text, "");
    assert_eq!(head.header("content-length"), get.text.len().to_string());
    assert_eq!(head.header("etag"), get.header("etag"));
}

#[tokio::test]
async fn outside_the_base_path_there_is_nothing() {
    let server = Server::new();
    for path in ["/", "/scimv2/Users", "/app/nothing"] {
        server.send(Request::get(path).body(Body::empty()).unwrap()).await.expect(404);
    }
    server.app(Method::GET, "/app/sign-in", "", None).await.expect(405);
}

#[tokio::test]
async fn rfc7644_3_13_without_a_version_it_is_the_newest_and_another_one_is_unknown() {
    let server = Server::new();
    let id = server.ada().await;
    let get = async |path: &str| {
        let request =
            Request::get(path).header("authorization", "Bearer scim-token").header("host", "app.example.com");
        server.send(request.body(Body::empty()).unwrap()).await
    };
    // RFC7644-3.13-L2
    let unversioned = get(&format!("/scim/Users/{id}")).await.expect(200);
    assert_eq!(unversioned.text, server.get(&format!("/Users/{id}")).await.text);
    // RFC7644-3.13-L1
    for path in ["/scim/v9/Users", "/scim/v1/Users", "/scim/v2x/Users"] {
        get(path).await.expect_error(404, None);
    }
}

#[tokio::test]
async fn a_path_has_one_meaning_however_it_is_written() {
    let server = Server::new();
    let id = server.ada().await;
    for path in [
        format!("/Users/{id}/"),
        format!("/%55sers/{id}"),
        format!("/Users/%{:x}{}", id.as_bytes()[0], &id[1..]),
    ] {
        assert_eq!(server.get(&path).await.expect(200).json()["id"], id.as_str(), "{path}");
    }
    // RFC7643-3.1-L9: an id is case exact.
    for path in [format!("/Users/{}", id.to_uppercase()), format!("/Users//{id}"), format!("/users/{id}")] {
        server.get(&path).await.expect_error(404, None);
    }
}
