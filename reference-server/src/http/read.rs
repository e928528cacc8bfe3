//! Reading: one resource by its id, and lists with filter and pages (RFC 7644 sections 3.4.1 and 3.4.2).

use std::sync::Arc;

use axum::{http::StatusCode, response::Response};

use super::{answer, problem::Problem, represent::Presenter, request::ScimRequest, service::Service};
use crate::{
    scim::{Filter, Lookup, Paging, ResourceFilter, list},
    store::{Indexed, Key, Kind, Page, Record, ResourceId, StoreError},
};

/// `GET /Users/ID`
pub(crate) async fn one(
    service: &Service,
    request: &ScimRequest,
    kind: Kind,
    id: ResourceId,
) -> Result<Response, Problem> {
    let presenter = Presenter::new(service, request, kind)?;
    let record = service.store.read(&request.tenant, kind, id).await?;
    let record = record.ok_or(StoreError::NotFound { kind, id })?;
    let location = presenter.location(id);
    if request.if_none_match.as_ref().is_some_and(|condition| condition.has(record.version)) {
        return Ok(answer::resource(StatusCode::NOT_MODIFIED, &location, record.version, None));
    }
    let text = presenter.text(&record).await?;
    Ok(answer::resource(StatusCode::OK, &location, record.version, Some(text)))
}

/// `GET /Users`. Everyone is found, whatever `active` says: a provider that cannot find a deactivated person
/// makes a second one.
pub(crate) async fn list(service: &Service, request: &ScimRequest, kind: Kind) -> Result<Response, Problem> {
    let presenter = Presenter::new(service, request, kind)?;
    let query = &request.query;
    let paging =
        Paging::from_query(query.start_index.as_deref(), query.count.as_deref(), service.limits.page)?;
    let page = match &query.filter {
        None => service.store.page(&request.tenant, kind, paging.offset(), paging.count as u64).await?,
        Some(text) => {
            let filter = Filter::parse(text)?.bind(service.resource_type(kind))?;
            Search { service, request, kind, presenter: &presenter, filter: &filter }.page(paging).await?
        }
    };
    let mut body = format!(
        r#"{{"schemas":["{}"],"totalResults":{},"startIndex":{},"itemsPerPage":{},"Resources":["#,
        list::URN,
        page.total,
        paging.start_index,
        page.records.len(),
    );
    for (place, record) in page.records.iter().enumerate() {
        if place > 0 {
            body.push(',');
        }
        body.push_str(&presenter.text(record).await?);
    }
    body.push_str("]}");
    Ok(answer::json(StatusCode::OK, body))
}

/// A filter on its way through the store.
struct Search<'a> {
    service: &'a Service,
    request: &'a ScimRequest,
    kind: Kind,
    presenter: &'a Presenter<'a>,
    filter: &'a ResourceFilter,
}

impl Search<'_> {
    async fn page(&self, paging: Paging) -> Result<Page, Problem> {
        match self.filter.lookup() {
            Some(lookup) => match self.candidates(lookup).await? {
                Some(candidates) => self.sift(candidates, lookup.exact, paging).await,
                None => self.scan(paging).await,
            },
            None => self.scan(paging).await,
        }
    }

    /// What an index has; nothing if there is no such index.
    async fn candidates(&self, lookup: &Lookup) -> Result<Option<Vec<Arc<Record>>>, Problem> {
        let (store, tenant) = (&self.service.store, &self.request.tenant);
        if lookup.attribute == "id" {
            let record = match ResourceId::parse(&lookup.key) {
                Some(id) => store.read(tenant, self.kind, id).await?,
                None => None,
            };
            return Ok(Some(record.into_iter().collect()));
        }
        let key = Key { attribute: Indexed::named(&lookup.attribute), value: lookup.key.as_str().into() };
        Ok(Some(store.find(tenant, self.kind, &key).await?))
    }

    async fn sift(
        &self,
        candidates: Vec<Arc<Record>>,
        all_match: bool,
        paging: Paging,
    ) -> Result<Page, Problem> {
        let mut harvest = Harvest::new(paging);
        for record in candidates {
            if all_match || self.matches(&record).await? {
                harvest.add(record);
            }
        }
        Ok(harvest.page)
    }

    async fn scan(&self, paging: Paging) -> Result<Page, Problem> {
        let mut harvest = Harvest::new(paging);
        let mut after = None;
        loop {
            let batch = self.service.store.scan(&self.request.tenant, self.kind, after).await?;
            let Some(last) = batch.last() else { return Ok(harvest.page) };
            after = Some(last.sequence);
            for record in batch {
                if self.matches(&record).await? {
                    harvest.add(record);
                }
            }
            // A scan of a large store must not hold up everybody else.
            tokio::task::yield_now().await;
        }
    }

    async fn matches(&self, record: &Record) -> Result<bool, Problem> {
        Ok(self.filter.matches(&self.presenter.for_filter(record, self.filter).await?))
    }
}

/// Counts what matches and keeps what is on the page.
struct Harvest {
    paging: Paging,
    page: Page,
}

impl Harvest {
    fn new(paging: Paging) -> Self {
        Self { paging, page: Page { total: 0, records: Vec::new() } }
    }

    fn add(&mut self, record: Arc<Record>) {
        if self.page.total >= self.paging.offset() && self.page.records.len() < self.paging.count {
            self.page.records.push(record);
        }
        self.page.total += 1;
    }
}
