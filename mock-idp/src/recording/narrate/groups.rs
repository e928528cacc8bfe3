//! The words for groups: looked up, made, renamed, filled and emptied, deleted.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use super::asked::{Asked, equalities, member};
use super::memory::{Group, member_ids};
use super::{Narrator, filtered, listing, words};

/// What a PATCH does to a group, one after the other.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    Named(String),
    Added(BTreeSet<String>),
    Removed(BTreeSet<String>),
    Emptied,
    /// These and no others.
    Filled(BTreeSet<String>),
    /// More members than are remembered, or unreadable ones.
    Members,
    Other(String),
}

/// A search for one group by its name.
pub(super) fn lookup(asked: &Asked<'_>, value: &str) -> String {
    let answer = match asked.total() {
        Some(0) => ": no".to_owned(),
        Some(1) => ": yes".to_owned(),
        Some(total) => format!(": {total} of them"),
        None => String::new(),
    };
    format!("asks whether the group {} is known{answer}", words::name(value))
}

/// `/Groups`.
pub(super) fn with_groups(asked: &Asked<'_>) -> String {
    match *asked.method {
        Method::GET => {}
        Method::POST => return creates(asked),
        _ => return format!("sends a {} to all groups", asked.method),
    }
    let Some(filter) = asked.parameter("filter") else { return listing(asked, "groups") };
    match equalities(&filter).as_deref() {
        Some([(_, value)]) => lookup(asked, value),
        _ => filtered(asked, "groups", &filter),
    }
}

impl Narrator {
    /// `/Groups/{id}`.
    pub(super) fn with_group(&mut self, asked: &Asked<'_>, id: &str) -> String {
        let known = self.groups.find(id).cloned().unwrap_or_default();
        let which = known.name.clone().unwrap_or_else(|| words::name(id));
        match *asked.method {
            Method::GET => format!("reads the group {which}"),
            Method::DELETE => format!("deletes the group {which}"),
            Method::PUT => self.replaces_group(asked, &known, &which),
            Method::PATCH => {
                let changes = changes(asked.operations());
                let told: Vec<String> =
                    changes.iter().map(|change| self.change(change, &known, &which)).collect();
                match told.as_slice() {
                    [] => format!("patches the group {which}"),
                    told => told.join(" and "),
                }
            }
            _ => format!("sends a {} to the group {which}", asked.method),
        }
    }

    pub(super) fn learn_groups(&mut self, asked: &Asked<'_>) {
        if let (&Method::POST, Some(shown)) = (asked.method, asked.shown()) {
            let Some(id) = member(shown, "id").and_then(Value::as_str) else { return };
            let group = self.groups.of(id);
            if let Some(sent) = &asked.sent {
                group.see(sent);
            }
            group.see(shown);
            return;
        }
        for resource in asked.listed() {
            if let Some(id) = member(resource, "id").and_then(Value::as_str) {
                self.groups.of(id).see(resource);
            }
        }
    }

    pub(super) fn learn_group(&mut self, asked: &Asked<'_>, id: &str) {
        if asked.may_be_done() {
            match *asked.method {
                Method::DELETE => self.groups.forget(id),
                Method::PUT => {
                    if let Some(sent) = &asked.sent {
                        self.groups.of(id).see(sent);
                    }
                }
                Method::PATCH => {
                    for change in changes(asked.operations()) {
                        self.groups.of(id).carry_out(&change);
                    }
                }
                _ => {}
            }
        }
        if let Some(shown) = asked.shown() {
            self.groups.of(id).see(shown);
        }
    }

    fn replaces_group(&self, asked: &Asked<'_>, known: &Group, which: &str) -> String {
        let Some(sent) = &asked.sent else { return format!("writes the group {which}") };
        let mut told = Vec::new();
        let name = member(sent, "displayName").and_then(Value::as_str).map(words::name);
        if let Some(name) = name.as_ref().filter(|name| known.name.as_ref().is_some_and(|was| was != *name)) {
            told.push(format!("renames the group {which} to {name}"));
        }
        let members = member(sent, "members").map_or_else(|| Some(BTreeSet::new()), member_ids);
        match (&known.members, members) {
            (Some(were), Some(are)) => {
                let (come, gone) = (&are - were, were - &are);
                if !come.is_empty() {
                    told.push(format!("adds {} to {which}", self.several(&come)));
                }
                if !gone.is_empty() {
                    told.push(format!("removes {} from {which}", self.several(&gone)));
                }
                if told.is_empty() {
                    told.push(format!("writes the group {which} unchanged"));
                }
            }
            (None, Some(are)) if told.is_empty() => {
                told.push(format!("writes the group {which} with {}", words::people(are.len())));
            }
            _ if told.is_empty() => told.push(format!("writes the group {which}")),
            _ => {}
        }
        told.join(" and ")
    }

