//! `rule/meta-is-there`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "meta-is-there",
    title: "Every resource has meta, with its type and its address",
    what: "Every whole resource in a successful answer: meta is an object with resourceType and location.",
    why: "A client that manages several types tells them apart by resourceType; location is the only \
          address that the server itself gives.",
    fix: "Return meta with resourceType, created, lastModified and location from every verb, in lists too.",
    requirements: &["RFC7643-3.1-L2", "RFC7644-3.4-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 3.1: assigned by the service provider, returned by default.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let resources = seen.whole_resources();
    if resources.is_empty() {
        return Look::Elsewhere;
    }
    let mut wrongs = Vec::new();
    let place = if seen.is_query() { "a list" } else { seen.method().as_str() };
    for resource in resources {
        let Some(meta) = resource.get("meta").filter(|meta| meta.is_object()) else {
            wrongs.push(Wrong::new("meta: an object", format!("no meta in the answer to {place}")));
            continue;
        };
        for name in ["resourceType", "location"] {
            if meta.get(name).is_none_or(Value::is_null) {
                wrongs.push(Wrong::new(
                    format!("meta.{name}"),
                    format!("no meta.{name} in the answer to {place}"),
                ));
            }
        }
    }
    Look::of(wrongs)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(
        r#"{"id":"1","meta":{"resourceType":"User","location":"https://app.example/scim/v2/Users/1"}}"#,
        kept()
    )]
    #[case(r#"{"id":"1","meta":{"resourceType":"User"}}"#, broken("no meta.location in the answer to GET"))]
    #[case(r#"{"id":"1"}"#, broken("no meta in the answer to GET"))]
    fn a_resource_says_what_and_where_it_is(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1?attributes=id", 200, body)]), None);
    }
}
