//! Creating and replacing: from a client's body to the canonical document, its keys and its projections.

use rstest::rstest;
use scimspec_reference_server::scim::{
    Draft, Error, Map, Projection, Registry,
    resource::{Key, keys, unique_keys},
    schema::ResourceType,
};
use serde_json::{Value, json};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// What is sent beside `schemas` and `userName`, and what the document has beside these and `active`.
#[rstest]
#[case::rfc7643_2_1_l1_names_have_no_case(
    json!({"NAME": {"GIVENNAME": "Ada"}, "Emails": [{"VALUE": "a@example.com"}]}),
    json!({"name": {"givenName": "Ada"}, "emails": [{"value": "a@example.com"}]}))]
#[case::rfc7643_2_5_l1_null_is_absence(
    json!({"title": null, "emails": [], "name": {}, "phoneNumbers": [{"value": null}], ENTERPRISE: null}), json!({}))]
#[case::rfc7643_3_1_l7_l15_read_only(
    json!({"id": "mine", "meta": {"created": "1999-01-01T00:00:00Z"}, "groups": [{"value": "g"}],
           ENTERPRISE: {"manager": {"value": "u-1", "displayName": "Forged"}}}),
    json!({ENTERPRISE: {"manager": {"value": "u-1"}}}))]
#[case::rfc7644_3_3_l12_unknown_is_dropped(
    json!({"favouriteColour": "red", "name": {"givenName": "Ada", "nope": 1}, "urn:example:x": {"a": 1}}),
    json!({"name": {"givenName": "Ada"}}))]
#[case::rfc7643_3_l5_extension_attributes_stand_in_the_extension(
    json!({"department": "D", ENTERPRISE.to_uppercase(): {"Department": "E"}}), json!({ENTERPRISE: {"department": "E"}}))]
#[case::entra_roles(json!({"roles": []}), json!({}))]
#[case::c6_booleans_as_strings(
    json!({"emails": [{"value": "a@example.com", "primary": "True"}]}),
    json!({"emails": [{"value": "a@example.com", "primary": true}]}))]
#[case::c26_manager_as_string(
    json!({ENTERPRISE: {"manager": "u-1"}}), json!({ENTERPRISE: {"manager": {"value": "u-1"}}}))]
#[case::rfc7643_2_4_l4_one_value_twice(
    json!({"emails": [{"value": "a@example.com", "type": "work"}, {"type": "WORK", "value": "A@example.com", "primary": true}]}),
    json!({"emails": [{"value": "a@example.com", "type": "work", "primary": true}]}))]
#[case::rfc7643_4_1_2_l3_country(
    json!({"addresses": [{"country": "US"}]}), json!({"addresses": [{"country": "US"}]}))]
#[case::rfc7643_4_1_2_l7_certificate(
    json!({"x509Certificates": [{"value": "MIIDQzCCAqygAwIBAgICEAAwDQYJ"}]}),
    json!({"x509Certificates": [{"value": "MIIDQzCCAqygAwIBAgICEAAwDQYJ"}]}))]
#[case::rfc7643_3_1_l11_values_as_sent(json!({"externalId": "AbC-1"}), json!({"externalId": "AbC-1"}))]
fn created(#[case] sent: Value, #[case] expected: Value) {
    let document = create(&sent).unwrap().document;
    let mut document: Map = document.into_iter().filter(|(name, _)| name != "schemas").collect();
    assert_eq!(document.shift_remove("userName"), Some(json!("Ada@example.com")));
    assert_eq!(document.shift_remove("active"), Some(json!(true)));
    assert_eq!(Value::Object(document), expected);
}

