//! The accounts in a PostgreSQL database.

use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool, query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    super::{
        Digest,
        accounts::{About, AccountRow, AccountRows, Database, Failure, Turn, credential, perform},
        signed,
    },
    ATTEMPTS, SNAPSHOT, begin_turn, lost_a_race,
};
use crate::{accounts::AccountsError, store::TenantId};

/// The rooms of the database in which the accounts are.
#[derive(Debug, Clone)]
pub(crate) struct PostgresLedger {
    pub(super) pool: PgPool,
    pub(super) turns: PgPool,
}

impl PostgresLedger {
    async fn change_once<T: Send + 'static>(
        &self,
        tenant: &TenantId,
        about: &About,
        change: &Turn<T>,
    ) -> Result<T, Failure> {
        let mut tx = self.pool.begin().await?;
        let done = perform(&mut *tx, tenant, about, true, &**change).await?;
        tx.commit().await?;
        Ok(done)
    }
}

impl Database for PostgresLedger {
    fn look<'a, T: Send + 'static>(
        &'a self,
        tenant: &'a TenantId,
        about: About,
        look: Turn<T>,
    ) -> BoxFuture<'a, Result<T, AccountsError>> {
        Box::pin(async move {
            let snapshot = self.pool.begin_with(SNAPSHOT).await;
            let mut snapshot = snapshot.map_err(|error| failed(&error))?;
            let seen = perform(&mut *snapshot, tenant, &about, false, &*look).await.map_err(refusal)?;
            snapshot.commit().await.map_err(|error| failed(&error))?;
            Ok(seen)
        })
    }

    fn change<'a, T: Send + 'static>(
        &'a self,
        tenant: &'a TenantId,
        about: About,
        change: Turn<T>,
    ) -> BoxFuture<'a, Result<T, AccountsError>> {
        Box::pin(async move {
            for _ in 0..ATTEMPTS {
                match self.change_once(tenant, &about, &change).await {
                    Err(Failure::Database(error)) if lost_a_race(&error) => {}
                    done => return done.map_err(refusal),
                }
            }
            Err(AccountsError::Failed("others were faster, again and again".to_owned()))
        })
    }

    fn hold_endings<'a>(
        &'a self,
        tenant: &'a TenantId,
    ) -> BoxFuture<'a, Result<Box<dyn Send>, AccountsError>> {
        Box::pin(async move {
            let held = begin_turn(&self.turns, "endings", tenant.as_str()).await;
            let held = held.map_err(|error| failed(&error))?;
            Ok(Box::new(held) as Box<dyn Send>)
        })
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

macro_rules! accounts {
    () => {
        "SELECT id, resource, text FROM accounts WHERE tenant = $1 AND id = ANY (ARRAY( \
             SELECT UNNEST($2::BIGINT[]) \
             UNION SELECT account FROM account_credentials WHERE id = $3 \
             UNION SELECT id FROM accounts WHERE tenant = $1 AND resource = ANY ($4) \
             UNION SELECT id FROM accounts WHERE tenant = $1 AND administers AND $5)) \
         ORDER BY id"
    };
}

impl AccountRows for PgConnection {
    async fn accounts(
        &mut self,
        tenant: &TenantId,
        ids: &[i64],
        about: &About,
        to_be_written: bool,
    ) -> Outcome<Vec<AccountRow>> {
        let resources: Vec<Uuid> = about.resources.iter().copied().map(Uuid::from).collect();
        let ids: Vec<i64> = ids.iter().copied().chain(about.accounts.iter().map(|id| signed(id.0))).collect();
        query_as(if to_be_written { concat!(accounts!(), " FOR UPDATE") } else { accounts!() })
            .bind(tenant.as_str())
            .bind(ids)
            .bind(about.credential.map(credential))
            .bind(resources)
            .bind(about.administrators)
            .fetch_all(self)
            .await
    }

    async fn names(&mut self, names: &[Digest]) -> Outcome<Vec<(Vec<u8>, i64)>> {
        let names: Vec<&[u8]> = names.iter().map(|name| &name[..]).collect();
        let owners = query_as("SELECT digest, account FROM account_names WHERE digest = ANY ($1)");
        owners.bind(names).fetch_all(self).await
    }

    async fn groups(&mut self, tenant: &TenantId, groups: &[Uuid]) -> Outcome<Vec<(Uuid, Vec<u8>)>> {
        let names = query_as("SELECT id, name FROM account_groups WHERE tenant = $1 AND id = ANY ($2)");
        names.bind(tenant.as_str()).bind(groups).fetch_all(self).await
    }

    async fn fresh_id(&mut self) -> Outcome<i64> {
        query_scalar("SELECT nextval('account_ids')").fetch_one(self).await
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
        query("DELETE FROM account_credentials WHERE account = $1 AND id <> ALL ($2)")
            .bind(id)
            .bind(credentials)
            .execute(&mut *self)
            .await?;
        query(
            "INSERT INTO account_credentials (id, account) SELECT UNNEST($2::BIGINT[]), $1 \
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(id)
        .bind(credentials)
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
