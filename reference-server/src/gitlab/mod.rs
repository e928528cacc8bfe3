//! GitLab as a SCIM service provider, a second front beside `http/`: the instance API, the group API and the
//! SAML sign-in that belongs to them, in two generations of behaviour. It keeps a state of its own, since
//! GitLab's has little to do with RFC 7643; sign-in, sessions and tokens are those of `accounts/`.
//!
//! It is built from GitLab's public documentation and from what its API was seen to do. Where only a framework's
//! habit or a single weak source speaks for a behaviour, the comment beside it says (M) or (L): medium or low
//! confidence. Everything else is asserted by the documentation or by GitLab's own tests.
//!
//! What is there:
//!
//! | path | what |
//! |---|---|
//! | `/api/scim/v2/application/Users`, `/Groups` | SCIM of the instance |
//! | `/api/scim/v2/groups/PATH/Users` | SCIM of one top-level group |
//! | `/app/..` | the application's side (`admin` and `saml` list it) |

mod admin;
mod answer;
mod filter;
mod front;
mod group_sync;
mod instance;
mod kept;
mod params;
mod patch;
mod provision;
mod request;
mod saml;
mod scim_groups;
mod user;

use std::sync::Arc;

use axum::Router;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use self::{
    front::{Front, Live},
    instance::Instance,
    kept::Keeper,
};
use crate::{
    Clock, Limits, Tenant, TenantName, Tenants, TokenHash,
    http::{self, app::desk::Desk},
    rate::RateLimit,
    store::{MemoryTokens, OpenError, Opened, StoreChoice},
    token::{self, ScimTokens},
};

/// How GitLab's SCIM tokens begin.
const TOKEN_PREFIX: &str = "glsoat-";

/// Where the SCIM API of the instance is, as the administrator's page shows it.
pub const INSTANCE_PATH: &str = "/api/scim/v2/application";

/// How a GitLab is to be.
#[derive(Debug, Clone)]
pub struct GitLabConfig {
    /// By which name the instance is kept in its store; servers that share both are one.
    pub instance: TenantName,
    /// Which generation of behaviour; nothing: the one that is kept in the store, or else the present one.
    pub generation: Option<Generation>,
    /// What a deprovisioning does to the SAML identity; nothing: what is kept in the store, or else it stays.
    pub saml_identity: Option<SamlIdentity>,
    /// The instance's SCIM token.
    pub scim_token: TokenHash,
    /// The token of the administrator, for `/app/admin`.
    pub admin_token: TokenHash,
    /// What the administrator can switch, as it is in a new instance.
    pub settings: Settings,
    /// The SAML group links that there are in a new instance: name of the SAML group, path of the GitLab group,
    /// which is made.
    pub saml_group_links: Vec<(String, String)>,
    /// How much it takes; of these the body and the rate.
    pub limits: Limits,
    /// By what time requests are counted.
    pub clock: Clock,
}

/// The generations differ in which branch a PATCH takes, in what stands first, the gates or the token, and in
/// whether users show groups and groups members. When one became the other is not dated (M).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Generation {
    /// 15.8 to about 18.6.
    Classic,
    /// As of 2026.
    Current,
}

/// What a deprovisioning does to the SAML identity (GitLab issue 379149).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SamlIdentity {
    /// Before 16.4: it is destroyed, and the person has to link it again by hand.
    Destroy,
    /// From 16.4: it stays.
    Keep,
}

/// What the administrator of the instance can switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "these are the switches of an administrator's page")]
pub struct Settings {
    /// SAML is configured for the instance. Without, SCIM is answered with 403.
    pub saml_enabled: bool,
    /// The licence has SCIM for the instance. Without, it is answered with 404.
    pub licensed: bool,
    /// SAML for groups is configured. Without, the group API is answered with 403.
    pub group_saml_enabled: bool,
    /// Groups can be provisioned (the flag of 18.0, on since 18.2). Without, they are answered with 404.
    pub group_sync: bool,
    /// `omniauth_auto_link_saml_user`: the first SAML sign-in is linked to the user with the same e-mail.
    pub auto_link_saml_user: bool,
    /// `omniauth_block_auto_created_users`: who comes by SAML and was not there waits for approval.
    pub block_auto_created_users: bool,
    /// E-mail addresses of new users count as confirmed.
    pub skip_email_confirmation: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            saml_enabled: true,
            licensed: true,
            group_saml_enabled: true,
            group_sync: true,
            auto_link_saml_user: false,
            block_auto_created_users: true,
            skip_email_confirmation: true,
        }
    }
}

