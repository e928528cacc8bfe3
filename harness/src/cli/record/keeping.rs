//! The one thread that keeps what has passed: it takes out what nobody may see, shows the rest to the observer and to
//! whoever watches, and writes it to the journal. It sets no pace for what passes, unless it cannot follow.

use std::sync::{Arc, Mutex, PoisonError};

use scimspec_mock_idp::recorder::{Happened, Passed};
use scimspec_mock_idp::recording::journal::{Journal, JournalError, Saved};
use scimspec_mock_idp::recording::redact::Redaction;
use tokio::sync::{mpsc, oneshot};

use super::live::Live;
use crate::observe::Observer;

/// What keeping takes.
pub(super) struct Keeper {
    pub(super) journal: Journal,
    pub(super) redaction: Arc<Mutex<Redaction>>,
    pub(super) live: Live,
    pub(super) observer: Option<Arc<Observer>>,
}

/// What was kept.
#[derive(Debug)]
pub(super) struct Kept {
    /// The HAR file.
    pub(super) saved: Saved,
    /// How many exchanges lack a body.
    pub(super) without_body: usize,
    /// How many requests were refused.
    pub(super) refused: usize,
}

impl Keeper {
    /// Begins to keep. What came of it is told when nothing more can come, or when it cannot be written.
    pub(super) fn start(
        self,
        happened: mpsc::Receiver<Happened>,
    ) -> std::io::Result<oneshot::Receiver<Result<Kept, JournalError>>> {
        let (sender, kept) = oneshot::channel();
        std::thread::Builder::new().name("journal".to_owned()).spawn(move || {
            // Nobody waits for it any more only if the process ends.
            let _ = sender.send(self.keep(happened));
        })?;
        Ok(kept)
    }

    fn keep(mut self, mut happened: mpsc::Receiver<Happened>) -> Result<Kept, JournalError> {
        let (mut without_body, mut refused) = (0, 0);
        while let Some(happened) = happened.blocking_recv() {
            match happened {
                Happened::Passed(passed) => {
                    let is_whole = passed.request_body.is_none() && passed.answer_body.is_none();
                    without_body += usize::from(!is_whole);
                    self.passed(*passed)?;
                }
                Happened::Refused(why) => {
                    refused += 1;
                    self.live.refused(&why);
                }
            }
        }
        let saved = self.journal.finish()?;
        Ok(Kept { saved, without_body, refused })
    }

    fn passed(&mut self, mut passed: Passed) -> Result<(), JournalError> {
        let exchange = &mut passed.entry.exchange;
        let read = self.observer.as_ref().map(|observer| observer.read(exchange, passed.unkept.as_ref()));
        self.redaction.lock().unwrap_or_else(PoisonError::into_inner).clean(exchange);
        self.journal.append(&passed.entry)?;
        passed.is_kept();
        self.live.passed(&passed);
        if let (Some(observer), Some(read)) = (&self.observer, read) {
            observer.ended(passed.number, read, &passed.entry.exchange);
        }
        Ok(())
    }
}
