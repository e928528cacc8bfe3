//! Profiles: which demands apply and how hard. Data in `scenarios/profiles/NAME.toml`; one lineage per profile,
//! nearest first.

use std::collections::BTreeMap;

use globset::{Glob, GlobMatcher};
use serde::Deserialize;

use crate::catalogue::{Catalogue, Level, Requirement, RequirementId};

/// What a broken requirement is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Demand {
    /// Not asked for in this profile.
    Off,
    /// Only recorded.
    Info,
    /// A warning.
    Warn,
    /// A failure.
    Fail,
}

/// A profile with everything that it extends worked in.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name: `base`, `okta`, ...
    pub name: String,
    /// One line.
    pub title: String,
    /// Itself and what it extends, nearest first: `["okta", "base"]`.
    pub lineage: Vec<String>,
    /// The personas that it excludes, with the reason.
    pub excludes: BTreeMap<String, String>,
    demands: BTreeMap<RequirementId, Ruling>,
}

/// What a profile says about one requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// How hard.
    pub demand: Demand,
    /// Why it is not as hard as its level alone would make it.
    pub because: Option<String>,
}

/// All profiles.
#[derive(Debug, Clone)]
pub struct Profiles {
    by_name: BTreeMap<String, Profile>,
    names: Vec<String>,
}

