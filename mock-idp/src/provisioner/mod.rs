//! Runs a persona over the wire: sends what it says, waits when it says so, and keeps the task list and the log that
//! an administrator would see.

use std::time::{Duration, SystemTime};

use crate::directory::{Event, GroupKey, PersonKey};
use crate::exchange::{Exchange, Origin, Wire};
use crate::persona::{Form, Heard, LogEntry, Message, Persona, Step, TaskError};

/// Live sessions show 195 to 285 ms between dependent calls.
const PAUSE: Duration = Duration::from_millis(250);

/// How patient the provisioner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long all waits of one task (after a 429, say) may take together. A wait that would take longer ends the
    /// task; the task error says how long the provider would have waited.
    pub longest_wait: Duration,
    /// No single wait is longer than this, whatever the provider would wait: a server that gives no Retry-After makes
    /// Okta wait for minutes.
    pub longest_single_wait: Duration,
    /// Whether to pause between dependent calls as the provider does in real life.
    pub pause: bool,
}

impl Default for Patience {
    /// 30 s of waits, no pauses.
    fn default() -> Self {
        Self { longest_wait: Duration::from_secs(30), longest_single_wait: Duration::MAX, pause: false }
    }
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The event in a few words: `assign ada`.
    pub event: String,
    /// How it ended.
    pub outcome: TaskOutcome,
    /// What was sent and what came back, in order. Empty if the provider sends nothing for this event.
    pub exchanges: Vec<Sent>,
    /// The waits, and why.
    pub waits: Vec<(Duration, String)>,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskOutcome {
    /// Well, as far as the provider can tell.
    Done,
    /// In a way that an administrator sees.
    Stuck(TaskError),
}

/// One exchange of a task, and what the persona says about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// What the provider was doing: `looks ada up by userName`.
    pub doing: String,
    /// Where this behaviour is documented.
    pub source: &'static str,
    /// The provider's own demands that the message makes, as catalogue ids.
    pub demands: Vec<&'static str>,
    /// The spellings in it that RFC 7644 lets a server refuse.
    pub forms: Vec<Form>,
    /// The exchange.
    pub exchange: Exchange,
}

/// A row of the provider's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// When it was written.
    pub published: SystemTime,
    /// What it says.
    pub entry: LogEntry,
}

/// A persona at work for one application.
pub struct Provisioner {
    persona: Box<dyn Persona>,
    tasks: Vec<Task>,
    log: Vec<LogRow>,
}

impl Provisioner {
    /// With nothing done yet.
    pub fn new(persona: Box<dyn Persona>) -> Self {
        Self { persona, tasks: Vec::new(), log: Vec::new() }
    }

    /// Carries one event to the application. Ends when the persona is done or stuck, or when a wait would exceed the
    /// patience. Dropping the future abandons the task; the next event starts afresh.
    pub async fn perform(&mut self, event: &Event, wire: &dyn Wire, patience: &Patience) -> Task {
        let mut exchanges: Vec<Sent> = Vec::new();
        let mut waits: Vec<(Duration, String)> = Vec::new();
        let mut step = self.persona.on(event);
        let outcome = loop {
            self.write_log();
            let heard = match step {
                Step::Done => break TaskOutcome::Done,
                Step::Stuck(error) => break TaskOutcome::Stuck(error),
                Step::Send(message) => {
                    if patience.pause && !exchanges.is_empty() {
                        tokio::time::sleep(PAUSE).await;
                    }
                    let sent = Self::send(message, wire).await;
                    let heard = match &sent.exchange.result {
                        Ok(answer) => Heard::Answer(answer.clone()),
                        Err(broken) => Heard::Broken(broken.clone()),
                    };
                    exchanges.push(sent);
                    heard
                }
                Step::Wait { time, why } => {
                    let time = time.min(patience.longest_single_wait);
                    let waited =
                        waits.iter().fold(Duration::ZERO, |sum, (time, _)| sum.saturating_add(*time));
                    if waited.saturating_add(time) > patience.longest_wait {
                        Heard::Abandoned
                    } else {
                        tokio::time::sleep(time).await;
                        waits.push((time, why));
                        Heard::Waited
                    }
                }
            };
            step = self.persona.heard(heard);
        };
        let task = Task { event: event.to_string(), outcome, exchanges, waits };
        self.tasks.push(task.clone());
        task
    }

    /// Every task so far, in order.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// The provider's log so far; empty for a provider whose log is not known.
    pub fn system_log(&self) -> &[LogRow] {
        &self.log
    }

    /// The server's id that this person is linked to now.
    pub fn linked(&self, person: &PersonKey) -> Option<&str> {
        self.persona.linked(person)
    }

    /// The server's id that this group is linked to now.
    pub fn linked_group(&self, group: &GroupKey) -> Option<&str> {
        self.persona.linked_group(group)
    }

    async fn send(message: Message, wire: &dyn Wire) -> Sent {
        let Message { request, doing, source, demands, forms } = message;
        let exchange = wire.send(Origin::Idp, request).await;
        Sent { doing, source, demands, forms, exchange }
    }

    fn write_log(&mut self) {
        let published = SystemTime::now();
        self.log.extend(self.persona.logged().into_iter().map(|entry| LogRow { published, entry }));
    }
}
