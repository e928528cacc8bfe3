//! Two representations of one resource, compared by what an identity provider would notice: what identifies, whether
//! it is active, who is a member, and what the provider writes itself. What a server adds of its own is not noticed.

use std::collections::BTreeSet;

use scimspec_mock_idp::recording::rebind::member;
use serde_json::Value;

use super::compare::Reader;
use super::deed::{is_schema, truth};
use super::difference::{Kind, Unlike};
use super::expectation::ids;
use super::prepare::is_redacted;

/// What every provider looks at, in lower case.
const NOTICED: [&str; 5] = ["username", "externalid", "active", "emails", "displayname"];
/// What no provider compares: written by the server, or never shown.
const NOT_NOTICED: [&str; 5] = ["schemas", "id", "meta", "password", "groups"];
/// Longer values are cut.
const LONGEST: usize = 120;

/// Whether a provider that writes these attributes looks at one, by its name in lower case.
pub(super) fn is_noticed(name: &str, written: &BTreeSet<String>) -> bool {
    NOTICED.contains(&name) || name == "members" || written.contains(name)
}

/// In what a resource is unlike the earlier one, whose ids and names are in the new server's words. `read`: the answer
/// is to a request for this very resource, so that what it does not show is not there.
pub(super) fn compare(
    old: &Value,
    new: &Value,
    reader: Reader,
    written: &BTreeSet<String>,
    read: bool,
) -> Vec<Unlike> {
    let mut found = Vec::new();
    for (key, before) in old.as_object().into_iter().flatten() {
        let lower = key.to_ascii_lowercase();
        if NOT_NOTICED.contains(&lower.as_str()) {
            continue;
        }
        let now = member(new, key).unwrap_or(&Value::Null);
        match lower.as_str() {
            // A server may leave the members out of what it answers to a write; who wants to know reads them.
            "members" if read || member(new, key).is_some() => found.extend(members(before, now)),
            "members" => {}
            "active" => found.extend(active(before, now, reader)),
            _ if is_schema(key) && before.is_object() => {
                found.extend(extension(key, before, now, written));
            }
            name if is_noticed(name, written) => {
                found.extend(attribute(key, before, now));
            }
            _ => {}
        }
    }
    found
}

/// Members before and now, as sets.
pub(super) fn members(before: &Value, now: &Value) -> Option<Unlike> {
    let (before, now) = (ids(before), ids(now));
    by_ids(&before, &now)
}

/// The same of sets of ids.
pub(super) fn by_ids(before: &BTreeSet<String>, now: &BTreeSet<String>) -> Option<Unlike> {
    let lost = before.difference(now).count();
    let gained = now.difference(before).count();
    let count = |n: usize| if n == 1 { "1 member".to_owned() } else { format!("{n} members") };
    let text = if now.is_empty() { "none".to_owned() } else { count(now.len()) };
    let (kind, people) = match (lost, gained) {
        (0, 0) => return None,
        (lost, _) if lost > 0 && now.is_empty() => (Kind::GroupEmptied, lost),
        (0, gained) => (Kind::MembersGained, gained),
        (lost, _) => (Kind::MembersLost, lost),
    };
    let mut unlike = Unlike::new(kind, count(before.len()), text).of("members");
    unlike.people = people;
    Some(unlike)
}

fn active(before: &Value, now: &Value, reader: Reader) -> Option<Unlike> {
    let (was, is) = (truth(before), truth(now));
    // Okta only asks whether it says false.
    let same = was == is || (reader == Reader::Okta && was == Some(true) && is_nothing(now));
    (!same && was.is_some()).then(|| changed("active", before, now))
}

fn extension(urn: &str, before: &Value, now: &Value, written: &BTreeSet<String>) -> Vec<Unlike> {
    let mut found = Vec::new();
    for (name, value) in before.as_object().into_iter().flatten() {
        let full = format!("{urn}:{name}");
        if written.contains(&full.to_ascii_lowercase()) {
            found.extend(attribute(&full, value, member(now, name).unwrap_or(&Value::Null)));
        }
    }
    found
}

fn attribute(name: &str, before: &Value, now: &Value) -> Option<Unlike> {
    let lower = name.to_ascii_lowercase();
    let without_case = ["username", "displayname", "emails"].contains(&lower.as_str());
    (!covers(before, now, without_case)).then(|| changed(name, before, now))
}

fn changed(name: &str, before: &Value, now: &Value) -> Unlike {
    let kind = if is_nothing(now) { Kind::Lost } else { Kind::Changed };
    Unlike::new(kind, shown(before), shown(now)).of(name)
}

