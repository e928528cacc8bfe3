//! `rule/missing-capabilities-are-missing`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "missing-capabilities-are-missing",
    title: "What the server says it does not support is not there",
    what: "PATCH and bulk requests where /ServiceProviderConfig says that they are not supported: they are \
          not carried out.",
    why: "A client that believes the configuration works the long way round, or not at all, although it \
          need not.",
    fix: "Say in /ServiceProviderConfig what the server does.",
    requirements: &["RFC7643-5-L1", "RFC7643-5-L2"],
    softer: Some("more than was announced harms nobody who reads the announcement"),
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 5. What a server makes of a filter that it does not support is open (C37).
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let used =
        super::announced_capabilities_work::used(seen).filter(|name| matches!(*name, "patch" | "bulk"));
    let Some(capability) = used.filter(|name| known.supports(name) == Some(false)) else {
        return Look::Elsewhere;
    };
    let expected = format!("501 where {capability}.supported is false");
    Look::kept_if(
        !seen.answer.is_success(),
        expected,
        format!("{} answered {}", seen.request(), seen.status()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn what_is_denied_is_not_there() {
        assert_eq!(found(&RULE, &[answer("POST", "/Bulk", 501, "")]), kept());
        assert_eq!(found(&RULE, &[answer("POST", "/Bulk", 200, "{}")]), broken("POST /Bulk answered 200"));
        assert_eq!(found(&RULE, &[answer("PATCH", "/Users/1", 204, "")]), None);
    }
}
