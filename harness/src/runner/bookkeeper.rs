//! The wire just before the target: notes every create in the ledger before it is sent, and what became of it. It sits
//! below a bad network, so that it knows of what the server made although the answer was lost.

use futures::FutureExt;
use futures::future::BoxFuture;
use http::Method;
use scimspec_mock_idp::exchange::{Answer, Destination, Exchange, Origin, Request, Wire};
use scimspec_mock_idp::recording::rebind::member;
use serde_json::Value;

use super::Setting;
use super::ledger::{EntryId, Ledger, Tenant};
use crate::secrets::Secrets;

/// A wire that keeps the ledger.
pub struct Bookkeeper<'a> {
    inner: &'a dyn Wire,
    ledger: &'a Ledger,
    secrets: &'a Secrets,
    story: usize,
    tenant: Tenant,
    endpoints: &'a [String],
}

impl<'a> Bookkeeper<'a> {
    /// Over another wire, for the story with that number; resources are made at these endpoints, and in this tenant.
    pub fn new(inner: &'a dyn Wire, setting: &'a Setting, story: usize, tenant: Tenant) -> Self {
        let (ledger, secrets, endpoints) = (&setting.ledger, &setting.secrets, &setting.endpoints[..]);
        Self { inner, ledger, secrets, story, tenant, endpoints }
    }

    async fn carry(&self, origin: Origin, request: Request) -> Exchange {
        let intend = |create: Create| {
            let entry = self.ledger.intend(&create.endpoint, &create.name, self.story, self.tenant);
            (entry, create)
        };
        let intended: Vec<_> = creates(&request, self.endpoints).into_iter().map(intend).collect();
        let exchange = self.inner.send(origin, request).await;
        if let Ok(answer) = &exchange.result {
            let operations = operations(answer);
            for (entry, create) in &intended {
                self.note(*entry, create, answer, &operations);
            }
        }
        exchange
    }

    fn note(&self, entry: EntryId, create: &Create, answer: &Answer, operations: &[Value]) {
        let became = match &create.operation {
            Some(operation) if answer.is_success() => operation.became(&create.endpoint, operations),
            _ => Became::of(answer.status, || {
                let json = answer.json().unwrap_or_default();
                let id = json.get("id").and_then(Value::as_str).map(str::to_owned);
                id.or_else(|| last_step(answer.header("location")?))
            }),
        };
        match became {
            // The journal is a file: an id that quotes a secret does not go into it; the thing is found by name.
            Became::Made(Some(id)) if self.secrets.scrub(&id) == id => self.ledger.made(entry, &id),
            Became::Nothing => self.ledger.gone(entry),
            // What has no name could not be found again: only a success says that it is there.
            Became::Unknown if create.name.is_empty() => self.ledger.gone(entry),
            Became::Made(_) | Became::Unknown => {}
        }
    }
}

/// Something that a request would create.
#[derive(Debug, PartialEq, Eq)]
struct Create {
    endpoint: String,
    /// Empty: it has none by which it could be found.
    name: String,
    /// By which operation, in a bulk request.
    operation: Option<Operation>,
}

/// An operation of a bulk request.
#[derive(Debug, PartialEq, Eq)]
struct Operation {
    bulk_id: Option<String>,
    index: usize,
}

/// What became of a create by its answer.
#[derive(Debug, PartialEq, Eq)]
enum Became {
    /// It is there, by this id if the answer tells it.
    Made(Option<String>),
    /// A clear refusal made nothing.
    Nothing,
    /// It may be there.
    Unknown,
}

impl Became {
    fn of(status: u16, id: impl FnOnce() -> Option<String>) -> Self {
        match status {
            200..300 => Self::Made(id()),
            400..500 => Self::Nothing,
            _ => Self::Unknown,
        }
    }
}

