//! `rule/body-is-json`.

use http::Method;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "body-is-json",
    title: "What comes back is JSON that can be parsed",
    what: "Every answer that has a body and is no page for people: it parses as one JSON text. What a \
          gateway answers is another rule's.",
    why: "A client that cannot parse the answer does not know whether anything happened, and tries again.",
    fix: "Serialise answers with a JSON library, errors included, and send nothing before or after the \
          JSON text.",
    requirements: &["RFC7644-3.8-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.8. OPTIONS is no method of SCIM.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if seen.answer.body.is_empty()
        || seen.is_of_a_gateway()
        || seen.is_html()
        || seen.method() == Method::OPTIONS
    {
        return Look::Elsewhere;
    }
    let kind = if seen.status() >= 400 { "an error" } else { "a success" };
    let labelled =
        seen.answer.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("json"));
    let what = if labelled { "told as broken JSON" } else { "told as a text that is no JSON" };
    Look::kept_if(seen.json.is_some(), "a JSON body", format!("{kind} {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, exchange, found, kept};

    #[test]
    fn a_body_is_one_json_text() {
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 200, "{}")]), kept());
        let cut = exchange("GET", "/Users", 200, &[("content-type", "application/scim+json")], "{\"id\":");
        assert_eq!(found(&RULE, &[cut]), broken("a success told as broken JSON"));
        assert_eq!(
            found(&RULE, &[answer("GET", "/Users/1", 404, "not found")]),
            broken("an error told as a text that is no JSON")
        );
        assert_eq!(found(&RULE, &[answer("DELETE", "/Users/1", 204, "")]), None);
    }
}
