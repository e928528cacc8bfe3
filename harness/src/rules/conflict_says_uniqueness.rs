//! `rule/conflict-says-uniqueness`.

use http::Method;
use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{Place, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "conflict-says-uniqueness",
    title: "A create that meets an existing resource is refused with 409 and scimType uniqueness",
    what: "SCIM errors that answer a POST to an endpoint of resources with 409, or with 400 and scimType \
          uniqueness (C21).",
    why: "By this pair a provider knows that the account is there and links it; without it every cycle \
          ends in the same error.",
    fix: "Answer 409 with \"scimType\": \"uniqueness\".",
    requirements: &["RFC7644-3.3-L7"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.3: both are demanded there.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let created = seen.method() == Method::POST && matches!(seen.to, Place::Endpoint(_));
    let Some(error) = seen.error().filter(|_| created) else { return Look::Elsewhere };
    let word = error.get("scimType").and_then(Value::as_str).unwrap_or_default();
    let named = word.eq_ignore_ascii_case("uniqueness");
    match (seen.status(), named) {
        (409, true) => Look::Kept,
        (409, false) => Look::broken("409 with scimType uniqueness", "409 without it"),
        (400, true) => Look::broken("409 with scimType uniqueness", "400 with it"),
        _ => Look::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(409, r#","scimType":"uniqueness""#, kept())]
    #[case(409, "", broken("409 without it"))]
    #[case(400, r#","scimType":"uniqueness""#, broken("400 with it"))]
    #[case(400, r#","scimType":"invalidValue""#, None)]
    fn a_conflict_is_recognised(
        #[case] status: u16,
        #[case] member: &str,
        #[case] told: Option<Vec<String>>,
    ) {
        let body = format!(r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"]{member}}}"#);
        assert_eq!(found(&RULE, &[answer("POST", "/Users", status, &body)]), told);
        assert_eq!(found(&RULE, &[answer("PATCH", "/Users/1", status, &body)]), None);
    }
}
