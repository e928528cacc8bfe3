//! `rule/external-id-is-the-clients`.

use http::Method;
use serde_json::Value;

use super::Rule;
use super::history::is_unassigned;
use super::known::Known;
use super::scope::{Look, Scope};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "external-id-is-the-clients",
    title: "externalId is what the client sent, and nothing where it sent none",
    what: "Creates whose body was understood (201 with the resource): externalId is the text that was sent, \
          letter for letter, or absent (C34).",
    why: "Entra matches people by externalId; a server that drops, changes or invents it makes it create \
          them again.",
    fix: "Store externalId as it comes and return it; never set it yourself.",
    requirements: &["RFC7643-3.1-L10", "RFC7643-3.1-L1", "RFC7643-3.1-L11"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 3.1.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let created = seen.method() == Method::POST && seen.status() == 201 && !seen.is_projected();
    let (Some(shown), Some(sent)) = (seen.shown().filter(|_| created), &seen.sent) else {
        return Look::Elsewhere;
    };
    let hidden =
        seen.endpoint().and_then(|e| known.attribute(e, "externalId")).is_some_and(|a| !a.is_shown());
    // A name in another case is another scenario's matter.
    let other_case = sent
        .as_object()
        .into_iter()
        .flatten()
        .any(|(k, _)| k != "externalId" && k.eq_ignore_ascii_case("externalId"));
    if hidden || other_case || !sent.is_object() {
        return Look::Elsewhere;
    }
    let value =
        |body: &Value| body.get("externalId").filter(|value| !is_unassigned(value) && **value != "").cloned();
    let what = match (value(sent), value(shown)) {
        (None, None) => return Look::Kept,
        (Some(Value::String(sent)), Some(Value::String(shown))) if sent == shown || sent.is_empty() => {
            return Look::Kept;
        }
        (Some(Value::String(sent)), None) if sent.is_empty() => return Look::Kept,
        (None, Some(_)) => "one that nobody sent",
        (Some(Value::String(_)), None) => "none, where one was sent",
        (Some(Value::String(_)), Some(_)) => "another than the one that was sent",
        // What is no text is refused or converted; that is judged elsewhere.
        (Some(_), _) => return Look::Elsewhere,
    };
    Look::broken("externalId as it was sent", what)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{broken, found, kept, sent};

    #[rstest]
    #[case(r#"{"externalId":"X1"}"#, r#"{"id":"1","externalId":"X1"}"#, kept())]
    #[case(r#"{"externalId":"X1"}"#, r#"{"id":"1"}"#, broken("none, where one was sent"))]
    #[case(
        r#"{"externalId":"X1"}"#,
        r#"{"id":"1","externalId":"x1"}"#,
        broken("another than the one that was sent")
    )]
    #[case("{}", r#"{"id":"1","externalId":"1"}"#, broken("one that nobody sent"))]
    #[case("{}", r#"{"id":"1"}"#, kept())]
    #[case(r#"{"externalId":7}"#, r#"{"id":"1"}"#, None)]
    fn what_is_the_clients_stays_the_clients(
        #[case] request: &str,
        #[case] body: &str,
        #[case] told: Option<Vec<String>>,
    ) {
        assert_eq!(found(&RULE, &[sent("POST", "/Users", request, 201, body)]), told);
        assert_eq!(found(&RULE, &[sent("POST", "/Users", request, 400, body)]), None);
    }
}
