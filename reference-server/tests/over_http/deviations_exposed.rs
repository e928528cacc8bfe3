//! The deviations about tenants and about what is open that should be shut: each story is told to the right server
//! and to the wrong one, and ends differently.

use axum::http::Method;
use scimspec_reference_server::{Config, Tenant, TenantName, Tenants, TokenHash, deviations};
use serde_json::{Value, json};

use crate::support::{Answer, PATCH_OP, Server, ada, column, differs, encoded, scim, user};

/// The servers of two tenants, told as `differs` tells stories.
async fn tenants_differ(slug: &str, story: impl AsyncFn(&Server) -> Value, right: Value, wrong: Value) {
    assert_ne!(right, wrong, "{slug}: nothing can be seen of it");
    assert_eq!(story(&of_two(None)).await, right, "the right server");
    assert_eq!(story(&of_two(Some(slug))).await, wrong, "the server with {slug}");
}

fn of_two(slug: Option<&str>) -> Server {
    let tenant = |name: &str| Tenant {
        name: TenantName::parse(name).unwrap(),
        scim_token: TokenHash::of(&format!("scim-{name}")),
        admin_token: TokenHash::of(&format!("admin-{name}")),
    };
    let tenants = Tenants::one(tenant("one")).and(tenant("two")).unwrap();
    let deviations = slug.map(|slug| deviations::find(slug).unwrap()).into_iter().collect();
    Server::of(Config { deviations, ..Config::new(tenants) })
}

async fn ask(server: &Server, token: &str, method: Method, path: &str, body: Value) -> Answer {
    let mut request = scim(method, path);
    let bearer = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().unwrap().insert("authorization", bearer);
    server.send(request.body(body.to_string().into()).unwrap()).await
}

async fn one(server: &Server, method: Method, path: &str, body: Value) -> Answer {
    ask(server, "scim-one", method, path, body).await
}

async fn two(server: &Server, method: Method, path: &str, body: Value) -> Answer {
    ask(server, "scim-two", method, path, body).await
}

/// Ada in the second tenant; the path of her User.
async fn ada_of_two(server: &Server) -> String {
    let id = two(server, Method::POST, "/Users", ada()).await.expect(201).id();
    format!("/Users/{id}")
}

async fn names_of_two(server: &Server) -> Vec<String> {
    column(&two(server, Method::GET, "/Users", Value::Null).await.expect(200).json(), "userName")
}

fn patch(operation: &Value) -> Value {
    json!({"schemas": [PATCH_OP], "Operations": [operation]})
}

#[tokio::test]
async fn tenant_read_leak() {
    let story = async |server: &Server| {
        let path = ada_of_two(server).await;
        let read = one(server, Method::GET, &path, Value::Null).await.status.as_u16();
        let delete = one(server, Method::DELETE, &path, Value::Null).await.status.as_u16();
        let nobody = "/Users/0b0f6b3e-6f0e-4a8e-9a52-3d4c5b6a7f80";
        json!([read, delete, one(server, Method::GET, nobody, Value::Null).await.status.as_u16()])
    };
    tenants_differ("tenant-read-leak", story, json!([404, 404, 404]), json!([200, 404, 404])).await;
}

#[tokio::test]
async fn tenant_list_leak() {
    let story = async |server: &Server| {
        ada_of_two(server).await;
        two(server, Method::POST, "/Users", user("bob")).await.expect(201);
        one(server, Method::POST, "/Users", user("eve")).await.expect(201);
        let names = async |query: &str| {
            column(&one(server, Method::GET, query, Value::Null).await.expect(200).json(), "userName")
        };
        let filter = encoded("userName eq \"ada\"");
        let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
            "filter": "userName pr", "startIndex": 2, "count": 1});
        let searched = one(server, Method::POST, "/Users/.search", search).await.expect(200).json();
        json!([
            names("/Users").await,
            names(&format!("/Users?filter={filter}")).await,
            searched["totalResults"],
            column(&searched, "userName"),
        ])
    };
    let right = json!([["eve"], [], 1, []]);
    let wrong = json!([["eve", "ada", "bob"], ["ada"], 3, ["ada"]]);
    tenants_differ("tenant-list-leak", story, right, wrong).await;
}

