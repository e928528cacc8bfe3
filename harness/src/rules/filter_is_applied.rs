//! `rule/filter-is-applied`.

use super::known::{Known, split_urn};
use super::scope::{Look, Need, Scope, Wrong};
use super::seen::Seen;
use super::{Rule, simple_filter};

pub(super) static RULE: Rule = Rule {
    slug: "filter-is-applied",
    title: "A list holds only what its filter asks for",
    what: "Lists asked for with a filter of comparisons (eq, co, sw, ew, pr) joined by and: every whole \
          resource in them satisfies it, with letter case as /Schemas publishes.",
    why: "A provider that looks one person up and gets everybody links, changes or deactivates the wrong \
          one.",
    fix: "Evaluate the whole filter; refuse with 400 invalidFilter what cannot be evaluated, and never \
          leave a part of it out.",
    requirements: &["RFC7644-3.4.2.2-L1"],
    softer: None,
    needs: &[Need::Schemas],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.4.2.2. A server that says that it has no filters ignores them (C37).
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let (Some(filter), Some(endpoint)) = (&seen.asked.filter, seen.endpoint()) else {
        return Look::Elsewhere;
    };
    let listed = seen.listed();
    if listed.is_empty() || seen.is_projected() || seen.asked.odd || known.supports("filter") == Some(false) {
        return Look::Elsewhere;
    }
    let Some(comparisons) = simple_filter::parse(filter) else { return Look::Elsewhere };
    let (mut wrongs, mut looked) = (Vec::new(), false);
    for comparison in &comparisons {
        let held: Vec<_> =
            listed.iter().map(|resource| comparison.holds(resource, endpoint, known)).collect();
        looked |= held.iter().any(Option::is_some);
        if held.contains(&Some(false)) {
            let path = split_urn(&comparison.path).1;
            let operator = format!("{:?}", comparison.operator).to_ascii_lowercase();
            wrongs.push(Wrong::new(
                "only resources that match the filter",
                format!("others for {path} {operator}"),
            ));
        }
    }
    if looked { Look::of(wrongs) } else { Look::Elsewhere }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case("userName eq \"ada\"", kept())]
    #[case("userName eq \"ADA\" and active eq true", kept())]
    #[case("userName eq \"eve\"", broken("others for userName eq"))]
    #[case("userName eq \"ada\" and active eq false", broken("others for active eq"))]
    #[case("userName sw \"%\"", broken("others for userName sw"))]
    #[case("userName eq \"ada\" or active eq false", None)]
    fn only_matches_are_listed(#[case] filter: &str, #[case] told: Option<Vec<String>>) {
        let query = percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
        let body = r#"{"totalResults":1,"Resources":[{"id":"1","userName":"ada","active":true}]}"#;
        assert_eq!(found(&RULE, &[answer("GET", &format!("/Users?filter={query}"), 200, body)]), told);
    }
}
