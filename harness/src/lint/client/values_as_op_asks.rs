//! `client/values-as-op-asks`.

use super::super::sent::Sent;
use super::{ClientRule, Fault, Look};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "values-as-op-asks",
    title: "Who adds or replaces says with what",
    what: "Every PATCH operation add or replace: it has a value, and without a path the value is an object of attributes.",
    why: "A server cannot know what to write; it answers 400, or clears the attribute.",
    fix: "Give add and replace a value; without a path, an object of attributes and their values.",
    level: Level::Must,
    source: "RFC 7644, sections 3.5.2.1 and 3.5.2.3",
    requirements: &["RFC7644-3.5.2.1-L1", "RFC7644-3.5.2.1-L3", "RFC7644-3.5.2.3-L2"],
    softer: None,
    look,
};

/// RFC 7644, sections 3.5.2.1 and 3.5.2.3.
fn look(sent: &Sent<'_>) -> Look {
    let (mut faults, mut looked) = (Vec::new(), false);
    for operation in sent.operations() {
        let Some(op) = operation.named().filter(|op| op == "add" || op == "replace") else { continue };
        looked = true;
        match (operation.path, operation.value) {
            (_, None) => faults.push(Fault::new("a value", format!("{op} without a value"))),
            (None, Some(value)) if !value.is_object() => {
                faults.push(Fault::new(
                    "an object of attributes",
                    format!("{op} without a path of something else"),
                ));
            }
            _ => {}
        }
    }
    Look::if_any(looked, faults)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, patch, told};
    use super::*;

    #[rstest]
    #[case(r#"{"op":"add","path":"title","value":"x"}"#, kept())]
    #[case(r#"{"op":"replace","value":{"active":false}}"#, kept())]
    #[case(r#"{"op":"replace","path":"title","value":null}"#, kept())]
    #[case(r#"{"op":"Add","path":"title"}"#, broken("add without a value"))]
    #[case(r#"{"op":"replace","value":"x"}"#, broken("replace without a path of something else"))]
    #[case(r#"{"op":"remove","path":"title"}"#, None)]
    fn a_value_is_there(#[case] operation: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &patch(operation)), said);
    }
}
