//! How a write goes, whatever the database: what is checked, in which order, and what else changes with it. The
//! single steps are the database's.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use uuid::Uuid;

use super::{Digest, RecordRow, digest, record, unsigned};
use crate::store::{
    Committed, Draft, Key, Kind, MemberChange, Record, ResourceId, Sequence, StoreError, TenantId, Timestamp,
    Version, Write,
};

/// How far a write reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// To the resource that it names, and nothing else.
    Resource,
    /// To other resources of the tenant: rows between them, and versions of those that show something of it.
    Tenant,
}

/// Why a write did not happen.
#[derive(Debug)]
pub(super) enum Failure {
    /// It must not.
    Refused(StoreError),
    /// The database said no.
    Database(sqlx::Error),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// A resource on the other side of a membership row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) sequence: i64,
    pub(super) id: ResourceId,
    /// Whether there may be resources below it: only a group has members.
    pub(super) is_group: bool,
}

/// What databases give as the other side of rows: sequence, id, kind.
pub(super) fn peers(rows: Vec<(i64, Uuid, String)>) -> Vec<Peer> {
    let is_group = |kind: &str| kind == Kind::Group.name();
    rows.into_iter()
        .map(|(sequence, id, kind)| Peer { sequence, id: ResourceId(id), is_group: is_group(&kind) })
        .collect()
}

/// The steps of which writes consist, within one transaction of a database. What one step has written, the next
/// one sees; others see all or nothing.
pub(super) trait Transaction: Send {
    /// Waits until no other write is under way that this one could meet. True if somebody may have written since
    /// the transaction began, so that what was read has to be read again.
    fn claim(&mut self, tenant: &TenantId, reach: Reach) -> impl Step<bool>;

    /// A resource.
    fn current(&mut self, tenant: &TenantId, kind: Kind, id: ResourceId) -> impl Step<Option<RecordRow>>;

    /// A resource other than `except` that is found by the digest.
    fn carrier(&mut self, digest: &Digest, except: i64) -> impl Step<Option<i64>>;

    /// Adds a resource; returns its sequence.
    fn insert(&mut self, tenant: &TenantId, record: &Record) -> impl Step<i64>;

    /// Puts the record in the place of its version `expected`; false if that is not the present one.
    fn rewrite(&mut self, record: &Record, expected: Version) -> impl Step<bool>;

    /// Makes these, each with whether it is the only one, what the resource is found by.
    fn file(&mut self, resource: i64, keys: &BTreeMap<Digest, bool>) -> impl Step<()>;

    /// Counts a resource in, or (-1) out.
    fn count(&mut self, tenant: &TenantId, kind: Kind, sequence: i64, by: i64) -> impl Step<()>;

    /// Those of the ids that the tenant has, in any order.
    fn resolve(&mut self, tenant: &TenantId, ids: &[ResourceId]) -> impl Step<Vec<Peer>>;

    /// The members of a group, in the order of joining.
    fn members(&mut self, holder: i64) -> impl Step<Vec<Peer>>;

    /// Adds rows, in this order; returns whose rows are new.
    fn join(&mut self, holder: i64, members: &[i64]) -> impl Step<Vec<i64>>;

    /// Takes rows away; returns whose rows there were.
    fn part(&mut self, holder: i64, members: &[i64]) -> impl Step<Vec<i64>>;

    /// The members of any of these, once each.
    fn members_of_any(&mut self, holders: &[i64]) -> impl Step<Vec<i64>>;

    /// Moves the versions of these resources.
    fn touch(&mut self, resources: &[i64]) -> impl Step<()>;

    /// Moves the versions of the groups that have this member.
    fn touch_holders(&mut self, member: i64) -> impl Step<()>;

    /// Moves the versions of the groups that have this member, which have been modified.
    fn modify_holders(&mut self, member: i64, at: Timestamp) -> impl Step<()>;

    /// Takes away the resource with all that hangs on it.
    fn delete(&mut self, resource: i64) -> impl Step<()>;
}

