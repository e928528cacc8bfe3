//! PATCH requests that are answered with success and do something else than they say, or half of it.

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{
    Cluster, Deviation,
    active::{for_operations, member},
    memory::Memory,
    operations::{aims_of, edit_operations, field, operations, strip, text},
    wire::{Answer, Server, Wire},
    writes::{Verdict, Write},
};
use crate::scim::{Filter, PatchPath, Registry};

/// Langwatch and Open WebUI had no place for externalId in their handler of PATCH.
pub(super) static EXTERNALID_PATCH_IGNORED: Deviation = Deviation {
    slug: "externalid-patch-ignored",
    cluster: Cluster::PatchMisapplied,
    wrong: "a PATCH of a User's externalId is answered with success and changes nothing",
    right: "externalId is what the PATCH says",
    source: "https://github.com/langwatch/langwatch/issues/7141",
    install: |seams| {
        seams.rewrite(|write| {
            if write.is_patch() && write.is_user() {
                strip(write, "externalId");
            }
        })
    },
};

/// The UnboundID SDK and scim-patch took a path for a name.
pub(super) static DOTTED_KEYS_STORED_LITERALLY: Deviation = Deviation {
    slug: "dotted-keys-stored-literally",
    cluster: Cluster::PatchMisapplied,
    wrong: "a PATCH without a path whose value has the key name.familyName makes an attribute \"name.familyName\"",
    right: "a key with a dot names the sub-attribute",
    source: "https://github.com/pingidentity/scim2/issues/224",
    install: |seams| {
        let literals: Memory<Map<String, Value>> = Memory::default();
        let kept = literals.clone();
        seams
            .rewrite(move |write| keep_literally(write, &literals))
            .edit_resources("Users", move |wire, user| show_literally(wire, user, &kept))
    },
};

/// The sample code of Entra ID wrote the value that came with a remove.
pub(super) static REMOVE_WITH_OTHER_VALUE_WRITES_IT: Deviation = Deviation {
    slug: "remove-with-other-value-writes-it",
    cluster: Cluster::PatchMisapplied,
    wrong: "a remove of emails[type eq \"work\"].value that comes with another value writes that value",
    right: "a remove removes, or leaves what it does not name",
    source: "https://github.com/AzureAD/SCIMReferenceCode/issues/87",
    install: |seams| seams.judge_writes(write_what_is_to_be_removed),
};

/// scim2-models and SCIM-SDK changed the resource one operation after the other.
pub(super) static PATCH_NOT_ATOMIC: Deviation = Deviation {
    slug: "patch-not-atomic",
    cluster: Cluster::PatchMisapplied,
    wrong: "the operations before the one that fails stay done, although the PATCH is answered with an error",
    right: "a PATCH that fails changes nothing",
    source: "https://github.com/python-scim/scim2-models/issues/155",
    install: |seams| seams.wrap_wire(done_in_part),
};

/// Logfire answered what it could not do like what it had done.
pub(super) static UNSUPPORTED_OP_204: Deviation = Deviation {
    slug: "unsupported-op-204",
    cluster: Cluster::PatchMisapplied,
    wrong: "a PATCH with an unknown op or path is answered with 204, and nothing is done",
    right: "a PATCH that cannot be done is answered with 400",
    source: "https://github.com/pydantic/logfire/issues/2356",
    install: |seams| {
        seams.wrap_wire(async |wire: Wire| {
            let answer = wire.go().await;
            let is_patch = wire.is(&Method::PATCH) && answer.status == StatusCode::BAD_REQUEST;
            let is_unknown = |operation: &Value| {
                let op = text(operation, "op").to_ascii_lowercase();
                !["add", "remove", "replace"].contains(&op.as_str())
            };
            let names_nothing = || text(&answer.json().unwrap_or_default(), "scimType") == "invalidPath";
            let has_unknown = || wire.json().is_some_and(|body| operations(&body).iter().any(is_unknown));
            if is_patch && (names_nothing() || has_unknown()) {
                return Answer::empty(StatusCode::NO_CONTENT);
            }
            answer
        })
    },
};

/// Onyx kept one address and wrote it, whichever was meant.
pub(super) static VALUEPATH_UPDATES_PRIMARY_INSTEAD: Deviation = Deviation {
    slug: "valuepath-updates-primary-instead",
    cluster: Cluster::PatchMisapplied,
    wrong: "a PATCH of emails[type eq \"home\"].value changes the primary email",
    right: "a PATCH changes the value that its path selects",
    source: "https://github.com/onyx-dot-app/onyx/issues/14110",
    install: |seams| seams.judge_writes(write_primary),
};

