//! Which of the project's own servers a profile is told to: the one that keeps it. Profiles contradict one another
//! (C11, C15, C45, C46), so no one server could.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use scimspec_reference_server::gitlab::{Generation, GitLabConfig};
use scimspec_reference_server::scim::{Registry, Rules};
use scimspec_reference_server::store::StoreChoice;
use scimspec_reference_server::{Deviation, Limits, Protocol, TokenHash};

use super::embedded::{Blueprint, Embedded, EmbeddedError, Front};
use crate::secrets::Secrets;

/// One of the project's own servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// By the RFCs, with the core schemas only.
    Rfc,
    /// By the RFCs, with an extension of attributes that the core schemas have no like of, and the resource types of
    /// RFC 9944.
    Extended,
    /// By the interoperability profile.
    Interop,
    /// By the IPSIE profile.
    Ipsie,
    /// A GitLab whose `PATCH` routes are those of before its rework.
    GitLabClassic,
    /// A GitLab of today.
    GitLabCurrent,
}

impl Subject {
    /// The servers that have to keep a profile.
    pub fn keeping(profile: &str) -> &'static [Self] {
        match profile {
            "interop" => &[Self::Interop],
            "ipsie" => &[Self::Ipsie],
            "gitlab" => &[Self::GitLabClassic, Self::GitLabCurrent],
            _ => &[Self::Rfc],
        }
    }

    /// Whether it has deviations that can be switched on.
    pub fn can_deviate(self) -> bool {
        !matches!(self, Self::GitLabClassic | Self::GitLabCurrent)
    }

    /// Starts it on a free loopback port, deviating as told; a GitLab has no deviations.
    pub async fn start(
        self,
        deviations: Vec<&'static Deviation>,
        secrets: &Secrets,
    ) -> Result<Embedded, EmbeddedError> {
        self.start_within(Limits::default(), deviations, secrets).await
    }

    /// The same, of a server that takes no more than this.
    pub async fn start_within(
        self,
        limits: Limits,
        deviations: Vec<&'static Deviation>,
        secrets: &Secrets,
    ) -> Result<Embedded, EmbeddedError> {
        let front = match self {
            Self::Rfc => Self::scim(&Rules::RFC, &Registry::core(), deviations),
            Self::Extended => Self::scim(&Rules::RFC, &extended()?, deviations),
            Self::Interop => Self::scim(&Rules::INTEROP, &Registry::core(), deviations),
            Self::Ipsie => Self::scim(&Rules::IPSIE, &Registry::core(), deviations),
            Self::GitLabClassic => Self::gitlab(Generation::Classic),
            Self::GitLabCurrent => Self::gitlab(Generation::Current),
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let blueprint = Blueprint { address, tls: None, token: None, limits, front };
        Embedded::build(blueprint, secrets).await
    }

    fn scim(rules: &'static Rules, registry: &Registry, deviations: Vec<&'static Deviation>) -> Front {
        let registry = Arc::new(registry.under(rules));
        let protocol = Protocol { rules, registry, ..Protocol::default() };
        let (tenants, store) = (Vec::new(), StoreChoice::Memory);
        Front::Rfc { tenants, public_url: None, deviations, protocol, oauth: None, store }
    }

    fn gitlab(generation: Generation) -> Front {
        // The tokens are made where the server is.
        Front::GitLab {
            config: Box::new(GitLabConfig::new(generation, TokenHash::of(""), TokenHash::of(""))),
            store: StoreChoice::Memory,
        }
    }
}

fn extended() -> Result<Registry, EmbeddedError> {
    Ok(Registry::core().extended("extended.json", include_str!("extended.json"))?)
}