/// One step of a transaction.
pub(super) trait Step<T>: Future<Output = Result<T, sqlx::Error>> + Send {}

impl<T, F: Future<Output = Result<T, sqlx::Error>> + Send> Step<T> for F {}

/// Does what the write says, in a transaction that the caller commits if this succeeds and rolls back if not.
pub(super) async fn apply<T: Transaction>(
    tx: &mut T,
    tenant: &TenantId,
    write: &Write,
) -> Result<Committed, Failure> {
    match write {
        Write::Create { kind, id, draft, members, at } => {
            create(tx, tenant, (*kind, *id), draft, members, *at).await
        }
        Write::Update { kind, id, expected, draft, members, at } => {
            update(tx, tenant, (*kind, *id, *expected), draft.as_ref(), members, *at).await
        }
        Write::Delete { kind, id, expected, at } => delete(tx, tenant, (*kind, *id), *expected, *at).await,
    }
}

async fn create<T: Transaction>(
    tx: &mut T,
    tenant: &TenantId,
    (kind, id): (Kind, ResourceId),
    draft: &Draft,
    members: &[ResourceId],
    at: Timestamp,
) -> Result<Committed, Failure> {
    tx.claim(tenant, if members.is_empty() { Reach::Resource } else { Reach::Tenant }).await?;
    check_unique(tx, tenant, kind, 0, draft).await?;
    let peers = known(tx, tenant, members.iter()).await?;
    let mut record = Record {
        id,
        kind,
        sequence: Sequence(0),
        version: Version(1),
        created: at,
        last_modified: at,
        display: draft.display.as_str().into(),
        text: draft.text.as_str().into(),
    };
    let sequence = tx.insert(tenant, &record).await?;
    record.sequence = Sequence(unsigned(sequence));
    tx.file(sequence, &filed(tenant, kind, draft)).await?;
    let balance = change_rows(tx, sequence, &peers, &[MemberChange::Add(members.to_vec())]).await?;
    touch_below(tx, &balance.joined, sequence).await?;
    // Last, because all that are created at the same time meet here.
    tx.count(tenant, kind, sequence, 1).await?;
    Ok(Committed { record: Arc::new(record), changed: true, joined: ids(&balance.joined), left: Vec::new() })
}

async fn update<T: Transaction>(
    tx: &mut T,
    tenant: &TenantId,
    (kind, id, expected): (Kind, ResourceId, Version),
    draft: Option<&Draft>,
    members: &[MemberChange],
    at: Timestamp,
) -> Result<Committed, Failure> {
    // Rows reach beyond the resource whatever it is now; so that is read once, when nobody else writes.
    if !members.is_empty() {
        tx.claim(tenant, Reach::Tenant).await?;
    }
    let (sequence, mut old) = expect(tx, tenant, (kind, id), Some(expected)).await?;
    // Whether it has another name can be told from the version that the write is about, whoever else writes.
    let renamed = draft.is_some_and(|draft| *draft.display != *old.display);
    if members.is_empty() {
        let reach = if renamed { Reach::Tenant } else { Reach::Resource };
        if tx.claim(tenant, reach).await? {
            (_, old) = expect(tx, tenant, (kind, id), Some(expected)).await?;
        }
    }
    if let Some(draft) = draft {
        check_unique(tx, tenant, kind, sequence, draft).await?;
    }
    let added = members.iter().flat_map(|change| match change {
        MemberChange::Add(ids) | MemberChange::Set(ids) => ids.as_slice(),
        MemberChange::Remove(_) => &[],
    });
    let mut peers = known(tx, tenant, added).await?;
    for change in members {
        if let MemberChange::Remove(ids) = change {
            let found = if ids.is_empty() { Vec::new() } else { tx.resolve(tenant, ids).await? };
            peers.extend(found.into_iter().map(|peer| (peer.id, peer)));
        }
    }
    let balance = change_rows(tx, sequence, &peers, members).await?;
    let changed = draft.is_some() || !balance.joined.is_empty() || !balance.left.is_empty();
    let record = if changed { Arc::new(next(&old, draft, at)) } else { old };
    if changed && !tx.rewrite(&record, expected).await? {
        expect(tx, tenant, (kind, id), Some(expected)).await?;
        return Err(StoreError::Failed(format!("the {kind} {id} could not be written")).into());
    }
    if let Some(draft) = draft {
        tx.file(sequence, &filed(tenant, kind, draft)).await?;
    }
    let mut tops = [balance.joined.as_slice(), &balance.left].concat();
    if renamed {
        tx.touch_holders(sequence).await?;
        tops.push(itself(sequence, (kind, id)));
    }
    touch_below(tx, &tops, sequence).await?;
    Ok(Committed { record, changed, joined: ids(&balance.joined), left: ids(&balance.left) })
}

