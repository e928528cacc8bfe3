//! `rule/refusal-names-its-schemes`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "refusal-names-its-schemes",
    title: "A 401 says how to authenticate",
    what: "Every answer of status 401: the header WWW-Authenticate.",
    why: "A client that is refused without a word cannot tell a wrong token from a wrong scheme.",
    fix: "Send WWW-Authenticate: Bearer with every 401 (RFC 7235, section 3.1).",
    requirements: &["RFC7644-2-L1"],
    softer: Some("the answer may come from a gateway"),
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 2: the schemes SHALL be announced.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if seen.status() != 401 {
        return Look::Elsewhere;
    }
    Look::kept_if(seen.answer.header("www-authenticate").is_some(), "WWW-Authenticate", "401 without it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, exchange, found, kept};

    #[test]
    fn a_refusal_names_a_scheme() {
        assert_eq!(
            found(&RULE, &[exchange("GET", "/Users", 401, &[("www-authenticate", "Bearer")], "")]),
            kept()
        );
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 401, "")]), broken("401 without it"));
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 403, "")]), None);
    }
}
