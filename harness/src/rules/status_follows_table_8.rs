//! `rule/status-follows-table-8`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "status-follows-table-8",
    title: "Errors use the statuses of RFC 7644, or those that HTTP has for its own matters",
    what: "The status of every answer from 300 on.",
    why: "Providers know the statuses of table 8; what they make of a 422 or a 302 is anybody's guess, \
          often a retry for hours.",
    fix: "Answer 400 with a scimType where the request is wrong, 404 where the resource is not there; \
          redirect with 307 or 308 only.",
    requirements: &["RFC7644-3.12-L5"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.12, table 8, and the statuses of RFC 9110 that the transport itself needs.
const KNOWN: [u16; 22] = [
    304, 307, 308, 400, 401, 403, 404, 405, 406, 408, 409, 411, 412, 413, 414, 415, 429, 431, 500, 501, 503,
    504,
];

fn look(seen: &Seen<'_>, _: &Known) -> Look {
    // 502 is a gateway's, 428 asks for If-Match (RFC 6585).
    if seen.status() < 300 || matches!(seen.status(), 428 | 502) {
        return Look::Elsewhere;
    }
    Look::kept_if(KNOWN.contains(&seen.status()), "a status of table 8", seen.status().to_string())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(404, kept())]
    #[case(422, broken("422"))]
    #[case(302, broken("302"))]
    #[case(200, None)]
    fn a_status_is_one_that_providers_know(#[case] status: u16, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("POST", "/Users", status, "")]), told);
    }
}
