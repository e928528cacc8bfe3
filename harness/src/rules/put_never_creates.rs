//! `rule/put-never-creates`.

use http::Method;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{Place, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "put-never-creates",
    title: "A PUT never makes a resource",
    what: "Every answer to a PUT of a resource: the status is not 201.",
    why: "The server issues the ids; a PUT to an id that is gone, answered with 201, gives an account back \
          that somebody removed.",
    fix: "Answer 404 to a PUT of an unknown id, and 200 to one of a known id.",
    requirements: &["RFC7644-3.2-L3"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, sections 3.2 and 3.5.1: "HTTP PUT MUST NOT be used to create new resources".
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if seen.method() != Method::PUT || !matches!(seen.to, Place::Resource(..)) || seen.status() >= 500 {
        return Look::Elsewhere;
    }
    Look::kept_if(seen.status() != 201, "200, or 404 where there is nothing", "201 Created")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn a_put_replaces_or_is_refused() {
        assert_eq!(found(&RULE, &[answer("PUT", "/Users/1", 200, "{}")]), kept());
        assert_eq!(found(&RULE, &[answer("PUT", "/Users/9", 404, "")]), kept());
        assert_eq!(found(&RULE, &[answer("PUT", "/Users/9", 201, "{}")]), broken("201 Created"));
        assert_eq!(found(&RULE, &[answer("POST", "/Users", 201, "{}")]), None);
    }
}
