//! `rule/ids-are-unique-across-types`.

use std::collections::BTreeMap;

use super::Rule;
use super::run_view::RunView;
use super::scope::{Look, Need, Noted, Scope};

pub(super) static RULE: Rule = Rule {
    slug: "ids-are-unique-across-types",
    title: "No two resources have the same id, whatever their types",
    what: "The ids of all resources that single answers showed, by their endpoints.",
    why: "A member of a group is named by its id alone: if a user and a group share one, nobody knows \
          which is meant.",
    fix: "Draw ids from one sequence for all types, best at random.",
    requirements: &["RFC7643-3.1-L4"],
    softer: None,
    needs: &[Need::Complete],
    scope: Scope::Run(look),
};

/// RFC 7643, section 3.1. Counters for each table collide: the classic failure.
fn look(view: &RunView<'_>) -> Vec<Noted> {
    let mut owners: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    let mut noted = Vec::new();
    // Tenants may have ids in common; a transcript with two of them is not complete.
    for (at, seen) in view.transcripts().flatten() {
        let (Some(endpoint), Some(id)) =
            (seen.endpoint(), seen.shown().and_then(|shown| shown.get("id")?.as_str()))
        else {
            continue;
        };
        let (owner, _) = *owners.entry(id).or_insert((endpoint, at));
        noted.push(
            Look::kept_if(owner == endpoint, "an id of its own", "the id of a resource of another type")
                .at(at),
        );
    }
    noted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn an_id_names_one_resource() {
        let user = || answer("POST", "/Users", 201, r#"{"id":"1"}"#);
        assert_eq!(found(&RULE, &[user(), answer("POST", "/Groups", 201, r#"{"id":"2"}"#)]), kept());
        assert_eq!(
            found(&RULE, &[user(), answer("POST", "/Groups", 201, r#"{"id":"1"}"#)]),
            broken("the id of a resource of another type")
        );
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 200, "{}")]), None);
    }
}
