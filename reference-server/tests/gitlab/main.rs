//! GitLab's SCIM API over HTTP, in both generations. A test names the section of the behaviour that it holds:
//! authentication, filters, create, PATCH, delete, life-cycle, groups, errors, SAML.

#![expect(clippy::unwrap_used, reason = "the lint knows tests, but not the functions that tests share")]

mod create;
mod gates;
mod group_api;
mod groups;
mod life_cycle;
mod lists;
mod patch;
mod saml;
mod support;
