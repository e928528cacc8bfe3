//! `rule/announced-versions-are-shown`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "announced-versions-are-shown",
    title: "A server that says that it has entity tags shows versions in meta",
    what: "Where /ServiceProviderConfig says etag.supported: meta.version of every whole resource in a \
          successful answer, those in lists too.",
    why: "From a list a client can take the version only there.",
    fix: "Return meta.version with every resource, or say that entity tags are not supported.",
    requirements: &["RFC7644-3.14-L2"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.14.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let resources = seen.whole_resources();
    if resources.is_empty() || known.supports("etag") != Some(true) {
        return Look::Elsewhere;
    }
    // Without any meta there is no version either; that is another rule's.
    let missing = resources
        .into_iter()
        .filter_map(|r| r.get("meta"))
        .any(|meta| meta.get("version").is_none_or(Value::is_null));
    Look::kept_if(!missing, "meta.version", "meta without version")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"id":"1","meta":{"version":"\"1\""}}"#, kept())]
    #[case(r#"{"id":"1","meta":{}}"#, broken("meta without version"))]
    fn what_is_announced_is_shown(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1?attributes=id", 200, body)]), None);
    }
}
