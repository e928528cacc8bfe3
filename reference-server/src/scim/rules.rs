//! Where the RFCs leave a choice, or a profile takes it away or turns it round: the choices as data. What
//! follows from a choice is decided where the thing chosen about lives.

use super::patch::{ComplexReplace, FilteredValue, PatchRules, WithoutPath};

/// How a server behaves where servers may differ. The three that exist exclude each other in points: what
/// RFC 7644 demands of a replace, the interoperability profile forbids (C11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The name by which they are asked for.
    pub name: &'static str,
    /// What becomes of an attribute or a schema URN that no schema of the resource type defines (C15).
    pub unknown: Unknown,
    /// How a PATCH is applied.
    pub patch: PatchRules,
    /// Attributes of the core schemas that the server does not have: resource type, name.
    pub without: &'static [(&'static str, &'static str)],
    /// Attributes of the core schemas of which no two resources may share a value, beyond the RFC: resource
    /// type, name.
    pub unique: &'static [(&'static str, &'static str)],
    /// Whether `/ServiceProviderConfig` says `interopProfileConformant`.
    pub interop_conformant: bool,
}

/// What becomes of what no schema defines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unknown {
    /// It is left out of what is kept, without a word.
    #[default]
    Dropped,
    /// The request is refused with `invalidSyntax`.
    Refused,
}

impl Rules {
    /// RFC 7643 and RFC 7644.
    pub const RFC: Self = Self {
        name: "rfc",
        unknown: Unknown::Dropped,
        patch: PatchRules::RFC,
        without: &[],
        unique: &[],
        interop_conformant: false,
    };

    /// The SCIM interoperability profile (draft-zollner-scim-interop-profile): undefined attributes and PATCH
    /// operations without a path are refused (C15, C46), a replace of a complex attribute replaces all of it
    /// (C11), and what a filter selects is changed by sub-attributes only.
    pub const INTEROP: Self = Self {
        name: "interop",
        unknown: Unknown::Refused,
        patch: PatchRules {
            create_missing_typed_value: false,
            without_path: WithoutPath::Refused,
            complex_replace: ComplexReplace::Replaces,
            filtered_value: FilteredValue::BySubAttribute,
        },
        without: &[],
        unique: &[],
        interop_conformant: true,
    };

    /// The IPSIE profile for SCIM (draft-schreiber-ipsie-scim-profile), which builds on the interoperability
    /// profile: its section 6.1.2 forbids a password, its section 6.2.1 two groups of one name (C45).
    pub const IPSIE: Self = Self {
        name: "ipsie",
        without: &[("User", "password")],
        unique: &[("Group", "displayName")],
        ..Self::INTEROP
    };

    /// All of them.
    pub const ALL: [&'static Self; 3] = [&Self::RFC, &Self::INTEROP, &Self::IPSIE];

    /// The rules of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.into_iter().find(|rules| rules.name == name)
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::RFC
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_found_by_their_names() {
        for rules in Rules::ALL {
            assert_eq!(Rules::named(rules.name), Some(rules));
        }
        assert_eq!(Rules::named("strict"), None);
    }
}
