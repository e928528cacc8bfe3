//! Which groups stand above which: the way from a user's own groups to those that these are in, however they are
//! nested, circles included.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use super::{problem::Problem, service::Service};
use crate::store::{Reference, ResourceId, TenantId};

/// What one answer has learned about the groups of resources: many users of a page are in the same ones, and a store
/// that is far away is asked once for all of them.
#[derive(Default)]
pub(crate) struct Kin(HashMap<ResourceId, Arc<[Reference]>>);

impl Kin {
    /// Learns the groups of these resources, and the groups that are above those.
    pub(crate) async fn learn(
        &mut self,
        service: &Service,
        tenant: &TenantId,
        members: impl IntoIterator<Item = ResourceId>,
    ) -> Result<(), Problem> {
        let mut level: Vec<ResourceId> = members.into_iter().collect();
        loop {
            let mut asked = HashSet::new();
            level.retain(|id| !self.0.contains_key(id) && asked.insert(*id));
            if level.is_empty() {
                return Ok(());
            }
            let mut found = service.store.groups_of_each(tenant, &level).await?;
            let mut above = Vec::new();
            for id in level {
                let groups = found.remove(&id).unwrap_or_default();
                above.extend(groups.iter().map(|group| group.id));
                self.0.insert(id, groups.into());
            }
            level = above;
        }
    }

    /// The groups of a resource.
    pub(crate) async fn of(
        &mut self,
        service: &Service,
        tenant: &TenantId,
        member: ResourceId,
    ) -> Result<Arc<[Reference]>, Problem> {
        self.learn(service, tenant, [member]).await?;
        Ok(self.known(member))
    }

    /// The groups that have one of `groups` among their members, directly or through others, without `groups`
    /// themselves; the nearest first, each once. They have been learned with what is below them.
    pub(crate) fn above(&self, groups: &[Reference]) -> Vec<Reference> {
        let mut seen: HashSet<ResourceId> = groups.iter().map(|group| group.id).collect();
        let mut next: VecDeque<ResourceId> = groups.iter().map(|group| group.id).collect();
        let mut above = Vec::new();
        while let Some(group) = next.pop_front() {
            for parent in self.known(group).iter() {
                if seen.insert(parent.id) {
                    next.push_back(parent.id);
                    above.push(parent.clone());
                }
            }
        }
        above
    }

    /// Forgets a resource that has been shown, so that a walk through many does not hold them all.
    pub(crate) fn forget(&mut self, member: ResourceId) {
        self.0.remove(&member);
    }

    fn known(&self, member: ResourceId) -> Arc<[Reference]> {
        self.0.get(&member).cloned().unwrap_or_default()
    }
}
