//! What was seen, and what is said about it: one test for each line of the judging model.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rstest::rstest;
use scimspec_mock_idp::exchange::Broken;
use scimspec_mock_idp::persona::{Failure, TaskError, forms};

use super::*;
use crate::scenario::model::{ByCase, OutcomeVerdict, Scenario};

#[rstest]
#[case::a_must_fails("LIFECYCLE-L2", Level::Must, Verdict::Fail)]
#[case::a_should_warns("RFC7644-3.5.2-L6", Level::Should, Verdict::Warn)]
#[case::a_choice_is_recorded("RFC7644-3.5.1-L4", Level::May, Verdict::Info)]
#[case::a_contested_must_warns("RFC7644-3.12-L2", Level::Must, Verdict::Warn)]
fn broken_is_as_bad_as_the_profile_says(
    #[case] requirement: &str,
    #[case] level: Level,
    #[case] expected: Verdict,
) {
    let results =
        judge("base", &[]).judge(&[story(1, None, vec![seen(requirement, level, otherwise())])], &[]);
    assert_eq!(verdicts(&results), [expected]);
}

#[test]
fn a_providers_own_demand_is_off_in_base_and_asked_for_where_it_is_claimed() {
    let stories = || vec![story(1, Some("entra"), vec![seen("ENTRA-Patch-L1", Level::Must, otherwise())])];
    assert_eq!(verdicts(&judge("base", &[]).judge(&stories(), &[])), []);
    assert_eq!(verdicts(&judge("base", &["entra"]).judge(&stories(), &[])), [Verdict::Fail]);
    assert_eq!(verdicts(&judge("base", &["okta"]).judge(&stories(), &[])), []);
    assert_eq!(
        verdicts(&judge("entra", &[]).judge(&stories(), &[])),
        [Verdict::Fail],
        "its profile claims it"
    );
}

#[rstest]
#[case::unclaimed_refusal_warns(&[], 400, Verdict::Warn)]
#[case::claimed_refusal_fails(&["entra"], 400, Verdict::Fail)]
#[case::a_crash_is_no_refusal(&[], 500, Verdict::Fail)]
#[case::a_missing_right_is_no_refusal_of_the_form(&[], 403, Verdict::Fail)]
fn a_spelling_that_the_rfc_lets_a_server_refuse(
    #[case] claims: &[&str],
    #[case] status: u16,
    #[case] expected: Verdict,
) {
    let stuck = Showed::Stuck(refused(status, vec![forms::BOOLEAN_AS_STRING]));
    let results = judge("base", claims)
        .judge(&[story(1, Some("entra"), vec![seen("LIFECYCLE-L2", Level::Must, stuck)])], &[]);
    assert_eq!(verdicts(&results), [expected]);
    assert_eq!(results[0].message.contains("C6"), expected == Verdict::Warn, "{}", results[0].message);
}

#[test]
fn a_refusal_of_what_the_rfc_demands_fails_whoever_is_claimed() {
    let stuck = Showed::Stuck(refused(400, Vec::new()));
    let results = judge("base", &[])
        .judge(&[story(1, Some("okta-wizard"), vec![seen("LIFECYCLE-L2", Level::Must, stuck)])], &[]);
    assert_eq!(verdicts(&results), [Verdict::Fail]);
}

#[rstest]
#[case(Failure::Unreachable(Broken::Cut("reset".to_owned())))]
#[case(Failure::RateLimited)]
fn what_the_network_did_is_nobodys_failure(#[case] kind: Failure) {
    let stuck = Showed::Stuck(TaskError { kind, ..refused(0, Vec::new()) });
    let results = judge("base", &[])
        .judge(&[story(1, Some("entra"), vec![seen("LIFECYCLE-L2", Level::Must, stuck)])], &[]);
    assert_eq!(verdicts(&results), [Verdict::Error]);
}

#[test]
fn an_outcome_is_worth_what_the_scenario_says_for_the_nearest_profile() {
    let by = [("base".to_owned(), Verdict::Warn), ("entra".to_owned(), Verdict::Pass)].into();
    let outcome = || Showed::Outcome {
        name: "created".to_owned(),
        verdict: OutcomeVerdict::ByProfile(BTreeMap::clone(&by)),
        because: Some("C1".to_owned()),
        actual: "status 200".to_owned(),
    };
    let told = || vec![story(1, Some("entra"), vec![seen("RFC7644-3.5.2.3-L17", Level::Must, outcome())])];
    assert_eq!(verdicts(&judge("base", &[]).judge(&told(), &[])), [Verdict::Warn]);
    assert_eq!(verdicts(&judge("base", &["entra"]).judge(&told(), &[])), [Verdict::Pass]);
}

#[test]
fn checks_behind_a_guard_are_skipped_for_the_check_that_says_why() {
    let broken =
        story(1, Some("entra"), vec![keyed("assign", seen("LIFECYCLE-L1", Level::Must, otherwise()))]);
    let behind = story(
        2,
        Some("entra+aadOptscim062020"),
        vec![seen("LIFECYCLE-L2", Level::Must, not_reached("assign", None))],
    );
    let results = judge("base", &[]).judge(&[broken, behind], &[]);
    assert_eq!(verdicts(&results), [Verdict::Fail, Verdict::Skip]);
    assert!(results[1].message.contains("because of story-1/check-0"), "{}", results[1].message);
}

