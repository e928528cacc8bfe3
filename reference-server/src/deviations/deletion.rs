//! What was deleted and is still shown, and ends that are told wrongly (RFC 7644 section 3.6).

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    Cluster, Deviation,
    memory::Memory,
    wire::{Answer, Place, Wire},
    writes::Verdict,
};
use crate::scim::{Error, Filter, Map, Projection, Registry};

/// SimpleIdServer kept the groups of a User with the User.
pub(super) static DELETE_GROUP_LEAVES_USER_GROUPS: Deviation = Deviation {
    slug: "delete-group-leaves-user-groups",
    cluster: Cluster::Deletion,
    wrong: "after a Group is deleted, its former members still show it in groups, with the type indirect",
    right: "a Group that is deleted is in nobody's groups",
    source: "https://github.com/simpleidserver/SimpleIdServer/issues/698",
    install: |seams| {
        let left: Memory<Vec<Value>> = Memory::default();
        let shown = left.clone();
        seams.wrap_wire(move |wire| leave_group(wire, left.clone())).edit_resources(
            "Users",
            move |wire, user| {
                let of_user = user["id"].as_str().and_then(|id| shown.recall(id));
                let wants = wire.parameter("attributes").is_none_or(|names| names.contains("groups"));
                if let (Some(mut groups), Some(user), true) = (of_user, user.as_object_mut(), wants) {
                    let there = user.entry("groups").or_insert_with(|| json!([]));
                    there.as_array_mut().into_iter().for_each(|there| there.append(&mut groups));
                }
            },
        )
    },
};

/// WSO2 Identity Server failed after it had done its work.
pub(super) static DELETE_500_BUT_DELETES: Deviation = Deviation {
    slug: "delete-500-but-deletes",
    cluster: Cluster::Deletion,
    wrong: "a DELETE of a User is answered with 500, and the User is gone",
    right: "a DELETE that is done is answered with 204",
    source: "https://github.com/wso2/product-is/issues/7296",
    install: |seams| {
        seams.edit_answers(|wire, answer| {
            let error = || Error::internal("Error occurred while deleting user");
            let is_user = matches!(wire.resource(), Some(("Users", _)));
            if is_user && wire.is(&Method::DELETE) && answer.status.is_success() {
                *answer = error().into();
            } else if wire.place == Place::Bulk {
                edit_ends(answer, |collection, _, outcome| {
                    if collection == "Users" && outcome["status"] == "204" {
                        outcome["status"] = json!("500");
                        outcome["response"] = error().to_json();
                    }
                });
            }
        })
    },
};

/// Wire's server answered 204 to whoever wanted something gone that is gone.
pub(super) static SECOND_DELETE_204: Deviation = Deviation {
    slug: "second-delete-204",
    cluster: Cluster::Deletion,
    wrong: "a DELETE of what was deleted before is answered with 204 again",
    right: "a DELETE of what there is not is answered with 404",
    source: "https://github.com/wireapp/wire-server/issues/660",
    install: |seams| {
        let gone: Memory<()> = Memory::default();
        seams.edit_answers(move |wire, answer| {
            if let (Some((_, id)), true) = (wire.resource(), wire.is(&Method::DELETE)) {
                if answer.status.is_success() {
                    gone.set(id, ());
                } else if answer.status == StatusCode::NOT_FOUND && gone.has(id) {
                    *answer = Answer::empty(StatusCode::NO_CONTENT);
                }
            } else if wire.place == Place::Bulk {
                edit_ends(answer, |_, id, outcome| {
                    if outcome["status"] == "204" {
                        gone.set(id, ());
                    } else if outcome["status"] == "404" && gone.has(id) {
                        outcome["status"] = json!("204");
                        outcome.as_object_mut().and_then(|outcome| outcome.shift_remove("response"));
                    }
                });
            }
        })
    },
};

/// Wire's server deleted later, and listed whom it had.
pub(super) static DELETED_USER_STILL_LISTED: Deviation = Deviation {
    slug: "deleted-user-still-listed",
    cluster: Cluster::Deletion,
    wrong: "Users that were deleted are still in lists, although a GET of them is answered with 404",
    right: "what was deleted is in no list",
    source: "https://github.com/wireapp/wire-server/issues/548",
    install: |seams| {
        let dead: Memory<Vec<Map>> = Memory::default();
        seams.wrap_wire(move |wire| list_the_dead(wire, dead.clone()))
    },
};

/// Sourcegraph looked for an account that only externalId leads to.
pub(super) static DELETE_WITHOUT_EXTERNALID_500: Deviation = Deviation {
    slug: "delete-without-externalid-500",
    cluster: Cluster::Deletion,
    wrong: "a DELETE of a User without externalId is answered with 500, and the User stays",
    right: "a User can be deleted whether it has an externalId or not",
    source: "https://github.com/sourcegraph/sourcegraph-public-snapshot/issues/47742",
    install: |seams| {
        seams.judge_writes(async |server, write: super::writes::Write| {
            if !write.is_delete() || !write.is_user() {
                return Verdict::Go(write);
            }
            match write.current(&server).await {
                Some(user) if user.get("externalId").is_none() => Verdict::Answer(
                    Error::internal("cannot delete the user: sql: no rows in result set").into(),
                ),
                _ => Verdict::Go(write),
            }
        })
    },
};

