//! What SQLite alone has to promise: one file, private, and honest about it.

use std::{fs, os::unix::fs::PermissionsExt};

use futures::{FutureExt, future::join_all};
use scimspec_reference_server::store::{Kind, OpenError, SqliteStore, Store};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use crate::world::{World, behaviours, create, unique_tenant};

behaviours![
    several_that_start_at_once_make_the_tables_once,
    the_journal_is_a_write_ahead_log,
    only_its_owner_reads_the_file,
    a_file_that_is_no_database_is_refused_and_left_alone,
    a_folder_that_is_not_there_is_said_plainly,
    tables_of_a_newer_version_are_left_alone,
    what_was_handed_over_is_written_also_if_nobody_waits,
];

async fn several_that_start_at_once_make_the_tables_once(_: &World) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new.sqlite");
    let opened = join_all((0..6).map(|_| {
        let file = file.clone();
        tokio::spawn(async move { SqliteStore::open(&file).await })
    }))
    .await;
    let tenant = unique_tenant();
    for (n, store) in opened.into_iter().enumerate() {
        let store = store.unwrap().unwrap();
        store.commit(&tenant, create(Kind::User, &format!("u{n}"), &[])).await.unwrap();
        assert_eq!(store.page(&tenant, Kind::User, 0, 0).await.unwrap().total, n as u64 + 1);
    }
}

async fn the_journal_is_a_write_ahead_log(world: &World) {
    let mut connection = SqliteConnectOptions::new().filename(world.file()).connect().await.unwrap();
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await.unwrap();
    assert_eq!(mode, "wal");
    connection.close().await.unwrap();
}

async fn only_its_owner_reads_the_file(world: &World) {
    world.users(["ada"]).await;
    for ending in ["", "-wal", "-shm"] {
        let mut path = world.file().into_os_string();
        path.push(ending);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }
}

async fn a_file_that_is_no_database_is_refused_and_left_alone(_: &World) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("letter.txt");
    let letter = "Dear Charles, ".repeat(500);
    fs::write(&file, &letter).unwrap();
    let error = SqliteStore::open(&file).await.unwrap_err();
    assert!(matches!(error, OpenError::Sqlite { .. } | OpenError::Migrate(_)), "{error}");
    assert!(error.to_string().contains("not a database"), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), letter);
}

async fn a_folder_that_is_not_there_is_said_plainly(_: &World) {
    let folder = tempfile::tempdir().unwrap();
    let error = SqliteStore::open(&folder.path().join("nowhere/new.sqlite")).await.unwrap_err();
    assert!(matches!(error, OpenError::SqliteFile { .. }), "{error}");
}

async fn tables_of_a_newer_version_are_left_alone(world: &World) {
    let mut connection = SqliteConnectOptions::new().filename(world.file()).connect().await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9000, 'from the future', true, x'', 0)";
    sqlx::query(newer).execute(&mut connection).await.unwrap();
    let error = SqliteStore::open(&world.file()).await.unwrap_err();
    assert!(matches!(error, OpenError::Migrate(_)), "{error}");
    connection.close().await.unwrap();
}

async fn what_was_handed_over_is_written_also_if_nobody_waits(world: &World) {
    let write = create(Kind::User, "ada", &[]);
    // Polled once, so that it is handed over, and then dropped, as when a client hangs up.
    assert!(world.store.commit(&world.tenant, write).now_or_never().is_none());
    world.users(["grace"]).await;
    assert_eq!(world.page(0, 0).await.0, 2);
}
