//! Values of attributes: from JSON as a client sends it to the canonical form, by the attribute's type (RFC 7643
//! sections 2.3 to 2.5). Null, an empty array and an empty object are no value.

use std::collections::HashMap;

use serde_json::Value;

use crate::scim::{
    Map, compare,
    error::{Error, quoted},
    json,
    rules::Unknown,
    schema::{Attribute, Format, Type},
};

/// The most values that a multi-valued attribute may have in a document. (Members are no part of one.)
pub(crate) const MAX_VALUES: usize = 200;

/// Whether a multi-valued attribute may be given one value without an array around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Single {
    /// Only in the value of a PATCH operation (RFC7644-3.5.2.1-L11).
    Allowed,
    /// Not in a resource (RFC7644-3.8-L7).
    Refused,
}

/// The value that an attribute gets, or none. Fails with `invalidValue` if it does not fit the attribute.
pub(crate) fn assigned(
    attribute: &Attribute,
    value: Value,
    path: &str,
    single_value: Single,
) -> Result<Option<Value>, Error> {
    if !attribute.multi_valued {
        return single(attribute, value, path);
    }
    let mut values = list(attribute, value, path, single_value)?;
    let fresh: Vec<usize> = (0..values.len()).collect();
    settle(attribute, &mut values, &fresh, path)?;
    Ok((!values.is_empty()).then_some(Value::Array(values)))
}

/// The values that a multi-valued attribute is given, each in canonical form.
pub(crate) fn list(
    attribute: &Attribute,
    value: Value,
    path: &str,
    single_value: Single,
) -> Result<Vec<Value>, Error> {
    let values = match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values,
        Value::Object(_) if single_value == Single::Allowed && attribute.kind == Type::Complex => vec![value],
        value if single_value == Single::Allowed && attribute.kind != Type::Complex && !value.is_object() => {
            vec![value]
        }
        value => return Err(misfit(path, "an array", &value)),
    };
    let mut canonical = Vec::new();
    for value in values {
        if value.is_null() {
            return Err(Error::invalid_value(format!("{path} has null among its values; leave it out")));
        }
        canonical.extend(single(attribute, value, path)?);
    }
    Ok(canonical)
}

/// One value of an attribute, or the value of a singular one.
pub(crate) fn single(attribute: &Attribute, value: Value, path: &str) -> Result<Option<Value>, Error> {
    let expected = attribute.kind.article();
    match (attribute.kind, value) {
        (_, Value::Null) => Ok(None),
        (Type::Complex, value) => {
            let object = complex(attribute, value, path)?;
            let object = object_of(attribute, object, path)?;
            Ok((!object.is_empty()).then_some(Value::Object(object)))
        }
        (Type::Boolean, Value::Bool(boolean)) => Ok(Some(Value::Bool(boolean))),
        // Entra sends "False" (C6). What is stored is a Boolean in any case.
        (Type::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true.into())),
        (Type::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false.into())),
        (Type::Decimal, value @ Value::Number(_)) => Ok(Some(value)),
        // RFC 7643 section 2.3.4: no fraction, no exponent.
        (Type::Integer, Value::Number(number)) if !number.is_f64() => Ok(Some(Value::Number(number))),
        (Type::String | Type::DateTime | Type::Binary | Type::Reference, Value::String(text)) => {
            text_value(attribute, text, path)
        }
        (_, value) => Err(misfit(path, expected, &value)),
    }
}

/// The object that a complex value is given as. A value that is known by its `value` may be that alone: Entra
/// sends a manager as a plain string, or as an array of one (C26).
pub(crate) fn complex(attribute: &Attribute, value: Value, path: &str) -> Result<Map, Error> {
    let by_value = !attribute.multi_valued && attribute.value_attribute().is_some();
    match value {
        Value::Object(object) => Ok(object),
        Value::String(text) if by_value => Ok(Map::from_iter([("value".to_owned(), Value::String(text))])),
        Value::Array(mut values) if by_value && values.len() == 1 && values[0].is_object() => {
            match values.pop() {
                Some(Value::Object(object)) => Ok(object),
                _ => Ok(Map::new()),
            }
        }
        value => Err(misfit(path, "an object", &value)),
    }
}

