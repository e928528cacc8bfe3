//! What can be switched about Entra ID, where sources disagree or an administrator chooses.

use crate::persona::PersonaOption;

pub(super) const COMPLIANT: &str = "aadOptscim062020";
pub(super) const ACTIVE_LOWER: &str = "active-lower";
pub(super) const ACTIVE_BOOLEAN: &str = "active-boolean";
pub(super) const ACTIVE_MIXED: &str = "active-mixed";
pub(super) const MATCH_EXTERNAL_ID: &str = "match-external-id";
pub(super) const MATCH_EMAIL: &str = "match-email";
pub(super) const MAIL_NICKNAME: &str = "mail-nickname";
pub(super) const MANAGER_ARRAY: &str = "manager-array";
pub(super) const REF_NULL: &str = "ref-null";
pub(super) const PROBE_GROUPS: &str = "probe-groups";
pub(super) const GALLERY: &str = "gallery";
pub(super) const BLIND_UPDATES: &str = "blind-updates";
pub(super) const DELETE_ON_UNASSIGN: &str = "delete-on-unassign";
pub(super) const REPEAT_LOST_CREATE: &str = "repeat-lost-create";
pub(super) const IGNORE_RETRY_AFTER: &str = "ignore-retry-after";

pub(in crate::persona) const OPTIONS: &[PersonaOption] = &[
    PersonaOption {
        name: COMPLIANT,
        what: "the tenant URL has the flag: lower-case ops, false as a Boolean, one replace without path",
        source: "Microsoft, SCIM 2.0 protocol compliance of the provisioning service",
        excludes: &[ACTIVE_LOWER, ACTIVE_BOOLEAN, ACTIVE_MIXED],
    },
    PersonaOption {
        name: ACTIVE_LOWER,
        what: "active is sent as the string \"false\" instead of \"False\"",
        source: "a live capture of 2025 (scimmyjs/scimmy, 86)",
        excludes: &[COMPLIANT, ACTIVE_BOOLEAN, ACTIVE_MIXED],
    },
    PersonaOption {
        name: ACTIVE_BOOLEAN,
        what: "active is sent as the Boolean false",
        source: "Microsoft, Develop a SCIM endpoint: sample request to disable a user",
        excludes: &[COMPLIANT, ACTIVE_LOWER, ACTIVE_MIXED],
    },
    PersonaOption {
        name: ACTIVE_MIXED,
        what: "active is sent in one of the three spellings, which the seed decides for each message",
        source: "Microsoft's pages and a live capture of 2025 show one each",
        excludes: &[COMPLIANT, ACTIVE_LOWER, ACTIVE_BOOLEAN],
    },
    PersonaOption {
        name: MATCH_EXTERNAL_ID,
        what: "people are matched by externalId instead of userName",
        source: "Microsoft, Develop a SCIM endpoint: user provisioning requirements",
        excludes: &[MATCH_EMAIL],
    },
    PersonaOption {
        name: MATCH_EMAIL,
        what: "people are matched by their work e-mail address instead of userName",
        source: "Microsoft, Develop a SCIM endpoint: user provisioning requirements",
        excludes: &[MATCH_EXTERNAL_ID],
    },
    PersonaOption {
        name: MAIL_NICKNAME,
        what: "externalId is the part of the user name before the @ (mailNickname) instead of the object id",
        source: "Microsoft, tutorial: the default mapping; many guides change it to objectId",
        excludes: &[],
    },
    PersonaOption {
        name: MANAGER_ARRAY,
        what: "the manager is sent in an array of objects instead of as a bare id",
        source: "Microsoft, Develop a SCIM endpoint; live reports show the bare id (apache/directory-scimple, 1242)",
        excludes: &[],
    },
    PersonaOption {
        name: REF_NULL,
        what: "members are added with \"$ref\": null",
        source: "Microsoft, Develop a SCIM endpoint; a live request of 2023 has none (getsentry/self-hosted, 2280)",
        excludes: &[],
    },
    PersonaOption {
        name: PROBE_GROUPS,
        what: "the connection test looks for a group too (group provisioning is on)",
        source: "Microsoft, Develop a SCIM endpoint",
        excludes: &[],
    },
    PersonaOption {
        name: GALLERY,
        what: "saving reads /Schemas, as for an app of the gallery",
        source: "Microsoft, application gallery: provisioning requirements",
        excludes: &[],
    },
    PersonaOption {
        name: BLIND_UPDATES,
        what: "changes are sent without reading the resource first",
        source: "an access log of provisioning on demand, 2025 (OneUptime, 2134) shows no read",
        excludes: &[],
    },
    PersonaOption {
        name: DELETE_ON_UNASSIGN,
        what: "unassigning deletes the account at once (a target without soft delete)",
        source: "Microsoft, How application provisioning works: de-provisioning",
        excludes: &[],
    },
    PersonaOption {
        name: REPEAT_LOST_CREATE,
        what: "a create whose answer is lost is sent once more at once",
        source: "Microsoft Q&A 1151866",
        excludes: &[],
    },
    PersonaOption {
        name: IGNORE_RETRY_AFTER,
        what: "a 429 ends the task, whatever Retry-After says",
        source: "Azure feedback before 2025; Microsoft staff say in 2025 that Retry-After is honoured",
        excludes: &[],
    },
];
