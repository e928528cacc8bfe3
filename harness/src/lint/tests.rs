//! What a recording is worth: which findings it can prove, which it cannot, and what is a provider's habit.

use std::time::Duration;

use super::*;
use crate::judge::Verdict;
use crate::report::pretty::Layout;
use crate::report::{Exit, pretty};
use crate::rules::tests::{answer, sent};

const USER: &str = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","userName":"ada@example.com","active":true,"meta":{"resourceType":"User","location":"https://app.example/scim/v2/Users/1"}}"#;
const NEW: &str = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com","active":true}"#;

fn recording(exchanges: Vec<Exchange>) -> Recording {
    let entry = |(at, exchange): (usize, Exchange)| scimspec_mock_idp::recording::Entry {
        place: Place::Entry(at + 1),
        exchange: Exchange { origin: scimspec_mock_idp::exchange::Origin::Recorded, ..exchange },
        pause: Duration::ZERO,
        assertions: Vec::new(),
        captures: Vec::new(),
    };
    Recording {
        source: Source { format: Format::Har, creator: Some("test 1".to_owned()), comment: None },
        base: Some("https://app.example/scim/v2".parse().unwrap()),
        entries: exchanges.into_iter().enumerate().map(entry).collect(),
        left_out: Vec::new(),
    }
}

fn linted(recording: &Recording) -> Linted {
    let order = Order { name: "test.har".to_owned(), profile: "base".to_owned(), only: None };
    lint(recording, &Library::embedded().unwrap(), order).unwrap()
}

fn verdicts(linted: &Linted, id: &str) -> Vec<Verdict> {
    linted.report.checks.iter().filter(|check| check.id == id).map(|check| check.verdict).collect()
}

fn labelled(mut exchange: Exchange) -> Exchange {
    let label = ("Content-Type".to_owned(), "application/scim+json".to_owned());
    if exchange.request.body.is_some() {
        exchange.request.headers.push(label.clone());
    }
    if let Ok(answer) = &mut exchange.result {
        answer.headers.push(label);
        answer.headers.push(("Location".to_owned(), "https://app.example/scim/v2/Users/1".to_owned()));
    }
    exchange
}

#[test]
fn both_sides_are_judged_and_a_finding_says_where_it_stands() {
    let patch = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}"#;
    let linted = linted(&recording(vec![
        labelled(sent("POST", "/Users", NEW, 201, USER)),
        labelled(sent("PATCH", "/Users/1", patch, 200, USER)),
        labelled(answer("GET", "/Users/1", 200, USER)),
        labelled(answer("GET", "/Users?filter=userName+eq+ada", 404, "")),
    ]));
    assert_eq!(verdicts(&linted, "rule/written-active-is-shown"), [Verdict::Fail]);
    assert_eq!(verdicts(&linted, "client/filter-grammar"), [Verdict::Fail]);
    assert_eq!(verdicts(&linted, "client/path-grammar"), [Verdict::Pass]);
    assert_eq!(verdicts(&linted, "client/bulk-form"), [Verdict::Skip]);
    let grammar = linted.report.checks.iter().find(|check| check.id == "client/filter-grammar").unwrap();
    assert_eq!(grammar.notes, ["first in entry 4"]);
    assert_eq!(linted.report.exit(), Exit::NotConformant);
    assert_eq!(linted.story[1], (Place::Entry(2), "deactivates ada".to_owned()));
}

#[test]
fn who_was_there_before_may_have_been_changed_by_others() {
    // Nobody saw this account being made: somebody else may have reactivated it in between.
    let patch = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}"#;
    let linted = linted(&recording(vec![
        labelled(sent("PATCH", "/Users/1", patch, 204, "")),
        labelled(answer("GET", "/Users/1", 200, USER)),
    ]));
    assert!(!verdicts(&linted, "rule/written-active-is-shown").contains(&Verdict::Fail));
}

