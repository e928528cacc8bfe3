//! The words for people: looked up, created, linked, updated, deactivated, reactivated, deleted.

use http::Method;
use serde_json::Value;

use super::asked::{Asked, boolean, equalities, member};
use super::memory::{Person, Sketch};
use super::{Narrator, filtered, listing, words};

/// What a write does to somebody.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    active: Option<bool>,
    /// Attributes that get a value.
    set: Vec<String>,
    /// Attributes that lose it.
    cleared: Vec<String>,
    password: bool,
    /// The manager's id.
    manager: Option<String>,
    /// The new user name.
    renamed: Option<String>,
}

/// A search for one person by a name.
pub(super) fn lookup(asked: &Asked<'_>, value: &str) -> String {
    let active = |resource: &Value| member(resource, "active").and_then(boolean);
    let answer = match (asked.total(), asked.listed()) {
        (Some(0), _) => ": no".to_owned(),
        (Some(1), [one]) if active(one) == Some(false) => ": yes, inactive".to_owned(),
        (Some(1), _) => ": yes".to_owned(),
        (Some(total), _) => format!(": {total} of them"),
        (None, _) => String::new(),
    };
    format!("asks whether {} is known{answer}", words::name(value))
}

impl Narrator {
    /// `/Users`.
    pub(super) fn with_people(&mut self, asked: &Asked<'_>) -> String {
        match *asked.method {
            Method::GET => {}
            Method::POST => {
                let name = asked.sent.as_ref().and_then(|sent| member(sent, "userName")?.as_str());
                let inactive = asked.sent.as_ref().and_then(|sent| boolean(member(sent, "active")?));
                let inactive = if inactive == Some(false) { ", inactive" } else { "" };
                return format!("creates {}{inactive}", name.map_or("somebody".to_owned(), words::name));
            }
            _ => return format!("sends a {} to all people", asked.method),
        }
        let Some(filter) = asked.parameter("filter") else { return listing(asked, "people") };
        match equalities(&filter).as_deref() {
            Some([(_, value)]) if is_guid(value) && asked.total().is_none_or(|total| total == 0) => {
                format!("tests the connection: asks for {}, who cannot exist", words::name(value))
            }
            Some([(_, value)]) => lookup(asked, value),
            // Entra checks a reference before it writes it.
            Some([(id, person), (_, manager)]) if id.eq_ignore_ascii_case("id") => {
                let answer = match asked.total() {
                    Some(0) => ": no",
                    Some(_) => ": yes",
                    None => "",
                };
                format!("asks whether {} has the manager {}{answer}", self.who(person), self.who(manager))
            }
            _ => filtered(asked, "people", &filter),
        }
    }

    /// `/Users/{id}`.
    pub(super) fn with_person(&mut self, asked: &Asked<'_>, id: &str) -> String {
        let who = self.who(id);
        let known = self.people.find(id).cloned().unwrap_or_default();
        let doing = match *asked.method {
            Method::GET => return format!("reads {who}"),
            Method::DELETE => return format!("deletes {who}"),
            Method::PUT => self.replaces(asked, &known, &who),
            Method::PATCH => self.updates(&Changes::of_patch(asked.operations()), &known, &who, "patches"),
            _ => return format!("sends a {} to {who}", asked.method),
        };
        if known.found && !known.ours {
            return format!("links {who}, who was there already, and {doing}");
        }
        doing
    }

    /// What to call somebody: the part of the user name before the @ where that is not somebody else's, else all of it;
    /// who was never named is called by the id.
    pub(super) fn who(&self, id: &str) -> String {
        self.people.find(id).and_then(|person| person.name.clone()).unwrap_or_else(|| words::name(id))
    }

    pub(super) fn learn_people(&mut self, asked: &Asked<'_>) {
        if *asked.method == Method::POST && asked.shown().is_some() {
            self.learn_created(asked);
            return;
        }
        let is_lookup = asked.parameter("filter").is_some_and(|filter| equalities(&filter).is_some());
        for resource in asked.listed() {
            let Some(id) = member(resource, "id").and_then(Value::as_str) else { continue };
            self.name_person(id, resource);
            let person = self.people.of(id);
            person.see(resource);
            person.found |= is_lookup;
        }
    }

    fn learn_created(&mut self, asked: &Asked<'_>) {
        let Some(shown) = asked.shown() else { return };
        let Some(id) = member(shown, "id").and_then(Value::as_str) else { return };
        // A server may answer with less than it was sent.
        if let Some(sent) = &asked.sent {
            self.name_person(id, sent);
            self.people.of(id).see(sent);
        }
        self.name_person(id, shown);
        let person = self.people.of(id);
        person.ours = true;
        if member(shown, "userName").is_some() {
            person.see(shown);
        }
    }

    pub(super) fn learn_person(&mut self, asked: &Asked<'_>, id: &str) {
        if let Some(shown) = asked.shown() {
            self.name_person(id, shown);
            self.people.of(id).see(shown);
        }
        if !asked.may_be_done() {
            return;
        }
        match *asked.method {
            Method::DELETE => self.people.forget(id),
            Method::PUT => {
                if let Some(sent) = asked.sent.as_ref().filter(|_| asked.shown().is_none()) {
                    self.name_person(id, sent);
                    self.people.of(id).see(sent);
                }
                self.people.of(id).ours = true;
            }
            Method::PATCH => {
                let changes = Changes::of_patch(asked.operations());
                if let Some(name) = &changes.renamed {
                    self.rename(id, name);
                }
                let person = self.people.of(id);
                person.ours = true;
                person.active = changes.active.or(person.active);
                if asked.shown().is_none() {
                    person.sketch = None;
                }
            }
            _ => {}
        }
    }

