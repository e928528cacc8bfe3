//! `rule/total-is-the-same-on-every-page`.

use super::Rule;
use super::run_view::RunView;
use super::scope::{Look, Need, Noted, Scope};
use super::seen::Asked;

pub(super) static RULE: Rule = Rule {
    slug: "total-is-the-same-on-every-page",
    title: "totalResults is the same on every page",
    what: "Queries for one's own resources that differ only in their page, with no write and nothing unseen \
          between them.",
    why: "A client that stops when it has totalResults resources stops too early, or never.",
    fix: "Count all matches of the filter, before startIndex and count are applied.",
    requirements: &["RFC7644-3.4.2-L2"],
    softer: None,
    needs: &[Need::SoleWriter, Need::Complete],
    scope: Scope::Run(look),
};

/// RFC 7644, section 3.4.2. A list that lags grows: answers to the very same query are not compared.
fn look(view: &RunView<'_>) -> Vec<Noted> {
    let mut noted = Vec::new();
    for pages in view.pages() {
        let totals: Vec<(usize, &Asked, u64)> = pages
            .lists
            .iter()
            .filter_map(|(at, asked, list)| Some((*at, *asked, list.get("totalResults")?.as_u64()?)))
            .collect();
        for pair in totals.windows(2) {
            let [(_, before, was), (at, asked, is)] = pair else { continue };
            if before == asked {
                continue;
            }
            noted.push(
                Look::kept_if(
                    was == is,
                    "the same totalResults",
                    "another on another page of the same query",
                )
                .at(*at),
            );
        }
    }
    noted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept, sent};

    #[test]
    fn a_page_does_not_change_the_total() {
        let made = || sent("POST", "/Users", r#"{"userName":"ada@example.com"}"#, 201, r#"{"id":"1"}"#);
        let page = |query: &str, total: u32| {
            let target = format!("/Users?filter=userName%20eq%20%22ada@example.com%22{query}");
            answer("GET", &target, 200, &format!(r#"{{"totalResults":{total}}}"#))
        };
        assert_eq!(found(&RULE, &[made(), page("", 1), page("&count=0", 1)]), kept());
        assert_eq!(
            found(&RULE, &[made(), page("", 1), page("&count=0", 0)]),
            broken("another on another page of the same query")
        );
        assert_eq!(found(&RULE, &[page("", 1), page("&count=0", 0)]), None, "somebody else's");
    }
}
