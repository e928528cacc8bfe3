//! `rule/version-moves-with-a-change`.

use serde_json::Value;

use super::Rule;
use super::history::History;
use super::known::Known;
use super::scope::{Look, Need, Noted, Scope};

pub(super) static RULE: Rule = Rule {
    slug: "version-moves-with-a-change",
    title: "The version moves when the resource changes",
    what: "Two sights of one resource that differ in what the resource says: meta.version differs, where \
          there is one (derived: a version names a state).",
    why: "Two administrators change one account, and the second overwrites the first without a word: the \
          version told him that nothing had happened.",
    fix: "Make a new version with every change, by any verb, of any attribute.",
    requirements: &["RFC7644-3.14-L3"],
    softer: None,
    needs: &[Need::SoleWriter, Need::Complete],
    scope: Scope::History(look),
};

/// RFC 7644, section 3.14.
fn look(history: &History<'_>, _: &Known) -> Vec<Noted> {
    let version = |resource: &Value| resource.get("meta")?.get("version")?.as_str().map(str::to_owned);
    let sights = history.sights();
    let changed = sights.iter().filter(|pair| pair.quiet && !pair.writes.is_empty() && !pair.are_equal());
    changed
        .filter_map(|pair| Some((pair, version(pair.was)?, version(pair.is)?)))
        .map(|(pair, was, is)| {
            let verb = pair.writes.last().map_or("a write", |write| write.seen.method().as_str());
            Look::kept_if(was != is, "another meta.version", format!("the same one after {verb}"))
                .at(pair.after.at)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    fn user(title: &str, version: &str) -> String {
        format!(r#"{{"id":"1","title":"{title}","meta":{{"version":"W/\"{version}\""}}}}"#)
    }

    #[rstest]
    #[case("b", "2", kept())]
    #[case("b", "1", broken("the same one after PUT"))]
    #[case("a", "1", None)]
    fn a_change_has_its_version(
        #[case] title: &str,
        #[case] version: &str,
        #[case] told: Option<Vec<String>>,
    ) {
        let made = answer("POST", "/Users", 201, &user("a", "1"));
        assert_eq!(found(&RULE, &[made, answer("PUT", "/Users/1", 200, &user(title, version))]), told);
    }
}
