//! Filters against resources: the rows of RFC 7644 section 3.4.2.2, by their ids in the catalogue.

use rstest::rstest;
use scimspec_reference_server::scim::{Error, Filter, Lookup, Map, Registry, ResourceFilter};
use serde_json::{Value, json};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[rstest]
#[case::l1_eq("userName eq \"ada.l@example.com\"", true)]
#[case::l6_eq_is_not_a_prefix("userName eq \"ada\"", false)]
#[case::l3_names_have_no_case("USERNAME eq \"ada.l@example.com\" and Name.GivenName eq \"Ada\"", true)]
#[case::l4_operators_have_no_case(
    "userName EQ \"ada.l@example.com\" and userName Sw \"ada\" and title PR",
    true
)]
#[case::l5_logic_has_no_case("title pr AND NOT (userName eq \"x\") OR active eq false", true)]
#[case::l7_boolean("active eq true", true)]
#[case::l7_boolean_false("active eq false", false)]
#[case::l7_boolean_in_quotes("active eq \"True\"", true)]
#[case::l8_instant("meta.created eq \"2026-01-02T05:04:05+02:00\"", true)]
#[case::l10_null("nickName eq null and title ne null", true)]
#[case::l10_null_of_a_value("title eq null", false)]
#[case::l11_ne("userName ne \"x\"", true)]
#[case::l11_ne_identical("userName ne \"ADA.L@example.com\"", false)]
#[case::l12_co("userName co \"A.L@\"", true)]
#[case::l13_sw("userName sw \"ada\"", true)]
#[case::l13_sw_whole("userName sw \"ada.l@example.com\"", true)]
#[case::l13_sw_not("userName sw \"l@\"", false)]
#[case::l14_ew("userName ew \"example.com\"", true)]
#[case::l14_ew_not("userName ew \"ada\"", false)]
#[case::l15_no_wildcards("userName co \"%\" or userName co \"*\" or userName sw \"ada_l\"", false)]
#[case::l16_pr("title pr", true)]
#[case::l16_pr_absent("nickName pr", false)]
#[case::l16_pr_empty("userType pr", false)]
#[case::l17_pr_complex("name pr", true)]
#[case::l18_pr_multi("emails pr", true)]
#[case::l18_pr_multi_absent("phoneNumbers pr", false)]
#[case::l19_order("userName gt \"ACE\" and userName lt \"b\"", true)]
#[case::l20_order_of_instants("meta.lastModified gt \"2026-01-02T05:04:04+02:00\"", true)]
#[case::l20_order_of_instants_not("meta.lastModified lt \"2026-01-02T05:04:04+02:00\"", false)]
#[case::l24_ge("userName ge \"ADA.L@example.com\" and userName le \"ada.l@example.com\"", true)]
#[case::l25_and("userName sw \"ada\" and active eq false", false)]
#[case::l26_or("userName eq \"x\" or active eq true", true)]
#[case::l27_not("not (userName eq \"x\")", true)]
#[case::l27_not_without_blank("not(userName sw \"ada\")", false)]
#[case::l28_group("(userName sw \"ada\" or title eq \"x\") and active eq false", false)]
#[case::l29_and_before_or("userName sw \"ada\" or title eq \"x\" and active eq false", true)]
#[case::l29_not_before_or("not (userName sw \"ada\") or userName sw \"ada\"", true)]
#[case::l30_nested("((userName sw \"x\") or (title pr and (active eq true)))", true)]
#[case::l31_any_value("emails.value eq \"home@example.org\"", true)]
#[case::l32_dots("name.familyName co \"O'Lace\" and emails.type eq \"work\"", true)]
#[case::l33_complex_is_its_value("emails co \"example.org\"", true)]
#[case::l33_manager_is_its_value("manager eq \"u-1\"", true)]
#[case::l34_same_value("emails[type eq \"work\" and value co \"example.org\"]", false)]
#[case::l34_same_value_found("emails[type eq \"home\" and value co \"example.org\"]", true)]
#[case::l35_dots_join_values("emails.type eq \"work\" and emails.value co \"example.org\"", true)]
#[case::l36_with_logic(
    "active eq true and (emails[type eq \"other\"] or not (emails[type eq \"fax\"]))",
    true
)]
#[case::l37_nested_inside(
    "emails[type eq \"other\" or (type eq \"home\" and value ew \"example.org\")]",
    true
)]
#[case::l39_entra("emails[type eq \"work\"].value eq \"ADA@example.com\"", true)]
#[case::l39_entra_other_value("emails[type eq \"work\"].value eq \"home@example.org\"", false)]
#[case::l40_core_urn("urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"ada\"", true)]
#[case::l40_core_urn_sub("urn:ietf:params:scim:schemas:core:2.0:User:name.familyName eq \"o'lace\"", true)]
#[case::l41_extension(
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"Engines\"",
    true
)]
#[case::l42_sub("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq \"u-1\"", true)]
#[case::l43_urn_case("URN:IETF:params:scim:schemas:CORE:2.0:user:userName sw \"ada\"", true)]
#[case::l44_id("id eq \"u-7\"", true)]
#[case::l44_id_is_exact("id eq \"U-7\"", false)]
#[case::l45_external_id("externalId eq \"AbC-1\"", true)]
#[case::l45_external_id_is_exact("externalId eq \"abc-1\"", false)]
#[case::l46_meta("meta.resourceType eq \"User\"", true)]
#[case::l47_schemas("schemas eq \"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\"", true)]
#[case::l47_schemas_not("schemas eq \"urn:ietf:params:scim:schemas:core:2.0:Group\"", false)]
#[case::l54_escapes("displayName eq \"\\\"Ada\\\" \\\\ \\u00e9\"", true)]
#[case::l58_all_operators("externalId co \"abc\" or externalId sw \"abc\" or externalId ew \"c-1\"", false)]
#[case::l62_ref("manager.$ref co \"/Users/\"", true)]
#[case::l63_ne_any_value("emails.type ne \"work\"", true)]
#[case::l63_not_eq("not (emails.type eq \"work\")", false)]
#[case::rfc7643_2_4_l2_not_primary("emails[primary eq false and value eq \"home@example.org\"]", true)]
#[case::rfc7643_2_4_l2_primary("emails[primary eq true and value eq \"home@example.org\"]", false)]
#[case::rfc7644_7_8_l1_unicode("displayName ew \"\\\\ E\u{301}\"", true)]
fn matching(#[case] filter: &str, #[case] expected: bool) {
    assert_eq!(bound(filter).unwrap().matches(&ada()), expected, "{filter}");
}

