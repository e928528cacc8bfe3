//! `client/patch-form`.

use serde_json::Value;

use super::super::sent::{Sent, member};
use super::{ClientRule, Fault, Look, shown};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "patch-form",
    title: "A PATCH is a list of operations",
    what: "Every body of a PATCH: Operations, spelled so, is a non-empty array of objects, each with an op that is add, remove or replace in whatever case.",
    why: "A server finds nothing to do, and answers 400, or 200 without having done anything.",
    fix: "Send {schemas: [PatchOp], Operations: [{op, path, value}, ...]}.",
    level: Level::Must,
    source: "RFC 7644, section 3.5.2",
    requirements: &["RFC7644-3.5.2-L2", "RFC7644-3.5.2-L4", "RFC7644-3.5.2-L5"],
    softer: None,
    look,
};

/// RFC 7644, section 3.5.2.
fn look(sent: &Sent<'_>) -> Look {
    let Some(Value::Object(body)) = sent.json().filter(|_| sent.is_patch()) else { return Look::Elsewhere };
    let mut faults = Vec::new();
    let named = body.iter().find(|(name, _)| name.eq_ignore_ascii_case("Operations"));
    let Some((name, operations)) = named else {
        return Look::of(vec![Fault::new("Operations", "no Operations")]);
    };
    if name != "Operations" {
        faults.push(Fault::new("Operations", shown(name)));
    }
    match operations {
        Value::Array(all) if all.is_empty() => faults.push(Fault::new("one operation or more", "none")),
        Value::Array(all) => faults.extend(all.iter().filter_map(operation)),
        _ => faults.push(Fault::new("an array of operations", "something else")),
    }
    Look::of(faults)
}

fn operation(operation: &Value) -> Option<Fault> {
    let expected = "op: add, remove or replace";
    if !operation.is_object() {
        return Some(Fault::new("an object", "something else"));
    }
    match member(operation, "op") {
        None => Some(Fault::new(expected, "an operation without op")),
        Some(Value::String(op)) => {
            let known = ["add", "remove", "replace"].iter().any(|known| op.eq_ignore_ascii_case(known));
            (!known).then(|| Fault::new(expected, format!("op: {}", shown(op))))
        }
        Some(_) => Some(Fault::new(expected, "an op that is no text")),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, patch, request, told};
    use super::*;

    #[rstest]
    #[case(r#"{"op":"replace","path":"title","value":"x"}"#, kept())]
    #[case(r#"{"op":"Add","path":"title","value":"x"}"#, kept())]
    #[case("", broken("none"))]
    #[case(r#"{"path":"title"}"#, broken("an operation without op"))]
    #[case(r#"{"op":"test","path":"title"}"#, broken("op: test"))]
    #[case(r#"{"op":1}"#, broken("an op that is no text"))]
    #[case(r#""add""#, broken("something else"))]
    fn operations_are_add_remove_and_replace(#[case] operations: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &patch(operations)), said);
    }

    #[rstest]
    #[case("{}", broken("no Operations"))]
    #[case(r#"{"Operations":{"op":"add"}}"#, broken("something else"))]
    #[case(r#"{"operations":[{"op":"add"}]}"#, broken("operations"))]
    fn they_stand_in_a_list(#[case] body: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &request("PATCH", "/Users/1", body)), said);
        assert_eq!(told(&RULE, &request("PUT", "/Users/1", body)), None);
    }
}
