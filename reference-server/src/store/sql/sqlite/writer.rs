//! The one who writes. Whatever waits when a transaction begins goes into it, so that many who write at the same
//! time share one synchronisation of the disk; each piece of work is still done as a whole or not at all.

use futures::future::BoxFuture;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

/// How many pieces of work one transaction takes.
const TOGETHER: usize = 64;

/// The way to the writer, which ends when nobody has one any more.
#[derive(Debug, Clone)]
pub(super) struct Writer(mpsc::Sender<Box<dyn Job>>);

/// Work for the writer: done in a transaction of its own, which is taken back if it fails.
pub(super) trait Work: Send + 'static {
    /// What comes of it.
    type Done: Send;
    /// Why nothing came of it.
    type Error: Send;

    /// Does it.
    fn perform<'a>(
        &'a self,
        connection: &'a mut SqliteConnection,
    ) -> BoxFuture<'a, Result<Self::Done, Self::Error>>;

    /// What the database itself says no to.
    fn failed(error: &sqlx::Error) -> Self::Error;

    /// The writer is gone.
    fn closed() -> Self::Error;
}

impl Writer {
    /// Lets a writer work with the connection.
    pub(super) fn start(connection: SqliteConnection) -> Self {
        let (sender, jobs) = mpsc::channel(TOGETHER);
        tokio::spawn(write(connection, jobs));
        Self(sender)
    }

    /// What is handed over is done, also if nobody waits for the answer any more.
    pub(super) async fn perform<W: Work>(&self, work: W) -> Result<W::Done, W::Error> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Pending { work, done: None, answer });
        self.0.send(job).await.map_err(|_| W::closed())?;
        answered.await.map_err(|_| W::closed())?
    }
}

async fn write(mut connection: SqliteConnection, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    let mut batch = Vec::with_capacity(TOGETHER);
    while jobs.recv_many(&mut batch, TOGETHER).await > 0 {
        let outcome = write_all(&mut connection, &mut batch).await;
        for job in batch.drain(..) {
            job.answer(outcome.as_ref());
        }
    }
}

/// Each in a transaction of its own within the one that is committed, so that one that fails leaves nothing
/// behind and the others stand.
async fn write_all(connection: &mut SqliteConnection, jobs: &mut [Box<dyn Job>]) -> Result<(), sqlx::Error> {
    let mut all = connection.begin_with("BEGIN IMMEDIATE").await?;
    for job in jobs {
        let mut one = all.begin().await?;
        if job.run(&mut one).await {
            one.commit().await?;
        } else {
            one.rollback().await?;
        }
    }
    all.commit().await
}

/// Work of whatever kind, with somebody who waits for what comes of it.
trait Job: Send {
    /// Does it; false if it is to be taken back.
    fn run<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> BoxFuture<'a, bool>;

    /// Tells what came of it, now that it is on the disk or is not.
    fn answer(self: Box<Self>, outcome: Result<&(), &sqlx::Error>);
}

struct Pending<W: Work> {
    work: W,
    done: Option<Result<W::Done, W::Error>>,
    answer: oneshot::Sender<Result<W::Done, W::Error>>,
}

impl<W: Work> Job for Pending<W> {
    fn run<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> BoxFuture<'a, bool> {
        Box::pin(async move { self.done.insert(self.work.perform(connection).await).is_ok() })
    }

    fn answer(self: Box<Self>, outcome: Result<&(), &sqlx::Error>) {
        let done = match outcome {
            Ok(&()) => self.done.unwrap_or_else(|| Err(W::closed())),
            Err(error) => Err(W::failed(error)),
        };
        // Who asked may have gone away; what was done stands all the same.
        _ = self.answer.send(done);
    }
}
