//! The rules that profiles put in the place of the RFCs': `--as interop` and `--as ipsie`.

use axum::http::Method;
use scimspec_reference_server::{Protocol, scim::Rules};
use serde_json::{Value, json};

use crate::support::{GROUP, Server, USER, ada, encoded, user};

fn server(rules: &'static Rules) -> Server {
    Server::speaking(Protocol::new(rules, &[]).unwrap())
}

fn strict() -> [Server; 2] {
    [server(&Rules::INTEROP), server(&Rules::IPSIE)]
}

fn grace() -> Value {
    json!({
        "schemas": [USER],
        "userName": "grace",
        "name": {"givenName": "Grace", "familyName": "Hopper"},
        "emails": [{"value": "grace@example.com", "type": "work"}, {"value": "g@example.com", "type": "home"}],
    })
}

#[tokio::test]
async fn interop_scope_l1_and_discovery_the_server_says_that_it_conforms() {
    for server in strict() {
        let config = server.get("/ServiceProviderConfig").await.expect(200).json();
        assert_eq!(config["interopProfileConformant"], true);
        let urn = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
        let schema = server.get(&format!("/Schemas/{urn}")).await.expect(200).json();
        let names: Vec<&Value> =
            schema["attributes"].as_array().unwrap().iter().map(|a| &a["name"]).collect();
        assert!(names.contains(&&json!("interopProfileConformant")), "INTEROP-Discovery-L2");
        for kind in server.get("/ResourceTypes").await.json()["Resources"].as_array().unwrap() {
            assert_eq!(kind["id"], kind["name"], "INTEROP-Discovery-L4");
        }
    }
    let config = Server::new().get("/ServiceProviderConfig").await.expect(200).json();
    assert_eq!(config.get("interopProfileConformant"), None);
}

