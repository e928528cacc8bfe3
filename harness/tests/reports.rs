//! The reports: each format from the same made-up result, the promises of the machine-readable ones (a schema, counts),
//! and what a baseline makes of a run.

use std::path::{Path, PathBuf};

use quick_junit::{NonSuccessKind, TestCaseStatus};
use schemars::{JsonSchema, schema_for};
use serde_json::Value;

use scimspec::report::{Exit, json, junit, pretty};
use scimspec::scenario::raw::RawScenario;

use crate::support::{Bench, Ended, made_up};

#[test]
fn pretty_at_the_width_of_a_terminal() {
    for width in [40, 80, 120] {
        let styled =
            pretty::text(&made_up::run(), &made_up::lens(), pretty::Layout { width, verbose: false });
        assert!(styled.contains('\u{1b}'), "it has styles, for the writer to keep or to strip");
        let text = anstream::adapter::strip_str(&styled).to_string();
        crate::support::assert_harmless(&text);
        golden(&format!("pretty_{width}"), &text);
    }
}

#[test]
fn pretty_of_a_long_run_counts_by_pack_what_is_right() {
    let layout = |verbose| pretty::Layout { width: 80, verbose };
    let text = |verbose| {
        anstream::adapter::strip_str(&pretty::text(&made_up::long_run(), &made_up::lens(), layout(verbose)))
            .to_string()
    };
    golden("pretty_long", &text(false));
    let whole = text(true);
    for check in made_up::long_run().checks {
        let (_, slug) = check.id.rsplit_once('/').unwrap();
        assert!(whole.contains(slug), "{slug} is not told");
    }
}

#[test]
fn json_of_every_kind_of_check() {
    let text = json::Report::new(&made_up::run(), &made_up::lens()).to_text().unwrap();
    assert_matches_schema(&report_schema(), &serde_json::from_str(&text).unwrap());
    golden("json", &text);
}

#[test]
fn junit_of_every_kind_of_check() {
    let text = junit::text(&made_up::run(), &made_up::lens()).unwrap();
    crate::support::assert_harmless(&text);
    golden("junit", &text);
}

#[test]
fn what_a_run_ends_with() {
    let mut run = made_up::run();
    assert_eq!(run.exit(), Exit::NotConformant, "a failure that is not known");
    run.checks.retain(|check| !check.id.ends_with("every-way-in-is-shut"));
    assert_eq!(run.exit(), Exit::NotConformant, "a known failure that is stale");
    run.stale.clear();
    assert_eq!(run.exit(), Exit::CouldNotJudge, "an error, and no failure");
    run.checks.retain(|check| !check.id.ends_with("comes-back"));
    assert_eq!(run.exit(), Exit::Conformant, "a known failure and a warning");
    run.require_access = true;
    assert_eq!(run.exit(), Exit::NotConformant, "access was to be verified and was not");
    run.interrupted = true;
    assert_eq!(run.exit(), Exit::CouldNotJudge);
}

/// What a command of ours writes, a consumer can read by the schema; and the exit code is the process's.
#[test]
fn the_json_of_a_run_keeps_to_the_schema_and_adds_up() {
    for deviate in [[].as_slice(), &["--deviate", "deactivate-keeps-api-keys"]] {
        let (ended, report, _) = run_with_reports(&[deviate, &["--only", "lifecycle/deactivate-*"]].concat());
        assert_matches_schema(&report_schema(), &report);
        assert_eq!(report["version"], 1);
        assert_eq!(report["exit"].as_i64(), ended.code.map(i64::from), "{}", ended.stderr);
        for (verdict, count) in report["summary"].as_object().unwrap() {
            assert_eq!(checks(&report, |check| check["verdict"] == **verdict), count.as_u64().unwrap());
        }
        let failed = report["summary"]["fail"] != 0;
        assert_eq!((failed, ended.code), if deviate.is_empty() { (false, Some(0)) } else { (true, Some(1)) });
        // What did not go well is shown with what went over the wire; what did needs no proof.
        let shown = |check: &Value| !check["exchanges"].as_array().unwrap().is_empty();
        assert_eq!(checks(&report, |check| check["verdict"] == "pass" && shown(check)), 0);
        assert_eq!(checks(&report, |check| check["verdict"] == "fail" && !shown(check)), 0);
    }
}

