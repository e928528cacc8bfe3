//! `rule/html-where-json-belongs`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "html-where-json-belongs",
    title: "A SCIM client never gets a page for people",
    what: "Every answer that has a body: it is no HTML. What a gateway answers is another rule's.",
    why: "A provider cannot read the page, so its administrator sees \"Invalid JSON\" and nothing of what \
          happened.",
    fix: "Answer in SCIM below the SCIM base path whatever happens: unknown routes, crashes and the \
          sign-in page of the framework included.",
    requirements: &["RFC7644-3.8-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.8: JSON is what a SCIM client asked for.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    if seen.answer.body.is_empty() || seen.is_of_a_gateway() {
        return Look::Elsewhere;
    }
    let kind = if seen.status() >= 400 { "an error" } else { "a success" };
    Look::kept_if(!seen.is_html(), "a JSON body", format!("{kind} told as an HTML page"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, exchange, found, kept};

    #[test]
    fn a_page_is_no_answer() {
        let page = exchange(
            "GET",
            "/Users",
            404,
            &[("content-type", "text/html; charset=utf-8")],
            "<h1>Not Found</h1>",
        );
        assert_eq!(found(&RULE, &[page]), broken("an error told as an HTML page"));
        assert_eq!(
            found(&RULE, &[answer("GET", "/Users", 200, "  <!DOCTYPE html>")]),
            broken("a success told as an HTML page")
        );
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 200, "{}")]), kept());
        assert_eq!(found(&RULE, &[answer("GET", "/Users", 502, "<html>")]), None);
    }
}
