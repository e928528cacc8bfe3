//! Gives a raw scenario its meaning: resolves names, parses texts, and collects every mistake it meets, so that an
//! author sees them all at once. Steps are in `lower_step`, the table in `lower_table`.

use std::collections::BTreeSet;

use scimspec_mock_idp::persona::PersonaName;

use super::diagnostic::{Diagnostic, Diagnostics, Source};
use super::lower_step;
use super::lower_table::Row;
use super::model::{Allow, Case, Scenario};
use super::raw::{At, RawScenario};
use super::scope::Scope;
use crate::catalogue::Catalogue;
use crate::json::strict::StrictError;

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
    pub(super) allow: Vec<Allow>,
    /// The table as it stands in the file, for what a step takes from each row.
    pub(super) rows: Vec<Row>,
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
        allow: Vec::new(),
        rows: Vec::new(),
        mistakes: Vec::new(),
    };
    let people = lowering.names(raw.people, "person");
    let group_places = raw.groups.clone().unwrap_or_default();
    let groups = lowering.names(raw.groups, "group");
    lowering.names_differ(&people, &group_places);
    lowering.rows = lowering.table(raw.cases);
    let cases: Vec<Case> = lowering.rows.iter().map(Row::case).collect();
    let columns: BTreeSet<String> = cases.iter().flat_map(|case| case.cells.keys().cloned()).collect();
    lowering.scope = Scope::new(&people, &groups, &columns);
    lowering.allow = raw.allow.unwrap_or_default().iter().filter_map(|allow| lowering.allow(allow)).collect();
    let scenario = Scenario {
        id: id.to_owned(),
        title: raw.title,
        why: raw.why.unwrap_or_default().trim().to_owned(),
        profiles: lowering.profiles(raw.profiles),
        personas: lowering.personas(raw.personas),
        needs: lowering.needs(raw.needs),
        allow: lowering.allow.clone(),
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
    pub(super) fn json_mistake(&mut self, at: &At<String>, error: &StrictError, help: &str) {
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
            if matches!(slug.as_str(), "unique" | "case" | "n" | "each") {
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
