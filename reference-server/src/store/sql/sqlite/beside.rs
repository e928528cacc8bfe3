//! Tokens and notebooks in a SQLite file.

use futures::future::BoxFuture;
use sqlx::SqliteConnection;

use super::{
    super::{
        beside::{NoteRows, TokenRows},
        write::Failure,
    },
    SqliteStore, failed,
    writer::Work,
};
use crate::{
    store::{
        Answer, KeptToken, NoteChanges, Notebook, Notes, StoreError, TenantId, TokenChange, TokenStore,
        Version,
    },
    token::TokenId,
};

impl TokenStore for SqliteStore {
    fn named(&self, id: TokenId) -> Answer<'_, Vec<KeptToken>> {
        Box::pin(async move {
            let mut reader = self.readers.acquire().await.map_err(|error| failed(&error))?;
            reader.tokens_named(id).await.map_err(|error| failed(&error))
        })
    }

    fn of<'a>(&'a self, tenant: &'a TenantId) -> Answer<'a, Vec<KeptToken>> {
        Box::pin(async move {
            let mut reader = self.readers.acquire().await.map_err(|error| failed(&error))?;
            reader.tokens_of(tenant).await.map_err(|error| failed(&error))
        })
    }

    fn change(&self, change: TokenChange) -> Answer<'_, bool> {
        Box::pin(self.writer.perform(Tokens(change)))
    }
}

impl Notes for SqliteStore {
    fn read_since<'a>(&'a self, tenant: &'a TenantId, seen: Version) -> Answer<'a, Option<Notebook>> {
        Box::pin(async move {
            let mut snapshot = self.readers.begin().await.map_err(|error| failed(&error))?;
            snapshot.notebook(tenant, seen).await.map_err(|error| failed(&error))
        })
    }

    fn write<'a>(
        &'a self,
        tenant: &'a TenantId,
        expected: Version,
        changes: &'a NoteChanges,
    ) -> Answer<'a, Version> {
        let (tenant, changes) = (tenant.clone(), changes.clone());
        Box::pin(self.writer.perform(Writing { tenant, expected, changes }))
    }
}

struct Tokens(TokenChange);

impl Work for Tokens {
    type Done = bool;
    type Error = StoreError;

    fn perform<'a>(
        &'a self,
        connection: &'a mut SqliteConnection,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move { connection.change_tokens(&self.0).await.map_err(|error| failed(&error)) })
    }

    fn failed(error: &sqlx::Error) -> StoreError {
        failed(error)
    }

    fn closed() -> StoreError {
        StoreError::Failed("the store is closed".to_owned())
    }
}

struct Writing {
    tenant: TenantId,
    expected: Version,
    changes: NoteChanges,
}

impl Work for Writing {
    type Done = Version;
    type Error = StoreError;

    fn perform<'a>(
        &'a self,
        connection: &'a mut SqliteConnection,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        Box::pin(async move {
            let written = connection.write_notes(&self.tenant, self.expected, &self.changes).await;
            written.map_err(|failure| match failure {
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
