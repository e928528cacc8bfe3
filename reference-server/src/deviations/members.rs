//! Changes of a group's members that change something else, or nothing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::http::Method;
use serde_json::{Value, json};

use super::{
    Cluster, Deviation, Seams,
    active::{for_operations, member},
    memory::Memory,
    operations::{Aim, aims, aims_of, edit_operations},
    seams::WrongStore,
    wire::Place,
    writes::{Verdict, Write},
};
use crate::{
    scim::Error,
    store::{self, Committed, MemberChange, Reference, ResourceId, Store, TenantId},
};

/// agent-bom took the path up to the bracket.
pub(super) static GROUP_FILTERED_REMOVE_CLEARS_ALL: Deviation = Deviation {
    slug: "group-filtered-remove-clears-all",
    cluster: Cluster::MembersWrong,
    wrong: "a remove of members[value eq \"A\"] takes every member out of the group",
    right: "a remove of members[value eq \"A\"] takes A out and nobody else",
    source: "https://github.com/msaad00/agent-bom/issues/3533",
    install: |seams| {
        seams.rewrite(|write| {
            on_members(write, |operation, aim| {
                if aim.op == "remove" && aim.is_filtered() {
                    set(operation, "path", json!("members"));
                }
                true
            });
        })
    },
};

/// LiteLLM and agent-bom knew one way to write members.
pub(super) static GROUP_ADD_REPLACES_MEMBERS: Deviation = Deviation {
    slug: "group-add-replaces-members",
    cluster: Cluster::MembersWrong,
    wrong: "an add of members leaves only those that were added",
    right: "an add of members adds to those that are there",
    source: "https://github.com/BerriAI/litellm/issues/34162",
    install: |seams| {
        seams.rewrite(|write| {
            on_members(write, |operation, aim| {
                if aim.op == "add" && !aim.is_filtered() {
                    set(operation, "op", json!("replace"));
                }
                true
            });
        })
    },
};

/// Three servers did not look at the value of a remove.
pub(super) static GROUP_REMOVE_WITH_VALUE_CLEARS_ALL: Deviation = Deviation {
    slug: "group-remove-with-value-clears-all",
    cluster: Cluster::MembersWrong,
    wrong: "a remove of members with a value, as Entra sends it, takes every member out of the group",
    right: "a remove of members with a value takes out those that the value names",
    source: "https://github.com/AzureAD/SCIMReferenceCode/issues/10",
    install: |seams| {
        seams.rewrite(|write| {
            on_members(write, |operation, aim| {
                if is_remove_with_value(aim) {
                    remove(operation, "value");
                }
                true
            });
        })
    },
};

/// The Ping Identity SDK refused a remove that has a value.
pub(super) static GROUP_REMOVE_WITH_VALUE_REJECTED: Deviation = Deviation {
    slug: "group-remove-with-value-rejected",
    cluster: Cluster::MembersWrong,
    wrong: "a remove of members with a value, as Entra sends it, is answered with 400, and the member stays",
    right: "a remove of members with a value takes out those that the value names",
    source: "https://github.com/pingidentity/scim2/issues/174",
    install: |seams| {
        seams.refuse(|write| {
            let refused = member_aims(write).iter().any(is_remove_with_value);
            refused.then(|| Error::invalid_syntax("A remove operation cannot be read with a value."))
        })
    },
};

/// authentik and WSO2 did not read the brackets.
pub(super) static GROUP_FILTERED_REMOVE_NOOP_200: Deviation = Deviation {
    slug: "group-filtered-remove-noop-200",
    cluster: Cluster::MembersWrong,
    wrong: "a remove of members[value eq \"A\"] is answered with success, and A stays in the group",
    right: "a remove of members[value eq \"A\"] takes A out",
    source: "https://github.com/goauthentik/authentik/issues/25686",
    install: |seams| {
        seams.rewrite(|write| on_members(write, |_, aim| aim.op != "remove" || !aim.is_filtered()))
    },
};

