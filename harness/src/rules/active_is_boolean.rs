//! `rule/active-is-boolean`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "active-is-boolean",
    title: "active is true or false, never a string or a number",
    what: "The attribute active of every user in a successful answer.",
    why: "A provider that reads \"False\" or 0 as it reads any other value believes that a deactivated \
          person is active, or reports an error on every cycle.",
    fix: "Store and return a JSON Boolean, also where \"False\" was accepted.",
    requirements: &["RFC7643-2.3.2-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 2.3.2.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let values: Vec<_> =
        seen.resources().into_iter().filter_map(|r| r.get("active")).filter(|v| !v.is_null()).collect();
    if values.is_empty() {
        return Look::Elsewhere;
    }
    let kinds = values.into_iter().filter_map(|value| match value {
        Value::Bool(_) => None,
        Value::String(_) => Some("a string"),
        Value::Number(_) => Some("a number"),
        _ => Some("neither"),
    });
    Look::of(kinds.map(|kind| Wrong::new("active: true or false", kind)).collect())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case("true", kept())]
    #[case("\"False\"", broken("a string"))]
    #[case("0", broken("a number"))]
    fn only_the_literals_count(#[case] active: &str, #[case] told: Option<Vec<String>>) {
        let body = format!(r#"{{"id":"1","active":{active}}}"#);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, &body)]), told);
    }

    #[test]
    fn a_group_has_no_active() {
        assert_eq!(found(&RULE, &[answer("GET", "/Groups/1", 200, r#"{"id":"1"}"#)]), None);
    }
}
