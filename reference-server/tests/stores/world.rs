//! A store of one kind, with a tenant that nobody else has, and the words in which the tests speak of it.

use std::{path::PathBuf, sync::Arc};

use futures::future::LocalBoxFuture;
use scimspec_reference_server::accounts::Accounts;
use scimspec_reference_server::store::{
    Committed, Draft, Indexed, Key, Kind, MemberChange, Opened, Page, PostgresStore, Record, Reference,
    ResourceId, Sequence, SqliteStore, Store, StoreError, TenantId, Timestamp, Version, Write,
};

use crate::cluster::Cluster;

/// What a store does, under the name by which the test reports it.
pub(crate) type Behaviour = (&'static str, Run);

pub(crate) type Run = for<'a> fn(&'a World) -> LocalBoxFuture<'a, ()>;

/// A table of behaviours: functions that take a world.
macro_rules! behaviours {
    ($($name:ident),+ $(,)?) => {
        pub(crate) const BEHAVIOURS: &[$crate::world::Behaviour] =
            &[$((stringify!($name), |world| Box::pin($name(world)))),+];
    };
}
pub(crate) use behaviours;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreKind {
    Memory,
    Sqlite,
    Postgres,
}

impl StoreKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) accounts: Arc<dyn Accounts>,
    /// The same as another process would see it; in memory there is no other process.
    pub(crate) other: Arc<dyn Store>,
    /// All that belongs to the store, and the same as another process would see it.
    pub(crate) opened: [Opened; 2],
    pub(crate) tenant: TenantId,
    pub(crate) place: Place,
}

/// Where the store is.
pub(crate) enum Place {
    Memory,
    Sqlite { folder: tempfile::TempDir },
    Postgres { url: String, schema: String },
}

impl World {
    pub(crate) async fn new(kind: StoreKind) -> Self {
        let place = match kind {
            StoreKind::Memory => Place::Memory,
            StoreKind::Sqlite => Place::Sqlite { folder: tempfile::tempdir().unwrap() },
            StoreKind::Postgres => Place::Postgres { url: Cluster::url(), schema: Cluster::schema("shared") },
        };
        let opened = place.open().await;
        let other = match place {
            Place::Memory => opened.clone(),
            _ => place.open().await,
        };
        Self {
            store: Arc::clone(&opened.store),
            accounts: Arc::clone(&opened.accounts),
            other: Arc::clone(&other.store),
            opened: [opened, other],
            tenant: unique_tenant(),
            place,
        }
    }

    /// The store as it is after its process has ended and another one has begun.
    pub(crate) async fn reopened(&self) -> Opened {
        match &self.place {
            Place::Memory => self.opened[0].clone(),
            place => place.open().await,
        }
    }

    /// The file of a SQLite store.
    pub(crate) fn file(&self) -> PathBuf {
        match &self.place {
            Place::Sqlite { folder } => folder.path().join("store.sqlite"),
            Place::Memory | Place::Postgres { .. } => panic!("this store has no file"),
        }
    }

    pub(crate) async fn commit(&self, write: Write) -> Result<Committed, StoreError> {
        self.store.commit(&self.tenant, write).await
    }

    pub(crate) async fn create(&self, kind: Kind, name: &str, members: &[ResourceId]) -> Arc<Record> {
        self.commit(create(kind, name, members)).await.unwrap().record
    }

    pub(crate) async fn users<const N: usize>(&self, names: [&str; N]) -> [Arc<Record>; N] {
        let mut users = Vec::new();
        for name in names {
            users.push(self.create(Kind::User, name, &[]).await);
        }
        users.try_into().unwrap()
    }

    pub(crate) async fn group(&self, name: &str, members: &[&Record]) -> Arc<Record> {
        let members: Vec<_> = members.iter().map(|member| member.id).collect();
        self.create(Kind::Group, name, &members).await
    }

    /// Changes what the resource is by now.
    pub(crate) async fn update(
        &self,
        record: &Record,
        draft: Option<Draft>,
        members: Vec<MemberChange>,
    ) -> Committed {
        let now = self.read(record).await.unwrap();
        self.commit(update(&now, draft, members)).await.unwrap()
    }

    pub(crate) async fn rename(&self, record: &Record, name: &str) -> Arc<Record> {
        self.update(record, Some(draft(record.kind, name)), vec![]).await.record
    }

    pub(crate) async fn delete(&self, record: &Record) -> Committed {
        self.commit(delete(record)).await.unwrap()
    }

