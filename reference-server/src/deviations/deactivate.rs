//! Deactivations that do more than lock a person out.

use std::sync::Arc;

use axum::{http::Method, response::Response};

use super::{Cluster, Deviation, accounts::Rerouted, active::wanted, visit::Visit};
use crate::{
    accounts::{Accounts, AccountsError, Event, Person, Who},
    store::TenantId,
};

/// Sourcegraph deleted who was deactivated.
pub(super) static DEACTIVATE_HARD_DELETES: Deviation = Deviation {
    slug: "deactivate-hard-deletes",
    cluster: Cluster::IdentityLost,
    wrong: "a User that was deactivated is deleted: the next GET is answered with 404",
    right: "a User that was deactivated is still there, with active false",
    source: "https://github.com/sourcegraph/sourcegraph-public-snapshot/issues/49325",
    install: |seams| seams.wrap_users(hard_delete),
};

/// Open WebUI and Budibase removed the account and what it had.
pub(super) static DEACTIVATE_DESTROYS_USER_DATA: Deviation = Deviation {
    slug: "deactivate-destroys-user-data",
    cluster: Cluster::IdentityLost,
    wrong: "a deactivation removes the account behind the User; a reactivation begins with an empty new one",
    right: "the account and what it has are kept while the User is inactive",
    source: "https://github.com/open-webui/open-webui/issues/24501",
    install: |seams| {
        seams.wrap_accounts(|inner| {
            Rerouted::new(inner, |inner, tenant, event| Box::pin(begin_anew(inner, tenant, event)))
        })
    },
};

async fn hard_delete(visit: Visit) -> Response {
    let is_update = visit.is_put() || visit.is_patch();
    if !is_update || wanted(&visit) != Some(false) {
        return visit.go().await;
    }
    let response = visit.go_on().await;
    if response.status().is_success() {
        visit.ask(Method::DELETE, Vec::new()).await;
    }
    response
}

async fn begin_anew(
    inner: Arc<dyn Accounts>,
    tenant: TenantId,
    event: Event,
) -> Result<Vec<Event>, AccountsError> {
    let Event::Deactivated { resource } = event else { return Ok(vec![event]) };
    let Some(account) = inner.account(&tenant, Who::Resource(resource)).await? else { return Ok(Vec::new()) };
    let empty = Person {
        resource,
        origin: account.origin,
        user_name: account.user_name,
        external_id: account.external_id,
        active: false,
        password: None,
    };
    Ok(vec![Event::Deleted { resource }, Event::Provisioned(empty)])
}
