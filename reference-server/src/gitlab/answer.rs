//! The answers of GitLab's SCIM API, and the four shapes of its errors.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use crate::{accounts::AccountsError, scim::error, store::StoreError};

/// Why a request is refused, in the shape in which GitLab says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    body: Shape,
    header: Option<(HeaderName, HeaderValue)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    /// SCIM's, with the status as a number and without scimType: 404, 409, and 412 for everything else.
    Scim(String),
    /// That of GitLab's other APIs: 401, 403, 404 at the gates, 500.
    Api(String),
    /// That of the framework: 400 for parameters, 405, 415.
    Framework(String),
    /// A page for people, for what SCIM does not route (M: anonymous clients were seen to be redirected).
    Page,
    /// Plain words, of the request limiter (L).
    Plain(&'static str),
}

impl Refusal {
    /// A SCIM error.
    pub(super) fn scim(status: u16, detail: impl Into<String>) -> Self {
        Self { status, body: Shape::Scim(detail.into()), header: None }
    }

    /// An error of the API around it.
    pub(super) fn api(status: u16, message: &str) -> Self {
        Self { status, body: Shape::Api(message.to_owned()), header: None }
    }

    /// An error of the framework below it.
    pub(super) fn framework(status: u16, error: impl Into<String>) -> Self {
        Self { status, body: Shape::Framework(error.into()), header: None }
    }

    /// 405 with the methods that would do.
    pub(super) fn wrong_method(allow: &'static str) -> Self {
        let header = Some((header::ALLOW, HeaderValue::from_static(allow)));
        Self { header, ..Self::framework(405, "405 Not Allowed") }
    }

    /// 401, without `WWW-Authenticate` (M).
    pub(super) fn unauthorized() -> Self {
        Self::api(401, "401 Unauthorized")
    }

    /// Nothing is routed here.
    pub(super) fn unrouted() -> Self {
        Self { status: 404, body: Shape::Page, header: None }
    }

    /// Too many requests (L).
    pub(super) fn retry_later(seconds: u64) -> Self {
        let header = Some((header::RETRY_AFTER, HeaderValue::from(seconds)));
        Self { status: 429, body: Shape::Plain("Retry later\n"), header }
    }

    /// What a SCIM error says.
    pub(super) fn detail(&self) -> &str {
        match &self.body {
            Shape::Scim(text) | Shape::Api(text) | Shape::Framework(text) => text,
            Shape::Page => "",
            Shape::Plain(words) => words,
        }
    }

    /// The server failed.
    pub(super) fn broken() -> Self {
        Self::api(500, "500 Internal Server Error")
    }
}

impl From<StoreError> for Refusal {
    fn from(_: StoreError) -> Self {
        Self::broken()
    }
}

impl From<AccountsError> for Refusal {
    fn from(_: AccountsError) -> Self {
        Self::broken()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (kind, body) = match self.body {
            Shape::Scim(detail) => {
                (SCIM, json!({"schemas": [error::URN], "detail": detail, "status": self.status}).to_string())
            }
            Shape::Api(message) => (SCIM, json!({"message": message}).to_string()),
            Shape::Framework(error) => (SCIM, json!({"error": error}).to_string()),
            Shape::Page => {
                (HTML, "<!DOCTYPE html>\n<title>Not found</title>\n<h1>404: page not found</h1>\n".to_owned())
            }
            Shape::Plain(words) => (PLAIN, words.to_owned()),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// Of every answer with a body, errors included, whatever the request's `Accept` says.
const SCIM: HeaderValue = HeaderValue::from_static("application/scim+json");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const PLAIN: HeaderValue = HeaderValue::from_static("text/plain");

/// An answer with a body. A create is answered without `Location`.
pub(super) fn json(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, SCIM);
    response
}

/// An answer without a body, and without a media type.
pub(super) fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// All parameters of a request as the texts of errors show them, secrets left out.
pub(super) fn dump(params: &Map<String, Value>) -> String {
    let members: Vec<String> = params
        .iter()
        .map(|(name, value)| {
            let lower = name.to_ascii_lowercase();
            let secret = ["password", "token", "secret"].iter().any(|word| lower.contains(word));
            let value = if secret { r#""[FILTERED]""#.to_owned() } else { dump_value(value) };
            format!("{}=>{value}", Value::from(name.as_str()))
        })
        .collect();
    format!("{{{}}}", members.join(", "))
}

fn dump_value(value: &Value) -> String {
    match value {
        Value::Object(members) => dump(members),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(dump_value).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Null => "nil".to_owned(),
        scalar => scalar.to_string(),
    }
}

/// Several messages in one sentence: `A and B`, `A, B, and C`.
pub(super) fn sentence(messages: &[String]) -> String {
    match messages {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [first @ .., last] => format!("{}, and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_shows_no_secret_at_any_depth() {
        let params = json!({
            "externalId": "zz\"9", "password": "hunter2", "access_token": "t", "x": null,
            "emails": [{"primary": true, "Password": {"a": "hunter2"}}],
        });
        assert_eq!(
            dump(params.as_object().unwrap()),
            r#"{"externalId"=>"zz\"9", "password"=>"[FILTERED]", "access_token"=>"[FILTERED]", "x"=>nil, "emails"=>[{"primary"=>true, "Password"=>"[FILTERED]"}]}"#
        );
    }

    #[test]
    fn messages_become_a_sentence() {
        let words = |words: &[&str]| sentence(&words.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(words(&["A", "B"]), "A and B");
        assert_eq!(words(&["A", "B", "C"]), "A, B, and C");
    }
}
