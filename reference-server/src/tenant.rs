//! The tenants of one server: who they are and by which tokens their identity provider and their administrator
//! come. Nothing of one is visible to another, not even that it exists.

use std::fmt;

use thiserror::Error;

use crate::{store::TenantId, token::TokenHash};

/// One tenant, as it is configured.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Its name, in the path of its application: `/tenants/NAME/app`.
    pub name: TenantName,
    /// The token with which its identity provider comes first; more can be made later.
    pub scim_token: TokenHash,
    /// The token of its application's administrator, for `/app/admin`.
    pub admin_token: TokenHash,
}

/// The tenants of a server: at least one, no two of one name.
#[derive(Debug, Clone)]
pub struct Tenants {
    first: Tenant,
    others: Vec<Tenant>,
}

/// A name that a path can hold as it is: lower-case letters, digits and hyphens, 1 to 63 of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantName(String);

/// Why tenants cannot be as they are configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TenantError {
    /// Not a name.
    #[error("{name:?} cannot be a tenant's name: use lower-case letters, digits and hyphens, at most 63")]
    Name {
        /// What was configured.
        name: String,
    },
    /// A name that is there already.
    #[error("there are two tenants named {name}")]
    Twice {
        /// The name.
        name: String,
    },
}

impl TenantName {
    /// Reads a name.
    pub fn parse(name: &str) -> Result<Self, TenantError> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=63).contains(&name.len()) && name.bytes().all(fits) {
            Ok(Self(name.to_owned()))
        } else {
            Err(TenantError::Name { name: name.to_owned() })
        }
    }

    /// The name of the tenant of a server that has one only.
    pub fn only() -> Self {
        Self("default".to_owned())
    }

    /// The name of this GitLab instance: none that a tenant of another server on the same store can have.
    pub(crate) fn of_gitlab(&self) -> Self {
        Self(format!("/gitlab/{self}"))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Tenant {
    pub(crate) fn id(&self) -> TenantId {
        TenantId::new(self.name.as_str())
    }
}

impl Tenants {
    /// A single tenant.
    pub fn one(first: Tenant) -> Self {
        Self { first, others: Vec::new() }
    }

    /// One more.
    pub fn and(mut self, tenant: Tenant) -> Result<Self, TenantError> {
        if self.iter().any(|other| other.name == tenant.name) {
            return Err(TenantError::Twice { name: tenant.name.0 });
        }
        self.others.push(tenant);
        Ok(self)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Tenant> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The one whose application is at `/app`.
    pub(crate) fn first(&self) -> &Tenant {
        &self.first
    }

    /// The one of this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Tenant> {
        self.iter().find(|tenant| tenant.name.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> Tenant {
        let (scim_token, admin_token) = (TokenHash::of("scim"), TokenHash::of("admin"));
        Tenant { name: TenantName::parse(name).unwrap(), scim_token, admin_token }
    }

    #[test]
    fn a_name_is_what_a_path_holds_as_it_is() {
        for name in ["a", "acme", "acme-2"] {
            assert_eq!(TenantName::parse(name).unwrap().as_str(), name);
        }
        for name in ["", "Acme", "a/b", "a b", "a%", "ä", &"a".repeat(64)] {
            assert!(TenantName::parse(name).is_err(), "{name}");
        }
    }

    #[test]
    fn no_two_tenants_have_one_name() {
        let tenants = Tenants::one(tenant("one")).and(tenant("two")).unwrap();
        assert_eq!(tenants.iter().count(), 2);
        assert!(tenants.and(tenant("one")).is_err());
    }
}
