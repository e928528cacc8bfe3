//! `rule/announced-capabilities-work`.

use http::Method;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{Place, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "announced-capabilities-work",
    title: "What the server says it supports is not refused as unsupported",
    what: "PATCH, filters, sorting and bulk requests where /ServiceProviderConfig says that they are \
          supported: the answer is not 405 or 501, nor 404 from /Bulk.",
    why: "A client reads the capabilities to choose how to work; one that is announced and not there is \
          worse than one that is missing.",
    fix: "Say in /ServiceProviderConfig what the server does, or make it do what is said.",
    requirements: &["RFC7643-5-L1", "RFC7643-5-L2", "RFC7643-5-L3", "RFC7643-5-L5"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 5; RFC 7644, section 3.12, table 8.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let Some(capability) = used(seen).filter(|name| known.supports(name) == Some(true)) else {
        return Look::Elsewhere;
    };
    let refused = matches!(seen.status(), 405 | 501) || (seen.to == Place::Bulk && seen.status() == 404);
    Look::kept_if(
        !refused,
        format!("{capability} works, as announced"),
        format!("{} answered {}", seen.request(), seen.status()),
    )
}

/// The capability that a request makes use of.
pub(super) fn used(seen: &Seen<'_>) -> Option<&'static str> {
    match &seen.to {
        Place::Resource(..) if seen.method() == Method::PATCH => Some("patch"),
        Place::Bulk if seen.method() == Method::POST => Some("bulk"),
        _ if seen.is_query() && seen.asked.filter.is_some() => Some("filter"),
        _ if seen.is_query() && seen.asked.sort_by.is_some() => Some("sort"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn what_is_announced_is_not_refused() {
        assert_eq!(found(&RULE, &[answer("PATCH", "/Users/1", 204, "")]), kept());
        assert_eq!(
            found(&RULE, &[answer("PATCH", "/Users/1", 501, "")]),
            broken("PATCH /Users/{id} answered 501")
        );
        assert_eq!(
            found(&RULE, &[answer("GET", "/Users?filter=title%20pr", 501, "")]),
            broken("GET /Users answered 501")
        );
        assert_eq!(found(&RULE, &[answer("POST", "/Bulk", 501, "")]), None);
    }
}
