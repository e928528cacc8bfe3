//! The recorder: a reverse proxy over HTTP/1.1 that an identity provider can be pointed at. It passes every byte as it
//! comes and gives each finished exchange to whoever keeps them; it writes no file, and redacts nothing.
//!
//! Of what passes, it changes `Host` (to the server's own), the beginning of the path (the path of the server's URL is
//! put before it), and the fields that RFC 9110, section 7.6.1, says are about one connection only. A `meta.location`
//! stays as the server wrote it, and so leads past the recorder. No `Via` is added.

mod connection;
mod copy;
mod exchange;
mod framing;
mod head;
mod place;
mod refusal;
mod relay;
#[cfg(test)]
mod tests;
mod upstream;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use http::Method;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use url::Url;

pub use self::copy::NotKept;

use self::connection::{Connection, has_body, shaken};
use self::copy::Copy;
use self::exchange::Leg;
use self::head::RequestHead;
use self::place::Place;
use self::upstream::Upstream;
use crate::exchange::{Answer, Broken, Destination, Exchange, Origin, Request};
use crate::recording::{Entry, Place as EntryPlace};

/// What is recorded, and how.
#[derive(Clone)]
pub struct Settings {
    /// The server: its origin and a path that is put before every path.
    pub upstream: Url,
    /// Certificates in PEM that are trusted besides the system's.
    pub certificates: Vec<Vec<u8>>,
    /// Where to listen; port 0: any free port.
    pub listen: SocketAddr,
    /// The recorder's own certificate and key; none: plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
    /// How much and how long.
    pub limits: Limits,
    /// Who is told that a request begins.
    pub watch: Option<Arc<dyn Watch>>,
}

/// How much is taken and how long is waited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; more wait to be accepted.
    pub connections: usize,
    /// Bytes of a head.
    pub head: usize,
    /// Bytes of a body that are kept; a larger one passes, and is noted as not kept.
    pub body: usize,
    /// How long a client may take for a head.
    pub head_time: Duration,
    /// How long a client may say nothing, or take nothing.
    pub idle: Duration,
    /// How long connecting to the server may take.
    pub connect: Duration,
    /// How long the server may say nothing.
    pub answer: Duration,
}

/// Hears of requests when they begin, before the server has seen them.
pub trait Watch: Send + Sync {
    /// A request begins. Requests are numbered from 1 in the order in which they begin.
    fn begins(&self, number: u64, method: &Method, to: &Destination);
}

/// What the recorder has to tell.
#[derive(Debug)]
pub enum Happened {
    /// An exchange ended.
    Passed(Box<Passed>),
    /// A request was refused and not passed on: why.
    Refused(String),
}

/// An exchange that ended, well or not.
#[derive(Debug)]
pub struct Passed {
    /// Its number in the order in which requests began, from 1.
    pub number: u64,
    /// What passed, nothing redacted, with [`Origin::Recorded`]; places count from 1 in the order in which exchanges
    /// ended.
    pub entry: Entry,
    /// Why the body of the request is missing, if it is.
    pub request_body: Option<NotKept>,
    /// Why the body of the answer is missing, if it is.
    pub answer_body: Option<NotKept>,
    /// The answer without its body where that is missing: what it says in its status and fields. Nothing is redacted,
    /// whatever is taken out of the entry.
    pub unkept: Option<Answer>,
    /// The room that it takes among those that wait to be kept; free again when this goes.
    _room: Option<OwnedSemaphorePermit>,
    /// The client's connection waits for it.
    kept: Option<oneshot::Sender<()>>,
}

impl Passed {
    /// It is where a crash cannot lose it. Only now the client's connection takes its next request, so that a crash
    /// loses no more than what is in flight; dropping this says the same.
    pub fn is_kept(&mut self) {
        // Nobody waits any more where the connection was cut off.
        drop(self.kept.take());
    }
}

