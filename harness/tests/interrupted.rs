//! A run that does not come to its end leaves nothing behind: not when it is asked to stop, and not, after a cleanup,
//! when it was killed. The server holds an answer back, so that the run is where it has to be without anybody sleeping.

use serde_json::Value;

use crate::support::foreign::{Foreign, Habit, PATIENCE, TOKEN};
use crate::support::{Bench, Ended, Running, start};

const RESIDENT: &str = "resident@app.example";

#[test]
fn ctrl_c_removes_what_was_made_and_exits_3() {
    is_stopped_by("INT");
}

#[test]
fn sigterm_does_the_same() {
    is_stopped_by("TERM");
}

fn is_stopped_by(signal: &str) {
    let (server, held) = Foreign::with_a_habit(Habit::HoldsOneCreate(3));
    server.add_resident(RESIDENT);
    let bench = Bench::new();
    // The create whose answer is held back is made too; its id was never told.
    let running = run(&bench, &server, &["--report", "json=report.json"]);
    held.recv_timeout(PATIENCE).unwrap();
    assert!(server.residents().len() > 1, "something is there to be removed");
    running.signal(signal);
    let ended = running.end();

    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(ended.stderr.contains("stopping: what this run made is being removed"), "{}", ended.stderr);
    assert!(ended.stdout.contains("interrupted (profile base)"), "{}", ended.stdout);
    assert_only_the_resident(&server);
    assert_eq!(bench.journals(), [""; 0].map(std::path::PathBuf::from));
    let report: Value =
        serde_json::from_str(&std::fs::read_to_string(bench.path("report.json")).unwrap()).unwrap();
    assert_eq!((&report["interrupted"], &report["exit"]), (&Value::from(true), &Value::from(3)));
    assert_eq!(report["leftovers"], Value::Array(Vec::new()));
}

/// Whom the application's administrator made the last administrator for a story, nobody may remove.
#[test]
fn ctrl_c_takes_back_what_the_administrator_did() {
    const STORY: &str = r#"
title: Somebody comes while ada administers the application
people: [ada]
steps:
  - request: POST /Users
    json: '{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "${ada.userName}"}'
    expect: {status: 201}
    keep: {ada.id: $.id}
  - administrator: promote
    people: [ada]
  - request: POST /Users
    json: '{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "${unique.userName}"}'
    expect: {status: 201}
    check: comes
    shows: [RFC7644-3.3-L1]
"#;
    let (server, held) = Foreign::with_a_habit(Habit::HoldsOneCreate(1));
    server.add_resident(RESIDENT);
    let bench = Bench::new();
    let config = server.config(&bench);
    bench.file("config/scenarios/story.yaml", STORY);
    let folder = bench.path("config/scenarios").display().to_string();
    let running = start(&mut bench.scimspec(&["run", "--config", &config, "--scenarios", &folder]));
    held.recv_timeout(PATIENCE).unwrap();
    running.signal("INT");
    let ended = running.end();

    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert_only_the_resident(&server);
    assert_eq!(bench.journals(), [""; 0].map(std::path::PathBuf::from));
}

#[test]
fn a_second_ctrl_c_ends_at_once_and_the_journal_tells_what_is_left() {
    let (server, held) = Foreign::with_a_habit(Habit::HoldsEverythingFromCreate(0));
    let bench = Bench::new();
    let running = run(&bench, &server, &["--jobs", "1"]);
    held.recv_timeout(PATIENCE).unwrap();
    running.signal("INT");
    // The cleanup has begun, and its answer is held back as well.
    held.recv_timeout(PATIENCE).unwrap();
    running.signal("INT");
    let ended = running.end();

    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert_eq!(bench.journals().len(), 1);
}

#[test]
fn what_a_killed_run_left_is_removed_by_a_cleanup() {
    let (server, held) = Foreign::with_a_habit(Habit::HoldsOneCreate(5));
    server.add_resident(RESIDENT);
    let bench = Bench::new();
    let running = run(&bench, &server, &[]);
    held.recv_timeout(PATIENCE).unwrap();

    let early = cleanup(&bench, &server, &[]);
    assert_eq!(early.code, Some(2), "the run is still going on: {}", early.stderr);
    assert!(early.stderr.contains("still going on"), "{}", early.stderr);

    running.signal("KILL");
    assert_eq!(running.end().code, None);
    let left = server.residents().len();
    assert!(left > 1, "it left something behind");
    let [journal] = bench.journals().try_into().unwrap();
    let text = std::fs::read_to_string(&journal).unwrap();
    assert!(server.heard().ours.iter().all(|secret| !text.contains(secret.as_str())), "{text}");

    let shown = cleanup(&bench, &server, &["--dry-run"]);
    assert_eq!((shown.code, server.residents().len()), (Some(0), left));
    assert!(shown.stdout.contains("would remove /Users "), "{}", shown.stdout);

    let without_token = bench.run(&["cleanup"]);
    assert_eq!((without_token.code, bench.journals().len()), (Some(3), 1), "{}", without_token.stderr);
    assert!(without_token.stdout.contains("NOT removed /Users "), "{}", without_token.stdout);

    let done = cleanup(&bench, &server, &[]);
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    assert_only_the_resident(&server);
    assert!(bench.journals().is_empty());

    let again = cleanup(&bench, &server, &[]);
    assert_eq!(again.code, Some(0));
    assert!(again.stderr.contains("no run left anything behind"), "{}", again.stderr);
}

#[test]
fn a_cleanup_is_about_the_server_that_it_is_told() {
    let (server, held) = Foreign::with_a_habit(Habit::HoldsOneCreate(0));
    let bench = Bench::new();
    let running = run(&bench, &server, &[]);
    held.recv_timeout(PATIENCE).unwrap();
    running.signal("KILL");
    running.end();
    let other = Foreign::new(&[]);
    let ended = cleanup(&bench, &other, &[]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("no run left anything behind"), "{}", ended.stderr);
    assert_eq!((bench.journals().len(), other.heard().requests.len()), (1, 0));
}

fn run(bench: &Bench, server: &Foreign, flags: &[&str]) -> Running {
    let arguments = ["run", "--url", &server.url, "--token-env", "TOKEN", "--only", "lifecycle/*"];
    start(bench.scimspec(&[&arguments, flags].concat()).env("TOKEN", TOKEN))
}

fn cleanup(bench: &Bench, server: &Foreign, flags: &[&str]) -> Ended {
    let arguments = ["cleanup", "--url", &server.url, "--token-env", "TOKEN"];
    start(bench.scimspec(&[&arguments, flags].concat()).env("TOKEN", TOKEN)).end()
}

#[track_caller]
fn assert_only_the_resident(server: &Foreign) {
    let names: Vec<_> = server.residents().iter().map(|resource| resource["userName"].clone()).collect();
    assert_eq!(names, [RESIDENT]);
}
