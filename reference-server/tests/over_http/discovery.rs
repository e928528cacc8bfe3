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

/// RFC7643-6-L2, L3, L4, L5, RFC7643-7-L1, INTEROP-Discovery-L1, L3, IPSIE-AL1-2025-12-L1
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

/// RFC7644-4-L8
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

#[tokio::test]
async fn rfc7643_5_6_7_what_is_published_is_whole() {
    let server = Server::new();
    let config = server.get("/ServiceProviderConfig").await.expect(200).json(); // RFC7644-4-L1
    for name in ["patch", "bulk", "filter", "changePassword", "sort", "etag"] {
        assert!(config[name]["supported"].is_boolean(), "{name}"); // RFC7643-5-L1 to L6
    }
    for number in
        [&config["bulk"]["maxOperations"], &config["bulk"]["maxPayloadSize"], &config["filter"]["maxResults"]]
    {
        assert!(number.is_u64()); // RFC7643-5-L2, L3
    }
    let scheme = &config["authenticationSchemes"][0]; // RFC7643-5-L7, L8
    assert!(["type", "name", "description"].iter().all(|name| scheme[name].is_string()));
    assert!(scheme["specUri"].as_str().unwrap().starts_with("https://")); // RFC7643-5-L12
    assert_eq!(config.get("id"), None); // RFC7643-5-L11
    let types = server.get("/ResourceTypes").await.expect(200).json(); // RFC7644-4-L5
    for kind in types["Resources"].as_array().unwrap() {
        assert_eq!(kind["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:ResourceType"])); // RFC7643-6-L10
        for name in ["name", "endpoint", "schema"] {
            assert!(kind[name].as_str().is_some_and(|text| !text.is_empty())); // RFC7643-6-L1
        }
        for extension in kind["schemaExtensions"].as_array().into_iter().flatten() {
            assert!(extension["required"].is_boolean()); // RFC7643-6-L6, L8
        }
        let name = kind["name"].as_str().unwrap();
        assert_eq!(server.get(&format!("/ResourceTypes/{name}")).await.expect(200).json(), *kind); // RFC7644-4-L6
        assert_eq!(kind["endpoint"], format!("/{name}s")); // RFC7644-3.2-L1, L2
    }
    let schemas = server.get("/Schemas").await.expect(200).json(); // RFC7644-4-L2
    for schema in schemas["Resources"].as_array().unwrap() {
        assert_eq!(schema["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:Schema"])); // RFC7643-7-L2
        let id = schema["id"].as_str().unwrap();
        assert!(!id.to_lowercase().starts_with("urn:ietf:params:scim:api:"), "{id}"); // RFC7644-3.1-L3
        assert_eq!(server.get(&format!("/Schemas/{id}")).await.expect(200).json(), *schema); // RFC7644-4-L3, L9
        for attribute in schema["attributes"].as_array().unwrap() {
            let values = |name: &str| attribute[name].as_str().unwrap_or_default().to_owned();
            let one_of =
                |name: &str, known: &[&str]| assert!(known.contains(&&*values(name)), "{id} {attribute}");
            // RFC7643-7-L4, L5, L7, L8, L9; RFC7643-2.2-L1
            one_of(
                "type",
                &["string", "boolean", "decimal", "integer", "dateTime", "reference", "complex", "binary"],
            );
            one_of("mutability", &["readOnly", "readWrite", "immutable", "writeOnly"]);
            one_of("returned", &["always", "never", "default", "request"]);
            one_of("uniqueness", &["none", "server", "global", ""]);
            // RFC7643-7-L6, L10, RFC7643-2.3.8-L2
            assert_eq!(attribute["subAttributes"].is_array(), attribute["type"] == "complex");
            assert_eq!(attribute["referenceTypes"].is_array(), attribute["type"] == "reference");
        }
    }
    server.get("/Schemas/urn:nope").await.expect_error(404, None); // RFC7644-4-L4
}

#[tokio::test]
async fn rfc7643_7_l25_what_is_published_as_writable_can_be_written_and_read() {
    let server = Server::new();
    for (endpoint, urn) in [("/Users", crate::support::USER), ("/Groups", crate::support::GROUP)] {
        let schema = server.get(&format!("/Schemas/{urn}")).await.expect(200).json();
        let mut body = json!({"schemas": [urn]});
        for attribute in
            schema["attributes"].as_array().unwrap().iter().filter(|a| a["mutability"] == "readWrite")
        {
            let name = attribute["name"].as_str().unwrap();
            if name != "members" {
                body[name] = value_of(attribute);
            }
        }
        let made = server.post(endpoint, &body).await.expect(201);
        let read = server.get(&format!("{endpoint}/{}", made.id())).await.expect(200).json();
        for (name, value) in body.as_object().unwrap() {
            assert_eq!(&read[name], value, "{name}"); // RFC7643-2.3-L1
        }
    }
}

/// A value that an attribute can have.
fn value_of(attribute: &Value) -> Value {
    let single = match attribute["type"].as_str().unwrap() {
        "boolean" => json!(true),
        "integer" | "decimal" => json!(7),
        "dateTime" => json!("2020-01-01T00:00:00Z"),
        "reference" => json!("https://example.com/x"),
        "binary" => json!("MIIDQzCCAqygAwIBAgICEAAwDQYJ"),
        "complex" => {
            let subs = attribute["subAttributes"].as_array().unwrap();
            subs.iter().map(|sub| (sub["name"].as_str().unwrap().to_owned(), value_of(sub))).collect()
        }
        _ if attribute["name"] == "country" => json!("US"),
        _ => attribute["canonicalValues"].get(0).cloned().unwrap_or(json!("x")),
    };
    if attribute["multiValued"] == true { json!([single]) } else { single }
}
