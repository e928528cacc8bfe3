//! A PATCH that changes what cannot be changed (RFC 7643 section 7, `immutable`): the sub-attributes of a Group's
//! members.

use serde_json::{Value, json};

use super::{
    Cluster, Deviation,
    active::for_operations,
    memory::Memory,
    operations::{Aim, aims, aims_of, edit_operations},
    wire::Server,
    writes::{Verdict, Write},
};
use crate::scim::{Filter, PatchPath, Registry};

/// SimpleIdServer did not look at mutability in a PATCH.
pub(super) static IMMUTABLE_ATTRIBUTE_PATCHED: Deviation = Deviation {
    slug: "immutable-attribute-patched",
    cluster: Cluster::PatchMisapplied,
    wrong: "a replace of a sub-attribute of members[..], all of which are immutable, is done",
    right: "a replace of an immutable attribute is answered with 400 mutability",
    source: "https://github.com/simpleidserver/SimpleIdServer/issues/844",
    install: |seams| {
        let written = Memory::default();
        let shown = written.clone();
        seams
            .judge_writes(move |server, write| overwrite(server, write, written.clone()))
            .edit_resources("Groups", move |_, group| show(group, &shown))
    },
};

/// Of each Group what was written: the member, the sub-attribute, and its value.
type Written = Memory<Vec<(Value, String, Value)>>;

async fn overwrite(server: Server, mut write: Write, written: Written) -> Verdict {
    let id = write.id.clone().filter(|_| write.is_group());
    let Some(id) =
        id.filter(|_| write.is_patch() && aims(&write.body).iter().any(|aim| target(aim).is_some()))
    else {
        return Verdict::Go(write);
    };
    let Some(group) = write.current(&server).await else { return Verdict::Go(write) };
    exchange(&mut write);
    edit_operations(&mut write, |operation| {
        let aim = aims_of(operation).into_iter().next();
        let Some((aim, (filter, sub))) = aim.as_ref().and_then(|aim| Some((aim, target(aim)?))) else {
            return true;
        };
        let found = selected(&group, filter);
        let mut written = written.of_all();
        let of_group = written.entry(id.clone()).or_default();
        of_group.retain(|(member, name, _)| name != sub || !found.contains(member));
        of_group.extend(found.into_iter().map(|member| (member, sub.to_owned(), aim.value.clone())));
        false
    });
    Verdict::Go(write)
}

/// The members and the sub-attribute that a replace is about.
fn target(aim: &Aim) -> Option<(&Filter, &str)> {
    match &aim.path {
        PatchPath::Values { filter, sub: Some(sub), .. } if aim.op == "replace" && aim.names("members") => {
            Some((filter, sub))
        }
        _ => None,
    }
}

/// Another value is another member: the one goes and the other comes.
fn exchange(write: &mut Write) {
    for_operations(&mut write.body, |operations| {
        let mut done = Vec::new();
        for operation in operations.drain(..) {
            let aim = aims_of(&operation).into_iter().next();
            let of_value = aim.as_ref().and_then(|aim| {
                let (filter, _) = target(aim).filter(|(_, sub)| *sub == "value")?;
                Some([
                    json!({"op": "remove", "path": format!("members[{filter}]")}),
                    json!({"op": "add", "path": "members", "value": [{"value": aim.value}]}),
                ])
            });
            match of_value {
                Some(exchange) => done.extend(exchange),
                None => done.push(operation),
            }
        }
        *operations = done;
    });
}

/// The values of the members that a filter selects.
fn selected(group: &Value, filter: &Filter) -> Vec<Value> {
    let registry = Registry::core();
    let members = registry.resource_type("Group").and_then(|of| of.attribute("members"));
    let Some(filter) = members.and_then(|members| filter.bind_values(members).ok()) else {
        return Vec::new();
    };
    let members = group["members"].as_array().into_iter().flatten();
    members.filter(|member| filter.matches(member)).map(|member| member["value"].clone()).collect()
}

fn show(group: &mut Value, written: &Written) {
    let of_group = group["id"].as_str().and_then(|id| written.recall(id)).unwrap_or_default();
    let members = group.get_mut("members").and_then(Value::as_array_mut);
    for member in members.into_iter().flatten() {
        for (value, sub, written) in &of_group {
            if member["value"] == *value {
                member[sub] = written.clone();
            }
        }
    }
}
