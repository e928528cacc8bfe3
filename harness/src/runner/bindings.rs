//! What `${...}` means in a story, now: people and groups with their ids, kept answers, the row of the table.

use std::collections::BTreeMap;

use scimspec_mock_idp::directory::{Directory, GroupKey, Person, PersonKey};
use scimspec_mock_idp::provisioner::Provisioner;
use serde_json::{Value, json};

use super::names::Names;
use super::recorder::Recorder;
use crate::access::ways::Who;
use crate::json::template::{Lookup, Reference, part};
use crate::scenario::model::Case;

/// The values of a story. Ids bind once: `${ada.id}` is the id under which ada was first created or linked.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    ids: BTreeMap<String, String>,
    /// What the application itself calls people's accounts.
    accounts: BTreeMap<String, String>,
    kept: BTreeMap<String, Value>,
    /// What a step would have kept that was passed over, and why it was.
    passed_over: BTreeMap<String, String>,
}

/// Everything that a name can refer to.
pub(super) struct Scope<'a> {
    /// What was bound.
    pub bindings: &'a Bindings,
    /// The provider's people and groups as they are now.
    pub directory: &'a Directory,
    /// What the provider links now.
    pub provisioner: Option<&'a Provisioner>,
    /// The story's namespace.
    pub names: &'a Names,
    /// The row.
    pub case: Option<&'a Case>,
}

impl Bindings {
    /// The id that a person or group was first known under.
    pub(super) fn id(&self, name: &str) -> Option<&str> {
        self.ids.get(name).map(String::as_str)
    }

    /// Binds an id, unless one is bound.
    pub(super) fn bind_id(&mut self, name: &str, id: &str) {
        self.ids.entry(name.to_owned()).or_insert_with(|| id.to_owned());
    }

    /// Binds what the application calls somebody's account, unless it is bound.
    pub(super) fn bind_account(&mut self, name: &str, account: &Value) {
        self.accounts.entry(name.to_owned()).or_insert_with(|| crate::json::template::as_text(account));
    }

    /// A step that would have kept this was passed over.
    pub(super) fn pass_over(&mut self, name: &str, why: &str) {
        self.passed_over.insert(name.to_owned(), why.to_owned());
    }

    /// Why one of these names has no value, if a step was passed over that would have kept it.
    pub(super) fn missing(&self, references: &[Reference]) -> Option<&str> {
        let named = |reference: &Reference| {
            self.passed_over.iter().find(|(name, _)| match name.strip_suffix(".id") {
                Some(owner) => self.id(owner).is_none() && reference.0 == **name,
                None => reference.is_of(name),
            })
        };
        references.iter().find_map(named).map(|(_, why)| why.as_str())
    }

    /// Keeps a value; `NAME.id` binds an id.
    pub(super) fn keep(&mut self, name: &str, value: Value) {
        match name.strip_suffix(".id") {
            Some(owner) => self.bind_id(owner, &crate::json::template::as_text(&value)),
            None => drop(self.kept.insert(name.to_owned(), value)),
        }
    }
}

impl Scope<'_> {
    /// A person (and a group's door) as the access probes see them.
    pub(super) fn who(&self, name: &str, group: Option<&str>, recorder: &Recorder) -> Option<Who> {
        let person = self.directory.person(&PersonKey(name.to_owned()))?;
        let mut value = person_json(person);
        let id = self.linked(person).or_else(|| self.bindings.id(name).map(str::to_owned));
        if let Some(id) = id {
            value["server"] = recorder.last_seen(&id).unwrap_or(Value::Null);
            value["id"] = id.into();
        }
        let group = match group {
            None => None,
            Some(name) => {
                let group = self.directory.group(&GroupKey(name.to_owned()))?;
                Some(
                    json!({"key": name, "displayName": group.display_name, "externalId": group.external_id, "id": self.bindings.id(name)}),
                )
            }
        };
        Some(Who { name: name.to_owned(), person: value, group })
    }

    fn linked(&self, person: &Person) -> Option<String> {
        self.provisioner.and_then(|provisioner| provisioner.linked(&person.key)).map(str::to_owned)
    }

    fn of_person(&self, person: &Person, rest: &str) -> Option<Value> {
        match rest {
            "id" => self.bindings.id(&person.key.0).map(Value::from),
            "linked.id" => self.linked(person).map(Value::from),
            "account" => self.bindings.accounts.get(&person.key.0).map(|account| account.as_str().into()),
            _ => person_json(person).get(rest).cloned(),
        }
    }

    fn of_group(&self, key: &GroupKey, rest: &str) -> Option<Value> {
        let group = self.directory.group(key)?;
        match rest {
            "id" => self.bindings.id(&key.0).map(Value::from),
            "linked.id" => self.provisioner?.linked_group(key).map(Value::from),
            "displayName" => Some(group.display_name.as_str().into()),
            "externalId" => Some(group.external_id.as_str().into()),
            _ => None,
        }
    }

    fn unique(&self, what: &str) -> Value {
        match what {
            "externalId" => self.names.person("unique").external_id.into(),
            "displayName" => self.names.group("unique").display_name.into(),
            "name" => self.names.renamed("unique").into(),
            _ => self.names.unique("unique").into(),
        }
    }
}

impl Lookup for Scope<'_> {
    fn value(&self, reference: &Reference) -> Option<Value> {
        let (owner, rest) = reference.0.split_once('.').unwrap_or((&reference.0, ""));
        if owner == "unique" {
            return Some(self.unique(rest));
        }
        if owner == "case" {
            // As a pattern, which a cell may be: all that it names are strings, so of other cells the same comes out.
            return self.case?.cells.get(rest)?.fill_pattern(self).ok();
        }
        if let Some(kept) = self.bindings.kept.get(owner) {
            // What an answer did not have is kept as nothing, so that "the same as before" holds of it too.
            return Some(part(kept, rest));
        }
        if let Some(person) = self.directory.person(&PersonKey(owner.to_owned())) {
            return self.of_person(person, rest);
        }
        self.of_group(&GroupKey(owner.to_owned()), rest)
    }
}

fn person_json(person: &Person) -> Value {
    json!({
        "key": person.key.0,
        "userName": person.user_name,
        "externalId": person.external_id,
        "email": person.email,
        "givenName": person.given_name,
        "familyName": person.family_name,
        "displayName": person.display_name,
        "title": person.title,
        "department": person.department,
        "password": person.password,
    })
}
