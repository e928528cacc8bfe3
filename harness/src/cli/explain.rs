//! `scimspec list` and `scimspec explain`: what there is, and what it means.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use scimspec_mock_idp::persona;
use scimspec_reference_server::deviations;

use super::choose::Chosen;
use super::run::Refusal;
use crate::catalogue::RequirementId;
use crate::lint::client;
use crate::observe;
use crate::profile::{Demand, Profile};
use crate::reference::{self, World};
use crate::report::Exit;
use crate::rules::RULES;
use crate::run::Library;
use crate::scenario::model::{Check, Scenario};
use crate::terminal::Terminal;

/// Flags as they were typed.
#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// What to list.
    #[arg(default_value = "checks")]
    what: What,
    #[command(flatten)]
    chosen: Chosen,
    /// Only checks that are told as this persona.
    #[arg(long, value_name = "NAME")]
    persona: Option<String>,
    /// Only what this profile asks for.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

/// Flags as they were typed.
#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// The id of a check, scenario, rule, requirement, contested point, persona, profile or deviation.
    id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    Checks,
    Rules,
    Requirements,
    Contested,
    Personas,
    Profiles,
    Deviations,
}

/// Lists.
pub(super) fn list(arguments: &ListArguments, terminal: &Terminal) -> Exit {
    shown(terminal, listed(arguments))
}

/// Explains.
pub(super) fn explain(arguments: &ExplainArguments, terminal: &Terminal) -> Exit {
    shown(terminal, explained(&arguments.id, terminal.width()))
}

fn shown(terminal: &Terminal, text: Result<String, Refusal>) -> Exit {
    match text {
        Ok(text) => {
            terminal.print(&text);
            Exit::Conformant
        }
        Err(Refusal(exit, message)) => {
            terminal.error(&message);
            exit
        }
    }
}

fn explained(id: &str, width: usize) -> Result<String, Refusal> {
    let world = World::embedded().map_err(Refusal::usage)?;
    let entries = reference::find(id, &world);
    if entries.is_empty() {
        return Err(Refusal::usage(format!(
            "nothing is called {id:?}: `scimspec list` shows what there is{}",
            meant(id, &world).map_or_else(String::new, |near| format!("; did you mean {near}?"))
        )));
    }
    let texts: Vec<String> = entries.iter().map(|entry| entry.to_terminal(width)).collect();
    Ok(texts.join("\n"))
}

/// The one check whose id ends so, where there is only one: people remember the end.
fn meant(id: &str, world: &World) -> Option<String> {
    let ids = world.library.scenarios.iter().flat_map(Scenario::check_ids);
    let rules = RULES.iter().map(|rule| rule.id()).chain(client::RULES.iter().map(|rule| rule.id()));
    let observed = observe::Check::ALL.into_iter().map(observe::Check::id);
    let mut near = ids.chain(rules).chain(observed).filter(|one| one.ends_with(&format!("/{id}")));
    near.next().filter(|_| near.next().is_none())
}

fn listed(arguments: &ListArguments) -> Result<String, Refusal> {
    let library = Library::embedded().map_err(Refusal::usage)?;
    let profile = match &arguments.profile {
        None => None,
        Some(name) => Some(library.profiles.find(name).map_err(Refusal::usage)?),
    };
    let filter = Filter { arguments, library: &library, profile };
    let text = match arguments.what {
        What::Checks => filter.checks(),
        What::Rules => filter.rules(),
        What::Requirements => filter.requirements(),
        What::Contested => {
            let world = World::embedded().map_err(Refusal::usage)?;
            lines(world.contested.iter().map(|point| format!("{}: {}", point.id, point.point)))
        }
        What::Personas => personas(),
        What::Profiles => profiles(&library),
        What::Deviations => deviations_text(),
    };
    if text.is_empty() {
        return Err(Refusal::usage(
            "nothing is left: --source, --feature, --level, --persona and --profile exclude all",
        ));
    }
    Ok(text)
}

struct Filter<'a> {
    arguments: &'a ListArguments,
    library: &'a Library,
    profile: Option<&'a Profile>,
}

