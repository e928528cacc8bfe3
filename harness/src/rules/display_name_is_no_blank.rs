//! `rule/display-name-is-no-blank`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "display-name-is-no-blank",
    title: "A display name can be displayed",
    what: "displayName of every user and group in a successful answer, if it is there: not empty and not only spaces.",
    why: "A directory that shows a blank line instead of a person cannot be used.",
    fix: "Leave displayName out of a user who has none, and refuse a group without a name with 400 invalidValue.",
    requirements: &["RFC7643-4.1.1-L10"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 4.1.1, and for groups 4.2: "a human-readable name".
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if !matches!(seen.endpoint(), Some("Users" | "Groups")) {
        return Look::Elsewhere;
    }
    let names: Vec<_> = seen.resources().into_iter().filter_map(|r| r.get("displayName")?.as_str()).collect();
    if names.is_empty() {
        return Look::Elsewhere;
    }
    let blank = names.into_iter().any(|name| name.trim().is_empty());
    Look::kept_if(!blank, "a name, or no displayName", "a blank displayName")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"displayName":"Ada"}"#, kept())]
    #[case(r#"{"displayName":" "}"#, broken("a blank displayName"))]
    #[case(r#"{"id":"1"}"#, None)]
    fn a_name_can_be_seen(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
    }
}
