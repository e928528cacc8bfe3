//! PATCH on a User's document: the rows of RFC 7644 sections 3.5.2 to 3.5.2.3, by their ids in the catalogue.

use rstest::rstest;
use scimspec_reference_server::scim::{Error, Map, PatchRequest, PatchRules, Patched, Registry};
use serde_json::{Value, json};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Operations on [`ada`] and the attributes that differ afterwards; null for one that is gone.
#[rstest]
#[case::l12_in_order(
    json!([{"op": "replace", "path": "title", "value": "A"}, {"op": "replace", "path": "title", "value": "B"}]),
    json!({"title": "B"}))]
#[case::l12_add_then_remove(
    json!([{"op": "add", "path": "emails", "value": [{"value": "x@example.com"}]},
           {"op": "remove", "path": "emails[value eq \"x@example.com\"]"}]),
    json!({}))]
#[case::l6_op_in_any_case(json!([{"op": "rEplace", "path": "title", "value": "B"}]), json!({"title": "B"}))]
#[case::l20_names_in_any_case(
    json!([{"op": "replace", "path": "NAME.familyname", "value": "Byron"},
           {"op": "replace", "path": "Emails[TYPE Eq \"work\"].VALUE", "value": "b@example.com"}]),
    json!({"name": {"givenName": "Ada", "familyName": "Byron"},
           "emails": [{"value": "b@example.com", "type": "work", "primary": true}, home()]}))]
#[case::l21_core_urn(
    json!([{"op": "replace", "path": format!("{CORE}:name.familyName"), "value": "Byron"}]),
    json!({"name": {"givenName": "Ada", "familyName": "Byron"}}))]
#[case::l22_urn_in_any_case(
    json!([{"op": "replace", "path": format!("{}:title", CORE.to_uppercase()), "value": "B"}]),
    json!({"title": "B"}))]
#[case::l23_filter_by_case_exact(
    json!([{"op": "replace", "path": "emails[type eq \"WORK\"].value", "value": "b@example.com"}]),
    json!({"emails": [{"value": "b@example.com", "type": "work", "primary": true}, home()]}))]
#[case::l24_whole_filter_grammar(
    json!([{"op": "remove", "path": "emails[not (type eq \"home\") and value ew \"example.com\"]"}]),
    json!({"emails": [home()]}))]
#[case::l30_booleans_as_strings(json!([{"op": "Replace", "path": "active", "value": "False"}]), json!({"active": false}))]
#[case::l32_primary_moves(
    json!([{"op": "replace", "path": "emails[type eq \"home\"].primary", "value": true}]),
    json!({"emails": [{"value": "ada@example.com", "type": "work", "primary": false},
                      {"value": "home@example.org", "type": "home", "primary": true}]}))]
#[case::l32_primary_moves_by_add(
    json!([{"op": "add", "path": "emails", "value": {"value": "x@example.com", "primary": true}}]),
    json!({"emails": [{"value": "ada@example.com", "type": "work", "primary": false}, home(),
                      {"value": "x@example.com", "primary": true}]}))]
#[case::l32_primary_moves_by_replace(
    json!([{"op": "replace", "path": "emails[type eq \"home\"]",
            "value": {"value": "x@example.com", "primary": true}}]),
    json!({"emails": [{"value": "ada@example.com", "type": "work", "primary": false},
                      {"value": "x@example.com", "primary": true}]}))]
#[case::l33_primary_stays(
    json!([{"op": "replace", "path": "emails[type eq \"work\"].primary", "value": true}]), json!({}))]
#[case::l35_extension_comes(
    json!([{"op": "remove", "path": ENTERPRISE}, {"op": "add", "path": format!("{ENTERPRISE}:employeeNumber"), "value": "7"}]),
    json!({ENTERPRISE: {"employeeNumber": "7"}}))]
#[case::l36_extension_goes(
    json!([{"op": "remove", "path": format!("{ENTERPRISE}:department")},
           {"op": "remove", "path": format!("{ENTERPRISE}:manager")}]),
    json!({"schemas": [CORE], ENTERPRISE: null}))]
