//! How a run behaves on a server that is not ours: it says what it will make, makes nothing when asked not to, removes
//! what it made, and neither touches nor tells of anybody else.

use serde_json::{Value, json};

use crate::support::foreign::{Foreign, Habit, TOKEN};
use crate::support::{Bench, Ended, start};

const RESIDENT: &str = "resident@app.example";

#[test]
fn a_dry_run_tells_what_would_be_made_and_makes_nothing() {
    let server = Foreign::new(&[]);
    let bench = Bench::new();
    let ended = run(&bench, &server, &["--dry-run", "--only", "groups/members"]);

    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    // Three people and a group, as okta-wizard, okta-catalog, entra and entra+aadOptscim062020.
    assert!(ended.stderr.contains("this run makes up to 12 people and 4 groups"), "{}", ended.stderr);
    let requests = server.heard().requests;
    assert!(requests.iter().all(|request| request.starts_with("GET ")), "{requests:?}");
    assert!(!requests.is_empty(), "it looks at the server first");
    assert_eq!(bench.files(), []);
}

#[test]
fn a_safe_run_sends_nothing_but_gets() {
    let server = Foreign::new(&[]);
    let bench = Bench::new();
    let ended = run(&bench, &server, &["--safe"]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("this run sends only GETs and makes nothing"), "{}", ended.stderr);
    assert!(ended.stdout.contains("connection "), "{}", ended.stdout);
    let requests = server.heard().requests;
    assert!(requests.iter().all(|request| request.starts_with("GET ")), "{requests:?}");
    assert!(bench.journals().is_empty());
}

#[test]
fn a_run_tells_what_it_makes_before_it_makes_it_and_removes_it() {
    let server = Foreign::new(&[]);
    server.add_resident(RESIDENT);
    let before = server.residents();
    let bench = Bench::new();
    for _twice_in_a_row in 0..2 {
        let ended = run(&bench, &server, &["--only", "lifecycle/create", "--only", "groups/members"]);
        assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stderr.contains("this run makes up to 15 people and 4 groups"), "{}", ended.stderr);
        assert_eq!(server.residents(), before);
        assert!(bench.journals().is_empty());
    }
}

/// One story's administrator would make another's no longer the last, and the last one nobody may remove.
#[test]
fn whom_stories_make_administrators_are_so_one_at_a_time_and_gone_afterwards() {
    let server = Foreign::new(&[]);
    let bench = Bench::new();
    let config = server.config(&bench);
    let only = ["lifecycle/last-administrator-*", "lifecycle/administrator-by-hand"];
    let [last, by_hand] = only.map(|only| ["--only", only]);
    let flags = [["run", "--config", &config].as_slice(), &last, &by_hand, &["--jobs", "8"]].concat();
    let ended = start(&mut bench.scimspec(&flags)).end();

    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let requests = server.heard().requests;
    let acts: Vec<&str> = requests
        .iter()
        .filter(|request| request.ends_with("/administrator"))
        .filter_map(|request| request.split(' ').next())
        .collect();
    let count = |method: &str| acts.iter().filter(|act| **act == method).count();
    assert_eq!((count("PUT"), count("DELETE")), (16, 16), "{acts:?}");
    assert_eq!(server.residents(), [Value::Null; 0]);
}

#[test]
fn a_second_run_on_the_same_server_says_the_same() {
    let server = Foreign::new(&["group-add-replaces-members"]);
    server.add_resident(RESIDENT);
    let bench = Bench::new();
    let verdicts = |name: &str| {
        let report = format!("json={}", bench.path(name).display());
        let packs = ["lifecycle/*", "groups/*", "rfc7644/paging/*", "rfc7644/sort/*", "concurrency/create*"];
        let only = packs.iter().flat_map(|pack| ["--only", pack]);
        let flags: Vec<&str> = only.chain(["--allow", "load", "--report", &report]).collect();
        let ended = run(&bench, &server, &flags);
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        let report: Value = serde_json::from_slice(&std::fs::read(bench.path(name)).unwrap()).unwrap();
        let said = |check: &Value| {
            ["id", "persona", "verdict", "outcome"]
                .map(|key| check[key].as_str().unwrap_or_default().to_owned())
        };
        let mut all: Vec<_> = report["checks"].as_array().unwrap().iter().map(said).collect();
        all.sort();
        all
    };
    let first = verdicts("first.json");
    assert!(first.len() > 300, "{}", first.len());
    assert_eq!(first, verdicts("second.json"));
}

