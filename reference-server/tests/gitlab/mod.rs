//! GitLab's SCIM API over HTTP, in both generations and over every store. A test names the section of the behaviour
//! that it holds: authentication, filters, create, PATCH, delete, life-cycle, groups, errors, SAML.

mod create;
mod gates;
mod group_api;
mod groups;
mod life_cycle;
mod lists;
mod patch;
mod restart;
mod saml;
mod support;

use crate::world::Behaviour;

/// All of them.
pub(crate) fn behaviours() -> impl Iterator<Item = Behaviour> {
    [
        create::BEHAVIOURS,
        gates::BEHAVIOURS,
        group_api::BEHAVIOURS,
        groups::BEHAVIOURS,
        life_cycle::BEHAVIOURS,
        lists::BEHAVIOURS,
        patch::BEHAVIOURS,
        restart::BEHAVIOURS,
        saml::BEHAVIOURS,
    ]
    .into_iter()
    .flatten()
    .copied()
}
