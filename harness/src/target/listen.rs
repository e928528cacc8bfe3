//! Listening: a router on an address, in plain HTTP or behind a certificate, until it is told to stop. What the
//! router answers is not known here.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

/// Who has not finished the handshake by then is hung up on.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// As many connections may wait between handshake and service.
const WAITING: usize = 64;

/// The certificate with which a server shows who it is.
#[derive(Debug, Clone)]
pub struct Tls(Arc<ServerConfig>);

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file that cannot be read, or has not in it what it should.
    #[error("{path}: there is no {what} in PEM in it: {source}", path = path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What should be in it.
        what: &'static str,
        /// Why.
        source: PemError,
    },
    /// A certificate file without a certificate.
    #[error("{path}: there is no certificate in it", path = .0.display())]
    NoCertificate(PathBuf),
    /// They do not go together.
    #[error("the certificate and the key cannot be used: {0}")]
    Unusable(#[from] tokio_rustls::rustls::Error),
}

impl Tls {
    /// Reads a chain of certificates, the server's own first, and its key, both in PEM.
    pub fn read(certificates: &Path, key: &Path) -> Result<Self, TlsError> {
        let fail = |path: &Path, what| {
            let path = path.to_owned();
            move |source| TlsError::Pem { path, what, source }
        };
        let chain = CertificateDer::pem_file_iter(certificates)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(fail(certificates, "certificate"))?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate(certificates.to_owned()));
        }
        let key = PrivateKeyDer::from_pem_file(key).map_err(fail(key, "private key"))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }

    /// What a TLS server is set up with.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0)
    }
}

/// An address at which somebody listens. What comes is kept waiting until it is served.
pub struct Bound {
    listener: TcpListener,
    tls: Option<Tls>,
    /// The address, with the port that the system chose.
    pub address: SocketAddr,
}

impl Bound {
    /// Takes the address (port 0: any free port).
    pub async fn bind(address: SocketAddr, tls: Option<Tls>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, tls, address })
    }

    /// Scheme and authority of the URLs here.
    pub fn origin(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Serves.
    pub fn serve(self, router: Router) -> Serving {
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let stopped = async move { stopped.notified().await };
        let task = match self.tls {
            None => tokio::spawn(async move {
                axum::serve(self.listener, router).with_graceful_shutdown(stopped).await
            }),
            Some(tls) => {
                let listener = TlsListener::new(self.listener, self.address, tls);
                tokio::spawn(
                    async move { axum::serve(listener, router).with_graceful_shutdown(stopped).await },
                )
            }
        };
        Serving { stop, task }
    }
}

/// A router that is being served.
pub struct Serving {
    stop: Arc<Notify>,
    task: JoinHandle<io::Result<()>>,
}

impl Serving {
    /// Answers what it has accepted, then ends.
    pub async fn stop(self) -> io::Result<()> {
        self.stop.notify_one();
        self.task.await.unwrap_or(Ok(()))
    }
}

/// Hands out connections that have shaken hands. Each does so beside the others, so that one that dawdles keeps
/// nobody waiting.
struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl TlsListener {
    fn new(mut listener: TcpListener, address: SocketAddr, tls: Tls) -> Self {
        let (sender, ready) = mpsc::channel(WAITING);
        let acceptor = TlsAcceptor::from(tls.0);
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, peer) = Listener::accept(&mut listener).await;
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    // A handshake that fails is the client's to notice.
                    if let Ok(Ok(stream)) =
                        tokio::time::timeout(HANDSHAKE_TIME, acceptor.accept(stream)).await
                    {
                        // Fails only when nobody serves any more.
                        let _ = sender.send((stream, peer)).await;
                    }
                });
            }
        });
        Self { ready, address, accepting }
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The accepting task ends with this listener and not before.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use http::Method;
    use scimspec_mock_idp::exchange::{Broken, Client, ClientConfig, Origin, Request, Wire};
    use url::Url;

    use super::*;

    struct Folder {
        folder: tempfile::TempDir,
        certificate: String,
    }

    impl Folder {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
            let certificate = made.cert.pem();
            std::fs::write(folder.path().join("cert.pem"), &certificate).unwrap();
            std::fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
            Self { folder, certificate }
        }

        fn tls(&self, certificate: &str, key: &str) -> Result<Tls, TlsError> {
            Tls::read(&self.folder.path().join(certificate), &self.folder.path().join(key))
        }
    }

    async fn get(origin: &str, trusted: Vec<Vec<u8>>) -> Result<u16, Broken> {
        let mut config = ClientConfig::new(Url::parse(origin).unwrap());
        config.extra_root_certificates = trusted;
        let client = Client::new(config).unwrap();
        let exchange = client.send(Origin::Request, Request::scim(Method::GET, "/")).await;
        exchange.result.map(|answer| answer.status)
    }

    #[tokio::test]
    async fn a_server_with_a_certificate_speaks_to_who_trusts_it_and_to_nobody_in_plain_text() {
        let folder = Folder::new();
        let tls = folder.tls("cert.pem", "key.pem").unwrap();
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let bound = Bound::bind(any_port, Some(tls)).await.unwrap();
        let port = bound.address.port();
        let router = Router::new().fallback(async || "here");
        // Who connects and says nothing keeps nobody waiting.
        let _silent = TcpStream::connect(bound.address).await.unwrap();
        let serving = bound.serve(router);
        let trusted = vec![folder.certificate.clone().into_bytes()];
        assert_eq!(get(&format!("https://localhost:{port}"), trusted).await, Ok(200));
        assert!(get(&format!("https://localhost:{port}"), Vec::new()).await.is_err());
        assert!(get(&format!("http://localhost:{port}"), Vec::new()).await.is_err());
        serving.stop().await.unwrap();
    }

    #[test]
    fn what_is_no_certificate_or_no_key_is_told_with_the_file() {
        let folder = Folder::new();
        std::fs::write(folder.folder.path().join("empty.pem"), "").unwrap();
        for (certificate, key, named) in [
            ("none.pem", "key.pem", "none.pem"),
            ("empty.pem", "key.pem", "empty.pem"),
            ("cert.pem", "cert.pem", "cert.pem: there is no private key"),
            ("cert.pem", "none.pem", "none.pem"),
        ] {
            let message = folder.tls(certificate, key).unwrap_err().to_string();
            assert!(message.contains(named), "{message}");
        }
        let other = Folder::new();
        std::fs::copy(other.folder.path().join("key.pem"), folder.folder.path().join("other.pem")).unwrap();
        assert!(matches!(folder.tls("cert.pem", "other.pem"), Err(TlsError::Unusable(_))));
    }
}
