//! `client/bulk-form`.

use http::Method;
use serde_json::Value;

use super::super::sent::{Sent, member};
use super::{ClientRule, Fault, Look};
use crate::catalogue::Level;
use crate::rules::Place;

pub(super) static RULE: ClientRule = ClientRule {
    slug: "bulk-form",
    title: "A bulk request is a list of requests",
    what: "Every body sent to /Bulk: Operations is a non-empty array; each has a method, POST to an endpoint with a bulkId and data, PUT and PATCH to a resource with data, DELETE to a resource.",
    why: "A server cannot carry it out, or cannot say which of its answers is which.",
    fix: "Send {method, path, bulkId, data} for each, PUT, PATCH and DELETE with the id in the path.",
    level: Level::Must,
    source: "RFC 7644, section 3.7",
    requirements: &["RFC7644-3.7-L6", "RFC7644-3.7-L12", "RFC7644-3.7-L15"],
    softer: None,
    look,
};

/// RFC 7644, section 3.7.
fn look(sent: &Sent<'_>) -> Look {
    let json = sent.json().filter(|_| sent.to == Place::Bulk && *sent.method() == Method::POST);
    let Some(json) = json else { return Look::Elsewhere };
    match member(json, "Operations") {
        Some(Value::Array(all)) if !all.is_empty() => Look::of(all.iter().flat_map(operation).collect()),
        Some(Value::Array(_)) => Look::of(vec![Fault::new("one operation or more", "none")]),
        _ => Look::of(vec![Fault::new("an array of operations", "no Operations")]),
    }
}

fn operation(operation: &Value) -> Vec<Fault> {
    let text = |name: &str| member(operation, name).and_then(Value::as_str);
    let method = text("method").unwrap_or_default().to_ascii_uppercase();
    if !["POST", "PUT", "PATCH", "DELETE"].contains(&method.as_str()) {
        return vec![Fault::new("POST, PUT, PATCH or DELETE", "another method")];
    }
    let mut faults = Vec::new();
    if method == "POST" && text("bulkId").is_none_or(str::is_empty) {
        faults.push(Fault::new("a bulkId", "POST without bulkId"));
    }
    if method != "DELETE" && member(operation, "data").is_none_or(Value::is_null) {
        faults.push(Fault::new("data", format!("{method} without data")));
    }
    match text("path").map(|path| path.trim_matches('/').split('/').count()) {
        None => faults.push(Fault::new("a path", format!("{method} without a path"))),
        Some(1) if method != "POST" => {
            faults.push(Fault::new("the path of a resource", format!("{method} of an endpoint")));
        }
        Some(2..) if method == "POST" => {
            faults.push(Fault::new("the path of an endpoint", "POST to a resource"));
        }
        Some(_) => {}
    }
    faults
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::tests::{broken, kept, request, told};
    use super::*;

    #[rstest]
    #[case(r#"{"method":"POST","path":"/Users","bulkId":"a","data":{}}"#, kept())]
    #[case(r#"{"method":"DELETE","path":"/Users/1"}"#, kept())]
    #[case(r#"{"method":"PATCH","path":"/Users/bulkId:a","data":{}}"#, kept())]
    #[case(r#"{"method":"POST","path":"/Users","data":{}}"#, broken("POST without bulkId"))]
    #[case(r#"{"method":"PUT","path":"/Users/1"}"#, broken("PUT without data"))]
    #[case(r#"{"method":"DELETE","path":"/Users"}"#, broken("DELETE of an endpoint"))]
    #[case(r#"{"method":"GET","path":"/Users"}"#, broken("another method"))]
    #[case("", broken("none"))]
    fn each_operation_is_whole(#[case] operations: &str, #[case] said: Option<Vec<String>>) {
        let body = format!(r#"{{"Operations":[{operations}]}}"#);
        assert_eq!(told(&RULE, &request("POST", "/Bulk", &body)), said);
        assert_eq!(told(&RULE, &request("POST", "/Users", &body)), None);
    }
}
