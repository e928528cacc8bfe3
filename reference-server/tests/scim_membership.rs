//! PATCH on a Group's members, which are rows and not part of the document: RFC 7644 sections 3.5.2.1 to 3.5.2.3.

use rstest::rstest;
use scimspec_reference_server::scim::{
    Draft, Error, Map, Member, Membership, MembershipChange, PatchRequest, PatchRules, Patched, Registry,
};
use serde_json::{Value, json};

const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// Operations on a group whose members are a, b and c, and the members afterwards.
#[rstest]
#[case::add_l15(json!([{"op": "add", "path": "members", "value": [{"value": "d"}]}]), "a b c d")]
#[case::add_l16_twice(
    json!([{"op": "add", "path": "members", "value": [{"value": "d"}, {"value": "d"}, {"value": "a"}]},
           {"op": "add", "path": "members", "value": [{"value": "d"}]}]), "a b c d")]
#[case::add_one_object(json!([{"op": "add", "path": "members", "value": {"value": "d"}}]), "a b c d")]
#[case::add_without_path(json!([{"op": "add", "value": {"members": [{"value": "d"}]}}]), "a b c d")]
#[case::add_entra_null_ref(json!([{"op": "Add", "path": "members", "value": [{"$ref": null, "value": "d"}]}]), "a b c d")]
#[case::add_nothing(json!([{"op": "add", "path": "members", "value": []}]), "a b c")]
#[case::add_through_filter(
    json!([{"op": "add", "path": "members[value eq \"d\"]", "value": {"value": "d"}}]), "a b c d")]
#[case::remove_l6_all(json!([{"op": "remove", "path": "members"}]), "")]
#[case::remove_l7_filter(json!([{"op": "remove", "path": "members[value eq \"a\"]"}]), "b c")]
#[case::remove_l12_no_match(json!([{"op": "remove", "path": "members[value eq \"nope\"]"}]), "a b c")]
#[case::remove_l18_listed(json!([{"op": "Remove", "path": "members", "value": [{"value": "a"}]}]), "b c")]
#[case::remove_l18_listed_none(json!([{"op": "Remove", "path": "members", "value": []}]), "a b c")]
#[case::remove_l21_and_add(
    json!([{"op": "remove", "path": "members"}, {"op": "add", "path": "members", "value": [{"value": "b"}, {"value": "d"}]}]),
    "b d")]
#[case::remove_l23_no_blank(json!([{"op": "remove", "path": "members[value eq\"a\"]"}]), "b c")]
#[case::remove_or(json!([{"op": "remove", "path": "members[value eq \"a\" or value eq \"c\"]"}]), "b")]
#[case::remove_is_case_exact(json!([{"op": "remove", "path": "members[value eq \"A\"]"}]), "a b c")]
#[case::remove_then_add(
    json!([{"op": "remove", "path": "members[value eq \"a\"]"}, {"op": "add", "path": "members", "value": [{"value": "a"}]}]),
    "a b c")]
#[case::add_then_remove(
    json!([{"op": "add", "path": "members", "value": [{"value": "d"}]}, {"op": "remove", "path": "members[value eq \"d\"]"}]),
    "a b c")]
#[case::replace_l19(json!([{"op": "replace", "path": "members", "value": [{"value": "b"}, {"value": "d"}]}]), "b d")]
#[case::replace_l20_empty(json!([{"op": "replace", "path": "members", "value": []}]), "")]
#[case::replace_without_path(json!([{"op": "replace", "value": {"members": [{"value": "d"}]}}]), "d")]
#[case::okta_l3(
    json!([{"op": "remove", "path": "members[value eq \"a\"]"}, {"op": "add", "path": "members", "value": [{"value": "d"}]}]),
    "b c d")]
#[case::rename_touches_nobody(json!([{"op": "replace", "value": {"id": "g-1", "displayName": "n"}}]), "a b c")]
fn blind(#[case] operations: Value, #[case] expected: &str) {
    let change = match patch(&operations).unwrap().membership {
        Membership::Untouched => MembershipChange::default(),
        Membership::Change(change) => change,
        Membership::NeedsRows(plan) => panic!("{plan:?} needs the rows"),
    };
    let mut rows = rows();
    let changed = change.apply_to(&mut rows);
    assert_eq!(values(&rows), expected);
    assert_eq!(changed, expected != "a b c");
}

#[rstest]
#[case::by_type(json!([{"op": "remove", "path": "members[type eq \"Group\"]"}]), "a b")]
#[case::by_name(json!([{"op": "remove", "path": "members[display sw \"A\"]"}]), "b c")]
#[case::by_both(json!([{"op": "remove", "path": "members[value eq \"a\" and type eq \"Group\"]"}]), "a b c")]
#[case::by_not(json!([{"op": "remove", "path": "members[not (value eq \"a\")]"}]), "a")]
#[case::later_sees_earlier(
    json!([{"op": "add", "path": "members", "value": [{"value": "d", "type": "Group"}]},
           {"op": "remove", "path": "members[type eq \"Group\"]"},
           {"op": "add", "path": "members", "value": [{"value": "e"}]}]), "a b e")]
