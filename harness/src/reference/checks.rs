//! Scenarios, their checks, the rules, and the deviations that these notice.

use scimspec_reference_server::{Rate, deviations};

use super::entry::Entry;
use super::world::World;
use crate::calibrate::Row;
use crate::catalogue::RequirementId;
use crate::lint::client::{self, ClientRule};
use crate::observe;
use crate::rules::{RULES, Rule};
use crate::scenario::model::{Check, Scenario, Step};

/// A whole scenario.
pub(super) fn scenario(scenario: &Scenario, world: &World) -> Entry {
    let checks = scenario.checks().map(|check| {
        let rows: Vec<String> = check.shows.iter().map(ToString::to_string).collect();
        format!("{}/{} ({}): {}", scenario.id, check.name(), check.level, rows.join(", "))
    });
    let entry = Entry::new(&scenario.id, &scenario.title)
        .text("Why", &scenario.why)
        .text("Profiles", scenario.profiles.join(", "))
        .text("Told as", told_as(scenario))
        .list("Checks", checks.collect())
        .code("The file", source(scenario));
    noticing(entry, &world.noticed_by(&scenario.check_ids()))
}

/// One check of a scenario: in all rows of its table, or in one.
pub(super) fn check(id: &str, world: &World) -> Option<Entry> {
    let (scenario, step, check) = world.library.scenarios.iter().find_map(|scenario| {
        let named = scenario.steps.iter().find_map(|step| {
            let checks = step.check.as_ref()?.all().find(|check| is_called(id, scenario, check))?;
            Some((step, checks))
        })?;
        Some((scenario, named.0, named.1))
    })?;
    let mut ids: Vec<String> =
        scenario.check_ids().into_iter().filter(|one| one.ends_with(&format!("/{}", check.slug))).collect();
    if ids.iter().any(|one| one == id) {
        ids.retain(|one| one == id);
    }
    let row = scenario.cases.iter().find(|case| id == scenario.check_id(Some(case), &check.slug));
    let row = row.map(|case| {
        let cells = case.cells.iter().map(|(column, value)| format!("{column}: {}", value.as_written()));
        cells.collect::<Vec<_>>().join("\n")
    });
    let step = step_text(scenario, step);
    let entry = Entry::new(id, &scenario.title)
        .text("Why", &scenario.why)
        .text("Told as", told_as(scenario))
        .list("Asked for by", sections(check.shows.iter(), world))
        .code("Sent, and what a right answer looks like", step.clone())
        .code("With", row.unwrap_or_default())
        .list("To do", to_do(check.shows.iter(), world))
        .list("Contested", contested(&step, check.shows.iter(), world));
    Some(noticing(entry, &world.noticed_by(&ids)))
}

/// A rule.
pub(super) fn rule(id: &str, world: &World) -> Option<Entry> {
    RULES.iter().find(|rule| id == rule.id()).map(|rule| of_rule(rule, world))
}

/// What is said about a rule.
pub(super) fn of_rule(rule: &Rule, world: &World) -> Entry {
    let ids: Vec<RequirementId> =
        rule.requirements.iter().map(|id| RequirementId((*id).to_owned())).collect();
    let entry = Entry::new(rule.id(), rule.title)
        .text("Looks at", rule.what)
        .text("Why", rule.why)
        .text("To do", rule.fix)
        .text("Scope", rule.scope.word())
        .list("Needs", rule.needs.iter().map(|need| format!("{}: {}", need.word(), need.meaning())).collect())
        .list("Only a warning", rule.softer.iter().map(ToString::to_string).collect())
        .list("Asked for by", sections(ids.iter(), world))
        .list("Contested", contested("", ids.iter(), world));
    noticing(entry, &world.noticed_by(&[rule.id()]))
}

/// A rule for clients.
pub(super) fn client_rule(id: &str, world: &World) -> Option<Entry> {
    client::RULES.iter().find(|rule| id == rule.id()).map(|rule| of_client_rule(rule, world))
}

/// What is said about a rule for clients.
pub(super) fn of_client_rule(rule: &ClientRule, world: &World) -> Entry {
    let ids: Vec<RequirementId> =
        rule.requirements.iter().map(|id| RequirementId((*id).to_owned())).collect();
    Entry::new(rule.id(), rule.title)
        .text("Looks at", rule.what)
        .text("Why", rule.why)
        .text("To do", rule.fix)
        .text("Asked of clients by", format!("{} ({})", rule.source, rule.level))
        .list("What servers make of it", sections(ids.iter(), world))
        .list("Contested", contested("", ids.iter(), world))
}

/// A check of `record --observe`.
pub(super) fn observed(id: &str, world: &World) -> Option<Entry> {
    observe::Check::ALL.into_iter().find(|check| id == check.id()).map(|check| of_observed(check, world))
}

