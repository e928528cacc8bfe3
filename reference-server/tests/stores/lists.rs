//! Lists: pages by number and by place, scans, totals, and the order that they share.

use std::sync::Arc;

use futures::future::join_all;
use scimspec_reference_server::store::{Kind, Record, ResourceId, Sequence};
use sqlx::{ConnectOptions, Connection};

use crate::world::{Place, World, behaviours, ids};

behaviours![
    pages_follow_the_order_of_creation_and_know_the_total,
    a_page_by_place_is_the_page_by_number,
    a_cursor_stays_true_when_what_it_points_at_is_deleted,
    a_scan_meets_everything_once,
    a_page_is_found_however_many_sequences_were_given_elsewhere,
];

/// Users in the order of the list; they are created many at a time.
async fn many(world: &World, count: usize) -> Vec<Arc<Record>> {
    let names: Vec<String> = (0..count).map(|n| format!("u{n}")).collect();
    let mut users = Vec::new();
    for names in names.chunks(100) {
        users.extend(join_all(names.iter().map(|name| world.create(Kind::User, name, &[]))).await);
    }
    users.sort_by_key(|user| user.sequence);
    users
}

async fn pages_follow_the_order_of_creation_and_know_the_total(world: &World) {
    let users = many(world, 700).await;
    world.group("staff", &[]).await;
    world.delete(&users[3]).await;
    let order: Vec<_> = users.iter().map(|user| user.id).filter(|id| *id != users[3].id).collect();
    assert_eq!(world.page(0, 5).await, (699, order[..5].to_vec()));
    assert_eq!(world.page(600, 50).await, (699, order[600..650].to_vec()));
    assert_eq!(world.page(690, 50).await, (699, order[690..].to_vec()));
    assert_eq!(world.page(0, 0).await, (699, vec![]));
    assert_eq!(world.page(699, 1).await, (699, vec![]));
    assert_eq!(world.page(u64::MAX, u64::MAX).await, (699, vec![]));
    world.rename(&users[0], "renamed").await;
    assert_eq!(world.page(0, 5).await, (699, order[..5].to_vec()), "a change moves nobody");
}

async fn a_page_by_place_is_the_page_by_number(world: &World) {
    let users = many(world, 20).await;
    let order = ids(&users);
    assert_eq!(world.page_after(None, 6).await, (20, order[..6].to_vec()));
    assert_eq!(world.page_after(Some(users[5].sequence), 6).await, (20, order[6..12].to_vec()));
    assert_eq!(world.page_after(Some(users[17].sequence), 6).await, (20, order[18..].to_vec()));
    assert_eq!(world.page_after(Some(users[19].sequence), 6).await, (20, vec![]));
    assert_eq!(world.page_after(Some(Sequence(u64::MAX)), 6).await, (20, vec![]));
    assert_eq!(world.page_before(users[12].sequence, 6).await, (20, order[6..12].to_vec()));
    assert_eq!(world.page_before(users[2].sequence, 6).await, (20, order[..2].to_vec()));
    assert_eq!(world.page_before(Sequence(u64::MAX), 2).await, (20, order[18..].to_vec()));
}

async fn a_cursor_stays_true_when_what_it_points_at_is_deleted(world: &World) {
    let users = many(world, 6).await;
    world.delete(&users[2]).await;
    let order = ids(&users);
    assert_eq!(world.page_after(Some(users[2].sequence), 2).await, (5, order[3..5].to_vec()));
    assert_eq!(world.page_before(users[2].sequence, 2).await, (5, order[..2].to_vec()));
}

async fn a_scan_meets_everything_once(world: &World) {
    let users = many(world, 600).await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let batch = world.store.scan(&world.tenant, Kind::User, after).await.unwrap();
        let Some(last) = batch.last() else { break };
        after = Some(last.sequence);
        seen.extend(ids(&batch));
    }
    assert_eq!(seen, ids(&users));
}

/// A store that counts in stretches of sequences finds the page in the right one.
async fn a_page_is_found_however_many_sequences_were_given_elsewhere(world: &World) {
    let mut order: Vec<ResourceId> = Vec::new();
    for round in 0..4 {
        for n in 0..3 {
            order.push(world.create(Kind::User, &format!("u{round}.{n}"), &[]).await.id);
        }
        skip_sequences(world).await;
    }
    for offset in 0..=12 {
        let rest = order[offset..].iter().take(5).copied().collect();
        assert_eq!(world.page(offset as u64, 5).await, (12, rest), "from {offset}");
    }
    // The second stretch becomes empty.
    for id in order.drain(3..6).collect::<Vec<_>>() {
        let record = world.store.read(&world.tenant, Kind::User, id).await.unwrap().unwrap();
        world.delete(&record).await;
    }
    for offset in 0..=9 {
        let rest = order[offset..].iter().take(5).copied().collect();
        assert_eq!(world.page(offset as u64, 5).await, (9, rest), "from {offset}");
    }
}

/// As if ten thousand others had been created.
async fn skip_sequences(world: &World) {
    match &world.place {
        Place::Memory => {}
        Place::Sqlite { .. } => {
            let file = sqlx::sqlite::SqliteConnectOptions::new().filename(world.file());
            let mut connection = file.connect().await.unwrap();
            let skip = "UPDATE sqlite_sequence SET seq = seq + 10000 WHERE name = 'resources'";
            sqlx::query(skip).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        Place::Postgres { url, schema } => {
            let mut connection = crate::postgres::connect(url, schema).await;
            let skip = "SELECT setval(sequence, nextval(sequence) + 10000) \
                        FROM pg_get_serial_sequence('resources', 'sequence') AS sequence";
            sqlx::query(skip).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}
