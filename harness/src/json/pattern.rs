//! JSON patterns: they name what must be there and ignore the rest. How they are written is in `pattern_syntax`.

use std::cmp::Ordering;

use regex::Regex;
use serde_json::{Map, Value};

pub use super::pattern_syntax::{PatternError, PatternTemplate, PatternTemplateError};
use super::template::part;

/// A pattern over one JSON value.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// Exactly this scalar. Numbers are equal when their values are (`1` and `1.0`).
    Scalar(Value),
    /// An object that has these members; others are ignored.
    Object(Vec<(String, Pattern)>),
    /// An array of exactly these, in this order.
    Array(Vec<Pattern>),
    /// Not there. JSON null and an empty array count as not there (RFC 7643, section 2.5).
    Absent,
    /// There, whatever it is.
    Present,
    /// Of this JSON type.
    Type(JsonType),
    /// A string in which this regular expression matches.
    Matches(Regex),
    /// Any one of these.
    OneOf(Vec<Pattern>),
    /// An array that has an item for each of these, in any place.
    Contains(Vec<Pattern>),
    /// An array of exactly these, in any order.
    Unordered(Vec<Pattern>),
    /// Anything that is not like this.
    Not(Box<Pattern>),
    /// An array of so many items; what is not there has none.
    Length(u64),
    /// An array each of whose items is like this; one without items too.
    Every(Box<Pattern>),
    /// An array in this order.
    Sorted(Sorted),
    /// All of these.
    All(Vec<Pattern>),
}

/// An order of an array's items (RFC 7644, section 3.4.2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sorted {
    /// The greatest first.
    pub descending: bool,
    /// By what of each item, a dotted path; none: by the item itself.
    pub by: Option<String>,
    /// Whether `a` and `A` are the same.
    pub ignoring_case: bool,
}

/// The JSON types, with integers apart since SCIM tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonType {
    /// A string.
    String,
    /// A number without fraction.
    Integer,
    /// Any number.
    Number,
    /// true or false.
    Boolean,
    /// An array.
    Array,
    /// An object.
    Object,
    /// null.
    Null,
}

/// The first place where a value is not what the pattern asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Where, as in `Resources[0].active`; empty for the whole value.
    pub place: String,
    /// What the pattern asks for.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl Pattern {
    /// Compares a value (`None`: not there) with the pattern.
    pub fn check(&self, value: Option<&Value>) -> Result<(), Mismatch> {
        self.check_at(value, "")
    }

    fn check_at(&self, value: Option<&Value>, place: &str) -> Result<(), Mismatch> {
        let mismatch = || {
            Err(Mismatch {
                place: place.to_owned(),
                expected: self.to_string(),
                found: value.map_or_else(|| "nothing".to_owned(), bounded),
            })
        };
        let found = value.filter(|v| !is_unassigned(v));
        match (self, value) {
            (Self::Absent, _) => found.map_or(Ok(()), |_| mismatch()),
            (Self::Present, _) => found.map_or_else(mismatch, |_| Ok(())),
            (Self::OneOf(patterns), value) => {
                if patterns.iter().any(|p| p.check_at(value, place).is_ok()) {
                    Ok(())
                } else {
                    mismatch()
                }
            }
            (Self::Scalar(expected), Some(found)) if same_scalar(expected, found) => Ok(()),
            (Self::Type(expected), Some(found)) if expected.is_type_of(found) => Ok(()),
            (Self::Matches(regex), Some(Value::String(found))) if regex.is_match(found) => Ok(()),
            (Self::Object(members), Some(Value::Object(found))) => {
                members.iter().try_for_each(|(name, p)| p.check_at(member(found, name), &join(place, name)))
            }
            (Self::Array(patterns), Some(Value::Array(found))) if patterns.len() == found.len() => patterns
                .iter()
                .zip(found)
                .enumerate()
                .try_for_each(|(i, (p, v))| p.check_at(Some(v), &format!("{place}[{i}]"))),
            (Self::Contains(patterns), Some(Value::Array(found))) => {
                if patterns.iter().all(|p| found.iter().any(|v| p.check_at(Some(v), place).is_ok())) {
                    Ok(())
                } else {
                    mismatch()
                }
            }
            (Self::Unordered(patterns), Some(Value::Array(found))) => {
                if patterns.len() == found.len() && assignment_exists(patterns, found, place) {
                    Ok(())
                } else {
                    mismatch()
                }
            }
            (Self::Not(pattern), value) if pattern.check_at(value, place).is_err() => Ok(()),
            (Self::Length(length), Some(Value::Array(found))) if found.len() as u64 == *length => Ok(()),
            (Self::Every(pattern), Some(Value::Array(found))) => found
                .iter()
                .enumerate()
                .try_for_each(|(i, v)| pattern.check_at(Some(v), &format!("{place}[{i}]"))),
            (Self::Sorted(order), Some(Value::Array(found))) => order.check(found, place),
            (Self::Length(0) | Self::Every(_) | Self::Sorted(_), _) if found.is_none() => Ok(()),
            (Self::All(patterns), value) => patterns.iter().try_for_each(|p| p.check_at(value, place)),
            // An empty list of things that must be there is met by an attribute that is not there.
            (Self::Array(patterns) | Self::Unordered(patterns), None) if patterns.is_empty() => Ok(()),
            _ => mismatch(),
        }
    }
}

