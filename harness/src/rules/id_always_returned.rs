//! `rule/id-always-returned`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;
use crate::json::pattern::bounded;

pub(super) static RULE: Rule = Rule {
    slug: "id-always-returned",
    title: "Every resource that comes back has an id",
    what: "Every resource in a successful answer, whatever attributes were asked for: id is a non-empty \
          string.",
    why: "The id is all that a provider keeps of an account; without it the next change has no address.",
    fix: "Return id in every representation (returned: always), as a string.",
    requirements: &["RFC7643-3.1-L3"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 3.1.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let resources = seen.resources();
    if resources.is_empty() {
        return Look::Elsewhere;
    }
    let wrongs = resources.into_iter().filter_map(|resource| match resource.get("id") {
        Some(Value::String(id)) if !id.is_empty() => None,
        None => Some("no id".to_owned()),
        Some(Value::Number(_)) => Some("a number".to_owned()),
        Some(other) => Some(bounded(other)),
    });
    Look::of(wrongs.map(|actual| Wrong::new("id: a non-empty string", actual)).collect())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"id":"1"}"#, kept())]
    #[case(r#"{"id":1}"#, broken("a number"))]
    #[case(r#"{"userName":"ada"}"#, broken("no id"))]
    fn a_resource_needs_one(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1?attributes=userName", 200, body)]), told);
    }

    #[test]
    fn each_of_a_list_needs_one_and_an_empty_list_has_none() {
        let listed = r#"{"Resources":[{"id":"1"},{"id":""}]}"#;
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 200, listed)]), broken("\"\""));
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 200, r#"{"totalResults":0}"#)]), None);
    }
}
