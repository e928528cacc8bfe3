//! The life of a user: blocked by the system, by an administrator, by both, and back.

use axum::http::Method;
use scimspec_reference_server::gitlab::Generation;
use serde_json::{Value, json};

use super::support::{BOTH, GitLab};
use crate::world::{World, behaviours};

behaviours![
    a_deprovisioning_ends_every_way_in_and_a_reprovisioning_opens_the_same_user,
    scim_does_not_lift_an_administrator_s_block_while_the_identity_is_active,
    scim_overrides_an_administrator_s_block_after_it_has_deprovisioned,
    who_was_deactivated_is_blocked_by_a_deprovisioning_and_active_after_a_reprovisioning,
    an_administrator_does_not_unblock_whom_the_system_has_blocked,
    nobody_else_is_touched,
];

/// Jane, who has a password, a session and an API token.
async fn jane(world: &World, generation: Generation) -> (GitLab, String, String) {
    let gitlab = GitLab::new(world, generation).await;
    gitlab.jane().await;
    gitlab.set_password("jane").await;
    let session = gitlab.sign_in("jane").await.expect(200).json()["session"].as_str().unwrap().to_owned();
    let token = gitlab.app(Method::POST, "/admin/people/jane/tokens", Value::Null).await.expect(201).json();
    let token = token["token"].as_str().unwrap().to_owned();
    (gitlab, session, token)
}

async fn me(gitlab: &GitLab, credential: &str) -> u16 {
    let request = axum::http::Request::builder()
        .uri("/app/me")
        .header("authorization", format!("Bearer {credential}"))
        .body(axum::body::Body::empty());
    gitlab.send(request.unwrap()).await.status
}

async fn set_state(gitlab: &GitLab, state: &str) -> u16 {
    gitlab.app(Method::PUT, "/admin/people/jane/state", json!({"state": state})).await.status
}

async fn a_deprovisioning_ends_every_way_in_and_a_reprovisioning_opens_the_same_user(world: &World) {
    for generation in BOTH {
        for by_delete in [false, true] {
            let (gitlab, session, token) = jane(world, generation).await;
            let before = gitlab.user("jane").await;
            assert_eq!((me(&gitlab, &session).await, me(&gitlab, &token).await), (200, 200));
            if by_delete {
                gitlab.scim(Method::DELETE, "/Users/a1b2", Value::Null).await.expect(204);
            } else {
                gitlab.set_active("a1b2", false).await.expect(204);
            }
            assert_eq!((me(&gitlab, &session).await, me(&gitlab, &token).await), (401, 401));
            gitlab.sign_in("jane@corp.example").await.expect(403);
            assert_eq!(gitlab.state().await, "ldap_blocked");
            gitlab.set_active("a1b2", false).await.expect(204);
            gitlab.scim(Method::DELETE, "/Users/A1B2", Value::Null).await.expect(204);
            assert_eq!(gitlab.active().await, false);

            gitlab.set_active("a1b2", true).await.expect(204);
            gitlab.sign_in("jane@corp.example").await.expect(200);
            assert_eq!((me(&gitlab, &session).await, me(&gitlab, &token).await), (401, 401));
            let after = gitlab.user("jane").await;
            for same in ["id", "account", "userName", "emails", "externalId"] {
                assert_eq!(after[same], before[same], "{same}");
            }
        }
    }
}

async fn scim_does_not_lift_an_administrator_s_block_while_the_identity_is_active(world: &World) {
    for generation in BOTH {
        let (gitlab, session, _) = jane(world, generation).await;
        gitlab.app(Method::PUT, "/admin/people/jane/block", Value::Null).await.expect(204);
        assert_eq!(me(&gitlab, &session).await, 401);
        gitlab.set_active("a1b2", true).await.expect(204);
        gitlab.sign_in("jane").await.expect(403);
        assert_eq!((gitlab.active().await, gitlab.state().await), (json!(true), json!("blocked")));
    }
}

async fn scim_overrides_an_administrator_s_block_after_it_has_deprovisioned(world: &World) {
    for generation in BOTH {
        for state in ["blocked", "banned", "blocked_pending_approval"] {
            let (gitlab, ..) = jane(world, generation).await;
            assert_eq!(set_state(&gitlab, state).await, 204);
            gitlab.set_active("a1b2", false).await.expect(204);
            assert_eq!((gitlab.active().await, gitlab.state().await), (json!(false), json!(state)));
            gitlab.set_active("a1b2", true).await.expect(204);
            assert_eq!((gitlab.active().await, gitlab.state().await), (json!(true), json!("active")));
            gitlab.sign_in("jane").await.expect(200);
        }
    }
}

async fn who_was_deactivated_is_blocked_by_a_deprovisioning_and_active_after_a_reprovisioning(world: &World) {
    let (gitlab, ..) = jane(world, Generation::Current).await;
    assert_eq!(set_state(&gitlab, "deactivated").await, 204);
    gitlab.sign_in("jane").await.expect(403);
    gitlab.set_active("a1b2", false).await.expect(204);
    assert_eq!(gitlab.state().await, "ldap_blocked");
    gitlab.set_active("a1b2", true).await.expect(204);
    assert_eq!(gitlab.state().await, "active");
}

async fn an_administrator_does_not_unblock_whom_the_system_has_blocked(world: &World) {
    let (gitlab, ..) = jane(world, Generation::Current).await;
    gitlab.set_active("a1b2", false).await.expect(204);
    gitlab.app(Method::DELETE, "/admin/people/jane/block", Value::Null).await.expect(403);
    assert_eq!(set_state(&gitlab, "active").await, 403);
    // A block of the administrator's own takes the place of the system's, and that can be lifted.
    gitlab.app(Method::PUT, "/admin/people/jane/block", Value::Null).await.expect(204);
    gitlab.app(Method::DELETE, "/admin/people/jane/block", Value::Null).await.expect(204);
    gitlab.sign_in("jane").await.expect(200);
}

async fn nobody_else_is_touched(world: &World) {
    let (gitlab, ..) = jane(world, Generation::Current).await;
    gitlab.post(super::support::person("b2", "john", "John Doe")).await.expect(201);
    gitlab.set_password("john").await;
    let before = gitlab.user("john").await;
    gitlab.set_active("a1b2", false).await.expect(204);
    gitlab.sign_in("john").await.expect(200);
    assert_eq!(gitlab.user("john").await["state"], before["state"]);
}
