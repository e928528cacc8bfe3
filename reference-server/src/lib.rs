//! A SCIM service provider that is right.

pub mod accounts;
pub mod store;
mod token;

pub use token::{TokenError, TokenHash, generate_token};
