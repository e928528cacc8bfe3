//! The accounts in a SQLite file.

use futures::future::BoxFuture;
use sqlx::{SqliteConnection, SqlitePool, query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    super::{
        Digest,
        accounts::{About, AccountRow, AccountRows, Database, Failure, Turn, credential, perform},
        signed,
    },
    transaction::{hex, list},
    writer::{Work, Writer},
};
use crate::{accounts::AccountsError, store::TenantId};

/// The rooms of the file in which the accounts are.
#[derive(Debug, Clone)]
pub(crate) struct SqliteLedger {
    pub(super) readers: SqlitePool,
    pub(super) writer: Writer,
}

impl Database for SqliteLedger {
    fn look<'a, T: Send + 'static>(
        &'a self,
        tenant: &'a TenantId,
        about: About,
        look: Turn<T>,
    ) -> BoxFuture<'a, Result<T, AccountsError>> {
        Box::pin(async move {
            let mut snapshot = self.readers.begin().await.map_err(|error| failed(&error))?;
            perform(&mut *snapshot, tenant, &about, false, &*look).await.map_err(refusal)
        })
    }

    fn change<'a, T: Send + 'static>(
        &'a self,
        tenant: &'a TenantId,
        about: About,
        change: Turn<T>,
    ) -> BoxFuture<'a, Result<T, AccountsError>> {
        Box::pin(self.writer.perform(Call { tenant: tenant.clone(), about, change }))
    }

    fn hold_endings<'a>(&'a self, _: &'a TenantId) -> BoxFuture<'a, Result<Box<dyn Send>, AccountsError>> {
        // A file has one server.
        Box::pin(async { Ok(Box::new(()) as Box<dyn Send>) })
    }
}

struct Call<T> {
    tenant: TenantId,
    about: About,
    change: Turn<T>,
}

impl<T: Send + 'static> Work for Call<T> {
    type Done = T;
    type Error = AccountsError;

    fn perform<'a>(
        &'a self,
        connection: &'a mut SqliteConnection,
    ) -> BoxFuture<'a, Result<T, AccountsError>> {
        Box::pin(async move {
            perform(connection, &self.tenant, &self.about, true, &*self.change).await.map_err(refusal)
        })
    }

    fn failed(error: &sqlx::Error) -> AccountsError {
        failed(error)
    }

    fn closed() -> AccountsError {
        AccountsError::Failed("the accounts are closed".to_owned())
    }
}

fn refusal(failure: Failure) -> AccountsError {
    match failure {
        Failure::Accounts(error) => error,
        Failure::Database(error) => failed(&error),
    }
}

fn failed(error: &sqlx::Error) -> AccountsError {
    AccountsError::Failed(error.to_string())
}

type Outcome<T> = Result<T, sqlx::Error>;

impl AccountRows for SqliteConnection {
    async fn accounts(
        &mut self,
        tenant: &TenantId,
        ids: &[i64],
        about: &About,
        _: bool,
    ) -> Outcome<Vec<AccountRow>> {
        let resources = about.resources.iter().map(|id| format!("\"{}\"", hex(Uuid::from(*id).as_bytes())));
        // The plus keeps the index that begins with the tenant out of it: with it every account of the tenant would
        // be read. https://www.sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_
        query_as(
            "SELECT id, resource, text FROM accounts WHERE +tenant = $1 AND id IN ( \
                 SELECT value FROM json_each($2) \
                 UNION SELECT account FROM account_credentials WHERE id = $3 \
                 UNION SELECT a.id FROM json_each($4) wanted CROSS JOIN accounts a \
                       ON a.tenant = $1 AND a.resource = unhex(wanted.value) \
                 UNION SELECT id FROM accounts WHERE tenant = $1 AND administers AND $5) \
             ORDER BY id",
        )
        .bind(tenant.as_str())
        .bind(list(ids.iter().copied().chain(about.accounts.iter().map(|id| signed(id.0)))))
        .bind(about.credential.map(credential))
        .bind(list(resources))
        .bind(about.administrators)
        .fetch_all(self)
        .await
    }

