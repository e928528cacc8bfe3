//! `rule/deleted-is-not-listed`.

use std::time::Duration;

use super::Rule;
use super::history::{Act, History};
use super::known::Known;
use super::scope::{Look, Need, Noted, Scope};

pub(super) static RULE: Rule = Rule {
    slug: "deleted-is-not-listed",
    title: "What is deleted is in no list",
    what: "Lists and queries after a DELETE was carried out, until the resource is made again; where a \
          query is repeated, the last answer counts, since lists may lag.",
    why: "A provider finds the person it has removed, and links the dead account.",
    fix: "Leave deleted resources out of every query.",
    requirements: &["RFC7644-3.6-L3"],
    softer: None,
    needs: &[Need::Complete],
    scope: Scope::History(look),
};

/// RFC 7644, section 3.6.
fn look(history: &History<'_>, _: &Known) -> Vec<Noted> {
    let mut noted = Vec::new();
    let mut deleted = None;
    for (i, event) in history.events.iter().enumerate() {
        match event.act {
            Act::Deleted if event.done => deleted = Some(event),
            Act::Created => deleted = None,
            Act::Listed if !event.gap => {
                let Some(delete) = deleted else { continue };
                // A list that lags shows it once or twice more; one that shows it at the end of the story, or seconds later,
                // does not lag.
                let end = delete.seen.exchange.started + delete.seen.exchange.took;
                let late = event.seen.exchange.started.duration_since(end).is_ok_and(|time| time >= PATIENCE);
                let last = i + 1 == history.events.len();
                if late || (last && event.seen.asked.filter.is_none()) {
                    noted
                        .push(Look::broken("a list without it", "a deleted resource in a list").at(event.at));
                }
            }
            _ => {}
        }
    }
    if noted.is_empty()
        && let Some(delete) = deleted
    {
        noted.push(Look::Kept.at(delete.at));
    }
    noted
}

/// How long a list may lag behind.
const PATIENCE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn the_list_forgets_too() {
        let delete = || answer("DELETE", "/Users/1", 204, "");
        let list = |seconds| {
            let mut list = answer("GET", "/Users", 200, r#"{"totalResults":1,"Resources":[{"id":"1"}]}"#);
            list.started += Duration::from_secs(seconds);
            list
        };
        let empty = answer("GET", "/Users", 200, r#"{"totalResults":0}"#);
        assert_eq!(found(&RULE, &[delete(), empty]), kept());
        assert_eq!(found(&RULE, &[delete(), list(4)]), broken("a deleted resource in a list"));
        assert_eq!(found(&RULE, &[list(0)]), None);
    }
}