#[rstest]
#[case::l22_order_of_booleans("active gt true", "Boolean")]
#[case::l23_order_of_binaries("x509Certificates.value gt \"AA==\"", "base64")]
#[case::l33_complex_without_value("name eq \"x\"", "sub-attribute")]
#[case::l38_value_path_in_value_path(
    "emails[type eq \"work\" and addresses[type eq \"x\"]]",
    "inside brackets"
)]
#[case::l38_outer_attribute_inside("emails[userName eq \"x\"]", "no sub-attribute of emails")]
#[case::l48_operator("userName regex \".*\"", "at byte 9")]
#[case::l49_no_value("userName eq", "at byte 11")]
#[case::l49_no_name("eq \"x\"", "operator")]
#[case::l49_open_group("(userName eq \"x\"", "\")\"")]
#[case::l49_open_string("userName eq \"x", "no closing")]
#[case::l49_open_and("userName eq \"x\" and", "at byte 19")]
#[case::l49_empty("", "expression")]
#[case::l49_rest("userName eq \"x\" zzz", "at byte 16")]
#[case::l49_open_brackets("emails[type eq \"work\"", "]")]
#[case::l50_bare_word("userName eq bjensen", "double quotes")]
#[case::l51_single_quotes("displayName sw 'Group'", "double quotes")]
#[case::l52_unknown("nope eq \"x\"", "nope")]
#[case::l52_unknown_sub("name.nope eq \"x\"", "name.nope")]
#[case::l52_unknown_urn("urn:example:nope:userName eq \"x\"", "urn:example:nope")]
#[case::l53_co_of_booleans("active co \"tr\"", "Boolean")]
#[case::l53_co_of_instants("meta.created co \"20\"", "dateTime")]
#[case::l53_no_instant("meta.created gt \"yesterday\"", "dateTime")]
#[case::l56_number_for_a_string("userName eq 123", "string")]
#[case::null_has_no_order("userName gt null", "null")]
#[case::password("password eq \"hunter2\"", "never returned")]
#[case::password_pr("password pr", "never returned")]
fn refused_with_invalid_filter(#[case] filter: &str, #[case] says: &str) {
    let error = bound(filter).unwrap_err();
    assert_eq!((error.status, error.scim_type.unwrap().as_str()), (400, "invalidFilter"), "{filter}");
    assert!(error.detail.contains(says), "{filter}: {}", error.detail);
    assert!(!error.detail.contains("hunter2"), "{}", error.detail);
}

