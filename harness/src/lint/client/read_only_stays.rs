//! `client/read-only-stays`.

use serde_json::Value;

use super::super::grammar::{self, Attribute};
use super::super::sent::Sent;
use super::{ClientRule, Fault, Look, okta, shown};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "read-only-stays",
    title: "Nobody writes what only the server writes",
    what: "Every PATCH operation: it names no read-only attribute, by its path or as a key: id, meta, the groups of a user, and what the recorded server publishes as readOnly.",
    why: "A client must not modify such an attribute; by a path, a server refuses the request, and in a value some do too (C10).",
    fix: "Leave id, meta and groups out; memberships are changed at the group.",
    level: Level::Must,
    source: "RFC 7644, section 3.5.2",
    requirements: &["RFC7644-3.5.2-L25", "RFC7644-3.5.2-L26"],
    softer: None,
    look,
};

/// RFC 7644, section 3.5.2 (C10).
fn look(sent: &Sent<'_>) -> Look {
    let Some(endpoint) = sent.endpoint() else { return Look::Elsewhere };
    let (mut faults, mut looked) = (Vec::new(), false);
    for operation in sent.operations() {
        looked = true;
        if let Some(Ok(read)) = operation.at().map(grammar::path) {
            for attribute in read.attributes {
                if is_read_only(&attribute, endpoint, sent) {
                    faults.push(Fault::new(
                        "what a client may write",
                        format!("the path {}", shown(&attribute.name)),
                    ));
                }
            }
        }
        let keys = operation.value.filter(|_| operation.path.is_none()).and_then(Value::as_object);
        for name in keys.into_iter().flat_map(serde_json::Map::keys) {
            let Ok(attribute) = grammar::attribute(name) else { continue };
            if !is_read_only(&attribute, endpoint, sent) {
                continue;
            }
            let fault = Fault::new("what a client may write", format!("{} in a value", shown(name)));
            let source = "Okta, SCIM 2.0 reference: update a specific group name";
            let is_rename = endpoint == "Groups" && name.eq_ignore_ascii_case("id");
            faults.push(if is_rename { fault.by(okta(source)) } else { fault });
        }
    }
    Look::if_any(looked, faults)
}

fn is_read_only(attribute: &Attribute, endpoint: &str, sent: &Sent<'_>) -> bool {
    let name = attribute.name.to_ascii_lowercase();
    if attribute.urn.is_none()
        && (["id", "meta"].contains(&name.as_str()) || (name == "groups" && endpoint == "Users"))
    {
        return true;
    }
    let path = match &attribute.urn {
        Some(urn) => format!("{urn}:{}", attribute.name),
        None => attribute.name.clone(),
    };
    sent.world.known.attribute(endpoint, &path).is_some_and(|known| known.mutability == "readonly")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, patch, request, told};
    use super::*;

    #[rstest]
    #[case(r#"{"op":"replace","path":"title","value":"x"}"#, kept())]
    #[case(r#"{"op":"replace","path":"meta.created","value":"x"}"#, broken("the path meta"))]
    #[case(r#"{"op":"add","path":"groups","value":[{"value":"1"}]}"#, broken("the path groups"))]
    #[case(r#"{"op":"replace","value":{"id":"1","title":"x"}}"#, broken("id in a value"))]
    fn a_user_keeps_what_the_server_wrote(#[case] operation: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &patch(operation)), said);
    }

    #[test]
    fn okta_writes_the_id_with_a_groups_name() {
        let body = r#"{"Operations":[{"op":"replace","value":{"id":"7","displayName":"Staff"}}]}"#;
        assert_eq!(told(&RULE, &request("PATCH", "/Groups/7", body)), broken("id in a value [Okta]"));
    }
}