impl Operation {
    /// What the answer's operations tell of this one: that with its bulkId (RFC 7644, section 3.7), else that at its place.
    fn became(&self, endpoint: &str, answered: &[Value]) -> Became {
        let its = |operation: &&Value| {
            self.bulk_id.is_some() && text(operation, "bulkId") == self.bulk_id.as_deref()
        };
        let at_its_place = || {
            answered.get(self.index).filter(|operation| {
                text(operation, "bulkId").is_none()
                    && text(operation, "method").is_none_or(|method| method.eq_ignore_ascii_case("POST"))
            })
        };
        let Some(operation) = answered.iter().find(its).or_else(at_its_place) else { return Became::Unknown };
        let Some(status) = member(operation, "status").and_then(status) else { return Became::Unknown };
        Became::of(status, || {
            let told = member(operation, "response").and_then(|response| text(response, "id"));
            let located = || {
                let location = text(operation, "location")?;
                let kind = location.trim_end_matches('/').rsplit('/').nth(1)?;
                kind.eq_ignore_ascii_case(endpoint.trim_start_matches('/')).then(|| last_step(location))?
            };
            told.map(str::to_owned).or_else(located)
        })
    }
}

impl Wire for Bookkeeper<'_> {
    fn send(&self, origin: Origin, request: Request) -> BoxFuture<'_, Exchange> {
        self.carry(origin, request).boxed()
    }
}

/// The id at the end of a Location (RFC 7644, section 3.3), for a server that answers without a body.
fn last_step(location: &str) -> Option<String> {
    let last = location.split(['?', '#']).next()?.trim_end_matches('/').rsplit('/').next()?;
    percent_encoding::percent_decode_str(last)
        .decode_utf8()
        .ok()
        .filter(|id| !id.is_empty())
        .map(String::from)
}

/// The operations that the answer to a bulk request tells of.
fn operations(answer: &Answer) -> Vec<Value> {
    let json = answer.json().unwrap_or_default();
    member(&json, "Operations").and_then(Value::as_array).cloned().unwrap_or_default()
}

/// A status as a string, as a number, or as SCIM 1.1 has it: `{"code": "201"}`.
fn status(value: &Value) -> Option<u16> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => u16::try_from(number.as_u64()?).ok(),
        Value::Object(_) => status(member(value, "code")?),
        _ => None,
    }
}

/// Everything that a request would create.
fn creates(request: &Request, endpoints: &[String]) -> Vec<Create> {
    let Destination::Scim(target) = &request.to else { return Vec::new() };
    let body = request.body.as_ref().and_then(|body| serde_json::from_slice::<Value>(body).ok());
    let Some(body) = body.filter(|_| request.method == Method::POST) else { return Vec::new() };
    if !is_bulk(target) {
        return created_at(target, &body, endpoints).into_iter().collect();
    }
    let operations = member(&body, "Operations").and_then(Value::as_array);
    let created = |(index, operation): (usize, &Value)| {
        let method = text(operation, "method")?;
        let create = created_at(text(operation, "path")?, member(operation, "data")?, endpoints)?;
        let bulk_id = text(operation, "bulkId").map(str::to_owned);
        let operation = Some(Operation { bulk_id, index });
        method.eq_ignore_ascii_case("POST").then_some(Create { operation, ..create })
    };
    operations.into_iter().flatten().enumerate().filter_map(created).collect()
}

fn created_at(target: &str, body: &Value, endpoints: &[String]) -> Option<Create> {
    let path = target.split('?').next().unwrap_or(target).trim_end_matches('/');
    let endpoint = endpoints.iter().find(|endpoint| path.eq_ignore_ascii_case(endpoint))?;
    let attribute = if endpoint == "/Users" { "userName" } else { "displayName" };
    body.as_object()?;
    let name = text(body, attribute).unwrap_or_default().to_owned();
    Some(Create { endpoint: endpoint.clone(), name, operation: None })
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    member(value, name)?.as_str()
}

