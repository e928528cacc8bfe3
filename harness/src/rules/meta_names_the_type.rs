//! `rule/meta-names-the-type`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;
use crate::json::pattern::bounded;

pub(super) static RULE: Rule = Rule {
    slug: "meta-names-the-type",
    title: "meta.resourceType is the name of the resource's type",
    what: "meta.resourceType of every resource in a successful answer, against the name in /ResourceTypes \
          (User and Group where that was not read).",
    why: "\"Users\" or \"user\" is no type that a client knows; it does not know what it reads.",
    fix: "Write the name of the resource type, letter for letter.",
    requirements: &["RFC7643-3.1-L16", "RFC7644-3.3.1-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, sections 3.1 and 6.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let Some(name) = seen.endpoint().and_then(|endpoint| known.type_name(endpoint)) else {
        return Look::Elsewhere;
    };
    let types: Vec<_> = seen
        .resources()
        .into_iter()
        .filter_map(|resource| resource.get("meta")?.get("resourceType"))
        .collect();
    if types.is_empty() {
        return Look::Elsewhere;
    }
    let wrongs = types.into_iter().filter(|value| !value.is_null() && value.as_str() != Some(name));
    Look::of(wrongs.map(|value| Wrong::new(name, bounded(value))).collect())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"meta":{"resourceType":"User"}}"#, kept())]
    #[case(r#"{"meta":{"resourceType":"Users"}}"#, broken("\"Users\""))]
    #[case(r#"{"meta":{}}"#, None)]
    fn a_type_is_called_by_its_name(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
    }
}
