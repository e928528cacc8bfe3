//! `rule/no-op-add-keeps-last-modified`.

use serde_json::Value;

use super::Rule;
use super::history::{Act, History};
use super::known::Known;
use super::scope::{Look, Need, Noted, Scope};
use super::seen::Seen;
use super::words::moment;

pub(super) static RULE: Rule = Rule {
    slug: "no-op-add-keeps-last-modified",
    title: "Adding what is there is no change",
    what: "Two sights of one resource in the same state, with nothing between them but one PATCH of add \
          operations: meta.lastModified stays (C42).",
    why: "A provider that repeats itself makes every account look freshly changed.",
    fix: "Compare before you store; leave lastModified and version alone where nothing changes.",
    requirements: &["RFC7644-3.5.2.1-L14"],
    softer: None,
    needs: &[Need::SoleWriter, Need::Complete],
    scope: Scope::History(look),
};

/// RFC 7644, section 3.5.2.1: "SHALL NOT change the modify timestamp".
fn look(history: &History<'_>, _: &Known) -> Vec<Noted> {
    let modified = |resource: &Value| resource.get("meta")?.get("lastModified")?.as_str().and_then(moment);
    let sights = history.sights();
    let idle = sights.iter().filter(|pair| {
        let only_add = matches!(&pair.writes[..], [one] if one.act == Act::Patched && adds_only(one.seen));
        pair.quiet && pair.refused.is_empty() && !pair.others_written && only_add && pair.are_equal()
    });
    idle.filter_map(|pair| Some((pair.after, modified(pair.was)?, modified(pair.is)?)))
        .map(|(after, was, is)| {
            Look::kept_if(was == is, "the same meta.lastModified", "another one after an add without effect")
                .at(after.at)
        })
        .collect()
}

fn adds_only(seen: &Seen<'_>) -> bool {
    let operations = seen.sent.as_ref().and_then(|sent| sent.get("Operations")?.as_array());
    // A write-only attribute changes what no answer shows.
    let hidden =
        seen.sent.as_ref().is_some_and(|sent| sent.to_string().to_ascii_lowercase().contains("password"));
    !hidden
        && operations.is_some_and(|all| {
            all.iter().all(|one| {
                one.get("op").and_then(Value::as_str).is_some_and(|op| op.eq_ignore_ascii_case("add"))
            })
        })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept, sent};

    fn user(modified: &str) -> String {
        format!(r#"{{"id":"1","title":"a","meta":{{"lastModified":"{modified}"}}}}"#)
    }

    #[rstest]
    #[case("add", "2026-01-01T00:00:05Z", kept())]
    #[case("Add", "2026-01-01T00:00:09Z", broken("another one after an add without effect"))]
    #[case("replace", "2026-01-01T00:00:09Z", None)]
    fn what_is_there_is_not_added(
        #[case] op: &str,
        #[case] modified: &str,
        #[case] told: Option<Vec<String>>,
    ) {
        let made = answer("POST", "/Users", 201, &user("2026-01-01T00:00:05Z"));
        let patch = format!(r#"{{"Operations":[{{"op":"{op}","path":"title","value":"a"}}]}}"#);
        assert_eq!(found(&RULE, &[made, sent("PATCH", "/Users/1", &patch, 200, &user(modified))]), told);
    }
}
