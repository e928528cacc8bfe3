//! The reference server on a free port of the loopback interface: what `run` tests without a URL, what `serve`
//! serves, what `calibrate` makes deviate.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use scimspec_reference_server::{Config, Deviation, ReferenceServer, TokenError, TokenHash, generate_token};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use url::Url;

use super::config::{self, ConfigError};
use super::{Claims, Target};
use crate::secrets::Secrets;

/// Where SCIM is served.
pub const BASE_PATH: &str = "/scim/v2";

/// The ways into the reference server's accounts, as a configuration with `@APP@` for the application's URL.
const ACCESS: &str = include_str!("embedded-access.toml");

/// A reference server that is being served.
pub struct Embedded {
    /// Its SCIM base URL.
    pub url: Url,
    /// The SCIM token.
    pub token: SecretString,
    /// The application administrator's token.
    pub admin: SecretString,
    stop: Arc<Notify>,
    serving: JoinHandle<io::Result<()>>,
}

/// Why it could not be started.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The address is taken or not ours.
    #[error(
        "cannot listen on {address}: {source}. Is another server there? Choose another --port, or 0 for any free one"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// No random bytes for a token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Its own configuration does not hold together.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Embedded {
    /// Starts one on `address` (port 0: any free port), with this SCIM token or one made at random.
    pub async fn start(
        address: SocketAddr,
        token: Option<SecretString>,
        deviations: Vec<&'static Deviation>,
        secrets: &Secrets,
    ) -> Result<Self, EmbeddedError> {
        let token = token.map_or_else(|| generate_token().map(SecretString::from), Ok)?;
        let admin = SecretString::from(generate_token()?);
        secrets.add(token.expose_secret());
        secrets.add(admin.expose_secret());
        let listen = |source| EmbeddedError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let bound = listener.local_addr().map_err(listen)?;
        let server = ReferenceServer::new(Config {
            base_path: BASE_PATH.to_owned(),
            deviations,
            ..Config::single(TokenHash::of(token.expose_secret()), TokenHash::of(admin.expose_secret()))
        });
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let serving = tokio::spawn(async move {
            axum::serve(listener, server.router())
                .with_graceful_shutdown(async move { stopped.notified().await })
                .await
        });
        let url = config::http_url("the server's address", &format!("http://{bound}{BASE_PATH}"))?;
        Ok(Self { url, token, admin, stop, serving })
    }

    /// A target that is this server.
    pub fn target(&self, secrets: &Secrets) -> Result<Target, EmbeddedError> {
        let text = access_of(&self.url);
        let mut probes = config::Config::parse(&text, Path::new("embedded-access.toml"), secrets)?.probes;
        probes.secrets.insert("admin".to_owned(), self.admin.clone());
        let token = Some(self.token.clone());
        Ok(Target { url: self.url.clone(), token, claims: Claims::All, probes, embedded: true })
    }

    /// A `scimspec.toml` with which another process can test this server, its secrets in these files.
    pub fn config_text(&self, token_file: &Path, admin_file: &Path) -> String {
        let file = |path: &Path| toml::Value::String(path.display().to_string());
        format!(
            "# How `scimspec run --config` reaches this server and observes access to its accounts.\n\
             [target]\nurl = \"{}\"\ntoken = {{ file = {} }}\nidps = [\"okta\", \"entra\"]\n\n\
             [secrets]\nadmin = {{ file = {} }}\n\n{}",
            self.url,
            file(token_file),
            file(admin_file),
            access_of(&self.url),
        )
    }

    /// Answers what it has accepted, then ends.
    pub async fn stop(self) -> io::Result<()> {
        self.stop.notify_one();
        self.serving.await.unwrap_or(Ok(()))
    }
}

fn access_of(base: &Url) -> String {
    let app = base.as_str().trim_end_matches('/').trim_end_matches(BASE_PATH);
    ACCESS.replace("@APP@", &format!("{app}/app"))
}
