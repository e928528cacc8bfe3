//! What tells providers apart on the wire: each habit with who has it, how much that says, and who says so. How a
//! habit is noticed is in `watch`.

use self::Candidate::{Catalog, Entra, OneLogin, Suite, Wizard};
use crate::persona::PersonaName;

/// A habit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Sign {
    AgentOfOkta,
    AgentOfTheSuite,
    AgentOfAnother,
    NoAgent,
    AdScimVersion,
    AcceptCharset,
    AcceptScim,
    ProbeOfTwo,
    PagesOfHundred,
    LookupPaged,
    LookupBare,
    ProbeByGuid,
    GroupsWithoutMembers,
    LookupBeforeCreate,
    CreateWithoutLookup,
    CreateWithGroupsAndPassword,
    CreateWithResourceType,
    ExternalIdOfOkta,
    SchemaAdScim,
    CapitalOp,
    LowerOp,
    BooleanAsText,
    RemoveWithValue,
    PathsAsKeys,
    ActiveByPath,
    ActiveWithoutPath,
    ReadOnlyIdInValue,
    ReadBeforePut,
    PutDeactivates,
    PutUser,
    PutGroup,
    AnyPatch,
    DanglingDelimiter,
    OldSchemas,
    // What tells options apart.
    GroupsOfHundred,
    BlanksAsPlus,
    VerifiedById,
    LocaleUnderscore,
    SparseMapping,
    NeverCreates,
    Deletes,
    DeletesActive,
    GroupMadeEmpty,
    GroupMadeFull,
    ProfileByPatch,
    FalseLower,
    FalseCapital,
    FalseLiteral,
    MatchedByExternalId,
    MatchedByEmail,
    ExternalIdIsNickname,
    ManagerInArray,
    RefNull,
    GroupsByGuid,
    SchemasRead,
    BlindUpdate,
    CreateRepeated,
}

/// Whom a conversation may be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Candidate {
    Wizard,
    Catalog,
    Entra,
    OneLogin,
    Suite,
}

/// How much a habit says for somebody; below zero, against.
pub(super) type Weight = (Candidate, i32);

/// What is said about a habit.
pub(super) struct About {
    sign: Sign,
    /// What was seen, to stand alone.
    pub what: &'static str,
    /// Who says that the provider does it.
    pub source: &'static str,
    pub weights: &'static [Weight],
}

/// Somebody else's name in User-Agent, and habits that a provider is known not to have, weigh more than all that is
/// alike.
const NEVER: i32 = -100;

impl Candidate {
    pub(super) const ALL: [Self; 5] = [Self::Wizard, Self::Catalog, Self::Entra, Self::OneLogin, Self::Suite];

    /// The persona of this name, if the mock provider has one.
    pub(super) fn persona(self) -> Option<&'static str> {
        match self {
            Self::Wizard => Some("okta-wizard"),
            Self::Catalog => Some("okta-catalog"),
            Self::Entra => Some("entra"),
            Self::OneLogin | Self::Suite => None,
        }
    }
}

