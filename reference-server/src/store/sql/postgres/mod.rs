//! The store in a PostgreSQL database: durable, for any number of servers on one database, which behave as one.

mod accounts;
mod beside;
mod transaction;

use std::{str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    AssertSqlSafe, Connection, PgConnection, PgPool, Postgres, Transaction as Begun,
    postgres::{PgConnectOptions, PgPoolOptions},
    query_as, query_scalar,
};
use tokio::time::timeout;
use uuid::Uuid;

use self::accounts::PostgresLedger;
use super::{
    AFTER, BEFORE, BLOCK, FROM, GROUPS_OF, MEMBERS, OpenError, READ, RecordRow, START, SqlAccounts, TOTAL,
    digest, digest_of, failed, migrator, record, records, references, references_of_each, select_records,
    select_references_of_each, signed, unsigned,
    write::{Failure, apply},
};
use crate::{
    accounts::Accounts,
    store::{
        Answer, Committed, Key, Kind, Page, Record, Reference, References, ResourceId, Sequence, Store,
        StoreError, TenantId, Turn, Write,
    },
};

/// How many connections one server has.
const CONNECTIONS: u32 = 16;

/// How long a server may take to answer when the store is opened.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many resources a scan hands out at once.
const BATCH: i64 = 256;

/// How often a write is tried that the database takes back because of another one.
const ATTEMPTS: usize = 8;

/// Where the tables are, unless told otherwise.
const SCHEMA: &str = "scimspec";

/// The keys first, as an array: for all that the planner knows they could be many, and it would rather read all
/// resources.
const FIND: &str = select_records!(
    "WHERE r.sequence = ANY (ARRAY(SELECT resource FROM keys WHERE digest = $1)) ORDER BY r.sequence"
);

const MEMBERS_OF_EACH: &str = select_references_of_each!(
    "holder",
    "member",
    "UNNEST($1::UUID[]) wanted JOIN resources o ON o.id = wanted",
    "m.place"
);
const GROUPS_OF_EACH: &str = select_references_of_each!(
    "member",
    "holder",
    "UNNEST($1::UUID[]) wanted JOIN resources o ON o.id = wanted",
    "r.sequence"
);

const STEPS: &[(&str, &str)] = &[
    ("resources", include_str!("0001_resources.sql")),
    ("accounts", include_str!("0002_accounts.sql")),
    ("tokens", include_str!("0003_tokens.sql")),
    ("notes", include_str!("0004_notes.sql")),
];

/// What is read in it belongs together, whatever others write in the meantime.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// All tenants, in one PostgreSQL database.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    pool: PgPool,
    /// For what is held while other work goes on: were it from the same pool, those who hold one could wait for
    /// one another.
    turns: PgPool,
}

impl PostgresStore {
    /// Connects to the database at a `postgres://` URL and brings the tables up to date, in the schema
    /// `scimspec`. What the URL does not say is taken from the usual variables of the environment (`PGPASSWORD`
    /// among them) and `.pgpass`.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_in(url, SCHEMA).await
    }

    /// The same, with the tables in another schema, which is made if it is not there.
    pub async fn open_in(url: &str, schema: &str) -> Result<Self, OpenError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if schema.is_empty() || !schema.chars().all(plain) || schema.starts_with(|c: char| c.is_ascii_digit())
        {
            return Err(OpenError::PostgresSchema(schema.to_owned()));
        }
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(OpenError::PostgresUrl("it has to begin with postgres://".to_owned()));
        }
        let unreadable = |error: sqlx::Error| OpenError::PostgresUrl(error.to_string());
        let options = PgConnectOptions::from_str(url).map_err(unreadable)?;
        let options = options.options([("search_path", schema)]).application_name("scimspec");
        // A pool goes on trying and then says that time is up; one connection says what is wrong.
        let first = timeout(PATIENCE, PgConnection::connect_with(&options)).await;
        let first = first.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(OpenError::Postgres)?;
        first.close().await.map_err(OpenError::Postgres)?;
        let pools = PgPoolOptions::new().max_connections(CONNECTIONS);
        let turns = pools.clone().connect_lazy_with(options.clone());
        let pool = pools.connect_with(options).await.map_err(OpenError::Postgres)?;
        // The migrator holds a lock of the database while it works: of two that start at once the second waits
        // and then finds nothing to do.
        migrator(STEPS).create_schema(schema.to_owned()).run(&pool).await?;
        Ok(Self { pool, turns })
    }

    /// The accounts in the same database.
    pub fn accounts(&self) -> Arc<dyn Accounts> {
        let ledger = PostgresLedger { pool: self.pool.clone(), turns: self.turns.clone() };
        Arc::new(SqlAccounts::new(ledger))
    }

    async fn page_at(
        &self,
        tenant: &TenantId,
        kind: Kind,
        offset: u64,
        count: u64,
    ) -> Result<Page, sqlx::Error> {
        let mut snapshot = self.pool.begin_with(SNAPSHOT).await?;
        let total = total(&mut snapshot, tenant, kind).await?;
        let (tenant, kind) = (tenant.as_str(), kind.name());
        let start = query_as(START).bind(tenant).bind(kind).bind(signed(offset));
        let start: Option<(i64, i64)> = start.fetch_optional(&mut *snapshot).await?;
        let rows = match start {
            None => Vec::new(),
            Some((block, skip)) => {
                let rows = query_as(FROM).bind(tenant).bind(kind).bind(block * BLOCK).bind(signed(count));
                rows.bind(skip).fetch_all(&mut *snapshot).await?
            }
        };
        snapshot.commit().await?;
        Ok(Page { total, records: records(rows) })
    }

    async fn page_from(
        &self,
        tenant: &TenantId,
        kind: Kind,
        question: &'static str,
        place: i64,
        count: u64,
    ) -> Result<Page, sqlx::Error> {
        let mut snapshot = self.pool.begin_with(SNAPSHOT).await?;
        let total = total(&mut snapshot, tenant, kind).await?;
        let rows = query_as(question).bind(tenant.as_str()).bind(kind.name()).bind(place).bind(signed(count));
        let rows = rows.fetch_all(&mut *snapshot).await?;
        snapshot.commit().await?;
        Ok(Page { total, records: records(rows) })
    }

    async fn references_of_each(
        &self,
        question: &'static str,
        tenant: &TenantId,
        ids: &[ResourceId],
    ) -> Result<References, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let rows = query_as(question).bind(ids).bind(tenant.as_str()).fetch_all(&self.pool).await;
        rows.map(references_of_each).map_err(|error| failed(&error))
    }

    async fn write(&self, tenant: &TenantId, write: &Write) -> Result<Committed, Failure> {
        let mut tx = self.pool.begin().await?;
        let committed = apply(&mut *tx, tenant, write).await?;
        tx.commit().await?;
        Ok(committed)
    }
}

