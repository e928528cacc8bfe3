//! `rule/published-limits-are-kept`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "published-limits-are-kept",
    title: "No page is longer than the limits that the server publishes",
    what: "Every list, against filter.maxResults and pagination.maxPageSize in /ServiceProviderConfig.",
    why: "A client sizes its buffers by what the server promises.",
    fix: "Apply the published limits, or publish those that apply.",
    requirements: &["RFC7643-5-L3", "RFC9865-4-L5"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 5; RFC 9865, section 4.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let Some(config) = known.service_provider_config.as_ref().filter(|_| seen.list().is_some()) else {
        return Look::Elsewhere;
    };
    let shown = seen.all_listed().len() as u64;
    let limit = |path: &str| config.pointer(path).and_then(Value::as_u64).filter(|limit| *limit > 0);
    let filter = limit("/filter/maxResults").filter(|_| known.supports("filter") == Some(true));
    let limits =
        [("filter.maxResults", filter), ("pagination.maxPageSize", limit("/pagination/maxPageSize"))];
    let present: Vec<_> = limits.into_iter().filter_map(|(name, limit)| Some((name, limit?))).collect();
    if present.is_empty() {
        return Look::Elsewhere;
    }
    let over = present.into_iter().filter(|(_, limit)| shown > *limit);
    Look::of(
        over.map(|(name, _)| Wrong::new(format!("at most {name}"), format!("more resources than {name}")))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn a_promise_about_length_is_kept() {
        let list = |n: usize| {
            let all: Vec<_> = (0..n).map(|i| format!(r#"{{"id":"{i}"}}"#)).collect();
            answer("GET", "/Users", 200, &format!(r#"{{"Resources":[{}]}}"#, all.join(",")))
        };
        assert_eq!(found(&RULE, &[list(100)]), kept());
        assert_eq!(found(&RULE, &[list(101)]), broken("more resources than pagination.maxPageSize"));
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, "{}")]), None);
    }
}
