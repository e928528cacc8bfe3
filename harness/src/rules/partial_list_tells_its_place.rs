//! `rule/partial-list-tells-its-place`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "partial-list-tells-its-place",
    title: "A part of a list says where it begins and how long it is",
    what: "Lists with fewer resources than totalResults, asked for by index: startIndex and itemsPerPage \
          are integers.",
    why: "A client that walks the pages does not know where to go on, and Okta stops without a word at a \
          number that came as text.",
    fix: "Return startIndex and itemsPerPage as JSON numbers with every page.",
    requirements: &["RFC7644-3.4.2-L6"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.4.2 (C49). Where both are texts on a whole list, that is as wrong, and found here too.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let Some(list) = seen.list() else { return Look::Elsewhere };
    let by_cursor = list.get("nextCursor").is_some()
        || list.get("previousCursor").is_some()
        || seen.asked.cursor.is_some();
    let only_cursors = known
        .service_provider_config
        .as_ref()
        .is_some_and(|c| c.pointer("/pagination/index") == Some(&Value::Bool(false)));
    let Some(total) = list
        .get("totalResults")
        .and_then(Value::as_u64)
        .filter(|_| !by_cursor && !only_cursors && !seen.asked.odd)
    else {
        return Look::Elsewhere;
    };
    let partial = (seen.all_listed().len() as u64) < total;
    let mut wrongs = Vec::new();
    for name in ["startIndex", "itemsPerPage"] {
        let actual = match list.get(name) {
            Some(value) if value.is_u64() => continue,
            None | Some(Value::Null) if !partial => continue,
            None | Some(Value::Null) => "is missing",
            Some(Value::String(_)) => "is a text",
            Some(_) => "is something else",
        };
        wrongs.push(Wrong::new(format!("{name}: an integer"), format!("{name} {actual}")));
    }
    Look::of(wrongs)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(
        "/Users",
        r#"{"totalResults":2,"Resources":[{"id":"1"}],"startIndex":1,"itemsPerPage":1}"#,
        kept()
    )]
    #[case("/Users", r#"{"totalResults":1,"Resources":[{"id":"1"}]}"#, kept())]
    #[case(
        "/Users",
        r#"{"totalResults":2,"Resources":[{"id":"1"}],"startIndex":1}"#,
        broken("itemsPerPage is missing")
    )]
    #[case(
        "/Users",
        r#"{"totalResults":1,"Resources":[{"id":"1"}],"startIndex":"1"}"#,
        broken("startIndex is a text")
    )]
    #[case("/Users?cursor=", r#"{"totalResults":2,"Resources":[{"id":"1"}]}"#, None)]
    fn a_page_says_which_it_is(#[case] target: &str, #[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", target, 200, body)]), told);
    }
}
