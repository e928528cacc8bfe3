//! What a recording becomes when a scenario is made of it: it passes against a right server, and notices one that is not.

use std::path::Path;
use std::sync::LazyLock;

use insta::assert_snapshot;
use scimspec::compose::{Composed, Wishes, compose};
use scimspec::judge::Verdict;
use scimspec::report::RunReport;
use scimspec::run::Library;
use scimspec::scenario::lower::World;
use scimspec_mock_idp::recording::Recording;
use serde_json::{Value, json};

use crate::support::Bench;
use crate::support::recorded::{PERSONAS, life_cycle, recording, told};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_life_cycle_as_each_persona_becomes_what_an_administrator_did() {
    for persona in PERSONAS {
        let composed = composed(&recording(persona, &life_cycle(), &[]).await, &[persona]);
        assert_eq!(composed.persona.map(|persona| persona.to_string()).as_deref(), Some(persona));
        assert_eq!(composed.notes, [""; 0], "{persona}");
        assert_snapshot!(format!("as-{persona}"), composed.text);
        passes(&told("recorded", &composed.text, &[]).await, &composed.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_life_cycle_becomes_plain_requests_where_nobody_is_recognised() {
    for persona in PERSONAS {
        let composed = composed(&recording(persona, &life_cycle(), &[]).await, &[]);
        assert_eq!(composed.persona, None);
        assert_snapshot!(format!("plain-{persona}"), composed.text);
        passes(&told("recorded", &composed.text, &[]).await, &composed.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_right_server_was_recorded_to_do_is_missed_in_a_wrong_one() {
    let wrong = [
        ("okta-wizard", "deactivate-hard-deletes", "ada-is-inactive-and-stays"),
        ("okta-wizard", "inactive-hidden-from-filter", "ada-is-found-while-inactive"),
        ("okta-catalog", "group-filtered-remove-clears-all", "staff-keeps-the-others"),
        ("okta-catalog", "group-unrelated-replace-empties", "staff-has-its-members"),
        ("entra", "group-remove-with-value-clears-all", "staff-keeps-the-others"),
        ("entra", "active-attribute-ignored-everywhere", "ada-is-inactive-and-stays"),
    ];
    for (persona, deviation, check) in wrong {
        let recording = recording(persona, &life_cycle(), &[]).await;
        let acts = composed(&recording, &[persona]);
        fails(&told("recorded", &acts.text, &[deviation]).await, Some(check), deviation);
        let plain = composed(&recording, &[]);
        fails(&told("recorded", &plain.text, &[deviation]).await, None, deviation);
    }
}

/// A recording of what went wrong is what a regression test is made of: it asks for what is right.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_of_a_wrong_server_asks_for_what_a_right_one_does() {
    for (persona, deviation) in [
        ("okta-wizard", "inactive-hidden-from-filter"),
        ("okta-catalog", "group-filtered-remove-clears-all"),
        ("entra", "deactivate-hard-deletes"),
    ] {
        let recording = recording(persona, &life_cycle(), &[deviation]).await;
        for personas in [&[persona][..], &[]] {
            let composed = composed(&recording, personas);
            passes(&told("recorded", &composed.text, &[]).await, &composed.text);
            fails(&told("recorded", &composed.text, &[deviation]).await, None, deviation);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_recorded_name_reaches_the_scenario() {
    for persona in PERSONAS {
        let recording = recording(persona, &life_cycle(), &[]).await;
        for personas in [&[persona][..], &[]] {
            let text = composed(&recording, personas).text;
            let ids = recording.exchanges().filter_map(|it| it.result.as_ref().ok()?.json());
            let ids = ids.filter_map(|json| Some(json.get("id")?.as_str()?.to_owned()));
            let names = ["@example.com", "Lovelace", "Hopper", "app.example", "00u0"].map(str::to_owned);
            for recorded in ids.chain(names) {
                assert!(!text.contains(&recorded), "{persona}: {recorded} in\n{text}");
            }
        }
    }
}

/// People and groups of one id, and a name looked up in other case, which the recorded server did not find.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_from_1_and_a_name_in_other_case_make_a_scenario_that_notices_what_was_recorded() {
    let bench = Bench::new();
    let (ada, staff) = (
        json!({"id": "1", "userName": "ada@corp.example"}),
        json!({"id": "1", "displayName": "Staff", "members": [{"value": "1"}]}),
    );
    let other_case = "/Users?filter=userName%20eq%20%22ADA%40CORP.EXAMPLE%22";
    let entries = [
        entry("POST", "/Users", Some(&json!({"schemas": [USER], "userName": "ada@corp.example"})), 201, &ada),
        entry("GET", other_case, None, 200, &json!({"totalResults": 0, "Resources": []})),
        entry(
            "POST",
            "/Groups",
            Some(&json!({"schemas": [GROUP], "displayName": "Staff", "members": [{"value": "1"}]})),
            201,
            &staff,
        ),
        entry("GET", "/Groups/1", None, 200, &staff),
        entry("DELETE", "/Groups/1", None, 204, &Value::Null),
        entry("GET", "/Users/1", None, 200, &ada),
    ];
    bench.file(
        "ids.har",
        &json!({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}})
            .to_string(),
    );
    let ended = bench.run(&["scenario", "from", "ids.har"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    passes(&told("recorded", &ended.stdout, &[]).await, &ended.stdout);
    let deviation = "filter-username-case-sensitive";
    fails(&told("recorded", &ended.stdout, &[deviation]).await, Some("ada-is-found"), deviation);
}

/// From the file to a run, as a user does it: who it was shows by the habits.
#[test]
fn the_command_writes_a_scenario_that_runs() {
    for persona in PERSONAS {
        let bench = Bench::new();
        let har = stored(persona);
        let ended = bench.run(&["scenario", "from", &har, "--title", "A life-cycle", "--out", "mine.yaml"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{}", ended.stderr);
        assert!(ended.stderr.starts_with(&format!("{persona} would have sent exactly")), "{}", ended.stderr);
        let text = std::fs::read_to_string(bench.path("mine.yaml")).unwrap();
        assert!(text.starts_with("title: A life-cycle\n"), "{text}");

        let folder = bench.path("stories");
        std::fs::create_dir(&folder).unwrap();
        std::fs::rename(bench.path("mine.yaml"), folder.join("mine.yaml")).unwrap();
        let ended = bench.run(&["run", "--scenarios", "stories", "--only", "mine/*"]);
        assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    }
}

#[test]
fn the_command_writes_over_nothing_and_says_what_it_cannot_read() {
    let bench = Bench::new();
    let har = stored("entra");
    bench.file("there.yaml", "precious");
    let ended = bench.run(&["scenario", "from", &har, "--out", "there.yaml"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("there.yaml is there already"), "{}", ended.stderr);
    assert_eq!(std::fs::read_to_string(bench.path("there.yaml")).unwrap(), "precious");

    let plain = bench.run(&["scenario", "from", &har, "--plain"]);
    assert_eq!(plain.code, Some(0));
    assert!(plain.stdout.contains("\n  - request: POST /Users\n"), "{}", plain.stdout);
    assert!(plain.stderr.contains("note: a Boolean that is sent as text"), "{}", plain.stderr);

    let other = bench.run(&["scenario", "from", &har, "--persona", "okta-wizard"]);
    assert!(other.stderr.contains("okta-wizard would have sent something else"), "{}", other.stderr);

    for (name, text) in
        [("empty.har", ""), ("page.har", "<html>"), ("none.har", r#"{"log": {"entries": []}}"#)]
    {
        let path = bench.file(name, text);
        let ended = bench.run(&["scenario", "from", &path]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{name}: {}", ended.stderr);
        ended.assert_harmless();
    }
}

fn entry(method: &str, target: &str, body: Option<&Value>, status: u16, answered: &Value) -> Value {
    let headers = json!([{"name": "Content-Type", "value": "application/scim+json"}]);
    let mut request =
        json!({"method": method, "url": format!("https://corp.example/scim{target}"), "headers": headers});
    if let Some(body) = body {
        request["postData"] = json!({"mimeType": "application/scim+json", "text": body.to_string()});
    }
    let text = if answered.is_null() { String::new() } else { answered.to_string() };
    let content = json!({"mimeType": "application/scim+json", "size": text.len(), "text": text});
    let response = json!({"status": status, "headers": headers, "content": content});
    json!({"startedDateTime": "2026-01-05T08:00:00.000Z", "time": 1, "request": request, "response": response})
}

fn stored(persona: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scenarios").join("recordings");
    folder.join(format!("{persona}.har")).display().to_string()
}

fn composed(recording: &Recording, personas: &[&str]) -> Composed {
    static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::embedded().unwrap());
    let world = World { catalogue: &LIBRARY.catalogue, profiles: LIBRARY.profiles.names() };
    let personas = personas.iter().map(|name| name.parse().unwrap()).collect();
    compose(recording, "recorded", &Wishes { title: None, personas }, world)
        .unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn passes(report: &RunReport, text: &str) {
    let wrong: Vec<_> = report.checks.iter().filter(|check| check.verdict != Verdict::Pass).collect();
    assert!(wrong.is_empty() && !report.checks.is_empty(), "{wrong:#?}\n{text}");
    assert!(report.leftovers.is_empty(), "{:?}", report.leftovers);
}

/// A check fails; of plain requests also one that a spelling leaves at a warning.
#[track_caller]
fn fails(report: &RunReport, check: Option<&str>, deviation: &str) {
    let of = |verdicts: &[Verdict]| -> Vec<String> {
        let found = report.checks.iter().filter(|check| verdicts.contains(&check.verdict));
        found.map(|check| check.id.clone()).collect()
    };
    match check {
        Some(check) => {
            let (failed, id) = (of(&[Verdict::Fail]), format!("recorded/{check}"));
            assert!(failed.contains(&id), "{deviation}: not {id} but {failed:?}");
        }
        None => assert!(!of(&[Verdict::Fail, Verdict::Warn]).is_empty(), "{deviation} is not noticed"),
    }
}
