//! Filters that are simple enough to be judged by anybody who reads them: comparisons joined by `and`. Anything else
//! (or, not, parentheses, brackets) is left to the scenarios, which know what they made.

use std::collections::BTreeSet;

use serde_json::Value;

use super::known::Known;

/// `attribute operator value`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparison {
    /// The attribute's path as it was written.
    pub path: String,
    /// How it compares.
    pub operator: Operator,
    /// With what; null for `pr`.
    pub value: Value,
}

/// The operators that are judged (RFC 7644, section 3.4.2.2). What `ne` makes of absent values is contested (C25).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// Equal.
    Eq,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Is present.
    Pr,
}

/// Reads a filter; `None` if it is not that simple.
pub(super) fn parse(filter: &str) -> Option<Vec<Comparison>> {
    let mut comparisons = Vec::new();
    let mut rest = filter.trim();
    loop {
        let (path, after) = rest.split_once(' ')?;
        if path.is_empty() || path.contains(['(', ')', '[', ']', '"']) || path.eq_ignore_ascii_case("not") {
            return None;
        }
        let after = after.trim_start();
        let (word, after) = after.split_once(' ').unwrap_or((after, ""));
        let operator = match word.to_ascii_lowercase().as_str() {
            "eq" => Operator::Eq,
            "co" => Operator::Co,
            "sw" => Operator::Sw,
            "ew" => Operator::Ew,
            "pr" => Operator::Pr,
            _ => return None,
        };
        let (value, after) = if operator == Operator::Pr { (Value::Null, after) } else { literal(after)? };
        comparisons.push(Comparison { path: path.to_owned(), operator, value });
        let after = after.trim();
        if after.is_empty() {
            return Some(comparisons);
        }
        let (and, more) = after.split_once(' ')?;
        if !and.eq_ignore_ascii_case("and") {
            return None;
        }
        rest = more.trim();
    }
}

/// Whether the filter can only find what has one of these names: a comparison with one of them, or with so large a part of
/// one that no stranger has it in common.
pub(super) fn asks_for_own(filter: &str, names: &BTreeSet<String>) -> bool {
    parse(filter).is_some_and(|comparisons| {
        comparisons.iter().any(|comparison| {
            let Some(value) = comparison.value.as_str().map(str::to_ascii_lowercase) else { return false };
            match comparison.operator {
                Operator::Eq => names.contains(&value),
                Operator::Pr => false,
                _ => is_telling(&value) && names.iter().any(|name| name.contains(&value)),
            }
        })
    })
}

/// Whether a part of a name names somebody: long, with a number in it, and not only the domain of a mail address.
fn is_telling(part: &str) -> bool {
    let local = part.split('@').next().unwrap_or_default();
    local.len() >= 12 && local.bytes().any(|byte| byte.is_ascii_digit())
}

impl Comparison {
    /// Whether a whole resource satisfies it; `None` if that cannot be said: an attribute that is not shown, a value of
    /// another type, a date.
    pub(super) fn holds(&self, resource: &Value, endpoint: &str, known: &Known) -> Option<bool> {
        let attribute = known.attribute(endpoint, &self.path);
        if attribute.is_some_and(|attribute| !attribute.is_shown() || attribute.kind == "datetime") {
            return None;
        }
        let common = ["id", "externalid", "meta.resourcetype", "username", "displayname", "active"];
        // What is not published may be hidden, or spelled by rules of the server's own.
        if attribute.is_none() && !common.contains(&self.path.to_ascii_lowercase().as_str()) {
            return None;
        }
        // RFC 7643, section 3.1, whether a schema lists them or not.
        let always_exact = ["id", "externalid"].contains(&self.path.to_ascii_lowercase().as_str());
        let exact = attribute.map_or(always_exact, |attribute| attribute.case_exact);
        let values = values_at(resource, &self.path);
        if self.operator == Operator::Pr {
            return Some(values.iter().any(|value| !super::history::is_unassigned(value) && *value != ""));
        }
        if values.iter().any(|value| value.is_object() || value.is_array()) {
            return None;
        }
        // What a server makes of null, and of a value of another type, is open (C25); so is how it prepares letters beyond
        // ASCII before it compares them (C40).
        let comparable = |value: &&Value| match (value, &self.value) {
            (Value::String(have), Value::String(want)) => have.is_ascii() && want.is_ascii(),
            (Value::Bool(_), Value::Bool(_)) | (Value::Number(_), Value::Number(_)) => {
                self.operator == Operator::Eq
            }
            _ => false,
        };
        // A list may leave long attributes out; that is another rule's.
        let left_out = values.is_empty() && self.path.to_ascii_lowercase().starts_with("members");
        if self.value.is_null() || left_out || !values.iter().all(comparable) {
            return None;
        }
        Some(values.iter().any(|value| match (value, &self.value) {
            (Value::String(have), Value::String(want)) => self.compares(have, want, exact),
            (Value::Number(have), Value::Number(want)) => have.as_f64() == want.as_f64(),
            (have, want) => *have == want,
        }))
    }

