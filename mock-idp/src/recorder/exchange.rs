//! One request on its way to the server and its answer on the way back, both at once: a server may answer before it has
//! heard everything, and a client may wait for a word before it says everything.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::timeout;

use super::Shared;
use super::copy::Copy;
use super::framing::{Body, Framing, FramingError};
use super::head::{AnswerHead, RequestHead, end_of_head};
use super::relay::{Incoming, Outgoing, RelayError, Spelling, relay};
use crate::exchange::Broken;

/// The two connections of an exchange.
pub(super) struct Passing<'a> {
    pub(super) shared: &'a Shared,
    pub(super) head: &'a RequestHead,
    pub(super) client: (&'a mut Incoming, &'a mut Outgoing),
    pub(super) server: (&'a mut Incoming, &'a mut Outgoing),
    pub(super) stopping: &'a watch::Receiver<bool>,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Leg {
    /// The final answer, as far as it came.
    pub(super) answer: Option<(AnswerHead, Copy)>,
    /// Whether something of it has reached the client.
    pub(super) has_begun: bool,
    /// What went wrong.
    pub(super) broke: Option<Broke>,
    /// Whether the server's connection can be used again.
    pub(super) server_stays: bool,
    /// Whether the client was told that its connection ends.
    pub(super) client_closes: bool,
    /// Why there is no connection, if that was it.
    pub(super) unreached: Option<Broken>,
}

/// What went wrong with an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Broke {
    /// The client's body is not what it says.
    Client(String),
    /// The client stopped in the middle of its body.
    ClientSilent,
    /// The client hung up.
    ClientGone,
    /// The server hung up before it said anything.
    Unheard,
    /// The server's answer is none, or was cut off.
    Server(String),
    /// The server said nothing for so long.
    ServerSilent(Duration),
}

impl Passing<'_> {
    /// Passes everything that is still to come of the request, and the answer.
    pub(super) async fn pass(self, body: &mut Body, sent: &mut Copy) -> Leg {
        let mut leg = Leg::open();
        let idle = self.shared.limits.idle;
        let upstream = &self.shared.upstream;
        let head = self.head.for_server(&upstream.authority, &self.shared.place.prefix);
        let (from_client, to_client) = (&mut *self.client.0, &mut *self.client.1);
        let (from_server, to_server) = (&mut *self.server.0, &mut *self.server.1);
        let request = async {
            // A server that hangs up early may have said why: its answer is read all the same.
            if to_server.write(&head, idle).await.is_err() {
                return Ok(());
            }
            match relay(from_client, to_server, body, sent, Spelling::Same, idle).await {
                Ok(()) | Err(RelayError::To(_)) => Ok(()),
                Err(RelayError::From(_) | RelayError::Framing(FramingError::Cut)) => Err(Broke::ClientGone),
                Err(RelayError::Framing(error)) => Err(Broke::Client(error.to_string())),
                Err(RelayError::Silent(_)) => Err(Broke::ClientSilent),
            }
        };
        let answer = Answering {
            shared: self.shared,
            head: self.head,
            stopping: self.stopping,
            from: from_server,
            to: to_client,
            leg: &mut leg,
        }
        .answer();
        let broke = {
            let mut request = std::pin::pin!(request);
            let mut answer = std::pin::pin!(answer);
            tokio::select! {
                answered = &mut answer => match answered {
                    Ok(Rest::Follows) => {
                        // The answer stands, whatever becomes of the rest; without it both connections are of no more
                        // use, as the body says that is not done.
                        let _ = request.await;
                        None
                    }
                    answered => answered.err(),
                },
                said = &mut request => match said {
                    Ok(()) => answer.await.err(),
                    Err(broke) => Some(broke),
                },
            }
        };
        leg.broke = broke;
        leg.server_stays &= leg.broke.is_none() && body.is_done();
        leg
    }
}

/// What becomes of the rest of a request whose answer is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// Nobody has said that a connection ends: the client sends it, and the server reads it.
    Follows,
    /// One of the connections ends with the answer.
    IsNotAwaited,
}

/// The way back.
struct Answering<'a> {
    shared: &'a Shared,
    head: &'a RequestHead,
    stopping: &'a watch::Receiver<bool>,
    from: &'a mut Incoming,
    to: &'a mut Outgoing,
    leg: &'a mut Leg,
}

