//! Reading a server's answers as leniently as the providers do. What neither provider would accept is an error with
//! the reason in words; which error that makes is the persona's.

use serde_json::Value;

use crate::directory::Person;
use crate::exchange::Answer;

/// How much of a server's text goes into a task error.
const LONGEST_TEXT: usize = 500;

/// What a list answer says.
#[derive(Debug)]
pub(super) struct List {
    pub(super) total: u64,
    pub(super) resources: Vec<Value>,
}

impl List {
    /// Reads a ListResponse (RFC 7644 section 3.4.2). Keys are read without case, and `Resources` may be missing if
    /// there are none; the three numbers must be numbers where they are given.
    pub(super) fn read(answer: &Answer) -> Result<Self, String> {
        if answer.body.is_empty() {
            return Err("the body is empty".to_owned());
        }
        let body = answer.json().ok_or("the body is not JSON")?;
        if !body.is_object() {
            return Err("the body is not a ListResponse but a JSON value of another kind".to_owned());
        }
        for name in ["startIndex", "itemsPerPage"] {
            if let Some(value) = member(&body, name).filter(|value| !value.is_u64()) {
                return Err(format!("{name} is not an integer: {}", shortened(&value.to_string())));
            }
        }
        let total = member(&body, "totalResults").ok_or("totalResults is missing")?;
        let total = total
            .as_u64()
            .ok_or_else(|| format!("totalResults is not an integer: {}", shortened(&total.to_string())))?;
        let resources = match member(&body, "Resources") {
            Some(Value::Array(resources)) => resources.clone(),
            Some(_) => return Err("Resources is not an array".to_owned()),
            None if total == 0 => Vec::new(),
            None => return Err(format!("totalResults is {total}, but Resources is missing")),
        };
        Ok(Self { total, resources })
    }

    /// The one resource that a lookup found, or none.
    ///
    /// A real provider may take the first of several. This one does not, and it looks at what it links: a server
    /// that ignores the filter would otherwise have somebody else's account overwritten.
    pub(super) fn one(
        &self,
        is_it: impl Fn(&Value) -> bool,
        what: &str,
    ) -> Result<Option<(&str, &Value)>, String> {
        match self.resources.as_slice() {
            [] => Ok(None),
            [resource] if is_it(resource) => Ok(Some((id(resource)?, resource))),
            [_] => {
                Err(format!("the filter asks for {what}, and the one result is somebody or something else"))
            }
            several => Err(format!("the filter asks for {what}, and there are {} results", several.len())),
        }
    }
}

/// A member of a JSON object, by its name without case (RFC 7643 section 2.1: attribute names have no case).
pub(super) fn member<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// A resource's id (RFC 7643 section 3.1: a non-empty string).
pub(super) fn id(resource: &Value) -> Result<&str, String> {
    match member(resource, "id") {
        Some(Value::String(id)) if !id.is_empty() => Ok(id),
        Some(Value::String(_)) => Err("id is empty".to_owned()),
        Some(_) => Err("id is not a string".to_owned()),
        None => Err("id is missing".to_owned()),
    }
}

/// What a resource says about `active`, also as a string.
pub(super) fn active(resource: &Value) -> Option<bool> {
    match member(resource, "active")? {
        Value::Bool(active) => Some(*active),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Whether a resource can be this person's account: by userName (also by its local part, since GitLab answers a
/// lookup by address with the user name that it made from it), by externalId or by e-mail address, without case.
pub(super) fn is_person(resource: &Value, person: &Person) -> bool {
    let text = |name: &str| member(resource, name).and_then(Value::as_str).unwrap_or_default();
    let local_part = person.user_name.split('@').next().unwrap_or_default();
    let same = |a: &str, b: &str| !a.is_empty() && a.to_lowercase() == b.to_lowercase();
    let addresses = member(resource, "emails").and_then(Value::as_array).into_iter().flatten();
    same(text("userName"), &person.user_name)
        || same(text("userName"), local_part)
        || same(text("externalId"), &person.external_id)
        || addresses
            .filter_map(|email| member(email, "value")?.as_str())
            .any(|address| same(address, &person.email) || same(address, &person.user_name))
}

/// Whether a resource has this display name, without case.
pub(super) fn is_group(resource: &Value, display_name: &str) -> bool {
    member(resource, "displayName")
        .and_then(Value::as_str)
        .is_some_and(|name| name.to_lowercase() == display_name.to_lowercase())
}

/// The reason phrase of a status, or the number where there is none.
pub(super) fn reason(status: u16) -> String {
    http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .map_or_else(|| status.to_string(), str::to_owned)
}

/// `Retry-After` in whole seconds (RFC 9110 section 10.2.3); a date or anything else is none.
pub(super) fn retry_after(answer: &Answer) -> Option<u64> {
    let value = answer.header("retry-after")?.trim();
    value.bytes().all(|byte| byte.is_ascii_digit()).then(|| value.parse().ok())?
}

/// The text, cut where it becomes too long for a task list.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn answer(body: &str) -> Answer {
        Answer { status: 200, headers: Vec::new(), body: body.to_owned().into() }
    }

    #[rstest]
    #[case::complete(r#"{"schemas":[],"totalResults":1,"startIndex":1,"itemsPerPage":1,"Resources":[{}]}"#)]
    #[case::lower_case_keys(r#"{"totalresults":1,"startindex":1,"itemsperpage":1,"resources":[{}]}"#)]
    #[case::only_what_counts(r#"{"totalResults":0}"#)]
    fn reads_a_list_as_leniently_as_the_providers(#[case] body: &str) {
        assert!(List::read(&answer(body)).is_ok());
    }

    #[rstest]
    #[case("", "the body is empty")]
    #[case("<html>", "the body is not JSON")]
    #[case("[]", "the body is not a ListResponse but a JSON value of another kind")]
    #[case("null", "the body is not a ListResponse but a JSON value of another kind")]
    #[case("{}", "totalResults is missing")]
    #[case(r#"{"totalResults":0,"startIndex":"1"}"#, "startIndex is not an integer: \"1\"")]
    #[case(r#"{"totalResults":"0"}"#, "totalResults is not an integer: \"0\"")]
    #[case(r#"{"totalResults":0,"Resources":null}"#, "Resources is not an array")]
    #[case(r#"{"totalResults":2}"#, "totalResults is 2, but Resources is missing")]
    fn says_what_is_wrong_with_a_list(#[case] body: &str, #[case] why: &str) {
        assert_eq!(List::read(&answer(body)).unwrap_err(), why);
    }

    #[rstest]
    #[case("120", Some(120))]
    #[case(" 0 ", Some(0))]
    #[case("Wed, 21 Oct 2026 07:28:00 GMT", None)]
    #[case("-1", None)]
    #[case("1.5", None)]
    #[case("99999999999999999999", None)]
    fn reads_retry_after_only_as_whole_seconds(#[case] value: &str, #[case] seconds: Option<u64>) {
        let headers = vec![("retry-after".to_owned(), value.to_owned())];
        assert_eq!(retry_after(&Answer { headers, ..answer("") }), seconds);
    }
}