/// What is known of each habit that tells providers apart; the others tell options apart.
static ABOUT: &[About] = &[
    About {
        sign: Sign::AgentOfOkta,
        what: "the User-Agent is \"Okta SCIM Client\"",
        source: "captures from 2018 to 2026 (okta-blog-archive 1956, princemaple/mock-scim, a live session of 2026)",
        weights: &[(Wizard, 10), (Catalog, 10), (Entra, NEVER), (OneLogin, NEVER), (Suite, NEVER)],
    },
    About {
        sign: Sign::AgentOfTheSuite,
        what: "the User-Agent is \"OKTA SCIM Integration\"",
        source: "Okta's published test suites for SCIM 2.0",
        weights: &[(Suite, 10), (Wizard, NEVER), (Catalog, NEVER), (Entra, NEVER), (OneLogin, NEVER)],
    },
    About {
        sign: Sign::AgentOfAnother,
        what: "the User-Agent names another program",
        source: "Okta has had the same User-Agent since 2018; Entra and OneLogin send none",
        weights: &[(Wizard, NEVER), (Catalog, NEVER), (Entra, NEVER), (OneLogin, NEVER), (Suite, NEVER)],
    },
    About {
        sign: Sign::NoAgent,
        what: "there is no User-Agent",
        source: "an access log of 2025 (OneUptime, 2134) for Entra; a server log of 2024 (goauthentik, 11249) for OneLogin",
        weights: &[(Entra, 2), (OneLogin, 2), (Wizard, -10), (Catalog, -10), (Suite, -10)],
    },
    About {
        sign: Sign::AdScimVersion,
        what: "the header ADSCIMVersion is sent",
        source: "requests quoted by Microsoft (azure-docs 21660, getsentry/self-hosted 2280)",
        weights: &[(Entra, 10), (Wizard, NEVER), (Catalog, NEVER), (OneLogin, NEVER), (Suite, NEVER)],
    },
    About {
        sign: Sign::AcceptCharset,
        what: "Accept-Charset is utf-8",
        source: "captures from 2018 to 2026",
        weights: &[(Wizard, 3), (Catalog, 3), (Suite, 1)],
    },
    About {
        sign: Sign::AcceptScim,
        what: "Accept is application/scim+json",
        source: "captures from 2018 to 2026",
        weights: &[(Wizard, 1), (Catalog, 1)],
    },
    About {
        sign: Sign::ProbeOfTwo,
        what: "the connection is tested with startIndex=1&count=2",
        source: "Okta, SCIM 2.0 reference: test of the connector",
        weights: &[(Wizard, 3), (Catalog, 3)],
    },
    About {
        sign: Sign::PagesOfHundred,
        what: "people are read by the hundred",
        source: "Okta, SCIM 2.0 reference: retrieve users",
        weights: &[(Wizard, 1), (Catalog, 1)],
    },
    About {
        sign: Sign::LookupPaged,
        what: "a lookup has filter, startIndex=1 and count=100, in this order",
        source: "Okta, SCIM 2.0 reference: create users; live session of 2026",
        weights: &[(Wizard, 3), (Catalog, 3)],
    },
    About {
        sign: Sign::LookupBare,
        what: "a lookup has a filter alone, with + for blanks",
        source: "an access log of 2025 (OneUptime, 2134)",
        weights: &[(Entra, 3), (OneLogin, 1)],
    },
    About {
        sign: Sign::ProbeByGuid,
        what: "the connection is tested with a made-up GUID",
        source: "Microsoft, Develop a SCIM endpoint: test connection",
        weights: &[(Entra, 4)],
    },
    About {
        sign: Sign::GroupsWithoutMembers,
        what: "groups are read with excludedAttributes=members",
        source: "Microsoft, Develop a SCIM endpoint: get group",
        weights: &[(Entra, 5)],
    },
    About {
        sign: Sign::LookupBeforeCreate,
        what: "people are looked up before they are created",
        source: "the documentation of Okta, Microsoft and OneLogin",
        weights: &[(Wizard, 1), (Catalog, 1), (Entra, 1), (OneLogin, 1)],
    },
    About {
        sign: Sign::CreateWithoutLookup,
        what: "somebody is created who was not looked up",
        source: "the documentation of Okta, Microsoft and OneLogin",
        weights: &[(Wizard, -3), (Catalog, -3), (Entra, -3), (OneLogin, -3)],
    },
    About {
        sign: Sign::CreateWithGroupsAndPassword,
        what: "people are created with an empty \"groups\" and a password",
        source: "Okta, SCIM 2.0 reference: create users; captures from 2018 to 2026",
        weights: &[(Wizard, 3), (Catalog, 3)],
    },
    About {
        sign: Sign::CreateWithResourceType,
        what: "resources are created with meta.resourceType",
        source: "Microsoft, Develop a SCIM endpoint: create user",
        weights: &[(Entra, 4)],
    },
    About {
        sign: Sign::ExternalIdOfOkta,
        what: "externalId begins with 00u",
        source: "Okta, SCIM 2.0 reference: create users",
        weights: &[(Wizard, 2), (Catalog, 2)],
    },
    About {
        sign: Sign::SchemaAdScim,
        what: "groups are created with a schema of Microsoft's",
        source: "Microsoft, Develop a SCIM endpoint: create group",
        weights: &[(Entra, 8)],
    },
    About {
        sign: Sign::CapitalOp,
        what: "\"op\" has a capital letter: Add, Replace, Remove",
        source: "Microsoft, SCIM 2.0 protocol compliance of the provisioning service",
        weights: &[(Entra, 4), (Catalog, -6)],
    },
    About {
        sign: Sign::BooleanAsText,
        what: "\"active\" is text",
        source: "Microsoft, SCIM 2.0 protocol compliance; a live capture of 2025 (scimmyjs/scimmy, 86)",
        weights: &[(Entra, 3)],
    },
    About {
        sign: Sign::RemoveWithValue,
        what: "members are removed by path \"members\" and a list",
        source: "Microsoft, Develop a SCIM endpoint: update group (remove members)",
        weights: &[(Entra, 3)],
    },
    About {
        sign: Sign::PathsAsKeys,
        what: "paths stand as keys in a value without path",
        source: "Microsoft, SCIM 2.0 protocol compliance: aadOptscim062020",
        weights: &[(Entra, 4)],
    },
    About {
        sign: Sign::ActiveByPath,
        what: "\"active\" is replaced by its path",
        source: "Microsoft, Develop a SCIM endpoint: disable user",
        weights: &[(Entra, 3), (Catalog, -4)],
    },
    About {
        sign: Sign::ActiveWithoutPath,
        what: "\"active\" is replaced without a path",
        source: "Okta, SCIM 2.0 reference: update a specific user (PATCH); GitLab merge request 25649",
        weights: &[(Catalog, 4), (Entra, -4)],
    },
    About {
        sign: Sign::ReadOnlyIdInValue,
        what: "a group's name is written together with its id",
        source: "Okta, SCIM 2.0 reference: update a specific group name",
        weights: &[(Catalog, 4)],
    },
    About {
        sign: Sign::ReadBeforePut,
        what: "a resource is read and then written with PUT",
        source: "Okta, SCIM 2.0 reference: update a specific user (PUT); captures of 2024",
        weights: &[(Wizard, 1), (Catalog, 1)],
    },
    About {
        sign: Sign::PutDeactivates,
        what: "people are deactivated with PUT",
        source: "captures of 2024 (princemaple/mock-scim); live session of 2026",
        weights: &[(Wizard, 4)],
    },
    About {
        sign: Sign::PutUser,
        what: "people are written with PUT",
        source: "Microsoft, Develop a SCIM endpoint: Entra updates with PATCH",
        weights: &[(Entra, -6)],
    },
    About {
        sign: Sign::PutGroup,
        what: "groups are written with PUT",
        source: "live session of 2026; an app of the catalogue sends PATCH, as Entra does",
        weights: &[(Wizard, 4), (Catalog, -6), (Entra, -6)],
    },
    About {
        sign: Sign::AnyPatch,
        what: "something is written with PATCH",
        source: "a field note of 2025: an app of the wizard never sends PATCH",
        weights: &[(Catalog, 2), (Wizard, -10)],
    },
    About {
        sign: Sign::DanglingDelimiter,
        what: "addresses end with ? or &",
        source: "a server log of 2024 (goauthentik/authentik, 11249)",
        weights: &[(OneLogin, 5)],
    },
    About {
        sign: Sign::OldSchemas,
        what: "schemas have the URNs from before the RFC: urn:scim:schemas:core:2.0",
        source: "a server log of 2024 (goauthentik/authentik, 11249)",
        weights: &[(OneLogin, 5)],
    },
];

