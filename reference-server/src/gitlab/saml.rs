//! Coming from the identity provider: what GitLab makes of a SAML response. The assertion itself is taken as
//! checked; what counts here is its NameID and its e-mail.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /app/sign-in` | `{"user", "password"}` | as in every application; `user` is the username or an address |
//! | `POST /app/saml/sign-in` | `{"name_id", "email"}`, with `"group"` through a group's SAML | 200 `{"session", "refresh", "account"}`; 403 blocked; 404 a group from which SCIM took the person; 422 not linked, and why |

use std::sync::Arc;

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::post};
use serde::Deserialize;

use super::{
    front::Front,
    instance::{Instance, NewUser, SamlLogin, Scope, UserId},
    user::UserState,
};
use crate::{
    accounts::{AccountsError, Origin, Password, Who},
    http::app::{
        desk::{Body, Failure, Outcome},
        personal::{SignIn, signed_in},
    },
};

/// The ways in that are GitLab's own.
pub(super) fn routes() -> Router<Arc<Front>> {
    Router::new().route("/sign-in", post(sign_in)).route("/saml/sign-in", post(saml_sign_in))
}

async fn sign_in(State(front): State<Arc<Front>>, Body(body): Body<SignIn>) -> Outcome {
    let known = front.look(|instance| {
        let user = instance.users.get(&instance.user_by_login(&body.user)?)?;
        Some(user.username.clone())
    });
    // Who is not known is asked for all the same, so that time does not tell.
    let username = known.await?.unwrap_or(body.user);
    let open = front.desk.accounts.sign_in(&front.tenant, &username, Password::new(body.password)).await?;
    Ok(Json(signed_in(&open)).into_response())
}

#[derive(Deserialize)]
struct Assertion {
    #[serde(default)]
    name_id: String,
    #[serde(default)]
    email: String,
    group: Option<String>,
}

async fn saml_sign_in(State(front): State<Arc<Front>>, Body(assertion): Body<Assertion>) -> Outcome {
    let resource = front.turn(|instance| {
        let user = match &assertion.group {
            None => instance.saml_user(&assertion)?,
            Some(path) => instance.group_saml_user(path, &assertion)?,
        };
        instance.users.get(&user).map(|user| user.resource).ok_or_else(|| refused("SAML NameID is missing"))
    });
    let who = Who::Resource(resource.await??);
    let account = front.desk.accounts.account(&front.tenant, who).await?.ok_or(AccountsError::NotKnown)?;
    let open = front.desk.accounts.open_session(&front.tenant, account.id).await?;
    Ok(Json(signed_in(&open)).into_response())
}

impl Instance {
    /// The instance's SAML: by NameID, letter for letter; the first time by e-mail, if that is switched on.
    fn saml_user(&mut self, assertion: &Assertion) -> Result<UserId, Failure> {
        let Assertion { name_id, email, .. } = assertion;
        check(assertion)?;
        let instance_wide = self.saml.iter().filter(|login| login.scope == Scope::Instance);
        let (mut same, mut alike) = (None, None);
        for login in instance_wide {
            if login.name_id == *name_id {
                same = Some(login.user);
            } else if login.name_id.eq_ignore_ascii_case(name_id) {
                alike = Some(login.user);
            }
        }
        if let Some(user) = same {
            return Ok(user);
        }
        let by_email = self.user_by_email(email);
        let linked = by_email.filter(|user| {
            self.saml.iter().any(|login| login.scope == Scope::Instance && login.user == *user)
        });
        match (alike, linked, by_email) {
            // The NameID differs in letter case only.
            (Some(_), Some(_), _) => Err(refused(
                "SAML authentication failed: Extern uid has already been taken and User has already been taken",
            )),
            (Some(_), None, _) => {
                Err(refused("SAML authentication failed: Extern uid has already been taken"))
            }
            // The NameID changed, or the account is linked to another one.
            (None, Some(_), _) => Err(refused("SAML authentication failed: User has already been taken")),
            (None, None, Some(user)) if self.settings.auto_link_saml_user => {
                self.link_saml(Scope::Instance, name_id, user);
                Ok(user)
            }
            // Made by SCIM, say, which makes no SAML identity.
            (None, None, Some(_)) => Err(refused("Email has already been taken")),
            (None, None, None) => self.come_by_saml(name_id, email),
        }
    }

    /// A group's SAML: by NameID alone. Who is inactive in the group's SCIM is let in and put out again, and
    /// finds nothing (issue 422582).
    fn group_saml_user(&mut self, path: &str, assertion: &Assertion) -> Result<UserId, Failure> {
        check(assertion)?;
        let scope = Scope::Group(path.to_owned());
        let known = self.saml.iter().find(|login| login.scope == scope && login.name_id == assertion.name_id);
        let Some(user) = known.map(|login| login.user) else {
            return Err(refused("SAML Name ID and email address do not match your user account"));
        };
        let identity = self.identity_of(&scope, user).and_then(|place| self.identities.get(place));
        if identity.is_some_and(|identity| !identity.active) {
            return Err(Failure::new(StatusCode::NOT_FOUND, "404: page not found"));
        }
        Ok(user)
    }

    /// Links a NameID to a user, in the place of the one before.
    pub(super) fn link_saml(&mut self, scope: Scope, name_id: &str, user: UserId) {
        self.saml.retain(|login| (login.user, &login.scope) != (user, &scope));
        self.saml.push(SamlLogin { scope, name_id: name_id.to_owned(), user });
    }

    /// Somebody whom nobody provisioned.
    fn come_by_saml(&mut self, name_id: &str, email: &str) -> Result<UserId, Failure> {
        let waits = self.settings.block_auto_created_users;
        let username = email.split('@').next().unwrap_or_default();
        let new = NewUser {
            origin: Origin::Administrator,
            username,
            name: username,
            email,
            state: if waits { UserState::BlockedPendingApproval } else { UserState::Active },
            password: None,
        };
        let user = self.create_user(new).map_err(|messages| refused(&messages.join(", ")))?;
        self.link_saml(Scope::Instance, name_id, user);
        Ok(user)
    }
}

fn check(assertion: &Assertion) -> Result<(), Failure> {
    if assertion.name_id.trim().is_empty() {
        return Err(refused("SAML NameID is missing"));
    }
    if assertion.email.trim().is_empty() {
        return Err(refused("The SAML response did not contain an email address"));
    }
    Ok(())
}

fn refused(text: &str) -> Failure {
    Failure::new(StatusCode::UNPROCESSABLE_ENTITY, text)
}
