//! `client/filter-grammar`.

use super::super::grammar::{self, Mistake};
use super::super::sent::Sent;
use super::{ClientRule, Fault, Look};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "filter-grammar",
    title: "Filters are written as the RFC writes them",
    what: "The filter of every query: by the grammar of figure 1, values as JSON has them, text in double quotes.",
    why: "A server answers 400 invalidFilter, or, worse, reads something else out of it. Without quotes and with single quotes (C23) some find nobody, and the client makes everybody a second time.",
    fix: "Write userName eq \"ada@example.com\", with the quotes.",
    level: Level::Must,
    source: "RFC 7644, section 3.4.2.2, figure 1",
    requirements: &["RFC7644-3.4.2.2-L49", "RFC7644-3.4.2.2-L50", "RFC7644-3.4.2.2-L51"],
    softer: None,
    look,
};

/// RFC 7644, section 3.4.2.2.
fn look(sent: &Sent<'_>) -> Look {
    let Some(filter) = sent.filter() else { return Look::Elsewhere };
    match grammar::filter(filter) {
        // Whether an operator is one that servers have is asked elsewhere.
        Ok(_) | Err(Mistake::Operator) => Look::Kept,
        Err(mistake) => {
            Look::of(vec![Fault::new("attribute operator value, text in quotes", mistake.to_string())])
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, request, told};
    use super::*;

    #[rstest]
    #[case("/Users?filter=userName%20eq%20%22ada%22", kept())]
    #[case("/Users?filter=userName+eq+%22ada%2Btest%22&count=1", kept())]
    #[case("/Users?filter=userName+eq+ada", broken("a value without quotes"))]
    #[case("/Users?filter=userName+eq+'ada'", broken("a value in single quotes"))]
    #[case("/Users?filter=userName", broken("an attribute without an operator"))]
    #[case("/Users?filter=", broken("nothing"))]
    #[case("/Users?filter=userName+eq+{{name}}", None)]
    #[case("/Users", None)]
    fn a_filter_is_read(#[case] target: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &request("GET", target, "")), said);
    }

    #[test]
    fn so_is_one_in_a_body() {
        let search = request("POST", "/Users/.search", r#"{"filter":"userName eq ada"}"#);
        assert_eq!(told(&RULE, &search), broken("a value without quotes"));
    }
}
