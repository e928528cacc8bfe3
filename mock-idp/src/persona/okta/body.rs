//! Okta's JSON for people: the create, what a PUT makes of the server's own resource, and the PATCH without path.

use serde_json::{Map, Value, json};

use super::options;
use super::people::{Change, Subject};
use crate::directory::Person;
use crate::persona::catalogue::Options;
use crate::persona::writing::{ENTERPRISE, USER, patch};

/// The body of a create, keys in the order of every capture since 2018: schemas, the mapped attributes, externalId,
/// an empty list of groups, a placeholder password, active, the extension if it has a value.
pub(super) fn new_user(person: &Person, options: &Options) -> Value {
    let mut mapped = mapped(person, options);
    let extension = mapped.shift_remove(ENTERPRISE);
    let mut body = Map::new();
    let schemas = if extension.is_some() { json!([USER, ENTERPRISE]) } else { json!([USER]) };
    body.insert("schemas".to_owned(), schemas);
    body.extend(mapped);
    body.insert("externalId".to_owned(), json!(person.external_id));
    body.insert("groups".to_owned(), json!([]));
    if !person.password.is_empty() {
        body.insert("password".to_owned(), json!(person.password));
    }
    body.insert("active".to_owned(), json!(true));
    body.extend(extension.map(|extension| (ENTERPRISE.to_owned(), extension)));
    Value::Object(body)
}

/// Makes what a PUT sends out of what the GET returned. Everything that is not mapped goes back as it came, `meta`
/// and `id` included. Activation only flips `active`; a profile push does not touch it.
pub(super) fn change(resource: &mut Value, subject: &Subject, change: Change, options: &Options) {
    let Some(resource) = resource.as_object_mut() else { return };
    if !resource.keys().any(|key| key.eq_ignore_ascii_case("schemas")) {
        resource.shift_insert(0, "schemas".to_owned(), json!([USER]));
    }
    let person = &subject.person;
    match change {
        Change::Active(active) => {
            set(resource, "active", json!(active));
            set(resource, "externalId", json!(person.external_id));
        }
        Change::Password => {
            set(resource, "externalId", json!(person.external_id));
            set(resource, "password", json!(person.password));
        }
        Change::Profile => {
            merge(resource, person, options);
            clear(resource, subject, options);
            set(resource, "externalId", json!(person.external_id));
            set(resource, "groups", json!([]));
        }
    }
}

/// The PATCH that an app of the catalogue sends: one replace without path.
pub(super) fn patch_user(subject: &Subject, change: Change, options: &Options) -> Value {
    let value = match change {
        Change::Active(active) => json!({"active": active}),
        Change::Password => json!({"password": subject.person.password}),
        Change::Profile => Value::Object(changed(subject, options)),
    };
    patch(&[json!({"op": "replace", "value": value})])
}

