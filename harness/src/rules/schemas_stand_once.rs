//! `rule/schemas-stand-once`.

use std::collections::BTreeSet;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{Seen, schemas_of};

pub(super) static RULE: Rule = Rule {
    slug: "schemas-stand-once",
    title: "No schema is named twice",
    what: "The attribute schemas of every resource in a successful answer, compared without regard to \
          letter case.",
    why: "A client that keys its parsers by schema reads the same data twice, or stops.",
    fix: "Build schemas as a set.",
    requirements: &["RFC7643-3-L2"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 3: "Duplicate values MUST NOT be included".
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let resources: Vec<_> = seen.resources().into_iter().filter(|r| schemas_of(r).next().is_some()).collect();
    if resources.is_empty() {
        return Look::Elsewhere;
    }
    let twice = resources.into_iter().any(|resource| {
        let mut seen = BTreeSet::new();
        !schemas_of(resource).all(|urn| seen.insert(urn.to_ascii_lowercase()))
    });
    Look::kept_if(!twice, "each schema once", "a schema twice")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"id":"1","schemas":["urn:x","urn:y"]}"#, kept())]
    #[case(r#"{"id":"1","schemas":["urn:x","URN:X"]}"#, broken("a schema twice"))]
    #[case(r#"{"id":"1"}"#, None)]
    fn a_schema_is_named_once(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
    }
}
