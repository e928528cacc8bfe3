//! A store that keeps something else than it is given. What clients send and see goes through the correct server;
//! only what is there afterwards is wrong, whichever request brought it.

use std::sync::Arc;

use super::{Seams, seams::WrongStore};
use crate::{
    scim::Map,
    store::{Answer, Committed, Draft, Kind, Store, TenantId, Write},
};

impl Seams {
    /// Changes every resource before it is kept.
    pub(super) fn keep(self, edit: fn(Kind, &mut Map)) -> Self {
        self.wrap_store(|inner| Altered { inner, edit })
    }
}

struct Altered {
    inner: Arc<dyn Store>,
    edit: fn(Kind, &mut Map),
}

impl Altered {
    fn alter(&self, of: Kind, draft: &mut Draft) {
        // What the server gives to its store is JSON; if it ever is not, it is kept as it came.
        if let Ok(mut resource) = serde_json::from_str::<Map>(&draft.text) {
            (self.edit)(of, &mut resource);
            draft.text = serde_json::Value::Object(resource).to_string();
        }
    }
}

impl WrongStore for Altered {
    fn inner(&self) -> &Arc<dyn Store> {
        &self.inner
    }

    fn commit<'a>(&'a self, tenant: &'a TenantId, mut write: Write) -> Answer<'a, Committed> {
        match &mut write {
            Write::Create { kind, draft, .. } | Write::Update { kind, draft: Some(draft), .. } => {
                self.alter(*kind, draft);
            }
            Write::Update { draft: None, .. } | Write::Delete { .. } => {}
        }
        self.inner.commit(tenant, write)
    }
}
