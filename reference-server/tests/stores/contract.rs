//! One resource at a time: compare and swap, what must be unique, what is found by what, what one tenant sees.

use std::sync::Arc;

use scimspec_reference_server::store::{
    Draft, Indexed, Kind, MemberChange, ResourceId, StoreError, Timestamp, Version, Write,
};

use crate::world::{World, behaviours, conflict, create, delete, draft, key, unique_tenant, update};

behaviours![
    a_resource_is_read_by_its_id_and_its_kind,
    a_new_resource_has_version_one_and_was_modified_when_it_was_created,
    a_resource_comes_back_as_it_was_written,
    a_resource_survives_its_process,
    an_id_is_never_given_twice,
    no_tenant_sees_or_touches_what_another_has,
    two_tenants_may_have_the_same_name_for_two_people,
    a_unique_key_is_taken_until_its_owner_gives_it_up,
    a_deleted_resource_gives_its_unique_key_free,
    an_attribute_that_is_not_unique_may_be_shared,
    a_key_is_found_by_its_attribute_in_its_own_spelling,
    a_value_of_any_length_is_found_and_unique,
    a_kind_from_a_definition_is_kept_apart_and_found_by_its_own_attributes,
    groups_may_share_a_name_and_are_found_by_it_in_order,
    a_change_moves_the_keys_the_version_and_the_time,
    of_two_changes_computed_from_one_version_the_second_loses,
    a_write_to_nobody_is_not_found,
    a_refused_write_leaves_nothing_behind,
    time_goes_on_also_when_the_clock_does_not,
];

async fn a_resource_is_read_by_its_id_and_its_kind(world: &World) {
    let [ada] = world.users(["ada"]).await;
    assert_eq!(world.read(&ada).await, Some(Arc::clone(&ada)));
    assert_eq!(world.store.read(&world.tenant, Kind::Group, ada.id).await, Ok(None));
    assert_eq!(world.store.read(&world.tenant, Kind::User, ResourceId::random()).await, Ok(None));
}

async fn a_new_resource_has_version_one_and_was_modified_when_it_was_created(world: &World) {
    let [ada] = world.users(["ada"]).await;
    assert_eq!((ada.version, ada.created), (Version(1), ada.last_modified));
}

async fn a_resource_comes_back_as_it_was_written(world: &World) {
    for (place, name) in
        ["Ada Lovelace", "Åsa 日本 🦀", "a\"b\\c", "nul\0nul", "", "'; --"].iter().enumerate()
    {
        let text = serde_json::json!({ "name": name, "long": "x".repeat(20_000) }).to_string();
        let keys = vec![key(Indexed::UserName, &format!("{place}{name}"))];
        let draft =
            Draft { text: text.clone(), display: (*name).to_owned(), keys, unique: vec![Indexed::UserName] };
        let (id, at) = (ResourceId::random(), Timestamp::now());
        let write = Write::Create { kind: Kind::User, id, draft, members: vec![], at };
        let written = world.commit(write).await.unwrap().record;
        let read = world.read(&written).await.unwrap();
        assert_eq!(read, written);
        assert_eq!((&*read.text, &*read.display, read.created), (&*text, *name, at));
        assert_eq!(world.find(Kind::User, Indexed::UserName, &format!("{place}{name}")).await, [id]);
    }
}

async fn a_resource_survives_its_process(world: &World) {
    let [ada] = world.users(["ada"]).await;
    let staff = world.group("staff", &[&ada]).await;
    let ada = world.read(&ada).await.unwrap();
    let again = world.reopened().await.store;
    assert_eq!(again.read(&world.tenant, Kind::User, ada.id).await, Ok(Some(ada.clone())));
    assert_eq!(again.members(&world.tenant, staff.id).await.unwrap()[0].id, ada.id);
    let found = again.find(&world.tenant, Kind::User, &key(Indexed::UserName, "ada")).await.unwrap();
    assert_eq!(found, [ada]);
    assert_eq!(again.page(&world.tenant, Kind::User, 0, 10).await.unwrap().total, 1);
}

