//! The store in memory: the default, lost when the process ends. Reads and writes of one tenant take turns on
//! one lock, held for microseconds and never across an await.

mod index;
mod order;
mod rows;

use std::{
    collections::HashMap,
    future::ready,
    sync::{Arc, PoisonError, RwLock},
};

use self::{index::Index, order::Order, rows::Rows};
use super::{
    Answer, Committed, Draft, Key, Kind, MemberChange, Page, Record, Reference, ResourceId, Sequence, Store,
    StoreError, TenantId, Timestamp, Turn, Version, Write,
};

/// How many resources a scan hands out at once.
const BATCH: usize = 256;

/// All tenants, in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tenants: RwLock<HashMap<TenantId, Arc<RwLock<Tenant>>>>,
}

impl Store for MemoryStore {
    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        id: ResourceId,
    ) -> Answer<'a, Option<Arc<Record>>> {
        let found = self.look(tenant, |data| data.read(kind, id).map(|(_, record)| record.clone()));
        Box::pin(ready(Ok(found.flatten())))
    }

    fn find<'a>(&'a self, tenant: &'a TenantId, kind: Kind, key: &'a Key) -> Answer<'a, Vec<Arc<Record>>> {
        let found = self.look(tenant, |data| {
            let mut records: Vec<_> = data.carriers(kind, key).cloned().collect();
            records.sort_unstable_by_key(|record| record.sequence);
            records
        });
        Box::pin(ready(Ok(found.unwrap_or_default())))
    }

    fn page<'a>(&'a self, tenant: &'a TenantId, kind: Kind, offset: u64, count: u64) -> Answer<'a, Page> {
        let page = self.look(tenant, |data| {
            let order = data.order(kind);
            let place = usize::try_from(offset).unwrap_or(usize::MAX);
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            Page {
                total: order.len() as u64,
                records: order.at_offset(place).take(count).filter_map(|slot| data.at(slot)).collect(),
            }
        });
        Box::pin(ready(Ok(page.unwrap_or_default())))
    }

    fn page_after<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        after: Option<Sequence>,
        count: u64,
    ) -> Answer<'a, Page> {
        let page = self.look(tenant, |data| Page {
            total: data.order(kind).len() as u64,
            records: data.following(kind, after, usize::try_from(count).unwrap_or(usize::MAX)),
        });
        Box::pin(ready(Ok(page.unwrap_or_default())))
    }

    fn page_before<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        before: Sequence,
        count: u64,
    ) -> Answer<'a, Page> {
        let page = self.look(tenant, |data| {
            let order = data.order(kind);
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let mut records: Vec<_> =
                order.before(before).take(count).filter_map(|slot| data.at(slot)).collect();
            records.reverse();
            Page { total: order.len() as u64, records }
        });
        Box::pin(ready(Ok(page.unwrap_or_default())))
    }

    fn scan<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        after: Option<Sequence>,
    ) -> Answer<'a, Vec<Arc<Record>>> {
        let batch = self.look(tenant, |data| data.following(kind, after, BATCH));
        Box::pin(ready(Ok(batch.unwrap_or_default())))
    }

    fn members<'a>(&'a self, tenant: &'a TenantId, group: ResourceId) -> Answer<'a, Vec<Reference>> {
        let members = self.look(tenant, |data| {
            data.rows.members(group).filter_map(|id| data.by_id(id)).map(reference).collect()
        });
        Box::pin(ready(Ok(members.unwrap_or_default())))
    }

    fn groups_of<'a>(&'a self, tenant: &'a TenantId, member: ResourceId) -> Answer<'a, Vec<Reference>> {
        let groups = self.look(tenant, |data| {
            let mut groups: Vec<_> = data.rows.groups_of(member).filter_map(|id| data.by_id(id)).collect();
            groups.sort_unstable_by_key(|group| group.sequence);
            groups.into_iter().map(reference).collect()
        });
        Box::pin(ready(Ok(groups.unwrap_or_default())))
    }

    fn turn<'a>(&'a self, _: &'a TenantId, _: ResourceId) -> Answer<'a, Turn> {
        Box::pin(ready(Ok(Turn::alone())))
    }

    fn commit<'a>(&'a self, tenant: &'a TenantId, write: Write) -> Answer<'a, Committed> {
        let data = Arc::clone(
            self.tenants.write().unwrap_or_else(PoisonError::into_inner).entry(tenant.clone()).or_default(),
        );
        let committed = data.write().unwrap_or_else(PoisonError::into_inner).commit(write);
        Box::pin(ready(committed))
    }
}

