//! `rule/query-answers-with-a-list`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{LIST, Seen, names_schema};

pub(super) static RULE: Rule = Rule {
    slug: "query-answers-with-a-list",
    title: "A query is answered with a ListResponse",
    what: "Every successful answer to a query of resources: a JSON object whose schemas name the \
          ListResponse message.",
    why: "A bare array, or a list without its URN, is no list for a typed client; Entra's connection test \
          fails.",
    fix: "Answer {\"schemas\": [\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"], \"totalResults\": \
          ..., \"Resources\": [...]}.",
    requirements: &["RFC7644-3.4.2-L1", "RFC7644-3.1-L2"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, sections 3.1 and 3.4.2.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let Some(json) = seen.json.as_ref().filter(|_| seen.is_query() && seen.answer.is_success()) else {
        return Look::Elsewhere;
    };
    let expected = format!("a list with schemas [{LIST:?}]");
    match json {
        Value::Array(_) => Look::broken(expected, "a bare array"),
        json if names_schema(json, LIST) => Look::Kept,
        json if json.get("schemas").is_none() => Look::broken(expected, "an object without schemas"),
        _ => Look::broken(expected, "an object with other schemas"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0}"#, kept())]
    #[case("[]", broken("a bare array"))]
    #[case(r#"{"totalResults":0}"#, broken("an object without schemas"))]
    #[case(r#"{"schemas":["urn:scim:schemas:core:1.0"]}"#, broken("an object with other schemas"))]
    fn a_list_says_that_it_is_one(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 200, body)]), told);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), None);
    }
}
