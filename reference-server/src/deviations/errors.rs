//! Errors in shapes, and with statuses, that clients cannot read (RFC 7644 section 3.12).

use axum::http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::{
    Cluster, Deviation, Seams,
    wire::{Answer, Place, Wire},
};
use crate::scim::Error;

/// Sentry told of a conflict in words alone.
pub(super) static CONFLICT_WITHOUT_SCIMTYPE: Deviation = Deviation {
    slug: "conflict-without-scimtype",
    cluster: Cluster::Errors,
    wrong: "the body of an answer with 409 has neither scimType nor status",
    right: "a conflict is told with status \"409\" and scimType uniqueness",
    source: "https://github.com/getsentry/sentry/issues/117860",
    install: |seams| {
        seams.edit_errors(|error| {
            if let Some(error) =
                error.as_object_mut().filter(|error| error.get("status") == Some(&json!("409")))
            {
                error.shift_remove("scimType");
                error.shift_remove("status");
            }
        })
    },
};

/// Lightdash let the error of its database out.
pub(super) static CONFLICT_AS_500: Deviation = Deviation {
    slug: "conflict-as-500",
    cluster: Cluster::Errors,
    wrong: "a userName that is taken is answered with 500",
    right: "a userName that is taken is answered with 409 uniqueness",
    source: "https://github.com/lightdash/lightdash/issues/12612",
    install: |seams| {
        seams.edit_answers(|wire, answer| {
            if wire.place == Place::Bulk {
                answer.edit(|body| {
                    let operations = body.get_mut("Operations").and_then(Value::as_array_mut);
                    for operation in operations.into_iter().flatten() {
                        if operation.pointer("/response/scimType") == Some(&json!("uniqueness")) {
                            operation["status"] = json!("500");
                            operation["response"] = went_wrong().to_json();
                        }
                    }
                });
            } else if answer.status == StatusCode::CONFLICT && wire.place.collection() == Some("Users") {
                *answer = went_wrong().into();
            }
        })
    },
};

/// SimpleIdServer put the error into a box.
pub(super) static ERROR_NESTED_IN_RESPONSE: Deviation = Deviation {
    slug: "error-nested-in-response",
    cluster: Cluster::Errors,
    wrong: "the body of an error is {\"status\": .., \"response\": ..}, and the SCIM error is within",
    right: "the body of an error is the SCIM error",
    source: "https://github.com/simpleidserver/SimpleIdServer/issues/227",
    install: |seams| {
        seams.edit_answers(|_, answer| {
            if is_error(answer) {
                let status = answer.status.as_str().to_owned();
                answer.edit(|body| *body = json!({"status": status, "response": body.take()}));
            }
        })
    },
};

/// SCIM-SDK and the UnboundID SDK had a number there.
pub(super) static ERROR_STATUS_IS_NUMBER: Deviation = Deviation {
    slug: "error-status-is-number",
    cluster: Cluster::Errors,
    wrong: "errors say \"status\": 404",
    right: "errors say \"status\": \"404\"",
    source: "https://github.com/Captain-P-Goldfish/SCIM-SDK/issues/834",
    install: |seams| {
        seams.edit_errors(|error| {
            if let Some(number) = error["status"].as_str().and_then(|status| status.parse::<u16>().ok()) {
                error["status"] = json!(number);
            }
        })
    },
};

/// Apache SCIMple answered with the object of an early draft.
pub(super) static ERROR_STATUS_IS_OBJECT: Deviation = Deviation {
    slug: "error-status-is-object",
    cluster: Cluster::Errors,
    wrong: "errors say \"status\": {\"code\": .., \"message\": ..} and errorMessage instead of detail",
    right: "errors have the attributes status, scimType and detail",
    source: "https://github.com/PennState/SCIMple-Identity/issues/72",
    install: |seams| {
        seams.edit_errors(|error| {
            let code = error["status"].as_str().and_then(|status| status.parse::<u16>().ok());
            let status = code.and_then(|code| StatusCode::from_u16(code).ok());
            if let Some(status) = status {
                let reason = status.canonical_reason().unwrap_or_default();
                let message = reason.to_ascii_uppercase().replace([' ', '-'], "_");
                *error = json!({
                    "schemas": error["schemas"],
                    "status": {"code": status.as_u16(), "message": message},
                    "errorMessage": [error["detail"]],
                });
            }
        })
    },
};

