//! `rule/never-means-never`.

use super::Rule;
use super::known::Known;
use super::resource_walk::walk;
use super::scope::{Look, Need, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "never-means-never",
    title: "What is published as never returned, or as write only, never comes back",
    what: "Every attribute of every resource in a successful answer whose schema says returned: never or \
          mutability: writeOnly. The password is another rule's.",
    why: "What a schema promises to keep secret ends up in logs, proxies and recordings.",
    fix: "Leave such attributes out of every representation, also when they are asked for by name.",
    requirements: &["RFC7643-7-L19", "RFC7643-7-L26"],
    softer: None,
    needs: &[Need::Schemas],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 7.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let Some(endpoint) = seen.endpoint() else { return Look::Elsewhere };
    let (mut wrongs, mut looked) = (Vec::new(), false);
    for resource in seen.resources() {
        walk(resource, endpoint, known, &mut |visit| {
            let Some(published) = visit.published else { return };
            looked = true;
            let secret = published.returned == "never" || published.mutability == "writeonly";
            if secret && !visit.value.is_null() && !visit.name.eq_ignore_ascii_case("password") {
                wrongs.push(Wrong::new(format!("no {}", visit.path), format!("{} with a value", visit.path)));
            }
        });
    }
    if looked { Look::of(wrongs) } else { Look::Elsewhere }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"userName":"ada"}"#, kept())]
    #[case(r#"{"userName":"ada","pin":"1234"}"#, broken("pin with a value"))]
    #[case(r#"{"userName":"ada","pin":null}"#, kept())]
    #[case(r#"{"id":"1"}"#, kept())]
    fn a_promise_to_keep_silent_is_kept(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1?attributes=pin", 200, body)]), told);
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 404, body)]), None);
    }
}
