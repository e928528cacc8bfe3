//! What every handler of the server has at hand.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

use crate::{
    BasePath, Limits, PublicUrl,
    accounts::Accounts,
    scim::{Attribute, Registry, ResourceType, schema::Returned},
    store::{Kind, ResourceId, Store, TenantId},
    token::{TokenHash, Tokens},
};

/// The parts of a running server.
pub(crate) struct Service {
    pub(crate) registry: Arc<Registry>,
    pub(crate) users: Arc<ResourceType>,
    pub(crate) groups: Arc<ResourceType>,
    pub(crate) users_are_plain: bool,
    pub(crate) groups_are_plain: bool,
    pub(crate) base_path: BasePath,
    pub(crate) public_url: Option<PublicUrl>,
    pub(crate) limits: Limits,
    pub(crate) tokens: Tokens,
    pub(crate) admin: TokenHash,
    /// Whose people the application's own endpoints are about.
    pub(crate) tenant: TenantId,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) turns: Turns,
}

impl Service {
    /// Whether all that is kept of a resource of the kind is also answered, unless the client chooses.
    pub(crate) fn is_plain(&self, kind: Kind) -> bool {
        match kind {
            Kind::User => self.users_are_plain,
            Kind::Group => self.groups_are_plain,
        }
    }

    /// The resource type of a kind.
    pub(crate) fn resource_type(&self, kind: Kind) -> &ResourceType {
        match kind {
            Kind::User => &self.users,
            Kind::Group => &self.groups,
        }
    }
}

/// Whether the schemas of a resource type have no readable attribute that is left out of an answer by default.
/// Secrets are never kept, so they need not be left out.
pub(crate) fn is_plain(resource_type: &ResourceType) -> bool {
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
    pub(crate) async fn take(&self, id: ResourceId) -> MutexGuard<'_, ()> {
        let place = id.spread() % self.0.len() as u64;
        let place = usize::try_from(place).unwrap_or_default();
        self.0[place].lock().await
    }
}