/// Whether everything of the earlier value is in the new one. What is added is not noticed.
fn covers(before: &Value, now: &Value, without_case: bool) -> bool {
    match (before, now) {
        (before, now) if is_nothing(before) => is_nothing(now) || !before.is_array(),
        (Value::String(before), _) if is_redacted(before) => !is_nothing(now),
        (Value::String(before), Value::String(now)) if without_case => {
            before.to_lowercase() == now.to_lowercase()
        }
        (Value::Object(before), Value::Object(_)) => before.iter().all(|(key, value)| {
            // What the server makes of the rest itself.
            let derived = ["$ref", "display", "formatted"].iter().any(|name| key.eq_ignore_ascii_case(name));
            derived || covers(value, member(now, key).unwrap_or(&Value::Null), without_case)
        }),
        (Value::Array(before), Value::Array(now)) => {
            before.iter().all(|item| now.iter().any(|other| covers(item, other, without_case)))
                && (!before.is_empty() || now.is_empty())
        }
        (Value::Number(before), Value::Number(now)) => before == now || before.as_f64() == now.as_f64(),
        // Entra sends "True" where a Boolean belongs, and reads it too.
        (before, now) => before == now || (truth(before).is_some() && truth(before) == truth(now)),
    }
}

/// RFC 7643, section 2.5: null, an empty array and nothing are the same.
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// A value in a message.
pub(super) fn shown(value: &Value) -> String {
    if is_nothing(value) {
        return "missing".to_owned();
    }
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn kinds(old: &Value, new: &Value, reader: Reader) -> Vec<(Kind, String)> {
        let written = BTreeSet::from(["title".to_owned(), "name".to_owned(), "urn:x:user:level".to_owned()]);
        let found = compare(old, new, reader, &written, true);
        found.into_iter().map(|unlike| (unlike.kind, unlike.attribute.unwrap_or_default())).collect()
    }

    #[rstest]
    #[case::case_of_a_user_name(json!({"userName": "Ada"}), json!({"userName": "ada"}))]
    #[case::a_boolean_as_text(json!({"active": true}), json!({"active": "True"}))]
    #[case::more_than_was_recorded(json!({"title": "x"}), json!({"title": "x", "nickName": "y"}))]
    #[case::what_the_provider_never_writes(json!({"nickName": "x", "groups": [1], "meta": {}}), json!({}))]
    #[case::another_order(json!({"emails": [{"value": "a"}, {"value": "b"}]}), json!({"emails": [{"value": "b"}, {"value": "A"}]}))]
    #[case::nothing_in_another_way(json!({"title": null, "emails": []}), json!({}))]
    #[case::a_full_name_made_by_the_server(json!({"name": {"formatted": "A B", "givenName": "A"}}), json!({"name": {"givenName": "A"}}))]
    #[case::taken_out_of_the_recording(json!({"title": "[redacted]"}), json!({"title": "Boss"}))]
    fn what_nobody_would_notice(#[case] old: Value, #[case] new: Value) {
        assert_eq!(kinds(&old, &new, Reader::Unknown), []);
    }

    #[rstest]
    #[case(json!({"active": false}), json!({"active": true}), Kind::Changed, "active")]
    #[case(json!({"active": true}), json!({}), Kind::Lost, "active")]
    #[case(json!({"active": true}), json!({"active": 1}), Kind::Changed, "active")]
    #[case(json!({"externalId": "1"}), json!({}), Kind::Lost, "externalId")]
    #[case(json!({"title": "x"}), json!({"title": "X"}), Kind::Changed, "title")]
    #[case(json!({"emails": [{"value": "a", "type": "work"}]}), json!({"emails": [{"value": "a", "type": "home"}]}), Kind::Changed, "emails")]
    #[case(json!({"urn:x:User": {"level": 1, "other": 2}}), json!({}), Kind::Lost, "urn:x:User:level")]
    #[case(json!({"members": [{"value": "1"}]}), json!({}), Kind::GroupEmptied, "members")]
    #[case(json!({"members": [{"value": "1"}, {"value": "2"}]}), json!({"members": [{"value": "2"}]}), Kind::MembersLost, "members")]
    #[case(json!({"members": []}), json!({"members": [{"value": "2"}]}), Kind::MembersGained, "members")]
    fn what_is_noticed(#[case] old: Value, #[case] new: Value, #[case] kind: Kind, #[case] name: &str) {
        assert_eq!(kinds(&old, &new, Reader::Unknown), [(kind, name.to_owned())]);
    }

    #[test]
    fn okta_does_not_miss_an_active_that_is_true() {
        assert_eq!(kinds(&json!({"active": true}), &json!({}), Reader::Okta), []);
    }
}
