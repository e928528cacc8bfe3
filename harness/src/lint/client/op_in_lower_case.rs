//! `client/op-in-lower-case`.

use serde_json::Value;

use super::super::sent::Sent;
use super::{ClientRule, ENTRA_FLAG, Fault, Look, entra};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "op-in-lower-case",
    title: "Operations are spelled in lower case",
    what: "The op of every PATCH operation: add, remove, replace, letter for letter.",
    why: "The RFC gives the values in lower case and says nothing about others (C5): servers that compare letter for letter refuse them.",
    fix: "Write add, remove, replace.",
    level: Level::Should,
    source: "RFC 7644, section 3.5.2",
    requirements: &["RFC7644-3.5.2-L6"],
    softer: None,
    look,
};

/// RFC 7644, section 3.5.2 (C5).
fn look(sent: &Sent<'_>) -> Look {
    let (mut faults, mut looked) = (Vec::new(), false);
    for operation in sent.operations() {
        let Some(op) = operation.op.and_then(Value::as_str) else { continue };
        let lower = op.to_ascii_lowercase();
        if !["add", "remove", "replace"].contains(&lower.as_str()) {
            continue;
        }
        looked = true;
        let fault = Fault::new(lower.as_str(), op);
        match op {
            _ if op == lower => {}
            "Add" | "Remove" | "Replace" => faults.push(fault.by(entra(ENTRA_FLAG))),
            _ => faults.push(fault),
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
    #[case("add", kept())]
    #[case("Add", broken("Add [Entra]"))]
    #[case("REPLACE", broken("REPLACE"))]
    #[case("move", None)]
    fn case_counts(#[case] op: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &patch(&format!(r#"{{"op":"{op}","path":"title","value":"x"}}"#))), said);
    }
}
