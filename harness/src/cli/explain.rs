//! `scimspec list` and `scimspec explain`: what there is, and what it means.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use scimspec_mock_idp::persona::{self, PersonaName};
use scimspec_reference_server::deviations;

use crate::catalogue::RequirementId;
use crate::profile::{Demand, Profile};
use crate::report::Exit;
use crate::rules::{RULES, Rule};
use crate::run::{Library, LibraryError};
use crate::terminal::Terminal;

/// Flags as they were typed.
#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// What to list.
    #[arg(default_value = "checks")]
    what: What,
}

/// Flags as they were typed.
#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// The id of a check, scenario, rule, requirement, persona, profile or deviation.
    id: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    Checks,
    Rules,
    Requirements,
    Personas,
    Profiles,
    Deviations,
}

/// Lists.
pub(super) fn list(arguments: &ListArguments, terminal: &Terminal) -> Exit {
    shown(terminal, |library| Some(listed(arguments.what, library)), "")
}

/// Explains.
pub(super) fn explain(arguments: &ExplainArguments, terminal: &Terminal) -> Exit {
    let unknown = format!("nothing is called {:?}: `scimspec list` shows what there is", arguments.id);
    shown(terminal, |library| explained(&arguments.id, library), &unknown)
}

fn shown(terminal: &Terminal, text: impl FnOnce(&Library) -> Option<String>, unknown: &str) -> Exit {
    match Library::embedded() {
        Ok(library) => {
            if let Some(text) = text(&library) {
                terminal.print(&text);
                Exit::Conformant
            } else {
                terminal.error(unknown);
                Exit::Usage
            }
        }
        Err(error) => refused(terminal, &error),
    }
}

fn refused(terminal: &Terminal, error: &LibraryError) -> Exit {
    terminal.error(&error.to_string());
    Exit::Usage
}

fn listed(what: What, library: &Library) -> String {
    let mut text = String::new();
    match what {
        What::Checks => {
            for scenario in &library.scenarios {
                let _ = writeln!(text, "{}: {}", scenario.id, scenario.title);
                for check in scenario.checks() {
                    let ids: Vec<_> = check.shows.iter().map(ToString::to_string).collect();
                    let _ = writeln!(text, "  {}  {} ({})", check.slug, ids.join(", "), check.level);
                }
            }
        }
        What::Rules => {
            for rule in RULES {
                let _ = writeln!(text, "{}: {} ({})", rule.id(), rule.title, rule.requirements.join(", "));
            }
        }
        What::Requirements => {
            for row in library.catalogue.iter() {
                let _ = writeln!(text, "{} ({}) {}", row.id, row.level, row.statement);
            }
        }
        What::Personas => {
            for info in persona::catalogue() {
                let _ = writeln!(text, "{}: {}", info.name, info.title);
                for option in info.options {
                    let _ = writeln!(text, "  {}+{}: {}", info.name, option.name, option.what);
                }
            }
        }
        What::Profiles => {
            for profile in library.profiles.names().iter().filter_map(|name| library.profiles.find(name).ok())
            {
                let _ = writeln!(text, "{}: {}", profile.name, profile.title);
            }
        }
        What::Deviations => {
            for deviation in deviations::table() {
                let _ = writeln!(text, "{} ({}): {}", deviation.slug, deviation.cluster, deviation.wrong);
            }
        }
    }
    text
}

