//! `client/accepts-json`.

use super::super::sent::Sent;
use super::{ClientRule, Fault, Look};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "accepts-json",
    title: "The client accepts what servers answer",
    what: "Every Accept header: it lets application/scim+json or application/json through.",
    why: "A server that goes by Accept answers 406, or in a format that the client cannot read.",
    fix: "Send Accept: application/scim+json, or no Accept at all.",
    level: Level::Should,
    source: "RFC 7644, section 3.8",
    requirements: &["RFC7644-3.8-L2", "RFC7644-3.8-L3"],
    softer: None,
    look,
};

/// RFC 7644, section 3.8.
fn look(sent: &Sent<'_>) -> Look {
    let accepts: Vec<&str> = sent
        .exchange
        .request
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("accept"))
        .map(|(_, value)| value.as_str())
        .collect();
    if accepts.is_empty() {
        return Look::Elsewhere;
    }
    let json = ["application/scim+json", "application/json", "application/*", "*/*"];
    let lets = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next().unwrap_or_default().to_ascii_lowercase();
        // RFC 9110, section 12.4.2: a weight of zero is a refusal.
        let refused = parts.any(|part| {
            let weight = part.to_ascii_lowercase();
            weight.strip_prefix("q=").is_some_and(|weight| weight.parse::<f32>().is_ok_and(|q| q <= 0.0))
        });
        !refused && json.contains(&named.as_str())
    };
    let kept = accepts.iter().flat_map(|accept| accept.split(',')).any(lets);
    let fault = Fault::new("Accept: application/scim+json", "an Accept that lets no JSON through");
    Look::of(if kept { Vec::new() } else { vec![fault] })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, request, told, with};
    use super::*;

    #[rstest]
    #[case("application/scim+json", kept())]
    #[case("text/html, application/json;q=0.9", kept())]
    #[case("*/*", kept())]
    #[case("application/xml", broken("an Accept that lets no JSON through"))]
    #[case("application/json;q=0", broken("an Accept that lets no JSON through"))]
    fn json_is_let_through(#[case] accept: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &with(request("GET", "/Users", ""), "Accept", accept)), said);
        assert_eq!(told(&RULE, &request("GET", "/Users", "")), None);
    }
}
