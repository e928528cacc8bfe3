//! The reference: everything that can be named is explained, the pages under `docs/reference` say what `explain` says,
//! and the checks show as many of the requirements as the project promises.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use scimspec::catalogue::{Level, Requirement};
use scimspec::coverage::Share;
use scimspec::lint::client;
use scimspec::reference::{self, World, pages};
use scimspec::rules::RULES;
use scimspec::scenario::model::Scenario;
use scimspec_reference_server::deviations;

#[test]
fn everything_that_is_listed_can_be_explained() {
    let world = World::embedded().unwrap();
    let library = &world.library;
    let checks = library.scenarios.iter().flat_map(Scenario::check_ids);
    let scenarios = library.scenarios.iter().map(|scenario| scenario.id.clone());
    let rules = RULES.iter().map(|rule| rule.id()).chain(client::RULES.iter().map(|rule| rule.id()));
    let rows = library.catalogue.iter().map(|row| row.id.to_string());
    let points = world.contested.iter().map(|point| point.id.clone());
    let bugs = deviations::table().iter().map(|deviation| deviation.slug.to_owned());
    for id in checks.chain(scenarios).chain(rules).chain(rows).chain(points).chain(bugs) {
        let entries = reference::find(&id, &world);
        assert!(!entries.is_empty(), "{id} is not explained");
        for entry in entries {
            assert!(!entry.title.is_empty() && !entry.parts.is_empty(), "{id} is explained with nothing");
        }
    }
}

#[test]
fn of_every_requirement_that_no_check_shows_it_is_said_why() {
    let coverage = World::embedded().unwrap().coverage;
    let unexplained: Vec<&str> = coverage.unexplained().map(|row| row.id.0.as_str()).collect();
    assert!(unexplained.is_empty(), "say why in scenarios/uncovered.toml: {unexplained:?}");
}

#[test]
fn the_checks_show_as_much_as_is_promised() {
    const RFCS: [&str; 3] = ["RFC7643", "RFC7644", "RFC9865"];
    const PROFILES: [&str; 5] = ["OKTA", "ENTRA", "INTEROP", "IPSIE", "GITLAB"];
    let coverage = World::embedded().unwrap().coverage;
    let holds = |what: &str, promised: usize, share: Share| {
        assert!(share.testable > 0, "{what}: the catalogue has none");
        assert!(share.percent() >= promised, "{what}: {share:?} is less than {promised} %");
    };
    let of_rfcs = |level| move |row: &Requirement| RFCS.contains(&row.source.as_str()) && row.level == level;
    holds("MUST in the RFCs", 95, coverage.share(of_rfcs(Level::Must)));
    holds("SHOULD in the RFCs", 90, coverage.share(of_rfcs(Level::Should)));
    holds("the profiles", 90, coverage.share(|row| PROFILES.contains(&row.source.as_str())));
    holds("the promises of provisioning", 100, coverage.share(|row| row.source == "LIFECYCLE"));
}

/// `UPDATE_DOCS=1` writes them.
#[test]
fn the_pages_are_fresh() {
    let pages = pages::all(&World::embedded().unwrap());
    if std::env::var_os("UPDATE_DOCS").is_some_and(|update| update == "1") {
        write(&pages);
    }
    let mut stored = BTreeMap::new();
    collect(&folder(), &mut stored);
    let stale: Vec<&String> =
        pages.iter().filter(|(path, text)| stored.get(*path) != Some(text)).map(|(path, _)| path).collect();
    let left: Vec<&String> = stored.keys().filter(|path| !pages.contains_key(*path)).collect();
    assert!(
        stale.is_empty() && left.is_empty(),
        "docs/reference is not what the library says, run `UPDATE_DOCS=1 cargo test -p scimspec reference`: {stale:?} differ, {left:?} are left over"
    );
}

fn write(pages: &BTreeMap<String, String>) {
    let folder = folder();
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    for (path, text) in pages {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn collect(below: &Path, found: &mut BTreeMap<String, String>) {
    let Ok(entries) = fs::read_dir(below) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            let name = path.strip_prefix(folder()).unwrap().to_string_lossy().replace('\\', "/");
            found.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("docs").join("reference")
}