impl Sorted {
    fn check(&self, items: &[Value], place: &str) -> Result<(), Mismatch> {
        let keys: Vec<Value> =
            items.iter().map(|item| part(item, self.by.as_deref().unwrap_or_default())).collect();
        for (i, pair) in keys.windows(2).enumerate() {
            let in_order = match self.compare(&pair[0], &pair[1]) {
                Some(Ordering::Equal) => true,
                Some(order) => (order == Ordering::Greater) == self.descending,
                None => false,
            };
            if !in_order {
                let by = self.by.as_ref().map_or_else(String::new, |by| format!(".{by}"));
                return Err(Mismatch {
                    place: format!("{place}[{}]{by}", i + 1),
                    expected: format!("{self} (before it {})", bounded(&pair[0])),
                    found: bounded(&pair[1]),
                });
            }
        }
        Ok(())
    }

    /// What is not there is greater than anything: last when ascending, first when descending.
    fn compare(&self, one: &Value, other: &Value) -> Option<Ordering> {
        match (one, other) {
            (Value::Null, Value::Null) => Some(Ordering::Equal),
            (Value::Null, _) => Some(Ordering::Greater),
            (_, Value::Null) => Some(Ordering::Less),
            (Value::String(one), Value::String(other)) if self.ignoring_case => {
                Some(one.to_lowercase().cmp(&other.to_lowercase()))
            }
            (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
            (Value::Bool(one), Value::Bool(other)) => Some(one.cmp(other)),
            (Value::Number(one), Value::Number(other)) => one.as_f64()?.partial_cmp(&other.as_f64()?),
            _ => None,
        }
    }
}

impl JsonType {
    fn is_type_of(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
            Self::Null => value.is_null(),
        }
    }
}

