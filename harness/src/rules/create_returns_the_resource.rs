//! `rule/create-returns-the-resource`.

use http::Method;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{Place, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "create-returns-the-resource",
    title: "A create answers with the new resource",
    what: "Every 201 that answers a POST to an endpoint of resources: it has a body.",
    why: "Okta treats a create without a body as failed and creates again.",
    fix: "Return the resource as it was stored, with id and meta.",
    requirements: &["RFC7644-3.3-L2"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.3.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if seen.method() != Method::POST || seen.status() != 201 || !matches!(seen.to, Place::Endpoint(_)) {
        return Look::Elsewhere;
    }
    Look::kept_if(!seen.answer.body.is_empty(), "the new resource", "no body")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn a_new_resource_is_shown() {
        assert_eq!(found(&RULE, &[answer("POST", "/Users", 201, "{\"id\":\"1\"}")]), kept());
        assert_eq!(found(&RULE, &[answer("POST", "/Users", 201, "")]), broken("no body"));
        assert_eq!(found(&RULE, &[answer("PUT", "/Users/1", 200, "")]), None);
    }
}
