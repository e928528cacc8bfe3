//! The two seams behind HTTP: accounts and stores that do what others do, except where a deviation says
//! otherwise.

use std::sync::Arc;

use crate::{
    accounts::{
        Account, AccountId, Accounts, Answer as AccountsAnswer, EndPermit, Event, Identity, Password,
        SignedIn, Who,
    },
    store::{
        Answer, Committed, Key, Kind, Page, Record, Reference, ResourceId, Sequence, Store, TenantId, Turn,
        Write,
    },
};

/// Accounts that are wrong somewhere, and else as right as the ones within.
pub(super) trait WrongAccounts: Send + Sync + 'static {
    /// The right ones.
    fn inner(&self) -> &Arc<dyn Accounts>;

    /// See [`Accounts::apply`].
    fn apply<'a>(&'a self, tenant: &'a TenantId, event: Event) -> AccountsAnswer<'a, ()> {
        self.inner().apply(tenant, event)
    }

    /// See [`Accounts::account`].
    fn account<'a>(&'a self, tenant: &'a TenantId, who: Who) -> AccountsAnswer<'a, Option<Account>> {
        self.inner().account(tenant, who)
    }

    /// See [`Accounts::permit_end`].
    fn permit_end<'a>(&'a self, tenant: &'a TenantId, resource: ResourceId) -> AccountsAnswer<'a, EndPermit> {
        self.inner().permit_end(tenant, resource)
    }

    /// See [`Accounts::sign_in`].
    fn sign_in<'a>(
        &'a self,
        tenant: &'a TenantId,
        user_name: &'a str,
        password: Password,
    ) -> AccountsAnswer<'a, SignedIn> {
        self.inner().sign_in(tenant, user_name, password)
    }

    /// See [`Accounts::open_session`].
    fn open_session(&self, tenant: &TenantId, account: AccountId) -> AccountsAnswer<'_, SignedIn> {
        self.inner().open_session(tenant, account)
    }

    /// See [`Accounts::refresh`].
    fn refresh<'a>(&'a self, tenant: &'a TenantId, refresh: &'a str) -> AccountsAnswer<'a, SignedIn> {
        self.inner().refresh(tenant, refresh)
    }

    /// See [`Accounts::sign_out`].
    fn sign_out<'a>(&'a self, tenant: &'a TenantId, session: &'a str) -> AccountsAnswer<'a, ()> {
        self.inner().sign_out(tenant, session)
    }

    /// See [`Accounts::issue_token`].
    fn issue_token(&self, tenant: &TenantId, account: AccountId) -> AccountsAnswer<'_, String> {
        self.inner().issue_token(tenant, account)
    }

    /// See [`Accounts::identify`].
    fn identify<'a>(&'a self, tenant: &'a TenantId, credential: &'a str) -> AccountsAnswer<'a, Identity> {
        self.inner().identify(tenant, credential)
    }
}

/// A store that is wrong somewhere, and else as right as the one within.
pub(super) trait WrongStore: Send + Sync + 'static {
    /// The right one.
    fn inner(&self) -> &Arc<dyn Store>;

    /// See [`Store::read`].
    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        id: ResourceId,
    ) -> Answer<'a, Option<Arc<Record>>> {
        self.inner().read(tenant, kind, id)
    }

    /// See [`Store::find`].
    fn find<'a>(&'a self, tenant: &'a TenantId, kind: Kind, key: &'a Key) -> Answer<'a, Vec<Arc<Record>>> {
        self.inner().find(tenant, kind, key)
    }

    /// See [`Store::page`].
    fn page<'a>(&'a self, tenant: &'a TenantId, kind: Kind, offset: u64, count: u64) -> Answer<'a, Page> {
        self.inner().page(tenant, kind, offset, count)
    }

    /// See [`Store::page_after`].
    fn page_after<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        after: Option<Sequence>,
        count: u64,
    ) -> Answer<'a, Page> {
        self.inner().page_after(tenant, kind, after, count)
    }

    /// See [`Store::page_before`].
    fn page_before<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        before: Sequence,
        count: u64,
    ) -> Answer<'a, Page> {
        self.inner().page_before(tenant, kind, before, count)
    }

    /// See [`Store::scan`].
    fn scan<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        after: Option<Sequence>,
    ) -> Answer<'a, Vec<Arc<Record>>> {
        self.inner().scan(tenant, kind, after)
    }

    /// See [`Store::members`].
    fn members<'a>(&'a self, tenant: &'a TenantId, group: ResourceId) -> Answer<'a, Vec<Reference>> {
        self.inner().members(tenant, group)
    }

    /// See [`Store::groups_of`].
    fn groups_of<'a>(&'a self, tenant: &'a TenantId, member: ResourceId) -> Answer<'a, Vec<Reference>> {
        self.inner().groups_of(tenant, member)
    }

    /// See [`Store::turn`].
    fn turn<'a>(&'a self, tenant: &'a TenantId, id: ResourceId) -> Answer<'a, Turn> {
        self.inner().turn(tenant, id)
    }

    /// See [`Store::commit`].
    fn commit<'a>(&'a self, tenant: &'a TenantId, write: Write) -> Answer<'a, Committed> {
        self.inner().commit(tenant, write)
    }
}

