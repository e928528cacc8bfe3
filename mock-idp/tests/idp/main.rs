//! The mock identity provider from outside: one test binary, one module per part.

mod client;
mod directory;
mod entra;
mod okta;
mod provisioner;
mod script;
mod socket;
