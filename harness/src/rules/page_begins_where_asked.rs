//! `rule/page-begins-where-asked`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "page-begins-where-asked",
    title: "A page begins where it was asked to begin",
    what: "startIndex of every list that shows resources and was asked for by index: it is the startIndex \
          of the request, 1 where that is missing or less (derived: the index of the first result in the \
          page).",
    why: "A client believes the number and goes on from there: it reads some people twice and others \
          never.",
    fix: "Count from 1, treat less than 1 as 1, and return the index of the first resource on the page.",
    requirements: &["RFC7644-3.4.2.4-L4", "RFC7644-3.4.2.4-L5", "RFC7644-3.4.2.4-L6"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.4.2.4 (C49; what is past the end is open, C36).
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let Some(list) = seen.list().filter(|_| !seen.asked.odd && seen.asked.cursor.is_none()) else {
        return Look::Elsewhere;
    };
    if seen.all_listed().is_empty() || list.get("nextCursor").is_some() {
        return Look::Elsewhere;
    }
    let Some(told) = list.get("startIndex").and_then(Value::as_u64) else { return Look::Elsewhere };
    let actual = if told == 0 { "0" } else { "another startIndex" };
    Look::kept_if(told == seen.asked.start(), "the startIndex of the request, at least 1", actual)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case("?startIndex=3", 3, kept())]
    #[case("", 1, kept())]
    #[case("?startIndex=0", 1, kept())]
    #[case("?startIndex=3", 1, broken("another startIndex"))]
    #[case("?startIndex=1", 0, broken("0"))]
    fn a_page_begins_where_it_says(
        #[case] query: &str,
        #[case] told: u64,
        #[case] said: Option<Vec<String>>,
    ) {
        let body = format!(r#"{{"totalResults":9,"startIndex":{told},"Resources":[{{"id":"1"}}]}}"#);
        assert_eq!(found(&RULE, &[answer("GET", &format!("/Users{query}"), 200, &body)]), said);
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 200, r#"{"totalResults":0}"#)]), None);
    }
}
