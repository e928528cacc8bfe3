//! The one way in which a resource comes to be, changes and goes: committed to the store, then told to the
//! accounts, before anybody hears that it is done. PUT and PATCH both end here, so they cannot differ in what
//! they do to a person's access.

use std::sync::Arc;

use serde_json::Value;

use super::{problem::Problem, represent, service::Service};
use crate::{
    accounts::{Account, EndPermit, Event, Origin, Password, Person, Who},
    scim::{
        self, Error, IfMatch, Map, Member, Membership, MembershipChange, WriteOnly,
        error::quoted,
        resource::{arrange, keys, unique_keys},
    },
    store::{
        Committed, Draft, Indexed, Key, Kind, MemberChange, Record, ResourceId, StoreError, TenantId,
        Timestamp, Write,
    },
};

/// How often a write is computed anew because somebody else was faster, before the client is told to come back.
const ATTEMPTS: usize = 16;

/// For whom, and on whose behalf, something is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Author<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) origin: Origin,
}

/// What a change makes of a resource.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The document from now on.
    pub(crate) document: Map,
    /// What is written and never read.
    pub(crate) write_only: WriteOnly,
    /// What becomes of a group's members.
    pub(crate) membership: Membership,
}

/// Makes a resource. A create that fails leaves nothing behind.
pub(crate) async fn create(
    service: &Service,
    author: Author<'_>,
    kind: Kind,
    draft: scim::Draft,
) -> Result<Arc<Record>, Problem> {
    let id = ResourceId::random();
    let _turn = service.turn(author.tenant, id).await?;
    let mut document = draft.document;
    document.insert("id".to_owned(), id.to_string().into());
    let document = arrange(service.resource_type(kind), document);
    let write = Write::Create {
        kind,
        id,
        draft: to_be_kept(service, kind, &document),
        members: ids(&draft.members)?,
        at: Timestamp::now(),
    };
    let committed = service.store.commit(author.tenant, write).await?;
    let news = News { document: &document, write_only: &draft.write_only, committed: &committed };
    if let Err(problem) = tell(service, author, kind, id, news).await {
        let undo = Write::Delete { kind, id, expected: None, at: Timestamp::now() };
        service.store.commit(author.tenant, undo).await?;
        return Err(problem);
    }
    Ok(committed.record)
}

/// Changes a resource to what `compute` makes of it. `compute` is asked again when the resource has changed in
/// the meantime.
pub(crate) async fn change(
    service: &Service,
    author: Author<'_>,
    kind: Kind,
    id: ResourceId,
    if_match: Option<&IfMatch>,
    compute: impl Fn(&Map) -> Result<Wanted, Error>,
) -> Result<Arc<Record>, Problem> {
    let _turn = service.turn(author.tenant, id).await?;
    for _ in 0..ATTEMPTS {
        let record = expect(service, author, kind, id, if_match).await?;
        let current = represent::parse(&record)?;
        let wanted = compute(&current)?;
        let (before, after) = (active(&current), active(&wanted.document));
        let ends = kind == Kind::User && after == Some(false) && before != after;
        let _permit = if ends { permit_end(service, author, id).await? } else { EndPermit::free() };
        let members = member_changes(service, author, id, &wanted.membership).await?;
        // A password is no part of the document, but to write one is a change of the resource.
        let changed = wanted.document != current || !wanted.write_only.is_empty();
        let write = Write::Update {
            kind,
            id,
            expected: record.version,
            draft: changed.then(|| to_be_kept(service, kind, &wanted.document)),
            members,
            at: Timestamp::now(),
        };
        match service.store.commit(author.tenant, write).await {
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
            Ok(committed) => {
                let news = News {
                    document: &wanted.document,
                    write_only: &wanted.write_only,
                    committed: &committed,
                };
                tell(service, author, kind, id, news).await?;
                return Ok(committed.record);
            }
        }
    }
    Err(Problem::busy())
}

