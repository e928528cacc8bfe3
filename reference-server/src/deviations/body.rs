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
    let is_same = serde_json::from_slice::<Value>(body).is_ok_and(|before| before.to_string() == text);
    (!is_same).then(|| Bytes::from(text))
}

/// Says in the headers of a request how long its new body is.
pub(super) fn announce(headers: &mut HeaderMap, body: &Bytes) {
    headers.remove(header::TRANSFER_ENCODING);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
}

#[cfg(test)]
mod tests {
    use std::io;

    use axum::body::to_bytes;
    use serde_json::json;

    use super::*;

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
}