fn explained(id: &str, library: &Library) -> Option<String> {
    let scenario = library.scenarios.iter().find(|scenario| {
        id == scenario.id || scenario.checks().any(|check| matches_check(id, scenario, &check.slug))
    });
    if let Some(scenario) = scenario {
        return Some(scenario_text(id, scenario, library));
    }
    if let Some(rule) = RULES.iter().find(|rule| id == rule.id()) {
        return Some(rule_text(rule, library));
    }
    if let Some(row) = library.catalogue.find(&RequirementId(id.to_owned())) {
        let rules = RULES
            .iter()
            .filter(|rule| rule.requirements.contains(&id))
            .map(|rule| format!("  {}\n", rule.id()));
        let shown: Vec<String> = library
            .scenarios
            .iter()
            .flat_map(|scenario| scenario.checks().map(move |check| (scenario, check)))
            .filter(|(_, check)| check.shows.contains(&row.id))
            .map(|(scenario, check)| format!("  {}/{}\n", scenario.id, check.slug))
            .chain(rules)
            .collect();
        let mut text = format!("{} ({}, {})\n\n{}\n", row.id, row.level, row.citation(), row.statement);
        if !row.notes.is_empty() {
            let _ = writeln!(text, "\n{}", row.notes);
        }
        let _ = write!(
            text,
            "\nShown by:\n{}",
            if shown.is_empty() { "  no check yet\n".to_owned() } else { shown.concat() }
        );
        return Some(text);
    }
    if let Some(deviation) = deviations::find(id) {
        return Some(format!(
            "{} ({})\n\nWrong: {}\nRight: {}\nSeen at: {}\n\nTry it: scimspec run --deviate {}\n",
            deviation.slug,
            deviation.cluster,
            deviation.wrong,
            deviation.right,
            deviation.source,
            deviation.slug
        ));
    }
    // Some names are both a persona's and a profile's.
    let persona = id.parse::<PersonaName>().ok().and_then(|name| persona_text(&name));
    let profile = library.profiles.find(id).ok().map(profile_text);
    match (persona, profile) {
        (Some(persona), Some(profile)) => {
            Some(format!("As a persona\n\n{persona}\nAs a profile\n\n{profile}"))
        }
        (persona, profile) => persona.or(profile),
    }
}

fn persona_text(name: &PersonaName) -> Option<String> {
    let info = persona::catalogue().iter().find(|info| info.name == name.base())?;
    let mut text = format!("{name}: {}\n", info.title);
    for option in info.options.iter().filter(|option| name.options().contains(&option.name)) {
        let _ = writeln!(text, "with {}: {} ({})", option.name, option.what, option.source);
    }
    text.push_str("\nOptions (persona+option):\n");
    for option in info.options {
        let _ = writeln!(text, "  {}: {} ({})", option.name, option.what, option.source);
    }
    Some(text)
}

fn profile_text(profile: &Profile) -> String {
    let mut text = format!("{}: {}\n", profile.name, profile.title);
    if profile.lineage.len() > 1 {
        let _ = writeln!(text, "Extends: {}", profile.lineage[1..].join(", "));
    }
    for (persona, because) in &profile.excludes {
        let _ = writeln!(text, "Excludes {persona}: {because}");
    }
    text.push_str("\nA MUST that is broken fails, a SHOULD warns, a choice is recorded; except:\n");
    for (id, ruling) in profile.exceptions() {
        let word = match ruling.demand {
            Demand::Fail => "fails",
            Demand::Warn => "warns",
            Demand::Info => "is recorded",
            Demand::Off => "is not asked for",
        };
        let _ = writeln!(text, "  {id} {word}: {}", ruling.because.as_deref().unwrap_or_default());
    }
    text
}

fn rule_text(rule: &Rule, library: &Library) -> String {
    let mut text = format!(
        "{}: {}\n\nLooks at: {}\nWhy: {}\nTo do: {}\n",
        rule.id(),
        rule.title,
        rule.what,
        rule.why,
        rule.fix
    );
    for row in
        rule.requirements.iter().filter_map(|id| library.catalogue.find(&RequirementId((*id).to_owned())))
    {
        let _ = writeln!(text, "\n{} ({}): {} ({})", row.id, row.level, row.statement, row.citation());
    }
    text
}

fn matches_check(id: &str, scenario: &crate::scenario::model::Scenario, check: &str) -> bool {
    id == scenario.check_id(None, check)
        || scenario.cases.iter().any(|case| id == scenario.check_id(Some(case), check))
}

fn scenario_text(id: &str, scenario: &crate::scenario::model::Scenario, library: &Library) -> String {
    let mut text = format!("{}: {}\n\n{}\n", scenario.id, scenario.title, scenario.why);
    if !scenario.personas.is_empty() {
        let names: Vec<_> = scenario.personas.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "\nRuns as: {}", names.join(", "));
    }
    for check in
        scenario.checks().filter(|check| id == scenario.id || matches_check(id, scenario, &check.slug))
    {
        let _ = writeln!(text, "\n{}/{} ({})", scenario.id, check.slug, check.level);
        for row in check.shows.iter().filter_map(|id| library.catalogue.find(id)) {
            let _ = writeln!(text, "  {}: {} ({})", row.id, row.statement, row.citation());
        }
    }
    text
}
