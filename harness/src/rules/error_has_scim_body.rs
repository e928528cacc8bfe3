//! `rule/error-has-scim-body`.

use http::Method;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{ERROR, Seen, names_schema};

pub(super) static RULE: Rule = Rule {
    slug: "error-has-scim-body",
    title: "Every error is told in a SCIM error body",
    what: "Answers of status 400 and above: a JSON object whose schemas name the Error message. A page for \
          people and a text that is no JSON are other rules'.",
    why: "A provider shows its administrator the detail of the error; without it they see a bare status, \
          and Okta reports \"Invalid JSON\" instead of what went wrong.",
    fix: "Answer {\"schemas\": [\"urn:ietf:params:scim:api:messages:2.0:Error\"], \"status\": \"404\", \
          \"detail\": ...}, also from the framework's own error pages.",
    requirements: &["RFC7644-3.12-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.12. What may come from a gateway is not this rule's, and OPTIONS is no method of SCIM.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if seen.status() < 400
        || seen.is_of_a_gateway()
        || matches!(*seen.method(), Method::HEAD | Method::OPTIONS)
    {
        return Look::Elsewhere;
    }
    let expected = format!("a body with schemas [{ERROR:?}]");
    let status = seen.status();
    if seen.answer.body.is_empty() {
        return Look::broken(expected, format!("status {status} with no body"));
    }
    let Some(json) = &seen.json else { return Look::Elsewhere };
    Look::kept_if(
        names_schema(json, ERROR),
        expected,
        format!("status {status} with JSON that is no SCIM error"),
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    const NOT_FOUND: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404"}"#;

    #[rstest]
    #[case(404, NOT_FOUND, kept())]
    #[case(404, r#"{"message":"not found"}"#, broken("status 404 with JSON that is no SCIM error"))]
    #[case(
        404,
        r#"{"status":"404","response":{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"]}}"#,
        broken("status 404 with JSON that is no SCIM error")
    )]
    #[case(404, "", broken("status 404 with no body"))]
    #[case(404, "Not Found", None)]
    fn an_error_needs_the_error_schema(
        #[case] status: u16,
        #[case] body: &str,
        #[case] told: Option<Vec<String>>,
    ) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", status, body)]), told);
    }

    #[test]
    fn success_and_a_gateways_401_are_none_of_its_business() {
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 200, "{}")]), None);
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 401, "")]), None);
    }
}
