//! `scimspec replay` as its users meet it: the recordings of this repository on servers that are right and servers that
//! are not, what it makes and removes, what it writes, what it ends with.

use std::path::Path;

use rstest::rstest;
use serde_json::Value;

use crate::support::foreign::{Foreign, TOKEN};
use crate::support::{Bench, Ended, start};

/// A recording that the repository carries.
fn carried(persona: &str) -> String {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scenarios");
    scenarios.join("recordings").join(format!("{persona}.har")).display().to_string()
}

/// A replay with a JSON report: how it ended, and the report.
fn replay(bench: &Bench, file: &str, flags: &[&str]) -> (Ended, Value) {
    let arguments = [&["replay", file, "--report", "json=report.json"], flags].concat();
    let ended = start(bench.scimspec(&arguments).env("TOKEN", TOKEN)).end();
    let text = std::fs::read_to_string(bench.path("report.json")).unwrap_or_default();
    (ended, serde_json::from_str(&text).unwrap_or_default())
}

fn consequences(report: &Value) -> Vec<&str> {
    let differences = report["differences"].as_array().unwrap().iter();
    differences.map(|difference| difference["consequence"].as_str().unwrap()).collect()
}

#[rstest]
#[case("okta-wizard")]
#[case("okta-catalog")]
#[case("entra")]
fn a_carried_recording_replays_clean_on_the_embedded_server(#[case] persona: &str) {
    let bench = Bench::new();
    let (ended, report) = replay(&bench, &carried(persona), &[]);
    assert_eq!((ended.code, consequences(&report)), (Some(0), Vec::new()), "{}", ended.stdout);
    assert!(ended.stdout.starts_with("the same: "), "{}", ended.stdout);
    assert_eq!(report["summary"]["sent"], report["summary"]["entries"]);
    ended.assert_harmless();
}

