//! The fingerprint of a target: what it does where the RFCs leave a choice, by name, with the check or rule that saw it.
//! It says nothing about right or wrong; that is the judge's.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;

use super::RunReport;
use crate::catalogue::Level;
use crate::judge::{CheckResult, Verdict};
use crate::rules::{Known, Place, Seen, Whose};

/// One choice of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trait {
    /// `patch.answer`, or the id of a check.
    pub name: String,
    /// What the target does; several things, the most frequent first.
    pub value: String,
    /// The check or rule that it comes from.
    pub from: String,
    /// Whether it was only observed in passing; else a scenario asked for it.
    pub observed: bool,
}

/// The fingerprint of a run's target, by name.
pub fn of(run: &RunReport) -> Vec<Trait> {
    let mut traits = observed(run);
    let mut asked: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for check in run.checks.iter().filter(|check| is_open(check)) {
        if let Some(outcome) = &check.outcome {
            asked.entry(&check.id).or_default().insert(outcome);
        }
    }
    traits.extend(asked.into_iter().map(|(id, outcomes)| Trait {
        name: id.to_owned(),
        value: outcomes.into_iter().collect::<Vec<_>>().join(", "),
        from: id.to_owned(),
        observed: false,
    }));
    traits
}

/// Whether several outcomes are right there, or the point is contested, so that the outcome tells one server from another.
fn is_open(check: &CheckResult) -> bool {
    let outcome = check.outcome.as_deref().unwrap_or_default();
    let contested = check.message.strip_prefix(outcome).is_some_and(|rest| rest.starts_with(" (C"));
    check.level == Level::May || check.verdict == Verdict::Info || contested
}

/// What every exchange shows by the way.
fn observed(run: &RunReport) -> Vec<Trait> {
    let (known, whose) = (Known::default(), Whose::All);
    let mut tally: BTreeMap<(&str, &str), BTreeMap<String, usize>> = BTreeMap::new();
    let mut largest = 0;
    for exchange in run.stories.iter().flat_map(|report| &report.exchanges) {
        let Some(seen) = Seen::new(exchange, &known, &whose).filter(|seen| seen.answer.is_success()) else {
            continue;
        };
        for (name, rule, value) in shown(&seen) {
            *tally.entry((name, rule)).or_default().entry(value).or_default() += 1;
        }
        largest = largest.max(seen.all_listed().len());
    }
    let mut traits: Vec<Trait> = tally
        .into_iter()
        .map(|((name, rule), values)| {
            let mut values: Vec<_> = values.into_iter().collect();
            values.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
            let words: Vec<_> = values.into_iter().map(|(value, _)| value).collect();
            Trait {
                name: name.to_owned(),
                value: words.join(", "),
                from: format!("rule/{rule}"),
                observed: true,
            }
        })
        .collect();
    if largest > 0 {
        let from = "rule/published-limits-are-kept".to_owned();
        traits.push(Trait {
            name: "page.largest".to_owned(),
            value: largest.to_string(),
            from,
            observed: true,
        });
    }
    traits
}

/// What one successful answer shows: the choice, the rule about it, the value.
fn shown(seen: &Seen<'_>) -> Vec<(&'static str, &'static str, String)> {
    let mut all = Vec::new();
    let status = seen.answer.status.to_string();
    match (&seen.to, seen.method()) {
        (Place::Resource(endpoint, _), &Method::PATCH) if endpoint == "Groups" => {
            all.push(("patch.answer.groups", "patch-answers-one-way", status));
        }
        (Place::Resource(..), &Method::PATCH) => {
            all.push(("patch.answer.users", "patch-answers-one-way", status));
        }
        (Place::Resource(..), &Method::PUT) => all.push(("put.answer", "put-answers-with-resource", status)),
        (Place::Resource(..), &Method::DELETE) => all.push(("delete.answer", "delete-answers-204", status)),
        _ => {}
    }
    if let Some(resource) = seen.shown().filter(|_| !seen.is_projected()) {
        let version = resource.pointer("/meta/version").and_then(serde_json::Value::as_str);
        let kind = match version {
            Some(text) if text.starts_with("W/") => "weak",
            Some(_) => "strong",
            None => "none",
        };
        all.push(("versions", "entity-tags-are-well-formed", kind.to_owned()));
        if let Some(id) = resource.get("id").and_then(serde_json::Value::as_str) {
            let kind = match id {
                id if uuid_like(id) => "uuid",
                id if id.bytes().all(|byte| byte.is_ascii_digit()) => "number",
                _ => "other text",
            };
            all.push(("ids", "id-always-returned", kind.to_owned()));
        }
        let empty = resource.as_object().is_some_and(|members| {
            members.values().any(|value| value.is_null() || value.as_array().is_some_and(Vec::is_empty))
        });
        let kind = if empty { "null or an empty array" } else { "left out" };
        all.push(("unassigned", "unassigned-is-left-out", kind.to_owned()));
    }
    if let Some(kind) = seen.answer.header("content-type").filter(|_| seen.json.is_some()) {
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        all.push(("media-type", "media-type", kind));
    }
    all
}

fn uuid_like(id: &str) -> bool {
    let digits: Vec<char> = id.chars().filter(|c| *c != '-').collect();
    digits.len() == 32 && digits.iter().all(char::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::answer;

    #[rstest]
    #[case("PATCH", "/Users/1", 204, "", &[("patch.answer.users", "204")])]
    #[case("PATCH", "/Groups/1", 204, "", &[("patch.answer.groups", "204")])]
    #[case("DELETE", "/Users/1", 204, "", &[("delete.answer", "204")])]
    #[case("GET", "/Users/1", 200, r#"{"id":"7","title":null,"meta":{"version":"W/\"1\""}}"#,
        &[("versions", "weak"), ("ids", "number"), ("unassigned", "null or an empty array")])]
    #[case("GET", "/Users", 200, "{}", &[])]
    fn an_answer_shows_what_was_chosen(
        #[case] method: &str,
        #[case] target: &str,
        #[case] status: u16,
        #[case] body: &str,
        #[case] choices: &[(&str, &str)],
    ) {
        let (exchange, known, whose) = (answer(method, target, status, body), Known::default(), Whose::All);
        let told = shown(&Seen::new(&exchange, &known, &whose).unwrap());
        let told: Vec<_> = told.iter().map(|(name, _, value)| (*name, value.as_str())).collect();
        assert_eq!(told, choices);
    }
}
