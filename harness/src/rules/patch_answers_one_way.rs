//! `rule/patch-answers-one-way`.

use http::Method;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "patch-answers-one-way",
    title: "A PATCH is answered with 200 and the resource, or with 204 and nothing",
    what: "Every successful answer to a PATCH of a resource: status, and whether there is a body.",
    why: "A client that gets 200 reads the body for the new state; one that gets 204 does not look for \
          any.",
    fix: "Answer 200 with the whole resource, or 204 without a body.",
    requirements: &["RFC7644-3.5.2-L8"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.5.2. Either is right (C7).
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if seen.method() != Method::PATCH || !seen.answer.is_success() || seen.is_html() {
        return Look::Elsewhere;
    }
    let (status, has_body) = (seen.status(), !seen.answer.body.is_empty());
    let kept = matches!((status, has_body), (200, true) | (204, false));
    let actual = format!("{status} {} a body", if has_body { "with" } else { "without" });
    Look::kept_if(kept, "200 with the resource, or 204 without a body", actual)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(200, "{\"id\":\"1\"}", kept())]
    #[case(204, "", kept())]
    #[case(200, "", broken("200 without a body"))]
    #[case(204, "{}", broken("204 with a body"))]
    #[case(202, "", broken("202 without a body"))]
    #[case(400, "", None)]
    fn either_way_and_no_other(#[case] status: u16, #[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("PATCH", "/Users/1", status, body)]), told);
    }
}
