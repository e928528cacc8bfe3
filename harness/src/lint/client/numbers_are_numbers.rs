//! `client/numbers-are-numbers`.

use serde_json::Value;

use super::super::sent::{Sent, is_template};
use super::{ClientRule, Fault, Look};
use crate::catalogue::Level;
use crate::rules::Place;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "numbers-are-numbers",
    title: "Pages are asked for in numbers",
    what: "startIndex and count of every query: integers.",
    why: "A server refuses the request, or sends a page that nobody asked for.",
    fix: "Write startIndex=1&count=100; in a SearchRequest, JSON numbers.",
    level: Level::Must,
    source: "RFC 7644, section 3.4.2.4",
    requirements: &["RFC7644-3.4.2.4-L10"],
    softer: None,
    look,
};

/// RFC 7644, section 3.4.2.4.
fn look(sent: &Sent<'_>) -> Look {
    let (mut faults, mut looked) = (Vec::new(), false);
    for name in ["startIndex", "count"] {
        let is_integer = match &sent.to {
            Place::Search(_) => match sent.json().and_then(|json| json.get(name)) {
                None => continue,
                Some(Value::Number(number)) => number.is_i64() || number.is_u64(),
                Some(_) => false,
            },
            _ => match sent.parameter(name) {
                None => continue,
                Some(text) if is_template(text) => continue,
                Some(text) => text.trim().parse::<i64>().is_ok(),
            },
        };
        looked = true;
        if !is_integer {
            faults.push(Fault::new(format!("{name}: an integer"), "something else"));
        }
    }
    Look::if_any(looked, faults)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, request, told};
    use super::*;

    #[rstest]
    #[case("/Users?startIndex=1&count=100", kept())]
    #[case("/Users?count=-1", kept())]
    #[case("/Users?count=all", broken("something else"))]
    #[case("/Users?startIndex=", broken("something else"))]
    #[case("/Users?count={{count}}", None)]
    #[case("/Users", None)]
    fn a_page_is_a_number(#[case] target: &str, #[case] said: Option<Vec<String>>) {
        assert_eq!(told(&RULE, &request("GET", target, "")), said);
    }

    #[test]
    fn in_a_body_it_is_a_json_number() {
        let search = |body| told(&RULE, &request("POST", "/Users/.search", body));
        assert_eq!(search(r#"{"count":10}"#), kept());
        assert_eq!(search(r#"{"count":"10"}"#), broken("something else"));
    }
}
