//! `client/no-id-on-create`.

use super::super::sent::{Sent, member};
use super::{ClientRule, Fault, Look};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "no-id-on-create",
    title: "The server gives the id",
    what: "Every resource that is created: it has no id.",
    why: "The id is issued by the server alone; what the client sends is ignored, and a client that counts on it addresses nobody, or somebody else.",
    fix: "Leave id out, and put your own name for the resource into externalId.",
    level: Level::Must,
    source: "RFC 7643, section 3.1",
    requirements: &["RFC7643-3.1-L7"],
    softer: None,
    look,
};

/// RFC 7643, section 3.1: id MUST NOT be specified by the client.
fn look(sent: &Sent<'_>) -> Look {
    let Some(resource) = sent.created() else { return Look::Elsewhere };
    let kept = member(resource, "id").is_none_or(serde_json::Value::is_null);
    Look::of(if kept { Vec::new() } else { vec![Fault::new("no id", "an id")] })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{broken, kept, request, told};
    use super::*;

    #[test]
    fn a_new_resource_has_no_id() {
        assert_eq!(told(&RULE, &request("POST", "/Users", r#"{"userName":"ada"}"#)), kept());
        assert_eq!(told(&RULE, &request("POST", "/Groups", r#"{"id":"1"}"#)), broken("an id"));
        assert_eq!(told(&RULE, &request("PUT", "/Users/1", r#"{"id":"1"}"#)), None);
    }
}
