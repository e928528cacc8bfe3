//! Made-up people behave like the real ones: what was equal stays equal, filters match whom they matched, and
//! nobody can be recognised.

use std::collections::HashMap;

use http::Method;
use proptest::prelude::*;
use rstest::rstest;
use scimspec_mock_idp::exchange::{Destination, Exchange};
use scimspec_mock_idp::recording::redact::Redaction;
use serde_json::{Value, json};

use super::{answer_body, answer_with, exchange, request_body, with_bodies};

fn pseudonymiser() -> Redaction {
    let mut redaction = Redaction::standard();
    redaction.pseudonymise();
    redaction
}

const ADA: &str = r#"{
  "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
              "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
  "id": "2819c223", "externalId": "ada.lovelace", "userName": "Ada@corp.test",
  "name": {"formatted": "Ms. Ada King Lovelace", "givenName": "Ada", "familyName": "Lovelace", "middleName": "King",
           "honorificPrefix": "Ms."},
  "displayName": "Ada Lovelace", "nickName": "Countess", "title": "Analyst", "locale": "en-GB",
  "emails": [{"value": "ada@corp.test", "type": "work", "primary": true}, {"value": "ADA@CORP.TEST"}],
  "phoneNumbers": [{"value": "tel:+44-20-1", "type": "work"}],
  "addresses": [{"streetAddress": "12 St James's Square", "locality": "London", "postalCode": "SW1Y", "country": "GB",
                 "formatted": "12 St James's Square\nLondon"}],
  "photos": [{"value": "https://corp.test/ada.jpg", "type": "photo"}],
  "password": "s3cret-pw",
  "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
    "employeeNumber": "1815", "department": "Engines", "manager": {"value": "26118915", "displayName": "Mary King"}}
}"#;

#[test]
fn a_person_becomes_somebody_else_and_keeps_what_says_nothing() {
    let mut one = with_bodies("/Users", ADA, "{}");
    pseudonymiser().clean(&mut one);
    let expected = [
        ("\"ada.lovelace\"", "\"person-1\""),
        ("Ada@corp.test", "Person-2@example.com"),
        ("Ms. Ada King Lovelace", "Ms. Person-2 Middle1 Family1"),
        ("\"Ada\"", "\"Person-2\""),
        ("\"Lovelace\"", "\"Family1\""),
        ("\"King\"", "\"Middle1\""),
        ("Ada Lovelace", "Person-2 Family1"),
        ("Countess", "Nick1"),
        ("ada@corp.test", "person-2@example.com"),
        ("ADA@CORP.TEST", "PERSON-2@EXAMPLE.COM"),
        ("+44-20-1", "+1-201-555-0100"),
        ("\"12 St James's Square\"", "\"1 Example Street\""),
        ("12 St James's Square\\nLondon", "Example Address 1"),
        ("London", "Town1"),
        ("SW1Y", "POSTAL1"),
        ("https://corp.test/ada.jpg", "https://example.com/photo-1"),
        ("s3cret-pw", "[redacted]"),
        ("1815", "100001"),
        ("Mary King", "Given1 Middle1"),
    ];
    let expected = expected.iter().fold(ADA.to_owned(), |text, (old, new)| text.replace(old, new));
    assert_eq!(request_body(&one), expected);
}

#[rstest]
#[case::filter(
    "/Users?filter=userName%20eq%20%22ada%40corp.test%22",
    "/Users?filter=userName%20eq%20%22person-2%40example.com%22"
)]
#[case::with_plus(
    "/Users?filter=emails[value+eq+\"ADA@corp.test\"]",
    "/Users?filter=emails[value+eq+\"PERSON-2@example.com\"]"
)]
#[case::begins(
    "/Users?filter=name.familyName+sw+%22Love%22",
    "/Users?filter=name.familyName+sw+%22Family%22"
)]
#[case::ends(
    "/Users?filter=userName+ew+%22%40corp.test%22",
    "/Users?filter=userName+ew+%22%40example.com%22"
)]
#[case::path("/Users/ada@corp.test", "/Users/person-2@example.com")]
#[case::encoded_path("/Users/ada%40corp.test/x", "/Users/person-2%40example.com/x")]
#[case::id("/Users/2819c223?attributes=userName,emails", "/Users/2819c223?attributes=userName,emails")]
#[case::parameter("/Users?userName=ada%40corp.test", "/Users?userName=person-2%40example.com")]
fn queries_and_paths_follow(#[case] target: &str, #[case] expected: &str) {
    let mut redaction = pseudonymiser();
    redaction.clean(&mut with_bodies("/Users", ADA, "{}"));
    let mut one = exchange(Method::GET, target);
    redaction.clean(&mut one);
    assert_eq!(one.request.to, Destination::Scim(expected.to_owned()));
    assert!(one.url.ends_with(expected), "{}", one.url);
}