#[rstest]
#[case::rfc7644_3_3_l10_number("invalidValue", json!({"userName": 123}))]
#[case::rfc7644_3_3_l10_complex("invalidValue", json!({"name": "x"}))]
#[case::rfc7644_3_3_l10_multi("invalidValue", json!({"emails": "x"}))]
#[case::rfc7644_3_3_l10_multi_object("invalidValue", json!({"emails": {"value": "x"}}))]
#[case::boolean("invalidValue", json!({"active": "maybe"}))]
#[case::boolean_number("invalidValue", json!({"active": 1}))]
#[case::rfc7643_4_1_1_l1_empty("invalidValue", json!({"userName": ""}))]
#[case::rfc7643_4_1_1_l1_blank("invalidValue", json!({"userName": "  "}))]
#[case::rfc7643_4_1_1_l1_null("invalidValue", json!({"userName": null}))]
#[case::rfc7643_2_4_l1_two_primaries(
    "invalidValue", json!({"emails": [{"value": "a@example.com", "primary": true}, {"value": "b@example.com", "primary": true}]}))]
#[case::rfc7643_4_1_2_l3_country("invalidValue", json!({"addresses": [{"country": "USA"}]}))]
#[case::rfc7643_2_3_6_l1_base64("invalidValue", json!({"x509Certificates": [{"value": "not base64!"}]}))]
#[case::rfc7643_4_1_2_l7_no_certificate("invalidValue", json!({"x509Certificates": [{"value": "Z2FyYmFnZQ=="}]}))]
#[case::reference("invalidValue", json!({"profileUrl": "no uri"}))]
#[case::nul("invalidValue", json!({"title": "a\u{0}b"}))]
#[case::null_among_values("invalidValue", json!({"emails": [null]}))]
#[case::extension("invalidValue", json!({ENTERPRISE: "x"}))]
#[case::one_attribute_twice("invalidSyntax", json!({"title": "a", "TITLE": "b"}))]
#[case::rfc7644_3_3_l11_no_schemas("invalidSyntax", json!({"schemas": null}))]
#[case::rfc7644_3_3_l11_other_schemas("invalidValue", json!({"schemas": ["urn:x"]}))]
#[case::rfc7643_3_3_l1_no_base_schema("invalidValue", json!({"schemas": [ENTERPRISE]}))]
#[case::rfc7643_3_l1_empty_schemas("invalidValue", json!({"schemas": []}))]
#[case::schemas_type("invalidValue", json!({"schemas": CORE}))]
fn refused(#[case] scim_type: &str, #[case] sent: Value) {
    let error = create(&sent).unwrap_err();
    assert_eq!((error.status, error.scim_type.unwrap().as_str()), (400, scim_type), "{}", error.detail);
}

