//! The published schemas and resource types: RFC 7643 sections 6 to 8.7 with the verified errata.

use rstest::rstest;
use scimspec_reference_server::scim::{
    AttrPath, PatchPath, Registry,
    schema::{DefinitionError, Target},
};
use serde_json::{Value, json};

const BASE: &str = "https://scim.example.com/scim/v2";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

#[rstest]
#[case::rfc7643_7_l11(USER, "userName", "/required", json!(true))]
#[case::rfc7643_7_l11_unique(USER, "userName", "/uniqueness", json!("server"))]
#[case::rfc7643_7_l11_case(USER, "userName", "/caseExact", json!(false))]
#[case::rfc7643_7_l12(USER, "password", "/mutability", json!("writeOnly"))]
#[case::rfc7643_7_l12_never(USER, "password", "/returned", json!("never"))]
#[case::rfc7643_7_l13_erratum_5368(GROUP, "displayName", "/required", json!(true))]
#[case::rfc7643_7_l14_groups(USER, "groups", "/mutability", json!("readOnly"))]
#[case::rfc7643_7_l14_members(GROUP, "members", "/subAttributes/0/mutability", json!("immutable"))]
#[case::rfc7643_4_3_l3(ENTERPRISE, "manager", "/subAttributes/2/mutability", json!("readOnly"))]
#[case::erratum_5606_binary(USER, "x509Certificates", "/subAttributes/0/type", json!("binary"))]
#[case::erratum_5607_reference_types("urn:ietf:params:scim:schemas:core:2.0:Schema", "attributes",
    "/subAttributes/10/multiValued", json!(true))]
#[case::erratum_7522_extensions("urn:ietf:params:scim:schemas:core:2.0:ResourceType", "schemaExtensions",
    "/multiValued", json!(true))]
fn published(#[case] urn: &str, #[case] name: &str, #[case] pointer: &str, #[case] expected: Value) {
    let schema = Registry::core().schema(urn).unwrap().to_json(BASE);
    let attributes = schema["attributes"].as_array().unwrap();
    let attribute = attributes.iter().find(|attribute| attribute["name"] == name).unwrap();
    assert_eq!(attribute.pointer(pointer), Some(&expected));
}

#[test]
fn rfc7643_7_every_published_attribute_is_whole() {
    for schema in Registry::core().schemas() {
        let json = schema.to_json(BASE);
        assert_eq!(json["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:Schema"])); // RFC7643-7-L2
        assert_eq!(json["meta"]["location"], format!("{BASE}/Schemas/{}", schema.id));
        let of_schemas = schema.id.ends_with(":Schema");
        for attribute in json["attributes"].as_array().unwrap() {
            whole(attribute, of_schemas, 0);
        }
    }
}

fn whole(attribute: &Value, of_schemas: bool, depth: usize) {
    let name = attribute["name"].as_str().expect("a name");
    for characteristic in ["description", "mutability", "returned", "type"] {
        assert!(attribute[characteristic].is_string(), "{name} has no {characteristic}"); // RFC7643-7-L4
    }
    assert!(attribute["multiValued"].is_boolean() && attribute["required"].is_boolean(), "{name}");
    let kind = attribute["type"].as_str().expect("a type");
    assert_eq!(attribute["referenceTypes"].is_array(), kind == "reference", "{name}"); // RFC7643-7-L10
    assert_eq!(attribute["uniqueness"].is_string(), kind != "complex", "{name}");
    assert_eq!(attribute["subAttributes"].is_array(), kind == "complex", "{name}"); // RFC7643-7-L6
    assert!(depth == 0 || kind != "complex" || of_schemas, "{name} is complex inside a complex one"); // RFC7643-2.3.8-L2
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '$' | '-' | '_');
    assert!(
        name == "$ref" || (name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(letters))
    ); // RFC7643-2.1-L2
    for sub in attribute["subAttributes"].as_array().into_iter().flatten() {
        whole(sub, of_schemas, depth + 1);
    }
}