/// Vouch had a limit that knew nothing of SCIM.
pub(super) static RATE_LIMIT_429_PLAIN: Deviation = Deviation {
    slug: "rate-limit-429-plain",
    cluster: Cluster::Errors,
    wrong: "an answer with 429 is plain text and has no Retry-After",
    right: "an answer with 429 is a SCIM error and says when to come again",
    source: "https://github.com/vouch-sh/vouch/issues/1412",
    install: |seams| {
        seams.edit_answers(|_, answer| {
            if answer.status == StatusCode::TOO_MANY_REQUESTS {
                *answer = Answer::text(answer.status, "text/plain; charset=utf-8", "Too Many Requests");
            }
        })
    },
};

/// FusionAuth had the two halves the wrong way round.
pub(super) static CONTENT_TYPE_SWAPPED: Deviation = Deviation {
    slug: "content-type-swapped",
    cluster: Cluster::Errors,
    wrong: "answers have the Content-Type application/json+scim",
    right: "answers have the Content-Type application/scim+json",
    source: "https://github.com/FusionAuth/fusionauth-issues/issues/1769",
    install: |seams| {
        seams.edit_answers(|_, answer| {
            if answer.headers.contains_key(header::CONTENT_TYPE) {
                let swapped = HeaderValue::from_static("application/json+scim");
                answer.headers.insert(header::CONTENT_TYPE, swapped);
            }
        })
    },
};

/// An extension of Keystone read what came, whatever it was called.
pub(super) static REQUEST_CONTENT_TYPE_UNCHECKED: Deviation = Deviation {
    slug: "request-content-type-unchecked",
    cluster: Cluster::Errors,
    wrong: "a body that comes as text/plain is read like any other",
    right: "a body that comes as something else than JSON is answered with 415",
    source: "https://github.com/openstack-experimental/keystone/issues/968",
    install: |seams| {
        seams.wrap_wire(async |mut wire: Wire| {
            if wire.parts.headers.contains_key(header::CONTENT_TYPE) {
                let right = HeaderValue::from_static("application/scim+json");
                wire.parts.headers.insert(header::CONTENT_TYPE, right);
            }
            wire.go().await
        })
    },
};

/// An extension of Keystone left the reading of JSON to its framework.
pub(super) static MALFORMED_JSON_NOT_SCIM: Deviation = Deviation {
    slug: "malformed-json-not-scim",
    cluster: Cluster::Errors,
    wrong: "a body that is not JSON is answered with 400 and the page of the framework",
    right: "a body that is not JSON is answered with a SCIM error, 400 invalidSyntax",
    source: "https://github.com/openstack-experimental/keystone/issues/968",
    install: |seams| {
        seams.wrap_wire(async |wire: Wire| {
            let answer = wire.go().await;
            let reads = [Method::POST, Method::PUT, Method::PATCH].contains(&wire.parts.method);
            let is_json = serde_json::from_slice::<Value>(&wire.body).is_ok();
            if reads && answer.status == StatusCode::BAD_REQUEST && !is_json {
                let page = "<!doctype html>\n<title>400 Bad Request</title>\n<h1>Bad Request</h1>\n";
                return Answer::text(answer.status, "text/html; charset=utf-8", page);
            }
            answer
        })
    },
};

/// WSO2 Identity Server wrote out what it did not have.
pub(super) static SCIMTYPE_NULL_TEXT: Deviation = Deviation {
    slug: "scimtype-null-text",
    cluster: Cluster::Errors,
    wrong: "errors that have no scimType say \"scimType\": \"null\"",
    right: "errors that have no scimType leave it out",
    source: "https://github.com/wso2/product-is/issues/7697",
    install: |seams: Seams| {
        seams.edit_errors(|error| {
            if let Some(error) = error.as_object_mut() {
                error.entry("scimType").or_insert(json!("null"));
            }
        })
    },
};

fn is_error(answer: &Answer) -> bool {
    answer.status.is_client_error() || answer.status.is_server_error()
}

fn went_wrong() -> Error {
    Error::internal("Something went wrong.")
}
