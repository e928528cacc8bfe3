//! `rule/excluded-attributes-stay-out`.

use serde_json::Value;

use super::Rule;
use super::history::is_unassigned;
use super::known::{Known, split_urn};
use super::resource_walk::values;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "excluded-attributes-stay-out",
    title: "Excluded attributes do not come back",
    what: "Every successful answer to a request with the parameter excludedAttributes: none of the named \
          attributes, unless it is published as always returned.",
    why: "Entra excludes the members of a group with every lookup; a server that ignores that sends a \
          hundred thousand members each time.",
    fix: "Apply excludedAttributes in every verb that returns resources, also to sub-attributes.",
    requirements: &["RFC7644-3.9-L6", "RFC7644-3.9-L8"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.9.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let (Some(endpoint), Some(excluded)) = (seen.endpoint(), &seen.asked.excluded) else {
        return Look::Elsewhere;
    };
    let resources = seen.resources();
    if resources.is_empty() || excluded.is_empty() || seen.asked.attributes.is_some() || seen.asked.odd {
        return Look::Elsewhere;
    }
    let mut wrongs = Vec::new();
    for name in excluded {
        let always = matches!(name.as_str(), "id" | "schemas")
            || known.attribute(endpoint, name).is_some_and(|attribute| attribute.returned == "always");
        if !always && resources.iter().any(|resource| holds(resource, name)) {
            wrongs.push(Wrong::new("the excluded attributes left out", format!("{name} all the same")));
        }
    }
    Look::of(wrongs)
}

fn holds(resource: &Value, path: &str) -> bool {
    let (urn, names) = split_urn(path);
    let core = urn.is_none_or(|urn| urn.contains(":core:"));
    let mut here: Vec<&Value> = match urn.filter(|_| !core) {
        None => vec![resource],
        Some(urn) => member(resource, urn).into_iter().collect(),
    };
    for name in names.split('.') {
        here = here.into_iter().filter_map(|value| member(value, name)).flat_map(values).collect();
    }
    here.into_iter().any(|value| !is_unassigned(value))
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case("members", r#"{"id":"1","displayName":"staff"}"#, kept())]
    #[case("members", r#"{"id":"1","members":[{"value":"2"}]}"#, broken("members all the same"))]
    #[case("members", r#"{"id":"1","members":[]}"#, kept())]
    #[case("members.display", r#"{"id":"1","members":[{"value":"2"}]}"#, kept())]
    #[case("id", r#"{"id":"1"}"#, kept())]
    fn what_is_excluded_stays_out(
        #[case] excluded: &str,
        #[case] body: &str,
        #[case] told: Option<Vec<String>>,
    ) {
        assert_eq!(
            found(&RULE, &[answer("GET", &format!("/Groups/1?excludedAttributes={excluded}"), 200, body)]),
            told
        );
        assert_eq!(found(&RULE, &[answer("GET", "/Groups/1", 200, body)]), None);
    }
}
