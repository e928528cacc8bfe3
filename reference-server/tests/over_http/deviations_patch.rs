//! Deviations of PATCH and PUT: each story is told to the right server and to the wrong one.

use axum::http::Method;
use serde_json::{Value, json};

use crate::{
    deviations_support::{ada_with, bulk, bulk_patch, outcome, part, told},
    support::{GROUP, Server, user},
};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Patches a fresh ada; what the answer is.
async fn patched(server: &Server, operations: Value) -> Value {
    let path = ada_with(server, json!({})).await;
    let alone = outcome(&server.patch(&path, operations.clone()).await);
    let in_bulk = bulk_patch(server, &path, operations).await;
    let status = alone.get(0).unwrap_or(&alone).to_string();
    assert_eq!(in_bulk, json!(status), "alone and in a bulk request");
    alone
}

#[tokio::test]
async fn patch_returns_stale_resource() {
    let story = async |server: &Server| {
        let path = ada_with(server, json!({"title": "Miss"})).await;
        let operations = json!([{"op": "replace", "path": "title", "value": "Countess"}]);
        let answer = server.patch(&path, operations).await.expect(200);
        json!([answer.json()["title"], part(server, &path, "/title").await])
    };
    told("patch-returns-stale-resource")
        .as_(story, json!(["Countess", "Countess"]), json!(["Miss", "Countess"]))
        .await;
}

#[tokio::test]
async fn dotted_keys_rejected() {
    let dotted = json!([{"op": "replace", "value": {"name.familyName": "King"}}]);
    let story = async |server: &Server| patched(server, dotted.clone()).await;
    told("dotted-keys-rejected").as_(story, json!(200), json!([400, "invalidValue"])).await;
    let urn = json!([{"op": "add", "value": {"title": "x", format!("{ENTERPRISE}:department"): "y"}}]);
    told("dotted-keys-rejected").but_not(async |server| patched(server, urn.clone()).await, json!(200)).await;
}

#[tokio::test]
async fn add_nested_needs_parent() {
    let story = async |server: &Server| {
        let id = server.post("/Users", &user("grace")).await.expect(201).id();
        let add = json!([{"op": "add", "path": "name.givenName", "value": "Grace"}]);
        outcome(&server.patch(&format!("/Users/{id}"), add).await)
    };
    told("add-nested-needs-parent").as_(story, json!(200), json!([400, "invalidPath"])).await;
    let after = json!([
        {"op": "add", "path": "name", "value": {"familyName": "King"}},
        {"op": "add", "path": "name.givenName", "value": "Grace"},
    ]);
    told("add-nested-needs-parent")
        .but_not(async |server| patched(server, after.clone()).await, json!(200))
        .await;
}

#[tokio::test]
async fn urn_path_split_at_dot() {
    let path = format!("{ENTERPRISE}:employeeNumber");
    let by_path = json!([{"op": "replace", "path": path, "value": "7"}]);
    told("urn-path-split-at-dot")
        .as_(async |server| patched(server, by_path.clone()).await, json!(200), json!([400, "noTarget"]))
        .await;
    let by_key = json!([{"op": "replace", "value": {path: "7"}}]);
    told("urn-path-split-at-dot")
        .but_not(async |server| patched(server, by_key.clone()).await, json!(200))
        .await;
}

#[tokio::test]
async fn extension_patch_500_when_absent() {
    let slug = "extension-patch-500-when-absent";
    let path = format!("{ENTERPRISE}:department");
    let by_path = json!([{"op": "replace", "path": path, "value": "Engines"}]);
    told(slug).as_(async |server| patched(server, by_path.clone()).await, json!(200), json!(500)).await;
    let by_key = json!([{"op": "add", "value": {path: "Engines"}}]);
    told(slug).as_(async |server| patched(server, by_key.clone()).await, json!(200), json!(500)).await;
    let whole = json!([{"op": "add", "value": {ENTERPRISE: {"department": "Engines"}}}]);
    told(slug).but_not(async |server| patched(server, whole.clone()).await, json!(200)).await;
    let there = async |server: &Server| {
        let ada = ada_with(server, json!({ENTERPRISE: {"employeeNumber": "7"}})).await;
        outcome(&server.patch(&ada, by_path.clone()).await)
    };
    told(slug).but_not(there, json!(200)).await;
}

#[tokio::test]
async fn op_name_case_sensitive() {
    let capital = json!([{"op": "Replace", "path": "title", "value": "Countess"}]);
    told("op-name-case-sensitive")
        .as_(async |server| patched(server, capital.clone()).await, json!(200), json!([400, "invalidSyntax"]))
        .await;
}