#[test]
fn what_is_missing_or_overlaps_proves_nothing_about_its_neighbours() {
    let patch = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}"#;
    let whole = || {
        recording(vec![
            labelled(sent("POST", "/Users", NEW, 201, USER)),
            labelled(sent("PATCH", "/Users/1", patch, 204, "")),
            labelled(answer("GET", "/Users/1", 200, USER)),
        ])
    };
    let found = |recording: &Recording| verdicts(&linted(recording), "rule/written-active-is-shown");
    assert_eq!(found(&whole()), [Verdict::Fail]);

    let mut with_a_hole = whole();
    with_a_hole.entries[2].place = Place::Entry(5);
    with_a_hole.left_out.push(Note { place: Place::File, what: "2 entries are too large".to_owned() });
    assert!(!found(&with_a_hole).contains(&Verdict::Fail));

    let mut at_once = whole();
    for entry in &mut at_once.entries {
        entry.exchange.took = Duration::from_secs(1);
    }
    assert!(!found(&at_once).contains(&Verdict::Fail));

    let mut about_the_file = whole();
    about_the_file.left_out.push(Note { place: Place::File, what: "comments".to_owned() });
    assert_eq!(found(&about_the_file), [Verdict::Fail]);
}

#[test]
fn requests_without_answers_are_no_findings_about_the_server() {
    let mut suite = recording(vec![sent("POST", "/Users", r#"{"id":"1"}"#, 0, "")]);
    suite.entries[0].exchange.result = Err(Broken::NotRecorded);
    let linted = linted(&suite);
    let server = linted.report.checks.iter().filter(|check| check.scenario == "rule");
    assert!(server.clone().count() > 50 && server.clone().all(|check| check.verdict == Verdict::Skip));
    assert_eq!(verdicts(&linted, "client/no-id-on-create"), [Verdict::Fail]);
    assert_eq!(linted.unanswered, 1);
}

#[test]
fn a_password_is_in_no_report() {
    let new = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com","password":"correct-horse","id":"x"}"#;
    let linted = linted(&recording(vec![labelled(sent("POST", "/Users", new, 500, "correct-horse"))]));
    let layout = Layout { width: 80, verbose: true };
    let junit = crate::report::junit::text(&linted.report, &Linted::lens()).unwrap();
    for text in [report::text(&linted, layout), report::Report::new(&linted).to_text().unwrap(), junit] {
        assert!(!text.contains("correct-horse"), "{text}");
    }
}

#[test]
fn the_text_says_what_it_is_whose_habits_it_has_and_what_happens() {
    let mut exchanges = vec![
        labelled(answer(
            "GET",
            "/Users?filter=userName+eq+%22ada%40example.com%22",
            200,
            r#"{"totalResults":0}"#,
        )),
        labelled(sent(
            "POST",
            "/Users",
            &NEW.replace(r#""active""#, r#""meta":{"resourceType":"User"},"active""#),
            201,
            USER,
        )),
    ];
    for exchange in &mut exchanges {
        exchange.request.headers.push(("ADSCIMVersion".to_owned(), "6.0".to_owned()));
    }
    let linted = linted(&recording(exchanges));
    assert_eq!(linted.client().map(ToString::to_string).as_deref(), Some("entra"));
    let text = |verbose| {
        let layout = Layout { width: 100, verbose };
        anstream::adapter::strip_str(&report::text(&linted, layout)).to_string()
    };
    let brief = text(false);
    assert!(brief.starts_with("HAR by test 1: 2 exchanges below https://app.example/scim/v2\n"), "{brief}");
    for part in [
        "the client is entra, by its habits",
        "the header ADSCIMVersion is sent, twice",
        "client/no-meta-on-create: meta.resourceType",
        "normal to Entra",
    ] {
        assert!(brief.contains(part), "{part}: {brief}");
    }
    assert!(!brief.contains("Entra creates ada@example.com"), "{brief}");
    assert!(text(true).contains("entry 2  Entra creates ada@example.com"), "{}", text(true));
    let layout = Layout { width: 100, verbose: false };
    let checks =
        anstream::adapter::strip_str(&pretty::text(&linted.report, &Linted::lens(), layout)).to_string();
    assert!(brief.ends_with(&checks));
}

#[test]
fn the_json_report_keeps_to_its_schema() {
    let linted = linted(&recording(vec![labelled(sent("POST", "/Users", NEW, 201, USER))]));
    let schema = serde_json::to_value(schemars::schema_for!(report::Report)).unwrap();
    let json: serde_json::Value =
        serde_json::from_str(&report::Report::new(&linted).to_text().unwrap()).unwrap();
    let errors: Vec<_> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&json)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(json["version"], report::VERSION);
    assert_eq!(json["client"]["who"], serde_json::Value::Null);
    assert_eq!(json["story"][0]["what"], "creates ada@example.com");
    assert_eq!(json["report"]["checks"].as_array().unwrap().len(), linted.report.checks.len());
}
