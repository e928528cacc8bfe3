//! `client/no-body-on-read`.

use http::Method;

use super::super::sent::{Body, Sent};
use super::{ClientRule, Fault, Look};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "no-body-on-read",
    title: "Who reads or deletes sends no body",
    what: "Every GET, HEAD and DELETE: it has no body.",
    why: "A body has no meaning there; servers and gateways drop it, or the request with it.",
    fix: "Send GET and DELETE without a body; put a long filter into POST /.search.",
    level: Level::Should,
    source: "RFC 9110, sections 9.3.1 and 9.3.5",
    requirements: &[],
    softer: None,
    look,
};

/// RFC 9110: a client SHOULD NOT generate content in these.
fn look(sent: &Sent<'_>) -> Look {
    if !matches!(*sent.method(), Method::GET | Method::HEAD | Method::DELETE) {
        return Look::Elsewhere;
    }
    let fault = || vec![Fault::new("no body", format!("a body with {}", sent.method()))];
    Look::of(if sent.body == Body::None { Vec::new() } else { fault() })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{broken, kept, request, told};
    use super::*;

    #[test]
    fn a_read_has_no_body() {
        assert_eq!(told(&RULE, &request("GET", "/Users", "")), kept());
        assert_eq!(told(&RULE, &request("DELETE", "/Users/1", "{}")), broken("a body with DELETE"));
        assert_eq!(told(&RULE, &request("POST", "/Users", "{}")), None);
    }
}