#[test]
fn a_broken_filter_with_a_password_does_not_come_back() {
    let error = bound("password eq hunter2").unwrap_err();
    assert!(!error.detail.contains("hunter2"), "{}", error.detail);
}

#[rstest]
#[case("userName eq \"Ada\"", Some(("userName", "ada", true)))]
#[case("emails.value eq \"Ada@Example.com\"", Some(("emails.value", "ada@example.com", true)))]
#[case("emails eq \"Ada@Example.com\"", Some(("emails.value", "ada@example.com", true)))]
#[case("emails[type eq \"work\"].value eq \"A@x\"", Some(("emails.value", "a@x", false)))]
#[case("emails[value eq \"A@x\"]", Some(("emails.value", "a@x", true)))]
#[case("externalId eq \"AbC\"", Some(("externalId", "AbC", true)))]
#[case("active eq true and displayName eq \"Ada\"", Some(("displayName", "ada", false)))]
#[case("displayName eq \"Ada\" and (title pr and id eq \"U-7\")", Some(("id", "U-7", false)))]
#[case("urn:ietf:params:scim:schemas:core:2.0:User:USERNAME eq \"Ada\"", Some(("userName", "ada", true)))]
#[case("userName eq \"a\" or userName eq \"b\"", None)]
#[case("not (userName eq \"a\")", None)]
#[case("userName sw \"a\"", None)]
#[case("title eq \"a\"", None)]
#[case("emails.type eq \"work\"", None)]
fn lookup(#[case] filter: &str, #[case] expected: Option<(&str, &str, bool)>) {
    let expected = expected.map(|(attribute, key, exact)| Lookup {
        attribute: attribute.to_owned(),
        key: key.to_owned(),
        exact,
    });
    assert_eq!(bound(filter).unwrap().lookup(), expected.as_ref());
}

#[test]
fn a_filter_says_which_attributes_it_reads() {
    let filter = bound("active eq true and not (groups.value eq \"g-1\" or title pr)").unwrap();
    assert!(filter.reads("groups") && filter.reads("title") && !filter.reads("userName"));
}

#[test]
fn length_and_depth_have_a_budget() {
    let nested = |depth: usize| format!("{}title pr{}", "(".repeat(depth), ")".repeat(depth));
    assert!(bound(&nested(64)).is_ok());
    assert!(bound(&nested(65)).unwrap_err().detail.contains("64"));
    assert!(bound(&format!("{}title pr", "not(".repeat(2000))).is_err());
    let long = format!("title eq \"{}\"", "x".repeat(9000));
    assert!(bound(&long).unwrap_err().detail.contains("8192"));
    let wide = vec!["title pr"; 600].join(" or ");
    assert!(bound(&wide).unwrap().matches(&ada()));
}

fn bound(filter: &str) -> Result<ResourceFilter, Error> {
    Filter::parse(filter)?.bind(Registry::core().resource_type("User").expect("the core has it"))
}

fn ada() -> Map {
    let ada = json!({
        "schemas": [CORE, ENTERPRISE],
        "id": "u-7",
        "externalId": "AbC-1",
        "userName": "Ada.L@example.com",
        "name": {"givenName": "Ada", "familyName": "O'Lace"},
        "displayName": "\"Ada\" \\ \u{e9}",
        "title": "Countess",
        "userType": "",
        "active": true,
        "emails": [
            {"value": "ada@example.com", "type": "work", "primary": true},
            {"value": "home@example.org", "type": "home"},
        ],
        ENTERPRISE: {"department": "Engines", "manager": {"value": "u-1", "$ref": "https://example.com/Users/u-1"}},
        "meta": {
            "resourceType": "User",
            "created": "2026-01-02T03:04:05Z",
            "lastModified": "2026-01-02T03:04:05Z",
        },
    });
    match ada {
        Value::Object(ada) => ada,
        _ => Map::new(),
    }
}
