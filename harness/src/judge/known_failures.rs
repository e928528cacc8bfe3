//! What a target is known to get wrong, as data with reasons (`--baseline FILE`). A new failure and an entry that no
//! longer applies both make a run fail.

use std::path::{Path, PathBuf};

use globset::{Glob, GlobMatcher};
use serde::Deserialize;

use super::{CheckResult, Verdict};

/// The entries of a baseline file.
#[derive(Debug, Default)]
pub struct KnownFailures {
    entries: Vec<Entry>,
}

/// An entry that matches nothing that still fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// The pattern, with the persona if it names one.
    pub entry: String,
    /// What to do.
    pub what: String,
}

/// A baseline that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The file cannot be read.
    #[error("cannot read the baseline {path}: {source}", path = path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("the baseline {path}: {source}", path = path.display())]
    Toml {
        /// Which.
        path: PathBuf,
        /// Where and what.
        source: Box<toml::de::Error>,
    },
    /// A pattern that is none.
    #[error("the baseline {path}: check = {pattern:?}: {source}", path = path.display())]
    Glob {
        /// Which file.
        path: PathBuf,
        /// The pattern.
        pattern: String,
        /// What is wrong.
        source: globset::Error,
    },
    /// An entry without a reason.
    #[error("the baseline {path}: the entry for {pattern:?} gives no reason", path = path.display())]
    NoReason {
        /// Which file.
        path: PathBuf,
        /// The pattern.
        pattern: String,
    },
    /// An entry for nothing.
    #[error("the baseline {path}: an entry names no check: `check = \"ID\"`, or `checks = [...]` for what has one cause; its reason is {reason:?}", path = path.display())]
    NoCheck {
        /// Which file.
        path: PathBuf,
        /// What it says.
        reason: String,
    },
}

#[derive(Debug)]
struct Entry {
    pattern: String,
    check: GlobMatcher,
    persona: Option<String>,
    sometimes: bool,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    known: Vec<RawEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    /// A check id, or a glob over them.
    check: Option<String>,
    /// Several, where they have one cause. Each is stale by itself.
    #[serde(default)]
    checks: Vec<String>,
    /// Only as this persona.
    persona: Option<String>,
    /// It does not fail in every run: a race, or what only some flags bring to light. That it passes proves nothing then.
    #[serde(default)]
    sometimes: bool,
    /// Why it fails, citing the requirement and the evidence.
    reason: String,
    /// Where that is documented: an issue, a page. For people.
    #[serde(default, rename = "source")]
    _source: Option<String>,
}

impl KnownFailures {
    /// Reads a baseline file.
    pub fn read(path: &Path) -> Result<Self, BaselineError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| BaselineError::Io { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// The same from a text.
    pub fn parse(text: &str, path: &Path) -> Result<Self, BaselineError> {
        let path = path.to_owned();
        let file: File = toml::from_str(text)
            .map_err(|source| BaselineError::Toml { path: path.clone(), source: Box::new(source) })?;
        let mut entries = Vec::new();
        for raw in file.known {
            let patterns: Vec<String> = raw.check.into_iter().chain(raw.checks).collect();
            let Some(first) = patterns.first() else {
                return Err(BaselineError::NoCheck { path, reason: raw.reason });
            };
            if raw.reason.trim().is_empty() {
                return Err(BaselineError::NoReason { path, pattern: first.clone() });
            }
            for pattern in patterns {
                let glob = match Glob::new(&pattern) {
                    Ok(glob) => glob,
                    Err(source) => return Err(BaselineError::Glob { path, pattern, source }),
                };
                entries.push(Entry {
                    check: glob.compile_matcher(),
                    pattern,
                    persona: raw.persona.clone(),
                    sometimes: raw.sometimes,
                    reason: raw.reason.clone(),
                });
            }
        }
        Ok(Self { entries })
    }

    /// Marks the failures that are known, and tells which entries are stale: every check that such an entry matches
    /// ran and passed. An entry whose checks did not run in this run is not stale, nor one of what fails only sometimes.
    pub fn apply(&self, results: &mut [CheckResult]) -> Vec<Stale> {
        let mut stale = Vec::new();
        for entry in &self.entries {
            let mut matched = 0;
            let mut passed = 0;
            for result in results.iter_mut().filter(|result| entry.matches(result)) {
                matched += 1;
                passed += usize::from(result.verdict == Verdict::Pass);
                if result.verdict == Verdict::Fail {
                    result.known = Some(entry.reason.clone());
                }
            }
            if matched > 0 && matched == passed && !entry.sometimes {
                let persona =
                    entry.persona.as_ref().map_or_else(String::new, |persona| format!(" as {persona}"));
                stale.push(Stale {
                    entry: format!("{}{persona}", entry.pattern),
                    what: format!("all {matched} checks that it matches pass now: remove the entry"),
                });
            }
        }
        stale
    }
}

impl Entry {
    fn matches(&self, result: &CheckResult) -> bool {
        self.check.is_match(&result.id)
            && self.persona.as_ref().is_none_or(|persona| result.persona.as_ref() == Some(persona))
    }
}
