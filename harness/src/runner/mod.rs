//! Runs scenarios concurrently, each in its own namespace of names, and returns what was seen. Emits events while it
//! does; knows no verdict and no output format.

mod administration;
pub mod answer;
mod bindings;
pub mod bookkeeper;
pub mod cleanup;
mod compare;
mod fill;
pub mod ledger;
pub mod names;
mod needs;
pub mod observed;
pub mod plan;
pub mod recorder;
mod replay;
mod request;
mod story;
mod walk;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use scimspec_mock_idp::exchange::Wire;
use scimspec_mock_idp::provisioner::Patience;
use url::Url;

pub use self::administration::Administration;
use self::cleanup::Leftover;
use self::ledger::Ledger;
use self::names::RunId;
use self::observed::{Story, StoryReport};
use crate::access::Probes;
use crate::secrets::Secrets;
use crate::target::preflight::Capabilities;

/// What every story of a run shares.
pub struct Setting {
    /// The way to the target.
    pub wire: Arc<dyn Wire>,
    /// The way to its second tenant, if one is configured.
    pub other: Option<Arc<dyn Wire>>,
    /// The target's base URL.
    pub base: Url,
    /// Where resources are made: `/Users`, `/Groups` and what else it publishes.
    pub endpoints: Vec<String>,
    /// What was made.
    pub ledger: Ledger,
    /// The ways in.
    pub probes: Probes,
    /// Whom the application's administrator has made an administrator for a story.
    pub administration: Administration,
    /// What the target says it can do.
    pub capabilities: Capabilities,
    /// What must not leave the process.
    pub secrets: Secrets,
    /// The run's mark.
    pub run: RunId,
    /// The domain of made-up mail addresses.
    pub domain: String,
    /// How patient the provider's tasks are.
    pub patience: Patience,
    /// How long a list or a filter may lag behind a write.
    pub list_patience: Duration,
    /// Stories at a time.
    pub jobs: usize,
    /// Who listens.
    pub listener: Box<dyn Fn(Event) + Send + Sync>,
}

/// What happens in a run, for whoever shows progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A story begins.
    Began {
        /// Its number.
        story: usize,
        /// Its name, with the persona.
        name: String,
    },
    /// A step of it was done.
    Step {
        /// The story's number.
        story: usize,
        /// The step in words.
        step: String,
    },
    /// It ended, everything of it that could be removed is removed.
    Ended {
        /// Its number.
        story: usize,
    },
    /// What is left is being removed.
    CleaningUp {
        /// How many things.
        left: usize,
    },
}

/// What a run saw.
#[derive(Debug)]
pub struct Seen {
    /// The stories, in the order of the plan; those not begun when the run was interrupted are missing.
    pub stories: Vec<StoryReport>,
    /// What could not be removed.
    pub leftovers: Vec<Leftover>,
    /// How long it took, without cleanup at the end.
    pub took: Duration,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

impl Setting {
    fn tell(&self, event: Event) {
        (self.listener)(event);
    }
}

/// Runs all stories, `jobs` at a time, until they are done or `stop` resolves; then removes what is left.
pub async fn run(stories: Vec<Story>, setting: &Setting, stop: impl Future<Output = ()>) -> Seen {
    let started = Instant::now();
    let mut reports = Vec::with_capacity(stories.len());
    let mut leftovers = Vec::new();
    let interrupted;
    {
        let told = futures::stream::iter(stories)
            .map(|story| async move {
                let name = story
                    .persona
                    .as_ref()
                    .map_or_else(|| story.name(), |p| format!("{} as {p}", story.name()));
                let _turn = setting.administration.turn(&story.scenario).await;
                setting.tell(Event::Began { story: story.number, name });
                let report = story::tell(&story, setting).await;
                let left = cleanup::story(story.number, setting).await;
                setting.tell(Event::Ended { story: story.number });
                (report, left)
            })
            .buffer_unordered(setting.jobs.max(1));
        let mut told = std::pin::pin!(told);
        let mut stop = std::pin::pin!(stop);
        interrupted = loop {
            tokio::select! {
                biased;
                () = &mut stop => break true,
                next = told.next() => match next {
                    Some((report, left)) => {
                        reports.push(report);
                        leftovers.extend(left);
                    }
                    None => break false,
                },
            }
        };
        // Dropping the stream ends the stories that were under way; what they made is in the ledger.
    }
    let took = started.elapsed();
    let left = setting.ledger.of_story(None).len();
    if interrupted && left > 0 {
        setting.tell(Event::CleaningUp { left });
        leftovers = cleanup::everything(setting).await;
    }
    reports.sort_by_key(|report| report.story.number);
    Seen { stories: reports, leftovers, took, interrupted }
}
