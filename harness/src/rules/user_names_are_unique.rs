//! `rule/user-names-are-unique`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "user-names-are-unique",
    title: "No two users have the same userName",
    what: "The userNames in every list, compared without regard to letter case (derived from caseExact and \
          uniqueness), of users with different ids.",
    why: "A provider that looks somebody up by userName gets two accounts and does not know which to \
          change.",
    fix: "Refuse the second with 409, whatever verb brings it, and make the database enforce it.",
    requirements: &["RFC7643-4.1.1-L2", "RFC7643-4.1.1-L3"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 4.1.1 (C22).
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if seen.endpoint() != Some("Users") {
        return Look::Elsewhere;
    }
    let text = |resource: &Value, name: &str| resource.get(name)?.as_str().map(str::to_owned);
    let users: BTreeSet<(String, String)> = seen
        .listed()
        .into_iter()
        .filter_map(|user| Some((text(user, "id")?, text(user, "userName")?.to_lowercase())))
        .collect();
    if users.is_empty() {
        return Look::Elsewhere;
    }
    let names: BTreeSet<_> = users.iter().map(|(_, name)| name).collect();
    Look::kept_if(names.len() == users.len(), "one user of each name", "two users of one name in a list")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"Resources":[{"id":"1","userName":"ada"},{"id":"2","userName":"eve"}]}"#, kept())]
    #[case(
        r#"{"Resources":[{"id":"1","userName":"ada"},{"id":"2","userName":"ADA"}]}"#,
        broken("two users of one name in a list")
    )]
    #[case(r#"{"Resources":[{"id":"1","userName":"ada"},{"id":"1","userName":"ada"}]}"#, kept())]
    #[case(r#"{"Resources":[{"id":"1"}]}"#, None)]
    fn a_name_is_one_persons(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 200, body)]), told);
    }
}
