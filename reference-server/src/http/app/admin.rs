//! People in the administrator's hand: made, shown, given passwords and tokens, blocked, made administrators.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::IntoResponse,
    routing::{get, post, put},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::desk::{Administrator, Body, Failure, Name, Outcome};
use crate::{
    accounts::{self, Account, AccountsError, Event, Origin, Password, Who},
    http::{
        problem::Problem,
        provisioning::{self, Author},
        service::Service,
    },
    scim::{self, Draft, schema},
    store::{Kind, ResourceId, TenantId},
};

/// The routes of the people.
pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/admin/people", post(create))
        .route("/admin/people/{name}", get(show).delete(delete))
        .route("/admin/people/{name}/password", put(set_password))
        .route("/admin/people/{name}/tokens", post(issue_token))
        .route("/admin/people/{name}/block", put(block).delete(unblock))
        .route("/admin/people/{name}/administrator", put(make_administrator).delete(unmake_administrator))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewPerson {
    user_name: String,
    password: String,
    email: String,
}

async fn create(
    Administrator { tenant }: Administrator,
    State(service): App,
    Body(person): Body<NewPerson>,
) -> Outcome {
    let body = json!({
        "schemas": [schema::USER],
        "userName": person.user_name,
        "password": person.password,
        "emails": [{"value": person.email, "type": "work", "primary": true}],
    });
    let draft = scim::json::object(body)
        .and_then(|body| Draft::create(&service.users, body))
        .map_err(Problem::from)?;
    let author = author(&tenant);
    let record = provisioning::create(&service, author, Kind::User, draft).await?;
    let account = service.accounts.account(&tenant, Who::Resource(record.id)).await?;
    let account = account.ok_or(AccountsError::NoAccount)?.id.to_string();
    let body = json!({"account": account, "id": record.id.to_string()});
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

async fn show(Administrator { tenant }: Administrator, State(service): App, Name(name): Name) -> Outcome {
    let account = named(&service, &tenant, name).await?;
    Ok(Json(shown(&account)).into_response())
}

fn shown(account: &Account) -> Value {
    let state = match account.state {
        accounts::State::Active => "active",
        accounts::State::Blocked(_) => "blocked",
    };
    let shut = [
        ("scim", !account.state.is_active_in_scim()),
        ("administrator", account.state.is_blocked_by_administrator()),
    ];
    let blocked_by: Vec<&str> = shut.iter().filter(|(_, shut)| *shut).map(|(by, _)| *by).collect();
    json!({
        "account": account.id.to_string(),
        "id": account.resource.to_string(),
        "userName": account.user_name,
        "externalId": account.external_id,
        "samlNameId": account.saml_name_id,
        "state": state,
        "blockedBy": blocked_by,
        "administrator": account.administrator,
        "sessions": account.sessions,
        "refreshes": account.refreshes,
        "tokens": account.tokens,
        "groups": account.groups,
    })
}

#[derive(Deserialize)]
struct NewPassword {
    password: String,
}

async fn set_password(
    Administrator { tenant }: Administrator,
    State(service): App,
    Name(name): Name,
    Body(body): Body<NewPassword>,
) -> Outcome {
    let password = Some(Password::new(body.password));
    tell(&service, &tenant, name, |resource| Event::PasswordSet { resource, password }).await
}

async fn issue_token(
    Administrator { tenant }: Administrator,
    State(service): App,
    Name(name): Name,
) -> Outcome {
    let account = named(&service, &tenant, name).await?;
    match service.accounts.issue_token(&tenant, account.id).await {
        Ok(token) => Ok((StatusCode::CREATED, Json(json!({"token": token}))).into_response()),
        Err(AccountsError::Blocked) => Err(Failure::new(StatusCode::CONFLICT, "the account is blocked")),
        Err(error) => Err(error.into()),
    }
}

async fn block(Administrator { tenant }: Administrator, State(service): App, Name(name): Name) -> Outcome {
    tell(&service, &tenant, name, |resource| Event::Blocked { resource }).await
}

async fn unblock(Administrator { tenant }: Administrator, State(service): App, Name(name): Name) -> Outcome {
    tell(&service, &tenant, name, |resource| Event::Unblocked { resource }).await
}

async fn make_administrator(
    Administrator { tenant }: Administrator,
    State(service): App,
    Name(name): Name,
) -> Outcome {
    let event = |resource| Event::AdministratorSet { resource, administrator: true };
    tell(&service, &tenant, name, event).await
}

async fn unmake_administrator(
    Administrator { tenant }: Administrator,
    State(service): App,
    Name(name): Name,
) -> Outcome {
    let event = |resource| Event::AdministratorSet { resource, administrator: false };
    tell(&service, &tenant, name, event).await
}

async fn delete(Administrator { tenant }: Administrator, State(service): App, Name(name): Name) -> Outcome {
    let account = named(&service, &tenant, name).await?;
    let author = author(&tenant);
    provisioning::delete(&service, author, Kind::User, account.resource, None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn tell(
    service: &Service,
    tenant: &TenantId,
    name: String,
    event: impl FnOnce(ResourceId) -> Event,
) -> Outcome {
    let resource = named(service, tenant, name).await?.resource;
    service.accounts.apply(tenant, event(resource)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn named(service: &Service, tenant: &TenantId, user_name: String) -> Result<Account, AccountsError> {
    let account = service.accounts.account(tenant, Who::UserName(user_name)).await?;
    account.ok_or(AccountsError::NoAccount)
}

fn author(tenant: &TenantId) -> Author<'_> {
    Author { tenant, origin: Origin::Administrator }
}

type App = State<Arc<Service>>;