#[case::l37_many_targets(
    json!([{"op": "replace", "path": "title", "value": "B"},
           {"op": "replace", "path": "name.familyName", "value": "Byron"},
           {"op": "replace", "path": "emails[type eq \"home\"].value", "value": "h@example.org"},
           {"op": "replace", "path": format!("{ENTERPRISE}:department"), "value": "D"},
           {"op": "replace", "path": "active", "value": false}]),
    json!({"title": "B", "name": {"givenName": "Ada", "familyName": "Byron"}, "active": false,
           "emails": [work(), {"value": "h@example.org", "type": "home"}],
           ENTERPRISE: {"department": "D", "manager": {"value": "u-1"}}}))]
#[case::l39_later_sees_earlier(
    json!([{"op": "add", "path": "emails", "value": [{"type": "other", "value": "o@example.com"}]},
           {"op": "replace", "path": "emails[type eq \"other\"].value", "value": "p@example.com"}]),
    json!({"emails": [work(), home(), {"value": "p@example.com", "type": "other"}]}))]
#[case::l40_keys_in_any_case(json!([{"op": "replace", "value": {"DISPLAYNAME": "x"}}]), json!({"displayName": "x"}))]
#[case::l42_unknown_members(
    json!([{"op": "replace", "path": "title", "value": "B", "name": "setTitle"}]), json!({"title": "B"}))]
#[case::l43_schemas(
    json!([{"op": "add", "path": "schemas", "value": [ENTERPRISE]},
           {"op": "replace", "path": format!("{ENTERPRISE}:department"), "value": "D"}]),
    json!({ENTERPRISE: {"department": "D", "manager": {"value": "u-1"}}}))]
#[case::add_l2_merges(
    json!([{"op": "add", "value": {"title": "t", "nickName": "n"}}]), json!({"title": "t", "nickName": "n"}))]
#[case::add_l4_appends(
    json!([{"op": "add", "value": {"emails": [{"value": "b@example.com", "type": "other"}]}}]),
    json!({"emails": [work(), home(), {"value": "b@example.com", "type": "other"}]}))]
#[case::add_l5_sets(json!([{"op": "add", "path": "nickName", "value": "n"}]), json!({"nickName": "n"}))]
#[case::add_l6_replaces(json!([{"op": "add", "path": "title", "value": "t"}]), json!({"title": "t"}))]
#[case::add_l7_sub_attribute(
    json!([{"op": "add", "path": "name.middleName", "value": "K"}]),
    json!({"name": {"givenName": "Ada", "familyName": "Lovelace", "middleName": "K"}}))]
#[case::add_l8_complex_merges(
    json!([{"op": "add", "path": "name", "value": {"middleName": "K"}}]),
    json!({"name": {"givenName": "Ada", "familyName": "Lovelace", "middleName": "K"}}))]
#[case::add_l11_one_object(
    json!([{"op": "add", "path": "emails", "value": {"value": "b@example.com"}}]),
    json!({"emails": [work(), home(), {"value": "b@example.com"}]}))]
#[case::add_l12_several(
    json!([{"op": "add", "path": "emails", "value": [{"value": "b@example.com"}, {"value": "c@example.com"}]}]),
    json!({"emails": [work(), home(), {"value": "b@example.com"}, {"value": "c@example.com"}]}))]
#[case::add_l13_nothing_new(
    json!([{"op": "add", "path": "emails", "value": [{"type": "work", "value": "ADA@example.com"}]},
           {"op": "add", "path": "title", "value": "Countess"}]),
    json!({}))]
#[case::add_l18_all_matches(
    json!([{"op": "add", "path": "addresses[type eq \"work\"].postalCode", "value": "1000"}]),
    json!({"addresses": [{"locality": "London", "postalCode": "1000", "type": "work"},
                         {"locality": "Bath", "postalCode": "1000", "type": "work"},
                         {"locality": "Ockham", "type": "home"}]}))]
#[case::add_l19_makes_the_value(
    json!([{"op": "add", "path": "phoneNumbers[type eq \"work\"].value", "value": "tel:+1-201-555-0123"}]),
    json!({"phoneNumbers": [{"value": "tel:+1-201-555-0123", "type": "work"}]}))]
#[case::add_l19_makes_the_primary_value(
    json!([{"op": "add", "path": "emails[type eq \"other\" and primary eq \"True\"]", "value": {"value": "o@example.com"}}]),
    json!({"emails": [{"value": "ada@example.com", "type": "work", "primary": false}, home(),
                      {"value": "o@example.com", "type": "other", "primary": true}]}))]
