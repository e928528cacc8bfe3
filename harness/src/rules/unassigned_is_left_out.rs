//! `rule/unassigned-is-left-out`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "unassigned-is-left-out",
    title: "What has no value is left out",
    what: "Every resource in a successful answer: no attribute is null or an empty array. Both are allowed, \
          so this is recorded only.",
    why: "Null, an empty array and nothing are the same state; clients that do not know that fail on null.",
    fix: "Nothing to do; leaving unassigned attributes out is understood by everybody.",
    requirements: &["RFC7643-2.5-L4"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 2.5.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let resources = seen.resources();
    if resources.is_empty() {
        return Look::Elsewhere;
    }
    let mut wrongs = Vec::new();
    for (name, value) in resources.into_iter().filter_map(Value::as_object).flatten() {
        let what = match value {
            Value::Null => "null",
            Value::Array(items) if items.is_empty() && name != "schemas" => "an empty array",
            Value::Object(parts) if parts.values().any(Value::is_null) => "null in an object",
            Value::Array(items)
                if items.iter().filter_map(Value::as_object).any(|o| o.values().any(Value::is_null)) =>
            {
                "null in an array"
            }
            _ => continue,
        };
        wrongs.push(Wrong::new("attributes without a value left out", what));
    }
    Look::of(wrongs)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"id":"1"}"#, kept())]
    #[case(r#"{"id":"1","title":null}"#, broken("null"))]
    #[case(r#"{"id":"1","members":[]}"#, broken("an empty array"))]
    #[case(r#"{"id":"1","emails":[{"value":"a","type":null}]}"#, broken("null in an array"))]
    fn nothing_is_said_by_saying_nothing(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 200, "{}")]), None);
    }
}
