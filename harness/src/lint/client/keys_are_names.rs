//! `client/keys-are-names`.

use serde_json::Value;

use super::super::sent::Sent;
use super::{ClientRule, Fault, Look, entra};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "keys-are-names",
    title: "Without a path, keys are names",
    what: "The value of every PATCH operation without a path: its keys are names of attributes or URNs of extensions, not paths.",
    why: "The value is a set of attributes, and a key with a dot is no name (C13): servers drop it silently.",
    fix: "Nest: {name: {givenName: ...}}, {URN of the extension: {department: ...}}.",
    level: Level::Should,
    source: "RFC 7644, section 3.5.2.1",
    requirements: &["RFC7644-3.5.2.1-L24"],
    softer: None,
    look,
};

/// RFC 7644, section 3.5.2.1 (C13).
fn look(sent: &Sent<'_>) -> Look {
    let (mut faults, mut looked) = (Vec::new(), false);
    for operation in sent.operations() {
        let Some(Value::Object(members)) = operation.value.filter(|_| operation.path.is_none()) else {
            continue;
        };
        looked = true;
        for (key, value) in members {
            let is_urn = key.to_ascii_lowercase().starts_with("urn:");
            // An object behind a URN is an extension; anything else is a value, and the key its path.
            let is_path = if is_urn { !value.is_object() } else { key.contains(['.', '[']) };
            if is_path {
                faults.push(Fault::new("an object of names", "a path as a key").by(entra(FLAGGED)));
            }
        }
    }
    Look::if_any(looked, faults)
}

const FLAGGED: &str = "Microsoft, SCIM 2.0 protocol compliance: aadOptscim062020";

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, patch, told};
    use super::*;

    #[rstest]
    #[case(r#"{"name":{"givenName":"Ada"},"urn:x:User":{"department":"Sales"}}"#, kept())]
    #[case(r#"{"name.givenName":"Ada"}"#, broken("a path as a key [Entra]"))]
    #[case(
        r#"{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":"Sales"}"#,
        broken("a path as a key [Entra]")
    )]
    fn a_key_is_a_name(#[case] value: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &patch(&format!(r#"{{"op":"replace","value":{value}}}"#))), said);
        assert_eq!(told(&RULE, &patch(r#"{"op":"replace","path":"title","value":"x"}"#)), None);
    }
}
