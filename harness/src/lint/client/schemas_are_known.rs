//! `client/schemas-are-known`.

use serde_json::Value;

use super::super::sent::{Sent, member};
use super::{ClientRule, Fault, Look, entra, shown};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "schemas-are-known",
    title: "Only schemas that there are are named",
    what: "The schemas of users and groups that are created: those of RFC 7643, and those that the recorded server publishes. Extensions are let be where the recording has no /Schemas.",
    why: "The RFC is silent on schemas that the server does not have (C15): one drops them, another refuses the request.",
    fix: "Name the schemas of the attributes that are sent, and no others.",
    level: Level::Should,
    source: "RFC 7643, section 3",
    requirements: &["RFC7644-3.3-L12"],
    softer: None,
    look,
};

/// RFC 7643, section 3: schemas holds those that define the attributes present (C15).
fn look(sent: &Sent<'_>) -> Look {
    let Some(resource) = sent.created().filter(|_| matches!(sent.endpoint(), Some("Users" | "Groups")))
    else {
        return Look::Elsewhere;
    };
    let Some(schemas) = member(resource, "schemas").and_then(Value::as_array) else { return Look::Elsewhere };
    let mut faults = Vec::new();
    for schema in schemas.iter().filter_map(Value::as_str) {
        if schema.starts_with(ADSCIM) {
            let source = "Microsoft, Develop a SCIM endpoint: create group";
            faults.push(Fault::new(EXPECTED, "a schema of Microsoft's directory").by(entra(source)));
        } else if sent.world.has_schema(schema) == Some(false) {
            faults.push(Fault::new(EXPECTED, shown(schema)));
        }
    }
    Look::of(faults)
}

const ADSCIM: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/";
const EXPECTED: &str = "schemas of RFC 7643 or of the server";

#[cfg(test)]
mod tests {
    use super::super::tests::{broken, kept, request, told, told_of};
    use super::*;
    use crate::rules::tests::answer;

    #[test]
    fn what_the_server_does_not_have_is_noticed() {
        let post = |urn: &str| {
            let core = "urn:ietf:params:scim:schemas:core:2.0:Group";
            request("POST", "/Groups", &format!(r#"{{"schemas":["{core}","{urn}"],"displayName":"Staff"}}"#))
        };
        assert_eq!(told(&RULE, &post("urn:ietf:params:scim:schemas:core:2.0:Group")), kept());
        assert_eq!(
            told(&RULE, &post("http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group")),
            broken("a schema of Microsoft's directory [Entra]")
        );
        assert_eq!(told(&RULE, &post("urn:example:badge")), kept());
        let schemas =
            r#"{"Resources":[{"id":"urn:ietf:params:scim:schemas:core:2.0:Group","attributes":[]}]}"#;
        let published = answer("GET", "/Schemas", 200, schemas);
        assert_eq!(told_of(&RULE, &[published, post("urn:example:badge")]), broken("urn:example:badge"));
    }
}
