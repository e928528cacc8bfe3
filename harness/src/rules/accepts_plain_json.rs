//! `rule/accepts-plain-json`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "accepts-plain-json",
    title: "Plain JSON is accepted too",
    what: "Every request whose Accept or Content-Type names application/json (and not SCIM's own type): the \
          answer is neither 406 nor 415.",
    why: "Several providers send application/json, some of them depending on the version.",
    fix: "Treat application/json as application/scim+json in both headers.",
    requirements: &["RFC7644-3.8-L3", "RFC7644-3.8-L6"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.8: derived from "clients ... using application/json".
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let header = |name: &str| {
        let all = seen.exchange.request.headers.iter();
        all.filter(|(n, _)| n.eq_ignore_ascii_case(name)).any(|(_, value)| {
            let kinds = value.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
            kinds.into_iter().any(|kind| kind.eq_ignore_ascii_case("application/json"))
        })
    };
    let (accept, content) =
        (header("accept"), header("content-type") && seen.exchange.request.body.is_some());
    match seen.status() {
        406 if accept => Look::broken("an answer", "406"),
        415 if content => Look::broken("a body in application/json is read", "415"),
        _ if accept || content => Look::Kept,
        _ => Look::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{WithHeader, answer, broken, found, kept, sent};

    #[test]
    fn plain_json_is_no_reason_to_refuse() {
        let with = |status, name: &str| {
            let mut exchange = sent("POST", "/Users", "{}", status, "");
            exchange.exchange_header(name, "application/json");
            found(&RULE, &[exchange])
        };
        assert_eq!(with(201, "Content-Type"), kept());
        assert_eq!(with(415, "Content-Type"), broken("415"));
        assert_eq!(with(406, "Accept"), broken("406"));
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 406, "")]), None);
    }
}
