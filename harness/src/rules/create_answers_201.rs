//! `rule/create-answers-201`.

use http::Method;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{Place, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "create-answers-201",
    title: "A create that is carried out is answered with 201",
    what: "Every successful answer to a POST to an endpoint of resources.",
    why: "A client that gets 200 cannot tell a new account from one that was there; some take it for a \
          failure.",
    fix: "Answer 201 with the new resource and its Location.",
    requirements: &["RFC7644-3.3-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.3. An asynchronous answer is asked for with Prefer (RFC 9967).
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let created = seen.method() == Method::POST && matches!(seen.to, Place::Endpoint(_));
    let asynchronous = seen.status() == 202
        && seen.exchange.request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("prefer"));
    if !created || !seen.answer.is_success() || asynchronous {
        return Look::Elsewhere;
    }
    Look::kept_if(seen.status() == 201, "201", seen.status().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn only_201_says_that_something_is_new() {
        assert_eq!(found(&RULE, &[answer("POST", "/Users", 201, "{}")]), kept());
        assert_eq!(found(&RULE, &[answer("POST", "/Groups", 200, "{}")]), broken("200"));
        assert_eq!(found(&RULE, &[answer("POST", "/Users/.search", 200, "{}")]), None);
        assert_eq!(found(&RULE, &[answer("POST", "/Users", 409, "{}")]), None);
    }
}
