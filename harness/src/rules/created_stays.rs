//! `rule/created-stays`.

use serde_json::Value;

use super::Rule;
use super::history::History;
use super::known::Known;
use super::scope::{Look, Need, Noted, Scope};
use super::words::moment;

pub(super) static RULE: Rule = Rule {
    slug: "created-stays",
    title: "The date of creation never changes",
    what: "meta.created in all sights of one resource that was made in the same transcript (derived: \
          created is the moment when the resource was added).",
    why: "A client that finds another date of creation takes the account for another one.",
    fix: "Store the date once; a change, a deactivation and a reactivation leave it alone.",
    requirements: &["RFC7643-3.1-L17", "RFC7643-7-L22"],
    softer: None,
    needs: &[Need::SoleWriter, Need::Complete],
    scope: Scope::History(look),
};

/// RFC 7643, section 3.1.
fn look(history: &History<'_>, _: &Known) -> Vec<Noted> {
    let sights = history.sights();
    let created = |resource: &Value| resource.get("meta")?.get("created")?.as_str().and_then(moment);
    let pairs = sights.iter().filter_map(|pair| Some((pair.after, created(pair.was)?, created(pair.is)?)));
    pairs
        .map(|(after, was, is)| {
            let word = format!("another date after {}", after.seen.method());
            Look::kept_if(was == is, "the same meta.created", word).at(after.at)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    fn user(created: &str) -> String {
        format!(r#"{{"id":"1","meta":{{"created":"{created}"}}}}"#)
    }

    #[test]
    fn a_birthday_stays() {
        let made = || answer("POST", "/Users", 201, &user("2026-01-01T00:00:00Z"));
        let told = |later: &str| found(&RULE, &[made(), answer("PUT", "/Users/1", 200, &user(later))]);
        assert_eq!(told("2026-01-01T01:00:00+01:00"), kept());
        assert_eq!(told("2026-01-02T00:00:00Z"), broken("another date after PUT"));
        assert_eq!(found(&RULE, &[made()]), None);
    }
}
