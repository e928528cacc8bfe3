//! A SCIM 2.0 service provider that is right, with real accounts behind it and switchable deviations. It hands
//! out a router; listening, TLS and shutdown belong to whoever asked for it.

pub mod accounts;
pub mod deviations;
pub mod gitlab;
mod http;
mod oauth;
mod protocol;
mod rate;
pub mod scim;
pub mod store;
mod tenant;
mod token;

use std::sync::Arc;

use axum::Router;
use thiserror::Error;

pub use deviations::Deviation;
pub use oauth::{ClientKey, ClientKeyError, OAuthClient, TOKEN_PATH};
pub use protocol::{Clock, Protocol};
pub use rate::Rate;
pub use tenant::{Tenant, TenantError, TenantName, Tenants};
pub use token::{TokenError, TokenHash, TokenId, generate_token};

use crate::{
    deviations::Seams,
    http::{Served, Service, Turns},
    rate::RateLimit,
    scim::{PageSize, Registry, ResourceType},
    store::{MemoryTokens, OpenError, Opened, StoreChoice},
    token::ScimTokens,
};

/// How a server is to be.
#[derive(Debug, Clone)]
pub struct Config {
    /// The path below which SCIM is served, such as `/scim/v2`. A slash is put before it and none behind it.
    pub base_path: String,
    /// Whose resources and applications it serves. Nothing of one tenant is visible to another.
    pub tenants: Tenants,
    /// Where clients find the base path, if that is not where their requests arrive (a proxy in between).
    pub public_url: Option<PublicUrl>,
    /// What the server does wrong on purpose.
    pub deviations: Vec<&'static Deviation>,
    /// How much it takes.
    pub limits: Limits,
    /// Which protocol it speaks.
    pub protocol: Protocol,
    /// The client that gets access tokens at [`TOKEN_PATH`] for the first tenant; nothing: there is no such endpoint.
    pub oauth: Option<OAuthClient>,
}

impl Config {
    /// A right server for these tenants: RFC 7643 and RFC 7644 at `/scim/v2`, the usual limits.
    pub fn new(tenants: Tenants) -> Self {
        Self {
            base_path: "/scim/v2".to_owned(),
            tenants,
            public_url: None,
            deviations: Vec::new(),
            limits: Limits::default(),
            protocol: Protocol::default(),
            oauth: None,
        }
    }

    /// The same for a single tenant, whose identity provider and whose administrator come with these tokens.
    pub fn single(scim_token: TokenHash, admin_token: TokenHash) -> Self {
        Self::new(Tenants::one(Tenant { name: TenantName::only(), scim_token, admin_token }))
    }
}

/// How much a server takes and gives at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest request body, in bytes; what is longer is refused with 413.
    pub body: usize,
    /// The most resources in one page; who asks for more gets as many (RFC 7644 section 3.4.2.4).
    pub page: usize,
    /// How many resources one page has for one who does not say; never more than `page`.
    pub default_page: usize,
    /// How long a cursor is good for, in seconds (RFC 9865 section 4, `cursorTimeout`).
    pub cursor_seconds: u64,
    /// The most operations in one bulk request (RFC 7644 section 3.7.4); more are refused with 413.
    pub bulk_operations: usize,
    /// The longest body of a bulk request, in bytes.
    pub bulk_body: usize,
    /// How many levels a filter may have, one test being one; a deeper one is refused with `invalidFilter`. More
    /// than 64 levels of brackets are never taken.
    pub filter_depth: usize,
    /// How many requests a tenant may send to this server; nothing: as many as it likes. What is more is answered
    /// with 429 and `Retry-After`. Servers on one store count each for itself.
    pub rate: Option<Rate>,
}

impl Limits {
    pub(crate) fn page_size(&self) -> PageSize {
        PageSize { default: self.default_page.min(self.page), max: self.page }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1024 * 1024,
            page: 200,
            default_page: 100,
            cursor_seconds: 3600,
            bulk_operations: 1000,
            bulk_body: 4 * 1024 * 1024,
            filter_depth: usize::MAX,
            rate: None,
        }
    }
}

/// A URL that is configured cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{url:?} is not the URL of a base path: it must begin with http:// or https:// and have neither query nor fragment"
)]
pub struct PublicUrlError {
    /// What was configured.
    pub url: String,
}

/// The URL of the base path as clients see it, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Reads an absolute URL with the scheme http or https. RFC 7644 section 1.3: it has no query.
    pub fn parse(url: &str) -> Result<Self, PublicUrlError> {
        let refuse = || PublicUrlError { url: url.to_owned() };
        let uri: axum::http::Uri = url.parse().map_err(|_| refuse())?;
        let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
        if !scheme || uri.authority().is_none() || uri.query().is_some() || url.contains('#') {
            return Err(refuse());
        }
        Ok(Self(url.trim_end_matches('/').to_owned()))
    }

    /// The URL as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A base path: empty, or with a slash before it and none behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BasePath(String);

