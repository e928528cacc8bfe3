//! The server as a client sees it: over HTTP, without a network.

#![expect(clippy::unwrap_used, reason = "the lint knows tests, but not the functions that tests share")]

mod accounts;
mod accounts_tenants;
mod deviations;
mod discovery;
mod errors;
mod groups;
mod lists;
mod support;
mod users;
