//! Real bugs that real servers had, each as something that wraps a correct server at one of three seams: the
//! HTTP traffic, the accounts, the store. The correct code knows nothing of them. Which check notices which
//! deviation is not said here.

mod accounts;
mod active;
mod apart;
mod body;
mod bulk;
mod concurrency;
mod create;
mod deactivate;
mod deletion;
mod discovery;
mod errors;
mod exposed;
mod filter_case;
mod filters;
mod groups;
mod hidden;
mod immutable;
mod linking;
mod member_effects;
mod members;
mod memory;
mod names;
mod not_emulated;
mod operations;
mod paging;
mod patch;
mod patch_misapplied;
mod patch_nulls;
mod patch_refused;
mod people;
mod primaries;
mod projecting;
mod protected;
mod query;
mod race;
mod reactivate;
mod replacing;
mod representation;
mod seams;
mod stored;
mod survivors;
mod tenancy;
mod tenants;
mod update;
mod veiled;
mod visit;
mod whole;
mod wire;
mod writes;

use std::{fmt, sync::Arc};

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
};
use futures::future::BoxFuture;

pub use self::not_emulated::NOT_EMULATED;
use self::visit::Visit;
use crate::{BasePath, accounts::Accounts, store::Store, tenant::Tenants, token::ScimTokens};

/// A bug that can be switched on.
pub struct Deviation {
    /// Its name, for ever.
    pub slug: &'static str,
    /// What kind of harm it does.
    pub cluster: Cluster,
    /// What the server does with it.
    pub wrong: &'static str,
    /// What the server does without it.
    pub right: &'static str,
    /// Where it was seen: a public issue, pull request or page.
    pub source: &'static str,
    install: fn(Seams) -> Seams,
}

impl Deviation {
    /// Puts the bug around a server.
    pub(crate) fn install(&self, seams: Seams) -> Seams {
        (self.install)(seams)
    }
}

impl fmt::Debug for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deviation({})", self.slug)
    }
}

/// What kind of harm a deviation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cluster {
    /// A deactivated person still has access.
    AccessSurvives,
    /// `active` is misread, or answered in a wrong shape.
    ShapesOfActive,
    /// An identity is lost, split, or cannot come back.
    IdentityLost,
    /// One tenant reaches into another.
    TenantsMixed,
    /// Somebody gets hold of an account, or of a right, that is another's.
    TakenOver,
    /// More is told, or open, than who asks may know or do.
    Exposed,
    /// A group does not have the members that were written, or being a member does not count.
    MembersWrong,
    /// A write of a group that is right is refused, or makes another group.
    GroupsRefused,
    /// A PATCH that is right is refused, or answered as if nothing had happened.
    PatchRefused,
    /// A PATCH is answered with success and does something else.
    PatchMisapplied,
    /// PUT is missing, or does not replace.
    Replacing,
    /// A filter finds other resources than those that it describes.
    Filters,
    /// The pages of a list are not the pages that were asked for.
    Paging,
    /// Errors have a shape or a status that clients cannot read.
    Errors,
    /// A resource is not taken in, or not shown, as it is.
    Representation,
    /// What was deleted is not gone, or its end is told wrongly.
    Deletion,
    /// Two at once, or a condition, or a failure half way: what is there is not what was answered.
    Concurrency,
    /// The server says wrong things about itself.
    Discovery,
    /// A bulk request does something else than its operations alone.
    Bulk,
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessSurvives => "access survives",
            Self::ShapesOfActive => "shapes of active",
            Self::IdentityLost => "identity lost or split",
            Self::TenantsMixed => "tenants mixed up",
            Self::TakenOver => "taken over",
            Self::Exposed => "exposed",
            Self::MembersWrong => "members wrong",
            Self::GroupsRefused => "groups refused",
            Self::PatchRefused => "patch refused",
            Self::PatchMisapplied => "patch misapplied",
            Self::Replacing => "replacing",
            Self::Filters => "filters",
            Self::Paging => "paging",
            Self::Errors => "errors",
            Self::Representation => "representation",
            Self::Deletion => "deletion",
            Self::Concurrency => "concurrency",
            Self::Discovery => "discovery",
            Self::Bulk => "bulk",
        })
    }
}

/// All deviations.
pub fn table() -> &'static [&'static Deviation] {
    TABLE
}

/// The deviation of this name.
pub fn find(slug: &str) -> Option<&'static Deviation> {
    table().iter().copied().find(|deviation| deviation.slug == slug)
}

