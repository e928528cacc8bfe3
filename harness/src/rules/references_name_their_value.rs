//! `rule/references-name-their-value`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;
use super::words::last_segment;

pub(super) static RULE: Rule = Rule {
    slug: "references-name-their-value",
    title: "A reference and its id name the same resource",
    what: "The members of groups and the groups of users in successful answers: value is a non-empty text, \
          and $ref, where there is one, ends in it.",
    why: "A client that removes a member by its id, and one that follows the reference, act on different \
          people.",
    fix: "Put the id of the resource into value, and build $ref from it.",
    requirements: &["RFC7643-4.2-L2", "RFC7643-4.2-L3", "RFC7643-4.1.2-L5"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, sections 4.1.2 and 4.2.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let name = match seen.endpoint() {
        Some("Users") => "groups",
        Some("Groups") => "members",
        _ => return Look::Elsewhere,
    };
    let (mut wrongs, mut looked) = (Vec::new(), false);
    for entry in seen.resources().into_iter().filter_map(|r| r.get(name)?.as_array()).flatten() {
        let narrowed = seen.is_projected() && entry.get("value").is_none();
        if !entry.is_object() || narrowed {
            continue;
        }
        looked = true;
        let Some(value) = entry.get("value").and_then(Value::as_str).filter(|value| !value.is_empty()) else {
            wrongs.push(Wrong::new(format!("{name}.value: an id"), format!("{name} without an id")));
            continue;
        };
        let other = entry.get("$ref").and_then(Value::as_str).is_some_and(|uri| last_segment(uri) != value);
        if other {
            wrongs.push(Wrong::new(
                format!("{name}.$ref: the address of {name}.value"),
                format!("{name}.$ref of another"),
            ));
        }
    }
    if looked { Look::of(wrongs) } else { Look::Elsewhere }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"members":[{"value":"1","$ref":"../Users/1"},{"value":"2"}]}"#, kept())]
    #[case(r#"{"members":[{"value":"1","$ref":"../Users/2"}]}"#, broken("members.$ref of another"))]
    #[case(r#"{"members":[{"display":"Ada"}]}"#, broken("members without an id"))]
    #[case(r#"{"members":[]}"#, None)]
    fn a_reference_has_one_target(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Groups/1", 200, body)]), told);
    }
}
