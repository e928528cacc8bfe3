//! `rule/extension-is-listed`.

use serde_json::Value;

use super::Rule;
use super::history::is_unassigned;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{Seen, names_schema};

pub(super) static RULE: Rule = Rule {
    slug: "extension-is-listed",
    title: "A resource with data of an extension names the extension",
    what: "Every whole resource in a successful answer: each member whose name is a URN stands in schemas \
          (derived from section 3: schemas are the namespaces of the attributes present).",
    why: "A client that reads schemas first does not see the department that stands below an unlisted URN.",
    fix: "Add the URN to schemas when data of the extension is there, also after a PATCH.",
    requirements: &["RFC7643-3-L6"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 3.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let with: Vec<_> =
        seen.whole_resources().into_iter().filter(|r| extensions(r).next().is_some()).collect();
    if with.is_empty() {
        return Look::Elsewhere;
    }
    let unlisted = with.into_iter().any(|r| extensions(r).any(|urn| !names_schema(r, urn)));
    Look::kept_if(
        !unlisted,
        "the URN of the extension in schemas",
        "data below a URN that schemas does not name",
    )
}

fn extensions(resource: &Value) -> impl Iterator<Item = &str> {
    let members = resource.as_object().into_iter().flatten();
    members
        .filter(|(name, value)| {
            name.to_ascii_lowercase().starts_with("urn:") && value.is_object() && !is_unassigned(value)
        })
        .map(|(name, _)| name.as_str())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"id":"1","schemas":["urn:x"],"urn:x":{"a":"b"}}"#, kept())]
    #[case(
        r#"{"id":"1","schemas":["urn:y"],"urn:x":{"a":"b"}}"#,
        broken("data below a URN that schemas does not name")
    )]
    #[case(r#"{"id":"1","schemas":["urn:y"]}"#, None)]
    fn what_is_there_is_named(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
    }
}
