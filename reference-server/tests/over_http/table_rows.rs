//! Rows that are about everything at once: what is published of common attributes, the keywords and the status codes of
//! errors.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, GROUP, PATCH_OP, Server, USER, ada, user};

/// RFC 7643 section 3.1: where a schema lists a common attribute, its characteristics there are those of the section.
#[tokio::test]
async fn rfc7643_3_1_l24_common_attributes_keep_their_characteristics_wherever_they_are_listed() {
    let server = Server::new();
    let schemas = server.get("/Schemas").await.expect(200).json();
    let schemas = schemas["Resources"].as_array().unwrap();
    // RFC 7643 section 8.7.2 has its own id for what describes the server, which is no resource of section 3.
    let describes = |schema: &&Value| {
        let name = schema["id"].as_str().unwrap().rsplit(':').next().unwrap_or_default();
        ["ServiceProviderConfig", "ResourceType", "Schema"].contains(&name)
    };
    let resources: Vec<&Value> = schemas.iter().filter(|schema| !describes(schema)).collect();
    assert!(resources.len() >= 3, "User, Group and the enterprise extension");
    let listed = resources.iter().flat_map(|schema| schema["attributes"].as_array().unwrap());
    for attribute in listed {
        let kept = match attribute["name"].as_str().unwrap().to_ascii_lowercase().as_str() {
            "id" => json!({"mutability": "readOnly", "returned": "always", "caseExact": true}),
            "externalid" => json!({"mutability": "readWrite", "caseExact": true}),
            "meta" => json!({"mutability": "readOnly"}),
            _ => continue,
        };
        for (name, value) in kept.as_object().unwrap() {
            assert_eq!(&attribute[name], value, "{attribute}");
        }
    }
    // And whether they are listed or not, they behave so.
    let sent = json!({"schemas": [USER], "userName": "ada", "id": "mine", "externalId": "aBc", "meta": {"version": "W/\"9\""}});
    let made = server.post("/Users", &sent).await.expect(201).json();
    assert!(made["id"] != "mine" && made["externalId"] == "aBc" && made["meta"]["version"] != "W/\"9\"");
    let found = async |id: &str| {
        let path = format!("/Users?filter=externalId%20eq%20%22{id}%22&attributes=userName");
        server.get(&path).await.expect(200).json()
    };
    assert_eq!(found("abc").await["totalResults"], 0, "externalId is caseExact");
    assert_eq!(found("aBc").await["Resources"][0]["id"], made["id"], "id is always returned");
}

/// RFC 7644 section 3.5: a server SHOULD support PATCH; this one says so and does.
#[tokio::test]
async fn rfc7644_3_5_l2_patch_is_announced_and_works_on_every_type() {
    let server = Server::new();
    let config = server.get("/ServiceProviderConfig").await.expect(200).json();
    assert_eq!(config["patch"]["supported"], true);
    let (ada, staff) = (server.ada().await, server.group("Staff", &[]).await);
    for (path, name) in [(format!("/Users/{ada}"), "title"), (format!("/Groups/{staff}"), "displayName")] {
        let operation = json!([{"op": "replace", "path": name, "value": "New"}]);
        let status = server.patch(&path, operation).await.status.as_u16();
        assert!(matches!(status, 200 | 204), "{status}");
        assert_eq!(server.get(&path).await.expect(200).json()[name], "New");
    }
}