/// Why there is no recorder.
#[derive(Debug, thiserror::Error)]
pub enum RecorderError {
    /// The server's URL cannot be used.
    #[error("the server's URL {0:?} cannot be used: give an http or https URL with a host")]
    Upstream(String),
    /// A name or a password in it.
    #[error("the server's URL contains a user name or password: the provider sends the credentials")]
    CredentialsInUrl,
    /// A certificate to trust that is none.
    #[error("extra root certificate number {number} is not a certificate in PEM: {why}")]
    Certificate {
        /// Counted from 1.
        number: usize,
        /// What the parser said.
        why: String,
    },
    /// No TLS to the server.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// A recorder at work.
pub struct Recorder {
    address: SocketAddr,
    encrypted: bool,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<JoinSet<()>>,
    shared: Arc<Shared>,
}

/// So many bytes of exchanges may wait for whoever keeps them; then the provider waits too, since nothing may be lost.
const WAITING_BYTES: usize = 64 << 20;
/// A permit stands for so many of them.
const UNIT: usize = 1024;
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// After an error of accepting (no more file descriptors) it is tried again so much later.
const RECOVER: Duration = Duration::from_millis(100);

impl Default for Limits {
    /// 64 connections, heads of 64 KiB within 30 s, bodies of 16 MiB, 75 s of silence, 10 s to connect, 120 s for the
    /// server, which is twice what Okta waits.
    fn default() -> Self {
        Self {
            connections: 64,
            head: 64 << 10,
            body: 16 << 20,
            head_time: Duration::from_secs(30),
            idle: Duration::from_secs(75),
            connect: Duration::from_secs(10),
            answer: Duration::from_mins(2),
        }
    }
}

impl Recorder {
    /// Listens, and passes everything until it is stopped. What happened goes to `sink`; while that is full, clients
    /// wait; when nobody takes from it any more, nothing more is passed.
    pub async fn start(settings: Settings, sink: mpsc::Sender<Happened>) -> Result<Self, RecorderError> {
        let upstream = Upstream::new(&settings.upstream, &settings.certificates)?;
        let failed = |source| RecorderError::Listen { address: settings.listen, source };
        let listener = TcpListener::bind(settings.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shared = Arc::new(Shared {
            upstream,
            place: Place::new(&settings.upstream),
            limits: settings.limits,
            watch: settings.watch,
            begun: AtomicU64::new(0),
            under_way: AtomicUsize::new(0),
            room: Arc::new(Semaphore::new(WAITING_BYTES / UNIT)),
            sink: Mutex::new(Sink { to: sink, count: 0, last_end: None }),
        });
        let (stop, stopping) = watch::channel(false);
        let encrypted = settings.tls.is_some();
        let tls = settings.tls.map(TlsAcceptor::from);
        let accepting = tokio::spawn(accept(listener, tls, Arc::clone(&shared), stopping));
        Ok(Self { address, encrypted, stop, accepting, shared })
    }

    /// Where it listens, with the port that the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Scheme and authority of what a provider is pointed at.
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.encrypted { "https" } else { "http" }, self.address)
    }

    /// Accepts nothing more, finishes what is under way within `grace`, and ends. Says how many exchanges were cut off.
    pub async fn stop(self, grace: Duration) -> usize {
        // Fails only if nobody is connected and nobody accepts, which is as good.
        let _ = self.stop.send(true);
        let Ok(mut connections) = self.accepting.await else { return 0 };
        let all_ended = async { while connections.join_next().await.is_some() {} };
        if timeout(grace, all_ended).await.is_ok() {
            return 0;
        }
        let cut_off = self.shared.under_way.load(Ordering::Relaxed);
        connections.shutdown().await;
        cut_off
    }
}

async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    shared: Arc<Shared>,
    mut stopping: watch::Receiver<bool>,
) -> JoinSet<()> {
    let mut connections = JoinSet::new();
    let free = Arc::new(Semaphore::new(shared.limits.connections));
    loop {
        let accepted = async {
            // Closed by nobody.
            let place = Arc::clone(&free).acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            biased;
            _ = stopping.changed() => return connections,
            accepted = accepted => accepted,
        };
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(RECOVER).await;
            continue;
        };
        let (shared, tls, stopping) = (Arc::clone(&shared), tls.clone(), stopping.clone());
        connections.spawn(async move {
            if let Some(connection) = shaken(stream, tls.as_ref(), HANDSHAKE).await {
                Connection::new(shared, connection, stopping).serve().await;
            }
            drop(place);
        });
    }
}

