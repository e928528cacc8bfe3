//! Life-cycles of personas, recorded in code and replayed: on a server that is right, on servers that are wrong in one
//! way, on two at once, twice on one.

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use rstest::rstest;
use scimspec_mock_idp::exchange::Answer;
use scimspec_mock_idp::persona::catalogue;
use scimspec_mock_idp::recording::{Assertion, Capture, Comparison, Part, Recording};
use serde_json::{Value, json};

use self::support::{Scripted, Server, life_cycle, made_up, recording};
use super::against::Against;
use super::difference::{Difference, Kind};
use super::survey::Survey;
use super::{Options, Replayed, Room};
use crate::runner::names::RunId;
use crate::secrets::Secrets;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// What differs, in the words that a reader sees first.
fn told(replayed: &Replayed) -> Vec<String> {
    let line = |difference: &Difference| {
        let unlike: Vec<_> = difference.unlike.iter().map(super::difference::Unlike::line).collect();
        format!("{}: {} ({})", difference.request, difference.consequence, unlike.join("; "))
    };
    replayed.differences.iter().map(line).collect()
}

#[track_caller]
fn assert_clean(replayed: &Replayed, name: &str) {
    assert_eq!(told(replayed), [""; 0], "{name}");
    assert!(replayed.skipped.is_empty(), "{name}: {:?}", replayed.skipped);
    assert!(replayed.compared > 0, "{name}");
}

#[tokio::test]
async fn a_life_cycle_of_every_persona_replays_clean_on_a_fresh_server() {
    for info in catalogue() {
        let (_, exchanges) = life_cycle(info.name).await;
        let recording = recording(exchanges);
        for strict in [false, true] {
            let options = Options { strict, ..Options::default() };
            let replayed = Server::start(&[]).await.replay(&recording, &options).await;
            assert_clean(&replayed, &format!("{}, strict: {strict}", info.name));
            assert_eq!(replayed.compared, recording.entries.len(), "{}", info.name);
        }
    }
}

/// A life-cycle, replayed on a server with a bug: the first difference, and how many there are.
async fn on(persona: &str, slug: &str) -> (Difference, usize) {
    let (_, exchanges) = life_cycle(persona).await;
    let replayed = Server::start(&[slug]).await.replay(&recording(exchanges), &Options::default()).await;
    let count = replayed.differences.len();
    let first = replayed.differences.into_iter().next();
    (first.unwrap_or_else(|| panic!("{persona} on {slug}: the same")), count)
}

#[rstest]
#[case::lost_by_deactivation("okta-catalog", "deactivate-hard-deletes")]
#[case::not_found_while_inactive("okta-catalog", "inactive-hidden-from-filter")]
#[case::not_found_while_inactive_by_put("okta-wizard", "inactive-hidden-from-filter")]
#[tokio::test]
async fn an_identity_that_is_lost_is_told_by_what_reactivation_would_do(
    #[case] persona: &str,
    #[case] slug: &str,
) {
    let (first, count) = on(persona, slug).await;
    assert_eq!(first.about.as_deref(), Some("ada@example.com"));
    assert!(matches!(first.unlike[0].kind, Kind::FoundNothing | Kind::Vanished), "{first:?}");
    assert!(
        first.consequence.contains("create a second account")
            || first.consequence.contains("the account of ada@example.com is gone"),
        "{}",
        first.consequence
    );
    assert_eq!(count, 1, "the rest only follows");
}

#[rstest]
#[case::by_a_path("okta-catalog", "group-filtered-remove-clears-all")]
#[case::by_a_value("entra", "group-remove-with-value-clears-all")]
#[tokio::test]
async fn a_group_that_an_update_empties_is_told_by_who_loses_access(
    #[case] persona: &str,
    #[case] slug: &str,
) {
    let (first, _) = on(persona, slug).await;
    assert_eq!(first.unlike[0].kind, Kind::GroupEmptied, "{first:?}");
    assert_eq!(first.consequence, "the group Engineering is empty: 2 people lose access");
}

