//! `rule/delete-answers-204`.

use http::Method;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "delete-answers-204",
    title: "A DELETE that is carried out is answered with 204",
    what: "Every successful answer to a DELETE of a resource.",
    why: "Providers look for 204; another 2xx is taken for something unfinished or unknown.",
    fix: "Answer 204 without a body.",
    requirements: &["RFC7644-3.6-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.6.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if seen.method() != Method::DELETE || !seen.answer.is_success() {
        return Look::Elsewhere;
    }
    Look::kept_if(seen.status() == 204, "204", seen.status().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn only_204_says_that_it_is_done() {
        assert_eq!(found(&RULE, &[answer("DELETE", "/Users/1", 204, "")]), kept());
        assert_eq!(found(&RULE, &[answer("DELETE", "/Users/1", 200, "{}")]), broken("200"));
        assert_eq!(found(&RULE, &[answer("DELETE", "/Users/1", 404, "")]), None);
    }
}
