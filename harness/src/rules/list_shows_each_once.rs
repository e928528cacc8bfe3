//! `rule/list-shows-each-once`.

use std::collections::BTreeSet;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "list-shows-each-once",
    title: "No resource stands twice in a list",
    what: "The ids in every list of resources (derived: a list is the set of the matches).",
    why: "A provider that finds two matches for one person stops, or links the wrong one.",
    fix: "Select each resource once, whatever it is joined with.",
    requirements: &["RFC7644-3.4.2-L8"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.4.2.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let ids: Vec<_> = seen.listed().into_iter().filter_map(|resource| resource.get("id")?.as_str()).collect();
    if ids.is_empty() {
        return Look::Elsewhere;
    }
    let distinct: BTreeSet<_> = ids.iter().collect();
    Look::kept_if(distinct.len() == ids.len(), "each resource once", "a resource twice in one list")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"Resources":[{"id":"1"},{"id":"2"}]}"#, kept())]
    #[case(r#"{"Resources":[{"id":"1"},{"id":"1"}]}"#, broken("a resource twice in one list"))]
    #[case(r#"{"Resources":[]}"#, None)]
    fn a_list_has_no_doubles(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 200, body)]), told);
    }
}
