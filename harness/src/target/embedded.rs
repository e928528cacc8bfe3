//! The reference server on a free port of the loopback interface: what `run` tests without a URL, what `serve`
//! serves, what `calibrate` makes deviate.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use scimspec_reference_server::gitlab::{GitLabConfig, GitLabServer, INSTANCE_PATH};
use scimspec_reference_server::scim::schema::DefinitionError;
use scimspec_reference_server::store::{OpenError, StoreChoice};
use scimspec_reference_server::{
    ClientKey, Config, Deviation, Limits, OAuthClient, Protocol, PublicUrl, PublicUrlError, ReferenceServer,
    TOKEN_PATH, Tenant, TenantError, TenantName, Tenants, TokenError, TokenHash, generate_token,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::config::{self, ConfigError};
use super::listen::{Bound, Serving, Tls};
use super::{Claims, OtherTenant, Target};
use crate::secrets::Secrets;

/// Where SCIM is served.
pub const BASE_PATH: &str = "/scim/v2";

/// The ways into the reference server's accounts, as a configuration with `@APP@` for the application's URL.
const ACCESS: &str = include_str!("embedded-access.toml");
/// The same for the GitLab front.
const GITLAB_ACCESS: &str = include_str!("gitlab-access.toml");
/// How long an access token of a server with a client's key is good.
const TOKEN_LIFETIME: Duration = Duration::from_hours(1);
/// A SAML group link that a served GitLab has from the start, so that SCIM groups have something to attach to.
const GITLAB_LINK: (&str, &str) = ("Engineering", "engineering");

/// The tenant beside the only one of a server that a run starts for itself.
const NEIGHBOUR: &str = "neighbour";

/// How a server is to be started.
#[derive(Debug)]
pub struct Blueprint {
    /// Where it listens; port 0: any free port.
    pub address: SocketAddr,
    /// With which certificate; none: plain HTTP.
    pub tls: Option<Tls>,
    /// The SCIM token of a server with one tenant; none: one made at random.
    pub token: Option<SecretString>,
    /// How much it takes.
    pub limits: Limits,
    /// What it is.
    pub front: Front,
}

/// What a server is.
#[derive(Debug)]
pub enum Front {
    /// A SCIM server by the RFCs.
    Rfc {
        /// Its tenants; none named: one.
        tenants: Vec<TenantName>,
        /// Where clients find it, if not at its address.
        public_url: Option<PublicUrl>,
        /// What it does wrong on purpose.
        deviations: Vec<&'static Deviation>,
        /// Which protocol it speaks.
        protocol: Protocol,
        /// The client that gets access tokens for the first tenant: its id and its key.
        oauth: Option<(String, ClientKey)>,
        /// What it keeps people and groups in.
        store: StoreChoice,
    },
    /// A GitLab.
    GitLab {
        /// How it is; its tokens, limits and links are filled in.
        config: Box<GitLabConfig>,
        /// What it keeps users, groups and identities in.
        store: StoreChoice,
    },
}

/// A reference server that is being served.
pub struct Embedded {
    /// Its SCIM base URL.
    pub url: Url,
    /// The SCIM token of the first tenant.
    pub token: SecretString,
    /// The application administrator's token of the first tenant.
    pub admin: SecretString,
    /// All tenants that were asked for by name.
    pub tenants: Vec<TenantAccess>,
    /// A second tenant beside one without a name, so that a run can see that tenants are apart. Nobody else knows its token.
    neighbour: Option<TenantAccess>,
    is_gitlab: bool,
    serving: Serving,
}

/// How a tenant of a server is reached.
#[derive(Debug, Clone)]
pub struct TenantAccess {
    /// Its name.
    pub name: TenantName,
    /// Its SCIM token.
    pub token: SecretString,
    /// The token of its application's administrator.
    pub admin: SecretString,
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
    /// Tenants that cannot be.
    #[error(transparent)]
    Tenant(#[from] TenantError),
    /// Its address makes no URL.
    #[error(transparent)]
    PublicUrl(#[from] PublicUrlError),
    /// Its store cannot be used.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// Its schemas do not hold together.
    #[error(transparent)]
    Definitions(#[from] DefinitionError),
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
        let (protocol, store) = (Protocol::default(), StoreChoice::Memory);
        let (tenants, oauth) = (Vec::new(), None);
        let front = Front::Rfc { tenants, public_url: None, deviations, protocol, oauth, store };
        let blueprint = Blueprint { address, tls: None, token, limits: Limits::default(), front };
        Self::build(blueprint, secrets).await
    }

    /// Starts one.
    pub async fn build(blueprint: Blueprint, secrets: &Secrets) -> Result<Self, EmbeddedError> {
        let Blueprint { address, tls, token, limits, front } = blueprint;
        let encrypted = tls.is_some();
        let bound =
            Bound::bind(address, tls).await.map_err(|source| EmbeddedError::Listen { address, source })?;
        let origin = bound.origin();
        let mut first = TenantAccess::generate(TenantName::only(), secrets)?;
        if let Some(token) = token {
            secrets.add(token.expose_secret());
            first.token = token;
        }
        let mut named: Vec<TenantAccess> = Vec::new();
        let mut neighbour = None;
        let (is_gitlab, path, router) = match front {
            Front::GitLab { config, store } => {
                let mut config = GitLabConfig { limits, ..*config };
                config.scim_token = TokenHash::of(first.token.expose_secret());
                config.admin_token = TokenHash::of(first.admin.expose_secret());
                config.saml_group_links = vec![(GITLAB_LINK.0.to_owned(), GITLAB_LINK.1.to_owned())];
                (true, INSTANCE_PATH, GitLabServer::open(config, &store).await?.router())
            }
            Front::Rfc { tenants, public_url, deviations, protocol, oauth, store } => {
                for name in tenants {
                    named.push(TenantAccess::generate(name, secrets)?);
                }
                if let Some(named) = named.first() {
                    first = named.clone();
                }
                let mut tenants = Tenants::one(first.tenant());
                for other in named.iter().skip(1) {
                    tenants = tenants.and(other.tenant())?;
                }
                if named.is_empty() && matches!(store, StoreChoice::Memory) {
                    let other = TenantAccess::generate(TenantName::parse(NEIGHBOUR)?, secrets)?;
                    tenants = tenants.and(other.tenant())?;
                    neighbour = Some(other);
                }
                // The server sees a request's host but not whether it came encrypted.
                let own = || PublicUrl::parse(&format!("{origin}{BASE_PATH}"));
                let public_url = match public_url {
                    None if encrypted => Some(own()?),
                    given => given,
                };
                let base_path = BASE_PATH.to_owned();
                let seen = public_url.as_ref().map_or(origin.as_str(), PublicUrl::as_str);
                let audience = config::http_url("the server's address", seen)?;
                let audience = audience.join(TOKEN_PATH).map_or_else(|_| seen.to_owned(), String::from);
                let oauth =
                    oauth.map(|(id, key)| OAuthClient { id, key, audience, lifetime: TOKEN_LIFETIME });
                let config = Config { base_path, public_url, deviations, limits, protocol, tenants, oauth };
                (false, BASE_PATH, ReferenceServer::open(config, &store).await?.router())
            }
        };
        let url = config::http_url("the server's address", &format!("{origin}{path}"))?;
        let serving = bound.serve(router);
        let (token, admin) = (first.token, first.admin);
        Ok(Self { url, token, admin, tenants: named, neighbour, is_gitlab, serving })
    }

    /// A target that is this server.
    pub fn target(&self, secrets: &Secrets) -> Result<Target, EmbeddedError> {
        let text = self.access("/app");
        let mut probes = config::Config::parse(&text, Path::new("embedded-access.toml"), secrets)?.probes;
        probes.secrets.insert("admin".to_owned(), self.admin.clone());
        let token = Some(self.token.clone());
        // GitLab refuses, or passes over, what the providers send beyond its own guide; it claims none of them.
        let claims = if self.is_gitlab { Claims::These([].into()) } else { Claims::All };
        let other = self.neighbour.as_ref().or_else(|| self.tenants.get(1));
        let other_tenant = other.map(|other| OtherTenant { url: None, token: other.token.clone() });
        let (url, certificates) = (self.url.clone(), Vec::new());
        Ok(Target { url, token, certificates, claims, other_tenant, probes, embedded: true })
    }

    /// A `scimspec.toml` with which another process can test this server, its secrets in these files.
    pub fn config_text(&self, token_file: &Path, admin_file: &Path) -> String {
        self.config_of("/app", token_file, admin_file, None)
    }

    /// The same for one of its tenants; with the token file of another one, if there is one.
    pub fn tenant_config_text(
        &self,
        tenant: &TenantName,
        token_file: &Path,
        admin_file: &Path,
        other_token_file: Option<&Path>,
    ) -> String {
        self.config_of(&format!("/tenants/{tenant}/app"), token_file, admin_file, other_token_file)
    }

    /// Answers what it has accepted, then ends.
    pub async fn stop(self) -> io::Result<()> {
        self.serving.stop().await
    }

    fn config_of(
        &self,
        application: &str,
        token_file: &Path,
        admin_file: &Path,
        other_token_file: Option<&Path>,
    ) -> String {
        let file = |path: &Path| toml::Value::String(path.display().to_string());
        let judged = if self.is_gitlab { "profile = \"gitlab\"" } else { "idps = [\"okta\", \"entra\"]" };
        let other = other_token_file.map_or_else(String::new, |path| {
            format!("\n[target.other-tenant]\ntoken = {{ file = {} }}\n", file(path))
        });
        format!(
            "# How `scimspec run --config` reaches this server and observes access to its accounts.\n\
             [target]\nurl = \"{}\"\ntoken = {{ file = {} }}\n{judged}\n{other}\n\
             [secrets]\nadmin = {{ file = {} }}\n\n{}",
            self.url,
            file(token_file),
            file(admin_file),
            self.access(application),
        )
    }

    fn access(&self, application: &str) -> String {
        let mut url = self.url.clone();
        url.set_path(application);
        let text = if self.is_gitlab { GITLAB_ACCESS } else { ACCESS };
        text.replace("@APP@", url.as_str())
    }
}

impl TenantAccess {
    fn generate(name: TenantName, secrets: &Secrets) -> Result<Self, EmbeddedError> {
        let (token, admin) = (SecretString::from(generate_token()?), SecretString::from(generate_token()?));
        secrets.add(token.expose_secret());
        secrets.add(admin.expose_secret());
        Ok(Self { name, token, admin })
    }

    fn tenant(&self) -> Tenant {
        Tenant {
            name: self.name.clone(),
            scim_token: TokenHash::of(self.token.expose_secret()),
            admin_token: TokenHash::of(self.admin.expose_secret()),
        }
    }
}
