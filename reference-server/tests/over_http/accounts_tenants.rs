//! Several tenants in one server: nothing of one can be seen, changed or guessed from another, and the tokens by
//! which an identity provider speaks for a tenant are in that tenant's administrator's hand.

use std::num::NonZeroU32;

use axum::http::Method;
use scimspec_reference_server::{Config, Limits, Rate, Tenant, TenantName, Tenants, TokenHash};
use serde_json::{Value, json};

use crate::support::{Answer, GROUP, PATCH_OP, Server, ada, scim, user};

/// One tenant, as its identity provider and its people meet the server.
struct Side<'a> {
    server: &'a Server,
    name: &'a str,
    scim_token: String,
}

fn server(limits: Limits) -> Server {
    let tenant = |name: &str| Tenant {
        name: TenantName::parse(name).unwrap(),
        scim_token: TokenHash::of(&format!("scim-{name}")),
        admin_token: TokenHash::of(&format!("admin-{name}")),
    };
    let tenants = Tenants::one(tenant("one")).and(tenant("two")).unwrap();
    Server::of(Config { limits, ..Config::new(tenants) })
}

fn sides(server: &Server) -> (Side<'_>, Side<'_>) {
    let side = |name: &'static str| Side { server, name, scim_token: format!("scim-{name}") };
    (side("one"), side("two"))
}

impl Side<'_> {
    async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        let mut request = scim(method, path);
        let bearer = format!("Bearer {}", self.scim_token).parse().unwrap();
        request.headers_mut().unwrap().insert("authorization", bearer);
        self.server.send(request.body(body.to_string().into()).unwrap()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, Value::Null).await
    }

    async fn create(&self, body: Value) -> String {
        self.ask(Method::POST, "/Users", body).await.expect(201).id()
    }

    /// A request to this tenant's application.
    async fn app(&self, method: Method, path: &str, bearer: &str, body: Option<Value>) -> Answer {
        self.server.app(method, &format!("/tenants/{}/app{path}", self.name), bearer, body).await
    }

    async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.app(method, &format!("/admin{path}"), &format!("admin-{}", self.name), body).await
    }

    async fn sign_in(&self) -> Answer {
        let body = json!({"user": "ada", "password": "analytical"});
        self.app(Method::POST, "/sign-in", "", Some(body)).await
    }
}