#[tokio::test]
async fn interop_attributes_l1_what_no_schema_defines_is_refused() {
    for server in strict() {
        let id = server.post("/Users", &grace()).await.expect(201).id();
        for (name, value) in [
            ("favouriteColour", json!("red")),
            ("urn:example:2.0:User", json!({"a": 1})),
            ("name", json!({"givenName": "G", "nope": 1})),
            ("emails", json!([{"value": "a@example.com", "nope": 1}])),
            (
                "schemas",
                json!([USER, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/User"]),
            ),
            (
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
                json!({"department": "D", "nope": 1}),
            ),
        ] {
            let mut body = user("nobody");
            body[name] = value.clone();
            server.post("/Users", &body).await.expect_error(400, Some("invalidSyntax"));
            server.put(&format!("/Users/{id}"), &body).await.expect_error(400, Some("invalidSyntax"));
            let operation = json!([{"op": "replace", "path": name, "value": value}]);
            server.patch(&format!("/Users/{id}"), operation).await.expect_error(400, Some("invalidSyntax"));
        }
        let paths = ["nope", "name.nope", "urn:example:2.0:User:a", "emails[type eq \"work\"].nope"];
        for path in paths {
            let operation = json!([{"op": "add", "path": path, "value": "x"}]);
            server.patch(&format!("/Users/{id}"), operation).await.expect_error(400, Some("invalidSyntax"));
        }
        assert_eq!(server.get("/Users").await.json()["totalResults"], 1);
        // What a server gives out it takes back, its own attributes included.
        let whole = server.get(&format!("/Users/{id}")).await.json();
        server.put(&format!("/Users/{id}"), &whole).await.expect(200);
    }
}

#[tokio::test]
async fn interop_update_l2_an_operation_without_a_path_is_refused() {
    for server in strict() {
        let id = server.post("/Users", &grace()).await.expect(201).id();
        for op in ["add", "replace", "remove"] {
            let operation = json!([{"op": op, "value": {"active": false}}]);
            server.patch(&format!("/Users/{id}"), operation).await.expect_error(400, Some("invalidSyntax"));
        }
        assert_eq!(server.get(&format!("/Users/{id}")).await.json()["active"], true);
    }
}

#[tokio::test]
async fn interop_update_l3_to_l6_replace_replaces_and_add_adds() {
    for server in strict() {
        let path = format!("/Users/{}", server.post("/Users", &grace()).await.expect(201).id());
        let patched =
            async |operation: Value| server.patch(&path, json!([operation])).await.expect(200).json();
        for op in ["add", "replace"] {
            assert_eq!(patched(json!({"op": op, "path": "title", "value": op})).await["title"], op);
        }
        let named = patched(json!({"op": "add", "path": "name", "value": {"middleName": "B"}})).await;
        assert_eq!(named["name"], json!({"givenName": "Grace", "familyName": "Hopper", "middleName": "B"}));
        let named =
            patched(json!({"op": "replace", "path": "name", "value": {"familyName": "Murray"}})).await;
        assert_eq!(named["name"], json!({"familyName": "Murray"}));
        let value = json!([{"value": "x@example.com", "type": "other"}]);
        let mailed = patched(json!({"op": "add", "path": "emails", "value": value})).await;
        assert_eq!(mailed["emails"].as_array().unwrap().len(), 3);
        let mailed = patched(json!({"op": "replace", "path": "emails", "value": value})).await;
        assert_eq!(mailed["emails"], value);
    }
}

#[tokio::test]
async fn interop_update_l7_what_a_filter_selects_is_changed_by_sub_attributes() {
    for server in strict() {
        let id = server.post("/Users", &grace()).await.expect(201).id();
        let path = format!("/Users/{id}");
        let whole = json!({"value": "n@example.com", "type": "work"});
        for op in ["add", "replace"] {
            let operation = json!([{"op": op, "path": "emails[type eq \"work\"]", "value": whole}]);
            server.patch(&path, operation).await.expect_error(400, Some("invalidPath"));
        }
        let operations = json!([
            {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "n@example.com"},
            {"op": "remove", "path": "emails[type eq \"home\"]"},
        ]);
        let user = server.patch(&path, operations).await.expect(200).json();
        assert_eq!(user["emails"], json!([whole]));
        let group = server.group("Staff", &[&id]).await;
        let operation = json!([{"op": "remove", "path": format!("members[value eq \"{id}\"]")}]);
        server.patch(&format!("/Groups/{group}"), operation).await.expect(204);
    }
}

/// INTEROP-Case-L1, IPSIE-5.1-L1, IPSIE-6.1.3-L1, IPSIE-6.1.4-L1, IPSIE-6.1.6-L1
#[tokio::test]
async fn interop_errors_l1_and_lifecycle_conflicts_are_409_and_a_deletion_is_one() {
    for server in strict() {
        let id = server.post("/Users", &grace()).await.expect(201).id();
        let other = server.post("/Users", &user("ada")).await.expect(201).id();
        server.post("/Users", &user("GRACE")).await.expect_error(409, Some("uniqueness"));
        let operation = json!([{"op": "replace", "path": "userName", "value": "Grace"}]);
        server.patch(&format!("/Users/{other}"), operation).await.expect_error(409, Some("uniqueness"));
        server.set_active(&id, false).await.expect(200); // INTEROP-Lifecycle-L1
        server.get(&format!("/Users/{id}")).await.expect(200);
        server.delete(&format!("/Users/{id}")).await.expect(204); // INTEROP-Lifecycle-L2, L3
        server.get(&format!("/Users/{id}")).await.expect_error(404, None);
        server.post("/Users", &grace()).await.expect(201); // IPSIE-5.2-L1
    }
}

/// INTEROP-Paging-L1, L3, INTEROP-Endpoints-L1, INTEROP-Update-L1
#[tokio::test]
async fn interop_filter_l1_l2_pages_and_endpoints() {
    for server in strict() {
        server.post("/Users", &grace()).await.expect(201);
        let filter = encoded(r#"userName eq "grace" and active eq true"#);
        assert_eq!(server.get(&format!("/Users?filter={filter}")).await.json()["totalResults"], 1);
        server.get("/Users?filter=nope%20eq%20%22x%22").await.expect_error(400, Some("invalidFilter"));
        server.get("/Users?count=100000").await.expect(200);
        server.get("/Users?cursor&count=100000").await.expect(200);
        server.get("/Users/grace").await.expect_error(404, None);
    }
}

#[tokio::test]
async fn interop_attributes_l2_typed_attributes_declare_their_types() {
    for server in strict() {
        let schema = server.get(&format!("/Schemas/{USER}")).await.expect(200).json();
        for name in ["emails", "phoneNumbers", "ims", "addresses"] {
            let attributes = schema["attributes"].as_array().unwrap();
            let attribute = attributes.iter().find(|attribute| attribute["name"] == name).unwrap();
            let types =
                attribute["subAttributes"].as_array().unwrap().iter().find(|sub| sub["name"] == "type");
            assert!(types.unwrap()["canonicalValues"].is_array(), "{name}");
        }
    }
}

#[tokio::test]
async fn ipsie_6_1_2_l1_there_is_no_password() {
    let server = server(&Rules::IPSIE);
    let schema = server.get(&format!("/Schemas/{USER}")).await.expect(200).text;
    assert!(!schema.contains("password"));
    let config = server.get("/ServiceProviderConfig").await.json();
    assert_eq!(config["changePassword"]["supported"], false);
    server.post("/Users", &ada()).await.expect_error(400, Some("invalidSyntax"));
    let id = server.post("/Users", &user("ada")).await.expect(201).id();
    let operation = json!([{"op": "replace", "path": "password", "value": "analytical"}]);
    server.patch(&format!("/Users/{id}"), operation).await.expect_error(400, Some("invalidSyntax"));
}

#[tokio::test]
async fn ipsie_6_2_1_l2_no_two_groups_have_one_name() {
    let server = server(&Rules::IPSIE);
    server.group("Staff", &[]).await; // IPSIE-6.2.2-L1
    let body = json!({"schemas": [GROUP], "displayName": "staff"});
    server.post("/Groups", &body).await.expect_error(409, Some("uniqueness"));
    Server::new().group("Staff", &[]).await;
}

/// IPSIE-6.1.1-L1, IPSIE-6.2.1-L1
#[tokio::test]
async fn ipsie_6_1_7_l1_and_6_2_5_l1_the_filters_that_it_names() {
    let server = server(&Rules::IPSIE);
    let mut body = grace();
    body["externalId"] = "E1".into();
    let id = server.post("/Users", &body).await.expect(201).id();
    let mut group =
        json!({"schemas": [GROUP], "displayName": "Staff", "externalId": "G1", "members": [{"value": id}]});
    group["members"] = json!([{"value": id}]);
    server.post("/Groups", &group).await.expect(201);
    for (path, filter) in [
        ("/Users", "userName eq \"grace\"".to_owned()),
        ("/Users", "externalId eq \"E1\"".to_owned()),
        ("/Users", "emails[value eq \"grace@example.com\"]".to_owned()),
        ("/Users", "emails[type eq \"work\" and value eq \"grace@example.com\"]".to_owned()),
        ("/Groups", "displayName eq \"Staff\"".to_owned()),
        ("/Groups", "externalId eq \"G1\"".to_owned()),
        ("/Groups", format!("members[value eq \"{id}\"]")),
    ] {
        let found = server.get(&format!("{path}?filter={}", encoded(&filter))).await.expect(200).json();
        assert_eq!(found["totalResults"], 1, "{filter}");
    }
}

/// IPSIE-4.3-L3
#[tokio::test]
async fn ipsie_6_2_6_l1_fifty_members_in_one_request_and_4_3_l3_bulk() {
    let server = server(&Rules::IPSIE);
    let group = server.group("Staff", &[]).await;
    let users: Vec<Value> = (0..50)
        .map(|n| json!({"method": "POST", "path": "/Users", "bulkId": n.to_string(), "data": user(&format!("u{n}"))}))
        .collect();
    let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": users});
    let made = server.post("/Bulk", &body).await.expect(200).json();
    let adds: Vec<Value> = made["Operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            let id = result["location"].as_str().unwrap().rsplit('/').next().unwrap();
            json!({"op": "add", "path": "members", "value": [{"value": id}]})
        })
        .collect();
    server.patch(&format!("/Groups/{group}"), json!(adds)).await.expect(204); // IPSIE-4.3-L4
    let group = server.get(&format!("/Groups/{group}")).await.json();
    assert_eq!(group["members"].as_array().unwrap().len(), 50);
}

/// INTEROP-Paging-L2, IPSIE-6.1.5-L1
#[tokio::test]
async fn a_hundred_resources_fit_a_page() {
    for server in strict() {
        let users: Vec<Value> = (0..101)
            .map(|n| {
                let data = user(&format!("u{n}"));
                json!({"method": "POST", "path": "/Users", "bulkId": n.to_string(), "data": data})
            })
            .collect();
        let body =
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": users});
        server.post("/Bulk", &body).await.expect(200);
        for (query, expected) in [("?count=100", 100), ("", 100), ("?count=5000", 101)] {
            let list = server.get(&format!("/Users{query}")).await.expect(200).json();
            assert_eq!(
                (list["Resources"].as_array().unwrap().len(), &list["totalResults"]),
                (expected, &json!(101))
            );
        }
    }
}

/// IPSIE-4.2-L1 is every test above that asks both; IPSIE-5.1-L2, IPSIE-8-L1
#[tokio::test]
async fn ipsie_a_deactivation_ends_every_way_in_and_errors_tell_nothing_of_the_inside() {
    let server = server(&Rules::IPSIE);
    let id = server.post("/Users", &user("ada")).await.expect(201).id();
    let password = json!({"password": "analytical-engine"});
    server.admin(Method::PUT, "/ada/password", Some(password)).await.expect(204);
    let open = server.sign_in("ada", "analytical-engine").await.expect(200).json();
    let session = open["session"].as_str().unwrap();
    let token = server.token(session).await;
    server.set_active(&id, false).await.expect(200);
    for credential in [session, &token] {
        server.me(credential).await.expect(401);
    }
    server.sign_in("ada", "analytical-engine").await.expect(403);
    for path in ["/Users?filter=x", "/Users/x", "/Nope", "/Users?cursor=x", "/Users?count=x"] {
        let text = server.get(path).await.text.to_lowercase();
        for inside in ["panic", ".rs", "sql", "stack", "serde", "unwrap"] {
            assert!(!text.contains(inside), "{path}: {text}");
        }
    }
}