/// A profile file is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Not TOML, or unknown keys.
    #[error("{path}: {source}")]
    Toml {
        /// Which file.
        path: String,
        /// Where and what.
        source: Box<toml::de::Error>,
    },
    /// A pattern that is none.
    #[error("{path}: {source}")]
    Glob {
        /// Which file.
        path: String,
        /// What is wrong.
        source: globset::Error,
    },
    /// Extends a profile that there is not, or itself.
    #[error("the profile {profile} extends {extends:?}, which is not there or extends it in turn")]
    Extends {
        /// Which.
        profile: String,
        /// What it extends.
        extends: String,
    },
    /// A pattern that matches no row.
    #[error("{path}: the catalogue has no requirement {pattern:?}")]
    NoRequirement {
        /// Which file.
        path: String,
        /// The pattern.
        pattern: String,
    },
    /// Asked for by a user.
    #[error("there is no profile {asked:?}; there are: {}", known.join(", "))]
    Unknown {
        /// What was asked for.
        asked: String,
        /// What there is.
        known: Vec<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    extends: Option<String>,
    /// Sources whose rows apply with their own level.
    #[serde(default)]
    sources: Vec<String>,
    #[serde(default)]
    exclude: Vec<Exclude>,
    #[serde(default)]
    demand: Vec<Override>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exclude {
    persona: String,
    because: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Override {
    requirement: String,
    broken: BrokenIs,
    because: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum BrokenIs {
    Fail,
    Warn,
    Info,
    Off,
}

impl Profiles {
    /// The embedded profiles.
    pub fn embedded(catalogue: &Catalogue) -> Result<Self, ProfileError> {
        let mut files = BTreeMap::new();
        for file in scimspec_scenarios::PROFILES {
            let path = format!("scenarios/{}", file.path);
            let parsed: File = toml::from_str(file.text)
                .map_err(|source| ProfileError::Toml { path: path.clone(), source: Box::new(source) })?;
            let name = file.path.rsplit('/').next().unwrap_or(file.path).trim_end_matches(".toml");
            files.insert(name.to_owned(), (path, parsed));
        }
        let mut by_name = BTreeMap::new();
        for name in files.keys() {
            by_name.insert(name.clone(), build(name, &files, catalogue)?);
        }
        Ok(Self { names: by_name.keys().cloned().collect(), by_name })
    }

    /// The profile of that name.
    pub fn find(&self, name: &str) -> Result<&Profile, ProfileError> {
        self.by_name
            .get(name)
            .ok_or_else(|| ProfileError::Unknown { asked: name.to_owned(), known: self.names.clone() })
    }

    /// All names, sorted.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

impl Profile {
    /// What it says about a requirement; one it does not know is not asked for.
    pub fn ruling(&self, id: &RequirementId) -> Ruling {
        self.demands.get(id).cloned().unwrap_or(Ruling { demand: Demand::Off, because: None })
    }

    /// The requirements that it does not ask for as hard as their level alone would make it, with the reason.
    pub fn exceptions(&self) -> impl Iterator<Item = (&RequirementId, &Ruling)> {
        self.demands.iter().filter(|(_, ruling)| ruling.because.is_some())
    }

    /// Whether it says in so many words that none of these is asked for.
    pub fn switches_off(&self, ids: &[RequirementId]) -> bool {
        ids.iter().all(|id| self.demands.get(id).is_some_and(|ruling| ruling.demand == Demand::Off))
    }

    /// The hardest of several requirements: a check that shows them breaks all of them.
    pub fn hardest(&self, ids: &[RequirementId]) -> Ruling {
        ids.iter()
            .map(|id| self.ruling(id))
            .max_by_key(|ruling| ruling.demand)
            .unwrap_or(Ruling { demand: Demand::Off, because: None })
    }
}

fn build(
    name: &str,
    files: &BTreeMap<String, (String, File)>,
    catalogue: &Catalogue,
) -> Result<Profile, ProfileError> {
    let mut lineage = vec![name.to_owned()];
    while let Some(extends) =
        lineage.last().and_then(|last| files.get(last)).and_then(|(_, file)| file.extends.clone())
    {
        if lineage.contains(&extends) || !files.contains_key(&extends) {
            return Err(ProfileError::Extends { profile: name.to_owned(), extends });
        }
        lineage.push(extends);
    }
    let mut profile = Profile {
        name: name.to_owned(),
        title: files.get(name).map(|(_, file)| file.title.clone()).unwrap_or_default(),
        lineage: lineage.clone(),
        excludes: BTreeMap::new(),
        demands: BTreeMap::new(),
    };
    // Furthest first, so that the nearest has the last word.
    for (path, file) in lineage.iter().rev().filter_map(|ancestor| files.get(ancestor)) {
        for row in catalogue.iter().filter(|row| file.sources.contains(&row.source)) {
            profile.demands.insert(row.id.clone(), Ruling { demand: natural(row), because: None });
        }
        for change in &file.demand {
            let pattern = glob(path, &change.requirement)?;
            let rows: Vec<_> = catalogue.iter().filter(|row| pattern.is_match(&row.id.0)).collect();
            if rows.is_empty() {
                return Err(ProfileError::NoRequirement {
                    path: path.clone(),
                    pattern: change.requirement.clone(),
                });
            }
            for row in rows {
                let ruling = Ruling { demand: change.broken.into(), because: Some(change.because.clone()) };
                profile.demands.insert(row.id.clone(), ruling);
            }
        }
        for exclude in &file.exclude {
            profile.excludes.insert(exclude.persona.clone(), exclude.because.clone());
        }
    }
    Ok(profile)
}

/// MUST broken fails, SHOULD broken warns, a choice is recorded.
fn natural(row: &Requirement) -> Demand {
    match row.level {
        Level::Must => Demand::Fail,
        Level::Should => Demand::Warn,
        Level::May => Demand::Info,
    }
}

fn glob(path: &str, pattern: &str) -> Result<GlobMatcher, ProfileError> {
    Glob::new(pattern)
        .map(|glob| glob.compile_matcher())
        .map_err(|source| ProfileError::Glob { path: path.to_owned(), source })
}

impl From<BrokenIs> for Demand {
    fn from(broken: BrokenIs) -> Self {
        match broken {
            BrokenIs::Fail => Self::Fail,
            BrokenIs::Warn => Self::Warn,
            BrokenIs::Info => Self::Info,
            BrokenIs::Off => Self::Off,
        }
    }
}
