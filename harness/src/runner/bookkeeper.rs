//! The wire just before the target: notes every create in the ledger before it is sent, and what became of it. It sits
//! below a bad network, so that it knows of what the server made although the answer was lost.

use futures::FutureExt;
use futures::future::BoxFuture;
use http::Method;
use scimspec_mock_idp::exchange::{Destination, Exchange, Origin, Request, Wire};
use serde_json::Value;

use super::ledger::{EntryId, Ledger};
use crate::secrets::Secrets;

/// A wire that keeps the ledger.
pub(super) struct Bookkeeper<'a> {
    inner: &'a dyn Wire,
    ledger: &'a Ledger,
    secrets: &'a Secrets,
    story: usize,
}

impl<'a> Bookkeeper<'a> {
    /// Over another wire, for the story with that number.
    pub(super) fn new(inner: &'a dyn Wire, ledger: &'a Ledger, secrets: &'a Secrets, story: usize) -> Self {
        Self { inner, ledger, secrets, story }
    }

    async fn carry(&self, origin: Origin, request: Request) -> Exchange {
        let entry =
            creates(&request).map(|(endpoint, name)| self.ledger.intend(&endpoint, &name, self.story));
        let exchange = self.inner.send(origin, request).await;
        if let Some(entry) = entry {
            self.note(entry, &exchange);
        }
        exchange
    }

    fn note(&self, entry: EntryId, exchange: &Exchange) {
        match &exchange.result {
            Ok(answer) if answer.is_success() => {
                let json = answer.json().unwrap_or_default();
                // The journal is a file: an id that quotes a secret does not go into it; the thing is found by name.
                let id = json.get("id").and_then(Value::as_str).filter(|id| self.secrets.scrub(id) == *id);
                if let Some(id) = id {
                    self.ledger.made(entry, id);
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

/// The endpoint and the name of what a request would create.
fn creates(request: &Request) -> Option<(String, String)> {
    let Destination::Scim(target) = &request.to else { return None };
    if request.method != Method::POST {
        return None;
    }
    let path = target.split('?').next().unwrap_or(target).trim_end_matches('/');
    let endpoint = ["/Users", "/Groups"].into_iter().find(|endpoint| path.eq_ignore_ascii_case(endpoint))?;
    let body: Value = serde_json::from_slice(request.body.as_ref()?).ok()?;
    let attribute = if endpoint == "/Users" { "userName" } else { "displayName" };
    let (_, name) = body.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(attribute))?;
    Some((endpoint.to_owned(), name.as_str()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_post_to_a_collection_creates() {
        let body = r#"{"USERNAME": "ada"}"#;
        let post = |target: &str| Request::scim(Method::POST, target).body(body);
        assert_eq!(creates(&post("/Users?attributes=id")), Some(("/Users".into(), "ada".into())));
        assert_eq!(creates(&post("/users/")), Some(("/Users".into(), "ada".into())));
        assert_eq!(creates(&post("/Users/.search")), None);
        assert_eq!(creates(&post("/Groups")), None, "a group has no userName");
        assert_eq!(creates(&Request::scim(Method::PUT, "/Users").body(body)), None);
    }
}
