//! Ways in which a person who was deactivated cannot come back, or not as who they were.

use std::sync::Arc;

use axum::response::Response;

use super::{
    Cluster, Deviation,
    accounts::Rerouted,
    active::wanted,
    visit::{Visit, refuse},
};
use crate::{
    accounts::{Accounts, AccountsError, Event, Who},
    scim::Error,
    store::{ResourceId, TenantId},
};

/// Sentry could remove a member through `active` and not bring one back.
pub(super) static ACTIVE_TRUE_REJECTED: Deviation = Deviation {
    slug: "active-true-rejected",
    cluster: Cluster::IdentityLost,
    wrong: "a PATCH of active with true is answered with 400",
    right: "a PATCH of active with true makes the User active, or leaves it so",
    source: "https://github.com/getsentry/self-hosted/issues/3573",
    install: |seams| {
        seams.wrap_users(async |visit: Visit| {
            if visit.is_patch() && wanted(&visit) == Some(true) {
                return refuse(Error::new(400, None, "Invalid Patch Operation."));
            }
            visit.go().await
        })
    },
};

/// FusionAuth checked the User that it had loaded, and an inactive one did not pass.
pub(super) static REACTIVATE_PATCH_400_WHEN_INACTIVE: Deviation = Deviation {
    slug: "reactivate-patch-400-when-inactive",
    cluster: Cluster::IdentityLost,
    wrong: "a PATCH of active with true on an inactive User is answered with 400",
    right: "a PATCH of active with true makes an inactive User active",
    source: "https://github.com/FusionAuth/fusionauth-issues/issues/3311",
    install: |seams| seams.wrap_users(refuse_when_inactive),
};

/// PostHog took the membership away at deactivation and did not give it back.
pub(super) static REACTIVATE_WITHOUT_MEMBERSHIP: Deviation = Deviation {
    slug: "reactivate-without-membership",
    cluster: Cluster::IdentityLost,
    wrong: "after a reactivation the User says active true, and the person still cannot sign in",
    right: "after a reactivation the person can sign in",
    source: "https://github.com/PostHog/posthog/issues/42603",
    install: |seams| {
        seams.wrap_accounts(|inner| {
            Rerouted::new(inner, |_, _, event| {
                Box::pin(async move {
                    Ok(if matches!(event, Event::Reactivated { .. }) { Vec::new() } else { vec![event] })
                })
            })
        })
    },
};

/// Yuzu handed out roles when a group changed, to those who were active at that moment.
pub(super) static REACTIVATION_DOES_NOT_RECOMPUTE_ROLES: Deviation = Deviation {
    slug: "reactivation-does-not-recompute-roles",
    cluster: Cluster::IdentityLost,
    wrong: "a group that a person joined or left while inactive does not count when the person is active again",
    right: "what a person may do follows the groups that the person is in now",
    source: "https://github.com/Tr3kkR/Yuzu/issues/2127",
    install: |seams| {
        seams.wrap_accounts(|inner| {
            Rerouted::new(inner, |inner, tenant, event| Box::pin(pass_over_inactive(inner, tenant, event)))
        })
    },
};

/// LiteLLM unblocked all that was blocked.
pub(super) static REACTIVATE_UNBLOCKS_ADMIN_BLOCKED_KEYS: Deviation = Deviation {
    slug: "reactivate-unblocks-admin-blocked-keys",
    cluster: Cluster::IdentityLost,
    wrong: "a reactivation also takes back the block that the administrator has put on the account by hand",
    right: "a reactivation takes back what the deactivation did",
    source: "https://github.com/BerriAI/litellm/issues/26861",
    install: |seams| {
        seams.wrap_accounts(|inner| {
            Rerouted::new(inner, |_, _, event| {
                Box::pin(async move {
                    Ok(match event {
                        Event::Reactivated { resource } => vec![event, Event::Unblocked { resource }],
                        event => vec![event],
                    })
                })
            })
        })
    },
};

async fn refuse_when_inactive(visit: Visit) -> Response {
    if visit.is_patch() && wanted(&visit) == Some(true) && visit.is_inactive().await {
        return refuse(Error::invalid_syntax("Invalid patch: the resource that it yields is not valid."));
    }
    visit.go().await
}

async fn pass_over_inactive(
    inner: Arc<dyn Accounts>,
    tenant: TenantId,
    event: Event,
) -> Result<Vec<Event>, AccountsError> {
    let Event::GroupChanged { group, name, joined, left } = event else { return Ok(vec![event]) };
    let joined = only_active(&*inner, &tenant, joined).await?;
    let left = only_active(&*inner, &tenant, left).await?;
    Ok(vec![Event::GroupChanged { group, name, joined, left }])
}

async fn only_active(
    inner: &dyn Accounts,
    tenant: &TenantId,
    people: Vec<ResourceId>,
) -> Result<Vec<ResourceId>, AccountsError> {
    let mut active = Vec::new();
    for person in people {
        let account = inner.account(tenant, Who::Resource(person)).await?;
        if account.is_some_and(|account| account.state.is_active_in_scim()) {
            active.push(person);
        }
    }
    Ok(active)
}
