//! `rule/id-is-the-one-asked-for`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{Place, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "id-is-the-one-asked-for",
    title: "The resource that comes back is the one that was addressed",
    what: "The id in every successful answer to GET, PUT and PATCH of a resource: it equals the id in the \
          URL.",
    why: "A provider keeps the id of an account; if a rename or a change gives it another one, the next \
          change goes to nobody, or to somebody else.",
    fix: "Keep the id that was issued, whatever changes; look resources up by it and nothing else.",
    requirements: &["RFC7643-3.1-L5"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 3.1. Ids are case exact, but a server that finds them in either case shows its own spelling.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let Place::Resource(_, asked) = &seen.to else { return Look::Elsewhere };
    let Some(id) = seen.shown().and_then(|shown| shown.get("id")?.as_str()).filter(|id| !id.is_empty())
    else {
        return Look::Elsewhere;
    };
    Look::kept_if(
        id.eq_ignore_ascii_case(asked),
        "the id of the URL",
        format!("another id in the answer to {}", seen.method()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn an_id_stays_what_it_was() {
        assert_eq!(found(&RULE, &[answer("PATCH", "/Users/a%2F1", 200, r#"{"id":"a/1"}"#)]), kept());
        assert_eq!(
            found(&RULE, &[answer("PUT", "/Users/1", 200, r#"{"id":"2"}"#)]),
            broken("another id in the answer to PUT")
        );
        assert_eq!(found(&RULE, &[answer("POST", "/Users", 201, r#"{"id":"2"}"#)]), None);
    }
}
