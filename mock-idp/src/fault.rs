//! The bad network: a [`Wire`] around another that loses answers, repeats, delays or cuts. What a fault does is
//! certain, not likely: it hits the first exchanges that fit.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use http::Method;
use tokio::time::Instant;

use crate::exchange::{Broken, Destination, Exchange, Origin, Request, Wire};

/// One thing that goes wrong on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Only with requests of this method.
    pub method: Option<Method>,
    /// Only with requests whose path below the base URL starts with this, e.g. `/Users`.
    pub path_prefix: Option<String>,
    /// With how many fitting requests; after that the network is good again.
    pub times: u32,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The server acts, and its answer is lost: [`Broken::Cut`].
    LoseAnswer,
    /// The request arrives twice, one after the other; the second answer counts.
    Duplicate,
    /// The request arrives that much later. The time counts as part of the exchange.
    Delay(Duration),
    /// The request never reaches the server: [`Broken::Cut`].
    Cut,
}

/// A wire with faults. They hit the story's own traffic to the target ([`Origin::Idp`] and [`Origin::Request`]); the
/// preflight, probes and the cleanup pass unharmed. The first fault that fits a request and is not used up is the
/// only one that it meets.
///
/// The exchange that a faulty wire returns is what the client saw. Whoever wants what the server saw (both halves of
/// a duplicate) puts its own wire inside this one.
#[derive(Debug)]
pub struct Faulty<W> {
    inner: W,
    faults: Vec<(Fault, AtomicU32)>,
}

impl<W: Wire> Faulty<W> {
    /// Puts faults on a wire.
    pub fn new(inner: W, faults: Vec<Fault>) -> Self {
        let faults = faults
            .into_iter()
            .map(|fault| {
                let left = AtomicU32::new(fault.times);
                (fault, left)
            })
            .collect();
        Self { inner, faults }
    }

    /// How many fitting requests the faults still wait for: not 0 at the end of a story means that it never met one.
    pub fn left(&self) -> u32 {
        self.faults.iter().map(|(_, left)| left.load(Ordering::Relaxed)).fold(0, u32::saturating_add)
    }

    /// Uses up one time of the first fault that fits.
    fn strikes(&self, origin: Origin, request: &Request) -> Option<FaultKind> {
        if !matches!(origin, Origin::Idp | Origin::Request) {
            return None;
        }
        let Destination::Scim(path) = &request.to else { return None };
        self.faults
            .iter()
            .find(|(fault, left)| {
                fault.method.as_ref().is_none_or(|method| *method == request.method)
                    && fault.path_prefix.as_ref().is_none_or(|prefix| path.starts_with(prefix.as_str()))
                    && left
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                        .is_ok()
            })
            .map(|(fault, _)| fault.kind)
    }
}

impl<W: Wire> Wire for Faulty<W> {
    fn send(&self, origin: Origin, request: Request) -> BoxFuture<'_, Exchange> {
        Box::pin(async move {
            let (started, clock) = (SystemTime::now(), Instant::now());
            match self.strikes(origin, &request) {
                None => self.inner.send(origin, request).await,
                Some(FaultKind::LoseAnswer) => {
                    let mut exchange = self.inner.send(origin, request).await;
                    exchange.result = exchange
                        .result
                        .and_then(|_| Err(Broken::Cut("the answer was lost on the way (fault)".to_owned())));
                    exchange
                }
                Some(FaultKind::Duplicate) => {
                    self.inner.send(origin, request.clone()).await;
                    let second = self.inner.send(origin, request).await;
                    Exchange { started, took: clock.elapsed(), ..second }
                }
                Some(FaultKind::Delay(time)) => {
                    tokio::time::sleep(time).await;
                    let exchange = self.inner.send(origin, request).await;
                    Exchange { started, took: clock.elapsed(), ..exchange }
                }
                Some(FaultKind::Cut) => Exchange {
                    origin,
                    // Never sent, so no host was ever involved.
                    url: request.to.to_string(),
                    request,
                    result: Err(Broken::Cut("the request was lost on the way (fault)".to_owned())),
                    started,
                    took: clock.elapsed(),
                },
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::exchange::Answer;

    /// Answers 201 to everything and remembers what arrived.
    #[derive(Default)]
    struct Server(Mutex<Vec<String>>);

    impl Wire for Server {
        fn send(&self, origin: Origin, request: Request) -> BoxFuture<'_, Exchange> {
            let mut arrived = self.0.lock().unwrap();
            arrived.push(format!("{} {}", request.method, request.to));
            let answer =
                Answer { status: 201, headers: Vec::new(), body: format!("{}", arrived.len()).into() };
            let url = request.to.to_string();
            let exchange = Exchange {
                origin,
                request,
                url,
                result: Ok(answer),
                started: SystemTime::now(),
                took: Duration::ZERO,
            };
            Box::pin(async move { exchange })
        }
    }

    fn once(kind: FaultKind) -> Vec<Fault> {
        vec![Fault { kind, method: Some(Method::POST), path_prefix: Some("/Users".to_owned()), times: 1 }]
    }

    fn create() -> Request {
        Request::scim(Method::POST, "/Users")
    }

    #[tokio::test]
    async fn a_lost_answer_leaves_the_server_with_the_deed_done() {
        let server = Server::default();
        let wire = Faulty::new(&server, once(FaultKind::LoseAnswer));
        let exchange = wire.send(Origin::Idp, create()).await;
        assert!(matches!(exchange.result, Err(Broken::Cut(_))), "{:?}", exchange.result);
        assert_eq!(*server.0.lock().unwrap(), ["POST /Users"]);
    }

    #[tokio::test]
    async fn a_cut_request_never_arrives() {
        let server = Server::default();
        let wire = Faulty::new(&server, once(FaultKind::Cut));
        let exchange = wire.send(Origin::Idp, create()).await;
        assert!(matches!(exchange.result, Err(Broken::Cut(_))), "{:?}", exchange.result);
        assert!(server.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_duplicate_arrives_twice_and_the_second_answer_counts() {
        let server = Server::default();
        let wire = Faulty::new(&server, once(FaultKind::Duplicate));
        let exchange = wire.send(Origin::Idp, create()).await;
        assert_eq!(exchange.result.unwrap().body, "2");
        assert_eq!(*server.0.lock().unwrap(), ["POST /Users", "POST /Users"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_delay_is_part_of_the_exchange() {
        let server = Server::default();
        let wire = Faulty::new(&server, once(FaultKind::Delay(Duration::from_secs(7))));
        let exchange = wire.send(Origin::Idp, create()).await;
        assert!(exchange.took >= Duration::from_secs(7), "{:?}", exchange.took);
        assert!(exchange.result.is_ok());
    }

    #[tokio::test]
    async fn a_fault_hits_only_what_fits_and_only_so_many_times() {
        let server = Server::default();
        let wire = Faulty::new(&server, once(FaultKind::Cut));
        assert!(wire.send(Origin::Idp, Request::scim(Method::GET, "/Users")).await.result.is_ok());
        assert!(wire.send(Origin::Idp, Request::scim(Method::POST, "/Groups")).await.result.is_ok());
        assert!(wire.send(Origin::Cleanup, create()).await.result.is_ok());
        assert_eq!(wire.left(), 1);
        assert!(wire.send(Origin::Request, create()).await.result.is_err());
        assert!(wire.send(Origin::Idp, create()).await.result.is_ok());
        assert_eq!(wire.left(), 0);
    }
}