/// The attributes that an object names, letter case aside, in the schema's order. Unknown names are dropped, or
/// refused where the rules say so (C15); the server's own attributes are dropped (RFC 7644 sections 3.3
/// and 3.5.1). Fails with `invalidSyntax` if one attribute is named twice.
pub(crate) fn named<'a>(
    attributes: impl Iterator<Item = &'a Attribute>,
    object: Map,
    prefix: &str,
    unknown: Unknown,
) -> Result<Vec<(&'a Attribute, Value)>, Error> {
    let attributes: Vec<&Attribute> = attributes.collect();
    let mut found: Vec<(usize, &Attribute, Value)> = Vec::new();
    for (name, value) in object {
        let known = attributes.iter().enumerate().find(|(_, a)| a.name.eq_ignore_ascii_case(&name));
        let Some((at, attribute)) = known else {
            if unknown == Unknown::Refused {
                return Err(undefined(&format!("{prefix}{name}")));
            }
            continue;
        };
        if found.iter().any(|(other, ..)| *other == at) {
            return Err(twice(&format!("{prefix}{}", attribute.name)));
        }
        found.push((at, *attribute, value));
    }
    found.sort_by_key(|(at, ..)| *at);
    Ok(found
        .into_iter()
        .filter(|(_, attribute, _)| !attribute.is_read_only())
        .map(|(_, attribute, value)| (attribute, value))
        .collect())
}

/// Brings the values of a multi-valued attribute in order after a change. `fresh` are those that the change
/// wrote: if one of them is the primary value, no other remains so; two are refused (RFC 7643 section 2.4, C32).
/// Values that are the same one become one (section 2.4: no pair of type and value occurs twice).
pub(crate) fn settle(
    attribute: &Attribute,
    values: &mut Vec<Value>,
    fresh: &[usize],
    path: &str,
) -> Result<(), Error> {
    let is_primary = |value: &Value| value.get("primary") == Some(&Value::Bool(true));
    let mut primary = fresh.iter().copied().filter(|at| values.get(*at).is_some_and(is_primary));
    let chosen = primary.next();
    let second = primary.find(|at| {
        // Saying the same thing twice is not saying two things.
        chosen.is_some_and(|chosen| identity(attribute, &values[*at]) != identity(attribute, &values[chosen]))
    });
    if second.is_some() {
        return Err(Error::invalid_value(format!(
            "{path} has more than one value with primary true; mark one of them at most"
        )));
    }
    if let Some(chosen) = chosen {
        for (at, value) in values.iter_mut().enumerate() {
            if at != chosen && is_primary(value) {
                value["primary"] = false.into();
            }
        }
    }
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<Value> = Vec::new();
    for value in values.drain(..) {
        let identity = identity(attribute, &value);
        match places.get(&identity) {
            None => {
                places.insert(identity, kept.len());
                kept.push(value);
            }
            Some(at) => absorb(attribute, &mut kept[*at], value),
        }
    }
    *values = kept;
    if values.len() > MAX_VALUES {
        return Err(Error::invalid_value(format!(
            "{path} would have {} values and may have {MAX_VALUES} at most",
            values.len()
        )));
    }
    Ok(())
}

/// What makes a value of a multi-valued attribute the one it is: its type and value, else all of it.
pub(crate) fn identity(attribute: &Attribute, value: &Value) -> String {
    let Value::Object(object) = value else { return comparable(attribute, value) };
    let part = |name: &str| match (attribute.sub_attribute(name), object.get(name)) {
        (Some(sub), Some(value)) => comparable(sub, value),
        _ => String::new(),
    };
    if object.contains_key("value") {
        return format!("{}\u{0}{}", part("type"), part("value"));
    }
    let mut parts: Vec<String> = attribute
        .sub_attributes
        .iter()
        .filter(|sub| sub.name != "primary" && object.contains_key(&sub.name))
        .map(|sub| format!("{}\u{0}{}", sub.name, part(&sub.name)))
        .collect();
    parts.sort();
    parts.join("\u{0}")
}

/// Whether two values are the same one for an attribute.
pub(crate) fn alike(attribute: &Attribute, left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => {
            compare::key(attribute, left) == compare::key(attribute, right)
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().all(|value| {
                    let value = identity(attribute, value);
                    right.iter().any(|other| identity(attribute, other) == value)
                })
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, value)| match (attribute.sub_attribute(name), right.get(name)) {
                    (Some(sub), Some(other)) => alike(sub, value, other),
                    _ => false,
                })
        }
        _ => left == right,
    }
}