async fn leave_group(wire: Wire, left: Memory<Vec<Value>>) -> Answer {
    let groups = ended(&wire, "Groups").await;
    let answer = wire.go().await;
    for group in groups {
        let id = group["id"].as_str().unwrap_or_default();
        if wire.server.read(&format!("/Groups/{id}")).await.is_some() {
            continue;
        }
        let shown = json!({
            "value": id,
            "$ref": group["meta"]["location"],
            "display": group["displayName"],
            "type": "indirect",
        });
        for member in group["members"].as_array().into_iter().flatten() {
            if let (Some(user), Some("User")) = (member["value"].as_str(), member["type"].as_str()) {
                left.of_all().entry(user.to_owned()).or_default().push(shown.clone());
            }
        }
    }
    answer
}

async fn list_the_dead(wire: Wire, dead: Memory<Vec<Map>>) -> Answer {
    let users = ended(&wire, "Users").await;
    let mut answer = wire.go().await;
    let client = wire.server.client();
    for user in users {
        let path = format!("/Users/{}", user["id"].as_str().unwrap_or_default());
        if let (None, Value::Object(user)) = (wire.server.read(&path).await, user) {
            dead.of_all().entry(client.clone()).or_default().push(user);
        }
    }
    let is_page = wire.is_search() && wire.parameter("cursor").is_none();
    if is_page && wire.place.collection() == Some("Users") && answer.status == StatusCode::OK {
        let found = matching(&wire, dead.recall(&client).unwrap_or_default());
        answer.edit(|list| append(&wire, list, found));
    }
    answer
}

/// The resources that a request ends, as they are before it.
async fn ended(wire: &Wire, collection: &str) -> Vec<Value> {
    let mut ids = Vec::new();
    match wire.resource() {
        Some((found, id)) if found == collection && wire.is(&Method::DELETE) => ids.push(id.to_owned()),
        None if wire.place == Place::Bulk => {
            let body = wire.json().unwrap_or_default();
            for operation in body["Operations"].as_array().into_iter().flatten() {
                let method = operation["method"].as_str().unwrap_or_default();
                let path = operation["path"].as_str().unwrap_or_default().trim_matches('/');
                if let (true, Some((found, id))) =
                    (method.eq_ignore_ascii_case("DELETE"), path.split_once('/'))
                    && found == collection
                {
                    ids.push(id.to_owned());
                }
            }
        }
        _ => {}
    }
    let mut found = Vec::new();
    for id in ids {
        found.extend(wire.server.read(&format!("/{collection}/{id}")).await);
    }
    found
}

/// Those of the dead whom a search finds, shown as it asks.
fn matching(wire: &Wire, mut dead: Vec<Map>) -> Vec<Map> {
    let registry = Registry::core();
    let Some(users) = registry.resource_type("User") else { return dead };
    if let Some(filter) = wire.filter() {
        let filter = Filter::parse(&filter).and_then(|filter| filter.bind(users));
        dead.retain(|user| filter.as_ref().is_ok_and(|filter| filter.matches(user)));
    }
    let (attributes, excluded) = (wire.parameter("attributes"), wire.parameter("excludedAttributes"));
    if let Ok(projection) = Projection::from_query(attributes.as_deref(), excluded.as_deref()) {
        for user in &mut dead {
            projection.apply(users, user);
        }
    }
    dead
}

/// Puts the dead behind the living, as far as there is room on the page.
fn append(wire: &Wire, list: &mut Value, dead: Vec<Map>) {
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap_or(0)).unwrap_or(usize::MAX);
    let (living, shown) = (number(&list["totalResults"]), number(&list["itemsPerPage"]));
    let before = number(&list["startIndex"]).max(1) - 1;
    let count = wire.number("count").map_or(100, |count| usize::try_from(count).unwrap_or(0));
    list["totalResults"] = json!(living + dead.len());
    if before + shown < living {
        return;
    }
    let skipped = before.saturating_sub(living);
    let added = dead.into_iter().skip(skipped).take(count.saturating_sub(shown)).map(Value::Object);
    if let Some(resources) = list.get_mut("Resources").and_then(Value::as_array_mut) {
        resources.extend(added);
        list["itemsPerPage"] = json!(list["Resources"].as_array().map_or(0, Vec::len));
    }
}

/// Changes what a bulk response tells of the ends of resources; it is given their collections and ids.
fn edit_ends(answer: &mut Answer, mut edit: impl FnMut(&str, &str, &mut Value)) {
    answer.edit(|body| {
        let operations = body.get_mut("Operations").and_then(Value::as_array_mut);
        for outcome in operations.into_iter().flatten() {
            let is_end =
                outcome["method"].as_str().is_some_and(|method| method.eq_ignore_ascii_case("DELETE"));
            let location = outcome["location"].as_str().unwrap_or_default().to_owned();
            let mut segments = location.rsplit('/');
            if let (true, Some(id), Some(collection)) = (is_end, segments.next(), segments.next()) {
                edit(collection, id, outcome);
            }
        }
    });
}
