//! `rule/scim-type-fits-status`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "scim-type-fits-status",
    title: "scimType stands beside the status that it is defined for",
    what: "The registered keywords in SCIM error bodies and the status of the answer (uniqueness: 400 or \
          409, C21; sensitive: 403; the others: 400).",
    why: "Clients branch on the status first; a 404 with scimType noTarget, or a 500 with invalidValue, is \
          read as the wrong kind of error.",
    fix: "Answer 400 with the keyword, or the other status without it.",
    requirements: &["RFC7644-3.12-L5"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.12, table 9.
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    let Some(word) = seen.error().and_then(|error| error.get("scimType")).and_then(Value::as_str) else {
        return Look::Elsewhere;
    };
    let fitting: &[u16] = match word.to_ascii_lowercase().as_str() {
        "uniqueness" => &[400, 409],
        "sensitive" => &[403],
        "mutability" | "invalidvers" | "invalidfilter" | "toomany" | "invalidsyntax" | "invalidpath"
        | "notarget" | "invalidvalue" | "invalidcursor" | "expiredcursor" | "invalidcount" => &[400],
        _ => return Look::Elsewhere,
    };
    let expected = fitting.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ");
    Look::kept_if(
        fitting.contains(&seen.status()),
        format!("{expected} with {word}"),
        seen.status().to_string(),
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(400, "invalidValue", kept())]
    #[case(409, "uniqueness", kept())]
    #[case(404, "noTarget", broken("404"))]
    #[case(409, "mutability", broken("409"))]
    #[case(400, "ownWord", None)]
    fn a_keyword_has_its_status(#[case] status: u16, #[case] word: &str, #[case] told: Option<Vec<String>>) {
        let body =
            format!(r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"scimType":"{word}"}}"#);
        assert_eq!(found(&RULE, &[answer("PATCH", "/Users/1", status, &body)]), told);
    }
}
