//! `rule/no-value-twice`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "no-value-twice",
    title: "The same value does not stand twice in one attribute",
    what: "Every attribute with several values in every resource of a successful answer: no two with the \
          same type and value, no member of a group twice.",
    why: "A member that stands twice is removed once and stays in; an address that stands twice is shown \
          twice.",
    fix: "Keep such attributes as sets: adding what is there changes nothing.",
    requirements: &["RFC7643-2.4-L4", "RFC7644-3.5.2.1-L16"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 2.4.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let (mut wrongs, mut looked) = (Vec::new(), false);
    for (name, value) in seen.resources().into_iter().filter_map(Value::as_object).flatten() {
        let pairs: Vec<_> = value
            .as_array()
            .into_iter()
            .flatten()
            // Values that are still empty have nothing to be compared by.
            .filter_map(|value| {
                Some((value.get("type").map(ToString::to_string), value.get("value")?.as_str()?))
            })
            .collect();
        looked |= !pairs.is_empty();
        if pairs.iter().collect::<BTreeSet<_>>().len() < pairs.len() {
            wrongs.push(Wrong::new("each value once", format!("a value twice in {name}")));
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
    #[case(r#"{"emails":[{"value":"a","type":"work"},{"value":"a","type":"home"}]}"#, kept())]
    #[case(r#"{"members":[{"value":"1"},{"value":"1"}]}"#, broken("a value twice in members"))]
    #[case(r#"{"emails":[]}"#, None)]
    fn a_set_has_no_doubles(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Groups/1", 200, body)]), told);
    }
}
