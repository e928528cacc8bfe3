//! A recorded request made ready for another server: no header that belongs to the old connection or carries its
//! credentials, names filled in and made unique, a made-up password where the recording has none any more. Ids are not
//! its business.

use std::collections::BTreeMap;

use scimspec_mock_idp::exchange::{Answer, Request};
use scimspec_mock_idp::recording::Entry;
use serde_json::Value;

use super::Room;
use super::unique::Unique;
use super::variables::Variables;
use crate::runner::names::Names;
use crate::secrets::Secrets;

/// Headers of a connection (RFC 9110, section 7.6.1), of proxies, and those that the client writes itself.
const OF_THE_CONNECTION: [&str; 18] = [
    "host",
    "content-length",
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
    "via",
    "forwarded",
    "x-real-ip",
    "cookie",
    "x-api-key",
    "x-ms-client-principal",
    "authorization",
];
/// Codings that the client can undo.
const CODINGS: [&str; 4] = ["gzip", "x-gzip", "deflate", "identity"];
/// A token that no server can have given out.
const WRONG_TOKEN: &str = "Bearer this-is-not-a-token-of-this-server";

/// Whether `{{name}}` in a request stands for something: in suites and collections. What really went over a wire may hold
/// such text, and then means it.
fn may_hold_variables(entry: &Entry) -> bool {
    let exchange = &entry.exchange;
    exchange.result.is_err()
        || !entry.assertions.is_empty()
        || !entry.captures.is_empty()
        || exchange.request.to.to_string().contains("{{")
}

/// Makes requests ready.
pub(super) struct Preparer {
    unique: Option<Unique>,
    /// The names in double braces.
    pub(super) variables: Variables,
    password: String,
    secrets: Secrets,
}

impl Preparer {
    /// For one server; names in lower case that are to be unique, if any are.
    pub(super) fn new(room: &Room<'_>, given: &BTreeMap<String, String>, unique: Option<Unique>) -> Self {
        let names = Names::new(room.run, room.story, room.domain);
        let password = names.person("replay").password;
        room.secrets.add(&password);
        let variables = Variables::new(given.clone(), names, room.base, room.secrets.clone());
        Self { unique, variables, password, secrets: room.secrets.clone() }
    }

    /// The request of a recorded exchange.
    pub(super) fn request(&mut self, entry: &Entry) -> Request {
        let recorded = &entry.exchange.request;
        let mut request = recorded.clone();
        if may_hold_variables(entry) {
            self.variables.request(&mut request);
        }
        request.headers = headers(&request.headers);
        // The recorded client was not let in, and whoever comes in its place must not be either.
        if entry.exchange.result.as_ref().is_ok_and(|answer| answer.status == 401) || demands_401(entry) {
            let sent = recorded.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
            let value = if sent { WRONG_TOKEN } else { "" };
            request.headers.push(("Authorization".to_owned(), value.to_owned()));
        }
        if let Some(unique) = &self.unique {
            unique.request(&mut request);
        }
        self.passwords(&mut request);
        request
    }

    /// The body of a recorded answer, as it would be with the names of this replay.
    pub(super) fn expected(&self, answer: &Answer) -> Option<Value> {
        let mut json = answer.json()?;
        if let Some(unique) = &self.unique {
            unique.json(&mut json);
        }
        Some(json)
    }

    /// A name as this replay sends it.
    pub(super) fn name(&self, name: &str) -> String {
        self.unique.as_ref().and_then(|unique| unique.name(name)).unwrap_or_else(|| name.to_owned())
    }

    fn passwords(&self, request: &mut Request) {
        let Some(body) = &request.body else { return };
        // Reading every body for the few that have one would be dear.
        if !body.to_ascii_lowercase().windows(8).any(|part| part == b"password") {
            return;
        }
        let Ok(mut json) = serde_json::from_slice::<Value>(body) else { return };
        let before = json.clone();
        self.replace_passwords(&mut json);
        if json != before {
            request.body = Some(json.to_string().into());
        }
    }

