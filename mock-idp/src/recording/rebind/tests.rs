//! What is rebound and what is not, place by place.

use http::Method;
use rstest::rstest;
use serde_json::json;

use super::*;

const OLD: &str = "https://old.example/scim/v2";
const NEW: &str = "http://127.0.0.1:1/scim";
const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";

fn rebinding() -> Rebinding {
    let mut rebinding = Rebinding::new(Some(&Url::parse(OLD).unwrap()), &Url::parse(NEW).unwrap());
    rebinding.bind(ResourceId::at("/Users", "1"), "u-1");
    rebinding.bind(ResourceId::at("/Users", "0f8fad5b-d9cb-469f-a165-70867728950e"), "u-2");
    rebinding.bind(ResourceId::at("/Groups", "1"), "g/1");
    rebinding
}

fn sent(target: &str, body: &Value) -> Request {
    Request::scim(Method::PATCH, target).body(body.to_string())
}

fn rebound(target: &str, body: &Value) -> Value {
    let request = rebinding().request(&sent(target, body)).request;
    serde_json::from_slice(&request.body.unwrap()).unwrap()
}

fn patch(operation: &Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]})
}

#[rstest]
#[case("/Users/1", "/Users/u-1")]
#[case("/users/1?attributes=id", "/users/u-1?attributes=id")]
#[case("/Groups/1", "/Groups/g%2F1")]
#[case("/Users/2", "/Users/2")]
#[case("/Users?filter=id%20eq%20%221%22", "/Users?filter=id%20eq%20%22u-1%22")]
#[case("/Groups?filter=members[value eq \"1\"]", "/Groups?filter=members[value eq \"u-1\"]")]
#[case("/Users?filter=manager.value+eq+%221%22", "/Users?filter=manager.value+eq+%22u-1%22")]
#[case("/Users?filter=userName%20eq%20%221%22", "/Users?filter=userName%20eq%20%221%22")]
#[case("/Users/.search", "/Users/.search")]
#[case("/Schemas/1", "/Schemas/1")]
fn targets(#[case] recorded: &str, #[case] expected: &str) {
    let rebound = rebinding().request(&Request::scim(Method::GET, recorded));
    assert_eq!(rebound.request.to, Destination::Scim(expected.to_owned()));
}

#[rstest]
#[case::members(json!({"op": "add", "path": "members", "value": [{"value": "1", "display": "1"}]}),
    json!({"op": "add", "path": "members", "value": [{"value": "u-1", "display": "1"}]}))]
#[case::a_member_that_is_a_group(json!({"op": "add", "path": "members", "value": [{"value": "1", "type": "Group"}]}),
    json!({"op": "add", "path": "members", "value": [{"value": "g/1", "type": "Group"}]}))]
#[case::a_path(json!({"op": "remove", "path": "members[value eq \"1\"]"}),
    json!({"op": "remove", "path": "members[value eq \"u-1\"]"}))]
#[case::a_manager_as_text(json!({"op": "Add", "path": MANAGER, "value": "1"}),
    json!({"op": "Add", "path": MANAGER, "value": "u-1"}))]
#[case::a_manager(json!({"op": "Add", "path": MANAGER, "value": {"value": "1", "$ref": "../Users/1"}}),
    json!({"op": "Add", "path": MANAGER, "value": {"value": "u-1", "$ref": "../Users/u-1"}}))]
#[case::without_a_path(json!({"op": "replace", "value": {"members": [{"value": "1"}], (format!("{MANAGER}.value")): "1"}}),
    json!({"op": "replace", "value": {"members": [{"value": "u-1"}], (format!("{MANAGER}.value")): "u-1"}}))]
#[case::a_short_id_elsewhere(json!({"op": "add", "path": "title", "value": "1"}),
    json!({"op": "add", "path": "title", "value": "1"}))]
#[case::a_long_id_anywhere(json!({"op": "add", "path": "title", "value": "0f8fad5b-d9cb-469f-a165-70867728950e"}),
    json!({"op": "add", "path": "title", "value": "u-2"}))]
fn operations(#[case] recorded: Value, #[case] expected: Value) {
    assert_eq!(rebound("/Groups/1", &patch(&recorded)), patch(&expected));
}

