//! What the tests of rules for clients are written with, and what is true of all of them.

use std::collections::BTreeSet;

use scimspec_mock_idp::exchange::Broken;

use super::*;
use crate::catalogue::{Catalogue, RequirementId};
use crate::rules::tests::{answer, sent};

/// A request without an answer.
pub(super) fn request(method: &str, target: &str, body: &str) -> Exchange {
    let mut exchange =
        if body.is_empty() { answer(method, target, 0, "") } else { sent(method, target, body, 0, "") };
    exchange.result = Err(Broken::NotRecorded);
    exchange
}

/// The same with a header.
pub(super) fn with(mut exchange: Exchange, name: &str, value: &str) -> Exchange {
    exchange.request.headers.push((name.to_owned(), value.to_owned()));
    exchange
}

/// What a rule says about a request: none, it has no business there; else what is wrong, with the provider behind it in
/// brackets where it is a habit.
pub(super) fn told(rule: &'static ClientRule, exchange: &Exchange) -> Option<Vec<String>> {
    told_of(rule, std::slice::from_ref(exchange))
}

/// The same of several.
pub(super) fn told_of(rule: &'static ClientRule, exchanges: &[Exchange]) -> Option<Vec<String>> {
    let findings = look_with(&[rule], exchanges, &World::of(exchanges)).pop().unwrap();
    let habit =
        |habit: Option<Habit>| habit.map(|habit| format!(" [{}]", habit.provider)).unwrap_or_default();
    (findings.looked > 0).then(|| {
        findings.causes.into_iter().map(|cause| format!("{}{}", cause.actual, habit(cause.habit))).collect()
    })
}

/// A PATCH of a user with these operations.
pub(super) fn patch(operations: &str) -> Exchange {
    request(
        "PATCH",
        "/Users/1",
        &format!(
            r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{operations}]}}"#
        ),
    )
}

/// Nothing is wrong.
#[expect(clippy::unnecessary_wraps, reason = "it stands beside what a rule says about a request")]
pub(super) fn kept() -> Option<Vec<String>> {
    Some(Vec::new())
}

/// This is wrong.
#[expect(clippy::unnecessary_wraps, reason = "it stands beside what a rule says about a request")]
pub(super) fn broken(actual: &str) -> Option<Vec<String>> {
    Some(vec![actual.to_owned()])
}

#[test]
fn every_rule_says_what_it_is_and_names_rows_that_there_are() {
    let catalogue = Catalogue::embedded().unwrap();
    let slugs: BTreeSet<_> = RULES.iter().map(|rule| rule.slug).collect();
    assert_eq!(slugs.len(), RULES.len());
    for rule in RULES {
        for text in [rule.title, rule.what, rule.why, rule.fix, rule.source] {
            assert!(!text.trim().is_empty(), "{}", rule.slug);
        }
        for id in rule.requirements {
            assert!(catalogue.find(&RequirementId((*id).to_owned())).is_some(), "{}: {id}", rule.slug);
        }
    }
}

#[test]
fn every_file_of_a_rule_is_in_the_list() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/lint/client");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            entry.unwrap().file_name().into_string().unwrap().trim_end_matches(".rs").replace('_', "-")
        })
        .filter(|name| !["mod", "tests"].contains(&name.as_str()))
        .collect();
    let slugs: BTreeSet<String> = RULES.iter().map(|rule| rule.slug.to_owned()).collect();
    assert_eq!(files, slugs);
}

#[test]
fn causes_are_counted_and_the_first_place_is_kept() {
    let bad = || request("GET", "/Users?count=x", "");
    let exchanges = [request("GET", "/Users?count=1", ""), bad(), bad()];
    let world = World::default();
    let findings = look_with(&[&numbers_are_numbers::RULE], &exchanges, &world).pop().unwrap();
    assert_eq!((findings.looked, findings.causes.len()), (3, 1));
    assert_eq!((findings.causes[0].count, findings.causes[0].first), (2, 1));
}

#[test]
fn a_name_that_may_be_data_is_not_shown() {
    assert_eq!(
        shown("urn:ietf:params:scim:schemas:core:2.0:User"),
        "urn:ietf:params:scim:schemas:core:2.0:User"
    );
    assert_eq!(shown("ada@example.com"), "an odd name");
    assert_eq!(shown(&"x".repeat(200)), "an odd name");
}
