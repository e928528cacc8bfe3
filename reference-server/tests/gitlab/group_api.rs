//! The SCIM of one top-level group: its own gates and token, members instead of blocks, the last owner.

use axum::http::Method;
use scimspec_reference_server::gitlab::Generation;
use serde_json::{Value, json};

use super::support::{Answer, BOTH, GitLab, PASSWORD, jane};
use crate::world::{World, behaviours};

behaviours![
    gates_of_a_group_stand_before_its_token,
    a_deprovisioning_takes_the_membership_and_blocks_nobody,
    the_last_owner_of_a_group_stays,
    a_user_who_was_there_before_must_have_linked_the_group_s_saml,
    a_group_may_restrict_the_domains_of_addresses,
    who_is_inactive_in_the_group_s_scim_comes_by_saml_and_finds_nothing,
];

/// A group with SAML, and its token.
async fn corp(world: &World, generation: Generation) -> (GitLab, String) {
    let gitlab = GitLab::new(world, generation).await;
    gitlab.app(Method::POST, "/admin/groups", json!({"path": "corp", "saml": true})).await.expect(201);
    let made =
        gitlab.app(Method::POST, "/admin/scim-token", json!({"group": "corp"})).await.expect(201).json();
    assert_eq!(made["endpoint"], "/api/scim/v2/groups/corp");
    (gitlab, made["token"].as_str().unwrap().to_owned())
}

async fn ask(gitlab: &GitLab, token: &str, method: Method, path: &str, body: Value) -> Answer {
    gitlab.scim_as(token, method, &format!("groups/corp{path}"), body).await
}

async fn members(gitlab: &GitLab) -> Value {
    let shown = gitlab.app(Method::GET, "/admin/groups/corp", Value::Null).await.expect(200);
    shown.json()["members"].clone()
}

async fn set_role(gitlab: &GitLab, role: &str) {
    let body = json!({"user": "jane", "role": role});
    gitlab.app(Method::PUT, "/admin/groups/corp/members", body).await.expect(204);
}

fn active(active: bool) -> Value {
    json!({"Operations": [{"op": "replace", "path": "active", "value": active}]})
}

async fn gates_of_a_group_stand_before_its_token(world: &World) {
    for generation in BOTH {
        let (gitlab, token) = corp(world, generation).await;
        gitlab.app(Method::POST, "/admin/groups", json!({"path": "plain"})).await.expect(201);
        for path in ["groups/nowhere/Users", "groups/plain/Users"] {
            let name = path.split('/').nth(1).unwrap();
            let reason = if name == "plain" { "does not have SAML SSO configured" } else { "not found" };
            let answer = gitlab.scim_as("wrong", Method::GET, path, Value::Null).await;
            answer.expect_scim_error(404, &format!("Group {name} {reason}"));
        }
        ask(&gitlab, "wrong", Method::GET, "/Users", Value::Null).await.expect(401);
        // The token of the instance is none here, and that of a group none there.
        ask(&gitlab, "scim", Method::GET, "/Users", Value::Null).await.expect(401);
        gitlab.scim_as(&token, Method::GET, "application/Users", Value::Null).await.expect(401);
        ask(&gitlab, &token, Method::GET, "/Users", Value::Null).await.expect(200);
        ask(&gitlab, &token, Method::GET, "/Groups", Value::Null).await.expect(404);
        gitlab.switch("group_saml_enabled", false).await;
        let answer = ask(&gitlab, "wrong", Method::GET, "/Users", Value::Null).await.expect(403);
        assert_eq!(answer.json(), json!({"message": "403 Forbidden - Group SAML not enabled."}));
    }
}

