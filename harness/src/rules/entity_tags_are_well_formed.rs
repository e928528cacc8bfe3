//! `rule/entity-tags-are-well-formed`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;
use super::words::is_entity_tag;

pub(super) static RULE: Rule = Rule {
    slug: "entity-tags-are-well-formed",
    title: "Versions are entity tags",
    what: "The header ETag of every answer, and meta.version of every resource in a successful one: text in \
          double quotes, with W/ before it if it is weak.",
    why: "A client sends the version back in If-Match; what is no entity tag is refused there or never \
          matches.",
    fix: "Write W/\"3694e05e9dff590\" or \"3694e05e9dff590\", with the quotes, in both places.",
    requirements: &["RFC7643-3.1-L23"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 3.1; RFC 7232, section 2.3 (W/ is case-sensitive).
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let versions = seen.resources().into_iter().filter_map(|resource| resource.get("meta")?.get("version"));
    let texts = versions
        .filter(|version| !version.is_null())
        .map(|version| ("meta.version", version.as_str().unwrap_or_default()));
    let all: Vec<_> = seen.answer.header("etag").map(|tag| ("ETag", tag)).into_iter().chain(texts).collect();
    if all.is_empty() {
        return Look::Elsewhere;
    }
    let wrongs = all.into_iter().filter(|(_, text)| !is_entity_tag(text)).map(|(name, text)| {
        let what = match text {
            "" => "empty, or no text",
            text if text.starts_with("w/") => "a small w",
            text if text.contains('"') => "quotes that do not match",
            _ => "without quotes",
        };
        Wrong::new(format!("{name} as an entity tag"), format!("{name}: {what}"))
    });
    Look::of(wrongs.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, exchange, found, kept};

    #[test]
    fn a_version_is_quoted() {
        let told = |version: &str| {
            found(
                &RULE,
                &[answer("GET", "/Users/1", 200, &format!(r#"{{"id":"1","meta":{{"version":{version}}}}}"#))],
            )
        };
        assert_eq!(told(r#""W/\"1\"""#), kept());
        assert_eq!(told(r#""1""#), broken("meta.version: without quotes"));
        assert_eq!(told(r#""w/\"1\"""#), broken("meta.version: a small w"));
        assert_eq!(told("1"), broken("meta.version: empty, or no text"));
        assert_eq!(
            found(&RULE, &[exchange("GET", "/Users/1", 200, &[("etag", "1")], "{}")]),
            broken("ETag: without quotes")
        );
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, "{}")]), None);
    }
}
