//! `rule/manager-is-a-reference`.

use serde_json::Value;

use super::Rule;
use super::history::is_unassigned;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;
use super::words::last_segment;

pub(super) static RULE: Rule = Rule {
    slug: "manager-is-a-reference",
    title: "A manager is named by the id of a user",
    what: "manager of the enterprise extension in every user of a successful answer, where it is an object: \
          value is a non-empty text, and $ref, where there is one, ends in it.",
    why: "A provider that reads the manager back compares the id; a name in its place never matches and is \
          sent again for ever.",
    fix: "Return {\"value\": the id, \"$ref\": its address, \"displayName\": the name}.",
    requirements: &["RFC7643-4.3-L2"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 4.3.
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let managers: Vec<_> = seen
        .resources()
        .into_iter()
        .filter_map(|resource| resource.get(ENTERPRISE)?.get("manager"))
        .filter(|manager| manager.is_object() && !is_unassigned(manager))
        .collect();
    if managers.is_empty() || seen.is_projected() {
        return Look::Elsewhere;
    }
    let wrongs = managers.into_iter().filter_map(|manager| {
        let Some(value) = manager.get("value").and_then(Value::as_str).filter(|value| !value.is_empty())
        else {
            return Some("manager without an id");
        };
        let other = manager.get("$ref").and_then(Value::as_str).is_some_and(|uri| last_segment(uri) != value);
        other.then_some("manager.$ref of another")
    });
    Look::of(wrongs.map(|actual| Wrong::new("manager: an id and its address", actual)).collect())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"value":"26118915","$ref":"../Users/26118915"}"#, kept())]
    #[case(r#"{"displayName":"Eve"}"#, broken("manager without an id"))]
    #[case(r#"{"value":"1","$ref":"../Users/2"}"#, broken("manager.$ref of another"))]
    #[case("null", None)]
    fn a_manager_is_somebody(#[case] manager: &str, #[case] told: Option<Vec<String>>) {
        let body = format!(r#"{{"id":"1","{ENTERPRISE}":{{"manager":{manager}}}}}"#);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, &body)]), told);
    }
}
