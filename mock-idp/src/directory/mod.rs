//! People, groups and assignments, and what an administrator does with them. No HTTP: an act becomes events, which
//! a persona turns into requests.

mod act;
mod person;

use std::collections::{BTreeMap, BTreeSet};

pub use act::{Act, Event};
use person::NotSet;
pub use person::{Group, GroupKey, Person, PersonKey};

/// An act that the directory cannot carry out. Nothing was changed by it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// Nobody of that key.
    #[error("there is nobody called {0:?} in the directory")]
    NoPerson(String),
    /// No group of that key.
    #[error("there is no group called {0:?} in the directory")]
    NoGroup(String),
    /// An attribute that [`Act::ChangeProfile`] does not know.
    #[error("{0:?} is not an attribute that the directory maps")]
    NoAttribute(String),
    /// An attribute that cannot be cleared.
    #[error("{0:?} cannot be empty")]
    Required(String),
    /// A group whose members are to be pushed again before it was pushed at all.
    #[error("the group {0:?} is not pushed: push it first")]
    NotPushed(String),
}

/// One provider's people and groups, and what of them one application is assigned.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    people: BTreeMap<PersonKey, Person>,
    groups: BTreeMap<GroupKey, Group>,
    managers: BTreeMap<PersonKey, PersonKey>,
    assigned: BTreeSet<PersonKey>,
    assigned_groups: BTreeSet<GroupKey>,
    pushed: BTreeSet<GroupKey>,
    suspended: BTreeSet<PersonKey>,
    deactivated: BTreeSet<PersonKey>,
    /// Whom the application was told to have active, with the profile that it was told.
    told: BTreeMap<PersonKey, Person>,
    /// Whose manager the application was told.
    told_managers: BTreeMap<PersonKey, PersonKey>,
}

impl Directory {
    /// Adds a person, replacing one of the same key.
    pub fn add_person(&mut self, person: Person) {
        self.people.insert(person.key.clone(), person);
    }

    /// Adds a group, replacing one of the same key.
    pub fn add_group(&mut self, group: Group) {
        self.groups.insert(group.key.clone(), group);
    }

    /// The person as the provider knows them now.
    pub fn person(&self, key: &PersonKey) -> Option<&Person> {
        self.people.get(key)
    }

    /// The group as the provider knows it now.
    pub fn group(&self, key: &GroupKey) -> Option<&Group> {
        self.groups.get(key)
    }

    /// Whether the application is assigned to this person, directly or through a group.
    pub fn assigned(&self, key: &PersonKey) -> bool {
        !self.deactivated.contains(key)
            && (self.assigned.contains(key)
                || self
                    .assigned_groups
                    .iter()
                    .any(|group| self.groups.get(group).is_some_and(|group| group.members.contains(key))))
    }

