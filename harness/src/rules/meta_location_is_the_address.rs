//! `rule/meta-location-is-the-address`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;
use super::words::last_segment;

pub(super) static RULE: Rule = Rule {
    slug: "meta-location-is-the-address",
    title: "meta.location leads to the resource",
    what: "meta.location of every resource in a successful answer: its last part is the id, and the one \
          before it the endpoint.",
    why: "A client that follows the address reads, or changes, another account.",
    fix: "Build meta.location from the endpoint and the id of the very resource.",
    requirements: &["RFC7643-3.1-L20", "RFC7644-3.3-L4"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 3.1. The host is not compared: servers are reached under several names.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let Some(endpoint) = seen.endpoint() else { return Look::Elsewhere };
    let placed: Vec<(&str, &str)> = seen
        .resources()
        .into_iter()
        .filter_map(|resource| {
            Some((resource.get("id")?.as_str()?, resource.get("meta")?.get("location")?.as_str()?))
        })
        .collect();
    if placed.is_empty() {
        return Look::Elsewhere;
    }
    let wrongs = placed.into_iter().filter_map(|(id, location)| {
        let path = location.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        if last_segment(location) != id {
            Some("an address that ends in something else than the id")
        } else if !last_segment(parent).eq_ignore_ascii_case(endpoint) {
            Some("an address of another endpoint")
        } else {
            None
        }
    });
    Look::of(
        wrongs.map(|actual| Wrong::new(format!("meta.location: .../{endpoint}/{{id}}"), actual)).collect(),
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case("https://app.example/scim/v2/Users/a%20b", kept())]
    #[case(
        "https://app.example/scim/v2/Users/7",
        broken("an address that ends in something else than the id")
    )]
    #[case("https://app.example/scim/v2/Groups/a%20b", broken("an address of another endpoint"))]
    fn an_address_leads_there(#[case] location: &str, #[case] told: Option<Vec<String>>) {
        let body = format!(r#"{{"id":"a b","meta":{{"location":"{location}"}}}}"#);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/a%20b", 200, &body)]), told);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, r#"{"id":"1"}"#)]), None);
    }
}
