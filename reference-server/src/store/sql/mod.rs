//! The stores in SQL databases, and what they share: the rows, the questions that are the same in both, and
//! errors. How a write goes is `write`'s; what SQLite and PostgreSQL each have of their own is in their folders.

mod accounts;
mod beside;
mod postgres;
mod sqlite;
mod write;

use std::{path::PathBuf, sync::Arc};

use sha2::{Digest as _, Sha256};
use sqlx::{
    SqlSafeStr,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};
use thiserror::Error;
use uuid::Uuid;

use self::accounts::SqlAccounts;
pub use self::{postgres::PostgresStore, sqlite::SqliteStore};
use super::{
    Key, Kind, Record, Reference, References, ResourceId, Sequence, StoreError, TenantId, Timestamp, Version,
};

/// Why a database cannot be used as a store.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file cannot be opened or made.
    #[error("the SQLite file {} cannot be opened: {source}", path.display())]
    SqliteFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no SQLite database, or SQLite cannot work with it.
    #[error("the SQLite file {} cannot be used: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        source: sqlx::Error,
    },
    /// The URL is none of a PostgreSQL database.
    #[error("the URL of the PostgreSQL database cannot be read: {0}")]
    PostgresUrl(String),
    /// There is no such schema name.
    #[error("{0:?} cannot be the name of a schema: use lower-case letters, digits and _")]
    PostgresSchema(String),
    /// The database does not answer, or not to us.
    #[error("the PostgreSQL database cannot be reached: {0}")]
    Postgres(sqlx::Error),
    /// The tables could not be made or brought up to date.
    #[error("the tables of the store cannot be brought up to date: {0}")]
    Migrate(#[from] MigrateError),
    /// What a server has to write down before it can serve could not be written.
    #[error("the store cannot be written to: {0}")]
    Unwritable(StoreError),
}

/// How many sequences one row of `blocks` stands for. A page deep in the list is found by adding up the rows (a
/// hundred and some for a million resources) and walking less than one block.
const BLOCK: i64 = 8192;

/// The start of a question for [`RecordRow`]s.
macro_rules! select_records {
    ($rest:literal) => {
        concat!(
            "SELECT r.sequence, r.kind, r.id, r.version, r.created, r.last_modified, r.display, r.text \
             FROM resources r ",
            $rest
        )
    };
}

use select_records;

/// By the id and nothing else (COALESCE keeps the rest from being looked up in an index): to a planner that has no
/// statistics yet, tenant and kind look as rare as an id.
const READ: &str = select_records!("WHERE r.id = $1 AND COALESCE(r.tenant = $2 AND r.kind = $3, FALSE)");

const AFTER: &str =
    select_records!("WHERE r.tenant = $1 AND r.kind = $2 AND r.sequence > $3 ORDER BY r.sequence LIMIT $4");

const BEFORE: &str = select_records!(
    "WHERE r.tenant = $1 AND r.kind = $2 AND r.sequence < $3 ORDER BY r.sequence DESC LIMIT $4"
);

/// From a sequence on, but without the first few.
const FROM: &str = select_records!(
    "WHERE r.tenant = $1 AND r.kind = $2 AND r.sequence >= $3 ORDER BY r.sequence LIMIT $4 OFFSET $5"
);

const TOTAL: &str =
    "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM blocks WHERE tenant = $1 AND kind = $2";

/// The block in which the resource at the 0-based place $3 is, and how many of the block come before it.
const START: &str = "\
    WITH counted AS (SELECT block, SUM(amount) AS amount FROM blocks WHERE tenant = $1 AND kind = $2 GROUP BY block), \
         placed AS (SELECT block, amount, SUM(amount) OVER (ORDER BY block) AS upto FROM counted) \
    SELECT block, CAST($3 - (upto - amount) AS BIGINT) FROM placed WHERE upto > $3 ORDER BY block LIMIT 1";

