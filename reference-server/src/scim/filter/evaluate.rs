//! Matches resources and values with a bound filter. Nothing here can fail.

use std::cmp::Ordering;

use serde_json::Value;

use super::{
    CompareOp, ResourceFilter, ValueFilter,
    bind::{Check, Node, Place},
};
use crate::scim::{Map, compare};

impl ResourceFilter {
    /// Whether the resource, in canonical form, meets the filter.
    pub fn matches(&self, resource: &Map) -> bool {
        matches(&self.node, Subject::Resource(resource))
    }
}

impl ValueFilter {
    /// Whether a value of the attribute meets the filter.
    pub fn matches(&self, value: &Value) -> bool {
        matches(&self.node, Subject::Value(value))
    }
}

/// What a filter looks at.
#[derive(Clone, Copy)]
enum Subject<'a> {
    Resource(&'a Map),
    Value(&'a Value),
}

impl<'a> Subject<'a> {
    fn holder(self, place: &Place) -> Option<&'a Value> {
        match (self, &place.attribute) {
            (Subject::Value(value), _) => Some(value),
            (Subject::Resource(resource), Some(attribute)) => match &place.extension {
                None => resource.get(attribute),
                Some(urn) => resource.get(urn)?.get(attribute),
            },
            (Subject::Resource(_), None) => None,
        }
    }
}

fn matches(node: &Node, subject: Subject<'_>) -> bool {
    match node {
        Node::Or(nodes) => nodes.iter().any(|node| matches(node, subject)),
        Node::And(nodes) => nodes.iter().all(|node| matches(node, subject)),
        Node::Not(node) => !matches(node, subject),
        Node::Known(holds) => *holds,
        // RFC 7644 section 3.4.2.2: a multi-valued attribute matches if any of its values does.
        Node::Test(place, check) => any(subject.holder(place), |holder| {
            let value = match (&place.sub, holder) {
                (Some(sub), Some(holder)) => holder.get(sub),
                (_, holder) => holder,
            };
            holds(check, value.filter(|value| !value.is_null()))
        }),
        Node::Values(place, inner) => any(subject.holder(place), |value| {
            value.is_some_and(|value| matches(inner, Subject::Value(value)))
        }),
    }
}

/// Whether it holds for any of the values; for "no value" if there are none.
fn any(value: Option<&Value>, holds: impl Fn(Option<&Value>) -> bool) -> bool {
    match value {
        Some(Value::Array(values)) if !values.is_empty() => values.iter().any(|value| holds(Some(value))),
        None | Some(Value::Array(_) | Value::Null) => holds(None),
        value => holds(value),
    }
}

/// A missing value is like null (RFC 7643 section 2.5): nothing but `ne` and `eq null` holds for it.
pub(super) fn holds(check: &Check, value: Option<&Value>) -> bool {
    match check {
        Check::Present => value.is_some_and(present),
        Check::Absent => !value.is_some_and(present),
        Check::Text { op, exact, key } => match value.and_then(Value::as_str) {
            None => *op == CompareOp::Ne,
            Some(text) if *exact => text_holds(*op, text, key),
            Some(text) => text_holds(*op, &compare::fold(text), key),
        },
        Check::Boolean { equal, expected, absent } => {
            let value = value.and_then(Value::as_bool).or(*absent);
            (value == Some(*expected)) == *equal
        }
        Check::Number { op, number } => match value {
            Some(Value::Number(value)) => {
                compare::numbers(value, number).is_some_and(|order| order_holds(*op, order))
            }
            _ => *op == CompareOp::Ne,
        },
        Check::Instant { op, instant } => match value.and_then(Value::as_str).and_then(compare::instant) {
            None => *op == CompareOp::Ne,
            Some(value) => order_holds(*op, value.cmp(instant)),
        },
    }
}

fn text_holds(op: CompareOp, text: &str, key: &str) -> bool {
    match op {
        CompareOp::Co => text.contains(key),
        CompareOp::Sw => text.starts_with(key),
        CompareOp::Ew => text.ends_with(key),
        op => order_holds(op, text.cmp(key)),
    }
}

fn order_holds(op: CompareOp, order: Ordering) -> bool {
    match op {
        CompareOp::Eq => order.is_eq(),
        CompareOp::Ne => order.is_ne(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        CompareOp::Co | CompareOp::Sw | CompareOp::Ew => false,
    }
}

/// RFC 7644 Table 3: `pr` holds for a non-empty value, and for a complex one with a non-empty sub-attribute.
fn present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => values.iter().any(present),
        Value::Object(object) => object.values().any(present),
    }
}
