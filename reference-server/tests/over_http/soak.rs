//! Whatever comes in over HTTP, the server answers it, with a SCIM answer, and never with a fault of its own.

use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, Uri},
};
use proptest::{collection::vec, prelude::*, test_runner::RngSeed};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::support::{GROUP, PATCH_OP, SCIM_TOKEN, Server, USER, ada};

proptest! {
    // The same inputs in every run; PROPTEST_CASES and PROPTEST_RNG_SEED ask for others.
    #![proptest_config(config())]

    #[test]
    fn every_request_has_a_scim_answer(requests in vec(request(), 1..6)) {
        runtime().block_on(async {
            let server = Server::new();
            let id = server.ada().await;
            server.group("Staff", &[&id]).await;
            for (method, path, headers, body) in requests {
                let uri = format!("/scim/v2{}", path.replace("$ID", &id));
                let Ok(uri) = uri.parse::<Uri>() else { continue };
                let mut request = Request::builder().method(method).uri(uri).header("authorization", format!("Bearer {SCIM_TOKEN}"));
                for (name, value) in headers {
                    let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) else { continue };
                    request = request.header(name, value);
                }
                let answer = server.send(request.body(Body::from(body)).unwrap()).await;
                let status = answer.status.as_u16();
                prop_assert!(status < 500 || status == 501, "{status} {}", answer.text);
                if status >= 400 && !answer.text.is_empty() {
                    prop_assert_eq!(&answer.json()["status"], &json!(status.to_string()));
                }
                if !answer.text.is_empty() {
                    prop_assert_eq!(answer.header("content-type"), "application/scim+json");
                    answer.json();
                }
            }
            server.get("").await.expect(200);
            Ok(())
        })?;
    }

    #[test]
    fn every_bulk_request_is_done_or_refused(operations in vec(operation(), 0..8), fail_on_errors in proptest::option::of(1..4_usize)) {
        runtime().block_on(async {
            let server = Server::new();
            let mut body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations});
            if let Some(errors) = fail_on_errors {
                body["failOnErrors"] = errors.into();
            }
            let answer = server.post("/Bulk", &body).await;
            let status = answer.status.as_u16();
            prop_assert!(status == 200 || status == 400, "{}", answer.text);
            if status == 200 {
                let results = answer.json()["Operations"].as_array().unwrap().clone();
                prop_assert!(results.len() == operations.len() || fail_on_errors.is_some());
                for result in &results {
                    let status: u16 = result["status"].as_str().unwrap().parse().unwrap();
                    prop_assert!((200..500).contains(&status), "{}", result);
                    prop_assert_eq!(status >= 400, result.get("response").is_some());
                    let made = result["method"] == "POST" && status == 201;
                    prop_assert!(made == (result["method"] == "POST" && result.get("location").is_some()), "{}", result);
                }
            }
            // No reference is ever kept for an id (RFC7644-3.7.2-L1, L4).
            let all = server.get("?count=1000").await.expect(200);
            prop_assert!(!all.text.contains("bulkId:"), "{}", all.text);
            Ok(())
        })?;
    }
}

fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let given = |name: &str| std::env::var_os(name).is_some();
    let rng_seed = if given("PROPTEST_RNG_SEED") { default.rng_seed } else { RngSeed::Fixed(7644) };
    let cases = if given("PROPTEST_CASES") { default.cases } else { 128 };
    ProptestConfig { rng_seed, cases, failure_persistence: None, ..default }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

