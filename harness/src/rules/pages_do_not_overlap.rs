//! `rule/pages-do-not-overlap`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Rule;
use super::run_view::RunView;
use super::scope::{Look, Need, Noted, Scope};
use super::seen::Asked;

pub(super) static RULE: Rule = Rule {
    slug: "pages-do-not-overlap",
    title: "No resource stands on two pages",
    what: "Queries for one's own resources by index whose pages lie apart, with no write and nothing unseen \
          between them (derived: paging is not stateful, so only quiet data are compared).",
    why: "A client that walks the pages reads some people twice and others never; those count as deleted.",
    fix: "Sort by something stable, and begin at startIndex - 1 resources from the first.",
    requirements: &["RFC7644-3.4.2.4-L8"],
    softer: None,
    needs: &[Need::SoleWriter, Need::Complete],
    scope: Scope::Run(look),
};

/// RFC 7644, section 3.4.2.4.
fn look(view: &RunView<'_>) -> Vec<Noted> {
    let mut noted = Vec::new();
    for pages in view.pages() {
        for (i, (at, asked, list)) in pages.lists.iter().enumerate() {
            for (_, before, other) in pages.lists.iter().take(i) {
                let by_cursor = asked.cursor.is_some() || before.cursor.is_some();
                let (a, b) = (span(before, other), span(asked, list));
                let apart = a.end <= b.start || b.end <= a.start;
                if by_cursor || !apart || a.is_empty() || b.is_empty() {
                    continue;
                }
                let twice = !ids(list).is_disjoint(&ids(other));
                noted.push(
                    Look::kept_if(!twice, "each resource on one page", "a resource on two pages").at(*at),
                );
            }
        }
    }
    noted
}

/// The places of what a page shows.
fn span(asked: &Asked, list: &Value) -> std::ops::Range<u64> {
    let shown = list.get("Resources").and_then(Value::as_array).map_or(0, Vec::len) as u64;
    asked.start()..asked.start().saturating_add(shown)
}

fn ids(list: &Value) -> BTreeSet<&str> {
    let listed = list.get("Resources").and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(|resource| resource.get("id")?.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept, sent};

    #[test]
    fn a_resource_has_one_place() {
        let made =
            || sent("POST", "/Users", r#"{"title":"x","displayName":"Example 9"}"#, 201, r#"{"id":"1"}"#);
        let page = |start: u32, id: &str| {
            let target =
                format!("/Users?filter=displayName%20eq%20%22Example%209%22&startIndex={start}&count=1");
            answer("GET", &target, 200, &format!(r#"{{"totalResults":2,"Resources":[{{"id":"{id}"}}]}}"#))
        };
        assert_eq!(found(&RULE, &[made(), page(1, "1"), page(2, "2")]), kept());
        assert_eq!(found(&RULE, &[made(), page(1, "1"), page(2, "1")]), broken("a resource on two pages"));
        assert_eq!(found(&RULE, &[page(1, "1"), page(2, "1")]), None, "somebody else's");
    }
}
