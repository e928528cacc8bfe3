//! What a person does in the application: come in, come in again, look around, go. The same for every front.

use axum::{
    Json, Router,
    extract::{FromRef, State},
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::desk::{Body, Desk, Failure, Name, Outcome, Place};
use crate::{
    accounts::{AccountsError, Password, SignedIn, Via},
    http::request::bearer,
};

/// Signing in with a name and a password.
pub(crate) fn sign_in_route<S>() -> Router<S>
where
    Desk: FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    Router::new().route("/sign-in", post(sign_in))
}

/// Everything else that a person does.
pub(crate) fn routes<S>() -> Router<S>
where
    Desk: FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    Router::new()
        .route("/refresh", post(refresh))
        .route("/sign-out", post(sign_out))
        .route("/me", get(me))
        .route("/doors/{name}", get(door))
        .route("/tokens", post(issue_token))
}

/// The door of those who administer the application. A front whose accounts know no such right has none.
pub(crate) fn administration_route<S>() -> Router<S>
where
    Desk: FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    Router::new().route("/administration", get(administration))
}

/// What a person shows who wants to sign in.
#[derive(Deserialize)]
pub(crate) struct SignIn {
    pub(crate) user: String,
    pub(crate) password: String,
}

async fn sign_in(State(desk): State<Desk>, place: Place, Body(body): Body<SignIn>) -> Outcome {
    let password = Password::new(body.password);
    let open = desk.accounts.sign_in(place.tenant()?, &body.user, password).await?;
    Ok(Json(signed_in(&open)).into_response())
}

/// What is answered to who has signed in.
pub(crate) fn signed_in(open: &SignedIn) -> Value {
    json!({"session": open.session, "refresh": open.refresh, "account": open.account.to_string()})
}

#[derive(Deserialize)]
struct Refresh {
    refresh: String,
}

async fn refresh(State(desk): State<Desk>, place: Place, Body(body): Body<Refresh>) -> Outcome {
    let open = desk.accounts.refresh(place.tenant()?, &body.refresh).await?;
    Ok(Json(signed_in(&open)).into_response())
}

async fn sign_out(State(desk): State<Desk>, place: Place, headers: HeaderMap) -> Outcome {
    let session = bearer(&headers).ok_or(AccountsError::NotKnown)?;
    desk.accounts.sign_out(place.tenant()?, session).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn me(State(desk): State<Desk>, place: Place, headers: HeaderMap) -> Outcome {
    let me = desk.identify(&place, &headers).await?;
    Ok(Json(json!({
        "account": me.account.to_string(),
        "userName": me.user_name,
        "via": me.via.name(),
        "doors": me.doors,
    }))
    .into_response())
}

async fn door(State(desk): State<Desk>, place: Place, Name(name): Name, headers: HeaderMap) -> Outcome {
    if desk.identify(&place, &headers).await?.opens(&name) {
        Ok(Json(json!({"open": true})).into_response())
    } else {
        // Also if there is no such group: who is not in it need not know whether it is there.
        Err(Failure::new(StatusCode::FORBIDDEN, "this door opens for the members of its group only"))
    }
}

async fn administration(State(desk): State<Desk>, place: Place, headers: HeaderMap) -> Outcome {
    if desk.identify(&place, &headers).await?.administrator {
        Ok(Json(json!({"open": true})).into_response())
    } else {
        Err(Failure::new(StatusCode::FORBIDDEN, "this door opens for who administers the application only"))
    }
}

async fn issue_token(State(desk): State<Desk>, place: Place, headers: HeaderMap) -> Outcome {
    let me = desk.identify(&place, &headers).await?;
    if me.via != Via::Session {
        return Err(AccountsError::NotKnown.into());
    }
    let token = desk.accounts.issue_token(place.tenant()?, me.account).await?;
    Ok((StatusCode::CREATED, Json(json!({"token": token}))).into_response())
}
