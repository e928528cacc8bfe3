//! `rule/no-duplicate-keys`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;
use crate::json::strict;

pub(super) static RULE: Rule = Rule {
    slug: "no-duplicate-keys",
    title: "No name stands twice in one JSON object",
    what: "Every JSON body, at any depth (derived: RFC 7159, section 4, says that names SHOULD be unique, \
          and SCIM says nothing else).",
    why: "Of two values one client takes the first, another the last: a server that answers \"active\" \
          twice is read as it comes.",
    fix: "Build answers as objects, not by joining texts; write each attribute once.",
    requirements: &["RFC7644-3.8-L1"],
    softer: Some("RFC 7159 only says SHOULD"),
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7159, section 4.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if seen.json.is_none() {
        return Look::Elsewhere;
    }
    if strict::repeats_a_key(&seen.answer.body) {
        return Look::broken("each name once in an object", format!("a name twice in {}", seen.to.word()));
    }
    Look::Kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn the_same_name_twice_is_found_at_any_depth() {
        let twice = r#"{"id":"1","name":{"givenName":"A","givenName":"B"}}"#;
        assert_eq!(
            found(&RULE, &[answer("GET", "/Users/1", 200, twice)]),
            broken("a name twice in /Users/{id}")
        );
        let apart = r#"{"emails":[{"value":"a"},{"value":"b"}]}"#;
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, apart)]), kept());
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 404, "not found")]), None);
    }
}
