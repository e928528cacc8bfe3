//! `rule/gateway-error-has-scim-body`.

use http::Method;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{ERROR, Seen, names_schema};

pub(super) static RULE: Rule = Rule {
    slug: "gateway-error-has-scim-body",
    title: "An error that a gateway may send is told in a SCIM error body too",
    what: "Answers of status 401, 429, 502, 503 and 504: a JSON object whose schemas name the Error \
          message.",
    why: "A provider that is told to wait or that its token is wrong shows its administrator the body; a \
          page of the gateway's tells nobody what to do.",
    fix: "Have the gateway answer with a SCIM error body, or let the server answer itself.",
    requirements: &["RFC7644-3.2-L4"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.2: errors SHOULD use the status and repeat it in the body.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if !seen.is_of_a_gateway() || seen.method() == Method::HEAD {
        return Look::Elsewhere;
    }
    let what = match &seen.json {
        Some(json) if names_schema(json, ERROR) => return Look::Kept,
        Some(_) => "JSON that is no SCIM error",
        None if seen.answer.body.is_empty() => "no body",
        None if seen.is_html() => "an HTML page",
        None => "a text",
    };
    Look::broken(format!("a body with schemas [{ERROR:?}]"), format!("status {} with {what}", seen.status()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(401, r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"401"}"#, kept())]
    #[case(429, "Too Many Requests", broken("status 429 with a text"))]
    #[case(502, "<html></html>", broken("status 502 with an HTML page"))]
    #[case(401, "", broken("status 401 with no body"))]
    #[case(404, "", None)]
    fn what_a_gateway_says_is_read_by_scim_clients(
        #[case] status: u16,
        #[case] body: &str,
        #[case] told: Option<Vec<String>>,
    ) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", status, body)]), told);
    }
}
