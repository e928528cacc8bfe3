//! Entra's stages for groups. Groups are always changed by PATCH and never read with their members. Members are
//! those who are in the group, assigned and provisioned.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::patch::{self, Difference};
use super::{Entra, Stage, options, request, words};
use crate::directory::{Group, PersonKey};
use crate::exchange::Answer;
use crate::persona::machine::Trouble;
use crate::persona::reading::{self, List};
use crate::persona::writing::{self, Blank, GROUP, path, query};
use crate::persona::{Message, forms};

/// A schema that Entra names without sending an attribute of it.
const ADSCIM: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

const MATCH: &str = "Microsoft, Develop a SCIM endpoint: get group by displayName";
const CREATE: &str = "Microsoft, Develop a SCIM endpoint: create group";
const READ: &str = "Microsoft, Develop a SCIM endpoint: get group";
const UPDATE: &str = "Microsoft, Develop a SCIM endpoint: update group (non-member attributes)";
const MEMBERS: &str = "Microsoft, Develop a SCIM endpoint: update group (add or remove members)";
const DELETE: &str = "Microsoft, Develop a SCIM endpoint: delete group";

/// One message about a group.
#[derive(Debug, Clone)]
pub(in crate::persona) enum GroupStep {
    Find,
    Create,
    Read { id: String },
    Patch { id: String, differences: Vec<Difference> },
    Members { id: String, members: Vec<String>, come: bool },
    Delete { id: String },
}

impl Entra {
    /// Adds and removes members, each in a request of its own, if there are any.
    pub(super) fn change_members(
        &self,
        id: &str,
        added: &[PersonKey],
        removed: &[PersonKey],
    ) -> Vec<GroupStep> {
        let gone: Vec<_> = removed.iter().filter_map(|key| self.people.get(key)?.id.clone()).collect();
        [(self.members(added), true), (gone, false)]
            .into_iter()
            .filter(|(members, _)| !members.is_empty())
            .map(|(members, come)| GroupStep::Members { id: id.to_owned(), members, come })
            .collect()
    }

    pub(super) fn group_message(&mut self, group: &Group, step: &GroupStep) -> Message {
        let (key, name) = (&group.key, &group.display_name);
        match step {
            GroupStep::Find => Message {
                request: request(
                    Method::GET,
                    format!(
                        "/Groups?excludedAttributes=members&filter={}",
                        query(&writing::equals("displayName", name), Blank::Plus)
                    ),
                    None,
                ),
                doing: format!("matches the group {key}"),
                source: MATCH,
                demands: vec!["ENTRA-Requirements-L4", "ENTRA-Requirements-L5", "ENTRA-Retrieve-L1"],
                forms: vec![forms::OTHER_FILTER],
            },
            GroupStep::Create => {
                let body = json!({
                    "schemas": [GROUP, ADSCIM],
                    "externalId": group.external_id,
                    "displayName": name,
                    "meta": {"resourceType": "Group"},
                });
                Message {
                    request: request(Method::POST, "/Groups".to_owned(), Some(&body)),
                    doing: format!("creates the group {key}"),
                    source: CREATE,
                    demands: vec!["ENTRA-Groups-L6", "ENTRA-General-L1"],
                    forms: vec![forms::UNKNOWN_SCHEMA],
                }
            }
            GroupStep::Read { id } => Message {
                request: request(
                    Method::GET,
                    format!("{}?excludedAttributes=members", path("/Groups", id)),
                    None,
                ),
                doing: format!("reads the group {key} in order to compare"),
                source: READ,
                demands: vec!["ENTRA-Requirements-L3", "ENTRA-Requirements-L5"],
                forms: Vec::new(),
            },
            GroupStep::Patch { id, differences } => {
                let spelled = patch::spelled(differences, self.dialect());
                Message {
                    request: request(
                        Method::PATCH,
                        path("/Groups", id),
                        Some(&writing::patch(&spelled.operations)),
                    ),
                    doing: format!("updates the group {key}"),
                    source: UPDATE,
                    demands: spelled.demands,
                    forms: spelled.forms,
                }
            }
            GroupStep::Members { id, members, come } => self.members_message(group, id, members, *come),
            GroupStep::Delete { id } => Message {
                request: request(Method::DELETE, path("/Groups", id), None),
                doing: format!("deletes the group {key}"),
                source: DELETE,
                demands: vec![],
                forms: Vec::new(),
            },
        }
    }

