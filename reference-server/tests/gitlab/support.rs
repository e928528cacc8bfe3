//! A GitLab in the test's own process, over the store of a world, and short ways to ask it.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request},
};
use scimspec_reference_server::{
    TenantName, TokenHash,
    gitlab::{Generation, GitLabConfig, GitLabServer},
    store::Opened,
};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{Place, World, unique_tenant};

pub(crate) const BOTH: [Generation; 2] = [Generation::Classic, Generation::Current];
pub(crate) const PASSWORD: &str = "analytical";

pub(crate) struct GitLab {
    /// One server, or two on one database that have to behave as one and are asked in turn.
    routers: Vec<Router>,
    asked: AtomicUsize,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} {:?}", self.status, self.text))
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The first of the four shapes: a SCIM error whose status is a number and which has no scimType.
    #[track_caller]
    pub(crate) fn expect_scim_error(self, status: u16, detail_ends: &str) {
        let answer = self.expect(status);
        let body = answer.json();
        assert_eq!(answer.header("content-type"), Some("application/scim+json"));
        assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
        assert_eq!((&body["status"], body.get("scimType")), (&json!(status), None));
        assert!(body["detail"].as_str().unwrap().ends_with(detail_ends), "{body}");
    }
}

impl GitLab {
    pub(crate) async fn new(world: &World, generation: Generation) -> Self {
        let opened = match world.place {
            Place::Postgres { .. } => world.opened.clone().into(),
            Place::Memory | Place::Sqlite { .. } => vec![world.opened[0].clone()],
        };
        Self::over(opened, fresh(config(generation))).await
    }

    /// One server.
    pub(crate) async fn with(world: &World, config: GitLabConfig) -> Self {
        Self::over(vec![world.opened[0].clone()], fresh(config)).await
    }

    pub(crate) async fn over(opened: Vec<Opened>, config: GitLabConfig) -> Self {
        let mut routers = Vec::new();
        for opened in opened {
            routers.push(GitLabServer::over_store(opened, config.clone()).await.unwrap().router());
        }
        Self { routers, asked: AtomicUsize::new(0) }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let turn = self.asked.fetch_add(1, Ordering::Relaxed) % self.routers.len();
        let response = self.routers[turn].clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// A request below the base path, as an identity provider sends it.
    pub(crate) async fn scim(&self, method: Method, path: &str, body: Value) -> Answer {
        self.scim_as("scim", method, &format!("application{path}"), body).await
    }

    pub(crate) async fn scim_as(&self, token: &str, method: Method, path: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/scim/v2/{path}"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/scim+json");
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.scim(Method::GET, path, Value::Null).await
    }

    pub(crate) async fn post(&self, body: Value) -> Answer {
        self.scim(Method::POST, "/Users", body).await
    }

    pub(crate) async fn patch(&self, uid: &str, operations: Value) -> Answer {
        let body =
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
        self.scim(Method::PATCH, &format!("/Users/{uid}"), body).await
    }

    pub(crate) async fn set_active(&self, uid: &str, active: bool) -> Answer {
        self.patch(uid, json!([{"op": "replace", "path": "active", "value": active}])).await
    }

    /// Provisions jane.
    pub(crate) async fn jane(&self) {
        self.post(jane()).await.expect(201);
    }

    /// Jane's SCIM identity: whether it is active.
    pub(crate) async fn active(&self) -> Value {
        self.get("/Users/a1b2").await.expect(200).json()["active"].clone()
    }

    pub(crate) async fn app(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("/app{path}"))
            .header("authorization", "Bearer admin");
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        self.send(request.body(body).unwrap()).await
    }

    /// Changes one switch of the administrator's.
    pub(crate) async fn switch(&self, name: &str, on: bool) {
        let mut settings = self.app(Method::GET, "/admin/settings", Value::Null).await.expect(200).json();
        assert!(settings[name].is_boolean(), "{name}");
        settings[name] = on.into();
        self.app(Method::PUT, "/admin/settings", settings).await.expect(200);
    }

    /// What the administrator sees of a user.
    pub(crate) async fn user(&self, name: &str) -> Value {
        self.app(Method::GET, &format!("/admin/people/{name}"), Value::Null).await.expect(200).json()
    }

    /// Jane's state, as the administrator sees it.
    pub(crate) async fn state(&self) -> Value {
        self.user("jane").await["state"].clone()
    }

    pub(crate) async fn set_password(&self, name: &str) {
        let body = json!({"password": PASSWORD});
        self.app(Method::PUT, &format!("/admin/people/{name}/password"), body).await.expect(204);
    }

    pub(crate) async fn sign_in(&self, user: &str) -> Answer {
        self.app(Method::POST, "/sign-in", json!({"user": user, "password": PASSWORD})).await
    }

    pub(crate) async fn saml(&self, name_id: &str, email: &str) -> Answer {
        self.app(Method::POST, "/saml/sign-in", json!({"name_id": name_id, "email": email})).await
    }
}

pub(crate) fn config(generation: Generation) -> GitLabConfig {
    GitLabConfig::new(generation, TokenHash::of("scim"), TokenHash::of("admin"))
}

/// An instance that nobody else has, in a store that others use as well.
pub(crate) fn fresh(config: GitLabConfig) -> GitLabConfig {
    GitLabConfig { instance: TenantName::parse(unique_tenant().as_str()).unwrap(), ..config }
}

pub(crate) fn jane() -> Value {
    person("a1b2", "jane", "Jane Roe")
}

pub(crate) fn person(uid: &str, user_name: &str, name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "externalId": uid,
        "userName": user_name,
        "name": {"formatted": name},
        "emails": [{"type": "work", "primary": true, "value": format!("{user_name}@corp.example")}],
    })
}
