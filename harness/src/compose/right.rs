//! What a right server would have after each recorded request: as much of it as a check can ask for. What the recorded
//! server answered may differ, and then the recording shows a mistake that the scenario must not take over.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::cast::Cast;
use super::member::Presence;
use super::seen::{Kind, Seen, boolean, flattened};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Everybody's state.
#[derive(Debug)]
pub(super) struct Right {
    states: Vec<State>,
}

/// One person's or group's.
#[derive(Debug, Default, Clone)]
pub(super) struct State {
    /// Whether it is there.
    pub exists: bool,
    /// Whether the person is active, if the recording tells.
    pub active: Option<bool>,
    /// Whether the person was inactive before.
    pub came_back: bool,
    /// Whether it changed since it was last read.
    pub changed: bool,
    /// The recorded values of its attributes now.
    now: BTreeMap<&'static str, String>,
    /// What was written after it was made: path and value, with names.
    written: Vec<(String, Value)>,
    /// The recorded ids of a group's members, if they are known.
    pub members: Option<Vec<String>>,
}

/// The attributes that can be looked up by.
const NAMES: [&str; 3] = ["userName", "externalId", "displayName"];
/// The attributes that are kept account of: those of people and groups that every server has or may leave out, but may not
/// spell otherwise.
const KNOWN: [&str; 8] = [
    "userName",
    "externalId",
    "displayName",
    "title",
    "nickName",
    "name.givenName",
    "name.familyName",
    "department",
];

impl Right {
    /// As it was before the recording began.
    pub(super) fn before(cast: &Cast) -> Self {
        let state = |one: &super::member::Member| {
            let exists = one.presence == Presence::Before;
            let mut state = State { exists, changed: true, ..State::default() };
            if exists {
                state.active = (one.kind == Kind::Person).then_some(!one.inactive());
                state.members = (one.kind == Kind::Group).then(|| one.members());
                match &one.shown {
                    Some(shown) => state.take(&flattened(shown)),
                    None => state.take(&one.first_names()),
                }
            }
            state
        };
        Self { states: cast.members.iter().map(state).collect() }
    }

    /// Someone's state.
    pub(super) fn of(&self, whom: usize) -> State {
        self.states.get(whom).cloned().unwrap_or_default()
    }

    /// Who is found by a value now.
    pub(super) fn found(&self, cast: &Cast, kind: Kind, attribute: &str, value: &str) -> Option<usize> {
        let has = |state: &State| {
            let mut now = state.now.iter();
            state.exists
                && now.any(|(name, known)| {
                    NAMES.contains(name)
                        && name.eq_ignore_ascii_case(attribute)
                        && known.eq_ignore_ascii_case(value)
                })
        };
        let mut all = self.states.iter().zip(&cast.members);
        all.position(|(state, one)| one.kind == kind && has(state))
    }

    /// Whether a lookup by that attribute must find exactly those who have the value.
    pub(super) fn can_be_found_by(attribute: &str) -> bool {
        NAMES.iter().any(|name| name.eq_ignore_ascii_case(attribute))
    }

    /// The attributes that patterns ask for because they were written.
    pub(super) fn asked(&self, whom: usize) -> Vec<String> {
        let state = self.states.get(whom);
        state.map(|state| state.written.iter().map(|(path, _)| path.clone()).collect()).unwrap_or_default()
    }

    /// It was read.
    pub(super) fn was_read(&mut self, whom: usize) {
        if let Some(state) = self.states.get_mut(whom) {
            state.changed = false;
        }
    }

    /// It is made.
    pub(super) fn made(&mut self, whom: usize, kind: Kind, seen: &Seen<'_>) {
        let Some(state) = self.states.get_mut(whom) else { return };
        let active =
            seen.assignments().iter().find(|(path, _)| path == "active").and_then(|(_, v)| boolean(v));
        *state = State { exists: true, active, changed: true, ..State::default() };
        if kind == Kind::Group {
            state.members = Some(Vec::new());
        }
        state.take(&seen.assignments());
        state.change_members(seen);
    }

    /// It is written.
    pub(super) fn written(&mut self, whom: usize, cast: &Cast, seen: &Seen<'_>) {
        let Some(state) = self.states.get_mut(whom) else { return };
        state.changed = true;
        let assignments = seen.assignments();
        for (path, value) in &assignments {
            if path.eq_ignore_ascii_case("active") {
                let active = boolean(value);
                state.came_back |= active == Some(true) && state.active == Some(false);
                state.active = active.or(state.active);
            }
            // A whole resource that is written back names much that it does not change.
            let Some(path) = KNOWN.iter().find(|known| known.eq_ignore_ascii_case(path)) else { continue };
            let same = state.now.get(path).is_some_and(|now| value == now.as_str());
            if same || *path == "userName" || value.as_str().is_none_or(str::is_empty) {
                continue;
            }
            if let Some(value) = cast.attribute(whom, path, value) {
                state.written.retain(|(written, _)| written != path);
                state.written.push(((*path).to_owned(), value));
            }
        }
        state.take(&assignments);
        state.change_members(seen);
    }

    /// It is gone, from the groups too.
    pub(super) fn deleted(&mut self, whom: usize, cast: &Cast) {
        if let Some(state) = self.states.get_mut(whom) {
            *state = State { changed: true, ..State::default() };
        }
        for state in &mut self.states {
            if let Some(members) = &mut state.members {
                members.retain(|id| cast.referred(id) != Some(whom));
            }
        }
    }

    /// What it must look like: `id`, what it is called, whether it is active, and what was written.
    pub(super) fn pattern(&self, cast: &Cast, whom: usize, id: &str) -> Value {
        let (state, mut pattern) = (self.of(whom), Map::new());
        let Some(one) = cast.members.get(whom) else { return Value::Object(pattern) };
        pattern.insert("id".to_owned(), id.into());
        let name = if one.kind == Kind::Person { "userName" } else { "displayName" };
        let value = state.now.get(name).and_then(|value| cast.attribute(whom, name, &json!(value)));
        if let Some(value) = value {
            pattern.insert(name.to_owned(), value);
        }
        if let Some(active) = state.active {
            pattern.insert("active".to_owned(), active.into());
        }
        for (path, value) in &state.written {
            match path.split_once('.') {
                _ if path == "department" => {
                    drop(pattern.insert(ENTERPRISE.to_owned(), json!({path: value})));
                }
                Some((outer, inner)) => {
                    let outer = pattern.entry(outer).or_insert_with(|| json!({}));
                    if let Some(outer) = outer.as_object_mut() {
                        outer.insert(inner.to_owned(), value.clone());
                    }
                }
                None => drop(pattern.insert(path.clone(), value.clone())),
            }
        }
        if let Some(members) = &state.members {
            let ids: Option<Vec<String>> = members.iter().map(|id| cast.member_template(id)).collect();
            if let Some(ids) = ids {
                let members: Vec<Value> = ids.iter().map(|id| json!({"value": id})).collect();
                let pattern_of = if members.is_empty() {
                    json!({"$absent": true})
                } else {
                    json!({"$unordered": members})
                };
                pattern.insert("members".to_owned(), pattern_of);
            }
        }
        Value::Object(pattern)
    }
}

impl State {
    fn take(&mut self, assignments: &[(String, Value)]) {
        for (path, value) in assignments {
            let known = KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(path));
            if let (Some(path), Value::String(value)) = (known, value) {
                self.now.insert(path, value.clone());
            }
        }
    }

    fn change_members(&mut self, seen: &Seen<'_>) {
        if let Some(members) = &mut self.members {
            seen.memberships().iter().for_each(|change| change.applied(members));
        }
    }
}
