//! `rule/items-per-page-counts-the-page`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "items-per-page-counts-the-page",
    title: "itemsPerPage is the number of resources on the page",
    what: "itemsPerPage of every list that has it, against the resources in the same answer.",
    why: "A client that goes on at startIndex + itemsPerPage skips what a shorter page did not have.",
    fix: "Count the resources that are returned, not those that were asked for.",
    requirements: &["RFC7644-3.4.2.4-L7"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.4.2.4 (C17: the echo of count is a warning).
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let Some(list) = seen.list() else { return Look::Elsewhere };
    let Some(told) = list.get("itemsPerPage").and_then(Value::as_u64) else { return Look::Elsewhere };
    let shown = seen.all_listed().len() as u64;
    let echo = Some(told) == seen.asked.most();
    let actual = if echo { "the count that was asked for, on a shorter page" } else { "another number" };
    Look::kept_if(told == shown, "the number of resources in the answer", actual)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"itemsPerPage":1,"Resources":[{"id":"1"}]}"#, kept())]
    #[case(
        r#"{"itemsPerPage":10,"Resources":[{"id":"1"}]}"#,
        broken("the count that was asked for, on a shorter page")
    )]
    #[case(r#"{"itemsPerPage":7,"Resources":[{"id":"1"}]}"#, broken("another number"))]
    #[case(r#"{"Resources":[{"id":"1"}]}"#, None)]
    fn a_page_is_as_long_as_it_says(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users?count=10", 200, body)]), told);
    }
}
