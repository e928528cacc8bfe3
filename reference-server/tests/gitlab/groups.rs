//! `/Groups` of the instance: SCIM groups, SAML group links, members that follow.

use axum::http::Method;
use scimspec_reference_server::{
    TokenHash,
    gitlab::{Generation, GitLabConfig},
};
use serde_json::{Value, json};

use super::support::{Answer, BOTH, GitLab, person};
use crate::world::{World, behaviours};

behaviours![
    a_group_attaches_to_a_link_of_its_name_or_is_refused,
    members_follow_what_add_and_remove_say,
    other_forms_of_patch_are_answered_and_do_nothing,
    a_patch_of_another_shape_is_400,
    a_put_replaces_members_of_scim_s_and_nothing_else,
    of_several_links_the_highest_role_counts_and_one_is_enough_to_stay,
    a_deleted_group_detaches_and_its_members_leave,
    groups_are_listed_and_found_by_name,
    a_door_opens_for_the_members_of_the_group_behind_the_link,
];

const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const UID: &str = "0b0f6b3e-6f0e-4a8e-9a52-3d4c5b6a7f80";

/// Jane and john, the SCIM group Engineering attached to a link on the group engineering.
async fn gitlab(world: &World, generation: Generation) -> GitLab {
    let config = GitLabConfig::new(generation, TokenHash::of("scim"), TokenHash::of("admin"));
    let saml_group_links = vec![("Engineering".to_owned(), "engineering".to_owned())];
    let gitlab = GitLab::with(world, GitLabConfig { saml_group_links, ..config }).await;
    gitlab.jane().await;
    gitlab.post(person("b2", "john", "John Doe")).await.expect(201);
    let created = post(&gitlab, json!({"displayName": "Engineering", "externalId": UID})).await.expect(201);
    assert_eq!(
        created.json(),
        json!({
            "schemas": [GROUP], "id": UID, "displayName": "Engineering", "members": [],
            "meta": {"resourceType": "Group"},
        })
    );
    gitlab
}

async fn post(gitlab: &GitLab, body: Value) -> Answer {
    gitlab.scim(Method::POST, "/Groups", body).await
}

async fn patch(gitlab: &GitLab, operations: Value) -> Answer {
    let body =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
    gitlab.scim(Method::PATCH, &format!("/Groups/{UID}"), body).await
}

async fn add(gitlab: &GitLab, uid: &str) {
    let add = json!([{"op": "Add", "path": "MEMBERS", "value": [{"value": uid}, {"value": "nobody"}]}]);
    patch(gitlab, add).await.expect(204);
}