#[tokio::test]
async fn pathless_multi_attribute_400() {
    let several = json!([{"op": "replace", "value": {"title": "Countess", "nickName": "Ada"}}]);
    told("pathless-multi-attribute-400")
        .as_(async |server| patched(server, several.clone()).await, json!(200), json!([400, "invalidValue"]))
        .await;
    let one = json!([{"op": "replace", "value": {"title": "Countess"}}]);
    told("pathless-multi-attribute-400")
        .but_not(async |server| patched(server, one.clone()).await, json!(200))
        .await;
}

#[tokio::test]
async fn null_email_500() {
    for null in [
        json!([{"op": "replace", "path": "emails", "value": null}]),
        json!([{"op": "replace", "value": {"emails": null}}]),
    ] {
        told("null-email-500")
            .as_(async |server| patched(server, null.clone()).await, json!(200), json!(500))
            .await;
    }
}

#[tokio::test]
async fn replace_empty_array_rejected() {
    let slug = "replace-empty-array-rejected";
    let empty = json!([{"op": "replace", "path": "emails", "value": []}]);
    told(slug)
        .as_(async |server| patched(server, empty.clone()).await, json!(200), json!([400, "invalidSyntax"]))
        .await;
    let members = async |server: &Server| {
        let id = server.ada().await;
        let group = server.group("Staff", &[&id]).await;
        let empty = json!([{"op": "replace", "path": "members", "value": []}]);
        outcome(&server.patch(&format!("/Groups/{group}"), empty).await)
    };
    told(slug).as_(members, json!(204), json!([400, "invalidSyntax"])).await;
}

#[tokio::test]
async fn add_over_null_fails() {
    let add = json!([{"op": "add", "path": "title", "value": "Countess"}]);
    let created = async |server: &Server| {
        let path = ada_with(server, json!({"title": null})).await;
        outcome(&server.patch(&path, add.clone()).await)
    };
    told("add-over-null-fails").as_(created, json!(200), json!([400, "invalidSyntax"])).await;
    let patched_before = async |server: &Server| {
        let path = ada_with(server, json!({"title": "Miss"})).await;
        let null = json!([{"op": "replace", "path": "title", "value": null}]);
        server.patch(&path, null).await.expect(200);
        outcome(&server.patch(&path, add.clone()).await)
    };
    told("add-over-null-fails").as_(patched_before, json!(200), json!([400, "invalidSyntax"])).await;
    told("add-over-null-fails").but_not(async |server| patched(server, add.clone()).await, json!(200)).await;
}

#[tokio::test]
async fn patch_leaves_null_subattributes() {
    let story = async |server: &Server| {
        let path = ada_with(server, json!({})).await;
        let add = json!([{"op": "add", "path": "emails", "value": [{"value": "a@example.com"}]}]);
        server.patch(&path, add).await.expect(200);
        let shown = part(server, &path, "/emails/1").await;
        let title = json!([{"op": "add", "path": "title", "value": "Countess"}]);
        json!([shown.get("type"), outcome(&server.patch(&path, title).await)])
    };
    told("patch-leaves-null-subattributes")
        .as_(story, json!([null, 200]), json!([null, [400, "invalidValue"]]))
        .await;
    let wrong = Server::with(&["patch-leaves-null-subattributes"]);
    let path = ada_with(&wrong, json!({})).await;
    let add = json!([{"op": "add", "path": "emails", "value": [{"value": "a@example.com"}]}]);
    wrong.patch(&path, add).await.expect(200);
    assert!(part(&wrong, &path, "/emails/1").await.as_object().unwrap().contains_key("primary"));
}

#[tokio::test]
async fn emails_type_not_kept() {
    let story = async |server: &Server| {
        let path = ada_with(server, json!({})).await;
        let work =
            json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "b@example.com"}]);
        let patched = outcome(&server.patch(&path, work).await);
        json!([part(server, &path, "/emails/0/type").await, patched])
    };
    told("emails-type-not-kept").as_(story, json!(["work", 200]), json!([null, [400, "noTarget"]])).await;
}

