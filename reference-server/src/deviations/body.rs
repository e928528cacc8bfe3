//! Bodies on their way past a deviation: taken in whole, read as the right server reads them, and put back byte for
//! byte unless something in them was changed. What a deviation is not about does not become another thing by its
//! having been looked at.

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, HeaderValue, header},
};
use futures::{StreamExt, stream};
use serde_json::Value;

use crate::scim::json;

/// More than any server in this crate takes; a longer body is left to the server to refuse.
const LONGEST: usize = 16 * 1024 * 1024;

/// All of a body; one that is too long, or breaks off, is given back as it came.
pub(super) async fn take(body: Body) -> Result<Bytes, Body> {
    if body.size_hint().lower() > LONGEST as u64 {
        return Err(body);
    }
    let mut pieces = body.into_data_stream();
    let mut taken = Vec::new();
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(piece) if taken.len() + piece.len() <= LONGEST => taken.extend_from_slice(&piece),
            piece => {
                let begun = stream::iter([Ok(Bytes::from(taken)), piece]);
                return Err(Body::from_stream(begun.chain(pieces)));
            }
        }
    }
    Ok(taken.into())
}

/// What a request says. Nothing if the right server would not read it, as when a key occurs twice: a server with a
/// deviation refuses it for the same reason, and is not asked what else it would make of it.
pub(super) fn read(body: &[u8]) -> Option<Value> {
    json::parse(body).ok()
}

/// JSON as a body, if it is not what this body says already.
pub(super) fn changed(body: &[u8], json: &Value) -> Option<Bytes> {
    let text = json.to_string();
    // The texts are compared, and not the values: an order that was changed is a change.
    let before = serde_json::from_slice(body).map(|before: Value| before.to_string());
    (before.ok().as_ref() != Some(&text)).then(|| Bytes::from(text))
}

