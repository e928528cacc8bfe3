//! `rule/no-body-where-none-belongs`.

use http::Method;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "no-body-where-none-belongs",
    title: "An answer that has no body has none",
    what: "Answers of status 204 and 304, and answers to HEAD: nothing after the headers. Those to a PATCH \
          are another rule's.",
    why: "A client on a kept connection reads the stray bytes as the beginning of the next answer.",
    fix: "Send no body with 204, 304 and in answer to HEAD.",
    requirements: &["RFC7644-3.6-L1"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 9110, sections 9.3.2, 15.3.5 and 15.4.5.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let bare = matches!(seen.status(), 204 | 304) || seen.method() == Method::HEAD;
    if !bare || seen.method() == Method::PATCH {
        return Look::Elsewhere;
    }
    Look::kept_if(
        seen.answer.body.is_empty(),
        "no body",
        format!("a body with {} to {}", seen.status(), seen.method()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn nothing_follows_no_content() {
        assert_eq!(found(&RULE, &[answer("DELETE", "/Users/1", 204, "")]), kept());
        assert_eq!(
            found(&RULE, &[answer("DELETE", "/Users/1", 204, "{}")]),
            broken("a body with 204 to DELETE")
        );
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, "{}")]), None);
    }
}