type Line = (Method, String, Vec<(&'static str, String)>, String);

fn request() -> impl Strategy<Value = Line> {
    let method = prop::sample::select(vec![
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
        Method::TRACE,
    ]);
    let segment = prop::sample::select(vec![
        "/Users",
        "/Groups",
        "/$ID",
        "/.search",
        "/Me",
        "/Bulk",
        "/Schemas",
        "/ResourceTypes",
        "/ServiceProviderConfig",
        "/",
        "//",
        "/%2e%2e",
        "/%00",
        "/%ff",
        "/urn:ietf:params:scim:schemas:core:2.0:User",
        "/..",
        "/users",
        "/\u{e9}",
    ]);
    let parameter = prop_oneof![
        prop::sample::select(vec![
            "filter=userName%20pr",
            "filter=",
            "filter=%22",
            "filter=a%5B",
            "sortBy=userName",
            "sortBy=emails",
            "sortOrder=descending",
            "sortOrder=x",
            "startIndex=-1",
            "startIndex=99999999999999999999",
            "count=0",
            "count=18446744073709551616",
            "count=1",
            "cursor",
            "cursor=AAAA",
            "attributes=userName",
            "attributes=,,",
            "excludedAttributes=name.givenName",
            "attributes=%00",
            "%ff=%ff",
            "&&",
            "=",
            "filter=a&filter=b",
            "filter=members.value%20eq%20%22x%22",
            "filter=meta.created%20gt%20%22x%22",
        ])
        .prop_map(str::to_owned),
        "[a-zA-Z]{0,8}=[ -~]{0,12}"
            .prop_map(|text| text.replace(['#', ' ', '"', '<', '>', '\\', '^', '`', '{', '|', '}'], "%20")),
    ];
    let path = (vec(segment, 0..4), vec(parameter, 0..3)).prop_map(|(segments, parameters)| {
        let query = if parameters.is_empty() { String::new() } else { format!("?{}", parameters.join("&")) };
        format!("{}{query}", segments.concat())
    });
    let header = (
        prop::sample::select(vec!["if-match", "if-none-match", "content-type", "accept", "host", "x-y"]),
        prop_oneof![
            prop::sample::select(vec![
                "*",
                "W/\"1\"",
                "\"",
                "W/",
                "application/json",
                "text/html",
                "a@b",
                "%",
                "[::1"
            ])
            .prop_map(str::to_owned),
            ".{0,8}",
        ],
    );
    (method, path, vec(header, 0..3), body())
}

fn body() -> impl Strategy<Value = String> {
    let patch = vec(
        (
            prop::sample::select(vec!["add", "replace", "remove", "x"]),
            prop::sample::select(vec![
                "title",
                "emails[type eq \"work\"].value",
                "members",
                "active",
                "",
                "name",
                "a[",
                "id",
            ]),
            leaf(),
        ),
        0..4,
    )
    .prop_map(|operations| {
        let operations: Vec<Value> = operations
            .into_iter()
            .map(|(op, path, value)| json!({"op": op, "path": path, "value": value}))
            .collect();
        json!({"schemas": [PATCH_OP], "Operations": operations}).to_string()
    });
    let search = (leaf(), leaf()).prop_map(|(filter, count)| {
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter, "count": count, "cursor": ""})
            .to_string()
    });
    let resource = (
        prop::sample::select(vec!["userName", "displayName", "emails", "members", "active", "meta"]),
        leaf(),
    )
        .prop_map(|(name, value)| {
            let mut body = ada();
            body["schemas"] = json!([USER, GROUP]);
            body["displayName"] = "Staff".into();
            body[name] = value;
            body.to_string()
        });
    prop_oneof![patch, search, resource, Just(String::new()), "[\\[\\]{}\":,a0 -]{0,24}", ".{0,16}"]
}

fn leaf() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(""),
        json!("x"),
        json!("False"),
        json!([]),
        json!({}),
        json!([{"value": "x"}]),
        json!([null]),
        json!({"value": {"value": "x"}}),
        json!("userName pr"),
        json!("\u{0}"),
        json!("\u{202e}\u{1f600}"),
    ])
}

/// Operations that speak of each other at random.
fn operation() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec!["a", "b", "c", "d"]);
    let group = (name.clone(), vec(name.clone(), 0..3)).prop_map(|(bulk_id, members)| {
        let members: Vec<Value> =
            members.iter().map(|name| json!({"value": format!("bulkId:{name}")})).collect();
        let data = json!({"schemas": [GROUP], "displayName": bulk_id, "members": members});
        json!({"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data})
    });
    let user = (name.clone(), name.clone()).prop_map(|(bulk_id, manager)| {
        let extension = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let data = json!({
            "schemas": [USER, extension], "userName": bulk_id, (extension): {"manager": {"value": format!("bulkId:{manager}")}},
        });
        json!({"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": data})
    });
    let change = (prop::sample::select(vec!["PUT", "PATCH", "DELETE", "GET"]), name.clone(), leaf())
        .prop_map(|(method, name, value)| {
            let operations =
                json!([{"op": "add", "path": "members", "value": [{"value": format!("bulkId:{name}")}]}]);
            let data = if value.is_null() {
                json!({"schemas": [PATCH_OP], "Operations": operations})
            } else {
                value
            };
            json!({"method": method, "path": format!("/Groups/bulkId:{name}"), "data": data})
        });
    let odd =
        leaf().prop_map(|value| json!({"method": "POST", "path": value, "bulkId": "odd", "data": value}));
    prop_oneof![4 => group, 2 => user, 2 => change, 1 => odd]
}