impl MemoryStore {
    fn look<T>(&self, tenant: &TenantId, look: impl FnOnce(&Tenant) -> T) -> Option<T> {
        let data = {
            let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(tenants.get(tenant)?)
        };
        let data = data.read().unwrap_or_else(PoisonError::into_inner);
        Some(look(&data))
    }
}

/// The resources of one tenant. Resources sit in slots; the indexes hold slot numbers.
#[derive(Debug, Default)]
struct Tenant {
    slots: Vec<Option<Held>>,
    free: Vec<u32>,
    ids: HashMap<ResourceId, u32>,
    orders: HashMap<Kind, Order>,
    index: Index,
    rows: Rows,
    next: u64,
}

/// A resource and what it is found by.
#[derive(Debug)]
struct Held {
    record: Arc<Record>,
    keys: Box<[Key]>,
}

impl Tenant {
    fn commit(&mut self, write: Write) -> Result<Committed, StoreError> {
        match write {
            Write::Create { kind, id, draft, members, at } => self.create(kind, id, draft, members, at),
            Write::Update { kind, id, expected, draft, members, at } => {
                self.update(kind, id, expected, draft, members, at)
            }
            Write::Delete { kind, id, expected, at } => self.delete(kind, id, expected, at),
        }
    }

    fn create(
        &mut self,
        kind: Kind,
        id: ResourceId,
        draft: Draft,
        members: Vec<ResourceId>,
        at: Timestamp,
    ) -> Result<Committed, StoreError> {
        if self.ids.contains_key(&id) {
            return Err(StoreError::Failed(format!("the id {id} was to be given a second time")));
        }
        self.check_unique(kind, id, &draft)?;
        self.check_known(&members)?;
        let slot = self.vacancy()?;
        self.next += 1;
        let record = Arc::new(Record {
            id,
            kind,
            sequence: Sequence(self.next),
            version: Version(1),
            created: at,
            last_modified: at,
            display: draft.display.into(),
            text: draft.text.into(),
        });
        self.ids.insert(id, slot);
        self.order_mut(kind).push(record.sequence, slot);
        for key in &draft.keys {
            self.index.insert(kind, key, slot);
        }
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = Some(Held { record: Arc::clone(&record), keys: draft.keys.into() });
        }
        let joined = self.rows.apply(id, vec![MemberChange::Add(members)]).joined;
        self.touch(self.rows.below(&joined), id);
        Ok(Committed { record, changed: true, joined, left: Vec::new() })
    }

    fn update(
        &mut self,
        kind: Kind,
        id: ResourceId,
        expected: Version,
        draft: Option<Draft>,
        members: Vec<MemberChange>,
        at: Timestamp,
    ) -> Result<Committed, StoreError> {
        let (slot, old) = self.expect(kind, id, Some(expected))?;
        if let Some(draft) = &draft {
            self.check_unique(kind, id, draft)?;
        }
        for change in &members {
            if let MemberChange::Add(ids) | MemberChange::Set(ids) = change {
                self.check_known(ids)?;
            }
        }
        let balance = self.rows.apply(id, members);
        let changed = draft.is_some() || !balance.joined.is_empty() || !balance.left.is_empty();
        let record = if changed { self.rewrite(slot, &old, draft, at) } else { Arc::clone(&old) };
        let mut tops = [balance.joined.as_slice(), &balance.left].concat();
        if record.display != old.display {
            self.touch(self.rows.groups_of(id).collect::<Vec<_>>(), id);
            tops.push(id);
        }
        self.touch(self.rows.below(&tops), id);
        Ok(Committed { record, changed, joined: balance.joined, left: balance.left })
    }

    fn delete(
        &mut self,
        kind: Kind,
        id: ResourceId,
        expected: Option<Version>,
        at: Timestamp,
    ) -> Result<Committed, StoreError> {
        let (slot, record) = self.expect(kind, id, expected)?;
        self.touch(self.rows.below(&[id]), id);
        let left = self.rows.forget_group(id);
        for group in self.rows.forget_member(id) {
            // A group that loses a member has changed, whoever brought it about.
            if let Some((slot, record)) = self.ids.get(&group).and_then(|slot| Some((*slot, self.at(*slot)?)))
            {
                self.rewrite(slot, &record, None, at);
            }
        }
        self.ids.remove(&id);
        self.order_mut(kind).remove(record.sequence);
        if let Some(held) = self.slots.get_mut(slot as usize).and_then(Option::take) {
            for key in &held.keys {
                self.index.remove(kind, key, slot);
            }
            self.free.push(slot);
        }
        Ok(Committed { record, changed: true, joined: Vec::new(), left })
    }

    /// The next version of a record, in its place.
    fn rewrite(&mut self, slot: u32, old: &Record, draft: Option<Draft>, at: Timestamp) -> Arc<Record> {
        let (display, text, keys) = match draft {
            Some(draft) => (draft.display.into(), draft.text.into(), Some(draft.keys)),
            None => (Arc::clone(&old.display), Arc::clone(&old.text), None),
        };
        let record = Arc::new(Record {
            version: Version(old.version.0 + 1),
            last_modified: at.after(old.last_modified),
            display,
            text,
            ..*old
        });
        let Some(held) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else { return record };
        held.record = Arc::clone(&record);
        if let Some(keys) = keys {
            for key in &held.keys {
                self.index.remove(old.kind, key, slot);
            }
            for key in &keys {
                self.index.insert(old.kind, key, slot);
            }
            held.keys = keys.into();
        }
        record
    }

    /// The next version of resources that show something of another one, which has changed. They have not been
    /// modified themselves. That one has its next version already.
    fn touch(&mut self, ids: impl IntoIterator<Item = ResourceId>, changed: ResourceId) {
        for id in ids.into_iter().filter(|id| *id != changed) {
            let Some(slot) = self.ids.get(&id).copied() else { continue };
            if let Some(held) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) {
                let version = Version(held.record.version.0 + 1);
                held.record = Arc::new(Record { version, ..Record::clone(&held.record) });
            }
        }
    }

    fn vacancy(&mut self) -> Result<u32, StoreError> {
        if let Some(slot) = self.free.pop() {
            return Ok(slot);
        }
        let slot = u32::try_from(self.slots.len())
            .map_err(|_| StoreError::Failed("the store in memory is full".to_owned()))?;
        self.slots.push(None);
        Ok(slot)
    }

    fn expect(
        &self,
        kind: Kind,
        id: ResourceId,
        expected: Option<Version>,
    ) -> Result<(u32, Arc<Record>), StoreError> {
        let (slot, record) = self.read(kind, id).ok_or(StoreError::NotFound { kind, id })?;
        match expected {
            Some(version) if version != record.version => {
                Err(StoreError::Conflict { current: record.version })
            }
            _ => Ok((slot, Arc::clone(record))),
        }
    }

    fn check_unique(&self, kind: Kind, id: ResourceId, draft: &Draft) -> Result<(), StoreError> {
        for key in draft.keys.iter().filter(|key| draft.unique.contains(&key.attribute)) {
            if self.carriers(kind, key).any(|record| record.id != id) {
                return Err(StoreError::Taken { key: key.clone() });
            }
        }
        Ok(())
    }

    fn check_known(&self, ids: &[ResourceId]) -> Result<(), StoreError> {
        match ids.iter().find(|id| !self.ids.contains_key(id)) {
            Some(id) => Err(StoreError::UnknownMember { id: *id }),
            None => Ok(()),
        }
    }

    fn read(&self, kind: Kind, id: ResourceId) -> Option<(u32, &Arc<Record>)> {
        let slot = *self.ids.get(&id)?;
        let record = &self.held(slot)?.record;
        (record.kind == kind).then_some((slot, record))
    }

    fn by_id(&self, id: ResourceId) -> Option<&Arc<Record>> {
        Some(&self.held(*self.ids.get(&id)?)?.record)
    }

    fn at(&self, slot: u32) -> Option<Arc<Record>> {
        Some(Arc::clone(&self.held(slot)?.record))
    }

    fn held(&self, slot: u32) -> Option<&Held> {
        self.slots.get(slot as usize)?.as_ref()
    }

    fn following(&self, kind: Kind, after: Option<Sequence>, count: usize) -> Vec<Arc<Record>> {
        let order = self.order(kind);
        match after {
            None => order.at_offset(0).take(count).filter_map(|slot| self.at(slot)).collect(),
            Some(after) => order.after(after).take(count).filter_map(|slot| self.at(slot)).collect(),
        }
    }

    fn carriers(&self, kind: Kind, key: &Key) -> impl Iterator<Item = &Arc<Record>> {
        self.index
            .candidates(kind, key)
            .filter_map(|slot| self.held(slot))
            .filter(move |held| held.record.kind == kind && held.keys.contains(key))
            .map(|held| &held.record)
    }

    fn order(&self, kind: Kind) -> &Order {
        static EMPTY: Order = Order::EMPTY;
        self.orders.get(&kind).unwrap_or(&EMPTY)
    }

    fn order_mut(&mut self, kind: Kind) -> &mut Order {
        self.orders.entry(kind).or_default()
    }
}

fn reference(record: &Arc<Record>) -> Reference {
    Reference { id: record.id, kind: record.kind, display: Arc::clone(&record.display) }
}
