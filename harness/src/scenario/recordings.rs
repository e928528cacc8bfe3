//! The recordings that a scenario names: beside its own file and nowhere else, read when the scenario is. What is in them is
//! the mock IdP's, what becomes of them the runner's.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use scimspec_mock_idp::recording::Recording;
use scimspec_mock_idp::recording::read::{self, Item, ReadError, ReadOptions};

/// Where the files stand that a scenario may name.
#[derive(Debug, Clone, Default)]
pub enum Beside {
    /// Nowhere: the scenario is no file.
    #[default]
    Nowhere,
    /// In the embedded library, in this folder (`recordings`, or empty for the top).
    Library(Arc<str>),
    /// In a folder.
    Folder(Arc<Path>),
}

/// Why a recording cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum NoRecording {
    /// A path that leads out of the scenario's folder.
    #[error("{0:?} leads out of the scenario's folder: a recording stands beside the scenario or below it")]
    Outside(String),
    /// There are no files beside it.
    #[error("this scenario is no file, so nothing stands beside it")]
    Nowhere,
    /// The embedded library has none of that name.
    #[error("the library has no recording {0:?}")]
    NotInLibrary(String),
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(#[from] ReadError),
    /// Nothing in it can be sent.
    #[error("{0:?} holds no SCIM exchange")]
    Empty(String),
}

impl Beside {
    /// The folder of an embedded scenario file, by its path in the library.
    pub fn in_library(path: &str) -> Self {
        Self::Library(path.rsplit_once('/').map_or("", |(folder, _)| folder).into())
    }

    /// The folder of a scenario file on disk.
    pub fn on_disk(path: &Path) -> Self {
        Self::Folder(path.parent().unwrap_or(Path::new("")).into())
    }

    /// Reads a recording.
    pub fn recording(&self, name: &str) -> Result<Recording, NoRecording> {
        let below = below(name).ok_or_else(|| NoRecording::Outside(name.to_owned()))?;
        let recording = match self {
            Self::Nowhere => return Err(NoRecording::Nowhere),
            Self::Folder(folder) => read::open(&folder.join(below), &ReadOptions::default())?,
            Self::Library(folder) => {
                let name = below.to_string_lossy().replace('\\', "/");
                let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                embedded(&path)?
            }
        };
        if recording.entries.is_empty() {
            return Err(NoRecording::Empty(name.to_owned()));
        }
        Ok(recording)
    }
}

fn embedded(path: &str) -> Result<Recording, NoRecording> {
    let file = scimspec_scenarios::RECORDINGS
        .iter()
        .find(|file| file.path == path)
        .ok_or_else(|| NoRecording::NotInLibrary(path.to_owned()))?;
    collected(file.text.as_bytes())
}

/// A recording whose text is at hand.
fn collected(text: &[u8]) -> Result<Recording, NoRecording> {
    let (mut entries, mut left_out) = (Vec::new(), Vec::new());
    let source = read::read(text, &ReadOptions::default(), &mut |item| {
        match item {
            Item::Entry(entry) => entries.push(entry),
            Item::LeftOut(note) => left_out.push(note),
        }
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(Recording { source, base: None, entries, left_out })
}

/// A path without a step upwards or to the root.
fn below(name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    let is_name = |part: Component<'_>| matches!(part, Component::Normal(_));
    (!name.is_empty() && !name.contains('\\') && path.components().all(is_name)).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_stands_beside_its_scenario_or_below_it() {
        for outside in ["../okta.har", "/etc/passwd", "a/../../b.har", "", "./okta.har", "a\\..\\b.har"] {
            let refused = Beside::on_disk(Path::new("stories/one.yaml")).recording(outside);
            assert!(matches!(refused, Err(NoRecording::Outside(_))), "{outside}");
        }
        assert!(matches!(Beside::Nowhere.recording("okta.har"), Err(NoRecording::Nowhere)));
        let library = Beside::in_library("recordings/one.yaml");
        assert!(matches!(library.recording("nobody.har"), Err(NoRecording::NotInLibrary(_))));
    }
}