impl Filter<'_> {
    fn checks(&self) -> String {
        let mut text = String::new();
        for scenario in self.library.scenarios.iter().filter(|scenario| self.tells(scenario)) {
            let mut checks = scenario.checks().filter(|check| self.shows(&check.shows)).peekable();
            if checks.peek().is_some() {
                let _ = writeln!(text, "{}: {}", scenario.id, scenario.title);
            }
            for check in checks {
                let _ = writeln!(text, "  {}", check_line(check));
            }
        }
        text
    }

    fn rules(&self) -> String {
        let ids = |rule: &crate::rules::Rule| -> Vec<RequirementId> {
            rule.requirements.iter().map(|id| RequirementId((*id).to_owned())).collect()
        };
        let wanted = RULES.iter().filter(|rule| self.shows(&ids(rule)));
        let line = |id, title, ids: &[&str]| match ids {
            [] => format!("{id}: {title}"),
            ids => format!("{id}: {title} ({})", ids.join(", ")),
        };
        let of_servers = wanted.map(|rule| line(rule.id(), rule.title, rule.requirements));
        let of_clients = client::RULES.iter().filter(|rule| {
            let ids: Vec<_> = rule.requirements.iter().map(|id| RequirementId((*id).to_owned())).collect();
            self.shows(&ids)
        });
        lines(of_servers.chain(of_clients.map(|rule| line(rule.id(), rule.title, rule.requirements))))
    }

    fn requirements(&self) -> String {
        let rows = self.library.catalogue.iter();
        let wanted = rows.filter(|row| self.shows(std::slice::from_ref(&row.id)));
        lines(wanted.map(|row| format!("{} ({}) {}", row.id, row.level, row.statement)))
    }

    /// Whether a scenario is told as the persona, and in the profile.
    fn tells(&self, scenario: &Scenario) -> bool {
        let persona = self.arguments.persona.as_deref();
        let told = persona.is_none_or(|name| {
            scenario.personas.iter().any(|one| one.to_string() == name || one.base() == name)
        });
        let judged = self.profile.is_none_or(|profile| {
            let excluded = persona.is_some_and(|name| profile.excludes.contains_key(name));
            let named = scenario.profiles.is_empty()
                || profile.lineage.iter().any(|name| scenario.profiles.contains(name));
            named && !excluded
        });
        told && judged
    }

    fn shows(&self, ids: &[RequirementId]) -> bool {
        let mut rows = ids.iter().filter_map(|id| self.library.catalogue.find(id));
        let chosen = !self.arguments.chosen.narrows() || rows.any(|row| self.arguments.chosen.wants(row));
        chosen && self.profile.is_none_or(|profile| profile.hardest(ids).demand != Demand::Off)
    }
}

fn check_line(check: &Check) -> String {
    let ids: Vec<_> = check.shows.iter().map(ToString::to_string).collect();
    format!("{}  {} ({})", check.name(), ids.join(", "), check.level)
}

fn personas() -> String {
    let mut text = String::new();
    for info in persona::catalogue() {
        let _ = writeln!(text, "{}: {}", info.name, info.title);
        for option in info.options {
            let _ = writeln!(text, "  {}+{}: {}", info.name, option.name, option.what);
        }
    }
    text
}

fn profiles(library: &Library) -> String {
    let profiles = library.profiles.names().iter().filter_map(|name| library.profiles.find(name).ok());
    lines(profiles.map(|profile| format!("{}: {}", profile.name, profile.title)))
}

fn deviations_text() -> String {
    let line = |deviation: &&deviations::Deviation| {
        format!("{} ({}): {}", deviation.slug, deviation.cluster, deviation.wrong)
    };
    let apart = deviations::NOT_EMULATED.iter().map(|(slug, why)| format!("{slug}: not emulated: {why}"));
    lines(deviations::table().iter().map(line).chain(apart))
}

fn lines(items: impl Iterator<Item = String>) -> String {
    items.fold(String::new(), |text, item| text + &item + "\n")
}
