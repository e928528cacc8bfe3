//! A server in the test's own process, and short ways to ask it.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use scimspec_reference_server::{
    Config, Deviation, Limits, Protocol, ReferenceServer, TokenHash, deviations,
};
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(crate) const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
pub(crate) const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
pub(crate) const SCIM_TOKEN: &str = "scim-token";
pub(crate) const ADMIN_TOKEN: &str = "admin-token";

pub(crate) struct Server {
    router: Router,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} {:?}", self.status, self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
    }

    pub(crate) fn id(&self) -> String {
        self.json()["id"].as_str().unwrap_or_else(|| panic!("no id in {}", self.text)).to_owned()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Whatever the error, it has the shape of RFC 7644 section 3.12.
    #[track_caller]
    pub(crate) fn expect_error(self, status: u16, scim_type: Option<&str>) -> Self {
        let answer = self.expect(status);
        let body = answer.json();
        assert_eq!(answer.header("content-type"), "application/scim+json");
        assert_eq!(body["schemas"], json!([ERROR]));
        assert_eq!(body["status"], json!(status.to_string()));
        assert_eq!(body.get("scimType").and_then(Value::as_str), scim_type, "{body}");
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
        answer
    }
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(slugs: &[&str]) -> Self {
        let found = slugs.iter().map(|slug| deviations::find(slug).expect("a deviation of this name"));
        Self::build(found.collect(), Limits::default(), None)
    }

    pub(crate) fn build(
        deviations: Vec<&'static Deviation>,
        limits: Limits,
        public_url: Option<scimspec_reference_server::PublicUrl>,
    ) -> Self {
        let single = Config::single(TokenHash::of(SCIM_TOKEN), TokenHash::of(ADMIN_TOKEN));
        Self::of(Config { public_url, deviations, limits, ..single })
    }

    /// A server that speaks this protocol.
    pub(crate) fn speaking(protocol: Protocol) -> Self {
        let single = Config::single(TokenHash::of(SCIM_TOKEN), TokenHash::of(ADMIN_TOKEN));
        Self::of(Config { protocol, ..single })
    }

    pub(crate) fn of(config: Config) -> Self {
        Self { router: ReferenceServer::new(config).router() }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// A SCIM request with a body, as an identity provider sends it.
    pub(crate) async fn scim(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.send(scim(method, path).body(Body::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(scim(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.scim(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.scim(Method::PUT, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, operations: Value) -> Answer {
        let body = json!({"schemas": [PATCH_OP], "Operations": operations});
        self.scim(Method::PATCH, path, &body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(scim(Method::DELETE, path).body(Body::empty()).unwrap()).await
    }

    /// A request to the application.
    pub(crate) async fn app(&self, method: Method, path: &str, bearer: &str, body: Option<Value>) -> Answer {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let authorization = format!("Bearer {bearer}");
        let request = Request::builder().method(method).uri(path).header("authorization", authorization);
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.app(method, &format!("/app/admin/people{path}"), ADMIN_TOKEN, body).await
    }

    /// Provisions ada, who has a password; returns her id.
    pub(crate) async fn ada(&self) -> String {
        self.post("/Users", &ada()).await.expect(201).id()
    }

    pub(crate) async fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
        let body = json!({"schemas": [GROUP], "displayName": name, "members": members});
        self.post("/Groups", &body).await.expect(201).id()
    }

    pub(crate) async fn set_active(&self, id: &str, active: bool) -> Answer {
        let operation = json!([{"op": "replace", "path": "active", "value": active}]);
        self.patch(&format!("/Users/{id}"), operation).await
    }

    pub(crate) async fn sign_in(&self, user: &str, password: &str) -> Answer {
        let body = json!({"user": user, "password": password});
        self.app(Method::POST, "/app/sign-in", "", Some(body)).await
    }

    /// Signs ada in; returns the session.
    pub(crate) async fn session(&self) -> String {
        let open = self.sign_in("ada", "analytical").await.expect(200);
        open.json()["session"].as_str().unwrap().to_owned()
    }

    /// An API token of the session's owner.
    pub(crate) async fn token(&self, session: &str) -> String {
        let issued = self.app(Method::POST, "/app/tokens", session, None).await.expect(201);
        issued.json()["token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn me(&self, credential: &str) -> Answer {
        self.app(Method::GET, "/app/me", credential, None).await
    }

    pub(crate) async fn door(&self, credential: &str, name: &str) -> u16 {
        self.app(Method::GET, &format!("/app/doors/{name}"), credential, None).await.status.as_u16()
    }
}

pub(crate) fn ada() -> Value {
    json!({
        "schemas": [USER],
        "userName": "ada",
        "externalId": "00u1",
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "emails": [{"value": "ada@example.com", "type": "work", "primary": true}],
        "password": "analytical",
    })
}

pub(crate) fn user(user_name: &str) -> Value {
    json!({"schemas": [USER], "userName": user_name})
}

pub(crate) fn scim(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(format!("/scim/v2{path}"))
        .header("host", "app.example.com")
        .header("authorization", format!("Bearer {SCIM_TOKEN}"))
        .header("content-type", "application/scim+json")
}

/// A query parameter, percent-encoded.
pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// A list's resources by one of their attributes.
#[track_caller]
pub(crate) fn column(list: &Value, attribute: &str) -> Vec<String> {
    let resources = list["Resources"].as_array().unwrap_or_else(|| panic!("no Resources in {list}"));
    resources.iter().map(|resource| resource[attribute].as_str().unwrap_or("-").to_owned()).collect()
}

/// Tells a story to the right server and to one with this deviation. It ends as it should with the one, and otherwise
/// with the other.
pub(crate) async fn differs(slug: &str, story: impl AsyncFn(&Server) -> Value, right: Value, wrong: Value) {
    assert_ne!(right, wrong, "{slug}: nothing can be seen of it");
    assert_eq!(story(&Server::new()).await, right, "the right server");
    assert_eq!(story(&Server::with(&[slug])).await, wrong, "the server with {slug}");
}
