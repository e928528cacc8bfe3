//! `PATCH /Users/ID`: which branch is taken, in either generation.

use axum::http::Method;
use scimspec_reference_server::gitlab::Generation;
use serde_json::{Value, json};

use super::support::{BOTH, GitLab, person};
use crate::world::{World, behaviours};

behaviours![
    active_false_deprovisions_in_every_spelling,
    any_patch_of_an_inactive_identity_reactivates_in_classic_and_none_but_active_true_in_current,
    active_false_with_an_external_id_deprovisions_only,
    active_true_with_an_external_id_differs_by_generation,
    an_external_id_is_changed_unless_it_is_taken_or_blank,
    names_and_addresses_do_not_change,
    malformed_operations_break_the_server,
];

/// Jane, deprovisioned.
async fn inactive(world: &World, generation: Generation) -> GitLab {
    let gitlab = GitLab::new(world, generation).await;
    gitlab.jane().await;
    gitlab.set_active("a1b2", false).await.expect(204);
    gitlab
}

async fn active_false_deprovisions_in_every_spelling(world: &World) {
    for generation in BOTH {
        for operations in [
            json!([{"op": "replace", "path": "active", "value": false}]),
            json!([{"op": "Replace", "path": "active", "value": "False"}]),
            json!([{"op": "ADD", "path": "active", "value": "false"}]),
            json!([{"op": "replace", "value": {"active": false}}]),
            json!([{"op": "replace", "value": {"active": "\"False\""}}]),
        ] {
            let gitlab = GitLab::new(world, generation).await;
            gitlab.jane().await;
            let answer = gitlab.patch("a1b2", operations.clone()).await.expect(204);
            assert_eq!((answer.text.as_str(), answer.header("content-type")), ("", None));
            assert_eq!((gitlab.active().await, gitlab.state().await), (json!(false), json!("ldap_blocked")));
        }
    }
}

async fn any_patch_of_an_inactive_identity_reactivates_in_classic_and_none_but_active_true_in_current(
    world: &World,
) {
    for body in [
        json!({"Operations": [{"op": "replace", "path": "name.formatted", "value": "New"}]}),
        json!({"Operations": [{"op": "Update", "path": "active", "value": true}]}),
        json!({"Operations": [{"op": "replace", "path": "active", "value": 0}]}),
        json!({"Operations": []}),
        json!({}),
        json!({"garbage": 1}),
    ] {
        for (generation, active) in [(Generation::Classic, true), (Generation::Current, false)] {
            let gitlab = inactive(world, generation).await;
            gitlab.scim(Method::PATCH, "/Users/a1b2", body.clone()).await.expect(204);
            let state = if active { "active" } else { "ldap_blocked" };
            assert_eq!(
                (gitlab.active().await, gitlab.state().await),
                (json!(active), json!(state)),
                "{body}"
            );
        }
    }
}

async fn active_false_with_an_external_id_deprovisions_only(world: &World) {
    for generation in BOTH {
        let gitlab = GitLab::new(world, generation).await;
        gitlab.jane().await;
        let both = json!([
            {"op": "replace", "path": "externalId", "value": "new"},
            {"op": "replace", "path": "active", "value": true},
            {"op": "replace", "path": "active", "value": false},
        ]);
        gitlab.patch("a1b2", both).await.expect(204);
        assert_eq!(gitlab.active().await, false);
    }
}

async fn active_true_with_an_external_id_differs_by_generation(world: &World) {
    let both = json!([
        {"op": "replace", "path": "active", "value": true},
        {"op": "replace", "path": "externalId", "value": "new"},
    ]);
    for (generation, id) in [(Generation::Classic, "new"), (Generation::Current, "a1b2")] {
        let gitlab = GitLab::new(world, generation).await;
        gitlab.jane().await;
        gitlab.patch("a1b2", both.clone()).await.expect(204);
        gitlab.get(&format!("/Users/{id}")).await.expect(200);
        let gitlab = inactive(world, generation).await;
        gitlab.patch("a1b2", both.clone()).await.expect(204);
        assert_eq!(gitlab.active().await, true, "both drop it on an inactive identity");
    }
}

async fn an_external_id_is_changed_unless_it_is_taken_or_blank(world: &World) {
    for generation in BOTH {
        let gitlab = GitLab::new(world, generation).await;
        gitlab.jane().await;
        gitlab.post(person("b2", "john", "John Doe")).await.expect(201);
        let to = |value: &str| json!([{"op": "Replace", "path": "externalId", "value": value}]);
        gitlab.patch("a1b2", to("A1B2")).await.expect(204);
        gitlab.patch("a1b2", to("c3")).await.expect(204);
        gitlab.get("/Users/a1b2").await.expect(404);
        assert_eq!(gitlab.get("/Users/c3").await.expect(200).json()["userName"], "jane");
        for (value, reason) in
            [("B2", "Extern uid has already been taken"), ("", "Extern uid can't be blank")]
        {
            let refused = gitlab.patch("c3", to(value)).await;
            assert!(refused.json()["detail"].as_str().unwrap().starts_with("Error updating Jane Roe with {"));
            refused.expect_scim_error(412, reason);
        }
        // The SAML identity is another row.
        assert_eq!(gitlab.user("jane").await["samlNameId"], Value::Null);
    }
}

async fn names_and_addresses_do_not_change(world: &World) {
    for generation in BOTH {
        let gitlab = GitLab::new(world, generation).await;
        gitlab.jane().await;
        let before = gitlab.get("/Users/a1b2").await.json();
        for operation in [
            json!({"op": "replace", "path": "name.formatted", "value": "New"}),
            json!({"op": "replace", "path": "displayName", "value": "New"}),
            json!({"op": "replace", "path": "userName", "value": "new"}),
            json!({"op": "replace", "path": "emails[type eq \"work\"].value", "value": "new@corp.example"}),
            json!({"op": "replace", "path": "Active", "value": false}),
            json!({"op": "replace", "value": {"userName": "x", "active": false}}),
            json!({"op": "replace", "path": "active", "value": null}),
            json!({"op": "remove", "path": "active"}),
        ] {
            gitlab.patch("a1b2", json!([operation])).await.expect(204);
            assert_eq!(gitlab.get("/Users/a1b2").await.json(), before, "{operation}");
        }
    }
}

async fn malformed_operations_break_the_server(world: &World) {
    let gitlab = GitLab::new(world, Generation::Current).await;
    gitlab.jane().await;
    for operations in [json!([{"path": "active", "value": false}]), json!("x"), json!([1])] {
        let answer = gitlab.patch("a1b2", operations).await.expect(500);
        assert_eq!(answer.json(), json!({"message": "500 Internal Server Error"}));
    }
    assert_eq!(gitlab.active().await, true);
    gitlab.patch("unknown", json!([])).await.expect_scim_error(404, "Resource unknown not found");
}
