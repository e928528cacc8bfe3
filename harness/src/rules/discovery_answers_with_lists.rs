//! `rule/discovery-answers-with-lists`.

use http::Method;
use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{Discovery, LIST, Place, Seen, names_schema};

pub(super) static RULE: Rule = Rule {
    slug: "discovery-answers-with-lists",
    title: "/Schemas and /ResourceTypes answer with a ListResponse that is not empty",
    what: "Every successful answer to GET /Schemas and GET /ResourceTypes.",
    why: "Entra reads them to know what it may send; from a bare array or an empty list it learns nothing.",
    fix: "Answer a ListResponse with every schema and every resource type that the server serves.",
    requirements: &["RFC7644-4-L2", "RFC7644-4-L5"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 4.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let Place::Discovery(Discovery::Schemas | Discovery::ResourceTypes, false) = seen.to else {
        return Look::Elsewhere;
    };
    let Some(json) = seen.json.as_ref().filter(|_| seen.answer.is_success() && seen.method() == Method::GET)
    else {
        return Look::Elsewhere;
    };
    let expected = format!("a list with schemas [{LIST:?}]");
    let place = seen.to.word();
    if json.is_array() {
        return Look::broken(expected, format!("{place}: a bare array"));
    }
    if !names_schema(json, LIST) {
        return Look::broken(expected, format!("{place}: no ListResponse"));
    }
    let empty = json.get("Resources").and_then(Value::as_array).is_none_or(Vec::is_empty);
    Look::kept_if(!empty, "what the server serves", format!("{place}: an empty list"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn discovery_tells_something() {
        let told = |body: &str| found(&RULE, &[answer("GET", "/Schemas", 200, body)]);
        assert_eq!(
            told(
                r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"Resources":[{"id":"urn:x"}]}"#
            ),
            kept()
        );
        assert_eq!(told("[]"), broken("/Schemas: a bare array"));
        assert_eq!(told(r#"{"Resources":[]}"#), broken("/Schemas: no ListResponse"));
        assert_eq!(
            told(r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0}"#),
            broken("/Schemas: an empty list")
        );
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 200, "[]")]), None);
    }
}
