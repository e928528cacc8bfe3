//! What a wrong server knows of the people behind its Users without asking anybody: who is older than SCIM, who
//! administers the application, which number an account has.

use std::sync::Arc;

use super::{Seams, memory::Memory, seams::WrongAccounts};
use crate::{
    accounts::{AccountId, Accounts, Answer, Event, Origin, Who},
    store::TenantId,
};

/// Somebody, by the id of the User.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    /// Whether the application's administrator made the account.
    pub(super) local: bool,
    /// Whether the person administers the application.
    pub(super) administrator: bool,
    /// The application's own number of the account.
    pub(super) account: AccountId,
}

/// Everybody.
pub(super) type People = Memory<Person>;

impl Seams {
    /// Has an eye on who comes, changes and goes.
    pub(super) fn watch_people(self) -> (Self, People) {
        let people = People::default();
        let seen = people.clone();
        (self.wrap_accounts(|inner| Watched { inner, people: seen }), people)
    }
}

struct Watched {
    inner: Arc<dyn Accounts>,
    people: People,
}

impl WrongAccounts for Watched {
    fn inner(&self) -> &Arc<dyn Accounts> {
        &self.inner
    }

    fn apply<'a>(&'a self, tenant: &'a TenantId, event: Event) -> Answer<'a, ()> {
        Box::pin(async move {
            let concerns = match &event {
                Event::Provisioned(person) => Some(person.resource),
                Event::AdministratorSet { resource, .. } | Event::Deleted { resource } => Some(*resource),
                _ => None,
            };
            self.inner.apply(tenant, event).await?;
            if let Some(resource) = concerns {
                let id = resource.to_string();
                match self.inner.account(tenant, Who::Resource(resource)).await? {
                    Some(account) => {
                        let local = account.origin == Origin::Administrator;
                        let (administrator, account) = (account.administrator, account.id);
                        self.people.set(&id, Person { local, administrator, account });
                    }
                    None => _ = self.people.forget(&id),
                }
            }
            Ok(())
        })
    }
}
