//! `rule/id-is-no-bulk-id`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "id-is-no-bulk-id",
    title: "No id contains the word bulkId",
    what: "The id of every resource in a successful answer.",
    why: "bulkId: is how a bulk request refers to what it makes; an id that looks like one is replaced by \
          another.",
    fix: "Issue ids without that word; never store a reference that was not resolved.",
    requirements: &["RFC7643-3.1-L8"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 3.1: the string "bulkId" is reserved.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let ids: Vec<_> =
        seen.resources().into_iter().filter_map(|resource| resource.get("id")?.as_str()).collect();
    if ids.is_empty() {
        return Look::Elsewhere;
    }
    Look::kept_if(
        !ids.into_iter().any(|id| id.contains("bulkId")),
        "an id without the word bulkId",
        "an id with it",
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"id":"1"}"#, kept())]
    #[case(r#"{"id":"bulkId:qwerty"}"#, broken("an id with it"))]
    #[case(r#"{"userName":"ada"}"#, None)]
    fn a_reserved_word_is_no_id(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
    }
}
