//! `client/remove-has-no-value`.

use super::super::sent::Sent;
use super::{ClientRule, ENTRA_FLAG, Fault, Look, entra};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "remove-has-no-value",
    title: "What is to go is named by the path alone",
    what: "Every PATCH operation remove: it has no value.",
    why: "The RFC knows no value for remove (C4): read literally, a remove of members with the members to go in value removes everybody, and some servers do.",
    fix: "Name the value in the path: members[value eq \"...\"].",
    level: Level::Should,
    source: "RFC 7644, section 3.5.2.2",
    requirements: &["RFC7644-3.5.2.2-L18"],
    softer: None,
    look,
};

/// RFC 7644, section 3.5.2.2 (C4).
fn look(sent: &Sent<'_>) -> Look {
    let (mut faults, mut looked) = (Vec::new(), false);
    for operation in sent.operations() {
        if operation.named().as_deref() != Some("remove") {
            continue;
        }
        looked = true;
        let Some(value) = operation.value.filter(|value| !value.is_null()) else { continue };
        let of_members = operation.at().is_some_and(|path| path.eq_ignore_ascii_case("members"));
        let fault = |actual: &str| Fault::new("a path that names the value", actual);
        faults.push(if of_members && value.is_array() {
            fault("remove of members with a list of members").by(entra(ENTRA_FLAG))
        } else {
            fault("remove with a value")
        });
    }
    Look::if_any(looked, faults)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, patch, told};
    use super::*;

    #[rstest]
    #[case(r#"{"op":"remove","path":"members[value eq \"1\"]"}"#, kept())]
    #[case(
        r#"{"op":"Remove","path":"members","value":[{"value":"1"}]}"#,
        broken("remove of members with a list of members [Entra]")
    )]
    #[case(r#"{"op":"remove","path":"emails","value":[{"value":"a"}]}"#, broken("remove with a value"))]
    #[case(r#"{"op":"add","path":"members","value":[]}"#, None)]
    fn a_removal_has_no_value(#[case] operation: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &patch(operation)), said);
    }
}
