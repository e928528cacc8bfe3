//! What may know of what (DESIGN: judge and yardstick share no code, and the three crates below the harness know
//! nothing of each other), read from the sources.

use std::path::{Path, PathBuf};

use regex::Regex;

/// The folders that judge what a server did. They must not use the reference server's own idea of SCIM, or a mistake in
/// it would be invisible.
const JUDGES: [&str; 9] =
    ["access", "json", "judge", "lint", "observe", "replay", "rules", "runner", "snapshot"];

#[test]
fn nothing_that_judges_uses_the_yardstick() {
    for folder in JUDGES {
        let sources = sources(&crate_folder().join("src").join(folder));
        assert!(!sources.is_empty(), "{folder} has sources");
        for path in sources {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!uses_the_yardstick(&text), "{} uses reference_server::scim", path.display());
        }
    }
}

#[test]
fn the_crates_below_the_harness_know_nothing_of_each_other() {
    let ours = ["scimspec", "scimspec-mock-idp", "scimspec-reference-server", "scimspec-scenarios"];
    for folder in ["mock-idp", "reference-server", "scenarios"] {
        let path = crate_folder().with_file_name(folder).join("Cargo.toml");
        let manifest: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        let named = dependencies(&manifest);
        let known: Vec<_> = named.iter().filter(|name| ours.contains(&name.as_str())).collect();
        assert!(known.is_empty(), "{folder} depends on {known:?}");
    }
}

#[test]
fn the_harness_knows_all_three() {
    let manifest: toml::Table =
        std::fs::read_to_string(crate_folder().join("Cargo.toml")).unwrap().parse().unwrap();
    let named = dependencies(&manifest);
    for name in ["scimspec-mock-idp", "scimspec-reference-server", "scimspec-scenarios"] {
        assert!(named.iter().any(|known| known == name), "{name}: {named:?}");
    }
}

#[test]
fn every_way_to_use_the_yardstick_is_seen() {
    for text in [
        "use scimspec_reference_server::scim::filter;",
        "use scimspec_reference_server::{Config, scim};",
        "use scimspec_reference_server::{\n    Deviation,\n    scim::{filter, patch},\n};",
        "let filter = scimspec_reference_server::scim::Filter::parse(text);",
    ] {
        assert!(uses_the_yardstick(text), "{text}");
    }
    for text in [
        "use scimspec_reference_server::{Config, deviations};",
        "//! No rule calls the reference server.\nuse scimspec_mock_idp::exchange; let scim = 1;",
    ] {
        assert!(!uses_the_yardstick(text), "{text}");
    }
}

#[test]
fn every_table_of_dependencies_is_read() {
    let manifest = "[dependencies]\na = '1'\n[dev-dependencies]\nb = '1'\n[build-dependencies]\nc = '1'\n\
                    [target.'cfg(unix)'.dependencies]\nd = '1'\n[dev-dependencies.e]\npackage = 'f'\n";
    let mut named = dependencies(&manifest.parse().unwrap());
    named.sort();
    assert_eq!(named, ["a", "b", "c", "d", "e", "f"]);
}

fn uses_the_yardstick(text: &str) -> bool {
    Regex::new(r"reference_server\s*::[^;]*\bscim\b").unwrap().is_match(text)
}

/// The names of all dependencies of a manifest, and of the packages behind them.
fn dependencies(table: &toml::Table) -> Vec<String> {
    let mut named = Vec::new();
    for (key, value) in table {
        let Some(inner) = value.as_table() else { continue };
        if !key.ends_with("dependencies") {
            named.extend(dependencies(inner));
            continue;
        }
        for (name, dependency) in inner {
            named.push(name.clone());
            named.extend(dependency.get("package").and_then(toml::Value::as_str).map(str::to_owned));
        }
    }
    named
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

fn crate_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
