//! `rule/error-tells-status`.

use serde_json::Value;

use super::{Look, Rule, Seen};
use crate::json::pattern::bounded;

pub(super) static RULE: Rule = Rule {
    slug: "error-tells-status",
    title: "A SCIM error repeats its HTTP status as a string",
    what: "The member status of every SCIM error body: a JSON string that equals the HTTP status.",
    why: "Clients that read the body (in a bulk answer there is nothing else) compare it with \"404\", not with 404.",
    fix: "Write \"status\": \"404\", with quotes, and the same code as the answer itself.",
    requirements: &["RFC7644-3.12-L2"],
    look,
};

/// RFC 7644, section 3.12: REQUIRED, "expressed as a JSON string".
fn look(seen: &Seen<'_>) -> Look {
    let Some(json) = seen.json.as_ref().filter(|_| seen.answer.status >= 400) else { return Look::Elsewhere };
    let schemas = json.get("schemas").and_then(Value::as_array);
    let is_error = schemas.into_iter().flatten().filter_map(Value::as_str).any(|urn| urn.ends_with(":Error"));
    if !is_error {
        return Look::Elsewhere;
    }
    let found = json.get("status");
    if found.and_then(Value::as_str) == Some(seen.answer.status.to_string().as_str()) {
        return Look::Kept;
    }
    let actual = match found {
        None => "no status".to_owned(),
        Some(Value::Number(_)) => "a number".to_owned(),
        Some(Value::String(other)) => format!("{other:?} on an answer of status {}", seen.answer.status),
        Some(other) => bounded(other),
    };
    Look::Broken { expected: "status as a string that equals the HTTP status".to_owned(), actual }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{exchange, says};

    #[rstest]
    #[case(r#""404""#, None)]
    #[case("404", Some("a number"))]
    #[case(r#""400""#, Some("\"400\" on an answer of status 404"))]
    #[case("null", Some("null"))]
    fn the_status_is_a_string_and_the_same(#[case] status: &str, #[case] broken: Option<&str>) {
        let body =
            format!(r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":{status}}}"#);
        match says(&RULE, &exchange("GET", "/Users/1", 404, &[], &body)) {
            Look::Broken { actual, .. } => assert_eq!(Some(actual.as_str()), broken),
            said => assert_eq!((said, broken), (Look::Kept, None)),
        }
    }
}
