//! Names of which a server has few and its store sees many: the kinds of resource and the paths by which
//! resources are found. The core ones are variants; others come from definitions and are kept once for the
//! whole process, so that a name is as small and as cheap to copy as a pointer.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Mutex, PoisonError},
};

/// The kinds of resource that a store keeps apart. Ids are unique over all kinds (RFC 7643 section 3.1), keys
/// within one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A User (RFC 7643 section 4.1).
    User,
    /// A Group (RFC 7643 section 4.2).
    Group,
    /// A resource type that a definition brought ([`Kind::named`] makes it).
    Other(Name),
}

/// The attributes, besides `id`, by which resources are looked up or kept apart, and which a store therefore
/// indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Indexed {
    /// `userName`
    UserName,
    /// `externalId`
    ExternalId,
    /// `displayName`
    DisplayName,
    /// `emails.value`
    EmailsValue,
    /// The path of any other attribute that a definition asks to be found by, or to be unique
    /// ([`Indexed::named`] makes it).
    Other(Name),
}

/// A name that is kept once for the whole process. Only definitions of schemas make new ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(&'static str);

impl Kind {
    /// The kind of the resource type with this name, as [`Kind::name`] gives it.
    pub fn named(name: &str) -> Self {
        match name {
            "User" => Self::User,
            "Group" => Self::Group,
            other => Self::Other(Name::keep(other)),
        }
    }

    /// The name of the resource type, as in `meta.resourceType`.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::Other(name) => name.0,
        }
    }
}

impl Indexed {
    /// The attribute with this path, as [`Indexed::path`] gives it.
    pub fn named(path: &str) -> Self {
        match path {
            "userName" => Self::UserName,
            "externalId" => Self::ExternalId,
            "displayName" => Self::DisplayName,
            "emails.value" => Self::EmailsValue,
            other => Self::Other(Name::keep(other)),
        }
    }

    /// The path, as a filter would write it: `urn:attribute.subAttribute`.
    pub fn path(self) -> &'static str {
        match self {
            Self::UserName => "userName",
            Self::ExternalId => "externalId",
            Self::DisplayName => "displayName",
            Self::EmailsValue => "emails.value",
            Self::Other(name) => name.0,
        }
    }
}

impl Name {
    fn keep(name: &str) -> Self {
        static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = names.get(name) {
            return Self(kept);
        }
        // For good: a server reads its definitions once, when it starts.
        let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
        names.insert(kept);
        Self(kept)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Indexed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_back_to_what_it_names() {
        for kind in [Kind::User, Kind::Group, Kind::named("Agent")] {
            assert_eq!(Kind::named(kind.name()), kind);
        }
        for path in ["userName", "externalId", "displayName", "emails.value", "urn:example:1.0:Agent:serial"]
        {
            assert_eq!(Indexed::named(path).path(), path);
        }
        assert_ne!(Kind::named("Agent"), Kind::named("agent"));
    }

    #[test]
    fn a_name_is_kept_once() {
        assert!(std::ptr::eq(Kind::named("Device").name(), Kind::named("Device").name()));
    }
}