/// What all connections share.
struct Shared {
    upstream: Upstream,
    place: Place,
    limits: Limits,
    watch: Option<Arc<dyn Watch>>,
    begun: AtomicU64,
    under_way: AtomicUsize,
    room: Arc<Semaphore>,
    sink: Mutex<Sink>,
}

struct Sink {
    to: mpsc::Sender<Happened>,
    count: usize,
    last_end: Option<Instant>,
}

/// An exchange that has begun; counted as under way until this goes.
struct Begun<'a> {
    number: u64,
    url: String,
    to: Destination,
    started: SystemTime,
    clock: Instant,
    under_way: &'a AtomicUsize,
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Shared {
    fn begins(&self, head: &RequestHead) -> Begun<'_> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        let (url, to) = self.place.of(&head.target);
        // A target that makes no URL (`*`) is told as it stands.
        let to = to.unwrap_or_else(|| Destination::Scim(head.target.clone()));
        if let Some(watch) = &self.watch {
            watch.begins(number, &head.method, &to);
        }
        self.under_way.fetch_add(1, Ordering::Relaxed);
        let (started, clock) = (SystemTime::now(), Instant::now());
        Begun { number, url, to, started, clock, under_way: &self.under_way }
    }

    /// Hands a finished exchange on and waits until it is kept; false: nobody takes it.
    async fn passed(
        &self,
        begun: Begun<'_>,
        head: &RequestHead,
        sent: Copy,
        is_whole: bool,
        leg: Leg,
    ) -> bool {
        let took = begun.clock.elapsed();
        let headers = head.fields();
        let (body, request_body) = match sent.finish(&headers) {
            _ if !is_whole => (None, Some(NotKept::Cut)),
            Ok(bytes) => (Some(bytes).filter(|bytes| !bytes.is_empty() && has_body(head.framing)), None),
            Err(why) => (None, Some(why)),
        };
        let request = Request { method: head.method.clone(), to: begun.to.clone(), headers, body };
        let (mut answer_body, mut unkept) = (None, None);
        let broken = leg.broken_as();
        let result = match (broken, leg.answer) {
            (Some(broken), _) => Err(broken),
            (None, None) => Err(Broken::Cut("there was no answer".to_owned())),
            (None, Some((head, came))) => {
                let headers = head.fields();
                match came.finish(&headers) {
                    Ok(body) => Ok(Answer { status: head.status, headers, body }),
                    Err(why) => {
                        let broken = match &why {
                            NotKept::TooLarge { limit } => Broken::TooLarge { limit: *limit },
                            NotKept::Coding(_) | NotKept::Cut => Broken::NotRecorded,
                        };
                        answer_body = Some(why);
                        unkept = Some(Answer { status: head.status, headers, body: bytes::Bytes::new() });
                        Err(broken)
                    }
                }
            }
        };
        let size = request.body.as_ref().map_or(0, bytes::Bytes::len)
            + result.as_ref().map_or(0, |answer| answer.body.len());
        let exchange = Exchange {
            origin: Origin::Recorded,
            request,
            url: begun.url.clone(),
            result,
            started: begun.started,
            took,
        };
        let units = u32::try_from((size / UNIT + 1).min(WAITING_BYTES / UNIT)).unwrap_or(1);
        // Closed by nobody.
        let room = Arc::clone(&self.room).acquire_many_owned(units).await.ok();
        let mut sink = self.sink.lock().await;
        sink.count += 1;
        let pause = sink.last_end.map_or(Duration::ZERO, |end| begun.clock.saturating_duration_since(end));
        sink.last_end = Some(begun.clock + took);
        let entry = Entry {
            place: EntryPlace::Entry(sink.count),
            exchange,
            pause,
            assertions: Vec::new(),
            captures: Vec::new(),
        };
        let (kept, is_kept) = oneshot::channel();
        let kept = Some(kept);
        let number = begun.number;
        let passed = Passed { number, entry, request_body, answer_body, unkept, _room: room, kept };
        let is_taken = sink.to.send(Happened::Passed(Box::new(passed))).await.is_ok();
        drop(sink);
        // Nothing is ever sent: that the other end goes is the word.
        let _ = is_kept.await;
        is_taken
    }

    async fn refused(&self, why: &str) {
        // When nobody listens any more, there is nobody to tell.
        let _ = self.sink.lock().await.to.send(Happened::Refused(why.to_owned())).await;
    }
}
