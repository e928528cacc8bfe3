//! `rule/schemas-are-named`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "schemas-are-named",
    title: "Every resource names its schemas",
    what: "Every whole resource in a successful answer: schemas is a non-empty array of texts. Answers that \
          were narrowed may leave it out (C16).",
    why: "A client tells by it what it reads; typed libraries refuse a resource without it.",
    fix: "Return schemas in every representation, as an array of URNs.",
    requirements: &["RFC7643-2.1-L3", "RFC7643-3-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, sections 2.1 and 3.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let resources = seen.whole_resources();
    if resources.is_empty() {
        return Look::Elsewhere;
    }
    let wrongs = resources.into_iter().filter_map(|resource| match resource.get("schemas") {
        Some(Value::Array(urns)) if urns.is_empty() => Some("an empty array"),
        Some(Value::Array(urns)) if urns.iter().all(Value::is_string) => None,
        Some(Value::Array(_)) => Some("an array of something else"),
        None | Some(Value::Null) => Some("no schemas"),
        Some(_) => Some("no array"),
    });
    Look::of(wrongs.map(|actual| Wrong::new("schemas: an array of URNs", actual)).collect())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"id":"1","schemas":["urn:x"]}"#, kept())]
    #[case(r#"{"id":"1","schemas":[]}"#, broken("an empty array"))]
    #[case(r#"{"id":"1","schemas":"urn:x"}"#, broken("no array"))]
    #[case(r#"{"id":"1"}"#, broken("no schemas"))]
    fn a_resource_says_what_it_is(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1?attributes=id", 200, body)]), None);
    }
}
