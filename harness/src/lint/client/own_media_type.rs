//! `client/own-media-type`.

use super::super::sent::{Body, Sent};
use super::{ClientRule, Fault, Look, onelogin};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "own-media-type",
    title: "A body has SCIM's own media type",
    what: "Every body that is sent as JSON: Content-Type is application/scim+json, not application/json.",
    why: "Servers ought to take both; some take only the one that the RFC registers.",
    fix: "Send Content-Type: application/scim+json.",
    level: Level::May,
    source: "RFC 7644, section 8.1",
    requirements: &["RFC7644-3.8-L6"],
    softer: None,
    look,
};

/// RFC 7644, section 3.8: application/json is tolerated.
fn look(sent: &Sent<'_>) -> Look {
    let Some(given) = sent.header("content-type").filter(|_| sent.body != Body::None) else {
        return Look::Elsewhere;
    };
    let media_type = given.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/scim+json") {
        return Look::Kept;
    }
    let is_json = media_type.eq_ignore_ascii_case("application/json");
    let fault = Fault::new("application/scim+json", "application/json").by(onelogin());
    Look::if_any(is_json, vec![fault])
}

#[cfg(test)]
mod tests {
    use super::super::tests::{broken, kept, request, told, with};
    use super::*;

    #[test]
    fn plain_json_is_noted() {
        let post = |kind: &str| told(&RULE, &with(request("POST", "/Users", "{}"), "Content-Type", kind));
        assert_eq!(post("application/scim+json; charset=utf-8"), kept());
        assert_eq!(post("application/json"), broken("application/json [OneLogin]"));
        assert_eq!(post("text/plain"), None);
        let bodiless = with(request("GET", "/Users", ""), "Content-Type", "application/json");
        assert_eq!(told(&RULE, &bodiless), None);
    }
}
