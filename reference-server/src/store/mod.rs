//! Where resources live: the trait that every store keeps, and the types that cross it. What the text of a
//! resource means is no business of a store; it knows ids, keys, versions and membership rows.

mod choice;
mod kind;
mod memory;
mod notes;
mod sql;
mod tokens;

use std::{collections::HashMap, fmt, sync::Arc};

use futures::future::BoxFuture;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;
use uuid::Uuid;

pub use self::{
    choice::{Opened, StoreChoice, StoreChoiceError},
    kind::{Indexed, Kind, Name},
    memory::MemoryStore,
    notes::{NoteChanges, NoteTexts, Notebook, Notes},
    sql::{OpenError, PostgresStore, SqliteStore},
    tokens::{KeptToken, MemoryTokens, TokenChange, TokenStore},
};
pub use crate::scim::Version;

/// What a store gives back: later, because a store may be another process or a disk.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// A place for the resources of many tenants.
///
/// A write is a change that the caller computed from the version it read, committed against that version
/// (compare and swap). Uniqueness, `If-Match` and two processes on one store are thereby one mechanism: the
/// caller who loses hears [`StoreError::Conflict`], reads again and decides again.
///
/// A group's members are rows of the store and never part of the group's text, so that adding one member to a
/// large group costs one row.
pub trait Store: Send + Sync + 'static {
    /// The resource with this id, if it is one of this kind.
    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        id: ResourceId,
    ) -> Answer<'a, Option<Arc<Record>>>;

    /// All resources that carry the key, in the order of the list.
    fn find<'a>(&'a self, tenant: &'a TenantId, kind: Kind, key: &'a Key) -> Answer<'a, Vec<Arc<Record>>>;

    /// At most `count` resources from the 0-based `offset` on, in the order of creation, which no later write
    /// changes (a walk through the pages of a quiet store meets each resource once).
    fn page<'a>(&'a self, tenant: &'a TenantId, kind: Kind, offset: u64, count: u64) -> Answer<'a, Page>;

    /// At most `count` resources that come directly after a place in the order of creation, from the beginning
    /// if there is none. However deep in the list the place is, this costs what the first page costs: for
    /// cursors (RFC 9865), which can carry a place and need not count from the beginning.
    fn page_after<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        after: Option<Sequence>,
        count: u64,
    ) -> Answer<'a, Page>;

    /// At most `count` resources that come directly before a place, in the order of the list: the way back.
    fn page_before<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        before: Sequence,
        count: u64,
    ) -> Answer<'a, Page>;

    /// The next batch of resources after a place in the order of creation; an empty batch is the end. For
    /// filters that no index answers.
    fn scan<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        after: Option<Sequence>,
    ) -> Answer<'a, Vec<Arc<Record>>>;

    /// The members of a group, in the order in which they were added.
    fn members<'a>(&'a self, tenant: &'a TenantId, group: ResourceId) -> Answer<'a, Vec<Reference>>;

    /// The members of each of these groups, as [`Store::members`] gives them. One that has none may be missing.
    /// A store that is far away is asked once for all.
    fn members_of_each<'a>(
        &'a self,
        tenant: &'a TenantId,
        groups: &'a [ResourceId],
    ) -> Answer<'a, References> {
        Box::pin(async move {
            let mut all = References::with_capacity(groups.len());
            for group in groups {
                all.insert(*group, self.members(tenant, *group).await?);
            }
            Ok(all)
        })
    }

    /// The groups that have this resource as a direct member, in the order of the list.
    fn groups_of<'a>(&'a self, tenant: &'a TenantId, member: ResourceId) -> Answer<'a, Vec<Reference>>;

    /// The groups of each of these resources, as [`Store::groups_of`] gives them. One that has none may be missing.
    /// A store that is far away is asked once for all.
    fn groups_of_each<'a>(
        &'a self,
        tenant: &'a TenantId,
        members: &'a [ResourceId],
    ) -> Answer<'a, References> {
        Box::pin(async move {
            let mut all = References::with_capacity(members.len());
            for member in members {
                all.insert(*member, self.groups_of(tenant, *member).await?);
            }
            Ok(all)
        })
    }

    /// Waits until no other server is in between a write of this resource and the news of it. A store alone
    /// keeps a resource whole; but its account hears of a write after the write, and of two servers that write
    /// the same User the second must not be heard first. A store that has one server only has nothing to wait for.
    fn turn<'a>(&'a self, tenant: &'a TenantId, id: ResourceId) -> Answer<'a, Turn>;

    /// Makes a write happen as a whole, or not at all.
    fn commit<'a>(&'a self, tenant: &'a TenantId, write: Write) -> Answer<'a, Committed>;
}