async fn a_deprovisioning_takes_the_membership_and_blocks_nobody(world: &World) {
    for generation in BOTH {
        let (gitlab, token) = corp(world, generation).await;
        ask(&gitlab, &token, Method::POST, "/Users", jane()).await.expect(201);
        assert_eq!(members(&gitlab).await, json!([{"userName": "jane", "role": "guest"}]));
        gitlab.get("/Users/a1b2").await.expect(404);
        set_role(&gitlab, "maintainer").await;
        gitlab.set_password("jane").await;
        ask(&gitlab, &token, Method::PATCH, "/Users/a1b2", active(false)).await.expect(204);
        assert_eq!(members(&gitlab).await, json!([]));
        let shown = ask(&gitlab, &token, Method::GET, "/Users/a1b2", Value::Null).await.expect(200).json();
        assert_eq!(shown["active"], false);
        assert_eq!(gitlab.state().await, "active");
        gitlab.sign_in("jane").await.expect(200);
        // Back with the default role: the old one is lost.
        ask(&gitlab, &token, Method::PATCH, "/Users/a1b2", active(true)).await.expect(204);
        assert_eq!(members(&gitlab).await, json!([{"userName": "jane", "role": "guest"}]));
    }
}

async fn the_last_owner_of_a_group_stays(world: &World) {
    for generation in BOTH {
        let (gitlab, token) = corp(world, generation).await;
        ask(&gitlab, &token, Method::POST, "/Users", jane()).await.expect(201);
        set_role(&gitlab, "owner").await;
        let deleted = ask(&gitlab, &token, Method::DELETE, "/Users/a1b2", Value::Null).await;
        assert_eq!(
            deleted.expect(412).json()["detail"],
            "Could not remove Jane Roe from corp. Cannot remove last group owner."
        );
        let patched = ask(&gitlab, &token, Method::PATCH, "/Users/a1b2", active(false)).await.expect(412);
        let detail = patched.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with("Error updating Jane Roe with {"), "{detail}");
        let shown = ask(&gitlab, &token, Method::GET, "/Users/a1b2", Value::Null).await.json();
        assert_eq!(shown["active"], true);
        set_role(&gitlab, "developer").await;
        ask(&gitlab, &token, Method::DELETE, "/Users/a1b2", Value::Null).await.expect(204);
    }
}

async fn a_user_who_was_there_before_must_have_linked_the_group_s_saml(world: &World) {
    let (gitlab, token) = corp(world, Generation::Current).await;
    let body = json!({"userName": "jane", "password": PASSWORD, "email": "jane@corp.example"});
    gitlab.app(Method::POST, "/admin/people", body).await.expect(201);
    let refused = ask(&gitlab, &token, Method::POST, "/Users", jane()).await;
    refused.expect_scim_error(412, "The member's email address is not linked to a SAML account");
    let link = json!({"name_id": "a1b2", "group": "corp"});
    gitlab.app(Method::PUT, "/admin/people/jane/saml-identity", link).await.expect(204);
    ask(&gitlab, &token, Method::POST, "/Users", jane()).await.expect(201);
}

async fn a_group_may_restrict_the_domains_of_addresses(world: &World) {
    let gitlab = GitLab::new(world, Generation::Current).await;
    let group = json!({"path": "corp", "saml": true, "allowed_email_domains": ["other.example"]});
    gitlab.app(Method::POST, "/admin/groups", group).await.expect(201);
    let made = gitlab.app(Method::POST, "/admin/scim-token", json!({"group": "corp"})).await.json();
    let refused = ask(&gitlab, made["token"].as_str().unwrap(), Method::POST, "/Users", jane()).await;
    refused.expect_scim_error(412, "The member's email address is not allowed for this group");
}

/// GitLab issue 422582.
async fn who_is_inactive_in_the_group_s_scim_comes_by_saml_and_finds_nothing(world: &World) {
    let (gitlab, token) = corp(world, Generation::Current).await;
    ask(&gitlab, &token, Method::POST, "/Users", jane()).await.expect(201);
    let saml = async |name_id: &str| {
        let body = json!({"name_id": name_id, "email": "jane@corp.example", "group": "corp"});
        gitlab.app(Method::POST, "/saml/sign-in", body).await
    };
    saml("a1b2").await.expect(200);
    let mismatch = saml("zz9").await.expect(422);
    let text = "SAML Name ID and email address do not match your user account";
    assert_eq!(mismatch.json()["error"], text);
    ask(&gitlab, &token, Method::PATCH, "/Users/a1b2", active(false)).await.expect(204);
    saml("a1b2").await.expect(404);
    ask(&gitlab, &token, Method::PATCH, "/Users/a1b2", active(true)).await.expect(204);
    saml("a1b2").await.expect(200);
}
