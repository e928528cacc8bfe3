//! `rule/last-modified-moves-with-a-change`.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::Rule;
use super::history::History;
use super::known::Known;
use super::scope::{Look, Need, Noted, Scope};
use super::words::moment;

pub(super) static RULE: Rule = Rule {
    slug: "last-modified-moves-with-a-change",
    title: "lastModified moves when the resource changes",
    what: "Two sights of one resource that differ in what the resource says, with a change of ours between \
          them that came later than its dates can resolve.",
    why: "A client that syncs what was modified since its last visit never hears of the change.",
    fix: "Set meta.lastModified with every change, by any verb.",
    requirements: &["RFC7643-3.1-L19"],
    softer: None,
    needs: &[Need::SoleWriter, Need::Complete],
    scope: Scope::History(look),
};

/// RFC 7643, section 3.1. Two changes within what the dates can resolve may have one date.
fn look(history: &History<'_>, _: &Known) -> Vec<Noted> {
    let mut noted = Vec::new();
    let mut last_write: Option<SystemTime> = None;
    for pair in history.sights() {
        let before = &pair.before.seen.exchange;
        if pair.before.act.is_write() {
            last_write = Some(before.started + before.took);
        }
        let text = |resource: &Value| resource.get("meta")?.get("lastModified")?.as_str().map(str::to_owned);
        let (Some(was), Some(is)) = (text(pair.was), text(pair.is)) else { continue };
        let Some(write) = pair.writes.last().filter(|_| pair.quiet && !pair.are_equal()) else { continue };
        let resolved = last_write
            .and_then(|last| write.seen.exchange.started.duration_since(last).ok())
            .is_some_and(|time| time >= resolution(&was).max(resolution(&is)));
        if moment(&was) != moment(&is) {
            noted.push(Look::Kept.at(pair.after.at));
        } else if resolved {
            let word = format!("the same one after {}", write.seen.method());
            noted.push(Look::broken("a later meta.lastModified", word).at(pair.after.at));
        }
    }
    noted
}

/// What a date can tell apart at least: its last digit that is not 0.
fn resolution(text: &str) -> Duration {
    let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
    let digits: String = fraction.chars().take_while(char::is_ascii_digit).collect();
    match digits.trim_end_matches('0').len() {
        0 => Duration::from_secs(1),
        n => Duration::from_nanos(10_u64.pow(9_u32.saturating_sub(u32::try_from(n).unwrap_or(9)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    fn user(title: &str, modified: &str) -> String {
        format!(r#"{{"id":"1","title":"{title}","meta":{{"lastModified":"{modified}"}}}}"#)
    }

    #[test]
    fn a_change_has_its_date() {
        let told = |later: &str, after: u64| {
            let made = answer("POST", "/Users", 201, &user("a", "2026-01-01T00:00:05Z"));
            let mut put = answer("PUT", "/Users/1", 200, &user("b", later));
            put.started += Duration::from_secs(after);
            found(&RULE, &[made, put])
        };
        assert_eq!(told("2026-01-01T00:00:08Z", 3), kept());
        assert_eq!(told("2026-01-01T00:00:05Z", 3), broken("the same one after PUT"));
        assert_eq!(told("2026-01-01T00:00:05Z", 0), None, "within one second");
    }
}