/// A turn among the servers on one store; it ends when it is dropped.
#[must_use = "the turn is over when this is dropped"]
#[derive(Default)]
pub struct Turn(Option<Box<dyn Send>>);

impl Turn {
    /// There is nobody to take turns with.
    pub fn alone() -> Self {
        Self::default()
    }

    /// The others wait for as long as this is held.
    pub fn holding(held: impl Send + 'static) -> Self {
        Self(Some(Box::new(held)))
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Turn({})", if self.0.is_some() { "held" } else { "alone" })
    }
}

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The resource to be written does not exist (any more).
    #[error("there is no {kind} with the id {id}")]
    NotFound {
        /// The kind that was looked for.
        kind: Kind,
        /// The id that was looked for.
        id: ResourceId,
    },
    /// The resource has moved on since the caller read it; read again, decide again.
    #[error("the resource is at version {current} by now")]
    Conflict {
        /// The version that the resource has now.
        current: Version,
    },
    /// Another resource of the kind has a key that must be unique.
    #[error("the value of {} is taken by another resource", key.attribute)]
    Taken {
        /// The key that is taken.
        key: Key,
    },
    /// A resource that is to become a member does not exist in the tenant.
    #[error("there is no resource with the id {id} that could be a member")]
    UnknownMember {
        /// The id that names nobody.
        id: ResourceId,
    },
    /// The store itself failed.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// Whose resources these are. Nothing is ever shared between two tenants.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// Names a tenant.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The `id` of a resource: made by this server, never used twice (RFC 7643 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceId(Uuid);

impl ResourceId {
    /// A fresh id.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// Reads an id back. Ids are caseExact, so any other spelling of the same UUID is no id of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let uuid = Uuid::try_parse(text).ok()?;
        (uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text).then_some(Self(uuid))
    }

    /// The id that no resource has.
    pub(crate) fn nil() -> Self {
        Self(Uuid::nil())
    }

    /// A number that spreads ids evenly, for picking one of several locks.
    pub(crate) fn spread(self) -> u64 {
        self.0.as_u64_pair().1
    }
}

impl From<Uuid> for ResourceId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl From<ResourceId> for Uuid {
    fn from(id: ResourceId) -> Self {
        id.0
    }
}

impl Serialize for ResourceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ResourceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not the id of a resource"))
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// The place of a resource in the order of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sequence(pub u64);

/// A point in time, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The beginning of 1970: before any clock's present.
    pub const EPOCH: Self = Self(0);

    /// The present, by the clock of the system.
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_microsecond())
    }

    /// This time, or the first one after `earlier`: of two writes to a resource the second is later, also when
    /// the clock stood still or was set back.
    #[must_use]
    pub fn after(self, earlier: Self) -> Self {
        self.max(Self(earlier.0.saturating_add(1)))
    }

    /// The time that much later.
    #[must_use]
    pub fn plus(self, time: std::time::Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(time.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Whole seconds since 1970; none for what lies before.
    pub fn epoch_seconds(self) -> u64 {
        u64::try_from(self.0.div_euclid(1_000_000)).unwrap_or(0)
    }

    /// How long ago `earlier` was; no time at all if it is yet to come.
    pub fn since(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    /// As `xsd:dateTime` in UTC (RFC 7643 section 2.3.5).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timestamp = jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(f, "{timestamp:.6}")
    }
}

/// One value by which a resource can be found, in the form in which it is compared (folded already, where the
/// schema says that case does not count).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The attribute that has the value.
    pub attribute: Indexed,
    /// The value, ready to be compared byte by byte.
    pub value: Box<str>,
}

/// A resource as it is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The resource as JSON text: all that a client wrote and `id`, but neither `meta` nor anything that is
    /// derived from other resources.
    pub text: String,
    /// How other resources show this one (`display` of a member or of a user's group).
    pub display: String,
    /// What the resource is found by.
    pub keys: Vec<Key>,
    /// The attributes of which no two resources of the kind may have the same key.
    pub unique: Vec<Indexed>,
}

