//! What becomes of single things in a recording. Whole life-cycles are told in the integration tests.

use std::time::{Duration, SystemTime};

use http::Method;
use scimspec_mock_idp::exchange::{Answer, Broken, Destination, Exchange, Origin, Request};
use scimspec_mock_idp::recording::{Entry, Format, Place, Recording, Source};
use serde_json::{Value, json};

use super::{ComposeError, Composed, Wishes, compose};
use crate::catalogue::Catalogue;
use crate::profile::Profiles;
use crate::scenario::lower::World;

const ADA: &str = "real.person@corp.example";

#[test]
fn who_was_there_before_is_made_first() {
    let person = json!({"id": "7", "userName": ADA, "active": false, "externalId": "x-1"});
    let group = json!({"id": "9", "displayName": "Board", "members": [{"value": "7"}]});
    let text = composed(vec![
        entry("GET /Users/7", None, 200, person),
        entry("GET /Groups/9", None, 200, group),
        entry(
            "PATCH /Groups/9",
            Some(json!({"schemas": [], "Operations": [{"op": "remove", "path": "members[value eq \"7\"]"}]})),
            204,
            Value::Null,
        ),
    ])
    .text;
    for line in [
        "# - ada was there before the recording began: the scenario makes ada first",
        "people: [ada]",
        "groups: [staff]",
        r#""userName": "${ada.userName}","#,
        r#""active": false,"#,
        "keep: {ada.id: $.id}",
        r#""members": [{"value": "${ada.id}"}]"#,
        "request: PATCH /Groups/${staff.id}",
        r#"members[value eq \"${ada.id}\"]"#,
        "after: GET /Groups/${staff.id}",
        r#""members": {"$absent": true}"#,
        "shows: [RFC7644-3.5.2.2-L17]",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

#[test]
fn a_version_is_kept_from_the_answer_that_told_it() {
    let mut created = create("7");
    set_header(&mut created, "ETag", "W/\"1\"");
    let mut change = entry(
        "PATCH /Users/7",
        Some(json!({"Operations": [{"op": "replace", "path": "title", "value": "Lead"}]})),
        204,
        Value::Null,
    );
    change.exchange.request.headers.push(("If-Match".to_owned(), "W/\"1\"".to_owned()));
    change.exchange.request.headers.push(("X-Custom".to_owned(), "1".to_owned()));
    let composed = composed(vec![created, change]);
    assert!(composed.text.contains("version-1: header ETag"), "{}", composed.text);
    assert!(composed.text.contains("headers: {If-Match: '${version-1}'}"), "{}", composed.text);
    assert!(composed.text.contains("needs: [etag, attribute:title, patch]"), "{}", composed.text);
    assert_eq!(composed.notes, ["the header x-custom is left out"]);
}

#[test]
fn what_failed_is_asked_for_and_what_was_sent_again_is_sent_once() {
    let failed = |status| Entry {
        exchange: Exchange { result: Ok(answer(status, &Value::Null)), ..create("7").exchange },
        ..create("7")
    };
    let composed = composed(vec![failed(429), failed(500), failed(500)]);
    assert_eq!(composed.text.matches("request: POST").count(), 1);
    assert!(composed.text.contains("expect: {status: 201,"), "{}", composed.text);
    assert_eq!(
        composed.notes,
        [
            "entry 1 is left out: it was sent again",
            "entry 2 is left out: it was sent again",
            "entry 3 was answered 500 by the recorded server; the scenario asks for 201"
        ]
    );
}

#[test]
fn a_second_account_of_one_name_is_refused_and_nothing_is_asked_of_it() {
    let composed =
        composed(vec![create("7"), create("8"), entry("GET /Users/8", None, 200, json!({"id": "8"}))]);
    assert!(
        composed.text.contains("check: ada-is-there-already\n    shows: [RFC7644-3.3-L7]"),
        "{}",
        composed.text
    );
    assert!(
        composed
            .notes
            .contains(&"entry 3 is left out: it uses an id that a right server never gave".to_owned()),
        "{:?}",
        composed.notes
    );
}

#[test]
fn what_says_who_somebody_is_does_not_stay() {
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": ADA, "displayName": "Real Person",
        "name": {"givenName": "Real", "familyName": "Person", "middleName": "Quite"}, "password": "hunter2hunter2",
        "phoneNumbers": [{"type": "work", "value": "+49 30 1234567"}],
        "addresses": [{"streetAddress": "Real Street 5", "country": "DE"}],
        "emails": [{"type": "work", "value": ADA}, {"type": "home", "value": "private@home.example"}],
        "meta": {"location": "https://corp.example/Users/7"},
        "urn:x:Custom": {"assistant": "assistant@corp.example"}
    });
    let created = entry("POST /Users", Some(body.clone()), 201, with_id(&mut body, "7"));
    let asked = entry(
        "GET /Users?filter=emails.value%20eq%20%22somebody.else%40corp.example%22&access_token=%5Bredacted%5D",
        None,
        200,
        json!({"totalResults": 0}),
    );
    let text = composed(vec![created, asked]).text;
    for real in ["corp.example", "home.example", "Real", "Quite", "hunter2", "1234567", "redacted", "corp"] {
        assert!(!text.contains(real), "{real} in\n{text}");
    }
    assert!(text.contains(r#""country": "DE""#), "{text}");
}

#[test]
fn hostile_texts_stay_texts() {
    let title = "title: ${ada.id} \u{1b}[31m\n  - request: DELETE /Users\u{2028}'\"";
    let body = json!({"userName": ADA, "title": title, "nickName": "${unique", "x\u{85}y: ${z": "#"});
    let created = entry("POST /Users", Some(body), 201, json!({"id": "7\n- x: ${y}", "userName": ADA}));
    let named = Wishes { title: Some("a: b\n${c} #".to_owned()), personas: Vec::new() };
    let composed = compose(&recording(vec![created]), "x", &named, world()).unwrap();
    assert!(composed.text.starts_with("title: 'a: b ${c} #'\n"), "{}", composed.text);
    assert_eq!(composed.text.matches("\n  - request:").count(), 1, "{}", composed.text);
    assert!(!composed.text.contains('\u{1b}') && !composed.text.contains('\u{2028}'));
}

#[test]
fn what_has_no_names_in_a_scenario_is_left_out() {
    let bulk = entry("POST /Bulk", Some(json!({"Operations": []})), 200, json!({}));
    let mut broken = create("7");
    broken.exchange.result = Err(Broken::NotRecorded);
    let refused = entry("GET /Users/7", None, 401, json!({}));
    let Err(ComposeError::Nothing(notes)) =
        compose(&recording(vec![bulk, broken, refused]), "x", &Wishes::default(), world())
    else {
        panic!("a scenario without steps")
    };
    assert_eq!(
        notes,
        [
            "entry 1 is left out: what is sent to /Bulk has no names in a scenario",
            "entry 2 is left out: it has no answer",
            "entry 3 is left out: it was answered 401, and a scenario has the target's own credentials",
        ]
    );
}

#[test]
fn people_and_groups_of_one_id_are_kept_apart() {
    let group = |members: &[&str]| {
        let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
        json!({"id": "1", "displayName": "Board", "members": members})
    };
    let remove = json!({"Operations": [{"op": "remove", "path": "members[value eq \"1\"]"}]});
    let text = composed(vec![
        create("1"),
        entry(
            "POST /Groups",
            Some(json!({"displayName": "Board", "members": [{"value": "1"}]})),
            201,
            group(&["1"]),
        ),
        entry(
            "GET /Groups?filter=id%20eq%20%221%22",
            None,
            200,
            json!({"totalResults": 1, "Resources": [group(&[])]}),
        ),
        entry("PATCH /Groups/1", Some(remove), 204, Value::Null),
        entry("GET /Groups/1", None, 200, group(&[])),
        entry("DELETE /Groups/1", None, 204, Value::Null),
        entry("GET /Users/1", None, 200, json!({"id": "1", "userName": ADA})),
    ])
    .text;
    for line in [
        r#"{"displayName": "${staff.displayName}", "members": [{"value": "${ada.id}"}]}"#,
        r#"GET /Groups?filter=id eq "${staff.id}""#,
        "request: PATCH /Groups/${staff.id}",
        r#"members[value eq \"${ada.id}\"]"#,
        "request: GET /Groups/${staff.id}",
        "request: DELETE /Groups/${staff.id}",
        "request: GET /Users/${ada.id}",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

#[test]
fn a_person_stays_in_the_other_groups_when_a_group_of_the_same_id_goes() {
    let group = |id: &str, name: &str| json!({"id": id, "displayName": name, "members": [{"value": "1"}]});
    let create_group = |id: &str, name: &str| {
        let body = json!({"displayName": name, "members": [{"value": "1"}]});
        entry("POST /Groups", Some(body), 201, group(id, name))
    };
    let text = composed(vec![
        create_group("1", "Board"),
        create("1"),
        create_group("2", "Choir"),
        entry("DELETE /Groups/1", None, 204, Value::Null),
        entry("GET /Groups/2", None, 200, group("2", "Choir")),
    ])
    .text;
    let left = text.split("request: DELETE").nth(1).unwrap_or_default();
    assert!(left.contains(r#""members": {"$unordered": [{"value": "${ada.id}"}]}"#), "{text}");
}

#[test]
fn a_name_that_is_looked_up_in_other_case_keeps_both_spellings() {
    let asked = entry(
        "GET /Users?filter=userName%20eq%20%22REAL.PERSON%40CORP.EXAMPLE%22",
        None,
        200,
        json!({"totalResults": 0}),
    );
    let composed = composed(vec![create("7"), asked]);
    for line in [
        r#""userName": "case.${ada.userName}""#,
        r#"request: GET /Users?filter=userName eq "CASE.${ada.userName}""#,
        r#"json: '{"totalResults": 1, "Resources": [{"id": "${ada.id}"}]}'"#,
    ] {
        assert!(composed.text.contains(line), "{line} is missing in\n{}", composed.text);
    }
    assert_eq!(composed.notes, ["entry 2: the recorded server found 0; the scenario asks for 1"]);
}

#[test]
fn a_scenario_says_what_it_does_not_ask_and_always_asks_something() {
    let nameless = || entry("POST /Users", Some(json!({"active": true})), 400, json!({}));
    let note = "entry 1 was answered 400: what is right cannot be told from a recording, so it is sent and nothing is asked";
    let refused = compose(&recording(vec![nameless()]), "x", &Wishes::default(), world());
    let Err(ComposeError::Unchecked(notes)) = refused else { panic!("a scenario without checks") };
    assert_eq!(notes, [note]);
    assert_eq!(composed(vec![nameless(), create("7")]).notes, [note]);
}

#[test]
fn a_recording_that_is_too_long_for_a_scenario_is_refused() {
    let entries = (0..1001).map(|_| entry("GET /Users", None, 200, json!({}))).collect();
    let refused = compose(&recording(entries), "x", &Wishes::default(), world());
    assert!(matches!(refused, Err(ComposeError::TooLong(1001))));
}

#[test]
fn only_headers_that_differ_stay() {
    let mut created = create("7");
    for (name, value) in [
        ("Content-Type", "application/json; charset=utf-8"),
        ("Accept", "application/json"),
        ("User-Agent", "Somebody/1"),
        ("X-Forwarded-For", "192.0.2.1"),
    ] {
        created.exchange.request.headers.push((name.to_owned(), value.to_owned()));
    }
    let composed = composed(vec![created]);
    let headers = "headers: {Content-Type: application/json, Accept: application/json}";
    assert!(composed.text.contains(headers), "{}", composed.text);
    assert!(composed.notes.is_empty());
}

fn composed(entries: Vec<Entry>) -> Composed {
    compose(&recording(entries), "x", &Wishes::default(), world()).unwrap_or_else(|error| panic!("{error}"))
}

fn world() -> World<'static> {
    static CATALOGUE: std::sync::LazyLock<(Catalogue, Profiles)> = std::sync::LazyLock::new(|| {
        let catalogue = Catalogue::embedded().unwrap();
        let profiles = Profiles::embedded(&catalogue).unwrap();
        (catalogue, profiles)
    });
    World { catalogue: &CATALOGUE.0, profiles: CATALOGUE.1.names() }
}

fn recording(mut entries: Vec<Entry>) -> Recording {
    for (i, entry) in entries.iter_mut().enumerate() {
        entry.place = Place::Entry(i + 1);
    }
    let source = Source { format: Format::Har, creator: None, comment: None };
    Recording { source, base: None, entries, left_out: Vec::new() }
}

fn create(id: &str) -> Entry {
    let mut body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": ADA});
    entry("POST /Users", Some(body.clone()), 201, with_id(&mut body, id))
}

fn with_id(body: &mut Value, id: &str) -> Value {
    body["id"] = id.into();
    body.clone()
}

fn entry(line: &str, body: Option<Value>, status: u16, answered: impl Into<Value>) -> Entry {
    let (method, target) = line.split_once(' ').unwrap();
    let request = Request {
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        to: Destination::Scim(target.to_owned()),
        headers: Vec::new(),
        body: body.map(|body| body.to_string().into()),
    };
    let exchange = Exchange {
        origin: Origin::Recorded,
        request,
        url: format!("https://corp.example/scim{target}"),
        result: Ok(answer(status, &answered.into())),
        started: SystemTime::UNIX_EPOCH,
        took: Duration::ZERO,
    };
    let (assertions, captures) = (Vec::new(), Vec::new());
    Entry { place: Place::File, exchange, pause: Duration::ZERO, assertions, captures }
}

fn answer(status: u16, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Answer { status, headers: Vec::new(), body: body.into() }
}

fn set_header(entry: &mut Entry, name: &str, value: &str) {
    if let Ok(answer) = &mut entry.exchange.result {
        answer.headers.push((name.to_owned(), value.to_owned()));
    }
}