/// What is said about a check of `record --observe`.
pub(super) fn of_observed(check: observe::Check, world: &World) -> Entry {
    let requirement = RequirementId(check.requirement().to_owned());
    Entry::new(check.id(), check.title())
        .text("Looks at", check.what())
        .text("To do", check.fix())
        .list("Asked for by", sections([&requirement].into_iter(), world))
}

/// A deviation.
pub(super) fn deviation(id: &str, world: &World) -> Option<Entry> {
    let deviation = deviations::find(id)?;
    let row = world.table.find(id)?;
    let as_persona = row.persona.as_ref().map_or_else(String::new, |persona| format!(" as {persona}"));
    let profile = if row.profile == "base" { String::new() } else { format!(" by {}", row.profile) };
    Some(
        Entry::new(deviation.slug, deviation.wrong)
            .text("Kind", deviation.cluster.to_string())
            .text("Right", deviation.right)
            .text("Seen at", deviation.source)
            .list(
                "Noticed by",
                row.checks
                    .iter()
                    .map(|check| format!("{check}{as_persona}{profile}: {}", row.change))
                    .collect(),
            )
            .code("Try it", try_it(row)),
    )
}

/// What shows only at a limit is tried at a server that has one.
fn try_it(row: &Row) -> String {
    let slug = row.deviation.slug;
    row.rate.map_or_else(
        || format!("scimspec run --deviate {slug}"),
        |limit| {
            let Rate { per_second, burst } = limit.rate();
            format!("scimspec serve --deviate {slug} --limit-rate {per_second} --limit-burst {burst}")
        },
    )
}

fn noticing(entry: Entry, rows: &[&Row]) -> Entry {
    let seen = rows.iter().map(|row| {
        let deviation = row.deviation;
        format!("{}: {} ({})", deviation.slug, deviation.wrong, deviation.source)
    });
    entry.list("Bugs of real servers that it is seen to notice", seen.collect())
}

fn told_as(scenario: &Scenario) -> String {
    scenario.personas.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn is_called(id: &str, scenario: &Scenario, check: &Check) -> bool {
    let of_row = |slug: &str| check.case.as_ref().is_none_or(|case| case == slug);
    let mut rows = scenario.cases.iter().filter(|case| of_row(&case.slug));
    id == scenario.check_id(None, &check.slug)
        || rows.any(|case| id == scenario.check_id(Some(case), &check.slug))
}

/// The requirements with their sections.
pub(super) fn sections<'a>(ids: impl Iterator<Item = &'a RequirementId>, world: &World) -> Vec<String> {
    ids.filter_map(|id| world.library.catalogue.find(id))
        .map(|row| format!("{} ({}, {}): {}", row.id, row.level, row.citation(), row.statement))
        .collect()
}

/// How the requirements are met, where the catalogue says it.
fn to_do<'a>(ids: impl Iterator<Item = &'a RequirementId>, world: &World) -> Vec<String> {
    ids.filter_map(|id| world.library.catalogue.find(id))
        .filter(|row| !row.how.is_empty())
        .map(|row| row.how.clone())
        .collect()
}

/// The contested points that a step, or the notes of what it shows, name.
fn contested<'a>(step: &str, ids: impl Iterator<Item = &'a RequirementId>, world: &World) -> Vec<String> {
    let notes = ids.filter_map(|id| world.library.catalogue.find(id)).map(|row| row.notes.as_str());
    let text: String = [step].into_iter().chain(notes).collect::<Vec<_>>().join(" ");
    let points = world.contested_in(&text);
    points.iter().map(|point| format!("{}: {}. Judged: {}", point.id, point.point, point.judged)).collect()
}

/// The scenario file; empty for one that is not of the library.
fn source(scenario: &Scenario) -> String {
    let path = format!("{}.yaml", scenario.id);
    let file = scimspec_scenarios::SCENARIOS.iter().find(|file| file.path == path);
    file.map(|file| file.text.to_owned()).unwrap_or_default()
}

/// The lines of one step, as they stand in the file.
fn step_text(scenario: &Scenario, step: &Step) -> String {
    let next = scenario.steps.iter().map(|other| other.line).find(|line| *line > step.line);
    let lines = source(scenario);
    let first = usize::try_from(step.line).unwrap_or(usize::MAX).saturating_sub(1);
    let end = next.and_then(|line| usize::try_from(line).ok()).map_or(usize::MAX, |line| line - 1);
    let text: Vec<&str> = lines.lines().skip(first).take(end.saturating_sub(first)).collect();
    let margin = text.iter().filter(|line| !line.trim().is_empty()).map(|line| indentation(line)).min();
    let cut = |line: &&str| line.get(margin.unwrap_or(0)..).unwrap_or_default().trim_end().to_owned();
    text.iter().map(cut).collect::<Vec<_>>().join("\n")
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}
