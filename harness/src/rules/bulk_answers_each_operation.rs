//! `rule/bulk-answers-each-operation`.

use http::Method;
use serde_json::Value;

use super::Rule;
use super::known::Known;
use super::scope::{Look, Scope, Wrong};
use super::seen::{ERROR, Place, Seen, names_schema};

pub(super) static RULE: Rule = Rule {
    slug: "bulk-answers-each-operation",
    title: "A bulk answer says for each operation what became of it",
    what: "Successful answers to POST /Bulk: the BulkResponse message, and in each of its operations method \
          and status, the location where something exists, and the SCIM error where it failed.",
    why: "A client that cannot tell which of a hundred operations failed sends all of them again.",
    fix: "Answer each operation as the single request would have been answered.",
    requirements: &["RFC7644-3.7-L1", "RFC7644-3.7-L8", "RFC7644-3.7-L10"],
    softer: None,
    needs: &[],
    scope: Scope::Exchange(look),
};

/// RFC 7644, section 3.7.3 (C27: status as text or as an object with code).
fn look(seen: &Seen<'_>, _: &Known) -> Look {
    const URN: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
    let bulk = seen.to == Place::Bulk && seen.method() == Method::POST && seen.answer.is_success();
    let Some(json) = seen.json.as_ref().filter(|_| bulk) else { return Look::Elsewhere };
    if !names_schema(json, URN) {
        return Look::broken(format!("schemas with {URN}"), "another message, or none");
    }
    let Some(operations) = json.get("Operations").and_then(Value::as_array) else {
        return Look::broken("Operations: an array", "no Operations");
    };
    let mut wrongs = Vec::new();
    for operation in operations {
        if operation.get("method").and_then(Value::as_str).is_none() && methods_are_known(seen) {
            wrongs.push(Wrong::new("a method in each operation", "an operation without method"));
        }
        let Some(code) = code(operation) else {
            wrongs.push(Wrong::new("a status in each operation", "an operation without status"));
            continue;
        };
        let error = operation.get("response").is_some_and(|response| names_schema(response, ERROR));
        if code >= 400 && !error {
            wrongs.push(Wrong::new("a SCIM error in response", "a failed operation without one"));
        }
    }
    Look::of(wrongs)
}

/// Whether every operation that was sent has one of the methods that there are: what to call another one is open.
fn methods_are_known(seen: &Seen<'_>) -> bool {
    let operations = seen.sent.as_ref().and_then(|sent| sent.get("Operations")?.as_array());
    operations.into_iter().flatten().all(|operation| {
        let method = operation.get("method").and_then(Value::as_str);
        method.is_some_and(|method| ["POST", "PUT", "PATCH", "DELETE"].contains(&method))
    })
}

/// The status of an operation, however it is written.
fn code(operation: &Value) -> Option<u64> {
    let status = operation.get("status")?;
    let status = status.get("code").unwrap_or(status);
    status.as_u64().or_else(|| status.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::{answer, broken, found, kept};

    #[test]
    fn each_operation_has_its_answer() {
        let told = |operation: &str| {
            let body = format!(
                r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],"Operations":[{operation}]}}"#
            );
            found(&RULE, &[answer("POST", "/Bulk", 200, &body)])
        };
        assert_eq!(told(r#"{"method":"POST","status":"201","location":"x"}"#), kept());
        assert_eq!(told(r#"{"method":"POST","status":{"code":"201"}}"#), kept());
        assert_eq!(told(r#"{"status":"204"}"#), broken("an operation without method"));
        assert_eq!(told(r#"{"method":"POST"}"#), broken("an operation without status"));
        assert_eq!(
            told(r#"{"method":"POST","status":"400","response":"{}"}"#),
            broken("a failed operation without one")
        );
        assert_eq!(found(&RULE, &[answer("POST", "/Bulk", 200, "{}")]), broken("another message, or none"));
        assert_eq!(found(&RULE, &[answer("POST", "/Bulk", 413, "{}")]), None);
    }
}
