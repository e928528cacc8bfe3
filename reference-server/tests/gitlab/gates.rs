//! Endpoints and authentication: what is routed, who gets in, and the shapes of refusals.

use axum::{
    body::Body,
    http::{Method, Request},
};
use scimspec_reference_server::{
    Limits, Rate, TokenHash,
    gitlab::{Generation, GitLabConfig},
};
use serde_json::{Value, json};

use super::support::{BOTH, GitLab, jane};
use crate::world::{World, behaviours};

behaviours![
    authentication_without_the_token_is_401_and_no_scim_error,
    authentication_takes_the_first_place_that_has_a_token,
    the_administrator_s_page_makes_a_new_token_and_the_old_one_stops_at_once,
    gates_stand_before_the_token_in_classic_and_behind_it_in_current,
    gates_shut_groups_where_their_flag_is_off,
    endpoints_that_gitlab_does_not_have_are_no_json,
    endpoints_refuse_other_methods_with_those_that_they_know,
    endpoints_read_scim_json_and_forms_and_answer_scim_json,
    too_many_requests_are_told_to_come_later,
];

fn request(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(format!("/api/scim/v2/{path}"))
}

async fn authentication_without_the_token_is_401_and_no_scim_error(world: &World) {
    for generation in BOTH {
        let gitlab = GitLab::new(world, generation).await;
        for authorization in ["", "Bearer wrong", "Basic c2NpbTpzY2lt", "Bearer"] {
            let request = request("GET", "application/Users").header("authorization", authorization);
            let answer = gitlab.send(request.body(Body::empty()).unwrap()).await.expect(401);
            assert_eq!(answer.json(), json!({"message": "401 Unauthorized"}));
            assert_eq!(answer.header("content-type"), Some("application/scim+json"));
            assert_eq!(answer.header("www-authenticate"), None);
        }
    }
}

async fn authentication_takes_the_first_place_that_has_a_token(world: &World) {
    let gitlab = GitLab::new(world, Generation::Current).await;
    for (query, header, status) in [
        ("?access_token=scim", "", 200),
        ("?access_token=wrong", "Bearer scim", 401),
        ("?bearer_token=scim", "", 200),
        ("?bearer_token=wrong", "bearer scim", 200),
    ] {
        let request = request("GET", &format!("application/Users{query}")).header("authorization", header);
        gitlab.send(request.body(Body::empty()).unwrap()).await.expect(status);
    }
    let form =
        request("POST", "application/Users").header("content-type", "application/x-www-form-urlencoded");
    let body = "access_token=scim&externalId=f1&userName=form&displayName=Form&emails[][type]=work\
                &emails[][value]=form%40corp.example";
    let answer = gitlab.send(form.body(Body::from(body)).unwrap()).await.expect(201);
    assert_eq!(answer.json()["id"], "f1");
}

async fn the_administrator_s_page_makes_a_new_token_and_the_old_one_stops_at_once(world: &World) {
    let gitlab = GitLab::new(world, Generation::Current).await;
    let made = gitlab.app(Method::POST, "/admin/scim-token", Value::Null).await.expect(201).json();
    assert_eq!(made["endpoint"], "/api/scim/v2/application");
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("glsoat-"));
    gitlab.get("/Users").await.expect(401);
    gitlab.scim_as(token, Method::GET, "application/Users", Value::Null).await.expect(200);
    let again = gitlab.app(Method::POST, "/admin/scim-token", Value::Null).await.expect(201).json();
    gitlab.scim_as(token, Method::GET, "application/Users", Value::Null).await.expect(401);
    let token = again["token"].as_str().unwrap();
    gitlab.scim_as(token, Method::GET, "application/Users", Value::Null).await.expect(200);
}

async fn gates_stand_before_the_token_in_classic_and_behind_it_in_current(world: &World) {
    for (switch, status, message) in
        [("saml_enabled", 403, "403 Forbidden - SAML not enabled."), ("licensed", 404, "404 Not Found")]
    {
        for (generation, without_token) in [(Generation::Classic, status), (Generation::Current, 401)] {
            let gitlab = GitLab::new(world, generation).await;
            gitlab.switch(switch, false).await;
            let answer = gitlab.get("/Users").await.expect(status);
            assert_eq!(answer.json(), json!({"message": message}));
            gitlab
                .scim_as("wrong", Method::GET, "application/Users", Value::Null)
                .await
                .expect(without_token);
        }
    }
}

