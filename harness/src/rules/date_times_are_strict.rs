//! `rule/date-times-are-strict`.

use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::resource_walk::walk;
use super::scope::{Look, Scope, Wrong};
use super::seen::Seen;
use super::words::date_time;

pub(super) static RULE: Rule = Rule {
    slug: "date-times-are-strict",
    title: "Dates are xsd:dateTime, with a date and a time",
    what: "meta.created, meta.lastModified and every attribute that is published as dateTime, in every \
          resource of a successful answer.",
    why: "A client that cannot read lastModified does not know which of two states is newer; many refuse \
          the whole resource.",
    fix: "Write 2026-11-24T23:39:22Z: a T between date and time, seconds, a colon in the offset.",
    requirements: &["RFC7643-2.3.5-L1", "RFC7643-3.1-L17"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7643, section 2.3.5. A missing zone is another rule's.
fn look(seen: &Seen<'_>, known: &Known) -> Look {
    let dates = dates(seen, known);
    if dates.is_empty() {
        return Look::Elsewhere;
    }
    let wrongs = dates.into_iter().filter(|(_, text)| date_time(text).is_none()).map(|(path, text)| {
        let kind = match text {
            text if text.is_empty() => "an empty text",
            text if text.bytes().all(|b| b.is_ascii_digit()) => "a number of seconds",
            text if text.contains(' ') => "a text with a space",
            text if !text.contains(':') => "a date without a time",
            _ => "no xsd:dateTime",
        };
        Wrong::new(format!("{path} as xsd:dateTime"), format!("{path}: {kind}"))
    });
    Look::of(wrongs.collect())
}

/// The dates in an answer with their paths; what is no text is a matter of types, but for meta, which has no schema.
pub(super) fn dates(seen: &Seen<'_>, known: &Known) -> Vec<(String, String)> {
    let mut dates = Vec::new();
    for resource in seen.resources() {
        for name in ["created", "lastModified"] {
            match resource.get("meta").and_then(|meta| meta.get(name)) {
                None | Some(Value::Null) => {}
                Some(Value::String(text)) => dates.push((format!("meta.{name}"), text.clone())),
                Some(other) => dates.push((format!("meta.{name}"), other.to_string())),
            }
        }
        walk(resource, seen.endpoint().unwrap_or_default(), known, &mut |visit| {
            let is_date = visit.published.is_some_and(|attribute| attribute.kind == "datetime");
            if let Some(text) = visit.value.as_str().filter(|_| is_date) {
                dates.push((visit.path.to_string(), text.to_owned()));
            }
        });
    }
    dates
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[rstest]
    #[case(r#"{"meta":{"created":"2026-11-24T23:39:22Z","lastModified":"2026-11-24T23:39:22"}}"#, kept())]
    #[case(r#"{"meta":{"created":"2026-11-24 23:39:22Z"}}"#, broken("meta.created: a text with a space"))]
    #[case(r#"{"meta":{"created":1790000000}}"#, broken("meta.created: a number of seconds"))]
    #[case(r#"{"hired":"2026-11-24"}"#, broken("hired: a date without a time"))]
    #[case(r#"{"userName":"ada"}"#, None)]
    fn a_date_is_written_strictly(#[case] body: &str, #[case] told: Option<Vec<String>>) {
        assert_eq!(found(&RULE, &[answer("GET", "/Users/1", 200, body)]), told);
    }
}
