//! `rule/list-counts`.

use serde_json::Value;

use super::{Look, Rule, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "list-counts",
    title: "A list counts its matches with an integer, and never fewer than it shows",
    what: "totalResults of every list: an integer, at least the number of Resources in the same answer.",
    why: "A provider decides by totalResults whether an account exists; a string there makes Okta stop without a word, and \
          a 0 beside a match makes a second account.",
    fix: "Return totalResults as a JSON number that counts all matches, not the page.",
    requirements: &["RFC7644-3.4.2-L2"],
    look,
};

/// RFC 7644, section 3.4.2. RFC 9865 lets a cursor's page leave totalResults out.
fn look(seen: &Seen<'_>) -> Look {
    let Some(json) = seen.json.as_ref().filter(|_| seen.answer.is_success()) else { return Look::Elsewhere };
    let listed = json.get("Resources").and_then(Value::as_array);
    let total = json.get("totalResults");
    if (listed.is_none() && total.is_none()) || json.get("nextCursor").is_some() {
        return Look::Elsewhere;
    }
    let expected = "totalResults: an integer that counts all matches".to_owned();
    let shown = listed.map_or(0, Vec::len) as u64;
    match total.map(|total| (total, total.as_u64())) {
        Some((_, Some(count))) if count >= shown => Look::Kept,
        Some((_, Some(count))) => {
            Look::Broken { expected, actual: format!("{count} beside {shown} resources") }
        }
        Some((Value::String(_), None)) => Look::Broken { expected, actual: "a string".to_owned() },
        Some((other, None)) => Look::Broken { expected, actual: other.to_string() },
        None => Look::Broken { expected, actual: "no totalResults".to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{exchange, says};

    #[rstest]
    #[case(r#"{"totalResults":2,"Resources":[{"id":"1"}]}"#, None)]
    #[case(r#"{"totalResults":0}"#, None)]
    #[case(r#"{"totalResults":"1","Resources":[{"id":"1"}]}"#, Some("a string"))]
    #[case(r#"{"totalResults":0,"Resources":[{"id":"1"}]}"#, Some("0 beside 1 resources"))]
    #[case(r#"{"Resources":[]}"#, Some("no totalResults"))]
    fn the_total_is_an_integer_and_large_enough(#[case] body: &str, #[case] broken: Option<&str>) {
        match says(&RULE, &exchange("GET", "/Users", 200, &[], body)) {
            Look::Broken { actual, .. } => assert_eq!(Some(actual.as_str()), broken),
            said => assert_eq!((said, broken), (Look::Kept, None)),
        }
    }
}