#[test]
fn rfc7643_6_resource_types_name_their_schemas() {
    let registry = Registry::core();
    assert_eq!(
        registry.resource_type("User").unwrap().to_json(BASE),
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": "User",
            "name": "User",
            "endpoint": "/Users",
            "description": "An account of a person",
            "schema": USER,
            "schemaExtensions": [{"schema": ENTERPRISE, "required": false}],
            "meta": {"resourceType": "ResourceType", "location": format!("{BASE}/ResourceTypes/User")},
        })
    );
    for resource_type in registry.resource_types() {
        assert!(registry.schema(&resource_type.schema().id).is_some()); // 6-L4
        assert_eq!(
            registry.at_endpoint(resource_type.endpoint()),
            registry.resource_type(resource_type.name())
        );
        for extension in resource_type.extensions() {
            assert!(registry.schema(&extension.schema.id).is_some()); // 6-L5
        }
    }
    assert_eq!(registry.schema(&USER.to_uppercase()).unwrap().id, USER); // RFC 7644 section 3.10
}

#[rstest]
#[case("userName", Some("userName"))]
#[case("NAME.familyname", Some("name.familyName"))]
#[case("externalId", Some("externalId"))]
#[case("meta.lastModified", Some("meta.lastModified"))]
#[case("urn:ietf:params:scim:schemas:core:2.0:User:name.givenName", Some("name.givenName"))]
#[case(
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.$ref",
    Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.$ref")
)]
#[case::c26_dot(
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.department",
    Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department")
)]
#[case::c26_without_urn(
    "manager.value",
    Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value")
)]
#[case("nope", None)]
#[case("name.nope", None)]
#[case("userName.value", None)]
#[case("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:userName", None)]
#[case("urn:ietf:params:scim:schemas:core:2.0:User:department", None)]
#[case("urn:example:x:title", None)]
fn locating(#[case] path: &str, #[case] expected: Option<&str>) {
    let registry = Registry::core();
    let user = registry.resource_type("User").unwrap();
    let path = AttrPath::parse(path).unwrap();
    let found = user.locate(&path).map(|target| match target {
        Target::Attribute(located) => located.path(),
        Target::Extension(schema) => schema.id.clone(),
    });
    assert_eq!(found.as_deref(), expected);
}

#[test]
fn c26_an_extension_by_its_urn_alone() {
    let registry = Registry::core();
    let path = AttrPath::parse(&ENTERPRISE.to_lowercase()).unwrap();
    let found = registry.resource_type("User").unwrap().locate(&path);
    assert!(matches!(found, Some(Target::Extension(schema)) if schema.id == ENTERPRISE));
}

#[rstest]
#[case("name.givenName")]
#[case("urn:ietf:params:scim:schemas:core:2.0:User:name.givenName")]
#[case("emails[type eq \"work\" and not (value co \"x\\\"y\")].value")]
#[case("members[$ref pr]")]
fn paths_print_as_they_were_written(#[case] path: &str) {
    assert_eq!(PatchPath::parse(path).unwrap().to_string(), path);
}

#[test]
fn a_path_knows_where_it_stands() {
    let PatchPath::Attribute(path) = PatchPath::parse("  name.givenName ").unwrap() else {
        panic!("no filter")
    };
    assert_eq!((path.span.start, path.span.end), (2, 16));
}

#[test]
fn definitions_that_do_not_fit_together_are_refused() {
    let schema =
        json!({"id": "urn:example:a", "name": "A", "description": "A", "attributes": []}).to_string();
    let types = |schema: &str, rows: &str| {
        json!([{"name": "A", "endpoint": "/As", "description": "A", "schema": schema, "rows": rows}])
            .to_string()
    };
    let parse = |schemas: &[(&str, &str)], types: &str| Registry::parse(schemas, types).unwrap_err();
    assert!(matches!(parse(&[("a", "{")], "[]"), DefinitionError::Malformed { .. }));
    assert!(matches!(parse(&[("a", &schema), ("b", &schema)], "[]"), DefinitionError::Twice(_)));
    assert!(matches!(
        parse(&[("a", &schema)], &types("urn:example:b", "id")),
        DefinitionError::UnknownSchema { .. }
    ));
    let unknown = parse(&[("a", &schema)], &types("urn:example:a", "members"));
    assert!(unknown.to_string().contains("members"), "{unknown}");
}
