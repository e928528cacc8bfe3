//! `rule/error-detail-is-for-people`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "error-detail-is-for-people",
    title: "The detail of an error is a sentence for people",
    what: "The member detail of every SCIM error body, if there is one: a non-empty string.",
    why: "It is what the provider shows its administrator; an object or an empty text there shows nothing.",
    fix: "Write one sentence that says what was wrong with the request, or leave detail out.",
    requirements: &["RFC7644-3.12-L4"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.12.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let Some(error) = seen.error() else { return Look::Elsewhere };
    let actual = match error.get("detail") {
        None => return Look::Kept,
        Some(Value::String(text)) if !text.trim().is_empty() => return Look::Kept,
        Some(Value::String(_)) => "an empty text",
        Some(Value::Null) => "null",
        Some(_) => "something else than a string",
    };
    Look::broken("detail: a text, or no detail", actual)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#","detail":"there is no such user""#, kept())]
    #[case("", kept())]
    #[case(r#","detail":"""#, broken("an empty text"))]
    #[case(r#","detail":["x"]"#, broken("something else than a string"))]
    fn a_detail_can_be_read(#[case] member: &str, #[case] told: Option<Vec<String>>) {
        let body = format!(
            r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404"{member}}}"#
        );
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 404, &body)]), told);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 404, "{}")]), None);
    }
}