async fn an_id_is_never_given_twice(world: &World) {
    let [ada] = world.users(["ada"]).await;
    let write = Write::Create {
        kind: Kind::User,
        id: ada.id,
        draft: draft(Kind::User, "grace"),
        members: vec![],
        at: Timestamp::now(),
    };
    assert!(matches!(world.commit(write).await, Err(StoreError::Failed(_))));
    assert_eq!(world.page(0, 10).await, (1, vec![ada.id]));
}

async fn no_tenant_sees_or_touches_what_another_has(world: &World) {
    let [ada] = world.users(["ada"]).await;
    let staff = world.group("staff", &[&ada]).await;
    let (store, other) = (&world.store, unique_tenant());
    assert_eq!(store.read(&other, Kind::User, ada.id).await, Ok(None));
    assert_eq!(store.find(&other, Kind::User, &key(Indexed::UserName, "ada")).await, Ok(vec![]));
    assert_eq!(store.page(&other, Kind::User, 0, 10).await.unwrap().total, 0);
    assert_eq!(store.page_after(&other, Kind::User, None, 10).await.unwrap().records, []);
    assert_eq!(store.scan(&other, Kind::User, None).await, Ok(vec![]));
    assert_eq!(store.members(&other, staff.id).await, Ok(vec![]));
    assert_eq!(store.groups_of(&other, ada.id).await, Ok(vec![]));
    let missing = StoreError::NotFound { kind: Kind::User, id: ada.id };
    assert_eq!(store.commit(&other, delete(&ada)).await, Err(missing.clone()));
    let change = update(&ada, Some(draft(Kind::User, "eve")), vec![]);
    assert_eq!(store.commit(&other, change).await, Err(missing));
    let steal = create(Kind::Group, "thieves", &[ada.id]);
    assert_eq!(store.commit(&other, steal).await, Err(StoreError::UnknownMember { id: ada.id }));
    let theirs = store.commit(&other, create(Kind::Group, "thieves", &[])).await.unwrap().record;
    let take = update(&theirs, None, vec![MemberChange::Set(vec![ada.id])]);
    assert_eq!(store.commit(&other, take).await, Err(StoreError::UnknownMember { id: ada.id }));
    let part = update(&theirs, None, vec![MemberChange::Remove(vec![ada.id])]);
    assert!(!store.commit(&other, part).await.unwrap().changed);
    assert_eq!(world.members(&staff).await, [ada.id]);
}

async fn two_tenants_may_have_the_same_name_for_two_people(world: &World) {
    let [ada] = world.users(["ada"]).await;
    let other = unique_tenant();
    let theirs = world.store.commit(&other, create(Kind::User, "ada", &[])).await.unwrap().record;
    assert_ne!(theirs.id, ada.id);
    assert_eq!(world.find(Kind::User, Indexed::UserName, "ada").await, [ada.id]);
}

async fn a_unique_key_is_taken_until_its_owner_gives_it_up(world: &World) {
    let [ada, grace] = world.users(["ada", "grace"]).await;
    let taken = StoreError::Taken { key: key(Indexed::UserName, "ada") };
    assert_eq!(world.commit(create(Kind::User, "ada", &[])).await, Err(taken.clone()));
    let rename = update(&grace, Some(draft(Kind::User, "ada")), vec![]);
    assert_eq!(world.commit(rename).await, Err(taken));
    world.rename(&ada, "ada").await;
    world.rename(&ada, "lovelace").await;
    world.rename(&grace, "ada").await;
    assert_eq!(world.find(Kind::User, Indexed::UserName, "ada").await, [grace.id]);
}

async fn a_deleted_resource_gives_its_unique_key_free(world: &World) {
    let [ada] = world.users(["ada"]).await;
    let gone = world.delete(&ada).await;
    assert_eq!((gone.record.id, gone.changed), (ada.id, true));
    assert_eq!(world.read(&ada).await, None);
    assert_eq!(world.find(Kind::User, Indexed::UserName, "ada").await, []);
    let [again] = world.users(["ada"]).await;
    assert_ne!(again.id, ada.id);
    assert!(again.sequence > ada.sequence, "a place in the list is never given twice");
}