/// Says in the headers of a request how long its new body is.
pub(super) fn announce(headers: &mut HeaderMap, body: &Bytes) {
    headers.remove(header::TRANSFER_ENCODING);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use axum::{Router, body::to_bytes, extract::Request, http::Method};
    use futures::future::join_all;
    use serde_json::json;
    use tower::ServiceExt;

    use super::*;
    use crate::{
        BasePath, Config, TokenHash,
        deviations::{Deviation, Seams, table, wrap},
        store::{MemoryTokens, Opened},
        token::{self, ScimTokens},
    };

    fn in_pieces(pieces: Vec<io::Result<Bytes>>) -> Body {
        Body::from_stream(stream::iter(pieces))
    }

    #[tokio::test]
    async fn a_body_is_taken_whole() {
        let body = in_pieces(vec![Ok(Bytes::from("{\"a\":")), Ok(Bytes::from(" 1}"))]);
        assert_eq!(take(body).await.unwrap(), "{\"a\": 1}");
    }

    #[tokio::test]
    async fn a_body_that_is_too_long_is_given_back_as_it_came() {
        let piece = Bytes::from(vec![b' '; LONGEST]);
        let pieces = vec![Ok(piece.clone()), Ok(Bytes::from("{")), Ok(Bytes::from("}"))];
        let given_back = take(in_pieces(pieces)).await.unwrap_err();
        let all = to_bytes(given_back, usize::MAX).await.unwrap();
        assert_eq!(all.len(), LONGEST + 2);
        assert!(all.ends_with(b"{}"));
        assert!(take(Body::from(vec![b' '; LONGEST + 1])).await.is_err());
        assert_eq!(take(Body::from(piece.clone())).await.unwrap(), piece);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_still_breaks_off() {
        let pieces = vec![Ok(Bytes::from("{")), Err(io::Error::other("gone"))];
        let given_back = take(in_pieces(pieces)).await.unwrap_err();
        assert!(to_bytes(given_back, usize::MAX).await.is_err());
    }

    #[test]
    fn what_the_right_server_does_not_read_is_not_read() {
        assert_eq!(read(br#"{"userName": "ada"}"#), Some(json!({"userName": "ada"})));
        assert_eq!(read(br#"{"userName": "ada", "userName": "grace"}"#), None);
        assert_eq!(read(b"{"), None);
    }

    #[test]
    fn only_what_says_something_else_is_a_change() {
        let body = br#"{ "title" : "\u0041", "active":true }"#;
        assert_eq!(changed(body, &json!({"title": "A", "active": true})), None);
        let other = changed(body, &json!({"title": "A", "active": false}));
        assert_eq!(other.unwrap(), r#"{"title":"A","active":false}"#);
        let turned = changed(body, &json!({"active": true, "title": "A"}));
        assert_eq!(turned.unwrap(), r#"{"active":true,"title":"A"}"#);
    }

    const USER: &str = r#"{ "schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName" : "\u0061da", "active":true }"#;
    const GROUP: &str =
        r#"{ "schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName" : "\u0045ngine" }"#;
    const PATCH: &str = r#"{ "schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations" : [{"op":"replace","path":"title","value":"\u0041"}] }"#;
    const BULK: &str = r#"{ "schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations" : [{"method":"DELETE","path":"/Users/\u0031"}] }"#;
    const SEARCH: &str =
        r#"{ "schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"count" : 1e1 }"#;

    #[tokio::test]
    async fn no_deviation_spells_anew_what_it_does_not_change() {
        let requests = [
            (Method::POST, "/Users", USER),
            (Method::PUT, "/Users/1", USER),
            (Method::PATCH, "/Users/1", PATCH),
            (Method::POST, "/Groups", GROUP),
            (Method::PUT, "/Groups/1", GROUP),
            (Method::PATCH, "/Groups/1", PATCH),
            (Method::POST, "/Bulk", BULK),
            (Method::POST, "/Users/.search", SEARCH),
            (Method::POST, "/app/admin/people", USER),
        ];
        // All at once: some wait for a race that does not come.
        let all = table().iter().flat_map(|deviation| {
            requests.iter().map(move |(method, path, body)| through(deviation, method, path, body))
        });
        join_all(all).await;
    }

    /// Sends a request through a deviation to a server that answers everything with the body of it.
    async fn through(deviation: &Deviation, method: &Method, path: &str, body: &'static str) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let echo = Router::new().fallback({
            let seen = Arc::clone(&seen);
            async move |request: Request| {
                let (parts, arrived) = request.into_parts();
                let arrived = to_bytes(arrived, usize::MAX).await.unwrap();
                seen.lock().unwrap().push((parts, arrived));
                ([(header::CONTENT_LENGTH, body.len())], body)
            }
        });
        let router = deviation.install(seams()).http.into_iter().fold(echo, wrap);
        let uri = if path.starts_with("/app") { path.to_owned() } else { format!("/scim/v2{path}") };
        let request = Request::builder().method(method.clone()).uri(uri.as_str());
        let request = request.header(header::AUTHORIZATION, "Bearer scim-token");
        let request = request.header(header::TRANSFER_ENCODING, "chunked").body(Body::from(body)).unwrap();
        let sent = request.headers().clone();
        let answer = router.oneshot(request).await.unwrap();

        let same = |bytes: &Bytes| {
            let (one, other) = (serde_json::from_slice::<Value>(bytes), serde_json::from_str::<Value>(body));
            one.is_ok_and(|one| one == other.unwrap())
        };
        for (parts, arrived) in seen.lock().unwrap().iter() {
            if parts.method == *method && parts.uri == uri.as_str() && same(arrived) {
                assert_eq!(arrived, body, "{}: {method} {path}", deviation.slug);
                assert_eq!(parts.headers, sent, "{}: {method} {path}", deviation.slug);
            }
        }
        let (parts, answered) = answer.into_parts();
        let answered = to_bytes(answered, usize::MAX).await.unwrap();
        if same(&answered) {
            assert_eq!(answered, body, "{}: the answer to {method} {path}", deviation.slug);
            let length = parts.headers.get(header::CONTENT_LENGTH);
            assert!(length.is_some_and(|length| *length == body.len().to_string()), "{}", deviation.slug);
        }
    }

    fn seams() -> Seams {
        let config = Config::single(TokenHash::of("scim-token"), TokenHash::of("admin-token"));
        let configured = token::configured(&config.tenants, &config.protocol.clock);
        let kept = Arc::new(MemoryTokens::with(configured.clone()));
        let tokens = ScimTokens::new(kept, &configured, "scim_", config.protocol.clock.clone());
        let Opened { store, accounts, .. } = Opened::in_memory();
        Seams {
            base_path: BasePath::new("/scim/v2"),
            tenants: Arc::new(config.tenants),
            tokens: Arc::new(tokens),
            store,
            accounts,
            http: Vec::new(),
        }
    }
}
