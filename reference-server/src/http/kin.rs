//! Which groups stand above which: the way from a user's own groups to those that these are in, however they are
//! nested, circles included.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use super::{problem::Problem, service::Service};
use crate::store::{Reference, ResourceId, TenantId};

/// What one answer has learned about groups in groups: many users of a page are in the same ones.
#[derive(Default)]
pub(crate) struct Kin(HashMap<ResourceId, Arc<[Reference]>>);

impl Kin {
    /// The groups that have one of `groups` among their members, directly or through others, without `groups`
    /// themselves; the nearest first, each once.
    pub(crate) async fn above(
        &mut self,
        service: &Service,
        tenant: &TenantId,
        groups: &[Reference],
    ) -> Result<Vec<Reference>, Problem> {
        let mut seen: HashSet<ResourceId> = groups.iter().map(|group| group.id).collect();
        let mut next: VecDeque<ResourceId> = groups.iter().map(|group| group.id).collect();
        let mut above = Vec::new();
        while let Some(group) = next.pop_front() {
            for parent in self.parents(service, tenant, group).await?.iter() {
                if seen.insert(parent.id) {
                    next.push_back(parent.id);
                    above.push(parent.clone());
                }
            }
        }
        Ok(above)
    }

    async fn parents(
        &mut self,
        service: &Service,
        tenant: &TenantId,
        group: ResourceId,
    ) -> Result<Arc<[Reference]>, Problem> {
        if let Some(known) = self.0.get(&group) {
            return Ok(Arc::clone(known));
        }
        let parents: Arc<[Reference]> = service.store.groups_of(tenant, group).await?.into();
        self.0.insert(group, Arc::clone(&parents));
        Ok(parents)
    }
}