#[test]
fn checks_behind_a_guard_that_nobody_explains_could_not_be_judged() {
    let told = [story(
        1,
        Some("entra"),
        vec![
            seen("LIFECYCLE-L2", Level::Must, not_reached("assign", None)),
            seen("LIFECYCLE-L5", Level::Must, not_reached("assign", None)),
        ],
    )];
    let results = judge("base", &[]).judge(&told, &[]);
    assert_eq!(verdicts(&results), [Verdict::Error, Verdict::Skip]);
}

#[test]
fn a_guard_that_ends_at_a_contested_spelling_is_one_warning() {
    let stuck = refused(400, vec![forms::BOOLEAN_AS_STRING]);
    let told = || {
        vec![story(
            1,
            Some("entra"),
            vec![
                seen("LIFECYCLE-L2", Level::Must, not_reached("unassign", Some(stuck.clone()))),
                seen("LIFECYCLE-L5", Level::Must, not_reached("unassign", Some(stuck.clone()))),
            ],
        )]
    };
    assert_eq!(verdicts(&judge("base", &[]).judge(&told(), &[])), [Verdict::Warn, Verdict::Skip]);
    assert_eq!(verdicts(&judge("base", &["entra"]).judge(&told(), &[])), [Verdict::Fail, Verdict::Skip]);
}

#[test]
fn without_a_probe_access_is_skipped_and_remembered() {
    let not_tried = Showed::NotTried(NotTried::NoProbe);
    let results =
        judge("base", &[]).judge(&[story(1, None, vec![seen("LIFECYCLE-L2", Level::Must, not_tried)])], &[]);
    assert_eq!(verdicts(&results), [Verdict::Skip]);
    assert!(results[0].not_verified);
}

#[test]
fn a_skipped_story_skips_each_of_its_checks_with_the_reason() {
    let report = story(
        1,
        None,
        vec![
            seen("LIFECYCLE-L2", Level::Must, Showed::Held),
            seen("LIFECYCLE-L5", Level::Must, Showed::Held),
        ],
    );
    let results = judge("base", &[]).judge(&[], &[(report.story, "no PATCH".to_owned())]);
    assert_eq!(
        results.iter().map(|r| (r.verdict, r.message.as_str())).collect::<Vec<_>>(),
        [(Verdict::Skip, "no PATCH"); 2]
    );
}

#[test]
fn what_leaves_the_judge_holds_no_secret() {
    let secrets = Secrets::default();
    secrets.add("s3cr3t-token");
    let mut judge = judge("base", &[]);
    judge.secrets = secrets;
    let told =
        Showed::Otherwise { expected: "x".to_owned(), actual: format!("{} s3cr3t-token", "y".repeat(590)) };
    let results = judge.judge(&[story(1, None, vec![seen("LIFECYCLE-L2", Level::Must, told)])], &[]);
    let actual = results[0].actual.as_deref().unwrap();
    assert!(!actual.contains("s3cr"), "{actual}");
}

fn judge(profile: &str, claims: &[&str]) -> Judge {
    let catalogue = Catalogue::embedded().unwrap();
    let profiles = Profiles::embedded(&catalogue).unwrap();
    let claims: BTreeSet<String> = claims.iter().map(|provider| (*provider).to_owned()).collect();
    Judge::new(catalogue, profiles, profile, Claims::These(claims), Secrets::default()).unwrap()
}

fn story(number: usize, persona: Option<&str>, mut observed: Vec<Observed>) -> StoryReport {
    let mut scenario = Scenario::empty(&format!("story-{number}"));
    for (i, seen) in observed.iter_mut().enumerate() {
        if let Some(check) = &mut seen.check {
            check.slug = format!("check-{i}");
            scenario.steps.push(crate::scenario::model::Step {
                line: 1,
                action: crate::scenario::model::Action::Account { people: Vec::new() },
                check: Some(ByCase::Same(check.clone())),
                needs: ByCase::Same(Vec::new()),
                fault: None,
                within: None,
            });
        }
    }
    let persona = persona.map(|name| name.parse().unwrap());
    let story = Story { number, scenario: Arc::new(scenario), case: None, persona };
    StoryReport { story, observed, exchanges: Vec::new(), unordered: Vec::new() }
}

fn seen(requirement: &str, level: Level, showed: Showed) -> Observed {
    let check =
        Check { slug: String::new(), case: None, shows: vec![RequirementId(requirement.to_owned())], level };
    Observed {
        check: Some(check),
        step: "unassign ada".to_owned(),
        cause_key: "unassign".to_owned(),
        showed,
        exchanges: 0..0,
        evidence: None,
        notes: Vec::new(),
        only_reported: false,
    }
}

fn keyed(key: &str, observed: Observed) -> Observed {
    Observed { cause_key: key.to_owned(), ..observed }
}

fn otherwise() -> Showed {
    Showed::Otherwise { expected: "this".to_owned(), actual: "that".to_owned() }
}

fn refused(status: u16, forms: Vec<Form>) -> TaskError {
    TaskError {
        text: "Bad Request".to_owned(),
        kind: Failure::Refused { status },
        demands: vec!["ENTRA-Patch-L1"],
        forms,
    }
}

fn not_reached(key: &str, stuck: Option<TaskError>) -> Showed {
    Showed::NotReached(Cause {
        key: key.to_owned(),
        what: format!("{key} ada: refused"),
        check: None,
        stuck,
        unclear: false,
    })
}

fn verdicts(results: &[CheckResult]) -> Vec<Verdict> {
    results.iter().map(|result| result.verdict).collect()
}
