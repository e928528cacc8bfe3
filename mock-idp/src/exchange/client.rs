//! The one HTTP client. It sends what it is given and nothing of its own accord: no redirects, no retries, no proxy,
//! no cookies; it adds the target's credentials to requests that go below the target's base URL and to no others.

use std::error::Error;
use std::io::Read;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use url::Url;

use super::{Answer, Broken, Destination, Exchange, Origin, Request, Wire};

/// Idle connections are dropped before the 5 s after which Node and uvicorn hang up, so that a request seldom meets
/// a connection that is just being closed.
const IDLE: Duration = Duration::from_secs(2);

/// Where the target is and how to talk to it.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The target's base URL, `http` or `https`. Its query is dropped (Entra's `?aadOptscim062020` is meant for
    /// Entra, not for the server), as is a trailing slash.
    pub base: Url,
    /// The whole value of the `Authorization` header for requests to the target, e.g. `Bearer x`.
    pub authorization: Option<SecretString>,
    /// How long one exchange may take, from connecting to the last byte of the answer.
    pub timeout: Duration,
    /// The largest body, in bytes, that is read. A larger one is [`Broken::TooLarge`].
    pub body_limit: usize,
    /// Certificates in PEM that are trusted besides the system's.
    pub extra_root_certificates: Vec<Vec<u8>>,
}

impl ClientConfig {
    /// No credentials, 60 s (Okta's limit), 10 MiB, the system's certificates.
    pub fn new(base: Url) -> Self {
        Self {
            base,
            authorization: None,
            timeout: Duration::from_mins(1),
            body_limit: 10 << 20,
            extra_root_certificates: Vec::new(),
        }
    }
}

/// A configuration from which no client can be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Not `http` or `https`, or without a host.
    #[error("the base URL {0:?} cannot be used: give an http or https URL with a host")]
    Base(String),
    /// A name or a password in the URL, where every report would show it.
    #[error(
        "the base URL contains a user name or password: give the credentials as the Authorization header"
    )]
    CredentialsInUrl,
    /// Not a header value. The value is a secret and therefore not shown.
    #[error("the credentials contain a character that no HTTP header may contain (a line end?)")]
    Authorization,
    /// A root certificate that is not PEM.
    #[error("extra root certificate number {number} is not a certificate in PEM: {why}")]
    Certificate {
        /// Counted from 1.
        number: usize,
        /// What the parser said.
        why: String,
    },
    /// TLS could not be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Setup(String),
}

/// The HTTP client for one target.
///
/// What goes on the wire is the request as given, header values and their order included, over HTTP/1.1, with these
/// exceptions, none of which HTTP gives a meaning: header names are written in title case (`Adscimversion` for
/// `ADSCIMVersion`; names have no case, RFC 9110 section 5.1), headers of one name are kept together, `Accept: */*`
/// is added where the request has no `Accept` (the same thing by RFC 9110 section 12.5.1), `Host` and
/// `Content-Length` are added, and the credentials come last.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    authorization: Option<HeaderValue>,
    timeout: Duration,
    body_limit: usize,
}

impl Client {
    /// A client for one target. Sends nothing yet.
    pub fn new(config: ClientConfig) -> Result<Self, ClientError> {
        let base = base_text(&config.base)?;
        let authorization = config
            .authorization
            .map(|secret| {
                let mut value =
                    HeaderValue::from_str(secret.expose_secret()).map_err(|_| ClientError::Authorization)?;
                value.set_sensitive(true);
                Ok(value)
            })
            .transpose()?;
        // Fails only if a provider is there already, which is as good.
        let _already_installed = rustls::crypto::ring::default_provider().install_default();
        let http = build(&config.extra_root_certificates, config.base.scheme() == "http")?;
        Ok(Self { http, base, authorization, timeout: config.timeout, body_limit: config.body_limit })
    }

    /// The base URL as requests use it: without query, fragment and trailing slash.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The destination as a URL, and the same as text: the text is what the author wrote, and a URL that says
    /// something else (a `..` resolved, a blank encoded) is refused, since a test of the spelling would lie.
    fn url(&self, to: &Destination) -> (String, Result<Url, Broken>) {
        match to {
            Destination::Scim(target) => {
                let text = format!("{}{target}", self.base);
                let url = match Url::parse(&text) {
                    _ if !target.starts_with('/') => Err("it does not start with a slash".to_owned()),
                    Ok(url) if url.as_str() == text => Ok(url),
                    Ok(url) => Err(format!("as a URL it would become {url}")),
                    Err(error) => Err(error.to_string()),
                };
                (text, url.map_err(|why| Broken::Unsendable(format!("the path {target:?}: {why}"))))
            }
            Destination::Absolute(url) if url.username().is_empty() && url.password().is_none() => {
                (url.to_string(), Ok(url.clone()))
            }
            Destination::Absolute(url) => {
                let mut shown = url.clone();
                // Both fail only for a URL that cannot have credentials.
                let _ = shown.set_username("");
                let _ = shown.set_password(None);
                (shown.to_string(), Err(Broken::Unsendable("the URL contains credentials".to_owned())))
            }
        }
    }

