//! `rule/second-delete-finds-nothing`.

use super::Rule;
use super::history::{Act, History};
use super::known::Known;
use super::scope::{Look, Need, Noted, Scope};

pub(super) static RULE: Rule = Rule {
    slug: "second-delete-finds-nothing",
    title: "A second DELETE finds nothing",
    what: "Every DELETE of a resource after one that was carried out: 404 (derived from table 8; an \
          idempotent 204 is a warning).",
    why: "A client cannot tell whether it deleted the account or somebody else did.",
    fix: "Answer 404 where there is nothing to delete.",
    requirements: &["RFC7644-3.6-L5"],
    softer: Some("an idempotent 204 does no harm"),
    needs: &[Need::Complete],
    scope: Scope::History(look),
};

/// RFC 7644, section 3.12, table 8.
fn look(history: &History<'_>, _: &Known) -> Vec<Noted> {
    let mut noted = Vec::new();
    let mut deleted = false;
    for event in &history.events {
        deleted &= !event.gap;
        match event.act {
            Act::Created => deleted = false,
            Act::Deleted if deleted && !event.seen.is_of_a_gateway() => {
                let status = event.seen.status();
                noted.push(
                    Look::kept_if(status == 404, "404", format!("a second DELETE answered {status}"))
                        .at(event.at),
                );
            }
            Act::Deleted => deleted |= event.done,
            _ => {}
        }
    }
    noted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn one_cannot_delete_twice() {
        let delete = |status| answer("DELETE", "/Users/1", status, "");
        assert_eq!(found(&RULE, &[delete(204), delete(404)]), kept());
        assert_eq!(found(&RULE, &[delete(204), delete(204)]), broken("a second DELETE answered 204"));
        assert_eq!(found(&RULE, &[delete(404), delete(404)]), None);
    }
}