#[rstest]
#[case::path_and_value(
    r#"{"Operations":[{"op":"replace","path":"emails[value eq \"ada@corp.test\"].display","value":"ada@corp.test"}]}"#,
    r#"{"Operations":[{"op":"replace","path":"emails[value eq \"person-2@example.com\"].display","value":"person-2@example.com"}]}"#
)]
#[case::no_path(
    r#"{"Operations":[{"op":"replace","value":{"name.givenName":"Ada","active":false}}]}"#,
    r#"{"Operations":[{"op":"replace","value":{"name.givenName":"Person-2","active":false}}]}"#
)]
#[case::members(
    r#"{"Operations":[{"op":"add","path":"members","value":[{"value":"2819c223","display":"Ada Lovelace"}]}]}"#,
    r#"{"Operations":[{"op":"add","path":"members","value":[{"value":"2819c223","display":"Person-2 Family1"}]}]}"#
)]
#[case::bulk(
    r#"{"Operations":[{"method":"POST","path":"/Users/ada@corp.test","data":{"displayName":"Ada Lovelace"}}]}"#,
    r#"{"Operations":[{"method":"POST","path":"/Users/person-2@example.com","data":{"displayName":"Person-2 Family1"}}]}"#
)]
#[case::group(
    r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Engines","externalId":"engines"}"#,
    r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Engines","externalId":"engines"}"#
)]
#[case::group_of_a_person(
    r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Ada Lovelace's team"}"#,
    r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Person-2 Family1's team"}"#
)]
#[case::schema(
    r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Schema"],"name":"Ada","attributes":[{"name":"userName"}]}"#,
    r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Schema"],"name":"Ada","attributes":[{"name":"userName"}]}"#
)]
#[case::error(
    r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"409","detail":"Ada@corp.test exists, see 'ada lovelace'"}"#,
    r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"409","detail":"Person-2@example.com exists, see 'person-2 family1'"}"#
)]
#[case::cut_off(
    r#"{"userName":"ada@corp.test","name":{"givenName":"Ada","familyName":"Love"#,
    r#"{"userName":"person-2@example.com","name":{"givenName":"Person-2","familyName":"Family2"#
)]
#[case::number(
    r#"{"userName":"x1","employeeNumber":1815}"#,
    r#"{"userName":"person-3","employeeNumber":100001}"#
)]
fn bodies_follow(#[case] body: &str, #[case] expected: &str) {
    let mut redaction = pseudonymiser();
    redaction.clean(&mut with_bodies("/Users", ADA, "{}"));
    let mut one = with_bodies("/Bulk", body, body);
    redaction.clean(&mut one);
    assert_eq!(request_body(&one), expected);
    assert_eq!(answer_body(&one), expected);
}

