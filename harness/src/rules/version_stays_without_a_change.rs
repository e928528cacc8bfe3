//! `rule/version-stays-without-a-change`.

use serde_json::Value;

use super::Rule;
use super::history::History;
use super::known::Known;
use super::scope::{Look, Need, Noted, Scope};

pub(super) static RULE: Rule = Rule {
    slug: "version-stays-without-a-change",
    title: "The version stays when nothing changes",
    what: "Two sights of one resource that was made in the same transcript, with no write to anything \
          between them: meta.version stays (derived: a version names a state).",
    why: "A client that sends the version it has just read is refused with 412, again and again.",
    fix: "Derive the version from what is stored, not from the answer or the clock.",
    requirements: &["RFC7644-3.14-L4"],
    softer: None,
    needs: &[Need::SoleWriter, Need::Complete],
    scope: Scope::History(look),
};

/// RFC 7644, section 3.14. What a refused write leaves behind is another rule's.
fn look(history: &History<'_>, _: &Known) -> Vec<Noted> {
    let version = |resource: &Value| resource.get("meta")?.get("version")?.as_str().map(str::to_owned);
    let sights = history.sights();
    let idle =
        sights.iter().filter(|p| p.quiet && p.writes.is_empty() && p.refused.is_empty() && !p.others_written);
    idle.filter_map(|pair| Some((pair.after.at, version(pair.was)?, version(pair.is)?)))
        .map(|(at, was, is)| {
            Look::kept_if(was == is, "the same meta.version", "another one, though nobody wrote").at(at)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    fn user(version: &str) -> String {
        format!(r#"{{"id":"1","meta":{{"version":"W/\"{version}\""}}}}"#)
    }

    #[test]
    fn what_nobody_changed_has_its_version() {
        let made = || answer("POST", "/Users", 201, &user("1"));
        let read = |version: &str| answer("GET", "/Users/1", 200, &user(version));
        assert_eq!(found(&RULE, &[made(), read("1")]), kept());
        assert_eq!(found(&RULE, &[made(), read("2")]), broken("another one, though nobody wrote"));
        assert_eq!(found(&RULE, &[made(), answer("PATCH", "/Users/1", 204, ""), read("2")]), None);
    }
}