impl GitLabConfig {
    /// A licensed GitLab with SAML and without people.
    pub fn new(generation: Generation, scim_token: TokenHash, admin_token: TokenHash) -> Self {
        Self {
            instance: TenantName::only(),
            generation: Some(generation),
            saml_identity: None,
            scim_token,
            admin_token,
            settings: Settings::default(),
            saml_group_links: Vec::new(),
            limits: Limits::default(),
            clock: Clock::system(),
        }
    }
}

/// A GitLab, ready to be served.
#[derive(Debug, Clone)]
pub struct GitLabServer {
    router: Router,
}

impl GitLabServer {
    /// A GitLab with nobody in it, in memory.
    pub fn new(config: GitLabConfig) -> Self {
        let tenants = tenants(&config);
        let configured = token::configured(&tenants, &config.clock);
        let kept = Arc::new(MemoryTokens::with(configured.clone()));
        let tokens = ScimTokens::new(kept, &configured, TOKEN_PREFIX, config.clock.clone());
        Self::serving(front(config, tenants, tokens, &Opened::in_memory()))
    }

    /// A GitLab with this store, which it opens; what a database holds is there again, switches and generation
    /// included.
    pub async fn open(config: GitLabConfig, store: &StoreChoice) -> Result<Self, OpenError> {
        Self::over_store(store.open().await?, config).await
    }

    /// A GitLab over a store that is open, and what belongs to it.
    pub async fn over_store(opened: Opened, config: GitLabConfig) -> Result<Self, OpenError> {
        let tenants = tenants(&config);
        let configured = token::configured(&tenants, &config.clock);
        let (kept, clock) = (Arc::clone(&opened.tokens), config.clock.clone());
        let tokens = ScimTokens::register(kept, &configured, TOKEN_PREFIX, clock).await;
        let tokens = tokens.map_err(OpenError::Unwritable)?;
        let given = (config.generation, config.saml_identity);
        let front = front(config, tenants, tokens, &opened);
        front.begin(given).await.map_err(OpenError::Unwritable)?;
        Ok(Self::serving(front))
    }

    /// All routes: SCIM below `/api/scim/v2`, the application below `/app`.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    fn serving(front: Front) -> Self {
        Self { router: http::to_the_end(front::router(Arc::new(front))) }
    }
}

fn tenants(config: &GitLabConfig) -> Tenants {
    let (scim_token, admin_token) = (config.scim_token.clone(), config.admin_token.clone());
    Tenants::one(Tenant { name: config.instance.of_gitlab(), scim_token, admin_token })
}

fn front(config: GitLabConfig, tenants: Tenants, tokens: ScimTokens, opened: &Opened) -> Front {
    let tenant = tenants.first().id();
    let generation = config.generation.unwrap_or(Generation::Current);
    let saml_identity = config.saml_identity.unwrap_or(SamlIdentity::Keep);
    let mut instance = Instance::new(generation, config.settings, saml_identity);
    for (name, path) in config.saml_group_links {
        instance.seed_saml_group_link(&name, &path);
    }
    let keeper = opened
        .notes
        .as_ref()
        .map(|notes| Keeper::new(Arc::clone(notes), Arc::clone(&opened.store), tenant.clone()));
    Front {
        live: Mutex::new(Live { instance, keeper }),
        desk: Desk {
            accounts: Arc::clone(&opened.accounts),
            tenants: Arc::new(tenants),
            scim_tokens: Arc::new(tokens),
            body: config.limits.body,
        },
        tenant,
        rate: RateLimit::new(config.limits.rate, config.clock),
    }
}
