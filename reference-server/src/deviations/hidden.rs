//! A store that looks away from who is inactive.

use std::sync::Arc;

use super::{Cluster, Deviation, Seams};
use crate::store::{
    Answer, Committed, Key, Kind, Page, Record, Reference, ResourceId, Sequence, Store, TenantId, Turn, Write,
};

/// GrowthBook searched among the active ones only.
pub(super) static INACTIVE_HIDDEN_FROM_FILTER: Deviation = Deviation {
    slug: "inactive-hidden-from-filter",
    cluster: Cluster::IdentityLost,
    wrong: "a filter does not find an inactive User, so that the provider creates the person again",
    right: "a filter finds an inactive User, with active false",
    source: "https://github.com/growthbook/growthbook/issues/1680",
    install: |seams| Seams { store: Arc::new(ActiveOnly { inner: seams.store }), ..seams },
};

struct ActiveOnly {
    inner: Arc<dyn Store>,
}

impl Store for ActiveOnly {
    fn find<'a>(&'a self, tenant: &'a TenantId, kind: Kind, key: &'a Key) -> Answer<'a, Vec<Arc<Record>>> {
        Box::pin(async move {
            let mut found = self.inner.find(tenant, kind, key).await?;
            found.retain(|record| !is_inactive(record));
            Ok(found)
        })
    }

    fn page_after<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        after: Option<Sequence>,
        count: u64,
    ) -> Answer<'a, Page> {
        self.inner.page_after(tenant, kind, after, count)
    }

    fn page_before<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        before: Sequence,
        count: u64,
    ) -> Answer<'a, Page> {
        self.inner.page_before(tenant, kind, before, count)
    }

    fn scan<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        mut after: Option<Sequence>,
    ) -> Answer<'a, Vec<Arc<Record>>> {
        Box::pin(async move {
            // An empty batch would end the scan, so one with nobody active in it is passed over.
            loop {
                let mut batch = self.inner.scan(tenant, kind, after).await?;
                let Some(last) = batch.last() else { return Ok(batch) };
                after = Some(last.sequence);
                batch.retain(|record| !is_inactive(record));
                if !batch.is_empty() {
                    return Ok(batch);
                }
            }
        })
    }

    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        id: ResourceId,
    ) -> Answer<'a, Option<Arc<Record>>> {
        self.inner.read(tenant, kind, id)
    }

    fn page<'a>(&'a self, tenant: &'a TenantId, kind: Kind, offset: u64, count: u64) -> Answer<'a, Page> {
        self.inner.page(tenant, kind, offset, count)
    }

    fn members<'a>(&'a self, tenant: &'a TenantId, group: ResourceId) -> Answer<'a, Vec<Reference>> {
        self.inner.members(tenant, group)
    }

    fn groups_of<'a>(&'a self, tenant: &'a TenantId, member: ResourceId) -> Answer<'a, Vec<Reference>> {
        self.inner.groups_of(tenant, member)
    }

    fn turn<'a>(&'a self, tenant: &'a TenantId, id: ResourceId) -> Answer<'a, Turn> {
        self.inner.turn(tenant, id)
    }

    fn commit<'a>(&'a self, tenant: &'a TenantId, write: Write) -> Answer<'a, Committed> {
        self.inner.commit(tenant, write)
    }
}

fn is_inactive(record: &Record) -> bool {
    let resource = serde_json::from_str::<serde_json::Value>(&record.text).unwrap_or_default();
    resource.get("active") == Some(&serde_json::Value::Bool(false))
}
