//! What every handler of the server has at hand.

use std::{borrow::Cow, sync::Arc};

use tokio::sync::{Mutex, MutexGuard};

use super::pointer::Pointer;
use crate::{
    BasePath, Clock, Limits, PublicUrl,
    accounts::Accounts,
    rate::RateLimit,
    scim::{Attribute, Map, Registry, ResourceType, Rules, schema::Returned},
    store::{Kind, ResourceId, Store, StoreError, TenantId, Turn},
    tenant::Tenants,
    token::ScimTokens,
};

/// The parts of a running server.
pub(crate) struct Service {
    pub(crate) registry: Arc<Registry>,
    pub(crate) rules: &'static Rules,
    pub(crate) clock: Clock,
    /// The resource type of people, for the application's own endpoints.
    pub(crate) users: Arc<ResourceType>,
    /// All resource types, in the order in which they are listed.
    pub(crate) types: Vec<Served>,
    pub(crate) base_path: BasePath,
    pub(crate) public_url: Option<PublicUrl>,
    pub(crate) limits: Limits,
    pub(crate) tenants: Arc<Tenants>,
    pub(crate) tokens: Arc<ScimTokens>,
    pub(crate) rate: RateLimit,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) turns: Turns,
}

/// A resource type as it is served.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) kind: Kind,
    pub(crate) resource_type: Arc<ResourceType>,
    /// Whether all that is kept of a resource is also answered, unless the client chooses.
    pub(crate) is_plain: bool,
    /// Its attributes that point to other resources.
    pub(crate) pointers: Vec<Pointer>,
}

impl Service {
    /// The resource type of a kind, as it is served. A kind comes from a path that named one of the types, or
    /// from a record that was stored under one.
    pub(crate) fn served(&self, kind: Kind) -> &Served {
        self.types
            .iter()
            .find(|served| served.kind == kind)
            .expect("every kind in use is a type that is served")
    }

    /// Waits until nobody else is in between a write of this resource and the news of it, neither here nor in
    /// another server on the same store.
    pub(crate) async fn turn(
        &self,
        tenant: &TenantId,
        id: ResourceId,
    ) -> Result<(Turn, MutexGuard<'_, ()>), StoreError> {
        let here = self.turns.take(id).await;
        Ok((self.store.turn(tenant, id).await?, here))
    }

    /// The endpoint of a kind. A durable store may hold references to a kind that is not served any more, because its
    /// definition file is gone; those keep the address that it would have.
    pub(crate) fn endpoint(&self, kind: Kind) -> Cow<'_, str> {
        let served = self.types.iter().find(|served| served.kind == kind);
        served.map_or_else(
            || format!("/{}s", kind.name()).into(),
            |served| served.resource_type.endpoint().into(),
        )
    }

    /// The resource type of a kind.
    pub(crate) fn resource_type(&self, kind: Kind) -> &ResourceType {
        &self.served(kind).resource_type
    }
}

impl Served {
    /// Takes out of a document what is derived for every answer anew.
    pub(crate) fn tidy(&self, document: &mut Map) {
        self.pointers.iter().for_each(|pointer| pointer.forget(document));
    }

    /// All types of a registry.
    pub(crate) fn all(registry: &Registry) -> Vec<Self> {
        let names: Vec<&str> = registry.resource_types().iter().map(|of| of.name()).collect();
        let served = |resource_type: &Arc<ResourceType>| Self {
            kind: Kind::named(resource_type.name()),
            is_plain: is_plain(resource_type),
            pointers: Pointer::all(resource_type, &names),
            resource_type: Arc::clone(resource_type),
        };
        registry.resource_types().iter().map(served).collect()
    }
}

/// Whether the schemas of a resource type have no readable attribute that is left out of an answer by default.
/// Secrets are never kept, so they need not be left out.
fn is_plain(resource_type: &ResourceType) -> bool {
    fn plain(attribute: &Attribute) -> bool {
        let answered = matches!(attribute.returned, Returned::Always | Returned::Default);
        (answered || attribute.is_secret()) && attribute.sub_attributes.iter().all(plain)
    }
    let extensions = resource_type.extensions().iter().flat_map(|extension| &extension.schema.attributes);
    resource_type.attributes().chain(extensions).all(plain)
}

/// Turns of the writers of one resource. The store alone keeps a resource whole; but its account hears of a
/// write after the write, and two writers must not bring their news in the wrong order.
#[derive(Debug)]
pub(crate) struct Turns([Mutex<()>; 64]);

impl Default for Turns {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Turns {
    /// Waits until no one else writes the resource (or one of the few that share its lock).
    async fn take(&self, id: ResourceId) -> MutexGuard<'_, ()> {
        let place = id.spread() % self.0.len() as u64;
        let place = usize::try_from(place).unwrap_or_default();
        self.0[place].lock().await
    }
}
