//! Which attributes there are: those of RFC 7643, and those that the recorded server publishes. What a client may do with
//! them is the business of its rules.

use super::grammar::Attribute;
use super::world::World;

/// The schema of users.
pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of groups.
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The enterprise extension of users.
pub(super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// RFC 7643, section 3.1: every resource has these.
const COMMON: [(&str, &[&str]); 4] = [
    ("id", &[]),
    ("externalId", &[]),
    ("schemas", &[]),
    ("meta", &["resourceType", "created", "lastModified", "location", "version"]),
];

/// The sub-attributes of section 2.4.
const PLURAL: &[&str] = &["value", "display", "type", "primary", "$ref"];

/// RFC 7643, section 4.1.
const OF_USERS: [(&str, &[&str]); 21] = [
    ("userName", &[]),
    ("name", &["formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix"]),
    ("displayName", &[]),
    ("nickName", &[]),
    ("profileUrl", &[]),
    ("title", &[]),
    ("userType", &[]),
    ("preferredLanguage", &[]),
    ("locale", &[]),
    ("timezone", &[]),
    ("active", &[]),
    ("password", &[]),
    ("emails", PLURAL),
    ("phoneNumbers", PLURAL),
    ("ims", PLURAL),
    ("photos", PLURAL),
    (
        "addresses",
        &[
            "formatted",
            "streetAddress",
            "locality",
            "region",
            "postalCode",
            "country",
            "type",
            "primary",
            "value",
            "display",
            "$ref",
        ],
    ),
    ("groups", PLURAL),
    ("entitlements", PLURAL),
    ("roles", PLURAL),
    ("x509Certificates", PLURAL),
];

/// RFC 7643, section 4.2.
const OF_GROUPS: [(&str, &[&str]); 2] = [("displayName", &[]), ("members", PLURAL)];

/// RFC 7643, section 4.3.
const OF_ENTERPRISE: [(&str, &[&str]); 6] = [
    ("employeeNumber", &[]),
    ("costCenter", &[]),
    ("organization", &[]),
    ("division", &[]),
    ("department", &[]),
    ("manager", &["value", "$ref", "displayName", "display"]),
];

impl World {
    /// Whether there is such an attribute at the endpoint; `None` if nobody can say: a resource type or an extension that
    /// is neither the RFC's nor published in the recording.
    pub(super) fn has(&self, endpoint: &str, attribute: &Attribute) -> Option<bool> {
        let path = match &attribute.sub {
            Some(sub) => format!("{}.{sub}", attribute.name),
            None => attribute.name.clone(),
        };
        // A server that shows an attribute has it, whatever it publishes.
        if attribute.urn.is_none() && self.shows(endpoint, &path) {
            return Some(true);
        }
        let whole = match &attribute.urn {
            Some(urn) => format!("{urn}:{path}"),
            None => path,
        };
        // A schema's URN alone points to all of it (C26).
        if self.known.attribute(endpoint, &whole).is_some() || self.has_schema(&whole) == Some(true) {
            return Some(true);
        }
        let base = self.known.base_schema(endpoint)?;
        let urn = attribute.urn.as_deref().unwrap_or(base);
        let standard: &[(&str, &[&str])] = match urn {
            urn if urn.eq_ignore_ascii_case(USER) => &OF_USERS,
            urn if urn.eq_ignore_ascii_case(GROUP) => &OF_GROUPS,
            urn if urn.eq_ignore_ascii_case(ENTERPRISE) => &OF_ENTERPRISE,
            urn => return self.known.schemas.as_ref()?.of(urn).map(|_| false),
        };
        let common = if urn.eq_ignore_ascii_case(base) { &COMMON[..] } else { &[] };
        Some(standard.iter().chain(common).any(|(name, parts)| {
            let sub = attribute.sub.as_ref();
            name.eq_ignore_ascii_case(&attribute.name)
                && sub.is_none_or(|sub| parts.iter().any(|part| part.eq_ignore_ascii_case(sub)))
        }))
    }

    /// Whether a schema is the RFC's or published; `None` if it is neither, and the server published none.
    pub(super) fn has_schema(&self, urn: &str) -> Option<bool> {
        if [USER, GROUP, ENTERPRISE].iter().any(|standard| standard.eq_ignore_ascii_case(urn)) {
            return Some(true);
        }
        self.known.schemas.as_ref().map(|schemas| schemas.of(urn).is_some())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::grammar;
    use super::*;
    use crate::rules::tests::discovered;

    #[rstest]
    #[case("Users", "userName", Some(true))]
    #[case("Users", "EMAILS.Value", Some(true))]
    #[case("Users", "emails.colour", Some(false))]
    #[case("Users", "meta.created", Some(true))]
    #[case("Users", "members", Some(false))]
    #[case("Groups", "members.value", Some(true))]
    #[case("Users", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value", Some(true))]
    #[case("Users", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:title", Some(false))]
    #[case("Users", "urn:example:2.0:User:badge", None)]
    #[case("Devices", "serial", None)]
    fn the_rfcs_attributes_are_known(
        #[case] endpoint: &str,
        #[case] path: &str,
        #[case] known: Option<bool>,
    ) {
        let attribute = grammar::attribute(path).unwrap();
        assert_eq!(World::default().has(endpoint, &attribute), known);
    }

    #[test]
    fn what_the_server_publishes_is_known_too() {
        let hired = grammar::attribute("hired").unwrap();
        let world = World { known: discovered(), ..World::default() };
        assert_eq!(world.has("Users", &hired), Some(true));
        assert_eq!(World::default().has("Users", &hired), Some(false));
    }
}
