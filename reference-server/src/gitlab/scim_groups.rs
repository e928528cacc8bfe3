//! `/Groups` of the instance: SCIM groups attach to SAML group links of their name, and their members follow
//! later. A PATCH knows one form of `add` and `remove`; every other is answered with 204 and does nothing.

use std::collections::BTreeSet;

use axum::{
    http::{Method, StatusCode},
    response::Response,
};
use serde_json::{Map, Value, json};

use super::{
    Generation,
    answer::{self, Refusal},
    filter,
    front::{Front, Page, list},
    instance::{Instance, Scope, UserId},
    params::{as_text, text},
    request::Place,
};
use crate::{scim::schema, store::ResourceId};

impl Front {
    /// Everything that can be read of groups.
    pub(super) fn show_groups(
        place: &Place,
        params: &Map<String, Value>,
        instance: &Instance,
    ) -> Result<Response, Refusal> {
        match place {
            Place::Group(uid) => {
                let uid = instance.known_group(uid)?;
                Ok(answer::json(StatusCode::OK, &Self::group(instance, &uid)))
            }
            _ => Self::groups(instance, params),
        }
    }

    /// Everything that can be done to groups.
    pub(super) fn carry_out_on_groups(
        place: &Place,
        method: &Method,
        params: &Map<String, Value>,
        instance: &mut Instance,
    ) -> Result<Response, Refusal> {
        let Place::Group(uid) = place else {
            let uid = instance.attach(params)?;
            return Ok(answer::json(StatusCode::CREATED, &Self::group(instance, &uid)));
        };
        let uid = instance.known_group(uid)?;
        match method.as_str() {
            "PATCH" => {
                let changes = member_changes(params)?;
                instance.change_scim_members(&uid, |instance, members| {
                    for (op, values) in changes {
                        let named = instance.named(&values);
                        match op {
                            Op::Add => members.extend(named),
                            Op::Remove => members.retain(|member| !named.contains(member)),
                        }
                    }
                });
                Ok(answer::no_content())
            }
            "PUT" => {
                require(params, &["schemas", "displayName"])?;
                let values = params.get("members").and_then(Value::as_array).cloned().unwrap_or_default();
                instance.change_scim_members(&uid, |instance, members| *members = instance.named(&values));
                let mut shown = Self::group(instance, &uid);
                if let Some(shown) = shown.as_object_mut() {
                    shown.remove("members");
                }
                Ok(answer::json(StatusCode::OK, &shown))
            }
            _ => {
                for link in &mut instance.links {
                    link.scim_group.take_if(|attached| *attached == uid);
                }
                instance.scim_groups.remove(&uid);
                instance.sync_is_due = true;
                Ok(answer::no_content())
            }
        }
    }

    fn groups(instance: &Instance, params: &Map<String, Value>) -> Result<Response, Refusal> {
        // Here the numbers have a type, and what is none is refused (M).
        let number = |name: &str| {
            let read = |text: String| {
                text.trim().parse::<i64>().map_err(|_| Refusal::framework(400, format!("{name} is invalid")))
            };
            text(params, name).map(read).transpose()
        };
        let (start, count) = (number("startIndex")?, number("count")?);
        let name = filter::display_name(&text(params, "filter").unwrap_or_default())?;
        let uids: BTreeSet<&String> = instance
            .links
            .iter()
            .filter(|link| name.as_ref().is_none_or(|name| *name == link.name))
            .filter_map(|link| link.scim_group.as_ref())
            .collect();
        let uids: Vec<&String> = uids.into_iter().collect();
        let without_members = text(params, "excludedAttributes").as_deref() == Some("members");
        let page = Page::new(start, count);
        let shown = page.of(&uids).map(|uid| {
            let mut shown = Self::group(instance, uid);
            if let Some(shown) = shown.as_object_mut().filter(|_| without_members) {
                shown.remove("members");
            }
            shown
        });
        Ok(list(uids.len(), &page, &Value::from(start.unwrap_or(1)), &shown.collect::<Vec<_>>()))
    }

    fn group(instance: &Instance, uid: &str) -> Value {
        let members = instance.scim_groups.get(uid).into_iter().flatten().filter_map(|user| {
            let identity = instance.identities.get(instance.identity_of(&Scope::Instance, *user)?)?;
            let name = &instance.users.get(user)?.name;
            Some(json!({"value": identity.extern_uid, "display": name, "type": "User"}))
        });
        let members: Vec<Value> = match instance.generation {
            Generation::Classic => Vec::new(),
            Generation::Current => members.collect(),
        };
        json!({
            "schemas": [schema::GROUP],
            "id": uid,
            "displayName": instance.scim_group_name(uid),
            "members": members,
            "meta": {"resourceType": "Group"},
        })
    }
}

