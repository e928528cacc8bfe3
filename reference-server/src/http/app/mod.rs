//! The application's own side, below `/app`: what a person and an administrator do there. JSON, not SCIM; it
//! exists so that one can see whether what SCIM says about a person is true.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /app/sign-in` | `{"user", "password"}` | 200 `{"session", "refresh", "account"}`; 401 name unknown or password wrong; 403 blocked |
//! | `POST /app/refresh` | `{"refresh"}` | 200 `{"session", "refresh", "account"}`, another session; 401 |
//! | `POST /app/sign-out` | | 204; 401 no such session |
//! | `GET /app/me` | | 200 `{"account", "userName", "via": "session" or "token", "doors": [..]}`; 401 |
//! | `GET /app/doors/NAME` | | 200 `{"open": true}`; 403 not in the group of this name; 401 |
//! | `GET /app/administration` | | 200 `{"open": true}`; 403 does not administer the application; 401 |
//! | `POST /app/tokens` | | 201 `{"token"}`; 401 |
//!
//! All but the first two come with `Authorization: Bearer SESSION`, `me`, `doors` and `administration` also with an
//! API token. A session or token that has ended is answered with 401, one whose account is blocked would be with 403.
//!
//! With the administrator's token as bearer:
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /app/admin/people` | `{"userName", "password", "email"}` | 201 `{"account", "id"}`; 409 the name is taken |
//! | `GET /app/admin/people/NAME` | | 200 `{"account", "id", "userName", "externalId", "samlNameId", "state": "active" or "blocked", "blockedBy": ["scim", "administrator"], "administrator", "sessions", "refreshes", "tokens", "groups": [..]}`; 404 |
//! | `PUT /app/admin/people/NAME/password` | `{"password"}` | 204, also while blocked, and does not unblock; 404 |
//! | `POST /app/admin/people/NAME/tokens` | | 201 `{"token"}`; 409 blocked; 404 |
//! | `PUT`, `DELETE /app/admin/people/NAME/block` | | 204: every way in ends, and SCIM cannot open it; or SCIM alone decides again; 404 |
//! | `PUT`, `DELETE /app/admin/people/NAME/administrator` | | 204: the person administers the application, or not; SCIM cannot end the last who does; 404 |
//! | `DELETE /app/admin/people/NAME` | | 204; 404 |
//! | `GET /app/admin/scim-tokens` | | 200 `{"tokens": [{"id", "created", "endsIn"}]}`, `endsIn` in seconds where it was rotated |
//! | `POST /app/admin/scim-tokens` | | 201 `{"id", "token"}`: the one time that it is shown |
//! | `POST /app/admin/scim-tokens/ID/rotate` | nothing, or `{"overlap": SECONDS}` | 201 `{"id", "token"}`: the old one stops at once, or after that time; 404 |
//! | `DELETE /app/admin/scim-tokens/ID` | | 204: it stops at once; 404 |
//!
//! SCIM tokens are kept where the resources are: over a database they outlive the server, are good at every server
//! on it, and end at all of them at once. A token that the configuration names is good only where it is named, and
//! once ended it stays so.
//!
//! `NAME` is the userName, percent-encoded, in any letter case. A person whom the administrator makes is a SCIM
//! User at once, without `externalId`, so that an identity provider's filter finds it and links it. An error is
//! `{"error": TEXT}`.
//!
//! Where a server has several tenants, `/app` is the application of the first, and `/tenants/NAME/app` that of
//! the tenant of this name. A tenant that there is not answers like one whose people and tokens are others.

mod admin;
pub(crate) mod desk;
pub(crate) mod personal;
mod scim_tokens;

use std::sync::Arc;

use axum::{Router, http::StatusCode};

use self::desk::Failure;
use super::service::Service;

/// The routes of the application.
pub(crate) fn router() -> Router<Arc<Service>> {
    let application = || {
        Router::new()
            .merge(personal::sign_in_route())
            .merge(personal::routes())
            .merge(personal::administration_route())
            .merge(admin::routes())
            .merge(scim_tokens::routes())
            .method_not_allowed_fallback(desk::wrong_method)
    };
    Router::new().nest("/app", application()).nest("/tenants/{tenant}/app", application())
}

/// What is answered to a path that is neither SCIM nor the application.
pub(crate) async fn nothing_here() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "there is nothing here")
}
