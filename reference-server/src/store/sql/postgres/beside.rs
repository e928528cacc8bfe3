//! Tokens and notebooks in a PostgreSQL database.

use super::{
    super::beside::{NoteRows, TokenRows},
    PostgresStore, SNAPSHOT, failed,
};
use crate::{
    store::{
        Answer, KeptToken, NoteChanges, Notebook, Notes, StoreError, TenantId, TokenChange, TokenStore,
        Version, sql::write::Failure,
    },
    token::TokenId,
};

impl TokenStore for PostgresStore {
    fn named(&self, id: TokenId) -> Answer<'_, Vec<KeptToken>> {
        Box::pin(async move {
            let mut connection = self.pool.acquire().await.map_err(|error| failed(&error))?;
            connection.tokens_named(id).await.map_err(|error| failed(&error))
        })
    }

    fn of<'a>(&'a self, tenant: &'a TenantId) -> Answer<'a, Vec<KeptToken>> {
        Box::pin(async move {
            let mut connection = self.pool.acquire().await.map_err(|error| failed(&error))?;
            connection.tokens_of(tenant).await.map_err(|error| failed(&error))
        })
    }

    fn change(&self, change: TokenChange) -> Answer<'_, bool> {
        Box::pin(async move { self.change_tokens(&change).await.map_err(|error| failed(&error)) })
    }
}

impl Notes for PostgresStore {
    fn read_since<'a>(&'a self, tenant: &'a TenantId, seen: Version) -> Answer<'a, Option<Notebook>> {
        Box::pin(async move {
            let mut snapshot = self.pool.begin_with(SNAPSHOT).await.map_err(|error| failed(&error))?;
            let book = snapshot.notebook(tenant, seen).await.map_err(|error| failed(&error))?;
            snapshot.commit().await.map_err(|error| failed(&error))?;
            Ok(book)
        })
    }

    fn write<'a>(
        &'a self,
        tenant: &'a TenantId,
        expected: Version,
        changes: &'a NoteChanges,
    ) -> Answer<'a, Version> {
        Box::pin(async move { self.write_notes(tenant, expected, changes).await.map_err(refusal) })
    }
}

impl PostgresStore {
    /// One change of a tenant's tokens after the other: of two that reset them at once the second has to end what
    /// the first has made.
    async fn change_tokens(&self, change: &TokenChange) -> Result<bool, sqlx::Error> {
        let tenant = match change {
            TokenChange::Add(new) | TokenChange::Rotate { new, .. } | TokenChange::Reset(new) => &new.tenant,
            TokenChange::Revoke { tenant, .. } => tenant,
        };
        let mut tx = self.pool.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock(hashtext('scimspec tokens'), hashtext($1))")
            .bind(tenant.as_str())
            .execute(&mut *tx)
            .await?;
        let done = tx.change_tokens(change).await?;
        tx.commit().await?;
        Ok(done)
    }

    async fn write_notes(
        &self,
        tenant: &TenantId,
        expected: Version,
        changes: &NoteChanges,
    ) -> Result<Version, Failure> {
        let mut tx = self.pool.begin().await?;
        let version = tx.write_notes(tenant, expected, changes).await?;
        tx.commit().await?;
        Ok(version)
    }
}

fn refusal(failure: Failure) -> StoreError {
    match failure {
        Failure::Refused(error) => error,
        Failure::Database(error) => failed(&error),
    }
}
