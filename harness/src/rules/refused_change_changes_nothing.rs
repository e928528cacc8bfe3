//! `rule/refused-change-changes-nothing`.

use serde_json::Value;

use super::Rule;
use super::history::{Act, History};
use super::known::Known;
use super::scope::{Look, Need, Noted, Scope};

pub(super) static RULE: Rule = Rule {
    slug: "refused-change-changes-nothing",
    title: "A change that is refused leaves everything as it was",
    what: "Two sights of one resource with only refused writes (4xx) between them: the same state, the same \
          version and lastModified.",
    why: "A PATCH of five operations whose third is refused must not leave two of them behind: the \
          provider believes that nothing happened.",
    fix: "Check everything before anything is stored, or undo it in one transaction.",
    requirements: &["RFC7644-3.5.2-L13", "RFC7644-3.5.2-L14"],
    softer: None,
    needs: &[Need::SoleWriter, Need::Complete],
    scope: Scope::History(look),
};

/// RFC 7644, section 3.5.2: "the original resource MUST be restored".
fn look(history: &History<'_>, _: &Known) -> Vec<Noted> {
    let meta = |resource: &Value, name: &str| resource.get("meta").and_then(|meta| meta.get(name)).cloned();
    let sights = history.sights();
    let refused = sights.iter().filter(|pair| {
        pair.quiet && pair.writes.is_empty() && !pair.refused.is_empty() && !pair.others_written
    });
    refused
        .filter(|pair| pair.refused.iter().all(|write| (400..500).contains(&write.seen.status())))
        .map(|pair| {
            let verb = pair.refused.last().map_or("a write", |write| write.seen.method().as_str());
            let what = if !pair.are_equal() {
                "another state"
            } else if meta(pair.was, "version") != meta(pair.is, "version") {
                "another version"
            } else if meta(pair.was, "lastModified") != meta(pair.is, "lastModified")
                && pair.before.act == Act::Read
            {
                "another lastModified"
            } else {
                return Look::Kept.at(pair.after.at);
            };
            Look::broken("the resource as before", format!("{what} after a refused {verb}")).at(pair.after.at)
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
    #[case("a", "1", kept())]
    #[case("b", "2", broken("another state after a refused PATCH"))]
    #[case("a", "2", broken("another version after a refused PATCH"))]
    fn nothing_is_left_behind(#[case] title: &str, #[case] version: &str, #[case] told: Option<Vec<String>>) {
        let made = || answer("POST", "/Users", 201, &user("a", "1"));
        let read = || answer("GET", "/Users/1", 200, &user(title, version));
        assert_eq!(found(&RULE, &[made(), answer("PATCH", "/Users/1", 400, ""), read()]), told);
        assert_eq!(found(&RULE, &[made(), answer("PATCH", "/Users/1", 500, ""), read()]), None);
    }
}
