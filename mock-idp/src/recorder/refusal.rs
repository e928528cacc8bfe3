//! What the recorder answers itself, where the server cannot or must not be asked: always with the body of a SCIM error
//! (RFC 7644, section 3.12), since a provider reads it.

use serde_json::json;

/// An answer of the recorder's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    reason: &'static str,
    /// What is wrong, in words for whoever reads the provider's log.
    pub(super) why: String,
}

impl Refusal {
    /// A request that HTTP does not allow, or that could be read in two ways.
    pub(super) fn bad(why: &str) -> Self {
        Self { status: 400, reason: "Bad Request", why: format!("the request is refused: {why}") }
    }

    /// Something of HTTP that is not offered.
    pub(super) fn not_done(what: &str) -> Self {
        Self { status: 501, reason: "Not Implemented", why: format!("not offered here: {what}") }
    }

    /// Another HTTP.
    pub(super) fn version() -> Self {
        let why = "only HTTP/1.1 is spoken here".to_owned();
        Self { status: 505, reason: "HTTP Version Not Supported", why }
    }

    /// A head beyond the limit.
    pub(super) fn head_too_large() -> Self {
        let why = "the head of the request is larger than is accepted".to_owned();
        Self { status: 431, reason: "Request Header Fields Too Large", why }
    }

    /// A request that does not come to its end.
    pub(super) fn slow() -> Self {
        let why = "the request did not come to its end in time".to_owned();
        Self { status: 408, reason: "Request Timeout", why }
    }

    /// The server cannot be reached, or does not speak HTTP.
    pub(super) fn bad_gateway(why: &str) -> Self {
        Self { status: 502, reason: "Bad Gateway", why: format!("the recorded server: {why}") }
    }

    /// The server does not answer.
    pub(super) fn gateway_timeout() -> Self {
        let why = "the recorded server did not answer in time".to_owned();
        Self { status: 504, reason: "Gateway Timeout", why }
    }

    /// The whole message; the connection ends with it.
    pub(super) fn message(&self, with_body: bool) -> Vec<u8> {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.to_string(),
            "detail": format!("scimspec record: {}", self.why),
        })
        .to_string();
        let head = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: application/scim+json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.status,
            self.reason,
            body.len()
        );
        if with_body { (head + &body).into_bytes() } else { head.into_bytes() }
    }
}
