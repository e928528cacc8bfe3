//! A mock identity provider: people, groups and assignments (`directory`), how each provider spells and orders
//! its requests (`persona`), the one that sends them (`provisioner`), and the HTTP client that everyone uses
//! (`exchange`) over a network that can be made bad on purpose (`fault`). What went over a wire is a `recording`; the
//! `recorder` is the reverse proxy that makes one.
//!
//! # How the parts meet
//!
//! An [`Act`](directory::Act) changes the [`Directory`](directory::Directory) and becomes
//! [`Event`](directory::Event)s; a [`Provisioner`](provisioner::Provisioner) performs each of them by asking its
//! [`Persona`](persona::Persona) what to send and telling it what came back. The persona does no I/O and has no clock,
//! so that a test can play the server to it line by line.
//!
//! # How to add a persona
//!
//! 1. Collect what the provider sends: its documentation, captures, reports. A fact without a source stays out; where
//!    sources disagree, the best one is the default and the others are options.
//! 2. Make a folder `persona/NAME/` (or a file, if it stays below 500 lines) with a struct that keeps the links between
//!    people and the server's ids, and an enum of stages: one variant per message.
//! 3. Implement `machine::Provider` for it: `plan` says which stages an event needs, `message` spells one, `heard`
//!    reads the answer and says what comes next, `throttled` decides about a 429. The queue of stages, pauses and
//!    retries are `machine`'s. Read answers with `reading`, spell requests with `writing`.
//! 4. Give every message its `source` and its `demands` (the catalogue's ids for this provider), and every spelling
//!    that RFC 7644 lets a server refuse its constant of `persona/forms.rs`.
//! 5. Word the task errors as that provider's administrator reads them.
//! 6. Add it, with its options, to the table in `persona/catalogue.rs`: name, title, provider, options with what
//!    changes and who says so.
//! 7. Add its conversations to `tests/`: one snapshot for every event, one for every option, and the table of error
//!    reactions. Compare them line by line with what you collected before accepting them.

pub mod directory;
pub mod exchange;
pub mod fault;
pub mod persona;
pub mod provisioner;
pub mod recorder;
pub mod recording;
