//! `client/booleans-are-literals`.

use serde_json::Value;

use super::super::grammar;
use super::super::sent::{Sent, member};
use super::{ClientRule, ENTRA_FLAG, Fault, Habit, Look, entra, onelogin, shown};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "booleans-are-literals",
    title: "Booleans are no text",
    what: "active, primary, and what the recorded server publishes as Boolean, in resources that are created or replaced and in PATCH operations: true or false, without quotes.",
    why: "A server may answer 400, or store text (C6); then nobody is deactivated.",
    fix: "Write true and false without quotes.",
    level: Level::Must,
    source: "RFC 7643, section 2.3.2",
    requirements: &["RFC7643-2.3.2-L1", "RFC7644-3.5.2-L30"],
    softer: None,
    look,
};

/// RFC 7643, section 2.3.2 (C6).
fn look(sent: &Sent<'_>) -> Look {
    let mut found = Found { faults: Vec::new(), looked: false };
    if let Some(resource) = sent.resource() {
        found.resource(resource, sent, Some(onelogin()));
    }
    for operation in sent.operations() {
        match (operation.at(), operation.value) {
            (Some(path), Some(value)) => {
                let Some(attribute) =
                    grammar::path(path).ok().and_then(|read| read.attributes.last().cloned())
                else {
                    continue;
                };
                let name = attribute.sub.as_deref().unwrap_or(&attribute.name);
                if is_boolean(name, path, sent) {
                    let habit = name.eq_ignore_ascii_case("active").then(|| entra(ENTRA_FLAG));
                    found.value(name, value, habit);
                } else {
                    found.parts(value);
                }
            }
            (None, Some(value)) => found.resource(value, sent, None),
            _ => {}
        }
    }
    Look::if_any(found.looked, found.faults)
}

struct Found {
    faults: Vec<Fault>,
    looked: bool,
}

impl Found {
    fn resource(&mut self, resource: &Value, sent: &Sent<'_>, habit: Option<Habit>) {
        for (name, value) in resource.as_object().into_iter().flatten() {
            if is_boolean(name, name, sent) {
                self.value(name, value, habit.filter(|_| name.eq_ignore_ascii_case("active")));
            } else {
                self.parts(value);
            }
        }
    }

    /// The values of a multi-valued attribute.
    fn parts(&mut self, value: &Value) {
        for part in value.as_array().into_iter().flatten() {
            if let Some(primary) = member(part, "primary") {
                self.value("primary", primary, None);
            }
        }
    }

    fn value(&mut self, name: &str, value: &Value, habit: Option<Habit>) {
        let is_text = |text: &str| ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word));
        match value {
            Value::Bool(_) => self.looked = true,
            Value::String(text) if is_text(text) => {
                self.looked = true;
                let fault = Fault::new("true or false", format!("{} as text", shown(name)));
                self.faults.push(Fault { habit, ..fault });
            }
            _ => {}
        }
    }
}

fn is_boolean(name: &str, path: &str, sent: &Sent<'_>) -> bool {
    if ["active", "primary"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
        return true;
    }
    let endpoint = sent.endpoint().unwrap_or_default();
    sent.world.known.attribute(endpoint, path).is_some_and(|known| known.kind == "boolean")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, patch, request, told};
    use super::*;

    #[rstest]
    #[case(r#"{"active":true,"emails":[{"primary":false}]}"#, kept())]
    #[case(r#"{"active":"true"}"#, broken("active as text [OneLogin]"))]
    #[case(r#"{"emails":[{"value":"a","primary":"True"}]}"#, broken("primary as text"))]
    #[case(r#"{"title":"true"}"#, None)]
    #[case(r#"{"active":"{{active}}"}"#, None)]
    fn in_a_resource(#[case] body: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &request("PUT", "/Users/1", body)), said);
    }

    #[rstest]
    #[case(r#"{"op":"replace","path":"active","value":false}"#, kept())]
    #[case(r#"{"op":"Replace","path":"active","value":"False"}"#, broken("active as text [Entra]"))]
    #[case(r#"{"op":"replace","value":{"active":"false"}}"#, broken("active as text"))]
    #[case(
        r#"{"op":"add","path":"emails","value":[{"value":"a","primary":"true"}]}"#,
        broken("primary as text")
    )]
    #[case(
        r#"{"op":"replace","path":"emails[type eq \"work\"].primary","value":"true"}"#,
        broken("primary as text")
    )]
    #[case(r#"{"op":"replace","path":"title","value":"true"}"#, None)]
    fn in_a_patch(#[case] operation: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &patch(operation)), said);
    }
}
