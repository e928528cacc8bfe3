//! What PostgreSQL alone has to promise: several starters, several servers.

use std::str::FromStr;

use futures::future::join_all;
use scimspec_reference_server::store::{Kind, OpenError, PostgresStore, Store};
use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};

use crate::{
    cluster::Cluster,
    world::{World, behaviours, create, unique_tenant},
};

behaviours![
    several_that_start_at_once_make_the_tables_once,
    tables_of_a_newer_version_are_left_alone,
    a_schema_has_a_plain_name,
    a_database_that_is_not_there_is_said_plainly,
];

/// A connection beside the store's own.
pub(crate) async fn connect(url: &str, schema: &str) -> PgConnection {
    PgConnectOptions::from_str(url).unwrap().options([("search_path", schema)]).connect().await.unwrap()
}

async fn several_that_start_at_once_make_the_tables_once(_: &World) {
    let (url, schema) = (Cluster::url(), Cluster::schema("starters"));
    let opened = join_all((0..6).map(|_| {
        let (url, schema) = (url.clone(), schema.clone());
        tokio::spawn(async move { PostgresStore::open_in(&url, &schema).await })
    }))
    .await;
    let tenant = unique_tenant();
    for (n, store) in opened.into_iter().enumerate() {
        let store = store.unwrap().unwrap();
        store.commit(&tenant, create(Kind::User, &format!("u{n}"), &[])).await.unwrap();
        assert_eq!(store.page(&tenant, Kind::User, 0, 0).await.unwrap().total, n as u64 + 1);
    }
    let mut connection = connect(&url, &schema).await;
    let steps: (i64, i64) = sqlx::query_as("SELECT count(*), count(DISTINCT version) FROM _sqlx_migrations")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(steps.0, steps.1);
    assert!(steps.0 > 0);
    connection.close().await.unwrap();
}

async fn tables_of_a_newer_version_are_left_alone(_: &World) {
    let (url, schema) = (Cluster::url(), Cluster::schema("newer"));
    PostgresStore::open_in(&url, &schema).await.unwrap();
    let mut connection = connect(&url, &schema).await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9000, 'from the future', true, '', 0)";
    sqlx::query(newer).execute(&mut connection).await.unwrap();
    let error = PostgresStore::open_in(&url, &schema).await.unwrap_err();
    assert!(matches!(error, OpenError::Migrate(_)), "{error}");
}

async fn a_schema_has_a_plain_name(_: &World) {
    for schema in ["", "Upper", "a b", "a\"b", "a,public", "1st"] {
        let error = PostgresStore::open_in(&Cluster::url(), schema).await.unwrap_err();
        assert!(matches!(error, OpenError::PostgresSchema(_)), "{error}");
    }
}

async fn a_database_that_is_not_there_is_said_plainly(_: &World) {
    let error = PostgresStore::open("postgres:///postgres?host=/nowhere&password=hush").await.unwrap_err();
    assert!(matches!(error, OpenError::Postgres(_)), "{error}");
    assert!(!error.to_string().contains("hush"), "{error}");
    let error = PostgresStore::open("mysql://example.com").await.unwrap_err();
    assert!(matches!(error, OpenError::PostgresUrl(_)), "{error}");
}
