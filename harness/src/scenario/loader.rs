//! Finds scenario files and reads them: the embedded library, or a folder of a user's own.

use std::fs;
use std::path::{Path, PathBuf};

use super::diagnostic::{Diagnostics, Source};
use super::lower::{self, World};
use super::model::Scenario;
use super::raw::RawScenario;
use super::recordings::Beside;

/// Why scenarios cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Mistakes in the files.
    #[error("{0}")]
    Mistakes(#[from] Diagnostics),
    /// A file or folder that cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A folder without a scenario.
    #[error("{path} holds no scenario: a scenario is a file that ends in .yaml", path = .0.display())]
    Empty(PathBuf),
}

/// The embedded library.
pub fn library(world: World<'_>) -> Result<Vec<Scenario>, LoadError> {
    let files = scimspec_scenarios::SCENARIOS.iter().map(|file| {
        (
            file.path.trim_end_matches(".yaml").to_owned(),
            Source::new(&format!("scenarios/{}", file.path), file.text).among(Beside::in_library(file.path)),
        )
    });
    let (scenarios, mistakes) = read_all(files, world);
    if mistakes.0.is_empty() { Ok(scenarios) } else { Err(mistakes.into()) }
}

/// The scenarios of a folder, and the mistakes of the files that cannot be read; ids are paths below it. An error where no
/// file is left.
pub fn folder(root: &Path, world: World<'_>) -> Result<(Vec<Scenario>, Diagnostics), LoadError> {
    let mut files = Vec::new();
    collect(root, root, &mut files)?;
    if files.is_empty() {
        return Err(LoadError::Empty(root.to_owned()));
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    let (scenarios, mistakes) = read_all(files.into_iter(), world);
    if scenarios.is_empty() { Err(mistakes.into()) } else { Ok((scenarios, mistakes)) }
}

/// One scenario from its text.
pub fn parse(id: &str, source: &Source, world: World<'_>) -> Result<Scenario, Diagnostics> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        legacy_octal_numbers: false,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<RawScenario>(&source.text, options) {
        Ok(raw) => lower::scenario(id, source, raw, world),
        Err(error) => Err(Diagnostics(vec![yaml_mistake(source, &error)])),
    }
}

fn read_all(files: impl Iterator<Item = (String, Source)>, world: World<'_>) -> (Vec<Scenario>, Diagnostics) {
    let mut scenarios = Vec::new();
    let mut mistakes = Vec::new();
    for (id, source) in files {
        match parse(&id, &source, world) {
            Ok(scenario) => scenarios.push(scenario),
            Err(Diagnostics(found)) => mistakes.extend(found),
        }
    }
    (scenarios, Diagnostics(mistakes))
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, Source)>) -> Result<(), LoadError> {
    let fail = |source| LoadError::Io { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            let text =
                fs::read_to_string(&path).map_err(|source| LoadError::Io { path: path.clone(), source })?;
            let below = path.strip_prefix(root).unwrap_or(&path).with_extension("");
            let id = below.to_string_lossy().replace('\\', "/");
            let source = Source::new(&path.display().to_string(), &text).among(Beside::on_disk(&path));
            files.push((id, source));
        }
    }
    Ok(())
}

/// What the YAML reader found, in our words where it happens often.
fn yaml_mistake(source: &Source, error: &serde_saphyr::Error) -> super::diagnostic::Diagnostic {
    use serde_saphyr::Error as E;
    let error = error.without_snippet();
    let at = error.location().unwrap_or(serde_saphyr::Location::UNKNOWN);
    let (what, help) = match error {
        E::SerdeUnknownField { field, expected, .. } => {
            (format!("there is no key `{field}` here"), format!("there are: {}", expected.join(", ")))
        }
        E::SerdeMissingField { field, .. } => {
            (format!("the key `{field}` is missing"), format!("add `{field}:` here"))
        }
        E::DuplicateMappingKey { key, .. } => (
            format!("the key `{}` stands twice", key.as_deref().unwrap_or("?")),
            "keep one of them".to_owned(),
        ),
        E::SerdeInvalidType { unexpected, expected, .. }
        | E::SerdeInvalidValue { unexpected, expected, .. } => {
            (format!("this is {unexpected}"), format!("write {expected}"))
        }
        E::Unexpected { expected, .. } => {
            let (what, example) = match *expected {
                "sequence start" => {
                    ("a list", "write it as `[one, two]`, or each on a line of its own behind `- `")
                }
                "mapping start" => {
                    ("keys with values", "write it as `{key: value}`, or each key on a line of its own")
                }
                "string scalar" => ("a text", "write one text here, in quotes if it has special characters"),
                other => (other, "see the format in docs/scenarios.md"),
            };
            (format!("{what} is expected here"), example.to_owned())
        }
        E::Eof { .. } => {
            ("the file ends too early".to_owned(), "a scenario has at least `title:` and `steps:`".to_owned())
        }
        E::InvalidScalar { ty, .. } => {
            (format!("this is no {}", kind_of(ty)), "see the format in docs/scenarios.md".to_owned())
        }
        E::InvalidBooleanStrict { .. } => {
            ("this is not a Boolean".to_owned(), "write `true` or `false`".to_owned())
        }
        E::MultipleDocuments { .. } => (
            "a second document starts here".to_owned(),
            "one file holds one scenario: move this one to a file of its own".to_owned(),
        ),
        other => {
            let text = other.render_with_formatter(&serde_saphyr::UserMessageFormatter);
            let first = text.lines().next().unwrap_or_default();
            // The place is shown by the arrow below.
            let first = first.split(" at line ").next().unwrap_or(first).to_owned();
            (first, "see the format in docs/scenarios.md".to_owned())
        }
    };
    source.mistake(at, what, help)
}

/// Rust's names of numbers, for people.
fn kind_of(ty: &str) -> &str {
    if ty.starts_with(['u', 'i']) { "whole number" } else { ty }
}
