//! `rule/media-type`.

use super::{Look, Rule, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "media-type",
    title: "SCIM answers are labelled application/scim+json",
    what: "The Content-Type of every answer that has a body, without its parameters.",
    why: "Entra's validator stops at anything else; other clients read application/json too.",
    fix: "Set Content-Type: application/scim+json on every answer with a body, errors included.",
    requirements: &["RFC7644-3.1-L1"],
    look,
};

/// RFC 7644, sections 3.1 and 8.1. A `charset` parameter does no harm.
fn look(seen: &Seen<'_>) -> Look {
    if seen.answer.body.is_empty() {
        return Look::Elsewhere;
    }
    let named = seen.answer.header("content-type").unwrap_or("no Content-Type");
    let kind = named.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/scim+json") {
        return Look::Kept;
    }
    Look::Broken { expected: "Content-Type application/scim+json".to_owned(), actual: kind.to_owned() }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{exchange, says};

    #[rstest]
    #[case("application/scim+json", true)]
    #[case("Application/SCIM+JSON; charset=utf-8", true)]
    #[case("application/json", false)]
    #[case("text/html", false)]
    fn the_label_counts_without_its_parameters(#[case] kind: &str, #[case] kept: bool) {
        let said = says(&RULE, &exchange("GET", "/Users", 200, &[("content-type", kind)], "{}"));
        assert_eq!(said == Look::Kept, kept);
    }

    #[test]
    fn an_answer_without_a_body_has_no_label() {
        assert_eq!(says(&RULE, &exchange("DELETE", "/Users/1", 204, &[], "")), Look::Elsewhere);
    }
}