#[test]
fn a_difference_is_told_by_its_consequence_and_keeps_to_the_schema() {
    let bench = Bench::new();
    let flags = ["--deviate", "deactivate-hard-deletes"];
    let (ended, report) = replay(&bench, &carried("okta-catalog"), &flags);
    assert_eq!((ended.code, report["exit"].as_i64()), (Some(1), Some(1)), "{}", ended.stdout);
    assert_eq!(consequences(&report).len(), 1, "{}", ended.stdout);
    assert!(
        consequences(&report)[0].contains("to bring them back it would create a second account"),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.contains("because of it, "), "{}", ended.stdout);
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("docs");
    let schema = std::fs::read_to_string(docs.join("replay-report.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let errors: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&report)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn on_another_server_it_says_what_it_will_make_and_leaves_nothing() {
    let (bench, server) = (Bench::new(), Foreign::new(&[]));
    let there = ["--url", &server.url, "--token-env", "TOKEN"];
    let flags = [&there[..], &["--dry-run"]].concat();
    let (ended, _) = replay(&bench, &carried("okta-wizard"), &flags);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(server.residents().is_empty());
    for _ in 0..2 {
        let flags = [&there[..], &["--unique"]].concat();
        let (ended, report) = replay(&bench, &carried("okta-wizard"), &flags);
        assert_eq!((ended.code, consequences(&report)), (Some(0), Vec::new()), "{}", ended.stdout);
        assert!(ended.stderr.contains("makes up to 2 people and 1 groups"), "{}", ended.stderr);
        assert!(server.residents().is_empty() && bench.journals().is_empty());
    }
    let flags = [&there[..], &["--keep"]].concat();
    let (ended, _) = replay(&bench, &carried("okta-wizard"), &flags);
    assert_eq!((ended.code, server.residents().is_empty(), bench.journals().len()), (Some(0), false, 1));
    let cleaned = start(bench.scimspec(&["cleanup", "--token-env", "TOKEN"]).env("TOKEN", TOKEN)).end();
    assert_eq!(
        (cleaned.code, server.residents().len()),
        (Some(0), 0),
        "{}{}",
        cleaned.stdout,
        cleaned.stderr
    );
}

#[test]
fn no_secret_is_in_any_file_written_or_told() {
    let (bench, server) =
        (Bench::new(), Foreign::new(&["create-ignores-active-false", "externalid-not-echoed"]));
    let flags = ["--url", &server.url, "--token-env", "TOKEN", "--strict", "--snapshots", "snapshots"];
    let (ended, _) = replay(&bench, &carried("okta-wizard"), &flags);
    let heard = server.heard();
    assert!(heard.ours.len() > 1, "a token and a password went over the wire");
    for secret in heard.ours.iter().filter(|secret| secret.len() > 3) {
        let quoted = serde_json::to_string(secret).unwrap();
        for spelling in [secret.as_str(), quoted.trim_matches('"')] {
            assert!(!ended.stdout.contains(spelling) && !ended.stderr.contains(spelling));
            for (path, content) in bench.files() {
                let text = String::from_utf8_lossy(&content);
                assert!(!text.contains(spelling), "a secret is in {}", path.display());
            }
        }
    }
}

#[test]
fn two_servers_are_held_against_each_other() {
    let bench = Bench::new();
    let on =
        |second: &str| replay(&bench, &carried("entra"), &["--against", "embedded", "--against", second]);
    let (ended, report) = on("embedded");
    assert_eq!((ended.code, consequences(&report)), (Some(0), Vec::new()), "{}", ended.stdout);
    let (ended, report) = on("embedded:group-remove-with-value-clears-all");
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    assert!(consequences(&report)[0].starts_with("the group "), "{}", ended.stdout);
    assert_eq!(report["targets"].as_array().unwrap().len(), 2);
}

#[test]
fn a_conversation_becomes_a_regression_test() {
    let bench = Bench::new();
    let on = |flags: &[&str]| {
        let flags = [&["--snapshots", "snapshots"], flags].concat();
        replay(&bench, &carried("okta-wizard"), &flags)
    };
    let (first, _) = on(&[]);
    assert_eq!(first.code, Some(0), "{}", first.stdout);
    let review = bench.run(&["review", "snapshots"]);
    assert!(review.stdout.contains("new: snapshots/replay/okta-wizard.snap"), "{}", review.stdout);
    assert_eq!(bench.run(&["accept", "snapshots"]).code, Some(0));
    let (same, report) = on(&["--unique"]);
    assert_eq!(
        (same.code, &report["conversation"]["differs"]),
        (Some(0), &Value::Bool(false)),
        "{}",
        same.stdout
    );
    // Nothing that the provider would notice, and yet another conversation.
    let (other, report) = on(&["--deviate", "location-relative"]);
    assert_eq!((other.code, consequences(&report)), (Some(1), Vec::new()), "{}", other.stdout);
    assert_eq!(report["conversation"]["differs"], true);
}

#[rstest]
#[case::no_such_file(&["replay", "nowhere.har"], 2)]
#[case::no_recording(&["replay", "notes.txt"], 2)]
#[case::one_of_two(&["replay", "notes.txt", "--against", "embedded"], 2)]
#[case::a_token_for_nobody(&["replay", "notes.txt", "--token-env", "TOKEN"], 2)]
#[case::no_such_deviation(&["replay", "notes.txt", "--deviate", "none"], 2)]
#[case::a_name_without_a_value(&["replay", "notes.txt", "--set", "x"], 2)]
fn what_cannot_be_done_is_refused(#[case] arguments: &[&str], #[case] code: i32) {
    let bench = Bench::new();
    bench.file("notes.txt", "hello");
    let ended = start(bench.scimspec(arguments).env("TOKEN", TOKEN)).end();
    assert_eq!(ended.code, Some(code), "{}", ended.stderr);
    assert!(ended.stderr.contains("error"), "{}", ended.stderr);
}

#[test]
fn a_server_that_is_not_there_cannot_be_replayed_on() {
    let bench = Bench::new();
    // Nobody listens on the port of nothing.
    let (ended, _) = replay(&bench, &carried("entra"), &["--url", "http://127.0.0.1:1/scim/v2"]);
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
}
