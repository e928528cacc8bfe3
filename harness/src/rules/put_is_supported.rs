//! `rule/put-is-supported`.

use http::Method;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{Place, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "put-is-supported",
    title: "A resource can be replaced by PUT",
    what: "Every PUT of a user or group: the answer is not that the method is not supported (405, 501).",
    why: "Several templates of Okta's deactivate by PUT; where it is refused, the person stays active.",
    fix: "Implement PUT for every resource that can be changed; PATCH is the optional one.",
    requirements: &["RFC7644-3.5-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.5: PUT is mandatory.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if seen.method() != Method::PUT || !matches!(seen.to, Place::Resource(..)) {
        return Look::Elsewhere;
    }
    let refused = matches!(seen.status(), 405 | 501);
    Look::kept_if(!refused, "PUT is carried out", format!("{} answered {}", seen.request(), seen.status()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn a_method_that_must_be_there_is_there() {
        assert_eq!(found(&RULE, &[answer("PUT", "/Users/1", 200, "{}")]), kept());
        assert_eq!(
            found(&RULE, &[answer("PUT", "/Groups/1", 405, "")]),
            broken("PUT /Groups/{id} answered 405")
        );
        assert_eq!(found(&RULE, &[answer("PATCH", "/Users/1", 405, "")]), None);
        assert_eq!(found(&RULE, &[answer("PUT", "/Schemas/x", 405, "")]), None);
    }
}