impl<T: WrongAccounts> Accounts for T {
    fn apply<'a>(&'a self, tenant: &'a TenantId, event: Event) -> AccountsAnswer<'a, ()> {
        WrongAccounts::apply(self, tenant, event)
    }

    fn account<'a>(&'a self, tenant: &'a TenantId, who: Who) -> AccountsAnswer<'a, Option<Account>> {
        WrongAccounts::account(self, tenant, who)
    }

    fn permit_end<'a>(&'a self, tenant: &'a TenantId, resource: ResourceId) -> AccountsAnswer<'a, EndPermit> {
        WrongAccounts::permit_end(self, tenant, resource)
    }

    fn sign_in<'a>(
        &'a self,
        tenant: &'a TenantId,
        user_name: &'a str,
        password: Password,
    ) -> AccountsAnswer<'a, SignedIn> {
        WrongAccounts::sign_in(self, tenant, user_name, password)
    }

    fn open_session(&self, tenant: &TenantId, account: AccountId) -> AccountsAnswer<'_, SignedIn> {
        WrongAccounts::open_session(self, tenant, account)
    }

    fn refresh<'a>(&'a self, tenant: &'a TenantId, refresh: &'a str) -> AccountsAnswer<'a, SignedIn> {
        WrongAccounts::refresh(self, tenant, refresh)
    }

    fn sign_out<'a>(&'a self, tenant: &'a TenantId, session: &'a str) -> AccountsAnswer<'a, ()> {
        WrongAccounts::sign_out(self, tenant, session)
    }

    fn issue_token(&self, tenant: &TenantId, account: AccountId) -> AccountsAnswer<'_, String> {
        WrongAccounts::issue_token(self, tenant, account)
    }

    fn identify<'a>(&'a self, tenant: &'a TenantId, credential: &'a str) -> AccountsAnswer<'a, Identity> {
        WrongAccounts::identify(self, tenant, credential)
    }
}

impl<T: WrongStore> Store for T {
    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        id: ResourceId,
    ) -> Answer<'a, Option<Arc<Record>>> {
        WrongStore::read(self, tenant, kind, id)
    }

    fn find<'a>(&'a self, tenant: &'a TenantId, kind: Kind, key: &'a Key) -> Answer<'a, Vec<Arc<Record>>> {
        WrongStore::find(self, tenant, kind, key)
    }

    fn page<'a>(&'a self, tenant: &'a TenantId, kind: Kind, offset: u64, count: u64) -> Answer<'a, Page> {
        WrongStore::page(self, tenant, kind, offset, count)
    }

    fn page_after<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        after: Option<Sequence>,
        count: u64,
    ) -> Answer<'a, Page> {
        WrongStore::page_after(self, tenant, kind, after, count)
    }

    fn page_before<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        before: Sequence,
        count: u64,
    ) -> Answer<'a, Page> {
        WrongStore::page_before(self, tenant, kind, before, count)
    }

    fn scan<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        after: Option<Sequence>,
    ) -> Answer<'a, Vec<Arc<Record>>> {
        WrongStore::scan(self, tenant, kind, after)
    }

    fn members<'a>(&'a self, tenant: &'a TenantId, group: ResourceId) -> Answer<'a, Vec<Reference>> {
        WrongStore::members(self, tenant, group)
    }

    fn groups_of<'a>(&'a self, tenant: &'a TenantId, member: ResourceId) -> Answer<'a, Vec<Reference>> {
        WrongStore::groups_of(self, tenant, member)
    }

    fn turn<'a>(&'a self, tenant: &'a TenantId, id: ResourceId) -> Answer<'a, Turn> {
        WrongStore::turn(self, tenant, id)
    }

    fn commit<'a>(&'a self, tenant: &'a TenantId, write: Write) -> Answer<'a, Committed> {
        WrongStore::commit(self, tenant, write)
    }
}
