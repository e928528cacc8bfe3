//! Finding resources: filters, sorting and paging over the store, for one resource type or several (RFC 7644
//! section 3.4.2, RFC 9865). What is found is shown by `represent` and answered by `read`.

mod walk;

use std::collections::VecDeque;

use self::walk::{Place, Source, Walk};
use super::{problem::Problem, represent::Presenter, service::Service};
use crate::{
    scim::{
        Error, Filter, Paging, ResourceType, SortBy,
        cursor::{self, Cursor, Direction},
        sort::{SortKey, SortOrder},
    },
    store::{ResourceId, Sequence, TenantId},
};

pub(crate) use self::walk::Hit;

/// Resources of one or several types, some of them, in an order.
pub(crate) struct Finder<'a> {
    service: &'a Service,
    tenant: &'a TenantId,
    sources: Vec<Source<'a>>,
    order: Option<SortOrder>,
}

/// A part of what is found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// How much there is in all.
    pub(crate) total: u64,
    /// The resources.
    pub(crate) hits: Vec<Hit>,
    /// How many resources come before the first of them.
    pub(crate) rank: u64,
    /// Whether more come behind the last of them.
    pub(crate) more: bool,
}

/// A resource in the order that was asked for; itself it stays in the store.
struct Entry {
    key: SortKey,
    source: usize,
    sequence: Sequence,
    id: ResourceId,
}

