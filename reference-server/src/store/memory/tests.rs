//! What any store promises, shown on the one in memory.

use futures::executor::block_on;

use super::*;
use crate::store::Indexed;

struct World {
    store: MemoryStore,
    tenant: TenantId,
}

impl World {
    fn new() -> Self {
        Self { store: MemoryStore::default(), tenant: TenantId::new("one") }
    }

    fn commit(&self, write: Write) -> Result<Committed, StoreError> {
        block_on(self.store.commit(&self.tenant, write))
    }

    fn create(&self, kind: Kind, name: &str, members: &[ResourceId]) -> Arc<Record> {
        self.commit(create(kind, name, members)).unwrap().record
    }

    fn update(&self, record: &Record, draft: Option<Draft>, members: Vec<MemberChange>) -> Committed {
        self.commit(update(record, draft, members)).unwrap()
    }

    fn read(&self, record: &Record) -> Option<Arc<Record>> {
        block_on(self.store.read(&self.tenant, record.kind, record.id)).unwrap()
    }

    fn find(&self, kind: Kind, attribute: Indexed, value: &str) -> Vec<ResourceId> {
        let key = Key { attribute, value: value.into() };
        ids(&block_on(self.store.find(&self.tenant, kind, &key)).unwrap())
    }

    fn members(&self, group: &Record) -> Vec<ResourceId> {
        let members = block_on(self.store.members(&self.tenant, group.id)).unwrap();
        members.iter().map(|member| member.id).collect()
    }

    fn groups_of(&self, member: &Record) -> Vec<ResourceId> {
        let groups = block_on(self.store.groups_of(&self.tenant, member.id)).unwrap();
        groups.iter().map(|group| group.id).collect()
    }

    fn page(&self, offset: u64, count: u64) -> (u64, Vec<ResourceId>) {
        let page = block_on(self.store.page(&self.tenant, Kind::User, offset, count)).unwrap();
        (page.total, ids(&page.records))
    }
}

fn ids(records: &[Arc<Record>]) -> Vec<ResourceId> {
    records.iter().map(|record| record.id).collect()
}

fn draft(kind: Kind, name: &str) -> Draft {
    let key = |attribute| Key { attribute, value: name.into() };
    let (keys, unique) = match kind {
        Kind::User => (vec![key(Indexed::UserName), key(Indexed::EmailsValue)], vec![Indexed::UserName]),
        Kind::Group | Kind::Other(_) => (vec![key(Indexed::DisplayName)], vec![]),
    };
    Draft { text: format!("{{\"name\":\"{name}\"}}"), display: name.to_owned(), keys, unique }
}

fn create(kind: Kind, name: &str, members: &[ResourceId]) -> Write {
    Write::Create {
        kind,
        id: ResourceId::random(),
        draft: draft(kind, name),
        members: members.to_vec(),
        at: Timestamp::now(),
    }
}

fn update(record: &Record, draft: Option<Draft>, members: Vec<MemberChange>) -> Write {
    Write::Update {
        kind: record.kind,
        id: record.id,
        expected: record.version,
        draft,
        members,
        at: Timestamp::now(),
    }
}

fn delete(record: &Record) -> Write {
    Write::Delete { kind: record.kind, id: record.id, expected: None, at: Timestamp::now() }
}

#[test]
fn a_resource_is_read_by_its_id_and_its_kind() {
    let world = World::new();
    let ada = world.create(Kind::User, "ada", &[]);
    assert_eq!(world.read(&ada), Some(Arc::clone(&ada)));
    assert_eq!(block_on(world.store.read(&world.tenant, Kind::Group, ada.id)), Ok(None));
}

#[test]
fn a_new_resource_has_version_one_and_was_modified_when_it_was_created() {
    let ada = World::new().create(Kind::User, "ada", &[]);
    assert_eq!((ada.version, ada.created), (Version(1), ada.last_modified));
}

#[test]
fn no_tenant_sees_what_another_has() {
    let world = World::new();
    let ada = world.create(Kind::User, "ada", &[]);
    let other = TenantId::new("two");
    assert_eq!(block_on(world.store.read(&other, Kind::User, ada.id)), Ok(None));
    let write = Write::Delete { kind: Kind::User, id: ada.id, expected: None, at: Timestamp::now() };
    assert_eq!(
        block_on(world.store.commit(&other, write)),
        Err(StoreError::NotFound { kind: Kind::User, id: ada.id })
    );
    block_on(world.store.commit(&other, create(Kind::User, "ada", &[]))).unwrap();
}

