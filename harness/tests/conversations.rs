//! Snapshots as a user meets them: the wire behaviour of a server becomes a regression test, and on CI nothing is
//! written.

use serde_json::Value;

use crate::support::foreign::{Foreign, TOKEN};
use crate::support::{Bench, Ended, start};

#[test]
fn the_behaviour_of_a_server_becomes_a_regression_test() {
    let (bench, server) = (Bench::new(), Foreign::new(&[]));
    let (first, new) = run(&bench, &server, false);
    assert_eq!((first.code, verdicts(&new)), (Some(0), vec!["skip"]), "{}", first.stdout);

    let review = bench.run(&["review", "snapshots"]);
    assert_eq!(review.code, Some(1), "something is pending");
    assert!(review.stdout.contains("new: snapshots/lifecycle/create@entra.snap"), "{}", review.stdout);
    assert!(review.stdout.contains("POST /Users"), "{}", review.stdout);
    assert_eq!(bench.run(&["accept", "snapshots"]).code, Some(0));
    assert_eq!(bench.run(&["review", "snapshots"]).code, Some(0), "nothing is pending any more");

    // Another run, other names and ids: the same conversation.
    let (second, same) = run(&bench, &server, true);
    assert_eq!((second.code, verdicts(&same)), (Some(0), vec!["pass"]), "{}", second.stdout);

    // The same requests to a server that does otherwise.
    let changed = Foreign::new(&["active-answered-as-number"]);
    let (third, other) = run(&bench, &changed, false);
    assert_eq!((third.code, verdicts(&other)), (Some(1), vec!["fail"]), "{}", third.stdout);
    let review = bench.run(&["review", "snapshots"]);
    assert!(review.stdout.contains("-  \"active\": true,\n+  \"active\": 1,"), "{}", review.stdout);

    assert_eq!(bench.run(&["reject", "snapshots"]).code, Some(0));
    let (fourth, again) = run(&bench, &server, false);
    assert_eq!((fourth.code, verdicts(&again)), (Some(0), vec!["pass"]), "{}", fourth.stdout);
}

#[test]
fn on_ci_a_missing_snapshot_fails_and_nothing_is_written() {
    let (bench, server) = (Bench::new(), Foreign::new(&[]));
    let (ended, report) = run(&bench, &server, true);
    assert_eq!((ended.code, verdicts(&report)), (Some(1), vec!["fail"]), "{}", ended.stdout);
    assert!(ended.stdout.contains("nothing is written where CI=true"), "{}", ended.stdout);
    assert!(!bench.path("snapshots").exists());
}

#[test]
fn on_ci_a_conversation_that_changed_leaves_nothing_pending() {
    let bench = Bench::new();
    run(&bench, &Foreign::new(&[]), false);
    assert_eq!(bench.run(&["accept", "snapshots"]).code, Some(0));
    let (ended, report) = run(&bench, &Foreign::new(&["active-answered-as-number"]), true);
    assert_eq!((ended.code, verdicts(&report)), (Some(1), vec!["fail"]), "{}", ended.stdout);
    assert_eq!(bench.run(&["review", "snapshots"]).code, Some(0), "nothing is pending");
}

fn run(bench: &Bench, server: &Foreign, on_ci: bool) -> (Ended, Value) {
    let mut command = bench.scimspec(&[
        "run",
        "--url",
        &server.url,
        "--token-env",
        "TOKEN",
        "--persona",
        "entra",
        "--only",
        "lifecycle/create",
        "--snapshots",
        "snapshots",
        "--report",
        "pretty",
        "--report",
        "json=report.json",
    ]);
    if on_ci {
        command.env("CI", "true");
    }
    let ended = start(command.env("TOKEN", TOKEN)).end();
    let text = std::fs::read_to_string(bench.path("report.json")).unwrap();
    (ended, serde_json::from_str(&text).unwrap())
}

/// What became of the conversations.
fn verdicts(report: &Value) -> Vec<&str> {
    let checks = report["checks"].as_array().unwrap().iter();
    let conversations = checks.filter(|check| check["id"].as_str().unwrap().ends_with("/conversation"));
    conversations.map(|check| check["verdict"].as_str().unwrap()).collect()
}
