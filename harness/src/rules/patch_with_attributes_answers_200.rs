//! `rule/patch-with-attributes-answers-200`.

use http::Method;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "patch-with-attributes-answers-200",
    title: "A PATCH that asks for attributes gets them",
    what: "Every successful answer to a PATCH with the parameter attributes: status 200.",
    why: "Whoever names attributes wants to see them; a 204 hides what was done.",
    fix: "Answer 200 with the attributes that were asked for.",
    requirements: &["RFC7644-3.5.2-L9"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.5.2: MUST return 200 (C7).
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let asked = seen.asked.attributes.as_ref().is_some_and(|names| !names.is_empty());
    if seen.method() != Method::PATCH || !seen.answer.is_success() || !asked {
        return Look::Elsewhere;
    }
    Look::kept_if(seen.status() == 200, "200 with the attributes", seen.status().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn who_asks_is_answered() {
        assert_eq!(found(&RULE, &[answer("PATCH", "/Users/1?attributes=userName", 200, "{}")]), kept());
        assert_eq!(found(&RULE, &[answer("PATCH", "/Users/1?attributes=userName", 204, "")]), broken("204"));
        assert_eq!(found(&RULE, &[answer("PATCH", "/Users/1", 204, "")]), None);
    }
}
