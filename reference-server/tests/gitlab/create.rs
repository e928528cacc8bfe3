//! `POST /Users`: idempotent, linking, and refused with 412 or 409.

use axum::http::Method;
use scimspec_reference_server::gitlab::Generation;
use serde_json::{Value, json};

use super::support::{BOTH, GitLab, PASSWORD, jane, person};
use crate::world::{World, behaviours};

behaviours![
    a_create_twice_answers_with_what_is_there,
    a_create_neither_deactivates_nor_reactivates,
    a_create_with_the_e_mail_of_a_user_links_that_user_as_it_is,
    a_username_is_made_fit_and_never_a_conflict,
    a_create_without_what_is_required_is_412,
    a_create_with_a_blank_external_id_is_412_and_the_next_one_links,
    an_error_shows_the_parameters_without_secrets,
];

async fn total(gitlab: &GitLab) -> Value {
    gitlab.get("/Users").await.expect(200).json()["totalResults"].clone()
}

async fn a_create_twice_answers_with_what_is_there(world: &World) {
    for generation in BOTH {
        let gitlab = GitLab::new(world, generation).await;
        let created = gitlab.post(jane()).await.expect(201);
        assert_eq!(created.header("location"), None);
        let mut other = person("A1B2", "other", "Other");
        other["active"] = false.into();
        assert_eq!(gitlab.post(other).await.expect(201).json(), created.json());
        assert_eq!(total(&gitlab).await, 1);
    }
}

async fn a_create_neither_deactivates_nor_reactivates(world: &World) {
    for generation in BOTH {
        let gitlab = GitLab::new(world, generation).await;
        let mut body = jane();
        body["active"] = false.into();
        assert_eq!(gitlab.post(body).await.expect(201).json()["active"], true);
        gitlab.set_active("a1b2", false).await.expect(204);
        assert_eq!(gitlab.post(jane()).await.expect(201).json()["active"], false);
        assert_eq!(gitlab.state().await, "ldap_blocked");
    }
}

async fn a_create_with_the_e_mail_of_a_user_links_that_user_as_it_is(world: &World) {
    let gitlab = GitLab::new(world, Generation::Current).await;
    let body = json!({"userName": "jane", "password": PASSWORD, "email": "JANE@corp.example"});
    gitlab.app(Method::POST, "/admin/people", body).await.expect(201);
    gitlab.app(Method::PUT, "/admin/people/jane/block", Value::Null).await.expect(204);
    let mut other = jane();
    other["userName"] = "new".into();
    other["name"]["formatted"] = "New".into();
    let linked = gitlab.post(other).await.expect(201).json();
    assert_eq!((&linked["id"], &linked["userName"]), (&json!("a1b2"), &json!("jane")));
    assert_eq!(linked["emails"][0]["value"], "JANE@corp.example");
    // What SCIM shows is its own flag; the user is blocked as before.
    assert_eq!((&linked["active"], gitlab.state().await), (&json!(true), json!("blocked")));
    // No SAML identity comes of it.
    assert_eq!(gitlab.user("jane").await["samlNameId"], Value::Null);

    let mut second = jane();
    second["externalId"] = "zz9".into();
    gitlab.post(second).await.expect_scim_error(409, "User has already been taken");
    assert_eq!(total(&gitlab).await, 1);
}

async fn a_username_is_made_fit_and_never_a_conflict(world: &World) {
    let gitlab = GitLab::new(world, Generation::Current).await;
    for (uid, name) in [("1", "ricky.the.raccoon"), ("2", "ricky.the.raccoon1"), ("3", "ricky.the.raccoon2")]
    {
        let mut body = person(uid, "--ricky.^#!__the._raccoon--", "Ricky");
        body["emails"][0]["value"] = format!("ricky{uid}@corp.example").into();
        assert_eq!(gitlab.post(body).await.expect(201).json()["userName"], name);
    }
}

async fn a_create_without_what_is_required_is_412(world: &World) {
    let gitlab = GitLab::new(world, Generation::Current).await;
    let without = |name: &str| {
        let mut body = jane();
        body.as_object_mut().unwrap().remove(name);
        body
    };
    let with = |name: &str, value: Value| {
        let mut body = jane();
        body[name] = value;
        body
    };
    for (body, reason) in [
        (without("externalId"), "Missing params: [:extern_uid]"),
        (without("userName"), "Missing params: [:username]"),
        (without("emails"), "Missing params: [:email]"),
        (json!({"externalId": "a1b2"}), "Missing params: [:email, :username]"),
        (with("userName", Value::Null), "Missing params: [:username]"),
        (with("emails", json!([{"type": "home", "value": "j@corp.example"}])), "Missing params: [:email]"),
        (without("name"), "Name can't be blank"),
        (with("emails", json!([{"type": "work", "value": "nobody"}])), "Email is invalid"),
    ] {
        gitlab.post(body).await.expect_scim_error(412, &format!(": {reason}"));
        assert_eq!(total(&gitlab).await, 0);
    }
}

/// The user is saved before its identity (M): the next create links it.
async fn a_create_with_a_blank_external_id_is_412_and_the_next_one_links(world: &World) {
    let gitlab = GitLab::new(world, Generation::Current).await;
    let mut body = jane();
    body["externalId"] = "".into();
    gitlab.post(body).await.expect_scim_error(412, "Extern uid can't be blank");
    assert_eq!(total(&gitlab).await, 0);
    assert_eq!(gitlab.post(jane()).await.expect(201).json()["userName"], "jane");
}

async fn an_error_shows_the_parameters_without_secrets(world: &World) {
    let gitlab = GitLab::new(world, Generation::Current).await;
    let body =
        json!({"externalId": "a1b2", "password": "hunter2", "access_token": "scim", "x": [true, null]});
    let answer = gitlab.post(body).await.expect(412);
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!(
        detail,
        r#"Error saving user with {"externalId"=>"a1b2", "password"=>"[FILTERED]", "access_token"=>"[FILTERED]", "x"=>[true, nil]}: Missing params: [:email, :username]"#
    );
}
