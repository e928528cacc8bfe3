//! What all personas have in common: a task is a queue of stages, each stage is one message, and what comes back may
//! put further stages in front. Also here: pausing after a 429 and trying a failed task again. Which stages and what
//! they say is the provider's.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Failure, Heard, LogEntry, Message, Persona, Step, TaskError};
use crate::directory::{Event, GroupKey, PersonKey};
use crate::exchange::{Answer, Broken};

/// What is particular about a provider.
pub(super) trait Provider: Send {
    /// One message and what it is for.
    type Stage: Clone + Send;

    /// What an event calls for. Nothing: the task is done without traffic.
    fn plan(&mut self, event: &Event) -> Vec<Self::Stage>;

    /// What a stage says.
    fn message(&mut self, stage: &Self::Stage) -> Message;

    /// Reads what came back (never a 429) and says which stages come next, before those that are left.
    fn heard(
        &mut self,
        stage: &Self::Stage,
        result: Result<Answer, Broken>,
    ) -> Result<Vec<Self::Stage>, Trouble>;

    /// Whether to send the same again after a 429 to attempt number `attempt` (from 1), or to give up.
    fn throttled(&mut self, stage: &Self::Stage, answer: &Answer, attempt: u32) -> Result<Pause, Trouble>;

    /// The task ended well.
    fn done(&mut self);

    /// The task failed at this stage. A pause: the provider starts the task anew by itself after that time.
    fn failed(&mut self, stage: &Self::Stage, trouble: &Trouble) -> Option<Retry>;

    /// See [`Persona::linked`].
    fn linked(&self, person: &PersonKey) -> Option<&str>;

    /// See [`Persona::linked_group`].
    fn linked_group(&self, group: &GroupKey) -> Option<&str>;

    /// See [`Persona::logged`].
    fn logged(&mut self) -> Vec<LogEntry>;
}

/// Why a stage failed, in the provider's words.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    pub(super) text: String,
    pub(super) kind: Failure,
}

/// A wait before the same message is sent again.
#[derive(Debug)]
pub(super) struct Pause {
    pub(super) time: Duration,
    pub(super) why: String,
    /// What the administrator reads if nobody waits.
    pub(super) otherwise: Trouble,
}

/// A wait before the whole task starts anew.
#[derive(Debug)]
pub(super) struct Retry {
    pub(super) time: Duration,
    pub(super) why: String,
}

/// A persona: a provider and where it is in its task.
#[derive(Debug)]
pub(super) struct Machine<P: Provider> {
    provider: P,
    event: Option<Event>,
    queue: VecDeque<P::Stage>,
    state: State<P::Stage>,
}

#[derive(Debug)]
enum State<S> {
    Idle,
    /// Sent, nothing heard yet.
    Sent(Attempt<S>),
    /// Waits to send the same again.
    Paused(Attempt<S>, Trouble),
    /// Waits to start the task anew.
    Failed(TaskError),
}

#[derive(Debug)]
struct Attempt<S> {
    stage: S,
    message: Message,
    number: u32,
}

impl<P: Provider> Machine<P> {
    pub(super) fn new(provider: P) -> Self {
        Self { provider, event: None, queue: VecDeque::new(), state: State::Idle }
    }

    fn start(&mut self) -> Step {
        self.queue = match &self.event {
            Some(event) => self.provider.plan(event).into(),
            None => VecDeque::new(),
        };
        self.next()
    }

    fn next(&mut self) -> Step {
        let Some(stage) = self.queue.pop_front() else {
            self.provider.done();
            return Step::Done;
        };
        let message = self.provider.message(&stage);
        self.send(Attempt { stage, message, number: 1 })
    }

    fn send(&mut self, attempt: Attempt<P::Stage>) -> Step {
        let message = attempt.message.clone();
        self.state = State::Sent(attempt);
        Step::Send(message)
    }

    fn answered(&mut self, attempt: Attempt<P::Stage>, result: Result<Answer, Broken>) -> Step {
        if let Ok(answer) = &result
            && answer.status == 429
        {
            return match self.provider.throttled(&attempt.stage, answer, attempt.number) {
                Ok(Pause { time, why, otherwise }) => {
                    self.state = State::Paused(attempt, otherwise);
                    Step::Wait { time, why }
                }
                Err(trouble) => self.stuck(attempt, trouble),
            };
        }
        match self.provider.heard(&attempt.stage, result) {
            Ok(stages) => {
                stages.into_iter().rev().for_each(|stage| self.queue.push_front(stage));
                self.next()
            }
            Err(trouble) => self.stuck(attempt, trouble),
        }
    }

    fn stuck(&mut self, attempt: Attempt<P::Stage>, trouble: Trouble) -> Step {
        let retry = self.provider.failed(&attempt.stage, &trouble);
        let Message { demands, forms, .. } = attempt.message;
        let error = TaskError { text: trouble.text, kind: trouble.kind, demands, forms };
        match retry {
            Some(Retry { time, why }) => {
                self.state = State::Failed(error);
                Step::Wait { time, why }
            }
            None => Step::Stuck(error),
        }
    }
}

impl<P: Provider> Persona for Machine<P> {
    fn on(&mut self, event: &Event) -> Step {
        self.state = State::Idle;
        self.event = Some(event.clone());
        self.start()
    }

    fn heard(&mut self, heard: Heard) -> Step {
        match (std::mem::replace(&mut self.state, State::Idle), heard) {
            (State::Sent(attempt), Heard::Answer(answer)) => self.answered(attempt, Ok(answer)),
            (State::Sent(attempt), Heard::Broken(broken)) => self.answered(attempt, Err(broken)),
            (State::Paused(attempt, _), Heard::Waited) => {
                self.send(Attempt { number: attempt.number + 1, ..attempt })
            }
            (State::Paused(attempt, otherwise), _) => {
                self.provider.failed(&attempt.stage, &otherwise);
                let Message { demands, forms, .. } = attempt.message;
                Step::Stuck(TaskError { text: otherwise.text, kind: otherwise.kind, demands, forms })
            }
            (State::Failed(_), Heard::Waited) => self.start(),
            (State::Failed(error), _) => Step::Stuck(error),
            (State::Idle | State::Sent(_), _) => Step::Done,
        }
    }

    fn linked(&self, person: &PersonKey) -> Option<&str> {
        self.provider.linked(person)
    }

    fn linked_group(&self, group: &GroupKey) -> Option<&str> {
        self.provider.linked_group(group)
    }

    fn logged(&mut self) -> Vec<LogEntry> {
        self.provider.logged()
    }
}
