//! The shapes of successful SCIM answers. What is in them is made elsewhere.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};

use crate::scim::Tag;

/// RFC 7644 section 8.1. Sent whatever the request's `Accept` says: SCIM has no other format, and a client that
/// names another by mistake is better served with this one than with 406.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/scim+json");

/// An answer with a body.
pub(crate) fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, MEDIA_TYPE);
    response
}

/// An answer about one resource: its body, or none (204, 304), and the headers that say which and in which
/// version (RFC 7644 sections 3.3 and 3.14).
pub(crate) fn resource(status: StatusCode, location: &str, tag: Tag, body: Option<String>) -> Response {
    let mut response = match body {
        Some(body) => json(status, body),
        None => empty(status),
    };
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::from_str(location) {
        headers.insert(header::LOCATION, location);
    }
    if let Ok(etag) = HeaderValue::from_str(&tag.etag()) {
        headers.insert(header::ETAG, etag);
    }
    response
}

/// The answer to OPTIONS: which methods a place knows (RFC 9110 section 9.3.7).
pub(crate) fn options(allow: &'static str) -> Response {
    let mut response = empty(StatusCode::NO_CONTENT);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
