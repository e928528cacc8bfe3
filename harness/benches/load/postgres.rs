//! A PostgreSQL server of the benchmark's own, in a folder of its own, reached over a Unix socket, with the settings that
//! PostgreSQL has by default: what it acknowledges is on the disk.

use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use tempfile::TempDir;

/// Users as whom a server may run for root, as whom it refuses to.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// A running server; it ends with this value.
pub(crate) struct Cluster {
    programs: PathBuf,
    folder: TempDir,
    owner: Option<(u32, u32)>,
}

impl Cluster {
    pub(crate) fn start(data: &Path) -> io::Result<Self> {
        let programs = programs()
            .ok_or_else(|| io::Error::other("there is no initdb in PATH or in /usr/lib/postgresql/*/bin"))?;
        let folder = tempfile::Builder::new().prefix("scimspec-load-").tempdir_in(data)?;
        let owner = if fs::metadata(folder.path())?.uid() == 0 { unprivileged()? } else { None };
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group))?;
        }
        let cluster = Self { programs, folder, owner };
        let data = cluster.path("data");
        cluster.run(
            "initdb",
            [OsStr::new("-D"), &data, "-U".as_ref(), "scimspec".as_ref(), "-A".as_ref(), "trust".as_ref()],
        )?;
        let sockets =
            format!("-c listen_addresses= -c unix_socket_directories={}", cluster.folder.path().display());
        let log = cluster.path("log");
        let options =
            [OsStr::new("-D"), &data, "-l".as_ref(), &log, "-o".as_ref(), sockets.as_ref(), "-w".as_ref()];
        cluster.run("pg_ctl", options.into_iter().chain(["start".as_ref()]))?;
        Ok(cluster)
    }

    /// What `scimspec serve --store` takes.
    pub(crate) fn url(&self) -> String {
        format!("postgres:///postgres?host={}&user=scimspec", self.folder.path().display())
    }

    fn path(&self, name: &str) -> std::ffi::OsString {
        self.folder.path().join(name).into_os_string()
    }

    fn run<'a>(&self, program: &str, arguments: impl IntoIterator<Item = &'a OsStr>) -> io::Result<()> {
        let mut command = Command::new(self.programs.join(program));
        // The server inherits what it is given here and lives longer than the program: no pipes.
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.current_dir(self.folder.path());
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        let status = command.status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("{program}: {status}"))) }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.path("data");
        let stop = ["-D".as_ref(), data.as_ref(), "-m".as_ref(), "immediate".as_ref(), "stop".as_ref()];
        // What it kept goes with the folder.
        drop(self.run("pg_ctl", stop));
    }
}

/// The folder with PostgreSQL's programs: one in PATH, or the newest that Debian has installed.
fn programs() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // A link into the folder where all of them are.
    let linked = env::split_paths(&path).find_map(|folder| fs::canonicalize(folder.join("initdb")).ok());
    if let Some(folder) = linked.as_deref().and_then(Path::parent) {
        return Some(folder.to_owned());
    }
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    versions.filter(|path| path.join("bin/initdb").is_file()).max_by_key(number).map(|path| path.join("bin"))
}

/// User and group of somebody who may run a server.
fn unprivileged() -> io::Result<Option<(u32, u32)>> {
    let passwd = fs::read_to_string("/etc/passwd")?;
    Ok(UNPRIVILEGED.iter().find_map(|name| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(*name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    }))
}
