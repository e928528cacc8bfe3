//! What a GitLab instance knows: users, their SCIM and SAML identities, groups, and what the accounts have yet to
//! hear. Who may change it how is said elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Generation, SamlIdentity, Settings,
    group_sync::{Group, SamlGroupLink},
    user::{self, User, UserState},
};
use crate::{
    accounts::{Event, Origin, Password, Person},
    scim::schema,
    store::ResourceId,
};

/// A user's number.
pub(super) type UserId = u64;

/// For whom an identity counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Scope {
    /// The whole instance.
    Instance,
    /// The top-level group of this path.
    Group(String),
}

/// By which name a provider knows a user. Unique per user and per name, without regard to case, within a scope.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ScimIdentity {
    pub(super) scope: Scope,
    /// The provider's identifier of the person; SCIM's `id` and `externalId` are both this.
    pub(super) extern_uid: String,
    pub(super) user: UserId,
    /// What SCIM shows as `active`: not whether the user gets in.
    pub(super) active: bool,
}

/// By which NameID a user comes from the provider. Unlike a SCIM identity's, its name counts letter case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SamlLogin {
    pub(super) scope: Scope,
    pub(super) name_id: String,
    pub(super) user: UserId,
}

/// A whole instance.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) generation: Generation,
    pub(super) settings: Settings,
    pub(super) saml_identity: SamlIdentity,
    pub(super) users: BTreeMap<UserId, User>,
    /// In the order in which they were made, which is the order of lists (M: GitLab promises none).
    pub(super) identities: Vec<ScimIdentity>,
    pub(super) saml: Vec<SamlLogin>,
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) links: Vec<SamlGroupLink>,
    /// Who is in which SCIM group, by the group's UUID.
    pub(super) scim_groups: BTreeMap<String, BTreeSet<UserId>>,
    /// Whether memberships wait to follow the SCIM groups.
    pub(super) sync_is_due: bool,
    /// The number of the next user.
    pub(super) next: UserId,
    news: Vec<Event>,
}

/// A user to be made.
#[derive(Debug)]
pub(super) struct NewUser<'a> {
    pub(super) origin: Origin,
    /// The username as it is wished.
    pub(super) username: &'a str,
    pub(super) name: &'a str,
    pub(super) email: &'a str,
    pub(super) state: UserState,
    pub(super) password: Option<Password>,
}

impl Instance {
    /// Nobody in it.
    pub(super) fn new(generation: Generation, settings: Settings, saml_identity: SamlIdentity) -> Self {
        Self {
            generation,
            settings,
            saml_identity,
            users: BTreeMap::new(),
            identities: Vec::new(),
            saml: Vec::new(),
            groups: BTreeMap::new(),
            links: Vec::new(),
            scim_groups: BTreeMap::new(),
            sync_is_due: false,
            next: 1,
            news: Vec::new(),
        }
    }

    /// Makes a user, under a username that is free. The messages say what a user cannot be.
    pub(super) fn create_user(&mut self, new: NewUser<'_>) -> Result<UserId, Vec<String>> {
        let username = user::sanitised(new.username);
        let mut messages = Vec::new();
        if username.is_empty() {
            messages.push("Username can't be blank".to_owned());
        }
        if new.name.trim().is_empty() {
            messages.push("Name can't be blank".to_owned());
        }
        if new.email.trim().is_empty() {
            messages.push("Email can't be blank".to_owned());
        } else if !is_email(new.email) {
            messages.push("Email is invalid".to_owned());
        } else if self.user_by_email(new.email).is_some() {
            messages.push("Email has already been taken".to_owned());
        }
        if !messages.is_empty() {
            return Err(messages);
        }
        let resource = ResourceId::random();
        let user = User {
            resource,
            username: user::free(&username, |name| self.is_name_taken(name)),
            name: new.name.to_owned(),
            emails: vec![new.email.to_owned()],
            state: new.state,
            confirmed: self.settings.skip_email_confirmation,
        };
        self.tell(Event::Provisioned(Person {
            resource,
            origin: new.origin,
            user_name: user.username.clone(),
            external_id: None,
            active: user.state == UserState::Active,
            password: new.password,
        }));
        let id = self.next;
        self.next += 1;
        self.users.insert(id, user);
        Ok(id)
    }

