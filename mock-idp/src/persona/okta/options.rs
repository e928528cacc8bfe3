//! What can be switched about Okta, where sources disagree or an administrator chooses.

use crate::persona::PersonaOption;

pub(super) const IMPORT_GROUPS: &str = "import-groups";
pub(super) const PLUS: &str = "plus";
pub(super) const STRICT_PROBE: &str = "strict-probe";
pub(super) const VERIFY_BY_ID: &str = "verify-by-id";
pub(super) const LOCALE_UNDERSCORE: &str = "locale-underscore";
pub(super) const SPARSE_MAPPING: &str = "sparse-mapping";
pub(super) const NO_CREATE: &str = "no-create";
pub(super) const NO_UPDATES: &str = "no-updates";
pub(super) const DELETE_ON_UNASSIGN: &str = "delete-on-unassign";
pub(super) const RETRY_FAILED: &str = "retry-failed";
pub(super) const EMPTY_GROUP_CREATE: &str = "empty-group-create";
pub(super) const FULL_GROUP_CREATE: &str = "full-group-create";
pub(super) const PATCH_PROFILE: &str = "patch-profile";

pub(in crate::persona) const WIZARD_OPTIONS: &[PersonaOption] = &[
    OPTION_IMPORT_GROUPS,
    OPTION_PLUS,
    OPTION_STRICT_PROBE,
    OPTION_VERIFY_BY_ID,
    OPTION_LOCALE_UNDERSCORE,
    OPTION_SPARSE_MAPPING,
    OPTION_NO_CREATE,
    OPTION_NO_UPDATES,
    OPTION_DELETE_ON_UNASSIGN,
    OPTION_RETRY_FAILED,
    PersonaOption {
        name: EMPTY_GROUP_CREATE,
        what: "a group is created without members, which follow",
        source: "Okta, SCIM 2.0 reference: create groups; the live session of 2026 shows the full list",
        excludes: &[],
    },
];

pub(in crate::persona) const CATALOG_OPTIONS: &[PersonaOption] = &[
    OPTION_IMPORT_GROUPS,
    OPTION_PLUS,
    OPTION_STRICT_PROBE,
    OPTION_VERIFY_BY_ID,
    OPTION_LOCALE_UNDERSCORE,
    OPTION_SPARSE_MAPPING,
    OPTION_NO_CREATE,
    PersonaOption { excludes: &[PATCH_PROFILE], ..OPTION_NO_UPDATES },
    OPTION_DELETE_ON_UNASSIGN,
    OPTION_RETRY_FAILED,
    PersonaOption {
        name: FULL_GROUP_CREATE,
        what: "a group is created with its members",
        source: "captures of 2018 and 2026; Okta, SCIM 2.0 reference, shows an empty list",
        excludes: &[],
    },
    PersonaOption {
        name: PATCH_PROFILE,
        what: "profile changes are a PATCH too (the box \"Support PATCH for User\" is ticked)",
        source: "Okta, Submit an integration: protocol properties; the form follows that of active",
        excludes: &[NO_UPDATES],
    },
];

const OPTION_IMPORT_GROUPS: PersonaOption = PersonaOption {
    name: IMPORT_GROUPS,
    what: "the connection test and the import list the groups too (Import Groups is ticked)",
    source: "Okta, SCIM 2.0 reference; the live session of 2026 with the box unticked sent no /Groups",
    excludes: &[],
};
const OPTION_PLUS: PersonaOption = PersonaOption {
    name: PLUS,
    what: "blanks in a filter are encoded as + instead of %20",
    source: "raw HTTP captures by an Okta engineer, 2018",
    excludes: &[],
};
const OPTION_STRICT_PROBE: PersonaOption = PersonaOption {
    name: STRICT_PROBE,
    what: "the connection test fails if the server has no users",
    source: "Chainguard's guide for Okta; Okta support says that no users are fine",
    excludes: &[],
};
const OPTION_VERIFY_BY_ID: PersonaOption = PersonaOption {
    name: VERIFY_BY_ID,
    what: "a known person is verified by GET of the id before, instead of by the filter",
    source: "the log's verify_exists event; the support article and a developer forum thread show the filter",
    excludes: &[],
};
const OPTION_LOCALE_UNDERSCORE: PersonaOption = PersonaOption {
    name: LOCALE_UNDERSCORE,
    what: "locale is spelled en_US instead of en-US",
    source: "raw HTTP captures by an Okta engineer, 2018",
    excludes: &[],
};
const OPTION_SPARSE_MAPPING: PersonaOption = PersonaOption {
    name: SPARSE_MAPPING,
    what: "the mapping rows for displayName, locale and the e-mail address's type are removed",
    source: "the live session of 2026",
    excludes: &[],
};
const OPTION_NO_CREATE: PersonaOption = PersonaOption {
    name: NO_CREATE,
    what: "Create Users is not ticked: people are only linked",
    source: "Okta, task error \"Matching user not found\"",
    excludes: &[],
};
const OPTION_NO_UPDATES: PersonaOption = PersonaOption {
    name: NO_UPDATES,
    what: "Update User Attributes is not ticked: no profile is pushed after the create",
    source: "GitLab's guide for its app in Okta's catalogue, 2020 to 2022",
    excludes: &[],
};
const OPTION_DELETE_ON_UNASSIGN: PersonaOption = PersonaOption {
    name: DELETE_ON_UNASSIGN,
    what: "unassigning deletes the account instead of deactivating it (granular deprovisioning)",
    source: "Okta, event types since 2026.07.3; no capture of the request has been published",
    excludes: &[],
};
const OPTION_RETRY_FAILED: PersonaOption = PersonaOption {
    name: RETRY_FAILED,
    what: "a failed task is tried again every 30 minutes instead of waiting for an administrator",
    source: "lightdash issue 22402; Okta staff say that an administrator has to retry",
    excludes: &[],
};