    fn replaces(&self, asked: &Asked<'_>, known: &Person, who: &str) -> String {
        let Some(sent) = &asked.sent else { return format!("writes {who}") };
        let mut changes = Changes {
            active: member(sent, "active").and_then(boolean),
            password: member(sent, "password").is_some_and(|password| !password.is_null()),
            ..Changes::default()
        };
        let Some(sketch) = &known.sketch else {
            return match changes.active {
                Some(false) => format!("deactivates {who}"),
                _ => format!("writes all of {who}"),
            };
        };
        (changes.set, changes.cleared) = sketch.changes(&Sketch::of(sent));
        self.updates(&changes, known, who, "writes")
    }

    fn updates(&self, changes: &Changes, known: &Person, who: &str, verb: &str) -> String {
        let mut acts = Vec::new();
        if !changes.set.is_empty() {
            acts.push(format!("updates {}", words::list(&changes.set)));
        }
        if !changes.cleared.is_empty() {
            acts.push(format!("clears {}", words::list(&changes.cleared)));
        }
        if changes.password {
            acts.push("sets the password".to_owned());
        }
        if let Some(manager) = &changes.manager {
            acts.push(format!("makes {} the manager", self.who(manager)));
        }
        let turned = match (changes.active, known.active) {
            (Some(false), was) if was != Some(false) => Some("deactivates"),
            (Some(true), Some(false)) => Some("reactivates"),
            // Nothing is known of before, and nothing else is asked for.
            (Some(true), None) if acts.is_empty() => Some("activates"),
            _ => None,
        };
        match (turned, acts.as_slice()) {
            (Some(turned), []) => format!("{turned} {who}"),
            (Some(turned), acts) => format!("{turned} {who} and {}", acts.join(" and ")),
            (None, []) => match changes.active {
                Some(true) => format!("{verb} {who} unchanged, active"),
                Some(false) => format!("{verb} {who} unchanged, inactive"),
                None => format!("{verb} {who} unchanged"),
            },
            (None, acts) => format!("{} of {who}", acts.join(" and ")),
        }
    }

    fn name_person(&mut self, id: &str, resource: &Value) {
        if let Some(name) = member(resource, "userName").and_then(Value::as_str) {
            self.rename(id, name);
        }
    }

    fn rename(&mut self, id: &str, name: &str) {
        let name = words::name(name);
        let (local, domain) = name.split_once('@').unwrap_or((name.as_str(), ""));
        let called = if local.is_empty() || domain.is_empty() {
            name
        } else {
            let first = self.short.of(&local.to_lowercase());
            if first.is_empty() {
                id.clone_into(first);
            }
            if first == id { local.to_owned() } else { name }
        };
        self.people.of(id).name = Some(called);
    }
}

impl Changes {
    fn of_patch(operations: &[Value]) -> Self {
        let mut changes = Self::default();
        for operation in operations {
            let op = member(operation, "op").and_then(Value::as_str).unwrap_or_default();
            let value = member(operation, "value");
            let removes = op.eq_ignore_ascii_case("remove");
            match (member(operation, "path").and_then(Value::as_str), value) {
                (Some(path), value) => changes.at(path, value.filter(|_| !removes)),
                (None, Some(Value::Object(members))) => {
                    for (name, value) in members {
                        match value {
                            // An extension's attributes.
                            Value::Object(parts) if name.to_ascii_lowercase().starts_with("urn:") => {
                                parts.iter().for_each(|(name, value)| changes.at(name, Some(value)));
                            }
                            value => changes.at(name, Some(value)),
                        }
                    }
                }
                _ => {}
            }
        }
        changes
    }

    fn at(&mut self, path: &str, value: Option<&Value>) {
        let value = value.filter(|value| !value.is_null());
        let label = label(path);
        match (label.to_ascii_lowercase().as_str(), value) {
            ("active", Some(value)) if boolean(value).is_some() => self.active = boolean(value),
            ("password", _) => self.password = true,
            ("manager" | "manager.value", Some(value)) => match manager(value) {
                Some(id) => self.manager = Some(id.to_owned()),
                None => self.set(label),
            },
            ("id" | "schemas", _) => {}
            ("username", Some(Value::String(name))) => {
                self.renamed = Some(name.clone());
                self.set(label);
            }
            (_, Some(_)) => self.set(label),
            (_, None) => self.cleared.push(label),
        }
    }

    fn set(&mut self, label: String) {
        if !self.set.contains(&label) {
            self.set.push(label);
        }
    }
}

/// An attribute's name without its schema, and without what a filter in it says: `emails`, `name.givenName`.
fn label(path: &str) -> String {
    let bracket = path.find('[').unwrap_or(path.len());
    let (plain, _) = path.split_at(bracket);
    // The version in a URN has a dot too, so that only what follows the last colon is a path.
    words::name(plain.rsplit(':').next().unwrap_or(plain))
}

/// The id in what a manager is set to: text, an object, or an array of one (C26).
fn manager(value: &Value) -> Option<&str> {
    match value {
        Value::String(id) => Some(id),
        Value::Array(items) => manager(items.first()?),
        value => member(value, "value")?.as_str(),
    }
}

/// Whether a text is a UUID: what Entra makes up when it tests a connection.
pub(in crate::recording) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