/// Ends a resource, and with a User everything that its account could do.
pub(crate) async fn delete(
    service: &Service,
    author: Author<'_>,
    kind: Kind,
    id: ResourceId,
    if_match: Option<&IfMatch>,
) -> Result<(), Problem> {
    let _turn = service.turn(author.tenant, id).await?;
    let _permit = if kind == Kind::User { permit_end(service, author, id).await? } else { EndPermit::free() };
    for _ in 0..ATTEMPTS {
        let expected = match if_match {
            None => None,
            Some(_) => Some(expect(service, author, kind, id, if_match).await?.version),
        };
        let write = Write::Delete { kind, id, expected, at: Timestamp::now() };
        let committed = match service.store.commit(author.tenant, write).await {
            Err(StoreError::Conflict { .. }) => continue,
            committed => committed,
        };
        // Also if there was nothing to delete: should an earlier attempt have broken off between store and
        // accounts, this one ends what that one left open.
        let event = match kind {
            Kind::User => Some(Event::Deleted { resource: id }),
            Kind::Group => {
                let members = committed.as_ref().map(|done| done.left.clone()).unwrap_or_default();
                Some(Event::GroupDeleted { group: id, members })
            }
            Kind::Other(_) => None,
        };
        if let Some(event) = event {
            service.accounts.apply(author.tenant, event).await?;
        }
        return committed.map(|_| ()).map_err(Into::into);
    }
    Err(Problem::busy())
}

/// Asks the application whether SCIM may end this account; its own administrator need not ask.
async fn permit_end(service: &Service, author: Author<'_>, id: ResourceId) -> Result<EndPermit, Problem> {
    match author.origin {
        Origin::Scim => Ok(service.accounts.permit_end(author.tenant, id).await?),
        Origin::Administrator => Ok(EndPermit::free()),
    }
}

/// The resource as it is, if the client's condition allows to change it (RFC 7644 section 3.14).
async fn expect(
    service: &Service,
    author: Author<'_>,
    kind: Kind,
    id: ResourceId,
    if_match: Option<&IfMatch>,
) -> Result<Arc<Record>, Problem> {
    let record = service.store.read(author.tenant, kind, id).await?;
    let record = record.ok_or(StoreError::NotFound { kind, id })?;
    if let Some(condition) = if_match {
        let tag = represent::tag(service, author.tenant, &record).await?;
        if !condition.allows(tag) {
            let etag = tag.etag();
            let detail = format!("If-Match: the {kind} is at version {etag} by now; read it again.");
            return Err(Error::precondition_failed(detail).into());
        }
    }
    Ok(record)
}

async fn member_changes(
    service: &Service,
    author: Author<'_>,
    group: ResourceId,
    membership: &Membership,
) -> Result<Vec<MemberChange>, Problem> {
    let resolved;
    let MembershipChange { clear, remove, add } = match membership {
        Membership::Untouched => return Ok(Vec::new()),
        Membership::Change(change) => change,
        Membership::NeedsRows(plan) => {
            let rows = service.store.members(author.tenant, group).await?;
            let rows: Vec<Member> = rows.iter().map(represent::member).collect();
            resolved = plan.resolve(&rows);
            &resolved
        }
    };
    let added = ids(add)?;
    if *clear {
        return Ok(vec![MemberChange::Set(added)]);
    }
    // Who goes and comes back within one request stays where it was. What is no id of ours is no member.
    let removed = remove.iter().filter_map(|value| ResourceId::parse(value));
    let removed: Vec<_> = removed.filter(|id| !added.contains(id)).collect();
    let changes = [MemberChange::Remove(removed), MemberChange::Add(added)].into_iter();
    Ok(changes.filter(|change| !change.is_empty()).collect())
}

fn ids(members: &[Member]) -> Result<Vec<ResourceId>, Error> {
    let id = |member: &Member| {
        ResourceId::parse(&member.value).ok_or_else(|| {
            let value = quoted(&member.value);
            Error::invalid_value(format!(
                "members: there is no resource with the id {value}; create it first."
            ))
        })
    };
    members.iter().map(id).collect()
}

