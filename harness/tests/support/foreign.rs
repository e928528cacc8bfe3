//! The reference server as a server like any other: behind a proxy that remembers what was secret and can hold an
//! answer back.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::Response;
use scimspec_mock_idp::exchange::{Answer, Client, ClientConfig, Destination, Origin, Request, Wire};
use scimspec_reference_server::deviations;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use scimspec::secrets::Secrets;
use scimspec::target::embedded::Embedded;

use super::Bench;

/// How long to wait for what a child process does next.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A SCIM token that changes in every spelling: JSON, percent-encoding, a shell.
pub(crate) const TOKEN: &str = r#"s3cr3t"to\ken/with+odd%chars&'quotes"#;
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// A reference server.
pub(crate) struct Foreign {
    runtime: Runtime,
    proxy: Arc<Proxy>,
    /// The base URL.
    pub(crate) url: String,
    /// The application administrator's token.
    pub(crate) admin: String,
    config: String,
}

/// What was said on the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    /// Every request, as `METHOD PATH?QUERY`.
    pub(crate) requests: Vec<String>,
    /// The secrets that came with requests: tokens and passwords.
    pub(crate) ours: BTreeSet<String>,
    /// The secrets that the application handed out: sessions and tokens.
    pub(crate) theirs: BTreeSet<String>,
}

/// What the proxy does to the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Nothing.
    None,
    /// It holds the answer to the create after this many back for ever.
    HoldsOneCreate(usize),
    /// From the create after this many on it holds every answer back.
    HoldsEverythingFromCreate(usize),
    /// It asks the server for all users, whatever the filter.
    IgnoresFilters,
}

/// What sits before the server.
struct Proxy {
    client: Client,
    /// The URL of the server's root.
    root: String,
    heard: Mutex<Heard>,
    habit: Habit,
    creates: AtomicUsize,
    held: mpsc::Sender<()>,
}

impl Foreign {
    /// With these deviations.
    pub(crate) fn new(slugs: &[&str]) -> Self {
        Self::behind_a_proxy(slugs, Habit::None).0
    }

    /// A server that is right, behind a proxy that is not. The receiver hears of every answer that is held back, after
    /// the server has acted.
    pub(crate) fn with_a_habit(habit: Habit) -> (Self, mpsc::Receiver<()>) {
        Self::behind_a_proxy(&[], habit)
    }

    fn behind_a_proxy(slugs: &[&str], habit: Habit) -> (Self, mpsc::Receiver<()>) {
        let runtime = runtime();
        let found = slugs.iter().map(|slug| deviations::find(slug).unwrap()).collect();
        let token = Some(SecretString::from(TOKEN));
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let embedded =
            runtime.block_on(Embedded::start(any_port, token, found, &Secrets::default())).unwrap();
        let (held, hears) = mpsc::channel();
        let root = embedded.url.as_str().trim_end_matches("/scim/v2").to_owned();
        let proxy = Arc::new(Proxy {
            client: Client::new(ClientConfig::new(embedded.url.clone())).unwrap(),
            root: root.clone(),
            heard: Mutex::default(),
            habit,
            creates: AtomicUsize::new(0),
            held,
        });
        let shown = serve(&runtime, Router::new().fallback(forward).with_state(Arc::clone(&proxy)));
        let config = embedded.config_text(Path::new("token"), Path::new("admin")).replace(&root, &shown);
        let admin = embedded.admin.expose_secret().to_owned();
        (Self { runtime, proxy, url: format!("{shown}/scim/v2"), admin, config }, hears)
    }

    /// Writes a `scimspec.toml` with access probes, its secrets in files beside it; tells its path. All of it is in the
    /// folder `config`, so that a search for secrets can leave that out.
    pub(crate) fn config(&self, bench: &Bench) -> String {
        bench.file("config/token", TOKEN);
        bench.file("config/admin", &self.admin);
        bench.file("config/scimspec.toml", &self.config)
    }

