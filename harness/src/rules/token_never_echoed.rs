//! `rule/token-never-echoed`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "token-never-echoed",
    title: "The token of a request comes back in no answer",
    what: "Every answer: neither the bearer token that the target was called with nor one that the request \
          brought stands in it (derived from section 7.4: tokens are protected from disclosure).",
    why: "Answers end up in logs and in the administrator's browser; whoever reads the token there has \
          every account.",
    fix: "Leave the Authorization header out of error messages and debug output.",
    requirements: &["RFC7644-7.4-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 7.4, and RFC 6750, section 5.2.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    if seen.answer.body.is_empty() && seen.answer.headers.is_empty() {
        return Look::Elsewhere;
    }
    let text = String::from_utf8_lossy(&seen.answer.body);
    let brought =
        seen.exchange.request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let tokens =
        brought.filter_map(|(_, value)| value.split_whitespace().nth(1)).filter(|token| token.len() >= 12);
    let echoed = tokens.into_iter().any(|token| text.contains(token));
    // Where a way in is asked for, secrets come back in a success. A password that was sent is another rule's; the
    // credentials of the target are in no body that is sent.
    let sent = seen.exchange.request.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let masked =
        seen.status() >= 400 && known.secrets.scrub(&text) != text && known.secrets.scrub(&sent) == sent;
    Look::kept_if(!echoed && !masked, "no token", format!("the token in the answer to {}", seen.request()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{WithHeader, answer, broken, found, kept};

    #[test]
    fn a_token_is_found_whoever_sent_it() {
        let told = |body: &str| found(&RULE, &[answer("GET", "/Users", 401, body)]);
        assert_eq!(told("no such token"), kept());
        assert_eq!(told("no such token: t0p-s3cret-token"), broken("the token in the answer to GET /Users"));
        let mut own = answer("GET", "/Users", 400, "cannot read abcdefghijklmnop");
        own.exchange_header("Authorization", "Bearer abcdefghijklmnop");
        assert_eq!(found(&RULE, &[own]), broken("the token in the answer to GET /Users"));
        assert_eq!(found(&RULE, &[answer("DELETE", "/Users/1", 204, "")]), None);
    }
}
