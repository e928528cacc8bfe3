//! `rule/error-has-scim-body`.

use http::Method;
use serde_json::Value;

use super::{Look, Rule, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "error-has-scim-body",
    title: "Every error is told in a SCIM error body",
    what: "Answers of status 400 and above: a JSON object whose schemas name the Error message.",
    why: "A provider shows its administrator the detail of the error; without it they see a bare status, and Okta \
          reports \"Invalid JSON\" instead of what went wrong.",
    fix: "Answer {\"schemas\": [\"urn:ietf:params:scim:api:messages:2.0:Error\"], \"status\": \"404\", \"detail\": ...}, \
          also from the framework's own error pages.",
    requirements: &["RFC7644-3.12-L1"],
    look,
};

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// What a gateway before the server answers by itself, and in its own way.
const OF_GATEWAYS: [u16; 5] = [401, 429, 502, 503, 504];

/// RFC 7644, section 3.12. What may come from a gateway is not this rule's.
fn look(seen: &Seen<'_>) -> Look {
    let status = seen.answer.status;
    if status < 400 || OF_GATEWAYS.contains(&status) || seen.exchange.request.method == Method::HEAD {
        return Look::Elsewhere;
    }
    let broken =
        |actual: String| Look::Broken { expected: format!("a body with schemas [{ERROR:?}]"), actual };
    let Some(json) = &seen.json else {
        let what = if seen.answer.body.is_empty() { "no body" } else { "a body that is not JSON" };
        return broken(format!("status {status} with {what}"));
    };
    let schemas = json.get("schemas").and_then(Value::as_array);
    let named =
        schemas.into_iter().flatten().filter_map(Value::as_str).any(|urn| urn.eq_ignore_ascii_case(ERROR));
    if named { Look::Kept } else { broken(format!("status {status} with JSON that is no SCIM error")) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{exchange, says};

    #[rstest]
    #[case(404, r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404"}"#, true)]
    #[case(404, r#"{"message":"not found"}"#, false)]
    #[case(500, "Internal Server Error", false)]
    #[case(404, "", false)]
    fn an_error_needs_the_error_schema(#[case] status: u16, #[case] body: &str, #[case] kept: bool) {
        assert_eq!(says(&RULE, &exchange("GET", "/Users/1", status, &[], body)) == Look::Kept, kept);
    }

    #[test]
    fn success_and_a_gateways_401_are_none_of_its_business() {
        assert_eq!(says(&RULE, &exchange("GET", "/Users", 200, &[], "{}")), Look::Elsewhere);
        assert_eq!(says(&RULE, &exchange("GET", "/Users", 401, &[], "")), Look::Elsewhere);
    }
}
