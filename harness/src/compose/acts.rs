//! A recording as what an administrator did: the acts that would have made a persona send exactly this, with a look at the
//! server after each. None where something in it is not explained by acts.

use std::collections::BTreeSet;

use http::Method;
use scimspec_mock_idp::directory::{Act, Directory, Group, Person};
use scimspec_mock_idp::persona::PersonaName;
use serde_json::{Map, Value};

use super::cast::Cast;
use super::member::{Member, Presence};
use super::rehearsal::{Performed, Rehearsal, group, person};
use super::seen::{Kind, Membership, Seen, boolean};

/// Longer recordings are written as requests: what each act explains is found by trying.
const LONGEST: usize = 300;
/// So many exchanges from one on can belong to one act about a group.
const TOGETHER: usize = 6;

/// What was done, and what it was seen to do.
#[derive(Debug)]
pub(super) struct Told {
    /// The acts in order.
    pub acts: Vec<Done>,
    /// Whether the recording ends in the middle of the last one.
    pub cut: bool,
}

/// One act.
#[derive(Debug)]
pub(super) struct Done {
    pub act: Act,
    /// The exchanges that belong to it.
    pub exchanges: std::ops::Range<usize>,
    /// What an administrator would have read, if it failed.
    pub failed: Option<String>,
}

/// Finds the acts that explain the whole recording.
pub(super) fn of(persona: &PersonaName, seen: &[Seen<'_>], cast: &Cast) -> Option<Told> {
    let all_made = cast.members.iter().all(|one| one.presence == Presence::Created);
    if seen.is_empty() || seen.len() > LONGEST || !all_made {
        return None;
    }
    let mut directory = Directory::default();
    for one in &cast.members {
        match one.kind {
            Kind::Person => directory.add_person(as_person(one, seen)),
            Kind::Group => directory.add_group(as_group(one)),
        }
    }
    let rehearsal = Rehearsal { persona, directory: &directory, seen };
    let mut search =
        Search { rehearsal, cast, acts: Vec::new(), told: Vec::new(), at: 0, now: directory.clone() };
    let mut cut = false;
    while search.at < seen.len() && !cut {
        cut = search.next()?.cut;
    }
    Some(Told { acts: search.told, cut })
}

struct Search<'a> {
    rehearsal: Rehearsal<'a>,
    cast: &'a Cast,
    acts: Vec<Act>,
    told: Vec<Done>,
    /// So much of the recording is explained.
    at: usize,
    /// The directory after the acts so far.
    now: Directory,
}

impl Search<'_> {
    /// Explains the next exchange by the first acts that fit.
    fn next(&mut self) -> Option<Performed> {
        let seen = self.rehearsal.seen.get(self.at)?;
        for candidate in self.candidates(seen) {
            let before = self.acts.len();
            self.acts.extend(candidate.iter().cloned());
            match self.rehearsal.perform(&self.acts) {
                Some((performed, directory)) if performed.exchanges > self.at => {
                    // Only the last of several acts talks: the others are what it needs.
                    for (i, act) in candidate.into_iter().enumerate() {
                        let talks = before + i + 1 == self.acts.len();
                        let exchanges = if talks { self.at..performed.exchanges } else { self.at..self.at };
                        let failed = performed.failed.clone().filter(|_| talks);
                        self.told.push(Done { act, exchanges, failed });
                    }
                    self.at = performed.exchanges;
                    self.now = directory;
                    return Some(performed);
                }
                _ => self.acts.truncate(before),
            }
        }
        None
    }

    fn candidates(&self, seen: &Seen<'_>) -> Vec<Vec<Act>> {
        let named = seen.lookup().and_then(|lookup| {
            self.cast.by_value(seen.kind?, &super::seen::plain_path(&lookup.attribute), &lookup.value)
        });
        let whom = seen.id().and_then(|id| self.cast.by_id(seen.kind?, id)).or(named);
        let Some(one) = whom.and_then(|whom| self.cast.members.get(whom)) else {
            return vec![vec![Act::TestConnection]];
        };
        match one.kind {
            Kind::Person => self.about_person(one),
            Kind::Group => self.about_group(one),
        }
    }

    fn about_person(&self, one: &Member) -> Vec<Vec<Act>> {
        let key = person(&one.name);
        let mut all = vec![vec![Act::Assign(key.clone())], vec![Act::Unassign(key.clone())]];
        let changes = self.changes(one);
        if !changes.is_empty() {
            all.push(vec![Act::ChangeProfile(key.clone(), changes)]);
        }
        all.push(vec![Act::Delete(key)]);
        all
    }

    /// The mapped attributes that the next write of someone makes different.
    fn changes(&self, one: &Member) -> Vec<(String, String)> {
        let Some(now) = self.now.person(&person(&one.name)) else { return Vec::new() };
        let upcoming = self.rehearsal.seen.iter().skip(self.at).take(TOGETHER);
        let mine = |seen: &&Seen<'_>| {
            seen.changes() && seen.id().is_some_and(|id| one.ids.iter().any(|known| known == id))
        };
        let Some(write) = upcoming.into_iter().find(mine) else { return Vec::new() };
        let mut changes: Vec<(String, String)> = Vec::new();
        for (path, value) in write.assignments() {
            let Some(known) = of_person(now, &path) else { continue };
            let Some(value) = value.as_str().filter(|value| *value != known) else { continue };
            changes.retain(|(changed, _)| *changed != path);
            changes.push((path, value.to_owned()));
        }
        changes
    }

    fn about_group(&self, one: &Member) -> Vec<Vec<Act>> {
        let key = group(&one.name);
        let Some(now) = self.now.group(&key) else { return Vec::new() };
        let mut all = Vec::new();
        let upcoming: Vec<&Seen<'_>> = self
            .rehearsal
            .seen
            .iter()
            .skip(self.at)
            .take(TOGETHER)
            .take_while(|seen| seen.kind == Some(Kind::Group))
            .collect();
        let has: BTreeSet<String> = now.members.iter().map(|key| key.0.clone()).collect();
        // The longest run first: a push that fills the group belongs together.
        for length in (1..=upcoming.len()).rev() {
            let mut ids: Vec<String> = has.iter().filter_map(|name| self.id_of(name)).collect();
            let run = upcoming.iter().take(length);
            run.flat_map(|seen| seen.memberships()).for_each(|change: Membership| change.applied(&mut ids));
            let wanted: BTreeSet<String> = ids.iter().filter_map(|id| self.name_of(id)).collect();
            let come: Vec<_> = wanted.difference(&has).map(|name| person(name)).collect();
            let go: Vec<_> = has.difference(&wanted).map(|name| person(name)).collect();
            match (come.is_empty(), go.is_empty()) {
                (false, true) => {
                    all.push(vec![Act::Join(key.clone(), come.clone()), Act::PushGroup(key.clone())]);
                    all.push(vec![Act::Join(key.clone(), come)]);
                }
                (true, false) => all.push(vec![Act::Leave(key.clone(), go)]),
                _ => {}
            }
        }
        all.push(vec![Act::PushGroup(key.clone())]);
        all.push(vec![Act::PushNow(key.clone())]);
        for seen in &upcoming {
            let name =
                seen.assignments().into_iter().find(|(path, _)| path.eq_ignore_ascii_case("displayName"));
            if let Some((_, Value::String(name))) = name
                && name != now.display_name
            {
                all.push(vec![Act::RenameGroup(key.clone(), name)]);
                break;
            }
        }
        all.push(vec![Act::DeleteGroup(key)]);
        all
    }

    fn name_of(&self, id: &str) -> Option<String> {
        let whom = self.cast.by_id(Kind::Person, id)?;
        self.cast.members.get(whom).map(|one| one.name.clone())
    }

    fn id_of(&self, name: &str) -> Option<String> {
        let one = self.cast.members.iter().find(|one| one.kind == Kind::Person && one.name == name)?;
        one.ids.last().cloned()
    }
}