    /// Removes a user and all that names it.
    pub(super) fn delete_user(&mut self, id: UserId) {
        let Some(user) = self.users.remove(&id) else { return };
        self.identities.retain(|identity| identity.user != id);
        self.saml.retain(|login| login.user != id);
        for members in self.scim_groups.values_mut() {
            members.remove(&id);
        }
        for group in self.groups.values_mut() {
            group.members.remove(&id);
        }
        self.tell(Event::Deleted { resource: user.resource });
    }

    /// Moves a user to another state; the account hears of it if that opens or shuts it.
    pub(super) fn set_state(&mut self, id: UserId, state: impl FnOnce(UserState) -> UserState) {
        let Some(user) = self.users.get_mut(&id) else { return };
        let (resource, was_active) = (user.resource, user.state == UserState::Active);
        user.state = state(user.state);
        match (was_active, user.state == UserState::Active) {
            (true, false) => self.tell(Event::Deactivated { resource }),
            (false, true) => self.tell(Event::Reactivated { resource }),
            _ => {}
        }
    }

    /// The user whose address this is, primary or secondary.
    pub(super) fn user_by_email(&self, email: &str) -> Option<UserId> {
        self.users.iter().find(|(_, user)| user.has_email(email)).map(|(id, _)| *id)
    }

    /// The user of this username.
    pub(super) fn user_by_username(&self, username: &str) -> Option<UserId> {
        let found = self.users.iter().find(|(_, user)| user.username.eq_ignore_ascii_case(username));
        found.map(|(id, _)| *id)
    }

    /// The user whom a person means who types a username or an address.
    pub(super) fn user_by_login(&self, login: &str) -> Option<UserId> {
        self.user_by_username(login).or_else(|| self.user_by_email(login))
    }

    /// Where the SCIM identity of this name is in the list; letter case does not count.
    pub(super) fn identity(&self, scope: &Scope, extern_uid: &str) -> Option<usize> {
        let fits = |identity: &ScimIdentity| {
            identity.scope == *scope && identity.extern_uid.to_lowercase() == extern_uid.to_lowercase()
        };
        self.identities.iter().position(fits)
    }

    /// Where the SCIM identity of this user is in the list.
    pub(super) fn identity_of(&self, scope: &Scope, user: UserId) -> Option<usize> {
        self.identities.iter().position(|identity| identity.scope == *scope && identity.user == user)
    }

    /// Notes what the accounts have to hear.
    pub(super) fn tell(&mut self, event: Event) {
        self.news.push(event);
    }

    /// What the accounts have to hear since the last time, in order.
    pub(super) fn take_news(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.news)
    }

    /// The same, left there.
    pub(super) fn news(&self) -> &[Event] {
        &self.news
    }

    /// A User as SCIM shows it. There is no id but the provider's, one address whatever was sent, and no
    /// `externalId`.
    pub(super) fn shown(&self, identity: &ScimIdentity) -> Value {
        let Some(user) = self.users.get(&identity.user) else { return Value::Null };
        // GitLab keeps one name; which part of it is which is read off it (M).
        let (given, family) = user.name.split_once(' ').unwrap_or((&user.name, ""));
        let mut shown = json!({
            "schemas": [schema::USER],
            "id": identity.extern_uid,
            "active": identity.active,
            "emails": [{"type": "work", "value": user.email(), "primary": true}],
            "name": {"formatted": user.name, "givenName": given, "familyName": family},
            "meta": {"resourceType": "User"},
            "userName": user.username,
        });
        if self.generation == Generation::Current {
            let groups = self.scim_groups.iter().filter(|(_, members)| members.contains(&identity.user));
            let groups = groups.filter_map(|(uid, _)| {
                Some(json!({"value": uid, "display": self.scim_group_name(uid)?, "type": "direct"}))
            });
            shown["groups"] = groups.collect();
        }
        shown
    }

    /// Users and groups share the names that stand first in a path.
    fn is_name_taken(&self, name: &str) -> bool {
        self.user_by_username(name).is_some()
            || self.groups.keys().any(|path| path.eq_ignore_ascii_case(name))
    }
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !text.contains(char::is_whitespace)
    })
}
