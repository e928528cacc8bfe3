//! `POST .search`, and searches over all resource types (RFC 7644 sections 3.4.2.1 and 3.4.3).

use serde_json::{Value, json};

use crate::support::{Server, column, encoded, user};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

async fn server() -> (Server, String, String) {
    let server = Server::new();
    let mut ids = Vec::new();
    for name in ["xa", "xb", "other"] {
        let mut body = user(name);
        body["displayName"] = format!("{name} display").into();
        ids.push(server.post("/Users", &body).await.expect(201).id());
    }
    let group = server.group("x group", &[&ids[0]]).await;
    server.group("another", &[]).await;
    (server, ids[0].clone(), group)
}

async fn search(server: &Server, path: &str, request: Value) -> Value {
    let mut body = json!({"schemas": [SEARCH]});
    body.as_object_mut().unwrap().extend(request.as_object().unwrap().clone());
    server.post(path, &body).await.expect(200).json()
}

async fn root(server: &Server, filter: &str) -> Value {
    server.get(&format!("?filter={}", encoded(filter))).await.expect(200).json()
}

#[tokio::test]
async fn rfc7644_3_4_3_l1_l3_l4_a_search_by_post_finds_what_one_by_get_finds() {
    let (server, ..) = server().await;
    let get = "/Users?filter=userName%20sw%20%22x%22&sortBy=userName&sortOrder=descending&count=1&startIndex=2\
               &attributes=userName";
    let request = json!({
        "filter": "userName sw \"x\"", "sortBy": "userName", "sortOrder": "descending",
        "count": 1, "startIndex": 2, "attributes": ["userName"],
    });
    let by_post = search(&server, "/Users/.search", request).await;
    assert_eq!(by_post, server.get(get).await.expect(200).json());
    assert_eq!((&by_post["totalResults"], column(&by_post, "userName")), (&json!(2), vec!["xa".to_owned()]));
    let without =
        search(&server, "/Users/.search", json!({"excludedAttributes": ["displayName"], "nope": 1})).await;
    assert!(without["Resources"].as_array().unwrap().iter().all(|user| user.get("displayName").is_none()));
}

#[tokio::test]
async fn rfc7644_3_4_3_l5_a_search_at_the_root_spans_the_types() {
    let (server, ada, group) = server().await;
    let found =
        search(&server, "/.search", json!({"filter": "displayName sw \"x\"", "sortBy": "displayName"})).await;
    assert_eq!(column(&found, "displayName"), ["x group", "xa display", "xb display"]);
    assert_eq!(column(&found, "id")[..2], [group.clone(), ada.clone()]);
    let group = &found["Resources"][0];
    assert_eq!(
        (&group["meta"]["resourceType"], &group["members"][0]["value"]),
        (&json!("Group"), &json!(ada))
    );
}

#[tokio::test]
async fn rfc7644_3_4_2_1_l1_l5_the_root_lists_every_resource_page_by_page() {
    let (server, ..) = server().await;
    let all = server.get("").await.expect(200).json();
    assert_eq!((&all["totalResults"], all["Resources"].as_array().unwrap().len()), (&json!(5), 5));
    for path in ["/?count=2&startIndex=", "?filter=id%20pr&count=2&startIndex="] {
        let mut seen = Vec::new();
        for start in [1, 3, 5] {
            let page = server.get(&format!("{path}{start}")).await.expect(200).json();
            assert_eq!(page["totalResults"], 5);
            seen.extend(column(&page, "id"));
        }
        assert_eq!(seen, column(&all, "id"));
    }
}

#[tokio::test]
async fn rfc7644_3_4_2_1_l2_l4_a_type_without_the_attribute_has_no_value_there() {
    let (server, ..) = server().await;
    let types = async |filter: &str| {
        let found = root(&server, filter).await;
        let mut types: Vec<String> = found["Resources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|resource| resource["meta"]["resourceType"].as_str().unwrap().to_owned())
            .collect();
        types.dedup();
        types
    };
    assert_eq!(types(r#"meta.resourceType eq "User""#).await, ["User"]);
    assert_eq!(
        types(r#"meta.resourceType eq "User" or meta.resourceType eq "Group""#).await,
        ["User", "Group"]
    );
    assert_eq!(types(r#"not (meta.resourceType eq "User")"#).await, ["Group"]);
    assert_eq!(types("userName pr").await, ["User"]);
    assert_eq!(types("not (userName pr)").await, ["Group"]);
    assert_eq!(types("userName eq null").await, ["Group"]);
    assert_eq!(types(r#"userName ne "xa""#).await, ["User", "Group"]);
    assert_eq!(types("members pr").await, ["Group"]);
    assert_eq!(types(r#"members[type eq "User"]"#).await, ["Group"]);
    assert_eq!(types(r#"(userName eq "xa" or displayName eq "another")"#).await, ["User", "Group"]);
    assert_eq!(types(r#"userName gt "a" and members pr"#).await, Vec::<String>::new());
}

#[tokio::test]
async fn rfc7644_3_4_3_l2_l6_a_search_that_makes_no_sense_is_refused() {
    let (server, ..) = server().await;
    for (path, body, scim_type) in [
        ("/Users/.search", json!({}), "invalidSyntax"),
        ("/Users/.search", json!({"schemas": ["urn:x"]}), "invalidSyntax"),
        ("/.search", json!([]), "invalidSyntax"),
        ("/.search", json!({"schemas": [SEARCH], "filter": "userName eq"}), "invalidFilter"),
        ("/.search", json!({"schemas": [SEARCH], "filter": "nope eq 1"}), "invalidFilter"),
        ("/Groups/.search", json!({"schemas": [SEARCH], "filter": "userName eq \"xa\""}), "invalidFilter"),
        ("/.search", json!({"schemas": [SEARCH], "filter": 1}), "invalidValue"),
        ("/.search", json!({"schemas": [SEARCH], "count": "1"}), "invalidValue"),
        ("/.search", json!({"schemas": [SEARCH], "count": 1.5}), "invalidValue"),
        ("/.search", json!({"schemas": [SEARCH], "attributes": "id"}), "invalidValue"),
        (
            "/.search",
            json!({"schemas": [SEARCH], "attributes": ["id"], "excludedAttributes": ["id"]}),
            "invalidValue",
        ),
        ("/.search", json!({"schemas": [SEARCH], "sortBy": "nope"}), "invalidValue"),
        ("/.search", json!({"schemas": [SEARCH], "startIndex": 1, "cursor": ""}), "invalidValue"),
    ] {
        server.post(path, &body).await.expect_error(400, Some(scim_type));
    }
    let found = search(&server, "/.search", json!({"FILTER": "userName eq \"XA\"", "count": null})).await;
    assert_eq!(column(&found, "userName"), ["xa"]);
}
