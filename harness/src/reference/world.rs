//! Everything that the reference speaks about, read once.

use serde::Deserialize;

use crate::calibrate::{Row, Table, TableError};
use crate::coverage::{Coverage, CoverageError};
use crate::run::{Library, LibraryError};

/// The library, what notices what, and the contested points.
#[derive(Debug)]
pub struct World {
    /// Checks, requirements and profiles.
    pub library: Library,
    /// Which checks notice which deviation.
    pub table: Table,
    /// What the checks show.
    pub coverage: Coverage,
    /// The points at which the RFCs can be read in several ways.
    pub contested: Vec<Contested>,
}

/// A point at which the RFCs can be read in several ways.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contested {
    /// `C6`.
    pub id: String,
    /// What it is about.
    pub point: String,
    /// What the text says.
    pub text: String,
    /// What providers and servers do.
    pub practice: String,
    /// How it is judged.
    pub judged: String,
}

/// What the reference speaks about cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The library.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The calibration table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The contested points.
    #[error("scenarios/contested.csv: {0}")]
    Contested(#[from] csv::Error),
    /// The reasons for what is not covered.
    #[error(transparent)]
    Coverage(#[from] CoverageError),
}

impl World {
    /// The embedded one.
    pub fn embedded() -> Result<Self, WorldError> {
        let library = Library::embedded()?;
        let table = Table::embedded(&library)?;
        let contested = csv::Reader::from_reader(scimspec_scenarios::CONTESTED.as_bytes())
            .deserialize()
            .collect::<Result<_, _>>()?;
        let coverage = Coverage::of(&library)?;
        Ok(Self { library, table, coverage, contested })
    }

    /// The deviations that this check, or one of these, is shown to notice.
    pub(super) fn noticed_by(&self, ids: &[String]) -> Vec<&Row> {
        self.table.rows().iter().filter(|row| row.checks.iter().any(|check| ids.contains(check))).collect()
    }

    /// The contested points that a text names as `[contested:C6]` or that a step names.
    pub(super) fn contested_in(&self, text: &str) -> Vec<&Contested> {
        let named = |point: &&Contested| {
            text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == point.id)
        };
        self.contested.iter().filter(named).collect()
    }
}