#[case::add_l20_extension(
    json!([{"op": "add", "path": format!("{ENTERPRISE}:department"), "value": "D"}]),
    json!({ENTERPRISE: {"department": "D", "manager": {"value": "u-1"}}}))]
#[case::add_l21_extension_sub_attribute(
    json!([{"op": "add", "path": format!("{ENTERPRISE}:manager.value"), "value": "u-2"}]),
    json!({ENTERPRISE: {"department": "Engines", "manager": {"value": "u-2"}}}))]
#[case::add_l22_extension_object(
    json!([{"op": "add", "value": {ENTERPRISE: {"department": "D"}}}]),
    json!({ENTERPRISE: {"department": "D", "manager": {"value": "u-1"}}}))]
#[case::add_l23_extension_urn(
    json!([{"op": "add", "path": ENTERPRISE, "value": {"costCenter": "C"}}]),
    json!({ENTERPRISE: {"costCenter": "C", "department": "Engines", "manager": {"value": "u-1"}}}))]
#[case::add_l24_keys_that_are_paths(
    json!([{"op": "add", "value": {"name.givenName": "Augusta", format!("{ENTERPRISE}:employeeNumber"): "7",
                                   "emails[type eq \"home\"].value": "h@example.org"}}]),
    json!({"name": {"givenName": "Augusta", "familyName": "Lovelace"},
           "emails": [work(), {"value": "h@example.org", "type": "home"}],
           ENTERPRISE: {"employeeNumber": "7", "department": "Engines", "manager": {"value": "u-1"}}}))]
#[case::add_l25_nothing(
    json!([{"op": "add", "path": "title", "value": null}, {"op": "add", "path": "emails", "value": []}]), json!({}))]
#[case::remove_l2(json!([{"op": "remove", "path": "title"}]), json!({"title": null}))]
#[case::remove_l3_twice(
    json!([{"op": "remove", "path": "title"}, {"op": "remove", "path": "title"}]), json!({"title": null}))]
#[case::remove_l4_sub_attribute(
    json!([{"op": "remove", "path": "name.givenName"}]), json!({"name": {"familyName": "Lovelace"}}))]
#[case::remove_l5_complex(json!([{"op": "remove", "path": "name"}]), json!({"name": null}))]
#[case::remove_l5_last_sub_attribute(
    json!([{"op": "remove", "path": "name.givenName"}, {"op": "remove", "path": "name.familyName"}]),
    json!({"name": null}))]
#[case::remove_l6_all_values(json!([{"op": "remove", "path": "emails"}]), json!({"emails": null}))]
#[case::remove_l8_matches(
    json!([{"op": "remove", "path": "emails[type eq \"work\" and value ew \"example.com\"]"}]),
    json!({"emails": [home()]}))]
#[case::remove_l11_sub_attribute_of_matches(
    json!([{"op": "remove", "path": "addresses[locality eq \"bath\"].type"}]),
    json!({"addresses": [{"locality": "London", "type": "work"}, {"locality": "Bath"},
                         {"locality": "Ockham", "type": "home"}]}))]
#[case::remove_l11_no_value_is_left(
    json!([{"op": "Remove", "path": "emails[type eq \"home\"].value"}]), json!({"emails": [work()]}))]
#[case::remove_l12_no_match(json!([{"op": "remove", "path": "emails[value eq \"nope\"]"}]), json!({}))]
#[case::remove_l18_listed_values_only(
    json!([{"op": "Remove", "path": "emails", "value": [{"value": "HOME@example.org"}]}]), json!({"emails": [work()]}))]
#[case::remove_l19_extension(
    json!([{"op": "remove", "path": format!("{ENTERPRISE}:department")}]),
    json!({ENTERPRISE: {"manager": {"value": "u-1"}}}))]
#[case::remove_l20_manager(
    json!([{"op": "remove", "path": format!("{ENTERPRISE}:manager")}]), json!({ENTERPRISE: {"department": "Engines"}}))]
#[case::remove_l22_extension_urn(
    json!([{"op": "remove", "path": ENTERPRISE}]), json!({"schemas": [CORE], ENTERPRISE: null}))]
#[case::replace_l1_without_path(
    json!([{"op": "replace", "value": {"title": "t", "emails": [{"value": "x@example.com"}]}}]),
    json!({"title": "t", "emails": [{"value": "x@example.com"}]}))]
