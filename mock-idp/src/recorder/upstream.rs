//! The way to the recorded server: TCP, or TLS with the system's certificates and those that were given.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use url::Url;

use super::RecorderError;
use super::relay::{Incoming, Io, Outgoing, split};

/// Where the server is and how it is spoken to.
pub(super) struct Upstream {
    host: String,
    port: u16,
    /// What `Host` says there.
    pub(super) authority: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// A connection to it.
pub(super) struct ToServer {
    pub(super) incoming: Incoming,
    pub(super) outgoing: Outgoing,
    /// Since when nothing was asked on it.
    pub(super) idle_since: Instant,
}

impl Upstream {
    /// Connects to nothing yet.
    pub(super) fn new(url: &Url, certificates: &[Vec<u8>]) -> Result<Self, RecorderError> {
        let unusable = || RecorderError::Upstream(url.to_string());
        if !url.username().is_empty() || url.password().is_some() {
            return Err(RecorderError::CredentialsInUrl);
        }
        let encrypted = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(unusable()),
        };
        let shown = url.host_str().ok_or_else(unusable)?;
        let port = url.port_or_known_default().ok_or_else(unusable)?;
        let authority = url.port().map_or_else(|| shown.to_owned(), |port| format!("{shown}:{port}"));
        // An IPv6 address stands in brackets in a URL and nowhere else.
        let host = shown.trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = if encrypted {
            let name = ServerName::try_from(host.clone()).map_err(|_| unusable())?;
            Some((connector(certificates)?, name))
        } else {
            None
        };
        Ok(Self { host, port, authority, tls })
    }

    /// A fresh connection, or in words why there is none.
    pub(super) async fn connect(&self, within: Duration) -> Result<ToServer, String> {
        let connecting = async {
            let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
            stream.set_nodelay(true)?;
            let connection: Box<dyn Io> = match &self.tls {
                None => Box::new(stream),
                Some((connector, name)) => Box::new(connector.connect(name.clone(), stream).await?),
            };
            Ok::<_, std::io::Error>(connection)
        };
        match timeout(within, connecting).await {
            Ok(Ok(connection)) => {
                let (incoming, outgoing) = split(connection);
                Ok(ToServer { incoming, outgoing, idle_since: Instant::now() })
            }
            Ok(Err(error)) => Err(format!("{}: {error}", self.authority)),
            Err(_) => Err(format!("{}: no connection within {within:?}", self.authority)),
        }
    }
}

fn connector(certificates: &[Vec<u8>]) -> Result<TlsConnector, RecorderError> {
    let mut extra = Vec::new();
    for (index, pem) in certificates.iter().enumerate() {
        let bad = |why: String| RecorderError::Certificate { number: index + 1, why };
        let before = extra.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            extra.push(certificate.map_err(|error| bad(error.to_string()))?);
        }
        if extra.len() == before {
            return Err(bad("there is no certificate in it".to_owned()));
        }
    }
    let provider = Arc::new(ring::default_provider());
    let tls = |error: rustls::Error| RecorderError::Tls(error.to_string());
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(extra, Arc::clone(&provider))
        .map_err(tls)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(tls)?
        // Not less strict than usual: this is what checks certificates against the system's store.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}
