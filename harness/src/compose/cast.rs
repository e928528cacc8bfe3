//! Who is in a recording: everybody whom it makes, changes or asks for, and what they are called in a scenario. What stands
//! for what they are known by is `member`'s, how requests look with it `rewrite`'s.

use std::collections::BTreeSet;

use serde_json::Value;

use super::member::{Member, Presence};
use super::seen::{Kind, Seen, member, plain_path};

/// The people and groups of a recording.
#[derive(Debug, Default)]
pub(super) struct Cast {
    pub members: Vec<Member>,
}

const PEOPLE: [&str; 16] = [
    "ada",
    "grace",
    "alan",
    "barbara",
    "edsger",
    "frances",
    "donald",
    "katherine",
    "niklaus",
    "margaret",
    "tony",
    "radia",
    "ken",
    "jean",
    "john",
    "mary",
];
/// Names that are made up already, and may stay.
const MADE_UP: [&str; 8] = ["ben", "eve", "bob", "carol", "dave", "alice", "control", "mallory"];
const GROUPS: [&str; 8] =
    ["staff", "engineering", "sales", "support", "finance", "research", "design", "logistics"];

impl Cast {
    /// Finds everybody whom the exchanges make, change or ask for.
    pub(super) fn of(seen: &[Seen<'_>]) -> Self {
        let mut cast = Self::default();
        for exchange in seen {
            cast.meet(exchange, seen);
        }
        cast
    }

    /// Keeps apart the spellings of names that are looked up in other upper and lower case than they were written in: whether
    /// those are found is what such a recording is about.
    pub(super) fn spell_apart(&mut self, seen: &[Seen<'_>]) {
        for (kind, lookup) in seen.iter().filter_map(|seen| Some((seen.kind?, seen.lookup()?))) {
            let attribute = plain_path(&lookup.attribute);
            // Those that have no case (RFC 7643, section 8.7.1).
            let known =
                ["userName", "displayName"].into_iter().find(|one| one.eq_ignore_ascii_case(&attribute));
            let Some(path) = known else { continue };
            let whom = self.by_value(kind, path, &lookup.value);
            if let Some(one) = whom.and_then(|whom| self.members.get_mut(whom)) {
                one.looked_up(path, &lookup.value);
            }
        }
    }

    /// The names of all of a kind.
    pub(super) fn names(&self, kind: Kind) -> Vec<String> {
        self.members.iter().filter(|one| one.kind == kind).map(|one| one.name.clone()).collect()
    }

    /// Whose id that is.
    pub(super) fn by_id(&self, kind: Kind, id: &str) -> Option<usize> {
        self.members.iter().position(|one| one.kind == kind && one.ids.iter().any(|known| known == id))
    }

    /// Whom the id of a member means: where people and groups share ids, a person.
    pub(super) fn referred(&self, id: &str) -> Option<usize> {
        self.by_id(Kind::Person, id).or_else(|| self.by_id(Kind::Group, id))
    }

    /// Who has, or once had, that value of an attribute.
    pub(super) fn by_value(&self, kind: Kind, path: &str, value: &str) -> Option<usize> {
        let has = |one: &Member| {
            one.values.iter().any(|known| {
                known.path.eq_ignore_ascii_case(path) && known.recorded.eq_ignore_ascii_case(value)
            })
        };
        self.members.iter().position(|one| one.kind == kind && has(one))
    }

    fn meet(&mut self, exchange: &Seen<'_>, all: &[Seen<'_>]) {
        let Some(kind) = exchange.kind else { return };
        // What had no answer, or was not let in, tells of nobody.
        if matches!(exchange.status(), None | Some(401 | 403 | 429)) {
            return;
        }
        if let Some(lookup) = exchange.lookup() {
            self.asked_for(kind, exchange, &lookup.attribute, &lookup.value, all);
            return;
        }
        // Those that a request names beside its own subject: members, managers.
        if let Some(sent) = &exchange.sent {
            for id in references(sent) {
                self.referred_to(&id, exchange.id(), all);
            }
        }
        if exchange.creates() {
            self.created(kind, exchange);
            return;
        }
        let Some(id) = exchange.id() else { return };
        if self.by_id(kind, id).is_none() && exchange.status() != Some(404) {
            self.referred_to_as(kind, id, all);
        }
        let Some(whom) = self.by_id(kind, id) else { return };
        let shown: Vec<Value> = exchange.resources().into_iter().cloned().collect();
        let changes = exchange.changes();
        if let Some(whom) = self.members.get_mut(whom) {
            if changes {
                for operation in exchange.operations() {
                    let path = member(operation, "path").and_then(Value::as_str).unwrap_or_default();
                    let value = member(operation, "value").unwrap_or(&Value::Null);
                    whom.learn(&plain_path(path), value);
                }
                if exchange.operations().is_empty()
                    && let Some(sent) = &exchange.sent
                {
                    whom.learn("", sent);
                }
            }
            for resource in &shown {
                whom.learn("", resource);
            }
        }
    }

    fn created(&mut self, kind: Kind, exchange: &Seen<'_>) {
        let Some(sent) = &exchange.sent else { return };
        let path = if kind == Kind::Person { "userName" } else { "displayName" };
        let Some(name) = member(sent, path).and_then(Value::as_str) else { return };
        let known = self.by_value(kind, path, name);
        let presence = match exchange.status() {
            Some(409) => Presence::Before,
            _ => Presence::Created,
        };
        let whom = known.unwrap_or_else(|| self.add(kind, name, presence));
        let Some(one) = self.members.get_mut(whom) else { return };
        if one.presence == Presence::Never {
            one.presence = presence;
        }
        one.learn("", sent);
        if exchange.succeeded()
            && let Some(id) = exchange.created_id().filter(|id| !one.ids.contains(id))
        {
            one.ids.push(id);
        }
        if let Some(body) = exchange.body.as_ref().filter(|_| exchange.succeeded()) {
            one.learn("", body);
        }
    }

    /// Somebody was looked for. A name that looks like a made-up id may stay: nobody has it.
    fn asked_for(&mut self, kind: Kind, exchange: &Seen<'_>, attribute: &str, value: &str, all: &[Seen<'_>]) {
        let found: Vec<(String, Value)> = exchange
            .resources()
            .into_iter()
            .filter_map(|one| Some((member(one, "id")?.as_str()?.to_owned(), one.clone())))
            .collect();
        for (id, resource) in &found {
            self.referred_to_as(kind, id, all);
            if let Some(one) = self.by_id(kind, id).and_then(|whom| self.members.get_mut(whom)) {
                one.learn("", resource);
            }
        }
        let path = match plain_path(attribute) {
            path if path.eq_ignore_ascii_case("emails") => "emails.value".to_owned(),
            path => path,
        };
        let is_name = matches!(
            path.to_ascii_lowercase().as_str(),
            "username" | "displayname" | "externalid" | "emails.value"
        );
        if found.is_empty() && is_name && !is_guid(value) && self.by_value(kind, &path, value).is_none() {
            let whom = self.add(kind, value, Presence::Never);
            if let Some(one) = self.members.get_mut(whom) {
                one.learn_text(&path, value);
            }
        }
    }

