//! `rule/one-primary`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "one-primary",
    title: "At most one value is the primary one",
    what: "Every attribute with several values in every resource of a successful answer: primary is true in \
          at most one of them.",
    why: "A client sends mail to the primary address; with two it takes one by chance.",
    fix: "Set primary to false on the others when one becomes primary, whichever verb did it, or refuse \
          two in one request (C32).",
    requirements: &["RFC7643-2.4-L1", "RFC7644-3.5.2-L32"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 2.4.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let (mut wrongs, mut looked) = (Vec::new(), false);
    for (name, value) in seen.resources().into_iter().filter_map(Value::as_object).flatten() {
        let Some(values) = value.as_array() else { continue };
        looked |= values.iter().any(|value| value.get("primary").is_some());
        let primary = values.iter().filter(|value| value.get("primary") == Some(&Value::Bool(true))).count();
        if primary > 1 {
            wrongs.push(Wrong::new("one primary value", format!("several in {name}")));
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
    #[case(r#"{"emails":[{"value":"a","primary":true},{"value":"b","primary":false}]}"#, kept())]
    #[case(
        r#"{"emails":[{"value":"a","primary":true},{"value":"b","primary":true}]}"#,
        broken("several in emails")
    )]
    #[case(r#"{"emails":[{"value":"a"}]}"#, None)]
    fn one_value_is_the_first_among_equals(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
    }
}
