//! What the server says about itself.

use axum::{body::Body, http::Request};
use serde_json::{Value, json};

use crate::support::Server;

#[tokio::test]
async fn rfc7643_5_the_configuration_has_what_is_required_and_is_true() {
    let config = Server::new().get("/ServiceProviderConfig").await.expect(200).json();
    assert_eq!(config["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]));
    assert_eq!(config["patch"]["supported"], true);
    assert_eq!(config["filter"]["supported"], true);
    assert!(config["filter"]["maxResults"].is_u64());
    assert_eq!(config["bulk"]["supported"], true);
    assert!(config["bulk"]["maxOperations"].is_u64() && config["bulk"]["maxPayloadSize"].is_u64());
    assert_eq!(config["changePassword"]["supported"], true);
    assert_eq!(config["sort"]["supported"], true);
    assert_eq!(config["etag"]["supported"], true);
    // RFC9865-4-L1 to L4
    let pagination = &config["pagination"];
    assert_eq!((&pagination["cursor"], &pagination["index"]), (&json!(true), &json!(true)));
    assert_eq!(pagination["defaultPaginationMethod"], "index"); // RFC9865-2.4-L2
    for name in ["defaultPageSize", "maxPageSize", "cursorTimeout"] {
        assert!(pagination[name].as_u64() > Some(0), "{name}");
    }
    let scheme = &config["authenticationSchemes"][0];
    assert_eq!(scheme["type"], "oauthbearertoken");
    assert!(scheme["name"].is_string() && scheme["description"].is_string());
    assert_eq!(config["meta"]["resourceType"], "ServiceProviderConfig");
}

#[tokio::test]
async fn rfc7643_5_l9_how_to_authenticate_can_be_read_before_one_can() {
    let server = Server::new();
    let request = Request::get("/scim/v2/ServiceProviderConfig").body(Body::empty()).unwrap();
    assert!(server.send(request).await.expect(200).json()["authenticationSchemes"].is_array());
}

#[tokio::test]
async fn rfc7644_4_what_is_listed_can_be_read_where_it_says_it_is() {
    let server = Server::new();
    for list in ["/Schemas", "/ResourceTypes"] {
        let list = server.get(list).await.expect(200).json();
        let resources = list["Resources"].as_array().unwrap();
        assert_eq!(list["totalResults"], resources.len());
        assert!(!resources.is_empty());
        for resource in resources {
            let location = resource["meta"]["location"].as_str().unwrap();
            let path = location.strip_prefix("http://app.example.com/scim/v2").unwrap();
            assert_eq!(server.get(path).await.expect(200).json(), *resource);
            assert_eq!(server.get(&path.replace(':', "%3A")).await.expect(200).json(), *resource);
        }
    }
}

#[tokio::test]
async fn rfc7643_6_a_resource_type_names_schemas_and_an_endpoint_that_exist() {
    let server = Server::new();
    let types = server.get("/ResourceTypes").await.json();
    let names: Vec<&Value> =
        types["Resources"].as_array().unwrap().iter().map(|kind| &kind["name"]).collect();
    assert_eq!(names, ["User", "Group"]);
    for kind in types["Resources"].as_array().unwrap() {
        server.get(kind["endpoint"].as_str().unwrap()).await.expect(200);
        let extensions = kind["schemaExtensions"].as_array().cloned().unwrap_or_default();
        let schemas = extensions.iter().map(|extension| &extension["schema"]).chain([&kind["schema"]]);
        for schema in schemas {
            server.get(&format!("/Schemas/{}", schema.as_str().unwrap())).await.expect(200);
        }
    }
}

#[tokio::test]
async fn rfc7644_4_l7_parameters_are_ignored_and_a_filter_is_refused() {
    let server = Server::new();
    for path in ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig", "/ResourceTypes/User"] {
        let whole = server.get(path).await.expect(200).json();
        let paged =
            server.get(&format!("{path}?count=1&startIndex=2&sortBy=id&attributes=id")).await.expect(200);
        assert_eq!(paged.json(), whole, "{path}");
        server.get(&format!("{path}?filter=id%20pr")).await.expect_error(403, None);
    }
}
