//! The deviations about groups: each story is told to the right server and to the wrong one, and ends differently.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{GROUP, PATCH_OP, Server, column, differs, user};

/// Three people, two of whom are in Staff.
struct Team {
    ada: String,
    bob: String,
    eve: String,
    path: String,
}

impl Team {
    async fn of(server: &Server) -> Self {
        let ada = server.ada().await;
        let bob = server.post("/Users", &user("bob")).await.expect(201).id();
        let eve = server.post("/Users", &user("eve")).await.expect(201).id();
        let staff = server.group("Staff", &[&ada, &bob]).await;
        let path = format!("/Groups/{staff}");
        Self { ada, bob, eve, path }
    }

    /// What comes of a PATCH: its status, and who is in the group afterwards, by the first letters of their names.
    async fn patched(&self, server: &Server, operation: Value) -> Value {
        let status = server.patch(&self.path, json!([operation])).await.status.as_u16();
        json!([status, self.members(server).await])
    }

    async fn put(&self, server: &Server, members: &[&str]) -> u16 {
        let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
        let body = json!({"schemas": [GROUP], "displayName": "Staff", "members": members});
        server.put(&self.path, &body).await.status.as_u16()
    }

    async fn members(&self, server: &Server) -> String {
        let group = server.get(&self.path).await.expect(200).json();
        let members = group["members"].as_array().cloned().unwrap_or_default();
        let letter = |member: &Value| match &member["value"] {
            id if *id == self.ada => 'a',
            id if *id == self.bob => 'b',
            id if *id == self.eve => 'e',
            _ => '?',
        };
        members.iter().map(letter).collect()
    }
}

fn remove_one(id: &str) -> Value {
    json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")})
}

fn remove_by_value(value: &Value) -> Value {
    json!({"op": "Remove", "path": "members", "value": [value]})
}

#[tokio::test]
async fn group_filtered_remove_clears_all() {
    let story = async |server: &Server| {
        let team = Team::of(server).await;
        team.patched(server, remove_one(&team.bob)).await
    };
    differs("group-filtered-remove-clears-all", story, json!([204, "a"]), json!([204, ""])).await;
}

#[tokio::test]
async fn a_wrong_patch_is_wrong_in_a_bulk_request_too() {
    let story = async |server: &Server| {
        let team = Team::of(server).await;
        let data = json!({"schemas": [PATCH_OP], "Operations": [remove_one(&team.bob)]});
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": [{"method": "PATCH", "path": team.path, "data": data}],
        });
        server.post("/Bulk", &body).await.expect(200);
        team.members(server).await.into()
    };
    differs("group-filtered-remove-clears-all", story, json!("a"), json!("")).await;
}

#[tokio::test]
async fn group_add_replaces_members() {
    for pathless in [false, true] {
        let story = async |server: &Server| {
            let team = Team::of(server).await;
            let eve = json!([{"value": team.eve}]);
            let add = if pathless {
                json!({"op": "add", "value": {"members": eve}})
            } else {
                json!({"op": "add", "path": "members", "value": eve})
            };
            team.patched(server, add).await
        };
        differs("group-add-replaces-members", story, json!([204, "abe"]), json!([204, "e"])).await;
    }
}

#[tokio::test]
async fn group_remove_with_value_clears_all() {
    let story = async |server: &Server| {
        let team = Team::of(server).await;
        team.patched(server, remove_by_value(&json!({"value": team.bob}))).await
    };
    differs("group-remove-with-value-clears-all", story, json!([204, "a"]), json!([204, ""])).await;
}

#[tokio::test]
async fn group_remove_with_value_rejected() {
    let story = async |server: &Server| {
        let team = Team::of(server).await;
        let by_value = team.patched(server, remove_by_value(&json!({"value": team.bob}))).await;
        json!([by_value, team.patched(server, remove_one(&team.ada)).await])
    };
    let (right, wrong) = (json!([[204, "a"], [204, ""]]), json!([[400, "ab"], [204, "b"]]));
    differs("group-remove-with-value-rejected", story, right, wrong).await;
}

#[tokio::test]
async fn group_filtered_remove_noop_200() {
    let story = async |server: &Server| {
        let team = Team::of(server).await;
        team.patched(server, remove_one(&team.bob)).await
    };
    differs("group-filtered-remove-noop-200", story, json!([204, "a"]), json!([204, "ab"])).await;
}

#[tokio::test]
async fn group_replace_empty_400() {
    let story = async |server: &Server| {
        let team = Team::of(server).await;
        team.patched(server, json!({"op": "replace", "path": "members", "value": []})).await
    };
    differs("group-replace-empty-400", story, json!([204, ""]), json!([400, "ab"])).await;
}

#[tokio::test]
async fn group_add_duplicate_member() {
    let story = async |server: &Server| {
        let team = Team::of(server).await;
        let add =
            json!({"op": "add", "path": "members", "value": [{"value": team.ada}, {"value": team.eve}]});
        let added = team.patched(server, add).await;
        json!([added, team.patched(server, remove_one(&team.ada)).await])
    };
    let (right, wrong) = (json!([[204, "abe"], [204, "be"]]), json!([[204, "abea"], [204, "be"]]));
    differs("group-add-duplicate-member", story, right, wrong).await;
}

