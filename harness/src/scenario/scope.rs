//! Which `${...}` names have a value at which step, known before anything runs.

use std::collections::BTreeSet;

use crate::json::template::Reference;

/// What a person has beside the ids.
const PERSON: &[&str] = &[
    "userName",
    "externalId",
    "email",
    "givenName",
    "familyName",
    "displayName",
    "title",
    "department",
    "password",
];
/// What a group has beside the ids.
const GROUP: &[&str] = &["displayName", "externalId"];
/// What `unique` makes.
const UNIQUE: &[&str] = &["userName", "displayName", "externalId", "email", "name"];

/// The names known so far in a scenario.
#[derive(Debug, Default)]
pub(super) struct Scope {
    people: BTreeSet<String>,
    groups: BTreeSet<String>,
    /// People and groups that some step before has created, linked or bound.
    with_id: BTreeSet<String>,
    /// People who got in at some step before, so that the application may have told their account.
    seen_in: BTreeSet<String>,
    columns: BTreeSet<String>,
    kept: BTreeSet<String>,
    /// Whether the step counts its requests.
    counting: bool,
}

/// Why a name has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unknown {
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

impl Scope {
    /// Starts with the scenario's people, groups and table columns.
    pub(super) fn new<'a>(
        people: impl IntoIterator<Item = &'a String>,
        groups: impl IntoIterator<Item = &'a String>,
        columns: impl IntoIterator<Item = &'a String>,
    ) -> Self {
        Self {
            people: people.into_iter().cloned().collect(),
            groups: groups.into_iter().cloned().collect(),
            columns: columns.into_iter().cloned().collect(),
            ..Self::default()
        }
    }

    /// Whether that is a person of the scenario.
    pub(super) fn has_person(&self, name: &str) -> bool {
        self.people.contains(name)
    }

    /// Whether that is a group of the scenario.
    pub(super) fn has_group(&self, name: &str) -> bool {
        self.groups.contains(name)
    }

    /// From now on this person or group has an id.
    pub(super) fn gives_id(&mut self, name: &str) {
        self.with_id.insert(name.to_owned());
    }

    /// From now on it may be known what the application calls the person's account.
    pub(super) fn got_in(&mut self, name: &str) {
        self.seen_in.insert(name.to_owned());
    }

    /// Whether `${n}` has a value: in a request that is sent several times.
    pub(super) fn counts(&mut self, counting: bool) {
        self.counting = counting;
    }

    /// Keeps a name; names bind once.
    pub(super) fn keep(&mut self, name: &str) -> Result<(), Unknown> {
        if let Some(owner) = name.strip_suffix(".id") {
            if !self.people.contains(owner) && !self.groups.contains(owner) {
                return Err(Unknown {
                    what: format!("`{owner}` is neither a person nor a group of this scenario"),
                    help: format!(
                        "add it to `people:` or `groups:`, or keep under a name without `.id`: known are {}",
                        self.owners()
                    ),
                });
            }
            self.gives_id(owner);
            return Ok(());
        }
        let reserved = matches!(name, "unique" | "case" | "n" | "each")
            || self.people.contains(name)
            || self.groups.contains(name);
        if reserved {
            return Err(Unknown {
                what: format!("`{name}` means something else already"),
                help: format!(
                    "keep it under another name; to say which account {name} is, keep `{name}.id: $.id`"
                ),
            });
        }
        if !self.kept.insert(name.to_owned()) {
            return Err(Unknown {
                what: format!("`{name}` was kept by an earlier step"),
                help: "names bind once: keep the second value under another name".to_owned(),
            });
        }
        Ok(())
    }

    /// Checks one reference.
    pub(super) fn check(&self, reference: &Reference) -> Result<(), Unknown> {
        let (owner, rest) = reference.0.split_once('.').unwrap_or((&reference.0, ""));
        if owner == "unique" {
            return Self::one_of(owner, rest, UNIQUE);
        }
        if owner == "case" {
            let columns: Vec<&str> = self.columns.iter().map(String::as_str).collect();
            return Self::one_of(owner, rest, &columns);
        }
        if owner == "n" {
            return self.is_counting();
        }
        if self.kept.contains(owner) {
            return Ok(());
        }
        let known = match (self.people.contains(owner), self.groups.contains(owner)) {
            (true, _) => PERSON,
            (_, true) => GROUP,
            _ => {
                return Err(Unknown {
                    what: format!("nothing before this step gives `{owner}` a value"),
                    help: format!(
                        "keep it in an earlier step (`keep: {{{owner}: $}}`), or use one of: {}",
                        self.owners()
                    ),
                });
            }
        };
        if rest == "account" && self.people.contains(owner) {
            return self.has_got_in(owner);
        }
        if !matches!(rest, "id" | "linked.id") {
            return Self::one_of(owner, rest, known);
        }
        if self.with_id.contains(owner) {
            return Ok(());
        }
        Err(Unknown {
            what: format!("`{owner}` has no id yet at this step"),
            help: format!(
                "provision it in an earlier step (`idp:`), or keep its id: `keep: {{{owner}.id: $.id}}`"
            ),
        })
    }

    fn has_got_in(&self, owner: &str) -> Result<(), Unknown> {
        if self.seen_in.contains(owner) {
            return Ok(());
        }
        Err(Unknown {
            what: format!("no way in has told the account of `{owner}` yet at this step"),
            help: format!("let them in in an earlier step: `access: [{owner}]` with `is: allowed`"),
        })
    }

    fn is_counting(&self) -> Result<(), Unknown> {
        if self.counting {
            return Ok(());
        }
        Err(Unknown {
            what: "`n` counts the requests of a step that sends several".to_owned(),
            help: "send it several times: `times: 3` or `parallel: 3`".to_owned(),
        })
    }

    fn one_of(owner: &str, rest: &str, known: &[&str]) -> Result<(), Unknown> {
        if known.contains(&rest) {
            return Ok(());
        }
        let known: Vec<_> = known.iter().map(|name| format!("{owner}.{name}")).collect();
        Err(Unknown {
            what: format!("`{owner}` has no `{rest}`"),
            help: if known.is_empty() {
                format!("the scenario has no `cases:`, so `{owner}` is empty")
            } else {
                format!("there are: {}", known.join(", "))
            },
        })
    }

    fn owners(&self) -> String {
        let mut names: Vec<&str> = vec!["unique"];
        if !self.columns.is_empty() {
            names.push("case");
        }
        names.extend(self.people.iter().map(String::as_str));
        names.extend(self.groups.iter().map(String::as_str));
        names.extend(self.kept.iter().map(String::as_str));
        names.join(", ")
    }
}