impl BasePath {
    pub(crate) fn new(path: &str) -> Self {
        let path = path.trim_matches('/');
        Self(if path.is_empty() { String::new() } else { format!("/{path}") })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The base path without the version at its end, if it has one and more than that.
    pub(crate) fn unversioned(&self) -> Option<&str> {
        let (parent, version) = self.0.rsplit_once('/')?;
        let is_version = version
            .strip_prefix('v')
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
        (is_version && !parent.is_empty()).then_some(parent)
    }

    /// What stands behind the base path, if the path lies below it.
    pub(crate) fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(&self.0)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }
}

/// How the tokens of identity providers begin.
const TOKEN_PREFIX: &str = "scim_";

/// A server, ready to be served.
#[derive(Debug, Clone)]
pub struct ReferenceServer {
    router: Router,
}

impl ReferenceServer {
    /// A server with an empty store in memory.
    pub fn new(config: Config) -> Self {
        let tokens = Self::tokens_in_memory(&config);
        Self::with(Opened::in_memory(), tokens, config)
    }

    /// A server with this store, which it opens; what a database holds is there again.
    pub async fn open(config: Config, store: &StoreChoice) -> Result<Self, OpenError> {
        Self::over_store(store.open().await?, config).await
    }

    /// A server over a store that is open, and what belongs to it.
    pub async fn over_store(opened: Opened, config: Config) -> Result<Self, OpenError> {
        let clock = config.protocol.clock.clone();
        let configured = token::configured(&config.tenants, &clock);
        let kept = Arc::clone(&opened.tokens);
        let tokens = ScimTokens::register(kept, &configured, TOKEN_PREFIX, clock).await;
        Ok(Self::with(opened, tokens.map_err(OpenError::Unwritable)?, config))
    }

    fn with(Opened { store, accounts, .. }: Opened, tokens: ScimTokens, config: Config) -> Self {
        let base_path = BasePath::new(&config.base_path);
        let (tokens, tenants) = (Arc::new(tokens), Arc::new(config.tenants.clone()));
        Self::over(Seams { base_path, tenants, tokens, store, accounts, http: Vec::new() }, config)
    }

    fn tokens_in_memory(config: &Config) -> ScimTokens {
        let clock = &config.protocol.clock;
        let configured = token::configured(&config.tenants, clock);
        let kept = Arc::new(MemoryTokens::with(configured.clone()));
        ScimTokens::new(kept, &configured, TOKEN_PREFIX, clock.clone())
    }

    /// A server over what is given.
    fn over(seams: Seams, config: Config) -> Self {
        let seams = config.deviations.iter().fold(seams, |seams, deviation| deviation.install(seams));
        let Protocol { rules, registry, clock } = config.protocol;
        let service = Service {
            users: users(&registry),
            types: Served::all(&registry),
            registry,
            rules,
            rate: RateLimit::new(config.limits.rate, clock.clone()),
            clock,
            base_path: seams.base_path,
            public_url: config.public_url,
            limits: config.limits,
            tenants: seams.tenants,
            tokens: seams.tokens,
            store: seams.store,
            accounts: seams.accounts,
            turns: Turns::default(),
        };
        let desk = config.oauth.map(|client| oauth::Desk {
            client,
            tenant: service.tenants.first().id(),
            tokens: Arc::clone(&service.tokens),
        });
        let mut router = http::router(Arc::new(service));
        if let Some(desk) = desk {
            router = router.merge(oauth::router(desk));
        }
        Self { router: http::to_the_end(seams.http.into_iter().fold(router, deviations::wrap)) }
    }

    /// All routes: SCIM below the base path, the application below `/app`.
    pub fn router(&self) -> Router {
        self.router.clone()
    }
}

fn users(registry: &Registry) -> Arc<ResourceType> {
    // Every registry grows from the core one, which is part of the binary; a test holds that it has Users.
    Arc::clone(registry.resource_type("User").expect("every registry has Users"))
}

#[cfg(test)]
mod breakage;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_has_one_spelling() {
        for path in ["/scim/v2", "scim/v2", "/scim/v2/"] {
            assert_eq!(BasePath::new(path).as_str(), "/scim/v2");
        }
        assert_eq!(BasePath::new("/").as_str(), "");
    }

    #[test]
    fn a_path_lies_below_the_base_path_or_not() {
        let base = BasePath::new("/scim/v2");
        assert_eq!(base.strip("/scim/v2/Users"), Some("/Users"));
        assert_eq!(base.strip("/scim/v2"), Some(""));
        assert_eq!(base.strip("/scim/v20/Users"), None);
        assert_eq!(base.strip("/app/me"), None);
    }

    #[test]
    fn a_public_url_is_absolute_and_has_no_query() {
        let url = PublicUrl::parse("https://scim.example.com/scim/v2/").unwrap();
        assert_eq!(url.as_str(), "https://scim.example.com/scim/v2");
        for url in [
            "scim.example.com",
            "/scim/v2",
            "ftp://example.com/",
            "https://example.com/?a=b",
            "https://example.com/#a",
            "",
        ] {
            assert!(PublicUrl::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn the_core_registry_has_users() {
        assert_eq!(users(&Registry::core()).name(), "User");
    }
}