    fn change(&self, change: &Change, known: &Group, which: &str) -> String {
        match change {
            Change::Named(name) if known.name.as_ref() == Some(name) => {
                format!("writes the name of the group {which} again")
            }
            Change::Named(name) if known.name.is_none() => format!("names the group {which} {name}"),
            Change::Named(name) => format!("renames the group {which} to {name}"),
            Change::Added(ids) => format!("adds {} to {which}", self.several(ids)),
            Change::Removed(ids) => format!("removes {} from {which}", self.several(ids)),
            Change::Emptied => format!("removes everybody from {which}"),
            Change::Filled(ids) if ids.len() == 1 => {
                format!("makes {} the only member of {which}", self.several(ids))
            }
            Change::Filled(ids) => format!("makes {} the members of {which}", self.several(ids)),
            Change::Members => format!("changes the members of {which}"),
            Change::Other(attribute) => format!("updates {attribute} of the group {which}"),
        }
    }

    /// One person by name, a few by number and name, many by number.
    fn several(&self, ids: &BTreeSet<String>) -> String {
        const FEW: usize = 3;
        let names: Vec<String> = ids.iter().filter_map(|id| self.people.find(id)?.name.clone()).collect();
        match ids.len() {
            0 => "nobody".to_owned(),
            1 if names.len() == 1 => names.concat(),
            count if count <= FEW && names.len() == count => {
                format!("{} ({})", words::people(count), names.join(", "))
            }
            count => words::people(count),
        }
    }
}

impl Group {
    fn carry_out(&mut self, change: &Change) {
        match change {
            Change::Named(name) => self.name = Some(name.clone()),
            Change::Added(ids) => self.join(ids),
            Change::Removed(ids) => self.leave(ids),
            Change::Emptied => self.members = Some(BTreeSet::new()),
            Change::Filled(ids) => self.members = Some(ids.clone()),
            Change::Members => self.members = None,
            Change::Other(_) => {}
        }
    }
}

fn creates(asked: &Asked<'_>) -> String {
    let sent = asked.sent.as_ref();
    let name = sent.and_then(|sent| member(sent, "displayName")?.as_str()).map(words::name);
    let members = sent.and_then(|sent| member(sent, "members")).and_then(Value::as_array).map_or(0, Vec::len);
    let with = if members == 0 { String::new() } else { format!(" with {}", words::people(members)) };
    match name {
        Some(name) => format!("creates the group {name}{with}"),
        None => format!("creates a group{with}"),
    }
}

fn changes(operations: &[Value]) -> Vec<Change> {
    let mut all = Vec::new();
    for operation in operations {
        let op = member(operation, "op").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        let value = member(operation, "value");
        match (member(operation, "path").and_then(Value::as_str), value) {
            (Some(path), value) => at(&op, path, value, &mut all),
            (None, Some(Value::Object(members))) => {
                for (name, value) in members {
                    at(&op, name, Some(value), &mut all);
                }
            }
            _ => {}
        }
    }
    // Okta removes one member per operation; it is one change.
    all.dedup_by(|later, earlier| match (earlier, later) {
        (Change::Removed(earlier), Change::Removed(later))
        | (Change::Added(earlier), Change::Added(later)) => {
            earlier.append(later);
            true
        }
        _ => false,
    });
    all
}

fn at(op: &str, path: &str, value: Option<&Value>, all: &mut Vec<Change>) {
    let plain = path.split('[').next().unwrap_or(path);
    let name = plain.rsplit(':').next().unwrap_or(plain);
    let lower = name.to_ascii_lowercase();
    let ids = value.map(member_ids);
    if path.len() > plain.len() && lower == "members" {
        all.push(match named_member(path).filter(|_| op == "remove") {
            Some(id) => Change::Removed(BTreeSet::from([id])),
            None => Change::Members,
        });
        return;
    }
    let change = match (lower.as_str(), op, ids) {
        ("id" | "schemas", _, _) => return,
        ("displayname", _, _) => match value.and_then(Value::as_str) {
            Some(name) => Change::Named(words::name(name)),
            None => Change::Other("displayName".to_owned()),
        },
        ("members", "remove", None) => Change::Emptied,
        ("members", "remove", Some(Some(ids))) => Change::Removed(ids),
        ("members", "add", Some(Some(ids))) => Change::Added(ids),
        ("members", "replace", Some(Some(ids))) if ids.is_empty() => Change::Emptied,
        ("members", "replace", Some(Some(ids))) => Change::Filled(ids),
        ("members", _, _) => Change::Members,
        _ => Change::Other(words::name(name)),
    };
    all.push(change);
}

/// The id in `members[value eq "..."]`.
fn named_member(path: &str) -> Option<String> {
    let (_, filter) = path.split_once('[')?;
    match equalities(filter.strip_suffix(']')?)?.as_slice() {
        [(attribute, id)] if attribute.eq_ignore_ascii_case("value") => Some(id.clone()),
        _ => None,
    }
}
