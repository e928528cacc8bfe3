//! What a client sent becomes a verdict: how strongly the RFC asks it of clients, and whether it is the habit of the
//! provider that this client is, or may be.

use scimspec_mock_idp::recording::habits::Provider;

use super::{CheckResult, Judge, Verdict, verdict_of};
use crate::catalogue::{Level, RequirementId};
use crate::lint::client::{ClientCause, ClientFindings, ClientRule};
use crate::profile::Demand;

impl Judge {
    /// Judges what the rules for clients found in a recording, whose exchanges are the story of that number: each cause
    /// is one result, a rule without findings passes. `client` is the provider, if its habits decided it: what is normal
    /// to it is only recorded. What is normal to somebody is a warning as long as nobody knows who the client is.
    pub fn clients(
        &self,
        found: &[ClientFindings],
        client: Option<Provider>,
        story: usize,
    ) -> Vec<CheckResult> {
        let mut results = Vec::new();
        for findings in found {
            let rule = findings.rule;
            let rows: Vec<RequirementId> =
                rule.requirements.iter().map(|id| RequirementId((*id).to_owned())).collect();
            // The rows are about servers; a profile that knows none of them has nothing to do with the matter.
            if !rows.is_empty() && self.profile().hardest(&rows).demand == Demand::Off {
                continue;
            }
            let result = |verdict, message| CheckResult {
                scenario: "client".to_owned(),
                requirements: rows.clone(),
                ..CheckResult::of_rule(rule.id(), rule.level, verdict, message)
            };
            if findings.looked == 0 {
                let why = "the recording has no request that the rule is about".to_owned();
                results.push(result(Verdict::Skip, why));
            } else if findings.causes.is_empty() {
                let message = format!("{} (in {} requests)", rule.title, findings.looked);
                results.push(result(Verdict::Pass, message));
            }
            for cause in &findings.causes {
                let (verdict, because) = worth(rule, cause, client);
                let message = format!(
                    "not in {} of {} requests: {} ({}{because})",
                    cause.count, findings.looked, rule.title, rule.source
                );
                results.push(CheckResult {
                    story,
                    exchanges: cause.first..cause.first + 1,
                    step: rule.what.to_owned(),
                    expected: Some(cause.expected.clone()),
                    actual: Some(cause.actual.clone()),
                    ..result(verdict, message)
                });
            }
        }
        for result in &mut results {
            result.scrub(&self.secrets);
        }
        results
    }
}

/// What a cause is worth, and why where that is not what the level alone would say.
fn worth(rule: &ClientRule, cause: &ClientCause, client: Option<Provider>) -> (Verdict, String) {
    let natural = match rule.level {
        Level::Must => Demand::Fail,
        Level::Should => Demand::Warn,
        Level::May => Demand::Info,
    };
    let softer = rule.softer.filter(|_| natural == Demand::Fail);
    let demand = if softer.is_some() { Demand::Warn } else { natural };
    let because = softer.map_or_else(String::new, |softer| format!("; {softer}"));
    let (demand, because) = match (cause.habit, client) {
        (Some(habit), Some(client)) if habit.provider == client => {
            (demand.min(Demand::Info), format!("; normal to {client}: {}", habit.source))
        }
        (Some(habit), None) => (
            demand.min(Demand::Warn),
            format!("; normal to {}, which this client may be: {}", habit.provider, habit.source),
        ),
        _ => (demand, because),
    };
    (verdict_of(demand).unwrap_or(Verdict::Info), because)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::lint::client::{Habit, RULES};
    use crate::run::Library;
    use crate::secrets::Secrets;
    use crate::target::Claims;

    fn judge(profile: &str) -> Judge {
        let library = Library::embedded().unwrap();
        let claims = Claims::These(std::collections::BTreeSet::new());
        Judge::new(library.catalogue, library.profiles, profile, claims, Secrets::default()).unwrap()
    }

    fn found(slug: &str, habit: Option<Provider>) -> ClientFindings {
        let rule = RULES.iter().find(|rule| rule.slug == slug).unwrap();
        let habit = habit.map(|provider| Habit { provider, source: "a page" });
        let (expected, actual) = ("this".to_owned(), "that".to_owned());
        let causes = vec![ClientCause { expected, actual, habit, count: 2, first: 4 }];
        ClientFindings { rule, looked: 3, causes }
    }

    #[rstest]
    #[case("booleans-are-literals", None, None, Verdict::Fail)]
    #[case("booleans-are-literals", Some(Provider::Entra), Some(Provider::Entra), Verdict::Info)]
    #[case("booleans-are-literals", Some(Provider::Entra), None, Verdict::Warn)]
    #[case("booleans-are-literals", Some(Provider::Entra), Some(Provider::Okta), Verdict::Fail)]
    #[case("op-in-lower-case", None, Some(Provider::Okta), Verdict::Warn)]
    #[case("no-meta-on-create", Some(Provider::Entra), None, Verdict::Info)]
    fn a_habit_is_normal_to_whom_has_it(
        #[case] slug: &str,
        #[case] habit: Option<Provider>,
        #[case] client: Option<Provider>,
        #[case] verdict: Verdict,
    ) {
        let results = judge("base").clients(&[found(slug, habit)], client, 1);
        let [result] = results.as_slice() else { panic!("one cause, one result: {results:?}") };
        assert_eq!((result.verdict, result.id.as_str()), (verdict, format!("client/{slug}").as_str()));
        assert_eq!((result.story, result.exchanges.clone()), (1, 4..5));
        assert!(result.message.starts_with("not in 2 of 3 requests: "), "{}", result.message);
    }

    #[test]
    fn what_was_kept_passes_and_what_was_not_there_is_skipped() {
        let of = |looked| ClientFindings { looked, causes: Vec::new(), ..found("path-grammar", None) };
        let results = judge("base").clients(&[of(2), of(0)], None, 1);
        let verdicts: Vec<_> = results.iter().map(|result| result.verdict).collect();
        assert_eq!(verdicts, [Verdict::Pass, Verdict::Skip]);
    }

    #[test]
    fn a_profile_that_asks_nothing_of_the_kind_leaves_the_rule_out() {
        let asked = judge("gitlab").clients(&[found("bulk-form", None)], None, 1);
        assert!(asked.is_empty(), "{asked:?}");
    }
}