fn to_be_kept(service: &Service, kind: Kind, document: &Map) -> Draft {
    let resource_type = service.resource_type(kind);
    let indexed = |key: &scim::resource::Key| Indexed::named(&key.attribute);
    let keys = keys(resource_type, document).into_iter();
    let keys = keys.map(|key| Key { attribute: indexed(&key), value: key.value.into() });
    let display = ["displayName", "userName", "name"].into_iter().find_map(|name| text(document, name));
    Draft {
        text: Value::Object(document.clone()).to_string(),
        display: display.unwrap_or_default(),
        keys: keys.collect(),
        unique: unique_keys(resource_type, document).iter().map(indexed).collect(),
    }
}

/// What there is to tell after a write.
struct News<'a> {
    document: &'a Map,
    write_only: &'a WriteOnly,
    committed: &'a Committed,
}

async fn tell(
    service: &Service,
    author: Author<'_>,
    kind: Kind,
    id: ResourceId,
    news: News<'_>,
) -> Result<(), Problem> {
    match kind {
        Kind::User => {
            let account = service.accounts.account(author.tenant, Who::Resource(id)).await?;
            let is_new = account.is_none();
            for event in user_events(account, author.origin, id, &news) {
                service.accounts.apply(author.tenant, event).await?;
            }
            if is_new {
                join_groups(service, author, id).await?;
            }
        }
        Kind::Group if news.committed.changed => {
            let event = Event::GroupChanged {
                group: id,
                name: text(news.document, "displayName").unwrap_or_default(),
                joined: news.committed.joined.clone(),
                left: news.committed.left.clone(),
            };
            service.accounts.apply(author.tenant, event).await?;
        }
        Kind::Group | Kind::Other(_) => {}
    }
    Ok(())
}

/// Between the store and the accounts somebody may have found the new User and put it into a group; the account
/// was not there to hear of it.
async fn join_groups(service: &Service, author: Author<'_>, id: ResourceId) -> Result<(), Problem> {
    for group in service.store.groups_of(author.tenant, id).await? {
        let event = Event::GroupChanged {
            group: group.id,
            name: group.display.to_string(),
            joined: vec![id],
            left: Vec::new(),
        };
        service.accounts.apply(author.tenant, event).await?;
    }
    Ok(())
}

/// What an account has to hear to become what the User says. It is compared with the account and not with the
/// User before, so that whatever a broken-off write left undone is done by the next one. Access is shut before
/// anything else happens and opened after everything else.
fn user_events(
    account: Option<Account>,
    origin: Origin,
    resource: ResourceId,
    news: &News<'_>,
) -> Vec<Event> {
    let user_name = text(news.document, "userName").unwrap_or_default();
    let external_id = text(news.document, "externalId");
    let active = active(news.document);
    let password = news.write_only.password().map(|password| Password::new(password.to_owned()));
    let Some(account) = account else {
        // A new User has one; where it is gone already, nobody says that the account is to be open.
        let active = active.unwrap_or(false);
        let person = Person { resource, origin, user_name, external_id, active, password };
        return vec![Event::Provisioned(person)];
    };
    let was_active = account.state.is_active_in_scim();
    let mut events = Vec::new();
    if was_active && active == Some(false) {
        events.push(Event::Deactivated { resource });
    }
    if account.external_id != external_id {
        events.push(Event::Linked { resource, external_id });
    }
    if account.user_name != user_name {
        events.push(Event::Renamed { resource, user_name });
    }
    if news.write_only.get("password").is_some() {
        events.push(Event::PasswordSet { resource, password });
    }
    if !was_active && active == Some(true) {
        events.push(Event::Reactivated { resource });
    }
    events
}

/// What the User says about access; nothing if a PATCH has removed it (RFC 7644 section 3.5.2.2: it is unassigned
/// then). That is no word about access, so the account stays as open or as shut as it is.
fn active(document: &Map) -> Option<bool> {
    document.get("active").and_then(Value::as_bool)
}

fn text(document: &Map, name: &str) -> Option<String> {
    document.get(name).and_then(Value::as_str).map(str::to_owned)
}