async fn an_attribute_that_is_not_unique_may_be_shared(world: &World) {
    let mut ids = Vec::new();
    for name in ["ada", "grace"] {
        let mut draft = draft(Kind::User, name);
        draft.keys.push(key(Indexed::ExternalId, "00u1"));
        let (id, at) = (ResourceId::random(), Timestamp::now());
        world.commit(Write::Create { kind: Kind::User, id, draft, members: vec![], at }).await.unwrap();
        ids.push(id);
    }
    assert_eq!(world.find(Kind::User, Indexed::ExternalId, "00u1").await, ids);
}

/// Case counts or not as the schema says; the caller folds where it does not, so that a store compares bytes.
async fn a_key_is_found_by_its_attribute_in_its_own_spelling(world: &World) {
    let attributes = [
        (Indexed::UserName, "ada"),
        (Indexed::ExternalId, "00uAda"),
        (Indexed::DisplayName, "ada lovelace"),
        (Indexed::EmailsValue, "ada@example.com"),
        (Indexed::EmailsValue, "lovelace@example.com"),
    ];
    let mut draft = draft(Kind::User, "ada");
    draft.keys = attributes.iter().map(|(attribute, value)| key(*attribute, value)).collect();
    let (id, at) = (ResourceId::random(), Timestamp::now());
    world.commit(Write::Create { kind: Kind::User, id, draft, members: vec![], at }).await.unwrap();
    for (attribute, value) in attributes {
        assert_eq!(world.find(Kind::User, attribute, value).await, [id], "{attribute}");
        assert_eq!(world.find(Kind::User, attribute, &value.to_uppercase()).await, [], "{attribute}");
        assert_eq!(world.find(Kind::Group, attribute, value).await, [], "{attribute}");
    }
    assert_eq!(world.find(Kind::User, Indexed::ExternalId, "00uada").await, []);
    assert_eq!(world.find(Kind::User, Indexed::UserName, "ada@example.com").await, []);
}

async fn a_value_of_any_length_is_found_and_unique(world: &World) {
    let long = "l".repeat(100_000);
    let ada = world.create(Kind::User, &long, &[]).await;
    assert_eq!(world.find(Kind::User, Indexed::UserName, &long).await, [ada.id]);
    assert_eq!(world.find(Kind::User, Indexed::UserName, &long[1..]).await, []);
    let again = world.commit(create(Kind::User, &long, &[])).await;
    assert!(matches!(again, Err(StoreError::Taken { .. })));
}

async fn a_kind_from_a_definition_is_kept_apart_and_found_by_its_own_attributes(world: &World) {
    let (agent, serial) = (Kind::named("Agent"), Indexed::named("urn:example:2.0:Agent:serial"));
    let [ada] = world.users(["ada"]).await;
    let draft = Draft {
        text: "{}".to_owned(),
        display: "ada".to_owned(),
        keys: vec![key(serial, "7"), key(Indexed::UserName, "ada")],
        unique: vec![serial, Indexed::UserName],
    };
    let (id, at) = (ResourceId::random(), Timestamp::now());
    let write = Write::Create { kind: agent, id, draft, members: vec![], at };
    let made = world.commit(write).await.unwrap().record;
    assert_eq!(world.read(&made).await.map(|made| made.kind), Some(agent));
    assert_eq!(world.find(agent, serial, "7").await, [id]);
    assert_eq!(world.store.page(&world.tenant, agent, 0, 10).await.unwrap().total, 1);
    assert_eq!(world.page(0, 10).await, (1, vec![ada.id]));
    let fleet = world.group("fleet", &[&made]).await;
    let members = world.store.members(&world.tenant, fleet.id).await.unwrap();
    assert_eq!((members[0].kind, &*members[0].display), (agent, "ada"));
}

