//! What a run is worth, as data, and the formats that show it: one file each, all from the same result.

pub mod fingerprint;
pub mod json;
pub mod junit;
pub mod pretty;
pub mod view;

use std::time::{Duration, SystemTime};

use scimspec_mock_idp::exchange::Exchange;

use crate::judge::known_failures::Stale;
use crate::judge::{CheckResult, Verdict};
use crate::runner::cleanup::Leftover;
use crate::runner::observed::StoryReport;

/// The result of a run.
#[derive(Debug)]
pub struct RunReport {
    /// The target's base URL, or what stands for the embedded server.
    pub target: String,
    /// The profile that it was judged by.
    pub profile: String,
    /// When it began.
    pub started: SystemTime,
    /// How long the stories took.
    pub took: Duration,
    /// Every check.
    pub checks: Vec<CheckResult>,
    /// The stories, for the exchanges that checks refer to.
    pub stories: Vec<StoryReport>,
    /// Baseline entries that no longer apply.
    pub stale: Vec<Stale>,
    /// What could not be removed.
    pub leftovers: Vec<Leftover>,
    /// The domain of made-up mail addresses.
    pub domain: String,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// Whether a run without access probes counts as not conformant.
    pub require_access: bool,
}

/// What stands behind the URL of the embedded server.
pub const EMBEDDED: &str = "(the embedded reference server)";

/// How many checks got which verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Summary {
    /// Right.
    pub pass: usize,
    /// Wrong, the known ones included.
    pub fail: usize,
    /// SHOULD broken or contested.
    pub warn: usize,
    /// Open choices.
    pub info: usize,
    /// Not looked at.
    pub skip: usize,
    /// Could not be judged.
    pub error: usize,
}

/// The exit codes, public data: see README.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing failed that is not a known failure.
    Conformant,
    /// A new failure, or a stale known failure.
    NotConformant,
    /// Usage or configuration.
    Usage,
    /// Could not run or could not judge.
    CouldNotJudge,
}

impl RunReport {
    /// Whether the target is the embedded server, whose choices are known.
    pub fn is_embedded(&self) -> bool {
        self.target.ends_with(EMBEDDED)
    }

    /// The counts.
    pub fn summary(&self) -> Summary {
        let count = |verdict| self.checks.iter().filter(|check| check.verdict == verdict).count();
        Summary {
            pass: count(Verdict::Pass),
            fail: count(Verdict::Fail),
            warn: count(Verdict::Warn),
            info: count(Verdict::Info),
            skip: count(Verdict::Skip),
            error: count(Verdict::Error),
        }
    }

    /// The failures that no baseline knows.
    pub fn new_failures(&self) -> impl Iterator<Item = &CheckResult> {
        self.checks.iter().filter(|check| check.verdict == Verdict::Fail && check.known.is_none())
    }

    /// The checks that needed an access probe and had none.
    pub fn not_verified(&self) -> impl Iterator<Item = &CheckResult> {
        self.checks.iter().filter(|check| check.not_verified)
    }

    /// The exchanges of a check.
    pub fn exchanges_of(&self, check: &CheckResult) -> impl Iterator<Item = &Exchange> {
        let story = self.stories.iter().find(|report| report.story.number == check.story);
        let range = check.exchanges.clone();
        story.and_then(|report| report.exchanges.get(range)).into_iter().flatten()
    }

    /// The exchange that shows best what happened: the one that the step named, else its last.
    pub fn evidence(&self, check: &CheckResult) -> Option<&Exchange> {
        let Some(known) = check.evidence else { return self.exchanges_of(check).last() };
        let story = self.stories.iter().find(|report| report.story.number == check.story);
        story.and_then(|report| report.exchanges.get(known))
    }

    /// What is said last when access was not observed.
    pub fn access_line(&self) -> Option<String> {
        let count = self.not_verified().count();
        (count > 0).then(|| {
            format!("access NOT verified: {count} checks had no access probe that could observe it; configure [access] to see whether people are really out")
        })
    }

    /// What the process ends with.
    pub fn exit(&self) -> Exit {
        let unverified = self.require_access && self.not_verified().next().is_some();
        if self.interrupted {
            Exit::CouldNotJudge
        } else if self.new_failures().next().is_some() || !self.stale.is_empty() || unverified {
            Exit::NotConformant
        } else if self.checks.iter().any(|check| check.verdict == Verdict::Error) {
            Exit::CouldNotJudge
        } else {
            Exit::Conformant
        }
    }
}

impl Exit {
    /// The code.
    pub fn code(self) -> u8 {
        match self {
            Self::Conformant => 0,
            Self::NotConformant => 1,
            Self::Usage => 2,
            Self::CouldNotJudge => 3,
        }
    }
}
