//! What SCIM does to users: made or linked, deprovisioned, reprovisioned, known by another name.

use serde_json::{Map, Value};

use super::{
    SamlIdentity,
    answer::{Refusal, dump, sentence},
    group_sync::{Membership, Role},
    instance::{Instance, NewUser, SamlLogin, ScimIdentity, Scope, UserId},
    params::{as_text, text},
    user::UserState,
};
use crate::accounts::Origin;

/// What of the body of a create has any effect.
#[derive(Debug, Default)]
struct Attributes {
    extern_uid: Option<String>,
    email: Option<String>,
    username: Option<String>,
    name: Option<String>,
}

impl Attributes {
    /// `schemas`, `meta`, `active` and everything unknown are passed over; null is absent.
    fn read(params: &Map<String, Value>) -> Self {
        // If `id` and `externalId` are both there, the later one wins (M).
        let uids = params.iter().filter(|(name, _)| matches!(name.as_str(), "id" | "externalId"));
        let mut name = params.get("name").and_then(Value::as_object).cloned().unwrap_or_default();
        name.retain(|_, value| !value.is_null());
        let formatted = text(&name, "formatted").or_else(|| {
            let parts = [text(&name, "givenName"), text(&name, "familyName")];
            let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
            (!parts.is_empty()).then(|| parts.join(" "))
        });
        Self {
            extern_uid: uids.filter_map(|(_, value)| as_text(value)).next_back(),
            email: params.get("emails").and_then(Value::as_array).and_then(|emails| {
                let chosen = emails.iter().find(|email| {
                    let primary = email.get("primary").unwrap_or(&Value::Null);
                    email.get("type").and_then(Value::as_str) == Some("work")
                        || !matches!(primary, Value::Null | Value::Bool(false))
                });
                as_text(chosen?.get("value")?)
            }),
            username: text(params, "userName"),
            name: formatted.or_else(|| text(params, "displayName")),
        }
    }

    fn missing(&self) -> Vec<&'static str> {
        let required =
            [(":extern_uid", &self.extern_uid), (":email", &self.email), (":username", &self.username)];
        required.into_iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect()
    }
}

impl Instance {
    /// A create. One that names an identity that exists answers with it as it is, inactive or not; one that
    /// names the e-mail of a user who has none links that user.
    pub(super) fn provision(&mut self, scope: &Scope, params: &Map<String, Value>) -> Result<usize, Refusal> {
        let attributes = Attributes::read(params);
        let refuse = |messages: &[String]| {
            let taken = messages.iter().any(|message| message.contains("has already been taken"));
            let status = if taken { 409 } else { 412 };
            let reason = sentence(messages);
            Refusal::scim(status, format!("Error saving user with {}: {reason}", dump(params)))
        };
        let missing = attributes.missing();
        let (Some(extern_uid), Some(email), Some(username)) =
            (attributes.extern_uid, attributes.email, attributes.username)
        else {
            return Err(refuse(&[format!("Missing params: [{}]", missing.join(", "))]));
        };
        if let Some(existing) = self.identity(scope, &extern_uid) {
            return Ok(existing);
        }
        self.check_domain(scope, &email).map_err(|message| refuse(&[message]))?;
        let user = if let Some(user) = self.user_by_email(&email) {
            self.check_linked_to_saml(scope, user).map_err(|message| refuse(&[message]))?;
            user
        } else {
            let new = NewUser {
                origin: Origin::Scim,
                username: &username,
                name: attributes.name.as_deref().unwrap_or_default(),
                email: &email,
                state: UserState::Active,
                password: None,
            };
            self.create_user(new).map_err(|messages| refuse(&messages))?
        };
        // The user is there already when its identity is refused, and the next try links it (M).
        let mut messages = blank(&extern_uid);
        if self.identity_of(scope, user).is_some() {
            messages.push("User has already been taken".to_owned());
        }
        if !messages.is_empty() {
            return Err(refuse(&messages));
        }
        self.join(scope, user, &extern_uid);
        self.identities.push(ScimIdentity { scope: scope.clone(), extern_uid, user, active: true });
        Ok(self.identities.len() - 1)
    }

    /// `active: false`, and DELETE: the identity stays and becomes inactive; the user is blocked by the system,
    /// or leaves the group whose SCIM it is.
    pub(super) fn deprovision(&mut self, place: usize) -> Result<(), Refusal> {
        let Some(identity) = self.identities.get(place).cloned() else { return Ok(()) };
        match &identity.scope {
            Scope::Instance => self.set_state(identity.user, UserState::system_block),
            Scope::Group(path) => self.remove_member(path, identity.user).map_err(|reason| {
                let name = self.users.get(&identity.user).map_or("", |user| user.name.as_str());
                Refusal::scim(412, format!("Could not remove {name} from {path}. {reason}"))
            })?,
        }
        if let Some(identity) = self.identities.get_mut(place) {
            identity.active = false;
        }
        if self.saml_identity == SamlIdentity::Destroy {
            self.saml.retain(|login| (login.user, &login.scope) != (identity.user, &identity.scope));
        }
        Ok(())
    }

    /// `active: true`: the same identity, the same user; in a group, with the default role whatever it was.
    pub(super) fn reprovision(&mut self, place: usize) {
        let Some(identity) = self.identities.get_mut(place) else { return };
        identity.active = true;
        let (scope, user) = (identity.scope.clone(), identity.user);
        match scope {
            Scope::Instance => self.set_state(user, UserState::activate),
            Scope::Group(path) => self.add_member(&path, user),
        }
    }

