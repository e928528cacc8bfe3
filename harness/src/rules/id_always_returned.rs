//! `rule/id-always-returned`.

use serde_json::Value;

use super::{Look, Rule, Seen};
use crate::json::pattern::bounded;

pub(super) static RULE: Rule = Rule {
    slug: "id-always-returned",
    title: "Every resource that comes back has an id",
    what: "Every user and group in a successful answer, whatever attributes were asked for: id is a non-empty string.",
    why: "The id is all that a provider keeps of an account; without it the next change has no address.",
    fix: "Return id in every representation (returned: always), as a string.",
    requirements: &["RFC7643-3.1-L3"],
    look,
};

/// RFC 7643, section 3.1.
fn look(seen: &Seen<'_>) -> Look {
    if !seen.is_about_resources() {
        return Look::Elsewhere;
    }
    let resources = seen.resources();
    if resources.is_empty() {
        return Look::Elsewhere;
    }
    let wrong = resources
        .iter()
        .map(|resource| resource.get("id"))
        .find(|id| id.and_then(Value::as_str).is_none_or(str::is_empty));
    match wrong {
        None => Look::Kept,
        Some(id) => Look::Broken {
            expected: "id: a non-empty string".to_owned(),
            actual: id.map_or_else(
                || "no id".to_owned(),
                |id| if id.is_number() { "a number".to_owned() } else { bounded(id) },
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{exchange, says};

    #[rstest]
    #[case(r#"{"id":"1"}"#, None)]
    #[case(r#"{"id":1}"#, Some("a number"))]
    #[case(r#"{"userName":"ada"}"#, Some("no id"))]
    #[case(r#"{"Resources":[{"id":"1"},{"id":""}]}"#, Some("\"\""))]
    fn each_resource_needs_one(#[case] body: &str, #[case] broken: Option<&str>) {
        match says(&RULE, &exchange("GET", "/Users?attributes=userName", 200, &[], body)) {
            Look::Broken { actual, .. } => assert_eq!(Some(actual.as_str()), broken),
            said => assert_eq!((said, broken), (Look::Kept, None)),
        }
    }

    #[test]
    fn an_empty_list_has_no_ids() {
        let body = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0}"#;
        assert_eq!(says(&RULE, &exchange("GET", "/Users", 200, &[], body)), Look::Elsewhere);
    }
}