#[rstest]
#[case::rfc7643_3_l2_twice(json!([CORE, CORE]), json!({}), json!([CORE]))]
#[case::rfc7643_3_l4_order(json!([ENTERPRISE, CORE]), json!({"costCenter": "1"}), json!([CORE, ENTERPRISE]))]
#[case::rfc7643_3_l6_not_named(json!([CORE]), json!({"costCenter": "1"}), json!([CORE, ENTERPRISE]))]
#[case::named_without_data(json!([CORE, ENTERPRISE]), json!({}), json!([CORE]))]
#[case::entra_groups_l6_unknown(
    json!([CORE, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/User"]), json!({}), json!([CORE]))]
#[case::letter_case(json!([CORE.to_uppercase()]), json!({}), json!([CORE]))]
fn schemas_say_what_is_there(#[case] sent: Value, #[case] extension: Value, #[case] expected: Value) {
    let document = create(&json!({"schemas": sent, ENTERPRISE: extension})).unwrap().document;
    assert_eq!(document["schemas"], expected);
}

#[test]
fn a_document_has_the_schemas_order() {
    let draft = create(&json!({ENTERPRISE: {"department": "D"}, "title": "t", "externalId": "x"})).unwrap();
    let names: Vec<&str> = draft.document.keys().map(String::as_str).collect();
    assert_eq!(names, ["schemas", "externalId", "userName", "title", "active", ENTERPRISE]);
}

#[test]
fn rfc7643_9_2_l1_a_password_never_is_part_of_the_document() {
    let draft = create(&json!({"password": "hunter2"})).unwrap();
    assert_eq!(draft.write_only.password(), Some("hunter2"));
    assert!(!draft.document.contains_key("password"));
    assert!(!format!("{draft:?}").contains("hunter2"));
    let error = create(&json!({"password": ["hunter2"]})).unwrap_err();
    assert!(!error.detail.contains("hunter2"), "{}", error.detail);
}

#[test]
fn a_replace_clears_what_is_left_out_and_keeps_what_the_server_says() {
    let mut current = create(&json!({"title": "t", "name": {"givenName": "Ada"}})).unwrap().document;
    current.insert("id".to_owned(), json!("u-7"));
    current.insert("meta".to_owned(), json!({"resourceType": "User"}));
    let body = json!({"id": "u-8", "meta": {"resourceType": "X"}, "nickName": "n"});
    let replaced = replace(&body, &current).unwrap();
    assert_eq!(
        Value::Object(replaced.document),
        json!({"schemas": [CORE], "id": "u-7", "userName": "Ada@example.com", "nickName": "n", "active": true,
               "meta": {"resourceType": "User"}})
    );
}

#[rstest]
#[case::left_out(json!({}), false)]
#[case::null(json!({"active": null}), false)]
#[case::true_again(json!({"active": true}), true)]
#[case::false_again(json!({"active": "False"}), false)]
fn a_replace_that_does_not_speak_of_access_leaves_it(#[case] body: Value, #[case] expected: bool) {
    let current = create(&json!({"active": false})).unwrap().document;
    let replaced = replace(&body, &current).unwrap();
    assert_eq!(replaced.document["active"], json!(expected));
    assert!(replaced.write_only.is_empty());
}

#[test]
fn rfc7644_3_5_1_l10_a_replace_without_a_required_attribute_is_refused() {
    let current = create(&json!({})).unwrap().document;
    let body = map(json!({"schemas": [CORE], "title": "t"}));
    let error = Draft::replace(&user(), body, &current).unwrap_err();
    assert_eq!(error.scim_type.unwrap().as_str(), "invalidValue");
}

#[rstest]
#[case::rfc7644_3_5_1_l6_same(json!({"badge": "A", "desk": {"floor": "1"}}), Ok(json!({"badge": "A", "desk": {"floor": "1"}})))]
#[case::left_out(json!({}), Ok(json!({"badge": "A"})))]
#[case::rfc7644_3_5_1_l5_other(json!({"badge": "B"}), Err("mutability"))]
#[case::other_sub_attribute(json!({"desk": {"floor": "2"}}), Err("mutability"))]
#[case::rfc7644_3_5_1_l7_first(json!({"locker": "7"}), Ok(json!({"badge": "A", "locker": "7"})))]
fn immutable_attributes(#[case] body: Value, #[case] expected: Result<Value, &str>) {
    let registry = custom();
    let badge = registry.resource_type("Badge").unwrap();
    let current = map(json!({"schemas": ["urn:example:Badge"], "badge": "A", "desk": {"floor": "1"}}));
    let mut body = map(body);
    body.insert("schemas".to_owned(), json!(["urn:example:Badge"]));
    match (Draft::replace(badge, body, &current), expected) {
        (Ok(draft), Ok(expected)) => {
            let document: Map = draft.document.into_iter().filter(|(name, _)| name != "schemas").collect();
            assert_eq!(Value::Object(document), expected);
        }
        (Err(error), Err(expected)) => assert_eq!(error.scim_type.unwrap().as_str(), expected),
        (got, expected) => panic!("{got:?} instead of {expected:?}"),
    }
}

#[test]
fn integers_dates_and_required_parts_of_a_schema_from_text() {
    let registry = custom();
    let badge = registry.resource_type("Badge").unwrap();
    let create = |attributes: Value| {
        let mut body = map(attributes);
        body.insert("schemas".to_owned(), json!(["urn:example:Badge"]));
        Draft::create(badge, body)
    };
    assert!(create(json!({"level": 9, "since": "2026-01-01T00:00:00Z", "tags": ["a", "b", "a"]})).is_ok());
    for wrong in [
        json!({"level": 9.5}),
        json!({"level": "9"}),
        json!({"since": "yesterday"}), // RFC7643-2.3.5-L2
        json!({"desk": {"room": "1"}}),
        json!({"tags": [1]}),
    ] {
        let error = create(wrong.clone()).unwrap_err();
        assert_eq!(error.scim_type.unwrap().as_str(), "invalidValue", "{wrong}: {}", error.detail);
    }
}

#[test]
fn keys_are_folded_by_the_schema() {
    let emails = json!([{"value": "A@Example.com", "type": "work"}, {"value": "a@example.com"}]);
    let document =
        create(&json!({"externalId": "AbC", "displayName": "Ada L", "emails": emails})).unwrap().document;
    let key = |attribute: &str, value: &str| Key { attribute: attribute.to_owned(), value: value.to_owned() };
    assert_eq!(
        keys(&user(), &document),
        [
            key("userName", "ada@example.com"),
            key("externalId", "AbC"),
            key("displayName", "ada l"),
            key("emails.value", "a@example.com"),
        ]
    );
    assert_eq!(unique_keys(&user(), &document), [key("userName", "ada@example.com")]); // C22
}

#[rstest]
#[case::default(None, None, "schemas id userName name emails groups urn meta")]
#[case::rfc7644_3_9_l1_only(Some("userName"), None, "schemas id userName")]
#[case::rfc7644_3_9_l5_list(Some(" userName , active,name"), None, "schemas id userName name")]
#[case::rfc7644_3_9_l6_excluded(None, Some("name,emails,groups"), "schemas id userName urn meta")]
#[case::rfc7644_3_9_l7_always(None, Some("id,schemas"), "schemas id userName name emails groups urn meta")]
#[case::rfc7644_3_9_l12_unknown(Some("userName,nope,a b"), None, "schemas id userName")]
#[case::rfc7644_3_10_l1_core_urn(
    Some("urn:ietf:params:scim:schemas:core:2.0:User:userName"),
    None,
    "schemas id userName"
)]
#[case::rfc7644_3_10_l3_case(Some("USERNAME,Name.GIVENNAME"), None, "schemas id userName name")]
#[case::rfc7643_4_1_1_l7_password(Some("password"), None, "schemas id")]
#[case::extension_urn(Some(ENTERPRISE), None, "schemas id urn")]
#[case::empty_parameter(Some(""), Some(""), "schemas id userName name emails groups urn meta")]
fn projected(#[case] attributes: Option<&str>, #[case] excluded: Option<&str>, #[case] expected: &str) {
    let mut resource = full();
    Projection::from_query(attributes, excluded).unwrap().apply(&user(), &mut resource);
    let names: Vec<&str> =
        resource.keys().map(|name| if name == ENTERPRISE { "urn" } else { name.as_str() }).collect();
    assert_eq!(names.join(" "), expected);
}

