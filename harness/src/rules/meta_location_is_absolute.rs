//! `rule/meta-location-is-absolute`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "meta-location-is-absolute",
    title: "meta.location is a whole URI",
    what: "meta.location of every resource in a successful answer begins with a scheme (derived: section \
          3.1 calls it the URI of the resource; section 2.3.7 lets references be relative).",
    why: "A client that was not told the base URL cannot follow \"Users/123\".",
    fix: "Write the public base URL before the path, the one behind which the server is reached.",
    requirements: &["RFC7643-3.1-L20"],
    softer: Some("section 2.3.7 lets references be relative"),
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 3.1; RFC 3986, section 3.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let locations: Vec<_> = seen
        .resources()
        .into_iter()
        .filter_map(|resource| resource.get("meta")?.get("location")?.as_str())
        .collect();
    if locations.is_empty() {
        return Look::Elsewhere;
    }
    let relative = locations.into_iter().any(|location| url::Url::parse(location).is_err());
    Look::kept_if(!relative, "a URI with scheme and host", "a relative meta.location")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case("https://app.example/Users/1", kept())]
    #[case("/Users/1", broken("a relative meta.location"))]
    fn an_address_is_whole(#[case] location: &str, #[case] told: Option<Vec<String>>) {
        let body = format!(r#"{{"id":"1","meta":{{"location":"{location}"}}}}"#);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, &body)]), told);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, r#"{"id":"1"}"#)]), None);
    }
}
