//! A server without sockets, for the targets that go over HTTP.

use axum::body::Body;
use axum::http::{Method, Request, Uri};
use scimspec_reference_server::{Config, ReferenceServer, TokenHash};
use tower::ServiceExt;

const TOKEN: &str = "fuzz";

/// Sends one request to a fresh server and looks at the status of the answer.
pub fn answered(method: Method, target: &str, body: Vec<u8>) {
    let Ok(uri) = target.parse::<Uri>() else { return };
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", "application/scim+json")
        .body(Body::from(body));
    let Ok(request) = request else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let server = ReferenceServer::new(Config::single(TokenHash::of(TOKEN), TokenHash::of("admin")));
    let answer = runtime.block_on(server.router().oneshot(request)).expect("the router answers");
    let status = answer.status().as_u16();
    assert!(status < 500 || status == 501, "{status}");
}