/// The members of GitLab's group and their roles.
async fn members(gitlab: &GitLab, path: &str) -> Vec<(String, String)> {
    let shown = gitlab.app(Method::GET, &format!("/admin/groups/{path}"), Value::Null).await.expect(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let shown = shown.json();
    let members = shown["members"].as_array().unwrap();
    members.iter().map(|member| (text(&member["userName"]), text(&member["role"]))).collect()
}

fn developer(name: &str) -> (String, String) {
    (name.to_owned(), "developer".to_owned())
}

async fn a_group_attaches_to_a_link_of_its_name_or_is_refused(world: &World) {
    for generation in BOTH {
        let gitlab = gitlab(world, generation).await;
        let made = post(&gitlab, json!({"displayName": "Engineering"})).await.expect(201).json();
        assert_ne!(made["id"], UID, "one is made where none was named");
        let nameless = post(&gitlab, json!({"externalId": UID})).await.expect(400);
        assert_eq!(nameless.json(), json!({"error": "displayName is missing"}));
        let no_uuid = post(&gitlab, json!({"displayName": "Engineering", "externalId": "1"})).await;
        no_uuid.expect_scim_error(412, "Invalid UUID for scim_group_uid");
        let unknown = post(&gitlab, json!({"displayName": "Sales"})).await;
        unknown.expect_scim_error(412, "No matching SAML group found with name: Sales");
    }
}

async fn members_follow_what_add_and_remove_say(world: &World) {
    for generation in BOTH {
        let gitlab = gitlab(world, generation).await;
        add(&gitlab, "A1B2").await;
        add(&gitlab, "b2").await;
        assert_eq!(members(&gitlab, "engineering").await, [developer("jane"), developer("john")]);
        let shown = gitlab.get(&format!("/Groups/{UID}")).await.expect(200).json();
        let user = gitlab.get("/Users/a1b2").await.expect(200).json();
        if generation == Generation::Current {
            assert_eq!(shown["members"][0], json!({"value": "a1b2", "display": "Jane Roe", "type": "User"}));
            let group = json!([{"value": UID, "display": "Engineering", "type": "direct"}]);
            assert_eq!(user["groups"], group);
        } else {
            assert_eq!((&shown["members"], user.get("groups")), (&json!([]), None));
        }
        patch(&gitlab, json!([{"op": "remove", "path": "members", "value": [{"value": "a1b2"}]}]))
            .await
            .expect(204);
        assert_eq!(members(&gitlab, "engineering").await, [developer("john")]);
    }
}

async fn other_forms_of_patch_are_answered_and_do_nothing(world: &World) {
    let gitlab = gitlab(world, Generation::Current).await;
    add(&gitlab, "a1b2").await;
    for operation in [
        json!({"op": "remove", "path": "members[value eq \"a1b2\"]"}),
        json!({"op": "remove", "path": "members"}),
        json!({"op": "remove", "path": "members", "value": {"value": "a1b2"}}),
        json!({"op": "add", "value": {"members": [{"value": "b2"}]}}),
        json!({"op": "add", "path": "displayName", "value": "Other"}),
        json!({"op": "add", "path": "externalId", "value": "x"}),
    ] {
        patch(&gitlab, json!([operation])).await.expect(204);
        assert_eq!(members(&gitlab, "engineering").await, [developer("jane")], "{operation}");
    }
}

async fn a_patch_of_another_shape_is_400(world: &World) {
    let gitlab = gitlab(world, Generation::Current).await;
    for (operations, error) in [
        (
            json!([{"op": "replace", "path": "members", "value": []}]),
            "Operations[0][op] does not have a valid value",
        ),
        (json!([]), "Operations[0][op] is missing"),
        (json!([{"op": "add", "path": "x"}, {"path": "members"}]), "Operations[1][op] is missing"),
    ] {
        assert_eq!(patch(&gitlab, operations).await.expect(400).json(), json!({"error": error}));
    }
    let bare = gitlab.scim(Method::PATCH, &format!("/Groups/{UID}"), json!({})).await.expect(400);
    assert_eq!(bare.json(), json!({"error": "schemas is missing, Operations is missing"}));
}

async fn a_put_replaces_members_of_scim_s_and_nothing_else(world: &World) {
    let gitlab = gitlab(world, Generation::Current).await;
    gitlab
        .app(Method::PUT, "/admin/groups/engineering/members", json!({"user": "john", "role": "owner"}))
        .await
        .expect(204);
    add(&gitlab, "a1b2").await;
    let put = json!({"schemas": [GROUP], "displayName": "Other", "members": []});
    let shown = gitlab.scim(Method::PUT, &format!("/Groups/{UID}"), put).await.expect(200).json();
    assert_eq!((&shown["displayName"], shown.get("members")), (&json!("Engineering"), None));
    let owner = ("john".to_owned(), "owner".to_owned());
    assert_eq!(members(&gitlab, "engineering").await, [owner]);
    let incomplete = gitlab.scim(Method::PUT, &format!("/Groups/{UID}"), json!({"schemas": [GROUP]})).await;
    assert_eq!(incomplete.expect(400).json(), json!({"error": "displayName is missing"}));
}

async fn of_several_links_the_highest_role_counts_and_one_is_enough_to_stay(world: &World) {
    let gitlab = gitlab(world, Generation::Current).await;
    let link = json!({"name": "Leads", "group": "engineering", "role": "maintainer"});
    gitlab.app(Method::POST, "/admin/saml-group-links", link).await.expect(201);
    let leads = post(&gitlab, json!({"displayName": "Leads", "members": [{"value": "a1b2"}]})).await;
    let leads = leads.expect(201).json()["id"].as_str().unwrap().to_owned();
    add(&gitlab, "a1b2").await;
    assert_eq!(members(&gitlab, "engineering").await, [("jane".to_owned(), "maintainer".to_owned())]);
    gitlab.scim(Method::DELETE, &format!("/Groups/{leads}"), Value::Null).await.expect(204);
    assert_eq!(members(&gitlab, "engineering").await, [developer("jane")]);
}

async fn a_deleted_group_detaches_and_its_members_leave(world: &World) {
    for generation in BOTH {
        let gitlab = gitlab(world, generation).await;
        add(&gitlab, "a1b2").await;
        gitlab.scim(Method::DELETE, &format!("/Groups/{UID}"), Value::Null).await.expect(204);
        gitlab.get(&format!("/Groups/{UID}")).await.expect_scim_error(404, &format!("Group {UID} not found"));
        assert_eq!(members(&gitlab, "engineering").await, []);
    }
}

async fn groups_are_listed_and_found_by_name(world: &World) {
    let gitlab = gitlab(world, Generation::Current).await;
    let list = gitlab.get("/Groups?startIndex=1&count=2").await.expect(200).json();
    assert_eq!(
        (&list["totalResults"], &list["startIndex"], &list["itemsPerPage"]),
        (&json!(1), &json!(1), &json!(2))
    );
    let found =
        gitlab.get("/Groups?filter=displayname%20eq%20'Engineering'&excludedAttributes=members").await;
    let found = found.expect(200).json();
    assert_eq!((&found["Resources"][0]["id"], found["Resources"][0].get("members")), (&json!(UID), None));
    let none = gitlab.get("/Groups?filter=displayName%20eq%20%22Sales%22").await.expect(200).json();
    assert_eq!(none["totalResults"], 0);
    gitlab.get("/Groups?filter=id%20eq%20%221%22").await.expect_scim_error(412, "Unsupported Filter");
    let odd = gitlab.get("/Groups?startIndex=x").await.expect(400);
    assert_eq!(odd.json(), json!({"error": "startIndex is invalid"}));
}

async fn a_door_opens_for_the_members_of_the_group_behind_the_link(world: &World) {
    let gitlab = gitlab(world, Generation::Current).await;
    gitlab.set_password("jane").await;
    let session = gitlab.sign_in("jane").await.expect(200).json()["session"].as_str().unwrap().to_owned();
    let door = async || {
        let request = axum::http::Request::builder()
            .uri("/app/doors/engineering")
            .header("authorization", format!("Bearer {session}"))
            .body(axum::body::Body::empty());
        gitlab.send(request.unwrap()).await.status
    };
    assert_eq!(door().await, 403);
    add(&gitlab, "a1b2").await;
    // The worker comes to it before the next request of SCIM's or the administrator's.
    gitlab.get("/Users").await.expect(200);
    assert_eq!(door().await, 200);
}