#[test]
fn a_unique_key_is_taken_until_its_owner_gives_it_up() {
    let world = World::new();
    let ada = world.create(Kind::User, "ada", &[]);
    let grace = world.create(Kind::User, "grace", &[]);
    let taken = StoreError::Taken { key: Key { attribute: Indexed::UserName, value: "ada".into() } };
    assert_eq!(world.commit(create(Kind::User, "ada", &[])), Err(taken.clone()));
    assert_eq!(world.commit(update(&grace, Some(draft(Kind::User, "ada")), vec![])), Err(taken));
    let ada = world.update(&ada, Some(draft(Kind::User, "ada")), vec![]).record;
    world.update(&ada, Some(draft(Kind::User, "lovelace")), vec![]);
    world.update(&grace, Some(draft(Kind::User, "ada")), vec![]);
}

#[test]
fn a_deleted_resource_gives_its_unique_key_free() {
    let world = World::new();
    let ada = world.create(Kind::User, "ada", &[]);
    world.commit(delete(&ada)).unwrap();
    assert_eq!(world.read(&ada), None);
    assert_eq!(world.find(Kind::User, Indexed::UserName, "ada"), []);
    assert_ne!(world.create(Kind::User, "ada", &[]).id, ada.id);
}

#[test]
fn groups_may_share_a_name_and_are_found_by_it_in_order() {
    let world = World::new();
    let first = world.create(Kind::Group, "staff", &[]);
    let second = world.create(Kind::Group, "staff", &[]);
    world.create(Kind::Group, "others", &[]);
    assert_eq!(world.find(Kind::Group, Indexed::DisplayName, "staff"), [first.id, second.id]);
    assert_eq!(world.find(Kind::User, Indexed::DisplayName, "staff"), []);
}

#[test]
fn a_change_moves_the_keys_the_version_and_the_time() {
    let world = World::new();
    let ada = world.create(Kind::User, "ada", &[]);
    let changed = world.update(&ada, Some(draft(Kind::User, "lovelace")), vec![]);
    assert!(changed.changed);
    assert_eq!(changed.record.version, Version(2));
    assert_eq!(changed.record.created, ada.created);
    assert!(changed.record.last_modified > ada.last_modified);
    assert_eq!(world.find(Kind::User, Indexed::EmailsValue, "ada"), []);
    assert_eq!(world.find(Kind::User, Indexed::EmailsValue, "lovelace"), [ada.id]);
}

#[test]
fn of_two_changes_computed_from_one_version_the_second_loses() {
    let world = World::new();
    let ada = world.create(Kind::User, "ada", &[]);
    world.update(&ada, Some(draft(Kind::User, "first")), vec![]);
    assert_eq!(
        world.commit(update(&ada, Some(draft(Kind::User, "second")), vec![])),
        Err(StoreError::Conflict { current: Version(2) })
    );
    let delete =
        Write::Delete { kind: Kind::User, id: ada.id, expected: Some(Version(1)), at: Timestamp::now() };
    assert_eq!(world.commit(delete), Err(StoreError::Conflict { current: Version(2) }));
}

#[test]
fn pages_follow_the_order_of_creation_and_know_the_total() {
    let world = World::new();
    let users: Vec<_> = (0..1_200).map(|n| world.create(Kind::User, &format!("u{n}"), &[])).collect();
    world.create(Kind::Group, "staff", &[]);
    world.commit(delete(&users[3])).unwrap();
    let order: Vec<_> = users.iter().map(|user| user.id).filter(|id| *id != users[3].id).collect();
    assert_eq!(world.page(0, 5), (1_199, order[..5].to_vec()));
    assert_eq!(world.page(1_100, 50), (1_199, order[1_100..1_150].to_vec()));
    assert_eq!(world.page(1_190, 50), (1_199, order[1_190..].to_vec()));
    assert_eq!(world.page(0, 0), (1_199, vec![]));
    assert_eq!(world.page(u64::MAX, u64::MAX), (1_199, vec![]));
}

#[test]
fn a_scan_meets_everything_once() {
    let world = World::new();
    let users: Vec<_> = (0..700).map(|n| world.create(Kind::User, &format!("u{n}"), &[]).id).collect();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let batch = block_on(world.store.scan(&world.tenant, Kind::User, after)).unwrap();
        let Some(last) = batch.last() else { break };
        after = Some(last.sequence);
        seen.extend(ids(&batch));
    }
    assert_eq!(seen, users);
}

#[test]
fn members_keep_the_order_of_joining_and_know_their_groups() {
    let world = World::new();
    let (ada, grace) = (world.create(Kind::User, "ada", &[]), world.create(Kind::User, "grace", &[]));
    let staff = world.create(Kind::Group, "staff", &[grace.id, ada.id]);
    let outer = world.create(Kind::Group, "outer", &[staff.id]);
    assert_eq!(world.members(&staff), [grace.id, ada.id]);
    assert_eq!(world.groups_of(&ada), [staff.id]);
    assert_eq!(world.groups_of(&staff), [outer.id]);
}

