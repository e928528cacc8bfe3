//! scimspec: does a SCIM server do right when an identity provider creates, changes, deactivates and reactivates
//! people, and is a deactivated person really out?

pub mod access;
pub mod backoff;
pub mod calibrate;
pub mod catalogue;
pub mod cli;
pub mod compose;
pub mod coverage;
pub mod json;
pub mod judge;
pub mod lint;
pub mod observe;
pub mod profile;
pub mod reference;
pub mod replay;
pub mod report;
pub mod rules;
pub mod run;
pub mod runner;
pub mod scenario;
pub mod secrets;
pub mod snapshot;
pub mod target;
pub mod terminal;
