//! Rows between groups and members: order, balance, both directions, and which versions they move.

use scimspec_reference_server::store::{Indexed, Kind, MemberChange, ResourceId, Version};

use crate::world::{World, add, behaviours, draft, remove, unique_tenant};

behaviours![
    members_keep_the_order_of_joining_and_know_their_groups,
    a_member_is_shown_as_it_is_called_now,
    what_is_asked_for_many_at_once_is_what_each_would_be_told,
    member_changes_are_done_in_order_and_balanced,
    a_large_group_takes_and_loses_members_at_once,
    rows_that_change_nothing_leave_version_and_time_alone,
    a_deleted_member_leaves_its_groups_and_the_groups_have_changed,
    a_deleted_group_says_who_was_in_it,
    what_a_resource_shows_of_others_counts_for_its_version_and_not_as_a_modification,
    what_a_user_is_in_through_other_groups_counts_for_its_version,
    a_circle_of_groups_ends,
];

async fn members_keep_the_order_of_joining_and_know_their_groups(world: &World) {
    let [ada, grace, mary] = world.users(["ada", "grace", "mary"]).await;
    let staff = world.group("staff", &[&grace, &ada]).await;
    world.update(&staff, None, add(&mary)).await;
    let outer = world.group("outer", &[&staff, &ada]).await;
    assert_eq!(world.members(&staff).await, [grace.id, ada.id, mary.id]);
    assert_eq!(world.groups_of(&ada).await, [staff.id, outer.id]);
    assert_eq!(world.groups_of(&staff).await, [outer.id]);
    assert_eq!(world.groups_of(&outer).await, []);
    world.update(&staff, None, remove(&grace)).await;
    world.update(&staff, None, add(&grace)).await;
    assert_eq!(world.members(&staff).await, [ada.id, mary.id, grace.id]);
}

async fn a_member_is_shown_as_it_is_called_now(world: &World) {
    let [ada] = world.users(["ada"]).await;
    let staff = world.group("staff", &[&ada]).await;
    world.rename(&ada, "lovelace").await;
    world.rename(&staff, "team").await;
    let member = world.store.members(&world.tenant, staff.id).await.unwrap().remove(0);
    assert_eq!((member.id, member.kind, &*member.display), (ada.id, Kind::User, "lovelace"));
    let group = world.store.groups_of(&world.tenant, ada.id).await.unwrap().remove(0);
    assert_eq!((group.id, group.kind, &*group.display), (staff.id, Kind::Group, "team"));
}

async fn what_is_asked_for_many_at_once_is_what_each_would_be_told(world: &World) {
    let [ada, grace, mary] = world.users(["ada", "grace", "mary"]).await;
    let staff = world.group("staff", &[&grace, &ada]).await;
    let outer = world.group("outer", &[&ada, &staff]).await;
    let (store, tenant) = (&world.store, &world.tenant);
    let all = [mary.id, ada.id, outer.id, staff.id, grace.id, ResourceId::random()];
    let groups = store.groups_of_each(tenant, &all).await.unwrap();
    let members = store.members_of_each(tenant, &all).await.unwrap();
    for id in all {
        assert_eq!(groups.get(&id).cloned().unwrap_or_default(), store.groups_of(tenant, id).await.unwrap());
        assert_eq!(members.get(&id).cloned().unwrap_or_default(), store.members(tenant, id).await.unwrap());
    }
    assert_eq!((groups[&ada.id].len(), members[&outer.id].len()), (2, 2));
    let stranger = unique_tenant();
    let strangers = [
        store.groups_of_each(&stranger, &all).await.unwrap(),
        store.members_of_each(&stranger, &all).await.unwrap(),
        store.groups_of_each(tenant, &[]).await.unwrap(),
    ];
    assert!(strangers.iter().all(|found| found.values().all(Vec::is_empty)));
}

async fn member_changes_are_done_in_order_and_balanced(world: &World) {
    let users = world.users(["u0", "u1", "u2", "u3"]).await.map(|user| user.id);
    let staff = world.create(Kind::Group, "staff", &users[..2]).await;
    let changes = vec![
        MemberChange::Remove(vec![users[0], users[3]]),
        MemberChange::Add(vec![users[0], users[2], users[2]]),
        MemberChange::Remove(vec![users[1]]),
    ];
    let done = world.update(&staff, None, changes).await;
    assert_eq!((done.changed, done.joined, done.left), (true, vec![users[2]], vec![users[1]]));
    assert_eq!(world.members(&staff).await, [users[0], users[2]]);
    let done = world.update(&staff, None, vec![MemberChange::Set(vec![users[2], users[3]])]).await;
    assert_eq!((done.joined, done.left), (vec![users[3]], vec![users[0]]));
    assert_eq!(world.members(&staff).await, [users[2], users[3]]);
    let mut done = world.update(&staff, None, vec![MemberChange::Set(vec![])]).await;
    done.left.sort_by_key(|id| users.iter().position(|user| user == id));
    assert_eq!((done.joined, done.left), (vec![], vec![users[2], users[3]]));
    assert_eq!(world.members(&staff).await, []);
}

