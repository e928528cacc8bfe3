//! Groups: GitLab's own, their members and roles, the SAML group links through which SCIM groups reach them, and
//! the worker that makes memberships follow.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::instance::{Instance, UserId};
use crate::{accounts::Event, store::ResourceId};

/// A top-level group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Group {
    /// The door that it opens.
    pub(super) resource: ResourceId,
    /// Whether SAML is set up for it.
    pub(super) saml: bool,
    /// Whose addresses may join through SCIM; none named: everybody's.
    pub(super) allowed_email_domains: Vec<String>,
    pub(super) members: BTreeMap<UserId, Membership>,
}

/// How a user belongs to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Membership {
    pub(super) role: Role,
    /// Whether a SAML group link gave it, and so may take it away.
    pub(super) synced: bool,
}

/// What a member may do, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    Guest,
    Reporter,
    Developer,
    Maintainer,
    Owner,
}

impl Role {
    /// What who comes in gets.
    pub(super) const DEFAULT: Self = Self::Guest;
}

/// The link of a SAML group, by its name, to a group of GitLab's. A SCIM group attaches to the links of its name
/// and makes no group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SamlGroupLink {
    pub(super) name: String,
    pub(super) group: String,
    pub(super) role: Role,
    /// The SCIM group's UUID, once one has attached.
    pub(super) scim_group: Option<String>,
}

impl Group {
    /// Nobody in it.
    pub(super) fn new(saml: bool, allowed_email_domains: Vec<String>) -> Self {
        Self { resource: ResourceId::random(), saml, allowed_email_domains, members: BTreeMap::new() }
    }

    /// Whether nobody would own it without this user.
    pub(super) fn is_last_owner(&self, user: UserId) -> bool {
        let mut owners = self.members.iter().filter(|(_, member)| member.role == Role::Owner);
        owners.next().is_some_and(|(owner, _)| *owner == user) && owners.next().is_none()
    }
}

impl Instance {
    /// A group of this path, which is made if there is none, and a link to it.
    pub(super) fn seed_saml_group_link(&mut self, name: &str, path: &str) {
        self.groups.entry(path.to_owned()).or_insert_with(|| Group::new(false, Vec::new()));
        self.links.push(SamlGroupLink {
            name: name.to_owned(),
            group: path.to_owned(),
            role: Role::Developer,
            scim_group: None,
        });
    }

    /// The name under which a SCIM group attached; nothing if no link has it.
    pub(super) fn scim_group_name(&self, uid: &str) -> Option<&str> {
        let linked = |link: &&SamlGroupLink| link.scim_group.as_deref() == Some(uid);
        self.links.iter().find(linked).map(|link| link.name.as_str())
    }

    /// Changes the members of a group; the accounts hear who came and who went.
    pub(super) fn change_members(
        &mut self,
        path: &str,
        change: impl FnOnce(&mut BTreeMap<UserId, Membership>),
    ) {
        let Some(group) = self.groups.get_mut(path) else { return };
        let before: BTreeSet<UserId> = group.members.keys().copied().collect();
        change(&mut group.members);
        let after: BTreeSet<UserId> = group.members.keys().copied().collect();
        let resources = |users: BTreeSet<UserId>| -> Vec<ResourceId> {
            users.iter().filter_map(|id| self.users.get(id)).map(|user| user.resource).collect()
        };
        let (joined, left) = (resources(&after - &before), resources(&before - &after));
        let event = Event::GroupChanged { group: group.resource, name: path.to_owned(), joined, left };
        self.tell(event);
    }

    /// What the worker does: the members whom links gave are those whom the SCIM groups name now, each with the
    /// highest role of the links that say so. Whoever else is a member stays. GitLab does it some time after the
    /// answer; here it is done before the next request is looked at.
    pub(super) fn work(&mut self) {
        if !std::mem::take(&mut self.sync_is_due) {
            return;
        }
        let paths: Vec<String> = self.groups.keys().cloned().collect();
        for path in paths {
            let mut wanted: BTreeMap<UserId, Role> = BTreeMap::new();
            for link in self.links.iter().filter(|link| link.group == path) {
                let members = link.scim_group.as_ref().and_then(|uid| self.scim_groups.get(uid));
                for user in members.into_iter().flatten() {
                    let role = wanted.entry(*user).or_insert(link.role);
                    *role = link.role.max(*role);
                }
            }
            self.change_members(&path, |members| {
                members.retain(|user, member| !member.synced || wanted.contains_key(user));
                for (user, role) in wanted {
                    let member = members.entry(user).or_insert(Membership { role, synced: true });
                    if member.synced {
                        member.role = role;
                    }
                }
            });
        }
    }
}