/// The SCIM-SDK asked every member for its value, also where there was none.
pub(super) static GROUP_REPLACE_EMPTY_400: Deviation = Deviation {
    slug: "group-replace-empty-400",
    cluster: Cluster::MembersWrong,
    wrong: "a replace of members with an empty array is answered with 400, and the members stay",
    right: "a replace of members with an empty array empties the group",
    source: "https://github.com/Captain-P-Goldfish/SCIM-SDK/issues/757",
    install: |seams| {
        seams.refuse(|write| {
            let empty = |aim: &Aim| aim.op == "replace" && aim.value.as_array().is_some_and(Vec::is_empty);
            let refused = member_aims(write).iter().any(empty);
            refused.then(|| Error::invalid_value("Missing value for required attribute members.value."))
        })
    },
};

/// The reference code of Microsoft and WSO2 appended.
pub(super) static GROUP_ADD_DUPLICATE_MEMBER: Deviation = Deviation {
    slug: "group-add-duplicate-member",
    cluster: Cluster::MembersWrong,
    wrong: "an add of somebody who is a member makes a second entry of the same member",
    right: "an add of somebody who is a member changes nothing",
    source: "https://github.com/wso2/product-is/issues/5333",
    install: |seams: Seams| seams.wrap_store(|inner| Appending { inner, extra: Mutex::default() }),
};

/// LangWatch built the group anew of what was in the request.
pub(super) static GROUP_UNRELATED_REPLACE_EMPTIES: Deviation = Deviation {
    slug: "group-unrelated-replace-empties",
    cluster: Cluster::MembersWrong,
    wrong: "a replace of displayName or externalId, with or without a path, takes every member out of the group",
    right: "a replace of another attribute leaves the members alone",
    source: "https://github.com/langwatch/langwatch/issues/7131",
    install: |seams| {
        seams.rewrite(|write| {
            if !write.is_group() || !write.is_patch() {
                return;
            }
            let aims = aims(&write.body);
            let replaces = aims.iter().any(|aim| aim.op == "replace");
            if replaces && !aims.iter().any(|aim| aim.names("members")) {
                let empty = json!({"op": "remove", "path": "members"});
                for_operations(&mut write.body, |operations| operations.push(empty));
            }
        })
    },
};

/// AWS IAM Identity Center lets members be written and not be read.
pub(super) static GROUP_GET_MEMBERS_EMPTY: Deviation = Deviation {
    slug: "group-get-members-empty",
    cluster: Cluster::MembersWrong,
    wrong: "a GET of a Group shows no members, so that a provider cannot take out who has left",
    right: "a GET of a Group shows its members",
    source: "https://github.com/goauthentik/authentik/issues/25330",
    install: |seams| {
        seams.edit_answers(|wire, answer| {
            let of_group = matches!(&wire.place, Place::Resource(collection, _) if collection == "Groups");
            if of_group && wire.is(&Method::GET) {
                answer.edit_resources(|group| {
                    if let Some(members) = group.get_mut("members") {
                        *members = json!([]);
                    }
                });
            }
        })
    },
};

/// SCIMMY looked for a member that is equal to the value in every part.
pub(super) static REMOVE_WITH_NULL_REF_NOOP: Deviation = Deviation {
    slug: "remove-with-null-ref-noop",
    cluster: Cluster::MembersWrong,
    wrong: "a remove of members with a value that has \"$ref\": null is answered with success, and the member stays",
    right: "a remove of members with a value takes out the member with this value",
    source: "https://github.com/scimmyjs/scimmy/issues/34",
    install: |seams| {
        seams.rewrite(|write| {
            on_members(write, |operation, aim| {
                if !is_remove_with_value(aim) {
                    return true;
                }
                match member(operation, "value") {
                    Some(Value::Array(values)) => {
                        values.retain(|value| !has_null_ref(value));
                        !values.is_empty()
                    }
                    Some(value) => !has_null_ref(value),
                    None => true,
                }
            });
        })
    },
};

/// SimpleIdServer wrote the operation's value beside the members.
pub(super) static REPLACE_MEMBERS_GARBLES_GROUP: Deviation = Deviation {
    slug: "replace-members-garbles-group",
    cluster: Cluster::MembersWrong,
    wrong: "a PATCH that replaces members takes all of them out, and the Group shows a \"value\" of its own",
    right: "a PATCH that replaces members leaves those that it names",
    source: "https://github.com/simpleidserver/SimpleIdServer/issues/844",
    install: |seams| {
        let garbage: Memory<Value> = Memory::default();
        let shown = garbage.clone();
        let seams = seams.judge_writes(move |_, mut write| {
            garble(&mut write, &garbage);
            std::future::ready(Verdict::Go(write))
        });
        seams.edit_resources("Groups", move |_, group| {
            let value = group.get("id").and_then(Value::as_str).and_then(|id| shown.recall(id));
            if let Some(value) = value {
                group["value"] = value;
            }
        })
    },
};

