//! `kill -9` at any moment: a child process writes to a SQLite file and says on standard output what has been
//! acknowledged to it; it is killed, and the file is compared with what it said.

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead, BufReader, Write as _},
    path::Path,
    process::{Command, ExitCode, Stdio},
    thread,
    time::Duration,
};

use scimspec_reference_server::store::{
    Indexed, Kind, MemberChange, ResourceId, SqliteStore, Store, StoreError, TenantId,
};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use crate::world::{World, add, behaviours, create, delete, draft, key, update, who};

/// In the child: the file, and the tenant in it, that it has to write to.
const FILE: &str = "SCIMSPEC_TEST_KILL_FILE";
const TENANT: &str = "SCIMSPEC_TEST_KILL_TENANT";

/// How often a child is killed.
const ROUNDS: u64 = 30;

/// How many write at the same time in the child.
const WRITERS: usize = 4;

/// What the members of the child's group are called together.
const GROUP: &str = "group";

behaviours![what_was_acknowledged_survives_kill_9_and_nothing_is_half_done];

/// In the child process: writes until it is killed.
pub(crate) fn child() -> Option<ExitCode> {
    let (file, tenant) = (env::var_os(FILE)?, env::var(TENANT).ok()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().ok()?;
    runtime.block_on(async {
        let store = SqliteStore::open(Path::new(&file)).await.unwrap();
        let tenant = TenantId::new(&tenant);
        store.commit(&tenant, create(Kind::Group, GROUP, &[])).await.unwrap();
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (store, tenant) = (store.clone(), tenant.clone());
                tokio::spawn(async move {
                    for step in 0.. {
                        Step(writer, step).perform(&store, &tenant).await;
                        // One line in one write: it is in the pipe as a whole or not at all.
                        let line = format!("{writer} {step}\n");
                        std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
    Some(ExitCode::FAILURE)
}

/// One thing that a writer does: the number of the writer, and of the step.
#[derive(Clone, Copy)]
struct Step(usize, usize);

/// A user of the child's: name, version, whether it is in the group.
type Users = BTreeMap<String, (u64, bool)>;

impl Step {
    /// A user is created, joins, is renamed, and every other one is deleted.
    async fn perform(self, store: &SqliteStore, tenant: &TenantId) {
        let Self(_, step) = self;
        let find = async |kind, attribute, name: String| {
            store.find(tenant, kind, &key(attribute, &name)).await.unwrap().remove(0)
        };
        match step % 4 {
            0 => _ = store.commit(tenant, create(Kind::User, &self.old_name(), &[])).await.unwrap(),
            1 => {
                let user = find(Kind::User, Indexed::UserName, self.old_name()).await;
                loop {
                    let group = find(Kind::Group, Indexed::DisplayName, GROUP.to_owned()).await;
                    let changes: Vec<MemberChange> = add(&user);
                    match store.commit(tenant, update(&group, None, changes)).await {
                        Err(StoreError::Conflict { .. }) => {}
                        done => break assert!(done.unwrap().changed),
                    }
                }
            }
            2 => {
                let user = find(Kind::User, Indexed::UserName, self.old_name()).await;
                let renamed = Some(draft(Kind::User, &self.new_name()));
                store.commit(tenant, update(&user, renamed, vec![])).await.unwrap();
            }
            _ if step % 8 == 7 => {
                let user = find(Kind::User, Indexed::UserName, self.new_name()).await;
                store.commit(tenant, delete(&user)).await.unwrap();
            }
            _ => {}
        }
    }

    /// The users of the writer after this step.
    fn then(self, users: &mut Users) {
        match self.1 % 4 {
            0 => _ = users.insert(self.old_name(), (1, false)),
            1 => _ = users.insert(self.old_name(), (2, true)),
            2 => {
                users.remove(&self.old_name());
                users.insert(self.new_name(), (3, true));
            }
            _ if self.1 % 8 == 7 => _ = users.remove(&self.new_name()),
            _ => {}
        }
    }

    /// By how much the step moves the version of the group: who joins, is renamed or goes changes what it shows.
    fn moves_group(self) -> u64 {
        u64::from(matches!(self.1 % 8, 1 | 2 | 5 | 6 | 7))
    }

    fn old_name(self) -> String {
        format!("{}.old.{}", self.0, self.1 / 4)
    }

    fn new_name(self) -> String {
        format!("{}.new.{}", self.0, self.1 / 4)
    }
}

async fn what_was_acknowledged_survives_kill_9_and_nothing_is_half_done(world: &World) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("killed.sqlite");
    drop(SqliteStore::open(&file).await.unwrap());
    let mut random = Random(0x5C1A_5BEC);
    let mut before = Vec::new();
    for round in 0..ROUNDS {
        let tenant = TenantId::new(&format!("round{round}"));
        let acknowledged = run_and_kill(&file, &tenant, &mut random);
        let store = SqliteStore::open(&file).await.unwrap();
        compare(&store, &tenant, &acknowledged).await;
        let page = store.page(&tenant, Kind::User, 0, u64::MAX).await.unwrap();
        before.push((tenant, page));
    }
    let store = SqliteStore::open(&file).await.unwrap();
    for (tenant, page) in before {
        assert_eq!(store.page(&tenant, Kind::User, 0, u64::MAX).await.unwrap(), page);
    }
    check_integrity(&file).await;
    drop(store);
    _ = world;
}

/// How many steps of each writer were acknowledged before the child was killed.
fn run_and_kill(file: &Path, tenant: &TenantId, random: &mut Random) -> [usize; WRITERS] {
    let mut child = Command::new(env::current_exe().unwrap())
        .env(FILE, file)
        .env(TENANT, tenant.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = [0; WRITERS];
    let mut note = |line: String| {
        let (writer, step) = line.split_once(' ').unwrap();
        let (writer, step): (usize, usize) = (writer.parse().unwrap(), step.parse().unwrap());
        assert_eq!(acknowledged[writer], step);
        acknowledged[writer] = step + 1;
    };
    for _ in 0..random.below(120) {
        note(lines.next().expect("the child writes until it is killed").unwrap());
    }
    thread::sleep(Duration::from_micros(random.below(3_000)));
    child.kill().unwrap();
    child.wait().unwrap();
    for line in lines {
        note(line.unwrap());
    }
    acknowledged
}

/// Each writer has come as far as it was told, or one step further: that one was done but not acknowledged yet.
async fn compare(store: &SqliteStore, tenant: &TenantId, acknowledged: &[usize; WRITERS]) {
    let groups = store.find(tenant, Kind::Group, &key(Indexed::DisplayName, GROUP)).await.unwrap();
    let Some(group) = groups.first() else {
        assert_eq!(acknowledged, &[0; WRITERS]);
        return;
    };
    let members = who(&store.members(tenant, group.id).await.unwrap());
    let mut found = Users::new();
    let page = store.page(tenant, Kind::User, 0, u64::MAX).await.unwrap();
    assert_eq!(page.total, page.records.len() as u64);
    for user in &page.records {
        for attribute in [Indexed::UserName, Indexed::EmailsValue] {
            let by_key = store.find(tenant, Kind::User, &key(attribute, &user.display)).await.unwrap();
            assert_eq!(by_key, std::slice::from_ref(user));
        }
        assert_eq!(*user.text, *draft(Kind::User, &user.display).text);
        let groups: Vec<ResourceId> = who(&store.groups_of(tenant, user.id).await.unwrap());
        assert_eq!(groups.contains(&group.id), members.contains(&user.id));
        found.insert(user.display.to_string(), (user.version.0, members.contains(&user.id)));
    }
    assert_eq!(members.len(), found.values().filter(|(_, member)| *member).count());
    let mut group_version = 1;
    for (writer, done) in acknowledged.iter().copied().enumerate() {
        let prefix = format!("{writer}.");
        let mine: Users = found
            .iter()
            .filter(|(name, _)| name.starts_with(&prefix))
            .map(|(n, u)| (n.clone(), *u))
            .collect();
        let mut expected = Users::new();
        (0..done).for_each(|step| Step(writer, step).then(&mut expected));
        let mut steps = done;
        if mine != expected {
            Step(writer, done).then(&mut expected);
            assert_eq!(mine, expected, "writer {writer} after {done} steps, or one more");
            steps += 1;
        }
        group_version += (0..steps).map(|step| Step(writer, step).moves_group()).sum::<u64>();
    }
    assert_eq!(group.version.0, group_version);
}

async fn check_integrity(file: &Path) {
    let mut connection = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    let verdict: String =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(verdict, "ok");
    let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut connection).await.unwrap();
    assert!(dangling.is_empty());
    connection.close().await.unwrap();
}

/// Numbers that are the same in every run (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
