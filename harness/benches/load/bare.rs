//! The measure of what HTTP itself costs here: an axum handler that looks nothing up and sends, for each way of reading,
//! the bytes that the reference server sent, headers included.

use std::collections::HashMap;
use std::io::Read;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use scimspec::terminal::Terminal;
use serde::{Deserialize, Serialize};

use crate::Trouble;
use crate::client::Connection;
use crate::scenario::Scenario;
use crate::stock::Stock;
use crate::target::{Kind, Target};

/// An answer as it was seen.
#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    headers: Vec<(String, String)>,
    body: String,
}

/// Starts the handler with what `origin` answers.
pub(crate) fn start(origin: &Target, stock: &Stock) -> Result<Target, Trouble> {
    let mut connection = Connection::new(origin.address);
    let mut seen = HashMap::new();
    for scenario in Scenario::ALL.into_iter().filter(|scenario| scenario.is_bare()) {
        let Some(request) = scenario.request(origin, stock) else { continue };
        let answer = connection.send(&request)?.expect(&request, scenario.statuses())?;
        // What the handler's own server adds by itself is not added twice.
        let own = ["content-length", "transfer-encoding", "connection", "date"];
        let headers = answer.head.lines().filter_map(|line| line.split_once(": "));
        let headers = headers.filter(|(name, _)| !own.contains(&name.to_ascii_lowercase().as_str()));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        seen.insert(
            scenario.slug(),
            Seen { headers, body: String::from_utf8_lossy(&answer.body).into_owned() },
        );
    }
    let file = tempfile::NamedTempFile::new()?;
    serde_json::to_writer(&file, &seen).map_err(std::io::Error::other)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--serve-bare").stdin(Stdio::from(file.reopen()?));
    Target::telling(Kind::Bare, &mut command).map_err(Trouble::Connection)
}

/// Be the handler, for the answers on standard input.
pub(crate) fn serve(terminal: &Terminal) -> Result<(), Trouble> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let seen: HashMap<String, Seen> = serde_json::from_str(&text).map_err(std::io::Error::other)?;
    let answers: HashMap<String, (HeaderMap, Bytes)> =
        seen.into_iter().map(|(slug, seen)| (slug, (headers(&seen.headers), seen.body.into()))).collect();
    let router = Router::new().route("/{slug}", get(answer)).with_state(Arc::new(answers));
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        terminal.print(&format!("http://{}\n", listener.local_addr()?));
        axum::serve(listener, router).await
    })?;
    Ok(())
}

type Answers = Arc<HashMap<String, (HeaderMap, Bytes)>>;

async fn answer(State(answers): State<Answers>, Path(slug): Path<String>) -> Response {
    match answers.get(&slug) {
        Some((headers, body)) => (headers.clone(), Body::from(body.clone())).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn headers(seen: &[(String, String)]) -> HeaderMap {
    let parsed = seen.iter().filter_map(|(name, value)| {
        Some((HeaderName::try_from(name.as_str()).ok()?, HeaderValue::try_from(value.as_str()).ok()?))
    });
    parsed.collect()
}