#[tokio::test]
async fn a_lookup_in_another_case_that_finds_nobody_would_make_a_second_account() {
    let (server, mut exchanges) = life_cycle("okta-wizard").await;
    let lookup = "/Users?filter=userName%20eq%20%22BOB%40EXAMPLE.COM%22&startIndex=1&count=100";
    exchanges.push(server.send(Method::GET, lookup, None).await);
    let recording = recording(exchanges);
    let wrong = Server::start(&["filter-username-case-sensitive"]).await;
    let replayed = wrong.replay(&recording, &Options::default()).await;
    assert_eq!(
        told(&replayed),
        [format!(
            "GET {lookup}: Okta would link nobody and create a second account for bob@example.com (one result, now nothing)"
        )]
    );
    let unique = Options { unique: true, ..Options::default() };
    assert_clean(&Server::start(&[]).await.replay(&recording, &unique).await, "unique");
    let replayed = Server::start(&["filter-username-case-sensitive"]).await.replay(&recording, &unique).await;
    assert_eq!(replayed.differences.len(), 1, "{:?}", told(&replayed));
}

#[tokio::test]
async fn what_follows_from_a_refused_creation_stands_under_it() {
    let (_, exchanges) = life_cycle("okta-wizard").await;
    let recording = recording(exchanges);
    let replayed = Server::start(&["group-post-500"]).await.replay(&recording, &Options::default()).await;
    assert_eq!(replayed.differences.len(), 1, "{:?}", told(&replayed));
    let difference = &replayed.differences[0];
    assert_eq!(difference.request, "POST /Groups");
    assert!(
        difference.consequence.starts_with("Engineering does not come to be"),
        "{}",
        difference.consequence
    );
    assert!(!difference.follows.is_empty() && difference.follows.iter().all(|f| f.skipped), "{difference:?}");
    assert!(replayed.skipped.is_empty(), "{:?}", replayed.skipped);
}

#[tokio::test]
async fn two_servers_part_where_the_second_is_wrong() {
    let (_, exchanges) = life_cycle("okta-catalog").await;
    let recording = recording(exchanges);
    let alike = against(&recording, &[], &[]).await;
    assert_clean(&alike, "the same server twice");
    // Both are wrong in the same way: the recording does not count.
    let wrong = ["group-filtered-remove-clears-all"];
    assert_clean(&against(&recording, &wrong, &wrong).await, "the same bug twice");
    let parted = against(&recording, &[], &wrong).await;
    assert_eq!(
        parted.differences[0].consequence,
        "the group Engineering.bbbbbb.1 is empty: 2 people lose access"
    );
    let parted = against(&recording, &[], &["inactive-hidden-from-filter"]).await;
    assert_eq!(parted.differences[0].unlike[0].kind, Kind::FoundNothing);
    assert_eq!(parted.differences[0].about.as_deref(), Some("ada.bbbbbb.1@example.com"));
}

async fn against(recording: &Recording, first: &[&str], second: &[&str]) -> Replayed {
    let (first, second) = (Server::start(first).await, Server::start(second).await);
    let secrets = Secrets::default();
    let runs = ["aaaaaa", "bbbbbb"].map(|mark| RunId(mark.to_owned()));
    let endpoints = ["/Users".to_owned(), "/Groups".to_owned()];
    let rooms = [
        Room {
            wire: &*first.wire,
            base: &first.target.url,
            endpoints: &endpoints,
            run: &runs[0],
            story: 1,
            domain: "example.com",
            secrets: &secrets,
            alone: true,
        },
        Room {
            wire: &*second.wire,
            base: &second.target.url,
            endpoints: &endpoints,
            run: &runs[1],
            story: 1,
            domain: "example.com",
            secrets: &secrets,
            alone: true,
        },
    ];
    let mut survey = Survey::default();
    for entry in &recording.entries {
        survey.look(entry);
    }
    let options = Options { unique: true, ..Options::default() };
    let mut against = Against::new((&rooms[0], &rooms[1]), &survey, &options);
    for entry in &recording.entries {
        against.step(entry).await;
    }
    against.finish()
}

