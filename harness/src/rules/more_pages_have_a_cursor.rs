//! `rule/more-pages-have-a-cursor`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "more-pages-have-a-cursor",
    title: "A page that is not the last says where to go on",
    what: "First pages asked for with an empty cursor that show fewer resources than totalResults: \
          nextCursor is there.",
    why: "A client takes the missing cursor for the end, and whoever is on later pages for deleted.",
    fix: "Return nextCursor as long as there is more.",
    requirements: &["RFC9865-2-L2", "RFC9865-2-L3"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 9865, section 2. A server without cursors ignores the parameter, and count=0 asks for no page.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let cursors = known
        .service_provider_config
        .as_ref()
        .is_some_and(|c| c.pointer("/pagination/cursor") == Some(&Value::Bool(true)));
    let first = seen.asked.cursor.as_deref() == Some("") && seen.asked.start_index.is_none();
    let Some(list) = seen.list().filter(|_| first && cursors && seen.asked.most() != Some(0)) else {
        return Look::Elsewhere;
    };
    let Some(total) = list.get("totalResults").and_then(Value::as_u64) else { return Look::Elsewhere };
    let shown = seen.all_listed().len() as u64;
    if shown >= total {
        return Look::Elsewhere;
    }
    let told = list.get("nextCursor").is_some_and(|value| !value.is_null());
    Look::kept_if(told, "nextCursor", "a part of the list without it")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case("/Users?cursor=", r#"{"totalResults":2,"Resources":[{"id":"1"}],"nextCursor":"a"}"#, kept())]
    #[case(
        "/Users?cursor=",
        r#"{"totalResults":2,"Resources":[{"id":"1"}]}"#,
        broken("a part of the list without it")
    )]
    #[case("/Users?cursor=", r#"{"totalResults":1,"Resources":[{"id":"1"}]}"#, None)]
    #[case("/Users", r#"{"totalResults":2,"Resources":[{"id":"1"}]}"#, None)]
    fn a_walk_goes_on(#[case] target: &str, #[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", target, 200, body)]), told);
    }
}