#[test]
fn the_id_of_a_resource_and_its_addresses() {
    let body = json!({"id": "1", "displayName": "1", "meta": {"location": format!("{OLD}/Groups/1"), "version": "1"},
        "members": [{"value": "1", "$ref": format!("{OLD}/Users/1")}]});
    let expected = json!({"id": "g/1", "displayName": "1",
        "meta": {"location": format!("{NEW}/Groups/g%2F1"), "version": "1"},
        "members": [{"value": "u-1", "$ref": format!("{NEW}/Users/u-1")}]});
    assert_eq!(rebound("/Groups/1", &body), expected);
}

#[test]
fn a_bulk_request() {
    let body = json!({"Operations": [
        {"method": "DELETE", "path": "/Users/1"},
        {"method": "POST", "path": "/Groups", "bulkId": "1", "data": {"members": [{"value": "1"}, {"value": "bulkId:1"}]}}]});
    let rebound = rebinding().request(&sent("/Bulk", &body));
    let json: Value = serde_json::from_slice(&rebound.request.body.unwrap()).unwrap();
    assert_eq!(json["Operations"][0]["path"], "/Users/u-1");
    assert_eq!(json["Operations"][1]["data"]["members"][0]["value"], "u-1");
    assert_eq!(rebound.named[0].place, Where::BulkPath);
    assert!(
        rebound.named.iter().all(|named| !named.resource.id.starts_with("bulkId:")),
        "{:?}",
        rebound.named
    );
}

#[test]
fn a_body_without_ids_goes_out_byte_for_byte() {
    let request = Request::scim(Method::POST, "/Users").body("{ \"userName\" : \"ada\" }");
    assert_eq!(rebinding().request(&request).request, request);
}

#[test]
fn what_has_no_counterpart_is_told() {
    let body = patch(&json!({"op": "add", "path": "members", "value": [{"value": "9"}]}));
    let named = rebinding().request(&sent("/Groups/8", &body)).named;
    let missing: Vec<_> = named.iter().filter(|named| named.bound.is_none()).collect();
    assert_eq!((missing[0].resource.to_string().as_str(), missing[0].place), ("/Groups/8", Where::Path));
    assert_eq!((missing[1].resource.to_string().as_str(), missing[1].place), ("/Users/9", Where::Body));
}

/// Both servers' answers to the same request.
fn learn(rebinding: &mut Rebinding, target: &str, recorded: &Value, new: &Value) -> Vec<Learned> {
    let answer = |json: &Value| Answer { status: 200, headers: Vec::new(), body: json.to_string().into() };
    let (old, other) = (answer(recorded), answer(new));
    rebinding.learn(
        target,
        Shown { answer: &old, json: Some(recorded) },
        Shown { answer: &other, json: Some(new) },
    )
}

fn list(resources: &Value) -> Value {
    json!({"totalResults": resources.as_array().unwrap().len(), "Resources": resources})
}

#[test]
fn lists_are_paired_by_name_and_not_by_position() {
    let mut rebinding = rebinding();
    let recorded = list(&json!([{"id": "a", "userName": "ada"}, {"id": "b", "userName": "bob"}]));
    let new = list(
        &json!([{"id": "2", "userName": "BOB"}, {"id": "3", "userName": "eve"}, {"id": "1", "userName": "ada"}]),
    );
    learn(&mut rebinding, "/Users", &recorded, &new);
    assert_eq!(rebinding.of(&ResourceId::at("/Users", "a")), Some("1"));
    assert_eq!(rebinding.of(&ResourceId::at("/Users", "b")), Some("2"));
    let stranger = list(&json!([{"id": "c", "userName": "cy"}]));
    let other = list(&json!([{"id": "9", "userName": "dee"}]));
    learn(&mut rebinding, "/Users", &stranger, &other);
    assert_eq!(rebinding.of(&ResourceId::at("/Users", "c")), None, "somebody else");
}

