//! `rule/scim-type-registered`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;
use crate::json::pattern::bounded;

pub(super) static RULE: Rule = Rule {
    slug: "scim-type-registered",
    title: "scimType is one of the registered keywords, or is not there",
    what: "The member scimType of every SCIM error body.",
    why: "A client that knows the keywords acts on them: on uniqueness it links the account that is there. \
          An invented word, or \"null\", tells it nothing.",
    fix: "Use a keyword of RFC 7644, table 9 (or of RFC 9865 for cursors), or leave scimType out (C44: it \
          is optional where no section demands it).",
    requirements: &["RFC7644-3.12-L3"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.12, table 9; RFC 9865, section 2.1.
const REGISTERED: [&str; 14] = [
    "invalidFilter",
    "tooMany",
    "uniqueness",
    "mutability",
    "invalidSyntax",
    "invalidPath",
    "noTarget",
    "invalidValue",
    "invalidVers",
    "sensitive",
    "invalidCursor",
    "expiredCursor",
    "invalidCount",
    "largeOpsList",
];

fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let Some(error) = seen.error() else { return Look::Elsewhere };
    let expected = "a keyword of table 9, or no scimType";
    match error.get("scimType") {
        None => Look::Kept,
        Some(Value::String(word)) => {
            let known = REGISTERED.iter().any(|registered| registered.eq_ignore_ascii_case(word));
            Look::kept_if(known, expected, bounded(&Value::from(word.as_str())))
        }
        Some(Value::Null) => Look::broken(expected, "null"),
        Some(_) => Look::broken(expected, "something else than a string"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#","scimType":"uniqueness""#, kept())]
    #[case("", kept())]
    #[case(r#","scimType":"null""#, broken("\"null\""))]
    #[case(r#","scimType":null"#, broken("null"))]
    #[case(r#","scimType":"userExists""#, broken("\"userExists\""))]
    fn a_keyword_is_registered(#[case] member: &str, #[case] told: Option<Vec<String>>) {
        let body = format!(
            r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400"{member}}}"#
        );
        assert_eq!(found(&RULE, &[answer("POST", "/Users", 400, &body)]), told);
        assert_eq!(found(&RULE, &[answer("POST", "/Users", 400, "{}")]), None);
    }
}
