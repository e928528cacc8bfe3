//! What a request that writes would write to, told so narrowly that what it would touch is certain: the request itself,
//! or each operation of a bulk request as if it had been sent alone.

use percent_encoding::percent_decode_str;
use scimspec_mock_idp::exchange::Request;
use scimspec_mock_idp::recording::rebind::member;
use serde_json::Value;

use super::deed::{Deed, Doing};

/// The requests that a request consists of. None: what it would write to cannot be told.
pub(super) fn single_requests(doing: &Doing) -> Option<Vec<Doing>> {
    if !is_plain(&doing.target) {
        return None;
    }
    if doing.deed != Deed::Bulk {
        return Some(vec![doing.clone()]);
    }
    let path = doing.target.split('?').next().unwrap_or_default().trim_end_matches('/');
    let operations = doing.json.as_ref().and_then(|json| member(json, "Operations")?.as_array());
    let operations = operations.filter(|_| path.eq_ignore_ascii_case("/Bulk"))?;
    operations.iter().map(alone).collect()
}

/// An operation of a bulk request (RFC 7644, section 3.7) as a request of its own.
fn alone(operation: &Value) -> Option<Doing> {
    let text = |name: &str| member(operation, name).and_then(Value::as_str);
    let method = text("method")?.to_ascii_uppercase().parse().ok()?;
    let path = text("path").filter(|path| is_plain(path))?;
    let request = Request::scim(method, path);
    Doing::of(&match member(operation, "data") {
        Some(data) => request.body(data.to_string()),
        None => request,
    })
}

/// Whether a target's path leads where it seems to: from one slash, without steps that a URL parser or a server takes
/// out (RFC 3986, section 5.2.4) and signs that it reads as others.
fn is_plain(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    let Some(steps) = path.strip_prefix('/') else { return false };
    let strange = |c: char| c.is_control() || c.is_whitespace() || c == '\\' || c == '#';
    let leads_on = |step: &str| {
        let step = percent_decode_str(step).decode_utf8_lossy();
        !step.is_empty() && step != "." && step != ".."
    };
    !path.contains(strange) && steps.strip_suffix('/').unwrap_or(steps).split('/').all(leads_on)
}

#[cfg(test)]
mod tests {
    use http::Method;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn told(target: &str, body: &Value) -> Option<Vec<(Deed, String)>> {
        let request = Request::scim(Method::POST, target).body(body.to_string());
        let requests = single_requests(&Doing::of(&request).unwrap())?;
        Some(requests.into_iter().map(|doing| (doing.deed, doing.target)).collect())
    }

    #[test]
    fn a_bulk_request_is_its_operations() {
        let bulk = json!({"Operations": [{"method": "post", "path": "/Users", "data": {"userName": "ada"}},
            {"method": "DELETE", "path": "/Groups/7"}]});
        let expected = vec![(Deed::Create, "/Users".to_owned()), (Deed::Delete, "/Groups/7".to_owned())];
        assert_eq!(told("/Bulk/", &bulk), Some(expected));
        assert_eq!(told("/Bulk/x", &bulk), None);
        assert_eq!(told("/Bulk", &json!({"operations": 1})), None);
    }

    #[rstest]
    #[case("Users/7")]
    #[case("//Users/7")]
    #[case("https://new.example/scim/Users/7")]
    #[case("/Users/6/../7")]
    #[case("/Users/6/%2e%2E/7")]
    #[case("/Users/6/.\t./7")]
    #[case("/Users\\7")]
    #[case("")]
    fn an_operation_whose_path_may_lead_elsewhere_cannot_be_told(#[case] path: &str) {
        let bulk = json!({"Operations": [{"method": "DELETE", "path": path}]});
        assert_eq!(told("/Bulk", &bulk), None);
    }
}
