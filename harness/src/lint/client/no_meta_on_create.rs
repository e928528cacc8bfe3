//! `client/no-meta-on-create`.

use serde_json::Value;

use super::super::sent::{Sent, member};
use super::{ClientRule, Fault, Look, entra};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "no-meta-on-create",
    title: "The server writes meta",
    what: "Every resource that is created: it has no meta.",
    why: "A server ignores it; one that refuses it refuses a client that means no harm.",
    fix: "Leave meta out.",
    level: Level::May,
    source: "RFC 7643, section 3.1",
    requirements: &["RFC7643-3.1-L15"],
    softer: None,
    look,
};

/// RFC 7643, section 3.1: meta SHALL be ignored when provided by clients.
fn look(sent: &Sent<'_>) -> Look {
    let Some(resource) = sent.created() else { return Look::Elsewhere };
    match member(resource, "meta") {
        None | Some(Value::Null) => Look::Kept,
        Some(Value::Object(meta)) if meta.keys().all(|name| name.eq_ignore_ascii_case("resourceType")) => {
            let source = "Microsoft, Develop a SCIM endpoint: create user";
            Look::of(vec![Fault::new("no meta", "meta.resourceType").by(entra(source))])
        }
        Some(_) => Look::of(vec![Fault::new("no meta", "meta")]),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, request, told};
    use super::*;

    #[rstest]
    #[case(r#"{"userName":"ada"}"#, kept())]
    #[case(r#"{"meta":{"resourceType":"User"}}"#, broken("meta.resourceType [Entra]"))]
    #[case(r#"{"meta":{"resourceType":"User","created":"x"}}"#, broken("meta"))]
    fn a_new_resource_has_no_meta(#[case] body: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &request("POST", "/Users", body)), said);
        assert_eq!(told(&RULE, &request("PUT", "/Users/1", body)), None);
    }
}