#[test]
fn a_run_that_fails_removes_what_it_made_too() {
    let server = Foreign::new(&["deactivate-hard-deletes", "pathless-active-500"]);
    let bench = Bench::new();
    let ended = run(&bench, &server, &["--only", "lifecycle/d*", "--only", "groups/*"]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert_eq!(server.residents(), [Value::Null; 0]);
    assert!(bench.journals().is_empty());
}

/// A run that was killed before it heard that a name was taken has only the intent in its journal. Whoever has the name
/// keeps their account.
#[test]
fn a_name_that_is_not_the_runs_own_is_nobody_to_remove() {
    let server = Foreign::new(&[]);
    server.add_resident(RESIDENT);
    let before = server.residents();
    let bench = Bench::new();
    let head = json!({"event": "run", "version": 1, "run": "k3f9x2", "url": server.url});
    let intent = json!({"event": "intent", "entry": 0, "endpoint": "/Users", "name": RESIDENT});
    let journal = bench.file("k3f9x2.journal", &format!("{head}\n{intent}\n"));
    let ended =
        start(bench.scimspec(&["cleanup", &journal, "--token-env", "TOKEN"]).env("TOKEN", TOKEN)).end();

    assert_eq!(server.residents(), before, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("NOT removed"), "{}", ended.stdout);
    assert_eq!(ended.code, Some(3));
}

/// A server that answers every lookup with everybody must not cost anybody their account, nor put their names into a
/// report.
#[test]
fn nobody_else_is_touched_or_told_of_where_a_server_ignores_filters() {
    let (server, _) = Foreign::with_a_habit(Habit::IgnoresFilters);
    server.add_resident(RESIDENT);
    let before = server.residents();
    let bench = Bench::new();
    let flags = [
        "--only",
        "lifecycle/d*",
        "--only",
        "groups/rename",
        "--report",
        "pretty",
        "--report",
        "json=report.json",
    ];
    let ended = run(&bench, &server, &flags);

    assert_ne!(ended.code, Some(0), "a filter that is ignored is noticed");
    assert_eq!(server.residents(), before);
    let id = before[0]["id"].as_str().unwrap();
    let touched =
        server.heard().requests.into_iter().find(|request| request.ends_with(&format!("/Users/{id}")));
    assert_eq!(touched, None);
    let report = std::fs::read_to_string(bench.path("report.json")).unwrap();
    for text in [&report, &ended.stdout, &ended.stderr] {
        assert!(!text.contains(RESIDENT), "{text}");
    }
    assert!(report.contains("[other]"), "lists are shown without other people");
}

#[test]
fn access_that_was_not_observed_is_said_last_and_can_be_demanded() {
    let server = Foreign::new(&[]);
    let bench = Bench::new();
    let only = ["--only", "lifecycle/deactivate-blocks", "--persona", "entra"];
    let without = run(&bench, &server, &only);
    assert_eq!(without.code, Some(0), "{}", without.stdout);
    let last = without.stdout.lines().last().unwrap();
    assert!(last.starts_with("access NOT verified"), "{last}");

    let demanded = run(&bench, &server, &[only.as_slice(), &["--require-access"]].concat());
    assert_eq!(demanded.code, Some(1), "{}", demanded.stdout);

    let config = server.config(&bench);
    let observed = bench.run(&[["run", "--config", &config, "--require-access"].as_slice(), &only].concat());
    assert_eq!(observed.code, Some(0), "{}", observed.stdout);
    assert!(!observed.stdout.contains("access NOT verified"), "{}", observed.stdout);
}

fn run(bench: &Bench, server: &Foreign, flags: &[&str]) -> Ended {
    let arguments = ["run", "--url", &server.url, "--token-env", "TOKEN"];
    start(bench.scimspec(&[&arguments, flags].concat()).env("TOKEN", TOKEN)).end()
}
