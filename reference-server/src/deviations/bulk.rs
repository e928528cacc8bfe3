//! Bulk requests (RFC 7644 section 3.7) that do something else than their operations alone, or tell it wrongly.

use axum::http::Method;
use serde_json::{Value, json};

use super::{
    Cluster, Deviation, Seams,
    active::{member, patched, truth},
    operations::{field, strip, text},
    wire::{Place, Wire},
    writes::{Verdict, Write},
};

/// WSO2 Identity Server told of the request and not of the operation.
pub(super) static BULK_MALFORMED_200: Deviation = Deviation {
    slug: "bulk-malformed-200",
    cluster: Cluster::Bulk,
    wrong: "a POST in a bulk request that has to fail with 400 is reported with the status 200",
    right: "an operation that fails is reported with its status and its error",
    source: "https://github.com/wso2/product-is/issues/3947",
    install: |seams| {
        seams.edit_outcomes(|outcome| {
            let is_post = text(outcome, "method").eq_ignore_ascii_case("POST");
            if outcome["status"] == "400" && is_post {
                outcome["status"] = json!("200");
                if let Some(outcome) = outcome.as_object_mut() {
                    outcome.shift_remove("response");
                }
            }
        })
    },
};

/// WSO2 Identity Server wrote the form of an early draft, and an answer within a string.
pub(super) static BULK_STATUS_OBJECT_RESPONSE_STRING: Deviation = Deviation {
    slug: "bulk-status-object-response-string",
    cluster: Cluster::Bulk,
    wrong: "operations of a bulk response say \"status\": {\"code\": 400}, and response is a string with JSON in it",
    right: "operations of a bulk response say \"status\": \"400\", and response is an object",
    source: "https://github.com/wso2/product-is/issues/16110",
    install: |seams| {
        seams.edit_outcomes(|outcome| {
            let code = outcome["status"].as_str().and_then(|status| status.parse::<u16>().ok());
            outcome["status"] = json!({"code": code});
            if let Some(response) = outcome.get("response").map(Value::to_string) {
                outcome["response"] = json!(response);
            }
        })
    },
};

/// A server in front of Keycloak gave up at the first error.
pub(super) static BULK_STOPS_AT_FIRST_ERROR: Deviation = Deviation {
    slug: "bulk-stops-at-first-error",
    cluster: Cluster::Bulk,
    wrong: "the operations after the first that fails are not done, although failOnErrors is not there",
    right: "without failOnErrors all operations are done",
    source: "https://github.com/Captain-P-Goldfish/scim-for-keycloak/issues/71",
    install: |seams| {
        seams.wrap_wire(async |wire: Wire| {
            let body = wire.json().filter(|_| wire.place == Place::Bulk && wire.is(&Method::POST));
            match body {
                Some(mut body) if body.is_object() && field(&body, "failOnErrors").is_none() => {
                    body["failOnErrors"] = json!(1);
                    wire.with(&body).go().await
                }
                _ => wire.go().await,
            }
        })
    },
};

/// OneUptime had another hand for bulk requests, and that one knew no active.
pub(super) static BULK_PUT_PATCH_IGNORES_DEACTIVATION: Deviation = Deviation {
    slug: "bulk-put-patch-ignores-deactivation",
    cluster: Cluster::Bulk,
    wrong: "a PUT or PATCH with active false in a bulk request is reported as done, and the person still gets in",
    right: "an operation of a bulk request does what it would do alone",
    source: "https://github.com/OneUptime/oneuptime/issues/3852",
    install: |seams| {
        seams.judge_bulk(|_, mut write| {
            if deactivates(&write) {
                strip(&mut write, "active");
            }
            std::future::ready(Verdict::Go(write))
        })
    },
};

fn deactivates(write: &Write) -> bool {
    let mut body = write.body.clone();
    let is_off = |value: &Value| truth(value) == Some(false);
    match () {
        () if !write.is_user() => false,
        () if write.is_patch() => patched(&mut body).iter().any(|(_, value)| is_off(value)),
        () => write.is_put() && member(&mut body, "active").is_some_and(|value| is_off(value)),
    }
}

impl Seams {
    /// Changes what is told of each operation of a bulk request.
    fn edit_outcomes(self, edit: fn(&mut Value)) -> Self {
        self.edit_answers(move |wire, answer| {
            if wire.place == Place::Bulk && answer.status.is_success() {
                answer.edit(|body| {
                    let operations = body.get_mut("Operations").and_then(Value::as_array_mut);
                    operations.into_iter().flatten().for_each(edit);
                });
            }
        })
    }
}
