//! `rule/accepts-scim-json`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "accepts-scim-json",
    title: "The media type of SCIM is accepted",
    what: "Every request whose Accept or Content-Type names application/scim+json: the answer is neither \
          406 nor 415.",
    why: "A provider that follows the RFC is shut out altogether.",
    fix: "Accept application/scim+json, with and without parameters, in both headers.",
    requirements: &["RFC7644-3.8-L2", "RFC7644-3.8-L5"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.8 (C38: 406 fails).
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let header = |name: &str| {
        let all = seen.exchange.request.headers.iter();
        all.filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .any(|(_, value)| value.to_ascii_lowercase().contains("application/scim+json"))
    };
    let (accept, content) =
        (header("accept"), header("content-type") && seen.exchange.request.body.is_some());
    match seen.status() {
        406 if accept => Look::broken("an answer in application/scim+json", "406"),
        415 if content => Look::broken("a body in application/scim+json is read", "415"),
        _ if accept || content => Look::Kept,
        _ => Look::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{WithHeader, answer, broken, found, kept, sent};

    #[test]
    fn its_own_media_type_is_no_reason_to_refuse() {
        let with = |status, name: &str| {
            let mut exchange = sent("POST", "/Users", "{}", status, "");
            exchange.exchange_header(name, "application/scim+json; charset=utf-8");
            found(&RULE, &[exchange])
        };
        assert_eq!(with(201, "Content-Type"), kept());
        assert_eq!(with(415, "Content-Type"), broken("415"));
        assert_eq!(with(406, "Accept"), broken("406"));
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 406, "")]), None);
    }
}