#[tokio::test]
async fn tenant_write_leak() {
    for bulk in [false, true] {
        let story = async |server: &Server| {
            let path = ada_of_two(server).await;
            let body = patch(&json!({"op": "replace", "path": "active", "value": false}));
            let answer = if bulk {
                let operation = json!({"method": "PATCH", "path": path, "data": body});
                let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
                    "Operations": [operation]});
                one(server, Method::POST, "/Bulk", bulk).await.json()["Operations"][0]["status"].clone()
            } else {
                json!(one(server, Method::PATCH, &path, body).await.status.as_str())
            };
            let active =
                two(server, Method::GET, &path, Value::Null).await.expect(200).json()["active"].clone();
            let read = one(server, Method::GET, &path, Value::Null).await.status.as_u16();
            let gone = one(server, Method::DELETE, &path, Value::Null).await.status.as_u16();
            json!([answer, active, read, gone, names_of_two(server).await])
        };
        let right = json!(["404", true, 404, 404, ["ada"]]);
        let wrong = json!(["200", false, 404, 204, []]);
        tenants_differ("tenant-write-leak", story, right, wrong).await;
    }
}

#[tokio::test]
async fn tenant_409_oracle() {
    let story = async |server: &Server| {
        ada_of_two(server).await;
        let there = one(server, Method::POST, "/Users", user("ada")).await.status.as_u16();
        json!([there, one(server, Method::POST, "/Users", user("bob")).await.status.as_u16()])
    };
    tenants_differ("tenant-409-oracle", story, json!([201, 201]), json!([409, 201])).await;
}

#[tokio::test]
async fn create_lands_in_default_tenant() {
    let story = async |server: &Server| {
        let path = ada_of_two(server).await;
        let mine = two(server, Method::GET, &path, Value::Null).await.status.as_u16();
        json!([mine, one(server, Method::GET, &path, Value::Null).await.status.as_u16()])
    };
    tenants_differ("create-lands-in-default-tenant", story, json!([200, 404]), json!([404, 200])).await;
}

#[tokio::test]
async fn delete_link_removes_shared_user() {
    let story = async |server: &Server| {
        ada_of_two(server).await;
        two(server, Method::POST, "/Users", user("bob")).await.expect(201);
        let id = one(server, Method::POST, "/Users", user("ada")).await.expect(201).id();
        one(server, Method::DELETE, &format!("/Users/{id}"), Value::Null).await.expect(204);
        json!(names_of_two(server).await)
    };
    tenants_differ("delete-link-removes-shared-user", story, json!(["ada", "bob"]), json!(["bob"])).await;
}

#[tokio::test]
async fn email_change_of_invited_user_takeover() {
    let emails = json!([{"value": "mallory@example.com", "type": "work", "primary": true}]);
    for by_put in [false, true] {
        let story = async |server: &Server| {
            let theirs = ada_of_two(server).await;
            let id = one(server, Method::POST, "/Users", user("ada")).await.expect(201).id();
            let path = format!("/Users/{id}");
            if by_put {
                let mut body = user("ada");
                body["emails"] = emails.clone();
                one(server, Method::PUT, &path, body).await.expect(200);
            } else {
                let value = json!({"emails": emails, "title": "Owner"});
                let body = patch(&json!({"op": "replace", "value": value}));
                one(server, Method::PATCH, &path, body).await.expect(200);
            }
            let user = two(server, Method::GET, &theirs, Value::Null).await.expect(200).json();
            json!([user["emails"][0]["value"], user["title"], user["externalId"]])
        };
        let right = json!(["ada@example.com", null, "00u1"]);
        let wrong = json!(["mallory@example.com", null, "00u1"]);
        tenants_differ("email-change-of-invited-user-takeover", story, right, wrong).await;
    }
}

#[tokio::test]
async fn a_token_that_a_wrong_server_speaks_with_stays_nowhere() {
    let server = of_two(Some("tenant-list-leak"));
    let tokens = async || {
        let listed = server.app(Method::GET, "/tenants/two/app/admin/scim-tokens", "admin-two", None).await;
        listed.expect(200).json()["tokens"].as_array().map(Vec::len)
    };
    let before = tokens().await;
    one(&server, Method::GET, "/Users", Value::Null).await.expect(200);
    assert_eq!(tokens().await, before);
}

#[tokio::test]
async fn discovery_without_auth() {
    let story = async |server: &Server| {
        let mut statuses = Vec::new();
        for path in ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/Users"] {
            let mut request = scim(Method::GET, path);
            request.headers_mut().unwrap().remove("authorization");
            statuses
                .push(server.send(request.body(axum::body::Body::empty()).unwrap()).await.status.as_u16());
        }
        let wrong_token = ask(server, "nonsense", Method::GET, "/Schemas", Value::Null).await;
        json!([statuses, wrong_token.status.as_u16()])
    };
    let (right, wrong) = (json!([[200, 401, 401, 401], 401]), json!([[200, 200, 200, 401], 401]));
    differs("discovery-without-auth", story, right, wrong).await;
}

