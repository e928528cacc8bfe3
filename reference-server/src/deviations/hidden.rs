//! A store that looks away from who is inactive.

use std::sync::Arc;

use super::{Cluster, Deviation, Seams, seams::WrongStore};
use crate::store::{Answer, Key, Kind, Record, Sequence, Store, TenantId};

/// GrowthBook searched among the active ones only.
pub(super) static INACTIVE_HIDDEN_FROM_FILTER: Deviation = Deviation {
    slug: "inactive-hidden-from-filter",
    cluster: Cluster::IdentityLost,
    wrong: "a filter does not find an inactive User, so that the provider creates the person again",
    right: "a filter finds an inactive User, with active false",
    source: "https://github.com/growthbook/growthbook/issues/1680",
    install: |seams: Seams| seams.wrap_store(|inner| ActiveOnly { inner }),
};

struct ActiveOnly {
    inner: Arc<dyn Store>,
}

impl WrongStore for ActiveOnly {
    fn inner(&self) -> &Arc<dyn Store> {
        &self.inner
    }

    fn find<'a>(&'a self, tenant: &'a TenantId, kind: Kind, key: &'a Key) -> Answer<'a, Vec<Arc<Record>>> {
        Box::pin(async move {
            let mut found = self.inner.find(tenant, kind, key).await?;
            found.retain(|record| !is_inactive(record));
            Ok(found)
        })
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
}

fn is_inactive(record: &Record) -> bool {
    let resource = serde_json::from_str::<serde_json::Value>(&record.text).unwrap_or_default();
    resource.get("active") == Some(&serde_json::Value::Bool(false))
}