#[tokio::test]
async fn externalid_patch_ignored() {
    for operation in [
        json!({"op": "replace", "path": "externalId", "value": "00u2"}),
        json!({"op": "Replace", "value": {"externalId": "00u2"}}),
    ] {
        let story = async |server: &Server| {
            let path = ada_with(server, json!({})).await;
            server.patch(&path, json!([operation])).await.expect(200);
            let alone = part(server, &path, "/externalId").await;
            let bulk = json!([{"op": "add", "path": "externalId", "value": "00u3"}]);
            assert_eq!(bulk_patch(server, &path, bulk).await, "200");
            json!([alone, part(server, &path, "/externalId").await])
        };
        told("externalid-patch-ignored").as_(story, json!(["00u2", "00u3"]), json!(["00u1", "00u1"])).await;
    }
}

#[tokio::test]
async fn dotted_keys_stored_literally() {
    let story = async |server: &Server| {
        let path = ada_with(server, json!({})).await;
        let dotted = json!([{"op": "replace", "value": {"name.familyName": "King", "title": "Countess"}}]);
        let answer = server.patch(&path, dotted).await.expect(200).json();
        let read = server.get(&path).await.json();
        json!([answer["title"], read["name.familyName"], read["name"]["familyName"]])
    };
    told("dotted-keys-stored-literally")
        .as_(story, json!(["Countess", null, "King"]), json!(["Countess", "King", "Lovelace"]))
        .await;
}

#[tokio::test]
async fn remove_with_other_value_writes_it() {
    let removed = async |server: &Server, value: &str| {
        let path = ada_with(server, json!({})).await;
        let remove = json!([{"op": "remove", "path": "emails[type eq \"work\"].value", "value": value}]);
        server.patch(&path, remove).await.expect(200);
        part(server, &path, "/emails/0/value").await
    };
    let slug = "remove-with-other-value-writes-it";
    let other = async |server: &Server| removed(server, "b@example.com").await;
    told(slug).as_(other, json!(null), json!("b@example.com")).await;
    told(slug).but_not(async |server| removed(server, "ada@example.com").await, json!(null)).await;
}

#[tokio::test]
async fn patch_not_atomic() {
    let story = async |server: &Server| {
        let path = ada_with(server, json!({})).await;
        let operations = json!([
            {"op": "replace", "path": "title", "value": "Countess"},
            {"op": "replace", "path": "noSuchThing", "value": 1},
            {"op": "replace", "path": "nickName", "value": "Ada"},
        ]);
        let answer = outcome(&server.patch(&path, operations).await);
        json!([answer, part(server, &path, "/title").await, part(server, &path, "/nickName").await])
    };
    told("patch-not-atomic")
        .as_(
            story,
            json!([[400, "invalidPath"], null, null]),
            json!([[400, "invalidPath"], "Countess", null]),
        )
        .await;
}

#[tokio::test]
async fn unsupported_op_204() {
    for (operation, scim_type) in [
        (json!({"op": "move", "path": "title", "value": "x"}), "invalidSyntax"),
        (json!({"op": "add", "path": "noSuchThing", "value": "x"}), "invalidPath"),
    ] {
        let story = async |server: &Server| {
            let path = ada_with(server, json!({})).await;
            outcome(&server.patch(&path, json!([operation])).await)
        };
        told("unsupported-op-204").as_(story, json!([400, scim_type]), json!(204)).await;
    }
    let wrong_value = json!([{"op": "add", "path": "active", "value": "perhaps"}]);
    told("unsupported-op-204")
        .but_not(async |server| patched(server, wrong_value.clone()).await, json!([400, "invalidValue"]))
        .await;
}

#[tokio::test]
async fn immutable_attribute_patched() {
    let story = async |server: &Server| {
        let ada = server.ada().await;
        let grace = server.post("/Users", &user("grace")).await.expect(201).id();
        let group = format!("/Groups/{}", server.group("Staff", &[&ada]).await);
        let path = format!("members[value eq \"{ada}\"].value");
        let answer = server.patch(&group, json!([{"op": "replace", "path": path, "value": grace}])).await;
        json!([outcome(&answer), part(server, &group, "/members/0/value").await == json!(grace)])
    };
    told("immutable-attribute-patched")
        .as_(story, json!([[400, "mutability"], false]), json!([204, true]))
        .await;
    let kind = async |server: &Server| {
        let ada = server.ada().await;
        let group = format!("/Groups/{}", server.group("Staff", &[&ada]).await);
        let path = format!("members[value eq \"{ada}\"].display");
        let answer =
            server.patch(&group, json!([{"op": "replace", "path": path, "value": "Countess"}])).await;
        json!([outcome(&answer), part(server, &group, "/members/0/display").await])
    };
    told("immutable-attribute-patched")
        .as_(kind, json!([[400, "mutability"], "ada"]), json!([204, "Countess"]))
        .await;
}

