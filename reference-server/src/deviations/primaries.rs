//! Users with more than one primary value of an attribute (RFC 7643 section 2.4 allows one).

use axum::http::Method;
use serde_json::{Value, json};

use super::{
    Cluster, Deviation,
    memory::Memory,
    operations::{Aim, aims},
    wire::{Answer, Wire, collection_of},
};

/// Sourcegraph and scim2-models set what they were told and left the other.
pub(super) static PATCH_PRIMARY_NOT_RESET: Deviation = Deviation {
    slug: "patch-primary-not-reset",
    cluster: Cluster::PatchMisapplied,
    wrong: "a PATCH that makes one value primary leaves the former one primary as well",
    right: "when a value becomes primary, the former one is primary no more",
    source: "https://github.com/sourcegraph/sourcegraph-public-snapshot/issues/49210",
    install: |seams| {
        let primaries = Memory::default();
        seams.wrap_wire(move |wire| not_reset(wire, primaries.clone()))
    },
};

/// WSO2 Identity Server took as many as it was given.
pub(super) static TWO_PRIMARIES_ACCEPTED: Deviation = Deviation {
    slug: "two-primaries-accepted",
    cluster: Cluster::Representation,
    wrong: "a User with two primary emails is taken and comes back with both primary",
    right: "two primary values are refused with 400, or one of them is primary",
    source: "https://github.com/wso2/product-is/issues/10033",
    install: |seams| {
        let primaries = Memory::default();
        seams.wrap_wire(move |wire| all_taken(wire, primaries.clone()))
    },
};

/// For each User the values that are shown as primary although the server keeps them as others: the attribute,
/// and the value without `primary`.
type Primaries = Memory<Vec<(String, Value)>>;

async fn not_reset(wire: Wire, primaries: Primaries) -> Answer {
    let id = wire.resource().filter(|(collection, _)| *collection == "Users").map(|(_, id)| id.to_owned());
    let aims = wire.json().filter(|_| wire.is(&Method::PATCH)).map(|body| aims(&body)).unwrap_or_default();
    let makes_one = aims.iter().any(makes_primary) && !aims.iter().any(unmakes_primary);
    let before = match &id {
        Some(id) if makes_one => wire.server.read(&format!("/Users/{id}")).await,
        _ => None,
    };
    let mut answer = wire.go().await;
    if let Some(id) = id.filter(|_| answer.status.is_success() && !wire.is(&Method::GET)) {
        primaries.forget(&id);
        if let Some(before) = before {
            let after = wire.server.read(&format!("/Users/{id}")).await.unwrap_or_default();
            let lost: Vec<_> = values(&before)
                .filter(|(name, value)| {
                    let still = values(&after).find(|(other, now)| other == name && bare(now) == bare(value));
                    is_primary(value) && still.is_some_and(|(_, now)| !is_primary(now))
                })
                .map(|(name, value)| (name.clone(), bare(value)))
                .collect();
            primaries.set(&id, lost);
        }
    }
    show(&wire, &mut answer, &primaries);
    answer
}

async fn all_taken(mut wire: Wire, primaries: Primaries) -> Answer {
    let is_user = wire.place.collection() == Some("Users");
    let is_write = [Method::POST, Method::PUT, Method::PATCH].contains(&wire.parts.method);
    let mut second = Vec::new();
    if let Some(mut body) = wire.json().filter(|_| is_user && is_write && !wire.is_search()) {
        if wire.is(&Method::PATCH) {
            super::active::for_operations(&mut body, |operations| {
                for operation in operations {
                    let path = super::operations::text(operation, "path").to_owned();
                    let Some(value) = super::active::member(operation, "value") else { continue };
                    if path.is_empty() {
                        demote_all(value, &mut second);
                    } else {
                        demote(&path, value, &mut second);
                    }
                }
            });
        } else {
            demote_all(&mut body, &mut second);
        }
        if !second.is_empty() {
            wire = wire.with(&body);
        }
    }
    let mut answer = wire.go().await;
    if is_user && is_write && !wire.is_search() && answer.status.is_success() {
        let user = answer.json().unwrap_or_default();
        let id = wire.place.id().or_else(|| user["id"].as_str());
        let touches = || wire.json().is_some_and(|body| body.to_string().contains("primary"));
        match id {
            Some(id) if !second.is_empty() => primaries.set(id, second),
            Some(id) if wire.is(&Method::PUT) || touches() => _ = primaries.forget(id),
            _ => {}
        }
    }
    show(&wire, &mut answer, &primaries);
    answer
}

fn demote_all(resource: &mut Value, second: &mut Vec<(String, Value)>) {
    for (name, value) in resource.as_object_mut().into_iter().flatten() {
        demote(name, value, second);
    }
}

/// Leaves the first of several primary values primary and notes the others.
fn demote(name: &str, value: &mut Value, second: &mut Vec<(String, Value)>) {
    let values = value.as_array_mut().into_iter().flatten();
    for value in values.filter(|value| is_primary(value)).skip(1) {
        second.push((name.to_owned(), bare(value)));
        value["primary"] = json!(false);
    }
}

fn show(wire: &Wire, answer: &mut Answer, primaries: &Primaries) {
    if !wire.place.shows("Users") {
        return;
    }
    answer.edit_resources(|user| {
        if collection_of(user, &wire.place) != Some("Users") {
            return;
        }
        let of_user = user["id"].as_str().and_then(|id| primaries.recall(id));
        for (name, primary) in of_user.unwrap_or_default() {
            let found =
                user.as_object_mut().into_iter().flatten().find(|(key, _)| key.eq_ignore_ascii_case(&name));
            let values = found.and_then(|(_, values)| values.as_array_mut());
            for value in values.into_iter().flatten().filter(|value| bare(value) == primary) {
                value["primary"] = json!(true);
            }
        }
    });
}

fn makes_primary(aim: &Aim) -> bool {
    let sets = if aim.sub() == Some("primary") { is_true(&aim.value) } else { any(&aim.value, is_primary) };
    // Who replaces all values says of each whether it is primary.
    sets && (aim.op == "add" || aim.op == "replace" && aim.is_filtered())
}

fn unmakes_primary(aim: &Aim) -> bool {
    let says_no = |value: &Value| value.get("primary").is_some_and(|primary| !is_true(primary));
    aim.sub() == Some("primary") && (aim.op == "remove" || !is_true(&aim.value)) || any(&aim.value, says_no)
}

fn any(value: &Value, holds: impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::Array(values) => values.iter().any(holds),
        value => holds(value),
    }
}

fn is_true(value: &Value) -> bool {
    *value == true || value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

fn is_primary(value: &Value) -> bool {
    value.get("primary").is_some_and(is_true)
}

/// The value without what says whether it is primary.
fn bare(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(value) = value.as_object_mut() {
        value.shift_remove("primary");
    }
    value
}

/// The values of all multi-valued attributes.
fn values(user: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let attributes = user.as_object().into_iter().flatten();
    attributes
        .flat_map(|(name, values)| values.as_array().into_iter().flatten().map(move |value| (name, value)))
}
