//! `rule/password-never-returned`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "password-never-returned",
    title: "A password never comes back, clear or hashed",
    what: "Every resource in a successful answer, at any depth: a member called password that has a value. \
          And any body: the very password that was sent with the request.",
    why: "Answers end up in logs, proxies and recordings; a password in one of them is a password lost.",
    fix: "Leave password out of every representation (returned: never), also when it is asked for by name, \
          and out of error messages.",
    requirements: &["RFC7643-4.1.1-L6", "RFC7643-4.1.1-L7"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, sections 4.1.1 and 7 (returned "never"). A schema that describes the attribute is no password.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let mut sent = Vec::new();
    seen.sent.iter().for_each(|body| passwords(body, &mut sent));
    let resources = seen.resources();
    if resources.is_empty() && (sent.is_empty() || seen.answer.body.is_empty()) {
        return Look::Elsewhere;
    }
    if resources.into_iter().any(holds_password) {
        return Look::broken("no password", "an answer with a password");
    }
    let text = String::from_utf8_lossy(&seen.answer.body);
    let echoed = sent.iter().any(|password| text.contains(password));
    Look::kept_if(!echoed, "no password", "an answer that repeats the password of its request")
}

fn holds_password(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, value)| {
            (is_password(name) && !value.is_null() && *value != "") || holds_password(value)
        }),
        Value::Array(items) => items.iter().any(holds_password),
        _ => false,
    }
}

/// The passwords in a body that was sent. Short ones are found in any text by chance.
fn passwords<'a>(body: &'a Value, found: &mut Vec<&'a str>) {
    match body {
        Value::Object(members) => {
            let sets = members.get("path").and_then(Value::as_str).is_some_and(is_password);
            for (name, value) in members {
                match value.as_str().filter(|text| text.len() >= 8) {
                    Some(text) if is_password(name) || (sets && name.eq_ignore_ascii_case("value")) => {
                        found.push(text);
                    }
                    _ => passwords(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| passwords(item, found)),
        _ => {}
    }
}

fn is_password(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "password" || name.ends_with(":user:password")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept, sent};

    #[rstest]
    #[case(r#"{"id":"1","userName":"ada"}"#, kept())]
    #[case(r#"{"id":"1","Password":"$2b$10$x"}"#, broken("an answer with a password"))]
    #[case(r#"{"id":"1","password":null}"#, kept())]
    #[case(r#"{"id":"1","urn:x":{"password":"x"}}"#, broken("an answer with a password"))]
    fn a_password_is_found_at_any_depth(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
    }

    #[test]
    fn an_error_does_not_repeat_it_either() {
        let create = r#"{"userName":"ada","password":"correct horse"}"#;
        let echo = sent("POST", "/Users", create, 400, "cannot store {password: 'correct horse'}");
        assert_eq!(found(&RULE, &[echo]), broken("an answer that repeats the password of its request"));
        assert_eq!(found(&RULE, &[sent("POST", "/Users", create, 400, "too weak")]), kept());
    }

    #[test]
    fn a_schema_may_name_the_attribute() {
        let schema = r#"{"id":"urn:x","attributes":[{"name":"password"}]}"#;
        assert_eq!(found(&RULE, &[answer("GET", "/Schemas/urn:x", 200, schema)]), None);
    }
}
