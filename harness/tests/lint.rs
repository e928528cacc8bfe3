//! `scimspec lint` as its users meet it: the life-cycle of every persona lints clean and is known for whose it is, a server
//! that does wrong is found out without being there, and what cannot be judged is said.

use serde_json::Value;

use scimspec_mock_idp::recording::har;

use crate::support::Bench;
use crate::support::recorded::{PERSONAS, life_cycle, recording};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_personas_life_lints_clean_and_is_known_for_whose_it_is() {
    for persona in PERSONAS {
        let bench = Bench::new();
        let (code, report) = linted(&bench, persona, &[]).await;
        let failed = of_verdict(&report, "fail");
        assert_eq!((code, failed.as_slice()), (Some(0), &[][..]), "{persona}");
        assert_eq!(report["client"]["who"], persona, "{}", report["client"]);
        assert_eq!(report["recording"]["format"], "HAR");
        let told: Vec<&str> =
            report["story"].as_array().unwrap().iter().map(|told| told["what"].as_str().unwrap()).collect();
        let provider = if persona == "entra" { "Entra" } else { "Okta" };
        assert!(told.iter().any(|told| told.starts_with(&format!("{provider} deactivates ada"))), "{told:?}");
        let habits = of_verdict(&report, "info").iter().any(|id| id == "client/op-in-lower-case");
        assert_eq!(habits, persona == "entra", "what Entra does in its own way is no finding");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_wrong_is_found_out_by_its_recording() {
    let bench = Bench::new();
    let (code, report) = linted(&bench, "okta-wizard", &["meta-missing-on-some-verbs"]).await;
    assert_eq!(code, Some(1));
    assert!(of_verdict(&report, "fail").contains(&"rule/meta-is-there".to_owned()), "{report}");
}

#[test]
fn both_sides_of_a_small_har_are_told_in_words() {
    let bench = Bench::new();
    let file = bench.file("small.har", SMALL);
    let ended = bench.run(&["lint", &file, "-v", "--only", "client/*"]);
    ended.assert_harmless();
    assert_eq!(ended.code, Some(1), "{}", ended.shown());
    for part in [
        "HAR by by-hand 1: 2 exchanges below https://app.example/scim/v2",
        "the client is unknown",
        "asks whether ada is known: no",
        "creates ada",
        "FAIL client/filter-grammar",
        "a value without quotes",
        "first in entry 1",
        "FAIL client/no-id-on-create",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.shown());
    }
    assert!(!ended.stdout.contains("rule/"), "{}", ended.shown());
    assert!(!ended.shown().contains("correct-horse"), "{}", ended.shown());
}

#[test]
fn what_cannot_be_judged_is_said() {
    let bench = Bench::new();
    let shop =
        SMALL.replace("/scim/v2/Users", "/shop").replace("scim+json", "json").replace("urn:ietf", "urn:shop");
    let page = bench.file("page.har", &shop);
    let broken = bench.file("broken.har", "{\"log\": ");
    let good = bench.file("small.har", SMALL);
    for (arguments, code, message) in [
        (["lint", "nowhere.har", "--only", "*"], 3, "nowhere.har"),
        (["lint", &broken, "--only", "*"], 3, "the file ends"),
        (["lint", &page, "--only", "*"], 3, "SCIM"),
        (["lint", &good, "--only", "lifecycle/*"], 2, "no check is left"),
        (["lint", &good, "--profile", "nobody"], 2, "there is no profile"),
        (["lint", &good, "--report", "html"], 2, "the formats are pretty, json and junit"),
    ] {
        let ended = bench.run(&arguments);
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.shown());
        assert!(ended.stderr.contains(message), "{arguments:?}: {}", ended.shown());
    }
}

/// The recording of a life, written to a file and judged from there.
async fn linted(bench: &Bench, persona: &str, deviating: &[&str]) -> (Option<i32>, Value) {
    let mut written = Vec::new();
    har::write(&recording(persona, &life_cycle(), deviating).await, &mut written).unwrap();
    let file = bench.file("life.har", std::str::from_utf8(&written).unwrap());
    let ended = bench.run(&["lint", &file, "--report", "json"]);
    ended.assert_harmless();
    let report = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}", ended.shown()));
    (ended.code, report)
}

fn of_verdict(report: &Value, verdict: &str) -> Vec<String> {
    let checks = report["report"]["checks"].as_array().unwrap().iter();
    checks
        .filter(|check| check["verdict"] == verdict)
        .map(|check| check["id"].as_str().unwrap().to_owned())
        .collect()
}

const SMALL: &str = r#"{"log": {"version": "1.2", "creator": {"name": "by-hand", "version": "1"}, "entries": [
 {"startedDateTime": "2026-01-05T08:00:00.000Z", "time": 5, "cache": {}, "timings": {"send": 0, "wait": 5, "receive": 0},
  "request": {"method": "GET", "url": "https://app.example/scim/v2/Users?filter=userName%20eq%20ada", "httpVersion": "HTTP/1.1",
   "headers": [{"name": "User-Agent", "value": "curl/8.5.0"}], "queryString": [], "cookies": [], "headersSize": -1, "bodySize": 0},
  "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [], "redirectURL": "", "headersSize": -1, "bodySize": -1,
   "headers": [{"name": "Content-Type", "value": "application/scim+json"}],
   "content": {"size": -1, "mimeType": "application/scim+json",
    "text": "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"],\"totalResults\":0,\"Resources\":[]}"}}},
 {"startedDateTime": "2026-01-05T08:00:01.000Z", "time": 5, "cache": {}, "timings": {"send": 0, "wait": 5, "receive": 0},
  "request": {"method": "POST", "url": "https://app.example/scim/v2/Users", "httpVersion": "HTTP/1.1",
   "headers": [{"name": "User-Agent", "value": "curl/8.5.0"}, {"name": "Content-Type", "value": "application/scim+json"}],
   "queryString": [], "cookies": [], "headersSize": -1, "bodySize": -1,
   "postData": {"mimeType": "application/scim+json",
    "text": "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"id\":\"7\",\"userName\":\"ada\",\"password\":\"correct-horse\"}"}},
  "response": {"status": 201, "statusText": "Created", "httpVersion": "HTTP/1.1", "cookies": [], "redirectURL": "", "headersSize": -1, "bodySize": -1,
   "headers": [{"name": "Content-Type", "value": "application/scim+json"}],
   "content": {"size": -1, "mimeType": "application/scim+json",
    "text": "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"id\":\"1\",\"userName\":\"ada\"}"}}}
]}}"#;
