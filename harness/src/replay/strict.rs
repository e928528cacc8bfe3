//! Two answers compared strictly: whatever is left when ids are rebound and times, versions, addresses and the order of
//! unordered lists are set aside.

use std::collections::BTreeSet;

use scimspec_mock_idp::exchange::Answer;
use scimspec_mock_idp::recording::rebind::member;
use serde_json::Value;

use super::attributes::{self, shown};
use super::deed::is_schema;
use super::difference::{Kind, Unlike};
use super::prepare::is_redacted;

/// A body that is altogether different is not told line by line.
const MOST: usize = 20;

/// Headers that providers could read, in lower case.
const HEADERS: [&str; 3] = ["content-type", "www-authenticate", "allow"];

/// In what two bodies differ; `written` are the attributes that the provider writes and so would notice.
pub(super) fn bodies(old: Option<&Value>, new: Option<&Value>, written: &BTreeSet<String>) -> Vec<Unlike> {
    match (old, new) {
        (None, None) => Vec::new(),
        (Some(_), None) => vec![Unlike::new(Kind::NoBody, "a body in JSON", "none")],
        (None, Some(_)) => vec![Unlike::new(Kind::Gained, "no body in JSON", "one").of("body")],
        (Some(old), Some(new)) => {
            let mut found = Vec::new();
            walk("", old, new, &mut found);
            for unlike in &mut found {
                unlike.unnoticed = unlike.attribute.as_deref().is_some_and(|path| !is_noticed(path, written));
            }
            found
        }
    }
}

/// In what two answers' headers differ.
pub(super) fn headers(old: &Answer, new: &Answer) -> Vec<Unlike> {
    let essence = |answer: &Answer, name: &str| {
        let value = answer.header(name)?.split(';').next()?.trim().to_ascii_lowercase();
        (!is_redacted(&value)).then_some(value)
    };
    let mut found = Vec::new();
    for name in HEADERS {
        let (before, now) = (essence(old, name), essence(new, name));
        // What a recording lacks may have been taken out.
        if before.is_some() && before != now {
            let text = |value: Option<String>| value.unwrap_or_else(|| "missing".to_owned());
            found.push(Unlike::new(Kind::Header, text(before), text(now)).of(name));
        }
    }
    found
}

fn walk(path: &str, old: &Value, new: &Value, found: &mut Vec<Unlike>) {
    if found.len() >= MOST {
        return;
    }
    match (old, new) {
        (Value::Object(before), Value::Object(now)) => {
            for (key, value) in before {
                let at = below(path, key);
                if set_aside(path, key) {
                    continue;
                }
                match member(new, key) {
                    Some(other) => walk(&at, value, other, found),
                    None if value.is_null() => {}
                    None => found.push(Unlike::new(Kind::Lost, shown(value), "missing").of(&at)),
                }
            }
            for (key, value) in now {
                if !set_aside(path, key) && !value.is_null() && member(old, key).is_none() {
                    found.push(Unlike::new(Kind::Gained, "missing", shown(value)).of(&below(path, key)));
                }
            }
        }
        (Value::Array(before), Value::Array(now)) => {
            // The order of values means nothing (RFC 7643, section 2.4).
            let (before, now) = (sorted(before), sorted(now));
            if before.len() != now.len() {
                let count = |n: usize| if n == 1 { "1 value".to_owned() } else { format!("{n} values") };
                let kind = if before.len() > now.len() { Kind::Lost } else { Kind::Gained };
                found.push(Unlike::new(kind, count(before.len()), count(now.len())).of(path));
                return;
            }
            for (i, (old, new)) in before.iter().zip(&now).enumerate() {
                walk(&format!("{path}[{i}]"), old, new, found);
            }
        }
        (Value::String(text), _) if is_redacted(text) => {}
        (old, new) if old == new => {}
        (old, new) => {
            let name = if path.is_empty() { "body" } else { path };
            found.push(Unlike::new(Kind::Changed, shown(old), shown(new)).of(name));
        }
    }
}