/// The error for a name that no schema defines, where such names are refused.
pub(crate) fn undefined(path: &str) -> Error {
    let path = quoted(path);
    Error::invalid_syntax(format!("{path} is defined by no schema of this resource type; see /Schemas"))
}

/// The error for an attribute that is named twice in one object, in two spellings.
pub(crate) fn twice(path: &str) -> Error {
    Error::invalid_syntax(format!("{path} occurs twice in one object; attribute names have no letter case"))
}

/// The error for a value of the wrong type. It names the type and never the value.
pub(crate) fn misfit(path: &str, expected: &str, value: &Value) -> Error {
    Error::invalid_value(format!("{path} has to be {expected} and is {}", json::name(value)))
}

fn object_of(attribute: &Attribute, object: Map, path: &str) -> Result<Map, Error> {
    let mut canonical = Map::new();
    let prefix = format!("{path}.");
    for (sub, value) in named(attribute.sub_attributes.iter(), object, &prefix, attribute.unknown)? {
        if let Some(value) = assigned(sub, value, &format!("{prefix}{}", sub.name), Single::Refused)? {
            canonical.insert(sub.name.clone(), value);
        }
    }
    if canonical.is_empty() {
        return Ok(canonical);
    }
    let missing =
        |sub: &&Attribute| sub.required && !sub.is_read_only() && !canonical.contains_key(&sub.name);
    match attribute.sub_attributes.iter().find(missing) {
        None => Ok(canonical),
        Some(sub) => Err(Error::invalid_value(format!("{prefix}{} is required and has no value", sub.name))),
    }
}

fn text_value(attribute: &Attribute, text: String, path: &str) -> Result<Option<Value>, Error> {
    if text.contains('\0') {
        return Err(Error::invalid_value(format!("{path} has a NUL character in it; remove it")));
    }
    if attribute.required && text.trim().is_empty() {
        return Err(Error::invalid_value(format!("{path} is required and is blank; send a value")));
    }
    let fits = match attribute.kind {
        // An empty URI points at nothing; providers write it for "none".
        Type::Reference if text.is_empty() => return Ok(None),
        Type::Reference => !text.contains(|c: char| c.is_whitespace() || c.is_control()),
        Type::DateTime => compare::instant(&text).is_some(),
        Type::Binary => is_base64(&text),
        _ => true,
    };
    if !fits {
        return Err(Error::invalid_value(format!("{path} has to be {}", attribute.kind.article())));
    }
    let demand = match attribute.format {
        Some(Format::CountryCode) => {
            let code = text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
            (!code).then_some("an ISO 3166-1 country code of two letters, such as US")
        }
        // A DER certificate is a SEQUENCE, which starts with 30 (X.690 section 8.9).
        Some(Format::Certificate) => {
            (first_byte(&text) != Some(0x30)).then_some("a DER certificate in base64")
        }
        Some(Format::Shown) if text.trim().is_empty() => return Ok(None),
        Some(Format::Shown) | None => None,
    };
    match demand {
        None => Ok(Some(Value::String(text))),
        Some(demand) => Err(Error::invalid_value(format!("{path} has to be {demand}"))),
    }
}

/// Whether a text is base64: either alphabet of RFC 4648, padding optional (RFC 7643 section 2.3.6).
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    digits.bytes().all(|b| sextet(b).is_some())
        && digits.len() % 4 != 1
        && (padding == 0 || (padding <= 2 && text.len().is_multiple_of(4)))
}

/// The first byte that base64 text stands for.
fn first_byte(text: &str) -> Option<u8> {
    let mut digits = text.bytes().map_while(sextet);
    Some((digits.next()? << 2) | (digits.next()? >> 4))
}

fn sextet(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// A value as text that is equal for equal values.
fn comparable(attribute: &Attribute, value: &Value) -> String {
    match value {
        Value::String(text) => compare::key(attribute, text).into_owned(),
        other => other.to_string(),
    }
}

/// What a later word on the same value adds to it. What is alike stays as it was written first, so that adding
/// what is there already changes nothing (RFC 7644 section 3.5.2.1).
fn absorb(attribute: &Attribute, present: &mut Value, later: Value) {
    let (Value::Object(present), Value::Object(later)) = (present, later) else { return };
    for (name, value) in later {
        let same = match (attribute.sub_attribute(&name), present.get(&name)) {
            (Some(sub), Some(present)) => alike(sub, present, &value),
            _ => false,
        };
        if !same {
            present.insert(name, value);
        }
    }
}