/// A resource as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The id, unique in the store.
    pub id: ResourceId,
    /// The kind of resource.
    pub kind: Kind,
    /// Its place in lists.
    pub sequence: Sequence,
    /// Starts at 1 and goes up with everything that can be seen of the resource: its own text and rows, the names
    /// of its members, and the groups that it is in, directly or through others, and their names. Two answers
    /// with one version are equal.
    pub version: Version,
    /// `meta.created`
    pub created: Timestamp,
    /// `meta.lastModified`; equal to `created` until the first change (RFC 7643 section 3.1).
    pub last_modified: Timestamp,
    /// See [`Draft::display`].
    pub display: Arc<str>,
    /// See [`Draft::text`].
    pub text: Arc<str>,
}

/// A resource as others show it: what a member of a group, or a group of a member, needs of it. A group may have
/// a hundred thousand members, and their texts would weigh a hundred times as much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The id.
    pub id: ResourceId,
    /// The kind of resource.
    pub kind: Kind,
    /// See [`Draft::display`].
    pub display: Arc<str>,
}

/// What several resources show of others, each under its own id.
pub type References = HashMap<ResourceId, Vec<Reference>>;

/// One page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// How many resources there are in all.
    pub total: u64,
    /// The resources on this page.
    pub records: Vec<Arc<Record>>,
}

/// A change to the rows of a group, of which several are done in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberChange {
    /// Who is no member yet becomes one.
    Add(Vec<ResourceId>),
    /// Who is a member is none afterwards.
    Remove(Vec<ResourceId>),
    /// These, and nobody else, are members afterwards.
    Set(Vec<ResourceId>),
}

impl MemberChange {
    /// Whether it cannot change anything.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Add(ids) | Self::Remove(ids) => ids.is_empty(),
            Self::Set(_) => false,
        }
    }
}

/// A change to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// A new resource.
    Create {
        /// Its kind.
        kind: Kind,
        /// Its id, fresh.
        id: ResourceId,
        /// What is kept.
        draft: Draft,
        /// The members that a new group starts with.
        members: Vec<ResourceId>,
        /// The time of the change.
        at: Timestamp,
    },
    /// A change of an existing resource.
    Update {
        /// Its kind.
        kind: Kind,
        /// Its id.
        id: ResourceId,
        /// The version from which the change was computed.
        expected: Version,
        /// What is kept from now on; nothing if only membership rows change. A write whose rows change nothing
        /// and that brings no draft leaves version and time alone (RFC 7644 section 3.5.2.1: no change, so
        /// `lastModified` stays).
        draft: Option<Draft>,
        /// What happens to the rows, in order.
        members: Vec<MemberChange>,
        /// The time of the change.
        at: Timestamp,
    },
    /// The end of a resource and of all rows that name it.
    Delete {
        /// Its kind.
        kind: Kind,
        /// Its id.
        id: ResourceId,
        /// The version that the caller saw, if that matters to it.
        expected: Option<Version>,
        /// The time of the change, for the groups that lose a member.
        at: Timestamp,
    },
}

/// What a write did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The resource after the write; after a deletion, as it was last.
    pub record: Arc<Record>,
    /// Whether anything is different now.
    pub changed: bool,
    /// Who is a member of this group now and was not before.
    pub joined: Vec<ResourceId>,
    /// Who was a member of this group before and is not now.
    pub left: Vec<ResourceId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_only_in_the_spelling_it_was_given_in() {
        let id = ResourceId::parse("0b0f6b3e-6f0e-4a8e-9a52-3d4c5b6a7f80").unwrap();
        assert_eq!(id.to_string(), "0b0f6b3e-6f0e-4a8e-9a52-3d4c5b6a7f80");
        for other in [
            "0B0F6B3E-6F0E-4A8E-9A52-3D4C5B6A7F80",
            "0b0f6b3e6f0e4a8e9a523d4c5b6a7f80",
            "{0b0f6b3e-6f0e-4a8e-9a52-3d4c5b6a7f80}",
            "ada",
            "",
        ] {
            assert_eq!(ResourceId::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_time_is_written_as_a_date_time_in_utc() {
        assert_eq!(Timestamp(1_700_000_000_000_001).to_string(), "2023-11-14T22:13:20.000001Z");
    }

    #[test]
    fn the_later_of_two_writes_is_later_also_when_the_clock_stands_still() {
        let now = Timestamp(7);
        assert!(now.after(now) > now);
        assert!(Timestamp(3).after(now) > now);
        assert_eq!(Timestamp(9).after(now), Timestamp(9));
    }
}
