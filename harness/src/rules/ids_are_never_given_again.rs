//! `rule/ids-are-never-given-again`.

use super::Rule;
use super::history::Act;
use super::run_view::RunView;
use super::scope::{Look, Noted, Scope};

pub(super) static RULE: Rule = Rule {
    slug: "ids-are-never-given-again",
    title: "An id is never given to another resource",
    what: "Creates after a DELETE that was carried out, in all transcripts: no new resource of another name \
          has the id of one that was deleted.",
    why: "A provider that still knows the old id changes somebody else's account.",
    fix: "Draw ids at random (UUID), or never reset the counter.",
    requirements: &["RFC7643-3.1-L6"],
    softer: None,
    needs: &[],
    scope: Scope::Run(look),
};

/// RFC 7643, section 3.1. The same person under the same id again is no reassignment.
fn look(view: &RunView<'_>) -> Vec<Noted> {
    let mut noted = Vec::new();
    for history in &view.histories {
        let mut name: Option<String> = None;
        let mut deleted = false;
        for event in &history.events {
            let shown = event.shown.and_then(|resource| {
                let named = resource.get("userName").or_else(|| resource.get("displayName"))?;
                named.as_str().map(str::to_lowercase)
            });
            if event.act == Act::Created && deleted && name.is_some() {
                let same = shown.is_none() || shown == name;
                noted.push(Look::kept_if(same, "a new id", "the id of a deleted resource").at(event.at));
            }
            deleted = (deleted || (event.act == Act::Deleted && event.done)) && event.act != Act::Created;
            name = shown.or(name);
        }
        if deleted && noted.is_empty() {
            noted.extend(history.events.last().map(|event| Look::Kept.at(event.at)));
        }
    }
    noted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn an_id_is_used_once() {
        let user =
            |name: &str| answer("POST", "/Users", 201, &format!(r#"{{"id":"1","userName":"{name}"}}"#));
        let delete = || answer("DELETE", "/Users/1", 204, "");
        assert_eq!(
            found(&RULE, &[user("ada"), delete(), user("eve")]),
            broken("the id of a deleted resource")
        );
        assert_eq!(found(&RULE, &[user("ada"), delete(), user("Ada")]), kept());
        assert_eq!(found(&RULE, &[user("ada")]), None);
    }
}
