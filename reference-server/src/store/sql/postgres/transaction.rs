//! The steps of a write, for PostgreSQL.

use std::collections::BTreeMap;

use sqlx::{PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use super::super::{
    BLOCK, Digest, READ, RecordRow, signed,
    write::{Peer, Reach, Transaction, peers},
};
use crate::store::{Kind, Record, ResourceId, TenantId, Timestamp, Version};

/// Over how many rows the count of one block is spread.
const SHARDS: i64 = 8;

type Result<T> = std::result::Result<T, sqlx::Error>;

impl Transaction for PgConnection {
    /// Writes that stay with their resource go side by side; one that goes beyond it has the tenant for itself.
    /// Without that, two that touch each other's resources in opposite order would lock each other out, and a
    /// member could be deleted while it joins.
    async fn claim(&mut self, tenant: &TenantId, reach: Reach) -> Result<bool> {
        let lock = match reach {
            Reach::Resource => "SELECT pg_advisory_xact_lock_shared(hashtext('scimspec'), hashtext($1))",
            Reach::Tenant => "SELECT pg_advisory_xact_lock(hashtext('scimspec'), hashtext($1))",
        };
        query(lock).bind(tenant.as_str()).execute(self).await?;
        // `rewrite` compares the version of the one resource once more; the rows of others have no version here.
        Ok(reach == Reach::Tenant)
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
        let digests: Vec<&[u8]> = keys.keys().map(|digest| &digest[..]).collect();
        let sole: Vec<bool> = keys.values().copied().collect();
        query("DELETE FROM keys WHERE resource = $1 AND digest <> ALL ($2)")
            .bind(resource)
            .bind(&digests)
            .execute(&mut *self)
            .await?;
        query(
            "INSERT INTO keys (resource, digest, sole) \
             SELECT $1, new.digest, new.sole FROM UNNEST($2::BYTEA[], $3::BOOLEAN[]) AS new (digest, sole) \
             ON CONFLICT (resource, digest) DO UPDATE SET sole = excluded.sole \
             WHERE keys.sole <> excluded.sole",
        )
        .bind(resource)
        .bind(&digests)
        .bind(&sole)
        .execute(self)
        .await?;
        Ok(())
    }

    async fn count(&mut self, tenant: &TenantId, kind: Kind, sequence: i64, by: i64) -> Result<()> {
        query(
            "INSERT INTO blocks (tenant, kind, block, shard, amount) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (tenant, kind, block, shard) DO UPDATE SET amount = blocks.amount + excluded.amount",
        )
        .bind(tenant.as_str())
        .bind(kind.name())
        .bind(sequence / BLOCK)
        .bind(sequence % SHARDS)
        .bind(by)
        .execute(self)
        .await?;
        Ok(())
    }

    async fn resolve(&mut self, tenant: &TenantId, ids: &[ResourceId]) -> Result<Vec<Peer>> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let rows = query_as(
            "SELECT sequence, id, kind FROM resources WHERE id = ANY ($1) AND COALESCE(tenant = $2, FALSE)",
        );
        Ok(peers(rows.bind(ids).bind(tenant.as_str()).fetch_all(self).await?))
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
            "INSERT INTO memberships (holder, member) \
             SELECT $1, new.member FROM UNNEST($2::BIGINT[]) WITH ORDINALITY AS new (member, place) \
             ORDER BY new.place ON CONFLICT (holder, member) DO NOTHING RETURNING member",
        )
        .bind(holder)
        .bind(members)
        .fetch_all(self)
        .await
    }

    async fn part(&mut self, holder: i64, members: &[i64]) -> Result<Vec<i64>> {
        query_scalar("DELETE FROM memberships WHERE holder = $1 AND member = ANY ($2) RETURNING member")
            .bind(holder)
            .bind(members)
            .fetch_all(self)
            .await
    }

    async fn members_of_any(&mut self, holders: &[i64]) -> Result<Vec<i64>> {
        let members = query_scalar("SELECT DISTINCT member FROM memberships WHERE holder = ANY ($1)");
        members.bind(holders).fetch_all(self).await
    }

    async fn touch(&mut self, resources: &[i64]) -> Result<()> {
        let touch = query("UPDATE resources SET version = version + 1 WHERE sequence = ANY ($1)");
        touch.bind(resources).execute(self).await?;
        Ok(())
    }

    async fn touch_holders(&mut self, member: i64) -> Result<()> {
        query(
            "UPDATE resources SET version = version + 1 \
             WHERE sequence = ANY (ARRAY(SELECT holder FROM memberships WHERE member = $1)) AND sequence <> $1",
        )
        .bind(member)
        .execute(self)
        .await?;
        Ok(())
    }

    async fn modify_holders(&mut self, member: i64, at: Timestamp) -> Result<()> {
        query(
            "UPDATE resources SET version = version + 1, last_modified = GREATEST($2, last_modified + 1) \
             WHERE sequence = ANY (ARRAY(SELECT holder FROM memberships WHERE member = $1)) AND sequence <> $1",
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