async fn a_large_group_takes_and_loses_members_at_once(world: &World) {
    let mut users = Vec::new();
    for n in 0..300 {
        users.push(world.create(Kind::User, &format!("u{n}"), &[]).await.id);
    }
    let staff = world.create(Kind::Group, "staff", &users).await;
    assert_eq!(world.members(&staff).await, users);
    let rest = users.split_off(290);
    let done = world.update(&staff, None, vec![MemberChange::Remove(users)]).await;
    assert_eq!(done.left.len(), 290);
    assert_eq!(world.members(&staff).await, rest);
}

async fn rows_that_change_nothing_leave_version_and_time_alone(world: &World) {
    let [ada, grace] = world.users(["ada", "grace"]).await;
    let staff = world.group("staff", &[&ada]).await;
    let nothing = vec![
        MemberChange::Add(vec![ada.id]),
        MemberChange::Remove(vec![grace.id]),
        MemberChange::Add(vec![grace.id]),
        MemberChange::Remove(vec![grace.id]),
    ];
    let done = world.update(&staff, None, nothing).await;
    assert!(!done.changed);
    assert_eq!(done.record, staff);
    assert_eq!(world.read(&staff).await, Some(staff));
    assert_eq!(world.version(&grace).await, 1);
}

async fn a_deleted_member_leaves_its_groups_and_the_groups_have_changed(world: &World) {
    let [ada, grace] = world.users(["ada", "grace"]).await;
    let staff = world.group("staff", &[&ada, &grace]).await;
    world.delete(&ada).await;
    assert_eq!(world.members(&staff).await, [grace.id]);
    let now = world.read(&staff).await.unwrap();
    assert_eq!(now.version, Version(2));
    assert!(now.last_modified > staff.last_modified);
    assert_eq!(world.find(Kind::Group, Indexed::DisplayName, "staff").await, [staff.id]);
    assert_eq!(world.version(&grace).await, 2, "grace joined, and nothing else of hers has changed");
}

async fn a_deleted_group_says_who_was_in_it(world: &World) {
    let [ada] = world.users(["ada"]).await;
    let staff = world.group("staff", &[&ada]).await;
    assert_eq!(world.delete(&staff).await.left, [ada.id]);
    assert_eq!(world.groups_of(&ada).await, []);
}

async fn what_a_resource_shows_of_others_counts_for_its_version_and_not_as_a_modification(world: &World) {
    let [ada] = world.users(["ada"]).await;
    let staff = world.group("staff", &[&ada]).await;
    assert_eq!(world.version(&ada).await, 2, "joined");
    world.rename(&staff, "team").await;
    assert_eq!(world.version(&ada).await, 3, "the group has another name");
    world.update(&staff, Some(draft(Kind::Group, "team")), vec![]).await;
    assert_eq!(world.version(&ada).await, 3, "the group has the same name");
    world.update(&staff, None, remove(&ada)).await;
    assert_eq!(world.version(&ada).await, 4, "left");
    let staff = world.update(&staff, None, add(&ada)).await.record;
    let now = world.read(&ada).await.unwrap();
    assert_eq!(now.last_modified, ada.last_modified);
    world.rename(&ada, "lovelace").await;
    let shown = world.read(&staff).await.unwrap();
    assert_eq!((shown.version.0, shown.last_modified), (staff.version.0 + 1, staff.last_modified));
    world.delete(&staff).await;
    assert_eq!(world.version(&ada).await, 7, "the group is gone");
}

/// RFC 7643 section 4.1.2: a User shows the groups that it is in through others as well.
async fn what_a_user_is_in_through_other_groups_counts_for_its_version(world: &World) {
    let [ada, grace] = world.users(["ada", "grace"]).await;
    let inner = world.group("inner", &[&ada]).await;
    let middle = world.group("middle", &[&inner]).await;
    let outer = world.group("outer", &[]).await;
    let start = world.version(&ada).await;
    world.update(&outer, None, add(&middle)).await;
    assert_eq!(world.version(&ada).await, start + 1, "a group above has joined another one");
    world.rename(&outer, "top").await;
    assert_eq!(world.version(&ada).await, start + 2, "a group far above has another name");
    world.update(&outer, None, remove(&middle)).await;
    assert_eq!(world.version(&ada).await, start + 3, "a group above has left another one");
    world.delete(&middle).await;
    assert_eq!(world.version(&ada).await, start + 4, "a group above is gone");
    assert_eq!(world.version(&grace).await, 1);
}

async fn a_circle_of_groups_ends(world: &World) {
    let [ada] = world.users(["ada"]).await;
    let one = world.group("one", &[&ada]).await;
    let two = world.group("two", &[&one]).await;
    let done = world.update(&one, None, add(&two)).await;
    assert_eq!(
        world.read(&one).await,
        Some(done.record),
        "the version that is answered is the one that is kept"
    );
    let done = world.update(&one, None, add(&one)).await;
    assert_eq!(world.read(&one).await, Some(done.record));
    let start = world.version(&ada).await;
    world.rename(&two, "zwei").await;
    assert_eq!(world.version(&ada).await, start + 1);
    world.delete(&one).await;
    assert_eq!(world.version(&ada).await, start + 2);
    assert_eq!(world.members(&two).await, []);
}
