//! The transcript of one story: everything that its provider, its requests and its probes saw, in order. A 429 is waited
//! for here where nobody else does.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use scimspec_mock_idp::exchange::{Answer, Exchange, Origin, Request, Wire};
use serde_json::Value;

/// All waits for 429 of one request together; then the 429 stands.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Keeps what passes.
#[derive(Default)]
pub struct Recorder {
    exchanges: Mutex<Vec<Exchange>>,
}

/// A wire whose traffic is recorded.
pub struct Recorded<'a> {
    recorder: &'a Recorder,
    wire: &'a dyn Wire,
    waits: bool,
}

impl Recorder {
    /// The wire, with everything that goes over it recorded.
    pub fn over<'a>(&'a self, wire: &'a dyn Wire) -> Recorded<'a> {
        Recorded { recorder: self, wire, waits: true }
    }

    /// How many exchanges there have been.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// The newest representation of a resource that the target showed, by its id.
    pub fn last_seen(&self, id: &str) -> Option<Value> {
        let exchanges = self.lock();
        // Reading a body as JSON is dear; one that does not hold the id need not be. An id that JSON could spell otherwise is
        // looked for the long way.
        let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let holds = |body: &[u8]| !plain || body.windows(id.len().max(1)).any(|part| part == id.as_bytes());
        exchanges.iter().rev().filter(|e| e.origin != Origin::Probe).find_map(|exchange| {
            let answer = exchange.result.as_ref().ok().filter(|answer| answer.is_success())?;
            if !holds(&answer.body) {
                return None;
            }
            let json = answer.json()?;
            let listed = json.get("Resources").and_then(Value::as_array);
            let candidates = listed.map_or_else(|| vec![&json], |list| list.iter().collect());
            candidates
                .into_iter()
                .find(|resource| resource.get("id").and_then(Value::as_str) == Some(id))
                .cloned()
        })
    }

    /// The last exchange from `start` on in which a probe got in.
    pub fn last_open_door(&self, start: usize) -> Option<usize> {
        let exchanges = self.lock();
        let open = |exchange: &Exchange| {
            exchange.origin == Origin::Probe && exchange.result.as_ref().is_ok_and(Answer::is_success)
        };
        (start..exchanges.len()).rev().find(|i| exchanges.get(*i).is_some_and(open))
    }

    /// Where an exchange stands, from `start` on.
    pub fn place_of(&self, exchange: &Exchange, start: usize) -> Option<usize> {
        let exchanges = self.lock();
        (start..exchanges.len()).find(|i| exchanges.get(*i) == Some(exchange))
    }

    /// The whole transcript.
    pub fn into_exchanges(self) -> Vec<Exchange> {
        self.exchanges.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Exchange>> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorded<'_> {
    /// Whether a 429 is waited for.
    #[must_use]
    pub fn waiting(self, waits: bool) -> Self {
        Self { waits, ..self }
    }

    async fn carry(&self, origin: Origin, request: Request) -> Exchange {
        let mut waited = Duration::ZERO;
        loop {
            let exchange = self.wire.send(origin, request.clone()).await;
            self.recorder.lock().push(exchange.clone());
            match retry_after(&exchange) {
                // A persona waits as its provider does; a probe backs off by itself.
                Some(time) if self.waits && origin == Origin::Request && waited + time <= LONGEST_WAIT => {
                    tokio::time::sleep(time).await;
                    waited += time;
                }
                _ => return exchange,
            }
        }
    }
}

impl Wire for Recorded<'_> {
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
