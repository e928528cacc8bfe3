//! `rule/write-answers-with-the-state`.

use super::Rule;
use super::history::{Act, History, state};
use super::known::Known;
use super::scope::{Look, Need, Noted, Scope, Wrong};

pub(super) static RULE: Rule = Rule {
    slug: "write-answers-with-the-state",
    title: "The answer to a write shows what a read shows after it",
    what: "The resource in the answer to a create or change, and the next GET of it with no write between \
          them: attributes that both show have the same value.",
    why: "A provider compares the answer with what it sent; an answer that echoes the request hides what \
          was not stored, one that shows the old state makes it send the change for ever.",
    fix: "Answer with the resource as it was read back from the store.",
    requirements: &["RFC7644-3.1-L4", "RFC7644-3.5.2-L10"],
    softer: None,
    needs: &[Need::SoleWriter, Need::Complete],
    scope: Scope::History(look),
};

/// RFC 7644, sections 3.1 and 3.5.2.
fn look(history: &History<'_>, _: &Known) -> Vec<Noted> {
    let sights = history.sights();
    let read_back = sights.iter().filter(|pair| {
        let idle = pair.writes.is_empty() && pair.refused.is_empty() && !pair.others_written;
        pair.quiet && idle && pair.before.act.is_write() && pair.after.act == Act::Read
    });
    read_back
        .map(|pair| {
            let (was, is) = (state(pair.was), state(pair.is));
            let members = was.as_object().into_iter().flatten();
            let differing = members.filter(|(name, value)| is.get(name).is_some_and(|other| other != *value));
            let verb = pair.before.seen.method();
            let wrongs = differing.map(|(name, _)| {
                Wrong::new(
                    "the same value in a read after it",
                    format!("another {} in the answer to {verb}", shown_name(name)),
                )
            });
            Look::of(wrongs.collect()).at(pair.before.at)
        })
        .collect()
}

/// An extension's URN is named by its last part.
fn shown_name(name: &str) -> &str {
    if name.starts_with("urn:") { "extension" } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    fn user(active: bool) -> String {
        format!(r#"{{"id":"1","active":{active}}}"#)
    }

    #[test]
    fn what_is_told_is_what_is_stored() {
        let made = || answer("POST", "/Users", 201, &user(true));
        let read = |active| answer("GET", "/Users/1", 200, &user(active));
        let patched = |active| answer("PATCH", "/Users/1", 200, &user(active));
        assert_eq!(found(&RULE, &[made(), patched(false), read(false)]), kept());
        assert_eq!(
            found(&RULE, &[made(), patched(true), read(false)]),
            broken("another active in the answer to PATCH")
        );
        assert_eq!(
            found(&RULE, &[read(true), patched(true), read(false)]),
            None,
            "somebody else may have written"
        );
    }
}
