//! The steps of a write, for SQLite. Lists of values go in as JSON, which SQLite reads with `json_each`.

use std::{collections::BTreeMap, fmt::Write as _};

use sqlx::{SqliteConnection, query, query_as, query_scalar};
use uuid::Uuid;

use super::super::{
    BLOCK, Digest, READ, RecordRow, signed,
    write::{Peer, Reach, Transaction, peers},
};
use crate::store::{Kind, Record, ResourceId, TenantId, Timestamp, Version};

type Result<T> = std::result::Result<T, sqlx::Error>;

impl Transaction for SqliteConnection {
    async fn claim(&mut self, _: &TenantId, _: Reach) -> Result<bool> {
        // BEGIN IMMEDIATE has done it: there is one writer in a file.
        Ok(false)
    }

    async fn current(&mut self, tenant: &TenantId, kind: Kind, id: ResourceId) -> Result<Option<RecordRow>> {
        query_as(READ).bind(id.0).bind(tenant.as_str()).bind(kind.name()).fetch_optional(self).await
    }

    async fn carrier(&mut self, digest: &Digest, except: i64) -> Result<Option<i64>> {
        query_scalar("SELECT resource FROM keys WHERE digest = $1 AND resource <> $2 LIMIT 1")
            .bind(&digest[..])
            .bind(except)
            .fetch_optional(self)
            .await
    }

    async fn insert(&mut self, tenant: &TenantId, record: &Record) -> Result<i64> {
        query_scalar(
            "INSERT INTO resources (tenant, kind, id, version, created, last_modified, display, text) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING sequence",
        )
        .bind(tenant.as_str())
        .bind(record.kind.name())
        .bind(record.id.0)
        .bind(signed(record.version.0))
        .bind(record.created.0)
        .bind(record.last_modified.0)
        .bind(record.display.as_bytes())
        .bind(&*record.text)
        .fetch_one(self)
        .await
    }

