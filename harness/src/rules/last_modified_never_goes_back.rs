//! `rule/last-modified-never-goes-back`.

use serde_json::Value;

use super::Rule;
use super::history::History;
use super::known::Known;
use super::scope::{Look, Need, Noted, Scope};
use super::words::moment;

pub(super) static RULE: Rule = Rule {
    slug: "last-modified-never-goes-back",
    title: "lastModified never goes back",
    what: "meta.lastModified in all sights of one resource that was made in the same transcript, in order.",
    why: "A client that keeps the newest state by lastModified keeps an old one.",
    fix: "Set lastModified from one clock, in the same step as the change, and read it from where it was \
          written.",
    requirements: &["RFC7643-3.1-L19"],
    softer: None,
    needs: &[Need::SoleWriter, Need::Complete],
    scope: Scope::History(look),
};

/// RFC 7643, section 3.1. What a list shows may be older than the answer before it; only answers for one resource count.
fn look(history: &History<'_>, _: &Known) -> Vec<Noted> {
    let modified = |resource: &Value| resource.get("meta")?.get("lastModified")?.as_str().and_then(moment);
    let sights = history.sights();
    let pairs = sights
        .iter()
        .filter(|pair| pair.quiet)
        .filter_map(|p| Some((p.after, modified(p.was)?, modified(p.is)?)));
    pairs
        .map(|(after, was, is)| {
            let word = format!("an earlier one after {}", after.seen.method());
            Look::kept_if(is >= was, "the same meta.lastModified or a later one", word).at(after.at)
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
    fn time_goes_on() {
        let made = || answer("POST", "/Users", 201, &user("2026-01-01T00:00:05Z"));
        let told = |later: &str| found(&RULE, &[made(), answer("GET", "/Users/1", 200, &user(later))]);
        assert_eq!(told("2026-01-01T00:00:05Z"), kept());
        assert_eq!(told("2026-01-01T00:00:04.9Z"), broken("an earlier one after GET"));
        assert_eq!(found(&RULE, &[made()]), None);
    }
}