    fn headers(&self, request: &Request) -> Result<HeaderMap, Broken> {
        let mut headers = HeaderMap::with_capacity(request.headers.len() + 1);
        for (name, value) in &request.headers {
            let unsendable =
                || Broken::Unsendable(format!("the header {name:?} is not one that HTTP allows"));
            let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsendable())?;
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| unsendable())?;
            if parsed == AUTHORIZATION && value.is_empty() {
                continue;
            }
            headers.append(parsed, value);
        }
        let own = request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        if let (Destination::Scim(_), Some(value), false) = (&request.to, &self.authorization, own) {
            headers.append(AUTHORIZATION, value.clone());
        }
        Ok(headers)
    }

    async fn exchange(&self, url: Url, request: &Request) -> Result<Answer, Broken> {
        let headers = self.headers(request)?;
        let asked_for_compression = headers.contains_key(http::header::ACCEPT_ENCODING);
        let mut outgoing = reqwest::Request::new(request.method.clone(), url);
        *outgoing.headers_mut() = headers;
        *outgoing.body_mut() = request.body.clone().map(reqwest::Body::from);

        let mut response = self.http.execute(outgoing).await.map_err(|error| broken(&error))?;
        let too_large = || Broken::TooLarge { limit: self.body_limit };
        if response.content_length().is_some_and(|length| length > self.body_limit as u64) {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
            if body.len() + chunk.len() > self.body_limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        let headers: Vec<_> = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let mut answer = Answer { status: response.status().as_u16(), headers, body: body.freeze() };
        if asked_for_compression {
            answer.body = self.decompressed(&answer)?;
        }
        Ok(answer)
    }

    /// The body without the coding that the answer names, if it is one of the two that Okta asks for.
    fn decompressed(&self, answer: &Answer) -> Result<Bytes, Broken> {
        let coding = answer.header("content-encoding").unwrap_or_default().to_ascii_lowercase();
        let body = answer.body.as_ref();
        if body.is_empty() {
            return Ok(Bytes::new());
        }
        match coding.trim() {
            "gzip" | "x-gzip" => self.inflated(flate2::read::MultiGzDecoder::new(body), "gzip"),
            // RFC 9110 section 8.4.1.2: some send the raw stream without the zlib wrapper.
            "deflate" => self
                .inflated(flate2::read::ZlibDecoder::new(body), "deflate")
                .or_else(|_| self.inflated(flate2::read::DeflateDecoder::new(body), "deflate")),
            _ => Ok(answer.body.clone()),
        }
    }

    fn inflated(&self, decoder: impl Read, coding: &str) -> Result<Bytes, Broken> {
        let mut plain = Vec::new();
        decoder
            .take(self.body_limit as u64 + 1)
            .read_to_end(&mut plain)
            .map_err(|error| Broken::Cut(format!("the body is not the {coding} that it claims: {error}")))?;
        if plain.len() > self.body_limit {
            return Err(Broken::TooLarge { limit: self.body_limit });
        }
        Ok(plain.into())
    }
}

impl Wire for Client {
    /// A request that brings its own `Authorization` header keeps it instead of the target's credentials; an empty
    /// one means: send none.
    fn send(&self, origin: Origin, request: Request) -> BoxFuture<'_, Exchange> {
        Box::pin(async move {
            let (started, clock) = (SystemTime::now(), Instant::now());
            let (shown, url) = self.url(&request.to);
            let result = match url {
                Ok(url) => tokio::time::timeout(self.timeout, self.exchange(url, &request))
                    .await
                    .unwrap_or(Err(Broken::Timeout(self.timeout))),
                Err(broken) => Err(broken),
            };
            Exchange { origin, request, url: shown, result, started, took: clock.elapsed() }
        })
    }
}

fn base_text(base: &Url) -> Result<String, ClientError> {
    if !base.username().is_empty() || base.password().is_some() {
        return Err(ClientError::CredentialsInUrl);
    }
    if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
        return Err(ClientError::Base(base.to_string()));
    }
    let mut base = base.clone();
    base.set_query(None);
    base.set_fragment(None);
    Ok(base.as_str().trim_end_matches('/').to_owned())
}

fn build(certificates: &[Vec<u8>], plain: bool) -> Result<reqwest::Client, ClientError> {
    let mut roots = Vec::new();
    for (index, pem) in certificates.iter().enumerate() {
        let unreadable = |why: String| ClientError::Certificate { number: index + 1, why };
        let read = reqwest::Certificate::from_pem_bundle(pem).map_err(|error| unreadable(cause(&error)))?;
        if read.is_empty() {
            return Err(unreadable("there is no certificate in it".to_owned()));
        }
        roots.extend(read);
    }
    let builder = || {
        reqwest::Client::builder()
            .http1_only()
            .http1_title_case_headers()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .tcp_nodelay(true)
            .pool_idle_timeout(IDLE)
    };
    let built = builder().tls_certs_merge(roots).build();
    match built {
        // A machine without any certificates can still test a plain-text server; https then fails when it is used.
        Err(_) if plain && certificates.is_empty() => builder().tls_certs_only([]).build(),
        other => other,
    }
    .map_err(|error| ClientError::Setup(cause(&error)))
}

fn broken(error: &reqwest::Error) -> Broken {
    let why = cause(error);
    if error.is_connect() {
        Broken::Connect(why)
    } else if error.is_builder() {
        Broken::Unsendable(why)
    } else {
        Broken::Cut(why)
    }
}

/// The innermost cause: the outer layers only say that a request failed, and name the URL, which is shown anyway.
fn cause(error: &reqwest::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
