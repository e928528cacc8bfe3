//! A PostgreSQL server for the tests: the one that `SCIMSPEC_TEST_POSTGRES` names, or one of our own in a
//! temporary folder, reached over a Unix socket, started by the first test that needs it.

use std::{
    collections::BTreeSet,
    env, fs,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, OnceLock, PoisonError},
};

use scimspec_reference_server::store::ResourceId;
use sqlx::{Connection, Executor, PgConnection};
use tempfile::TempDir;

/// The variable with the URL of a database that the tests may use. They make schemas of their own in it.
const VARIABLE: &str = "SCIMSPEC_TEST_POSTGRES";

/// Users as whom a server may run where the tests run as root, because `initdb` refuses that.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

static SERVER: Mutex<Option<Cluster>> = Mutex::new(None);

/// The schemas that were named, to be removed from a database that is not ours.
static SCHEMAS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

pub(crate) struct Cluster {
    programs: PathBuf,
    folder: TempDir,
    owner: Option<(u32, u32)>,
}

impl Cluster {
    /// Whether there can be a server, or else why not.
    pub(crate) fn available() -> Result<(), String> {
        if env::var_os(VARIABLE).is_some() {
            return Ok(());
        }
        programs().map(drop).ok_or_else(|| {
            format!("{VARIABLE} is not set, and there is no initdb in PATH or in /usr/lib/postgresql/*/bin")
        })
    }

    /// The URL of the database.
    pub(crate) fn url() -> String {
        if let Ok(url) = env::var(VARIABLE) {
            return url;
        }
        let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
        server.get_or_insert_with(Self::start).socket_url()
    }

    /// A schema for a purpose, the same one for all who ask in this process.
    pub(crate) fn schema(purpose: &str) -> String {
        static RUN: OnceLock<String> = OnceLock::new();
        let run = RUN.get_or_init(|| ResourceId::random().to_string().replace('-', ""));
        let schema = format!("scimspec_test_{run}_{purpose}");
        SCHEMAS.lock().unwrap_or_else(PoisonError::into_inner).insert(schema.clone());
        schema
    }

    /// Ends our own server, or leaves a database that is not ours as it was.
    pub(crate) fn stop() {
        let server = SERVER.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(server) = server {
            let data = server.data();
            server.run("pg_ctl", &["-D", &data, "-m", "immediate", "-w", "stop"]);
        } else if let Ok(url) = env::var(VARIABLE) {
            let schemas = std::mem::take(&mut *SCHEMAS.lock().unwrap_or_else(PoisonError::into_inner));
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(drop_schemas(&url, schemas));
        }
    }

    fn start() -> Self {
        let programs = programs().unwrap();
        let folder = tempfile::Builder::new().prefix("scimspec-").tempdir().unwrap();
        // Whoever makes a file owns it: so one can ask who one is.
        let owner = (fs::metadata(folder.path()).unwrap().uid() == 0).then(unprivileged);
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let cluster = Self { programs, folder, owner };
        let data = cluster.data();
        cluster.run("initdb", &["-D", &data, "-U", "scimspec", "-A", "trust", "-E", "UTF8", "--no-sync"]);
        let sockets = cluster.folder.path().display();
        // What is not to last need not reach the disk.
        let options = format!(
            "-c listen_addresses= -c unix_socket_directories={sockets} -c max_connections=400 \
             -c fsync=off -c full_page_writes=off -c synchronous_commit=off"
        );
        let log = cluster.folder.path().join("log").display().to_string();
        cluster.run("pg_ctl", &["-D", &data, "-l", &log, "-o", &options, "-w", "start"]);
        cluster
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn socket_url(&self) -> String {
        format!("postgres:///postgres?host={}&user=scimspec", self.folder.path().display())
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(self.programs.join(program));
        // The server inherits what it is given here and lives longer than the program: no pipes.
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default());
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        let status = command.status().unwrap();
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        assert!(status.success(), "{program} {arguments:?}: {status}\n{log}");
    }
}

async fn drop_schemas(url: &str, schemas: BTreeSet<String>) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    for schema in schemas {
        let sql = format!("DROP SCHEMA IF EXISTS {schema} CASCADE");
        connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
}

/// The folder with PostgreSQL's programs: one in PATH, or the newest that Debian has installed.
fn programs() -> Option<PathBuf> {
    let has = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file();
    let path = env::var_os("PATH").unwrap_or_default();
    // A link into the folder where all of them are.
    let in_path =
        env::split_paths(&path).find(has).and_then(|folder| fs::canonicalize(folder.join("initdb")).ok());
    if let Some(folder) = in_path.as_deref().and_then(Path::parent) {
        return Some(folder.to_owned());
    }
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut versions: Vec<PathBuf> = versions.filter(|path| number(path).is_some()).collect();
    versions.sort_by_key(number);
    versions.into_iter().rev().map(|path| path.join("bin")).find(has)
}

/// User and group of somebody who may run a server.
fn unprivileged() -> (u32, u32) {
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let ids = |name: &&str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(*name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    UNPRIVILEGED
        .iter()
        .find_map(ids)
        .expect("the tests run as root, and there is neither postgres nor nobody")
}
