//! The SCIM server under test: base URL, credentials, the providers it claims, its ways in. From a configuration
//! file, from flags, or the embedded reference server.

pub mod config;
pub mod embedded;
pub mod listen;
pub mod preflight;
pub mod published;
pub mod subject;

use std::collections::BTreeSet;

use secrecy::SecretString;
use url::Url;

use crate::access::Probes;

/// Where, who, which.
#[derive(Debug, Clone)]
pub struct Target {
    /// The base URL.
    pub url: Url,
    /// The bearer token, if one is needed.
    pub token: Option<SecretString>,
    /// Certificates in PEM that are trusted besides the system's.
    pub certificates: Vec<Vec<u8>>,
    /// The providers that it claims to work with: `okta`, `entra`.
    pub claims: Claims,
    /// A second tenant of it, to see that tenants are apart.
    pub other_tenant: Option<OtherTenant>,
    /// The ways in that the harness can try.
    pub probes: Probes,
    /// Whether it is ours, started for this run: then nothing needs announcing.
    pub embedded: bool,
}

/// A second tenant of the target.
#[derive(Debug, Clone)]
pub struct OtherTenant {
    /// Its base URL; none: the target's own, its token tells it apart (RFC 7644, section 6.1).
    pub url: Option<Url>,
    /// Its bearer token.
    pub token: SecretString,
}

/// The providers that a target claims to work with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claims {
    /// All.
    All,
    /// These.
    These(BTreeSet<String>),
}

impl Claims {
    /// Whether that provider is claimed.
    pub fn provider(&self, provider: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(these) => these.contains(provider),
        }
    }
}