#[case::replace_l4_adds(json!([{"op": "replace", "path": "nickName", "value": "n"}]), json!({"nickName": "n"}))]
#[case::replace_l5_sub_attribute(
    json!([{"op": "replace", "path": "name.familyName", "value": "Byron"}]),
    json!({"name": {"givenName": "Ada", "familyName": "Byron"}}))]
#[case::replace_l6_makes_the_parent(
    json!([{"op": "remove", "path": "name"}, {"op": "replace", "path": "name.givenName", "value": "G"}]),
    json!({"name": {"givenName": "G"}}))]
#[case::replace_l7_keeps_the_others(
    json!([{"op": "replace", "path": "name", "value": {"familyName": "Byron"}}]),
    json!({"name": {"givenName": "Ada", "familyName": "Byron"}}))]
#[case::replace_l7_null_clears(
    json!([{"op": "replace", "path": "name", "value": {"familyName": null}}]), json!({"name": {"givenName": "Ada"}}))]
#[case::replace_l8_all_values(
    json!([{"op": "replace", "path": "emails", "value": [{"value": "x@example.com"}]}]),
    json!({"emails": [{"value": "x@example.com"}]}))]
#[case::replace_l9_one_object(
    json!([{"op": "replace", "path": "emails", "value": {"value": "x@example.com"}}]),
    json!({"emails": [{"value": "x@example.com"}]}))]
#[case::replace_l10_empty_list(json!([{"op": "replace", "path": "emails", "value": []}]), json!({"emails": null}))]
#[case::replace_l11_null(json!([{"op": "replace", "path": "title", "value": null}]), json!({"title": null}))]
#[case::replace_l13_every_match(
    json!([{"op": "replace", "path": "addresses[type eq \"home\"]", "value": {"type": "home", "locality": "Paris"}}]),
    json!({"addresses": [{"locality": "London", "type": "work"}, {"locality": "Bath", "type": "work"},
                         {"locality": "Paris", "type": "home"}]}))]
#[case::replace_l15_sub_attribute_of_every_match(
    json!([{"op": "replace", "path": "addresses[type eq \"work\"].streetAddress", "value": "1 Row"}]),
    json!({"addresses": [{"streetAddress": "1 Row", "locality": "London", "type": "work"},
                         {"streetAddress": "1 Row", "locality": "Bath", "type": "work"},
                         {"locality": "Ockham", "type": "home"}]}))]
#[case::replace_l24_manager_object(
    json!([{"op": "replace", "path": format!("{ENTERPRISE}:manager"), "value": {"value": "u-2"}}]),
    json!({ENTERPRISE: {"department": "Engines", "manager": {"value": "u-2"}}}))]
#[case::replace_l24_manager_string(
    json!([{"op": "Add", "path": format!("{ENTERPRISE}:manager"), "value": "u-2"}]),
    json!({ENTERPRISE: {"department": "Engines", "manager": {"value": "u-2"}}}))]
#[case::entra_manager_without_urn_as_array(
    json!([{"op": "Add", "path": "manager", "value": [{"$ref": "https://example.com/Users/u-2", "value": "u-2"}]}]),
    json!({ENTERPRISE: {"department": "Engines",
                        "manager": {"value": "u-2", "$ref": "https://example.com/Users/u-2"}}}))]
#[case::replace_l25_extension_object(
    json!([{"op": "replace", "value": {ENTERPRISE: {"costCenter": "C"}}}]),
    json!({ENTERPRISE: {"costCenter": "C", "department": "Engines", "manager": {"value": "u-1"}}}))]
#[case::replace_l26_okta_deactivates(json!([{"op": "replace", "value": {"active": false}}]), json!({"active": false}))]
#[case::replace_l28_present_value(json!([{"op": "replace", "path": "title", "value": "Countess"}]), json!({}))]
#[case::l26_own_id_in_the_value(
    json!([{"op": "replace", "value": {"id": "u-7", "meta": {"created": "1999-01-01T00:00:00Z"}, "groups": [],
                                       "displayName": "n"}}]),
    json!({"displayName": "n"}))]
#[case::c15_unknown_in_the_value(
    json!([{"op": "replace", "value": {"favouriteColour": "red", "a b": 1, "title": "t"}}]), json!({"title": "t"}))]
#[case::readonly_sub_attribute_in_the_value(
    json!([{"op": "replace", "path": format!("{ENTERPRISE}:manager"), "value": {"displayName": "Forged"}}]), json!({}))]
