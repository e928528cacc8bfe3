//! `client/parameters-are-known`.

use super::super::sent::{Sent, is_template};
use super::{ClientRule, Fault, Look, shown};
use crate::catalogue::Level;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "parameters-are-known",
    title: "Only parameters that there are are sent",
    what: "The names of the query parameters of every request, letter for letter: filter, sortBy, sortOrder, startIndex, count, cursor, attributes, excludedAttributes.",
    why: "A server ignores others: startindex=101 or limit=10 bring the first page again and again.",
    fix: "Spell the parameters as the RFC does.",
    level: Level::Should,
    source: "RFC 7644, section 3.4.2; RFC 9865, section 2",
    requirements: &["RFC7644-3.4.2-L7"],
    softer: None,
    look,
};

/// RFC 7644, section 3.4.2.
fn look(sent: &Sent<'_>) -> Look {
    if sent.parameters.is_empty() {
        return Look::Elsewhere;
    }
    let mut faults = Vec::new();
    for (name, _) in &sent.parameters {
        if KNOWN.contains(&name.as_str()) || is_template(name) {
            continue;
        }
        match KNOWN.iter().find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) => faults.push(Fault::new(*known, shown(name))),
            None => faults.push(Fault::new("a parameter of RFC 7644 or RFC 9865", shown(name))),
        }
    }
    Look::of(faults)
}

const KNOWN: [&str; 8] =
    ["filter", "sortBy", "sortOrder", "startIndex", "count", "cursor", "attributes", "excludedAttributes"];

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, request, told};
    use super::*;

    #[rstest]
    #[case("/Users?filter=a+pr&startIndex=1&count=2", kept())]
    #[case("/Users?startindex=1", broken("startindex"))]
    #[case("/Users?limit=10", broken("limit"))]
    #[case("/Users?", None)]
    fn a_parameter_is_spelled_right(#[case] target: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &request("GET", target, "")), said);
    }
}
