//! `rule/locations-agree`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "locations-agree",
    title: "Location, Content-Location and meta.location say the same",
    what: "Successful answers that show one resource and have a header Location or Content-Location: it \
          equals meta.location, both resolved against the URL of the request.",
    why: "A client that trusts the header and one that trusts the body end up at different accounts.",
    fix: "Take all of them from one function.",
    requirements: &["RFC7644-3.3-L4", "RFC7643-3.1-L21"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.3; RFC 7643, section 3.1 (C19).
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let told = seen.shown().and_then(|shown| shown.get("meta")?.get("location")?.as_str());
    let Some(location) = told else { return Look::Elsewhere };
    let resolve = |text: &str| url::Url::parse(&seen.exchange.url).and_then(|base| base.join(text)).ok();
    let headers: Vec<_> = ["location", "content-location"]
        .into_iter()
        .filter_map(|name| Some((name, seen.answer.header(name).filter(|value| !value.is_empty())?)))
        .collect();
    if headers.is_empty() {
        return Look::Elsewhere;
    }
    let other =
        headers.into_iter().filter(|(_, value)| *value != location && resolve(value) != resolve(location));
    Look::of(
        other
            .map(|(name, _)| {
                Wrong::new(
                    "the same address in the header and in meta.location",
                    format!("another in {name}"),
                )
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, exchange, found, kept};

    #[test]
    fn there_is_one_address() {
        let body = r#"{"id":"1","meta":{"location":"https://app.example/scim/v2/Users/1"}}"#;
        let with = |name, value| found(&RULE, &[exchange("POST", "/Users", 201, &[(name, value)], body)]);
        assert_eq!(with("location", "https://app.example/scim/v2/Users/1"), kept());
        assert_eq!(with("location", "/scim/v2/Users/1"), kept());
        assert_eq!(with("location", "https://app.example/scim/v2/Users/2"), broken("another in location"));
        assert_eq!(found(&RULE, &[answer("POST", "/Users", 201, body)]), None);
    }
}
