//! Scenario files: what stands in them (`raw`), what they mean (`model`), how one becomes the other (`lower`,
//! `lower_step`, `lower_request`, `lower_table`, `scope`), where they are found (`loader`), and what is said about mistakes (`diagnostic`).

pub mod diagnostic;
pub mod loader;
pub mod lower;
mod lower_request;
mod lower_step;
mod lower_table;
pub mod model;
pub mod raw;
mod scope;
