//! `rule/required-names-are-shown`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "required-names-are-shown",
    title: "A user has its userName, a group its displayName",
    what: "Every whole user and group in a successful answer: the name is there, and a userName is not empty.",
    why: "A provider matches people and groups by these names; one without is created again.",
    fix: "Refuse an empty name with 400 invalidValue, and return the name in every representation.",
    requirements: &["RFC7643-4.1.1-L1", "RFC7643-4.2-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, sections 4.1.1 and 4.2.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let name = match seen.endpoint() {
        Some("Users") => "userName",
        Some("Groups") => "displayName",
        _ => return Look::Elsewhere,
    };
    let resources = seen.whole_resources();
    if resources.is_empty() {
        return Look::Elsewhere;
    }
    let wrongs = resources.into_iter().filter_map(|resource| {
        let members = resource.as_object()?;
        match members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value) {
            // Below a URN it is misplaced, and that is another rule's.
            None if members.keys().any(|key| key.to_ascii_lowercase().contains(":core:2.0:")) => None,
            None | Some(Value::Null) => Some(format!("no {name}")),
            // A blank group is a matter of what can be displayed.
            Some(Value::String(text)) if text.is_empty() && name == "userName" => {
                Some(format!("an empty {name}"))
            }
            Some(_) => None,
        }
    });
    Look::of(wrongs.map(|actual| Wrong::new(format!("{name}: a name"), actual)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn everybody_has_a_name() {
        let told = |target: &str, body: &str| found(&RULE, &[answer("GET", target, 200, body)]);
        assert_eq!(told("/Users/1", r#"{"id":"1","userName":"ada"}"#), kept());
        assert_eq!(told("/Users/1", r#"{"id":"1"}"#), broken("no userName"));
        assert_eq!(told("/Groups/1", r#"{"id":"1","displayName":""}"#), kept());
        assert_eq!(told("/Users/1", r#"{"id":"1","userName":""}"#), broken("an empty userName"));
        assert_eq!(told("/Users/1?attributes=id", r#"{"id":"1"}"#), None);
    }
}
