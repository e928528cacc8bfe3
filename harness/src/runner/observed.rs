//! What a run saw, as data: no verdicts yet (those are the judge's) and no output format.

use std::sync::Arc;

use scimspec_mock_idp::exchange::Exchange;
use scimspec_mock_idp::persona::{PersonaName, TaskError};

use crate::scenario::model::{Case, Check, OutcomeVerdict, Scenario};

/// One scenario, run once: as one persona, for one row of its table.
#[derive(Debug, Clone)]
pub struct Story {
    /// Its number in the run, from 1; part of every name that it makes.
    pub number: usize,
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The row.
    pub case: Option<Case>,
    /// The persona.
    pub persona: Option<PersonaName>,
}

/// What became of a story.
#[derive(Debug, Clone)]
pub struct StoryReport {
    /// Which.
    pub story: Story,
    /// What each check, and each guard that did not hold, showed.
    pub observed: Vec<Observed>,
    /// Everything that went over the wire, in order.
    pub exchanges: Vec<Exchange>,
    /// The exchanges that belong to a parallel step: their order is chance.
    pub unordered: Vec<std::ops::Range<usize>>,
}

/// What one step showed.
#[derive(Debug, Clone)]
pub struct Observed {
    /// The check; none: a guard that did not hold.
    pub check: Option<Check>,
    /// The step in words: `unassign ada`, `PATCH /Users/${user.id}`.
    pub step: String,
    /// Steps of one run with the same key fail for the same cause.
    pub cause_key: String,
    /// What it showed.
    pub showed: Showed,
    /// Its exchanges, as a range of the story's.
    pub exchanges: std::ops::Range<usize>,
    /// The exchange that shows it best, if the step knows: a place in the story's.
    pub evidence: Option<usize>,
    /// What is recorded and not demanded.
    pub notes: Vec<String>,
    /// Whether access was only reported by the application, not observed.
    pub only_reported: bool,
}

/// What a step can show.
#[derive(Debug, Clone)]
pub enum Showed {
    /// What was expected.
    Held,
    /// One of the named alternatives.
    Outcome {
        /// Its name.
        name: String,
        /// What the scenario says it is worth.
        verdict: OutcomeVerdict,
        /// The contested point.
        because: Option<String>,
        /// The answer, for the message.
        actual: String,
    },
    /// Something else.
    Otherwise {
        /// What was expected.
        expected: String,
        /// What came.
        actual: String,
    },
    /// The provider could not carry out its task.
    Stuck(TaskError),
    /// It cannot be said: no answer, still 429, an unreadable door.
    Unclear(String),
    /// Nothing could be tried, for a reason that is not the target's fault.
    NotTried(NotTried),
    /// The story did not come that far.
    NotReached(Cause),
}

/// Why nothing could be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTried {
    /// No ordinary access probe is configured.
    NoProbe,
    /// No access probe for a group's door is configured.
    NoDoor,
    /// No access probe for the administrators' door is configured.
    NoAdministratorDoor,
    /// The story was ruled out before it began.
    RuledOut(String),
}

/// Why a story ended early.
#[derive(Debug, Clone)]
pub struct Cause {
    /// The key of the step that did not hold.
    pub key: String,
    /// What happened there.
    pub what: String,
    /// The check that says so itself, if that step has one.
    pub check: Option<String>,
    /// The provider's failed task, if that was it.
    pub stuck: Option<TaskError>,
    /// Whether what happened there could itself not be judged.
    pub unclear: bool,
}

impl std::fmt::Display for NotTried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoProbe => "no access probe",
            Self::NoDoor => "no access probe for a group's door",
            Self::NoAdministratorDoor => "no access probe for the administrators' door",
            Self::RuledOut(why) => why,
        })
    }
}

impl Story {
    /// `lifecycle/deactivate-blocks[/case]`.
    pub fn name(&self) -> String {
        match &self.case {
            Some(case) => format!("{}/{}", self.scenario.id, case.slug),
            None => self.scenario.id.clone(),
        }
    }

    /// The id of one of its checks.
    pub fn check_id(&self, check: &str) -> String {
        self.scenario.check_id(self.case.as_ref(), check)
    }
}
