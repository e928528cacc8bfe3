//! `rule/on-request-only`.

use http::Method;

use super::Rule;
use super::history::is_unassigned;
use super::known::{Known, split_urn};
use super::resource_walk::walk;
use super::scope::{Look, Need, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "on-request-only",
    title: "What is published as returned on request comes only on request",
    what: "Every attribute in the answers to GET whose schema says returned: request: it was named in the \
          parameter attributes.",
    why: "Such attributes are large or delicate; a client that did not ask gets them for every user of a \
          list.",
    fix: "Leave them out unless attributes names them.",
    requirements: &["RFC7643-7-L20"],
    softer: None,
    needs: &[Need::Schemas],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 7. Answers to writes may show what was sent.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let Some(endpoint) = seen.endpoint().filter(|_| seen.method() == Method::GET) else {
        return Look::Elsewhere;
    };
    let asked = seen.asked.attributes.as_deref().unwrap_or_default();
    let (mut wrongs, mut looked) = (Vec::new(), false);
    for resource in seen.resources() {
        walk(resource, endpoint, known, &mut |visit| {
            let Some(published) = visit.published else { return };
            looked = true;
            if published.returned != "request" || is_unassigned(visit.value) {
                return;
            }
            let path = visit.path.to_string().to_ascii_lowercase();
            let named = asked.iter().any(|name| {
                let name = split_urn(name).1;
                let path = split_urn(&path).1;
                path == name || path.starts_with(&format!("{name}.")) || name.starts_with(&format!("{path}."))
            });
            if !named {
                wrongs.push(Wrong::new(
                    format!("no {} unless it is asked for", visit.path),
                    format!("{} without being asked for", visit.path),
                ));
            }
        });
    }
    if looked { Look::of(wrongs) } else { Look::Elsewhere }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn who_does_not_ask_is_not_told() {
        let told = |target: &str, body: &str| found(&RULE, &[answer("GET", target, 200, body)]);
        assert_eq!(told("/Users/1?attributes=nickName", r#"{"id":"1","nickName":"A"}"#), kept());
        assert_eq!(
            told("/Users/1", r#"{"id":"1","nickName":"A"}"#),
            broken("nickName without being asked for")
        );
        assert_eq!(told("/Users/1", r#"{"id":"1","userName":"ada"}"#), kept());
        assert_eq!(found(&RULE, &[answer("POST", "/Users", 201, r#"{"id":"1","nickName":"A"}"#)]), None);
    }
}