/// Whether a provider that writes these attributes would look at what stands at a path: `Resources[0].emails[1].value`.
fn is_noticed(path: &str, written: &BTreeSet<String>) -> bool {
    let of_list =
        path.strip_prefix("Resources[").and_then(|rest| rest.split_once("].")).map(|(_, path)| path);
    let path = of_list.unwrap_or(path);
    // A schema's name has dots of its own: `urn:...:2.0:User.department`.
    let (schema, rest) = path.rsplit_once(':').map_or((None, path), |(schema, rest)| (Some(schema), rest));
    let mut names = rest.split(['.', '[']);
    let first = names.next().unwrap_or_default();
    let name = match (schema, names.next().filter(|_| is_schema(path))) {
        (Some(schema), Some(second)) => format!("{schema}:{first}:{second}"),
        (Some(schema), None) => format!("{schema}:{first}"),
        (None, _) => first.to_owned(),
    }
    .to_ascii_lowercase();
    let of_schema = |written: &String| written.strip_prefix(&name).is_some_and(|rest| rest.starts_with(':'));
    attributes::is_noticed(&name, written) || written.iter().any(of_schema)
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// What differs from server to server and moment to moment.
fn set_aside(path: &str, key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let of_meta = path.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case("meta"));
    matches!(key.as_str(), "$ref" | "password")
        || (of_meta && matches!(key.as_str(), "created" | "lastmodified" | "version" | "location"))
        // Of an operation of a bulk answer.
        || (path.to_ascii_lowercase().starts_with("operations") && matches!(key.as_str(), "location" | "version"))
}

/// Values in an order that does not depend on what is set aside.
fn sorted(items: &[Value]) -> Vec<Value> {
    let mut keyed: Vec<(String, Value)> = items
        .iter()
        .map(|item| {
            let text = |name: &str| member(item, name).and_then(Value::as_str).unwrap_or_default();
            let key = ["id", "value", "userName", "displayName", "type", "bulkId"].map(text).join("\u{0}");
            let key = if item.is_object() { key } else { item.to_string() };
            (key, item.clone())
        })
        .collect();
    keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
    keyed.into_iter().map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(old: &Value, new: &Value) -> Vec<String> {
        bodies(Some(old), Some(new), &BTreeSet::new()).iter().map(Unlike::line).collect()
    }

    #[test]
    fn times_versions_addresses_and_order_are_set_aside() {
        let old = json!({"id": "1", "meta": {"created": "a", "version": "1", "location": "x", "resourceType": "User"},
            "emails": [{"value": "a"}, {"value": "b"}], "schemas": ["x", "y"], "nickName": null});
        let new = json!({"id": "1", "meta": {"lastModified": "b", "resourceType": "User"},
            "emails": [{"value": "b"}, {"value": "a"}], "schemas": ["y", "x"]});
        assert_eq!(told(&old, &new), [""; 0]);
    }

    #[test]
    fn everything_else_is_told_with_its_place() {
        let old = json!({"userName": "Ada", "emails": [{"value": "a", "type": "work"}], "gone": 1});
        let new = json!({"userName": "ada", "emails": [{"value": "a", "type": "home"}], "new": true});
        assert_eq!(
            told(&old, &new),
            [
                "userName: \"Ada\", now \"ada\"",
                "emails[0].type: \"work\", now \"home\"",
                "gone: 1, now missing",
                "new: missing, now true"
            ]
        );
    }

    #[test]
    fn what_the_provider_would_notice_is_marked_off_from_the_rest() {
        const HR: &str = "urn:x:2.0:User";
        let written = BTreeSet::from(["title".to_owned(), "urn:x:2.0:user:level".to_owned()]);
        let old = json!({"totalResults": 1, "Resources": [{"title": "x", "active": true, "nickName": "a",
            "emails": [{"value": "a"}], HR: {"level": 1, "other": 1}}]});
        let new = json!({"totalResults": 2, "Resources": [{"title": "y", "active": false, "nickName": "b",
            "emails": [{"value": "b"}], HR: {"level": 2, "other": 2}}]});
        let found = bodies(Some(&old), Some(&new), &written);
        let unnoticed = found.iter().filter(|unlike| unlike.unnoticed);
        let mut unnoticed: Vec<_> = unnoticed.filter_map(|unlike| unlike.attribute.as_deref()).collect();
        unnoticed.sort_unstable();
        assert_eq!(unnoticed, ["Resources[0].nickName", "Resources[0].urn:x:2.0:User.other", "totalResults"]);
        assert_eq!(found.len(), 7);
        let whole = bodies(Some(&json!({HR: {"level": 1}})), Some(&json!({})), &written);
        assert!(whole.iter().all(|unlike| !unlike.unnoticed), "{whole:?}");
    }

    #[test]
    fn a_media_type_counts_without_its_parameters() {
        let answer = |kind: &str| Answer {
            status: 200,
            headers: vec![("Content-Type".to_owned(), kind.to_owned())],
            body: bytes::Bytes::new(),
        };
        let scim = answer("application/scim+json; charset=utf-8");
        assert_eq!(headers(&scim, &answer("application/scim+json")), []);
        assert_eq!(
            headers(&scim, &answer("application/json"))[0].line(),
            "content-type: application/scim+json, now application/json"
        );
    }
}