    /// What went over the wire so far.
    pub(crate) fn heard(&self) -> Heard {
        self.proxy.heard.lock().unwrap().clone()
    }

    /// Everybody and every group that is on it, as the server shows them.
    pub(crate) fn residents(&self) -> Vec<Value> {
        let all = |endpoint: &str| -> Vec<Value> {
            let list = self.send(Request::scim(Method::GET, endpoint)).json().unwrap();
            let resources = list["Resources"].as_array().cloned().unwrap_or_default();
            assert_eq!(Some(resources.len() as u64), list["totalResults"].as_u64(), "all on one page");
            resources
        };
        [all("/Users"), all("/Groups")].concat()
    }

    /// Somebody who was there before any run.
    pub(crate) fn add_resident(&self, user_name: &str) {
        let user = json!({"schemas": [USER], "userName": user_name, "active": true});
        let request = Request::scim(Method::POST, "/Users")
            .header("Content-Type", "application/scim+json")
            .body(user.to_string());
        assert_eq!(self.send(request).status, 201);
    }

    fn send(&self, request: Request) -> Answer {
        let request = request.header("Authorization", format!("Bearer {TOKEN}"));
        self.runtime.block_on(self.proxy.client.send(Origin::Request, request)).result.unwrap()
    }
}

/// A router on a free port, served until the runtime ends; tells the URL of its root.
pub(crate) fn serve(runtime: &Runtime, router: Router) -> String {
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// A runtime for a server of a test.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

async fn forward(
    State(proxy): State<Arc<Proxy>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    proxy.heard.lock().unwrap().request(&method, &uri, &headers, &body);
    let creates = method == Method::POST && uri.path() == "/scim/v2/Users";
    let is_list = method == Method::GET && uri.path() == "/scim/v2/Users";
    let ignored = is_list && proxy.habit == Habit::IgnoresFilters;
    let target = if ignored { uri.path().to_owned() } else { uri.to_string() };
    let url = format!("{}{target}", proxy.root).parse().unwrap();
    let mut request = Request { method, to: Destination::Absolute(url), headers: Vec::new(), body: None };
    for (name, value) in headers.iter().filter(|(name, _)| *name != header::CONTENT_LENGTH) {
        request = request.header(name.as_str(), value.to_str().unwrap());
    }
    if !body.is_empty() {
        request = request.body(body);
    }
    let answer = proxy.client.send(Origin::Request, request).await.result.unwrap();
    secret_members(&answer.body, &mut proxy.heard.lock().unwrap().theirs);
    if proxy.is_to_be_held(creates) {
        // The test may be over already.
        let _ = proxy.held.send(());
        return std::future::pending().await;
    }
    let mut response = Response::builder().status(answer.status);
    // The body was decompressed on its way; how long it is now is said anew.
    for (name, value) in
        answer.headers.iter().filter(|(name, _)| !name.starts_with("content-") || name == "content-type")
    {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).unwrap()
}

impl Heard {
    fn request(&mut self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) {
        self.requests.push(format!("{method} {uri}"));
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        self.ours.extend(authorization.and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned));
        secret_members(body, &mut self.ours);
    }
}

impl Proxy {
    fn is_to_be_held(&self, creates: bool) -> bool {
        let before = self.creates.fetch_add(usize::from(creates), Ordering::SeqCst);
        match self.habit {
            Habit::HoldsOneCreate(passing) => creates && before == passing,
            Habit::HoldsEverythingFromCreate(passing) => before + usize::from(creates) > passing,
            Habit::None | Habit::IgnoresFilters => false,
        }
    }
}

/// The values of members that are secrets by their names.
fn secret_members(body: &[u8], found: &mut BTreeSet<String>) {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    for (name, value) in json.as_object().into_iter().flatten() {
        let secret = ["password", "session", "token", "refresh"].iter().any(|word| name.contains(word));
        found.extend(value.as_str().filter(|_| secret).map(str::to_owned));
    }
}
