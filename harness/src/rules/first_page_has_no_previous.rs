//! `rule/first-page-has-no-previous`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "first-page-has-no-previous",
    title: "The first page has no previous cursor",
    what: "Lists asked for without a cursor or with an empty one: previousCursor is absent.",
    why: "A client that walks back from the first page walks in circles.",
    fix: "Return previousCursor on later pages only.",
    requirements: &["RFC9865-2-L7"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 9865, section 2.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let first = seen.asked.cursor.as_ref().is_none_or(String::is_empty);
    let Some(list) = seen.list().filter(|_| first && seen.asked.start() == 1) else { return Look::Elsewhere };
    let by_cursor = seen.asked.cursor.is_some()
        || list.get("nextCursor").is_some()
        || list.get("previousCursor").is_some();
    if !by_cursor {
        return Look::Elsewhere;
    }
    let has = list.get("previousCursor").is_some_and(|value| !value.is_null());
    Look::kept_if(!has, "no previousCursor", "previousCursor on the first page")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case("/Users?cursor=", r#"{"nextCursor":"a"}"#, kept())]
    #[case(
        "/Users?cursor=",
        r#"{"nextCursor":"a","previousCursor":"b"}"#,
        broken("previousCursor on the first page")
    )]
    #[case("/Users?cursor=a", r#"{"previousCursor":"b"}"#, None)]
    #[case("/Users", r#"{"totalResults":0}"#, None)]
    fn nothing_comes_before_the_first(
        #[case] target: &str,
        #[case] body: &str,
        #[case] told: Option<Vec<String>>,
    ) {
        assert_eq!(found(&RULE, &[answer("GET", target, 200, body)]), told);
    }
}
