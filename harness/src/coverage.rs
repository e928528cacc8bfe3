//! Which requirements the checks show, by which of them, and which they do not show and why. Data; `cli/coverage`
//! prints it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalogue::{Level, Requirement, RequirementId};
use crate::rules::RULES;
use crate::run::Library;

/// The version of the JSON format; it moves when a consumer could break.
pub const VERSION: u32 = 1;

/// Every requirement with the checks that show it.
#[derive(Debug)]
pub struct Coverage {
    /// By the order of the catalogue.
    pub rows: Vec<Covered>,
}

/// One requirement.
#[derive(Debug)]
pub struct Covered {
    /// Which.
    pub requirement: Requirement,
    /// The checks, `SCENARIO[/CASE]/CHECK` or `rule/SLUG`, in order.
    pub by: Vec<String>,
    /// Why there are none, where that is so.
    pub because: Option<String>,
}

/// How many of them are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Share {
    /// Rows that can be tested.
    pub testable: usize,
    /// Those of them that a check shows.
    pub shown: usize,
}

/// The file of reasons is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum CoverageError {
    /// Not TOML, or unknown keys.
    #[error("scenarios/uncovered.toml: {0}")]
    Toml(#[from] toml::de::Error),
    /// A row that is none.
    #[error("scenarios/uncovered.toml: there is no requirement {0:?}")]
    NoRequirement(String),
    /// A row that a check shows after all.
    #[error("scenarios/uncovered.toml: {requirement} is shown by {check}: take it out of the file")]
    Shown {
        /// Which.
        requirement: String,
        /// By what.
        check: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    row: Vec<Reason>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    requirement: String,
    because: String,
}

impl Coverage {
    /// Of the library's checks and all rules.
    pub fn of(library: &Library) -> Result<Self, CoverageError> {
        let mut by: BTreeMap<&RequirementId, Vec<String>> = BTreeMap::new();
        for scenario in &library.scenarios {
            let cases: Vec<_> = if scenario.cases.is_empty() {
                vec![None]
            } else {
                scenario.cases.iter().map(Some).collect()
            };
            for case in cases {
                for check in scenario.checks_of(case) {
                    for id in &check.shows {
                        by.entry(id).or_default().push(scenario.check_id(case, &check.slug));
                    }
                }
            }
        }
        let mut rows: Vec<Covered> = library
            .catalogue
            .iter()
            .map(|requirement| {
                let mut checks = by.remove(&requirement.id).unwrap_or_default();
                let rules = RULES.iter().filter(|rule| rule.requirements.contains(&&*requirement.id.0));
                checks.extend(rules.map(|rule| rule.id()));
                let because = (!requirement.testable && checks.is_empty())
                    .then(|| format!("cannot be seen over HTTP: {}", requirement.how));
                Covered { requirement: requirement.clone(), by: checks, because }
            })
            .collect();
        let file: File = toml::from_str(scimspec_scenarios::UNCOVERED)?;
        for Reason { requirement, because } in file.row {
            let Some(row) = rows.iter_mut().find(|row| row.requirement.id.0 == requirement) else {
                return Err(CoverageError::NoRequirement(requirement));
            };
            if let Some(check) = row.by.first() {
                return Err(CoverageError::Shown { requirement, check: check.clone() });
            }
            row.because = Some(because);
        }
        rows.sort_by(|a, b| order(&a.requirement).cmp(&order(&b.requirement)));
        Ok(Self { rows })
    }

    /// How many of the rows that satisfy a condition are shown.
    pub fn share(&self, of: impl Fn(&Requirement) -> bool) -> Share {
        let mut share = Share::default();
        for row in self.rows.iter().filter(|row| row.requirement.testable && of(&row.requirement)) {
            share.testable += 1;
            share.shown += usize::from(!row.by.is_empty());
        }
        share
    }

    /// The rows that can be tested, are not shown, and of which nothing says why.
    pub fn unexplained(&self) -> impl Iterator<Item = &Requirement> {
        let without = |row: &&Covered| row.by.is_empty() && row.because.is_none();
        self.rows.iter().filter(without).map(|row| &row.requirement)
    }

    /// The sources, in order.
    pub fn sources(&self) -> Vec<&str> {
        let mut sources: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !sources.contains(&row.requirement.source.as_str()) {
                sources.push(&row.requirement.source);
            }
        }
        sources
    }
}