#[rstest]
#[case::rfc7644_3_9_l2(Some("name.givenName"), None, "/name", json!({"givenName": "Ada"}))]
#[case::rfc7644_3_9_l3(Some("name"), None, "/name", json!({"givenName": "Ada", "familyName": "Lovelace"}))]
#[case::rfc7644_3_9_l4(Some("emails.value"), None, "/emails", json!([{"value": "a@example.com"}, {"value": "b@example.com"}]))]
#[case::some_values(Some("emails.primary"), None, "/emails", json!([{"primary": true}]))]
#[case::rfc7644_3_9_l8(None, Some("name.familyName"), "/name", json!({"givenName": "Ada"}))]
#[case::rfc7644_3_10_l2(Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"), None,
    "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", json!({"department": "D"}))]
#[case::rfc7644_3_10_l4(Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value"), None,
    "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", json!({"manager": {"value": "u-1"}}))]
fn projected_parts(
    #[case] attributes: Option<&str>,
    #[case] excluded: Option<&str>,
    #[case] pointer: &str,
    #[case] expected: Value,
) {
    let mut resource = full();
    Projection::from_query(attributes, excluded).unwrap().apply(&user(), &mut resource);
    assert_eq!(Value::Object(resource).pointer(pointer), Some(&expected));
}

#[test]
fn c39_both_parameters_exclude_each_other() {
    let error = Projection::from_query(Some("userName"), Some("name")).unwrap_err();
    assert_eq!((error.status, error.scim_type.unwrap().as_str()), (400, "invalidValue"));
}

