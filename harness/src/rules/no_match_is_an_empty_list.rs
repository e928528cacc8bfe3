//! `rule/no-match-is-an-empty-list`.

use scimspec_mock_idp::exchange::Destination;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{Place, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "no-match-is-an-empty-list",
    title: "A query without a match is answered with an empty list",
    what: "Every query of an endpoint of resources with a filter: the status is not 404 (C43).",
    why: "A provider looks somebody up before it creates them; a 404 there is an error of the \
          application's, and the person is never created.",
    fix: "Answer 200 with totalResults 0.",
    requirements: &["RFC7644-3.4.2-L4"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.4.2. An endpoint that is not there at all is another matter, and `/Users/` is not `/Users`: no RFC
/// says that it is served.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let served = seen.endpoint().is_some_and(|name| name == "Users" || known.resource_type(name).is_some());
    let Destination::Scim(target) = &seen.exchange.request.to else { return Look::Elsewhere };
    let slashed = target.split('?').next().is_some_and(|path| path.ends_with('/'));
    if slashed
        || !seen.is_query()
        || matches!(seen.to, Place::Search(_))
        || seen.asked.filter.is_none()
        || !served
    {
        return Look::Elsewhere;
    }
    Look::kept_if(seen.status() != 404, "200 with totalResults 0", "404")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn nobody_there_is_no_error() {
        let target = "/Users?filter=userName%20eq%20%22ada%22";
        assert_eq!(found(&RULE, &[answer("GET", target, 200, r#"{"totalResults":0}"#)]), kept());
        assert_eq!(found(&RULE, &[answer("GET", target, 404, "")]), broken("404"));
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 404, "")]), None);
        assert_eq!(found(&RULE, &[answer("GET", &target.replace('?', "/?"), 404, "")]), None);
    }
}
