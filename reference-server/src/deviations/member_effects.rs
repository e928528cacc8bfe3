//! Groups that are stored as they were written and do not count, or count for more than was written.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Cluster, Deviation, accounts::Rerouted, memory::Memory, seams::WrongAccounts, writes::Verdict};
use crate::{
    accounts::{Accounts, Answer, Event},
    store::{ResourceId, Store, TenantId},
};

/// LiteLLM wrote the group down and did not tell the teams.
pub(super) static GROUP_PUT_NOT_APPLIED: Deviation = Deviation {
    slug: "group-put-not-applied",
    cluster: Cluster::MembersWrong,
    wrong: "a PUT of a Group changes what it shows, and the doors that its members may open stay as they were",
    right: "who comes into a group or goes out by a PUT gains or loses what the group opens",
    source: "https://github.com/BerriAI/litellm/issues/14057",
    install: |seams| {
        let replaced: Memory<()> = Memory::default();
        let seen = replaced.clone();
        let seams = seams.wrap_accounts(|inner| Untold { inner, replaced });
        seams.judge_writes(move |_, write| {
            if let Some(id) = write.id.as_deref().filter(|_| write.is_group()) {
                if write.is_put() { seen.set(id, ()) } else { _ = seen.forget(id) }
            }
            std::future::ready(Verdict::Go(write))
        })
    },
};

/// agent-bom kept groups for their own sake.
pub(super) static GROUPS_HAVE_NO_EFFECT: Deviation = Deviation {
    slug: "groups-have-no-effect",
    cluster: Cluster::MembersWrong,
    wrong: "a membership is stored and shown, and no door ever opens by it",
    right: "who is a member may do what the group opens",
    source: "https://github.com/msaad00/agent-bom/issues/3537",
    install: |seams| {
        seams.wrap_accounts(|inner| {
            Rerouted::new(inner, |_, _, event| {
                Box::pin(async move {
                    Ok(if matches!(event, Event::GroupChanged { .. }) { Vec::new() } else { vec![event] })
                })
            })
        })
    },
};

/// FusionAuth replaced the group, with the roles that an administrator had attached to it.
pub(super) static GROUP_SYNC_WIPES_MANUAL_ROLES: Deviation = Deviation {
    slug: "group-sync-wipes-manual-roles",
    cluster: Cluster::MembersWrong,
    wrong: "an update of a Group takes the administrator's role, which was given by hand, from its members",
    right: "an update of a Group leaves alone what does not come from SCIM",
    source: "https://github.com/FusionAuth/fusionauth-issues/issues/3273",
    install: |seams| {
        let store = Arc::clone(&seams.store);
        seams.wrap_accounts(|inner| Wiping { inner, store, known: Mutex::default() })
    },
};

/// Accounts that do not hear who came into a group, or went out, when it was replaced.
struct Untold {
    inner: Arc<dyn Accounts>,
    /// The groups whose last write is a PUT.
    replaced: Memory<()>,
}

impl WrongAccounts for Untold {
    fn inner(&self) -> &Arc<dyn Accounts> {
        &self.inner
    }

    fn apply<'a>(&'a self, tenant: &'a TenantId, mut event: Event) -> Answer<'a, ()> {
        if let Event::GroupChanged { group, joined, left, .. } = &mut event
            && self.replaced.has(&group.to_string())
        {
            joined.clear();
            left.clear();
        }
        self.inner.apply(tenant, event)
    }
}

/// Accounts that lose what an administrator gave them when a group of theirs is updated.
struct Wiping {
    inner: Arc<dyn Accounts>,
    store: Arc<dyn Store>,
    /// The groups that have been made: what is heard of one for the first time is its creation.
    known: Mutex<HashSet<ResourceId>>,
}

impl WrongAccounts for Wiping {
    fn inner(&self) -> &Arc<dyn Accounts> {
        &self.inner
    }

    fn apply<'a>(&'a self, tenant: &'a TenantId, event: Event) -> Answer<'a, ()> {
        Box::pin(async move {
            let group = match &event {
                Event::GroupChanged { group, .. } => Some(*group),
                _ => None,
            };
            self.inner.apply(tenant, event).await?;
            let Some(group) = group else { return Ok(()) };
            if self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(group) {
                return Ok(());
            }
            for member in self.store.members(tenant, group).await.unwrap_or_default() {
                let event = Event::AdministratorSet { resource: member.id, administrator: false };
                self.inner.apply(tenant, event).await?;
            }
            Ok(())
        })
    }
}
