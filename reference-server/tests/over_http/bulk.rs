//! `POST /Bulk` (RFC 7644 section 3.7).

use scimspec_reference_server::Limits;
use serde_json::{Value, json};

use crate::support::{ERROR, GROUP, PATCH_OP, Server, USER, user};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn request(operations: &Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations})
}

async fn bulk(server: &Server, operations: &Value) -> Vec<Value> {
    let answer = server.post("/Bulk", &request(operations)).await.expect(200).json();
    assert_eq!(answer["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"])); // RFC7644-3.7-L1
    answer["Operations"].as_array().unwrap().clone()
}

fn post_user(bulk_id: &str, user_name: &str) -> Value {
    json!({"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": user(user_name)})
}

fn post_group(bulk_id: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|member| json!({"value": member})).collect();
    let data = json!({"schemas": [GROUP], "displayName": bulk_id, "members": members});
    json!({"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data})
}

fn patch(path: &str, operation: &Value) -> Value {
    json!({"method": "PATCH", "path": path, "data": {"schemas": [PATCH_OP], "Operations": [operation]}})
}

fn statuses(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["status"].as_str().unwrap()).collect()
}

/// The path of a result's resource.
fn path(result: &Value) -> &str {
    result["location"].as_str().unwrap().strip_prefix("http://app.example.com/scim/v2").unwrap()
}

fn id(result: &Value) -> &str {
    path(result).rsplit('/').next().unwrap()
}

