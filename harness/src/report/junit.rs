//! JUnit XML for CI servers: a suite for each scenario, a case for each check and persona. Known failures are skipped
//! cases with their reason; a warning is a passed case that says so.

use std::collections::BTreeMap;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::RunReport;
use super::view::Lens;
use crate::judge::{CheckResult, Verdict};

/// The report as XML text.
pub fn text(run: &RunReport, lens: &Lens) -> Result<String, SerializeError> {
    let mut report = Report::new(format!("scimspec {}", run.profile));
    let mut suites: BTreeMap<&str, Vec<&CheckResult>> = BTreeMap::new();
    for check in &run.checks {
        suites.entry(&check.scenario).or_default().push(check);
    }
    for (scenario, checks) in suites {
        let mut suite = TestSuite::new(scenario);
        suite.add_test_cases(checks.into_iter().map(|check| case(check, run, lens)));
        report.add_test_suite(suite);
    }
    if !run.stale.is_empty() {
        let mut suite = TestSuite::new("known-failures");
        for stale in &run.stale {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(lens.text(&stale.what)).set_type("stale");
            suite.add_test_case(TestCase::new(stale.entry.as_str(), status));
        }
        report.add_test_suite(suite);
    }
    report.set_time(run.took);
    report.to_string()
}

fn case(check: &CheckResult, run: &RunReport, lens: &Lens) -> TestCase {
    let mut status = match (check.verdict, &check.known) {
        (Verdict::Fail, None) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        (Verdict::Error, _) => TestCaseStatus::non_success(NonSuccessKind::Error),
        (Verdict::Skip, _) | (Verdict::Fail, Some(_)) => TestCaseStatus::skipped(),
        _ => TestCaseStatus::success(),
    };
    if !matches!(check.verdict, Verdict::Pass | Verdict::Warn | Verdict::Info) {
        let message = match &check.known {
            Some(reason) => format!("known failure: {reason}"),
            None => check.message.clone(),
        };
        status.set_message(lens.text(&message)).set_type(check.verdict.to_string());
        status.set_description(description(check, run, lens));
    }
    let mut case = TestCase::new(check.id.as_str(), status);
    case.set_classname(check.persona.as_deref().unwrap_or("requests"));
    let took: Duration = run.exchanges_of(check).map(|exchange| exchange.took).sum();
    case.set_time(took);
    if matches!(check.verdict, Verdict::Warn | Verdict::Info) {
        case.set_system_out(format!("{}: {}", check.verdict, lens.text(&check.message)));
    }
    case
}

fn description(check: &CheckResult, run: &RunReport, lens: &Lens) -> String {
    let mut lines = vec![lens.text(&check.message)];
    lines.extend(check.expected.as_ref().map(|text| format!("expected: {}", lens.text(text))));
    lines.extend(check.actual.as_ref().map(|text| format!("actual: {}", lens.text(text))));
    let ids: Vec<_> = check.requirements.iter().map(ToString::to_string).collect();
    lines.push(format!("requirements: {} ({})", ids.join(", "), check.level));
    lines.extend(run.evidence(check).map(|exchange| format!("again: {}", lens.view(exchange).curl)));
    lines.join("\n")
}
