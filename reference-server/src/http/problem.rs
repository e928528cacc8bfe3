//! The one error of the SCIM side: whatever goes wrong below the base path becomes a SCIM error message
//! (RFC 7644 section 3.12) here, with the headers that its status demands.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::answer;
use crate::{
    accounts::AccountsError,
    rate::retry_after,
    scim,
    store::{Indexed, StoreError},
};

/// An error on its way out.
#[derive(Debug)]
pub(crate) struct Problem {
    error: scim::Error,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// 401: RFC 7644 section 2 wants the scheme announced; RFC 6750 section 3 says how, and that a request
    /// without any credentials hears no error code.
    pub(crate) fn unauthorized(presented: bool) -> Self {
        let (detail, challenge) = if presented {
            ("The bearer token is not one of this server's.", r#"Bearer realm="scim", error="invalid_token""#)
        } else {
            ("Send the token as \"Authorization: Bearer TOKEN\".", r#"Bearer realm="scim""#)
        };
        Self {
            error: scim::Error::unauthorized(detail),
            header: Some((header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))),
        }
    }

    /// 405 with the methods that would do (RFC 9110 section 15.5.6).
    pub(crate) fn method_not_allowed(detail: String, allow: &'static str) -> Self {
        Self {
            error: scim::Error::method_not_allowed(detail),
            header: Some((header::ALLOW, HeaderValue::from_static(allow))),
        }
    }

    /// The error without its headers, for an answer that is not SCIM.
    pub(crate) fn into_error(self) -> scim::Error {
        self.error
    }

    /// 429 (RFC 6585 section 4), with the time after which the next request is taken again.
    pub(crate) fn too_many_requests(wait: Duration) -> Self {
        let seconds = retry_after(wait);
        let detail = format!("Too many requests; send the next one in {seconds} s.");
        Self {
            error: scim::Error::new(429, None, detail),
            header: Some((header::RETRY_AFTER, HeaderValue::from(seconds))),
        }
    }

    /// 503: too many others write the same resource; nothing is wrong with the request.
    pub(crate) fn busy() -> Self {
        Self {
            error: scim::Error::new(503, None, "Others keep changing this resource; try again."),
            header: Some((header::RETRY_AFTER, HeaderValue::from_static("1"))),
        }
    }
}

impl From<scim::Error> for Problem {
    fn from(error: scim::Error) -> Self {
        Self { error, header: None }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { kind, id } => {
                scim::Error::not_found(format!("There is no {kind} with the id {id}.")).into()
            }
            StoreError::Taken { key } => scim::Error::uniqueness(match key.attribute {
                Indexed::UserName => {
                    "Another User has this userName (letter case does not count).".to_owned()
                }
                other => format!("Another resource has this {other}."),
            })
            .into(),
            StoreError::UnknownMember { id } => scim::Error::invalid_value(format!(
                "members: there is no resource with the id {id}; create it first."
            ))
            .into(),
            StoreError::Conflict { .. } => Self::busy(),
            // What broke inside is nobody's business outside.
            StoreError::Failed(_) => {
                scim::Error::internal("The server could not read or write its data.").into()
            }
        }
    }
}

impl From<AccountsError> for Problem {
    fn from(error: AccountsError) -> Self {
        match error {
            AccountsError::LastAdministrator => scim::Error::forbidden(
                "This User is the last active administrator of the application and can be neither deactivated \
                 nor deleted through SCIM; make somebody else an administrator first.",
            ),
            // What broke inside is nobody's business outside.
            _ => scim::Error::internal(
                "The server could not bring the account behind the resource up to date.",
            ),
        }
        .into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = answer::json(status, Body::from(self.error.to_json().to_string()));
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
