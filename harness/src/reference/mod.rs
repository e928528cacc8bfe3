//! What is said about each check, rule, requirement, contested point, deviation, persona and profile: one text for
//! `explain` and for the pages under `docs/reference`, so that neither can say what the other does not.

mod checks;
mod entry;
pub mod pages;
mod requirements;
mod world;

pub use self::entry::{Entry, Part};
pub use self::world::{Contested, World, WorldError};

/// Everything that goes by this name; empty: nothing does. Some names are both a persona's and a profile's.
pub fn find(id: &str, world: &World) -> Vec<Entry> {
    let scenario = world.library.scenarios.iter().find(|scenario| id == scenario.id);
    if let Some(scenario) = scenario {
        return vec![checks::scenario(scenario, world)];
    }
    if let Some(entry) = checks::check(id, world) {
        return vec![entry];
    }
    let all = [
        checks::rule(id, world),
        checks::client_rule(id, world),
        checks::observed(id, world),
        requirements::requirement(id, world),
        requirements::contested(id, world),
        checks::deviation(id, world),
        requirements::persona(id),
        requirements::profile(id, world),
    ];
    all.into_iter().flatten().collect()
}