const MEMBERS: &str = "\
    SELECT r.id, r.kind, r.display FROM resources g \
    JOIN memberships m ON m.holder = g.sequence JOIN resources r ON r.sequence = m.member \
    WHERE g.id = $1 AND COALESCE(g.tenant = $2, FALSE) ORDER BY m.place";

const GROUPS_OF: &str = "\
    SELECT r.id, r.kind, r.display FROM resources u \
    JOIN memberships m ON m.member = u.sequence JOIN resources r ON r.sequence = m.holder \
    WHERE u.id = $1 AND COALESCE(u.tenant = $2, FALSE) ORDER BY r.sequence";

/// A question for [`OwnedReferenceRow`]s: `o` are the resources that are asked about, on the near side of the rows,
/// and `r` those on the far side.
macro_rules! select_references_of_each {
    ($near:literal, $far:literal, $wanted:literal, $order:literal) => {
        concat!(
            "SELECT o.id, r.id, r.kind, r.display FROM ",
            $wanted,
            " JOIN memberships m ON m.",
            $near,
            " = o.sequence JOIN resources r ON r.sequence = m.",
            $far,
            " WHERE COALESCE(o.tenant = $2, FALSE) ORDER BY o.sequence, ",
            $order
        )
    };
}

use select_references_of_each;

/// A resource as a row: sequence, kind, id, version, created, lastModified, display, text.
type RecordRow = (i64, String, Uuid, i64, i64, i64, Vec<u8>, String);

/// A reference as a row: id, kind, display.
type ReferenceRow = (Uuid, String, Vec<u8>);

/// The same behind the id of the resource whose reference it is.
type OwnedReferenceRow = (Uuid, Uuid, String, Vec<u8>);

fn record(row: RecordRow) -> Arc<Record> {
    let (sequence, kind, id, version, created, last_modified, display, text) = row;
    Arc::new(Record {
        id: ResourceId(id),
        kind: Kind::named(&kind),
        sequence: Sequence(unsigned(sequence)),
        version: Version(unsigned(version)),
        created: Timestamp(created),
        last_modified: Timestamp(last_modified),
        display: String::from_utf8_lossy(&display).into(),
        text: text.into(),
    })
}

fn records(rows: Vec<RecordRow>) -> Vec<Arc<Record>> {
    rows.into_iter().map(record).collect()
}

fn references(rows: Vec<ReferenceRow>) -> Vec<Reference> {
    let reference = |(id, kind, display): ReferenceRow| Reference {
        id: ResourceId(id),
        kind: Kind::named(&kind),
        display: String::from_utf8_lossy(&display).into(),
    };
    rows.into_iter().map(reference).collect()
}

/// Rows in the order of their owners.
fn references_of_each(rows: Vec<OwnedReferenceRow>) -> References {
    let mut all = References::new();
    for (owner, id, kind, display) in rows {
        all.entry(ResourceId(owner)).or_default().extend(references(vec![(id, kind, display)]));
    }
    all
}

/// What stands for a key of a resource of a tenant: 128 bits of SHA-256. A value may be longer than a database
/// can index, and two that share a digest are not to be had: to find a second value for a given one takes 2^128
/// tries.
type Digest = [u8; 16];

fn digest(tenant: &TenantId, kind: Kind, key: &Key) -> Digest {
    digest_of(&[tenant.as_str(), kind.name(), key.attribute.path(), &key.value])
}

fn digest_of(parts: &[&str]) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        // A byte that occurs in no UTF-8, so that no two lists of parts read the same.
        hash.update(part);
        hash.update([0xFF]);
    }
    let hash: [u8; 32] = hash.finalize().into();
    let mut digest = Digest::default();
    digest.copy_from_slice(&hash[..16]);
    digest
}

/// As databases count. None holds as many resources as would not fit.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn failed(error: &sqlx::Error) -> StoreError {
    StoreError::Failed(error.to_string())
}

/// The steps by which the tables came to be what they are. A step that was released is never changed.
fn migrator(steps: &[(&'static str, &'static str)]) -> Migrator {
    let migrations = (1..).zip(steps).map(|(number, (name, sql))| {
        Migration::new(number, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}
