//! Nulls that are kept as if they were values: by what stands in the way of a later PATCH, or is left by one.

use std::collections::HashSet;

use axum::http::Method;
use serde_json::Value;

use super::{
    Cluster, Deviation,
    memory::Memory,
    operations::{Aim, aims},
    wire::{Answer, Wire, collection_of},
};
use crate::{
    scim::{Error, Map},
    store::Kind,
};

/// The library scim-patch looked for something to add to, and found null.
pub(super) static ADD_OVER_NULL_FAILS: Deviation = Deviation {
    slug: "add-over-null-fails",
    cluster: Cluster::PatchRefused,
    wrong: "an add to an attribute that was written as null is answered with 400",
    right: "null is no value, and an add gives the attribute one",
    source: "https://github.com/thomaspoignant/scim-patch/issues/186",
    install: |seams| {
        let nulls: Memory<HashSet<String>> = Memory::default();
        seams.wrap_wire(move |wire| add_over_null(wire, nulls.clone()))
    },
};

/// scimmy filled in every sub-attribute that its schema has.
pub(super) static PATCH_LEAVES_NULL_SUBATTRIBUTES: Deviation = Deviation {
    slug: "patch-leaves-null-subattributes",
    cluster: Cluster::PatchRefused,
    wrong: "after a PATCH of emails they show type null and primary null, and the next PATCH is answered with 400",
    right: "what has no value is left out and in nobody's way",
    source: "https://github.com/scimmyjs/scimmy/issues/81",
    install: |seams| {
        let filled: Memory<()> = Memory::default();
        seams.wrap_wire(move |wire| fill_with_nulls(wire, filled.clone()))
    },
};

/// Zitadel had no place for the type of an address.
pub(super) static EMAILS_TYPE_NOT_KEPT: Deviation = Deviation {
    slug: "emails-type-not-kept",
    cluster: Cluster::PatchRefused,
    wrong: "the type of an email is dropped, so that a path such as emails[type eq \"work\"] finds nothing later",
    right: "an email keeps its type",
    source: "https://github.com/zitadel/zitadel/issues/9690",
    install: |seams| seams.keep(without_email_types),
};

async fn add_over_null(wire: Wire, nulls: Memory<HashSet<String>>) -> Answer {
    let (Some(body), true) = (wire.json(), wire.place.collection() == Some("Users")) else {
        return wire.go().await;
    };
    let aims = if wire.is(&Method::PATCH) { aims(&body) } else { Vec::new() };
    let id = wire.place.id().map(str::to_owned);
    let mut known = id.as_deref().and_then(|id| nulls.recall(id)).unwrap_or_default();
    for aim in aims {
        let (name, path) = names(&aim);
        let is_null = known.contains(&name) || known.contains(&path);
        if aim.op == "add" && is_null && !aim.value.is_null() {
            return Error::invalid_syntax(format!("Invalid SCIM patch: cannot add to {path}")).into();
        }
        if aim.value.is_null() && aim.op != "remove" {
            known.insert(path);
        } else {
            known.remove(&name);
            known.remove(&path);
        }
    }
    if wire.is(&Method::POST) || wire.is(&Method::PUT) {
        known = body.as_object().map(nulls_in).unwrap_or_default();
    }
    let answer = wire.go().await;
    let made = || answer.json()?.get("id")?.as_str().map(str::to_owned);
    if answer.status.is_success()
        && let Some(id) = id.or_else(made)
    {
        nulls.set(&id, known);
    }
    answer
}

/// The attribute that is aimed at, and the whole path, in lower case.
fn names(aim: &Aim) -> (String, String) {
    let path = aim.path.attribute();
    let name = path.name.to_ascii_lowercase();
    let whole = match aim.sub() {
        Some(sub) => format!("{name}.{}", sub.to_ascii_lowercase()),
        None => name.clone(),
    };
    (name, whole)
}

fn nulls_in(resource: &Map) -> HashSet<String> {
    let mut found = HashSet::new();
    for (name, value) in resource {
        let name = name.to_ascii_lowercase();
        let subs = value.as_object().into_iter().flatten().filter(|(_, value)| value.is_null());
        found.extend(subs.map(|(sub, _)| format!("{name}.{}", sub.to_ascii_lowercase())));
        if value.is_null() {
            found.insert(name);
        }
    }
    found
}

async fn fill_with_nulls(wire: Wire, filled: Memory<()>) -> Answer {
    let target = wire.resource().filter(|(collection, _)| *collection == "Users");
    let target = target.map(|(_, id)| id.to_owned());
    let is_patch = wire.is(&Method::PATCH);
    if let Some(id) = target.as_deref().filter(|_| is_patch)
        && filled.has(id)
    {
        return Error::invalid_value("Attribute 'type' expected value type 'string' but found 'null'").into();
    }
    let touches =
        is_patch && wire.json().is_some_and(|body| aims(&body).iter().any(|aim| aim.names("emails")));
    let is_put = wire.is(&Method::PUT);
    let mut answer = wire.go().await;
    if let Some(id) = target.filter(|_| answer.status.is_success()) {
        if touches {
            filled.set(&id, ());
        } else if is_put {
            filled.forget(&id);
        }
    }
    if wire.place.shows("Users") {
        answer.edit_resources(|user| {
            let is_filled = user.get("id").and_then(Value::as_str).is_some_and(|id| filled.has(id));
            if is_filled && collection_of(user, &wire.place) == Some("Users") {
                let emails = user.get_mut("emails").and_then(Value::as_array_mut);
                for email in emails.into_iter().flatten().filter_map(Value::as_object_mut) {
                    for name in ["type", "primary"] {
                        email.entry(name).or_insert(Value::Null);
                    }
                }
            }
        });
    }
    answer
}

fn without_email_types(of: Kind, user: &mut Map) {
    if of == Kind::User {
        let emails = user.get_mut("emails").and_then(Value::as_array_mut);
        for email in emails.into_iter().flatten().filter_map(Value::as_object_mut) {
            email.shift_remove("type");
        }
    }
}
