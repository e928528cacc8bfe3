//! What a recording shows of the server: its discovery documents, and which attributes it has. Which attributes the RFC
//! has is in `attributes`.

use std::collections::BTreeSet;

use scimspec_mock_idp::exchange::{Answer, Destination, Exchange};
use serde_json::Value;

use crate::rules::{Known, Place};
use crate::secrets::Secrets;

/// So many names are remembered; a server with more shows something else than attributes.
const MOST: usize = 10_000;

/// What is known of the server.
#[derive(Debug, Default)]
pub(super) struct World {
    /// Its discovery documents.
    pub known: Known,
    /// Attributes in its answers, in lower case: endpoint and path.
    pub(super) shown: BTreeSet<(String, String)>,
}

impl World {
    /// Reads what a recording shows.
    pub(super) fn of(exchanges: &[Exchange]) -> Self {
        let known = Known::read(exchanges, Secrets::default());
        let mut world = Self { known, shown: BTreeSet::new() };
        for exchange in exchanges {
            world.see(exchange);
        }
        world
    }

    /// Whether the server showed an attribute of this path.
    pub(super) fn shows(&self, endpoint: &str, path: &str) -> bool {
        self.shown.contains(&(endpoint.to_ascii_lowercase(), path.to_ascii_lowercase()))
    }

    fn see(&mut self, exchange: &Exchange) {
        let Destination::Scim(target) = &exchange.request.to else { return };
        let path = target.split('?').next().unwrap_or_default();
        let (Place::Endpoint(endpoint) | Place::Resource(endpoint, _) | Place::Search(Some(endpoint))) =
            Place::of(path, &self.known)
        else {
            return;
        };
        let answer = exchange.result.as_ref().ok().filter(|answer| answer.is_success());
        let Some(json) = answer.and_then(Answer::json) else { return };
        let endpoint = endpoint.to_ascii_lowercase();
        match json.get("Resources").and_then(Value::as_array) {
            Some(listed) => listed.iter().for_each(|resource| self.show(&endpoint, "", resource)),
            None => self.show(&endpoint, "", &json),
        }
    }

    fn show(&mut self, endpoint: &str, prefix: &str, value: &Value) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    if self.shown.len() >= MOST {
                        return;
                    }
                    let name = name.to_ascii_lowercase();
                    if prefix.is_empty() {
                        self.shown.insert((endpoint.to_owned(), name.clone()));
                        self.show(endpoint, &name, value);
                    } else {
                        self.shown.insert((endpoint.to_owned(), format!("{prefix}.{name}")));
                    }
                }
            }
            Value::Array(items) if !prefix.is_empty() => {
                for item in items.iter().filter(|item| item.is_object()) {
                    self.show(endpoint, prefix, item);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::answer;

    #[test]
    fn what_a_server_shows_it_has() {
        let exchanges = [
            answer("GET", "/Users/1", 200, r#"{"badge":{"colour":"red"},"tags":[{"value":"a"}]}"#),
            answer("GET", "/Groups/1", 404, r#"{"detail":"no"}"#),
        ];
        let world = World::of(&exchanges);
        assert!(world.shows("Users", "BADGE.colour") && world.shows("users", "tags.value"));
        assert!(!world.shows("Groups", "badge") && !world.shows("Groups", "detail"));
    }
}
