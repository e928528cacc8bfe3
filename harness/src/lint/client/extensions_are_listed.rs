//! `client/extensions-are-listed`.

use serde_json::Value;

use super::super::sent::{Sent, member};
use super::{ClientRule, Fault, Look, shown};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "extensions-are-listed",
    title: "The schema of an extension is named with its attributes",
    what: "Resources that are created or replaced: every object that is keyed by a URN has this URN among schemas.",
    why: "A server that goes by schemas drops the attributes of the extension.",
    fix: "Add the URN of the extension to schemas.",
    level: Level::Must,
    source: "RFC 7643, section 3",
    requirements: &["RFC7643-3-L6"],
    softer: None,
    look,
};

/// RFC 7643, section 3: schemas names the schemas that define the attributes present.
fn look(sent: &Sent<'_>) -> Look {
    let Some(resource) = sent.resource() else { return Look::Elsewhere };
    let Some(schemas) = member(resource, "schemas").and_then(Value::as_array) else { return Look::Elsewhere };
    let (mut faults, mut looked) = (Vec::new(), false);
    for (name, value) in resource.as_object().into_iter().flatten() {
        let is_extension = name.to_ascii_lowercase().starts_with("urn:");
        // Null and empty are unassigned (RFC 7643, section 2.5).
        if !is_extension || value.as_object().is_none_or(serde_json::Map::is_empty) {
            continue;
        }
        looked = true;
        let mut named = schemas.iter().filter_map(Value::as_str);
        if !named.any(|schema| schema.eq_ignore_ascii_case(name)) {
            faults.push(Fault::new(format!("{} among schemas", shown(name)), "its attributes alone"));
        }
    }
    Look::if_any(looked, faults)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, request, told};
    use super::*;

    #[rstest]
    #[case(r#"{"schemas":["urn:a","urn:b"],"urn:B":{"x":1}}"#, kept())]
    #[case(r#"{"schemas":["urn:a"],"urn:b":{"x":1}}"#, broken("its attributes alone"))]
    #[case(r#"{"schemas":["urn:a"],"urn:b":{}}"#, None)]
    #[case(r#"{"schemas":["urn:a"],"name":{"x":1}}"#, None)]
    fn an_extension_is_among_schemas(#[case] body: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &request("PUT", "/Users/1", body)), said);
    }
}
