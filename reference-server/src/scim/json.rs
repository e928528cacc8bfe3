//! Reads a JSON body. Stricter than `serde_json` alone, which keeps the last of two equal keys without a word: a
//! key that occurs twice is refused, and so is nesting beyond a budget.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use super::{
    Map,
    error::{Error, quoted},
    resource::{strings, value},
};

/// How deep objects and arrays may nest. The schema of schemas needs six levels.
pub const MAX_DEPTH: usize = 64;

/// Reads one JSON value. Fails with `invalidSyntax` and says at which line and column.
pub fn parse(body: &[u8]) -> Result<Value, Error> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::invalid_syntax("The body is empty; a JSON object has to be sent"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    Checked { depth: 0 }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|fault| Error::invalid_syntax(format!("The body is no valid JSON: {fault}")))
}

/// Reads a JSON object. Fails with `invalidSyntax`.
pub fn parse_object(body: &[u8]) -> Result<Map, Error> {
    object(parse(body)?)
}

/// The object that a message or a resource has to be. Fails with `invalidSyntax`.
pub fn object(value: Value) -> Result<Map, Error> {
    match value {
        Value::Object(object) => Ok(object),
        other => {
            Err(Error::invalid_syntax(format!("The body has to be a JSON object and is {}", name(&other))))
        }
    }
}

/// The JSON type of a value in a sentence. Messages say this, never the value: it may be a password.
pub(crate) fn name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a Boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The members of a message, by their names without regard to letter case.
pub(crate) struct Members(pub(crate) Map);

impl Members {
    /// Takes a member out. Fails with `invalidSyntax` if it is there twice.
    pub(crate) fn take(&mut self, name: &str) -> Result<Option<Value>, Error> {
        let same = |key: &&String| key.eq_ignore_ascii_case(name);
        let Some(key) = self.0.keys().find(same).cloned() else { return Ok(None) };
        let value = self.0.shift_remove(&key);
        match self.0.keys().find(same) {
            None => Ok(value),
            Some(_) => Err(value::twice(name)),
        }
    }

    /// Takes `schemas` out, which has to name that message (RFC 7644 section 3.1). Fails with `invalidSyntax`.
    pub(crate) fn expect_schema(&mut self, urn: &str) -> Result<(), Error> {
        let Some(schemas) = self.take("schemas")? else {
            return Err(Error::invalid_syntax(format!(
                "The body has no schemas; send \"schemas\": [{urn:?}]"
            )));
        };
        let named = strings(&schemas).unwrap_or_default();
        if named.iter().any(|named| named.eq_ignore_ascii_case(urn)) {
            return Ok(());
        }
        Err(Error::invalid_syntax(format!("schemas has to be [{urn:?}] in this request")))
    }
}

#[derive(Clone, Copy)]
struct Checked {
    depth: usize,
}

impl Checked {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format!("it nests more than {MAX_DEPTH} levels deep")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Checked {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<Value, E> {
        Ok(Value::Bool(boolean))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        Number::from_f64(number).map(Value::Number).ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = access.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let value = access.next_value_seed(inner)?;
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {} occurs twice in one object", quoted(&key))));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_value_is_read_as_it_is() {
        let text = r#"{"a": [null, true, -1, 18446744073709551615, 1.5, "\u00e9"], "b": {}}"#;
        let expected = json!({"a": [null, true, -1, 18_446_744_073_709_551_615_u64, 1.5, "é"], "b": {}});
        assert_eq!(parse(text.as_bytes()).unwrap(), expected);
    }

    #[rstest]
    #[case(r#"{"userName":"#, "EOF")] // RFC7644-3.3-L9
    #[case("", "empty")]
    #[case("[]", "object")]
    #[case(r#"{"a": 1, "a": 2}"#, "twice")]
    #[case(r#"{"a": 1} x"#, "trailing")]
    #[case(r#"{"a": 1e999}"#, "range")]
    fn refused_as_invalid_syntax(#[case] body: &str, #[case] says: &str) {
        let error = parse_object(body.as_bytes()).unwrap_err();
        assert_eq!((error.status, error.scim_type.unwrap().as_str()), (400, "invalidSyntax"));
        assert!(error.detail.contains(says), "{}", error.detail);
    }

    #[test]
    fn nesting_has_a_budget() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert!(parse(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err().detail.contains("64"));
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
    }
}