#[tokio::test]
async fn filter_like_wildcards() {
    let story = async |server: &Server| {
        for name in ["ada", "alan", "100%"] {
            server.post("/Users", &user(name)).await.expect(201);
        }
        let mut found = Vec::new();
        for filter in [
            "userName eq \"%\"",
            "userName co \"_\"",
            "userName eq \"a%\"",
            "userName eq \"a%n\"",
            "userName co \"%\"",
            "userName eq \"ada\"",
        ] {
            let by_get = server.get(&format!("/Users?filter={}", encoded(filter))).await.expect(200).json();
            let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
                "filter": filter});
            let by_post = server.post("/Users/.search", &search).await.expect(200).json();
            assert_eq!(by_get["totalResults"], by_post["totalResults"], "{filter}");
            found.push(by_get["totalResults"].clone());
        }
        json!(found)
    };
    let (right, wrong) = (json!([0, 0, 0, 0, 1, 1]), json!([3, 3, 2, 1, 3, 1]));
    differs("filter-like-wildcards", story, right, wrong).await;
}

#[tokio::test]
async fn no_page_limit_dos() {
    let story = async |server: &Server| {
        for number in 0..250 {
            server.post("/Users", &user(&format!("user-{number}"))).await.expect(201);
        }
        let mut lengths = Vec::new();
        for query in ["", "?count=100000", "?count=10", "?startIndex=201&count=100"] {
            let list = server.get(&format!("/Users{query}")).await.expect(200).json();
            assert_eq!(list["totalResults"], 250);
            assert_eq!(list["itemsPerPage"], json!(column(&list, "userName").len()));
            lengths.push(list["itemsPerPage"].clone());
        }
        json!(lengths)
    };
    let (right, wrong) = (json!([100, 200, 10, 50]), json!([250, 250, 10, 50]));
    differs("no-page-limit-dos", story, right, wrong).await;
}

#[tokio::test]
async fn hidden_attribute_readable_by_filter() {
    let story = async |server: &Server| {
        server.ada().await;
        let mut bob = user("bob");
        bob["password"] = "antelope".into();
        server.post("/Users", &bob).await.expect(201);
        let mut found = Vec::new();
        for filter in
            ["password sw \"ana\"", "password eq \"x\"", "password sw \"an\" and userName eq \"bob\""]
        {
            let answer = server.get(&format!("/Users?filter={}", encoded(filter))).await;
            found.push(if answer.status == 200 {
                json!(column(&answer.json(), "userName"))
            } else {
                json!("refused")
            });
        }
        json!(found)
    };
    let (right, wrong) = (json!(["refused", "refused", "refused"]), json!([["ada"], [], ["bob"]]));
    differs("hidden-attribute-readable-by-filter", story, right, wrong).await;
}

#[tokio::test]
async fn default_open_endpoint() {
    let story = async |server: &Server| {
        server.ada().await;
        let session = server.session().await;
        let token = server.token(&session).await;
        let mut statuses = Vec::new();
        for credential in [&session, &token, "nonsense"] {
            statuses.push(ask(server, credential, Method::GET, "/Users", Value::Null).await.status.as_u16());
        }
        statuses.push(ask(server, &session, Method::POST, "/Users", user("bob")).await.status.as_u16());
        statuses.push(ask(server, &session, Method::GET, "/Me", Value::Null).await.status.as_u16());
        json!(statuses)
    };
    let (right, wrong) = (json!([401, 401, 401, 401, 200]), json!([200, 200, 401, 201, 200]));
    differs("default-open-endpoint", story, right, wrong).await;
}

#[tokio::test]
async fn bad_id_answered_401() {
    let story = async |server: &Server| {
        let ada = server.ada().await;
        let mut statuses = Vec::new();
        for path in
            ["/Users/nobody", "/Users/0b0f6b3e-6f0e-4a8e-9a52-3d4c5b6a7f80", "/Groups/nobody", "/Nothing"]
        {
            statuses.push(server.get(path).await.status.as_u16());
        }
        statuses.push(server.get(&format!("/Users/{ada}")).await.status.as_u16());
        json!(statuses)
    };
    let (right, wrong) = (json!([404, 404, 404, 404, 200]), json!([401, 401, 404, 404, 200]));
    differs("bad-id-answered-401", story, right, wrong).await;
}
