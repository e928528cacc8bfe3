//! `rule/put-answers-with-resource`.

use http::Method;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{Place, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "put-answers-with-resource",
    title: "A PUT is answered with 200 and the whole resource",
    what: "Every successful answer to a PUT of a resource, but 201: status 200, and a body.",
    why: "Okta's pages ask for the object in the answer; a client that reads the new state there finds \
          nothing.",
    fix: "Answer 200 with the resource as it is after the change.",
    requirements: &["RFC7644-3.5.1-L11"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.5.1. A PUT that says that it created something is another rule's.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let replaced = seen.method() == Method::PUT && matches!(seen.to, Place::Resource(..));
    if !replaced || !seen.answer.is_success() || seen.status() == 201 || seen.is_html() {
        return Look::Elsewhere;
    }
    let (status, has_body) = (seen.status(), !seen.answer.body.is_empty());
    let actual = format!("{status} {} a body", if has_body { "with" } else { "without" });
    Look::kept_if(status == 200 && has_body, "200 with the resource", actual)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(200, "{\"id\":\"1\"}", kept())]
    #[case(204, "", broken("204 without a body"))]
    #[case(200, "", broken("200 without a body"))]
    #[case(201, "{\"id\":\"1\"}", None)]
    fn only_the_resource_will_do(#[case] status: u16, #[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("PUT", "/Users/1", status, body)]), told);
    }
}
