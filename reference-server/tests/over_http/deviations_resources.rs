//! Deviations of how resources are taken in, shown and ended: each story is told to the right server and to the
//! wrong one.

use axum::http::Method;
use serde_json::{Value, json};

use crate::{
    deviations_support::{ada_with, bulk, outcome, part, told},
    support::{GROUP, Server, USER, ada, encoded, user},
};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// The total of a search.
async fn total(server: &Server, path: &str, filter: &str) -> Value {
    server.get(&format!("{path}?filter={}", encoded(filter))).await.expect(200).json()["totalResults"].clone()
}

#[tokio::test]
async fn missing_schemas_accepted() {
    let slug = "missing-schemas-accepted";
    for schemas in [json!(null), json!([GROUP])] {
        let created = async |server: &Server| {
            let mut body = user("ada");
            body["schemas"] = schemas.clone();
            outcome(&server.post("/Users", &body).await).get(0).is_none().into()
        };
        told(slug).as_(created, json!(false), json!(true)).await;
        let patched = async |server: &Server| {
            let path = ada_with(server, json!({})).await;
            let operations = json!([{"op": "replace", "path": "title", "value": "Countess"}]);
            let body = json!({"schemas": schemas, "Operations": operations});
            server.scim(Method::PATCH, &path, &body).await;
            part(server, &path, "/title").await
        };
        told(slug).as_(patched, json!(null), json!("Countess")).await;
    }
}

