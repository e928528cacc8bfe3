//! Okta's stages for pushed groups. Members are those who are in the group, assigned and provisioned.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::{Endpoint, Okta, Stage, Writes, options, request, words};
use crate::directory::{Group, PersonKey};
use crate::exchange::Answer;
use crate::persona::machine::Trouble;
use crate::persona::reading::{self, List};
use crate::persona::writing::{self, GROUP, patch, path};
use crate::persona::{Form, Message, forms};

const GUIDE_CREATE: &str = "Okta, SCIM 2.0 reference: create groups; live session of 2026";
const GUIDE_PUT: &str =
    "Okta, SCIM 2.0 reference: update specific group membership (PUT); live session of 2026";
const GUIDE_MEMBERS: &str = "Okta, SCIM 2.0 reference: update specific group membership (PATCH)";
const GUIDE_NAME: &str = "Okta, SCIM 2.0 reference: update a specific group name";
const GUIDE_DELETE: &str = "Okta, SCIM 2.0 reference: delete a specific group; OIN test plan C9318 to C9321";

/// One message about a group.
#[derive(Debug, Clone)]
pub(in crate::persona) enum GroupStep {
    Find,
    Create,
    Fetch { id: String },
    Put { id: String },
    ReplaceMembers { id: String },
    ChangeMembers { id: String, operations: Vec<Value> },
    Name { id: String },
    Delete { id: String },
}

impl Okta {
    /// Writes the whole member list.
    pub(super) fn write_members(&self, id: String) -> Vec<GroupStep> {
        match self.writes {
            Writes::Put => vec![GroupStep::Fetch { id }],
            // The name goes along with every membership update.
            Writes::Patch => vec![GroupStep::ReplaceMembers { id: id.clone() }, GroupStep::Name { id }],
        }
    }

    pub(super) fn write_name(&self, id: String) -> Vec<GroupStep> {
        match self.writes {
            Writes::Put => vec![GroupStep::Fetch { id }],
            Writes::Patch => vec![GroupStep::Name { id }],
        }
    }

    /// Writes what changed: first one removal each, then one addition. Who was never provisioned is not in the
    /// application's group; if that is everybody, there is nothing to say.
    pub(super) fn change_members(
        &self,
        id: String,
        added: &[PersonKey],
        removed: &[PersonKey],
    ) -> Vec<GroupStep> {
        let additions = self.members(added);
        let mut operations: Vec<Value> = removed
            .iter()
            .filter_map(|key| self.people.get(key)?.id.as_deref())
            .map(|id| json!({"op": "remove", "path": format!("members[{}]", writing::equals("value", id))}))
            .collect();
        if !additions.is_empty() {
            operations.push(json!({"op": "add", "path": "members", "value": additions}));
        }
        match self.writes {
            _ if operations.is_empty() => Vec::new(),
            Writes::Put => vec![GroupStep::Fetch { id }],
            Writes::Patch => {
                vec![GroupStep::ChangeMembers { id: id.clone(), operations }, GroupStep::Name { id }]
            }
        }
    }