#[tokio::test]
async fn group_unrelated_replace_empties() {
    for operation in [
        json!({"op": "replace", "path": "externalId", "value": "g1"}),
        json!({"op": "replace", "value": {"displayName": "Team"}}),
    ] {
        let story = async |server: &Server| Team::of(server).await.patched(server, operation.clone()).await;
        differs("group-unrelated-replace-empties", story, json!([204, "ab"]), json!([204, ""])).await;
    }
}

#[tokio::test]
async fn group_get_members_empty() {
    let story = async |server: &Server| {
        let team = Team::of(server).await;
        let listed = server.get("/Groups").await.json()["Resources"][0]["members"].as_array().map(Vec::len);
        json!([team.members(server).await, listed])
    };
    differs("group-get-members-empty", story, json!(["ab", 2]), json!(["", 2])).await;
}

#[tokio::test]
async fn remove_with_null_ref_noop() {
    let story = async |server: &Server| {
        let team = Team::of(server).await;
        let null_ref = remove_by_value(&json!({"$ref": null, "value": team.bob}));
        let with_null = team.patched(server, null_ref).await;
        json!([with_null, team.patched(server, remove_by_value(&json!({"value": team.ada}))).await])
    };
    let (right, wrong) = (json!([[204, "a"], [204, ""]]), json!([[204, "ab"], [204, "b"]]));
    differs("remove-with-null-ref-noop", story, right, wrong).await;
}

#[tokio::test]
async fn replace_members_garbles_group() {
    let story = async |server: &Server| {
        let team = Team::of(server).await;
        let replace = json!({"op": "replace", "path": "members", "value": [{"value": team.eve}]});
        let replaced = team.patched(server, replace).await;
        let garbage = server.get(&team.path).await.json().get("value").is_some();
        json!([replaced, garbage, team.put(server, &[&team.bob]).await, team.members(server).await])
    };
    let (right, wrong) = (json!([[204, "e"], false, 200, "b"]), json!([[204, ""], true, 200, "b"]));
    differs("replace-members-garbles-group", story, right, wrong).await;
}

#[tokio::test]
async fn group_put_not_applied() {
    let story = async |server: &Server| {
        let team = Team::of(server).await;
        let session = server.session().await;
        let before = server.door(&session, "Staff").await;
        team.put(server, &[&team.bob]).await;
        let after_put = server.door(&session, "Staff").await;
        let board = server.group("Board", &[&team.ada]).await;
        server.patch(&format!("/Groups/{board}"), json!([remove_one(&team.ada)])).await.expect(204);
        json!([before, team.members(server).await, after_put, server.door(&session, "Board").await])
    };
    let (right, wrong) = (json!([200, "b", 403, 403]), json!([200, "b", 200, 403]));
    differs("group-put-not-applied", story, right, wrong).await;
}

#[tokio::test]
async fn groups_have_no_effect() {
    let story = async |server: &Server| {
        let team = Team::of(server).await;
        let session = server.session().await;
        json!([team.members(server).await, server.door(&session, "Staff").await])
    };
    differs("groups-have-no-effect", story, json!(["ab", 200]), json!(["ab", 403])).await;
}

#[tokio::test]
async fn group_sync_wipes_manual_roles() {
    let story = async |server: &Server| {
        let team = Team::of(server).await;
        server.admin(Method::PUT, "/ada/administrator", None).await.expect(204);
        let administers =
            async || server.admin(Method::GET, "/ada", None).await.json()["administrator"].clone();
        server.group("Board", &[&team.ada]).await;
        let before = administers().await;
        let add = json!({"op": "add", "path": "members", "value": [{"value": team.eve}]});
        team.patched(server, add).await;
        json!([before, administers().await])
    };
    differs("group-sync-wipes-manual-roles", story, json!([true, true]), json!([true, false])).await;
}

#[tokio::test]
async fn group_post_500() {
    let story = async |server: &Server| {
        let body = json!({"schemas": [GROUP], "displayName": "Staff"});
        let status = server.post("/Groups", &body).await.status.as_u16();
        json!([status, server.get("/Groups").await.json()["totalResults"]])
    };
    differs("group-post-500", story, json!([201, 1]), json!([500, 0])).await;
}

#[tokio::test]
async fn group_patch_schemas_strict_422() {
    let story = async |server: &Server| {
        let team = Team::of(server).await;
        let put = server.put(&team.path, &json!({"displayName": "Team"})).await;
        let patch = json!({"Operations": [{"op": "replace", "path": "displayName", "value": "Team"}]});
        let patch = server.scim(Method::PATCH, &team.path, &patch).await;
        let is_scim = |media_type: &str| media_type == "application/scim+json";
        json!([put.status == 422, is_scim(put.header("content-type")), patch.status == 422])
    };
    let (right, wrong) = (json!([false, true, false]), json!([true, false, true]));
    differs("group-patch-schemas-strict-422", story, right, wrong).await;
}

