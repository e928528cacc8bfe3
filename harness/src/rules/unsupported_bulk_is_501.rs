//! `rule/unsupported-bulk-is-501`.

use http::Method;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{Place, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "unsupported-bulk-is-501",
    title: "A server without bulk says so with 501",
    what: "POST /Bulk where /ServiceProviderConfig says bulk.supported is false: the answer is 501 (derived \
          from table 8).",
    why: "A 404 there looks like a wrong base URL.",
    fix: "Answer 501 with a SCIM error.",
    requirements: &["RFC7644-3.7-L14"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.12, table 8 (C37: 404 and 405 are warnings).
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let refused = seen.to == Place::Bulk && seen.method() == Method::POST && !seen.answer.is_success();
    if !refused || seen.is_of_a_gateway() || known.supports("bulk") != Some(false) {
        return Look::Elsewhere;
    }
    Look::kept_if(seen.status() == 501, "501", seen.status().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn a_missing_operation_is_named_as_such() {
        assert_eq!(found(&RULE, &[answer("POST", "/Bulk", 501, "{}")]), kept());
        assert_eq!(found(&RULE, &[answer("POST", "/Bulk", 404, "")]), broken("404"));
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 404, "")]), None);
    }
}