    async fn rewrite(&mut self, record: &Record, expected: Version) -> Result<bool> {
        let done = query(
            "UPDATE resources SET version = $1, last_modified = $2, display = $3, text = $4 \
             WHERE sequence = $5 AND version = $6",
        )
        .bind(signed(record.version.0))
        .bind(record.last_modified.0)
        .bind(record.display.as_bytes())
        .bind(&*record.text)
        .bind(signed(record.sequence.0))
        .bind(signed(expected.0))
        .execute(self)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn file(&mut self, resource: i64, keys: &BTreeMap<Digest, bool>) -> Result<()> {
        // [["digest in hex", whether it is sole], ..]
        let keys = list(keys.iter().map(|(digest, sole)| format!("[\"{}\",{sole}]", hex(digest))));
        query(
            "DELETE FROM keys WHERE resource = $1 \
             AND digest NOT IN (SELECT unhex(value ->> 0) FROM json_each($2))",
        )
        .bind(resource)
        .bind(&keys)
        .execute(&mut *self)
        .await?;
        query(
            "INSERT INTO keys (resource, digest, sole) \
             SELECT $1, unhex(value ->> 0), value ->> 1 FROM json_each($2) WHERE true \
             ON CONFLICT (resource, digest) DO UPDATE SET sole = excluded.sole WHERE sole <> excluded.sole",
        )
        .bind(resource)
        .bind(&keys)
        .execute(self)
        .await?;
        Ok(())
    }

    async fn count(&mut self, tenant: &TenantId, kind: Kind, sequence: i64, by: i64) -> Result<()> {
        query(
            "INSERT INTO blocks (tenant, kind, block, shard, amount) VALUES ($1, $2, $3, 0, $4) \
             ON CONFLICT (tenant, kind, block, shard) DO UPDATE SET amount = amount + excluded.amount",
        )
        .bind(tenant.as_str())
        .bind(kind.name())
        .bind(sequence / BLOCK)
        .bind(by)
        .execute(self)
        .await?;
        Ok(())
    }

    async fn resolve(&mut self, tenant: &TenantId, ids: &[ResourceId]) -> Result<Vec<Peer>> {
        let ids = list(ids.iter().map(|id| format!("\"{}\"", hex(id.0.as_bytes()))));
        let rows: Vec<(i64, Uuid, String)> = query_as(
            "SELECT r.sequence, r.id, r.kind FROM json_each($1) wanted \
             CROSS JOIN resources r ON r.id = unhex(wanted.value) WHERE r.tenant = $2",
        )
        .bind(ids)
        .bind(tenant.as_str())
        .fetch_all(self)
        .await?;
        Ok(peers(rows))
    }

    async fn members(&mut self, holder: i64) -> Result<Vec<Peer>> {
        let rows = query_as(
            "SELECT r.sequence, r.id, r.kind FROM memberships m JOIN resources r ON r.sequence = m.member \
             WHERE m.holder = $1 ORDER BY m.place",
        );
        Ok(peers(rows.bind(holder).fetch_all(self).await?))
    }

    async fn join(&mut self, holder: i64, members: &[i64]) -> Result<Vec<i64>> {
        query_scalar(
            "INSERT INTO memberships (holder, member) SELECT $1, value FROM json_each($2) WHERE true \
             ORDER BY key ON CONFLICT (holder, member) DO NOTHING RETURNING member",
        )
        .bind(holder)
        .bind(list(members))
        .fetch_all(self)
        .await
    }

    async fn part(&mut self, holder: i64, members: &[i64]) -> Result<Vec<i64>> {
        query_scalar(
            "DELETE FROM memberships WHERE holder = $1 AND member IN (SELECT value FROM json_each($2)) \
             RETURNING member",
        )
        .bind(holder)
        .bind(list(members))
        .fetch_all(self)
        .await
    }

    async fn members_of_any(&mut self, holders: &[i64]) -> Result<Vec<i64>> {
        query_scalar(
            "SELECT DISTINCT m.member FROM json_each($1) wanted \
             CROSS JOIN memberships m ON m.holder = wanted.value",
        )
        .bind(list(holders))
        .fetch_all(self)
        .await
    }

    async fn touch(&mut self, resources: &[i64]) -> Result<()> {
        query(
            "UPDATE resources SET version = version + 1 \
             WHERE sequence IN (SELECT value FROM json_each($1))",
        )
        .bind(list(resources))
        .execute(self)
        .await?;
        Ok(())
    }

    async fn touch_holders(&mut self, member: i64) -> Result<()> {
        query(
            "UPDATE resources SET version = version + 1 \
             WHERE sequence IN (SELECT holder FROM memberships WHERE member = $1) AND sequence <> $1",
        )
        .bind(member)
        .execute(self)
        .await?;
        Ok(())
    }

    async fn modify_holders(&mut self, member: i64, at: Timestamp) -> Result<()> {
        query(
            "UPDATE resources SET version = version + 1, last_modified = max($2, last_modified + 1) \
             WHERE sequence IN (SELECT holder FROM memberships WHERE member = $1) AND sequence <> $1",
        )
        .bind(member)
        .bind(at.0)
        .execute(self)
        .await?;
        Ok(())
    }

    async fn delete(&mut self, resource: i64) -> Result<()> {
        query("DELETE FROM memberships WHERE holder = $1 OR member = $1")
            .bind(resource)
            .execute(&mut *self)
            .await?;
        // The keys go with it.
        query("DELETE FROM resources WHERE sequence = $1").bind(resource).execute(self).await?;
        Ok(())
    }
}

/// A JSON array of what is JSON already.
pub(super) fn list(values: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    let mut text = String::from("[");
    for (place, value) in values.into_iter().enumerate() {
        // Writing to a string cannot fail.
        _ = write!(text, "{}{value}", if place > 0 { "," } else { "" });
    }
    text.push(']');
    text
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        _ = write!(text, "{byte:02x}");
    }
    text
}
