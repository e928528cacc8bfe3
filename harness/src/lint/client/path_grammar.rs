//! `client/path-grammar`.

use serde_json::Value;

use super::super::grammar::{self, Mistake};
use super::super::sent::{Sent, is_template};
use super::{ClientRule, Fault, Look};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "path-grammar",
    title: "Paths are written as the RFC writes them",
    what: "The path of every PATCH operation: an attribute, with its sub-attribute or a filter in brackets, by the grammar of figure 7.",
    why: "A server answers 400 invalidPath, or writes to somewhere else.",
    fix: "Write name.givenName, emails[type eq \"work\"].value, URN:attribute.",
    level: Level::Must,
    source: "RFC 7644, section 3.5.2, figure 7",
    requirements: &["RFC7644-3.5.2-L16", "RFC7644-3.5.2-L17", "RFC7644-3.5.2-L19"],
    softer: None,
    look,
};

/// RFC 7644, section 3.5.2.
fn look(sent: &Sent<'_>) -> Look {
    let (mut faults, mut looked) = (Vec::new(), false);
    for path in sent.operations().iter().filter_map(|operation| operation.path) {
        let expected = "attribute.sub or attribute[filter].sub";
        looked = true;
        match path {
            Value::String(text) if is_template(text) => {}
            Value::String(text) => match grammar::path(text) {
                // Whether an operator is one that servers have is asked elsewhere.
                Ok(_) | Err(Mistake::Operator) => {}
                Err(Mistake::Empty) => faults.push(Fault::new("no path at all", "an empty path")),
                Err(mistake) => faults.push(Fault::new(expected, mistake.to_string())),
            },
            Value::Null => {}
            _ => faults.push(Fault::new(expected, "a path that is no text")),
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
    #[case(r#""name.givenName""#, kept())]
    #[case(r#""emails[type eq \"work\"].value""#, kept())]
    #[case(r#""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager""#, kept())]
    #[case(r#""members[0]""#, broken("an index in brackets instead of a filter"))]
    #[case(r#""emails[type eq work]""#, broken("a value without quotes"))]
    #[case(r#""/title""#, broken("something that is no attribute name"))]
    #[case(r#""""#, broken("an empty path"))]
    #[case("7", broken("a path that is no text"))]
    #[case(r#""{{path}}""#, kept())]
    fn a_path_is_read(#[case] path: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &patch(&format!(r#"{{"op":"replace","path":{path},"value":"x"}}"#))), said);
        assert_eq!(told(&RULE, &patch(r#"{"op":"replace","value":{}}"#)), None);
    }
}
