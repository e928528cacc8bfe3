//! The store in a SQLite file: durable, for one server. Reads go to a pool of connections; writes go, one after
//! the other, to the one connection that writes (`writer`).

mod accounts;
mod beside;
mod transaction;
mod writer;

use std::{
    fs::OpenOptions,
    future::ready,
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use sqlx::{
    Connection, SqliteConnection, SqlitePool,
    migrate::MigrateError,
    query_as, query_scalar,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use self::{
    accounts::SqliteLedger,
    transaction::{hex, list},
    writer::{Work, Writer},
};
use super::{
    AFTER, BEFORE, BLOCK, FROM, GROUPS_OF, MEMBERS, OpenError, READ, RecordRow, START, SqlAccounts, TOTAL,
    digest, failed, migrator, record, records, references, references_of_each, select_records,
    select_references_of_each, signed,
    write::{Failure, apply},
};
use crate::{
    accounts::Accounts,
    store::{
        Answer, Committed, Key, Kind, Page, Record, Reference, References, ResourceId, Sequence, Store,
        StoreError, TenantId, Turn, Write,
    },
};

/// How many connections read at the same time.
const READERS: u32 = 4;

/// How many resources a scan hands out at once.
const BATCH: i64 = 256;

/// How long one process waits for another one that works on the same file.
const PATIENCE: Duration = Duration::from_secs(30);

const FIND: &str =
    select_records!("WHERE r.sequence IN (SELECT resource FROM keys WHERE digest = $1) ORDER BY r.sequence");

const MEMBERS_OF_EACH: &str = select_references_of_each!(
    "holder",
    "member",
    "json_each($1) wanted CROSS JOIN resources o ON o.id = unhex(wanted.value)",
    "m.place"
);
const GROUPS_OF_EACH: &str = select_references_of_each!(
    "member",
    "holder",
    "json_each($1) wanted CROSS JOIN resources o ON o.id = unhex(wanted.value)",
    "r.sequence"
);

const STEPS: &[(&str, &str)] = &[
    ("resources", include_str!("0001_resources.sql")),
    ("accounts", include_str!("0002_accounts.sql")),
    ("tokens", include_str!("0003_tokens.sql")),
    ("notes", include_str!("0004_notes.sql")),
];

/// All tenants, in one SQLite file.
///
/// What a commit has acknowledged is on the disk: the journal is a write-ahead log that is synchronised at every
/// commit (`synchronous=FULL`). <https://www.sqlite.org/pragma.html#pragma_synchronous>
#[derive(Debug, Clone)]
pub struct SqliteStore {
    readers: SqlitePool,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the file, makes it if it is not there, and brings its tables up to date.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        make_private(path).map_err(|source| OpenError::SqliteFile { path: path.to_owned(), source })?;
        let unusable = |source| OpenError::Sqlite { path: path.to_owned(), source };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(PATIENCE)
            .foreign_keys(true);
        let mut connection = SqliteConnection::connect_with(&options).await.map_err(unusable)?;
        migrate(&mut connection).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.pragma("query_only", "ON"))
            .await
            .map_err(unusable)?;
        Ok(Self { readers, writer: Writer::start(connection) })
    }

    /// The accounts in the same file.
    pub fn accounts(&self) -> Arc<dyn Accounts> {
        let ledger = SqliteLedger { readers: self.readers.clone(), writer: self.writer.clone() };
        Arc::new(SqlAccounts::new(ledger))
    }

    async fn page_at(
        &self,
        tenant: &TenantId,
        kind: Kind,
        offset: u64,
        count: u64,
    ) -> Result<Page, sqlx::Error> {
        let mut snapshot = self.readers.begin().await?;
        let (tenant, kind, offset) = (tenant.as_str(), kind.name(), signed(offset));
        let total: i64 = query_scalar(TOTAL).bind(tenant).bind(kind).fetch_one(&mut *snapshot).await?;
        let start: Option<(i64, i64)> =
            query_as(START).bind(tenant).bind(kind).bind(offset).fetch_optional(&mut *snapshot).await?;
        let rows = match start {
            None => Vec::new(),
            Some((block, skip)) => {
                let rows = query_as(FROM).bind(tenant).bind(kind).bind(block * BLOCK).bind(signed(count));
                rows.bind(skip).fetch_all(&mut *snapshot).await?
            }
        };
        Ok(Page { total: super::unsigned(total), records: records(rows) })
    }

    async fn references_of_each(
        &self,
        question: &'static str,
        tenant: &TenantId,
        ids: &[ResourceId],
    ) -> Result<References, StoreError> {
        let ids = list(ids.iter().map(|id| format!("\"{}\"", hex(id.0.as_bytes()))));
        let rows = query_as(question).bind(ids).bind(tenant.as_str()).fetch_all(&self.readers).await;
        rows.map(references_of_each).map_err(|error| failed(&error))
    }

    async fn page_from(
        &self,
        tenant: &TenantId,
        kind: Kind,
        question: &'static str,
        place: i64,
        count: u64,
    ) -> Result<Page, sqlx::Error> {
        let mut snapshot = self.readers.begin().await?;
        let (tenant, kind) = (tenant.as_str(), kind.name());
        let total: i64 = query_scalar(TOTAL).bind(tenant).bind(kind).fetch_one(&mut *snapshot).await?;
        let rows = query_as(question).bind(tenant).bind(kind).bind(place).bind(signed(count));
        let rows = rows.fetch_all(&mut *snapshot).await?;
        Ok(Page { total: super::unsigned(total), records: records(rows) })
    }
}