async fn delete<T: Transaction>(
    tx: &mut T,
    tenant: &TenantId,
    (kind, id): (Kind, ResourceId),
    expected: Option<Version>,
    at: Timestamp,
) -> Result<Committed, Failure> {
    tx.claim(tenant, Reach::Tenant).await?;
    let (sequence, record) = expect(tx, tenant, (kind, id), expected).await?;
    let left = tx.members(sequence).await?;
    touch_below(tx, &[itself(sequence, (kind, id))], sequence).await?;
    // A group that loses a member has changed, whoever brought it about.
    tx.modify_holders(sequence, at).await?;
    tx.delete(sequence).await?;
    tx.count(tenant, kind, sequence, -1).await?;
    Ok(Committed { record, changed: true, joined: Vec::new(), left: ids(&left) })
}

async fn expect<T: Transaction>(
    tx: &mut T,
    tenant: &TenantId,
    (kind, id): (Kind, ResourceId),
    expected: Option<Version>,
) -> Result<(i64, Arc<Record>), Failure> {
    let row = tx.current(tenant, kind, id).await?.ok_or(StoreError::NotFound { kind, id })?;
    let sequence = row.0;
    let record = record(row);
    match expected {
        Some(version) if version != record.version => {
            Err(StoreError::Conflict { current: record.version }.into())
        }
        _ => Ok((sequence, record)),
    }
}

async fn check_unique<T: Transaction>(
    tx: &mut T,
    tenant: &TenantId,
    kind: Kind,
    resource: i64,
    draft: &Draft,
) -> Result<(), Failure> {
    for key in draft.keys.iter().filter(|key| is_sole(draft, key)) {
        if tx.carrier(&digest(tenant, kind, key), resource).await?.is_some() {
            return Err(StoreError::Taken { key: key.clone() }.into());
        }
    }
    Ok(())
}

fn is_sole(draft: &Draft, key: &Key) -> bool {
    draft.unique.contains(&key.attribute)
}

fn filed(tenant: &TenantId, kind: Kind, draft: &Draft) -> BTreeMap<Digest, bool> {
    draft.keys.iter().map(|key| (digest(tenant, kind, key), is_sole(draft, key))).collect()
}

type Peers = BTreeMap<ResourceId, Peer>;

/// All of these, or the error that one of them is unknown.
async fn known<'a, T: Transaction>(
    tx: &mut T,
    tenant: &TenantId,
    wanted: impl Iterator<Item = &'a ResourceId> + Send,
) -> Result<Peers, Failure> {
    let wanted: Vec<ResourceId> = wanted.copied().collect();
    if wanted.is_empty() {
        return Ok(Peers::new());
    }
    let found = tx.resolve(tenant, &wanted).await?;
    let peers: Peers = found.into_iter().map(|peer| (peer.id, peer)).collect();
    match wanted.into_iter().find(|id| !peers.contains_key(id)) {
        Some(id) => Err(StoreError::UnknownMember { id }.into()),
        None => Ok(peers),
    }
}

