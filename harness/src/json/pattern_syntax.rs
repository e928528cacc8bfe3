//! How JSON patterns are written, with names that are filled in later, and how they are told in words.

use std::borrow::Cow;
use std::fmt;

use regex::Regex;
use serde_json::{Map, Value};

use super::pattern::{JsonType, Pattern, Sorted};
use super::template::{Lookup, Reference, Template, TemplateError, Unbound};

/// A pattern whose names are not filled in yet.
#[derive(Debug, Clone)]
pub struct PatternTemplate {
    template: Template,
    /// The pattern itself, where no name has to be filled in: it is then read once and for all.
    fixed: Option<Pattern>,
}

/// Why a pattern with names cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternTemplateError {
    /// The names.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The pattern.
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

/// A pattern that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// A `$` key that is no operator.
    #[error(
        "`{0}` is not a pattern operator: there are $absent, $present, $type, $matches, $oneOf, $contains, $unordered, $not, $length, $every and $sorted"
    )]
    UnknownOperator(String),
    /// An operator beside members that are none.
    #[error("`{0}` stands beside other members: beside an operator there can only be others")]
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

impl PatternTemplate {
    /// Takes parsed JSON and checks its names and its operators.
    pub fn new(value: Value) -> Result<Self, PatternTemplateError> {
        let template = Template::new(value)?;
        let pattern = Pattern::parse(&template.pattern_shape())?;
        let fixed = template.references().is_empty().then_some(pattern);
        Ok(Self { template, fixed })
    }

    /// Every name in it.
    pub fn references(&self) -> Vec<Reference> {
        self.template.references()
    }

    /// The pattern with its names filled in. A value that a name brings can only be data: a whole object that comes in its
    /// place and holds an operator's key is compared as it is.
    pub fn fill(&self, lookup: &dyn Lookup) -> Result<Cow<'_, Pattern>, Unbound> {
        if let Some(fixed) = &self.fixed {
            return Ok(Cow::Borrowed(fixed));
        }
        let value = self.template.fill_pattern(lookup)?;
        Ok(Cow::Owned(Pattern::parse(&value).unwrap_or(Pattern::Scalar(value))))
    }
}

impl PatternTemplateError {
    /// What to write instead.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Template(error) => error.help(),
            Self::Pattern(_) => "see \"JSON patterns\" in docs/scenarios.md",
        }
    }
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

    fn parse_object(members: &Map<String, Value>) -> Result<Self, PatternError> {
        // `$ref` is the one SCIM attribute whose name starts with `$` (RFC 7643, section 2.3.7).
        let operators: Vec<_> =
            members.iter().filter(|(key, _)| key.starts_with('$') && *key != "$ref").collect();
        let Some((first, _)) = operators.first() else {
            let parsed = members.iter().map(|(k, v)| Ok((k.clone(), Self::parse(v)?)));
            return Ok(Self::Object(parsed.collect::<Result<_, PatternError>>()?));
        };
        let sorts = members.contains_key("$sorted");
        let belongs = |key: &str| sorts && matches!(key, "by" | "ignoring-case");
        if members.keys().any(|key| !belongs(key) && operators.iter().all(|(operator, _)| *operator != key)) {
            return Err(PatternError::NotAlone((*first).clone()));
        }
        let mut all = Vec::new();
        for (operator, operand) in &operators {
            all.push(Self::parse_operator(operator, operand, members)?);
        }
        Ok(match all.pop() {
            Some(only) if all.is_empty() => only,
            last => Self::All(all.into_iter().chain(last).collect()),
        })
    }

    fn parse_operator(
        operator: &str,
        operand: &Value,
        members: &Map<String, Value>,
    ) -> Result<Self, PatternError> {
        let takes =
            |what: &str| PatternError::Operand { operator: operator.to_owned(), takes: what.to_owned() };
        match (operator, operand) {
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
            // The name of a list that an earlier step kept.
            ("$oneOf" | "$unordered", Value::String(name)) if name.starts_with("${") => Ok(Self::Present),
            ("$oneOf" | "$unordered", _) => Err(takes("an array of patterns")),
            ("$not", pattern) => Ok(Self::Not(Box::new(Self::parse(pattern)?))),
            ("$length", Value::Number(length)) if length.is_u64() => {
                Ok(Self::Length(length.as_u64().unwrap_or_default()))
            }
            ("$length", Value::String(name)) if name.starts_with("${") => Ok(Self::Present),
            ("$length", _) => Err(takes("a number of items")),
            ("$every", pattern) => Ok(Self::Every(Box::new(Self::parse(pattern)?))),
            ("$sorted", order) => Sorted::parse(order, members).map(Self::Sorted),
            _ => Err(PatternError::UnknownOperator(operator.to_owned())),
        }
    }

    fn parse_all(items: &[Value]) -> Result<Vec<Self>, PatternError> {
        items.iter().map(Self::parse).collect()
    }
}

impl Sorted {
    fn parse(order: &Value, members: &Map<String, Value>) -> Result<Self, PatternError> {
        let takes =
            |what: &str| PatternError::Operand { operator: "$sorted".to_owned(), takes: what.to_owned() };
        let descending = match order.as_str() {
            Some("asc") => false,
            Some("desc") => true,
            _ => return Err(takes("\"asc\" or \"desc\"")),
        };
        let by = match members.get("by") {
            None => None,
            Some(Value::String(path)) => Some(path.clone()),
            Some(_) => return Err(takes("beside it `by`, the path of an attribute")),
        };
        let ignoring_case = match members.get("ignoring-case") {
            None => false,
            Some(Value::Bool(ignoring)) => *ignoring,
            Some(_) => return Err(takes("beside it `ignoring-case`, true or false")),
        };
        Ok(Self { descending, by, ignoring_case })
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
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

impl fmt::Display for Sorted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.descending { "descending order" } else { "ascending order" })?;
        if let Some(by) = &self.by {
            write!(f, " by {by}")?;
        }
        if self.ignoring_case { f.write_str(" without case") } else { Ok(()) }
    }
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
            Self::Not(pattern) => write!(f, "not {pattern}"),
            Self::Length(1) => f.write_str("an array of 1 item"),
            Self::Length(length) => write!(f, "an array of {length} items"),
            Self::Every(pattern) => write!(f, "an array of nothing but {pattern}"),
            Self::Sorted(order) => write!(f, "{order}"),
            Self::All(patterns) => list(f, patterns, " and "),
        }
    }
}
