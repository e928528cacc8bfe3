//! One client's connection: its requests one after the other, each passed to the server and answered before the next
//! is looked at. What the bytes of a head or a body mean is not known here.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use super::Shared;
use super::exchange::{Broke, Leg, Passing};
use super::framing::{Body, Framing};
use super::head::{RequestHead, end_of_head, has_bare_line_end};
use super::refusal::Refusal;
use super::relay::{Incoming, Io, Outgoing, split};
use super::upstream::ToServer;
use crate::exchange::Broken;

/// Idle connections to the server are dropped before the 5 s after which Node and uvicorn hang up, so that a request
/// seldom meets a connection that is just being closed.
const IDLE_TO_SERVER: Duration = Duration::from_secs(2);
/// So long what a client still sends is thrown away after a refusal, lest the refusal be lost with it.
const LINGER: Duration = Duration::from_secs(1);
/// And so much of it.
const LINGER_BYTES: usize = 1 << 20;

/// A client's connection, and the one to the server that belongs to it.
pub(super) struct Connection {
    shared: Arc<Shared>,
    incoming: Incoming,
    outgoing: Outgoing,
    to_server: Option<ToServer>,
    stopping: watch::Receiver<bool>,
    /// Whether the client may still be sending what nobody reads.
    lingers: bool,
}

impl Connection {
    /// Nothing has come on it yet.
    pub(super) fn new(shared: Arc<Shared>, connection: Box<dyn Io>, stopping: watch::Receiver<bool>) -> Self {
        let (incoming, outgoing) = split(connection);
        Self { shared, incoming, outgoing, to_server: None, stopping, lingers: false }
    }

    /// Serves it until one side has had enough.
    pub(super) async fn serve(mut self) {
        loop {
            match self.next_head().await {
                Ok(None) => break,
                Ok(Some(head)) => {
                    if !self.exchange(head).await {
                        break;
                    }
                }
                Err(refusal) => {
                    self.shared.refused(&refusal.why).await;
                    self.refuse(&refusal, true).await;
                    break;
                }
            }
        }
        self.end().await;
    }

    /// The next request's head; none: there is no next request.
    async fn next_head(&mut self) -> Result<Option<RequestHead>, Refusal> {
        if !self.anything_comes().await {
            return Ok(None);
        }
        let limits = &self.shared.limits;
        let deadline = Instant::now() + limits.head_time;
        let mut seen = 0;
        loop {
            // An empty line before a request is passed over (RFC 9112, section 2.2).
            while self.incoming.held.starts_with(b"\r\n") {
                drop(self.incoming.held.split_to(2));
                seen = 0;
            }
            let held = &self.incoming.held;
            if let Some(end) = end_of_head(held, seen) {
                if end > limits.head {
                    return Err(Refusal::head_too_large());
                }
                let bytes: Bytes = self.incoming.held.split_to(end).freeze();
                return RequestHead::read(&bytes).map(Some);
            }
            if held.len() > limits.head {
                return Err(Refusal::head_too_large());
            }
            if has_bare_line_end(held) {
                return Err(Refusal::bad("a line of the head ends without CR LF"));
            }
            seen = held.len();
            match timeout_at(deadline, self.incoming.more()).await {
                Err(_) => return Err(Refusal::slow()),
                Ok(Ok(1..)) => {}
                // Gone in the middle of a head, or before it: there is nobody to answer.
                Ok(Ok(0) | Err(_)) => return Ok(None),
            }
        }
    }