impl Store for PostgresStore {
    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        id: ResourceId,
    ) -> Answer<'a, Option<Arc<Record>>> {
        Box::pin(async move {
            let row = query_as(READ).bind(id.0).bind(tenant.as_str()).bind(kind.name());
            let row: Option<RecordRow> =
                row.fetch_optional(&self.pool).await.map_err(|error| failed(&error))?;
            Ok(row.map(record))
        })
    }

    fn find<'a>(&'a self, tenant: &'a TenantId, kind: Kind, key: &'a Key) -> Answer<'a, Vec<Arc<Record>>> {
        Box::pin(async move {
            let digest = digest(tenant, kind, key);
            let rows = query_as(FIND).bind(&digest[..]).fetch_all(&self.pool).await;
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
            rows.fetch_all(&self.pool).await.map(records).map_err(|error| failed(&error))
        })
    }

    fn members<'a>(&'a self, tenant: &'a TenantId, group: ResourceId) -> Answer<'a, Vec<Reference>> {
        Box::pin(async move {
            let rows = query_as(MEMBERS).bind(group.0).bind(tenant.as_str()).fetch_all(&self.pool).await;
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
            let rows = query_as(GROUPS_OF).bind(member.0).bind(tenant.as_str()).fetch_all(&self.pool).await;
            rows.map(references).map_err(|error| failed(&error))
        })
    }

    fn turn<'a>(&'a self, tenant: &'a TenantId, id: ResourceId) -> Answer<'a, Turn> {
        Box::pin(async move {
            let turn = begin_turn(&self.turns, "turns", &format!("{} {id}", tenant.as_str())).await;
            turn.map(Turn::holding).map_err(|error| failed(&error))
        })
    }

    fn commit<'a>(&'a self, tenant: &'a TenantId, write: Write) -> Answer<'a, Committed> {
        Box::pin(async move {
            for _ in 0..ATTEMPTS {
                match self.write(tenant, &write).await {
                    Ok(committed) => return Ok(committed),
                    Err(Failure::Refused(error)) => return Err(error),
                    Err(Failure::Database(error)) if lost_a_race(&error) => {}
                    Err(Failure::Database(error)) => return Err(failed(&error)),
                }
            }
            Err(StoreError::Failed("others were faster, again and again".to_owned()))
        })
    }
}

/// Waits until nobody else on the database has the turn; it is over when the transaction is, which is when it is
/// dropped at the latest.
async fn begin_turn(
    turns: &PgPool,
    kind: &str,
    whose: &str,
) -> Result<Begun<'static, Postgres>, sqlx::Error> {
    // In one message and not in two: this comes with every write. The number is all that goes into the text.
    let digest = digest_of(&["scimspec", kind, whose]);
    let key = digest.iter().take(8).fold(0, |key, byte| key << 8 | i64::from(*byte));
    let begin = AssertSqlSafe(format!("BEGIN; SELECT pg_advisory_xact_lock({key})"));
    turns.begin_with(begin).await
}

async fn total(connection: &mut PgConnection, tenant: &TenantId, kind: Kind) -> Result<u64, sqlx::Error> {
    let total = query_scalar(TOTAL).bind(tenant.as_str()).bind(kind.name());
    total.fetch_one(connection).await.map(unsigned)
}

/// Whether the write was taken back because of another one: done again, it will see what that one did. Two that
/// want one key at the same time both find it free, and one of them runs into the index; two that want each
/// other's keys wait for each other (40P01).
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn lost_a_race(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else { return false };
    match error.code().as_deref() {
        Some("40001" | "40P01") => true,
        Some("23505") => error.constraint() == Some("keys_sole"),
        _ => false,
    }
}