static TABLE: &[&Deviation] = &[
    &survivors::PUT_DEACTIVATE_KEEPS_SESSIONS,
    &survivors::DEACTIVATE_KEEPS_API_KEYS,
    &create::CREATE_IGNORES_ACTIVE_FALSE,
    &update::UPDATE_AUTO_REACTIVATES,
    &patch::PATCHOP_READ_AS_PLAIN_RESOURCE,
    &active::ACTIVE_ATTRIBUTE_IGNORED_EVERYWHERE,
    &accounts::PREEXISTING_USER_ACTIVE_NOT_WRITTEN,
    &update::PUT_OMITTED_ACTIVE_REACTIVATES,
    &patch::ACTIVE_STRING_STORED_AS_STRING,
    &patch::ACTIVE_STRING_FALSE_IS_TRUTHY,
    &patch::PATHLESS_ACTIVE_500,
    &active::ACTIVE_ANSWERED_AS_NUMBER,
    &create::CREATE_OMITTED_ACTIVE_IS_INACTIVE,
    &update::PUT_OMITTED_ACTIVE_CHANGES_STATE,
    &reactivate::ACTIVE_TRUE_REJECTED,
    &reactivate::REACTIVATE_PATCH_400_WHEN_INACTIVE,
    &deactivate::DEACTIVATE_HARD_DELETES,
    &deactivate::DEACTIVATE_DESTROYS_USER_DATA,
    &hidden::INACTIVE_HIDDEN_FROM_FILTER,
    &reactivate::REACTIVATE_WITHOUT_MEMBERSHIP,
    &reactivate::REACTIVATION_DOES_NOT_RECOMPUTE_ROLES,
    &update::UPDATE_OF_INACTIVE_USER_409,
    &accounts::RENAME_LEAVES_STALE_COPIES,
    &create::CREATE_ACTIVE_STRING_REJECTED,
    &survivors::DEACTIVATE_TOKEN_INTROSPECTS_ACTIVE,
    &survivors::TOKEN_REFRESH_SKIPS_ACTIVE_CHECK,
    &survivors::DELETE_KEEPS_TOKENS,
    &survivors::CREATE_LINK_INACTIVE_KEEPS_SESSION,
    &veiled::DEACTIVATE_LEAVES_OUTER_ROLE,
    &veiled::PENDING_INVITE_SURVIVES_DEPROVISION,
    &linking::ADOPT_LOCAL_ACCOUNT_BY_EMAIL,
    &linking::ADOPT_BY_USERNAME_MERGES_PEOPLE,
    &linking::NUMERIC_EXTERNALID_IS_INTERNAL_ID,
    &apart::UNLINKED_IDENTITY_NOT_DEPROVISIONED,
    &reactivate::REACTIVATE_UNBLOCKS_ADMIN_BLOCKED_KEYS,
    &names::RECREATE_AFTER_REMOVAL_ALREADY_EXISTS,
    &names::GHOST_USER_BLOCKS_REPROVISION,
    &names::UPDATE_OVERWRITES_IDP_LINK,
    &names::REACTIVATE_ENABLES_UNRELATED_LOCAL_ACCOUNT,
    &protected::LAST_ADMIN_CAN_BE_DEPROVISIONED,
    &protected::DELETE_REMOVES_ADMIN,
    &protected::PROTECTED_USER_EDITABLE_BY_GROUPS,
    &tenants::TENANT_READ_LEAK,
    &tenants::TENANT_LIST_LEAK,
    &tenants::TENANT_WRITE_LEAK,
    &tenants::TENANT_409_ORACLE,
    &tenants::CREATE_LANDS_IN_DEFAULT_TENANT,
    &tenants::DELETE_LINK_REMOVES_SHARED_USER,
    &tenants::EMAIL_CHANGE_OF_INVITED_USER_TAKEOVER,
    &exposed::EDIT_PERMISSION_BYPASSED,
    &exposed::DISCOVERY_WITHOUT_AUTH,
    &exposed::FILTER_LIKE_WILDCARDS,
    &exposed::NO_PAGE_LIMIT_DOS,
    &exposed::HIDDEN_ATTRIBUTE_READABLE_BY_FILTER,
    &exposed::DEFAULT_OPEN_ENDPOINT,
    &exposed::BAD_ID_ANSWERED_401,
    &members::GROUP_FILTERED_REMOVE_CLEARS_ALL,
    &members::GROUP_ADD_REPLACES_MEMBERS,
    &members::GROUP_REMOVE_WITH_VALUE_CLEARS_ALL,
    &members::GROUP_REMOVE_WITH_VALUE_REJECTED,
    &members::GROUP_FILTERED_REMOVE_NOOP_200,
    &members::GROUP_REPLACE_EMPTY_400,
    &members::GROUP_ADD_DUPLICATE_MEMBER,
    &members::GROUP_UNRELATED_REPLACE_EMPTIES,
    &members::GROUP_GET_MEMBERS_EMPTY,
    &members::REMOVE_WITH_NULL_REF_NOOP,
    &members::REPLACE_MEMBERS_GARBLES_GROUP,
    &member_effects::GROUP_PUT_NOT_APPLIED,
    &member_effects::GROUPS_HAVE_NO_EFFECT,
    &member_effects::GROUP_SYNC_WIPES_MANUAL_ROLES,
    &groups::GROUP_POST_500,
    &groups::GROUP_PATCH_SCHEMAS_STRICT_422,
    &groups::GROUP_REPLACE_OP_UNSUPPORTED,
    &groups::GROUP_PATH_FORM_500,
    &groups::GROUP_EXTERNALID_USED_AS_ID,
    &groups::PUT_MEMBERS_IMMUTABLE_400,
    &groups::GROUP_REPLACE_MEMBERS_REFUSED,
    &groups::GROUP_NAME_WHITESPACE_TWIN,
    &groups::DISPLAYNAME_ALTERED_IN_ANSWER,
    &patch_refused::PATCH_RETURNS_STALE_RESOURCE,
    &patch_refused::DOTTED_KEYS_REJECTED,
    &patch_refused::ADD_NESTED_NEEDS_PARENT,
    &patch_refused::URN_PATH_SPLIT_AT_DOT,
    &patch_refused::EXTENSION_PATCH_500_WHEN_ABSENT,
    &patch_refused::OP_NAME_CASE_SENSITIVE,
    &patch_refused::PATHLESS_MULTI_ATTRIBUTE_400,
    &patch_refused::NULL_EMAIL_500,
    &patch_refused::REPLACE_EMPTY_ARRAY_REJECTED,
    &patch_nulls::ADD_OVER_NULL_FAILS,
    &patch_nulls::PATCH_LEAVES_NULL_SUBATTRIBUTES,
    &patch_nulls::EMAILS_TYPE_NOT_KEPT,
    &patch_misapplied::EXTERNALID_PATCH_IGNORED,
    &patch_misapplied::DOTTED_KEYS_STORED_LITERALLY,
    &patch_misapplied::REMOVE_WITH_OTHER_VALUE_WRITES_IT,
    &patch_misapplied::PATCH_NOT_ATOMIC,
    &patch_misapplied::UNSUPPORTED_OP_204,
    &immutable::IMMUTABLE_ATTRIBUTE_PATCHED,
    &patch_misapplied::VALUEPATH_UPDATES_PRIMARY_INSTEAD,
    &primaries::PATCH_PRIMARY_NOT_RESET,
    &primaries::TWO_PRIMARIES_ACCEPTED,
    &replacing::PUT_NOT_SUPPORTED_FOR_USERS,
    &replacing::PUT_405,
    &replacing::PUT_MERGES_INSTEAD_OF_REPLACING,
    &filters::FILTER_AND_UPPERCASE_TRUNCATES,
    &filters::FILTER_COMPOUND_TRUNCATED,
    &filters::FILTER_UNKNOWN_RETURNS_ALL,
    &filters::FILTER_EXTERNALID_UNSUPPORTED,
    &filters::FILTER_SCHEMAS_ATTRIBUTE_400,
    &filters::TRAILING_SLASH_BREAKS_QUERY,
    &filter_case::FILTER_USERNAME_CASE_SENSITIVE,
    &filter_case::FILTER_DISPLAYNAME_CASE_SENSITIVE,
    &filter_case::FILTER_CASE_PARTIAL_OPERATORS,
    &paging::STARTINDEX_ZERO_BASED,
    &paging::STARTINDEX_OVERLAP,
    &paging::TOTALRESULTS_WRONG_WITH_FILTER,
    &paging::TOTALRESULTS_SHRINKS_WITH_STARTINDEX,
    &paging::ITEMSPERPAGE_ECHOES_COUNT,
    &paging::DOUBLE_PAGING_EMPTIES_LATER_PAGES,
    &paging::STARTINDEX_IGNORED_ON_SHORT_LIST,
    &errors::CONFLICT_WITHOUT_SCIMTYPE,
    &errors::CONFLICT_AS_500,
    &errors::ERROR_NESTED_IN_RESPONSE,
    &errors::ERROR_STATUS_IS_NUMBER,
    &errors::ERROR_STATUS_IS_OBJECT,
    &errors::RATE_LIMIT_429_PLAIN,
    &errors::CONTENT_TYPE_SWAPPED,
    &errors::REQUEST_CONTENT_TYPE_UNCHECKED,
    &errors::MALFORMED_JSON_NOT_SCIM,
    &errors::SCIMTYPE_NULL_TEXT,
    &representation::MISSING_SCHEMAS_ACCEPTED,
    &representation::EXTERNALID_NOT_ECHOED,
    &representation::EXTERNALID_NEVER_STORED,
    &representation::EXTERNALID_REQUIRED,
    &representation::UNKNOWN_ID_400,
    &representation::UNKNOWN_ID_500,
    &representation::CORE_ATTRIBUTES_UNDER_URN,
    &representation::GROUP_LIST_OMITS_MEMBERS,
    &representation::LOCATION_RELATIVE,
    &representation::LOCATION_NAMES_OTHER_ID,
    &representation::META_MISSING_ON_SOME_VERBS,
    &representation::EMPTY_REQUIRED_STRING_ACCEPTED,
    &projecting::EXCLUDED_MEMBERS_IGNORED,
    &projecting::EXCLUDEDATTRIBUTES_UNSUPPORTED,
    &projecting::ATTRIBUTES_WRONG_URN_FORM,
    &discovery::BULK_ME_404_INSTEAD_OF_501,
    &discovery::SCHEMAS_BARE_ARRAY,
    &discovery::SCHEMAS_HTML_404,
    &discovery::DISCOVERY_EMPTY_LISTS,
    &discovery::DISCOVERY_LOCATION_404,
    &discovery::SCHEMA_FLAGS_WRONG,
    &bulk::BULK_MALFORMED_200,
    &bulk::BULK_STATUS_OBJECT_RESPONSE_STRING,
    &bulk::BULK_STOPS_AT_FIRST_ERROR,
    &bulk::BULK_PUT_PATCH_IGNORES_DEACTIVATION,
    &deletion::DELETE_GROUP_LEAVES_USER_GROUPS,
    &deletion::DELETE_500_BUT_DELETES,
    &deletion::SECOND_DELETE_204,
    &deletion::DELETED_USER_STILL_LISTED,
    &deletion::DELETE_WITHOUT_EXTERNALID_500,
    &concurrency::RACE_CREATE_500,
    &concurrency::RACE_CREATE_NONJSON_502,
    &concurrency::VERSION_WITHOUT_PRECONDITIONS,
    &concurrency::IF_MATCH_CHECK_THEN_WRITE,
    &concurrency::FAILED_VALIDATION_LEAVES_WRITES,
    &concurrency::CREATE_503_AFTER_COMMIT,
];