/// Someone as the provider knew them when they were first written.
fn as_person(one: &Member, seen: &[Seen<'_>]) -> Person {
    let created = seen.iter().filter(|seen| seen.creates()).find(|seen| {
        let id = seen.created_id();
        id.is_some_and(|id| one.ids.contains(&id))
    });
    let sent: Map<String, Value> = created
        .map(|created| {
            // The first value of an attribute is the one that counts: that of the first mail address.
            created.assignments().into_iter().rev().collect()
        })
        .unwrap_or_default();
    let text = |path: &str| {
        let value = sent.iter().find(|(name, _)| name.eq_ignore_ascii_case(path));
        value.and_then(|(_, value)| value.as_str()).map(str::to_owned)
    };
    Person {
        key: person(&one.name),
        external_id: text("externalId").unwrap_or_default(),
        user_name: text("userName").unwrap_or_default(),
        given_name: text("name.givenName").unwrap_or_default(),
        family_name: text("name.familyName").unwrap_or_default(),
        display_name: text("displayName").unwrap_or_default(),
        email: text("emails.value").unwrap_or_default(),
        locale: text("locale"),
        title: text("title"),
        department: text("department"),
        employee_number: text("employeeNumber"),
        password: text("password").unwrap_or_default(),
    }
}

fn as_group(one: &Member) -> Group {
    Group {
        key: group(&one.name),
        external_id: one.first("externalId").unwrap_or_default().to_owned(),
        display_name: one.first("displayName").unwrap_or_default().to_owned(),
        members: BTreeSet::new(),
    }
}

/// A mapped attribute of someone now; none for what the directory does not map.
fn of_person<'a>(now: &'a Person, path: &str) -> Option<&'a str> {
    Some(match path {
        "userName" => &now.user_name,
        "name.givenName" => &now.given_name,
        "name.familyName" => &now.family_name,
        "displayName" => &now.display_name,
        "emails.value" => &now.email,
        "title" => now.title.as_deref().unwrap_or_default(),
        "locale" => now.locale.as_deref().unwrap_or_default(),
        "department" => now.department.as_deref().unwrap_or_default(),
        "employeeNumber" => now.employee_number.as_deref().unwrap_or_default(),
        _ => return None,
    })
}

/// Whether the exchanges of an act delete a person or a group.
pub(super) fn deletes(seen: &[Seen<'_>], exchanges: &std::ops::Range<usize>) -> bool {
    seen.get(exchanges.clone()).is_some_and(|seen| seen.iter().any(|one| *one.method() == Method::DELETE))
}

/// Whether the exchanges of an act write by PUT.
pub(super) fn puts(seen: &[Seen<'_>], exchanges: &std::ops::Range<usize>) -> bool {
    seen.get(exchanges.clone()).is_some_and(|seen| seen.iter().any(|one| *one.method() == Method::PUT))
}

/// Whether the exchanges of an act show that someone was made inactive.
pub(super) fn deactivates(seen: &[Seen<'_>], exchanges: &std::ops::Range<usize>) -> bool {
    let off = |one: &Seen<'_>| {
        one.assignments().iter().any(|(path, value)| path == "active" && boolean(value) == Some(false))
    };
    seen.get(exchanges.clone()).is_some_and(|seen| seen.iter().any(off))
}