/// Who joined and who left, on balance.
struct Balance {
    joined: Vec<Peer>,
    left: Vec<Peer>,
}

/// Does the changes in order and says what came of them.
async fn change_rows<T: Transaction>(
    tx: &mut T,
    holder: i64,
    peers: &Peers,
    changes: &[MemberChange],
) -> Result<Balance, Failure> {
    let mut book = Book::default();
    for change in changes {
        let (removed, added) = match change {
            MemberChange::Add(ids) => (Vec::new(), find(peers, ids)),
            MemberChange::Remove(ids) => (find(peers, ids), Vec::new()),
            MemberChange::Set(ids) => {
                let wanted: HashSet<_> = ids.iter().collect();
                let members = tx.members(holder).await?;
                (members.into_iter().filter(|peer| !wanted.contains(&peer.id)).collect(), find(peers, ids))
            }
        };
        if !removed.is_empty() {
            let gone = tx.part(holder, &sequences(&removed)).await?;
            book.note(&removed, &gone, false);
        }
        if !added.is_empty() {
            let new = tx.join(holder, &sequences(&added)).await?;
            book.note(&added, &new, true);
        }
    }
    Ok(book.balance())
}

/// Who was a member before the first change, and is one after the last, of those whose row changed at all.
#[derive(Default)]
struct Book(BTreeMap<i64, (Peer, bool, bool)>);

impl Book {
    fn note(&mut self, peers: &[Peer], changed: &[i64], is: bool) {
        let changed: HashSet<_> = changed.iter().copied().collect();
        for peer in peers.iter().filter(|peer| changed.contains(&peer.sequence)) {
            self.0.entry(peer.sequence).or_insert((*peer, !is, is)).2 = is;
        }
    }

    fn balance(self) -> Balance {
        let mut balance = Balance { joined: Vec::new(), left: Vec::new() };
        for (peer, was, is) in self.0.into_values() {
            match (was, is) {
                (false, true) => balance.joined.push(peer),
                (true, false) => balance.left.push(peer),
                _ => {}
            }
        }
        balance
    }
}

/// Moves the versions of these resources and of all that are below them through rows, but not of the one that is
/// written. Level by level, and not as one recursive question: a planner that cannot know how few there mostly are
/// would read all resources.
async fn touch_below<T: Transaction>(tx: &mut T, tops: &[Peer], written: i64) -> Result<(), sqlx::Error> {
    let mut below: HashSet<i64> = tops.iter().map(|top| top.sequence).collect();
    let mut level: Vec<i64> = tops.iter().filter(|top| top.is_group).map(|top| top.sequence).collect();
    while !level.is_empty() {
        level = tx.members_of_any(&level).await?;
        level.retain(|member| below.insert(*member));
    }
    below.remove(&written);
    if below.is_empty() {
        return Ok(());
    }
    tx.touch(&below.into_iter().collect::<Vec<_>>()).await
}

fn itself(sequence: i64, (kind, id): (Kind, ResourceId)) -> Peer {
    Peer { sequence, id, is_group: kind == Kind::Group }
}

fn find(peers: &Peers, ids: &[ResourceId]) -> Vec<Peer> {
    ids.iter().filter_map(|id| peers.get(id)).copied().collect()
}

fn sequences(peers: &[Peer]) -> Vec<i64> {
    peers.iter().map(|peer| peer.sequence).collect()
}

fn ids(peers: &[Peer]) -> Vec<ResourceId> {
    peers.iter().map(|peer| peer.id).collect()
}

fn next(old: &Record, draft: Option<&Draft>, at: Timestamp) -> Record {
    let (display, text) = match draft {
        Some(draft) => (draft.display.as_str().into(), draft.text.as_str().into()),
        None => (Arc::clone(&old.display), Arc::clone(&old.text)),
    };
    Record {
        version: Version(old.version.0 + 1),
        last_modified: at.after(old.last_modified),
        display,
        text,
        ..*old
    }
}
