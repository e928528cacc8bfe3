//! The server as a client sees it: over HTTP, without a network.

#![expect(clippy::unwrap_used, reason = "the lint knows tests, but not the functions that tests share")]

mod accounts;
mod accounts_tenants;
mod bulk;
mod cursors;
mod definitions;
mod deviations;
mod deviations_errors;
mod deviations_exposed;
mod deviations_groups;
mod deviations_lists;
mod deviations_patch;
mod deviations_people;
mod deviations_resources;
mod deviations_support;
mod deviations_whole;
mod discovery;
mod errors;
mod groups;
mod lists;
mod me;
mod oauth;
mod patch_rows;
mod profiles;
mod resource_rows;
mod rights;
mod search;
mod soak;
mod sorting;
mod support;
mod table_rows;
mod users;