fn keep_literally(write: &mut Write, literals: &Memory<Map<String, Value>>) {
    let Some(id) = write.id.clone().filter(|_| write.is_user()) else { return };
    if write.is_put() || write.is_delete() {
        literals.forget(&id);
    } else if write.is_patch() {
        let mut found = Map::new();
        edit_operations(write, |operation| {
            if field(operation, "path").is_some() {
                return true;
            }
            let Some(Value::Object(value)) = member(operation, "value") else { return true };
            let had = value.len();
            value.retain(|key, value| {
                let dotted = key.contains('.') && !key.contains(':');
                if dotted {
                    found.insert(key.clone(), value.clone());
                }
                !dotted
            });
            value.len() == had || !value.is_empty()
        });
        literals.of_all().entry(id).or_default().extend(found);
    }
}

fn show_literally(wire: &Wire, user: &mut Value, literals: &Memory<Map<String, Value>>) {
    let found = user.get("id").and_then(Value::as_str).and_then(|id| literals.recall(id));
    if let (Some(found), Some(user), None) = (found, user.as_object_mut(), wire.parameter("attributes")) {
        user.extend(found);
    }
}

async fn write_what_is_to_be_removed(server: Server, mut write: Write) -> Verdict {
    let is_strange = |operation: &Value| {
        text(operation, "op").eq_ignore_ascii_case("remove")
            && field(operation, "value").is_some_and(Value::is_string)
            && text(operation, "path").contains("].")
    };
    if !write.is_patch() || !operations(&write.body).iter().any(is_strange) {
        return Verdict::Go(write);
    }
    let Some(current) = write.current(&server).await else { return Verdict::Go(write) };
    edit_operations(&mut write, |operation| {
        let other = is_strange(operation).then(|| selected(&current, operation)).flatten();
        let sent = field(operation, "value").cloned().unwrap_or_default();
        if other.is_some_and(|values| !values.is_empty() && !values.contains(&sent)) {
            operation["op"] = json!("replace");
        }
        true
    });
    Verdict::Go(write)
}

/// The sub-attributes that the path of an operation selects in a User; nothing if it selects in no such way.
fn selected(user: &Value, operation: &Value) -> Option<Vec<Value>> {
    let aim = aims_of(operation).into_iter().next()?;
    let PatchPath::Values { attribute, filter, sub: Some(sub) } = aim.path else { return None };
    let registry = Registry::core();
    let definition = registry.resource_type("User")?.attribute(&attribute.name)?;
    let filter = filter.bind_values(definition).ok()?;
    let values = user.get(&definition.name)?.as_array()?;
    let values = values.iter().filter(|value| filter.matches(value));
    Some(values.filter_map(|value| field(value, &sub).cloned()).collect())
}

async fn done_in_part(wire: Wire) -> Answer {
    let answer = wire.go().await;
    let refused = [StatusCode::BAD_REQUEST, StatusCode::CONFLICT].contains(&answer.status);
    let Some(mut body) = wire.json().filter(|_| refused && wire.is(&Method::PATCH)) else { return answer };
    let operations = operations(&body);
    for done in (1..operations.len()).rev() {
        for_operations(&mut body, |left| *left = operations[..done].to_vec());
        if wire.server.ask(Method::PATCH, wire.rest(), Some(&body)).await.status.is_success() {
            break;
        }
    }
    answer
}

async fn write_primary(server: Server, mut write: Write) -> Verdict {
    let selects = |operation: &Value| {
        let aim = aims_of(operation).into_iter().next()?;
        let PatchPath::Values { filter, .. } = &aim.path else { return None };
        let is_address = aim.op != "remove" && aim.names("emails") && aim.sub() == Some("value");
        (is_address && !asks_for_primary(filter)).then_some(())
    };
    if !write.is_patch() || !operations(&write.body).iter().any(|operation| selects(operation).is_some()) {
        return Verdict::Go(write);
    }
    let current = write.current(&server).await.unwrap_or_default();
    let mut emails = current["emails"].as_array().into_iter().flatten();
    if emails.any(|email| email["primary"] == true) {
        edit_operations(&mut write, |operation| {
            if let (Some(()), Some(path)) = (selects(operation), member(operation, "path")) {
                *path = json!("emails[primary eq true].value");
            }
            true
        });
    }
    Verdict::Go(write)
}

fn asks_for_primary(filter: &Filter) -> bool {
    match filter {
        Filter::Or(parts) | Filter::And(parts) => parts.iter().any(asks_for_primary),
        Filter::Not(inner) | Filter::Values { filter: inner, .. } => asks_for_primary(inner),
        Filter::Test(path, _) => path.name.eq_ignore_ascii_case("primary"),
    }
}
