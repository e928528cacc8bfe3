//! `rule/attributes-in-their-place`.

use serde_json::Value;

use super::Rule;
use super::known::{Known, find};
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "attributes-in-their-place",
    title: "Core attributes stand at the top, those of an extension below its URN",
    what: "Every resource in a successful answer: no object below the URN of its base schema, and no \
          attribute at the top that only an extension publishes.",
    why: "Google Workspace and others find no userName below a URN and take the user for empty.",
    fix: "Write core attributes as members of the resource itself, extension attributes into one object \
          named by the extension's URN.",
    requirements: &["RFC7643-3-L5"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 3.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let Some(endpoint) = seen.endpoint() else { return Look::Elsewhere };
    let (Some(base), resources) = (known.base_schema(endpoint), seen.resources()) else {
        return Look::Elsewhere;
    };
    if resources.is_empty() {
        return Look::Elsewhere;
    }
    let mut wrongs = Vec::new();
    for name in resources.into_iter().filter_map(Value::as_object).flatten().map(|(name, _)| name) {
        if name.eq_ignore_ascii_case(base) {
            wrongs.push(Wrong::new(
                "core attributes at the top",
                "core attributes below the URN of their schema",
            ));
        } else if let Some(attribute) = misplaced(name, endpoint, known) {
            wrongs.push(Wrong::new(
                format!("{attribute} below the URN of its extension"),
                format!("{attribute} at the top"),
            ));
        }
    }
    Look::of(wrongs)
}

/// An attribute that the base schema does not have and an extension of the type has.
fn misplaced<'k>(name: &str, endpoint: &str, known: &'k Known) -> Option<&'k str> {
    let (base, schemas) = (known.attributes(endpoint)?, known.schemas.as_ref()?);
    let common = ["id", "externalid", "meta", "schemas"].contains(&name.to_ascii_lowercase().as_str());
    if common || find(base, name).is_some() {
        return None;
    }
    let extensions = known.resource_type(endpoint)?.extensions.iter().filter_map(|urn| schemas.of(urn));
    extensions
        .into_iter()
        .find_map(|attributes| find(attributes, name))
        .map(|attribute| attribute.name.as_str())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"id":"1","userName":"ada","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"x"}}"#, kept())]
    #[case(
        r#"{"id":"1","urn:ietf:params:scim:schemas:core:2.0:User":{"userName":"ada"}}"#,
        broken("core attributes below the URN of their schema")
    )]
    #[case(r#"{"id":"1","department":"x"}"#, broken("department at the top"))]
    fn everything_stands_where_it_belongs(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
        assert_eq!(found(&RULE, &[answer("GET", "/Schemas/x", 200, body)]), None);
    }
}