fn applied(#[case] operations: Value, #[case] difference: Value) {
    let patched = patch(&operations).unwrap();
    let mut expected = ada();
    for (name, value) in difference.as_object().unwrap() {
        if value.is_null() {
            expected.shift_remove(name);
        } else {
            expected.insert(name.clone(), value.clone());
        }
    }
    assert_eq!(patched.document, expected);
    // RFC7644-3.5.2.1-L14: what changes nothing is known as such.
    assert_eq!(patched.changed, !difference.as_object().unwrap().is_empty());
}

/// Operations that are refused, and with which keyword.
#[rstest]
#[case::l16_path("invalidFilter", json!([{"op": "remove", "path": "emails[type eq"}]))]
#[case::l16_dots("invalidPath", json!([{"op": "remove", "path": "name..givenName"}]))]
#[case::l16_no_attribute("invalidPath", json!([{"op": "remove", "path": "[value eq \"x\"]"}]))]
#[case::l16_blank("invalidPath", json!([{"op": "remove", "path": "a b"}]))]
#[case::l16_digit("invalidPath", json!([{"op": "remove", "path": "1abc"}]))]
#[case::l16_empty("invalidPath", json!([{"op": "replace", "path": "", "value": {"title": "x"}}]))]
#[case::l17_filter("invalidFilter", json!([{"op": "remove", "path": "emails[type xx \"work\"]"}]))]
#[case::l17_filter_attribute("invalidFilter", json!([{"op": "remove", "path": "emails[nope eq \"work\"]"}]))]
#[case::l18_undefined("invalidPath", json!([{"op": "replace", "path": "favouriteColour", "value": "red"}]))]
#[case::l18_undefined_sub("invalidPath", json!([{"op": "replace", "path": "name.nope", "value": "red"}]))]
#[case::l18_undefined_behind_filter(
    "invalidPath", json!([{"op": "replace", "path": "emails[type eq \"work\"].nope", "value": "red"}]))]
#[case::l18_undefined_urn("invalidPath", json!([{"op": "replace", "path": "urn:example:x:title", "value": "red"}]))]
#[case::l19_index("invalidPath", json!([{"op": "remove", "path": "emails[0]"}]))]
#[case::l19_pointer("invalidPath", json!([{"op": "remove", "path": "/emails/0"}]))]
#[case::l25_add_id("mutability", json!([{"op": "add", "path": "id", "value": "x"}]))]
#[case::l25_replace_id("mutability", json!([{"op": "replace", "path": "id", "value": "u-7"}]))]
#[case::l25_meta("mutability", json!([{"op": "replace", "path": "meta.created", "value": "2020-01-01T00:00:00Z"}]))]
#[case::l25_groups("mutability", json!([{"op": "add", "path": "groups", "value": [{"value": "g-1"}]}]))]
#[case::l25_groups_filter("mutability", json!([{"op": "remove", "path": "groups[value eq \"g-1\"]"}]))]
#[case::l25_sub_attribute(
    "mutability", json!([{"op": "add", "path": format!("{ENTERPRISE}:manager.displayName"), "value": "x"}]))]
#[case::l26_other_id("mutability", json!([{"op": "replace", "value": {"id": "u-8", "title": "x"}}]))]
#[case::l29_boolean("invalidValue", json!([{"op": "replace", "path": "active", "value": "maybe"}]))]
#[case::l29_complex("invalidValue", json!([{"op": "replace", "path": "name", "value": "x"}]))]
#[case::l29_multi("invalidValue", json!([{"op": "replace", "path": "emails", "value": 5}]))]
#[case::l29_string("invalidValue", json!([{"op": "replace", "path": "userName", "value": {}}]))]
#[case::l34_two_primaries(
    "invalidValue", json!([{"op": "add", "path": "emails", "value": [{"value": "a@example.com", "primary": true},
                                                                    {"value": "b@example.com", "primary": true}]}]))]
#[case::l34_two_primaries_by_filter(
    "invalidValue", json!([{"op": "replace", "path": "addresses[type eq \"work\"].primary", "value": true}]))]
