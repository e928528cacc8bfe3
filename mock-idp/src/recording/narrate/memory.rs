//! What a narrator remembers: whom an id means, how they were last seen, who is in which group. Bounded: of a session
//! that never ends, the oldest is forgotten.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::asked::{boolean, member};
use super::words;

/// So many people are remembered.
pub(in crate::recording) const MOST_PEOPLE: usize = 20_000;
/// So many groups are remembered.
pub(super) const MOST_GROUPS: usize = 1_000;
/// The members of a larger group are not remembered.
const MOST_MEMBERS: usize = 1_000;
/// So many attributes of a person are compared.
const MOST_ATTRIBUTES: usize = 40;
/// Of an id, so many characters tell it from others.
const LONGEST_ID: usize = 200;

/// By id, the oldest forgotten first.
#[derive(Debug)]
pub(in crate::recording) struct Memory<T> {
    most: usize,
    by_id: HashMap<String, T>,
    order: VecDeque<String>,
}

/// Somebody.
#[derive(Debug, Clone, Default)]
pub(super) struct Person {
    /// What to call them.
    pub name: Option<String>,
    pub active: Option<bool>,
    /// Whether a lookup found them.
    pub found: bool,
    /// Whether the provider made or wrote the account in this session.
    pub ours: bool,
    /// The attributes as last seen.
    pub sketch: Option<Sketch>,
}

/// A group.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    pub name: Option<String>,
    /// The ids of its members, as far as they are known.
    pub members: Option<BTreeSet<String>>,
}

/// The attributes of a person, by name: not their values, only whether they are the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sketch(BTreeMap<String, u64>);

impl<T: Default> Memory<T> {
    pub(in crate::recording) fn of_at_most(most: usize) -> Self {
        Self { most, by_id: HashMap::new(), order: VecDeque::new() }
    }

    pub(in crate::recording) fn find(&self, id: &str) -> Option<&T> {
        self.by_id.get(&key(id))
    }

    pub(in crate::recording) fn of(&mut self, id: &str) -> &mut T {
        let id = key(id);
        if !self.by_id.contains_key(&id) {
            if self.order.len() >= self.most
                && let Some(oldest) = self.order.pop_front()
            {
                self.by_id.remove(&oldest);
            }
            self.order.push_back(id.clone());
        }
        self.by_id.entry(id).or_default()
    }

    pub(in crate::recording) fn forget(&mut self, id: &str) {
        let id = key(id);
        if self.by_id.remove(&id).is_some() {
            self.order.retain(|known| *known != id);
        }
    }
}

impl Person {
    /// Takes over what a resource shows.
    pub(super) fn see(&mut self, resource: &Value) {
        if let Some(active) = member(resource, "active").and_then(boolean) {
            self.active = Some(active);
        }
        self.sketch = Some(Sketch::of(resource));
    }
}

impl Group {
    /// Takes over what a resource shows. Who leaves the members out says nothing about them.
    pub(super) fn see(&mut self, resource: &Value) {
        if let Some(name) = member(resource, "displayName").and_then(Value::as_str) {
            self.name = Some(words::name(name));
        }
        if let Some(members) = member(resource, "members") {
            self.members = member_ids(members);
        }
    }

    pub(super) fn join(&mut self, ids: &BTreeSet<String>) {
        if let Some(members) = &mut self.members {
            members.extend(ids.iter().cloned());
        }
        self.members = self.members.take().filter(|members| members.len() <= MOST_MEMBERS);
    }

    pub(super) fn leave(&mut self, ids: &BTreeSet<String>) {
        if let Some(members) = &mut self.members {
            members.retain(|id| !ids.contains(id));
        }
    }
}

impl Sketch {
    pub(super) fn of(resource: &Value) -> Self {
        let mut attributes = BTreeMap::new();
        for (name, value) in resource.as_object().into_iter().flatten() {
            let lower = name.to_ascii_lowercase();
            // What the server or the group says, and what has words of its own.
            if ["schemas", "id", "meta", "groups", "active", "password"].contains(&lower.as_str()) {
                continue;
            }
            match value {
                Value::Object(parts) => {
                    let prefix = if lower.starts_with("urn:") { String::new() } else { format!("{name}.") };
                    attributes.extend(
                        parts
                            .iter()
                            .filter(|(_, part)| !is_nothing(part))
                            .map(|(part, value)| (words::name(&format!("{prefix}{part}")), mark(value))),
                    );
                }
                value if is_nothing(value) => {}
                value => {
                    attributes.insert(words::name(name), mark(value));
                }
            }
        }
        Self(attributes.into_iter().take(MOST_ATTRIBUTES).collect())
    }

    /// What is new or other in the later one, and what is not there any more.
    pub(super) fn changes(&self, later: &Self) -> (Vec<String>, Vec<String>) {
        let find = |sketch: &Self, name: &str| {
            sketch.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, mark)| *mark)
        };
        let other = later.0.iter().filter(|(name, mark)| find(self, name) != Some(**mark));
        let gone = self.0.keys().filter(|name| find(later, name).is_none());
        (other.map(|(name, _)| name.clone()).collect(), gone.cloned().collect())
    }
}

/// The ids in a list of members; none if it is no list, or too long to be remembered.
pub(super) fn member_ids(members: &Value) -> Option<BTreeSet<String>> {
    let items = match members {
        Value::Array(items) => items.as_slice(),
        Value::Null => &[],
        one => std::slice::from_ref(one),
    };
    if items.len() > MOST_MEMBERS {
        return None;
    }
    let id = |item: &Value| match item {
        Value::String(id) => Some(key(id)),
        item => Some(key(member(item, "value")?.as_str()?)),
    };
    Some(items.iter().filter_map(id).collect())
}

fn key(id: &str) -> String {
    id.chars().take(LONGEST_ID).collect()
}

/// Unassigned (RFC 7643, section 2.5).
fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

/// The same for the same value, whatever the order of its members.
fn mark(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    match value {
        Value::Object(members) => {
            let sum = members.iter().fold(0_u64, |sum, (name, value)| {
                let mut one = DefaultHasher::new();
                (name.to_ascii_lowercase(), mark(value)).hash(&mut one);
                sum.wrapping_add(one.finish())
            });
            (1_u8, sum).hash(&mut hasher);
        }
        Value::Array(items) => (2_u8, items.iter().map(mark).collect::<Vec<_>>()).hash(&mut hasher),
        other => (3_u8, other.to_string()).hash(&mut hasher),
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sketch_tells_what_changed_and_what_is_gone() {
        let before = Sketch::of(&json!({"userName": "ada", "name": {"givenName": "Ada"}, "title": "Clerk",
            "meta": {"version": "1"}, "emails": [{"value": "a", "type": "work"}]}));
        let after = Sketch::of(&json!({"userName": "ada", "name": {"givenName": "Ada", "familyName": "E"},
            "emails": [{"type": "work", "value": "a"}], "meta": {"version": "2"}, "nickName": null}));
        let texts = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>();
        assert_eq!(before.changes(&after), (texts(&["name.familyName"]), texts(&["title"])));
    }

    #[test]
    fn the_oldest_is_forgotten() {
        let mut memory: Memory<Group> = Memory::of_at_most(2);
        for id in ["1", "2", "1", "3"] {
            memory.of(id);
        }
        assert!(memory.find("1").is_none() && memory.find("2").is_some() && memory.find("3").is_some());
        memory.forget("2");
        memory.of("4");
        assert!(memory.find("2").is_none() && memory.find("3").is_some());
    }
}
