//! The servers that are loaded, each in a process of its own: the reference server with each of its stores, and the
//! peers, which are installed into the target folder first.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fmt, fs};

use clap::ValueEnum;
use scimspec_reference_server::generate_token;
use tempfile::TempDir;
use url::Url;

use crate::client::{Connection, Request};
use crate::postgres::Cluster;
use crate::process::{Process, installed};
use crate::{Trouble, folder};

/// The variable that tells a server its token.
const TOKEN: &str = "SCIM_LOAD_TOKEN";
const SCIMMY: [(&str, &str); 3] = [
    ("package.json", include_str!("peers/scimmy/package.json")),
    ("package-lock.json", include_str!("peers/scimmy/package-lock.json")),
    ("server.mjs", include_str!("peers/scimmy/server.mjs")),
];

/// Which servers there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Kind {
    /// The reference server, in memory.
    Memory,
    /// The reference server on a SQLite file.
    Sqlite,
    /// The reference server on a PostgreSQL database.
    Postgres,
    /// A handler that sends the same bytes as the reference server and does nothing for them.
    Bare,
    /// scim2-server from PyPI, as its program serves.
    #[value(name = "scim2-server")]
    Scim2Server,
    /// scimmy-routers from npm, with express and handlers in memory.
    Scimmy,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] =
        [Self::Memory, Self::Sqlite, Self::Postgres, Self::Bare, Self::Scim2Server, Self::Scimmy];

    pub(crate) fn is_peer(self) -> bool {
        matches!(self, Self::Scim2Server | Self::Scimmy)
    }

    /// Whether a machine may lack what it needs.
    pub(crate) fn may_be_missing(self) -> bool {
        self.is_peer() || self == Self::Postgres
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Memory => "memory",
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Bare => "bare handler",
            Self::Scim2Server => "scim2-server",
            Self::Scimmy => "scimmy-routers",
        })
    }
}

/// A running server.
pub(crate) struct Target {
    pub(crate) kind: Kind,
    pub(crate) address: SocketAddr,
    /// The path of the SCIM base URL.
    pub(crate) base: String,
    pub(crate) token: String,
    process: Process,
    kept: Kept,
}

/// What a server keeps its data in; it goes with the server.
struct Kept {
    store: String,
    /// Dropped last: what is in it is needed until the server has ended.
    _cluster: Option<Cluster>,
    folder: TempDir,
}

impl Target {
    /// Starts an empty one that keeps its files in `data`.
    pub(crate) fn start(kind: Kind, data: &Path) -> Result<Self, Trouble> {
        let trouble =
            |error: io::Error| Trouble::Target { target: kind.to_string(), reason: error.to_string() };
        fs::create_dir_all(folder()).map_err(trouble)?;
        let scratch = TempDir::new_in(data).map_err(trouble)?;
        let token = generate_token().map_err(|error| trouble(io::Error::other(error)))?;
        let (cluster, store) = match kind {
            Kind::Sqlite => (None, format!("sqlite:{}", scratch.path().join("people.db").display())),
            Kind::Postgres => {
                let cluster = Cluster::start(data).map_err(trouble)?;
                let store = cluster.url();
                (Some(cluster), store)
            }
            _ => (None, "memory".to_owned()),
        };
        let kept = Kept { store, _cluster: cluster, folder: scratch };
        match kind {
            Kind::Memory | Kind::Sqlite | Kind::Postgres => Self::reference(kind, token, kept),
            Kind::Bare => Err(io::Error::other("it needs answers to send")),
            Kind::Scim2Server => Self::scim2_server(token, kept),
            Kind::Scimmy => Self::scimmy(token, kept),
        }
        .map_err(trouble)
    }

    /// The same for a program that tells its URL.
    pub(crate) fn telling(kind: Kind, command: &mut Command) -> io::Result<Self> {
        let kept = Kept { store: String::new(), _cluster: None, folder: TempDir::new()? };
        Self::told(kind, command, String::new(), kept)
    }

    /// How much memory it has, in bytes.
    pub(crate) fn resident(&self) -> Option<u64> {
        self.process.resident()
    }

    /// Ends it and starts it again on what it has kept. Returns it with the time from its start to its first answer;
    /// nothing if it keeps nothing.
    pub(crate) fn reopen(self) -> Result<Option<(Self, Duration)>, Trouble> {
        if !matches!(self.kind, Kind::Sqlite | Kind::Postgres) {
            return Ok(None);
        }
        let Self { kind, token, process, kept, .. } = self;
        process.stop()?;
        let start = Instant::now();
        let again = Self::reference(kind, token, kept)?;
        let first = Request::new("GET", &format!("{}/Users?count=1", again.base), &again.token, None);
        Connection::new(again.address).send(&first)?.expect(&first, &[200])?;
        Ok(Some((again, start.elapsed())))
    }

    fn reference(kind: Kind, token: String, kept: Kept) -> io::Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scimspec"));
        command.args([
            "serve",
            "--port",
            "0",
            "--token-env",
            TOKEN,
            "--limit-body",
            "16777216",
            "--store",
            &kept.store,
        ]);
        command.env("XDG_STATE_HOME", kept.folder.path());
        Self::told(kind, &mut command, token, kept)
    }

    fn told(kind: Kind, command: &mut Command, token: String, kept: Kept) -> io::Result<Self> {
        let log = kept.folder.path().join("log");
        let (process, line) = Process::telling(command.env(TOKEN, &token), &log)?;
        let url = Url::parse(line.trim()).map_err(io::Error::other)?;
        let port = url.port().ok_or_else(|| io::Error::other(format!("{url} has no port")))?;
        let base = url.path().trim_end_matches('/').to_owned();
        Ok(Self { kind, address: (Ipv4Addr::LOCALHOST, port).into(), base, token, process, kept })
    }

    fn scim2_server(token: String, kept: Kept) -> io::Result<Self> {
        let requirements =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../.ci/foreign/scim2-server/requirements.txt");
        let (venv, log) = (folder().join("venv"), kept.folder.path().join("log"));
        let python = venv.join("bin/python");
        if !python.exists() {
            installed(Command::new("python3").arg("-m").arg("venv").arg(&venv), &log)?;
        }
        let pip =
            ["-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps", "--requirement"];
        installed(Command::new(python).args(pip).arg(requirements), &log)?;
        // It does not tell the port that it was given for 0.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = Command::new(venv.join("bin/scim2-server"));
        command.args([
            "--hostname",
            "127.0.0.1",
            "--port",
            &address.port().to_string(),
            "--bearer-token",
            &token,
        ]);
        let process = Process::listening(&mut command, address, &log)?;
        Ok(Self { kind: Kind::Scim2Server, address, base: "/v2".to_owned(), token, process, kept })
    }

    fn scimmy(token: String, kept: Kept) -> io::Result<Self> {
        let app: PathBuf = folder().join("scimmy");
        let log = kept.folder.path().join("log");
        fs::create_dir_all(&app)?;
        for (name, text) in SCIMMY {
            fs::write(app.join(name), text)?;
        }
        installed(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&app), &log)?;
        let mut command = Command::new("node");
        command.arg("server.mjs").current_dir(&app).env("NODE_ENV", "production");
        Self::told(Kind::Scimmy, &mut command, token, kept)
    }
}
