//! Scenario files: what stands in them (`raw`), what they mean (`model`, `requests`, `acts`), how one becomes the other
//! (`lower` and its kin, `scope`), where they are found (`loader`), the recordings that they name (`recordings`), and what is
//! said about mistakes (`diagnostic`).

pub mod acts;
pub mod diagnostic;
pub mod loader;
pub mod lower;
mod lower_answer;
mod lower_request;
mod lower_step;
mod lower_table;
pub mod model;
pub mod raw;
pub mod recordings;
pub mod requests;
mod scope;