#[test]
fn member_changes_are_done_in_order_and_balanced() {
    let world = World::new();
    let users: Vec<_> = (0..4).map(|n| world.create(Kind::User, &format!("u{n}"), &[]).id).collect();
    let staff = world.create(Kind::Group, "staff", &users[..2]);
    let done = world.update(
        &staff,
        None,
        vec![
            MemberChange::Remove(vec![users[0], users[3]]),
            MemberChange::Add(vec![users[0], users[2]]),
            MemberChange::Remove(vec![users[1]]),
        ],
    );
    assert_eq!((done.changed, done.joined, done.left), (true, vec![users[2]], vec![users[1]]));
    assert_eq!(world.members(&staff), [users[0], users[2]]);
    let done = world.update(&done.record, None, vec![MemberChange::Set(vec![users[2], users[3]])]);
    assert_eq!((done.joined, done.left), (vec![users[3]], vec![users[0]]));
    assert_eq!(world.members(&staff), [users[2], users[3]]);
}

#[test]
fn rows_that_change_nothing_leave_version_and_time_alone() {
    let world = World::new();
    let ada = world.create(Kind::User, "ada", &[]);
    let staff = world.create(Kind::Group, "staff", &[ada.id]);
    let done = world.update(&staff, None, vec![MemberChange::Add(vec![ada.id])]);
    assert!(!done.changed);
    assert_eq!(done.record, staff);
}

#[test]
fn a_write_that_names_an_unknown_member_does_nothing_at_all() {
    let world = World::new();
    let (ada, nobody) = (world.create(Kind::User, "ada", &[]), ResourceId::random());
    let staff = world.create(Kind::Group, "staff", &[]);
    assert_eq!(
        world.commit(update(
            &staff,
            Some(draft(Kind::Group, "renamed")),
            vec![MemberChange::Add(vec![ada.id]), MemberChange::Add(vec![nobody])],
        )),
        Err(StoreError::UnknownMember { id: nobody })
    );
    assert_eq!(world.read(&staff), Some(Arc::clone(&staff)));
    assert_eq!(world.members(&staff), []);
}

#[test]
fn a_deleted_member_leaves_its_groups_and_the_groups_have_changed() {
    let world = World::new();
    let ada = world.create(Kind::User, "ada", &[]);
    let staff = world.create(Kind::Group, "staff", &[ada.id]);
    world.commit(delete(&ada)).unwrap();
    assert_eq!(world.members(&staff), []);
    let now = world.read(&staff).unwrap();
    assert_eq!(now.version, Version(2));
    assert!(now.last_modified > staff.last_modified);
    assert_eq!(world.find(Kind::Group, Indexed::DisplayName, "staff"), [staff.id]);
}

#[test]
fn a_deleted_group_says_who_was_in_it() {
    let world = World::new();
    let ada = world.create(Kind::User, "ada", &[]);
    let staff = world.create(Kind::Group, "staff", &[ada.id]);
    assert_eq!(world.commit(delete(&staff)).unwrap().left, [ada.id]);
    assert_eq!(world.groups_of(&ada), []);
}

#[test]
fn what_a_resource_shows_of_others_counts_for_its_version_and_not_as_a_modification() {
    let world = World::new();
    let ada = world.create(Kind::User, "ada", &[]);
    let version = || world.read(&ada).unwrap().version.0;
    let staff = world.create(Kind::Group, "staff", &[ada.id]);
    assert_eq!(version(), 2, "joined");
    let staff = world.update(&staff, Some(draft(Kind::Group, "team")), vec![]).record;
    assert_eq!(version(), 3, "the group has another name");
    let staff = world.update(&staff, Some(draft(Kind::Group, "team")), vec![]).record;
    assert_eq!(version(), 3, "the group has the same name");
    let staff = world.update(&staff, None, vec![MemberChange::Remove(vec![ada.id])]).record;
    assert_eq!(version(), 4, "left");
    let staff = world.update(&staff, None, vec![MemberChange::Add(vec![ada.id])]).record;
    let now = world.read(&ada).unwrap();
    world.update(&now, Some(draft(Kind::User, "lovelace")), vec![]);
    let shown = world.read(&staff).unwrap();
    assert_eq!((shown.version.0, shown.last_modified), (staff.version.0 + 1, staff.last_modified));
    world.commit(delete(&shown)).unwrap();
    assert_eq!(version(), 7, "the group is gone");
    assert_eq!(now.last_modified, ada.last_modified);
}
