//! `client/content-type`.

use super::super::sent::{Body, Sent};
use super::{ClientRule, Fault, Look, shown};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "content-type",
    title: "A body says that it is JSON",
    what: "Every body that is sent: Content-Type is application/scim+json or application/json, with or without parameters.",
    why: "A server that goes by the media type refuses the request with 415, or reads a form.",
    fix: "Send Content-Type: application/scim+json with every body.",
    level: Level::Must,
    source: "RFC 7644, sections 3.1 and 8.1",
    requirements: &["RFC7644-3.8-L5"],
    softer: None,
    look,
};

/// RFC 7644, section 3.1: messages are JSON, of this media type unless another format is named.
fn look(sent: &Sent<'_>) -> Look {
    if sent.body == Body::None || sent.exchange.request.headers.is_empty() {
        return Look::Elsewhere;
    }
    let expected = "application/scim+json";
    let Some(given) = sent.header("content-type") else {
        // What keeps no request headers says nothing about this one.
        let looked = sent.has_headers();
        return Look::if_any(looked, vec![Fault::new(expected, "a body without Content-Type")]);
    };
    let media_type = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if ["application/scim+json", "application/json"].contains(&media_type.as_str()) {
        return Look::Kept;
    }
    Look::of(vec![Fault::new(expected, shown(&media_type))])
}

#[cfg(test)]
mod tests {
    use super::super::tests::{broken, kept, request, told, with};
    use super::*;

    #[test]
    fn a_body_is_labelled_as_json() {
        let post = |kind: &str| told(&RULE, &with(request("POST", "/Users", "{}"), "content-type", kind));
        assert_eq!(post("application/scim+json; charset=utf-8"), kept());
        assert_eq!(post("Application/JSON"), kept());
        assert_eq!(post("text/plain"), broken("text/plain"));
        let bare = with(request("POST", "/Users", "{}"), "Accept", "*/*");
        assert_eq!(told(&RULE, &bare), broken("a body without Content-Type"));
        assert_eq!(told(&RULE, &request("POST", "/Users", "{}")), None);
        assert_eq!(told(&RULE, &with(request("GET", "/Users", ""), "Accept", "*/*")), None);
    }
}
