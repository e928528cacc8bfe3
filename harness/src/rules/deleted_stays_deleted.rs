//! `rule/deleted-stays-deleted`.

use super::Rule;
use super::history::{Act, History};
use super::known::Known;
use super::scope::{Look, Need, Noted, Scope};

pub(super) static RULE: Rule = Rule {
    slug: "deleted-stays-deleted",
    title: "What is deleted is gone",
    what: "Every request to the address of a resource after a DELETE of it was carried out, until it is \
          made again: 404.",
    why: "A provider that reads 200 believes that the account is there and goes on changing it; a PUT or \
          PATCH that is accepted brings back a person who was removed.",
    fix: "Answer 404 to every verb, also where the record is kept (soft delete).",
    requirements: &["RFC7644-3.6-L2"],
    softer: None,
    needs: &[Need::Complete],
    scope: Scope::History(look),
};

/// RFC 7644, section 3.6 (C30). A second DELETE is another rule's.
fn look(history: &History<'_>, _: &Known) -> Vec<Noted> {
    let mut noted = Vec::new();
    let mut deleted = false;
    for event in &history.events {
        deleted &= !event.gap;
        match event.act {
            Act::Deleted if event.done => deleted = true,
            Act::Created => deleted = false,
            Act::Read | Act::Replaced | Act::Patched if deleted => {
                let (verb, status) = (event.seen.method(), event.seen.status());
                // Who is not let in, or has to wait, is told nothing about the resource.
                if matches!(status, 401 | 403 | 429) || status >= 500 {
                    continue;
                }
                noted.push(
                    Look::kept_if(status == 404, "404", format!("{verb} after DELETE answered {status}"))
                        .at(event.at),
                );
            }
            _ => {}
        }
    }
    noted
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case("GET", 404, kept())]
    #[case("GET", 200, broken("GET after DELETE answered 200"))]
    #[case("PATCH", 204, broken("PATCH after DELETE answered 204"))]
    #[case("GET", 401, None)]
    fn nobody_comes_back_by_himself(
        #[case] verb: &str,
        #[case] status: u16,
        #[case] told: Option<Vec<String>>,
    ) {
        assert_eq!(
            found(&RULE, &[answer("DELETE", "/Users/1", 204, ""), answer(verb, "/Users/1", status, "")]),
            told
        );
        let made = answer("POST", "/Users", 201, r#"{"id":"1"}"#);
        assert_eq!(
            found(
                &RULE,
                &[answer("DELETE", "/Users/1", 204, ""), made, answer("GET", "/Users/1", 200, "{}")]
            ),
            None
        );
    }
}
