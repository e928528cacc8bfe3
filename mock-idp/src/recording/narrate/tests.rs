//! The story of each persona's life, and the words for what goes wrong.

use std::time::{Duration, SystemTime};

use rstest::rstest;

use super::application::life;
use super::*;
use crate::exchange::{Answer, Broken, Destination, Origin, Request};

fn exchange(method: &str, target: &str, body: &str, result: Result<(u16, &str), Broken>) -> Exchange {
    Exchange {
        origin: Origin::Recorded,
        request: Request {
            method: method.parse().unwrap(),
            to: Destination::Scim(target.to_owned()),
            headers: Vec::new(),
            body: (!body.is_empty()).then(|| body.to_owned().into()),
        },
        url: format!("https://app.example/scim/v2{target}"),
        result: result.map(|(status, body)| Answer {
            status,
            headers: Vec::new(),
            body: body.to_owned().into(),
        }),
        started: SystemTime::UNIX_EPOCH,
        took: Duration::ZERO,
    }
}

#[rstest]
#[tokio::test]
async fn the_story_of_a_life(
    #[values("okta-wizard", "okta-catalog", "entra", "entra+aadOptscim062020")] name: &str,
) {
    let mut narrator = Narrator::default();
    let told: Vec<String> = life(name).await.iter().filter_map(|exchange| narrator.tell(exchange)).collect();
    insta::assert_snapshot!(format!("life-{}", name.replace('+', "-")), told.join("\n"));
}

#[rstest]
#[case("GET", "/Users/1", Ok((404, "")), "reads 1: not found")]
#[case("GET", "/Users?startIndex=1&count=2", Ok((401, "")), "tests the connection: not let in, 401")]
#[case("GET", "/Users/1", Ok((429, "")), "reads 1: told to wait, 429")]
#[case("DELETE", "/Groups/7", Ok((503, "down")), "deletes the group 7: the server fails, 503")]
#[case("GET", "/Users/1", Ok((302, "")), "reads 1: sent elsewhere, 302")]
#[case("GET", "/Users/1", Err(Broken::Timeout(Duration::from_mins(1))), "reads 1: no answer in time")]
#[case("GET", "/Users/1", Err(Broken::NotRecorded), "reads 1")]
#[case("PATCH", "/Users/1", Ok((400, r#"{"detail":"no\u001b[31mway"}"#)), "patches 1 unchanged: refused, 400 no [31mway")]
#[case("GET", "/Schemas/urn:x", Ok((200, "")), "reads the schemas")]
#[case("GET", "/Users?startIndex=101&count=100", Ok((200, r#"{"totalResults":102,"Resources":[{},{}]}"#)), "reads people 101 to 102 of 102")]
#[case("GET", "/Users?filter=title%20sw%20%22a%22", Ok((200, r#"{"totalResults":3}"#)), "looks for people with title sw \"a\": 3 found")]
fn what_goes_wrong_is_said_at_the_end(
    #[case] method: &str,
    #[case] target: &str,
    #[case] result: Result<(u16, &str), Broken>,
    #[case] told: &str,
) {
    assert_eq!(Narrator::default().tell(&exchange(method, target, "", result)).as_deref(), Some(told));
}

#[test]
fn what_says_nothing_about_provisioning_is_not_told() {
    let mut narrator = Narrator::default();
    assert_eq!(narrator.tell(&exchange("OPTIONS", "/Users", "", Ok((204, "")))), None);
    let mut elsewhere = exchange("GET", "/", "", Ok((200, "")));
    elsewhere.request.to = Destination::Absolute("https://app.example/login".parse().unwrap());
    assert_eq!(narrator.tell(&elsewhere), None);
}

#[test]
fn who_was_there_already_is_linked_once_and_people_of_one_name_are_told_apart() {
    let mut narrator = Narrator::default();
    let mut tell = |method, target, body, status, answer| {
        narrator.tell(&exchange(method, target, body, Ok((status, answer)))).unwrap()
    };
    let found = r#"{"totalResults":1,"Resources":[{"id":"1","userName":"ada@example.com","title":"Clerk","active":true}]}"#;
    assert_eq!(
        tell("GET", "/Users?filter=userName+eq+%22ada%40example.com%22", "", 200, found),
        "asks whether ada@example.com is known: yes"
    );
    let put = r#"{"id":"1","userName":"ada@example.com","title":"Lead","active":true}"#;
    assert_eq!(
        tell("PUT", "/Users/1", put, 200, put),
        "links ada, who was there already, and updates title of ada"
    );
    let put = r#"{"id":"1","userName":"ada@example.com","active":false}"#;
    assert_eq!(tell("PUT", "/Users/1", put, 200, put), "deactivates ada and clears title");
    let other = r#"{"id":"2","userName":"ada@example.org","active":true}"#;
    assert_eq!(tell("POST", "/Users", other, 201, other), "creates ada@example.org");
    assert_eq!(tell("DELETE", "/Users/2", "", 204, ""), "deletes ada@example.org");
    let refused = r#"{"schemas":[],"Operations":[{"op":"replace","value":{"active":true}}]}"#;
    assert_eq!(tell("PATCH", "/Users/1", refused, 409, ""), "reactivates ada: refused, 409");
    assert_eq!(tell("PATCH", "/Users/1", refused, 204, ""), "reactivates ada");
}

#[test]
fn members_are_counted_and_named() {
    let mut narrator = Narrator::default();
    let mut tell = |method, target, body: &str, status, answer: &str| {
        narrator.tell(&exchange(method, target, body, Ok((status, answer)))).unwrap()
    };
    for (id, name) in [("1", "ada"), ("2", "grace")] {
        let user = format!(r#"{{"id":"{id}","userName":"{name}@example.com"}}"#);
        tell("POST", "/Users", &user, 201, &user);
    }
    let group = r#"{"displayName":"Engineering","members":[]}"#;
    assert_eq!(
        tell("POST", "/Groups", group, 201, r#"{"id":"7","displayName":"Engineering"}"#),
        "creates the group Engineering"
    );
    let mut patch = |operations: &str| {
        tell("PATCH", "/Groups/7", &format!(r#"{{"Operations":[{operations}]}}"#), 204, "")
    };
    assert_eq!(
        patch(r#"{"op":"add","path":"members","value":[{"value":"1"},{"value":"2"}]}"#),
        "adds 2 people (ada, grace) to Engineering"
    );
    assert_eq!(
        patch(
            r#"{"op":"remove","path":"members[value eq \"1\"]"},{"op":"remove","path":"members[value eq \"2\"]"},
               {"op":"Add","path":"members","value":[{"value":"3"}]}"#
        ),
        "removes 2 people (ada, grace) from Engineering and adds 1 person to Engineering"
    );
    assert_eq!(patch(r#"{"op":"remove","path":"members"}"#), "removes everybody from Engineering");
    assert_eq!(
        patch(r#"{"op":"replace","value":{"id":"7","displayName":"Engineering"}}"#),
        "writes the name of the group Engineering again"
    );
    assert_eq!(
        patch(r#"{"op":"replace","path":"displayName","value":"Makers"}"#),
        "renames the group Engineering to Makers"
    );
    let put = r#"{"id":"7","displayName":"Makers","members":[{"value":"2"}]}"#;
    assert_eq!(tell("PUT", "/Groups/7", put, 200, put), "adds grace to Makers");
}