async fn groups_may_share_a_name_and_are_found_by_it_in_order(world: &World) {
    let first = world.group("staff", &[]).await;
    let second = world.group("staff", &[]).await;
    world.group("others", &[]).await;
    assert_eq!(world.find(Kind::Group, Indexed::DisplayName, "staff").await, [first.id, second.id]);
    assert_eq!(world.find(Kind::User, Indexed::DisplayName, "staff").await, []);
}

async fn a_change_moves_the_keys_the_version_and_the_time(world: &World) {
    let [ada] = world.users(["ada"]).await;
    let changed = world.update(&ada, Some(draft(Kind::User, "lovelace")), vec![]).await;
    assert!(changed.changed);
    assert_eq!(world.read(&ada).await, Some(Arc::clone(&changed.record)));
    assert_eq!(changed.record.version, Version(2));
    assert_eq!((changed.record.created, changed.record.sequence), (ada.created, ada.sequence));
    assert!(changed.record.last_modified > ada.last_modified);
    assert_eq!(world.find(Kind::User, Indexed::EmailsValue, "ada").await, []);
    assert_eq!(world.find(Kind::User, Indexed::EmailsValue, "lovelace").await, [ada.id]);
}

async fn of_two_changes_computed_from_one_version_the_second_loses(world: &World) {
    let [ada] = world.users(["ada"]).await;
    world.rename(&ada, "first").await;
    let second = update(&ada, Some(draft(Kind::User, "second")), vec![]);
    assert_eq!(world.commit(second).await, Err(conflict(2)));
    let write =
        Write::Delete { kind: Kind::User, id: ada.id, expected: Some(Version(1)), at: Timestamp::now() };
    assert_eq!(world.commit(write).await, Err(conflict(2)));
    assert_eq!(&*world.read(&ada).await.unwrap().display, "first");
}

async fn a_write_to_nobody_is_not_found(world: &World) {
    let [ada] = world.users(["ada"]).await;
    world.delete(&ada).await;
    let missing = StoreError::NotFound { kind: Kind::User, id: ada.id };
    assert_eq!(world.commit(delete(&ada)).await, Err(missing.clone()));
    assert_eq!(world.commit(update(&ada, Some(draft(Kind::User, "ada")), vec![])).await, Err(missing));
}

async fn a_refused_write_leaves_nothing_behind(world: &World) {
    let [ada] = world.users(["ada"]).await;
    let staff = world.group("staff", &[]).await;
    let nobody = ResourceId::random();
    let write = update(
        &staff,
        Some(draft(Kind::Group, "renamed")),
        vec![MemberChange::Add(vec![ada.id]), MemberChange::Add(vec![nobody])],
    );
    assert_eq!(world.commit(write).await, Err(StoreError::UnknownMember { id: nobody }));
    assert_eq!(world.read(&staff).await, Some(Arc::clone(&staff)));
    assert_eq!(world.members(&staff).await, []);
    assert_eq!(world.find(Kind::Group, Indexed::DisplayName, "renamed").await, []);
    let write = create(Kind::Group, "new", &[ada.id, nobody]);
    assert_eq!(world.commit(write).await, Err(StoreError::UnknownMember { id: nobody }));
    assert_eq!(world.find(Kind::Group, Indexed::DisplayName, "new").await, []);
    assert_eq!(world.store.page(&world.tenant, Kind::Group, 0, 10).await.unwrap().total, 1);
    assert_eq!(world.version(&ada).await, 1);
}

/// RFC 7643 section 3.1: lastModified is when the resource was last modified; of two writes the second is later.
async fn time_goes_on_also_when_the_clock_does_not(world: &World) {
    let [ada] = world.users(["ada"]).await;
    let mut last = ada;
    for round in 0..3 {
        let write = Write::Update {
            kind: Kind::User,
            id: last.id,
            expected: last.version,
            draft: Some(draft(Kind::User, &format!("ada{round}"))),
            members: vec![],
            at: last.created,
        };
        let next = world.commit(write).await.unwrap().record;
        assert!(next.last_modified > last.last_modified);
        last = next;
    }
}