impl<'a> Finder<'a> {
    /// What is to be found among the resources that these presenters show. Fails if filter or order do not fit
    /// any of their types.
    pub(crate) fn new(
        service: &'a Service,
        tenant: &'a TenantId,
        presenters: &'a [Presenter<'a>],
        filter: Option<&Filter>,
        sort: Option<&SortBy>,
    ) -> Result<Self, Error> {
        let types: Vec<&ResourceType> = presenters.iter().map(Presenter::resource_type).collect();
        let mut filters = filter.map(|filter| filter.bind_all(&types)).transpose()?.map(Vec::into_iter);
        let mut sorts = sort.map(|sort| sort.bind(&types)).transpose()?.map(Vec::into_iter);
        let source = |presenter| Source {
            presenter,
            filter: filters.as_mut().and_then(Iterator::next),
            sort: sorts.as_mut().and_then(Iterator::next),
        };
        let sources = presenters.iter().map(source).collect();
        Ok(Self { service, tenant, sources, order: sort.map(|sort| sort.order) })
    }

    /// A page by its position (RFC 7644 section 3.4.2.4).
    pub(crate) async fn page(&self, paging: Paging) -> Result<Found, Problem> {
        let (offset, count) = (paging.offset(), paging.count);
        if let Some(order) = self.order {
            let entries = self.entries(order).await?;
            let from = usize::try_from(offset).unwrap_or(usize::MAX).min(entries.len());
            return self.part(&entries, from, from.saturating_add(count)).await;
        }
        let mut found = Found { rank: offset, ..Found::default() };
        if self.is_filtered() {
            let mut walk = self.walk(None);
            while let Some(hits) = walk.next().await? {
                for hit in hits {
                    if found.total >= offset && found.hits.len() < count {
                        found.hits.push(hit);
                    }
                    found.total += 1;
                }
            }
            return Ok(found);
        }
        for (place, source) in self.sources.iter().enumerate() {
            let skip = offset.saturating_sub(found.total);
            let wanted = (count - found.hits.len()) as u64;
            let page = self.service.store.page(self.tenant, source.kind(), skip, wanted).await?;
            found.total += page.total;
            found.hits.extend(page.records.into_iter().map(|record| Hit::new(place, record)));
        }
        Ok(found)
    }

    /// The first page for one who goes on by cursor.
    pub(crate) async fn first(&self, count: usize) -> Result<Found, Problem> {
        let mut found = self.page(Paging { start_index: 1, count }).await?;
        found.more = found.total > found.hits.len() as u64;
        Ok(found)
    }

    /// The page that a cursor points to.
    pub(crate) async fn at(&self, cursor: &Cursor) -> Result<Found, Problem> {
        let count = usize::try_from(cursor.count).unwrap_or(usize::MAX);
        if let Some(order) = self.order {
            return self.sorted_at(order, cursor, count).await;
        }
        let place = (usize::from(cursor.source), Sequence(cursor.sequence));
        let mut found = Found { total: cursor.total, ..Found::default() };
        match cursor.direction {
            Direction::Forwards => {
                found.rank = cursor.rank;
                found.hits = self.following(place, count.saturating_add(1)).await?;
                found.more = found.hits.len() > count;
                found.hits.truncate(count);
            }
            Direction::Backwards => {
                found.hits = self.preceding(place, count).await?;
                found.rank = cursor.rank.saturating_sub(found.hits.len() as u64);
                if let Some(last) = found.hits.last() {
                    found.more = !self.following(last.place(), 1).await?.is_empty();
                }
            }
        }
        Ok(found)
    }

    /// A page of a sorted result. The cursor's resource shows the place as long as it is there and still has the
    /// value that it was sorted by; else the number of those before it does.
    async fn sorted_at(&self, order: SortOrder, cursor: &Cursor, count: usize) -> Result<Found, Problem> {
        let entries = self.entries(order).await?;
        let at = entries.iter().position(|entry| {
            (entry.source, entry.sequence.0) == (usize::from(cursor.source), cursor.sequence)
                && entry.digest() == cursor.key
        });
        let rank = usize::try_from(cursor.rank).unwrap_or(usize::MAX);
        match cursor.direction {
            Direction::Forwards => {
                // One is missing where the cursor's resource was.
                let from = at.map_or(rank.saturating_sub(1), |at| at + 1).min(entries.len());
                self.part(&entries, from, from.saturating_add(count)).await
            }
            Direction::Backwards => {
                let to = at.unwrap_or(rank).min(entries.len());
                self.part(&entries, to.saturating_sub(count), to).await
            }
        }
    }

    async fn part(&self, entries: &[Entry], from: usize, to: usize) -> Result<Found, Problem> {
        let to = to.min(entries.len());
        let mut found = Found {
            total: entries.len() as u64,
            rank: from as u64,
            more: to < entries.len(),
            hits: Vec::new(),
        };
        for entry in &entries[from..to] {
            let Some(source) = self.sources.get(entry.source) else { continue };
            // Who has gone since is left out; the page is shorter by one.
            if let Some(record) = self.service.store.read(self.tenant, source.kind(), entry.id).await? {
                found.hits.push(Hit { key: entry.digest(), ..Hit::new(entry.source, record) });
            }
        }
        Ok(found)
    }

    /// Everything that is found, in order. Ties stay in the order of creation, so that pages do not overlap.
    async fn entries(&self, order: SortOrder) -> Result<Vec<Entry>, Problem> {
        let mut entries = Vec::new();
        let mut walk = self.walk(None);
        while let Some(hits) = walk.next().await? {
            if let Some(source) = hits.first().and_then(|hit| self.sources.get(hit.source)) {
                source.prepare_keys(&hits).await?;
            }
            for hit in hits {
                let Some(source) = self.sources.get(hit.source) else { continue };
                let key = source.key(&hit.record).await?;
                let (sequence, id) = (hit.record.sequence, hit.record.id);
                entries.push(Entry { key, source: hit.source, sequence, id });
            }
        }
        entries.sort_by(|left, right| {
            let by_key = order.compare(&left.key, &right.key);
            by_key.then((left.source, left.sequence).cmp(&(right.source, right.sequence)))
        });
        Ok(entries)
    }

    /// The next matches behind a place.
    async fn following(&self, after: Place, count: usize) -> Result<Vec<Hit>, Problem> {
        let mut hits: Vec<Hit> = Vec::new();
        if self.is_filtered() {
            let mut walk = self.walk(Some(after));
            while hits.len() < count
                && let Some(next) = walk.next().await?
            {
                hits.extend(next);
            }
            hits.truncate(count);
            return Ok(hits);
        }
        for (place, source) in self.sources.iter().enumerate().skip(after.0) {
            let wanted = (count - hits.len()) as u64;
            let after = (place == after.0).then_some(after.1);
            let page = self.service.store.page_after(self.tenant, source.kind(), after, wanted).await?;
            hits.extend(page.records.into_iter().map(|record| Hit::new(place, record)));
        }
        Ok(hits)
    }

    /// The last matches before a place.
    async fn preceding(&self, before: Place, count: usize) -> Result<Vec<Hit>, Problem> {
        if self.is_filtered() {
            // There is no way back through a filter but to start again.
            let mut last = VecDeque::new();
            let mut walk = self.walk(None);
            'walk: while let Some(hits) = walk.next().await? {
                for hit in hits {
                    if hit.place() >= before {
                        break 'walk;
                    }
                    last.push_back(hit);
                    if last.len() > count {
                        last.pop_front();
                    }
                }
            }
            return Ok(last.into());
        }
        let mut hits: Vec<Hit> = Vec::new();
        for (place, source) in self.sources.iter().enumerate().take(before.0 + 1).rev() {
            let wanted = (count - hits.len()) as u64;
            let before = if place == before.0 { before.1 } else { Sequence(u64::MAX) };
            let page = self.service.store.page_before(self.tenant, source.kind(), before, wanted).await?;
            hits.splice(0..0, page.records.into_iter().map(|record| Hit::new(place, record)));
        }
        Ok(hits)
    }

    fn walk(&self, after: Option<Place>) -> Walk<'_> {
        Walk::new(self.service, self.tenant, &self.sources, after)
    }

    fn is_filtered(&self) -> bool {
        self.sources.iter().any(|source| source.filter.is_some())
    }
}

impl Entry {
    fn digest(&self) -> u64 {
        cursor::digest(format!("{:?}", self.key).as_bytes())
    }
}
