//! A mock identity provider: people, groups and assignments (`directory`), how each provider spells and orders
//! its requests (`persona`), the one that sends them (`provisioner`), and the HTTP client that everyone uses
//! (`exchange`) over a network that can be made bad on purpose (`fault`).

pub mod directory;
pub mod exchange;
pub mod fault;
pub mod persona;
pub mod provisioner;