#[test]
fn headers_that_name_a_person_follow() {
    let mut one = with_bodies("/Users", r#"{"userName":"ada"}"#, r#"{"id":"ada","userName":"ada"}"#);
    let answer = one.result.as_mut().unwrap();
    answer.headers.push(("Location".to_owned(), "https://app.example.com/scim/v2/Users/ada".to_owned()));
    answer.headers.push(("ETag".to_owned(), "W/\"ada\"".to_owned()));
    pseudonymiser().clean(&mut one);
    let answer = one.result.as_ref().unwrap();
    assert_eq!(answer.headers[1].1, "https://app.example.com/scim/v2/Users/person-1");
    assert_eq!(answer.headers[2].1, "W/\"ada\"");
    assert_eq!(answer_body(&one), r#"{"id":"person-1","userName":"person-1"}"#);
}

#[test]
fn what_a_later_body_tells_to_be_a_name_is_one_in_the_path_before_it() {
    let mut one = exchange(Method::GET, "/Users/ada");
    answer_with(&mut one, 200, r#"{"id":"ada","userName":"ada"}"#);
    pseudonymiser().clean(&mut one);
    assert_eq!(one.request.to, Destination::Scim("/Users/person-1".to_owned()));
}

#[test]
fn secrets_are_gone_before_people_are_renamed() {
    let mut one =
        with_bodies("/Users", r#"{"userName":"ada","password":"s3cret-pw","nickName":"s3cret-pw"}"#, "{}");
    pseudonymiser().clean(&mut one);
    assert_eq!(
        request_body(&one),
        r#"{"userName":"person-1","password":"[redacted]","nickName":"[redacted]"}"#
    );
}

#[test]
fn the_same_recording_gives_the_same_people() {
    let run = || {
        let mut redaction = pseudonymiser();
        let mut one = with_bodies("/Users?filter=name.familyName+co+%22e%22", ADA, ADA);
        redaction.clean(&mut one);
        one
    };
    assert_eq!(run(), run());
}

/// Every string of an exchange that says who somebody is, in one order.
fn strings(one: &Exchange) -> Vec<String> {
    let body: Value = serde_json::from_str(request_body(one)).expect("JSON");
    let mut found = Vec::new();
    for pointer in
        ["/userName", "/displayName", "/name/givenName", "/name/familyName", "/emails/0/value", "/nickName"]
    {
        found.push(body.pointer(pointer).and_then(Value::as_str).expect("a string").to_owned());
    }
    let filter = one.url.split_once("%22").and_then(|(_, rest)| rest.split_once("%22")).expect("a filter").0;
    found.push(percent_encoding::percent_decode_str(filter).decode_utf8().expect("UTF-8").into_owned());
    found
}

proptest! {
    #[test]
    fn equality_survives_in_both_directions(
        people in prop::collection::vec(
            prop::array::uniform7("(q[a-c]{3}|Q[a-c]{3}|Q[A-C]{3}|q[aA]{3})([.@ ]zzz(\\.test)?)?"), 1..6,
        ),
    ) {
        let mut redaction = pseudonymiser();
        let mut before = Vec::new();
        let mut after = Vec::new();
        for [user_name, display, given, family, mail, nick, asked] in people {
            let body = json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "1",
                "userName": user_name, "displayName": display, "name": {"givenName": given, "familyName": family},
                "emails": [{"value": mail}], "nickName": nick,
            });
            let asked = asked.replace('@', "%40").replace(' ', "%20");
            let mut one = with_bodies(&format!("/Users?filter=userName%20eq%20%22{asked}%22"), &body.to_string(), "{}");
            before.extend(strings(&one));
            redaction.clean(&mut one);
            after.extend(strings(&one));
        }
        let mut there: HashMap<&str, &str> = HashMap::new();
        let mut back: HashMap<&str, &str> = HashMap::new();
        let mut folded_there: HashMap<String, String> = HashMap::new();
        let mut folded_back: HashMap<String, String> = HashMap::new();
        for (old, new) in before.iter().zip(&after) {
            prop_assert_eq!(there.entry(old).or_insert(new), new, "{} is one", old);
            prop_assert_eq!(back.entry(new).or_insert(old), old, "{} is one", new);
            let (old, new) = (old.to_lowercase(), new.to_lowercase());
            prop_assert_eq!(folded_there.entry(old.clone()).or_insert_with(|| new.clone()), &new);
            prop_assert_eq!(folded_back.entry(new).or_insert_with(|| old.clone()), &old);
            for word in old.split(['@', ' ', '.']).filter(|word| word.starts_with('q')) {
                prop_assert!(!after.iter().any(|text| text.to_lowercase().contains(word)), "{} is still there", word);
            }
        }
    }
}