    /// Carries out an act. The events that follow from it are to be performed in this order: who joins a pushed
    /// group is assigned before becoming a member there; who leaves one is no member any more before being
    /// unassigned.
    pub fn act(&mut self, act: &Act) -> Result<Vec<Event>, DirectoryError> {
        let mut events = match act {
            Act::TestConnection => vec![Event::TestConnection],
            Act::Import => vec![Event::Import],
            Act::Assign(key) => {
                self.known(key)?;
                self.deactivated.remove(key);
                self.assigned.insert(key.clone());
                self.assign_again(std::slice::from_ref(key))
            }
            Act::Unassign(key) => {
                self.known(key)?;
                self.assigned.remove(key);
                self.settle(std::slice::from_ref(key))
            }
            Act::ChangeProfile(key, changes) => self.change_profile(key, changes)?,
            Act::SetManager(key, manager) => self.set_manager(key, manager.as_ref())?,
            Act::Suspend(key) => {
                self.known(key)?;
                let news = self.suspended.insert(key.clone());
                self.told
                    .get(key)
                    .filter(|_| news)
                    .map(|told| Event::Suspend(told.clone()))
                    .into_iter()
                    .collect()
            }
            Act::Unsuspend(key) => {
                self.known(key)?;
                let news = self.suspended.remove(key);
                let over = self.told.get(key).filter(|_| news).map(|told| Event::Unsuspend(told.clone()));
                over.into_iter().chain(self.settle(std::slice::from_ref(key))).collect()
            }
            Act::Deactivate(key) => self.deactivate(key)?,
            Act::Delete(key) => self.delete(key)?,
            Act::AssignGroup(key) => {
                let members: Vec<_> = self.known_group(key)?.members.iter().cloned().collect();
                self.assigned_groups.insert(key.clone());
                self.assign_again(&members)
            }
            Act::UnassignGroup(key) => {
                let members: Vec<_> = self.known_group(key)?.members.iter().cloned().collect();
                self.assigned_groups.remove(key);
                self.settle(&members)
            }
            Act::Join(group, people) => self.join(group, people)?,
            Act::Leave(group, people) => self.leave(group, people)?,
            Act::PushGroup(key) => {
                let group = self.known_group(key)?.clone();
                self.pushed.insert(key.clone());
                vec![Event::PushGroup(group)]
            }
            Act::PushNow(key) => {
                let group = self.known_group(key)?.clone();
                if !self.pushed.contains(key) {
                    return Err(DirectoryError::NotPushed(key.0.clone()));
                }
                vec![Event::PushNow(group)]
            }
            Act::RenameGroup(key, name) => self.rename_group(key, name)?,
            Act::DeleteGroup(key) => {
                let group = self.known_group(key)?.clone();
                if self.pushed.remove(key) { vec![Event::DeleteGroup(group)] } else { Vec::new() }
            }
            Act::SyncPassword(key, password) => self.sync_password(key, password)?,
        };
        events.extend(self.settle_managers());
        Ok(events)
    }

    /// What has to happen so that the application knows what is so now. People who are suspended are left as they
    /// are, except that they can lose the application.
    fn settle(&mut self, people: &[PersonKey]) -> Vec<Event> {
        let mut events = Vec::new();
        for key in people {
            let Some(person) = self.people.get(key).cloned() else { continue };
            let suspended = self.suspended.contains(key);
            match (self.assigned(key), self.told.get(key)) {
                (true, None) if !suspended => {
                    self.told.insert(key.clone(), person.clone());
                    events.push(Event::Assign(person));
                }
                (true, Some(told)) if !suspended && *told != person => {
                    let before = Box::new(told.clone());
                    self.told.insert(key.clone(), person.clone());
                    events.push(Event::ChangeProfile { before, after: person });
                }
                (false, Some(_)) => {
                    self.told.remove(key);
                    events.push(Event::Unassign(person));
                }
                _ => {}
            }
        }
        events
    }

    /// As [`Self::settle`], but who is assigned already is assigned again: an administrator's retry.
    fn assign_again(&mut self, people: &[PersonKey]) -> Vec<Event> {
        for key in people {
            if self.assigned(key) && !self.suspended.contains(key) {
                self.told.remove(key);
            }
        }
        self.settle(people)
    }

    /// References come after the people that they point to (Microsoft, "How application provisioning works":
    /// reference attributes are resolved in a second pass).
    fn settle_managers(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for (key, person) in &self.told {
            let wanted = self.managers.get(key).filter(|manager| self.told.contains_key(*manager));
            // A manager who lost the application stays in it as an inactive account: nothing to take back.
            if self.suspended.contains(key) || (wanted.is_none() && self.managers.contains_key(key)) {
                continue;
            }
            if self.told_managers.get(key) != wanted {
                events.push(Event::SetManager { person: person.clone(), manager: wanted.cloned() });
                match wanted {
                    Some(manager) => self.told_managers.insert(key.clone(), manager.clone()),
                    None => self.told_managers.remove(key),
                };
            }
        }
        events
    }

    fn change_profile(
        &mut self,
        key: &PersonKey,
        changes: &[(String, String)],
    ) -> Result<Vec<Event>, DirectoryError> {
        let mut person = self.known(key)?.clone();
        for (path, value) in changes {
            person.set(path, value).map_err(|why| match why {
                NotSet::Unknown => DirectoryError::NoAttribute(path.clone()),
                NotSet::Required => DirectoryError::Required(path.clone()),
            })?;
        }
        self.people.insert(key.clone(), person);
        Ok(self.settle(std::slice::from_ref(key)))
    }

