//! One call: what it is about is read into a roll, the call has its turn, and what is different is written.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{
    super::{Digest, write::Step},
    About, kept, read,
};
use crate::{
    accounts::{AccountId, AccountsError, CredentialId, Roll},
    scim::compare::fold,
    store::{ResourceId, TenantId},
};

/// An account as a row: id, resource, text.
pub(in super::super) type AccountRow = (i64, Uuid, String);

/// The rows of accounts, within one transaction of a database.
pub(in super::super) trait AccountRows: Send {
    /// Accounts by their ids, their resources or the id of a credential, or all that administer the application.
    /// In the order of their ids; where they are to be written, they stay as they are until the transaction ends.
    fn accounts(
        &mut self,
        tenant: &TenantId,
        ids: &[i64],
        about: &About,
        to_be_written: bool,
    ) -> impl Step<Vec<AccountRow>>;

    /// Whose names these are.
    fn names(&mut self, names: &[Digest]) -> impl Step<Vec<(Vec<u8>, i64)>>;

    /// What these groups of the tenant are called.
    fn groups(&mut self, tenant: &TenantId, groups: &[Uuid]) -> impl Step<Vec<(Uuid, Vec<u8>)>>;

    /// An id that no account has had.
    fn fresh_id(&mut self) -> impl Step<i64>;

    /// Writes an account.
    fn put(&mut self, tenant: &TenantId, row: &AccountRow, administers: bool) -> impl Step<()>;

    /// Makes these, and no others, the credentials by which an account is found.
    fn put_credentials(&mut self, id: i64, credentials: &[i64]) -> impl Step<()>;

    /// Takes an account away, with all by which it is found.
    fn remove(&mut self, id: i64) -> impl Step<()>;

    /// Makes a name an account's.
    fn put_name(&mut self, name: &Digest, account: i64) -> impl Step<()>;

    /// Takes a name away.
    fn remove_name(&mut self, name: &Digest) -> impl Step<()>;

    /// Gives a group a name.
    fn put_group(&mut self, tenant: &TenantId, group: Uuid, name: &[u8]) -> impl Step<()>;

    /// Takes a group away.
    fn remove_group(&mut self, tenant: &TenantId, group: Uuid) -> impl Step<()>;
}

/// Why a call failed: for itself, or with the database.
pub(in super::super) enum Failure {
    /// The call, or what was kept.
    Accounts(AccountsError),
    /// The database said no.
    Database(sqlx::Error),
}

