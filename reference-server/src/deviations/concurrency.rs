//! Two at once, conditions that do not count, and failures half way.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use serde_json::{Value, json};

use super::{
    Cluster, Deviation, Seams, body,
    operations::{field, operations, text},
    race::{Races, Runner},
    wire::{Answer, Place, Wire},
};
use crate::scim::{Error, compare::fold, patch};

/// Gravitee asked whether the name is free, and then wrote.
pub(super) static RACE_CREATE_500: Deviation = Deviation {
    slug: "race-create-500",
    cluster: Cluster::Concurrency,
    wrong: "of two POSTs of one userName at once, the one that comes too late is answered with 500 and the text of the database",
    right: "of two POSTs of one userName at once, one is answered with 201 and one with 409 uniqueness",
    source: "https://github.com/gravitee-io/gravitee-access-management/issues/8290",
    install: |seams| {
        let races = Races::default();
        seams.wrap_wire(move |wire| {
            let races = races.clone();
            async move {
                let (answer, runner) = create(&wire, &races).await;
                if is_late(&answer, runner.as_ref()) {
                    return Error::internal(
                        "ERROR: duplicate key value violates unique constraint \"users_user_name_key\"",
                    )
                    .into();
                }
                answer
            }
        })
    },
};

/// Tuist let people sign up while they were provisioned.
pub(super) static RACE_CREATE_NONJSON_502: Deviation = Deviation {
    slug: "race-create-nonjson-502",
    cluster: Cluster::Concurrency,
    wrong: "a POST that loses its userName to somebody who comes at the same time, from wherever, is answered with 502 as plain text",
    right: "a POST that comes too late is answered with a SCIM error, 409 uniqueness",
    source: "https://github.com/tuist/tuist/issues/11688",
    install: |seams| {
        let races = Races::default();
        let sign_ups = races.clone();
        let mut seams = seams.wrap_wire(move |wire| {
            let races = races.clone();
            async move {
                let (answer, runner) = create(&wire, &races).await;
                if is_late(&answer, runner.as_ref()) {
                    return Answer::text(StatusCode::BAD_GATEWAY, "text/plain; charset=utf-8", "Bad Gateway");
                }
                answer
            }
        });
        seams.http.push(Arc::new(move |request, next| Box::pin(sign_up(request, next, sign_ups.clone()))));
        seams
    },
};

/// Yuzu and Apache SCIMple showed versions and did not compare them.
pub(super) static VERSION_WITHOUT_PRECONDITIONS: Deviation = Deviation {
    slug: "version-without-preconditions",
    cluster: Cluster::Concurrency,
    wrong: "resources have versions, and a write whose If-Match names another version is done",
    right: "a write whose If-Match names another version is answered with 412",
    source: "https://github.com/Tr3kkR/Yuzu/issues/2027",
    install: |seams| {
        seams.wrap_wire(async |mut wire: Wire| {
            wire.parts.headers.remove(header::IF_MATCH);
            let body = wire.json().filter(|_| wire.place == Place::Bulk);
            let Some(mut body) = body else { return wire.go().await };
            let operations = body.get_mut("Operations").and_then(Value::as_array_mut);
            for operation in operations.into_iter().flatten().filter_map(Value::as_object_mut) {
                operation.shift_remove("version");
            }
            wire.with(&body).go().await
        })
    },
};

/// Thunder compared versions and wrote in two steps.
pub(super) static IF_MATCH_CHECK_THEN_WRITE: Deviation = Deviation {
    slug: "if-match-check-then-write",
    cluster: Cluster::Concurrency,
    wrong: "of two writes at once with the same If-Match, both are done",
    right: "of two writes at once with the same If-Match, one is answered with 412",
    source: "https://github.com/thunder-id/thunderid/issues/5110",
    install: |seams| {
        let races = Races::default();
        seams.wrap_wire(move |wire| check_then_write(wire, races.clone()))
    },
};

/// Keycloak validated the profile that it had already changed.
pub(super) static FAILED_VALIDATION_LEAVES_WRITES: Deviation = Deviation {
    slug: "failed-validation-leaves-writes",
    cluster: Cluster::Concurrency,
    wrong: "a PUT or PATCH with one value that is not valid is answered with 400, and its other values are kept",
    right: "a write that fails changes nothing",
    source: "https://github.com/keycloak/keycloak/issues/50991",
    install: |seams| seams.wrap_wire(keep_what_is_valid),
};

