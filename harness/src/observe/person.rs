//! Somebody who passes by: what is known of them, as the access probes need it, and what is still to be seen.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::change;
use super::reading::{Write, boolean, member, written};
use super::roster::{Cause, Wanted};

/// Somebody.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// Their number, from 1 in the order in which they were first seen.
    pub(super) number: usize,
    /// What they are called where people read it.
    pub(super) name: String,
    /// Where they are in their life.
    pub(super) state: State,
    /// The last exchange that wrote to them.
    pub(super) last_write: u64,
    /// What the provider sent and the server showed of them, the newest last.
    known: Map<String, Value>,
    /// The resource as the server last showed it.
    server: Option<Value>,
    /// What is to be seen next.
    pub(super) wanted: Option<(Wanted, Cause)>,
    /// Whether they were seen to get in, so that being shut out means something.
    pub(super) has_been_in: bool,
    /// The password that the provider sent for them.
    password: Option<SecretString>,
    /// Whether, since the last deactivation, it was seen that the identity is there.
    pub(super) identity: Identity,
    /// The last deactivation of which it is not known that it was done, in words, until another one passes.
    pub(super) not_done: Option<(String, Cause)>,
}

/// Whether an inactive person's identity was seen.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Identity {
    /// Nobody looked, or there was no reason to.
    NotLooked,
    /// To be looked for.
    Due(Box<Cause>),
    /// Seen, or found missing: told already.
    Told,
}

/// Where a person is in their life, as the provider wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Only shown so far, or nobody can tell.
    Seen,
    /// Made, and not active yet.
    Waiting,
    /// Active.
    Active,
    /// Deactivated.
    Inactive,
    /// Gone.
    Deleted,
}

/// A larger resource is remembered by its names only.
const LARGEST_RESOURCE: usize = 64 * 1024;
/// The parts of a resource that ways in may ask for.
const NAMES: [&str; 5] = ["userName", "externalId", "displayName", "name", "emails"];

impl Person {
    /// Somebody of whom nothing is known but the id.
    pub(super) fn new(number: usize, id: &str) -> Self {
        Self {
            number,
            name: id.to_owned(),
            state: State::Seen,
            last_write: 0,
            known: Map::new(),
            server: None,
            wanted: None,
            has_been_in: false,
            password: None,
            identity: Identity::NotLooked,
            not_done: None,
        }
    }

    /// The person as access probes see them: what passed over the wire, with this password or the one that passed.
    pub(super) fn as_probed(&self, id: &str, password: Option<&str>) -> Value {
        let mut person = Map::new();
        let mut put = |name: &str, value: Option<&Value>| {
            if let Some(value) = value.filter(|value| !value.is_null()) {
                person.insert(name.to_owned(), value.clone());
            }
        };
        for name in ["userName", "externalId", "displayName"] {
            put(name, self.known.get(name));
        }
        let name = self.known.get("name");
        for part in ["givenName", "familyName"] {
            put(part, name.and_then(|name| member(name, part)));
        }
        let emails = self.known.get("emails").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let primary = emails.iter().find(|email| member(email, "primary").and_then(boolean) == Some(true));
        put("email", primary.or(emails.first()).and_then(|email| member(email, "value")));
        put("id", Some(&json!(id)));
        put("server", self.server.as_ref());
        let sent = self.password.as_ref().map(ExposeSecret::expose_secret);
        put("password", password.or(sent).map(Value::from).as_ref());
        Value::Object(person)
    }

    /// Everything that is known of them and could tell who they are, the longest first.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (name, value) in &self.known {
            match value.as_array().filter(|_| name == "emails") {
                // Of an address, its kind tells nothing about anybody.
                Some(emails) => emails
                    .iter()
                    .filter_map(|email| member(email, "value"))
                    .for_each(|value| texts(value, &mut names)),
                None => texts(value, &mut names),
            }
        }
        // Shorter ones would tear holes into ordinary text.
        names.retain(|name| name.len() > 2);
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names
    }

    /// What they may be called where real names are not shown; `id` may be one too.
    pub(super) fn made_up_name(&self, id: &str) -> String {
        let real: Vec<String> = self.names().iter().map(|name| name.to_lowercase()).collect();
        let tells = |text: &str| real.iter().any(|name| text.to_lowercase().contains(name));
        let without_id = self.name.strip_suffix(&format!(" ({id})"));
        match without_id {
            Some(_) if !tells(&self.name) => self.name.clone(),
            Some(name) if !tells(name) => name.to_owned(),
            // Nobody knows whether an id alone is a name.
            _ => format!("person {}", self.number),
        }
    }

    /// What is not as it was, in words.
    pub(super) fn unlike(&self, resource: &Value) -> Option<String> {
        ["userName", "externalId"].into_iter().find_map(|name| {
            let (before, now) = (self.known.get(name)?.as_str()?, member(resource, name)?.as_str()?);
            let same = before == now || (name == "userName" && before.eq_ignore_ascii_case(now));
            (!same).then(|| format!("{name} is another one than before"))
        })
    }

    /// What is still to be seen, and because of what.
    pub(super) fn wanted(&self) -> Option<&(Wanted, Cause)> {
        self.wanted.as_ref()
    }

    /// Whether they were written to after that exchange began.
    pub(super) fn has_newer_write(&self, number: u64) -> bool {
        self.last_write > number
    }

    /// Their userName, if it is known.
    pub(super) fn user_name(&self) -> Option<&str> {
        self.known.get("userName").and_then(Value::as_str)
    }

    /// A write was done; with the resource if the server showed it.
    pub(super) fn wrote(&mut self, write: &Write, shown: Option<&Value>) {
        change::apply(&mut self.known, &NAMES, &write.method, &write.sent);
        if let Some(Value::Object(server)) = &mut self.server {
            server.retain(|name, _| !change::touches(&write.method, &write.sent, name));
        }
        let password = written(&write.method, &write.sent, "password").and_then(Value::as_str);
        if let Some(password) = password {
            self.password = Some(SecretString::from(password));
        }
        if let Some(shown) = shown {
            self.shown(shown.clone());
        }
    }

    /// The server showed this.
    pub(super) fn shown(&mut self, resource: Value) {
        for name in NAMES {
            if let Some(value) = member(&resource, name) {
                self.known.insert(name.to_owned(), value.clone());
            }
        }
        self.server = Some(slim(resource));
    }
}

fn slim(resource: Value) -> Value {
    if resource.to_string().len() <= LARGEST_RESOURCE {
        return resource;
    }
    let kept = ["id", "userName", "externalId", "displayName", "name", "active"];
    let kept = kept.iter().filter_map(|name| Some(((*name).to_owned(), member(&resource, name)?.clone())));
    Value::Object(kept.collect())
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        _ => {}
    }
}