impl From<AccountsError> for Failure {
    fn from(error: AccountsError) -> Self {
        Self::Accounts(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// Does one call in a transaction that the caller commits if this succeeds and rolls back if not.
pub(in super::super) async fn perform<T: AccountRows, A>(
    rows: &mut T,
    tenant: &TenantId,
    about: &About,
    writes: bool,
    turn: &(dyn Fn(&mut Roll) -> Result<A, AccountsError> + Send + Sync),
) -> Result<A, Failure> {
    let mut roll = gather(rows, tenant, about, writes).await?;
    let before = writes.then(|| Picture::of(tenant, &roll)).transpose()?;
    let done = turn(&mut roll)?;
    if let Some(before) = before {
        before.write_changes(rows, tenant, Picture::of(tenant, &roll)?).await?;
    }
    Ok(done)
}

async fn gather<T: AccountRows>(
    rows: &mut T,
    tenant: &TenantId,
    about: &About,
    writes: bool,
) -> Result<Roll, Failure> {
    let mut roll = Roll::default();
    let mut names: BTreeSet<String> = about.user_names.iter().cloned().collect();
    let mut ids: Vec<i64> = about.accounts.iter().map(|id| signed(id.0)).collect();
    // Whose a name is has to be known before the accounts are read, and again for the names that these have.
    let owners = owners(rows, tenant, &names).await?;
    ids.extend(owners.values());
    for (id, resource, text) in rows.accounts(tenant, &ids, about, writes).await? {
        read(&mut roll, AccountId(unsigned(id)), resource, &text)?;
    }
    let held: BTreeSet<String> =
        roll.accounts.values().map(|held| fold(&held.user_name).into_owned()).collect();
    names.extend(held);
    for (name, owner) in self::owners(rows, tenant, &names).await? {
        roll.by_user_name.insert(name.into(), AccountId(unsigned(owner)));
    }
    let mut groups: BTreeSet<Uuid> = about.groups.iter().copied().map(Uuid::from).collect();
    groups.extend(roll.accounts.values().flat_map(|held| held.groups.iter().copied().map(Uuid::from)));
    if !groups.is_empty() {
        let groups: Vec<Uuid> = groups.into_iter().collect();
        for (group, name) in rows.groups(tenant, &groups).await? {
            roll.group_names.insert(group.into(), String::from_utf8_lossy(&name).into());
        }
    }
    if about.fresh {
        roll.last = unsigned(rows.fresh_id().await?).saturating_sub(1);
    }
    Ok(roll)
}

async fn owners<T: AccountRows>(
    rows: &mut T,
    tenant: &TenantId,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<String, i64>, Failure> {
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let digests: BTreeMap<Digest, &String> = names.iter().map(|name| (digest(tenant, name), name)).collect();
    let wanted: Vec<Digest> = digests.keys().copied().collect();
    let found = rows.names(&wanted).await?.into_iter();
    let owner = |(digest, owner): (Vec<u8>, i64)| {
        let digest = Digest::try_from(digest.as_slice()).ok()?;
        Some(((*digests.get(&digest)?).clone(), owner))
    };
    Ok(found.filter_map(owner).collect())
}

/// A roll as its rows.
#[derive(Default)]
struct Picture {
    accounts: BTreeMap<i64, (Uuid, bool, Vec<i64>, String)>,
    names: BTreeMap<Digest, i64>,
    groups: BTreeMap<ResourceId, Box<str>>,
}

impl Picture {
    fn of(tenant: &TenantId, roll: &Roll) -> Result<Self, AccountsError> {
        let mut picture = Self::default();
        for (id, held) in &roll.accounts {
            let credentials = held.credentials.iter().map(|id| credential(*id)).collect();
            let row = (held.resource.into(), held.administers(), credentials, kept(roll, held)?);
            picture.accounts.insert(signed(id.0), row);
        }
        for (name, owner) in &roll.by_user_name {
            picture.names.insert(digest(tenant, name), signed(owner.0));
        }
        picture.groups.extend(roll.group_names.iter().map(|(group, name)| (*group, name.clone())));
        Ok(picture)
    }

    async fn write_changes<T: AccountRows>(
        self,
        rows: &mut T,
        tenant: &TenantId,
        after: Self,
    ) -> Result<(), sqlx::Error> {
        for name in self.names.keys().filter(|name| !after.names.contains_key(*name)) {
            rows.remove_name(name).await?;
        }
        for id in self.accounts.keys().filter(|id| !after.accounts.contains_key(id)) {
            rows.remove(*id).await?;
        }
        for group in self.groups.keys().filter(|group| !after.groups.contains_key(group)) {
            rows.remove_group(tenant, (*group).into()).await?;
        }
        for (id, row) in after.accounts {
            let before = self.accounts.get(&id);
            if before != Some(&row) {
                let had: &[i64] = before.map_or(&[], |(_, _, credentials, _)| credentials);
                let (resource, administers, credentials, text) = row;
                rows.put(tenant, &(id, resource, text), administers).await?;
                if credentials != had {
                    rows.put_credentials(id, &credentials).await?;
                }
            }
        }
        for (name, owner) in after.names {
            if self.names.get(&name) != Some(&owner) {
                rows.put_name(&name, owner).await?;
            }
        }
        for (group, name) in after.groups {
            if self.groups.get(&group) != Some(&name) {
                rows.put_group(tenant, group.into(), name.as_bytes()).await?;
            }
        }
        Ok(())
    }
}

fn digest(tenant: &TenantId, name: &str) -> Digest {
    super::super::digest_of(&[tenant.as_str(), "account", name])
}

fn signed(number: u64) -> i64 {
    super::super::signed(number)
}

fn unsigned(number: i64) -> u64 {
    super::super::unsigned(number)
}

/// A credential's id uses all 64 bits.
pub(in super::super) fn credential(id: CredentialId) -> i64 {
    id.cast_signed()
}