    pub(crate) async fn read(&self, record: &Record) -> Option<Arc<Record>> {
        self.store.read(&self.tenant, record.kind, record.id).await.unwrap()
    }

    pub(crate) async fn version(&self, record: &Record) -> u64 {
        self.read(record).await.unwrap().version.0
    }

    pub(crate) async fn find(&self, kind: Kind, attribute: Indexed, value: &str) -> Vec<ResourceId> {
        ids(&self.store.find(&self.tenant, kind, &key(attribute, value)).await.unwrap())
    }

    pub(crate) async fn members(&self, group: &Record) -> Vec<ResourceId> {
        who(&self.store.members(&self.tenant, group.id).await.unwrap())
    }

    pub(crate) async fn groups_of(&self, member: &Record) -> Vec<ResourceId> {
        who(&self.store.groups_of(&self.tenant, member.id).await.unwrap())
    }

    pub(crate) async fn page(&self, offset: u64, count: u64) -> (u64, Vec<ResourceId>) {
        seen(&self.store.page(&self.tenant, Kind::User, offset, count).await.unwrap())
    }

    pub(crate) async fn page_after(&self, after: Option<Sequence>, count: u64) -> (u64, Vec<ResourceId>) {
        seen(&self.store.page_after(&self.tenant, Kind::User, after, count).await.unwrap())
    }

    pub(crate) async fn page_before(&self, before: Sequence, count: u64) -> (u64, Vec<ResourceId>) {
        seen(&self.store.page_before(&self.tenant, Kind::User, before, count).await.unwrap())
    }
}

impl Place {
    pub(crate) fn kind(&self) -> StoreKind {
        match self {
            Self::Memory => StoreKind::Memory,
            Self::Sqlite { .. } => StoreKind::Sqlite,
            Self::Postgres { .. } => StoreKind::Postgres,
        }
    }

    async fn open(&self) -> Opened {
        match self {
            Self::Memory => Opened::in_memory(),
            Self::Sqlite { folder } => {
                SqliteStore::open(&folder.path().join("store.sqlite")).await.unwrap().into()
            }
            Self::Postgres { url, schema } => PostgresStore::open_in(url, schema).await.unwrap().into(),
        }
    }
}

pub(crate) fn unique_tenant() -> TenantId {
    TenantId::new(&ResourceId::random().to_string())
}

pub(crate) fn ids(records: &[Arc<Record>]) -> Vec<ResourceId> {
    records.iter().map(|record| record.id).collect()
}

pub(crate) fn who(references: &[Reference]) -> Vec<ResourceId> {
    references.iter().map(|reference| reference.id).collect()
}

fn seen(page: &Page) -> (u64, Vec<ResourceId>) {
    (page.total, ids(&page.records))
}

pub(crate) fn key(attribute: Indexed, value: &str) -> Key {
    Key { attribute, value: value.into() }
}

/// A User whose userName and address are its name, or a Group whose displayName is.
pub(crate) fn draft(kind: Kind, name: &str) -> Draft {
    let (keys, unique) = match kind {
        Kind::User => {
            (vec![key(Indexed::UserName, name), key(Indexed::EmailsValue, name)], vec![Indexed::UserName])
        }
        Kind::Group | Kind::Other(_) => (vec![key(Indexed::DisplayName, name)], vec![]),
    };
    let text = serde_json::json!({ "name": name }).to_string();
    Draft { text, display: name.to_owned(), keys, unique }
}

pub(crate) fn create(kind: Kind, name: &str, members: &[ResourceId]) -> Write {
    Write::Create {
        kind,
        id: ResourceId::random(),
        draft: draft(kind, name),
        members: members.to_vec(),
        at: Timestamp::now(),
    }
}

pub(crate) fn update(record: &Record, draft: Option<Draft>, members: Vec<MemberChange>) -> Write {
    Write::Update {
        kind: record.kind,
        id: record.id,
        expected: record.version,
        draft,
        members,
        at: Timestamp::now(),
    }
}

pub(crate) fn delete(record: &Record) -> Write {
    Write::Delete { kind: record.kind, id: record.id, expected: None, at: Timestamp::now() }
}

pub(crate) fn add(member: &Record) -> Vec<MemberChange> {
    vec![MemberChange::Add(vec![member.id])]
}

pub(crate) fn remove(member: &Record) -> Vec<MemberChange> {
    vec![MemberChange::Remove(vec![member.id])]
}

pub(crate) fn conflict(version: u64) -> StoreError {
    StoreError::Conflict { current: Version(version) }
}
