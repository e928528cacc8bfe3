//! `rule/password-never-returned`.

use serde_json::Value;

use super::{Look, Rule, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "password-never-returned",
    title: "A password never comes back, clear or hashed",
    what: "Every answer, at any depth of its body: a member called password that has a value.",
    why: "Answers end up in logs, proxies and recordings; a password in one of them is a password lost.",
    fix: "Leave password out of every representation (returned: never), also when it is asked for by name.",
    requirements: &["RFC7643-4.1.1-L6"],
    look,
};

/// RFC 7643, sections 4.1.1 and 7 (returned "never"). A schema that describes the attribute is no password.
fn look(seen: &Seen<'_>) -> Look {
    let resources = seen.resources();
    if resources.is_empty() {
        return Look::Elsewhere;
    }
    if resources.into_iter().any(holds_password) {
        return Look::Broken {
            expected: "no password".to_owned(),
            actual: "an answer with a password".to_owned(),
        };
    }
    Look::Kept
}

fn holds_password(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, value)| {
            let is_password = name.eq_ignore_ascii_case("password")
                || name.to_ascii_lowercase().ends_with(":user:password");
            (is_password && !value.is_null()) || holds_password(value)
        }),
        Value::Array(items) => items.iter().any(holds_password),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{exchange, says};

    #[rstest]
    #[case(r#"{"id":"1","userName":"ada"}"#, false)]
    #[case(r#"{"id":"1","Password":"$2b$10$x"}"#, true)]
    #[case(r#"{"id":"1","password":null}"#, false)]
    #[case(r#"{"Resources":[{"id":"1"},{"id":"2","password":"x"}]}"#, true)]
    #[case(r#"{"id":"1","urn:x":{"password":"x"}}"#, true)]
    fn a_password_is_found_at_any_depth(#[case] body: &str, #[case] found: bool) {
        let said = says(&RULE, &exchange("GET", "/Users", 200, &[], body));
        assert_eq!(matches!(said, Look::Broken { .. }), found);
    }

    #[test]
    fn a_schema_may_name_the_attribute() {
        let schema = r#"{"id":"urn:x","attributes":[{"name":"password"}]}"#;
        assert_eq!(says(&RULE, &exchange("GET", "/Schemas/urn:x", 200, &[], schema)), Look::Elsewhere);
    }
}
