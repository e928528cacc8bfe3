//! `rule/create-tells-location`.

use http::Method;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{Place, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "create-tells-location",
    title: "A create says where the new resource is",
    what: "The header Location of every 201 that answers a POST to an endpoint of resources.",
    why: "A client that gets no body (or does not read it) has nothing else to find the resource by.",
    fix: "Send Location with the resource's URI, the same as meta.location in the body.",
    requirements: &["RFC7644-3.3-L3"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.3: the URI SHALL be in the Location header.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if seen.method() != Method::POST || seen.status() != 201 || matches!(seen.to, Place::Search(_)) {
        return Look::Elsewhere;
    }
    let told = seen.answer.header("location").is_some_and(|location| !location.is_empty());
    Look::kept_if(told, "a Location header", "201 without one")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, exchange, found, kept};

    #[test]
    fn a_created_resource_has_an_address() {
        let with =
            exchange("POST", "/Users", 201, &[("location", "https://app.example/scim/v2/Users/1")], "{}");
        assert_eq!(found(&RULE, &[with]), kept());
        assert_eq!(found(&RULE, &[answer("POST", "/Users", 201, "{}")]), broken("201 without one"));
        assert_eq!(found(&RULE, &[answer("PUT", "/Users/1", 200, "{}")]), None);
    }
}
