//! `rule/multi-valued-is-array`.

use super::Rule;
use super::known::Known;
use super::resource_walk::walk;
use super::scope::{Look, Need, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "multi-valued-is-array",
    title: "Attributes with several values are arrays, those with one value are not",
    what: "Every attribute of every resource in a successful answer, against multiValued in /Schemas.",
    why: "A client that expects a list of addresses fails on the one user who has a single address.",
    fix: "Return multi-valued attributes as arrays, also with one value; single-valued ones without \
          brackets.",
    requirements: &["RFC7644-3.8-L7"],
    softer: None,
    needs: &[Need::Schemas],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.8, and RFC 7643, section 2.4.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let Some(endpoint) = seen.endpoint() else { return Look::Elsewhere };
    let (mut wrongs, mut looked) = (Vec::new(), false);
    for resource in seen.resources() {
        walk(resource, endpoint, known, &mut |visit| {
            let Some(published) = visit.published.filter(|_| !visit.value.is_null()) else { return };
            looked = true;
            match (published.multi_valued, visit.value.is_array()) {
                (true, false) => wrongs.push(Wrong::new(
                    format!("{} as an array", visit.path),
                    format!("{} without brackets", visit.path),
                )),
                (false, true) => wrongs.push(Wrong::new(
                    format!("one value for {}", visit.path),
                    format!("{} as an array", visit.path),
                )),
                _ => {}
            }
        });
    }
    if looked { Look::of(wrongs) } else { Look::Elsewhere }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"userName":"ada","emails":[{"value":"a"}]}"#, kept())]
    #[case(r#"{"emails":{"value":"a"}}"#, broken("emails without brackets"))]
    #[case(r#"{"userName":["ada"]}"#, broken("userName as an array"))]
    #[case(r#"{"emails":null,"other":[]}"#, None)]
    fn brackets_are_as_published(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
    }
}
