//! The binary and the library as their users meet them, over real sockets.

#![expect(clippy::unwrap_used, reason = "the lint knows tests, but not the functions that tests share")]

mod bad_input;
mod scenario_mistakes;
mod secrets;
mod support;
