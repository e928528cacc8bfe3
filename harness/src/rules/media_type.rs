//! `rule/media-type`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "media-type",
    title: "SCIM answers are labelled application/scim+json",
    what: "The Content-Type of every answer whose body is JSON, without its parameters.",
    why: "Entra's validator stops at anything else; other clients read application/json too.",
    fix: "Set Content-Type: application/scim+json on every answer with a body, errors included.",
    requirements: &["RFC7644-3.1-L1", "INTEROP-HTTP-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, sections 3.1 and 8.1 (C38). A `charset` parameter does no harm. What a gateway says is labelled as it likes.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if seen.json.is_none() || seen.is_of_a_gateway() {
        return Look::Elsewhere;
    }
    let named = seen.answer.header("content-type").unwrap_or("no Content-Type");
    let kind = named.split(';').next().unwrap_or_default().trim();
    let right = kind.eq_ignore_ascii_case("application/scim+json");
    Look::kept_if(right, "Content-Type application/scim+json", kind)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, exchange, found, kept};

    #[rstest]
    #[case("application/scim+json", kept())]
    #[case("Application/SCIM+JSON; charset=utf-8", kept())]
    #[case("application/json", broken("application/json"))]
    #[case("application/json+scim", broken("application/json+scim"))]
    fn the_label_counts_without_its_parameters(#[case] kind: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[exchange("GET", "/Users", 200, &[("content-type", kind)], "{}")]), told);
    }

    #[test]
    fn an_answer_without_json_has_another_rule() {
        assert_eq!(found(&RULE, &[answer("DELETE", "/Users/1", 204, "")]), None);
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 200, "<html>")]), None);
    }
}
