//! `rule/error-tells-status`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;
use crate::json::pattern::bounded;

pub(super) static RULE: Rule = Rule {
    slug: "error-tells-status",
    title: "A SCIM error repeats its HTTP status as a string",
    what: "The member status of every SCIM error body: a JSON string that equals the HTTP status.",
    why: "Clients that read the body (in a bulk answer there is nothing else) compare it with \"404\", not \
          with 404.",
    fix: "Write \"status\": \"404\", with quotes, and the same code as the answer itself.",
    requirements: &["RFC7644-3.12-L2"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.12: REQUIRED, "expressed as a JSON string" (C18).
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let Some(error) = seen.error() else { return Look::Elsewhere };
    let found = error.get("status");
    if found.and_then(Value::as_str) == Some(seen.status().to_string().as_str()) {
        return Look::Kept;
    }
    let actual = match found {
        None => "no status".to_owned(),
        Some(Value::Number(_)) => "a number".to_owned(),
        Some(Value::String(other)) => {
            format!("{} on an answer of status {}", bounded(&Value::from(other.as_str())), seen.status())
        }
        Some(other) => bounded(other),
    };
    Look::broken("status as a string that equals the HTTP status", actual)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#""404""#, kept())]
    #[case("404", broken("a number"))]
    #[case(r#""400""#, broken("\"400\" on an answer of status 404"))]
    #[case("null", broken("null"))]
    fn the_status_is_a_string_and_the_same(#[case] status: &str, #[case] told: Option<Vec<String>>) {
        let body =
            format!(r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":{status}}}"#);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 404, &body)]), told);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 404, r#"{"status":404}"#)]), None);
    }
}
