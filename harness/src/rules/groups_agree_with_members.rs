//! `rule/groups-agree-with-members`.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::Value;

use super::Rule;
use super::run_view::RunView;
use super::scope::{Look, Need, Noted, Scope};
use super::seen::Place;

pub(super) static RULE: Rule = Rule {
    slug: "groups-agree-with-members",
    title: "A user's groups are the groups that have the user as a member",
    what: "The groups of users against the members of groups that the transcript made, while nothing \
          changed between the two sights; and against groups that it deleted (derived: groups is the other \
          side of members).",
    why: "An application that reads groups opens doors that the group closed.",
    fix: "Derive groups from the memberships when it is read; tidy up when a group goes.",
    requirements: &["RFC7643-4.1.2-L5"],
    softer: Some("no sentence says how soon groups follows the members"),
    needs: &[Need::SoleWriter, Need::Complete],
    scope: Scope::Run(look),
};

/// RFC 7643, section 4.1.2.
fn look(view: &RunView<'_>) -> Vec<Noted> {
    let mut noted = Vec::new();
    for transcript in view.transcripts() {
        let mut members: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut gone: BTreeSet<&str> = BTreeSet::new();
        for (at, seen) in &transcript {
            let Place::Resource(endpoint, id) = &seen.to else {
                if seen.gap || seen.is_write() {
                    members.clear();
                }
                continue;
            };
            if seen.gap || seen.is_write() {
                members.clear();
            }
            if endpoint == "Groups" {
                let whole = seen.shown().filter(|_| !seen.is_projected() && seen.method() == Method::GET);
                if let Some(shown) = whole {
                    members.insert(id, ids(shown, "members"));
                }
                if seen.method() == Method::DELETE && seen.answer.is_success() {
                    gone.insert(id);
                }
            } else if let Some(user) = seen.shown().filter(|_| endpoint == "Users" && !seen.is_projected()) {
                noted.extend(compared(user, id, &members, &gone).map(|look| look.at(*at)));
            }
        }
    }
    noted
}

fn compared(
    user: &Value,
    id: &str,
    members: &BTreeMap<&str, BTreeSet<&str>>,
    gone: &BTreeSet<&str>,
) -> Option<Look> {
    let groups = ids(user, "groups");
    if !groups.is_disjoint(gone) {
        return Some(Look::broken("only groups that there are", "a group that was deleted"));
    }
    // A server that does not show groups at all says nothing; whether it shows none or has none looks the same.
    user.get("groups")?;
    let (shown, missing): (Vec<_>, Vec<_>) = members
        .iter()
        .filter(|(_, people)| people.contains(id))
        .partition(|(group, _)| groups.contains(*group));
    // Membership may come by way of another group; a group that was seen without the user and has no groups in it cannot.
    if !missing.is_empty() {
        return Some(Look::broken("every group that has the user as a member", "a group missing"));
    }
    (!shown.is_empty()).then_some(Look::Kept)
}

fn ids<'v>(resource: &'v Value, name: &str) -> BTreeSet<&'v str> {
    let entries = resource.get(name).and_then(Value::as_array);
    entries.into_iter().flatten().filter_map(|entry| entry.get("value")?.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn both_sides_tell_one_story() {
        let group = || answer("GET", "/Groups/g", 200, r#"{"id":"g","members":[{"value":"1"}]}"#);
        let user =
            |groups: &str| answer("GET", "/Users/1", 200, &format!(r#"{{"id":"1","groups":[{groups}]}}"#));
        assert_eq!(found(&RULE, &[group(), user(r#"{"value":"g"}"#)]), kept());
        assert_eq!(found(&RULE, &[group(), user("")]), broken("a group missing"));
        assert_eq!(
            found(&RULE, &[answer("DELETE", "/Groups/g", 204, ""), user(r#"{"value":"g"}"#)]),
            broken("a group that was deleted")
        );
        assert_eq!(found(&RULE, &[user("")]), None);
    }
}