#[test]
fn without_names_a_single_result_is_the_single_result() {
    let mut rebinding = rebinding();
    learn(&mut rebinding, "/Users?attributes=id", &list(&json!([{"id": "a"}])), &list(&json!([{"id": "7"}])));
    assert_eq!(rebinding.of(&ResourceId::at("/Users", "a")), Some("7"));
}

#[test]
fn an_id_that_changes_is_told_and_followed() {
    let mut rebinding = rebinding();
    let recorded = list(&json!([{"id": "1", "userName": "ada"}]));
    let learned =
        learn(&mut rebinding, "/Users", &recorded, &list(&json!([{"id": "u-9", "userName": "ada"}])));
    assert_eq!((learned[0].before.as_deref(), learned[0].new.as_str()), (Some("u-1"), "u-9"));
    assert_eq!(rebinding.of(&ResourceId::at("/Users", "1")), Some("u-9"));
    // The answer to a request by id is told, but the id that was asked for stays.
    let learned = learn(&mut rebinding, "/Users/1", &json!({"id": "1"}), &json!({"id": "u-3"}));
    assert_eq!(learned[0].before.as_deref(), Some("u-9"));
    assert_eq!(rebinding.of(&ResourceId::at("/Users", "1")), Some("u-9"));
}

#[test]
fn two_that_became_one_are_told() {
    let mut rebinding = rebinding();
    let learned = learn(&mut rebinding, "/Users", &json!({"id": "2"}), &json!({"id": "u-1"}));
    assert_eq!(learned[0].shared_with, Some(ResourceId::at("/Users", "1")));
}

#[test]
fn what_was_created_is_known_by_location_where_no_body_comes() {
    let mut rebinding = rebinding();
    let answer = |location: &str| Answer {
        status: 201,
        headers: vec![("Location".to_owned(), location.to_owned())],
        body: bytes::Bytes::new(),
    };
    let (old, new) = (answer(&format!("{OLD}/Users/x")), answer("/scim/Users/y"));
    rebinding.learn("/Users", Shown { answer: &old, json: None }, Shown { answer: &new, json: None });
    assert_eq!(rebinding.of(&ResourceId::at("/Users", "x")), Some("y"));
}

#[test]
fn members_that_only_a_group_shows_are_known_by_the_name_displayed() {
    let mut rebinding = rebinding();
    let recorded =
        json!({"id": "1", "members": [{"value": "m", "display": "Ada"}, {"value": "n", "display": "Bob"}]});
    let new =
        json!({"id": "g/1", "members": [{"value": "8", "display": "bob"}, {"value": "9", "display": "ada"}]});
    learn(&mut rebinding, "/Groups/1", &recorded, &new);
    assert_eq!(rebinding.of(&ResourceId::at("/Users", "m")), Some("9"));
    assert_eq!(rebinding.of(&ResourceId::at("/Users", "n")), Some("8"));
}

#[test]
fn a_version_is_quoted_as_the_new_server_counts() {
    let mut rebinding = rebinding();
    let show = |version: &str| json!({"id": "1", "meta": {"version": version}});
    learn(&mut rebinding, "/Users/1", &show("W/\"3\""), &show("W/\"a\""));
    let request = Request::scim(Method::PUT, "/Users/1").header("If-Match", "W/\"3\"");
    assert_eq!(rebinding.request(&request).request.headers[0].1, "W/\"a\"");
    let stale = Request::scim(Method::PUT, "/Users/1").header("If-Match", "W/\"2\"");
    assert_eq!(rebinding.request(&stale).request.headers[0].1, "W/\"2\"");
}

#[test]
fn bulk_answers_are_paired_by_bulk_id() {
    let mut rebinding = rebinding();
    let operation = |id: &str, place: &str| json!({"bulkId": id, "location": place});
    let recorded = json!({"Operations": [operation("a", "/Users/x"), operation("b", "/Users/y")]});
    let new = json!({"Operations": [operation("b", "/scim/Users/2"), operation("a", "/scim/Users/1")]});
    learn(&mut rebinding, "/Bulk", &recorded, &new);
    assert_eq!(rebinding.of(&ResourceId::at("/Users", "x")), Some("1"));
    assert_eq!(rebinding.of(&ResourceId::at("/Users", "y")), Some("2"));
}
