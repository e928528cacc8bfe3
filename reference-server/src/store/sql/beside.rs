//! What both databases keep beside resources and accounts, and how: tokens and notebooks. The SQL is the same in
//! both, so it stands here once; transactions and connections are the database's.

use sqlx::{PgConnection, SqliteConnection, query, query_as, query_scalar};

use super::{
    signed, unsigned,
    write::{Failure, Step},
};
use crate::{
    store::{
        KeptToken, NoteChanges, NoteTexts, Notebook, StoreError, TenantId, Timestamp, TokenChange, Version,
    },
    token::{TokenHash, TokenId},
};

/// A token as a row: id, tenant, hash, configured, created, ends.
type TokenRow = (i64, String, Vec<u8>, bool, i64, Option<i64>);

/// The rows of tokens, within one transaction of a database.
pub(super) trait TokenRows: Send {
    /// See [`crate::store::TokenStore::named`].
    fn tokens_named(&mut self, id: TokenId) -> impl Step<Vec<KeptToken>>;

    /// See [`crate::store::TokenStore::of`].
    fn tokens_of(&mut self, tenant: &TenantId) -> impl Step<Vec<KeptToken>>;

    /// See [`crate::store::TokenStore::change`].
    fn change_tokens(&mut self, change: &TokenChange) -> impl Step<bool>;
}

/// The rows of notebooks, within one transaction of a database.
pub(super) trait NoteRows: Send {
    /// See [`crate::store::Notes::read_since`].
    fn notebook(&mut self, tenant: &TenantId, seen: Version) -> impl Step<Option<Notebook>>;

    /// See [`crate::store::Notes::write`].
    fn write_notes(
        &mut self,
        tenant: &TenantId,
        expected: Version,
        changes: &NoteChanges,
    ) -> impl Future<Output = Result<Version, Failure>> + Send;
}

