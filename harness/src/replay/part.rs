//! What suites name of an answer, and whether what they demand of it holds.

use scimspec_mock_idp::exchange::Answer;
use scimspec_mock_idp::recording::rebind::member;
use scimspec_mock_idp::recording::{Assertion, Comparison, Part};
use serde_json::Value;

use super::difference::{Kind, Unlike};

/// A part of an answer; none: it has no such part, or it is its time.
pub(super) fn of(part: &Part, answer: &Answer) -> Option<Value> {
    match part {
        Part::Status => Some(Value::from(answer.status)),
        Part::Header(name) => answer.header(name).map(Value::from),
        Part::Json(path) => answer.json().and_then(|json| at(&json, path).cloned()),
        Part::Time => None,
    }
}

/// What a suite demands, if it does not hold of an answer that took so long. `value` has its names filled in.
pub(super) fn broken(assertion: &Assertion, value: &Value, answer: &Answer, took_ms: u128) -> Option<Unlike> {
    let found = match &assertion.part {
        Part::Time => u64::try_from(took_ms).ok().map(Value::from),
        part => of(part, answer),
    };
    let (wanted, holds) = holds(assertion.comparison, found.as_ref(), value);
    if holds {
        return None;
    }
    let name = match &assertion.part {
        Part::Status => "status".to_owned(),
        Part::Time => "time in ms".to_owned(),
        Part::Header(name) => format!("header {name}"),
        Part::Json(path) if path.is_empty() => "body".to_owned(),
        Part::Json(path) => path.clone(),
    };
    let now = found.map_or_else(|| "missing".to_owned(), |found| found.to_string());
    Some(Unlike::new(Kind::Assertion, wanted, now).of(&name))
}

/// What is wanted in words, and whether it is so.
fn holds(comparison: Comparison, found: Option<&Value>, value: &Value) -> (String, bool) {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    let numbers = || found.and_then(number).zip(number(value));
    let wanted = text(value);
    let is_empty = found.is_none_or(|found| match found {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    });
    let same = found.is_some_and(|found| text(found) == wanted);
    match comparison {
        Comparison::Equal => (wanted, same),
        Comparison::NotEqual => (format!("not {wanted}"), !same),
        Comparison::EqualNumber => {
            (wanted, numbers().is_some_and(|(found, wanted)| same_number(found, wanted)))
        }
        Comparison::NotEmpty => ("not empty".to_owned(), !is_empty),
        Comparison::Empty => ("empty".to_owned(), is_empty),
        Comparison::HasValue => {
            let items = found.and_then(Value::as_array);
            let has = items.is_some_and(|items| items.iter().any(|item| text(item) == wanted));
            (format!("a list with {wanted}"), has)
        }
        Comparison::Contains => {
            let has = match found {
                Some(Value::Array(items)) => items.iter().any(|item| text(item) == wanted),
                Some(found) => text(found).contains(&wanted),
                None => false,
            };
            (format!("containing {wanted}"), has)
        }
        Comparison::IsNumber => ("a number".to_owned(), found.is_some_and(Value::is_number)),
        Comparison::LessThan => {
            (format!("less than {wanted}"), numbers().is_some_and(|(found, wanted)| found < wanted))
        }
        Comparison::GreaterThan => {
            (format!("more than {wanted}"), numbers().is_some_and(|(found, wanted)| found > wanted))
        }
    }
}

fn same_number(a: f64, b: f64) -> bool {
    (a - b).abs() <= f64::EPSILON * a.abs().max(b.abs())
}

/// The value at a path as suites spell it: `Resources[0].name.familyName`, `schemas[0]`; a name that has dots or colons
/// of its own is found whole.
fn at<'a>(json: &'a Value, path: &str) -> Option<&'a Value> {
    let path = path.trim_start_matches("$.").trim_start_matches('$');
    if path.is_empty() {
        return Some(json);
    }
    if let Some(whole) = member(json, path) {
        return Some(whole);
    }
    if let Some(rest) = path.strip_prefix('[') {
        let (index, rest) = rest.split_once(']')?;
        let index = index.trim_matches(['"', '\'']);
        let inner = match index.parse::<usize>() {
            Ok(index) => json.get(index)?,
            Err(_) => member(json, index)?,
        };
        return at(inner, rest.trim_start_matches('.'));
    }
    // The longest name first: an extension's URN has dots.
    let ends = path.char_indices().filter(|(_, c)| matches!(c, '.' | '[')).map(|(end, _)| end);
    let mut ends: Vec<usize> = ends.collect();
    ends.reverse();
    ends.into_iter().find_map(|end| at(member(json, &path[..end])?, path[end..].trim_start_matches('.')))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn answer() -> Answer {
        let body = json!({"totalResults": 1, "schemas": ["a", "b"], "Resources": [{"name": {"familyName": "Example"},
            "urn:x:2.0:User": {"department": "Sales"}, "empty": ""}]});
        Answer {
            status: 200,
            headers: vec![("ETag".to_owned(), "1".to_owned())],
            body: body.to_string().into(),
        }
    }

    #[rstest]
    #[case("Resources[0].name.familyName", json!("Example"))]
    #[case("Resources[0].urn:x:2.0:User.department", json!("Sales"))]
    #[case("schemas[1]", json!("b"))]
    #[case("totalresults", json!(1))]
    fn a_part_of_the_body(#[case] path: &str, #[case] expected: Value) {
        assert_eq!(of(&Part::Json(path.to_owned()), &answer()), Some(expected));
    }

    #[rstest]
    #[case(Part::Status, Comparison::EqualNumber, json!("200"), true)]
    #[case(Part::Status, Comparison::Equal, json!(201), false)]
    #[case(Part::Json("totalResults".to_owned()), Comparison::IsNumber, json!(null), true)]
    #[case(Part::Json("schemas".to_owned()), Comparison::HasValue, json!("b"), true)]
    #[case(Part::Json("schemas".to_owned()), Comparison::HasValue, json!("c"), false)]
    #[case(Part::Json("Resources[0].empty".to_owned()), Comparison::NotEmpty, json!(null), false)]
    #[case(Part::Json("Resources[1]".to_owned()), Comparison::Empty, json!(null), true)]
    #[case(Part::Json("Resources[0].name".to_owned()), Comparison::Contains, json!("Exa"), true)]
    #[case(Part::Time, Comparison::LessThan, json!("600"), true)]
    #[case(Part::Time, Comparison::GreaterThan, json!(600), false)]
    #[case(Part::Header("etag".to_owned()), Comparison::NotEqual, json!("2"), true)]
    fn what_a_suite_demands(
        #[case] part: Part,
        #[case] comparison: Comparison,
        #[case] value: Value,
        #[case] holds: bool,
    ) {
        let assertion = Assertion { part, comparison, value: value.clone() };
        assert_eq!(broken(&assertion, &value, &answer(), 12).is_none(), holds);
    }
}