#[case::l43_base_schema_goes("mutability", json!([{"op": "replace", "path": "schemas", "value": [ENTERPRISE]}]))]
#[case::l43_schemas_go("mutability", json!([{"op": "remove", "path": "schemas"}]))]
#[case::add_l1_no_value("invalidValue", json!([{"op": "add", "path": "title"}]))]
#[case::add_l3_no_object("invalidValue", json!([{"op": "add", "value": "x"}]))]
#[case::add_l9_complex("invalidValue", json!([{"op": "add", "path": "name", "value": "x"}]))]
#[case::add_l19_no_eq(
    "noTarget", json!([{"op": "add", "path": "phoneNumbers[type sw \"wo\"].value", "value": "1"}]))]
#[case::add_l19_contradiction(
    "noTarget", json!([{"op": "add", "path": "emails[value eq \"a@example.com\"].value", "value": "b@example.com"}]))]
#[case::remove_l1("noTarget", json!([{"op": "remove"}]))]
#[case::remove_l1_with_value("noTarget", json!([{"op": "remove", "value": {"title": "x"}}]))]
#[case::remove_l13("mutability", json!([{"op": "remove", "path": "userName"}]))]
#[case::remove_l14("mutability", json!([{"op": "remove", "path": "id"}]))]
#[case::remove_l14_meta("mutability", json!([{"op": "remove", "path": "meta"}]))]
#[case::remove_l15_unset("mutability", json!([{"op": "remove", "path": "meta.version"}]))]
#[case::replace_l2_no_value("invalidValue", json!([{"op": "replace"}]))]
#[case::replace_l2_no_object("invalidValue", json!([{"op": "replace", "value": "x"}]))]
#[case::replace_l12_null("mutability", json!([{"op": "replace", "path": "userName", "value": null}]))]
#[case::replace_l12_empty("invalidValue", json!([{"op": "replace", "path": "userName", "value": ""}]))]
#[case::replace_l12_without_path("mutability", json!([{"op": "replace", "value": {"userName": null}}]))]
#[case::replace_l17("noTarget", json!([{"op": "replace", "path": "emails[type eq \"other\"].value", "value": "n@example.com"}]))]
#[case::replace_l17_whole("noTarget", json!([{"op": "replace", "path": "emails[type eq \"other\"]", "value": {"value": "n"}}]))]
#[case::replace_l18("noTarget", json!([{"op": "replace", "path": "phoneNumbers[type eq \"work\"].value", "value": "1"}]))]
#[case::replace_l29("invalidPath", json!([{"op": "replace", "path": "addresses.region", "value": "CA"}]))]
#[case::operator("invalidSyntax", json!([{"op": "move", "path": "title", "value": "x"}]))]
#[case::no_operator("invalidSyntax", json!([{"path": "title", "value": "x"}]))]
#[case::two_operators("invalidSyntax", json!([{"op": "add", "OP": "remove", "path": "title"}]))]
#[case::no_operation("invalidSyntax", json!(["add"]))]
#[case::no_operations("invalidSyntax", json!([]))]
#[case::operations_object("invalidSyntax", json!({}))]
#[case::path_type("invalidPath", json!([{"op": "add", "path": 5, "value": "x"}]))]
fn refused(#[case] scim_type: &str, #[case] operations: Value) {
    let error = patch(&operations).unwrap_err();
    assert_eq!((error.status, error.scim_type.unwrap().as_str()), (400, scim_type), "{}", error.detail);
}

#[test]
fn l13_one_bad_operation_and_nothing_is_changed() {
    let good = json!({"op": "replace", "path": "title", "value": "new"});
    let bad = json!({"op": "remove", "path": "userName"});
    for operations in [json!([good, bad]), json!([bad, good]), json!([good, bad, good])] {
        let error = patch(&operations).unwrap_err();
        assert!(error.detail.contains("Operations["), "{}", error.detail);
    }
}

#[rstest]
#[case::no_schemas(json!({"Operations": [{"op": "remove", "path": "title"}]}))]
#[case::other_schemas(json!({"schemas": [CORE], "Operations": [{"op": "remove", "path": "title"}]}))]
#[case::no_operations(json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}))]
#[case::no_object(json!([]))]
fn l1_l2_no_patch_request(#[case] body: Value) {
    let error = PatchRequest::from_value(body).unwrap_err();
    assert_eq!(error.status, 400);
    assert!(matches!(error.scim_type.unwrap().as_str(), "invalidSyntax" | "invalidValue"));
}

