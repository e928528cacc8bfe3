//! `rule/attribute-names-as-published`.

use super::Rule;
use super::known::Known;
use super::resource_walk::walk;
use super::scope::{Look, Need, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "attribute-names-as-published",
    title: "Attributes are spelled as /Schemas publishes them",
    what: "The names of all attributes of every resource in a successful answer, letter for letter.",
    why: "The RFC compares names without regard to case, many clients do not: \"username\" is no userName \
          for them.",
    fix: "Write attribute names as the schema has them.",
    requirements: &["RFC7643-2.1-L1"],
    softer: Some("the RFC compares names without regard to case; this is about clients that do not"),
    needs: &[Need::Schemas],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 2.1.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let Some(endpoint) = seen.endpoint() else { return Look::Elsewhere };
    let (mut wrongs, mut looked) = (Vec::new(), false);
    for resource in seen.resources() {
        walk(resource, endpoint, known, &mut |visit| {
            let Some(published) = visit.published else { return };
            looked = true;
            if visit.name != published.name {
                wrongs.push(Wrong::new(published.name.clone(), visit.name));
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
    #[case(r#"{"username":"ada"}"#, broken("username"))]
    #[case(r#"{"emails":[{"Value":"a"}]}"#, broken("Value"))]
    #[case(r#"{"id":"1","unknown":1}"#, kept())]
    fn a_name_is_written_as_published(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 404, body)]), None);
    }
}
