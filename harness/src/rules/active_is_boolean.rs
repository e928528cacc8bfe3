//! `rule/active-is-boolean`.

use serde_json::Value;

use super::{Look, Rule, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "active-is-boolean",
    title: "active is true or false, never a string or a number",
    what: "The attribute active of every user in a successful answer.",
    why: "A provider that reads \"False\" or 0 as it reads any other value believes that a deactivated person is active, \
          or reports an error on every cycle.",
    fix: "Store and return a JSON Boolean, also where \"False\" was accepted.",
    requirements: &["RFC7643-2.3.2-L1"],
    look,
};

/// RFC 7643, section 2.3.2.
fn look(seen: &Seen<'_>) -> Look {
    let values: Vec<_> =
        seen.resources().into_iter().filter_map(|r| r.get("active")).filter(|v| !v.is_null()).collect();
    if values.is_empty() {
        return Look::Elsewhere;
    }
    match values.into_iter().find(|value| !value.is_boolean()) {
        None => Look::Kept,
        Some(other) => {
            let kind = match other {
                Value::String(_) => "a string",
                Value::Number(_) => "a number",
                _ => "neither",
            };
            Look::Broken { expected: "active: true or false".to_owned(), actual: kind.to_owned() }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{exchange, says};

    #[rstest]
    #[case("true", true)]
    #[case("\"False\"", false)]
    #[case("0", false)]
    fn only_the_literals_count(#[case] active: &str, #[case] kept: bool) {
        let body = format!(r#"{{"id":"1","active":{active}}}"#);
        assert_eq!(says(&RULE, &exchange("GET", "/Users/1", 200, &[], &body)) == Look::Kept, kept);
    }

    #[test]
    fn a_group_has_no_active() {
        assert_eq!(says(&RULE, &exchange("GET", "/Groups/1", 200, &[], r#"{"id":"1"}"#)), Look::Elsewhere);
    }
}
