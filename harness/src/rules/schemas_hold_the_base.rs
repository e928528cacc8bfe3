//! `rule/schemas-hold-the-base`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{Seen, names_schema, schemas_of};

pub(super) static RULE: Rule = Rule {
    slug: "schemas-hold-the-base",
    title: "A resource names the schema of its own type",
    what: "The attribute schemas of every resource in a successful answer: the base schema of its endpoint \
          is in it.",
    why: "A client that does not find the schema of a user in a user does not read it as one.",
    fix: "List the base schema first in schemas, then the extensions that are present.",
    requirements: &["RFC7643-3.3-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 3.3.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let Some(base) = seen.endpoint().and_then(|endpoint| known.base_schema(endpoint)) else {
        return Look::Elsewhere;
    };
    let mut named = seen.resources().into_iter().filter(|r| schemas_of(r).next().is_some()).peekable();
    if named.peek().is_none() {
        return Look::Elsewhere;
    }
    let missing = named.any(|resource| !names_schema(resource, base));
    Look::kept_if(!missing, format!("schemas with {base}"), "only other schemas")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"id":"1","schemas":["urn:x","urn:ietf:params:scim:schemas:core:2.0:User"]}"#, kept())]
    #[case(
        r#"{"id":"1","schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"]}"#,
        broken("only other schemas")
    )]
    #[case(r#"{"id":"1","schemas":[]}"#, None)]
    fn a_user_is_called_a_user(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
    }
}
