//! What the stores cost: creating, looking up, pages and members, in a small store and in a large one, so that
//! what grows with the number of people shows. How large is said by `SCIMSPEC_BENCH_USERS` (20,000 unless told);
//! `SCIMSPEC_BENCH_POSTGRES` names a database for the PostgreSQL store, which is left out otherwise.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot work is to stop")]

use std::{env, hint::black_box, sync::Arc, time::Duration};

use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};
use futures::future::join_all;
use scimspec_reference_server::store::{
    Draft, Indexed, Key, Kind, MemberChange, MemoryStore, PostgresStore, Record, ResourceId, Sequence,
    SqliteStore, Store, TenantId, Timestamp, Write,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The small store, and the small group.
const SMALL: (usize, usize) = (1_000, 100);

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = stores
}
criterion_main!(benches);

fn stores(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let users = env::var("SCIMSPEC_BENCH_USERS").map_or(20_000, |users| users.parse().unwrap());
    let large = (users, users / 10);
    let folder = tempfile::tempdir().unwrap();
    for name in ["memory", "sqlite", "postgres"] {
        for (users, members) in [SMALL, large] {
            let Some(store) = runtime.block_on(open(name, users, &folder)) else { continue };
            let filled = Filled::new(&runtime, store, users, members);
            let mut group = criterion.benchmark_group(format!("{name}/{users}"));
            filled.measure(&runtime, &mut group);
            group.finish();
        }
    }
}

async fn open(name: &str, users: usize, folder: &TempDir) -> Option<Arc<dyn Store>> {
    Some(match name {
        "memory" => Arc::new(MemoryStore::default()),
        "sqlite" => Arc::new(SqliteStore::open(&folder.path().join(format!("{users}.db"))).await.unwrap()),
        _ => {
            let url = env::var("SCIMSPEC_BENCH_POSTGRES").ok()?;
            Arc::new(PostgresStore::open_in(&url, "scimspec_bench").await.unwrap())
        }
    })
}

/// A store with people, and a group of some of them.
struct Filled {
    store: Arc<dyn Store>,
    tenant: TenantId,
    users: usize,
    last: Sequence,
    group: ResourceId,
    outsider: ResourceId,
}

impl Filled {
    fn new(runtime: &Runtime, store: Arc<dyn Store>, users: usize, members: usize) -> Self {
        let tenant = TenantId::new(&ResourceId::random().to_string());
        let mut ids = Vec::with_capacity(users);
        for start in (0..users).step_by(64) {
            let writes = (start..users.min(start + 64)).map(|n| store.commit(&tenant, user(n)));
            let made = runtime.block_on(join_all(writes)).into_iter().map(|made| made.unwrap().record.id);
            ids.extend(made);
        }
        let write = Write::Create {
            kind: Kind::Group,
            id: ResourceId::random(),
            draft: draft("{}".to_owned(), "staff", vec![], vec![]),
            members: ids[..members].to_vec(),
            at: Timestamp::now(),
        };
        let group = runtime.block_on(store.commit(&tenant, write)).unwrap().record.id;
        let middle = users as u64 / 10 * 9;
        let deep = runtime.block_on(store.page(&tenant, Kind::User, middle, 1)).unwrap();
        let (last, outsider) = (deep.records[0].sequence, deep.records[0].id);
        Self { store, tenant, users, last, group, outsider }
    }