    /// Somebody is named as a member or a manager, in a write of `subject`.
    fn referred_to(&mut self, id: &str, subject: Option<&str>, all: &[Seen<'_>]) {
        let is_there = |kind| {
            let of_kind = || all.iter().filter(|seen| seen.kind == Some(kind));
            let is_it = |one: &Value| member(one, "id").is_some_and(|shown| shown == id);
            self.by_id(kind, id).is_some() || of_kind().flat_map(Seen::resources).any(is_it)
        };
        // Members that nothing else tells of are people, and no group is in itself.
        let is_group = is_there(Kind::Group) && !is_there(Kind::Person) && subject != Some(id);
        let kind = if is_group { Kind::Group } else { Kind::Person };
        self.referred_to_as(kind, id, all);
    }

    /// Somebody was there before the recording began, unless an answer to a create says otherwise.
    fn referred_to_as(&mut self, kind: Kind, id: &str, all: &[Seen<'_>]) {
        if self.by_id(kind, id).is_some() {
            return;
        }
        let path = if kind == Kind::Person { "userName" } else { "displayName" };
        let shown = all.iter().filter(|seen| seen.kind == Some(kind)).find_map(|seen| {
            seen.resources()
                .into_iter()
                .find(|one| member(one, "id").is_some_and(|shown| shown == id))
                .cloned()
        });
        let name = shown.as_ref().and_then(|one| member(one, path)?.as_str()).unwrap_or(id).to_owned();
        let whom = match self.by_value(kind, path, &name) {
            Some(whom) => whom,
            None => self.add(kind, &name, Presence::Before),
        };
        let Some(one) = self.members.get_mut(whom) else { return };
        if one.presence == Presence::Never {
            one.presence = Presence::Before;
        }
        one.ids.push(id.to_owned());
        if let Some(shown) = shown {
            one.learn("", &shown);
            one.shown = Some(shown);
        }
    }

    fn add(&mut self, kind: Kind, recorded: &str, presence: Presence) -> usize {
        let taken: BTreeSet<&str> = self.members.iter().map(|one| one.name.as_str()).collect();
        let (list, word) = match kind {
            Kind::Person => (&PEOPLE[..], "person"),
            Kind::Group => (&GROUPS[..], "group"),
        };
        let first = recorded.split(['@', '.']).next().unwrap_or_default().to_ascii_lowercase();
        let own = list.iter().chain(&MADE_UP).find(|name| **name == first && !taken.contains(**name));
        let next = || list.iter().find(|name| !taken.contains(**name));
        let name = match own.or_else(next) {
            Some(name) => (*name).to_owned(),
            None => (1..=self.members.len() + 1)
                .map(|number| format!("{word}-{number}"))
                .find(|name| !taken.contains(name.as_str()))
                .unwrap_or_default(),
        };
        self.members.push(Member::new(name, kind, presence));
        self.members.len() - 1
    }
}

/// The ids that a body refers to: members, managers.
fn references(sent: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let operations = member(sent, "Operations").and_then(Value::as_array);
    match operations {
        None => collect("", sent, &mut found),
        Some(operations) => {
            for operation in operations {
                let path = member(operation, "path").and_then(Value::as_str).unwrap_or_default();
                if let Some(value) = member(operation, "value") {
                    collect(&plain_path(path), value, &mut found);
                }
            }
        }
    }
    found
}

fn collect(path: &str, value: &Value, found: &mut Vec<String>) {
    let refers = ["members", "members.value", "manager", "manager.value"];
    match value {
        Value::String(id) if refers.iter().any(|one| one.eq_ignore_ascii_case(path)) => {
            found.push(id.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect(path, item, found)),
        Value::Object(members) => {
            for (name, value) in members {
                let own = plain_path(name);
                let path = if path.is_empty() || own.is_empty() {
                    format!("{path}{own}")
                } else {
                    format!("{path}.{own}")
                };
                collect(&path, value, found);
            }
        }
        _ => {}
    }
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.char_indices().all(|(i, c)| match i {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit(),
        })
}