    /// Another `externalId`. The SAML identity is another row and does not follow (M).
    pub(super) fn relink(
        &mut self,
        place: usize,
        extern_uid: &str,
        params: &Map<String, Value>,
    ) -> Result<(), Refusal> {
        let Some(identity) = self.identities.get(place) else { return Ok(()) };
        let mut messages = blank(extern_uid);
        if self.identity(&identity.scope, extern_uid).is_some_and(|other| other != place) {
            messages.push("Extern uid has already been taken".to_owned());
        }
        if !messages.is_empty() {
            return Err(self.not_updated(place, params, &sentence(&messages)));
        }
        if let Some(identity) = self.identities.get_mut(place) {
            extern_uid.clone_into(&mut identity.extern_uid);
        }
        Ok(())
    }

    /// 412, also where the value is taken by somebody else.
    pub(super) fn not_updated(&self, place: usize, params: &Map<String, Value>, reason: &str) -> Refusal {
        let user = self.identities.get(place).and_then(|identity| self.users.get(&identity.user));
        let name = user.map_or("", |user| user.name.as_str());
        Refusal::scim(412, format!("Error updating {name} with {}: {reason}", dump(params)))
    }

    /// Users who come through the SCIM of a group belong to it, and by the SAML of that group (M); the SCIM of
    /// the instance makes no SAML identity.
    fn join(&mut self, scope: &Scope, user: UserId, name_id: &str) {
        let Scope::Group(path) = scope else { return };
        self.add_member(path, user);
        if !self.saml.iter().any(|login| (login.user, &login.scope) == (user, scope)) {
            self.saml.push(SamlLogin { scope: scope.clone(), name_id: name_id.to_owned(), user });
        }
    }

    fn add_member(&mut self, path: &str, user: UserId) {
        self.change_members(path, |members| {
            members.entry(user).or_insert(Membership { role: Role::DEFAULT, synced: false });
        });
    }

    fn remove_member(&mut self, path: &str, user: UserId) -> Result<(), &'static str> {
        let Some(group) = self.groups.get(path) else { return Ok(()) };
        if group.is_last_owner(user) {
            return Err("Cannot remove last group owner.");
        }
        self.change_members(path, |members| _ = members.remove(&user));
        Ok(())
    }

    /// Only a group restricts the domains of addresses (M, as to the words).
    fn check_domain(&self, scope: &Scope, email: &str) -> Result<(), String> {
        let Scope::Group(path) = scope else { return Ok(()) };
        let allowed = self.groups.get(path).map_or(&[][..], |group| &group.allowed_email_domains);
        let domain = email.rsplit('@').next().unwrap_or_default();
        if allowed.is_empty() || allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain)) {
            Ok(())
        } else {
            Err("The member's email address is not allowed for this group".to_owned())
        }
    }

    /// A group takes in a user who was there before only if that user has linked the SAML of the group (M).
    fn check_linked_to_saml(&self, scope: &Scope, user: UserId) -> Result<(), String> {
        let linked = self.saml.iter().any(|login| (login.user, &login.scope) == (user, scope));
        if *scope == Scope::Instance || linked {
            Ok(())
        } else {
            Err("The member's email address is not linked to a SAML account".to_owned())
        }
    }
}

fn blank(extern_uid: &str) -> Vec<String> {
    if extern_uid.trim().is_empty() { vec!["Extern uid can't be blank".to_owned()] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(params: &Value) -> Attributes {
        Attributes::read(params.as_object().unwrap())
    }

    #[test]
    fn the_name_is_what_comes_first_in_the_order_of_the_guide() {
        for (params, name) in [
            (json!({"name": {"formatted": "A B", "givenName": "X"}, "displayName": "Y"}), Some("A B")),
            (json!({"name": {"givenName": "A", "familyName": "B"}, "displayName": "Y"}), Some("A B")),
            (json!({"name": {"familyName": "B"}}), Some("B")),
            (json!({"name": {"formatted": null}, "displayName": "Y"}), Some("Y")),
            (json!({"name": "A B"}), None),
        ] {
            assert_eq!(read(&params).name.as_deref(), name, "{params}");
        }
    }

    #[test]
    fn the_address_is_the_first_that_is_for_work_or_primary() {
        let emails = |emails: Value| read(&json!({"emails": emails})).email;
        let one = |kind: &str, primary: Value| json!([{"value": "a", "type": kind, "primary": primary}]);
        assert_eq!(emails(one("work", json!(false))).as_deref(), Some("a"));
        assert_eq!(emails(one("home", json!(true))).as_deref(), Some("a"));
        assert_eq!(emails(one("home", json!("yes"))).as_deref(), Some("a"));
        for none in [one("home", json!(false)), one("Work", json!(null)), json!([]), json!(["a"]), json!({})]
        {
            assert_eq!(emails(none.clone()), None, "{none}");
        }
    }

    #[test]
    fn of_id_and_external_id_the_later_counts_and_null_is_absent() {
        assert_eq!(read(&json!({"externalId": "a", "id": "b"})).extern_uid.as_deref(), Some("b"));
        assert_eq!(read(&json!({"id": "b", "externalId": "a"})).extern_uid.as_deref(), Some("a"));
        assert_eq!(read(&json!({"externalId": "a", "id": null})).extern_uid.as_deref(), Some("a"));
        assert_eq!(read(&json!({"externalId": null})).missing(), [":extern_uid", ":email", ":username"]);
    }
}
