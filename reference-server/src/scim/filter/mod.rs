//! Filters (RFC 7644 section 3.4.2.2) as the client wrote them: the tree and its printer. Reading is in
//! `parse`, checking against a schema and matching resources in `bind` and `evaluate`.

mod bind;
mod evaluate;
mod parse;

use std::fmt;

use serde_json::{Number, Value};

use super::path::AttrPath;

pub use super::token::Span;
pub use bind::{Lookup, ResourceFilter, ValueFilter};

/// A filter that is well formed; whether it makes sense is decided when it is bound to a resource type.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// At least one must hold; always two or more.
    Or(Vec<Filter>),
    /// All must hold; always two or more.
    And(Vec<Filter>),
    /// Must not hold.
    Not(Box<Filter>),
    /// A test of an attribute.
    Test(AttrPath, Test),
    /// `attribute[filter]`, or `attribute[filter].sub test`: one value of the attribute must meet it all. The
    /// second form is no RFC grammar; Entra looks people up with it (C24).
    Values {
        /// The attribute; without a sub-attribute.
        attribute: AttrPath,
        /// What the value must meet.
        filter: Box<Filter>,
        /// What its sub-attribute must meet.
        sub: Option<(String, Test)>,
    },
}

impl Filter {
    /// How many levels it has; a test alone is one.
    pub fn depth(&self) -> usize {
        1 + match self {
            Self::Or(parts) | Self::And(parts) => parts.iter().map(Self::depth).max().unwrap_or(0),
            Self::Not(inner) | Self::Values { filter: inner, .. } => inner.depth(),
            Self::Test(..) => 0,
        }
    }
}

/// What is asked of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// `pr`
    Present,
    /// An operator and a value.
    Compare(CompareOp, Literal),
}

/// The operators that compare (RFC 7644 Table 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareOp {
    /// equal
    Eq,
    /// not equal
    Ne,
    /// contains
    Co,
    /// starts with
    Sw,
    /// ends with
    Ew,
    /// greater than
    Gt,
    /// greater than or equal to
    Ge,
    /// less than
    Lt,
    /// less than or equal to
    Le,
}

/// A value to compare with.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number.
    Number(Number),
    /// A string, its escapes decoded.
    String(String),
}

impl CompareOp {
    /// All operators, in the order of RFC 7644 Table 3.
    pub const ALL: [Self; 9] =
        [Self::Eq, Self::Ne, Self::Co, Self::Sw, Self::Ew, Self::Gt, Self::Ge, Self::Lt, Self::Le];

    /// The operator as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }
}

/// Prints a filter that reads back as the same tree.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Or(filters) => join(f, filters, " or ", |inner| matches!(inner, Self::Or(_))),
            Self::And(filters) => {
                join(f, filters, " and ", |inner| matches!(inner, Self::Or(_) | Self::And(_)))
            }
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Test(path, test) => write!(f, "{path} {test}"),
            Self::Values { attribute, filter, sub: None } => write!(f, "{attribute}[{filter}]"),
            Self::Values { attribute, filter, sub: Some((sub, test)) } => {
                write!(f, "{attribute}[{filter}].{sub} {test}")
            }
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => f.write_str("pr"),
            Self::Compare(op, literal) => write!(f, "{op} {literal}"),
        }
    }
}

impl fmt::Display for CompareOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(boolean) => boolean.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::String(string) => Value::String(string.clone()).fmt(f),
        }
    }
}

fn join(
    f: &mut fmt::Formatter<'_>,
    filters: &[Filter],
    word: &str,
    grouped: impl Fn(&Filter) -> bool,
) -> fmt::Result {
    for (index, filter) in filters.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        if grouped(filter) { write!(f, "({filter})")? } else { write!(f, "{filter}")? }
    }
    Ok(())
}