    /// The JSON members of those who are assigned and provisioned.
    fn members<'a>(&self, people: impl IntoIterator<Item = &'a PersonKey>) -> Vec<Value> {
        people
            .into_iter()
            .filter_map(|key| self.people.get(key))
            .filter(|link| link.assigned)
            .filter_map(|link| Some(json!({"value": link.id.as_ref()?, "display": link.user_name})))
            .collect()
    }

    pub(super) fn group_message(&self, group: &Group, step: &GroupStep) -> Message {
        let (key, name) = (&group.key, &group.display_name);
        let (request, doing, source, demands) = match step {
            GroupStep::Find => (
                request(
                    Method::GET,
                    self.lookup(Endpoint::Groups, &writing::equals("displayName", name)),
                    None,
                ),
                format!("looks the group {key} up by displayName"),
                GUIDE_CREATE,
                vec![],
            ),
            GroupStep::Create => {
                let empty = match self.writes {
                    Writes::Put => self.options.has(options::EMPTY_GROUP_CREATE),
                    Writes::Patch => !self.options.has(options::FULL_GROUP_CREATE),
                };
                let members = if empty { Vec::new() } else { self.members(&group.members) };
                let body = json!({"schemas": [GROUP], "displayName": name, "members": members});
                (
                    request(Method::POST, "/Groups".to_owned(), Some(&body)),
                    format!("creates the group {key}"),
                    GUIDE_CREATE,
                    vec!["OKTA-Groups-L1"],
                )
            }
            GroupStep::Fetch { id } => (
                request(Method::GET, path("/Groups", id), None),
                format!("reads the group {key}"),
                GUIDE_PUT,
                vec![],
            ),
            GroupStep::Put { id } => {
                let members = self.members(&group.members);
                let body = json!({"schemas": [GROUP], "id": id, "displayName": name, "members": members});
                (
                    request(Method::PUT, path("/Groups", id), Some(&body)),
                    format!("writes the group {key}"),
                    GUIDE_PUT,
                    vec!["OKTA-Groups-L5"],
                )
            }
            GroupStep::ReplaceMembers { id } => {
                let members = self.members(&group.members);
                let body = patch(&[json!({"op": "replace", "path": "members", "value": members})]);
                (
                    request(Method::PATCH, path("/Groups", id), Some(&body)),
                    format!("replaces the members of {key}"),
                    GUIDE_MEMBERS,
                    vec!["OKTA-Groups-L4"],
                )
            }
            GroupStep::ChangeMembers { id, operations } => (
                request(Method::PATCH, path("/Groups", id), Some(&patch(operations))),
                format!("changes the members of {key}"),
                GUIDE_MEMBERS,
                vec!["OKTA-Groups-L3"],
            ),
            GroupStep::Name { id } => {
                let body = patch(&[json!({"op": "replace", "value": {"id": id, "displayName": name}})]);
                (
                    request(Method::PATCH, path("/Groups", id), Some(&body)),
                    format!("writes the name of {key}"),
                    GUIDE_NAME,
                    vec!["OKTA-Groups-L2"],
                )
            }
            GroupStep::Delete { id } => (
                request(Method::DELETE, path("/Groups", id), None),
                format!("deletes the group {key}"),
                GUIDE_DELETE,
                vec!["OKTA-Groups-L6"],
            ),
        };
        let forms: Vec<Form> = match step {
            GroupStep::Find => vec![forms::OTHER_FILTER],
            GroupStep::Name { .. } => vec![forms::READ_ONLY_ID],
            _ => Vec::new(),
        };
        Message { request, doing, source, demands, forms }
    }

    pub(super) fn heard_group(
        &mut self,
        group: &Arc<Group>,
        step: &GroupStep,
        answer: &Answer,
    ) -> Result<Vec<Stage>, Trouble> {
        let stages = |steps: Vec<GroupStep>| {
            steps.into_iter().map(|step| Stage::Group(Arc::clone(group), step)).collect()
        };
        let unusable = |why: String| words::group_unusable(group, step, &why);
        match step {
            GroupStep::Find if answer.status == 404 && answer.json().is_some_and(|body| body.is_object()) => {
                Ok(stages(vec![GroupStep::Create]))
            }
            _ if !answer.is_success() => Err(words::group_refused(group, step, answer)),
            GroupStep::Find => {
                let name = &group.display_name;
                let list = List::read(answer).map_err(unusable)?;
                let found = list
                    .one(|it| reading::is_group(it, name), &format!("displayName eq {name:?}"))
                    .map_err(unusable)?;
                let Some((id, _)) = found else { return Ok(stages(vec![GroupStep::Create])) };
                self.groups.insert(group.key.clone(), id.to_owned());
                Ok(stages(self.write_members(id.to_owned())))
            }
            GroupStep::Create => {
                let created =
                    answer.json().ok_or_else(|| unusable("the answer holds no group".to_owned()))?;
                let id = reading::id(&created).map_err(unusable)?;
                self.groups.insert(group.key.clone(), id.to_owned());
                self.succeeded("application.provision.group.add", &group.display_name);
                Ok(stages(self.write_members(id.to_owned())))
            }
            GroupStep::Fetch { id } => match answer.json() {
                Some(body) if body.is_object() => Ok(stages(vec![GroupStep::Put { id: id.clone() }])),
                _ => Err(unusable("the answer holds no group".to_owned())),
            },
            GroupStep::Put { .. }
            | GroupStep::ReplaceMembers { .. }
            | GroupStep::ChangeMembers { .. }
            | GroupStep::Name { .. }
            | GroupStep::Delete { .. } => Ok(Vec::new()),
        }
    }
}