    fn compares(&self, have: &str, want: &str, exact: bool) -> bool {
        // An attribute that nobody calls case exact is given the benefit of either reading.
        let (have, want) = if exact {
            (have.to_owned(), want.to_owned())
        } else {
            (have.to_lowercase(), want.to_lowercase())
        };
        match self.operator {
            Operator::Eq => have == want,
            Operator::Co => have.contains(&want),
            Operator::Sw => have.starts_with(&want),
            Operator::Ew => have.ends_with(&want),
            Operator::Pr => true,
        }
    }
}

/// The values at a path, of every value of a multi-valued attribute; `emails` alone means its values.
fn values_at<'a>(resource: &'a Value, path: &str) -> Vec<&'a Value> {
    let (urn, names) = super::known::split_urn(path);
    let mut here: Vec<&Value> = match urn.and_then(|urn| member(resource, urn)) {
        Some(extension) => vec![extension],
        // The core URN names the resource itself; an extension that is not there has no values.
        None if urn.is_none_or(|urn| urn.to_ascii_lowercase().contains(":core:")) => vec![resource],
        None => return Vec::new(),
    };
    for name in names.split('.') {
        here = here.into_iter().filter_map(|value| member(value, name)).flat_map(each).collect();
    }
    if here.iter().all(|value| value.get("value").is_some()) {
        return here.into_iter().filter_map(|value| value.get("value")).collect();
    }
    here
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn each(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

/// A JSON literal at the start of a text, and what follows it.
fn literal(text: &str) -> Option<(Value, &str)> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = stream.next()?.ok()?;
    if value.is_object() || value.is_array() {
        return None;
    }
    Some((value, text.get(stream.byte_offset()..)?))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::rules::tests::discovered;

    #[rstest]
    #[case(r#"userName eq "ada""#, Some(true))]
    #[case(r#"userName eq "ADA""#, Some(true))]
    #[case(r#"userName eq "eve""#, Some(false))]
    #[case(r#"externalId eq "X1""#, Some(false))]
    #[case(r#"emails.value sw "a@" and active eq true"#, Some(true))]
    #[case(r#"emails co "example""#, Some(true))]
    #[case("title pr", Some(false))]
    #[case("active eq false", Some(false))]
    #[case(r#"active eq "true""#, None)]
    #[case(r#"userName eq "ad\u0061\u0301""#, None)]
    #[case("title eq null", None)]
    #[case(r#"title eq "x""#, Some(false))]
    #[case(r#"password eq "x""#, None)]
    #[case(r#"meta.created eq "2026-01-01T00:00:00Z""#, None)]
    #[case(r#"colour eq "red""#, None)]
    fn a_comparison_is_judged_on_the_whole_resource(#[case] filter: &str, #[case] holds: Option<bool>) {
        let ada = json!({"id": "1", "userName": "ada", "externalId": "x1", "active": true, "emails": [{"value": "a@example.com"}]});
        let all: Vec<_> = parse(filter)
            .unwrap()
            .iter()
            .map(|comparison| comparison.holds(&ada, "Users", &discovered()))
            .collect();
        let said = if all.contains(&None) { None } else { Some(all.iter().all(|held| *held == Some(true))) };
        assert_eq!(said, holds);
    }

    #[rstest]
    #[case(r#"userName eq "a" or userName eq "b""#)]
    #[case(r#"not (userName eq "a")"#)]
    #[case(r#"emails[type eq "work"]"#)]
    #[case(r#"userName ne "a""#)]
    #[case("userName eq ada")]
    #[case("")]
    fn anything_else_is_not_simple(#[case] filter: &str) {
        assert_eq!(parse(filter), None);
    }

    #[test]
    fn a_query_for_ones_own_name_finds_nobody_elses() {
        let own = ["ada@example.com".to_owned()].into();
        assert!(asks_for_own(r#"userName eq "Ada@example.com" and active eq true"#, &own));
        let marked = ["ada.unique.x1y2z3.42@example.com".to_owned()].into();
        assert!(asks_for_own(r#"userName ew "unique.x1y2z3.42@example.com""#, &marked));
        assert!(!asks_for_own(r#"userName ew "42@example.com""#, &marked));
        assert!(!asks_for_own(r#"userName co "@example.com""#, &marked));
        assert!(!asks_for_own(r#"userName sw "ada@example.com""#, &own));
        assert!(!asks_for_own("active eq true", &own));
    }
}
