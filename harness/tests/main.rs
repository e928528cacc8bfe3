//! The binary and the library as their users meet them, over real sockets.

#![expect(clippy::unwrap_used, reason = "the lint knows tests, but not the functions that tests share")]

mod bad_input;
mod compose;
mod conversations;
#[cfg(unix)]
mod interrupted;
mod layering;
mod lint;
mod manners;
#[cfg(unix)]
mod record;
mod recordings;
mod reference;
mod replay;
mod reports;
mod scenario_mistakes;
mod secrets;
mod stories;
mod support;
mod written_names;