    fn set_manager(
        &mut self,
        key: &PersonKey,
        manager: Option<&PersonKey>,
    ) -> Result<Vec<Event>, DirectoryError> {
        self.known(key)?;
        match manager {
            Some(manager) => {
                self.known(manager)?;
                self.managers.insert(key.clone(), manager.clone());
            }
            None => {
                self.managers.remove(key);
            }
        }
        Ok(Vec::new())
    }

    /// The person stays in every group, but no assignment counts any more. At Okta only the lost assignment causes
    /// traffic, not a change of groups.
    fn deactivate(&mut self, key: &PersonKey) -> Result<Vec<Event>, DirectoryError> {
        let person = self.known(key)?.clone();
        self.assigned.remove(key);
        self.suspended.remove(key);
        self.deactivated.insert(key.clone());
        Ok(self.told.remove(key).map(|_| Event::Deactivate(person)).into_iter().collect())
    }

    fn delete(&mut self, key: &PersonKey) -> Result<Vec<Event>, DirectoryError> {
        let mut events = self.deactivate(key)?;
        for group in self.groups.values_mut() {
            group.members.remove(key);
        }
        self.deactivated.remove(key);
        self.managers.remove(key);
        self.told_managers.remove(key);
        events.extend(self.people.remove(key).map(Event::Delete));
        Ok(events)
    }

    fn join(&mut self, key: &GroupKey, people: &[PersonKey]) -> Result<Vec<Event>, DirectoryError> {
        people.iter().try_for_each(|person| self.known(person).map(|_| ()))?;
        let group = self.groups.get_mut(key).ok_or_else(|| DirectoryError::NoGroup(key.0.clone()))?;
        let added: Vec<_> =
            people.iter().filter(|person| group.members.insert((*person).clone())).cloned().collect();
        let group = group.clone();
        let mut events = self.settle(people);
        if self.pushed.contains(key) && !added.is_empty() {
            events.push(Event::ChangeMembers { group, added, removed: Vec::new() });
        }
        Ok(events)
    }

    fn leave(&mut self, key: &GroupKey, people: &[PersonKey]) -> Result<Vec<Event>, DirectoryError> {
        people.iter().try_for_each(|person| self.known(person).map(|_| ()))?;
        let group = self.groups.get_mut(key).ok_or_else(|| DirectoryError::NoGroup(key.0.clone()))?;
        let removed: Vec<_> = people.iter().filter(|person| group.members.remove(person)).cloned().collect();
        let group = group.clone();
        let mut events = Vec::new();
        if self.pushed.contains(key) && !removed.is_empty() {
            events.push(Event::ChangeMembers { group, added: Vec::new(), removed });
        }
        events.extend(self.settle(people));
        Ok(events)
    }

    fn rename_group(&mut self, key: &GroupKey, name: &str) -> Result<Vec<Event>, DirectoryError> {
        if name.is_empty() {
            return Err(DirectoryError::Required("displayName".to_owned()));
        }
        let group = self.groups.get_mut(key).ok_or_else(|| DirectoryError::NoGroup(key.0.clone()))?;
        let news = group.display_name != name;
        name.clone_into(&mut group.display_name);
        let group = group.clone();
        Ok(if news && self.pushed.contains(key) { vec![Event::RenameGroup(group)] } else { Vec::new() })
    }

    fn sync_password(&mut self, key: &PersonKey, password: &str) -> Result<Vec<Event>, DirectoryError> {
        self.known(key)?;
        if let Some(person) = self.people.get_mut(key) {
            password.clone_into(&mut person.password);
        }
        let Some(told) = self.told.get_mut(key) else { return Ok(Vec::new()) };
        password.clone_into(&mut told.password);
        let event = Event::SyncPassword(told.clone());
        Ok(if self.suspended.contains(key) { Vec::new() } else { vec![event] })
    }

    fn known(&self, key: &PersonKey) -> Result<&Person, DirectoryError> {
        self.people.get(key).ok_or_else(|| DirectoryError::NoPerson(key.0.clone()))
    }

    fn known_group(&self, key: &GroupKey) -> Result<&Group, DirectoryError> {
        self.groups.get(key).ok_or_else(|| DirectoryError::NoGroup(key.0.clone()))
    }
}