    fn measure(&self, runtime: &Runtime, group: &mut BenchmarkGroup<'_, WallTime>) {
        let Self { store, tenant, .. } = self;
        let mut next = self.users;
        group.bench_function("create", |bench| {
            bench.iter(|| {
                next += 1;
                runtime.block_on(store.commit(tenant, user(next))).unwrap()
            });
        });
        group.bench_function("create, 64 at a time", |bench| {
            bench.iter(|| {
                next += 64;
                runtime.block_on(join_all((next..next + 64).map(|n| store.commit(tenant, user(n)))))
            });
        });
        let id = self.outsider;
        group.bench_function("read by id", |bench| {
            bench.iter(|| runtime.block_on(store.read(tenant, Kind::User, id)).unwrap());
        });
        let n = self.users / 3;
        for attribute in [Indexed::UserName, Indexed::ExternalId, Indexed::EmailsValue] {
            let key = Key { attribute, value: value(attribute, n).into() };
            group.bench_function(format!("{attribute} eq"), |bench| {
                bench.iter(|| {
                    let found = runtime.block_on(store.find(tenant, Kind::User, &key)).unwrap();
                    assert_eq!(black_box(found).len(), 1);
                });
            });
        }
        for (name, offset) in [("first page", 0), ("deep page by number", self.users as u64 / 10 * 9)] {
            group.bench_function(name, |bench| {
                bench.iter(|| runtime.block_on(store.page(tenant, Kind::User, offset, 100)).unwrap());
            });
        }
        group.bench_function("deep page by cursor", |bench| {
            let place = Some(self.last);
            bench.iter(|| runtime.block_on(store.page_after(tenant, Kind::User, place, 100)).unwrap());
        });
        // Both, so that the group stays as large as it is.
        group.bench_function("add and remove a member", |bench| {
            let mut record = runtime.block_on(store.read(tenant, Kind::Group, self.group)).unwrap().unwrap();
            bench.iter(|| {
                for change in
                    [MemberChange::Add(vec![self.outsider]), MemberChange::Remove(vec![self.outsider])]
                {
                    record = runtime.block_on(self.change(&record, change));
                }
            });
        });
    }

    async fn change(&self, group: &Record, change: MemberChange) -> Arc<Record> {
        let write = Write::Update {
            kind: Kind::Group,
            id: group.id,
            expected: group.version,
            draft: None,
            members: vec![change],
            at: Timestamp::now(),
        };
        self.store.commit(&self.tenant, write).await.unwrap().record
    }
}

/// A person as identity providers create them, with about 800 bytes of text.
fn user(n: usize) -> Write {
    let (user_name, external_id) = (value(Indexed::UserName, n), value(Indexed::ExternalId, n));
    let id = ResourceId::random();
    let text = format!(
        r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"id":"{id}","externalId":"{external_id}","userName":"{user_name}","name":{{"formatted":"Ada {n} Lovelace","familyName":"Lovelace {n}","givenName":"Ada"}},"displayName":"Ada {n} Lovelace","title":"Countess","preferredLanguage":"en-GB","locale":"en-GB","timezone":"Europe/London","userType":"Employee","active":true,"emails":[{{"value":"{user_name}","type":"work","primary":true}}],"phoneNumbers":[{{"value":"+44 20 7946 {n:04}","type":"work"}}],"addresses":[{{"type":"work","streetAddress":"12 St James's Square","locality":"London","postalCode":"SW1Y 4JH","country":"GB"}}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{{"employeeNumber":"{n}","costCenter":"4130","organization":"Example","division":"Analysis","department":"Engines"}}}}"#
    );
    let attributes = [Indexed::UserName, Indexed::ExternalId, Indexed::DisplayName, Indexed::EmailsValue];
    let keys = attributes.map(|attribute| Key { attribute, value: value(attribute, n).into() });
    let draft = draft(text, &format!("Ada {n} Lovelace"), keys.into(), vec![Indexed::UserName]);
    Write::Create { kind: Kind::User, id, draft, members: Vec::new(), at: Timestamp::now() }
}

fn value(attribute: Indexed, n: usize) -> String {
    match attribute {
        Indexed::ExternalId => format!("00u{n:017}"),
        Indexed::DisplayName => format!("ada {n} lovelace"),
        _ => format!("ada.{n}@example.com"),
    }
}

fn draft(text: String, display: &str, keys: Vec<Key>, unique: Vec<Indexed>) -> Draft {
    Draft { text, display: display.to_owned(), keys, unique }
}