#[tokio::test]
async fn unique_names_let_a_recording_be_replayed_twice_on_one_server() {
    let (_, exchanges) = life_cycle("entra").await;
    let recording = recording(exchanges);
    let server = Server::start(&[]).await;
    let unique = Options { unique: true, ..Options::default() };
    for mark in ["aaaaaa", "bbbbbb"] {
        let replayed = server.replay_as(&recording, &unique, mark, false).await;
        assert_clean(&replayed, mark);
        let sent: String = replayed.exchanges.iter().map(|exchange| exchange.url.clone()).collect();
        assert!(sent.contains(mark), "filters ask for unique names: {sent}");
    }
    // Without, the second finds the first one's people and leaves them alone.
    server.replay_as(&recording, &Options::default(), "cccccc", false).await;
    let again = server.replay_as(&recording, &Options::default(), "dddddd", false).await;
    assert_eq!(again.differences[0].unlike[0].kind, Kind::FoundSomething, "{:?}", told(&again));
    let touched = again.exchanges.iter().any(|exchange| {
        ["PUT", "PATCH", "DELETE"].contains(&exchange.request.method.as_str())
            && exchange.result.as_ref().is_ok_and(Answer::is_success)
            && !exchange.request.to.to_string().starts_with("/Groups")
    });
    assert!(!touched, "somebody else's people were changed");
}

#[tokio::test]
async fn who_was_there_before_is_found_by_name_and_changed_only_if_that_is_wanted() {
    let (server, there) =
        (Server::start(&[]).await, json!({"schemas": [USER], "userName": "eve@example.com", "active": true}));
    let made = server.send(Method::POST, "/Users", Some(&there)).await;
    let id = made.result.unwrap().json().unwrap()["id"].as_str().unwrap().to_owned();
    let shown = json!({"id": "r-1", "userName": "eve@example.com", "active": true, "schemas": [USER]});
    let inactive = json!({"id": "r-1", "userName": "eve@example.com", "active": false, "schemas": [USER]});
    let off = json!({"Operations": [{"op": "replace", "path": "active", "value": false}],
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]});
    let recording = recording(vec![
        made_up(Method::GET, "/Users/r-1", None, Some((200, shown.clone()))),
        made_up(Method::PATCH, "/Users/r-1", Some(&off), Some((204, Value::Null))),
        made_up(Method::GET, "/Users/r-1", None, Some((200, inactive))),
    ]);
    let active = async || {
        let look = server.send(Method::GET, &format!("/Users/{id}"), None).await;
        look.result.unwrap().json().unwrap()["active"].clone()
    };
    let left = server.replay_as(&recording, &Options::default(), "aaaaaa", false).await;
    assert_eq!((left.sent, told(&left).len(), active().await), (2, 0, json!(true)));
    assert!(left.notes[0].starts_with("1 answers differ only because"), "{:?}", left.notes);
    assert!(
        left.skipped[0].why.starts_with("eve@example.com was there before the replay"),
        "{:?}",
        left.skipped
    );
    let changing = Options { change_existing: true, ..Options::default() };
    let changed = server.replay_as(&recording, &changing, "aaaaaa", false).await;
    assert_eq!((changed.sent, told(&changed).len(), active().await), (3, 0, json!(false)));
}

#[tokio::test]
async fn who_is_not_there_is_told_with_the_requests_that_rest_on_them() {
    let shown = json!({"id": "r-1", "userName": "eve@example.com", "active": true});
    let recording = recording(vec![
        made_up(Method::GET, "/Users/r-1", None, Some((200, shown.clone()))),
        made_up(Method::DELETE, "/Users/r-1", None, Some((204, Value::Null))),
    ]);
    let replayed = Server::start(&[]).await.replay(&recording, &Options::default()).await;
    assert_eq!((replayed.sent, replayed.skipped.len(), replayed.skipped[0].count), (0, 1, 2));
    assert_eq!(
        replayed.skipped[0].why,
        "eve@example.com was there before the recording began, and is not there"
    );
}

