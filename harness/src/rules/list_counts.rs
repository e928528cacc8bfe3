//! `rule/list-counts`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;
use crate::json::pattern::bounded;

pub(super) static RULE: Rule = Rule {
    slug: "list-counts",
    title: "A list counts its matches with an integer, and never fewer than it shows",
    what: "totalResults of every list: an integer, at least the number of resources up to the end of the \
          page.",
    why: "A provider decides by totalResults whether an account exists; a string there makes Okta stop \
          without a word, and a 0 beside a match makes a second account.",
    fix: "Return totalResults as a JSON number that counts all matches, not the page.",
    requirements: &["RFC7644-3.4.2-L2"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.4.2. RFC 9865 lets a cursor's page leave totalResults out.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let Some(list) = seen.list() else { return Look::Elsewhere };
    let total = list.get("totalResults");
    let by_cursor = list.get("nextCursor").is_some() || seen.asked.cursor.is_some();
    if (list.get("Resources").is_none() && total.is_none()) || (by_cursor && total.is_none()) {
        return Look::Elsewhere;
    }
    let expected = "totalResults: an integer that counts all matches";
    let shown = seen.all_listed().len() as u64;
    let before = if by_cursor || seen.asked.odd || shown == 0 { 0 } else { seen.asked.start() - 1 };
    match total.map(|total| (total, total.as_u64())) {
        Some((_, Some(count))) if count < shown => {
            Look::broken(expected, "fewer than the resources beside it")
        }
        Some((_, Some(count))) if count < before.saturating_add(shown) => {
            Look::broken(expected, "fewer than the resources up to the end of this page")
        }
        Some((_, Some(_))) => Look::Kept,
        Some((Value::String(_), None)) => Look::broken(expected, "a string"),
        Some((other, None)) => Look::broken(expected, bounded(other)),
        None => Look::broken(expected, "no totalResults"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case("/Users", r#"{"totalResults":2,"Resources":[{"id":"1"}]}"#, kept())]
    #[case("/Users", r#"{"totalResults":0}"#, kept())]
    #[case("/Users", r#"{"totalResults":"1","Resources":[{"id":"1"}]}"#, broken("a string"))]
    #[case(
        "/Users",
        r#"{"totalResults":0,"Resources":[{"id":"1"}]}"#,
        broken("fewer than the resources beside it")
    )]
    #[case(
        "/Users?startIndex=6",
        r#"{"totalResults":5,"Resources":[{"id":"6"}]}"#,
        broken("fewer than the resources up to the end of this page")
    )]
    #[case("/Users", r#"{"Resources":[]}"#, broken("no totalResults"))]
    #[case("/Users?cursor=", r#"{"Resources":[]}"#, None)]
    #[case("/Users/1", r#"{"id":"1"}"#, None)]
    fn the_total_is_an_integer_and_large_enough(
        #[case] target: &str,
        #[case] body: &str,
        #[case] told: Option<Vec<String>>,
    ) {
        assert_eq!(found(&RULE, &[answer("GET", target, 200, body)]), told);
    }
}
