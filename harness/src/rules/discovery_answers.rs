//! `rule/discovery-answers`.

use http::Method;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{Place, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "discovery-answers",
    title: "The discovery endpoints answer",
    what: "GET of /ServiceProviderConfig, /Schemas and /ResourceTypes: the status is not 404, 405 or 501, \
          with credentials.",
    why: "Without them a client guesses what the server can do; Entra's gallery demands them.",
    fix: "Serve all three documents to whoever may read resources, and answer them without further \
          parameters.",
    requirements: &["RFC7644-4-L1", "RFC7644-4-L2", "RFC7644-4-L5"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 4. A filter there is refused with 403, which is right.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if !matches!(seen.to, Place::Discovery(_, false))
        || seen.method() != Method::GET
        || seen.asked.filter.is_some()
    {
        return Look::Elsewhere;
    }
    let missing = matches!(seen.status(), 404 | 405 | 501);
    Look::kept_if(!missing, "200 with the document", format!("{} answered {}", seen.request(), seen.status()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn what_the_server_can_do_is_told() {
        assert_eq!(found(&RULE, &[answer("GET", "/Schemas", 200, "{}")]), kept());
        assert_eq!(
            found(&RULE, &[answer("GET", "/ResourceTypes", 404, "")]),
            broken("GET /ResourceTypes answered 404")
        );
        assert_eq!(found(&RULE, &[answer("POST", "/Schemas", 405, "")]), None);
        assert_eq!(found(&RULE, &[answer("GET", "/Schemas/urn:none", 404, "")]), None);
    }
}