/// The mapped attributes that have a value, in Okta's order; the extension comes last.
fn mapped(person: &Person, options: &Options) -> Map<String, Value> {
    let sparse = options.has(options::SPARSE_MAPPING);
    let text = |value: &str| (!value.is_empty()).then(|| json!(value));
    let object = |members: [(&str, Option<Value>); 2]| {
        let members: Map<_, _> =
            members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        (!members.is_empty()).then_some(Value::Object(members))
    };
    let email = if sparse {
        json!([{"primary": true, "value": person.email}])
    } else {
        json!([{"primary": true, "value": person.email, "type": "work"}])
    };
    let locale = person.locale.as_deref().filter(|_| !sparse).map(|locale| {
        if options.has(options::LOCALE_UNDERSCORE) { locale.replace('-', "_") } else { locale.to_owned() }
    });
    let attributes = [
        ("userName", text(&person.user_name)),
        (
            "name",
            object([("givenName", text(&person.given_name)), ("familyName", text(&person.family_name))]),
        ),
        ("emails", (!person.email.is_empty()).then_some(email)),
        ("title", person.title.as_deref().and_then(text)),
        ("displayName", text(&person.display_name).filter(|_| !sparse)),
        ("locale", locale.as_deref().and_then(text)),
        (
            ENTERPRISE,
            object([
                ("employeeNumber", person.employee_number.as_deref().and_then(text)),
                ("department", person.department.as_deref().and_then(text)),
            ]),
        ),
    ];
    attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Writes the mapped attributes over the server's.
fn merge(resource: &mut Map<String, Value>, person: &Person, options: &Options) {
    for (name, value) in mapped(person, options) {
        if name == ENTERPRISE {
            name_extension(resource);
        }
        let key = key_of(resource, &name);
        match (resource.get_mut(&key), value) {
            (Some(Value::Object(theirs)), Value::Object(ours)) => {
                ours.into_iter().for_each(|(name, value)| set(theirs, &name, value));
            }
            (Some(Value::Array(theirs)), Value::Array(ours)) => {
                for email in ours {
                    merge_email(theirs, email);
                }
            }
            (_, value) => {
                resource.insert(key, value);
            }
        }
    }
}

/// Writes the mapped address over the one that it stands for and leaves the others.
fn merge_email(theirs: &mut Vec<Value>, ours: Value) {
    let is_work = |email: &Value| email.get("type").is_some_and(|kind| kind == "work");
    let is_primary = |email: &Value| email.get("primary").is_some_and(|primary| primary == true);
    let place = theirs.iter().position(is_work).or_else(|| theirs.iter().position(is_primary));
    match (place.and_then(|place| theirs.get_mut(place)), ours) {
        (Some(Value::Object(theirs)), Value::Object(ours)) => {
            ours.into_iter().for_each(|(name, value)| set(theirs, &name, value));
        }
        (_, ours) => theirs.push(ours),
    }
}

/// Removes what had a value before and has none now; Okta does not send empty attributes.
fn clear(resource: &mut Map<String, Value>, subject: &Subject, options: &Options) {
    let Some(before) = &subject.before else { return };
    let after = mapped(&subject.person, options);
    for (name, old) in mapped(before, options) {
        let key = key_of(resource, &name);
        match (old, after.get(&name)) {
            (_, None) => {
                resource.shift_remove(&key);
            }
            (Value::Object(old), Some(new)) => {
                let Some(Value::Object(theirs)) = resource.get_mut(&key) else { continue };
                for name in old.keys().filter(|name| new.get(name).is_none()) {
                    let key = key_of(theirs, name);
                    theirs.shift_remove(&key);
                }
            }
            _ => {}
        }
    }
}

/// What changed in the profile, as attributes; the cleared ones are null (RFC 7643 section 2.5: unassigned). Without
/// a profile from before, everything that is mapped.
fn changed(subject: &Subject, options: &Options) -> Map<String, Value> {
    let after = mapped(&subject.person, options);
    let Some(before) = &subject.before else { return after };
    let before = mapped(before, options);
    let cleared = before.keys().filter(|name| !after.contains_key(*name));
    let cleared: Vec<_> = cleared.map(|name| (name.clone(), Value::Null)).collect();
    let mut changes: Map<_, _> =
        after.into_iter().filter(|(name, value)| before.get(name) != Some(value)).collect();
    // Within a complex attribute too: what is left out of a replace stays (RFC 7644 section 3.5.2.3).
    for (name, value) in &mut changes {
        let (Some(Value::Object(old)), Value::Object(new)) = (before.get(name), value) else { continue };
        for name in old.keys() {
            new.entry(name.clone()).or_insert(Value::Null);
        }
    }
    changes.extend(cleared);
    changes
}

fn name_extension(resource: &mut Map<String, Value>) {
    let key = key_of(resource, "schemas");
    match resource.get_mut(&key) {
        Some(Value::Array(schemas)) => {
            if !schemas.iter().any(|schema| schema == ENTERPRISE) {
                schemas.push(json!(ENTERPRISE));
            }
        }
        _ => {
            resource.insert(key, json!([USER, ENTERPRISE]));
        }
    }
}

fn set(object: &mut Map<String, Value>, name: &str, value: Value) {
    let key = key_of(object, name);
    object.insert(key, value);
}

/// How the server spells this attribute: names have no case (RFC 7643 section 2.1), but JSON keys do.
fn key_of(object: &Map<String, Value>, name: &str) -> String {
    object.keys().find(|key| key.eq_ignore_ascii_case(name)).map_or_else(|| name.to_owned(), Clone::clone)
}
