//! PUT that there is not, and PUT that is another PATCH.

use axum::http::{HeaderValue, StatusCode, header};
use serde_json::Value;

use super::{
    Cluster, Deviation,
    wire::{Answer, Server},
    writes::{Verdict, Write},
};
use crate::scim::Error;

/// Sentry knew GET, PATCH and DELETE of its members.
pub(super) static PUT_NOT_SUPPORTED_FOR_USERS: Deviation = Deviation {
    slug: "put-not-supported-for-users",
    cluster: Cluster::Replacing,
    wrong: "a PUT of a User is answered with 405",
    right: "a PUT replaces the User",
    source: "https://github.com/getsentry/sentry/issues/45430",
    install: |seams| {
        seams.judge_writes(|_, write| {
            let error = Error::method_not_allowed("Method \"PUT\" not allowed.");
            let answer = (write.is_put() && write.is_user()).then(|| not_allowed(error.into()));
            std::future::ready(answer.map_or(Verdict::Go(write), Verdict::Answer))
        })
    },
};

/// Vouch had no PUT at all.
pub(super) static PUT_405: Deviation = Deviation {
    slug: "put-405",
    cluster: Cluster::Replacing,
    wrong: "a PUT of a User or a Group is answered with 405 without a body",
    right: "a PUT replaces the resource",
    source: "https://github.com/vouch-sh/vouch/issues/1411",
    install: |seams| {
        seams.judge_writes(|_, write| {
            let is_known = write.is_user() || write.is_group();
            let answer = (write.is_put() && is_known)
                .then(|| not_allowed(Answer::empty(StatusCode::METHOD_NOT_ALLOWED)));
            std::future::ready(answer.map_or(Verdict::Go(write), Verdict::Answer))
        })
    },
};

/// OpenTranscribe and agent-bom wrote what was there and left the rest.
pub(super) static PUT_MERGES_INSTEAD_OF_REPLACING: Deviation = Deviation {
    slug: "put-merges-instead-of-replacing",
    cluster: Cluster::Replacing,
    wrong: "an attribute that a PUT leaves out keeps its value",
    right: "an attribute that a PUT leaves out has no value any more, or its default",
    source: "https://github.com/attevon-llc/OpenTranscribe/issues/582",
    install: |seams| seams.judge_writes(merge),
};

/// RFC 9110 section 15.5.6: an answer with 405 says what would do.
fn not_allowed(mut answer: Answer) -> Answer {
    let allow = HeaderValue::from_static("GET, HEAD, OPTIONS, PATCH, DELETE");
    answer.headers.insert(header::ALLOW, allow);
    answer
}

async fn merge(server: Server, mut write: Write) -> Verdict {
    if !write.is_put() {
        return Verdict::Go(write);
    }
    let Some(current) = write.current(&server).await else { return Verdict::Go(write) };
    fill(&mut write.body, &current, &["meta", "groups"]);
    Verdict::Go(write)
}

/// Takes over what a body leaves out; what an extension leaves out as well.
fn fill(body: &mut Value, current: &Value, but: &[&str]) {
    let (Some(body), Some(current)) = (body.as_object_mut(), current.as_object()) else { return };
    for (name, value) in current {
        let there = body.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        match there {
            Some(there) if name.starts_with("urn:") => fill(there, value, &[]),
            Some(Value::Array(urns)) if name == "schemas" => {
                let missing = value.as_array().into_iter().flatten().filter(|urn| !urns.contains(urn));
                let missing: Vec<Value> = missing.cloned().collect();
                urns.extend(missing);
            }
            Some(_) => {}
            None if but.contains(&name.as_str()) => {}
            None => _ = body.insert(name.clone(), value.clone()),
        }
    }
}
