//! `rule/page-is-no-longer-than-asked`.

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "page-is-no-longer-than-asked",
    title: "A page is never longer than it was asked to be",
    what: "Lists asked for with count: no more resources than that; none for 0 and for a negative count.",
    why: "A client that asks for a hundred and gets ten thousand runs out of memory or time.",
    fix: "Apply count as a limit; read a negative count as 0.",
    requirements: &["RFC7644-3.4.2.4-L1", "RFC7644-3.4.2.4-L2", "RFC7644-3.4.2.4-L3", "RFC9865-2-L8"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.4.2.4; RFC 9865, section 2.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let (Some(most), Some(_)) = (seen.asked.most().filter(|_| !seen.asked.odd), seen.list()) else {
        return Look::Elsewhere;
    };
    let shown = seen.all_listed().len() as u64;
    let actual = if most == 0 { "resources for a count of 0 or less" } else { "more than were asked for" };
    Look::kept_if(shown <= most, "at most count resources", actual)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case("1", kept())]
    #[case("5", kept())]
    #[case("0", broken("resources for a count of 0 or less"))]
    #[case("-1", broken("resources for a count of 0 or less"))]
    #[case("x", None)]
    fn a_limit_is_kept(#[case] count: &str, #[case] told: Option<Vec<String>>) {
        let body = r#"{"totalResults":9,"Resources":[{"id":"1"}]}"#;
        assert_eq!(found(&RULE, &[answer("GET", &format!("/Users?count={count}"), 200, body)]), told);
        let two = r#"{"Resources":[{"id":"1"},{"id":"2"}]}"#;
        assert_eq!(
            found(&RULE, &[answer("GET", "/Users?count=1", 200, two)]),
            broken("more than were asked for")
        );
    }
}
