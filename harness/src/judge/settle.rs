//! The second look: a check behind a guard that did not hold is skipped when another check of the run says why, and
//! is an error when none does.

use std::collections::BTreeMap;

use scimspec_mock_idp::persona::{Failure, TaskError};

use super::{CheckResult, Verdict, forms_message, provider_name, refused_forms};

/// Settles every result that waits for the rest of the run.
pub(super) fn settle(results: &mut [CheckResult], claimed: impl Fn(&str) -> bool) {
    let told: BTreeMap<(String, Option<String>), String> = results
        .iter()
        .filter(|result| result.pending.is_none() && explains(result))
        .map(|result| ((result.cause_key.clone(), result.persona.clone()), result.id.clone()))
        .collect();
    // Within a story, the first check behind a guard speaks for the others.
    let mut spoke: BTreeMap<usize, String> = BTreeMap::new();
    for result in results.iter_mut() {
        let Some(cause) = result.pending.take() else { continue };
        // A variant of a persona fails for the persona's own cause.
        let base = result.persona.as_deref().and_then(|name| name.split('+').next()).map(str::to_owned);
        let elsewhere = [result.persona.clone(), base]
            .into_iter()
            .find_map(|persona| told.get(&(cause.key.clone(), persona)));
        if let Some(check) = cause.check.as_ref().or_else(|| spoke.get(&result.story)).or(elsewhere) {
            result.message = format!("not reached, because of {check}: {}", cause.what);
            continue;
        }
        let unclaimed = result.persona.as_deref().is_some_and(|persona| !claimed(persona));
        let forms = cause.stuck.as_ref().filter(|_| unclaimed).and_then(refused_forms);
        spoke.insert(result.story, result.id.clone());
        if let Some(forms) = forms {
            cause.what.split(':').next().unwrap_or_default().clone_into(&mut result.step);
            result.verdict = Verdict::Warn;
            result.message = forms_message(result, forms);
            result.actual = cause.stuck.map(|error| error.text);
        } else if let Some(error) = cause.stuck.as_ref().filter(|error| !unclaimed && breaks_a_demand(error))
        {
            // The provider is claimed, and what it asks for was refused: that is known, whatever else was not reached.
            let provider = provider_name(result.persona.as_deref());
            let what = cause.what.split(':').next().unwrap_or_default();
            result.verdict = Verdict::Fail;
            result.message = format!("{provider} could not {what}. It asks for {}", error.demands.join(", "));
            result.expected = Some("the provider can carry out its task".to_owned());
            result.actual = Some(error.text.clone());
        } else {
            result.verdict = Verdict::Error;
            result.message = format!("could not be judged: the story ended at: {}", cause.what);
        }
    }
}

fn breaks_a_demand(error: &TaskError) -> bool {
    matches!(error.kind, Failure::Refused { .. } | Failure::Unusable) && !error.demands.is_empty()
}

/// A mere warning explains nothing, unless it is that the provider could not go on.
fn explains(result: &CheckResult) -> bool {
    result.verdict == Verdict::Fail || (result.verdict == Verdict::Warn && result.stuck)
}
