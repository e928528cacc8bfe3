//! The way through the store, match by match: one resource type after the other, each in the order of creation,
//! by an index where the filter allows it.

use std::sync::Arc;

use crate::{
    http::{problem::Problem, represent::Presenter, service::Service},
    scim::{
        Lookup, ResourceFilter,
        cursor::{Cursor, Direction},
        sort::{SortField, SortKey},
    },
    store::{Indexed, Key, Kind, Record, ResourceId, Sequence, TenantId},
};

/// A resource type of those that are asked about.
pub(super) struct Source<'a> {
    pub(super) presenter: &'a Presenter<'a>,
    pub(super) filter: Option<ResourceFilter>,
    pub(super) sort: Option<SortField>,
}

/// A resource that was found.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    /// The number of its type among those that were asked about.
    pub(crate) source: usize,
    pub(crate) record: Arc<Record>,
    /// A digest of what it was sorted by.
    pub(super) key: u64,
}

/// A place on the way: a type, and the last resource of it that has been passed.
pub(super) type Place = (usize, Sequence);

/// A walk through everything that matches behind a place.
pub(super) struct Walk<'a> {
    service: &'a Service,
    tenant: &'a TenantId,
    sources: &'a [Source<'a>],
    at: usize,
    after: Option<Sequence>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        service: &'a Service,
        tenant: &'a TenantId,
        sources: &'a [Source<'a>],
        after: Option<Place>,
    ) -> Self {
        let (at, after) = after.map_or((0, None), |(at, sequence)| (at, Some(sequence)));
        Self { service, tenant, sources, at, after }
    }

    /// The next matches, some or none; nothing at the end of the way.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Hit>>, Problem> {
        let Some(source) = self.sources.get(self.at) else { return Ok(None) };
        if source.filter.as_ref().is_some_and(ResourceFilter::is_never) {
            return Ok(Some(self.turn(Vec::new())));
        }
        if let Some(lookup) = source.filter.as_ref().and_then(ResourceFilter::lookup) {
            let mut candidates = self.candidates(source.kind(), lookup).await?;
            candidates.retain(|record| Some(record.sequence) > self.after);
            let hits = self.sift(source, candidates, lookup.exact).await?;
            return Ok(Some(self.turn(hits)));
        }
        let batch = self.service.store.scan(self.tenant, source.kind(), self.after).await?;
        let Some(last) = batch.last() else { return Ok(Some(self.turn(Vec::new()))) };
        self.after = Some(last.sequence);
        let hits = self.sift(source, batch, false).await?;
        // A scan of a large store must not hold up everybody else.
        tokio::task::yield_now().await;
        Ok(Some(hits))
    }

    /// Goes on to the next type.
    fn turn(&mut self, hits: Vec<Hit>) -> Vec<Hit> {
        self.at += 1;
        self.after = None;
        hits
    }

    async fn sift(
        &self,
        source: &Source<'_>,
        records: Vec<Arc<Record>>,
        all_match: bool,
    ) -> Result<Vec<Hit>, Problem> {
        let mut hits = Vec::new();
        if !all_match && let Some(filter) = &source.filter {
            let records: Vec<&Record> = records.iter().map(|record| &**record).collect();
            source.presenter.prepare_resources(&records, |attribute| filter.reads(attribute)).await?;
        }
        for record in records {
            if all_match || source.matches(&record).await? {
                hits.push(Hit::new(self.at, record));
            }
        }
        Ok(hits)
    }

    /// What an index has.
    async fn candidates(&self, kind: Kind, lookup: &Lookup) -> Result<Vec<Arc<Record>>, Problem> {
        let store = &self.service.store;
        if lookup.attribute == "id" {
            let record = match ResourceId::parse(&lookup.key) {
                Some(id) => store.read(self.tenant, kind, id).await?,
                None => None,
            };
            return Ok(record.into_iter().collect());
        }
        let attribute = Indexed::named(&lookup.attribute);
        let key = Key { attribute, value: lookup.key.as_str().into() };
        Ok(store.find(self.tenant, kind, &key).await?)
    }
}

impl Source<'_> {
    pub(super) fn kind(&self) -> Kind {
        self.presenter.kind()
    }

    /// Gets ready to tell by what these are sorted, all of them of this type.
    pub(super) async fn prepare_keys(&self, hits: &[Hit]) -> Result<(), Problem> {
        let Some(field) = &self.sort else { return Ok(()) };
        let records: Vec<&Record> = hits.iter().map(|hit| &*hit.record).collect();
        self.presenter.prepare_resources(&records, |attribute| field.reads(attribute)).await
    }

    /// What a resource is sorted by.
    pub(super) async fn key(&self, record: &Record) -> Result<SortKey, Problem> {
        let Some(field) = &self.sort else { return Ok(SortKey::Missing) };
        let needs = |attribute: &str| field.reads(attribute);
        Ok(field.key(&self.presenter.resource(record, needs).await?))
    }

    async fn matches(&self, record: &Record) -> Result<bool, Problem> {
        let Some(filter) = &self.filter else { return Ok(true) };
        let needs = |attribute: &str| filter.reads(attribute);
        Ok(filter.matches(&self.presenter.resource(record, needs).await?))
    }
}

impl Hit {
    pub(super) fn new(source: usize, record: Arc<Record>) -> Self {
        Self { source, record, key: 0 }
    }

    pub(super) fn place(&self) -> Place {
        (self.source, self.record.sequence)
    }

    /// The cursor to the page that lies on one side of this resource.
    pub(crate) fn cursor(&self, direction: Direction, rank: u64, total: u64, count: usize) -> Cursor {
        Cursor {
            direction,
            source: u16::try_from(self.source).unwrap_or(u16::MAX),
            sequence: self.record.sequence.0,
            key: self.key,
            rank,
            total,
            count: u32::try_from(count).unwrap_or(u32::MAX),
        }
    }
}
