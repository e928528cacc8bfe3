//! `rule/last-modified-stays-without-a-write`.

use serde_json::Value;

use super::Rule;
use super::history::{Act, History};
use super::known::Known;
use super::scope::{Look, Need, Noted, Scope};
use super::words::moment;

pub(super) static RULE: Rule = Rule {
    slug: "last-modified-stays-without-a-write",
    title: "lastModified stays when nobody writes",
    what: "Two sights of one resource that was made in the same transcript, with no write to anything \
          between them.",
    why: "A client that syncs what was modified reads every resource again after every look.",
    fix: "Set lastModified where something changes, not where it is read.",
    requirements: &["RFC7643-3.1-L19"],
    softer: None,
    needs: &[Need::SoleWriter, Need::Complete],
    scope: Scope::History(look),
};

/// RFC 7643, section 3.1. A date that was rounded when it was stored counts as the same.
fn look(history: &History<'_>, _: &Known) -> Vec<Noted> {
    let modified = |resource: &Value| resource.get("meta")?.get("lastModified")?.as_str().and_then(moment);
    let sights = history.sights();
    let idle =
        sights.iter().filter(|p| p.quiet && p.writes.is_empty() && p.refused.is_empty() && !p.others_written);
    idle.filter_map(|pair| Some((pair.after, modified(pair.was)?, modified(pair.is)?)))
        .map(|(after, was, is)| {
            let close = was.duration_until(is).abs().as_millis() < 1000 && after.act == Act::Read;
            Look::kept_if(
                was == is || close,
                "the same meta.lastModified",
                "another one, though nobody wrote",
            )
            .at(after.at)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    fn user(modified: &str) -> String {
        format!(r#"{{"id":"1","meta":{{"lastModified":"{modified}"}}}}"#)
    }

    #[test]
    fn reading_is_no_change() {
        let read = |modified: &str| answer("GET", "/Users/1", 200, &user(modified));
        let made = || answer("POST", "/Users", 201, &user("2026-01-01T00:00:05Z"));
        assert_eq!(found(&RULE, &[made(), read("2026-01-01T00:00:05Z")]), kept());
        assert_eq!(
            found(&RULE, &[made(), read("2026-01-01T00:00:09Z")]),
            broken("another one, though nobody wrote")
        );
        let write = answer("PATCH", "/Users/1", 204, "");
        assert_eq!(found(&RULE, &[made(), write, read("2026-01-01T00:00:09Z")]), None);
    }
}
