//! JSON without the silence: `serde_json` keeps the last of two equal keys and says nothing; this refuses them.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why a text is not the JSON it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StrictError {
    /// What is wrong.
    pub message: String,
    /// Line within the text, from 1.
    pub line: usize,
    /// Column within the line in bytes, from 1.
    pub column: usize,
}

/// Parses a text as JSON, refusing duplicate keys.
pub fn parse(text: &str) -> Result<Value, StrictError> {
    serde_json::from_str::<Strict>(text).map(|strict| strict.0).map_err(|error| {
        let full = error.to_string();
        let message = full.rfind(" at line ").map_or(full.as_str(), |at| &full[..at]).to_owned();
        if error.is_eof() {
            // What is missing is missing behind the last word, not behind the line breaks after it.
            let read = text.trim_end();
            let last = read.rsplit('\n').next().unwrap_or_default();
            return StrictError { message, line: read.matches('\n').count() + 1, column: last.len() + 1 };
        }
        StrictError { message, line: error.line().max(1), column: error.column().max(1) }
    })
}

/// Whether some object in a JSON text has a key twice. What is no JSON has none.
pub fn repeats_a_key(text: &[u8]) -> bool {
    let mut repeats = false;
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = Keys(&mut repeats).deserialize(&mut json).and_then(|()| json.end());
    repeats && read.is_ok()
}

/// Reads over a value and notes whether a key stands twice.
struct Keys<'r>(&'r mut bool);

/// A key without a copy, where it is written without escapes.
#[derive(serde::Deserialize)]
struct Key<'k>(#[serde(borrow)] Cow<'k, str>);

/// Objects with fewer keys are looked through faster than hashed.
const FEW: usize = 32;

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {key:?} stands twice in one object")));
            }
            let Strict(value) = members.next_value()?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

impl<'de> DeserializeSeed<'de> for Keys<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Keys(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut few: Vec<Cow<'de, str>> = Vec::new();
        let mut many: HashSet<Cow<'de, str>> = HashSet::new();
        while let Some(Key(key)) = members.next_key()? {
            *self.0 |= few.contains(&key) || many.contains(&key);
            if few.len() < FEW {
                few.push(key);
            } else {
                many.insert(key);
            }
            members.next_value_seed(Keys(self.0))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ordinary_json_is_read_as_it_stands() {
        assert_eq!(
            parse(r#" {"b": [1, -2, 1.5, "x", null, true], "a": {}} "#).unwrap(),
            json!({"b": [1, -2, 1.5, "x", null, true], "a": {}})
        );
    }

    #[test]
    fn a_duplicate_key_is_refused_with_its_place() {
        let error = parse("{\"a\": 1,\n \"a\": 2}").unwrap_err();
        assert_eq!((error.message.as_str(), error.line), ("the key \"a\" stands twice in one object", 2));
    }

    #[test]
    fn a_key_that_stands_twice_is_noticed_at_any_depth_and_in_any_spelling() {
        assert!(repeats_a_key(br#"{"a": [{"b": 1, "c": {}, "b": 2}]}"#));
        assert!(repeats_a_key(br#"{"a": 1, "\u0061": 2}"#));
        let many: Vec<String> = (0..100).map(|i| format!("\"k{i}\": {i}")).collect();
        assert!(!repeats_a_key(format!("{{{}}}", many.join(",")).as_bytes()));
        assert!(repeats_a_key(format!("{{{}, \"k70\": 0}}", many.join(",")).as_bytes()));
        assert!(!repeats_a_key(br#"[{"a": 1}, {"a": 1}, "a", null, 1.5, -1, true]"#));
        assert!(!repeats_a_key(br#"{"a": 1, "a": "#));
    }

    #[test]
    fn broken_json_is_refused_with_its_place() {
        let error = parse("{\"a\": }").unwrap_err();
        assert_eq!((error.message.as_str(), error.line, error.column), ("expected value", 1, 7));
    }
}