impl Share {
    /// In percent, rounded down: 94.9 is not 95. Nothing to test is all of it.
    pub fn percent(self) -> usize {
        (self.shown * 100).checked_div(self.testable).unwrap_or(100)
    }
}

/// By source, the promises first, then hardness, then feature, then as the catalogue numbers them.
fn order(row: &Requirement) -> (usize, &str, std::cmp::Reverse<Level>, &str, Vec<u32>, &str) {
    const FIRST: [&str; 6] = ["LIFECYCLE", "RFC7643", "RFC7644", "RFC9865", "RFC9944", "RFC9967"];
    let place = FIRST.iter().position(|source| *source == row.source).unwrap_or(FIRST.len());
    let numbers = row.id.0.split(['.', '-', 'L']).filter_map(|part| part.parse().ok()).collect();
    (place, &row.source, std::cmp::Reverse(row.level), &row.feature, numbers, &row.id.0)
}

/// The whole of it as JSON.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "scimspec coverage")]
pub struct Report {
    /// The version of the format.
    pub version: u32,
    /// The version of scimspec.
    pub scimspec: String,
    /// By source.
    pub sources: Vec<SourceReport>,
}

/// The requirements of one source.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SourceReport {
    /// Which.
    pub source: String,
    /// Of all levels together, MUST, SHOULD and MAY apart.
    pub levels: BTreeMap<String, Share>,
    /// By feature.
    pub features: BTreeMap<String, Share>,
    /// Each requirement.
    pub requirements: Vec<RequirementReport>,
}

/// One requirement.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RequirementReport {
    /// Its id.
    pub id: String,
    /// MUST, SHOULD or MAY.
    pub level: String,
    /// What it is about.
    pub feature: String,
    /// What is asked.
    pub statement: String,
    /// Whether it can be seen over HTTP.
    pub testable: bool,
    /// The checks that show it.
    pub shown_by: Vec<String>,
    /// Why there are none.
    pub because: Option<String>,
}

impl Report {
    /// Of these rows; `wanted` chooses.
    pub fn new(coverage: &Coverage, wanted: impl Fn(&Requirement) -> bool) -> Self {
        let sources = coverage.sources().into_iter().filter_map(|source| {
            let rows: Vec<&Covered> = coverage
                .rows
                .iter()
                .filter(|row| row.requirement.source == source && wanted(&row.requirement))
                .collect();
            (!rows.is_empty()).then(|| SourceReport::new(source, &rows))
        });
        Self { version: VERSION, scimspec: env!("CARGO_PKG_VERSION").to_owned(), sources: sources.collect() }
    }

    /// As text.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

impl SourceReport {
    fn new(source: &str, rows: &[&Covered]) -> Self {
        let mut levels: BTreeMap<String, Share> = BTreeMap::new();
        let mut features: BTreeMap<String, Share> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.requirement.testable) {
            for share in [
                levels.entry(row.requirement.level.to_string()).or_default(),
                features.entry(row.requirement.feature.clone()).or_default(),
            ] {
                share.testable += 1;
                share.shown += usize::from(!row.by.is_empty());
            }
        }
        let requirements = rows
            .iter()
            .map(|row| RequirementReport {
                id: row.requirement.id.to_string(),
                level: row.requirement.level.to_string(),
                feature: row.requirement.feature.clone(),
                statement: row.requirement.statement.clone(),
                testable: row.requirement.testable,
                shown_by: row.by.clone(),
                because: row.because.clone(),
            })
            .collect();
        Self { source: source.to_owned(), levels, features, requirements }
    }
}
