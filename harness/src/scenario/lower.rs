//! Gives a raw scenario its meaning: resolves names, parses texts, and collects every mistake it meets, so that an
//! author sees them all at once. Steps are in `lower_step`.

use std::collections::BTreeSet;

use scimspec_mock_idp::persona::PersonaName;

use super::diagnostic::{Diagnostic, Diagnostics, Source};
use super::lower_step;
use super::model::{Allow, Case, Need, Scenario};
use super::raw::{At, RawCase, RawScenario};
use super::scope::Scope;
use crate::catalogue::Catalogue;
use crate::json::strict;

/// What there is to refer to.
#[derive(Debug, Clone, Copy)]
pub struct World<'a> {
    /// The requirement catalogue.
    pub catalogue: &'a Catalogue,
    /// The names of all profiles.
    pub profiles: &'a [String],
}

/// The state of reading one file.
pub struct Lowering<'a> {
    pub(super) world: World<'a>,
    pub(super) source: &'a Source,
    pub(super) scope: Scope,
    pub(super) check_slugs: BTreeSet<String>,
    mistakes: Vec<Diagnostic>,
}

/// Reads a whole scenario.
pub fn scenario(
    id: &str,
    source: &Source,
    raw: RawScenario,
    world: World<'_>,
) -> Result<Scenario, Diagnostics> {
    let mut lowering = Lowering {
        world,
        source,
        scope: Scope::default(),
        check_slugs: BTreeSet::new(),
        mistakes: Vec::new(),
    };
    let people = lowering.names(raw.people, "person");
    let group_places = raw.groups.clone().unwrap_or_default();
    let groups = lowering.names(raw.groups, "group");
    lowering.names_differ(&people, &group_places);
    let cases = lowering.cases(raw.cases);
    let columns: BTreeSet<String> = cases.iter().flat_map(|case| case.cells.keys().cloned()).collect();
    lowering.scope = Scope::new(&people, &groups, &columns);
    let scenario = Scenario {
        id: id.to_owned(),
        title: raw.title,
        why: raw.why.unwrap_or_default().trim().to_owned(),
        profiles: lowering.profiles(raw.profiles),
        personas: lowering.personas(raw.personas),
        needs: raw.needs.unwrap_or_default().iter().filter_map(|need| lowering.need(need)).collect(),
        allow: raw.allow.unwrap_or_default().iter().filter_map(|allow| lowering.allow(allow)).collect(),
        people,
        groups,
        snapshot: raw.snapshot,
        cases,
        steps: lower_step::steps(&mut lowering, raw.steps),
    };
    lowering.finish(scenario)
}

