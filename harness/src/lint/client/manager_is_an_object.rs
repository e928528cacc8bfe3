//! `client/manager-is-an-object`.

use serde_json::Value;

use super::super::attributes::ENTERPRISE;
use super::super::sent::{Sent, member};
use super::{ClientRule, Fault, Look, entra};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "manager-is-an-object",
    title: "A manager is an object",
    what: "The manager of the enterprise extension, in resources that are created or replaced and in PATCH operations: one object with value, or null.",
    why: "A server that expects the form of the RFC answers 400 to a bare id or an array (C26).",
    fix: "Write {value: id of the manager}, or the path ...:User:manager.value.",
    level: Level::Should,
    source: "RFC 7643, section 4.3",
    requirements: &["RFC7644-3.5.2.3-L24", "RFC7643-4.3-L2"],
    softer: None,
    look,
};

/// RFC 7643, section 4.3 (C26).
fn look(sent: &Sent<'_>) -> Look {
    let mut values: Vec<&Value> = Vec::new();
    let of_extension =
        |resource| member(resource, ENTERPRISE).and_then(|extension| member(extension, "manager"));
    values.extend(sent.resource().and_then(of_extension));
    let operations = sent.operations();
    for operation in &operations {
        let removes = operation.named().as_deref() == Some("remove");
        let at_manager = operation.at().is_some_and(|path| {
            let urn = path.get(..ENTERPRISE.len());
            urn.is_some_and(|urn| urn.eq_ignore_ascii_case(ENTERPRISE))
                && path.to_ascii_lowercase().ends_with(":manager")
        });
        let value = operation.value.filter(|_| !removes);
        match operation.path {
            Some(_) => values.extend(value.filter(|_| at_manager)),
            None => values.extend(value.and_then(of_extension)),
        }
    }
    let looked = !values.is_empty();
    let faults = values.into_iter().filter_map(fault).collect();
    Look::if_any(looked, faults)
}

fn fault(manager: &Value) -> Option<Fault> {
    let expected = "an object with value";
    match manager {
        Value::Object(_) | Value::Null => None,
        Value::String(_) => {
            Some(Fault::new(expected, "a bare id").by(entra("live reports (apache/directory-scimple, 1242)")))
        }
        Value::Array(_) => Some(
            Fault::new(expected, "an array").by(entra("Microsoft, Develop a SCIM endpoint: update user")),
        ),
        _ => Some(Fault::new(expected, "something else")),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, patch, request, told};
    use super::*;

    #[rstest]
    #[case(r#"{"value":"1"}"#, kept())]
    #[case("null", kept())]
    #[case(r#""1""#, broken("a bare id [Entra]"))]
    #[case(r#"[{"value":"1"}]"#, broken("an array [Entra]"))]
    #[case("7", broken("something else"))]
    fn it_has_a_value(#[case] manager: &str, #[case] said: Option<Vec<String>>) {
        let path = format!("{ENTERPRISE}:manager");
        assert_eq!(
            told(&RULE, &patch(&format!(r#"{{"op":"add","path":"{path}","value":{manager}}}"#))),
            said
        );
        let body = format!(r#"{{"{ENTERPRISE}":{{"manager":{manager}}}}}"#);
        assert_eq!(told(&RULE, &request("PUT", "/Users/1", &body)), said);
    }

    #[test]
    fn its_parts_are_another_matter() {
        let path = format!("{ENTERPRISE}:manager.value");
        assert_eq!(told(&RULE, &patch(&format!(r#"{{"op":"add","path":"{path}","value":"1"}}"#))), None);
    }
}
