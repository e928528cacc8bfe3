//! Servers on a raw socket, for everything that a decent HTTP server does not do.

use std::time::Duration;

use scimspec_mock_idp::exchange::{Client, ClientConfig};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

pub(crate) const SECRET: &str = "s3cret-token";

/// What the server does after it has read the request.
pub(crate) enum Behaviour {
    /// Sends these bytes and hangs up.
    Say(Vec<u8>),
    /// Sends these bytes, then this again and again until the client hangs up.
    Repeat(&'static [u8], &'static [u8]),
    /// Sends these bytes and then nothing, without hanging up.
    Hang(&'static [u8]),
}

/// Answers one connection; the handle gives the request as it came.
pub(crate) async fn serve(behaviour: Behaviour) -> (Url, JoinHandle<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let request = read_request(&mut stream).await;
        match behaviour {
            Behaviour::Say(bytes) => {
                // The client may have hung up already.
                let _ = stream.write_all(&bytes).await;
            }
            Behaviour::Repeat(head, chunk) => {
                let _ = stream.write_all(head).await;
                while stream.write_all(chunk).await.is_ok() {
                    tokio::task::yield_now().await;
                }
            }
            Behaviour::Hang(bytes) => {
                let _ = stream.write_all(bytes).await;
                let _ = stream.read(&mut [0]).await;
            }
        }
        request
    });
    (Url::parse(&format!("http://{address}/scim/v2")).expect("a URL"), server)
}

/// A plain answer with a JSON body.
pub(crate) fn ok(body: &str) -> Behaviour {
    Behaviour::Say(
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes(),
    )
}

/// A client with a token, 1 MiB and a time limit that no answer in these tests needs.
pub(crate) fn client(base: Url) -> Client {
    client_with(base, |_| {})
}

pub(crate) fn client_with(base: Url, change: impl FnOnce(&mut ClientConfig)) -> Client {
    let mut config = ClientConfig::new(base);
    config.authorization = Some(SecretString::from(format!("Bearer {SECRET}")));
    config.body_limit = 1 << 20;
    config.timeout = Duration::from_secs(30);
    change(&mut config);
    Client::new(config).expect("a client")
}

/// Reads the head, and the body if its length is given.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.expect("a request");
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return text;
            }
        }
        assert!(read > 0, "the client hung up in the middle of a request");
    }
}
