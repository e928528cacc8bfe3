//! `rule/attributes-narrow-the-answer`.

use super::Rule;
use super::known::{Known, split_urn};
use super::resource_walk::walk;
use super::scope::{Look, Need, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "attributes-narrow-the-answer",
    title: "Who names attributes gets these and no others",
    what: "Every successful answer to a request with the parameter attributes: besides id, schemas, meta \
          and what is published as always returned, only what was named, down to sub-attributes.",
    why: "A client that asks for two attributes of ten thousand users gets ten thousand whole users, or \
          the members of every group.",
    fix: "Return the minimum set and what was named; the parameter works in every verb that returns \
          resources.",
    requirements: &["RFC7644-3.9-L1", "RFC7644-3.9-L2"],
    softer: None,
    needs: &[Need::Schemas],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.9. Both parameters at once are outside the rules (C39), meta is another rule's (C16).
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let (Some(endpoint), Some(asked)) = (seen.endpoint(), &seen.asked.attributes) else {
        return Look::Elsewhere;
    };
    let resources = seen.resources();
    if resources.is_empty() || asked.is_empty() || seen.asked.excluded.is_some() || seen.asked.odd {
        return Look::Elsewhere;
    }
    let named: Vec<&str> = asked.iter().map(|name| split_urn(name).1).collect();
    // A whole extension may have been named by its URN.
    let by_urn = |path: &str| asked.iter().any(|name| path.starts_with(&format!("{name}:")));
    let mut wrongs = Vec::new();
    for resource in resources {
        walk(resource, endpoint, known, &mut |visit| {
            let Some(published) = visit.published else { return };
            let lower = visit.path.to_string().to_ascii_lowercase();
            let path = split_urn(&lower).1;
            let is_named = named.iter().any(|name| {
                path == *name
                    || path.starts_with(&format!("{name}."))
                    || name.starts_with(&format!("{path}."))
            });
            // A part of what should not be there at all is the same cause.
            let within = path.split_once('.').is_some_and(|(whole, _)| {
                !named.iter().any(|name| *name == whole || name.starts_with(&format!("{whole}.")))
            });
            if !is_named && !within && !by_urn(&lower) && published.returned != "always" && path != "id" {
                wrongs.push(Wrong::new("only what was named", format!("{} as well", visit.path)));
            }
        });
    }
    Look::of(wrongs)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case("userName", r#"{"id":"1","schemas":[],"meta":{},"userName":"ada"}"#, kept())]
    #[case("username", r#"{"id":"1","userName":"ada","active":true}"#, broken("active as well"))]
    #[case("name.givenName", r#"{"id":"1","name":{"givenName":"A"}}"#, kept())]
    #[case(
        "name.givenName",
        r#"{"id":"1","name":{"givenName":"A","familyName":"B"}}"#,
        broken("name.familyName as well")
    )]
    #[case("name", r#"{"id":"1","name":{"givenName":"A"}}"#, kept())]
    #[case(
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        r#"{"id":"1","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"x"}}"#,
        kept()
    )]
    fn nothing_else_comes_along(#[case] asked: &str, #[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", &format!("/Users/1?attributes={asked}"), 200, body)]), told);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), None);
    }
}
