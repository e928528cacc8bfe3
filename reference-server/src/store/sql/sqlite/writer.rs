//! The one who writes. Whatever waits when a transaction begins goes into it, so that many who write at the same
//! time share one synchronisation of the disk; each write is still done as a whole or not at all.

use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::super::{
    failed,
    write::{Failure, apply},
};
use crate::store::{Committed, StoreError, TenantId, Write};

/// How many writes one transaction takes.
const TOGETHER: usize = 64;

/// The way to the writer, which ends when nobody has one any more.
#[derive(Debug, Clone)]
pub(super) struct Writer(mpsc::Sender<Job>);

#[derive(Debug)]
struct Job {
    tenant: TenantId,
    write: Write,
    answer: oneshot::Sender<Result<Committed, StoreError>>,
}

impl Writer {
    /// Lets a writer work with the connection.
    pub(super) fn start(connection: SqliteConnection) -> Self {
        let (sender, jobs) = mpsc::channel(TOGETHER);
        tokio::spawn(work(connection, jobs));
        Self(sender)
    }

    /// What is handed over is written, also if nobody waits for the answer any more.
    pub(super) async fn commit(&self, tenant: &TenantId, write: Write) -> Result<Committed, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job = Job { tenant: tenant.clone(), write, answer };
        self.0.send(job).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

async fn work(mut connection: SqliteConnection, mut jobs: mpsc::Receiver<Job>) {
    let mut batch = Vec::with_capacity(TOGETHER);
    while jobs.recv_many(&mut batch, TOGETHER).await > 0 {
        let done = write_all(&mut connection, &batch).await;
        let outcomes = done.unwrap_or_else(|error| batch.iter().map(|_| Err(failed(&error))).collect());
        for (job, outcome) in batch.drain(..).zip(outcomes) {
            // Who asked may have gone away; the write stands all the same.
            _ = job.answer.send(outcome);
        }
    }
}

/// Each write in a transaction of its own within the one that is committed, so that one that is refused leaves
/// nothing behind and the others stand.
async fn write_all(
    connection: &mut SqliteConnection,
    jobs: &[Job],
) -> Result<Vec<Result<Committed, StoreError>>, sqlx::Error> {
    let mut all = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut outcomes = Vec::with_capacity(jobs.len());
    for job in jobs {
        let mut one = all.begin().await?;
        outcomes.push(match apply(&mut *one, &job.tenant, &job.write).await {
            Ok(committed) => {
                one.commit().await?;
                Ok(committed)
            }
            Err(Failure::Refused(error)) => {
                one.rollback().await?;
                Err(error)
            }
            Err(Failure::Database(error)) => {
                one.rollback().await?;
                Err(failed(&error))
            }
        });
    }
    all.commit().await?;
    Ok(outcomes)
}

fn closed() -> StoreError {
    StoreError::Failed("the store is closed".to_owned())
}