impl Sign {
    /// What is known of it, if it tells providers apart.
    pub(super) fn about(self) -> Option<&'static About> {
        ABOUT.iter().find(|about| about.sign == self)
    }

    /// The option of the persona that shows so, if it is one.
    pub(super) fn option(self, of: Candidate) -> Option<&'static str> {
        Some(match (self, of) {
            (Self::GroupsOfHundred, Wizard | Catalog) => "import-groups",
            (Self::BlanksAsPlus, Wizard | Catalog) => "plus",
            (Self::VerifiedById, Wizard | Catalog) => "verify-by-id",
            (Self::LocaleUnderscore, Wizard | Catalog) => "locale-underscore",
            (Self::SparseMapping, Wizard | Catalog) => "sparse-mapping",
            (Self::NeverCreates, Wizard | Catalog) => "no-create",
            (Self::Deletes, Wizard | Catalog) | (Self::DeletesActive, Entra) => "delete-on-unassign",
            (Self::GroupMadeEmpty, Wizard) => "empty-group-create",
            (Self::GroupMadeFull, Catalog) => "full-group-create",
            (Self::ProfileByPatch, Catalog) => "patch-profile",
            (Self::LowerOp, Entra) => "aadOptscim062020",
            (Self::MatchedByExternalId, Entra) => "match-external-id",
            (Self::MatchedByEmail, Entra) => "match-email",
            (Self::ExternalIdIsNickname, Entra) => "mail-nickname",
            (Self::ManagerInArray, Entra) => "manager-array",
            (Self::RefNull, Entra) => "ref-null",
            (Self::GroupsByGuid, Entra) => "probe-groups",
            (Self::SchemasRead, Entra) => "gallery",
            (Self::BlindUpdate, Entra) => "blind-updates",
            (Self::CreateRepeated, Entra) => "repeat-lost-create",
            _ => return None,
        })
    }
}

