//! What an administrator of GitLab does: users, their state and their links, groups, the SCIM token, switches.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /app/admin/people` | `{"userName", "password", "email"}` | 201 `{"account", "userName"}`; 409 the e-mail is taken; 422 |
//! | `GET /app/admin/people/NAME` | | 200: the user with `state`, `externalId`, `scimActive`, `samlNameId`, ways in and groups; 404 |
//! | `PUT /app/admin/people/NAME/password` | `{"password"}` | 204, also while blocked, and does not unblock; 404 |
//! | `POST /app/admin/people/NAME/tokens` | | 201 `{"token"}`; 409 blocked; 404 |
//! | `POST /app/admin/people/NAME/emails` | `{"email"}` | 204: a secondary address; 409 it is taken |
//! | `PUT`, `DELETE /app/admin/people/NAME/block` | | 204; 403 a user whom the system blocked is not unblocked here |
//! | `PUT /app/admin/people/NAME/state` | `{"state"}` | 204: banned, deactivated and so on; 403 as above |
//! | `PUT`, `DELETE /app/admin/people/NAME/saml-identity` | `{"name_id"}`, perhaps `{"group"}` | 204: links or unlinks a NameID |
//! | `DELETE /app/admin/people/NAME` | | 204; 404 |
//! | `GET`, `PUT /app/admin/settings` | the switches | 200 the switches |
//! | `POST /app/admin/scim-token` | perhaps `{"group"}` | 201 `{"token", "endpoint"}`: a new one, shown once; the one before stops at once |
//! | `POST /app/admin/groups` | `{"path"}`, perhaps `{"saml", "allowed_email_domains"}` | 201; 409 |
//! | `GET /app/admin/groups/PATH` | | 200 `{"members": [{"userName", "role"}]}`; 404 |
//! | `PUT /app/admin/groups/PATH/members` | `{"user", "role"}` | 204; 404 |
//! | `POST /app/admin/saml-group-links` | `{"name", "group", "role"}` | 201; 404 |
//!
//! `NAME` is a username or an address, percent-encoded.

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

use super::{
    Settings,
    front::Front,
    group_sync::{Group, Membership, Role, SamlGroupLink},
    instance::{Instance, NewUser, Scope, UserId},
    user::UserState,
};
use crate::{
    accounts::{Account, AccountsError, Event, Origin, Password, Who},
    http::app::desk::{Administrator, Body, Failure, Name, Outcome},
    store::ResourceId,
};