fn is_bulk(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or(target);
    path.trim_end_matches('/').eq_ignore_ascii_case("/Bulk")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_post_to_a_collection_creates() {
        let body = r#"{"USERNAME": "ada"}"#;
        let endpoints = ["/Users".to_owned(), "/Groups".to_owned()];
        let creates = |request: &Request| -> Vec<(String, String)> {
            let creates = super::creates(request, &endpoints);
            creates.into_iter().map(|create| (create.endpoint, create.name)).collect()
        };
        let post = |target: &str| Request::scim(Method::POST, target).body(body);
        assert_eq!(creates(&post("/Users?attributes=id")), [("/Users".into(), "ada".into())]);
        assert_eq!(creates(&post("/users/")), [("/Users".into(), "ada".into())]);
        assert_eq!(creates(&post("/Users/.search")), []);
        assert_eq!(creates(&post("/Groups")), [("/Groups".into(), String::new())], "a group has no userName");
        let bulk = r#"{"Operations": [{"method": "post", "path": "/Users", "data": {"userName": "ada"}},
            {"method": "DELETE", "path": "/Users/1"}]}"#;
        for target in ["/Bulk", "/bulk/"] {
            let bulk = Request::scim(Method::POST, target).body(bulk);
            assert_eq!(creates(&bulk), [("/Users".into(), "ada".into())]);
        }
        assert_eq!(creates(&Request::scim(Method::PUT, "/Users").body(body)), []);
    }

    #[test]
    fn the_answer_to_a_bulk_request_tells_what_became_of_each_create() {
        let answered = [
            serde_json::json!({"method": "POST", "bulkId": "b", "status": "409"}),
            serde_json::json!({"method": "POST", "bulkId": "a", "status": {"code": "201"},
                "location": "https://app.example/scim/v2/Users/u-1"}),
            serde_json::json!({"method": "POST", "status": 201, "response": {"id": "u-2"}}),
            serde_json::json!({"method": "POST", "bulkId": "g", "status": "201",
                "location": "https://app.example/scim/v2/Groups/g-1"}),
        ];
        let became = |bulk_id: Option<&str>, index| {
            let operation = Operation { bulk_id: bulk_id.map(str::to_owned), index };
            operation.became("/Users", &answered)
        };
        assert_eq!(became(Some("a"), 0), Became::Made(Some("u-1".to_owned())));
        assert_eq!(became(Some("b"), 1), Became::Nothing);
        assert_eq!(became(None, 2), Became::Made(Some("u-2".to_owned())));
        assert_eq!(became(Some("g"), 3), Became::Made(None), "a group is no person");
        assert_eq!(became(Some("c"), 4), Became::Unknown);
    }

    #[test]
    fn what_has_no_name_is_noted_by_its_id() {
        let create = || Create { endpoint: "/Devices".to_owned(), name: String::new(), operation: None };
        let answer =
            |status, body: &str| Answer { status, headers: Vec::new(), body: body.to_owned().into() };
        let (ledger, secrets, inner) = (Ledger::in_memory(), Secrets::default(), Nobody);
        let endpoints = [];
        let (story, tenant) = (1, Tenant::Own);
        let keeper = Bookkeeper {
            inner: &inner,
            ledger: &ledger,
            secrets: &secrets,
            story,
            tenant,
            endpoints: &endpoints,
        };
        for (status, body, left) in
            [(500, "{}", 0), (400, "{}", 0), (201, r#"{"id": "d-1"}"#, 1), (201, "{}", 2)]
        {
            let entry = ledger.intend("/Devices", "", 1, Tenant::Own);
            keeper.note(entry, &create(), &answer(status, body), &[]);
            assert_eq!(ledger.of_story(None).len(), left, "{status} {body}");
        }
        assert_eq!(ledger.of_story(None)[0].1.id.as_deref(), Some("d-1"));
    }

    /// A wire that is not used.
    struct Nobody;

    impl Wire for Nobody {
        fn send(&self, _: Origin, _: Request) -> BoxFuture<'_, Exchange> {
            unreachable!()
        }
    }
}
