//! The requirement catalogue: what a check shows. Read once from `scenarios/requirements.csv`.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// A requirement's id, e.g. `RFC7644-3.5.2.2-L12` or `LIFECYCLE-L2`. Stays for ever.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct RequirementId(pub String);

/// How strongly the source asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// MAY, or silence: a choice that is only recorded.
    May,
    /// SHOULD.
    Should,
    /// MUST, and the promises of provisioning.
    Must,
}

/// A row of the catalogue.
#[derive(Debug, Clone)]
pub struct Requirement {
    /// Its id.
    pub id: RequirementId,
    /// `RFC7643`, `RFC7644`, `LIFECYCLE`, `OKTA`, `ENTRA`, ...
    pub source: String,
    /// The section of the source.
    pub section: String,
    /// How strongly its source asks. For a provider's row: the strength within that provider's profile.
    pub level: Level,
    /// What it is about: `patch`, `filter`, `lifecycle`, ...
    pub feature: String,
    /// What is asked, in one sentence.
    pub statement: String,
    /// Whether it can be seen over HTTP at all.
    pub testable: bool,
    /// What must be so for it to apply; empty: nothing.
    pub precondition: String,
    /// How it is seen, and what a right answer looks like.
    pub how: String,
    /// Grounds, contested points, caveats.
    pub notes: String,
}

/// All requirements.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    rows: BTreeMap<RequirementId, Requirement>,
}

/// The catalogue file is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Not CSV with the right columns.
    #[error("the requirement catalogue cannot be read: {0}")]
    Csv(#[from] csv::Error),
    /// A level or strength that is none.
    #[error(
        "requirement {id}: level `{level}`, strength `{strength}`: a row needs MUST, SHOULD or MAY, a provider's row in the strength column"
    )]
    Level {
        /// Which row.
        id: String,
        /// The level column.
        level: String,
        /// The strength column.
        strength: String,
    },
    /// Two rows of one id.
    #[error("requirement {0} stands twice in the catalogue")]
    Twice(String),
}

#[derive(Deserialize)]
struct Row {
    id: String,
    source: String,
    section: String,
    level: String,
    strength: String,
    feature: String,
    statement: String,
    testable: String,
    precondition: String,
    how: String,
    notes: String,
}

impl Catalogue {
    /// The embedded catalogue.
    pub fn embedded() -> Result<Self, CatalogueError> {
        Self::parse(scimspec_scenarios::REQUIREMENTS)
    }

    /// Reads a catalogue.
    pub fn parse(text: &str) -> Result<Self, CatalogueError> {
        let mut rows = BTreeMap::new();
        for row in csv::Reader::from_reader(text.as_bytes()).deserialize() {
            let row: Row = row?;
            let asked = if row.level == "profile" { &row.strength } else { &row.level };
            let Some(level) = Level::named(asked) else {
                return Err(CatalogueError::Level { id: row.id, level: row.level, strength: row.strength });
            };
            let id = RequirementId(row.id);
            let requirement = Requirement {
                id: id.clone(),
                source: row.source,
                section: row.section,
                level,
                feature: row.feature,
                statement: row.statement,
                testable: row.testable != "no",
                precondition: row.precondition,
                how: row.how,
                notes: row.notes,
            };
            if rows.insert(id.clone(), requirement).is_some() {
                return Err(CatalogueError::Twice(id.0));
            }
        }
        Ok(Self { rows })
    }

    /// The row of that id.
    pub fn find(&self, id: &RequirementId) -> Option<&Requirement> {
        self.rows.get(id)
    }

    /// All rows, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Requirement> {
        self.rows.values()
    }
}

impl Requirement {
    /// Where it comes from, as a person would cite it.
    pub fn citation(&self) -> String {
        match self.source.as_str() {
            "LIFECYCLE" => "the promise of provisioning".to_owned(),
            "OKTA" => format!("Okta's SCIM 2.0 pages ({})", self.section),
            "ENTRA" => format!("Microsoft's provisioning pages ({})", self.section),
            "INTEROP" => format!("the SCIM interoperability profile ({})", self.section),
            "IPSIE" => format!("the IPSIE SCIM profile, section {}", self.section),
            "GITLAB" => format!("GitLab's pages ({})", self.section),
            rfc => match rfc.strip_prefix("RFC") {
                Some(number) => format!("RFC {number}, section {}", self.section),
                None => format!("{rfc}, {}", self.section),
            },
        }
    }
}

impl Level {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "MUST" => Self::Must,
            "SHOULD" => Self::Should,
            "MAY" => Self::May,
            _ => return None,
        })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        })
    }
}

impl fmt::Display for RequirementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
