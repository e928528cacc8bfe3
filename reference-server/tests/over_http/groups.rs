//! Groups over HTTP, and what they say about their members.

use axum::{body::Body, http::Method};
use serde_json::{Value, json};

use crate::support::{GROUP, Server, encoded, scim, user};

async fn members(server: &Server, group: &str) -> Vec<String> {
    let group = server.get(&format!("/Groups/{group}")).await.expect(200).json();
    let values = group["members"].as_array().cloned().unwrap_or_default();
    values.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect()
}

async fn three_users(server: &Server) -> [String; 3] {
    let mut ids = Vec::new();
    for name in ["ada", "grace", "mary"] {
        ids.push(server.post("/Users", &user(name)).await.expect(201).id());
    }
    ids.try_into().unwrap()
}

/// RFC7643-4.2-L2, L3
#[tokio::test]
async fn a_member_is_shown_with_its_type_its_name_and_where_it_is() {
    let server = Server::new();
    let ada = server.ada().await;
    let inner = server.group("Inner", &[]).await;
    let staff = server.group("Staff", &[&ada, &inner]).await;
    let shown = server.get(&format!("/Groups/{staff}")).await.expect(200).json();
    let url = |path: &str| format!("http://app.example.com/scim/v2{path}");
    assert_eq!(
        shown["members"],
        json!([
            {"value": ada, "$ref": url(&format!("/Users/{ada}")), "display": "ada", "type": "User"},
            {"value": inner, "$ref": url(&format!("/Groups/{inner}")), "display": "Inner", "type": "Group"},
        ])
    );
    let user = server.get(&format!("/Users/{ada}")).await.json();
    assert_eq!(
        user["groups"],
        json!([{"value": staff, "$ref": url(&format!("/Groups/{staff}")), "display": "Staff", "type": "direct"}])
    );
}

/// RFC7643-4.2-L1, L6
#[tokio::test]
async fn a_group_needs_a_name_and_no_members() {
    let server = Server::new();
    server.post("/Groups", &json!({"schemas": [GROUP]})).await.expect_error(400, Some("invalidValue"));
    let body = json!({"schemas": [GROUP], "displayName": "Staff", "members": []});
    let created = server.post("/Groups", &body).await.expect(201);
    assert_eq!(created.json()["meta"]["resourceType"], "Group");
    assert_eq!(created.json().get("members"), None);
}

/// RFC7643-2.3.7-L3, RFC7643-4.2-L7
#[tokio::test]
async fn a_member_that_does_not_exist_is_refused_and_nothing_happens() {
    let server = Server::new();
    let [ada, ..] = three_users(&server).await;
    let staff = server.group("Staff", &[]).await;
    let path = format!("/Groups/{staff}");
    for nobody in ["nobody", "0b0f6b3e-6f0e-4a8e-9a52-3d4c5b6a7f80"] {
        let body = json!({"schemas": [GROUP], "displayName": "Other", "members": [{"value": nobody}]});
        server.post("/Groups", &body).await.expect_error(400, Some("invalidValue"));
        server.put(&path, &body).await.expect_error(400, Some("invalidValue"));
        let operations = json!([
            {"op": "replace", "path": "displayName", "value": "Other"},
            {"op": "add", "path": "members", "value": [{"value": ada}, {"value": nobody}]},
        ]);
        server.patch(&path, operations).await.expect_error(400, Some("invalidValue"));
    }
    assert_eq!(server.get(&path).await.json()["displayName"], "Staff");
    assert_eq!(members(&server, &staff).await, [""; 0]);
    assert_eq!(server.get("/Groups").await.json()["totalResults"], 1);
}