/// Gestalt told of a job that came in between, and not of the User.
pub(super) static CREATE_503_AFTER_COMMIT: Deviation = Deviation {
    slug: "create-503-after-commit",
    cluster: Cluster::Concurrency,
    wrong: "a POST that overlaps with another one of the same userName is answered with 503, and the User is there",
    right: "an answer tells what has become of the request, so that it can be sent again",
    source: "https://github.com/valon-technologies/gestalt/issues/3132",
    install: |seams: Seams| {
        let races = Races::default();
        seams.wrap_wire(move |wire| {
            let races = races.clone();
            async move {
                let (answer, runner) = create(&wire, &races).await;
                let overlapped = runner.as_ref().is_some_and(Runner::met_another);
                if answer.status != StatusCode::CREATED || !overlapped {
                    return answer;
                }
                let mut answer =
                    Answer::error(&Error::new(503, None, "Provisioning is in progress; try again."));
                answer.headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                answer
            }
        })
    },
};

/// The name that a POST wants to have.
fn user_name(wire: &Wire) -> Option<String> {
    let is_create = wire.place == Place::Collection("Users".to_owned()) && wire.is(&Method::POST);
    let body = wire.json().filter(|_| is_create)?;
    Some(fold(text(&body, "userName")).into_owned()).filter(|name| !name.is_empty())
}

/// Lets a request through; a POST of a User together with another one of the same name.
async fn create(wire: &Wire, races: &Races) -> (Answer, Option<Runner>) {
    let runner = match user_name(wire) {
        Some(name) => Some(races.enter(name).await),
        None => None,
    };
    (wire.go().await, runner)
}

fn is_late(answer: &Answer, runner: Option<&Runner>) -> bool {
    answer.status == StatusCode::CONFLICT && runner.is_some_and(Runner::met_another)
}

/// Somebody gets an account in the application itself.
async fn sign_up(request: Request, next: Next, races: Races) -> Response {
    let is_sign_up = request.method() == Method::POST && request.uri().path().ends_with("/app/admin/people");
    if !is_sign_up {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let body = match body::take(body).await {
        Ok(body) => body,
        Err(body) => return next.run(Request::from_parts(parts, body)).await,
    };
    let person: Value = serde_json::from_slice(&body).unwrap_or_default();
    let _runner = races.enter_as_favourite(fold(text(&person, "userName")).into_owned()).await;
    next.run(Request::from_parts(parts, Body::from(body))).await
}

async fn check_then_write(mut wire: Wire, races: Races) -> Answer {
    let is_write = [Method::PUT, Method::PATCH, Method::DELETE].contains(&wire.parts.method);
    let condition = wire.parts.headers.get(header::IF_MATCH).cloned();
    let Some(condition) = condition.filter(|_| is_write && wire.resource().is_some()) else {
        return wire.go().await;
    };
    let current = wire.server.ask(Method::GET, wire.rest(), None).await;
    if current.headers.get(header::ETAG) != Some(&condition) {
        return wire.go().await;
    }
    let about = format!("{} {condition:?}", wire.parts.uri.path());
    let _runner = races.enter(about).await;
    wire.parts.headers.remove(header::IF_MATCH);
    wire.go().await
}

async fn keep_what_is_valid(wire: Wire) -> Answer {
    let answer = wire.go().await;
    let is_change = wire.resource().is_some() && (wire.is(&Method::PUT) || wire.is(&Method::PATCH));
    let scim_type = answer.json().and_then(|error| error["scimType"].as_str().map(str::to_owned));
    let is_invalid = answer.status == StatusCode::BAD_REQUEST
        && matches!(scim_type.as_deref(), Some("invalidValue" | "mutability"));
    let Some(body) = wire.json().filter(|_| is_change && is_invalid) else { return answer };
    let changes = if wire.is(&Method::PATCH) {
        operations(&body).into_iter().flat_map(one_by_one).collect()
    } else {
        of_resource(&body)
    };
    for change in changes {
        let body = json!({"schemas": [patch::URN], "Operations": [change]});
        wire.server.ask(Method::PATCH, wire.rest(), Some(&body)).await;
    }
    answer
}

/// An operation without a path as one for each key of its value.
fn one_by_one(operation: Value) -> Vec<Value> {
    match field(&operation, "value").and_then(Value::as_object) {
        Some(value) if field(&operation, "path").is_none() => {
            let alone =
                |(name, value): (&String, &Value)| json!({"op": operation["op"], "value": {name: value}});
            value.iter().map(alone).collect()
        }
        _ => vec![operation],
    }
}

fn of_resource(body: &Value) -> Vec<Value> {
    let servers_own = ["schemas", "id", "meta", "groups"];
    let attributes = body.as_object().into_iter().flatten();
    attributes
        .filter(|(name, _)| !servers_own.contains(&name.as_str()))
        .map(|(name, value)| json!({"op": "replace", "value": {name: value}}))
        .collect()
}
