//! `client/one-primary`.

use serde_json::Value;

use super::super::sent::{Sent, member};
use super::{ClientRule, Fault, Look, shown};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "one-primary",
    title: "At most one value is primary",
    what: "The multi-valued attributes of resources that are created or replaced, and the values of PATCH operations: at most one value has primary true.",
    why: "A server refuses it, or keeps one of them, and nobody knows which (C32).",
    fix: "Mark one value as primary.",
    level: Level::Must,
    source: "RFC 7643, section 2.4",
    requirements: &["RFC7643-2.4-L1"],
    softer: None,
    look,
};

/// RFC 7643, section 2.4: true MUST appear no more than once.
fn look(sent: &Sent<'_>) -> Look {
    let mut lists: Vec<(&str, &Vec<Value>)> = Vec::new();
    let of = |object: &Value| object.as_object().cloned().unwrap_or_default();
    let resource = sent.resource().map(of).unwrap_or_default();
    lists.extend(resource.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_array()?))));
    let operations = sent.operations();
    for operation in &operations {
        match (operation.at(), operation.value) {
            (Some(path), Some(Value::Array(values))) => lists.push((path, values)),
            (None, Some(Value::Object(members))) => {
                lists.extend(
                    members.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_array()?))),
                );
            }
            _ => {}
        }
    }
    let primaries = |values: &[Value]| {
        values.iter().filter(|value| member(value, "primary") == Some(&Value::Bool(true))).count()
    };
    lists.retain(|(_, values)| values.iter().any(|value| member(value, "primary").is_some()));
    let faults = lists
        .iter()
        .filter(|(_, values)| primaries(values) > 1)
        .map(|(name, _)| Fault::new("one primary value", format!("several in {}", shown(name))))
        .collect();
    Look::if_any(!lists.is_empty(), faults)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, patch, request, told};
    use super::*;

    #[rstest]
    #[case(r#"{"emails":[{"primary":true},{"primary":false}]}"#, kept())]
    #[case(
        r#"{"emails":[{"primary":true},{"primary":true}],"ims":[{"primary":true}]}"#,
        broken("several in emails")
    )]
    #[case(r#"{"emails":[{"value":"a"}]}"#, None)]
    fn in_a_resource(#[case] body: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &request("POST", "/Users", body)), said);
    }

    #[test]
    fn in_a_patch() {
        let two = r#"[{"primary":true},{"primary":true}]"#;
        let by_path = format!(r#"{{"op":"add","path":"emails","value":{two}}}"#);
        assert_eq!(told(&RULE, &patch(&by_path)), broken("several in emails"));
        let by_key = format!(r#"{{"op":"add","value":{{"ims":{two}}}}}"#);
        assert_eq!(told(&RULE, &patch(&by_key)), broken("several in ims"));
    }
}