#[tokio::test]
async fn group_replace_op_unsupported() {
    let story = async |server: &Server| {
        let team = Team::of(server).await;
        let replace = json!({"op": "replace", "path": "members", "value": [{"value": team.eve}]});
        let replaced = team.patched(server, replace).await;
        json!([replaced, team.put(server, &[&team.bob]).await])
    };
    let (right, wrong) = (json!([[204, "e"], 200]), json!([[400, "ab"], 200]));
    differs("group-replace-op-unsupported", story, right, wrong).await;
}

#[tokio::test]
async fn group_path_form_500() {
    let story = async |server: &Server| {
        let team = Team::of(server).await;
        let eve = json!([{"value": team.eve}]);
        let by_path = team.patched(server, json!({"op": "add", "path": "members", "value": eve})).await;
        json!([by_path, team.patched(server, json!({"op": "add", "value": {"members": eve}})).await])
    };
    let (right, wrong) = (json!([[204, "abe"], [204, "abe"]]), json!([[500, "ab"], [204, "abe"]]));
    differs("group-path-form-500", story, right, wrong).await;
}

#[tokio::test]
async fn group_externalid_used_as_id() {
    let story = async |server: &Server| {
        let ada = server.ada().await;
        let body = json!({"schemas": [GROUP], "displayName": "Staff", "externalId": "ext/1",
            "members": [{"value": ada}]});
        let made = server.post("/Groups", &body).await.expect(201);
        let id = made.id();
        let location = made.header("location").to_owned();
        let path = location.rsplit_once("/scim/v2").unwrap().1.to_owned();
        let rename = json!([{"op": "replace", "path": "displayName", "value": "Team"}]);
        server.patch(&path, rename).await.expect(204);
        let read = server.get(&path).await.expect(200).json();
        assert_eq!((&read["id"], &read["meta"]["location"]), (&json!(id), &json!(location)));
        let listed = server.get("/Groups").await.json();
        let of_user = server.get(&format!("/Users/{ada}")).await.json()["groups"][0]["value"].clone();
        assert_eq!(of_user, json!(id));
        server.group("Board", &[]).await;
        json!([id == "ext/1", column(&listed, "displayName"), listed["Resources"][0]["id"] == json!(id)])
    };
    let (right, wrong) = (json!([false, ["Team"], true]), json!([true, ["Team"], true]));
    differs("group-externalid-used-as-id", story, right, wrong).await;
}

#[tokio::test]
async fn put_members_immutable_400() {
    let story = async |server: &Server| {
        let team = Team::of(server).await;
        let same = team.put(server, &[&team.bob, &team.ada]).await;
        json!([same, team.put(server, &[&team.eve]).await, team.members(server).await])
    };
    let (right, wrong) = (json!([200, 200, "e"]), json!([200, 400, "ab"]));
    differs("put-members-immutable-400", story, right, wrong).await;
}

#[tokio::test]
async fn group_replace_members_refused() {
    let story = async |server: &Server| {
        let team = Team::of(server).await;
        let replace = json!({"op": "replace", "path": "members", "value": [{"value": team.eve}]});
        let replaced = team.patched(server, replace).await;
        let add = json!({"op": "add", "path": "members", "value": [{"value": team.eve}]});
        json!([replaced, team.put(server, &[&team.bob]).await, team.patched(server, add).await])
    };
    let (right, wrong) = (json!([[204, "e"], 200, [204, "be"]]), json!([[400, "ab"], 400, [204, "abe"]]));
    differs("group-replace-members-refused", story, right, wrong).await;
}

#[tokio::test]
async fn group_name_whitespace_twin() {
    let story = async |server: &Server| {
        let mut statuses = Vec::new();
        for name in ["Engineering", "engineering", "Engineering "] {
            let body = json!({"schemas": [GROUP], "displayName": name});
            statuses.push(server.post("/Groups", &body).await.status.as_u16());
        }
        let staff = server.group("Staff", &[]).await;
        let rename = json!([{"op": "replace", "path": "displayName", "value": "Engineering"}]);
        statuses.push(server.patch(&format!("/Groups/{staff}"), rename).await.status.as_u16());
        json!(statuses)
    };
    let (right, wrong) = (json!([201, 201, 201, 204]), json!([201, 409, 201, 409]));
    differs("group-name-whitespace-twin", story, right, wrong).await;
}

#[tokio::test]
async fn displayname_altered_in_answer() {
    let story = async |server: &Server| {
        server.ada().await;
        let body = json!({"schemas": [GROUP], "displayName": "manager"});
        let made = server.post("/Groups", &body).await.expect(201).json();
        let all = server.get("/").await.expect(200).json();
        json!([made["displayName"], column(&all, "displayName")])
    };
    let right = json!(["manager", ["-", "manager"]]);
    let wrong = json!(["PRIMARY/manager", ["-", "PRIMARY/manager"]]);
    differs("displayname-altered-in-answer", story, right, wrong).await;
}
