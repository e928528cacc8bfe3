//! The SCIM tokens of a tenant, in its administrator's hand: made, shown once, rotated, revoked.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::{FromRef, State},
    http::StatusCode,
    response::IntoResponse,
    routing::{delete, get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::desk::{Administrator, Body, Desk, Failure, Name, Outcome};
use crate::token::{Issued, TokenId};

/// The routes of the tokens.
pub(crate) fn routes<S>() -> Router<S>
where
    Desk: FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    Router::new()
        .route("/admin/scim-tokens", get(list).post(create))
        .route("/admin/scim-tokens/{id}", delete(revoke))
        .route("/admin/scim-tokens/{id}/rotate", post(rotate))
}

async fn list(administrator: Administrator, State(desk): State<Desk>) -> Outcome {
    let tokens = desk.scim_tokens.of(&administrator.tenant).await?.into_iter().map(|known| {
        json!({
            "id": known.id.to_string(),
            "created": known.created.to_string(),
            "endsIn": known.ends_in.map(|time| time.as_secs()),
        })
    });
    Ok(Json(json!({"tokens": tokens.collect::<Vec<Value>>()})).into_response())
}

async fn create(administrator: Administrator, State(desk): State<Desk>) -> Outcome {
    let issued = desk.scim_tokens.create(&administrator.tenant).await?;
    Ok(shown_once(&issued))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    /// In seconds.
    #[serde(default)]
    overlap: u32,
}

async fn rotate(
    administrator: Administrator,
    State(desk): State<Desk>,
    Name(id): Name,
    Body(rotation): Body<Rotation>,
) -> Outcome {
    let overlap = Duration::from_secs(rotation.overlap.into());
    let id = TokenId::parse(&id).ok_or_else(no_such_token)?;
    let issued = desk.scim_tokens.rotate(&administrator.tenant, id, overlap).await?;
    Ok(shown_once(&issued.ok_or_else(no_such_token)?))
}

async fn revoke(administrator: Administrator, State(desk): State<Desk>, Name(id): Name) -> Outcome {
    let id = TokenId::parse(&id).ok_or_else(no_such_token)?;
    let known = desk.scim_tokens.revoke(&administrator.tenant, id).await?;
    if known { Ok(StatusCode::NO_CONTENT.into_response()) } else { Err(no_such_token()) }
}

fn shown_once(issued: &Issued) -> axum::response::Response {
    let body = json!({"id": issued.id.to_string(), "token": issued.token});
    (StatusCode::CREATED, Json(body)).into_response()
}

fn no_such_token() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "there is no such token (any more)")
}
