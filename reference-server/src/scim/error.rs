//! The one error of the protocol core, in the shape that RFC 7644 section 3.12 puts on the wire.

use std::fmt;

use serde_json::{Value, json};

/// The schema URN of an error message (RFC 7644 section 3.12).
pub const URN: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Why a request was refused: an HTTP status, a keyword where the RFC has one, and a text for a person that
/// says what is wrong, where, and what to do. The text never carries a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status}{}: {detail}", .scim_type.map(|t| format!(" {t}")).unwrap_or_default())]
pub struct Error {
    /// The HTTP status.
    pub status: u16,
    /// The keyword of RFC 7644 Table 9, where one fits.
    pub scim_type: Option<ScimType>,
    /// For a person to read.
    pub detail: String,
}

/// The keywords of RFC 7644 Table 9 and RFC 9865 Table 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScimType {
    /// The filter is malformed, or compares what cannot be compared.
    InvalidFilter,
    /// The filter yields more than the server is willing to work on.
    TooMany,
    /// A value that must be unique is taken.
    Uniqueness,
    /// The change is not compatible with the attribute's mutability or with its being required.
    Mutability,
    /// The body is not a valid message.
    InvalidSyntax,
    /// The PATCH path is malformed or names nothing that the schema defines.
    InvalidPath,
    /// The PATCH path yields nothing that could be operated on.
    NoTarget,
    /// A required value is missing, or a value does not fit its attribute.
    InvalidValue,
    /// The protocol version is not supported.
    InvalidVers,
    /// The request carries sensitive information in its URI (RFC 7644 section 7.5.2).
    Sensitive,
    /// The cursor is none that the server gave for this query (RFC 9865 section 2.1).
    InvalidCursor,
    /// The cursor's time is over (RFC 9865 section 2.1).
    ExpiredCursor,
    /// The count is no count, or another one than that of the first page (RFC 9865 section 2.1).
    InvalidCount,
}

impl Error {
    /// An error with the given status, keyword and text.
    pub fn new(status: u16, scim_type: Option<ScimType>, detail: impl Into<String>) -> Self {
        Self { status, scim_type, detail: detail.into() }
    }

    /// 400 `invalidFilter`.
    pub fn invalid_filter(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::InvalidFilter), detail)
    }

    /// 400 `tooMany`.
    pub fn too_many(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::TooMany), detail)
    }

    /// 409 `uniqueness` (RFC 7644 section 3.3).
    pub fn uniqueness(detail: impl Into<String>) -> Self {
        Self::new(409, Some(ScimType::Uniqueness), detail)
    }

    /// 400 `mutability`.
    pub fn mutability(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::Mutability), detail)
    }

    /// 400 `invalidSyntax`.
    pub fn invalid_syntax(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::InvalidSyntax), detail)
    }

    /// 400 `invalidPath`.
    pub fn invalid_path(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::InvalidPath), detail)
    }

    /// 400 `noTarget`.
    pub fn no_target(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::NoTarget), detail)
    }

    /// 400 `invalidValue`.
    pub fn invalid_value(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::InvalidValue), detail)
    }

    /// 400 `invalidVers`.
    pub fn invalid_vers(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::InvalidVers), detail)
    }

    /// 403 `sensitive`.
    pub fn sensitive(detail: impl Into<String>) -> Self {
        Self::new(403, Some(ScimType::Sensitive), detail)
    }

    /// 401: the credentials are missing or not accepted.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(401, None, detail)
    }

    /// 403: the operation is not permitted.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(403, None, detail)
    }

    /// 404: there is no such resource or endpoint.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(404, None, detail)
    }

    /// 405: the endpoint does not know the method.
    pub fn method_not_allowed(detail: impl Into<String>) -> Self {
        Self::new(405, None, detail)
    }

    /// 412: the resource is no longer the version that the client named.
    pub fn precondition_failed(detail: impl Into<String>) -> Self {
        Self::new(412, None, detail)
    }

    /// 413: the request is larger than the server takes.
    pub fn payload_too_large(detail: impl Into<String>) -> Self {
        Self::new(413, None, detail)
    }

    /// 415: the body is in a format that the server does not read.
    pub fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::new(415, None, detail)
    }

    /// 500: the server failed.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(500, None, detail)
    }

    /// 501: the server does not have the operation.
    pub fn not_implemented(detail: impl Into<String>) -> Self {
        Self::new(501, None, detail)
    }

    /// The body of the answer. `status` is a JSON string (RFC 7644 section 3.12).
    pub fn to_json(&self) -> Value {
        let mut body = json!({"schemas": [URN], "status": self.status.to_string()});
        if let Some(scim_type) = self.scim_type {
            body["scimType"] = json!(scim_type.as_str());
        }
        body["detail"] = json!(self.detail);
        body
    }

    /// The same error, its text led by where it happened (`Operations[1]`, say).
    #[must_use]
    pub(crate) fn at(mut self, place: impl fmt::Display) -> Self {
        self.detail = format!("{place}: {}", self.detail);
        self
    }
}

impl ScimType {
    /// The keyword as it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
            Self::Sensitive => "sensitive",
            Self::InvalidCursor => "invalidCursor",
            Self::ExpiredCursor => "expiredCursor",
            Self::InvalidCount => "invalidCount",
        }
    }
}

impl fmt::Display for ScimType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What stands at `offset` of `text`, quoted and short, for a message: ` at byte 9, "regex \".*\""`. Only the
/// offset where the text speaks of a password, which must not come back in an error.
pub(crate) fn excerpt(text: &str, offset: usize) -> String {
    const CHARS: usize = 24;
    if text.to_ascii_lowercase().contains("password") {
        return format!("at byte {offset}");
    }
    match text.get(offset..) {
        None | Some("") => format!("at byte {offset}, the end"),
        Some(rest) => {
            let shown: String = rest.chars().take(CHARS).collect();
            let dots = if shown.len() < rest.len() { "..." } else { "" };
            format!("at byte {offset}, {shown:?}{dots}")
        }
    }
}

/// A client's own word (a name, a URN) for a message: quoted, control characters escaped, short.
pub(crate) fn quoted(word: &str) -> String {
    const CHARS: usize = 80;
    let shown: String = word.chars().take(CHARS).collect();
    let dots = if shown.len() < word.len() { "..." } else { "" };
    format!("{shown:?}{dots}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc7644_3_12_status_is_a_string_and_the_urn_is_there() {
        assert_eq!(
            Error::invalid_filter("no").to_json(),
            json!({"schemas": [URN], "status": "400", "scimType": "invalidFilter", "detail": "no"})
        );
        assert_eq!(
            Error::not_found("gone").to_json(),
            json!({"schemas": [URN], "status": "404", "detail": "gone"})
        );
    }

    #[test]
    fn an_excerpt_is_short_escaped_and_silent_about_passwords() {
        assert_eq!(excerpt("userName zz \"x\"", 9), r#"at byte 9, "zz \"x\"""#);
        assert_eq!(excerpt("a\u{1b}[0m", 1), r#"at byte 1, "\u{1b}[0m""#);
        assert_eq!(excerpt("a", 1), "at byte 1, the end");
        assert_eq!(excerpt("PassWord eq hunter2", 12), "at byte 12");
    }
}