/// The routes of the administrator.
pub(super) fn routes() -> Router<Arc<Front>> {
    Router::new()
        .route("/admin/people", post(create))
        .route("/admin/people/{name}", get(show).delete(delete))
        .route("/admin/people/{name}/password", put(set_password))
        .route("/admin/people/{name}/tokens", post(issue_token))
        .route("/admin/people/{name}/emails", post(add_email))
        .route("/admin/people/{name}/block", put(block).delete(unblock))
        .route("/admin/people/{name}/state", put(set_state))
        .route("/admin/people/{name}/saml-identity", put(link_saml).delete(unlink_saml))
        .route("/admin/settings", get(settings).put(set_settings))
        .route("/admin/scim-token", post(reset_token))
        .route("/admin/groups", post(create_group))
        .route("/admin/groups/{name}", get(show_group))
        .route("/admin/groups/{name}/members", put(set_member))
        .route("/admin/saml-group-links", post(link_group))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewPerson {
    user_name: String,
    password: String,
    email: String,
}

async fn create(_: Administrator, State(front): App, Body(person): Body<NewPerson>) -> Outcome {
    let created = front.turn(|instance| {
        let user = instance.create_user(NewUser {
            origin: Origin::Administrator,
            username: &person.user_name,
            name: &person.user_name,
            email: &person.email,
            state: UserState::Active,
            password: Some(Password::new(person.password)),
        });
        user.map(|id| instance.users.get(&id).cloned())
    });
    let user = created.await?.map_err(|messages| {
        let taken = messages.iter().any(|message| message.contains("taken"));
        let status = if taken { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
        Failure::new(status, messages.join(", "))
    })?;
    let user = user.ok_or(AccountsError::NoAccount)?;
    let account = account(&front, user.resource).await?.id.to_string();
    Ok((StatusCode::CREATED, Json(json!({"account": account, "userName": user.username}))).into_response())
}

async fn show(_: Administrator, State(front): App, Name(name): Name) -> Outcome {
    let (resource, mut shown) = looked_up(&front, name, |instance, id| {
        let user = instance.users.get(&id)?;
        let identity = instance.identity_of(&Scope::Instance, id).and_then(|at| instance.identities.get(at));
        let login = instance.saml.iter().find(|login| (login.user, &login.scope) == (id, &Scope::Instance));
        let groups = instance.groups.iter().filter(|(_, group)| group.members.contains_key(&id));
        let shown = json!({
            "id": id.to_string(),
            "userName": user.username,
            "name": user.name,
            "emails": user.emails,
            "confirmed": user.confirmed,
            "state": user.state,
            "externalId": identity.map(|identity| &identity.extern_uid),
            "scimActive": identity.map(|identity| identity.active),
            "samlNameId": login.map(|login| &login.name_id),
            "groups": groups.map(|(path, _)| path).collect::<Vec<_>>(),
        });
        Some((user.resource, shown))
    })
    .await?
    .ok_or(AccountsError::NoAccount)?;
    let account = account(&front, resource).await?;
    shown["account"] = account.id.to_string().into();
    shown["sessions"] = account.sessions.into();
    shown["refreshes"] = account.refreshes.into();
    shown["tokens"] = account.tokens.into();
    Ok(Json(shown).into_response())
}

#[derive(Deserialize)]
struct NewPassword {
    password: String,
}

async fn set_password(
    _: Administrator,
    State(front): App,
    Name(name): Name,
    Body(body): Body<NewPassword>,
) -> Outcome {
    about(&front, name, |instance, id| {
        let Some(resource) = instance.users.get(&id).map(|user| user.resource) else { return };
        let password = Some(Password::new(body.password));
        instance.tell(Event::PasswordSet { resource, password });
    })
    .await?;
    done()
}

async fn issue_token(_: Administrator, State(front): App, Name(name): Name) -> Outcome {
    let resource = looked_up(&front, name, |instance, id| instance.users.get(&id).map(|user| user.resource));
    let account = account(&front, resource.await?.ok_or(AccountsError::NoAccount)?).await?;
    match front.desk.accounts.issue_token(&front.tenant, account.id).await {
        Ok(token) => Ok((StatusCode::CREATED, Json(json!({"token": token}))).into_response()),
        Err(AccountsError::Blocked) => Err(Failure::new(StatusCode::CONFLICT, "the account is blocked")),
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
struct NewEmail {
    email: String,
}

async fn add_email(
    _: Administrator,
    State(front): App,
    Name(name): Name,
    Body(body): Body<NewEmail>,
) -> Outcome {
    let added = about(&front, name, |instance, id| {
        let free = instance.user_by_email(&body.email).is_none();
        if let Some(user) = instance.users.get_mut(&id).filter(|_| free) {
            user.emails.push(body.email);
        }
        free
    });
    if added.await? {
        done()
    } else {
        Err(Failure::new(StatusCode::CONFLICT, "Email has already been taken"))
    }
}

async fn block(_: Administrator, State(front): App, Name(name): Name) -> Outcome {
    about(&front, name, |instance, id| instance.set_state(id, UserState::block)).await?;
    done()
}

async fn unblock(_: Administrator, State(front): App, Name(name): Name) -> Outcome {
    move_to(&front, name, UserState::Active).await
}

#[derive(Deserialize)]
struct NewState {
    state: UserState,
}

async fn set_state(
    _: Administrator,
    State(front): App,
    Name(name): Name,
    Body(body): Body<NewState>,
) -> Outcome {
    move_to(&front, name, body.state).await
}

async fn move_to(front: &Front, name: String, to: UserState) -> Outcome {
    let moved = about(front, name, |instance, id| {
        let may = to != UserState::Active
            || instance.users.get(&id).is_some_and(|user| user.state.unblock().is_some());
        if may {
            instance.set_state(id, |_| to);
        }
        may
    });
    if moved.await? {
        done()
    } else {
        let text = "a user who was blocked by the system comes back through SCIM only";
        Err(Failure::new(StatusCode::FORBIDDEN, text))
    }
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    name_id: String,
    group: Option<String>,
}

impl Link {
    fn scope(&self) -> Scope {
        self.group.clone().map_or(Scope::Instance, Scope::Group)
    }
}

async fn link_saml(_: Administrator, State(front): App, Name(name): Name, Body(link): Body<Link>) -> Outcome {
    about(&front, name, |instance, id| instance.link_saml(link.scope(), &link.name_id, id)).await?;
    done()
}

async fn unlink_saml(
    _: Administrator,
    State(front): App,
    Name(name): Name,
    Body(link): Body<Link>,
) -> Outcome {
    let scope = link.scope();
    about(&front, name, |instance, id| {
        instance.saml.retain(|login| (login.user, &login.scope) != (id, &scope));
    })
    .await?;
    done()
}

async fn delete(_: Administrator, State(front): App, Name(name): Name) -> Outcome {
    about(&front, name, Instance::delete_user).await?;
    done()
}

async fn settings(_: Administrator, State(front): App) -> Outcome {
    let settings = front.look(|instance| instance.settings).await?;
    Ok(Json(settings).into_response())
}

async fn set_settings(_: Administrator, State(front): App, Body(settings): Body<Settings>) -> Outcome {
    front.turn(|instance| instance.settings = settings).await?;
    Ok(Json(settings).into_response())
}

#[derive(Deserialize)]
struct Reset {
    group: Option<String>,
}

async fn reset_token(_: Administrator, State(front): App, Body(reset): Body<Reset>) -> Outcome {
    let scope = reset.group.map_or(Scope::Instance, Scope::Group);
    let endpoint = match &scope {
        Scope::Instance => super::INSTANCE_PATH.to_owned(),
        Scope::Group(path) => format!("/api/scim/v2/groups/{path}"),
    };
    let token = front.desk.scim_tokens.reset(&front.tenant_of(&scope)).await?;
    Ok((StatusCode::CREATED, Json(json!({"token": token, "endpoint": endpoint}))).into_response())
}

#[derive(Deserialize)]
struct NewGroup {
    path: String,
    #[serde(default)]
    saml: bool,
    #[serde(default)]
    allowed_email_domains: Vec<String>,
}

async fn create_group(_: Administrator, State(front): App, Body(group): Body<NewGroup>) -> Outcome {
    let made = front.turn(|instance| {
        let free = !instance.groups.contains_key(&group.path);
        if free {
            instance.groups.insert(group.path, Group::new(group.saml, group.allowed_email_domains));
        }
        free
    });
    if made.await? {
        Ok(StatusCode::CREATED.into_response())
    } else {
        Err(Failure::new(StatusCode::CONFLICT, "Path has already been taken"))
    }
}

async fn show_group(_: Administrator, State(front): App, Name(path): Name) -> Outcome {
    let shown = front.look(|instance| {
        let members = instance.groups.get(&path)?.members.iter().filter_map(|(user, member)| {
            Some(json!({"userName": instance.users.get(user)?.username, "role": member.role}))
        });
        Some(json!({"members": members.collect::<Vec<Value>>()}))
    });
    Ok(Json(shown.await?.ok_or_else(no_group)?).into_response())
}

#[derive(Deserialize)]
struct NewMember {
    user: String,
    role: Role,
}

async fn set_member(
    _: Administrator,
    State(front): App,
    Name(path): Name,
    Body(member): Body<NewMember>,
) -> Outcome {
    let set = front.turn(|instance| {
        let user = instance.user_by_login(&member.user)?;
        instance.groups.get(&path)?;
        instance.change_members(&path, |members| {
            members.insert(user, Membership { role: member.role, synced: false });
        });
        Some(())
    });
    set.await?.ok_or_else(no_group)?;
    done()
}

#[derive(Deserialize)]
struct NewLink {
    name: String,
    group: String,
    role: Role,
}

async fn link_group(_: Administrator, State(front): App, Body(link): Body<NewLink>) -> Outcome {
    let linked = front.turn(|instance| {
        instance.groups.get(&link.group)?;
        let NewLink { name, group, role } = link;
        // A link joins the SCIM group that has attached to its name already.
        let attached = instance.links.iter().find(|other| other.name == name);
        let scim_group = attached.and_then(|other| other.scim_group.clone());
        instance.links.push(SamlGroupLink { name, group, role, scim_group });
        instance.sync_is_due = true;
        Some(())
    });
    linked.await?.ok_or_else(no_group)?;
    Ok(StatusCode::CREATED.into_response())
}

async fn about<T>(
    front: &Front,
    name: String,
    turn: impl FnOnce(&mut Instance, UserId) -> T,
) -> Result<T, AccountsError> {
    let done = front.turn(|instance| instance.user_by_login(&name).map(|id| turn(instance, id)));
    done.await?.ok_or(AccountsError::NoAccount)
}

async fn looked_up<T>(
    front: &Front,
    name: String,
    look: impl FnOnce(&Instance, UserId) -> T,
) -> Result<T, AccountsError> {
    let seen = front.look(|instance| instance.user_by_login(&name).map(|id| look(instance, id)));
    seen.await?.ok_or(AccountsError::NoAccount)
}

async fn account(front: &Front, resource: ResourceId) -> Result<Account, AccountsError> {
    let account = front.desk.accounts.account(&front.tenant, Who::Resource(resource)).await?;
    account.ok_or(AccountsError::NoAccount)
}

fn no_group() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "there is no such group, or no such user")
}

#[expect(clippy::unnecessary_wraps, reason = "it is what a handler ends with")]
fn done() -> Outcome {
    Ok(StatusCode::NO_CONTENT.into_response())
}

type App = State<Arc<Front>>;
