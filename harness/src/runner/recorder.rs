//! The wire of one story: everything that goes over it is kept as the transcript, every create is noted in the ledger
//! before it is sent, and a 429 is waited for where nobody else does.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::Method;
use scimspec_mock_idp::exchange::{Destination, Exchange, Origin, Request, Wire};
use serde_json::Value;

use super::ledger::Ledger;

/// All waits for 429 of one request together; then the 429 stands.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// A wire that keeps what passes.
pub struct Recorder<'a> {
    inner: &'a dyn Wire,
    ledger: &'a Ledger,
    story: usize,
    exchanges: Mutex<Vec<Exchange>>,
}

impl<'a> Recorder<'a> {
    /// Over another wire, for the story with that number.
    pub fn new(inner: &'a dyn Wire, ledger: &'a Ledger, story: usize) -> Self {
        Self { inner, ledger, story, exchanges: Mutex::new(Vec::new()) }
    }

    /// How many exchanges there have been.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// One of them.
    pub fn exchange(&self, index: usize) -> Option<Exchange> {
        self.lock().get(index).cloned()
    }

    /// The newest representation of a resource that the target showed, by its id.
    pub fn last_seen(&self, id: &str) -> Option<Value> {
        let exchanges = self.lock();
        exchanges.iter().rev().filter(|e| e.origin != Origin::Probe).find_map(|exchange| {
            let answer = exchange.result.as_ref().ok().filter(|answer| answer.is_success())?;
            let json = answer.json()?;
            let listed = json.get("Resources").and_then(Value::as_array);
            let candidates = listed.map_or_else(|| vec![&json], |list| list.iter().collect());
            candidates
                .into_iter()
                .find(|resource| resource.get("id").and_then(Value::as_str) == Some(id))
                .cloned()
        })
    }

    /// The whole transcript.
    pub fn into_exchanges(self) -> Vec<Exchange> {
        self.exchanges.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Exchange>> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn carry(&self, origin: Origin, request: Request) -> Exchange {
        let create =
            creates(&request).map(|(endpoint, name)| self.ledger.intend(&endpoint, &name, self.story));
        let mut waited = Duration::ZERO;
        loop {
            let exchange = self.inner.send(origin, request.clone()).await;
            if let Some(entry) = create {
                match &exchange.result {
                    Ok(answer) if answer.is_success() => {
                        if let Some(id) =
                            answer.json().as_ref().and_then(|json| json.get("id")).and_then(Value::as_str)
                        {
                            self.ledger.made(entry, id);
                        }
                    }
                    // A clear refusal made nothing; after anything else it may be there.
                    Ok(answer) if (400..500).contains(&answer.status) && answer.status != 429 => {
                        self.ledger.gone(entry);
                    }
                    _ => {}
                }
            }
            self.lock().push(exchange.clone());
            match retry_after(&exchange) {
                // A persona waits as its provider does; a probe backs off by itself.
                Some(time)
                    if matches!(origin, Origin::Request | Origin::Cleanup)
                        && waited + time <= LONGEST_WAIT =>
                {
                    tokio::time::sleep(time).await;
                    waited += time;
                }
                _ => return exchange,
            }
        }
    }
}

impl Wire for Recorder<'_> {
    fn send(&self, origin: Origin, request: Request) -> BoxFuture<'_, Exchange> {
        self.carry(origin, request).boxed()
    }
}

/// How long a 429 asks to wait (RFC 9110, section 10.2.3); a second where it does not say.
pub fn retry_after(exchange: &Exchange) -> Option<Duration> {
    let answer = exchange.result.as_ref().ok().filter(|answer| answer.status == 429)?;
    let seconds = answer.header("retry-after").and_then(|value| value.trim().parse().ok());
    Some(Duration::from_secs(seconds.unwrap_or(1)))
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
