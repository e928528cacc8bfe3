//! `client/attributes-or-excluded`.

use super::super::sent::Sent;
use super::{ClientRule, Fault, Look};
use crate::catalogue::Level;
use crate::rules::Place;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "attributes-or-excluded",
    title: "Attributes are chosen one way",
    what: "Every request with attributes or excludedAttributes: it has one of them.",
    why: "The two are mutually exclusive, and what a server makes of both is open (C39).",
    fix: "Send attributes or excludedAttributes.",
    level: Level::Should,
    source: "RFC 7644, section 3.9",
    requirements: &["RFC7644-3.9-L11"],
    softer: None,
    look,
};

/// RFC 7644, section 3.9 (C39).
fn look(sent: &Sent<'_>) -> Look {
    let has = |name: &str| match &sent.to {
        Place::Search(_) => sent.json().and_then(|json| json.get(name)).is_some_and(|value| !value.is_null()),
        _ => sent.parameter(name).is_some(),
    };
    let (chosen, excluded) = (has("attributes"), has("excludedAttributes"));
    let fault = vec![Fault::new("one of them", "attributes and excludedAttributes")];
    Look::if_any(chosen || excluded, if chosen && excluded { fault } else { Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{broken, kept, request, told};
    use super::*;

    #[test]
    fn they_exclude_each_other() {
        let get = |query: &str| told(&RULE, &request("GET", &format!("/Users?{query}"), ""));
        assert_eq!(get("attributes=id"), kept());
        assert_eq!(
            get("excludedAttributes=members&attributes=id"),
            broken("attributes and excludedAttributes")
        );
        assert_eq!(get("count=1"), None);
        let search = request("POST", "/.search", r#"{"attributes":["id"],"excludedAttributes":["members"]}"#);
        assert_eq!(told(&RULE, &search), broken("attributes and excludedAttributes"));
    }
}
