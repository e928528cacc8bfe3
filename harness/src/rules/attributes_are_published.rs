//! `rule/attributes-are-published`.

use super::Rule;
use super::known::{Known, find, split_urn};
use super::resource_walk::walk;
use super::scope::{Look, Need, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "attributes-are-published",
    title: "A resource has only attributes that /Schemas publishes",
    what: "Every attribute of every resource in a successful answer, against /Schemas (derived: there is a \
          schema for all that a resource uses; C15: what is stored and returned although no schema has it \
          fails).",
    why: "Unknown attributes are how a misread request shows: {\"name.givenName\": \"Ada\"} stored under \
          that very name means that the real name was never changed.",
    fix: "Drop or refuse attributes that no schema defines, and publish those that the server adds itself.",
    requirements: &["RFC7643-7-L1"],
    softer: None,
    needs: &[Need::Schemas],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 7; C15.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let Some(endpoint) = seen.endpoint() else { return Look::Elsewhere };
    let (mut wrongs, mut looked) = (Vec::new(), false);
    for resource in seen.resources() {
        walk(resource, endpoint, known, &mut |visit| {
            looked = true;
            if visit.published.is_some() {
                return;
            }
            let whole = visit.path.to_string();
            let lower = visit.name.to_ascii_lowercase();
            // An extension's object is a matter of `schemas`; $ref and display belong to every reference.
            let other_rules = lower.starts_with("urn:") && visit.value.is_object();
            let path = split_urn(&whole).1;
            let part_of_reference = path.contains('.')
                && ["$ref", "display", "type", "primary"].contains(&lower.as_str())
                && !visit.name.contains('.');
            // A password is a rule of its own, and one at the top that belongs to an extension is misplaced.
            let misplaced = !path.contains('.') && path == whole && in_an_extension(&lower, endpoint, known);
            if !other_rules && !part_of_reference && lower != "password" && !misplaced {
                let what = if visit.name.contains(['.', '[']) && !whole.contains(':') {
                    "a member named like a path".to_owned()
                } else {
                    format!("{} in {endpoint}", bounded_name(&whole))
                };
                wrongs.push(Wrong::new("attributes of the published schemas", what));
            }
        });
    }
    if looked { Look::of(wrongs) } else { Look::Elsewhere }
}

fn in_an_extension(name: &str, endpoint: &str, known: &Known) -> bool {
    let (Some(kind), Some(schemas)) = (known.resource_type(endpoint), &known.schemas) else { return false };
    kind.extensions
        .iter()
        .filter_map(|urn| schemas.of(urn))
        .any(|attributes| find(attributes, name).is_some())
}

/// A name that can be shown: what is no attribute name may be anybody's data.
fn bounded_name(path: &str) -> &str {
    let name = path.rsplit(':').next().unwrap_or(path);
    let is_name = name.len() <= 60 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_$.".contains(c));
    if is_name { name } else { "a member that is no attribute name" }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"id":"1","externalId":"x","meta":{},"userName":"ada"}"#, kept())]
    #[case(r#"{"userName":"ada","favouriteColour":"red"}"#, broken("favouriteColour in Users"))]
    #[case(r#"{"userName":"ada","name.givenName":"Ada"}"#, broken("a member named like a path"))]
    #[case(r#"{"emails":[{"value":"a","colour":"red"}]}"#, broken("emails.colour in Users"))]
    #[case(r#"{"userName":"ada","urn:x":{"a":"b"},"department":"x"}"#, kept())]
    #[case(r#"{"schemas":["urn:x"]}"#, None)]
    fn nothing_unknown_comes_back(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
    }
}