fn garble(write: &mut Write, garbage: &Memory<Value>) {
    let Some(id) = write.id.clone().filter(|_| write.is_group()) else { return };
    if !write.is_patch() {
        garbage.forget(&id);
        return;
    }
    on_members(write, |operation, aim| {
        if aim.op == "replace" && aim.by_path && !aim.is_filtered() {
            garbage.set(&id, aim.value.clone());
            *operation = json!({"op": "remove", "path": "members"});
        }
        true
    });
}

/// Changes the operations of a PATCH that are about a group's members, or drops them.
fn on_members(write: &mut Write, mut keep: impl FnMut(&mut Value, &Aim) -> bool) {
    if !write.is_group() || !write.is_patch() {
        return;
    }
    edit_operations(write, |operation| {
        let found = aims_of(operation).into_iter().find(|aim| aim.names("members"));
        found.is_none_or(|aim| keep(operation, &aim))
    });
}

/// What a PATCH of a group wants of its members.
pub(super) fn member_aims(write: &Write) -> Vec<Aim> {
    if !write.is_group() || !write.is_patch() {
        return Vec::new();
    }
    aims(&write.body).into_iter().filter(|aim| aim.names("members")).collect()
}

fn is_remove_with_value(aim: &Aim) -> bool {
    aim.op == "remove" && aim.by_path && !aim.is_filtered() && !aim.value.is_null()
}

fn has_null_ref(value: &Value) -> bool {
    value.get("$ref").is_some_and(Value::is_null)
}

fn set(operation: &mut Value, name: &str, to: Value) {
    if let Some(value) = member(operation, name) {
        *value = to;
    }
}

fn remove(operation: &mut Value, name: &str) {
    if let Some(object) = operation.as_object_mut() {
        object.retain(|key, _| !key.eq_ignore_ascii_case(name));
    }
}

/// A store that adds who is there already.
struct Appending {
    inner: Arc<dyn Store>,
    extra: Mutex<HashMap<ResourceId, Vec<ResourceId>>>,
}

impl Appending {
    fn extra(&self) -> MutexGuard<'_, HashMap<ResourceId, Vec<ResourceId>>> {
        self.extra.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WrongStore for Appending {
    fn inner(&self) -> &Arc<dyn Store> {
        &self.inner
    }

    fn members<'a>(&'a self, tenant: &'a TenantId, group: ResourceId) -> store::Answer<'a, Vec<Reference>> {
        Box::pin(async move {
            let mut members = self.inner.members(tenant, group).await?;
            let extra = self.extra().get(&group).cloned().unwrap_or_default();
            let again = extra.iter().filter_map(|id| members.iter().find(|member| member.id == *id).cloned());
            let again: Vec<Reference> = again.collect();
            members.extend(again);
            Ok(members)
        })
    }

    fn commit<'a>(&'a self, tenant: &'a TenantId, write: store::Write) -> store::Answer<'a, Committed> {
        Box::pin(async move {
            let store::Write::Update { id: group, members: changes, .. } = &write else {
                return self.inner.commit(tenant, write).await;
            };
            let (group, changes) = (*group, changes.clone());
            let before =
                if changes.is_empty() { Vec::new() } else { self.inner.members(tenant, group).await? };
            let committed = self.inner.commit(tenant, write).await?;
            let mut extra = self.extra();
            let extra = extra.entry(group).or_default();
            for change in changes {
                match change {
                    MemberChange::Add(added) => {
                        let again = added.into_iter().filter(|id| before.iter().any(|row| row.id == *id));
                        extra.extend(again);
                    }
                    MemberChange::Remove(removed) => extra.retain(|id| !removed.contains(id)),
                    MemberChange::Set(_) => extra.clear(),
                }
            }
            Ok(committed)
        })
    }
}