impl Store for SqliteStore {
    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        id: ResourceId,
    ) -> Answer<'a, Option<Arc<Record>>> {
        Box::pin(async move {
            let row = query_as(READ).bind(id.0).bind(tenant.as_str()).bind(kind.name());
            let row: Option<RecordRow> =
                row.fetch_optional(&self.readers).await.map_err(|error| failed(&error))?;
            Ok(row.map(record))
        })
    }

    fn find<'a>(&'a self, tenant: &'a TenantId, kind: Kind, key: &'a Key) -> Answer<'a, Vec<Arc<Record>>> {
        Box::pin(async move {
            let digest = digest(tenant, kind, key);
            let rows = query_as(FIND).bind(&digest[..]).fetch_all(&self.readers).await;
            rows.map(records).map_err(|error| failed(&error))
        })
    }

    fn page<'a>(&'a self, tenant: &'a TenantId, kind: Kind, offset: u64, count: u64) -> Answer<'a, Page> {
        Box::pin(
            async move { self.page_at(tenant, kind, offset, count).await.map_err(|error| failed(&error)) },
        )
    }

    fn page_after<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        after: Option<Sequence>,
        count: u64,
    ) -> Answer<'a, Page> {
        let place = after.map_or(0, |place| signed(place.0));
        Box::pin(async move {
            self.page_from(tenant, kind, AFTER, place, count).await.map_err(|error| failed(&error))
        })
    }

    fn page_before<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        before: Sequence,
        count: u64,
    ) -> Answer<'a, Page> {
        Box::pin(async move {
            let page = self.page_from(tenant, kind, BEFORE, signed(before.0), count).await;
            let mut page = page.map_err(|error| failed(&error))?;
            page.records.reverse();
            Ok(page)
        })
    }

    fn scan<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        after: Option<Sequence>,
    ) -> Answer<'a, Vec<Arc<Record>>> {
        let place = after.map_or(0, |place| signed(place.0));
        Box::pin(async move {
            let rows = query_as(AFTER).bind(tenant.as_str()).bind(kind.name()).bind(place).bind(BATCH);
            rows.fetch_all(&self.readers).await.map(records).map_err(|error| failed(&error))
        })
    }

    fn members<'a>(&'a self, tenant: &'a TenantId, group: ResourceId) -> Answer<'a, Vec<Reference>> {
        Box::pin(async move {
            let rows = query_as(MEMBERS).bind(group.0).bind(tenant.as_str()).fetch_all(&self.readers).await;
            rows.map(references).map_err(|error| failed(&error))
        })
    }

    fn members_of_each<'a>(
        &'a self,
        tenant: &'a TenantId,
        groups: &'a [ResourceId],
    ) -> Answer<'a, References> {
        Box::pin(self.references_of_each(MEMBERS_OF_EACH, tenant, groups))
    }

    fn groups_of_each<'a>(
        &'a self,
        tenant: &'a TenantId,
        members: &'a [ResourceId],
    ) -> Answer<'a, References> {
        Box::pin(self.references_of_each(GROUPS_OF_EACH, tenant, members))
    }

    fn groups_of<'a>(&'a self, tenant: &'a TenantId, member: ResourceId) -> Answer<'a, Vec<Reference>> {
        Box::pin(async move {
            let rows = query_as(GROUPS_OF).bind(member.0).bind(tenant.as_str());
            rows.fetch_all(&self.readers).await.map(references).map_err(|error| failed(&error))
        })
    }

    fn turn<'a>(&'a self, _: &'a TenantId, _: ResourceId) -> Answer<'a, Turn> {
        Box::pin(ready(Ok(Turn::alone())))
    }

    fn commit<'a>(&'a self, tenant: &'a TenantId, write: Write) -> Answer<'a, Committed> {
        Box::pin(self.writer.perform(Commit { tenant: tenant.clone(), write }))
    }
}

struct Commit {
    tenant: TenantId,
    write: Write,
}

impl Work for Commit {
    type Done = Committed;
    type Error = StoreError;

    fn perform<'a>(
        &'a self,
        connection: &'a mut SqliteConnection,
    ) -> BoxFuture<'a, Result<Committed, StoreError>> {
        Box::pin(async move {
            apply(connection, &self.tenant, &self.write).await.map_err(|failure| match failure {
                Failure::Refused(error) => error,
                Failure::Database(error) => failed(&error),
            })
        })
    }

    fn failed(error: &sqlx::Error) -> StoreError {
        failed(error)
    }

    fn closed() -> StoreError {
        StoreError::Failed("the store is closed".to_owned())
    }
}

/// A file that only its owner reads, because people are in it; SQLite gives its journal the same rights. One
/// that is there keeps its own.
fn make_private(path: &Path) -> io::Result<()> {
    /// Whoever closes a file gives up the locks that its process has on it
    /// (<https://www.sqlite.org/howtocorrupt.html>, section 2.2): nobody opens the database while this is open.
    static MAKING: Mutex<()> = Mutex::new(());
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// In one transaction around all steps: of two that start at once the second waits and then finds nothing to do.
async fn migrate(connection: &mut SqliteConnection) -> Result<(), MigrateError> {
    let mut all = connection.begin_with("BEGIN IMMEDIATE").await?;
    // `run` is this, for whatever can be made a connection; the compiler does not see that its future can be sent.
    migrator(STEPS).run_direct(None, &mut *all, false).await?;
    all.commit().await?;
    Ok(())
}
