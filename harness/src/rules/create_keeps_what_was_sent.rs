//! `rule/create-keeps-what-was-sent`.

use http::Method;
use serde_json::Value;

use super::Rule;
use super::history::is_unassigned;
use super::known::{Attribute, Known, split_urn};
use super::resource_walk::{values, walk};
use super::scope::{Look, Need, Scope, Wrong};
use super::seen::Seen;

pub(super) static RULE: Rule = Rule {
    slug: "create-keeps-what-was-sent",
    title: "A create keeps what was sent",
    what: "Creates that were carried out (201 with the resource): every simple attribute that was sent, is \
          published as readWrite and returned by default comes back with its value; so do the values and \
          types of its addresses. Letter case and spaces at the ends may change (derived from 7643, \
          section 7: what is published can be written and read back).",
    why: "What is dropped on the way in is missing for ever: the provider believes that it was set and \
          does not send it again.",
    fix: "Store every attribute that /Schemas publishes as writable, or do not publish it.",
    requirements: &["RFC7643-7-L25", "RFC7644-3.1-L4"],
    softer: None,
    needs: &[Need::Schemas],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 7; C35: values may be canonicalised. Names come in one form or another (C50).
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let created = seen.method() == Method::POST && seen.status() == 201 && !seen.is_projected();
    let (Some(endpoint), Some(shown)) = (seen.endpoint(), seen.shown().filter(|_| created)) else {
        return Look::Elsewhere;
    };
    // Below the URN of their schema the attributes are there and misplaced; that is another rule's.
    let misplaced = known.base_schema(endpoint).is_some_and(|urn| shown.get(urn).is_some());
    let Some(sent) = seen.sent.as_ref().filter(|_| !misplaced) else { return Look::Elsewhere };
    let (mut wrongs, mut looked) = (Vec::new(), false);
    walk(sent, endpoint, known, &mut |visit| {
        let Some(published) = visit.published.filter(|attribute| is_kept(attribute)) else { return };
        let path = visit.path.to_string();
        if visit.name.eq_ignore_ascii_case("externalId")
            || split_urn(&path).1.contains('.')
            || is_unassigned(visit.value)
        {
            return;
        }
        // An extension that was sent under a URN in another case is found by its path all the same.
        let stored = at(shown, &path);
        let simple = visit.value.is_string() || visit.value.is_boolean() || visit.value.is_number();
        if simple && !published.multi_valued && fits(visit.value, &published.kind) {
            looked = true;
            match stored.filter(|value| !is_unassigned(value)) {
                None if visit.value != "" => {
                    wrongs.push(Wrong::new("what was sent", format!("no {}", visit.path)));
                }
                Some(stored) if !same(visit.value, stored) => {
                    wrongs.push(Wrong::new("what was sent", format!("another {}", visit.path)));
                }
                _ => {}
            }
        } else if published.multi_valued && visit.name.eq_ignore_ascii_case("emails") {
            looked = true;
            let stored: Vec<&Value> = stored.map(|value| values(value).iter().collect()).unwrap_or_default();
            for (part, what) in [("value", "a value"), ("type", "the type of a value")] {
                let lost = values(visit.value).iter().any(|mail| {
                    let Some(text) = mail.get(part).filter(|text| text.is_string()) else { return false };
                    !stored.iter().any(|other| other.get(part).is_some_and(|other| same(text, other)))
                });
                if lost {
                    wrongs.push(Wrong::new("what was sent", format!("{} without {what}", visit.path)));
                    break;
                }
            }
        }
    });
    if looked { Look::of(wrongs) } else { Look::Elsewhere }
}

fn is_kept(attribute: &Attribute) -> bool {
    attribute.is_shown() && matches!(attribute.mutability.as_str(), "readwrite" | "immutable")
}

fn fits(value: &Value, kind: &str) -> bool {
    match kind {
        "boolean" => value.is_boolean(),
        "integer" | "decimal" => value.is_number(),
        // A moment can be written in many ways.
        "string" => value.is_string(),
        _ => false,
    }
}

fn at<'v>(resource: &'v Value, path: &str) -> Option<&'v Value> {
    let member = |value: &'v Value, name: &str| {
        value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    match split_urn(path) {
        (Some(urn), name) => member(member(resource, urn)?, name),
        (None, name) => member(resource, name),
    }
}

fn same(sent: &Value, stored: &Value) -> bool {
    match (sent, stored) {
        (Value::String(a), Value::String(b)) => a.trim().to_lowercase() == b.trim().to_lowercase(),
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{broken, found, kept, sent};

    #[rstest]
    #[case(r#"{"userName":"Ada","active":false}"#, r#"{"id":"1","userName":"ada","active":false}"#, kept())]
    #[case(
        r#"{"userName":"ada","active":false}"#,
        r#"{"id":"1","userName":"ada","active":true}"#,
        broken("another active")
    )]
    #[case(r#"{"userName":"ada","title":"Clerk"}"#, r#"{"id":"1","userName":"ada"}"#, broken("no title"))]
    #[case(
        r#"{"userName":"ada","active":"False","floor":"x","password":"p"}"#,
        r#"{"id":"1","userName":"ada","active":false}"#,
        kept()
    )]
    #[case(
        r#"{"emails":[{"value":"A@example.com","type":"work"}]}"#,
        r#"{"id":"1","emails":[{"value":"a@example.com"}]}"#,
        broken("emails without the type of a value")
    )]
    #[case(
        r#"{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Sales"}}"#,
        r#"{"id":"1"}"#,
        broken("no urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department")
    )]
    #[case(r#"{"name":{"givenName":"Ada"}}"#, r#"{"id":"1"}"#, None)]
    fn nothing_is_lost_on_the_way_in(
        #[case] request: &str,
        #[case] body: &str,
        #[case] told: Option<Vec<String>>,
    ) {
        assert_eq!(found(&RULE, &[sent("POST", "/Users", request, 201, body)]), told);
    }
}