    fn replace_passwords(&self, json: &mut Value) {
        let is_password = |name: &str| name.to_ascii_lowercase().ends_with("password");
        match json {
            Value::Array(items) => items.iter_mut().for_each(|item| self.replace_passwords(item)),
            Value::Object(members) => {
                let by_path = members.iter().any(|(key, value)| {
                    key.eq_ignore_ascii_case("path") && value.as_str().is_some_and(is_password)
                });
                for (key, value) in members {
                    let its = is_password(key) || (by_path && key.eq_ignore_ascii_case("value"));
                    match value {
                        Value::String(text) if its && is_redacted(text) => text.clone_from(&self.password),
                        Value::String(text) if its => self.secrets.add(text),
                        other => self.replace_passwords(other),
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether a recorded text stands for one that was taken out.
pub(super) fn is_redacted(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains("redacted")
        || lower == "[secret]"
        || (text.len() > 2 && text.bytes().all(|byte| byte == b'*'))
}

fn headers(recorded: &[(String, String)]) -> Vec<(String, String)> {
    let mut headers = Vec::with_capacity(recorded.len());
    // RFC 9110, section 7.6.1: Connection names further headers of the connection.
    let named: Vec<String> = recorded
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("connection"))
        .flat_map(|(_, value)| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    for (name, value) in recorded {
        let lower = name.to_ascii_lowercase();
        let dropped = OF_THE_CONNECTION.contains(&lower.as_str())
            || named.contains(&lower)
            // HTTP/2 writes the request line as headers that begin with a colon.
            || lower.starts_with(':')
            || lower.starts_with("x-forwarded-")
            || is_redacted(value);
        if dropped {
            continue;
        }
        if lower == "accept-encoding" {
            let known = |coding: &&str| {
                CODINGS.iter().any(|known| coding.split(';').next().is_some_and(|name| name.trim() == *known))
            };
            let kept: Vec<&str> = value.split(',').filter(known).map(str::trim).collect();
            if !kept.is_empty() {
                headers.push((name.clone(), kept.join(",")));
            }
            continue;
        }
        headers.push((name.clone(), value.clone()));
    }
    headers
}

/// A suite that wants to be refused says so in what it demands.
fn demands_401(entry: &Entry) -> bool {
    use scimspec_mock_idp::recording::{Comparison, Part};
    entry.assertions.iter().any(|assertion| {
        assertion.part == Part::Status
            && matches!(assertion.comparison, Comparison::Equal | Comparison::EqualNumber)
            && (assertion.value == 401 || assertion.value == "401")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(recorded: &[(&str, &str)]) -> Vec<String> {
        let recorded: Vec<_> =
            recorded.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        headers(&recorded).into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn only_suites_and_collections_mean_something_by_braces() {
        use std::time::{Duration, SystemTime};

        use scimspec_mock_idp::exchange::{Broken, Exchange, Origin};
        use scimspec_mock_idp::recording::{Capture, Part, Place};

        let entry = |target: &str, result: Result<Answer, Broken>| Entry {
            place: Place::Entry(1),
            exchange: Exchange {
                origin: Origin::Recorded,
                request: Request::scim(http::Method::POST, target).body(r#"{"title": "Head of {{stuff}}"}"#),
                url: String::new(),
                result,
                started: SystemTime::UNIX_EPOCH,
                took: Duration::ZERO,
            },
            pause: Duration::ZERO,
            assertions: Vec::new(),
            captures: Vec::new(),
        };
        let made = || Ok(Answer { status: 201, headers: Vec::new(), body: bytes::Bytes::new() });
        assert!(!may_hold_variables(&entry("/Users", made())));
        assert!(may_hold_variables(&entry("/Users", Err(Broken::NotRecorded))));
        assert!(may_hold_variables(&entry("/Users/{{id}}", made())));
        let captures = vec![Capture { name: "id".to_owned(), part: Part::Status }];
        assert!(may_hold_variables(&Entry { captures, ..entry("/Users", made()) }));
    }

    #[test]
    fn what_belongs_to_the_connection_or_was_taken_out_is_not_sent() {
        let headers = kept(&[
            ("Host", "old.example"),
            (":authority", "old.example"),
            ("Content-Length", "3"),
            ("Connection", "keep-alive, X-Hop"),
            ("X-Hop", "1"),
            ("Authorization", "Bearer x"),
            ("X-Forwarded-For", "192.0.2.1"),
            ("X-Custom", "[redacted]"),
            ("User-Agent", "Okta SCIM Client 1.0.0"),
            ("Accept-Encoding", "gzip, br;q=0.5,deflate"),
            ("Content-Type", "application/scim+json; charset=utf-8"),
        ]);
        assert_eq!(
            headers,
            [
                "User-Agent: Okta SCIM Client 1.0.0",
                "Accept-Encoding: gzip,deflate",
                "Content-Type: application/scim+json; charset=utf-8"
            ]
        );
    }

    #[test]
    fn what_stands_for_something_else() {
        assert!(is_redacted("[redacted]") && is_redacted("******") && is_redacted("<REDACTED>"));
        assert!(!is_redacted("") && !is_redacted("x7Qm2ryP"));
    }
}
