//! `scimspec serve`: the reference server for people and other processes to use.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use super::run::{Refusal, find_deviations};
use super::{signals, state_folder};
use crate::report::Exit;
use crate::secrets::Secrets;
use crate::target::config;
use crate::target::embedded::Embedded;
use crate::terminal::Terminal;

/// Flags as they were typed.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The port on the loopback interface; 0: any free one.
    #[arg(long, value_name = "PORT", default_value_t = 7643)]
    port: u16,
    /// The environment variable that holds the SCIM token. Default: one made at random, written to a file that only
    /// you can read.
    #[arg(long, value_name = "VAR")]
    token_env: Option<String>,
    /// Do this wrong on purpose; may be repeated. `scimspec list deviations` shows all.
    #[arg(long, value_name = "SLUG")]
    deviate: Vec<String>,
    /// Write a configuration with which `scimspec run --config` tests this server, access included.
    #[arg(long, value_name = "FILE")]
    config_out: Option<PathBuf>,
}

/// Runs the command until Ctrl-C.
pub(super) async fn main(arguments: Arguments, terminal: &Terminal) -> Exit {
    match serve(arguments, terminal).await {
        Ok(()) => Exit::Conformant,
        Err(Refusal(exit, message)) => {
            terminal.error(&message);
            exit
        }
    }
}

async fn serve(arguments: Arguments, terminal: &Terminal) -> Result<(), Refusal> {
    let secrets = Secrets::default();
    let token = match &arguments.token_env {
        Some(variable) => Some(config::token_from_env(variable, &secrets).map_err(Refusal::usage)?),
        None => None,
    };
    let deviations = find_deviations(&arguments.deviate)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let embedded =
        Embedded::start(address, token, deviations, &secrets).await.map_err(Refusal::could_not_run)?;
    let mut files = Files::default();
    let (token_file, admin_file) = if let Some(config) = &arguments.config_out {
        (beside(config, "token"), beside(config, "admin-token"))
    } else {
        let port = embedded.url.port().unwrap_or_default();
        let folder = state_folder();
        std::fs::create_dir_all(&folder).map_err(|error| cannot_write(&folder, &error))?;
        (folder.join(format!("serve-{port}.token")), folder.join(format!("serve-{port}.admin-token")))
    };
    files.secret(&token_file, &embedded.token)?;
    files.secret(&admin_file, &embedded.admin)?;
    if let Some(path) = &arguments.config_out {
        let name = |file: &Path| file.file_name().map_or_else(|| file.to_owned(), PathBuf::from);
        let text = embedded.config_text(&name(&token_file), &name(&admin_file));
        std::fs::write(path, text).map_err(|error| cannot_write(path, &error))?;
        files.0.push(path.clone());
    }
    terminal.print(&format!("{}\n", embedded.url));
    terminal.tell(&format!("SCIM token: in {}", token_file.display()));
    terminal
        .tell(&format!("administrator's token of the application (/app/admin): in {}", admin_file.display()));
    if let Some(path) = &arguments.config_out {
        terminal.tell(&format!("test it: scimspec run --config {}", path.display()));
    }
    for slug in &arguments.deviate {
        terminal.tell(&format!("deviates on purpose: {slug}"));
    }
    terminal.tell("Ctrl-C ends it; what it stores ends with it, and so do these files");
    signals::stop(|| {}).await;
    embedded.stop().await.map_err(Refusal::could_not_run)
}

/// The files of a server, removed when it ends: its tokens are worth nothing then.
#[derive(Default)]
struct Files(Vec<PathBuf>);

impl Files {
    fn secret(&mut self, path: &Path, secret: &SecretString) -> Result<(), Refusal> {
        let fail = |error| cannot_write(path, &error);
        // A file that is there already could be readable by others, or a link to somewhere else.
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(fail(error)),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(fail)?;
        self.0.push(path.to_owned());
        writeln!(file, "{}", secret.expose_secret()).map_err(fail)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for path in &self.0 {
            // It may be gone already; then that is what was wanted.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn beside(config: &Path, ending: &str) -> PathBuf {
    let mut name = config.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{ending}"));
    config.with_file_name(name)
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal(Exit::CouldNotJudge, format!("{} cannot be written: {error}", path.display()))
}
