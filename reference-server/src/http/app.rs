//! The application's own side, below `/app`: what a person and an administrator do there. JSON, not SCIM; it
//! exists so that one can see whether what SCIM says about a person is true.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /app/sign-in` | `{"user", "password"}` | 200 `{"session", "account"}`; 401 name unknown or password wrong; 403 blocked |
//! | `POST /app/sign-out` | | 204; 401 no such session |
//! | `GET /app/me` | | 200 `{"account", "userName", "via": "session" or "token", "doors": [..]}`; 401 |
//! | `GET /app/doors/NAME` | | 200 `{"open": true}`; 403 not in the group of this name; 401 |
//! | `POST /app/tokens` | | 201 `{"token"}`; 401 |
//!
//! All but the first come with `Authorization: Bearer SESSION`, `me` and `doors` also with an API token. A
//! session or token that has ended is answered with 401, one whose account is blocked would be with 403.
//!
//! With the administrator's token as bearer:
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /app/admin/people` | `{"userName", "password", "email"}` | 201 `{"account", "id"}`; 409 the name is taken |
//! | `GET /app/admin/people/NAME` | | 200 `{"account", "id", "userName", "externalId", "samlNameId", "state": "active" or "blocked", "sessions", "tokens", "groups": [..]}`; 404 |
//! | `PUT /app/admin/people/NAME/password` | `{"password"}` | 204, also while blocked, and does not unblock; 404 |
//! | `POST /app/admin/people/NAME/tokens` | | 201 `{"token"}`; 409 blocked; 404 |
//! | `DELETE /app/admin/people/NAME` | | 204; 404 |
//!
//! `NAME` is the userName, percent-encoded, in any letter case. A person whom the administrator makes is a SCIM
//! User at once, without `externalId`, so that an identity provider's filter finds it and links it. An error is
//! `{"error": TEXT}`.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{FromRequest, FromRequestParts, Path, Request, State},
    http::{HeaderMap, StatusCode, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::{
    problem::Problem,
    provisioning::{self, Author},
    request::bearer,
    service::Service,
};
use crate::{
    accounts::{self, Account, AccountsError, Identity, Origin, Password, Via, Who},
    scim::{self, Draft, schema},
    store::Kind,
};

/// The routes below `/app`.
pub(crate) fn router() -> Router<Arc<Service>> {
    Router::new()
        .route("/app/sign-in", post(sign_in))
        .route("/app/sign-out", post(sign_out))
        .route("/app/me", get(me))
        .route("/app/doors/{name}", get(door))
        .route("/app/tokens", post(issue_token))
        .route("/app/admin/people", post(admin_create))
        .route("/app/admin/people/{user_name}", get(admin_show).delete(admin_delete))
        .route("/app/admin/people/{user_name}/password", put(admin_set_password))
        .route("/app/admin/people/{user_name}/tokens", post(admin_issue_token))
        .method_not_allowed_fallback(async || {
            Failure::new(StatusCode::METHOD_NOT_ALLOWED, "not with this method")
        })
}

/// What is answered to a path that is neither SCIM nor the application.
pub(crate) async fn nothing_here() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "there is nothing here")
}

#[derive(Deserialize)]
struct SignIn {
    user: String,
    password: String,
}

async fn sign_in(State(service): App, Body(body): Body<SignIn>) -> Outcome {
    let password = Password::new(body.password);
    let open = service.accounts.sign_in(&service.tenant, &body.user, password).await?;
    Ok(Json(json!({"session": open.session, "account": open.account.to_string()})).into_response())
}

async fn sign_out(State(service): App, headers: HeaderMap) -> Outcome {
    let session = bearer(&headers).ok_or(AccountsError::NotKnown)?;
    service.accounts.sign_out(&service.tenant, session).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn me(State(service): App, headers: HeaderMap) -> Outcome {
    let me = identify(&service, &headers).await?;
    Ok(Json(json!({
        "account": me.account.to_string(),
        "userName": me.user_name,
        "via": me.via.name(),
        "doors": me.doors,
    }))
    .into_response())
}

async fn door(State(service): App, Path(name): Path<String>, headers: HeaderMap) -> Outcome {
    if identify(&service, &headers).await?.opens(&name) {
        Ok(Json(json!({"open": true})).into_response())
    } else {
        Err(Failure::new(StatusCode::FORBIDDEN, "this door opens for the members of its group only"))
    }
}

async fn issue_token(State(service): App, headers: HeaderMap) -> Outcome {
    let me = identify(&service, &headers).await?;
    if me.via != Via::Session {
        return Err(AccountsError::NotKnown.into());
    }
    let token = service.accounts.issue_token(&service.tenant, me.account).await?;
    Ok((StatusCode::CREATED, Json(json!({"token": token}))).into_response())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewPerson {
    user_name: String,
    password: String,
    email: String,
}

async fn admin_create(_: Administrator, State(service): App, Body(person): Body<NewPerson>) -> Outcome {
    let body = json!({
        "schemas": [schema::USER],
        "userName": person.user_name,
        "password": person.password,
        "emails": [{"value": person.email, "type": "work", "primary": true}],
    });
    let draft = scim::json::object(body)
        .and_then(|body| Draft::create(&service.users, body))
        .map_err(Problem::from)?;
    let author = Author { tenant: &service.tenant, origin: Origin::Administrator };
    let record = provisioning::create(&service, author, Kind::User, draft).await?;
    let account = service.accounts.account(&service.tenant, Who::Resource(record.id)).await?;
    let account = account.ok_or(AccountsError::NoAccount)?.id.to_string();
    let body = json!({"account": account, "id": record.id.to_string()});
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

async fn admin_show(_: Administrator, State(service): App, Path(name): Path<String>) -> Outcome {
    let account = named(&service, name).await?;
    let state = match account.state {
        accounts::State::Active => "active",
        accounts::State::Blocked(_) => "blocked",
    };
    Ok(Json(json!({
        "account": account.id.to_string(),
        "id": account.resource.to_string(),
        "userName": account.user_name,
        "externalId": account.external_id,
        "samlNameId": account.saml_name_id,
        "state": state,
        "sessions": account.sessions,
        "tokens": account.tokens,
        "groups": account.groups,
    }))
    .into_response())
}

#[derive(Deserialize)]
struct NewPassword {
    password: String,
}

async fn admin_set_password(
    _: Administrator,
    State(service): App,
    Path(name): Path<String>,
    Body(body): Body<NewPassword>,
) -> Outcome {
    let resource = named(&service, name).await?.resource;
    let event = accounts::Event::PasswordSet { resource, password: Some(Password::new(body.password)) };
    service.accounts.apply(&service.tenant, event).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn admin_issue_token(_: Administrator, State(service): App, Path(name): Path<String>) -> Outcome {
    let account = named(&service, name).await?;
    match service.accounts.issue_token(&service.tenant, account.id).await {
        Ok(token) => Ok((StatusCode::CREATED, Json(json!({"token": token}))).into_response()),
        Err(AccountsError::Blocked) => Err(Failure::new(StatusCode::CONFLICT, "the account is blocked")),
        Err(error) => Err(error.into()),
    }
}

async fn admin_delete(_: Administrator, State(service): App, Path(name): Path<String>) -> Outcome {
    let account = named(&service, name).await?;
    let author = Author { tenant: &service.tenant, origin: Origin::Administrator };
    provisioning::delete(&service, author, Kind::User, account.resource, None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn named(service: &Service, user_name: String) -> Result<Account, AccountsError> {
    let account = service.accounts.account(&service.tenant, Who::UserName(user_name)).await?;
    account.ok_or(AccountsError::NoAccount)
}

async fn identify(service: &Service, headers: &HeaderMap) -> Result<Identity, AccountsError> {
    let credential = bearer(headers).ok_or(AccountsError::NotKnown)?;
    service.accounts.identify(&service.tenant, credential).await
}

type App = State<Arc<Service>>;
type Outcome = Result<Response, Failure>;

/// Proof that the request came with the administrator's token.
struct Administrator;

impl FromRequestParts<Arc<Service>> for Administrator {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Failure> {
        match bearer(&parts.headers) {
            Some(token) if service.admin.matches(token) => Ok(Self),
            _ => Err(Failure::new(StatusCode::UNAUTHORIZED, "this is for the administrator's token")),
        }
    }
}

/// A JSON body of the expected shape.
struct Body<T>(T);

impl<T: DeserializeOwned> FromRequest<Arc<Service>> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, service: &Arc<Service>) -> Result<Self, Failure> {
        let Ok(bytes) = axum::body::to_bytes(request.into_body(), service.limits.body).await else {
            return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large, or broke off"));
        };
        // The parser's message would repeat parts of the body, and there is a password in it.
        let refuse =
            |_| Failure::new(StatusCode::BAD_REQUEST, "the body is not the JSON that is expected here");
        serde_json::from_slice(&bytes).map(Self).map_err(refuse)
    }
}

/// An error on the application's side.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    text: String,
}

impl Failure {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }
}

impl From<AccountsError> for Failure {
    fn from(error: AccountsError) -> Self {
        let status = match error {
            AccountsError::NotKnown => StatusCode::UNAUTHORIZED,
            AccountsError::Blocked => StatusCode::FORBIDDEN,
            AccountsError::NoAccount => StatusCode::NOT_FOUND,
            AccountsError::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let error = problem.into_error();
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, error.detail)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Json(json!({"error": self.text}))).into_response()
    }
}
