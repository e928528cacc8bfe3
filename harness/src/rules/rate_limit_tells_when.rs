//! `rule/rate-limit-tells-when`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "rate-limit-tells-when",
    title: "Who is told to slow down is told for how long",
    what: "Every answer of status 429: the header Retry-After.",
    why: "Without it a provider guesses: Okta waits five minutes for a limit that would have passed in one \
          second.",
    fix: "Send Retry-After with every 429, in seconds.",
    requirements: &["IPSIE-4.3-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// IPSIE profile for SCIM, section 4.3; RFC 6585, section 4, says MAY.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if seen.status() != 429 {
        return Look::Elsewhere;
    }
    Look::kept_if(seen.answer.header("retry-after").is_some(), "Retry-After", "429 without it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, exchange, found, kept};

    #[test]
    fn a_limit_has_an_end() {
        assert_eq!(found(&RULE, &[exchange("GET", "/Users", 429, &[("retry-after", "1")], "")]), kept());
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 429, "")]), broken("429 without it"));
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 200, "{}")]), None);
    }
}
