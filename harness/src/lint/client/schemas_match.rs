//! `client/schemas-match`.

use http::Method;
use serde_json::Value;

use super::super::sent::{Sent, member};
use super::{ClientRule, Fault, Look, onelogin};
use crate::catalogue::Level;
use crate::rules::Place;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "schemas-match",
    title: "The schemas are those of what is sent",
    what: "The schemas of users and groups that are created or replaced, of PATCHes, queries and bulk requests: the core schema of the resource or the URN of the message is among them.",
    why: "A server that goes by schemas takes the body for something else, or refuses it.",
    fix: "Name urn:ietf:params:scim:schemas:core:2.0:User, ...:Group, or the message urn:ietf:params:scim:api:messages:2.0:PatchOp, ...:SearchRequest, ...:BulkRequest.",
    level: Level::Must,
    source: "RFC 7643, sections 3 and 3.3; RFC 7644, sections 3.4.3, 3.5.2 and 3.7",
    requirements: &["RFC7643-3.3-L1", "RFC7644-3.5.2-L1"],
    softer: None,
    look,
};

/// RFC 7643, section 3.3.
fn look(sent: &Sent<'_>) -> Look {
    let posts = *sent.method() == Method::POST;
    let (json, expected) = if sent.is_patch() {
        (sent.json(), Some("urn:ietf:params:scim:api:messages:2.0:PatchOp"))
    } else if posts && matches!(sent.to, Place::Search(_)) {
        (sent.json(), Some("urn:ietf:params:scim:api:messages:2.0:SearchRequest"))
    } else if posts && sent.to == Place::Bulk {
        (sent.json(), Some("urn:ietf:params:scim:api:messages:2.0:BulkRequest"))
    } else {
        (sent.resource(), sent.endpoint().and_then(|endpoint| sent.world.known.base_schema(endpoint)))
    };
    let schemas = json.and_then(|json| member(json, "schemas")).and_then(Value::as_array);
    // Whether there are any is asked elsewhere.
    let (Some(expected), Some(schemas)) = (expected, schemas.filter(|schemas| !schemas.is_empty())) else {
        return Look::Elsewhere;
    };
    let mut named = schemas.iter().filter_map(Value::as_str);
    if named.clone().any(|schema| schema.eq_ignore_ascii_case(expected)) {
        return Look::Kept;
    }
    let old = named.any(|schema| schema.to_ascii_lowercase().starts_with("urn:scim:schemas:"));
    Look::of(vec![if old {
        Fault::new(expected, "schemas from before the RFC: urn:scim:schemas:").by(onelogin())
    } else {
        Fault::new(expected, "other schemas")
    }])
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, request, told};
    use super::*;

    #[rstest]
    #[case("POST", "/Users", "urn:ietf:params:scim:schemas:core:2.0:User", kept())]
    #[case("PUT", "/Groups/1", "URN:ietf:params:scim:schemas:core:2.0:group", kept())]
    #[case("POST", "/Users", "urn:ietf:params:scim:schemas:core:2.0:Group", broken("other schemas"))]
    #[case(
        "PUT",
        "/Users/1",
        "urn:scim:schemas:core:2.0",
        broken("schemas from before the RFC: urn:scim:schemas: [OneLogin]")
    )]
    #[case("PATCH", "/Users/1", "urn:ietf:params:scim:api:messages:2.0:PatchOp", kept())]
    #[case("PATCH", "/Users/1", "urn:ietf:params:scim:schemas:core:2.0:User", broken("other schemas"))]
    #[case("POST", "/.search", "urn:ietf:params:scim:api:messages:2.0:SearchRequest", kept())]
    #[case("POST", "/Bulk", "urn:ietf:params:scim:api:messages:2.0:PatchOp", broken("other schemas"))]
    #[case("POST", "/Devices", "urn:x", None)]
    fn the_schema_fits(
        #[case] method: &str,
        #[case] target: &str,
        #[case] urn: &str,
        #[case] said: Option<Vec<String>>,
    ) {
        let body = format!(r#"{{"schemas":["{urn}"]}}"#);
        assert_eq!(told(&RULE, &request(method, target, &body)), said);
    }
}