macro_rules! rows_beside {
    ($connection:ty) => {
        impl TokenRows for $connection {
            async fn tokens_named(&mut self, id: TokenId) -> Result<Vec<KeptToken>, sqlx::Error> {
                let rows: Vec<TokenRow> = query_as(
                    "SELECT id, tenant, hash, configured, created, ends FROM scim_tokens WHERE id = $1",
                )
                .bind(id.to_signed())
                .fetch_all(self)
                .await?;
                Ok(rows.into_iter().filter_map(token).collect())
            }

            async fn tokens_of(&mut self, tenant: &TenantId) -> Result<Vec<KeptToken>, sqlx::Error> {
                let rows: Vec<TokenRow> = query_as(
                    "SELECT id, tenant, hash, configured, created, ends FROM scim_tokens WHERE tenant = $1 \
                     ORDER BY created, id",
                )
                .bind(tenant.as_str())
                .fetch_all(self)
                .await?;
                Ok(rows.into_iter().filter_map(token).collect())
            }

            async fn change_tokens(&mut self, change: &TokenChange) -> Result<bool, sqlx::Error> {
                let (tenant, done, new) = match change {
                    TokenChange::Add(new) => {
                        query(
                            "DELETE FROM scim_tokens \
                             WHERE tenant = $1 AND ends <= $2 AND configured = $3",
                        )
                        .bind(new.tenant.as_str())
                        .bind(new.created.0)
                        .bind(false)
                        .execute(&mut *self)
                        .await?;
                        (&new.tenant, 1, Some(new))
                    }
                    TokenChange::Rotate { old, ends, new } => {
                        let done = query(
                            "UPDATE scim_tokens SET ends = CASE WHEN ends < $3 THEN ends ELSE $3 END \
                             WHERE tenant = $1 AND id = $2 AND (ends IS NULL OR ends > $4)",
                        )
                        .bind(new.tenant.as_str())
                        .bind(old.to_signed())
                        .bind(ends.0)
                        .bind(new.created.0)
                        .execute(&mut *self)
                        .await?;
                        (&new.tenant, done.rows_affected(), Some(new))
                    }
                    TokenChange::Revoke { tenant, id, now } => {
                        let done = query(
                            "UPDATE scim_tokens SET ends = $3 \
                             WHERE tenant = $1 AND id = $2 AND (ends IS NULL OR ends > $4)",
                        )
                        .bind(tenant.as_str())
                        .bind(id.to_signed())
                        .bind(Timestamp::EPOCH.0)
                        .bind(now.0)
                        .execute(&mut *self)
                        .await?;
                        (tenant, done.rows_affected(), None)
                    }
                    TokenChange::Reset(new) => {
                        query("UPDATE scim_tokens SET ends = $2 WHERE tenant = $1")
                            .bind(new.tenant.as_str())
                            .bind(Timestamp::EPOCH.0)
                            .execute(&mut *self)
                            .await?;
                        (&new.tenant, 1, Some(new))
                    }
                };
                let Some(new) = new.filter(|_| done > 0) else { return Ok(done > 0) };
                let made = query(
                    "INSERT INTO scim_tokens (tenant, id, hash, configured, created, ends) \
                     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant, id) DO NOTHING",
                )
                .bind(tenant.as_str())
                .bind(new.id.to_signed())
                .bind(&new.hash.bytes()[..])
                .bind(new.configured)
                .bind(new.created.0)
                .bind(new.ends.map(|end| end.0))
                .execute(self)
                .await?;
                Ok(made.rows_affected() > 0)
            }
        }

        impl NoteRows for $connection {
            async fn notebook(
                &mut self,
                tenant: &TenantId,
                seen: Version,
            ) -> Result<Option<Notebook>, sqlx::Error> {
                let version: Option<i64> = query_scalar("SELECT version FROM notebooks WHERE tenant = $1")
                    .bind(tenant.as_str())
                    .fetch_optional(&mut *self)
                    .await?;
                let version = Version(version.map_or(0, unsigned));
                if version == seen {
                    return Ok(None);
                }
                let notes: Vec<(String, String)> = query_as("SELECT name, text FROM notes WHERE tenant = $1")
                    .bind(tenant.as_str())
                    .fetch_all(self)
                    .await?;
                Ok(Some(Notebook { version, notes: NoteTexts::from_iter(notes) }))
            }

            async fn write_notes(
                &mut self,
                tenant: &TenantId,
                expected: Version,
                changes: &NoteChanges,
            ) -> Result<Version, Failure> {
                query(
                    "INSERT INTO notebooks (tenant, version) VALUES ($1, 0) ON CONFLICT (tenant) DO NOTHING",
                )
                .bind(tenant.as_str())
                .execute(&mut *self)
                .await?;
                let done =
                    query("UPDATE notebooks SET version = version + 1 WHERE tenant = $1 AND version = $2")
                        .bind(tenant.as_str())
                        .bind(signed(expected.0))
                        .execute(&mut *self)
                        .await?;
                if done.rows_affected() == 0 {
                    let current: i64 = query_scalar("SELECT version FROM notebooks WHERE tenant = $1")
                        .bind(tenant.as_str())
                        .fetch_one(self)
                        .await?;
                    return Err(StoreError::Conflict { current: Version(unsigned(current)) }.into());
                }
                for (name, text) in changes {
                    let change = match text {
                        Some(text) => query(
                            "INSERT INTO notes (tenant, name, text) VALUES ($1, $2, $3) \
                             ON CONFLICT (tenant, name) DO UPDATE SET text = excluded.text",
                        )
                        .bind(tenant.as_str())
                        .bind(name)
                        .bind(text),
                        None => query("DELETE FROM notes WHERE tenant = $1 AND name = $2")
                            .bind(tenant.as_str())
                            .bind(name),
                    };
                    change.execute(&mut *self).await?;
                }
                Ok(Version(expected.0 + 1))
            }
        }
    };
}

rows_beside!(PgConnection);
rows_beside!(SqliteConnection);

/// A row whose hash is none is nobody's token.
fn token((id, tenant, hash, configured, created, ends): TokenRow) -> Option<KeptToken> {
    Some(KeptToken {
        id: TokenId::from_signed(id),
        tenant: TenantId::new(&tenant),
        hash: TokenHash::from_bytes(hash.try_into().ok()?),
        configured,
        created: Timestamp(created),
        ends: ends.map(Timestamp),
    })
}
