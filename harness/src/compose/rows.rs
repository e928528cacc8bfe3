//! Which requirements a recorded request and its answer show, and how what happens is called.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use super::seen::{Kind, Seen, boolean, member, op, path_of, plain_path};

/// What a write shows. Where it is spelled in a way that the RFC lets a server refuse, only that is shown: then the check
/// warns at most.
pub(super) fn of_write(seen: &Seen<'_>) -> Vec<&'static str> {
    if *seen.method() == Method::PUT {
        let members = seen.kind == Some(Kind::Group) && !seen.memberships().is_empty();
        return if members {
            vec!["RFC7644-3.5.1-L1", "RFC7644-3.5.1-L16"]
        } else {
            vec!["RFC7644-3.5.1-L1"]
        };
    }
    let (mut must, mut should) = (Vec::new(), Vec::new());
    for operation in seen.operations() {
        if let Some(contested) = contested(operation) {
            add(&mut should, contested);
        }
        if let Some(row) = of_operation(operation, seen.kind) {
            add(&mut must, row);
        }
    }
    match (should.is_empty(), must.is_empty()) {
        (false, _) => should,
        (true, false) => must,
        (true, true) => vec!["RFC7644-3.5.2-L8"],
    }
}

/// The spellings in a PATCH that a server may refuse, in words.
pub(super) fn contested_words(seen: &Seen<'_>) -> BTreeSet<&'static str> {
    let words = |row| match row {
        "RFC7644-3.5.2-L30" => "a Boolean that is sent as text",
        "RFC7644-3.5.2-L6" => "an op in capital letters",
        "RFC7644-3.5.2.1-L24" => "a path as a key of a value without a path",
        _ => "a removal of members that lists them in value",
    };
    seen.operations().iter().filter_map(contested).map(words).collect()
}

fn contested(operation: &Value) -> Option<&'static str> {
    let (path, value) = (path_of(operation), member(operation, "value"));
    let written = member(operation, "op").and_then(Value::as_str).unwrap_or_default();
    let active = match value {
        Some(value) if plain_path(path).eq_ignore_ascii_case("active") => Some(value),
        Some(value) if path.is_empty() => member(value, "active"),
        _ => None,
    };
    if active.is_some_and(|active| active.is_string() && boolean(active).is_some()) {
        return Some("RFC7644-3.5.2-L30");
    }
    if op(operation) == "remove" && value.is_some() && path.eq_ignore_ascii_case("members") {
        return Some("RFC7644-3.5.2.2-L18");
    }
    let is_path = |name: &String| name.contains('.') || (name.contains(':') && !plain_path(name).is_empty());
    if path.is_empty() && value.and_then(Value::as_object).is_some_and(|members| members.keys().any(is_path))
    {
        return Some("RFC7644-3.5.2.1-L24");
    }
    (written != op(operation)).then_some("RFC7644-3.5.2-L6")
}

fn of_operation(operation: &Value, kind: Option<Kind>) -> Option<&'static str> {
    let path = path_of(operation);
    let plain = plain_path(path).to_ascii_lowercase();
    let is_urn = path.to_ascii_lowercase().starts_with("urn:ietf:params:scim:schemas:extension");
    Some(match (op(operation).as_str(), plain.as_str()) {
        ("add", "members") => "RFC7644-3.5.2.1-L15",
        ("remove", "members") if path.contains('[') => "RFC7644-3.5.2.2-L17",
        ("remove", "members") => "RFC7644-3.5.2.2-L6",
        ("replace", "members") => "RFC7644-3.5.2.3-L19",
        ("replace", "active") => "RFC7644-3.5.2.3-L26",
        ("replace", "displayname" | "") if kind == Some(Kind::Group) => "RFC7644-3.5.2.3-L21",
        ("add", "") => "RFC7644-3.5.2.1-L2",
        ("replace", "") => "RFC7644-3.5.2.3-L1",
        ("add", _) if is_urn => "RFC7644-3.5.2.1-L20",
        ("replace", _) if is_urn => "RFC7644-3.5.2.3-L22",
        ("remove", _) if is_urn => "RFC7644-3.5.2.2-L19",
        ("replace", _) if path.contains('[') => "RFC7644-3.5.2.3-L15",
        ("add", _) if path.contains('[') => return None,
        ("add", _) if plain.contains('.') => "RFC7644-3.5.2.1-L7",
        ("replace", _) if plain.contains('.') => "RFC7644-3.5.2.3-L5",
        ("add", _) => "RFC7644-3.5.2.1-L6",
        ("replace", _) => "RFC7644-3.5.2.3-L3",
        ("remove", _) if !path.contains('[') && !plain.contains('.') => "RFC7644-3.5.2.2-L2",
        _ => return None,
    })
}

/// What a write does, as the end of a slug: `is-deactivated`, `is-renamed`.
pub(super) fn what_happens(seen: &Seen<'_>, active_before: Option<bool>, renamed: bool) -> &'static str {
    let active = seen.assignments().iter().find(|(path, _)| path == "active").and_then(|(_, v)| boolean(v));
    match (seen.kind, active) {
        (Some(Kind::Person), Some(false)) if active_before != Some(false) => "is-deactivated",
        (Some(Kind::Person), Some(true)) if active_before == Some(false) => "is-reactivated",
        (Some(Kind::Group), _) if renamed => "is-renamed",
        (Some(Kind::Group), _) if !seen.memberships().is_empty() => "gets-its-members",
        _ => "is-updated",
    }
}

fn add(list: &mut Vec<&'static str>, row: &'static str) {
    if !list.contains(&row) {
        list.push(row);
    }
}
