//! The embedded library against the embedded server: one test for each scenario file, named by its id, as every persona
//! and with every row of its table; what is for a profile of its own, against a server that keeps it. The conversations
//! are held against `scenarios/snapshots`.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};

use scimspec::judge::known_failures::KnownFailures;
use scimspec::judge::{CheckResult, Verdict};
use scimspec::report::RunReport;
use scimspec::run::{self, Library, Order};
use scimspec::runner::plan::Selection;
use scimspec::scenario::model::{Allow, Scenario};
use scimspec::secrets::Secrets;
use scimspec::snapshot;
use scimspec::target::embedded::{Blueprint, Embedded, Front};
use scimspec_reference_server::gitlab::{Generation, GitLabConfig};
use scimspec_reference_server::scim::Rules;
use scimspec_reference_server::store::StoreChoice;
use scimspec_reference_server::{Limits, Protocol, TokenHash};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let library = Library::embedded().expect("the embedded library is read without a mistake");
    let mut trials = vec![orphans(library.scenarios.clone())];
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
    for subject in Subject::of(scenario) {
        judged_right(&runtime.block_on(told(library, subject))?, scenario)
            .map_err(|failed| format!("{subject:?}: {}", failed.message().unwrap_or_default()))?;
    }
    Ok(())
}

/// The server that a scenario is told to.
#[derive(Debug, Clone, Copy)]
enum Subject {
    /// By the RFCs, or by the rules of a profile that contradicts them in points.
    Scim(&'static str),
    GitLab(Generation),
}

impl Subject {
    fn of(scenario: &Scenario) -> Vec<Self> {
        match scenario.profiles.first().map(String::as_str) {
            Some("gitlab") => vec![Self::GitLab(Generation::Classic), Self::GitLab(Generation::Current)],
            Some("interop") => vec![Self::Scim("interop")],
            Some("ipsie") => vec![Self::Scim("ipsie")],
            _ => vec![Self::Scim("base")],
        }
    }

    fn profile(self) -> &'static str {
        match self {
            Self::Scim(profile) => profile,
            Self::GitLab(_) => "gitlab",
        }
    }

    async fn start(self, secrets: &Secrets) -> Result<Embedded, Failed> {
        let front = match self {
            Self::Scim(profile) => {
                let rules = match profile {
                    "interop" => &Rules::INTEROP,
                    "ipsie" => &Rules::IPSIE,
                    _ => &Rules::RFC,
                };
                let protocol = Protocol::new(rules, &[])?;
                let (tenants, deviations, store) = (Vec::new(), Vec::new(), StoreChoice::Memory);
                Front::Rfc { tenants, public_url: None, deviations, protocol, oauth: None, store }
            }
            Self::GitLab(generation) => {
                // The tokens are made where the server is.
                let config = GitLabConfig::new(generation, TokenHash::of(""), TokenHash::of(""));
                Front::GitLab { config: Box::new(config), store: StoreChoice::Memory }
            }
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let blueprint = Blueprint { address, tls: None, token: None, limits: Limits::default(), front };
        Ok(Embedded::build(blueprint, secrets).await?)
    }
}

fn judged_right(report: &RunReport, scenario: &Scenario) -> Result<(), Failed> {
    let judged = report.checks.iter().filter(|check| check.scenario == scenario.id).count();
    if judged < scenario.checks().count() {
        return Err(format!("only {judged} checks were judged").into());
    }
    let wrong: Vec<String> = report.checks.iter().filter(|check| !is_well(check)).map(describe).collect();
    if wrong.is_empty() && report.leftovers.is_empty() {
        return Ok(());
    }
    Err(format!("{}\nnot removed: {:?}", wrong.join("\n"), report.leftovers).into())
}

/// A rule may have had nothing to look at: it is about a whole run, and this is one scenario of it.
fn is_well(check: &CheckResult) -> bool {
    let rule_without_exchanges = check.id.starts_with("rule/") && check.verdict == Verdict::Skip;
    matches!(check.verdict, Verdict::Pass | Verdict::Info) || rule_without_exchanges
}

async fn told(library: &Library, subject: Subject) -> Result<RunReport, Failed> {
    let secrets = Secrets::default();
    let embedded = subject.start(&secrets).await?;
    let target = embedded.target(&secrets)?;
    let order = Order {
        profile: subject.profile().to_owned(),
        selection: Selection {
            only: Selection::globs(&[])?,
            narrowed: false,
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
