//! What a write makes of the attributes that are known of a person: those of a whole resource, or what stands at the
//! paths of a PATCH (RFC 7644, section 3.5.2). What it makes of an attribute that cannot be told is forgotten: a door
//! that is tried with what somebody was called before proves nothing when it stays shut.

use http::Method;
use serde_json::{Map, Value, json};

use super::reading::{member, short};

/// Where in an attribute a path leads.
#[derive(Debug, PartialEq, Eq)]
enum Place<'p> {
    /// The attribute as a whole.
    Whole,
    /// A part of it: `.familyName`.
    Part(&'p str),
    /// A part of the value of this type: `[type eq "work"].value`.
    OfType(&'p str, &'p str),
    /// Somewhere else in it.
    Elsewhere,
}

/// Applies a write to the attributes of these names.
pub(super) fn apply(known: &mut Map<String, Value>, names: &[&str], method: &Method, sent: &Value) {
    if *method != Method::PATCH {
        for name in names {
            if let Some(value) = member(sent, name) {
                known.insert((*name).to_owned(), value.clone());
            }
        }
        return;
    }
    each(sent, &mut |op, path, value| {
        let Some((name, place)) = names.iter().find_map(|name| Some((*name, place(path, name)?))) else {
            return;
        };
        let value = value.filter(|_| op != "remove");
        let before = known.remove(name);
        if let Some(after) = changed(before, op, &place, value) {
            known.insert(name.to_owned(), after);
        }
    });
}

/// Whether a write names an attribute, or something in it.
pub(super) fn touches(method: &Method, sent: &Value, name: &str) -> bool {
    if *method != Method::PATCH {
        return member(sent, name).is_some();
    }
    let mut touched = false;
    each(sent, &mut |_, path, _| touched |= place(path, name).is_some());
    touched
}

/// Each operation of a PATCH, in lower case, with its path and value; without a path those of its value's members.
fn each(sent: &Value, visit: &mut dyn FnMut(&str, &str, Option<&Value>)) {
    for operation in member(sent, "Operations").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| member(operation, key).and_then(Value::as_str);
        let op = text("op").unwrap_or_default().to_ascii_lowercase();
        let value = member(operation, "value");
        match text("path").map(str::trim).filter(|path| !path.is_empty()) {
            Some(path) => visit(&op, path, value),
            None => {
                for (path, value) in value.and_then(Value::as_object).into_iter().flatten() {
                    visit(&op, path, Some(value));
                }
            }
        }
    }
}

/// What an attribute is afterwards; none: gone, or nobody knows.
fn changed(before: Option<Value>, op: &str, place: &Place<'_>, value: Option<&Value>) -> Option<Value> {
    match (place, before) {
        (Place::Whole, Some(Value::Object(mut parts))) => {
            // What is not named of it stays (RFC 7644, section 3.5.2.3).
            parts.extend(value?.as_object()?.clone());
            Some(Value::Object(parts))
        }
        // Which of the values comes first, or is primary, is the server's to say.
        (Place::Whole, Some(Value::Array(_))) if op == "add" => None,
        (Place::Whole, _) => value.cloned(),
        (Place::Part(part), before) => {
            let Value::Object(mut parts) = before.unwrap_or_else(|| json!({})) else { return None };
            parts.retain(|key, _| !key.eq_ignore_ascii_case(part));
            parts.extend(value.map(|value| ((*part).to_owned(), value.clone())));
            Some(Value::Object(parts))
        }
        (Place::OfType(kind, part), Some(Value::Array(mut values))) => {
            let is_it = |one: &&mut Value| {
                member(one, "type").and_then(Value::as_str).is_some_and(|it| it.eq_ignore_ascii_case(kind))
            };
            let parts = values.iter_mut().find(is_it)?.as_object_mut()?;
            parts.retain(|key, _| !key.eq_ignore_ascii_case(part));
            parts.extend(value.map(|value| ((*part).to_owned(), value.clone())));
            Some(Value::Array(values))
        }
        // Entra makes a value by naming its type (RFC 7644 knows no such thing, most servers do).
        (Place::OfType(kind, part), None) => Some(json!([Map::from_iter([
            ("type".to_owned(), json!(kind)),
            ((*part).to_owned(), value?.clone())
        ])])),
        (Place::OfType(..) | Place::Elsewhere, _) => None,
    }
}

/// Where in that attribute a path leads; none: it leads to another one.
fn place<'p>(path: &'p str, name: &str) -> Option<Place<'p>> {
    let path = short(path);
    let below = path.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name))?;
    let below = &path[below.len()..];
    if below.is_empty() {
        return Some(Place::Whole);
    }
    if let Some(part) = below.strip_prefix('.') {
        return Some(if part.contains(['.', '[']) { Place::Elsewhere } else { Place::Part(part) });
    }
    let (filter, part) = below.strip_prefix('[')?.rsplit_once(']')?;
    let mut words = filter.split_whitespace();
    let (attribute, operator, kind) = (words.next(), words.next(), words.next());
    let kind = kind.and_then(|kind| kind.strip_prefix('"')?.strip_suffix('"'));
    let is = |word: Option<&str>, wanted: &str| word.is_some_and(|word| word.eq_ignore_ascii_case(wanted));
    Some(match (kind, part.strip_prefix('.')) {
        (Some(kind), Some(part)) if is(attribute, "type") && is(operator, "eq") && words.next().is_none() => {
            Place::OfType(kind, part)
        }
        _ => Place::Elsewhere,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known_after(operations: &Value) -> Value {
        let known = json!({
            "name": {"givenName": "Ada", "familyName": "Old"},
            "emails": [{"type": "work", "value": "old@example.com"}, {"type": "home", "value": "home@example.com"}],
        });
        let Value::Object(mut known) = known else { panic!("an object") };
        apply(&mut known, &["name", "emails"], &Method::PATCH, &json!({"Operations": operations}));
        Value::Object(known)
    }

    #[test]
    fn what_stands_below_an_attribute_is_followed() {
        let after = known_after(&json!([
            {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "new@example.com"},
            {"op": "Add", "path": "name.familyName", "value": "New"},
            {"op": "Remove", "path": "urn:ietf:params:scim:schemas:core:2.0:User:name.givenName"},
        ]));
        assert_eq!(after["emails"][0]["value"], "new@example.com");
        assert_eq!(after["emails"][1]["value"], "home@example.com");
        assert_eq!(after["name"], json!({"familyName": "New"}));
        let in_the_value = known_after(&json!([{"op": "replace", "value": {"name.familyName": "New"}}]));
        assert_eq!(in_the_value["name"], json!({"givenName": "Ada", "familyName": "New"}));
    }

    #[test]
    fn what_cannot_be_told_is_forgotten() {
        for operation in [
            json!({"op": "replace", "path": "emails[primary eq true].value", "value": "new@example.com"}),
            json!({"op": "add", "path": "emails", "value": [{"value": "new@example.com", "primary": true}]}),
            json!({"op": "remove", "path": "emails"}),
        ] {
            assert_eq!(known_after(&json!([operation])).get("emails"), None, "{operation}");
        }
    }

    #[test]
    fn another_attribute_is_none_of_its_business() {
        let after = known_after(&json!([{"op": "replace", "path": "nameSuffix", "value": "x"}]));
        assert_eq!(after, known_after(&json!([])));
        let patch = json!({"Operations": [{"op": "replace", "path": "name.familyName", "value": "x"}]});
        assert!(touches(&Method::PATCH, &patch, "name") && !touches(&Method::PATCH, &patch, "emails"));
    }
}
