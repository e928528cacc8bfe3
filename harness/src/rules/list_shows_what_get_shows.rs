//! `rule/list-shows-what-get-shows`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Rule;
use super::history::{Act, Event, History, state};
use super::known::Known;
use super::scope::{Look, Need, Noted, Scope, Wrong};

pub(super) static RULE: Rule = Rule {
    slug: "list-shows-what-get-shows",
    title: "A list shows the same resource as a GET of it",
    what: "One resource in a list and in the answer to its GET, in the same version (or with the same \
          lastModified) and with nothing unseen between them: the same attributes with the same values.",
    why: "Okta and Entra read members and status from lists; what is missing there is taken for gone.",
    fix: "Use one function for both, and publish attributes that lists leave out as returned on request.",
    requirements: &["RFC7644-3.4-L1"],
    softer: None,
    needs: &[Need::SoleWriter, Need::Complete],
    scope: Scope::History(look),
};

/// RFC 7644, section 3.4. Lists may lag behind: only sights that the server itself calls the same state are compared.
fn look(history: &History<'_>, _: &Known) -> Vec<Noted> {
    let mut noted = Vec::new();
    let mut last: Option<&Event<'_>> = None;
    for event in &history.events {
        let whole = event.shown.is_some()
            && !event.seen.is_projected()
            && matches!(event.act, Act::Read | Act::Listed);
        if event.gap || event.others_written || event.act.is_write() {
            last = None;
        }
        if !whole {
            continue;
        }
        if let Some(other) = last.filter(|other| other.act != event.act) {
            noted.extend(compared(other, event));
        }
        last = Some(event);
    }
    noted
}

fn compared(one: &Event<'_>, other: &Event<'_>) -> Option<Noted> {
    let (listed, read) = if one.act == Act::Listed { (one, other) } else { (other, one) };
    let (in_list, alone) = (listed.shown?, read.shown?);
    let stamp = |resource: &Value| {
        let meta = resource.get("meta")?;
        meta.get("version").or_else(|| meta.get("lastModified")).cloned()
    };
    if stamp(in_list)? != stamp(alone)? {
        return None;
    }
    let (in_list, alone) = (state(in_list), state(alone));
    let names: BTreeSet<&String> =
        in_list.as_object()?.iter().chain(alone.as_object()?).map(|(name, _)| name).collect();
    let wrongs = names.into_iter().filter_map(|name| {
        let what = match (in_list.get(name), alone.get(name)) {
            (Some(a), Some(b)) if a == b => return None,
            (None, _) => "only in the GET",
            (_, None) => "only in the list",
            _ => "another value in the list",
        };
        let name = if name.starts_with("urn:") { "an extension" } else { name.as_str() };
        Some(Wrong::new("the same in a list and in a GET", format!("{name}: {what}")))
    });
    Some(Look::of(wrongs.collect()).at(listed.at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    const GROUP: &str =
        r#"{"id":"1","displayName":"staff","members":[{"value":"2"}],"meta":{"version":"W/\"1\""}}"#;

    #[test]
    fn one_resource_is_told_in_one_way() {
        let story = |listed: &str| {
            let list = format!(r#"{{"totalResults":1,"Resources":[{listed}]}}"#);
            found(
                &RULE,
                &[
                    answer("POST", "/Groups", 201, GROUP),
                    answer("GET", "/Groups/1", 200, GROUP),
                    answer("GET", "/Groups", 200, &list),
                ],
            )
        };
        assert_eq!(story(GROUP), kept());
        assert_eq!(
            story(r#"{"id":"1","displayName":"staff","meta":{"version":"W/\"1\""}}"#),
            broken("members: only in the GET")
        );
        assert_eq!(
            story(r#"{"id":"1","displayName":"old","meta":{"version":"W/\"0\""}}"#),
            None,
            "the list lags behind"
        );
    }
}