    /// Waits for the first byte of a request. A server that hangs up meanwhile is noticed.
    async fn anything_comes(&mut self) -> bool {
        let deadline = Instant::now() + self.shared.limits.idle;
        while self.incoming.held.is_empty() {
            let is_over = *self.stopping.borrow();
            if is_over {
                return false;
            }
            let to_server = &mut self.to_server;
            let server_ends = async {
                match to_server {
                    Some(connection) => {
                        let last = connection.idle_since + IDLE_TO_SERVER;
                        // Nothing was asked: whatever comes, the end included, the connection is of no more use.
                        drop(timeout_at(last, connection.incoming.more()).await);
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                read = timeout_at(deadline, self.incoming.more()) => match read {
                    Ok(Ok(1..)) => {}
                    _ => return false,
                },
                () = server_ends => self.to_server = None,
                changed = self.stopping.changed() => if changed.is_err() { return false },
            }
        }
        true
    }

    /// The connection to the server that was used before, if that has not hung up on it: what is not safe cannot be sent
    /// again when nobody knows whether it arrived.
    async fn pooled(&mut self) -> Option<ToServer> {
        let mut server = self.to_server.take()?;
        // A hang-up that has come is seen only when the runtime has looked at its connections.
        tokio::task::yield_now().await;
        tokio::select! {
            biased;
            // Nothing was asked: whatever comes, the connection is of no more use.
            _ = server.incoming.more() => None,
            () = std::future::ready(()) => Some(server),
        }
    }

    /// Passes one request and its answer; false: the connection ends with it.
    async fn exchange(&mut self, head: RequestHead) -> bool {
        let shared = Arc::clone(&self.shared);
        let begun = shared.begins(&head);
        let mut sent = super::copy::Copy::new(shared.limits.body);
        let mut body = Body::new(head.framing);
        let (leg, keeps) = loop {
            let (mut server, is_used) = match self.pooled().await {
                Some(server) => (server, true),
                None => match shared.upstream.connect(shared.limits.connect).await {
                    Ok(server) => (server, false),
                    Err(why) => {
                        let refusal = Refusal::bad_gateway("it cannot be reached");
                        self.refuse(&refusal, head.method != http::Method::HEAD).await;
                        break (Leg::broken(Broken::Connect(why)), false);
                    }
                },
            };
            let leg = Passing {
                shared: &shared,
                head: &head,
                client: (&mut self.incoming, &mut self.outgoing),
                server: (&mut server.incoming, &mut server.outgoing),
                stopping: &self.stopping,
            }
            .pass(&mut body, &mut sent)
            .await;
            if is_used && head.is_repeatable() && leg.broke == Some(Broke::Unheard) {
                // The server hung up just when it was asked: it never saw the request.
                continue;
            }
            let keeps = self.settle(&head, &leg, body.is_done()).await;
            if keeps && leg.server_stays && server.incoming.held.is_empty() {
                server.idle_since = Instant::now();
                self.to_server = Some(server);
            }
            break (leg, keeps);
        };
        let is_whole = body.is_done();
        keeps & shared.passed(begun, &head, sent, is_whole, leg).await
    }

    /// What a client hears of an exchange that broke, and whether its connection goes on.
    async fn settle(&mut self, head: &RequestHead, leg: &Leg, is_sent: bool) -> bool {
        let refusal = match &leg.broke {
            None => {
                self.lingers |= !is_sent;
                return is_sent && !leg.client_closes;
            }
            // The answer has begun: that it is cut off is all that can be said.
            Some(_) if leg.has_begun => return false,
            Some(Broke::Client(_)) => Refusal::bad("its body does not come as it says"),
            Some(Broke::ClientSilent) => Refusal::slow(),
            Some(Broke::ClientGone) => return false,
            Some(Broke::Unheard | Broke::Server(_)) => Refusal::bad_gateway("its answer cannot be used"),
            Some(Broke::ServerSilent(_)) => Refusal::gateway_timeout(),
        };
        self.refuse(&refusal, head.method != http::Method::HEAD).await;
        false
    }

    /// Answers by itself; the connection is of no use afterwards.
    async fn refuse(&mut self, refusal: &Refusal, with_body: bool) {
        let idle = self.shared.limits.idle;
        // A client that has gone hears nothing.
        let written = self.outgoing.write(&refusal.message(with_body), idle).await;
        self.lingers = written.is_ok();
    }

    /// Ends the connection. What is unread when one is closed destroys what was just written (RFC 9112, section 9.6).
    async fn end(mut self) {
        self.outgoing.close(LINGER).await;
        if !self.lingers {
            return;
        }
        let until = Instant::now() + LINGER;
        let mut left = LINGER_BYTES;
        while left > 0 {
            let Ok(Ok(read @ 1..)) = timeout_at(until, self.incoming.more()).await else { break };
            left = left.saturating_sub(read);
            self.incoming.held.clear();
        }
    }
}

/// Takes a connection's TLS handshake; none: there was no agreement in time.
pub(super) async fn shaken(
    stream: tokio::net::TcpStream,
    tls: Option<&tokio_rustls::TlsAcceptor>,
    within: Duration,
) -> Option<Box<dyn Io>> {
    stream.set_nodelay(true).ok()?;
    match tls {
        None => Some(Box::new(stream)),
        Some(acceptor) => {
            let stream = timeout(within, acceptor.accept(stream)).await.ok()?.ok()?;
            Some(Box::new(stream))
        }
    }
}

/// Whether something was sent that has an end of its own.
pub(super) fn has_body(framing: Framing) -> bool {
    !framing.is_empty()
}