/// The same answer, whether what is asked for is another's or nobody's: what differs is the id only.
#[track_caller]
fn alike(other: &Answer, nobody: &Answer, id: &str, unknown: &str) {
    assert_eq!(other.status, nobody.status);
    assert_eq!(other.text.replace(id, "ID"), nobody.text.replace(unknown, "ID"));
    let names = |answer: &Answer| {
        let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(names(other), names(nobody));
}

const UNKNOWN: &str = "0b0f6b3e-6f0e-4a8e-9a52-3d4c5b6a7f80";

#[tokio::test]
async fn both_may_have_the_same_names() {
    let server = server(Limits::default());
    let (one, two) = sides(&server);
    let (first, second) = (one.create(ada()).await, two.create(ada()).await);
    assert_ne!(first, second);
    one.ask(Method::POST, "/Users", ada()).await.expect_error(409, Some("uniqueness"));
    let found = two.get("/Users?filter=userName%20eq%20%22ada%22").await.expect(200).json();
    assert_eq!((&found["totalResults"], &found["Resources"][0]["id"]), (&json!(1), &json!(second)));
}

#[tokio::test]
async fn another_s_user_is_answered_like_one_that_there_is_not() {
    let server = server(Limits::default());
    let (one, two) = sides(&server);
    let id = one.create(ada()).await;
    let patch = json!({"schemas": [PATCH_OP],
        "Operations": [{"op": "replace", "path": "active", "value": false}]});
    for (method, body) in [
        (Method::GET, Value::Null),
        (Method::PUT, user("ada")),
        (Method::PATCH, patch),
        (Method::DELETE, Value::Null),
    ] {
        let other = two.ask(method.clone(), &format!("/Users/{id}"), body.clone()).await.expect(404);
        let nobody = two.ask(method, &format!("/Users/{UNKNOWN}"), body).await;
        alike(&other, &nobody, &id, UNKNOWN);
    }
    assert_eq!(one.get(&format!("/Users/{id}")).await.expect(200).json()["active"], true);
    one.sign_in().await.expect(200);
}

#[tokio::test]
async fn no_list_filter_or_search_reaches_another_s_users() {
    let server = server(Limits::default());
    let (one, two) = sides(&server);
    let id = one.create(ada()).await;
    for query in [
        String::new(),
        "?startIndex=1&count=100".to_owned(),
        format!("?filter=id%20eq%20%22{id}%22"),
        "?filter=userName%20sw%20%22a%22".to_owned(),
        "?filter=externalId%20eq%20%2200u1%22".to_owned(),
        "?filter=emails.value%20eq%20%22ada%40example.com%22".to_owned(),
        "?filter=not%20(userName%20eq%20%22x%22)".to_owned(),
    ] {
        let list = two.get(&format!("/Users{query}")).await.expect(200).json();
        assert_eq!(list["totalResults"], 0, "{query}");
        assert!(!list.to_string().contains(&id), "{query}");
    }
}

#[tokio::test]
async fn another_s_user_is_no_member_and_its_group_no_group() {
    let server = server(Limits::default());
    let (one, two) = sides(&server);
    let id = one.create(ada()).await;
    let group = |id: &str| json!({"schemas": [GROUP], "displayName": "Staff", "members": [{"value": id}]});
    let other = two.ask(Method::POST, "/Groups", group(&id)).await.expect(400);
    let nobody = two.ask(Method::POST, "/Groups", group(UNKNOWN)).await;
    alike(&other, &nobody, &id, UNKNOWN);

    let staff = one.ask(Method::POST, "/Groups", group(&id)).await.expect(201).id();
    two.get(&format!("/Groups/{staff}")).await.expect(404);
    let own = two.create(user("grace")).await;
    let empty = json!({"schemas": [GROUP], "displayName": "Staff"});
    let own_group = two.ask(Method::POST, "/Groups", empty).await.expect(201).id();
    for (path, member) in [(&staff, &own), (&own_group, &id)] {
        let add = json!({"schemas": [PATCH_OP],
            "Operations": [{"op": "add", "path": "members", "value": [{"value": member}]}]});
        let refused = two.ask(Method::PATCH, &format!("/Groups/{path}"), add).await;
        assert!(matches!(refused.status.as_u16(), 400 | 404), "{}", refused.text);
    }
    let members = one.get(&format!("/Groups/{staff}")).await.expect(200).json();
    assert_eq!(members["members"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_door_of_the_same_name_is_another_door() {
    let server = server(Limits::default());
    let (one, two) = sides(&server);
    let (first, _) = (one.create(ada()).await, two.create(ada()).await);
    let staff = json!({"schemas": [GROUP], "displayName": "Staff", "members": [{"value": first}]});
    one.ask(Method::POST, "/Groups", staff).await.expect(201);
    let session = |answer: Answer| answer.json()["session"].as_str().unwrap().to_owned();
    let (inside, outside) = (session(one.sign_in().await), session(two.sign_in().await));
    one.app(Method::GET, "/doors/Staff", &inside, None).await.expect(200);
    two.app(Method::GET, "/doors/Staff", &outside, None).await.expect(403);
    // Nor does a session of one open anything at the other.
    for path in ["/doors/Staff", "/me"] {
        two.app(Method::GET, path, &inside, None).await.expect(401);
    }
    two.app(Method::POST, "/sign-out", &inside, None).await.expect(401);
    one.app(Method::GET, "/me", &inside, None).await.expect(200);
}

#[tokio::test]
async fn deactivating_one_ada_leaves_the_other_alone() {
    let server = server(Limits::default());
    let (one, two) = sides(&server);
    let (first, _) = (one.create(ada()).await, two.create(ada()).await);
    let off = json!({"schemas": [PATCH_OP],
        "Operations": [{"op": "replace", "path": "active", "value": false}]});
    one.ask(Method::PATCH, &format!("/Users/{first}"), off).await.expect(200);
    one.sign_in().await.expect(403);
    two.sign_in().await.expect(200);
}

#[tokio::test]
async fn the_administrator_of_one_is_nobody_at_the_other() {
    let server = server(Limits::default());
    let (one, two) = sides(&server);
    one.create(ada()).await;
    for (method, path) in [
        (Method::GET, "/people/ada"),
        (Method::PUT, "/people/ada/block"),
        (Method::DELETE, "/people/ada"),
        (Method::GET, "/scim-tokens"),
        (Method::POST, "/scim-tokens"),
    ] {
        one.app(method, &format!("/admin{path}"), "admin-two", None).await.expect(401);
    }
    two.admin(Method::GET, "/people/ada", None).await.expect(404);
    one.admin(Method::GET, "/people/ada", None).await.expect(200);
    // The application of the first tenant is also where a server with one tenant has it.
    server.app(Method::GET, "/app/admin/people/ada", "admin-one", None).await.expect(200);
    server.app(Method::GET, "/app/admin/people/ada", "admin-two", None).await.expect(401);
}

#[tokio::test]
async fn a_tenant_that_there_is_not_answers_like_one_that_there_is() {
    let server = server(Limits::default());
    let (one, _) = sides(&server);
    let nobody = Side { server: &server, name: "three", scim_token: String::new() };
    for (method, path, body) in [
        (Method::POST, "/sign-in", json!({"user": "eve", "password": "x"})),
        (Method::POST, "/sign-in", json!({"user": "eve"})),
        (Method::POST, "/refresh", json!({"refresh": "ref_1.x"})),
        (Method::POST, "/sign-out", Value::Null),
        (Method::GET, "/me", Value::Null),
        (Method::GET, "/doors/Staff", Value::Null),
        (Method::POST, "/tokens", Value::Null),
        (Method::GET, "/admin/people/eve", Value::Null),
        (Method::GET, "/admin/scim-tokens", Value::Null),
        (Method::PATCH, "/me", Value::Null),
        (Method::GET, "/nowhere", Value::Null),
    ] {
        let known = one.app(method.clone(), path, "ses_1.x", Some(body.clone())).await;
        let unknown = nobody.app(method, path, "ses_1.x", Some(body)).await;
        assert!(known.status.is_client_error(), "{path}");
        alike(&known, &unknown, "one", "three");
    }
}

#[tokio::test]
async fn a_scim_token_is_shown_once_rotated_and_revoked() {
    let server = server(Limits::default());
    let (one, two) = sides(&server);
    let made = one.admin(Method::POST, "/scim-tokens", None).await.expect(201).json();
    let (id, token) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
    let with = |token: &str| Side { server: &server, name: "one", scim_token: token.to_owned() };
    with(token).get("/Users").await.expect(200);
    let listed = one.admin(Method::GET, "/scim-tokens", None).await.expect(200);
    assert_eq!(listed.json()["tokens"].as_array().unwrap().len(), 2);
    assert!(!listed.text.contains(token) && listed.text.contains(id));

    let rotate = format!("/scim-tokens/{id}/rotate");
    two.admin(Method::POST, &rotate, None).await.expect(404);
    let fresh = one.admin(Method::POST, &rotate, None).await.expect(201).json();
    let (fresh_id, fresh) = (fresh["id"].as_str().unwrap(), fresh["token"].as_str().unwrap());
    with(token).get("/Users").await.expect_error(401, None);
    with(fresh).get("/Users").await.expect(200);

    let overlap = Some(json!({"overlap": 3600}));
    let newer = one.admin(Method::POST, &format!("/scim-tokens/{fresh_id}/rotate"), overlap).await;
    let newer = newer.expect(201).json();
    for token in [fresh, newer["token"].as_str().unwrap()] {
        with(token).get("/Users").await.expect(200);
    }
    let revoke = format!("/scim-tokens/{fresh_id}");
    two.admin(Method::DELETE, &revoke, None).await.expect(404);
    one.admin(Method::DELETE, &revoke, None).await.expect(204);
    one.admin(Method::DELETE, &revoke, None).await.expect(404);
    with(fresh).get("/Users").await.expect_error(401, None);
    one.get("/Users").await.expect(200);
    for odd in ["/scim-tokens/x", "/scim-tokens/0000000000000000"] {
        one.admin(Method::DELETE, odd, None).await.expect(404);
    }
}

#[tokio::test]
async fn too_many_requests_of_one_tenant_are_refused_and_the_other_is_served() {
    let number = |number| NonZeroU32::new(number).unwrap();
    let rate = Rate { per_second: number(1), burst: number(2) };
    let server = server(Limits { rate: Some(rate), ..Limits::default() });
    let (one, two) = sides(&server);
    one.get("/Users").await.expect(200);
    one.get("/Users").await.expect(200);
    let refused = one.get("/Users").await.expect_error(429, None);
    assert_eq!(refused.header("retry-after"), "1");
    two.get("/Users").await.expect(200);
    // Who has no token uses nothing up.
    let stranger = Side { server: &server, name: "two", scim_token: "guess".to_owned() };
    for _ in 0..5 {
        stranger.get("/Users").await.expect_error(401, None);
    }
    two.get("/Users").await.expect(200);
}

#[tokio::test]
async fn a_filter_deeper_than_the_limit_is_refused() {
    let server = server(Limits { filter_depth: 3, ..Limits::default() });
    let (one, _) = sides(&server);
    one.get("/Users?filter=title%20pr%20and%20not%20(title%20pr)").await.expect(200);
    let deep = "/Users?filter=title%20pr%20and%20not%20(title%20pr%20or%20title%20pr)";
    one.get(deep).await.expect_error(400, Some("invalidFilter"));
}

/// RFC 9865 section 2: a cursor is opaque; here it also carries no right.
#[tokio::test]
async fn a_cursor_of_one_leads_nowhere_at_the_other() {
    let server = server(Limits::default());
    let (one, two) = sides(&server);
    for side in [&one, &two] {
        for name in ["ada", "grace", "emmy"] {
            side.create(user(name)).await;
        }
    }
    let page = one.get("/Users?cursor&count=1").await.expect(200).json();
    let cursor = page["nextCursor"].as_str().unwrap();
    one.get(&format!("/Users?cursor={cursor}&count=1")).await.expect(200);
    two.get(&format!("/Users?cursor={cursor}&count=1")).await.expect_error(400, Some("invalidCursor"));
}

#[tokio::test]
async fn no_search_and_no_bulk_request_reaches_across() {
    let server = server(Limits::default());
    let (one, two) = sides(&server);
    let id = one.create(ada()).await;
    let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": "userName eq \"ada\""});
    for path in ["/Users/.search", "/.search"] {
        let found = two.ask(Method::POST, path, search.clone()).await.expect(200).json();
        assert_eq!(found["totalResults"], 0, "{path}");
    }
    let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
        {"method": "DELETE", "path": format!("/Users/{id}")},
        {"method": "POST", "path": "/Groups", "bulkId": "g",
            "data": {"schemas": [GROUP], "displayName": "Staff", "members": [{"value": id}]}},
    ]});
    let done = two.ask(Method::POST, "/Bulk", bulk).await.expect(200).json();
    assert_eq!(
        (&done["Operations"][0]["status"], &done["Operations"][1]["status"]),
        (&json!("404"), &json!("400"))
    );
    one.get(&format!("/Users/{id}")).await.expect(200);
}