#[tokio::test(start_paused = true)]
async fn pauses_are_kept_only_if_that_is_wanted() {
    let list = json!({"totalResults": 0, "Resources": []});
    let exchange = || made_up(Method::GET, "/Users?startIndex=1&count=2", None, Some((200, list.clone())));
    let mut recording = recording(vec![exchange(), exchange()]);
    recording.entries[1].pause = Duration::from_secs(5);
    let answers = || Scripted::new(vec![(200, Vec::new(), list.clone()); 2]);
    for (pauses, expected) in [(false, 0), (true, 5)] {
        let start = tokio::time::Instant::now();
        let replayed = answers().replay(&recording, &Options { pauses, ..Options::default() }).await;
        assert_eq!((replayed.compared, start.elapsed().as_secs()), (2, expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_waited_for_and_a_recorded_one_is_not_repeated() {
    let list = json!({"totalResults": 0, "Resources": []});
    let ask = |answer| made_up(Method::GET, "/Users?startIndex=1&count=2", None, Some(answer));
    let recording = recording(vec![ask((429, Value::Null)), ask((200, list.clone()))]);
    let wait = vec![("retry-after".to_owned(), "3".to_owned())];
    let server = Scripted::new(vec![(429, wait, Value::Null), (200, Vec::new(), list)]);
    let start = tokio::time::Instant::now();
    let replayed = server.replay(&recording, &Options::default()).await;
    assert_eq!((told(&replayed).len(), replayed.sent, start.elapsed().as_secs()), (0, 1, 3));
    assert_eq!(replayed.skipped[0].count, 1);
    assert_eq!(server.asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_suite_runs_with_what_it_keeps_and_what_is_made_up_for_it() {
    let body = json!({"schemas": [USER], "userName": "{{randomEmail}}", "name": {"familyName": "{{family}}"}, "active": true});
    let mut suite = recording(vec![
        made_up(Method::POST, "/Users", Some(&body), None),
        made_up(Method::GET, "/Users/{{idUserOne}}", None, None),
        made_up(Method::GET, "/Users/{{UserIdThatDoesNotExist}}", None, None),
        made_up(Method::DELETE, "/Users/{{idUserOne}}", None, None),
    ]);
    let part = |path: &str| Part::Json(path.to_owned());
    let assert = |part: Part, comparison, value: Value| Assertion { part, comparison, value };
    suite.entries[0].captures = vec![Capture { name: "idUserOne".to_owned(), part: part("id") }];
    suite.entries[0].assertions = vec![assert(Part::Status, Comparison::EqualNumber, json!("201"))];
    suite.entries[1].assertions = vec![
        assert(part("userName"), Comparison::Equal, json!("{{randomEmail}}")),
        assert(part("name.familyName"), Comparison::Equal, json!("Lovelace")),
        assert(part("schemas"), Comparison::HasValue, json!(USER)),
    ];
    suite.entries[2].assertions = vec![assert(Part::Status, Comparison::EqualNumber, json!(404))];
    suite.entries[3].assertions = vec![assert(Part::Status, Comparison::EqualNumber, json!(200))];
    let set = BTreeMap::from([("family".to_owned(), "Lovelace".to_owned())]);
    let options = Options { set, ..Options::default() };
    let server = Server::start(&[]).await;
    let replayed = server.replay_as(&suite, &options, "aaaaaa", false).await;
    assert_eq!(
        told(&replayed),
        ["DELETE /Users/{{idUserOne}}: the suite that demands this would fail (status: 200, now 204)"]
    );
    assert_eq!((replayed.sent, replayed.compared), (4, 4));
    let made_up: Vec<_> = replayed.notes.iter().filter(|note| note.contains("was made up")).collect();
    assert_eq!(made_up.len(), 2, "the address and the id that nobody has: {made_up:?}");
}

#[tokio::test]
async fn a_password_that_was_taken_out_is_made_up_and_kept_secret() {
    let body = json!({"schemas": [USER], "userName": "ada", "password": "[redacted]", "active": true});
    let answer = json!({"schemas": [USER], "id": "r-1", "userName": "ada", "active": true});
    let recording = recording(vec![made_up(Method::POST, "/Users", Some(&body), Some((201, answer)))]);
    let replayed = Server::start(&[]).await.replay(&recording, &Options::default()).await;
    assert_clean(&replayed, "a password");
    let sent = replayed.exchanges[0].request.body.clone().unwrap();
    let sent: Value = serde_json::from_slice(&sent).unwrap();
    assert!(sent["password"].as_str().is_some_and(|password| password.ends_with("-aZ7!")), "{sent}");
}

#[tokio::test]
async fn whoever_was_not_let_in_is_not_let_in_again() {
    let mut refused =
        made_up(Method::GET, "/Users?startIndex=1&count=2", None, Some((401, json!({"status": "401"}))));
    refused.request = refused.request.header("Authorization", "[redacted]");
    let without =
        made_up(Method::GET, "/Users?startIndex=1&count=2", None, Some((401, json!({"status": "401"}))));
    let replayed =
        Server::start(&[]).await.replay(&recording(vec![refused, without]), &Options::default()).await;
    assert_clean(&replayed, "401");
}
