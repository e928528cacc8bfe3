//! Bugs of real servers that this one cannot be made to have, and why.

/// By the names that the bugs would have as deviations.
pub const NOT_EMULATED: &[(&str, &str)] = &[
    // More accounts and access.
    (
        "disable-connection-deletes-admin",
        "it is a switch in an administrator's page that turns SCIM off; no SCIM request does, and the application has \
         no such switch",
    ),
    ("primary-not-used", "it is seen in where mail goes to, and the application sends none"),
    (
        "password-creates-login-for-unverified-email",
        "in the application a password signs in by userName, and RFC 7643 section 4.1.1 means the attribute for that; \
         there is no verification of addresses that it could pass by",
    ),
    (
        "rename-keeps-email-verified",
        "it is seen in the recovery of a password by mail, which the application does not have",
    ),
    // What no request shows.
    (
        "token-compare-not-constant-time",
        "over a network, and in a process with others, the time of a comparison is lost in noise",
    ),
    ("token-never-expires", "that nothing ever happens is shown by no request"),
    (
        "group-lookup-loads-members",
        "that a search fetches the members which excludedAttributes leaves out is seen in the time that it takes and in \
         nothing that it answers; how long is too long, no requirement says",
    ),
    ("filter-values-in-logs", "it is seen in the server's own log"),
    (
        "filter-is-membership-oracle",
        "it needs a client that may read some members and not others; every SCIM token of the correct server reads all \
         that is its tenant's",
    ),
    // What is read back is right.
    (
        "single-attribute-patch-rewrites-all",
        "it is seen in the user store and in its log: that all attributes were deleted and added again changes nothing \
         in what a client reads afterwards",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::deviations::find;

    #[test]
    fn what_is_emulated_is_not_listed_here() {
        for (slug, reason) in NOT_EMULATED {
            assert!(find(slug).is_none(), "{slug} is a deviation");
            assert!(reason.len() > 20, "{slug}: {reason}");
        }
    }

    #[test]
    fn nothing_is_listed_twice() {
        let slugs: HashSet<&str> = NOT_EMULATED.iter().map(|(slug, _)| *slug).collect();
        assert_eq!(slugs.len(), NOT_EMULATED.len());
    }
}
