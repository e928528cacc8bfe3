//! The embedded library against the embedded server: one test for each scenario file, named by its id, as every persona
//! and with every row of its table; what is for a profile of its own, against a server that keeps it. The conversations
//! are held against `scenarios/snapshots`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};

use scimspec::judge::known_failures::KnownFailures;
use scimspec::judge::{CheckResult, Verdict};
use scimspec::report::RunReport;
use scimspec::run::{self, Library, Order};
use scimspec::runner::plan::Selection;
use scimspec::scenario::model::{Allow, ByCase, Need, Scenario};
use scimspec::secrets::Secrets;
use scimspec::snapshot;
use scimspec::target::subject::Subject;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let library = Library::embedded().expect("the embedded library is read without a mistake");
    let mut trials = vec![orphans(library.scenarios.clone()), nowhere(library.scenarios.clone())];
    for scenario in &library.scenarios {
        let alone = Library { scenarios: vec![scenario.clone()], ..library.clone() };
        trials.push(Trial::test(scenario.id.clone(), move || told_right(&alone)));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Every check of the scenario holds, and every conversation is the stored one.
fn told_right(library: &Library) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let scenario = &library.scenarios[0];
    let profile = scenario.profiles.first().map_or("base", String::as_str);
    for &subject in Subject::keeping(profile) {
        let mut report = runtime.block_on(told(library, profile, subject))?;
        if subject == Subject::Rfc && !left_open(&report, scenario).is_empty() {
            // What the core schemas have no like of is told to a server that has more.
            complete(&mut report, runtime.block_on(told(library, profile, Subject::Extended))?);
        }
        judged_right(&report, scenario)
            .map_err(|failed| format!("{subject:?}: {}", failed.message().unwrap_or_default()))?;
    }
    Ok(())
}

fn left_open<'a>(report: &'a RunReport, scenario: &Scenario) -> Vec<&'a CheckResult> {
    let open = |check: &&CheckResult| check.verdict == Verdict::Skip && !is_well(check, scenario);
    report.checks.iter().filter(open).collect()
}

/// Takes over what the second report says of what the first left open, and whatever is wrong in the second.
fn complete(first: &mut RunReport, second: RunReport) {
    for other in second.checks {
        let same = |check: &&mut CheckResult| check.id == other.id && check.persona == other.persona;
        match first.checks.iter_mut().find(same) {
            Some(check) if check.verdict == Verdict::Skip => *check = other,
            Some(_) if matches!(other.verdict, Verdict::Pass | Verdict::Info | Verdict::Skip) => {}
            _ => first.checks.push(other),
        }
    }
    first.leftovers.extend(second.leftovers);
}

fn judged_right(report: &RunReport, scenario: &Scenario) -> Result<(), Failed> {
    let judged = report.checks.iter().filter(|check| check.scenario == scenario.id).count();
    if judged < scenario.checks().count() {
        return Err(format!("only {judged} checks were judged").into());
    }
    let wrong: Vec<String> =
        report.checks.iter().filter(|check| !is_well(check, scenario)).map(describe).collect();
    if wrong.is_empty() && report.leftovers.is_empty() {
        return Ok(());
    }
    Err(format!("{}\nnot removed: {:?}", wrong.join("\n"), report.leftovers).into())
}

/// Scenarios with checks that none of the project's own servers can be asked: what they are about is not theirs.
const NOWHERE: [(&str, &str); 4] = [
    ("rfc7643/characteristics/defaults", "the reference server leaves no characteristic out of its /Schemas"),
    (
        "rfc7643/enterprise/required",
        "providers know no required extension: their stories could not be told beside it",
    ),
    ("rfc9865/default-cursor", "the reference server pages by index unless it is asked for a cursor"),
    ("rfc9967/accepted", "the reference server answers at once and never with 202"),
];

