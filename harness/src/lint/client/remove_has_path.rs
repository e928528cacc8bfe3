//! `client/remove-has-path`.

use serde_json::Value;

use super::super::sent::Sent;
use super::{ClientRule, Fault, Look};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "remove-has-path",
    title: "Who removes says what",
    what: "Every PATCH operation remove: it has a path.",
    why: "A server must refuse it; one that does not might remove anything.",
    fix: "Give remove the path of what is to go.",
    level: Level::Must,
    source: "RFC 7644, section 3.5.2.2",
    requirements: &["RFC7644-3.5.2.2-L1"],
    softer: None,
    look,
};

/// RFC 7644, section 3.5.2.2: without a path the operation fails with noTarget.
fn look(sent: &Sent<'_>) -> Look {
    let operations = sent.operations();
    let mut removals = operations.iter().filter(|operation| operation.named().as_deref() == Some("remove"));
    let looked = removals.clone().next().is_some();
    let nowhere = |path: Option<&Value>| path.is_none_or(|path| path.is_null() || path == "");
    let fault = removals.any(|removal| nowhere(removal.path));
    Look::if_any(looked, if fault { vec![Fault::new("a path", "remove without a path")] } else { Vec::new() })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, patch, told};
    use super::*;

    #[rstest]
    #[case(r#"{"op":"remove","path":"title"}"#, kept())]
    #[case(r#"{"op":"Remove"}"#, broken("remove without a path"))]
    #[case(r#"{"op":"remove","path":"","value":[]}"#, broken("remove without a path"))]
    #[case(r#"{"op":"add","value":{}}"#, None)]
    fn a_removal_has_a_target(#[case] operation: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &patch(operation)), said);
    }
}