/// Requests that are wrong in every way that has a name, and in some that have none.
async fn wrong(server: &Server) -> Vec<Answer> {
    let ada_id = server.ada().await;
    let path = format!("/Users/{ada_id}");
    let staff = format!("/Groups/{}", server.group("Staff", &[]).await);
    let mut answers = Vec::new();
    for operation in [
        json!({"op": "replace", "path": "userName", "value": ""}),
        json!({"op": "remove", "path": "userName"}),
        json!({"op": "remove"}),
        json!({"op": "replace", "path": "id", "value": "x"}),
        json!({"op": "replace", "path": "emails[type eq", "value": "x"}),
        json!({"op": "replace", "path": "emails[type eq \"other\"].value", "value": "x"}),
        json!({"op": "replace", "path": "emails[nope eq \"x\"].value", "value": "x"}),
        json!({"op": "add", "path": "active", "value": "perhaps"}),
        json!({"op": "add", "path": "", "value": 1}),
        json!({"op": "move", "path": "title"}),
    ] {
        answers.push(server.patch(&path, json!([operation])).await);
    }
    answers.push(
        server.patch(&staff, json!([{"op": "add", "path": "members", "value": [{"value": "nobody"}]}])).await,
    );
    for body in [
        json!({}),
        json!({"schemas": [USER]}),
        json!({"schemas": [GROUP], "userName": "x"}),
        json!({"schemas": [USER], "userName": 5}),
        json!({"schemas": [USER], "userName": "b", "emails": "b@example.com"}),
        json!({"schemas": ["urn:nope"], "userName": "b"}),
        ada(),
    ] {
        answers.push(server.post("/Users", &body).await);
    }
    answers.push(server.put(&path, &json!({"schemas": [USER], "id": "other", "userName": ""})).await);
    for query in [
        "/Users?filter=userName",
        "/Users?filter=userName%20eq",
        "/Users?filter=nope%20eq%20%22x%22",
        "/Users?cursor=nope",
        "/Users?count=1&cursor=%00",
        "/Users?attributes=userName&excludedAttributes=title",
        "/Users?sortBy=nope..x",
        "/Schemas?filter=id%20pr",
        "/Users/nobody",
        "/Nothing",
    ] {
        answers.push(server.get(query).await);
    }
    answers.push(server.scim(Method::DELETE, "/Users", &Value::Null).await);
    answers.push(server.post("/Bulk", &json!({"schemas": [PATCH_OP], "Operations": 5})).await);
    answers.push(server.post("/Users/.search", &json!({"schemas": ["urn:nope"], "filter": "("})).await);
    answers.push(server.post("/Me", &user("x")).await);
    answers
}

/// RFC 7644 section 3.12, table 9, and RFC 9865 section 3, which adds three for cursors.
#[tokio::test]
async fn rfc7644_3_12_l3_a_scim_type_is_one_of_the_registered_keywords() {
    const KEYWORDS: [&str; 13] = [
        "invalidFilter",
        "tooMany",
        "uniqueness",
        "mutability",
        "invalidSyntax",
        "invalidPath",
        "noTarget",
        "invalidValue",
        "invalidVers",
        "sensitive",
        "invalidCursor",
        "expiredCursor",
        "invalidCount",
    ];
    let mut seen = std::collections::BTreeSet::new();
    for answer in wrong(&Server::new()).await.iter().filter(|answer| answer.status.is_client_error()) {
        let body = answer.json();
        if let Some(keyword) = body.get("scimType") {
            let keyword = keyword.as_str().unwrap().to_owned();
            assert!(KEYWORDS.contains(&keyword.as_str()), "{body}");
            assert!(answer.status == 400 || (answer.status == 409 && keyword == "uniqueness"), "{body}");
            seen.insert(keyword);
        }
    }
    assert!(seen.len() >= 7, "the requests are to meet many of them: {seen:?}");
}

/// RFC 7644 section 3.12, table 8, and what RFC 9110 has for methods and media types.
#[tokio::test]
async fn rfc7644_3_12_l5_status_codes_are_those_of_the_table_and_a_client_s_error_is_no_server_s() {
    let mut seen = std::collections::BTreeSet::new();
    for answer in wrong(&Server::new()).await {
        let status = answer.status.as_u16();
        let told = [200, 201, 204, 400, 401, 403, 404, 405, 409, 412, 413, 415, 501].contains(&status);
        assert!(told, "{status} {}", answer.text);
        if status >= 400 {
            assert_eq!(answer.json()["status"], json!(status.to_string()));
        }
        seen.insert(status);
    }
    assert!([400, 404, 405, 409].iter().all(|status| seen.contains(status)), "{seen:?}");
}
