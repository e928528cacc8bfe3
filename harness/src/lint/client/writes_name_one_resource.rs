//! `client/writes-name-one-resource`.

use http::Method;

use super::super::sent::Sent;
use super::{ClientRule, Fault, Look};
use crate::catalogue::Level;
use crate::rules::Place;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "writes-name-one-resource",
    title: "A write names one resource",
    what: "Every PUT, PATCH and DELETE: it goes to a resource, not to an endpoint; every POST goes to an endpoint.",
    why: "The RFC has no such request; a server that takes it may delete or overwrite everybody.",
    fix: "Put the id of the resource into the address; create with POST to the endpoint.",
    level: Level::Must,
    source: "RFC 7644, section 3.2, tables 1 and 2",
    requirements: &["RFC7644-3.2-L5"],
    softer: None,
    look,
};

/// RFC 7644, section 3.2.
fn look(sent: &Sent<'_>) -> Look {
    let fault = |actual: String| Look::of(vec![Fault::new("a method of RFC 7644, section 3.2", actual)]);
    match (sent.method(), &sent.to) {
        (&Method::PUT | &Method::PATCH | &Method::DELETE, Place::Endpoint(_)) => {
            fault(format!("{} of an endpoint", sent.method()))
        }
        (&Method::POST, Place::Resource(..)) => fault("POST to a resource".to_owned()),
        (&Method::PUT | &Method::PATCH | &Method::DELETE, Place::Resource(..))
        | (&Method::POST, Place::Endpoint(_)) => Look::Kept,
        _ => Look::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, request, told};
    use super::*;

    #[rstest]
    #[case("DELETE", "/Users", broken("DELETE of an endpoint"))]
    #[case("DELETE", "/Users/", broken("DELETE of an endpoint"))]
    #[case("PATCH", "/Groups", broken("PATCH of an endpoint"))]
    #[case("POST", "/Users/1", broken("POST to a resource"))]
    #[case("DELETE", "/Users/1", kept())]
    #[case("POST", "/Users", kept())]
    #[case("POST", "/Users/.search", None)]
    #[case("GET", "/Users", None)]
    fn a_write_has_one_target(#[case] method: &str, #[case] target: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &request(method, target, "")), said);
    }
}
