//! `rule/create-tells-location`.

use http::Method;

use super::{Look, Rule, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "create-tells-location",
    title: "A create says where the new resource is",
    what: "The header Location of every 201 that answers a POST.",
    why: "A client that gets no body (or does not read it) has nothing else to find the resource by.",
    fix: "Send Location with the resource's URI, the same as meta.location in the body.",
    requirements: &["RFC7644-3.3-L3"],
    look,
};

/// RFC 7644, section 3.3: the URI SHALL be in the Location header.
fn look(seen: &Seen<'_>) -> Look {
    if seen.exchange.request.method != Method::POST || seen.answer.status != 201 {
        return Look::Elsewhere;
    }
    match seen.answer.header("location") {
        Some(location) if !location.is_empty() => Look::Kept,
        _ => Look::Broken { expected: "a Location header".to_owned(), actual: "201 without one".to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{exchange, says};

    #[test]
    fn a_created_resource_has_an_address() {
        let with =
            exchange("POST", "/Users", 201, &[("location", "https://app.example/scim/v2/Users/1")], "{}");
        let without = exchange("POST", "/Users", 201, &[], "{}");
        assert_eq!(says(&RULE, &with), Look::Kept);
        assert!(matches!(says(&RULE, &without), Look::Broken { .. }));
        assert_eq!(says(&RULE, &exchange("PUT", "/Users/1", 200, &[], "{}")), Look::Elsewhere);
    }
}
