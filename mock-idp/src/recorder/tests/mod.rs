//! The recorder between a client and a server that both write and read bare bytes. What the tests share is here.

mod kept;
mod passing;
mod refusing;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use url::Url;

use super::{Happened, Limits, Passed, Recorder, Settings};

/// Nothing here takes as long; whatever does hangs.
const WATCHDOG: Duration = Duration::from_secs(20);

/// A server, the recorder before it, and what that tells.
struct Rig {
    recorder: Recorder,
    happened: mpsc::Receiver<Happened>,
    server: TcpListener,
}

impl Rig {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let server = TcpListener::bind(any_port()).await.unwrap();
        let url = format!("http://{}/base", server.local_addr().unwrap());
        let mut settings = settings(&url);
        change(&mut settings);
        let (sender, mut passing) = mpsc::channel(16);
        let recorder = Recorder::start(settings, sender).await.unwrap();
        let (sender, happened) = mpsc::channel(16);
        // Keeps at once, so that no client waits for a test that looks later.
        tokio::spawn(async move {
            while let Some(mut happening) = passing.recv().await {
                if let Happened::Passed(passed) = &mut happening {
                    passed.is_kept();
                }
                if sender.send(happening).await.is_err() {
                    return;
                }
            }
        });
        Self { recorder, happened, server }
    }

    /// A client that has said this.
    async fn client(&self, says: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.recorder.address()).await.unwrap();
        stream.write_all(says.as_bytes()).await.unwrap();
        stream
    }

    /// The server's side of the next connection.
    async fn accepted(&self) -> TcpStream {
        within(self.server.accept()).await.unwrap().0
    }

    async fn happened(&mut self) -> Happened {
        within(self.happened.recv()).await.unwrap()
    }

    async fn passed(&mut self) -> Passed {
        match self.happened().await {
            Happened::Passed(passed) => *passed,
            Happened::Refused(why) => panic!("refused: {why}"),
        }
    }
}

fn settings(upstream: &str) -> Settings {
    Settings {
        upstream: Url::parse(upstream).unwrap(),
        certificates: Vec::new(),
        listen: any_port(),
        tls: None,
        limits: Limits::default(),
        watch: None,
    }
}

fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(WATCHDOG, future).await.expect("it hangs")
}

/// Reads until what came ends so.
async fn heard(stream: &mut (impl AsyncRead + Unpin), ending: &str) -> String {
    let mut came = Vec::new();
    while !came.ends_with(ending.as_bytes()) {
        let byte = within(stream.read_u8()).await;
        came.push(byte.unwrap_or_else(|error| panic!("{error} after {:?}", String::from_utf8_lossy(&came))));
    }
    String::from_utf8(came).unwrap()
}

/// Everything until the connection ends, however it does.
async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut came = Vec::new();
    // A reset is an end too.
    let _ = within(stream.read_to_end(&mut came)).await;
    String::from_utf8(came).unwrap()
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), text: &str) {
    within(stream.write_all(text.as_bytes())).await.unwrap();
    within(stream.flush()).await.unwrap();
}