#[tokio::test]
async fn rfc7644_3_5_2_a_patch_adds_removes_and_replaces_members() {
    let server = Server::new();
    let [ada, grace, mary] = three_users(&server).await;
    let staff = server.group("Staff", &[&ada]).await;
    let path = format!("/Groups/{staff}");
    let add = json!([{"op": "add", "path": "members", "value": [{"value": grace}, {"value": ada}]}]);
    server.patch(&path, add).await.expect(204);
    assert_eq!(members(&server, &staff).await, [ada.clone(), grace.clone()]);
    let remove = json!([{"op": "remove", "path": format!("members[value eq \"{ada}\"]")}]);
    server.patch(&path, remove).await.expect(204);
    assert_eq!(members(&server, &staff).await, std::slice::from_ref(&grace));
    let replace = json!([{"op": "replace", "path": "members", "value": [{"value": mary}, {"value": grace}]}]);
    server.patch(&path, replace).await.expect(204);
    let mut now = members(&server, &staff).await;
    now.sort();
    let mut expected = [grace.clone(), mary.clone()];
    expected.sort();
    assert_eq!(now, expected);
    // C4: Entra names the member that goes in the value.
    let remove = json!([{"op": "Remove", "path": "members", "value": [{"value": mary}]}]);
    server.patch(&path, remove).await.expect(204);
    assert_eq!(members(&server, &staff).await, [grace]);
    server.patch(&path, json!([{"op": "replace", "path": "members", "value": []}])).await.expect(204);
    assert_eq!(members(&server, &staff).await, [""; 0]);
}

