//! `rule/schemas-are-declared`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Need, Scope};
use super::seen::{Seen, schemas_of};

pub(super) static RULE: Rule = Rule {
    slug: "schemas-are-declared",
    title: "A resource names only schemas that its type declares",
    what: "The attribute schemas of every resource in a successful answer, against the base schema and the \
          schemaExtensions of its resource type in /ResourceTypes.",
    why: "A client looks an unknown URN up in /Schemas and finds nothing, or drops what stands below it.",
    fix: "Declare every extension in /ResourceTypes, and drop URNs from schemas that the server does not \
          know.",
    requirements: &["RFC7643-3-L3"],
    softer: None,
    needs: &[Need::Schemas],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 3: "schemas" MUST only contain the base schema and declared extensions.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let Some(declared) = seen.endpoint().and_then(|endpoint| known.resource_type(endpoint)) else {
        return Look::Elsewhere;
    };
    let mut named = seen.resources().into_iter().flat_map(schemas_of).peekable();
    if named.peek().is_none() {
        return Look::Elsewhere;
    }
    let is = |urn: &str| {
        urn.eq_ignore_ascii_case(&declared.schema)
            || declared.extensions.iter().any(|e| e.eq_ignore_ascii_case(urn))
    };
    let other = named.any(|urn| !is(urn));
    Look::kept_if(
        !other,
        "the schemas that /ResourceTypes declares",
        format!("another schema in a {}", declared.name),
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", kept())]
    #[case("urn:ietf:params:scim:schemas:core:2.0:User", kept())]
    #[case("http://schemas.example/2006/ADSCIM", broken("another schema in a User"))]
    fn what_is_named_is_declared(#[case] urn: &str, #[case] told: Option<Vec<String>>) {
        let body = format!(r#"{{"id":"1","schemas":["{urn}"]}}"#);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, &body)]), told);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 404, &body)]), None);
    }
}
