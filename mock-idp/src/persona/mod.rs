//! How one identity provider spells and orders things. A persona is a state machine without I/O, clock or chance of
//! its own: told an event and then what it heard, it says what to do next. One file or folder per provider.

mod catalogue;
mod entra;
pub mod forms;
mod machine;
mod okta;
mod reading;
mod writing;

use std::time::Duration;

use crate::directory::{Event, GroupKey, PersonKey};
use crate::exchange::{Answer, Broken, Request};

pub use catalogue::{PersonaInfo, PersonaName, PersonaNameError, PersonaOption, catalogue};

/// What a persona wants done next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Send this and tell it what came back.
    Send(Message),
    /// Wait so long and then tell it so.
    Wait {
        /// How long.
        time: Duration,
        /// Why, as the provider's log would put it.
        why: String,
    },
    /// The task is done (perhaps without any traffic).
    Done,
    /// The task failed in a way that an administrator sees.
    Stuck(TaskError),
}

/// One request of a persona, and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// What goes on the wire.
    pub request: Request,
    /// What the provider is doing, in words: "looks ada up by userName".
    pub doing: String,
    /// Where this behaviour is documented: a page of the provider's, or the live session that showed it.
    pub source: &'static str,
    /// The provider's own demands that this message makes, as catalogue ids: `OKTA-Users-L11`.
    pub demands: Vec<&'static str>,
    /// The spellings in it that RFC 7644 lets a server refuse.
    pub forms: Vec<Form>,
}

/// A spelling that a server may refuse by the RFC although a provider uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// The contested point's number: `C6`.
    pub point: &'static str,
    /// What the provider sends, to stand after "the server refuses": `the string "False" for a Boolean`.
    pub what: &'static str,
    /// What the RFC says about it, with the section.
    pub why: &'static str,
}

/// What a persona hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// The answer to the message it sent.
    Answer(Answer),
    /// There was none.
    Broken(Broken),
    /// The wait is over.
    Waited,
    /// Nobody waits so long: the task ends here, as failed.
    Abandoned,
}

/// A task that failed, as the provider's administrator would read it.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskError {
    /// The provider's own wording.
    pub text: String,
    /// What kind of failure it was.
    pub kind: Failure,
    /// Demands of the message that failed.
    pub demands: Vec<&'static str>,
    /// Contested spellings of the message that failed.
    pub forms: Vec<Form>,
}

/// Kinds of failure, for whoever has to decide whether the server is to blame.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// The server answered with an error status.
    Refused {
        /// The status.
        status: u16,
    },
    /// The server answered with success, but the provider cannot go on with what it said.
    Unusable,
    /// Still 429 after the provider's last attempt.
    RateLimited,
    /// No answer.
    Unreachable(Broken),
}

/// A row of the provider's own log. The persona has no clock: whoever runs it knows when it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// The provider's name for what happened, e.g. `application.provision.user.deactivate`.
    pub event_type: &'static str,
    /// The older name that the same row carries, where there is one.
    pub legacy_event_type: Option<&'static str>,
    /// Whom or what it happened to.
    pub target: String,
    /// How it went.
    pub outcome: LogOutcome,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogOutcome {
    /// Well.
    Success,
    /// Not well; the provider does not always say why.
    Failure {
        /// Why.
        reason: Option<String>,
    },
}

/// A provider's behaviour for one application: keeps the links between its people and the server's ids.
pub trait Persona: Send {
    /// Starts the task for an event. A persona does one task at a time: a task that is not at its end is dropped.
    fn on(&mut self, event: &Event) -> Step;

    /// Goes on with the task. Without a task to go on with, that is [`Step::Done`].
    fn heard(&mut self, heard: Heard) -> Step;

    /// The server's id that this person is linked to now.
    fn linked(&self, person: &PersonKey) -> Option<&str>;

    /// The server's id that this group is linked to now.
    fn linked_group(&self, group: &GroupKey) -> Option<&str>;

    /// The rows for the provider's log since the last call, oldest first. Empty for a provider without such a log.
    fn logged(&mut self) -> Vec<LogEntry>;
}