#[test]
fn the_junit_of_a_run_has_the_counts_of_its_json() {
    let known =
        "[[known]]\ncheck = \"lifecycle/deactivate-blocks/*\"\npersona = \"entra\"\nreason = \"APP-117\"\n";
    let bench = Bench::new();
    let baseline = bench.file("known.toml", known);
    let (ended, report, text) = run_with_reports(&[
        "--only",
        "lifecycle/d*",
        "--deviate",
        "deactivate-keeps-api-keys",
        "--baseline",
        &baseline,
    ]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let junit = quick_junit::Report::deserialize_from_str(&text).unwrap();
    let cases: Vec<_> = junit.test_suites.iter().flat_map(|suite| &suite.test_cases).collect();
    let kinds = |wanted: Option<NonSuccessKind>| {
        let is = |status: &TestCaseStatus| match status {
            TestCaseStatus::NonSuccess { kind, .. } => Some(*kind) == wanted,
            TestCaseStatus::Skipped { .. } => false,
            TestCaseStatus::Success { .. } => wanted.is_none(),
        };
        cases.iter().filter(|case| is(&case.status)).count() as u64
    };
    let known = |check: &Value| !check["known_failure"].is_null();
    let failed = checks(&report, |check| check["verdict"] == "fail");
    let failed_and_known = checks(&report, |check| check["verdict"] == "fail" && known(check));
    assert!(failed > failed_and_known && failed_and_known > 0, "{failed} {failed_and_known}");
    assert_eq!(cases.len() as u64, checks(&report, |_| true));
    assert_eq!(kinds(Some(NonSuccessKind::Failure)), failed - failed_and_known);
    assert_eq!(kinds(Some(NonSuccessKind::Error)), checks(&report, |check| check["verdict"] == "error"));
    let well = |check: &Value| ["pass", "warn", "info"].contains(&check["verdict"].as_str().unwrap());
    assert_eq!(kinds(None), checks(&report, well));
    assert_eq!((junit.tests as u64, junit.failures as u64), (cases.len() as u64, failed - failed_and_known));
}

#[test]
fn a_baseline_decides_what_is_new_what_is_known_and_what_is_stale() {
    let run = |entries: &str| {
        let bench = Bench::new();
        let baseline = bench.file("known.toml", entries);
        let only = ["run", "--only", "lifecycle/create", "--only", "lifecycle/put-deactivates"];
        bench.run(
            &[only.as_slice(), &["--deviate", "put-deactivate-keeps-sessions", "--baseline", &baseline]]
                .concat(),
        )
    };
    let known =
        "[[known]]\ncheck = \"lifecycle/put-deactivates/every-way-in-is-shut\"\nreason = \"APP-117\"\n";
    let passes = "[[known]]\ncheck = \"lifecycle/create/*\"\nreason = \"APP-118\"\n";
    let elsewhere = "[[known]]\ncheck = \"lifecycle/rename/*\"\nreason = \"APP-119\"\n";

    let new = run("");
    assert_eq!(new.code, Some(1), "{}", new.stdout);
    let all_known = run(&format!("{known}{elsewhere}"));
    assert_eq!(all_known.code, Some(0), "{}", all_known.stdout);
    assert!(all_known.stdout.contains("(1 known)"), "{}", all_known.stdout);
    assert!(all_known.stdout.contains("APP-117"), "{}", all_known.stdout);
    let stale = run(&format!("{known}{passes}"));
    assert_eq!(stale.code, Some(1), "{}", stale.stdout);
    assert!(stale.stdout.contains("STALE known failure lifecycle/create/*"), "{}", stale.stdout);
    let together = run(
        "[[known]]\nchecks = [\"lifecycle/put-*/every*\", \"lifecycle/create/*\"]\nreason = \"APP-117\"\n",
    );
    assert_eq!(together.code, Some(1), "{}", together.stdout);
    assert!(together.stdout.contains("(1 known)"), "{}", together.stdout);
    assert!(together.stdout.contains("STALE known failure lifecycle/create/*"), "{}", together.stdout);
    let sometimes = run(&format!("{known}{passes}sometimes = true\n"));
    assert_eq!(sometimes.code, Some(0), "{}", sometimes.stdout);
}

#[test]
fn only_what_was_asked_for_is_judged() {
    let (ended, report, _) = run_with_reports(&["--only", "lifecycle/create", "--persona", "entra"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let all = checks(&report, |_| true);
    let asked = |check: &Value| check["scenario"] == "lifecycle/create" && check["persona"] == "entra";
    let rules = |check: &Value| check["scenario"] == "rule";
    assert!(checks(&report, asked) > 0);
    assert_eq!(checks(&report, |check| asked(check) || rules(check)), all);
}

#[test]
fn the_schema_of_the_report_is_true() {
    holds(&report_schema(), "report.schema.json");
}

#[test]
fn the_schema_of_a_lints_report_is_true() {
    holds(&schema::<scimspec::lint::report::Report>(), "lint.schema.json");
}

#[test]
fn the_schema_of_scenarios_is_true() {
    holds(&schema::<RawScenario>(), "scenario.schema.json");
}

#[test]
fn every_scenario_of_the_library_keeps_to_the_schema_that_editors_use() {
    let schema = schema::<RawScenario>();
    for file in scimspec_scenarios::SCENARIOS {
        let scenario: Value = serde_saphyr::from_str(file.text).unwrap();
        let errors: Vec<String> = jsonschema::validator_for(&schema)
            .unwrap()
            .iter_errors(&scenario)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{}: {}", file.path, errors.join("\n"));
    }
}

#[test]
fn the_schema_of_scenarios_refuses_what_the_loader_refuses() {
    let validator = jsonschema::validator_for(&schema::<RawScenario>()).unwrap();
    for text in [
        "steps: []",
        "title: A story",
        "{title: A story, titel: A story, steps: []}",
        "{title: A story, steps: [{idb: assign}]}",
        "{title: A story, people: ada, steps: []}",
        "{title: A story, steps: [{request: GET /Users, expect: {code: 200}}]}",
        "{title: A story, steps: [{request: GET /Users, outcomes: [{name: a}]}]}",
    ] {
        assert!(!validator.is_valid(&serde_saphyr::from_str(text).unwrap()), "{text}");
    }
}

fn golden(name: &str, text: &str) {
    let text = text.replace(&format!("scimspec/{}", env!("CARGO_PKG_VERSION")), "scimspec/VERSION");
    let text = text
        .replace(&format!("\"scimspec\": \"{}\"", env!("CARGO_PKG_VERSION")), "\"scimspec\": \"VERSION\"");
    insta::with_settings!({omit_expression => true}, { insta::assert_snapshot!(name, text) });
}

/// A run of our own server with its reports: how it ended, the JSON, the JUnit.
fn run_with_reports(flags: &[&str]) -> (Ended, Value, String) {
    let bench = Bench::new();
    let reports = ["run", "--report", "json=out.json", "--report", "junit=out.xml"];
    let ended = bench.run(&[reports.as_slice(), flags].concat());
    let read = |name| std::fs::read_to_string(bench.path(name)).unwrap();
    let report = serde_json::from_str(&read("out.json")).unwrap();
    (ended, report, read("out.xml"))
}

fn checks(report: &Value, wanted: impl Fn(&Value) -> bool) -> u64 {
    report["checks"].as_array().unwrap().iter().filter(|check| wanted(check)).count() as u64
}

fn report_schema() -> Value {
    schema::<json::Report>()
}

fn schema<T: JsonSchema>() -> Value {
    serde_json::to_value(schema_for!(T)).unwrap()
}

#[track_caller]
fn assert_matches_schema(schema: &Value, value: &Value) {
    let errors: Vec<String> = jsonschema::validator_for(schema)
        .unwrap()
        .iter_errors(value)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

/// The file that is checked in says the same as the types; `UPDATE_SCHEMAS=1` writes it.
#[track_caller]
fn holds(schema: &Value, name: &str) {
    let text = format!("{}\n", serde_json::to_string_pretty(schema).unwrap());
    let path = docs().join(name);
    if std::env::var_os("UPDATE_SCHEMAS").is_some_and(|update| update == "1") {
        std::fs::write(&path, &text).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(stored, text, "docs/{name} is not what the types say: run the tests with UPDATE_SCHEMAS=1");
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("docs")
}
