//! `rule/no-server-error`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "no-server-error",
    title: "No request makes the server fail",
    what: "The status of every answer: not 500 and not another 5xx, but 501 (not supported) and what \
          gateways send (502, 503, 504). Derived: table 8 has a 4xx for every mistake of a client.",
    why: "A provider takes a 5xx for a passing failure and sends the same request again for hours, then \
          puts the application into quarantine.",
    fix: "Find the cause in the server's log; check what the request holds and answer a 4xx that says what \
          is wrong with it.",
    requirements: &["RFC7644-3.12-L7", "RFC7644-3.12-L5"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.12, table 8.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if seen.is_of_a_gateway() {
        return Look::Elsewhere;
    }
    let failed = seen.status() >= 500 && seen.status() != 501;
    Look::kept_if(!failed, "an answer below 500", format!("{} answered {}", seen.request(), seen.status()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn a_crash_is_seen_whatever_was_asked() {
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 200, "{}")]), kept());
        assert_eq!(found(&RULE, &[answer("POST", "/Users", 500, "{}")]), broken("POST /Users answered 500"));
        assert_eq!(found(&RULE, &[answer("POST", "/Bulk", 501, "{}")]), kept());
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 503, "")]), None);
    }
}