/// Where a server can be wrapped.
pub(crate) struct Seams {
    /// Where SCIM is served.
    pub(crate) base_path: BasePath,
    /// Whom it serves.
    pub(crate) tenants: Arc<Tenants>,
    /// By what it recognises identity providers.
    pub(crate) tokens: Arc<ScimTokens>,
    /// What the server keeps its resources in.
    pub(crate) store: Arc<dyn Store>,
    /// What the server governs.
    pub(crate) accounts: Arc<dyn Accounts>,
    /// What stands between the network and the server, the innermost first.
    pub(crate) http: Vec<HttpWrap>,
}

/// Something that stands between the network and the server.
pub(crate) type HttpWrap = Arc<dyn Fn(Request, Next) -> BoxFuture<'static, Response> + Send + Sync>;

impl Seams {
    /// Puts something in the way of the requests that concern Users.
    fn wrap_users<F>(mut self, handle: impl Fn(Visit) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        let base_path = self.base_path.clone();
        let handle = Arc::new(handle);
        self.http.push(Arc::new(move |request, next| {
            let (base_path, handle) = (base_path.clone(), Arc::clone(&handle));
            Box::pin(async move {
                match Visit::of(&base_path, request, next).await {
                    Ok(visit) => handle(visit).await,
                    Err((request, next)) => next.run(*request).await,
                }
            })
        }));
        self
    }

