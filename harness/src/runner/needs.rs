//! Whether a target can do what a scenario or a step needs. A capability that nobody states is tried; one that has to be
//! stated (a cursor, a resource type) is not.

use crate::scenario::model::Need;
use crate::target::preflight::Capabilities;

/// Why the target cannot do it, if it cannot.
pub(super) fn unmet(need: &Need, can: &Capabilities) -> Option<String> {
    let says = |name: &str| format!("/ServiceProviderConfig says {name}.supported = false");
    let says_not = |name: &str| format!("/ServiceProviderConfig does not say {name}");
    match need {
        Need::Feature(name) => can.lacks(name).then(|| says(name)),
        Need::No(name) => (!can.lacks(name)).then(|| says_not(&format!("{name}.supported = false"))),
        Need::Cursor => (can.by_cursor() != Some(true)).then(|| says_not("pagination.cursor = true")),
        Need::NoCursor => (can.by_cursor() != Some(false)).then(|| says_not("pagination.cursor = false")),
        Need::IndexPaging => (can.by_index() == Some(false))
            .then(|| "/ServiceProviderConfig says pagination.index = false".to_owned()),
        Need::NoIndexPaging => (can.by_index() != Some(false)).then(|| says_not("pagination.index = false")),
        Need::Attribute(attribute) => can
            .lacks_attribute(attribute)
            .then(|| format!("/Schemas publishes no writable attribute {attribute}")),
        Need::Groups => {
            can.published.lacks_type("Group").then(|| "/ResourceTypes publishes no Group".to_owned())
        }
        Need::ResourceType(name) => {
            (!can.published.has_type(name)).then(|| format!("/ResourceTypes publishes no {name}"))
        }
        Need::Enterprise => can.published.lacks_enterprise().then(|| {
            "neither /Schemas nor /ResourceTypes publishes the enterprise extension of users".to_owned()
        }),
        Need::Access => (!can.access).then(|| "no access probe is configured".to_owned()),
        Need::GroupAccess => {
            (!can.group_access).then(|| "no access probe with `group = true` is configured".to_owned())
        }
        Need::AdministratorAccess => (!can.administrator_access)
            .then(|| "no access probe with `administrator = true` is configured".to_owned()),
        Need::ToldAccount => {
            (!can.told_account).then(|| "no access probe with `account` is configured".to_owned())
        }
        Need::OwnCredential => {
            (!can.own_credential).then(|| "no access probe with `speaks` is configured".to_owned())
        }
        Need::Administrator(act) => (!can.administrator.contains(act))
            .then(|| format!("no `{}` is configured in [administrator]", act.word())),
        Need::OnlyAdministrator => (!can.only_administrator).then(|| {
            "[administrator] does not say `only = true`: others may administer the application".to_owned()
        }),
        Need::Account => (!can.account).then(|| "no [account] is configured".to_owned()),
        Need::Token => {
            (!can.token).then(|| "no token is configured: the target may let everybody in".to_owned())
        }
        Need::OtherTenant => (!can.other_tenant).then(|| "no [target.other-tenant] is configured".to_owned()),
    }
}
