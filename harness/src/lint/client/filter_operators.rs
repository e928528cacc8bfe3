//! `client/filter-operators`.

use super::super::grammar::{self, Mistake};
use super::super::sent::Sent;
use super::{ClientRule, Fault, Look};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "filter-operators",
    title: "Filters have the operators that servers have",
    what: "The operators in the filter of every query: those of table 3 of RFC 7644.",
    why: "A server may offer others of its own, and every other server must decline them.",
    fix: "Use eq, ne, co, sw, ew, pr, gt, ge, lt, le.",
    level: Level::Should,
    source: "RFC 7644, section 3.4.2.2",
    requirements: &["RFC7644-3.4.2.2-L48"],
    softer: None,
    look,
};

/// RFC 7644, section 3.4.2.2: more operators MAY be supported, unknown ones MUST be declined.
fn look(sent: &Sent<'_>) -> Look {
    let Some(filter) = sent.filter() else { return Look::Elsewhere };
    match grammar::filter(filter) {
        Ok(_) => Look::Kept,
        Err(Mistake::Operator) => {
            Look::of(vec![Fault::new("an operator of RFC 7644", Mistake::Operator.to_string())])
        }
        Err(_) => Look::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{broken, kept, request, told};
    use super::*;

    #[test]
    fn an_operator_is_one_of_ten() {
        let get = |filter: &str| told(&RULE, &request("GET", &format!("/Users?filter={filter}"), ""));
        assert_eq!(get("userName+sw+%22a%22"), kept());
        assert_eq!(get("userName+like+%22a%22"), broken("an operator that RFC 7644 does not have"));
        assert_eq!(get("userName+eq+a"), None);
        assert_eq!(told(&RULE, &request("GET", "/Users", "")), None);
    }
}