    pub(super) fn heard_group(
        &mut self,
        group: &Arc<Group>,
        step: &GroupStep,
        answer: &Answer,
    ) -> Result<Vec<Stage>, Trouble> {
        let stage = Stage::Group(Arc::clone(group), step.clone());
        let stages = |steps: Vec<GroupStep>| {
            steps.into_iter().map(|step| Stage::Group(Arc::clone(group), step)).collect()
        };
        let unusable = |why: String| words::unusable(&stage, &why);
        match step {
            // The old id leads nowhere: forget it and match again.
            GroupStep::Read { .. } if answer.status == 404 => {
                self.groups.remove(&group.key);
                Ok(stages(vec![GroupStep::Find]))
            }
            // Gone is what was asked for.
            GroupStep::Delete { .. } if answer.status == 404 || answer.is_success() => {
                self.groups.remove(&group.key);
                Ok(Vec::new())
            }
            _ if !answer.is_success() => Err(words::refused(&stage, answer)),
            GroupStep::Find => {
                let name = &group.display_name;
                let list = List::read(answer).map_err(unusable)?;
                let found = list
                    .one(|it| reading::is_group(it, name), &format!("the group {name:?}"))
                    .map_err(|why| words::ambiguous(&stage, &why))?;
                let Some((id, resource)) = found else { return Ok(stages(vec![GroupStep::Create])) };
                self.groups.insert(group.key.clone(), id.to_owned());
                let mut steps = compared(group, id, resource);
                steps.extend(self.all_members(group, id));
                Ok(stages(steps))
            }
            GroupStep::Create => {
                let created = answer
                    .json()
                    .ok_or_else(|| unusable("the created group is not in the answer".to_owned()))?;
                let id = reading::id(&created).map_err(unusable)?;
                self.groups.insert(group.key.clone(), id.to_owned());
                Ok(stages(self.all_members(group, id)))
            }
            GroupStep::Read { id } => {
                let resource = answer
                    .json()
                    .filter(Value::is_object)
                    .ok_or_else(|| unusable("the answer holds no group".to_owned()))?;
                Ok(stages(compared(group, id, &resource)))
            }
            GroupStep::Patch { .. } | GroupStep::Members { .. } | GroupStep::Delete { .. } => Ok(Vec::new()),
        }
    }

    fn all_members(&self, group: &Group, id: &str) -> Vec<GroupStep> {
        let everybody: Vec<_> = group.members.iter().cloned().collect();
        self.change_members(id, &everybody, &[])
    }

    fn members(&self, people: &[PersonKey]) -> Vec<String> {
        people
            .iter()
            .filter_map(|key| self.people.get(key))
            .filter(|link| link.assigned)
            .filter_map(|link| link.id.clone())
            .collect()
    }

    fn members_message(&self, group: &Group, id: &str, members: &[String], come: bool) -> Message {
        let compliant = self.options.has(options::COMPLIANT);
        let ref_null = come && self.options.has(options::REF_NULL);
        let values: Vec<Value> = members
            .iter()
            .map(|id| if ref_null { json!({"$ref": null, "value": id}) } else { json!({"value": id}) })
            .collect();
        let mut demands = vec!["ENTRA-Requirements-L2", "ENTRA-Groups-L2"];
        let mut forms = Vec::new();
        let operations = match (come, compliant) {
            (true, _) => {
                let op = if compliant { "add" } else { "Add" };
                vec![json!({"op": op, "path": "members", "value": values})]
            }
            (false, false) => {
                demands.push("ENTRA-Groups-L4");
                forms.push(forms::REMOVE_WITH_VALUE);
                vec![json!({"op": "Remove", "path": "members", "value": values})]
            }
            (false, true) => {
                demands.push("ENTRA-Groups-L5");
                let path = |id: &String| format!("members[{}]", writing::equals("value", id));
                members.iter().map(|id| json!({"op": "remove", "path": path(id)})).collect()
            }
        };
        if !compliant {
            demands.push("ENTRA-General-L4");
            forms.push(forms::CAPITAL_OP);
        }
        if ref_null {
            demands.push("ENTRA-Groups-L3");
        }
        if members.len() > 1 {
            demands.push("ENTRA-Gallery-L3");
        }
        Message {
            request: request(Method::PATCH, path("/Groups", id), Some(&writing::patch(&operations))),
            doing: format!("{} members of {}", if come { "adds" } else { "removes" }, group.key),
            source: MEMBERS,
            demands,
            forms,
        }
    }
}

/// Patches name and externalId if they differ.
fn compared(group: &Group, id: &str, resource: &Value) -> Vec<GroupStep> {
    let differences = patch::group(resource, &group.display_name, &group.external_id);
    if differences.is_empty() {
        return Vec::new();
    }
    vec![GroupStep::Patch { id: id.to_owned(), differences }]
}
