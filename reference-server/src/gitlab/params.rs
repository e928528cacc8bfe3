//! The parameters of a request: the query and the body in one map, the body's JSON or a form's, as the framework
//! below GitLab's API puts them together.

use axum::http::HeaderMap;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::answer::Refusal;

/// More levels of brackets in a form's key than anybody needs.
const DEEPEST: usize = 16;

/// Puts the parameters together. The query's come first, and the body's of the same name replace them.
pub(super) fn read(
    query: Option<&str>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Map<String, Value>, Refusal> {
    let mut params = Map::new();
    form(query.unwrap_or_default(), &mut params);
    if body.is_empty() {
        return Ok(params);
    }
    let named = headers.get("content-type").map(|value| value.to_str().unwrap_or_default());
    let essence = named.map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    match essence.as_deref() {
        // The only JSON that is read (M: seen of the framework, not of a live GitLab).
        Some("application/scim+json") => match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => params.extend(members),
            // A list or a scalar at the top holds no parameters (M).
            Ok(_) => {}
            // (M)
            Err(_) => {
                return Err(Refusal::framework(
                    400,
                    "Problem: message body does not match declared format. Resolution: when specifying \
                     application/scim+json as content-type, you must pass valid application/scim+json in the \
                     request's 'body'",
                ));
            }
        },
        // A body that does not say what it is is read as a form (M).
        None | Some("" | "application/x-www-form-urlencoded") => {
            form(&String::from_utf8_lossy(body), &mut params);
        }
        // (M)
        Some(_) => {
            let kind: String = named.unwrap_or_default().chars().take(100).collect();
            return Err(Refusal::framework(
                415,
                format!("The provided content-type '{kind}' is not supported."),
            ));
        }
    }
    Ok(params)
}

/// A form, or a query, whose keys may say with brackets where in a structure a value stands:
/// `emails[][type]=work`.
fn form(text: &str, params: &mut Map<String, Value>) {
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (key, value) = (decoded(key), decoded(value));
        let (name, path) = key.split_once('[').map_or((key.as_str(), Vec::new()), |(name, rest)| {
            (name, rest.split('[').map(|part| part.trim_end_matches(']')).collect())
        });
        if !name.is_empty() && path.len() <= DEEPEST {
            let place = params.entry(name).or_insert(Value::Null);
            put(place, &path, Value::from(value));
        }
    }
}

/// Puts a value where the path says, over what does not fit it. A key that the last item of a list already has
/// begins another item.
fn put(place: &mut Value, path: &[&str], value: Value) {
    match path {
        [] => *place = value,
        ["", rest @ ..] => {
            if !place.is_array() {
                *place = Value::Array(Vec::new());
            }
            let Some(items) = place.as_array_mut() else { return };
            let goes_on = match (items.last(), rest) {
                (Some(Value::Object(last)), [key, ..]) => !last.contains_key(*key) || rest.len() > 1,
                _ => false,
            };
            if !goes_on {
                items.push(Value::Null);
            }
            if let Some(last) = items.last_mut() {
                put(last, rest, value);
            }
        }
        [key, rest @ ..] => {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            if let Some(members) = place.as_object_mut() {
                put(members.entry(*key).or_insert(Value::Null), rest, value);
            }
        }
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// A parameter as text: what a client sent as a number or a boolean is read as its text.
pub(super) fn text(params: &Map<String, Value>, name: &str) -> Option<String> {
    params.get(name).and_then(as_text)
}

/// A value as text; null, lists and objects are none.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(boolean) => Some(boolean.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use serde_json::json;

    use super::*;

    fn headers(kind: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(axum::http::header::CONTENT_TYPE, HeaderValue::from_static(kind))])
    }

    #[test]
    fn a_query_may_hold_a_structure() {
        let query = "externalId=a%2Bb&emails[][type]=work&emails[][value]=x%40example.com&emails%5B%5D[type]=home\
                     &name[givenName]=Jane+A";
        let params = read(Some(query), &HeaderMap::new(), b"").unwrap();
        assert_eq!(
            Value::Object(params),
            json!({
                "externalId": "a+b",
                "emails": [{"type": "work", "value": "x@example.com"}, {"type": "home"}],
                "name": {"givenName": "Jane A"},
            })
        );
    }

    #[test]
    fn only_scim_json_and_forms_are_read() {
        let body = br#"{"externalId": "a"}"#;
        let scim = headers("application/scim+json; charset=utf-8");
        assert_eq!(read(Some("externalId=q"), &scim, body).unwrap()["externalId"], "a");
        assert!(read(None, &headers("application/json"), body).is_err());
        assert!(read(None, &scim, b"{").is_err());
        assert!(read(None, &scim, b"[1]").unwrap().is_empty());
        let form = headers("application/x-www-form-urlencoded");
        assert_eq!(read(None, &form, b"externalId=f").unwrap()["externalId"], "f");
        assert!(!read(None, &HeaderMap::new(), body).unwrap().contains_key("externalId"));
    }

    #[test]
    fn odd_forms_do_no_harm() {
        let deep = format!("a{}=x", "[b]".repeat(10_000));
        for text in
            ["[]=x", "a[=x", "a]=x", "a[][]=x&a[][]=y", "a=1&a[b]=2&a[]=3", "%ff=%ff", "=", "&&", &deep]
        {
            let mut params = Map::new();
            form(text, &mut params);
        }
    }
}