fn two_emails() -> Value {
    json!({"emails": [
        {"value": "work@example.com", "type": "work", "primary": true},
        {"value": "home@example.com", "type": "home"},
    ]})
}

/// Of both emails of ada, what they are and whether they are primary.
async fn emails(server: &Server, path: &str) -> Value {
    let emails = part(server, path, "/emails").await;
    let shown = |email: &Value| json!([email["value"], email["primary"] == true]);
    emails.as_array().unwrap().iter().map(shown).collect()
}

#[tokio::test]
async fn valuepath_updates_primary_instead() {
    let story = async |server: &Server| {
        let path = ada_with(server, two_emails()).await;
        let home =
            json!([{"op": "replace", "path": "emails[type eq \"home\"].value", "value": "b@example.com"}]);
        server.patch(&path, home).await.expect(200);
        emails(server, &path).await
    };
    told("valuepath-updates-primary-instead")
        .as_(
            story,
            json!([["work@example.com", true], ["b@example.com", false]]),
            json!([["b@example.com", true], ["home@example.com", false]]),
        )
        .await;
}

#[tokio::test]
async fn patch_primary_not_reset() {
    let patched = async |server: &Server, operations: Value| {
        let path = ada_with(server, two_emails()).await;
        server.patch(&path, operations).await.expect(200);
        emails(server, &path).await
    };
    let moved = json!([["work@example.com", false], ["home@example.com", true]]);
    let both = json!([["work@example.com", true], ["home@example.com", true]]);
    let set = json!([{"op": "replace", "path": "emails[type eq \"home\"].primary", "value": true}]);
    told("patch-primary-not-reset")
        .as_(async |server| patched(server, set.clone()).await, moved.clone(), both)
        .await;
    let explicit = json!([
        {"op": "replace", "path": "emails[type eq \"work\"].primary", "value": false},
        {"op": "replace", "path": "emails[type eq \"home\"].primary", "value": true},
    ]);
    told("patch-primary-not-reset")
        .but_not(async |server| patched(server, explicit.clone()).await, moved)
        .await;
}

#[tokio::test]
async fn two_primaries_accepted() {
    let mut body = user("grace");
    body["emails"] = json!([
        {"value": "a@example.com", "type": "work", "primary": true},
        {"value": "b@example.com", "type": "home", "primary": true},
    ]);
    let story = async |server: &Server| {
        let answer = server.post("/Users", &body).await;
        let primaries = async || {
            let list = server.get("/Users").await.json();
            let emails = list.pointer("/Resources/0/emails").and_then(Value::as_array).cloned();
            emails.unwrap_or_default().iter().filter(|email| email["primary"] == true).count()
        };
        json!([outcome(&answer), primaries().await])
    };
    told("two-primaries-accepted").as_(story, json!([[400, "invalidValue"], 0]), json!([201, 2])).await;
}

#[tokio::test]
async fn put_not_supported_for_users() {
    let story = async |server: &Server| {
        let id = server.ada().await;
        let put = server.put(&format!("/Users/{id}"), &user("ada")).await;
        let group = server.group("Staff", &[]).await;
        let body = json!({"schemas": [GROUP], "displayName": "Crew"});
        let of_group = server.put(&format!("/Groups/{group}"), &body).await;
        let bulk = bulk(server, &Method::PUT, &format!("/Users/{id}"), user("ada")).await;
        json!([outcome(&put), outcome(&of_group), bulk["status"]])
    };
    told("put-not-supported-for-users").as_(story, json!([200, 200, "200"]), json!([405, 200, "405"])).await;
}

#[tokio::test]
async fn put_405() {
    let story = async |server: &Server| {
        let id = server.ada().await;
        let put = server.put(&format!("/Users/{id}"), &user("ada")).await;
        json!([outcome(&put), put.text.is_empty()])
    };
    told("put-405").as_(story, json!([200, false]), json!([405, true])).await;
}

#[tokio::test]
async fn put_merges_instead_of_replacing() {
    let story = async |server: &Server| {
        let path = ada_with(server, json!({"title": "Countess", "nickName": "Ada"})).await;
        let mut body = user("ada");
        body["title"] = json!("Lady");
        server.put(&path, &body).await.expect(200);
        json!([part(server, &path, "/title").await, part(server, &path, "/nickName").await])
    };
    told("put-merges-instead-of-replacing").as_(story, json!(["Lady", null]), json!(["Lady", "Ada"])).await;
}
