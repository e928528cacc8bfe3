//! JSON patterns: they name what must be there and ignore the rest. `$absent`, `$present`, `$type`, `$matches`,
//! `$oneOf`, `$contains` and `$unordered` are the only operators.

use std::fmt;

use regex::Regex;
use serde_json::{Map, Value};

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

/// A pattern that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A `$` key that is no operator.
    #[error(
        "`{0}` is not a pattern operator: there are $absent, $present, $type, $matches, $oneOf, $contains and $unordered"
    )]
    UnknownOperator(String),
    /// An operator beside other members.
    #[error("`{0}` stands beside other members: an operator is the only member of its object")]
    NotAlone(String),
    /// An operand of the wrong kind.
    #[error("`{operator}` takes {takes}")]
    Operand {
        /// Which operator.
        operator: String,
        /// What it takes.
        takes: String,
    },
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
    /// Reads a pattern from (filled-in) JSON.
    pub fn parse(value: &Value) -> Result<Self, PatternError> {
        match value {
            Value::Object(members) => Self::parse_object(members),
            Value::Array(items) => Ok(Self::Array(Self::parse_all(items)?)),
            // RFC 7643, section 2.5: null and absence are the same state.
            Value::Null => Ok(Self::Absent),
            scalar => Ok(Self::Scalar(scalar.clone())),
        }
    }

    /// Compares a value (`None`: not there) with the pattern.
    pub fn check(&self, value: Option<&Value>) -> Result<(), Mismatch> {
        self.check_at(value, "")
    }

    fn parse_object(members: &Map<String, Value>) -> Result<Self, PatternError> {
        // `$ref` is the one SCIM attribute whose name starts with `$` (RFC 7643, section 2.3.7).
        let operator = members.iter().find(|(key, _)| key.starts_with('$') && *key != "$ref");
        let Some((operator, operand)) = operator else {
            let parsed = members.iter().map(|(k, v)| Ok((k.clone(), Self::parse(v)?)));
            return Ok(Self::Object(parsed.collect::<Result<_, PatternError>>()?));
        };
        if members.len() > 1 {
            return Err(PatternError::NotAlone(operator.clone()));
        }
        let takes = |what: &str| PatternError::Operand { operator: operator.clone(), takes: what.to_owned() };
        match (operator.as_str(), operand) {
            ("$absent", Value::Bool(true)) => Ok(Self::Absent),
            ("$present", Value::Bool(true)) => Ok(Self::Present),
            ("$absent" | "$present", _) => Err(takes("true")),
            ("$type", Value::String(name)) => {
                JsonType::named(name).map(Self::Type).ok_or_else(|| takes(JsonType::NAMES))
            }
            ("$type", _) => Err(takes(JsonType::NAMES)),
            ("$matches", Value::String(expression)) => {
                Regex::new(expression).map(Self::Matches).map_err(|e| {
                    takes(&format!("a regular expression, and this is none: {}", last_line(&e.to_string())))
                })
            }
            ("$matches", _) => Err(takes("a regular expression")),
            ("$oneOf", Value::Array(items)) => Ok(Self::OneOf(Self::parse_all(items)?)),
            ("$contains", Value::Array(items)) => Ok(Self::Contains(Self::parse_all(items)?)),
            ("$contains", one) => Ok(Self::Contains(vec![Self::parse(one)?])),
            ("$unordered", Value::Array(items)) => Ok(Self::Unordered(Self::parse_all(items)?)),
            ("$oneOf" | "$unordered", _) => Err(takes("an array of patterns")),
            _ => Err(PatternError::UnknownOperator(operator.clone())),
        }
    }

    fn parse_all(items: &[Value]) -> Result<Vec<Self>, PatternError> {
        items.iter().map(Self::parse).collect()
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
            // An empty list of things that must be there is met by an attribute that is not there.
            (Self::Array(patterns) | Self::Unordered(patterns), None) if patterns.is_empty() => Ok(()),
            _ => mismatch(),
        }
    }
}

impl JsonType {
    const NAMES: &'static str = "one of string, integer, number, boolean, array, object, null";

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::String,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "array" => Self::Array,
            "object" => Self::Object,
            "null" => Self::Null,
            _ => return None,
        })
    }

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

/// Whether each pattern can have a value of its own: tried depth first, the lists in scenarios are short.
fn assignment_exists(patterns: &[Pattern], values: &[Value], place: &str) -> bool {
    fn assign(patterns: &[Pattern], values: &[Value], used: &mut [bool], place: &str) -> bool {
        let Some((first, rest)) = patterns.split_first() else { return true };
        (0..values.len()).any(|i| {
            if used[i] || first.check_at(Some(&values[i]), place).is_err() {
                return false;
            }
            used[i] = true;
            let fits = assign(rest, values, used, place);
            used[i] = false;
            fits
        })
    }
    assign(patterns, values, &mut vec![false; values.len()], place)
}

fn join(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
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

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, patterns: &[Self], separator: &str| {
            for (i, pattern) in patterns.iter().enumerate() {
                if i > 0 {
                    f.write_str(separator)?;
                }
                write!(f, "{pattern}")?;
            }
            Ok(())
        };
        match self {
            Self::Scalar(value) => write!(f, "{value}"),
            Self::Object(members) => {
                f.write_str("{")?;
                for (i, (name, pattern)) in members.iter().enumerate() {
                    write!(f, "{}{name:?}: {pattern}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str("}")
            }
            Self::Array(patterns) => {
                f.write_str("[")?;
                list(f, patterns, ", ")?;
                f.write_str("]")
            }
            Self::Absent => f.write_str("nothing"),
            Self::Present => f.write_str("a value"),
            Self::Type(JsonType::String) => f.write_str("a string"),
            Self::Type(JsonType::Integer) => f.write_str("an integer"),
            Self::Type(JsonType::Number) => f.write_str("a number"),
            Self::Type(JsonType::Boolean) => f.write_str("a Boolean"),
            Self::Type(JsonType::Array) => f.write_str("an array"),
            Self::Type(JsonType::Object) => f.write_str("an object"),
            Self::Type(JsonType::Null) => f.write_str("null"),
            Self::Matches(regex) => write!(f, "a string that matches /{regex}/"),
            Self::OneOf(patterns) => list(f, patterns, " or "),
            Self::Contains(patterns) => {
                f.write_str("an array that has ")?;
                list(f, patterns, " and ")
            }
            Self::Unordered(patterns) => {
                f.write_str("in any order [")?;
                list(f, patterns, ", ")?;
                f.write_str("]")
            }
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
    fn holds(#[case] pattern: Value, #[case] value: Value) {
        assert_eq!(Pattern::parse(&pattern).unwrap().check(Some(&value)), Ok(()));
    }

    #[rstest]
    #[case(json!({"active": false}), json!({"active": "False"}), "active is \"False\", expected false")]
    #[case(json!({"a": {"$absent": true}}), json!({"a": [1]}), "a is [1], expected nothing")]
    #[case(json!({"a": {"$present": true}}), json!({"a": []}), "a is [], expected a value")]
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