#[test]
fn l3_the_message_has_no_letter_case_either() {
    let body = br#"{"SCHEMAS": ["urn:ietf:params:scim:api:messages:2.0:PATCHOP"],
                    "operations": [{"OP": "Replace", "Path": "title", "VALUE": "B"}]}"#;
    let user = Registry::core().resource_type("User").expect("the core has it").clone();
    let patched = PatchRequest::parse(body).unwrap().apply(&user, &ada(), PatchRules::default()).unwrap();
    assert_eq!(patched.document["title"], "B");
}

#[test]
fn l27_a_password_is_taken_and_never_part_of_the_document_or_of_a_message() {
    let patched = patch(&json!([{"op": "replace", "path": "password", "value": "hunter2"}])).unwrap();
    assert_eq!(patched.write_only.password(), Some("hunter2"));
    assert!(!patched.changed && !patched.document.contains_key("password"));
    assert!(!format!("{patched:?}").contains("hunter2"));

    let in_value = patch(&json!([{"op": "replace", "value": {"password": "hunter2"}}])).unwrap();
    assert_eq!(in_value.write_only.password(), Some("hunter2"));

    let wrong = patch(&json!([{"op": "replace", "path": "password", "value": ["hunter2"]}])).unwrap_err();
    assert!(!wrong.detail.contains("hunter2"), "{}", wrong.detail);
    let filtered = patch(&json!([{"op": "remove", "path": "password[value eq \"hunter2\"]"}])).unwrap_err();
    assert!(!filtered.detail.contains("hunter2"), "{}", filtered.detail);
}

#[test]
fn c1_a_missing_typed_value_is_made_where_the_rules_say_so() {
    let rules = PatchRules { create_missing_typed_value: true, ..PatchRules::RFC };
    let operations =
        json!([{"op": "Replace", "path": "emails[type eq \"other\"].value", "value": "o@example.com"}]);
    let patched = patch_by(&operations, rules).unwrap();
    assert_eq!(patched.document["emails"][2], json!({"value": "o@example.com", "type": "other"}));
}

#[test]
fn a_new_manager_does_not_inherit_what_was_said_of_the_old_one() {
    let first = json!([{"op": "replace", "path": format!("{ENTERPRISE}:manager"),
                        "value": {"value": "u-2", "$ref": "https://example.com/Users/u-2"}},
                       {"op": "replace", "path": format!("{ENTERPRISE}:manager.value"), "value": "u-3"}]);
    assert_eq!(patch(&first).unwrap().document[ENTERPRISE]["manager"], json!({"value": "u-3"}));
}

#[test]
fn operations_and_values_have_a_budget() {
    let operation = json!({"op": "replace", "path": "title", "value": "x"});
    assert_eq!(patch(&Value::Array(vec![operation.clone(); 1000])).unwrap().document["title"], "x");
    assert_eq!(patch(&Value::Array(vec![operation; 1001])).unwrap_err().status, 413);
    let emails: Vec<Value> = (0..201).map(|n| json!({"value": format!("a{n}@example.com")})).collect();
    let error = patch(&json!([{"op": "add", "path": "emails", "value": emails}])).unwrap_err();
    assert!(error.detail.contains("200"), "{}", error.detail);
}

fn patch(operations: &Value) -> Result<Patched, Error> {
    patch_by(operations, PatchRules::default())
}

fn patch_by(operations: &Value, rules: PatchRules) -> Result<Patched, Error> {
    let body =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
    let user = Registry::core().resource_type("User").expect("the core has it").clone();
    PatchRequest::from_value(body)?.apply(&user, &ada(), rules)
}

fn work() -> Value {
    json!({"value": "ada@example.com", "type": "work", "primary": true})
}

fn home() -> Value {
    json!({"value": "home@example.org", "type": "home"})
}

fn ada() -> Map {
    let ada = json!({
        "schemas": [CORE, ENTERPRISE],
        "id": "u-7",
        "userName": "ada@example.com",
        "name": {"familyName": "Lovelace", "givenName": "Ada"},
        "displayName": "Ada",
        "title": "Countess",
        "active": true,
        "emails": [work(), home()],
        "addresses": [{"locality": "London", "type": "work"}, {"locality": "Bath", "type": "work"},
                      {"locality": "Ockham", "type": "home"}],
        ENTERPRISE: {"department": "Engines", "manager": {"value": "u-1"}},
        "meta": {"resourceType": "User"},
    });
    match ada {
        Value::Object(ada) => ada,
        _ => Map::new(),
    }
}
