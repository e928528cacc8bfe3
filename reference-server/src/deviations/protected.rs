//! Accounts that SCIM should not reach, and does.

use std::sync::Arc;

use super::{
    Cluster, Deviation, Seams,
    memory::Memory,
    people::People,
    seams::WrongAccounts,
    writes::{Verdict, Write},
};
use crate::{
    accounts::{Accounts, Answer, EndPermit},
    scim::Error,
    store::{ResourceId, TenantId},
};

/// Cloudflare and Sentry did what the provider said.
pub(super) static LAST_ADMIN_CAN_BE_DEPROVISIONED: Deviation = Deviation {
    slug: "last-admin-can-be-deprovisioned",
    cluster: Cluster::IdentityLost,
    wrong: "SCIM deactivates or deletes the last administrator, and nobody can administer the application any more",
    right: "the end of the last administrator is refused with 403",
    source: "https://github.com/getsentry/sentry-docs/issues/6253",
    install: |seams: Seams| seams.wrap_accounts(|inner| Permissive { inner, of: None }),
};

/// Open WebUI protected its administrator everywhere else.
pub(super) static DELETE_REMOVES_ADMIN: Deviation = Deviation {
    slug: "delete-removes-admin",
    cluster: Cluster::TakenOver,
    wrong: "a DELETE of the last administrator's User is done; a deactivation is refused",
    right: "the end of the last administrator is refused with 403, whatever it comes in",
    source: "https://github.com/open-webui/open-webui/issues/27662",
    install: |seams| {
        let deleted: Memory<()> = Memory::default();
        let of = Some(deleted.clone());
        let seams = seams.wrap_accounts(|inner| Permissive { inner, of });
        seams.judge_writes(move |_, write| {
            if let Some(id) = write.id.as_deref().filter(|_| write.is_user()) {
                if write.is_delete() { deleted.set(id, ()) } else { _ = deleted.forget(id) }
            }
            std::future::ready(Verdict::Go(write))
        })
    },
};

/// Keycloak guarded one of two doors.
pub(super) static PROTECTED_USER_EDITABLE_BY_GROUPS: Deviation = Deviation {
    slug: "protected-user-editable-by-groups",
    cluster: Cluster::TakenOver,
    wrong: "every write of an administrator's User is refused with 403, and a PATCH of a Group changes what groups it is in",
    right: "who is protected is protected in /Groups as in /Users, or in neither",
    source: "https://github.com/keycloak/keycloak/issues/50473",
    install: |seams| {
        let (seams, people) = seams.watch_people();
        seams.refuse(move |write| protect(write, &people))
    },
};

fn protect(write: &Write, people: &People) -> Option<Error> {
    let id = write.id.as_deref().filter(|_| write.is_user())?;
    let administers = people.recall(id).is_some_and(|person| person.administrator);
    administers.then(|| Error::forbidden("This User is protected and cannot be changed through SCIM."))
}

/// Accounts that SCIM may end, whoever they are.
struct Permissive {
    inner: Arc<dyn Accounts>,
    /// Whose last write is what SCIM may always do; nothing: everybody's.
    of: Option<Memory<()>>,
}

impl WrongAccounts for Permissive {
    fn inner(&self) -> &Arc<dyn Accounts> {
        &self.inner
    }

    fn permit_end<'a>(&'a self, tenant: &'a TenantId, resource: ResourceId) -> Answer<'a, EndPermit> {
        if self.of.as_ref().is_none_or(|of| of.has(&resource.to_string())) {
            return Box::pin(std::future::ready(Ok(EndPermit::free())));
        }
        self.inner.permit_end(tenant, resource)
    }
}
