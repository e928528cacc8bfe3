//! The wire just before the target: notes every create in the ledger before it is sent, and what became of it. It sits
//! below a bad network, so that it knows of what the server made although the answer was lost.

use futures::FutureExt;
use futures::future::BoxFuture;
use http::Method;
use scimspec_mock_idp::exchange::{Answer, Destination, Exchange, Origin, Request, Wire};
use serde_json::Value;

use super::Setting;
use super::ledger::{EntryId, Ledger, Tenant};
use crate::secrets::Secrets;

/// A wire that keeps the ledger.
pub struct Bookkeeper<'a> {
    inner: &'a dyn Wire,
    ledger: &'a Ledger,
    secrets: &'a Secrets,
    story: usize,
    tenant: Tenant,
    endpoints: &'a [String],
}

impl<'a> Bookkeeper<'a> {
    /// Over another wire, for the story with that number; resources are made at these endpoints, and in this tenant.
    pub fn new(inner: &'a dyn Wire, setting: &'a Setting, story: usize, tenant: Tenant) -> Self {
        let (ledger, secrets, endpoints) = (&setting.ledger, &setting.secrets, &setting.endpoints[..]);
        Self { inner, ledger, secrets, story, tenant, endpoints }
    }

    async fn carry(&self, origin: Origin, request: Request) -> Exchange {
        let made = creates(&request, self.endpoints);
        let intend =
            |(endpoint, name): &(String, String)| self.ledger.intend(endpoint, name, self.story, self.tenant);
        let entries: Vec<EntryId> = made.iter().map(intend).collect();
        let exchange = self.inner.send(origin, request).await;
        // What a bulk request made is found by name: its answer tells of each operation in its own way.
        if let ([entry], false) = (&entries[..], is_bulk(&exchange.request)) {
            self.note(*entry, &exchange);
        }
        exchange
    }

    fn note(&self, entry: EntryId, exchange: &Exchange) {
        match &exchange.result {
            Ok(answer) if answer.is_success() => {
                let json = answer.json().unwrap_or_default();
                // The journal is a file: an id that quotes a secret does not go into it; the thing is found by name.
                let id =
                    json.get("id").and_then(Value::as_str).map(str::to_owned).or_else(|| located(answer));
                if let Some(id) = id.filter(|id| self.secrets.scrub(id) == *id) {
                    self.ledger.made(entry, &id);
                }
            }
            // A clear refusal made nothing; after anything else it may be there.
            Ok(answer) if (400..500).contains(&answer.status) => self.ledger.gone(entry),
            _ => {}
        }
    }
}

impl Wire for Bookkeeper<'_> {
    fn send(&self, origin: Origin, request: Request) -> BoxFuture<'_, Exchange> {
        self.carry(origin, request).boxed()
    }
}

/// The id at the end of the Location header (RFC 7644, section 3.3), for a server that answers without a body.
fn located(answer: &Answer) -> Option<String> {
    let last =
        answer.header("location")?.split(['?', '#']).next()?.trim_end_matches('/').rsplit('/').next()?;
    percent_encoding::percent_decode_str(last)
        .decode_utf8()
        .ok()
        .filter(|id| !id.is_empty())
        .map(String::from)
}

/// The endpoint and the name of everything that a request would create.
fn creates(request: &Request, endpoints: &[String]) -> Vec<(String, String)> {
    let Destination::Scim(target) = &request.to else { return Vec::new() };
    let body = request.body.as_ref().and_then(|body| serde_json::from_slice::<Value>(body).ok());
    let Some(body) = body.filter(|_| request.method == Method::POST) else { return Vec::new() };
    if !is_bulk(request) {
        return created_at(target, &body, endpoints).into_iter().collect();
    }
    let operations = body.get("Operations").and_then(Value::as_array);
    let posts = operations.into_iter().flatten().filter(|operation| {
        operation
            .get("method")
            .and_then(Value::as_str)
            .is_some_and(|method| method.eq_ignore_ascii_case("POST"))
    });
    posts
        .filter_map(|operation| {
            created_at(operation.get("path")?.as_str()?, operation.get("data")?, endpoints)
        })
        .collect()
}

fn created_at(target: &str, body: &Value, endpoints: &[String]) -> Option<(String, String)> {
    let path = target.split('?').next().unwrap_or(target).trim_end_matches('/');
    let endpoint = endpoints.iter().find(|endpoint| path.eq_ignore_ascii_case(endpoint))?;
    let attribute = if endpoint == "/Users" { "userName" } else { "displayName" };
    let (_, name) = body.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(attribute))?;
    Some((endpoint.clone(), name.as_str()?.to_owned()))
}

fn is_bulk(request: &Request) -> bool {
    matches!(&request.to, Destination::Scim(target) if target.split('?').next().is_some_and(|path| path.eq_ignore_ascii_case("/Bulk")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_post_to_a_collection_creates() {
        let body = r#"{"USERNAME": "ada"}"#;
        let endpoints = ["/Users".to_owned(), "/Groups".to_owned()];
        let creates = |request: &Request| super::creates(request, &endpoints);
        let post = |target: &str| Request::scim(Method::POST, target).body(body);
        assert_eq!(creates(&post("/Users?attributes=id")), [("/Users".into(), "ada".into())]);
        assert_eq!(creates(&post("/users/")), [("/Users".into(), "ada".into())]);
        assert_eq!(creates(&post("/Users/.search")), []);
        assert_eq!(creates(&post("/Groups")), [], "a group has no userName");
        let bulk = r#"{"Operations": [{"method": "post", "path": "/Users", "data": {"userName": "ada"}},
            {"method": "DELETE", "path": "/Users/1"}]}"#;
        let bulk = Request::scim(Method::POST, "/Bulk").body(bulk);
        assert_eq!(creates(&bulk), [("/Users".into(), "ada".into())]);
        assert_eq!(creates(&Request::scim(Method::PUT, "/Users").body(body)), []);
    }
}
