//! `rule/bulk-status-is-text`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::{Place, Seen};

pub(super) static RULE: Rule = Rule {
    slug: "bulk-status-is-text",
    title: "The status of a bulk operation is text",
    what: "status in each operation of a successful answer to POST /Bulk: a text, or an object with code \
          (C27).",
    why: "Clients compare it with \"201\".",
    fix: "Write \"status\": \"201\".",
    requirements: &["RFC7644-3.7.3-L2"],
    softer: Some("C27: text and examples of the RFC differ"),
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.7.3.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let bulk = seen.to == Place::Bulk && seen.answer.is_success();
    let operations = seen.json.as_ref().filter(|_| bulk).and_then(|json| json.get("Operations")?.as_array());
    let statuses: Vec<_> =
        operations.into_iter().flatten().filter_map(|operation| operation.get("status")).collect();
    if statuses.is_empty() {
        return Look::Elsewhere;
    }
    let number = statuses.into_iter().any(Value::is_number);
    Look::kept_if(!number, "status: a text, or an object with code", "a number")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#""201""#, kept())]
    #[case(r#"{"code":"201"}"#, kept())]
    #[case("201", broken("a number"))]
    fn a_status_is_text(#[case] status: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(
            found(
                &RULE,
                &[answer("POST", "/Bulk", 200, &format!(r#"{{"Operations":[{{"status":{status}}}]}}"#))]
            ),
            told
        );
        assert_eq!(found(&RULE, &[answer("POST", "/Bulk", 200, "{}")]), None);
    }
}