/// How Entra spells `active`, from the spellings that were seen; the default and the flag have no option.
pub(super) fn spelling(has: impl Fn(Sign) -> bool) -> Option<&'static str> {
    let (capital, lower, literal) =
        (has(Sign::FalseCapital), has(Sign::FalseLower), has(Sign::FalseLiteral) && !has(Sign::LowerOp));
    match (capital, lower, literal) {
        (_, false, false) => None,
        (false, true, false) => Some("active-lower"),
        (false, false, true) => Some("active-boolean"),
        _ => Some("active-mixed"),
    }
}

/// The persona with those of these options that do not exclude each other, in order.
pub(super) fn named(base: &str, options: &[&'static str]) -> Option<PersonaName> {
    let mut name: PersonaName = base.parse().ok()?;
    for option in options {
        if let Ok(with) = format!("{name}+{option}").parse() {
            name = with;
        }
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::persona::catalogue;

    #[test]
    fn every_persona_of_the_catalogue_is_a_candidate() {
        let known: Vec<_> = Candidate::ALL.iter().filter_map(|candidate| candidate.persona()).collect();
        for info in catalogue() {
            assert!(known.contains(&info.name), "{}", info.name);
        }
    }

    #[test]
    fn every_habit_is_weighed_once_and_says_who_knows_it() {
        let signs: BTreeSet<Sign> = ABOUT.iter().map(|about| about.sign).collect();
        assert_eq!(signs.len(), ABOUT.len());
        assert!(ABOUT.iter().all(|about| !about.what.is_empty() && !about.source.is_empty()));
    }

    #[test]
    fn options_that_exclude_each_other_are_not_put_together() {
        let name = named("entra", &["match-email", "match-external-id", "ref-null"]).unwrap();
        assert_eq!(name.to_string(), "entra+match-email+ref-null");
    }
}
