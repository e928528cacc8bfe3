//! `rule/references-are-uris`.

use super::Rule;
use super::known::Known;
use super::resource_walk::walk;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;
use super::words::is_reference;

pub(super) static RULE: Rule = Rule {
    slug: "references-are-uris",
    title: "References are absolute or relative URIs",
    what: "$ref and every attribute that is published as reference, in every resource of a successful \
          answer: a text that can be an absolute or relative URI.",
    why: "A client follows a reference; what is no URI leads nowhere.",
    fix: "Return URIs, percent-encoded; leave a reference out rather than empty.",
    requirements: &["RFC7643-2.3.7-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 2.3.7.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let Some(endpoint) = seen.endpoint() else { return Look::Elsewhere };
    let (mut wrongs, mut looked) = (Vec::new(), false);
    for resource in seen.resources() {
        walk(resource, endpoint, known, &mut |visit| {
            let published = visit.published.is_some_and(|attribute| attribute.kind == "reference");
            let Some(text) = visit.value.as_str().filter(|_| published || visit.name == "$ref") else {
                return;
            };
            looked = true;
            // What the client sent is stored as it came.
            let own =
                seen.sent.as_ref().is_some_and(|sent| sent.to_string().contains(&visit.value.to_string()));
            if !is_reference(text) && !own {
                let what = if text.is_empty() { "an empty text" } else { "no URI" };
                wrongs
                    .push(Wrong::new(format!("{} as a URI", visit.path), format!("{}: {what}", visit.path)));
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
    #[case(r#"{"members":[{"value":"1","$ref":"../Users/1"}]}"#, kept())]
    #[case(r#"{"members":[{"value":"1","$ref":"Users / 1"}]}"#, broken("members.$ref: no URI"))]
    #[case(r#"{"members":[{"value":"1","$ref":""}]}"#, broken("members.$ref: an empty text"))]
    #[case(r#"{"members":[{"value":"1"}]}"#, None)]
    fn a_reference_can_be_followed(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Groups/1", 200, body)]), told);
    }
}
