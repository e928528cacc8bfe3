//! Someone in a recording: by which values people and groups are known, and what stands for each in a scenario.

use serde_json::Value;

use super::rewrite::literal;
use super::seen::{Kind, member, plain_path};

/// A person or a group.
#[derive(Debug)]
pub(super) struct Member {
    /// What it is called in the scenario.
    pub name: String,
    pub kind: Kind,
    pub presence: Presence,
    /// How it looked when it was first shown, if it was there before the recording began.
    pub shown: Option<Value>,
    /// The ids that the recorded server gave it, in order: more than one if it was made again.
    pub ids: Vec<String>,
    /// Its recorded attributes and what stands for each value: by path, in order of appearance.
    pub values: Vec<Known>,
    /// Names that are looked up in other upper and lower case than they were first written in.
    pub spellings: Vec<Known>,
}

/// How someone came to be in the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// Made in it.
    Created,
    /// There already when it began.
    Before,
    /// Asked for, and never there.
    Never,
}

/// A value of an attribute, and what stands for it.
#[derive(Debug)]
pub(super) struct Known {
    pub path: String,
    pub recorded: String,
    pub template: String,
}

impl Member {
    /// Someone of whom nothing is known yet.
    pub(super) fn new(name: String, kind: Kind, presence: Presence) -> Self {
        Self { name, kind, presence, shown: None, ids: Vec::new(), values: Vec::new(), spellings: Vec::new() }
    }

    /// Under which name what the scenario's own answer shows is kept: the first time as `ada`, then as `ada-2`.
    pub(super) fn keep_name(&self, number: usize) -> String {
        if number == 0 { self.name.clone() } else { format!("{}-{}", self.name, number + 1) }
    }

    /// Whether it was inactive when it was first shown.
    pub(super) fn inactive(&self) -> bool {
        self.shown.as_ref().and_then(|shown| member(shown, "active")).is_some_and(|active| *active == false)
    }

    /// The ids of the members that a group had when it was first shown.
    pub(super) fn members(&self) -> Vec<String> {
        let listed = self.shown.as_ref().and_then(|shown| member(shown, "members")).and_then(Value::as_array);
        let ids = listed.into_iter().flatten().filter_map(|one| member(one, "value")?.as_str());
        ids.map(str::to_owned).collect()
    }

    /// By what it was first known, where no answer showed it.
    pub(super) fn first_names(&self) -> Vec<(String, Value)> {
        let name = if self.kind == Kind::Person { "userName" } else { "displayName" };
        self.first(name).map(|value| (name.to_owned(), value.into())).into_iter().collect()
    }

    /// The value that an attribute had first.
    pub(super) fn first(&self, path: &str) -> Option<&str> {
        self.values.iter().find(|known| known.path == path).map(|known| known.recorded.as_str())
    }

    pub(super) fn known(&self, path: &str, text: &str) -> Option<&Known> {
        let same = |known: &&Known| known.path.eq_ignore_ascii_case(path) && known.recorded == text;
        self.values.iter().find(same)
    }

    /// What stands for the value that a name had first, where it has one.
    pub(super) fn first_template(&self, path: &str) -> Option<&str> {
        self.values.iter().find(|known| known.path == path).map(|known| known.template.as_str())
    }

    /// A name is looked up. Names that are made up cannot be spelled in two ways; a word before them can, so where the
    /// cases differ both spellings begin with one.
    pub(super) fn looked_up(&mut self, path: &str, value: &str) {
        let alike = |known: &&mut Known| known.path == path && known.recorded.eq_ignore_ascii_case(value);
        let Some(known) = self.values.iter_mut().find(alike) else { return };
        if known.recorded == value || self.spellings.iter().any(|other| other.recorded == value) {
            return;
        }
        let plain = known.template.trim_start_matches("case.").to_owned();
        known.template = format!("case.{plain}");
        let template = format!("CASE.{plain}");
        self.spellings.push(Known { path: path.to_owned(), recorded: value.to_owned(), template });
    }

    pub(super) fn learn(&mut self, path: &str, value: &Value) {
        match value {
            Value::String(text) => self.learn_text(path, text),
            Value::Array(items) => items.iter().for_each(|item| self.learn(path, item)),
            Value::Object(members) => {
                for (name, value) in members {
                    let own = plain_path(name);
                    match (path, own.as_str()) {
                        (path, "") => self.learn(path, value),
                        ("", own) => self.learn(own, value),
                        (path, own) => self.learn(&format!("{path}.{own}"), value),
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn learn_text(&mut self, path: &str, recorded: &str) {
        const KNOWN: [&str; 9] = [
            "userName",
            "externalId",
            "displayName",
            "emails.value",
            "name.givenName",
            "name.familyName",
            "name.formatted",
            "nickName",
            "title",
        ];
        let Some(path) = KNOWN.iter().find(|known| known.eq_ignore_ascii_case(path)) else { return };
        if recorded.is_empty() || self.known(path, recorded).is_some() {
            return;
        }
        let earlier = self.values.iter().filter(|known| known.path == *path).count();
        if let Some(template) = self.template(path, recorded, earlier) {
            self.values.push(Known { path: (*path).to_owned(), recorded: recorded.to_owned(), template });
        }
    }

    /// What stands for the value number `earlier` (from 0) of an attribute.
    fn template(&self, path: &str, recorded: &str, earlier: usize) -> Option<String> {
        let name = &self.name;
        let again = if earlier > 1 { format!("-{earlier}") } else { String::new() };
        Some(match (self.kind, path, earlier) {
            // It says nothing about who somebody is, and is known so that changes of it are.
            (Kind::Person, "title", _) => literal(recorded),
            (Kind::Group, "displayName", 0) => format!("${{{name}.displayName}}"),
            (Kind::Group, "displayName", _) => format!("${{{name}.displayName}}-renamed{again}"),
            (_, "externalId", 0) => format!("${{{name}.externalId}}"),
            (_, "externalId", _) => format!("changed{again}-${{{name}.externalId}}"),
            (Kind::Group, ..) => return None,
            (_, "userName", 0) => format!("${{{name}.userName}}"),
            (_, "userName", _) => format!("changed{again}.${{{name}.userName}}"),
            (_, "emails.value", 0) => format!("${{{name}.email}}"),
            (_, "emails.value", _) => format!("changed{again}.${{{name}.email}}"),
            (_, "displayName", 0) => format!("${{{name}.displayName}}"),
            (_, "name.givenName" | "nickName", 0) => format!("${{{name}.givenName}}"),
            (_, "name.familyName", 0) => format!("${{{name}.familyName}}"),
            (_, "name.formatted", 0) => format!("${{{name}.givenName}} ${{{name}.familyName}}"),
            _ => format!("Changed{again}"),
        })
    }
}
