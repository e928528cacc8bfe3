//! An application in which the people whom the administrator made and those whom SCIM made never meet.

use std::sync::Arc;

use axum::http::Method;

use super::{
    Cluster, Deviation, HttpWrap, Seams,
    memory::Memory,
    seams::{WrongAccounts, WrongStore},
};
use crate::{
    accounts::{Accounts, Answer, Event, Origin, Person, Who},
    store::{self, Committed, Key, Kind, Page, Record, ResourceId, Sequence, Store, TenantId},
};

/// GitHub knows members who were invited by hand and SCIM identities that nobody has linked to them.
pub(super) static UNLINKED_IDENTITY_NOT_DEPROVISIONED: Deviation = Deviation {
    slug: "unlinked-identity-not-deprovisioned",
    cluster: Cluster::AccessSurvives,
    wrong: "SCIM does not find the account that the administrator made and makes a second one of the same userName, whose end leaves the first one open",
    right: "SCIM finds the account by its userName, and the provider governs it from then on",
    source: "GitHub Docs, reusables/scim/changes-should-come-from-idp",
    install: |seams: Seams| {
        let hidden: Memory<()> = Memory::default();
        let seen = hidden.clone();
        let mut seams =
            seams.wrap_store(|inner| Apart { inner, hidden: seen }).wrap_accounts(|inner| Second { inner });
        let by_hand: HttpWrap = Arc::new(|request, next| {
            let is_path = request.uri().path().ends_with("/app/admin/people");
            let by_hand = is_path && request.method() == Method::POST;
            Box::pin(BY_HAND.scope(by_hand, next.run(request)))
        });
        seams.http.push(by_hand);
        seams
    },
};

tokio::task_local! {
    /// Whether the administrator is making somebody.
    static BY_HAND: bool;
}

/// A store that hides from SCIM what did not come through it.
struct Apart {
    inner: Arc<dyn Store>,
    hidden: Memory<()>,
}

impl Apart {
    fn is_hidden(&self, id: ResourceId) -> bool {
        self.hidden.has(&id.to_string())
    }

    async fn visible(&self, tenant: &TenantId, kind: Kind) -> Result<Vec<Arc<Record>>, store::StoreError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let batch = self.inner.scan(tenant, kind, after).await?;
            let Some(last) = batch.last() else { return Ok(all) };
            after = Some(last.sequence);
            all.extend(batch.into_iter().filter(|record| !self.is_hidden(record.id)));
        }
    }

    async fn part(
        &self,
        tenant: &TenantId,
        kind: Kind,
        cut: impl FnOnce(Vec<Arc<Record>>) -> Vec<Arc<Record>>,
    ) -> Result<Page, store::StoreError> {
        let all = self.visible(tenant, kind).await?;
        Ok(Page { total: all.len() as u64, records: cut(all) })
    }
}

impl WrongStore for Apart {
    fn inner(&self) -> &Arc<dyn Store> {
        &self.inner
    }

    fn commit<'a>(&'a self, tenant: &'a TenantId, mut write: store::Write) -> store::Answer<'a, Committed> {
        if let store::Write::Create { kind: Kind::User, id, draft, .. } = &mut write
            && BY_HAND.try_with(|by_hand| *by_hand).unwrap_or(false)
        {
            draft.keys.clear();
            draft.unique.clear();
            self.hidden.set(&id.to_string(), ());
        }
        self.inner.commit(tenant, write)
    }

    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        id: ResourceId,
    ) -> store::Answer<'a, Option<Arc<Record>>> {
        if self.is_hidden(id) {
            return Box::pin(std::future::ready(Ok(None)));
        }
        self.inner.read(tenant, kind, id)
    }

    fn find<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        key: &'a Key,
    ) -> store::Answer<'a, Vec<Arc<Record>>> {
        Box::pin(async move {
            let mut found = self.inner.find(tenant, kind, key).await?;
            found.retain(|record| !self.is_hidden(record.id));
            Ok(found)
        })
    }

    fn page<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        offset: u64,
        count: u64,
    ) -> store::Answer<'a, Page> {
        let (offset, count) = (size(offset), size(count));
        Box::pin(self.part(tenant, kind, move |all| all.into_iter().skip(offset).take(count).collect()))
    }

    fn page_after<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        after: Option<Sequence>,
        count: u64,
    ) -> store::Answer<'a, Page> {
        let behind = move |record: &Arc<Record>| after.is_none_or(|after| record.sequence > after);
        let cut = move |all: Vec<Arc<Record>>| all.into_iter().filter(behind).take(size(count)).collect();
        Box::pin(self.part(tenant, kind, cut))
    }

    fn page_before<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        before: Sequence,
        count: u64,
    ) -> store::Answer<'a, Page> {
        let cut = move |mut all: Vec<Arc<Record>>| {
            all.retain(|record| record.sequence < before);
            all.split_off(all.len().saturating_sub(size(count)))
        };
        Box::pin(self.part(tenant, kind, cut))
    }

    fn scan<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        mut after: Option<Sequence>,
    ) -> store::Answer<'a, Vec<Arc<Record>>> {
        Box::pin(async move {
            // An empty batch would end the scan.
            loop {
                let mut batch = self.inner.scan(tenant, kind, after).await?;
                let Some(last) = batch.last() else { return Ok(batch) };
                after = Some(last.sequence);
                batch.retain(|record| !self.is_hidden(record.id));
                if !batch.is_empty() {
                    return Ok(batch);
                }
            }
        })
    }
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Accounts among which a second one of the same name gets a name that nobody signs in by.
struct Second {
    inner: Arc<dyn Accounts>,
}

impl WrongAccounts for Second {
    fn inner(&self) -> &Arc<dyn Accounts> {
        &self.inner
    }

    fn apply<'a>(&'a self, tenant: &'a TenantId, event: Event) -> Answer<'a, ()> {
        Box::pin(async move {
            let name = match &event {
                Event::Provisioned(person) if person.origin == Origin::Scim => Some(person.user_name.clone()),
                Event::Renamed { user_name, .. } => Some(user_name.clone()),
                _ => None,
            };
            let holder = match name {
                Some(name) => self.inner.account(tenant, Who::UserName(name)).await?,
                None => None,
            };
            let by_hand = holder.is_some_and(|holder| holder.origin == Origin::Administrator);
            match event {
                Event::Provisioned(person) if by_hand => {
                    let user_name = format!("{} {}", person.user_name, person.resource);
                    self.inner.apply(tenant, Event::Provisioned(Person { user_name, ..person })).await
                }
                Event::Renamed { .. } if by_hand => Ok(()),
                event => self.inner.apply(tenant, event).await,
            }
        })
    }
}