async fn gates_shut_groups_where_their_flag_is_off(world: &World) {
    let gitlab = GitLab::new(world, Generation::Classic).await;
    gitlab.switch("group_sync", false).await;
    assert_eq!(gitlab.get("/Groups").await.expect(404).json(), json!({"message": "404 Not Found"}));
    gitlab.get("/Users").await.expect(200);
}

async fn endpoints_that_gitlab_does_not_have_are_no_json(world: &World) {
    let gitlab = GitLab::new(world, Generation::Current).await;
    for path in ["ServiceProviderConfig", "Schemas", "ResourceTypes", "Bulk", "Me", "Users/a/b"] {
        let answer = gitlab.get(&format!("/{path}")).await.expect(404);
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
    }
}

async fn endpoints_refuse_other_methods_with_those_that_they_know(world: &World) {
    let gitlab = GitLab::new(world, Generation::Current).await;
    for (method, path, allow) in [
        (Method::PUT, "/Users/a1b2", "OPTIONS, GET, HEAD, PATCH, DELETE"),
        (Method::POST, "/Users/.search", "OPTIONS, GET, HEAD, PATCH, DELETE"),
        (Method::PATCH, "/Users/", "OPTIONS, GET, HEAD, POST"),
        (Method::DELETE, "/Groups", "OPTIONS, GET, HEAD, POST"),
    ] {
        let answer = gitlab.scim(method, path, Value::Null).await.expect(405);
        assert_eq!(answer.json(), json!({"error": "405 Not Allowed"}));
        assert_eq!(answer.header("allow"), Some(allow), "{path}");
    }
    let options = gitlab.scim(Method::OPTIONS, "/Users", Value::Null).await.expect(204);
    assert_eq!(options.header("allow"), Some("OPTIONS, GET, HEAD, POST"));
    assert_eq!(gitlab.scim(Method::HEAD, "/Users", Value::Null).await.expect(200).text, "");
}

async fn endpoints_read_scim_json_and_forms_and_answer_scim_json(world: &World) {
    let gitlab = GitLab::new(world, Generation::Current).await;
    let send = async |kind: Option<&str>, body: String| {
        let mut post = request("POST", "application/Users").header("authorization", "Bearer scim");
        if let Some(kind) = kind {
            post = post.header("content-type", kind);
        }
        gitlab.send(post.header("accept", "application/xml").body(Body::from(body)).unwrap()).await
    };
    let body = jane().to_string();
    let read = send(Some("application/scim+json; charset=utf-8"), body.clone()).await.expect(201);
    assert_eq!(read.header("content-type"), Some("application/scim+json"));
    let refused = send(Some("application/json"), body.clone()).await.expect(415);
    let text = "The provided content-type 'application/json' is not supported.";
    assert_eq!(refused.json(), json!({"error": text}));
    let broken = send(Some("application/scim+json"), "{".to_owned()).await.expect(400);
    assert!(broken.json()["error"].as_str().unwrap().contains("message body does not match declared format"));
    let missing = "Missing params: [:extern_uid, :email, :username]";
    send(Some("application/scim+json"), "[1]".to_owned()).await.expect_scim_error(412, missing);
    send(None, body).await.expect_scim_error(412, missing);
}

async fn too_many_requests_are_told_to_come_later(world: &World) {
    let one = std::num::NonZeroU32::MIN;
    let config = GitLabConfig {
        limits: Limits { rate: Some(Rate { per_second: one, burst: one }), body: 100, ..Limits::default() },
        ..GitLabConfig::new(Generation::Current, TokenHash::of("scim"), TokenHash::of("admin"))
    };
    let gitlab = GitLab::with(world, config).await;
    gitlab.get("/Users").await.expect(200);
    let refused = gitlab.get("/Users").await.expect(429);
    assert_eq!((refused.header("retry-after"), refused.text.as_str()), (Some("1"), "Retry later\n"));
    gitlab.post(jane()).await.expect(413);
}