    /// Puts something in the place of the accounts.
    fn wrap_accounts<A: Accounts>(self, wrap: impl FnOnce(Arc<dyn Accounts>) -> A) -> Self {
        Self { accounts: Arc::new(wrap(self.accounts)), ..self }
    }

    /// Puts something in the place of the store.
    fn wrap_store<S: Store>(self, wrap: impl FnOnce(Arc<dyn Store>) -> S) -> Self {
        Self { store: Arc::new(wrap(self.store)), ..self }
    }
}

/// Puts an HTTP wrap around a router.
pub(crate) fn wrap(router: Router, wrap: HttpWrap) -> Router {
    router.layer(from_fn(move |request: Request, next: Next| {
        let wrap = Arc::clone(&wrap);
        async move { wrap(request, next).await }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deviation_is_found_by_its_own_slug() {
        for deviation in table() {
            let found = find(deviation.slug).unwrap();
            assert!(std::ptr::eq(*deviation, found), "{} is there twice", deviation.slug);
        }
        assert!(find("no-such-deviation").is_none());
    }

    #[test]
    fn every_deviation_says_what_is_wrong_what_is_right_and_where_it_was_seen() {
        for deviation in table() {
            for text in [deviation.wrong, deviation.right, deviation.source] {
                assert!(text.len() > 10, "{}: {text}", deviation.slug);
            }
        }
    }
}
