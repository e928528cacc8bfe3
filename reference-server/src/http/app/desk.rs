//! What every handler of an application has at hand, whichever front the server has: whose application is
//! asked, who may administer it, a JSON body, and the one shape of errors.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRef, FromRequest, FromRequestParts, RawPathParams, Request},
    http::{HeaderMap, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::{
    accounts::{Accounts, AccountsError, Identity},
    http::{problem::Problem, request::bearer, service::Service},
    store::{StoreError, TenantId},
    tenant::{Tenant, Tenants},
    token::{ScimTokens, TokenError},
};

/// The parts of an application that do not depend on how it is provisioned.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) tenants: Arc<Tenants>,
    pub(crate) scim_tokens: Arc<ScimTokens>,
    /// The longest body, in bytes.
    pub(crate) body: usize,
}

impl Desk {
    /// Who stands behind the session or the API token of a request.
    pub(crate) async fn identify(&self, place: &Place, headers: &HeaderMap) -> Result<Identity, Failure> {
        let credential = bearer(headers).ok_or(AccountsError::NotKnown)?;
        Ok(self.accounts.identify(place.tenant()?, credential).await?)
    }
}

impl FromRef<Arc<Service>> for Desk {
    fn from_ref(service: &Arc<Service>) -> Self {
        Self {
            accounts: Arc::clone(&service.accounts),
            tenants: Arc::clone(&service.tenants),
            scim_tokens: Arc::clone(&service.tokens),
            body: service.limits.body,
        }
    }
}

/// Whose application the path names; nothing if there is no such tenant, which must look as if there were.
#[derive(Debug)]
pub(crate) struct Place(Option<TenantId>);

impl Place {
    /// The tenant. That there is none is told like a name that it does not know.
    pub(crate) fn tenant(&self) -> Result<&TenantId, AccountsError> {
        self.0.as_ref().ok_or(AccountsError::NotKnown)
    }
}

impl<S> FromRequestParts<S> for Place
where
    Desk: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let desk = Desk::from_ref(state);
        Ok(Self(named_tenant(parts, state, &desk.tenants).await.map(Tenant::id)))
    }
}

/// Proof that the request came with the token of the tenant's administrator.
#[derive(Debug)]
pub(crate) struct Administrator {
    pub(crate) tenant: TenantId,
}

impl<S> FromRequestParts<S> for Administrator
where
    Desk: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let desk = Desk::from_ref(state);
        let named = named_tenant(parts, state, &desk.tenants).await;
        // For a tenant that there is not, another's hash is compared, so that time does not tell.
        let tenant = named.unwrap_or(desk.tenants.first());
        let right = bearer(&parts.headers).is_some_and(|token| tenant.admin_token.matches(token));
        if named.is_some() && right {
            Ok(Self { tenant: tenant.id() })
        } else {
            Err(Failure::new(StatusCode::UNAUTHORIZED, "this is for the administrator's token"))
        }
    }
}

async fn named_tenant<'a, S>(parts: &mut Parts, state: &S, tenants: &'a Tenants) -> Option<&'a Tenant>
where
    S: Send + Sync,
{
    let Ok(params) = RawPathParams::from_request_parts(parts, state).await else {
        return Some(tenants.first());
    };
    match params.iter().find(|(key, _)| *key == "tenant") {
        Some((_, name)) => tenants.named(name),
        None => Some(tenants.first()),
    }
}

/// The name in a path, whatever it names, beside the tenant's.
#[derive(Debug)]
pub(crate) struct Name(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let refuse = || Failure::new(StatusCode::BAD_REQUEST, "the path is not UTF-8 text");
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| refuse())?;
        let last = params.iter().filter(|(key, _)| *key != "tenant").last();
        last.map(|(_, name)| Self(name.to_owned())).ok_or_else(refuse)
    }
}

/// A JSON body of the expected shape.
pub(crate) struct Body<T>(pub(crate) T);

impl<S, T> FromRequest<S> for Body<T>
where
    Desk: FromRef<S>,
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let limit = Desk::from_ref(state).body;
        let Ok(bytes) = axum::body::to_bytes(request.into_body(), limit).await else {
            return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large, or broke off"));
        };
        // An empty body is an empty object, where nothing is required of it.
        let bytes = if bytes.is_empty() { b"{}".as_slice() } else { &bytes };
        // The parser's message would repeat parts of the body, and there is a password in it.
        let refuse =
            |_| Failure::new(StatusCode::BAD_REQUEST, "the body is not the JSON that is expected here");
        serde_json::from_slice(bytes).map(Self).map_err(refuse)
    }
}

/// What is answered to a method that a path does not know.
pub(crate) async fn wrong_method() -> Failure {
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, "not with this method")
}

/// What a handler gives back.
pub(crate) type Outcome = Result<Response, Failure>;

/// An error on the application's side.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    text: String,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }
}

impl From<AccountsError> for Failure {
    fn from(error: AccountsError) -> Self {
        let status = match error {
            AccountsError::NotKnown => StatusCode::UNAUTHORIZED,
            AccountsError::Blocked | AccountsError::LastAdministrator => StatusCode::FORBIDDEN,
            AccountsError::NoAccount => StatusCode::NOT_FOUND,
            AccountsError::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Store(error) => Problem::from(error).into(),
            error => Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
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