impl Lowering<'_> {
    /// Notes a mistake at a value.
    pub(super) fn mistake<T>(&mut self, at: &At<T>, what: impl Into<String>, help: impl Into<String>) {
        let mistake = self.source.mistake(at.referenced, what, help);
        self.mistakes.push(mistake);
    }

    /// How many mistakes were noted.
    pub(super) fn count(&self) -> usize {
        self.mistakes.len()
    }

    /// Notes that a text is not JSON.
    pub(super) fn json_mistake(&mut self, at: &At<String>, error: &strict::StrictError, help: &str) {
        let mistake = self.source.json_mistake(at, error, help);
        self.mistakes.push(mistake);
    }

    /// Whether a text is a slug: it becomes part of an id that stays for ever.
    pub(super) fn slug(&mut self, at: &At<String>, what: &str) -> Option<String> {
        if is_slug(&at.value) {
            return Some(at.value.clone());
        }
        self.mistake(
            at,
            format!("{:?} is not a slug", at.value),
            format!("{} {what} is named in lower-case letters, digits and single hyphens, as in `every-way-in-is-shut`", if what == "outcome" { "an" } else { "a" }),
        );
        None
    }

    fn finish(self, scenario: Scenario) -> Result<Scenario, Diagnostics> {
        if self.mistakes.is_empty() { Ok(scenario) } else { Err(Diagnostics(self.mistakes)) }
    }

    fn names(&mut self, names: Option<Vec<At<String>>>, what: &str) -> Vec<String> {
        let mut known = BTreeSet::new();
        let mut list = Vec::new();
        for name in names.unwrap_or_default() {
            let Some(slug) = self.slug(&name, what) else { continue };
            if matches!(slug.as_str(), "unique" | "case") {
                self.mistake(
                    &name,
                    format!("`{slug}` means something else in `${{...}}`"),
                    format!("give the {what} another name"),
                );
            } else if known.insert(slug.clone()) {
                list.push(slug);
            } else {
                self.mistake(&name, format!("the {what} `{slug}` is named twice"), "name each once");
            }
        }
        list
    }

    /// `${NAME}` must mean one thing.
    fn names_differ(&mut self, people: &[String], groups: &[At<String>]) {
        for group in groups.iter().filter(|group| people.contains(&group.value)) {
            self.mistake(
                group,
                format!("`{}` is a person of this scenario", group.value),
                "give the group another name",
            );
        }
    }

    fn cases(&mut self, rows: Option<Vec<At<RawCase>>>) -> Vec<Case> {
        let mut cases: Vec<Case> = Vec::new();
        let mut columns: Option<BTreeSet<String>> = None;
        for row in rows.unwrap_or_default() {
            let Some(slug) = row.value.get("case").and_then(|slug| self.slug(slug, "case")) else {
                if !row.value.contains_key("case") {
                    self.mistake(
                        &row,
                        "a row without `case`",
                        "give each row a `case`: its slug, which becomes part of the check's id",
                    );
                }
                continue;
            };
            if cases.iter().any(|case| case.slug == slug) {
                self.mistake(
                    &row,
                    format!("two rows are called `{slug}`"),
                    "give each row a slug of its own",
                );
            }
            let mine: BTreeSet<String> = row.value.keys().cloned().collect();
            match &columns {
                Some(columns) if *columns != mine => {
                    let other: Vec<_> = columns.symmetric_difference(&mine).cloned().collect();
                    self.mistake(
                        &row,
                        format!("this row and the first differ in their columns: {}", other.join(", ")),
                        "every row has the same columns",
                    );
                }
                Some(_) => {}
                None => columns = Some(mine),
            }
            let cells = row.value.iter().map(|(name, cell)| {
                (name.clone(), strict::parse(&cell.value).unwrap_or_else(|_| cell.value.clone().into()))
            });
            cases.push(Case { cells: cells.collect(), slug });
        }
        cases
    }

    fn profiles(&mut self, profiles: Option<Vec<At<String>>>) -> Vec<String> {
        let mut known = Vec::new();
        for profile in profiles.unwrap_or_default() {
            if self.world.profiles.contains(&profile.value) {
                known.push(profile.value);
            } else {
                let all = self.world.profiles.join(", ");
                self.mistake(
                    &profile,
                    format!("there is no profile {:?}", profile.value),
                    format!("there are: {all}"),
                );
            }
        }
        known
    }

    fn personas(&mut self, personas: Option<Vec<At<String>>>) -> Vec<PersonaName> {
        let mut known: Vec<PersonaName> = Vec::new();
        for persona in personas.unwrap_or_default() {
            match persona.value.parse::<PersonaName>() {
                Ok(name) if known.contains(&name) => {
                    self.mistake(&persona, format!("the persona `{name}` is named twice"), "name each once");
                }
                Ok(name) => known.push(name),
                Err(error) => self.mistake(
                    &persona,
                    format!("there is no persona {:?}", persona.value),
                    error.to_string(),
                ),
            }
        }
        known
    }

    fn need(&mut self, need: &At<String>) -> Option<Need> {
        Some(match need.value.as_str() {
            feature @ ("patch" | "filter" | "bulk" | "sort" | "etag" | "changePassword") => {
                Need::Feature(feature.to_owned())
            }
            "groups" => Need::Groups,
            "access" => Need::Access,
            "group-access" => Need::GroupAccess,
            "account" => Need::Account,
            other => {
                if let Some(attribute) = other.strip_prefix("attribute:").filter(|a| !a.is_empty()) {
                    return Some(Need::Attribute(attribute.to_owned()));
                }
                self.mistake(
                    need,
                    format!("{other:?} is nothing that a target can be asked for"),
                    "there are: patch, filter, bulk, sort, etag, changePassword, groups, access, group-access, account and attribute:NAME",
                );
                return None;
            }
        })
    }

    fn allow(&mut self, allow: &At<String>) -> Option<Allow> {
        if allow.value == "load" {
            return Some(Allow::Load);
        }
        self.mistake(allow, format!("{:?} is nothing that can be allowed", allow.value), "there is: load");
        None
    }
}

fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && text.split('-').all(|word| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}
