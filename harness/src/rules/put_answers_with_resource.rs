//! `rule/put-answers-with-resource`.

use http::Method;

use super::{Look, Rule, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "put-answers-with-resource",
    title: "A PUT is answered with 200 and the whole resource",
    what: "Every successful answer to a PUT of a user or group: status 200, and a body.",
    why: "Okta's pages ask for the object in the answer; a client that reads the new state there finds nothing.",
    fix: "Answer 200 with the resource as it is after the change.",
    requirements: &["RFC7644-3.5.1-L11"],
    look,
};

/// RFC 7644, section 3.5.1.
fn look(seen: &Seen<'_>) -> Look {
    if seen.exchange.request.method != Method::PUT || !seen.answer.is_success() || !seen.is_about_resources()
    {
        return Look::Elsewhere;
    }
    match (seen.answer.status, seen.json.is_some()) {
        (200, true) => Look::Kept,
        (status, has_body) => Look::Broken {
            expected: "200 with the resource".to_owned(),
            actual: format!("{status} {} a JSON body", if has_body { "with" } else { "without" }),
        },
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{exchange, says};

    #[rstest]
    #[case(200, "{\"id\":\"1\"}", true)]
    #[case(204, "", false)]
    #[case(201, "{\"id\":\"1\"}", false)]
    fn only_the_resource_will_do(#[case] status: u16, #[case] body: &str, #[case] kept: bool) {
        assert_eq!(says(&RULE, &exchange("PUT", "/Users/1", status, &[], body)) == Look::Kept, kept);
    }
}