impl Instance {
    /// The UUID of a group that has attached, as it is kept.
    fn known_group(&self, uid: &str) -> Result<String, Refusal> {
        let uid = uid.to_ascii_lowercase();
        match self.scim_group_name(&uid) {
            Some(_) => Ok(uid),
            None => Err(Refusal::scim(404, format!("Group {uid} not found"))),
        }
    }

    /// Attaches a SCIM group to all links of its name. Where the provider names none, its UUID is made here; in
    /// early 18.0 it had to name one (M).
    fn attach(&mut self, params: &Map<String, Value>) -> Result<String, Refusal> {
        require(params, &["displayName"])?;
        let name = text(params, "displayName").unwrap_or_default();
        let uid = match text(params, "externalId") {
            None => ResourceId::random().to_string(),
            Some(given) => ResourceId::parse(&given.to_ascii_lowercase())
                .ok_or_else(|| Refusal::scim(412, "Invalid UUID for scim_group_uid"))?
                .to_string(),
        };
        let mut links = self.links.iter_mut().filter(|link| link.name == name).peekable();
        if links.peek().is_none() {
            return Err(Refusal::scim(412, format!("No matching SAML group found with name: {name}")));
        }
        links.for_each(|link| link.scim_group = Some(uid.clone()));
        self.scim_groups.entry(uid.clone()).or_default();
        if let Some(values) = params.get("members").and_then(Value::as_array) {
            let values = values.clone();
            self.change_scim_members(&uid, |instance, members| members.extend(instance.named(&values)));
        }
        Ok(uid)
    }

    fn change_scim_members(&mut self, uid: &str, change: impl FnOnce(&Self, &mut BTreeSet<UserId>)) {
        let mut members = self.scim_groups.remove(uid).unwrap_or_default();
        change(self, &mut members);
        self.scim_groups.insert(uid.to_owned(), members);
        self.sync_is_due = true;
    }

    /// The users whom members name by the provider's identifiers; who is not known is dropped without a word.
    fn named(&self, members: &[Value]) -> BTreeSet<UserId> {
        let uids = members.iter().filter_map(|member| as_text(member.get("value")?));
        let places = uids.filter_map(|uid| self.identity(&Scope::Instance, &uid));
        places.filter_map(|place| self.identities.get(place)).map(|identity| identity.user).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Add,
    Remove,
}

/// What a PATCH says of members. The shape of every operation is checked, and then all are passed over but those
/// on `members` whose value is a list.
fn member_changes(params: &Map<String, Value>) -> Result<Vec<(Op, Vec<Value>)>, Refusal> {
    require(params, &["schemas", "Operations"])?;
    let none = Vec::new();
    let operations = params.get("Operations").and_then(Value::as_array).unwrap_or(&none);
    if operations.is_empty() {
        return Err(Refusal::framework(400, "Operations[0][op] is missing"));
    }
    let (mut changes, mut mistakes) = (Vec::new(), Vec::new());
    for (index, operation) in operations.iter().enumerate() {
        let Some(op) = operation.get("op").and_then(Value::as_str) else {
            mistakes.push(format!("Operations[{index}][op] is missing"));
            continue;
        };
        let op = match op.to_ascii_lowercase().as_str() {
            "add" => Op::Add,
            "remove" => Op::Remove,
            _ => {
                mistakes.push(format!("Operations[{index}][op] does not have a valid value"));
                continue;
            }
        };
        let path = operation.get("path").and_then(Value::as_str).unwrap_or_default();
        if let (true, Some(values)) =
            (path.eq_ignore_ascii_case("members"), operation.get("value").and_then(Value::as_array))
        {
            changes.push((op, values.clone()));
        }
    }
    if mistakes.is_empty() { Ok(changes) } else { Err(Refusal::framework(400, mistakes.join(", "))) }
}

/// 400 unless these parameters are there.
fn require(params: &Map<String, Value>, names: &[&str]) -> Result<(), Refusal> {
    let missing = names.iter().filter(|name| params.get(**name).is_none_or(Value::is_null));
    let missing: Vec<String> = missing.map(|name| format!("{name} is missing")).collect();
    if missing.is_empty() { Ok(()) } else { Err(Refusal::framework(400, missing.join(", "))) }
}