/// Attribute names are compared without case (RFC 7643, section 2.1); an exact match is preferred.
fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object
        .get(name)
        .or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn is_unassigned(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

fn same_scalar(expected: &Value, found: &Value) -> bool {
    match (expected.as_f64(), found.as_f64()) {
        (Some(a), Some(b)) => expected == found || (a - b).abs() < f64::EPSILON,
        _ => expected == found,
    }
}

/// Whether each pattern can have a value of its own: a matching of two sides, found by augmenting paths, so that a long
/// list of things that are alike costs no more than one of things that differ.
fn assignment_exists(patterns: &[Pattern], values: &[Value], place: &str) -> bool {
    let fits: Vec<Vec<usize>> = patterns
        .iter()
        .map(|pattern| {
            (0..values.len()).filter(|i| pattern.check_at(Some(&values[*i]), place).is_ok()).collect()
        })
        .collect();
    let mut taken_by: Vec<Option<usize>> = vec![None; values.len()];
    (0..patterns.len()).all(|pattern| {
        // Breadth first, so that a list of thousands needs no deep stack.
        let mut reached_from: Vec<Option<usize>> = vec![None; values.len()];
        let mut waiting = std::collections::VecDeque::from([pattern]);
        while let Some(at) = waiting.pop_front() {
            for &value in &fits[at] {
                if reached_from[value].is_some() {
                    continue;
                }
                reached_from[value] = Some(at);
                let Some(other) = taken_by[value] else {
                    give_way(value, pattern, &fits, &reached_from, &mut taken_by);
                    return true;
                };
                waiting.push_back(other);
            }
        }
        false
    })
}

/// Along the path that reached a free value, each pattern takes the value that it was reached for.
fn give_way(
    free: usize,
    start: usize,
    fits: &[Vec<usize>],
    reached_from: &[Option<usize>],
    taken_by: &mut [Option<usize>],
) {
    let mut value = free;
    while let Some(pattern) = reached_from[value] {
        let had = fits[pattern].iter().copied().find(|v| taken_by[*v] == Some(pattern));
        taken_by[value] = Some(pattern);
        match had {
            Some(left) if pattern != start => value = left,
            _ => return,
        }
    }
}

fn join(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

/// A value for a message, bounded so that a hostile body does not fill the memory. What is shown of it is cut much
/// shorter, but only after secrets were masked: half a secret would not be recognised.
pub fn bounded(value: &Value) -> String {
    const LIMIT: usize = 16 * 1024;
    let text = value.to_string();
    if text.len() <= LIMIT {
        return text;
    }
    let cut = (0..=LIMIT).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    format!("{}… ({} bytes)", &text[..cut], text.len())
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = if self.place.is_empty() { "the body" } else { &self.place };
        write!(f, "{place} is {}, expected {}", self.found, self.expected)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::rest_ignored(json!({"a": 1}), json!({"a": 1, "b": 2}))]
    #[case::names_without_case(json!({"userName": "x"}), json!({"username": "x"}))]
    #[case::nested(json!({"a": {"b": [1, 2]}}), json!({"a": {"b": [1, 2], "c": 0}}))]
    #[case::absent_null(json!({"a": {"$absent": true}}), json!({"a": null}))]
    #[case::absent_empty(json!({"a": {"$absent": true}}), json!({"a": []}))]
    #[case::empty_list_is_absence(json!({"a": []}), json!({}))]
    #[case::one_of(json!({"a": {"$oneOf": [1, {"$absent": true}]}}), json!({}))]
    #[case::contains(json!({"$contains": {"v": 2}}), json!([{"v": 1}, {"v": 2, "w": 3}]))]
    #[case::unordered(json!({"$unordered": [{"$type": "integer"}, 1]}), json!([1, 2]))]
    #[case::matches(json!({"$matches": "^a.c$"}), json!("abc"))]
    #[case::reference(json!({"$ref": "x"}), json!({"$ref": "x"}))]
    #[case::number(json!(1), json!(1.0))]
    #[case::not(json!({"a": {"$not": "x"}}), json!({"a": "y"}))]
    #[case::not_there(json!({"a": {"$not": "x"}}), json!({}))]
    #[case::length(json!({"a": {"$length": 2}}), json!({"a": [1, 1]}))]
    #[case::no_length(json!({"a": {"$length": 0}}), json!({}))]
    #[case::every(json!({"$every": {"v": {"$type": "integer"}}}), json!([{"v": 1}, {"v": 2}]))]
    #[case::every_of_two(json!({"$every": 1, "$length": 2}), json!([1, 1]))]
    #[case::sorted(json!({"$sorted": "asc", "by": "n.f"}), json!([{"n": {"f": "A"}}, {"n": {"f": "B"}}, {}]))]
    #[case::sorted_back(json!({"$sorted": "desc"}), json!([3, 2, 2, 1]))]
    #[case::sorted_without_case(json!({"$sorted": "asc", "ignoring-case": true}), json!(["a", "B", "c"]))]
    #[case::unordered_with_choice(json!({"$unordered": [{"$type": "integer"}, 1, {"$oneOf": [1, 2]}]}), json!([1, 2, 3]))]
    fn holds(#[case] pattern: Value, #[case] value: Value) {
        assert_eq!(Pattern::parse(&pattern).unwrap().check(Some(&value)), Ok(()));
    }

    #[rstest]
    #[case(json!({"active": false}), json!({"active": "False"}), "active is \"False\", expected false")]
    #[case(json!({"a": {"$absent": true}}), json!({"a": [1]}), "a is [1], expected nothing")]
    #[case(json!({"a": {"$present": true}}), json!({"a": []}), "a is [], expected a value")]
    #[case(json!({"a": {"$not": "x"}}), json!({"a": "x"}), "a is \"x\", expected not \"x\"")]
    #[case(json!({"a": {"$length": 2}}), json!({"a": [1]}), "a is [1], expected an array of 2 items")]
    #[case(json!({"$every": {"v": 1}}), json!([{"v": 1}, {"v": 2}]), "[1].v is 2, expected 1")]
    #[case(json!({"$every": 1, "$length": 2}), json!([1]), "the body is [1], expected an array of 2 items")]
    #[case(json!({"$sorted": "asc", "by": "v"}), json!([{"v": "b"}, {"v": "a"}]), "[1].v is \"a\", expected ascending order by v (before it \"b\")")]
    #[case(json!({"$sorted": "asc"}), json!(["a", "B"]), "[1] is \"B\", expected ascending order (before it \"a\")")]
    #[case(json!({"$sorted": "asc"}), json!([1, "B"]), "[1] is \"B\", expected ascending order (before it 1)")]
    #[case(json!([1]), json!([1, 1]), "the body is [1,1], expected [1]")]
    #[case(json!({"$unordered": [1, 1]}), json!([1, 2]), "the body is [1,2], expected in any order [1, 1]")]
    #[case(json!({"a": {"b": {"$type": "boolean"}}}), json!({"a": {"b": 1}}), "a.b is 1, expected a Boolean")]
    #[case(json!({"l": [{"v": 1}]}), json!({"l": [{"v": 2}]}), "l[0].v is 2, expected 1")]
    #[case(json!({"s": "1"}), json!({"s": 1}), "s is 1, expected \"1\"")]
    fn does_not_hold(#[case] pattern: Value, #[case] value: Value, #[case] message: &str) {
        let mismatch = Pattern::parse(&pattern).unwrap().check(Some(&value)).unwrap_err();
        assert_eq!(mismatch.to_string(), message);
    }

    #[rstest]
    #[case(json!({"$exists": true}), "`$exists` is not a pattern operator")]
    #[case(json!({"$absent": true, "a": 1}), "`$absent` stands beside other members")]
    #[case(json!({"$absent": false}), "`$absent` takes true")]
    #[case(json!({"$type": "float"}), "`$type` takes one of string, integer")]
    #[case(json!({"$matches": "("}), "`$matches` takes a regular expression, and this is none")]
    fn mistakes_say_what_to_do(#[case] pattern: Value, #[case] message: &str) {
        let error = Pattern::parse(&pattern).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}