#[tokio::test]
async fn externalid_not_echoed() {
    let story = async |server: &Server| {
        let created = server.post("/Users", &ada()).await.expect(201).json();
        let listed = server.get("/Users").await.json();
        let found = total(server, "/Users", r#"externalId eq "00u1""#).await;
        json!([created.get("externalId"), listed["Resources"][0].get("externalId"), found])
    };
    told("externalid-not-echoed").as_(story, json!(["00u1", "00u1", 1]), json!([null, null, 1])).await;
}

#[tokio::test]
async fn externalid_never_stored() {
    let story = async |server: &Server| {
        let path = ada_with(server, json!({})).await;
        let created = part(server, &path, "/externalId").await;
        server.put(&path, &ada()).await.expect(200);
        let add = json!([{"op": "add", "value": {"externalId": "00u1", "title": "Countess"}}]);
        assert_eq!(server.patch(&path, add).await.expect(200).json()["title"], "Countess");
        json!([created, total(server, "/Users", r#"externalId eq "00u1""#).await])
    };
    told("externalid-never-stored").as_(story, json!(["00u1", 1]), json!([null, 0])).await;
}

#[tokio::test]
async fn externalid_required() {
    let story = async |server: &Server| {
        let with = outcome(&server.post("/Users", &ada()).await);
        json!([with, outcome(&server.post("/Users", &user("grace")).await)])
    };
    told("externalid-required").as_(story, json!([201, 201]), json!([201, [400, "invalidValue"]])).await;
}

#[tokio::test]
async fn unknown_id_400() {
    let story = async |server: &Server| {
        let strange = server.get("/Users/no-such-user").await;
        let group = server.delete("/Groups/17").await;
        let unknown = server.get(&format!("/Users/{NOBODY}")).await;
        json!([outcome(&strange), outcome(&group), outcome(&unknown)])
    };
    let refused = json!([400, "invalidValue"]);
    told("unknown-id-400").as_(story, json!([404, 404, 404]), json!([refused, refused, 404])).await;
}

#[tokio::test]
async fn unknown_id_500() {
    let story = async |server: &Server| {
        let got = server.get(&format!("/Users/{NOBODY}")).await;
        let deleted = server.delete(&format!("/Users/{NOBODY}")).await;
        json!([outcome(&got), outcome(&deleted)])
    };
    told("unknown-id-500").as_(story, json!([404, 404]), json!([500, 404])).await;
}

#[tokio::test]
async fn core_attributes_under_urn() {
    let story = async |server: &Server| {
        let created = server.post("/Users", &ada()).await.expect(201).json();
        let listed = server.get("/Users").await.json()["Resources"][0].clone();
        json!([created["userName"], listed["userName"], listed[USER]["userName"], listed["externalId"]])
    };
    told("core-attributes-under-urn")
        .as_(story, json!(["ada", "ada", null, "00u1"]), json!([null, null, "ada", "00u1"]))
        .await;
}

#[tokio::test]
async fn group_list_omits_members() {
    let story = async |server: &Server| {
        let id = server.ada().await;
        let group = server.group("Staff", &[&id]).await;
        let listed = async |query: &str| {
            let list = server.get(&format!("/Groups{query}")).await.json();
            list["Resources"][0].get("members").is_some()
        };
        let alone = part(server, &format!("/Groups/{group}"), "/members/0").await.is_object();
        json!([alone, listed("").await, listed("?attributes=members").await])
    };
    told("group-list-omits-members").as_(story, json!([true, true, true]), json!([true, false, true])).await;
}

#[tokio::test]
async fn location_relative() {
    let story = async |server: &Server| {
        let id = server.ada().await;
        let location = part(server, &format!("/Users/{id}"), "/meta/location").await;
        location.as_str().unwrap().replace(&id, "ID").into()
    };
    let right = json!("http://app.example.com/scim/v2/Users/ID");
    told("location-relative").as_(story, right, json!("Users/ID")).await;
}

#[tokio::test]
async fn location_names_other_id() {
    let story = async |server: &Server| {
        let created = server.post("/Users", &ada()).await.expect(201);
        let body = created.json();
        let id = created.id();
        let location = body["meta"]["location"].as_str().unwrap().to_owned();
        assert_eq!(created.header("location"), location);
        let read = part(server, &format!("/Users/{id}"), "/meta/location").await;
        json!([location.ends_with(&id), read.as_str().unwrap().ends_with(&id)])
    };
    told("location-names-other-id").as_(story, json!([true, true]), json!([false, true])).await;
}

#[tokio::test]
async fn meta_missing_on_some_verbs() {
    let members = |resource: &Value| {
        let has = |name: &str| resource["meta"].get(name).is_some();
        json!([has("created"), has("lastModified"), has("location")])
    };
    let story = async |server: &Server| {
        let created = server.post("/Users", &ada()).await.expect(201);
        let path = format!("/Users/{}", created.id());
        let put = server.put(&path, &ada()).await.json();
        let listed = server.get("/Users").await.json()["Resources"][0].clone();
        json!([
            members(&created.json()),
            members(&server.get(&path).await.json()),
            members(&put),
            members(&listed)
        ])
    };
    let whole = json!([true, true, true]);
    let thin = json!([false, false, true]);
    told("meta-missing-on-some-verbs")
        .as_(story, json!([whole, whole, whole, whole]), json!([whole, thin, thin, [false, false, false]]))
        .await;
}

#[tokio::test]
async fn empty_required_string_accepted() {
    let empty = json!({"schemas": [GROUP], "displayName": ""});
    let story = async |server: &Server| {
        let created = server.post("/Groups", &empty).await;
        let group = format!("/Groups/{}", server.group("Staff", &[]).await);
        let patch = json!([{"op": "replace", "path": "displayName", "value": ""}]);
        let patched = server.patch(&group, patch).await;
        let put = server.put(&group, &empty).await;
        json!([
            outcome(&created),
            outcome(&patched),
            outcome(&put),
            part(server, &group, "/displayName").await
        ])
    };
    let refused = json!([400, "invalidValue"]);
    told("empty-required-string-accepted")
        .as_(story, json!([refused, refused, refused, "Staff"]), json!([201, 204, 200, ""]))
        .await;
}

/// Whether a Group is shown with members, alone and in a list, by GET and by /.search.
async fn shows_members(server: &Server, excluded: &str) -> Value {
    let id = server.ada().await;
    let group = server.group("Staff", &[&id]).await;
    let alone = server.get(&format!("/Groups/{group}?excludedAttributes={excluded}")).await.json();
    let list = server.get(&format!("/Groups?excludedAttributes={excluded}")).await.json();
    let schema = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
    let names: Vec<&str> = excluded.split(',').collect();
    let search = json!({"schemas": [schema], "excludedAttributes": names});
    let searched = server.post("/Groups/.search", &search).await.json();
    let resources = [&alone, &list["Resources"][0], &searched["Resources"][0]];
    json!(resources.map(|group| (group.get("members").is_some(), group.get("displayName").is_some())))
}

#[tokio::test]
async fn excluded_members_ignored() {
    let (none, both) = ([false, false], [true, false]);
    let story = async |server: &Server| shows_members(server, "members,displayName").await;
    told("excluded-members-ignored").as_(story, json!([none, none, none]), json!([both, both, both])).await;
}

#[tokio::test]
async fn excludedattributes_unsupported() {
    let (none, both) = ([false, false], [true, true]);
    let story = async |server: &Server| shows_members(server, "members,displayName").await;
    told("excludedattributes-unsupported")
        .as_(story, json!([none, none, none]), json!([both, both, both]))
        .await;
}

#[tokio::test]
async fn attributes_wrong_urn_form() {
    let story = async |server: &Server| {
        let extension = json!({"department": "Engines", "employeeNumber": "7"});
        let path = ada_with(server, json!({ENTERPRISE: extension})).await;
        let of = async |names: &str| {
            let user = server.get(&format!("{path}?attributes={names}")).await.expect(200).json();
            json!([user[ENTERPRISE]["department"], user["userName"]])
        };
        json!([
            of(&format!("userName,{ENTERPRISE}:department")).await,
            of(&format!("{ENTERPRISE}.department")).await,
            of("userName").await,
        ])
    };
    let (right, wrong) = (json!(["Engines", "ada"]), json!([null, "ada"]));
    told("attributes-wrong-urn-form")
        .as_(story, json!([right, ["Engines", null], wrong]), json!([wrong, ["Engines", null], wrong]))
        .await;
}

#[tokio::test]
async fn delete_group_leaves_user_groups() {
    for in_bulk in [false, true] {
        let story = async |server: &Server| {
            let id = server.ada().await;
            let group = format!("/Groups/{}", server.group("Staff", &[&id]).await);
            let before = part(server, &format!("/Users/{id}"), "/groups/0/type").await;
            if in_bulk {
                assert_eq!(bulk(server, &Method::DELETE, &group, json!(null)).await["status"], "204");
            } else {
                server.delete(&group).await.expect(204);
            }
            let listed = server.get("/Users").await.json()["Resources"][0]["groups"][0]["display"].clone();
            json!([before, part(server, &format!("/Users/{id}"), "/groups/0/type").await, listed])
        };
        told("delete-group-leaves-user-groups")
            .as_(story, json!(["direct", null, null]), json!(["direct", "indirect", "Staff"]))
            .await;
    }
}

#[tokio::test]
async fn delete_500_but_deletes() {
    let story = async |server: &Server| {
        let path = ada_with(server, json!({})).await;
        let alone = outcome(&server.delete(&path).await);
        let gone = outcome(&server.get(&path).await);
        let path = ada_with(server, json!({})).await;
        json!([alone, gone, bulk(server, &Method::DELETE, &path, json!(null)).await["status"]])
    };
    told("delete-500-but-deletes").as_(story, json!([204, 404, "204"]), json!([500, 404, "500"])).await;
}

#[tokio::test]
async fn second_delete_204() {
    let story = async |server: &Server| {
        let path = ada_with(server, json!({})).await;
        server.delete(&path).await.expect(204);
        let again = outcome(&server.delete(&path).await);
        let in_bulk = bulk(server, &Method::DELETE, &path, json!(null)).await["status"].clone();
        json!([again, in_bulk, outcome(&server.delete(&format!("/Users/{NOBODY}")).await)])
    };
    told("second-delete-204").as_(story, json!([404, "404", 404]), json!([204, "204", 404])).await;
}

#[tokio::test]
async fn deleted_user_still_listed() {
    let story = async |server: &Server| {
        let path = ada_with(server, json!({})).await;
        server.post("/Users", &user("grace")).await.expect(201);
        server.delete(&path).await.expect(204);
        let list = server.get("/Users?count=1&startIndex=2").await.expect(200).json();
        json!([
            outcome(&server.get(&path).await),
            list["totalResults"],
            list["Resources"][0]["userName"],
            total(server, "/Users", r#"userName eq "ADA""#).await,
            total(server, "/Users", r#"userName eq "nobody""#).await,
        ])
    };
    told("deleted-user-still-listed")
        .as_(story, json!([404, 1, null, 0, 0]), json!([404, 2, "ada", 1, 0]))
        .await;
}

#[tokio::test]
async fn delete_without_externalid_500() {
    let story = async |server: &Server| {
        let with = ada_with(server, json!({})).await;
        let without = server.post("/Users", &user("grace")).await.expect(201).id();
        let without = format!("/Users/{without}");
        let answers = [server.delete(&with).await, server.delete(&without).await, server.get(&without).await];
        json!(answers.each_ref().map(outcome))
    };
    told("delete-without-externalid-500").as_(story, json!([204, 204, 404]), json!([204, 500, 200])).await;
}
