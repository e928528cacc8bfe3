//! `rule/announced-entity-tags-are-sent`.

use http::Method;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "announced-entity-tags-are-sent",
    title: "A server that says that it has entity tags sends them",
    what: "Where /ServiceProviderConfig says etag.supported: the header ETag of successful answers to GET, \
          PUT and POST that show one resource.",
    why: "A client that wants to change only what it has seen has nothing to put into If-Match.",
    fix: "Send ETag with every answer that shows one resource, or say that entity tags are not supported.",
    requirements: &["RFC7644-3.14-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.14. On which answers is not said; those that show the resource are meant at least.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let shows =
        seen.shown().is_some() && matches!(seen.status(), 200 | 201) && seen.method() != Method::PATCH;
    if !shows || seen.is_projected() || known.supports("etag") != Some(true) {
        return Look::Elsewhere;
    }
    Look::kept_if(
        seen.answer.header("etag").is_some(),
        "ETag",
        format!("no ETag in the answer to {}", seen.method()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, exchange, found, kept};

    #[test]
    fn what_is_announced_is_there() {
        assert_eq!(
            found(&RULE, &[exchange("GET", "/Users/1", 200, &[("etag", "\"1\"")], r#"{"id":"1"}"#)]),
            kept()
        );
        assert_eq!(
            found(&RULE, &[answer("GET", "/Users/1", 200, r#"{"id":"1"}"#)]),
            broken("no ETag in the answer to GET")
        );
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 200, "{}")]), None);
    }
}
