//! A server that answers by a script and remembers what it was sent, byte by byte: for what a scenario's steps send, and
//! for answers that no right server gives.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::Bench;

/// The server.
pub(crate) struct Scripted {
    /// Its base URL.
    pub(crate) url: String,
    script: Arc<Script>,
    /// It serves as long as this lives.
    _runtime: Runtime,
}

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Came {
    pub(crate) method: Method,
    /// Path and query below the base URL, as they came.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// How many requests the story sent before it.
    pub(crate) before: usize,
}

/// What a check showed: its id, its verdict, what came instead, and why it says what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) id: String,
    pub(crate) verdict: String,
    pub(crate) actual: String,
    pub(crate) message: String,
}

/// Status, `ETag` if any, body.
pub(crate) type Reply = (u16, Option<&'static str>, Value);
type Answers = dyn Fn(&Came) -> Reply + Send + Sync;

struct Script {
    /// Answers of the discovery endpoints; null: 404.
    discovery: Value,
    answers: Box<Answers>,
    came: Mutex<Vec<Came>>,
}

impl Scripted {
    /// It publishes this under the names of the discovery endpoints, and answers everything else by the script.
    pub(crate) fn new(discovery: Value, answers: impl Fn(&Came) -> Reply + Send + Sync + 'static) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let script = Arc::new(Script { discovery, answers: Box::new(answers), came: Mutex::default() });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&script));
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = runtime.block_on(TcpListener::bind(any_port)).unwrap();
        let url = format!("http://{}/scim/v2", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, script, _runtime: runtime }
    }

    /// What a story sent, in order, without the look at the server before it.
    pub(crate) fn came(&self) -> Vec<Came> {
        self.script.came.lock().unwrap().clone()
    }

    /// Tells a story of these steps to the server, with a token `t-1` and another tenant's `t-2`.
    pub(crate) fn told(&self, steps: &str) -> Vec<Shown> {
        let tokens = "token = { file = \"t-1\" }\n[target.other-tenant]\ntoken = { file = \"t-2\" }\n";
        self.told_with(steps, tokens)
    }

    /// The same, where the configuration says this of tokens.
    pub(crate) fn told_with(&self, steps: &str, tokens: &str) -> Vec<Shown> {
        let bench = Bench::new();
        // A story without a check is not told; this one is never sent.
        let never = "{request: GET /never, needs: ['resource-type:Never'], expect: {status: 200}, check: never, shows: [RFC7644-3.3-L7]}";
        let top = "title: A story\nallow: [load]\npeople: [ada]";
        let text = format!("{top}\nsteps:\n{}\n  - {never}\n", steps.trim_end());
        bench.file("own/story.yaml", &text);
        bench.file("t-1", "token-one");
        bench.file("t-2", "token-two");
        let config = format!("[target]\nurl = \"{}\"\n{tokens}", self.url);
        bench.file("scimspec.toml", &config);
        let flags = ["run", "--config", "scimspec.toml", "--scenarios", "own", "--only", "story/*"];
        let ended = bench.run(&[&flags[..], &["--allow", "load", "--report", "json"]].concat());
        let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
        let text = |check: &Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
        let checks = report["checks"].as_array().unwrap().iter();
        let checks = checks.filter(|check| check["id"] != "story/never");
        let shown = checks.map(|check| Shown {
            id: text(check, "id").replace("story/", ""),
            verdict: text(check, "verdict"),
            actual: text(check, "actual"),
            message: text(check, "message"),
        });
        shown.collect()
    }
}

async fn answer(
    State(script): State<Arc<Script>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = uri.to_string().replacen("/scim/v2", "", 1);
    let list = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0});
    if target == "/Users?startIndex=1&count=1" {
        return reply((200, None, list));
    }
    if matches!(target.as_str(), "/ServiceProviderConfig" | "/Schemas" | "/ResourceTypes") {
        let found = script.discovery.get(&target[1..]).cloned();
        return reply(found.map_or((404, None, json!({})), |found| (200, None, found)));
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    let came = {
        let mut all = script.came.lock().unwrap();
        let came = Came { method, target, headers, body, before: all.len() };
        all.push(came.clone());
        came
    };
    reply((script.answers)(&came))
}

fn reply((status, tag, body): Reply) -> Response {
    let status = axum::http::StatusCode::from_u16(status).unwrap();
    let mut response =
        (status, [("content-type", "application/scim+json")], body.to_string()).into_response();
    if let Some(tag) = tag {
        response.headers_mut().insert("etag", tag.parse().unwrap());
    }
    response
}
