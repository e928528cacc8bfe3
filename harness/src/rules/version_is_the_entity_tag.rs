//! `rule/version-is-the-entity-tag`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;
use super::words::is_entity_tag;

pub(super) static RULE: Rule = Rule {
    slug: "version-is-the-entity-tag",
    title: "meta.version and the header ETag are the same",
    what: "Successful answers that show one resource and have both.",
    why: "A client that takes the version from the body and sends it in If-Match is refused, although \
          nothing changed.",
    fix: "Take both from one value, the weak mark W/ included.",
    requirements: &["RFC7643-3.1-L22"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 3.1. What is no entity tag is another rule's.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let version = seen.shown().and_then(|shown| shown.get("meta")?.get("version")?.as_str());
    match (version, seen.answer.header("etag")) {
        (Some(version), Some(tag)) if is_entity_tag(version) && is_entity_tag(tag) => {
            Look::kept_if(version == tag, "meta.version equal to ETag", "two different versions")
        }
        _ => Look::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, exchange, found, kept};

    #[test]
    fn there_is_one_version() {
        let body = r#"{"id":"1","meta":{"version":"W/\"1\""}}"#;
        let with = |tag| found(&RULE, &[exchange("GET", "/Users/1", 200, &[("etag", tag)], body)]);
        assert_eq!(with("W/\"1\""), kept());
        assert_eq!(with("\"1\""), broken("two different versions"));
        assert_eq!(with("1"), None);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), None);
    }
}
