//! `client/schemas-are-named`.

use http::Method;
use serde_json::Value;

use super::super::sent::{Sent, member};
use super::{ClientRule, Fault, Look};
use crate::catalogue::Level;
use crate::rules::Place;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "schemas-are-named",
    title: "A body names its schemas",
    what: "Resources that are created or replaced, PATCHes, queries and bulk requests: schemas is a non-empty array of text.",
    why: "A server cannot know what it was sent; strict ones answer 400.",
    fix: "Name the schema of the resource, or of the message: PatchOp, SearchRequest, BulkRequest.",
    level: Level::Must,
    source: "RFC 7643, section 3; RFC 7644, sections 3.1, 3.4.3, 3.5.2 and 3.7",
    requirements: &["RFC7644-3.3-L11", "RFC7644-3.5.2-L1"],
    softer: None,
    look,
};

/// RFC 7643, section 3: schemas is REQUIRED.
fn look(sent: &Sent<'_>) -> Look {
    let Some(json) = message(sent) else { return Look::Elsewhere };
    let fault = |actual: &str| Look::of(vec![Fault::new("schemas: the URNs of what is sent", actual)]);
    match member(json, "schemas") {
        None => fault("no schemas"),
        Some(Value::Array(schemas)) if schemas.is_empty() => fault("an empty list of schemas"),
        Some(Value::Array(schemas)) if schemas.iter().all(Value::is_string) => Look::Kept,
        Some(_) => fault("schemas that are no array of text"),
    }
}

/// The body of a request whose schemas are asked for.
fn message<'s>(sent: &'s Sent<'_>) -> Option<&'s Value> {
    let posts = *sent.method() == Method::POST && matches!(sent.to, Place::Search(_) | Place::Bulk);
    let json = sent.json().filter(|json| json.is_object() && (posts || sent.is_patch()));
    json.or_else(|| sent.resource())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, patch, request, told};
    use super::*;

    #[rstest]
    #[case(r#"{"schemas":["urn:x"]}"#, kept())]
    #[case(r#"{"Schemas":["urn:x"]}"#, kept())]
    #[case(r#"{"userName":"ada"}"#, broken("no schemas"))]
    #[case(r#"{"schemas":[]}"#, broken("an empty list of schemas"))]
    #[case(r#"{"schemas":"urn:x"}"#, broken("schemas that are no array of text"))]
    fn schemas_are_there(#[case] body: &str, #[case] said: Option<Vec<String>>) {
        for (method, target) in [
            ("POST", "/Users"),
            ("PUT", "/Groups/1"),
            ("PATCH", "/Users/1"),
            ("POST", "/Users/.search"),
            ("POST", "/Bulk"),
        ] {
            assert_eq!(told(&RULE, &request(method, target, body)), said, "{method} {target}");
        }
        assert_eq!(told(&RULE, &request("POST", "/login", body)), None);
    }

    #[test]
    fn a_patch_is_a_message() {
        assert_eq!(told(&RULE, &patch("")), kept());
    }
}