#[tokio::test]
async fn members_can_be_selected_by_what_is_known_of_them() {
    let server = Server::new();
    let [ada, grace, mary] = three_users(&server).await;
    let inner = server.group("Inner", &[]).await;
    let staff = server.group("Staff", &[&ada, &grace, &mary, &inner]).await;
    let path = format!("/Groups/{staff}");
    let operations = json!([{"op": "remove", "path": r#"members[type eq "Group" or display eq "ada"]"#}]);
    server.patch(&path, operations).await.expect(204);
    assert_eq!(members(&server, &staff).await, [grace, mary]);
}

#[tokio::test]
async fn a_group_patch_is_answered_204_and_with_attributes_200() {
    let server = Server::new();
    let [ada, ..] = three_users(&server).await;
    let staff = server.group("Staff", &[]).await;
    let path = format!("/Groups/{staff}");
    let add = json!([{"op": "add", "path": "members", "value": [{"value": ada}]}]);
    let answer = server.patch(&path, add.clone()).await.expect(204);
    assert_eq!(answer.text, "");
    assert_eq!(answer.header("etag"), "W/\"2\"");
    let answer = server.patch(&format!("{path}?attributes=displayName"), add).await.expect(200).json();
    assert_eq!(answer["displayName"], "Staff");
    assert_eq!(answer.get("members"), None);
}

#[tokio::test]
async fn rfc7644_3_5_2_1_l14_adding_who_is_a_member_changes_nothing() {
    let server = Server::new();
    let [ada, ..] = three_users(&server).await;
    let staff = server.group("Staff", &[&ada]).await;
    let path = format!("/Groups/{staff}");
    let before = server.get(&path).await.json();
    let add = json!([{"op": "add", "path": "members", "value": [{"value": ada}]}]);
    server.patch(&path, add).await.expect(204);
    assert_eq!(server.get(&path).await.json(), before);
}

#[tokio::test]
async fn a_membership_change_is_a_change_of_the_group() {
    let server = Server::new();
    let [ada, ..] = three_users(&server).await;
    let staff = server.group("Staff", &[]).await;
    let path = format!("/Groups/{staff}");
    let before = server.get(&path).await.json()["meta"].clone();
    let add = json!([{"op": "add", "path": "members", "value": [{"value": ada}]}]);
    server.patch(&path, add).await.expect(204);
    let after = server.get(&path).await.json()["meta"].clone();
    assert_ne!(after["version"], before["version"]);
    assert!(after["lastModified"].as_str() > before["lastModified"].as_str());
}

#[tokio::test]
async fn rfc7644_3_5_1_l16_a_put_replaces_the_members() {
    let server = Server::new();
    let [ada, grace, mary] = three_users(&server).await;
    let staff = server.group("Staff", &[&ada, &grace]).await;
    let path = format!("/Groups/{staff}");
    let body = json!({
        "schemas": [GROUP],
        "displayName": "Team",
        "members": [{"value": grace}, {"value": mary}],
    });
    let answer = server.put(&path, &body).await.expect(200).json();
    assert_eq!(answer["displayName"], "Team");
    assert_eq!(members(&server, &staff).await, [grace, mary]);
    let read = server.get(&path).await.json();
    assert_eq!(server.put(&path, &read).await.expect(200).json(), read);
}

#[tokio::test]
async fn rfc7644_3_5_2_l44_who_adds_members_at_once_loses_none() {
    let server = Server::new();
    let [ada, grace, mary] = three_users(&server).await;
    let staff = server.group("Staff", &[]).await;
    let path = format!("/Groups/{staff}");
    let add = async |id: &str| {
        let operation = json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
        server.patch(&path, operation).await.expect(204);
    };
    futures::join!(add(&ada), add(&grace), add(&mary));
    let mut now = members(&server, &staff).await;
    now.sort();
    let mut all = [ada, grace, mary];
    all.sort();
    assert_eq!(now, all);
}

#[tokio::test]
async fn okta_renames_a_group_with_its_own_id_in_the_value() {
    let server = Server::new();
    let [ada, ..] = three_users(&server).await;
    let staff = server.group("Staff", &[&ada]).await;
    let path = format!("/Groups/{staff}");
    let rename = json!([{"op": "replace", "value": {"id": staff, "displayName": "Team"}}]);
    server.patch(&path, rename).await.expect(204);
    let now = server.get(&path).await.json();
    assert_eq!((&now["displayName"], &now["id"]), (&json!("Team"), &json!(staff)));
    assert_eq!(members(&server, &staff).await, std::slice::from_ref(&ada));
    let shown = server.get(&format!("/Users/{ada}")).await.json();
    assert_eq!(shown["groups"][0]["display"], "Team");
}

#[tokio::test]
async fn rfc7644_3_6_l6_who_is_deleted_is_no_member() {
    let server = Server::new();
    let [ada, grace, _] = three_users(&server).await;
    let staff = server.group("Staff", &[&ada, &grace]).await;
    server.delete(&format!("/Users/{ada}")).await.expect(204);
    assert_eq!(members(&server, &staff).await, std::slice::from_ref(&grace));
    server.delete(&format!("/Groups/{staff}")).await.expect(204);
    assert_eq!(server.get(&format!("/Users/{grace}")).await.json().get("groups"), None::<&Value>);
}

#[tokio::test]
async fn rfc7644_3_14_l3_two_answers_with_one_version_are_equal() {
    let server = Server::new();
    let [ada, ..] = three_users(&server).await;
    let user = format!("/Users/{ada}");
    let mut seen = vec![server.get(&user).await.json()];
    let group = format!("/Groups/{}", server.group("Staff", &[&ada]).await);
    seen.push(server.get(&user).await.json());
    let rename = json!([{"op": "replace", "path": "displayName", "value": "Team"}]);
    server.patch(&group, rename).await.expect(204);
    seen.push(server.get(&user).await.json());
    server.delete(&group).await.expect(204);
    seen.push(server.get(&user).await.json());
    for pair in seen.windows(2) {
        assert_ne!(pair[0]["groups"], pair[1]["groups"]);
        assert_ne!(pair[0]["meta"]["version"], pair[1]["meta"]["version"]);
        assert_eq!(pair[0]["meta"]["lastModified"], pair[1]["meta"]["lastModified"]);
    }
}

/// RFC7643-4.1.2-L4, L6
#[tokio::test]
async fn membership_is_not_changed_through_the_user() {
    let server = Server::new();
    let [ada, ..] = three_users(&server).await;
    let staff = server.group("Staff", &[]).await;
    let operations = json!([{"op": "add", "path": "groups", "value": [{"value": staff}]}]);
    server.patch(&format!("/Users/{ada}"), operations).await.expect_error(400, Some("mutability"));
    assert_eq!(members(&server, &staff).await, [""; 0]);
}

/// The groups that a user shows: name and type.
async fn shown(server: &Server, user: &str) -> Vec<(String, String)> {
    let user = server.get(&format!("/Users/{user}")).await.expect(200).json();
    let groups = user["groups"].as_array().cloned().unwrap_or_default();
    let text = |group: &Value, name: &str| group[name].as_str().unwrap().to_owned();
    groups.iter().map(|group| (text(group, "display"), text(group, "type"))).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect()
}

#[tokio::test]
async fn rfc7643_4_1_2_l5_l9_and_4_2_l5_a_user_is_in_the_groups_of_its_groups() {
    let server = Server::new();
    let [ada, bob, _] = three_users(&server).await;
    let inner = server.group("Inner", &[&ada]).await;
    let middle = server.group("Middle", &[&inner]).await;
    let outer = server.group("Outer", &[&middle, &bob]).await;
    assert_eq!(
        shown(&server, &ada).await,
        pairs(&[("Inner", "direct"), ("Middle", "indirect"), ("Outer", "indirect")])
    );
    assert_eq!(shown(&server, &bob).await, pairs(&[("Outer", "direct")]));
    for (filter, expected) in
        [(format!("groups.value eq \"{outer}\""), 2), ("groups[type eq \"indirect\"]".to_owned(), 1)]
    {
        let found = server.get(&format!("/Users?filter={}", encoded(&filter))).await.expect(200).json();
        assert_eq!(found["totalResults"], expected, "{filter}");
    }
    let list = server.get("/Users").await.json();
    assert_eq!(list["Resources"][0]["groups"], server.get(&format!("/Users/{ada}")).await.json()["groups"]);
    // Both ways in: the direct one counts.
    let add = json!([{"op": "add", "path": "members", "value": [{"value": ada}]}]);
    server.patch(&format!("/Groups/{outer}"), add).await.expect(204);
    assert_eq!(
        shown(&server, &ada).await,
        pairs(&[("Inner", "direct"), ("Outer", "direct"), ("Middle", "indirect")])
    );
    server.delete(&format!("/Groups/{inner}")).await.expect(204);
    assert_eq!(shown(&server, &ada).await, pairs(&[("Outer", "direct")]));
}

#[tokio::test]
async fn groups_that_hold_each_other_are_no_endless_way() {
    let server = Server::new();
    let [ada, ..] = three_users(&server).await;
    let a = server.group("A", &[&ada]).await;
    let b = server.group("B", &[&a]).await;
    let hold = |id: &str| json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
    server.patch(&format!("/Groups/{a}"), hold(&b)).await.expect(204);
    server.patch(&format!("/Groups/{a}"), hold(&a)).await.expect(204);
    assert_eq!(shown(&server, &ada).await, pairs(&[("A", "direct"), ("B", "indirect")]));
    server.get(&format!("/Groups/{a}")).await.expect(200);
}

#[tokio::test]
async fn rfc7644_3_14_l3_l4_l5_l8_the_tag_sees_what_happens_far_above() {
    let server = Server::new();
    let [ada, ..] = three_users(&server).await;
    let path = format!("/Users/{ada}");
    let inner = server.group("Inner", &[&ada]).await;
    let middle = server.group("Middle", &[&inner]).await;
    let before = server.get(&path).await;
    assert_eq!(before.header("etag"), server.get(&path).await.header("etag"));
    assert_eq!(before.json()["meta"]["version"], before.header("etag"));
    let get_if_new = async |tag: &str| {
        let request = scim(Method::GET, &path).header("if-none-match", tag).body(Body::empty()).unwrap();
        server.send(request).await
    };
    get_if_new(before.header("etag")).await.expect(304);
    let outer = server.group("Outer", &[&middle]).await;
    let after = get_if_new(before.header("etag")).await.expect(200);
    assert_ne!(before.header("etag"), after.header("etag"));
    let rename = json!([{"op": "replace", "path": "displayName", "value": "Other"}]);
    server.patch(&format!("/Groups/{outer}"), rename).await.expect(204);
    get_if_new(after.header("etag")).await.expect(200);
    let put = async |tag: &str| {
        let request = scim(Method::PUT, &path).header("if-match", tag);
        server.send(request.body(Body::from(user("renamed").to_string())).unwrap()).await
    };
    put(after.header("etag")).await.expect_error(412, None);
    put(server.get(&path).await.header("etag")).await.expect(200);
}
