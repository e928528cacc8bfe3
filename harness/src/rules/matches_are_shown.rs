//! `rule/matches-are-shown`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "matches-are-shown",
    title: "A list that counts matches shows them",
    what: "Lists with totalResults above what lies before the page, asked for with a count above 0: \
          Resources is not empty.",
    why: "A provider reads \"one match\" and finds nobody to link; or a walk over the pages ends early and \
          the rest counts as deleted.",
    fix: "Return the resources of the page in Resources; apply startIndex once.",
    requirements: &["RFC7644-3.4.2-L3"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.4.2 (C17: count=0 and pages past the end have none).
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let Some(list) = seen.list().filter(|_| !seen.asked.odd) else { return Look::Elsewhere };
    let Some(total) = list.get("totalResults").and_then(Value::as_u64) else { return Look::Elsewhere };
    let by_cursor = seen.asked.cursor.as_ref().is_some_and(|cursor| !cursor.is_empty());
    if by_cursor || seen.asked.most() == Some(0) || total < seen.asked.start() {
        return Look::Elsewhere;
    }
    let what = if list.get("Resources").is_none() { "no Resources" } else { "Resources without any" };
    Look::kept_if(!seen.all_listed().is_empty(), "the matches in Resources", what)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case("/Users", r#"{"totalResults":1,"Resources":[{"id":"1"}]}"#, kept())]
    #[case("/Users", r#"{"totalResults":1}"#, broken("no Resources"))]
    #[case(
        "/Users?startIndex=11&count=10",
        r#"{"totalResults":192,"Resources":[]}"#,
        broken("Resources without any")
    )]
    #[case("/Users?count=0", r#"{"totalResults":1}"#, None)]
    #[case("/Users?startIndex=9", r#"{"totalResults":1}"#, None)]
    #[case("/Users", r#"{"totalResults":0}"#, None)]
    fn who_is_counted_is_shown(#[case] target: &str, #[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", target, 200, body)]), told);
    }
}
