//! The pages under `docs/reference`, made from the same entries as `explain`; a test holds the files fresh.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use scimspec_reference_server::deviations;

use super::world::World;
use super::{checks, requirements};
use crate::catalogue::Level;
use crate::lint::client;
use crate::observe;
use crate::rules::RULES;

/// Every page: its path below `docs/reference` and its text.
pub fn all(world: &World) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    pages.insert("rules.md".to_owned(), rules(world));
    pages.insert("client-rules.md".to_owned(), client_rules(world));
    pages.insert("observed.md".to_owned(), observed(world));
    pages.insert("deviations.md".to_owned(), deviations_page(world));
    pages.insert("contested.md".to_owned(), contested(world));
    pages.insert("coverage.md".to_owned(), coverage(world));
    for (pack, text) in packs(world) {
        pages.insert(format!("checks/{pack}.md"), text);
    }
    pages.insert("README.md".to_owned(), index(world));
    pages
}

fn page(title: &str, says: &str) -> String {
    format!(
        "# {title}\n\n{says} Made from the library; `UPDATE_DOCS=1 cargo test -p scimspec reference` writes it anew.\n"
    )
}

fn index(world: &World) -> String {
    let mut text = page("Reference", "Everything that scimspec checks, as `scimspec explain ID` tells it.");
    let _ = writeln!(text, "\n- [Rules](rules.md): {} passive checks on every exchange", RULES.len());
    let _ = writeln!(
        text,
        "- [Rules for clients](client-rules.md): {} passive checks on every request of a recording",
        client::RULES.len()
    );
    let _ = writeln!(
        text,
        "- [Observed](observed.md): {} checks of what a real provider brings about",
        observe::Check::ALL.len()
    );
    for (pack, scenarios) in by_pack(world) {
        let checks: usize = scenarios.iter().map(|scenario| scenario.check_ids().len()).sum();
        let _ =
            writeln!(text, "- [{pack}](checks/{pack}.md): {} scenarios, {checks} checks", scenarios.len());
    }
    let _ = writeln!(
        text,
        "- [Coverage](coverage.md): what the {} requirements of the catalogue are shown by",
        world.library.catalogue.iter().count()
    );
    let _ = writeln!(text, "- [Contested points](contested.md): where the RFCs can be read in several ways");
    let _ = writeln!(
        text,
        "- [Deviations](deviations.md): {} bugs of real servers that the reference server can have",
        deviations::table().len()
    );
    text
}

fn rules(world: &World) -> String {
    let mut text = page("Rules", "Passive checks on every exchange of a run or a recording.");
    for rule in RULES {
        let _ = write!(text, "\n{}", checks::of_rule(rule, world).to_markdown(2));
    }
    text
}

fn client_rules(world: &World) -> String {
    let says = "Passive checks on what a client sends, by `scimspec lint`. What a known provider does by habit is recorded \
                where the client is known to be that provider, and a warning where nobody knows.";
    let mut text = page("Rules for clients", says);
    for rule in client::RULES {
        let _ = write!(text, "\n{}", checks::of_client_rule(rule, world).to_markdown(2));
    }
    text
}

fn observed(world: &World) -> String {
    let says = "What `scimspec record --observe` judges while a real provider works, by trying people at the application's doors.";
    let mut text = page("Observed", says);
    for check in observe::Check::ALL {
        let _ = write!(text, "\n{}", checks::of_observed(check, world).to_markdown(2));
    }
    text
}

fn by_pack(world: &World) -> BTreeMap<&str, Vec<&crate::scenario::model::Scenario>> {
    let mut packs: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for scenario in &world.library.scenarios {
        let pack = scenario.id.split('/').next().unwrap_or_default();
        packs.entry(pack).or_default().push(scenario);
    }
    packs
}

fn packs(world: &World) -> BTreeMap<&str, String> {
    by_pack(world)
        .into_iter()
        .map(|(pack, scenarios)| {
            let mut text = page(&format!("Checks: {pack}"), "One section for each scenario.");
            for scenario in scenarios {
                let _ = write!(text, "\n{}", checks::scenario(scenario, world).to_markdown(2));
            }
            (pack, text)
        })
        .collect()
}

fn deviations_page(world: &World) -> String {
    let says =
        "Real bugs that real servers had, each switchable in the reference server (`serve --deviate SLUG`).";
    let mut text = page("Deviations", says);
    for deviation in deviations::table() {
        if let Some(entry) = checks::deviation(deviation.slug, world) {
            let _ = write!(text, "\n{}", entry.to_markdown(2));
        }
    }
    text
}

fn contested(world: &World) -> String {
    let says = "Where the RFCs can be read in several ways, what providers and servers do there, and how it is judged.";
    let mut text = page("Contested points", says);
    for point in &world.contested {
        if let Some(entry) = requirements::contested(&point.id, world) {
            let _ = write!(text, "\n{}", entry.to_markdown(2));
        }
    }
    text
}

fn coverage(world: &World) -> String {
    let coverage = &world.coverage;
    let says = "Of the requirements that can be seen over HTTP, those that a check shows.";
    let mut text = page("Coverage", says);
    text.push_str("\n| source | MUST | SHOULD | MAY |\n|---|---|---|---|\n");
    for source in coverage.sources() {
        let _ = write!(text, "| {source} |");
        for level in [Level::Must, Level::Should, Level::May] {
            let share = coverage.share(|row| row.source == source && row.level == level);
            match share.testable {
                0 => text.push_str(" |"),
                all => {
                    let _ = write!(text, " {} of {all}, {} % |", share.shown, share.percent());
                }
            }
        }
        text.push('\n');
    }
    text.push_str("\n## Not shown, and why\n\n");
    for row in coverage.rows.iter().filter(|row| row.by.is_empty()) {
        let because = row.because.as_deref().unwrap_or("nobody has written a check yet");
        let _ = writeln!(
            text,
            "- {} ({}): {} *{because}*",
            row.requirement.id, row.requirement.level, row.requirement.statement
        );
    }
    text
}