/// A rule may have had nothing to look at: it is about a whole run, and this is one scenario of it. What a target does that
/// lacks something cannot be seen at a server that lacks nothing.
fn is_well(check: &CheckResult, scenario: &Scenario) -> bool {
    let rule_without_exchanges = check.id.starts_with("rule/") && check.verdict == Verdict::Skip;
    let needs_a_lack = check.verdict == Verdict::Skip
        && (asks_for_a_lack(&scenario.needs)
            || scenario.steps.iter().any(|step| asks_for_a_lack(&step.needs)))
        && check.message.contains("/ServiceProviderConfig does not say");
    let nowhere = check.verdict == Verdict::Skip && NOWHERE.iter().any(|(id, _)| *id == scenario.id);
    matches!(check.verdict, Verdict::Pass | Verdict::Info)
        || rule_without_exchanges
        || needs_a_lack
        || nowhere
}

fn asks_for_a_lack(needs: &ByCase<Vec<Need>>) -> bool {
    let lack = |need: &Need| matches!(need, Need::No(_) | Need::NoCursor | Need::NoIndexPaging);
    needs.all().flatten().any(lack)
}

async fn told(library: &Library, profile: &str, subject: Subject) -> Result<RunReport, Failed> {
    let secrets = Secrets::default();
    let embedded = subject.start(Vec::new(), &secrets).await?;
    let target = embedded.target(&secrets)?;
    let order = Order {
        profile: profile.to_owned(),
        selection: Selection {
            only: Selection::globs(&[])?,
            narrowed: false,
            all_rules: false,
            safe: false,
            personas: library.scenarios[0].personas.clone(),
            allow: [Allow::Load].into(),
        },
        jobs: 4,
        timeout: Duration::from_secs(30),
        domain: "example.com".to_owned(),
        journal: None,
        known: KnownFailures::default(),
        require_access: true,
        listener: Box::new(|_| {}),
    };
    let prepared = run::prepare(&target, library, order, &secrets).await?;
    let lens = prepared.lens();
    let (mut report, _, _) = prepared.carry_out(std::future::pending()).await;
    embedded.stop().await?;
    snapshot::compare_run(&mut report, &snapshots(), &lens)?;
    Ok(report)
}

fn nowhere(scenarios: Vec<Scenario>) -> Trial {
    Trial::test("what-is-told-nowhere-is-there", move || {
        let gone = NOWHERE.iter().filter(|(id, _)| !scenarios.iter().any(|scenario| scenario.id == *id));
        let gone: Vec<_> = gone.map(|(id, because)| format!("{id} ({because})")).collect();
        if gone.is_empty() { Ok(()) } else { Err(format!("no scenario is called {gone:?}").into()) }
    })
}

/// A snapshot whose scenario, row or persona is gone would be kept for ever and hold nothing.
fn orphans(scenarios: Vec<Scenario>) -> Trial {
    Trial::test("snapshots/every-one-belongs-to-a-story", move || {
        let expected: BTreeSet<PathBuf> =
            scenarios.iter().filter(|scenario| scenario.snapshot).flat_map(paths_of).collect();
        let mut stored = Vec::new();
        collect(&snapshots(), &mut stored)?;
        let orphans: Vec<_> = stored.iter().filter(|path| !expected.contains(*path)).collect();
        if orphans.is_empty() { Ok(()) } else { Err(format!("no story has these: {orphans:?}").into()) }
    })
}

fn paths_of(scenario: &Scenario) -> Vec<PathBuf> {
    let cases: Vec<String> = scenario.cases.iter().map(|case| format!(".{}", case.slug)).collect();
    let personas: Vec<String> = scenario.personas.iter().map(|persona| format!("@{persona}")).collect();
    let or_one = |list: Vec<String>| if list.is_empty() { vec![String::new()] } else { list };
    let personas = or_one(personas);
    let path = |case: &str, persona: &str| snapshots().join(format!("{}{case}{persona}.snap", scenario.id));
    or_one(cases).iter().flat_map(|case| personas.iter().map(|persona| path(case, persona))).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "snap") {
            files.push(path);
        }
    }
    Ok(())
}

fn describe(check: &CheckResult) -> String {
    let persona = check.persona.as_ref().map_or_else(String::new, |persona| format!(" as {persona}"));
    let expected = check.expected.as_ref().map_or_else(String::new, |text| format!("\n  expected: {text}"));
    let actual = check.actual.as_ref().map_or_else(String::new, |text| format!("\n  actual: {text}"));
    format!("{} {}{persona}: {}{expected}{actual}", check.verdict, check.id, check.message)
}

fn snapshots() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scenarios").join("snapshots")
}