#[test]
fn rfc7643_7_l20_l21_returned_on_request_or_if_sent() {
    let registry = custom();
    let badge = registry.resource_type("Badge").unwrap();
    let resource = || map(json!({"id": "1", "badge": "A", "note": "n"}));
    let project = |projection: Projection| {
        let mut resource = resource();
        projection.apply(badge, &mut resource);
        resource.contains_key("note")
    };
    assert!(!project(Projection::default()));
    assert!(project(Projection::from_query(Some("note"), None).unwrap()));
    assert!(project(Projection::default().for_write(badge, &map(json!({"NOTE": "n"})))));
    assert!(!project(Projection::default().for_write(badge, &map(json!({"badge": "n"})))));
}

#[test]
fn what_is_costly_is_fetched_only_if_it_is_wanted() {
    let group = Registry::core().resource_type("Group").unwrap().clone();
    let wants =
        |attributes, excluded| Projection::from_query(attributes, excluded).unwrap().wants(&group, "members");
    assert!(wants(None, None) && wants(Some("members.value"), None));
    assert!(!wants(None, Some("members")) && !wants(Some("displayName"), None));
}

fn create(sent: &Value) -> Result<Draft, Error> {
    Draft::create(&user(), body(sent))
}

fn replace(sent: &Value, current: &Map) -> Result<Draft, Error> {
    Draft::replace(&user(), body(sent), current)
}

fn body(sent: &Value) -> Map {
    let mut body = map(json!({"schemas": [CORE], "userName": "Ada@example.com"}));
    body.extend(map(sent.clone()));
    body
}

fn user() -> ResourceType {
    ResourceType::clone(Registry::core().resource_type("User").expect("the core has it"))
}

fn full() -> Map {
    map(json!({
        "schemas": [CORE, ENTERPRISE],
        "id": "u-7",
        "userName": "ada@example.com",
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "password": "hunter2",
        "emails": [{"value": "a@example.com", "type": "work", "primary": true}, {"value": "b@example.com"}],
        "groups": [{"value": "g-1"}],
        ENTERPRISE: {"department": "D", "manager": {"value": "u-1", "displayName": "M"}},
        "meta": {"resourceType": "User"},
        "stray": 1,
    }))
}

fn custom() -> Registry {
    let schema = json!({
        "id": "urn:example:Badge", "name": "Badge", "description": "A badge",
        "attributes": [
            {"name": "badge", "description": "Its number", "mutability": "immutable"},
            {"name": "locker", "description": "Its locker", "mutability": "immutable"},
            {"name": "level", "type": "integer", "description": "Its level"},
            {"name": "since", "type": "dateTime", "description": "Its start"},
            {"name": "note", "description": "A note", "returned": "request"},
            {"name": "tags", "multiValued": true, "description": "Its tags"},
            {"name": "desk", "type": "complex", "description": "Its desk", "subAttributes": [
                {"name": "floor", "description": "The floor", "required": true, "mutability": "immutable"},
                {"name": "room", "description": "The room"},
            ]},
        ],
    });
    let types = json!([{"name": "Badge", "endpoint": "/Badges", "description": "A badge", "schema": "urn:example:Badge"}]);
    Registry::parse(&[("badge", &schema.to_string())], &types.to_string()).expect("a valid definition")
}

fn map(value: Value) -> Map {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