async fn members(server: &Server, path: &str) -> Vec<String> {
    let group = server.get(path).await.expect(200).json();
    let members = group["members"].as_array().cloned().unwrap_or_default();
    members.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn rfc7644_3_7_l5_l7_l8_l9_and_3_7_3_l1_l2_each_operation_is_done_as_it_would_be_alone() {
    let server = Server::new();
    let ada = server.ada().await;
    let staff = server.group("Staff", &[]).await;
    let results = bulk(
        &server,
        &json!([
            post_user("q", "grace"),
            {"method": "PUT", "path": format!("/Users/{ada}"), "data": user("ada2")},
            patch(&format!("/Users/{ada}"), &json!({"op": "replace", "path": "title", "value": "Countess"})),
            patch(&format!("/Groups/{staff}"), &json!({"op": "replace", "path": "displayName", "value": "Board"})),
            {"method": "delete", "path": format!("/Groups/{staff}")},
        ]),
    )
    .await;
    assert_eq!(statuses(&results), ["201", "200", "200", "204", "204"]);
    assert_eq!((&results[0]["bulkId"], &results[0]["method"]), (&json!("q"), &json!("POST")));
    for result in &results {
        assert!(
            result["location"].as_str().unwrap().starts_with("http://app.example.com/scim/v2/"),
            "{result}"
        );
        assert_eq!(result.get("response"), None); // RFC7644-3.7-L16
    }
    let user = server.get(&format!("/Users/{ada}")).await.expect(200);
    assert_eq!((&user.json()["userName"], &user.json()["title"]), (&json!("ada2"), &json!("Countess")));
    assert_eq!(results[2]["version"], user.header("etag"));
    assert_eq!(server.get(path(&results[0])).await.expect(200).json()["userName"], "grace");
    server.get(&format!("/Groups/{staff}")).await.expect(404);
}

#[tokio::test]
async fn rfc7644_3_7_l2_l3_l10_an_operation_that_fails_stops_no_other() {
    let server = Server::new();
    let results = bulk(
        &server,
        &json!([
            {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"schemas": [USER]}},
            post_user("b", "ada"),
            post_user("c", "ADA"),
            {"method": "DELETE", "path": "/Users/0b0f6b3e-6f0e-4a8e-9a52-3d4c5b6a7f80"},
        ]),
    )
    .await;
    assert_eq!(statuses(&results), ["400", "201", "409", "404"]);
    for (at, scim_type) in [(0, json!("invalidValue")), (2, json!("uniqueness")), (3, Value::Null)] {
        let response = &results[at]["response"];
        assert_eq!((&response["schemas"], &response["status"]), (&json!([ERROR]), &results[at]["status"]));
        assert_eq!(response["scimType"], scim_type);
        assert!(response["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    }
    assert_eq!((results[0].get("location"), results[2].get("location")), (None, None)); // RFC7644-3.7-L9
    assert_eq!(path(&results[3]), "/Users/0b0f6b3e-6f0e-4a8e-9a52-3d4c5b6a7f80");
}

#[tokio::test]
async fn rfc7644_3_7_l4_l17_fail_on_errors_stops_and_tells_what_was_done() {
    for (errors, done, made) in [(1, 2, 1), (2, 3, 1), (3, 4, 2)] {
        let server = Server::new();
        let bad = json!({"method": "POST", "path": "/Users", "bulkId": "x", "data": {"schemas": [USER]}});
        let another = json!({"method": "DELETE", "path": "/Users/nobody"});
        let mut body = request(&json!([post_user("a", "a"), bad, another, post_user("b", "b")]));
        body["failOnErrors"] = errors.into();
        let answer = server.post("/Bulk", &body).await.expect(200).json();
        assert_eq!(answer["Operations"].as_array().unwrap().len(), done);
        assert_eq!(answer.get("failOnErrors"), None);
        assert_eq!(server.get("/Users").await.json()["totalResults"], made);
    }
}

#[tokio::test]
async fn rfc7644_3_7_2_l1_l2_l3_a_bulk_id_stands_for_the_id_wherever_it_is() {
    let server = Server::new();
    let results = bulk(
        &server,
        &json!([
            post_user("q", "boss"),
            {"method": "POST", "path": "/Users", "bulkId": "r", "data": {
                "schemas": [USER, ENTERPRISE], "userName": "ada", (ENTERPRISE): {"manager": {"value": "bulkId:q"}},
            }},
            post_group("g", &["bulkId:q"]),
            patch("/Groups/bulkId:g", &json!({"op": "add", "path": "members", "value": [{"value": "bulkId:r"}]})),
            patch("/Users/bulkId:q", &json!({"op": "add", "path": "title", "value": "Boss"})),
        ]),
    )
    .await;
    assert_eq!(statuses(&results), ["201", "201", "201", "204", "200"]);
    let (boss, ada) = (id(&results[0]), id(&results[1]));
    let user = server.get(path(&results[1])).await.expect(200).json();
    assert_eq!(user[ENTERPRISE]["manager"]["value"], boss);
    assert_eq!(members(&server, path(&results[2])).await, [boss, ada]);
    assert_eq!(path(&results[3]), path(&results[2]));
    assert_eq!(server.get(path(&results[0])).await.json()["title"], "Boss");
}

#[tokio::test]
async fn rfc7644_3_7_l13_what_speaks_of_a_later_resource_waits_for_it() {
    let server = Server::new();
    let ada = server.ada().await;
    let title = |title: &str| {
        patch(&format!("/Users/{ada}"), &json!({"op": "replace", "path": "title", "value": title}))
    };
    let operations = json!([post_group("g", &["bulkId:q"]), title("A"), title("B"), post_user("q", "grace")]);
    let results = bulk(&server, &operations).await;
    assert_eq!(statuses(&results), ["201", "200", "200", "201"]);
    assert_eq!(members(&server, path(&results[0])).await, [id(&results[3])]);
    assert_eq!(server.get(&format!("/Users/{ada}")).await.json()["title"], "B");
}

#[tokio::test]
async fn rfc7644_3_7_1_l1_resources_that_speak_of_each_other_are_made_and_linked() {
    let server = Server::new();
    let operations = json!([
        post_group("a", &["bulkId:b"]),
        post_group("b", &["bulkId:c", "bulkId:u"]),
        post_group("c", &["bulkId:a", "bulkId:c"]),
        post_user("u", "ada"),
    ]);
    let results = bulk(&server, &operations).await;
    assert_eq!(statuses(&results), ["201", "201", "201", "201"]);
    let ids: Vec<&str> = results.iter().map(id).collect();
    assert_eq!(members(&server, path(&results[0])).await, [ids[1]]);
    let mut of_b = members(&server, path(&results[1])).await;
    of_b.sort_by_key(|id| ids.iter().position(|known| known == id));
    assert_eq!(of_b, [ids[2], ids[3]]);
    let mut of_c = members(&server, path(&results[2])).await;
    of_c.sort_by_key(|id| ids.iter().position(|known| known == id));
    assert_eq!(of_c, [ids[0], ids[2]]);
    for result in &results[..3] {
        assert_eq!(
            result["version"],
            server.get(path(result)).await.header("etag"),
            "the last version counts"
        );
    }
}

#[tokio::test]
async fn rfc7644_3_7_1_l1_a_circle_that_cannot_be_closed_is_undone_with_409() {
    let server = Server::new();
    let mut broken = post_group("b", &["bulkId:a"]);
    broken["data"]["displayName"] = "".into();
    let results =
        bulk(&server, &json!([post_group("a", &["bulkId:b"]), broken, post_group("c", &["bulkId:a"])])).await;
    assert_eq!(statuses(&results), ["409", "400", "409"]);
    assert_eq!(server.get("/Groups").await.json()["totalResults"], 0);
    assert!(results.iter().all(|result| result.get("location").is_none() && result.get("version").is_none()));
    // The same when the job stops before the circle is closed.
    let mut body = request(&json!([
        post_group("a", &["bulkId:b"]),
        patch("/Groups/bulkId:a", &json!({"op": "remove", "path": "displayName"})),
        post_group("b", &["bulkId:a"]),
    ]));
    body["failOnErrors"] = 1.into();
    let answer = server.post("/Bulk", &body).await.expect(200).json();
    assert_eq!(statuses(answer["Operations"].as_array().unwrap()), ["409", "400"]);
    assert_eq!(server.get("/Groups").await.json()["totalResults"], 0);
}

#[tokio::test]
async fn rfc7644_3_7_2_l4_a_reference_to_nobody_fails_its_operation_only() {
    let server = Server::new();
    let operations = json!([
        post_group("a", &["bulkId:nope"]),
        patch("/Groups/bulkId:nope", &json!({"op": "remove", "path": "members"})),
        post_user("q", "ada"),
        {"method": "POST", "path": "/Users", "bulkId": "bad", "data": user("ada")},
        post_group("b", &["bulkId:bad"]),
    ]);
    let results = bulk(&server, &operations).await;
    assert_eq!(statuses(&results), ["409", "409", "201", "409", "409"]);
    assert_eq!(server.get("/Groups").await.json()["totalResults"], 0);
}

#[tokio::test]
async fn rfc7644_3_7_l6_l12_an_operation_that_makes_no_sense_is_told_so() {
    let server = Server::new();
    let id = server.ada().await;
    for (operation, status) in [
        (json!({"method": "POST", "path": "/Users", "data": user("b")}), "400"),
        (json!({"method": "POST", "path": format!("/Users/{id}"), "bulkId": "a", "data": user("b")}), "405"),
        (json!({"method": "PUT", "path": "/Users", "data": user("b")}), "405"),
        (json!({"method": "DELETE", "path": "/Users"}), "405"),
        (json!({"method": "GET", "path": format!("/Users/{id}")}), "400"),
        (json!({"method": "POST", "path": "/Bulk", "bulkId": "a", "data": {}}), "405"),
        (json!({"method": "POST", "path": "/Nope", "bulkId": "a", "data": {}}), "404"),
        (json!({"method": "POST", "bulkId": "a", "data": user("b")}), "400"),
        (json!({"method": "POST", "path": "/Users", "bulkId": "a"}), "400"),
        (json!({"method": "PATCH", "path": format!("/Users/{id}"), "data": []}), "400"),
    ] {
        let results = bulk(&server, &json!([operation])).await;
        assert_eq!(statuses(&results), [status], "{results:?}");
    }
    assert_eq!(server.get("/Users").await.json()["totalResults"], 1);
}

#[tokio::test]
async fn rfc7644_3_7_l11_a_version_is_a_condition() {
    let server = Server::new();
    let id = server.ada().await;
    let put = |version: &str| json!([{"method": "PUT", "path": format!("/Users/{id}"), "version": version, "data": user("ada")}]);
    assert_eq!(statuses(&bulk(&server, &put("W/\"7\"")).await), ["412"]);
    assert_eq!(statuses(&bulk(&server, &put("W/\"1\"")).await), ["200"]);
}

#[tokio::test]
async fn rfc7644_3_7_4_more_than_the_server_takes_is_413_and_the_limit_is_named() {
    let limits = Limits { bulk_operations: 2, bulk_body: 2_000, ..Limits::default() };
    let server = Server::build(vec![], limits, None);
    let delete = json!({"method": "DELETE", "path": "/Users/0b0f6b3e-6f0e-4a8e-9a52-3d4c5b6a7f80"});
    // RFC7644-3.7.4-L1
    let answer =
        server.post("/Bulk", &request(&json!([delete, delete, delete]))).await.expect_error(413, None);
    assert!(answer.text.contains("maxOperations is 2"), "{}", answer.text);
    // RFC7644-3.7.4-L2
    let mut body = request(&json!([delete]));
    body["padding"] = "x".repeat(2_000).into();
    let answer = server.post("/Bulk", &body).await.expect_error(413, None);
    assert!(answer.text.contains("maxPayloadSize, 2000"), "{}", answer.text);
    let config = server.get("/ServiceProviderConfig").await.json();
    let bulk = json!({"supported": true, "maxOperations": 2, "maxPayloadSize": 2_000});
    assert_eq!(config["bulk"], bulk);
}

#[tokio::test]
async fn rfc7644_3_7_l15_l18_a_body_that_is_no_bulk_request_is_refused_as_a_whole() {
    let server = Server::new();
    let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]);
    for (body, scim_type) in [
        (json!({}), "invalidSyntax"),
        (json!({"schemas": ["urn:x"], "Operations": []}), "invalidSyntax"),
        (json!({"schemas": schemas}), "invalidSyntax"),
        (json!({"schemas": schemas, "Operations": {}}), "invalidSyntax"),
        (json!({"schemas": schemas, "Operations": [1]}), "invalidSyntax"),
        (json!({"schemas": schemas, "Operations": [{"path": "/Users"}]}), "invalidSyntax"),
        (json!({"schemas": schemas, "Operations": [{"method": 1}]}), "invalidSyntax"),
        (json!({"schemas": schemas, "failOnErrors": 0, "Operations": []}), "invalidValue"),
        (json!({"schemas": schemas, "failOnErrors": "1", "Operations": []}), "invalidValue"),
        (request(&json!([post_user("x", "a"), post_user("x", "b")])), "invalidSyntax"),
    ] {
        server.post("/Bulk", &body).await.expect_error(400, Some(scim_type));
    }
    assert_eq!(bulk(&server, &json!([])).await, Vec::<Value>::new());
    assert_eq!(server.get("/Users").await.json()["totalResults"], 0);
}

#[tokio::test]
async fn a_person_deactivated_in_bulk_is_out() {
    let server = Server::new();
    let id = server.ada().await;
    let session = server.session().await;
    let deactivate =
        patch(&format!("/Users/{id}"), &json!({"op": "replace", "path": "active", "value": false}));
    assert_eq!(statuses(&bulk(&server, &json!([deactivate])).await), ["200"]);
    server.me(&session).await.expect(401);
}