#[case::after_a_clear(
    json!([{"op": "remove", "path": "members"},
           {"op": "add", "path": "members", "value": [{"value": "d", "type": "Group"}, {"value": "a"}]},
           {"op": "remove", "path": "members[type eq \"Group\"]"}]), "a")]
fn with_rows(#[case] operations: Value, #[case] expected: &str) {
    let Membership::NeedsRows(plan) = patch(&operations).unwrap().membership else {
        panic!("this cannot be decided without the rows");
    };
    let mut rows = rows();
    plan.resolve(&rows).apply_to(&mut rows);
    assert_eq!(values(&rows), expected);
}

#[rstest]
#[case::rfc7643_4_2_l4_edit("mutability", json!([{"op": "replace", "path": "members[value eq \"a\"].value", "value": "d"}]))]
#[case::edit_record("mutability", json!([{"op": "replace", "path": "members[value eq \"a\"]", "value": {"value": "d"}}]))]
#[case::edit_name("mutability", json!([{"op": "replace", "path": "members[value eq \"a\"].display", "value": "d"}]))]
#[case::remove_required_part("mutability", json!([{"op": "remove", "path": "members[value eq \"a\"].value"}]))]
#[case::add_other_than_selected("mutability", json!([{"op": "add", "path": "members[value eq \"a\"]", "value": {"value": "d"}}]))]
#[case::no_value("invalidValue", json!([{"op": "add", "path": "members"}]))]
#[case::member_without_value("invalidValue", json!([{"op": "add", "path": "members", "value": [{"display": "x"}]}]))]
#[case::bare_string("invalidValue", json!([{"op": "add", "path": "members", "value": "d"}]))]
#[case::number("invalidValue", json!([{"op": "add", "path": "members", "value": [{"value": 5}]}]))]
#[case::undefined("invalidFilter", json!([{"op": "remove", "path": "members[nope eq \"a\"]"}]))]
#[case::required_name("mutability", json!([{"op": "remove", "path": "displayName"}]))]
#[case::other_id("mutability", json!([{"op": "replace", "value": {"id": "g-2", "displayName": "n"}}]))]
fn refused(#[case] scim_type: &str, #[case] operations: Value) {
    let error = patch(&operations).unwrap_err();
    assert_eq!((error.status, error.scim_type.unwrap().as_str()), (400, scim_type), "{}", error.detail);
}

#[test]
fn rfc7644_3_5_2_l38_many_operations_become_one_change() {
    let operations: Vec<Value> = (0..100)
        .map(|n| json!({"op": "add", "path": "members", "value": [{"value": format!("m{n}")}]}))
        .collect();
    let Membership::Change(change) = patch(&Value::Array(operations)).unwrap().membership else {
        panic!("adding needs no rows");
    };
    assert_eq!((change.clear, change.remove.len(), change.add.len()), (false, 0, 100));
}

#[test]
fn a_member_keeps_what_the_client_said_of_it() {
    let said = json!({"value": "d", "$ref": "https://example.com/Users/d", "type": "User", "display": "D"});
    let patched = patch(&json!([{"op": "add", "path": "members", "value": [said]}])).unwrap();
    let Membership::Change(change) = patched.membership else { panic!("adding needs no rows") };
    assert_eq!(change.add[0].to_json(), said);
    assert!(!patched.changed && !patched.document.contains_key("members"));
}

#[test]
fn a_create_and_a_replace_name_all_members() {
    let group = Registry::core().resource_type("Group").expect("the core has it").clone();
    let body = |members: Value| map(json!({"schemas": [GROUP], "displayName": "Ops", "members": members}));
    let created =
        Draft::create(&group, body(json!([{"value": "a"}, {"value": "a"}, {"value": "b"}]))).unwrap();
    assert_eq!(values(&created.members), "a b");
    assert_eq!(Value::Object(created.document.clone()), json!({"schemas": [GROUP], "displayName": "Ops"}));
    let replaced = Draft::replace(&group, body(json!([])), &created.document).unwrap();
    assert_eq!(values(&replaced.members), "");
    let mut left = rows();
    assert!(MembershipChange::replace_all(replaced.members).apply_to(&mut left) && left.is_empty());
}

fn patch(operations: &Value) -> Result<Patched, Error> {
    let body =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
    let group = Registry::core().resource_type("Group").expect("the core has it").clone();
    let current = map(json!({"schemas": [GROUP], "id": "g-1", "displayName": "Ops"}));
    PatchRequest::from_value(body)?.apply(&group, &current, PatchRules::default())
}

fn rows() -> Vec<Member> {
    vec![
        Member { kind: Some("User".to_owned()), display: Some("Ada".to_owned()), ..Member::new("a") },
        Member { kind: Some("User".to_owned()), ..Member::new("b") },
        Member { kind: Some("Group".to_owned()), ..Member::new("c") },
    ]
}

fn values(members: &[Member]) -> String {
    members.iter().map(|member| member.value.as_str()).collect::<Vec<_>>().join(" ")
}

fn map(value: Value) -> Map {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