impl Answering<'_> {
    async fn answer(self) -> Result<Rest, Broke> {
        let idle = self.shared.limits.idle;
        let mut is_first = true;
        let head = loop {
            let head = self.shared.answer_head(self.from, &self.head.method, is_first).await?;
            is_first = false;
            if !head.is_interim() {
                break head;
            }
            if head.status == 101 {
                return Err(Broke::Server("it changes the protocol, which nobody asked for".to_owned()));
            }
            // HTTP/1.0 knows no interim answers (RFC 9110, section 15.2).
            if !self.head.is_old {
                self.to.write(&head.for_client(false, false), idle).await.map_err(|_| Broke::ClientGone)?;
            }
        };
        let is_plain = self.head.is_old && head.framing == Framing::Chunked;
        let spelling = if is_plain { Spelling::Plain } else { Spelling::Same };
        let ends_with_it = head.framing == Framing::UntilClose || is_plain;
        // Who waits with the body and gets a final answer may send it or not: nobody could tell what comes next.
        let undecided = self.head.awaits_continue && !self.head.framing.is_empty();
        self.leg.client_closes =
            ends_with_it || self.head.closes || *self.stopping.borrow() || (undecided && head.status >= 300);
        self.leg.server_stays = !head.closes;
        let mut body = Body::new(head.framing);
        let bytes = head.for_client(self.leg.client_closes, is_plain);
        let (_, copy) = self.leg.answer.insert((head, Copy::new(self.shared.limits.body)));
        self.leg.has_begun = true;
        self.to.write(&bytes, idle).await.map_err(|_| Broke::ClientGone)?;
        let relayed = relay(self.from, self.to, &mut body, copy, spelling, self.shared.limits.answer).await;
        relayed.map_err(|error| match error {
            RelayError::To(_) => Broke::ClientGone,
            RelayError::Silent(time) => Broke::ServerSilent(time),
            RelayError::From(error) => Broke::Server(error.to_string()),
            RelayError::Framing(error) => Broke::Server(format!("the body: {error}")),
        })?;
        let goes_on = self.leg.server_stays && !self.leg.client_closes;
        Ok(if goes_on { Rest::Follows } else { Rest::IsNotAwaited })
    }
}

impl Shared {
    /// The next head of the server's.
    async fn answer_head(
        &self,
        from: &mut Incoming,
        method: &http::Method,
        is_first: bool,
    ) -> Result<AnswerHead, Broke> {
        let wait = self.limits.answer;
        let mut seen = 0;
        loop {
            // An empty line before an answer, left over from the one before, is passed over as before a request.
            while from.held.starts_with(b"\r\n") {
                drop(from.held.split_to(2));
                seen = 0;
            }
            if let Some(end) = end_of_head(&from.held, seen) {
                let bytes: Bytes = from.held.split_to(end).freeze();
                return AnswerHead::read(&bytes, method).map_err(|error| Broke::Server(error.to_string()));
            }
            if from.held.len() > self.limits.head {
                return Err(Broke::Server("the head of its answer has no end".to_owned()));
            }
            seen = from.held.len();
            match timeout(wait, from.more()).await {
                Err(_) => return Err(Broke::ServerSilent(wait)),
                Ok(Ok(1..)) => {}
                Ok(Ok(0) | Err(_)) if is_first && from.held.is_empty() => return Err(Broke::Unheard),
                Ok(Ok(0)) => return Err(Broke::Server("it hung up in the middle of its answer".to_owned())),
                Ok(Err(error)) => return Err(Broke::Server(error.to_string())),
            }
        }
    }
}

impl Leg {
    fn open() -> Self {
        Self {
            answer: None,
            has_begun: false,
            broke: None,
            server_stays: false,
            client_closes: true,
            unreached: None,
        }
    }

    /// There was no connection to the server.
    pub(super) fn broken(broken: Broken) -> Self {
        Self { unreached: Some(broken), ..Self::open() }
    }

    /// Why there is no complete answer, as the client's side of the wire saw it.
    pub(super) fn broken_as(&self) -> Option<Broken> {
        if let Some(unreached) = &self.unreached {
            return Some(unreached.clone());
        }
        Some(match self.broke.as_ref()? {
            Broke::Client(why) => Broken::Unsendable(format!("the client's body: {why}")),
            Broke::ClientSilent => {
                Broken::Unsendable("the client stopped in the middle of its body".to_owned())
            }
            Broke::ClientGone => Broken::Cut("the client hung up before the answer was complete".to_owned()),
            Broke::Unheard => Broken::Cut("the server hung up without an answer".to_owned()),
            Broke::Server(why) => Broken::Cut(why.clone()),
            Broke::ServerSilent(time) => Broken::Timeout(*time),
        })
    }
}
