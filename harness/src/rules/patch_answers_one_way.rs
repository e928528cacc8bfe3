//! `rule/patch-answers-one-way`.

use http::Method;

use super::{Look, Rule, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "patch-answers-one-way",
    title: "A PATCH is answered with 200 and the resource, or with 204 and nothing",
    what: "Every successful answer to a PATCH of a user or group: status, and whether there is a body.",
    why: "A client that gets 200 reads the body for the new state; one that gets 204 does not look for any.",
    fix: "Answer 200 with the whole resource, or 204 without a body.",
    requirements: &["RFC7644-3.5.2-L8"],
    look,
};

/// RFC 7644, section 3.5.2. Either is right (C7).
fn look(seen: &Seen<'_>) -> Look {
    let (status, has_body) = (seen.answer.status, !seen.answer.body.is_empty());
    if seen.exchange.request.method != Method::PATCH || !seen.answer.is_success() {
        return Look::Elsewhere;
    }
    let expected = "200 with the resource, or 204 without a body".to_owned();
    match (status, has_body) {
        (200, true) if seen.json.is_some() => Look::Kept,
        (204, false) => Look::Kept,
        (_, true) => Look::Broken { expected, actual: format!("{status} with a body") },
        (_, false) => Look::Broken { expected, actual: format!("{status} without a body") },
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{exchange, says};

    #[rstest]
    #[case(200, "{\"id\":\"1\"}", true)]
    #[case(204, "", true)]
    #[case(200, "", false)]
    #[case(204, "{}", false)]
    #[case(202, "", false)]
    fn either_way_and_no_other(#[case] status: u16, #[case] body: &str, #[case] kept: bool) {
        assert_eq!(says(&RULE, &exchange("PATCH", "/Users/1", status, &[], body)) == Look::Kept, kept);
    }
}
