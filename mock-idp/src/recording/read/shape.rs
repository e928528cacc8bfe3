//! Reads one piece of JSON, only as much of it as a format needs: what nobody asks for is passed over without taking
//! memory, so that a piece full of empty lists cannot grow to fifty times its size.

use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Value};

use super::super::Place;
use super::error::{ReadError, Spot};

/// So many values, each of which takes up to 150 bytes, may one piece have.
const MOST_VALUES: usize = 2_000_000;

/// What of a piece is read. Text, numbers, booleans and null are read wherever they stand; a list or an object that
/// stands where none is expected is null.
pub(super) enum Shape {
    /// No list and no object.
    Leaf,
    /// All there is.
    Whole,
    /// These members.
    Object(&'static [(&'static str, Shape)]),
    /// Every element.
    List(&'static Shape),
}

/// Reads `piece`, which begins at `spot`. Of members of one name the last counts.
pub(super) fn read(
    piece: &[u8],
    shape: &'static Shape,
    place: Place,
    spot: Spot,
) -> Result<Value, ReadError> {
    let error = match parse(piece, shape) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    // Chromium and mitmproxy write halves of surrogate pairs, which JSON's grammar allows and text cannot hold.
    if let Some(healed) = without_lone_surrogates(piece)
        && let Ok(value) = parse(&healed, shape)
    {
        return Ok(value);
    }
    let spot = spot.of(&error, piece);
    Err(match error.classify() {
        Category::Data => ReadError::Form {
            place,
            what: "it has more than two million values: nothing that speaks SCIM has so many",
        },
        Category::Eof | Category::Io | Category::Syntax => {
            ReadError::Syntax { place, spot, why: reason(&error) }
        }
    })
}

/// The text of a member, if it is text.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// A member that is a number, or text that says one.
pub(super) fn number(value: &Value, name: &str) -> Option<f64> {
    match value.get(name)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
    .filter(|number: &f64| number.is_finite())
}

/// The elements of a member that is a list.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn parse(piece: &[u8], shape: &'static Shape) -> Result<Value, serde_json::Error> {
    let left = Cell::new(MOST_VALUES);
    let mut json = serde_json::Deserializer::from_slice(piece);
    let value = Picker { shape, left: &left }.deserialize(&mut json)?;
    json.end()?;
    Ok(value)
}

/// The parser's words without the place, which it counts within the piece. Its words for syntax repeat nothing of
/// the file.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// The piece with `\ufffd` in the place of each half of a surrogate pair; None if there is none.
fn without_lone_surrogates(piece: &[u8]) -> Option<Vec<u8>> {
    let mut healed = piece.to_vec();
    let mut any = false;
    let mut at = 0;
    while at < healed.len() {
        if healed[at] != b'\\' {
            at += 1;
            continue;
        }
        match surrogate(&healed, at) {
            Some(0xD800..=0xDBFF) if matches!(surrogate(&healed, at + 6), Some(0xDC00..=0xDFFF)) => at += 12,
            Some(0xD800..=0xDFFF) => {
                healed[at + 2..at + 6].copy_from_slice(b"fffd");
                any = true;
                at += 6;
            }
            _ => at += 2,
        }
    }
    any.then_some(healed)
}

/// The code of the `\uXXXX` at this place.
fn surrogate(piece: &[u8], at: usize) -> Option<u32> {
    let digits = piece.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

struct Picker<'a> {
    shape: &'static Shape,
    left: &'a Cell<usize>,
}

impl Picker<'_> {
    fn count<E: de::Error>(&self) -> Result<(), E> {
        let left = self.left.get().checked_sub(1).ok_or_else(|| E::custom("too many values"))?;
        self.left.set(left);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Picker<'_> {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        self.count()?;
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Picker<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let shape = match self.shape {
            Shape::Whole => &Shape::Whole,
            Shape::List(shape) => *shape,
            Shape::Leaf | Shape::Object(_) => {
                while elements.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Value::Null);
            }
        };
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(Picker { shape, left: self.left })? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let shape = match self.shape {
                Shape::Whole => Some(&Shape::Whole),
                Shape::Object(known) => {
                    known.iter().find(|(known, _)| *known == name).map(|(_, shape)| shape)
                }
                Shape::Leaf | Shape::List(_) => None,
            };
            match shape {
                Some(shape) => {
                    map.insert(name, members.next_value_seed(Picker { shape, left: self.left })?);
                }
                None => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(match self.shape {
            Shape::Whole | Shape::Object(_) => Value::Object(map),
            Shape::Leaf | Shape::List(_) => Value::Null,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    static NAMES: Shape = Shape::List(&Shape::Object(&[("name", Shape::Leaf)]));

    #[test]
    fn only_what_is_asked_for_is_kept() {
        let piece = br#"[{"name": "a", "other": [[[]]]}, {"name": {"x": 1}}, {"name": 3}, "text", [1]]"#;
        let read = read(piece, &NAMES, Place::File, Spot::START).unwrap();
        assert_eq!(read, json!([{"name": "a"}, {"name": null}, {"name": 3}, "text", null]));
    }

    #[test]
    fn half_a_surrogate_pair_becomes_the_replacement_character() {
        let piece = br#"["\ud83d\ude00", "\ud83d", "\\ud83d", "x\udce4y"]"#;
        let read = read(piece, &Shape::Whole, Place::File, Spot::START).unwrap();
        assert_eq!(read, json!(["\u{1f600}", "\u{fffd}", "\\ud83d", "x\u{fffd}y"]));
    }

    #[test]
    fn a_mistake_is_placed_in_the_file_not_in_the_piece() {
        let spot = Spot { byte: 100, line: 7, column: 3 };
        let error = read(b"{\n  \"a\": 1\n  \"b\": 2}", &Shape::Whole, Place::Entry(4), spot).unwrap_err();
        assert_eq!(
            error.to_string(),
            "entry 4, at line 9, column 3 (byte 113): this is no JSON: expected `,` or `}`; mend that place, or \
             export the file again"
        );
    }
}
