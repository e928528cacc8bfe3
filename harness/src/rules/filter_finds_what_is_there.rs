//! `rule/filter-finds-what-is-there`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::known::Known;
use super::run_view::RunView;
use super::scope::{Look, Need, Noted, Scope};
use super::seen::{Place, Seen};
use super::{Rule, simple_filter};

pub(super) static RULE: Rule = Rule {
    slug: "filter-finds-what-is-there",
    title: "Who is there is found by name",
    what: "Queries with one comparison userName eq, externalId eq or id eq of a resource that the \
          transcript made and showed before, active or not; where a query is repeated, the last answer \
          counts, since lists may lag.",
    why: "A provider looks people up before it creates them: who is not found is created a second time. \
          Servers that hide inactive people do so with everybody who comes back.",
    fix: "Evaluate these filters over all resources, the inactive ones too, with letter case as /Schemas \
          publishes.",
    requirements: &["RFC7644-3.4.2.2-L6", "RFC7644-3.4.2.2-L45"],
    softer: None,
    needs: &[Need::SoleWriter, Need::Complete],
    scope: Scope::Run(look),
};

/// RFC 7644, section 3.4.2.2.
fn look(view: &RunView<'_>) -> Vec<Noted> {
    if view.known.supports("filter") == Some(false) {
        return Vec::new();
    }
    let mut noted = Vec::new();
    for transcript in view.transcripts() {
        let mut there: BTreeMap<(String, String), &Value> = BTreeMap::new();
        for (i, (at, seen)) in transcript.iter().enumerate() {
            if seen.gap || seen.to == Place::Bulk {
                there.clear();
            }
            if let Some(wanted) = wanted(seen) {
                let repeated = transcript
                    .get(i + 1)
                    .is_some_and(|(_, next)| next.to == seen.to && next.asked == seen.asked);
                if !repeated {
                    noted.extend(answered(&wanted, seen, &there, view.known).map(|look| look.at(*at)));
                }
            } else {
                remember(seen, &mut there);
            }
        }
    }
    noted
}

/// Keeps the newest sight of what the transcript made.
fn remember<'a>(seen: &'a Seen<'_>, there: &mut BTreeMap<(String, String), &'a Value>) {
    let Some(endpoint) = seen.endpoint().map(str::to_owned) else { return };
    match (&seen.to, seen.shown().filter(|_| !seen.is_projected())) {
        (Place::Endpoint(_), Some(made)) if seen.status() == 201 => {
            if let Some(id) = made.get("id").and_then(Value::as_str) {
                there.insert((endpoint, id.to_owned()), made);
            }
        }
        (Place::Resource(_, id), shown) => {
            let key = (endpoint, id.clone());
            // What a write made of it is known only if the answer shows it; a 404 says that it is gone.
            match shown {
                Some(shown) => drop(there.get_mut(&key).map(|known| *known = shown)),
                None if seen.is_write() || seen.status() >= 400 => drop(there.remove(&key)),
                None => {}
            }
        }
        _ => {}
    }
}

/// What a query asks for, if it asks for one name.
fn wanted(seen: &Seen<'_>) -> Option<simple_filter::Comparison> {
    let asks = seen.is_query() && seen.status() == 200 && !seen.asked.odd && seen.asked.start() == 1;
    let filter = seen.asked.filter.as_deref().filter(|_| asks && seen.asked.most() != Some(0))?;
    let [comparison] = &simple_filter::parse(filter)?[..] else { return None };
    let by_name = ["username", "externalid", "id"].contains(&comparison.path.to_ascii_lowercase().as_str());
    // An empty name, or one with spaces at its ends, is prepared by rules of the server's own.
    let plain = comparison
        .value
        .as_str()
        .is_some_and(|text| !text.is_empty() && text.trim() == text && text.is_ascii());
    (by_name && plain && comparison.operator == simple_filter::Operator::Eq).then(|| comparison.clone())
}

fn answered(
    wanted: &simple_filter::Comparison,
    seen: &Seen<'_>,
    there: &BTreeMap<(String, String), &Value>,
    known: &Known,
) -> Option<Look> {
    let endpoint = seen.endpoint()?;
    let (key, _) = there.iter().find(|((of, _), resource)| {
        of == endpoint && wanted.holds(resource, endpoint, known) == Some(true)
    })?;
    let listed =
        seen.all_listed().iter().any(|resource| resource.get("id").and_then(Value::as_str) == Some(&key.1));
    let inactive = there.get(key).and_then(|resource| resource.get("active")) == Some(&Value::Bool(false));
    let who = if inactive { "an inactive resource" } else { "a resource" };
    Some(Look::kept_if(
        listed,
        "the resource that has this name",
        format!("{who} not found by {} eq", wanted.path),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn nobody_is_hidden() {
        let user = |active: bool| format!(r#"{{"id":"1","userName":"ada","active":{active}}}"#);
        let made = || answer("POST", "/Users", 201, &user(true));
        let off = || answer("PATCH", "/Users/1", 200, &user(false));
        let query = |resources: &str| {
            answer(
                "GET",
                "/Users?filter=userName%20eq%20%22ADA%22",
                200,
                &format!(r#"{{"totalResults":0,"Resources":[{resources}]}}"#),
            )
        };
        assert_eq!(found(&RULE, &[made(), query(&user(true))]), kept());
        assert_eq!(found(&RULE, &[made(), query("")]), broken("a resource not found by userName eq"));
        assert_eq!(
            found(&RULE, &[made(), off(), query("")]),
            broken("an inactive resource not found by userName eq")
        );
        assert_eq!(found(&RULE, &[made(), query(""), query(&user(true))]), kept(), "a list may lag");
        assert_eq!(found(&RULE, &[made(), answer("DELETE", "/Users/1", 204, ""), query("")]), None);
    }
}