    async fn names(&mut self, names: &[Digest]) -> Outcome<Vec<(Vec<u8>, i64)>> {
        let names = list(names.iter().map(|name| format!("\"{}\"", hex(name))));
        query_as(
            "SELECT n.digest, n.account FROM json_each($1) wanted \
             CROSS JOIN account_names n ON n.digest = unhex(wanted.value)",
        )
        .bind(names)
        .fetch_all(self)
        .await
    }

    async fn groups(&mut self, tenant: &TenantId, groups: &[Uuid]) -> Outcome<Vec<(Uuid, Vec<u8>)>> {
        let groups = list(groups.iter().map(|id| format!("\"{}\"", hex(id.as_bytes()))));
        query_as(
            "SELECT g.id, g.name FROM json_each($2) wanted \
             CROSS JOIN account_groups g ON g.tenant = $1 AND g.id = unhex(wanted.value)",
        )
        .bind(tenant.as_str())
        .bind(groups)
        .fetch_all(self)
        .await
    }

    async fn fresh_id(&mut self) -> Outcome<i64> {
        query_scalar("UPDATE account_ids SET last = last + 1 RETURNING last").fetch_one(self).await
    }

    async fn put(
        &mut self,
        tenant: &TenantId,
        (id, resource, text): &AccountRow,
        administers: bool,
    ) -> Outcome<()> {
        query(
            "INSERT INTO accounts (id, tenant, resource, administers, text) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (id) DO UPDATE SET administers = excluded.administers, text = excluded.text",
        )
        .bind(id)
        .bind(tenant.as_str())
        .bind(resource)
        .bind(administers)
        .bind(text)
        .execute(self)
        .await?;
        Ok(())
    }

    async fn put_credentials(&mut self, id: i64, credentials: &[i64]) -> Outcome<()> {
        let credentials = list(credentials);
        query(
            "DELETE FROM account_credentials WHERE account = $1 \
             AND id NOT IN (SELECT value FROM json_each($2))",
        )
        .bind(id)
        .bind(&credentials)
        .execute(&mut *self)
        .await?;
        query(
            "INSERT INTO account_credentials (id, account) SELECT value, $1 FROM json_each($2) WHERE true \
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(id)
        .bind(&credentials)
        .execute(self)
        .await?;
        Ok(())
    }

    async fn remove(&mut self, id: i64) -> Outcome<()> {
        query("DELETE FROM accounts WHERE id = $1").bind(id).execute(self).await?;
        Ok(())
    }

    async fn put_name(&mut self, name: &Digest, account: i64) -> Outcome<()> {
        query(
            "INSERT INTO account_names (digest, account) VALUES ($1, $2) \
             ON CONFLICT (digest) DO UPDATE SET account = excluded.account",
        )
        .bind(&name[..])
        .bind(account)
        .execute(self)
        .await?;
        Ok(())
    }

    async fn remove_name(&mut self, name: &Digest) -> Outcome<()> {
        query("DELETE FROM account_names WHERE digest = $1").bind(&name[..]).execute(self).await?;
        Ok(())
    }

    async fn put_group(&mut self, tenant: &TenantId, group: Uuid, name: &[u8]) -> Outcome<()> {
        query(
            "INSERT INTO account_groups (tenant, id, name) VALUES ($1, $2, $3) \
             ON CONFLICT (tenant, id) DO UPDATE SET name = excluded.name",
        )
        .bind(tenant.as_str())
        .bind(group)
        .bind(name)
        .execute(self)
        .await?;
        Ok(())
    }

    async fn remove_group(&mut self, tenant: &TenantId, group: Uuid) -> Outcome<()> {
        let gone = query("DELETE FROM account_groups WHERE tenant = $1 AND id = $2");
        gone.bind(tenant.as_str()).bind(group).execute(self).await?;
        Ok(())
    }
}
