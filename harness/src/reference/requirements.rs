//! Requirements, contested points, personas and profiles.

use scimspec_mock_idp::persona::{self, PersonaName};

use super::entry::Entry;
use super::world::World;
use crate::catalogue::{Requirement, RequirementId};
use crate::coverage::Coverage;
use crate::profile::{Demand, Profile};

/// A requirement.
pub(super) fn requirement(id: &str, world: &World) -> Option<Entry> {
    let row = world.library.catalogue.find(&RequirementId(id.to_owned()))?;
    Some(of_requirement(row, &world.coverage, world))
}

/// What is said about a requirement.
pub(super) fn of_requirement(row: &Requirement, coverage: &Coverage, world: &World) -> Entry {
    let covered = coverage.rows.iter().find(|covered| covered.requirement.id == row.id);
    let by = covered.map(|covered| covered.by.clone()).unwrap_or_default();
    let because = covered.and_then(|covered| covered.because.clone());
    let not_shown = if by.is_empty() {
        because.unwrap_or_else(|| "nobody has written a check yet".to_owned())
    } else {
        String::new()
    };
    let points = world.contested_in(&row.notes);
    let contested =
        points.iter().map(|point| format!("{}: {}. Judged: {}", point.id, point.point, point.judged));
    Entry::new(row.id.to_string(), &row.statement)
        .text("Asked for by", format!("{} ({}, about {})", row.citation(), row.level, row.feature))
        .text("Applies where", &row.precondition)
        .text("Right", &row.how)
        .text("Notes", &row.notes)
        .list("Contested", contested.collect())
        .list("Judged otherwise by", rulings(row, world))
        .list("Shown by", by)
        .text("Not shown", not_shown)
}

/// A contested point.
pub(super) fn contested(id: &str, world: &World) -> Option<Entry> {
    let point = world.contested.iter().find(|point| point.id.eq_ignore_ascii_case(id))?;
    let named = |row: &&Requirement| world.contested_in(&row.notes).iter().any(|other| other.id == point.id);
    let rows = world.library.catalogue.iter().filter(named);
    Some(
        Entry::new(&point.id, &point.point)
            .text("The text", &point.text)
            .text("Who does what", &point.practice)
            .text("Judged", &point.judged)
            .list("About", rows.map(|row| format!("{}: {}", row.id, row.statement)).collect()),
    )
}

/// A persona, with the options that its name carries.
pub(super) fn persona(id: &str) -> Option<Entry> {
    let name: PersonaName = id.parse().ok()?;
    let info = persona::catalogue().iter().find(|info| info.name == name.base())?;
    let with = info.options.iter().filter(|option| name.options().contains(&option.name));
    let option =
        |option: &persona::PersonaOption| format!("{}: {} ({})", option.name, option.what, option.source);
    Some(
        Entry::new(name.to_string(), format!("a persona: {}", info.title))
            .list("With", with.map(option).collect())
            .list("Options (persona+option)", info.options.iter().map(option).collect()),
    )
}

/// A profile.
pub(super) fn profile(id: &str, world: &World) -> Option<Entry> {
    let profile = world.library.profiles.find(id).ok()?;
    let excludes = profile.excludes.iter().map(|(persona, because)| format!("{persona}: {because}"));
    let exceptions = profile.exceptions().map(|(id, ruling)| {
        format!("{id} {}: {}", word(ruling.demand), ruling.because.as_deref().unwrap_or_default())
    });
    Some(
        Entry::new(&profile.name, format!("a profile: {}", profile.title))
            .text("Extends", profile.lineage.get(1..).unwrap_or_default().join(", "))
            .list("Excludes", excludes.collect())
            .list(
                "A MUST that is broken fails, a SHOULD warns, a choice is recorded; except",
                exceptions.collect(),
            ),
    )
}

fn rulings(row: &Requirement, world: &World) -> Vec<String> {
    let profiles = &world.library.profiles;
    let of = |profile: &Profile| {
        let (_, ruling) = profile.exceptions().find(|(id, _)| **id == row.id)?;
        let because = ruling.because.as_deref().unwrap_or_default();
        Some(format!("{}: broken, it {}: {because}", profile.name, word(ruling.demand)))
    };
    profiles.names().iter().filter_map(|name| profiles.find(name).ok()).filter_map(of).collect()
}

fn word(demand: Demand) -> &'static str {
    match demand {
        Demand::Fail => "fails",
        Demand::Warn => "warns",
        Demand::Info => "is recorded",
        Demand::Off => "is not asked for",
    }
}
