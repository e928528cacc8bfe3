//! What a client sees when something below the server breaks, or when another process is at work on the same
//! store.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{
    BasePath, Config, ReferenceServer, TokenHash,
    accounts::{
        self, Account, AccountId, Accounts, AccountsError, Event, Identity, MemoryAccounts, Password,
        SignedIn, Who,
    },
    deviations::Seams,
    scim::schema,
    store::{
        self, Committed, Indexed, Key, Kind, MemoryStore, Page, Record, Reference, ResourceId, Sequence,
        Store, StoreError, TenantId, Timestamp, Turn, Write,
    },
};

/// A store to which something else happens as well.
#[derive(Default)]
struct Shared {
    inner: MemoryStore,
    /// How many of the next updates another process gets ahead of.
    overtaken: AtomicUsize,
}

impl Shared {
    /// Writes the resource just before somebody else does.
    async fn overtake(&self, tenant: &TenantId, write: &Write) {
        let Write::Update { kind, id, .. } = write else { return };
        let left = |count: usize| count.checked_sub(1);
        if self.overtaken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_err() {
            return;
        }
        let record = self.inner.read(tenant, *kind, *id).await.unwrap().unwrap();
        let mut resource: Value = serde_json::from_str(&record.text).unwrap();
        resource["nickName"] = "other".into();
        let write = Write::Update {
            kind: *kind,
            id: *id,
            expected: record.version,
            draft: Some(store::Draft {
                text: resource.to_string(),
                display: record.display.to_string(),
                keys: vec![Key { attribute: Indexed::UserName, value: "ada".into() }],
                unique: Vec::new(),
            }),
            members: Vec::new(),
            at: Timestamp::now(),
        };
        self.inner.commit(tenant, write).await.unwrap();
    }
}

impl Store for Shared {
    fn page<'a>(&'a self, _: &'a TenantId, _: Kind, _: u64, _: u64) -> store::Answer<'a, Page> {
        panic!("a bug")
    }

    fn page_after<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        after: Option<Sequence>,
        count: u64,
    ) -> store::Answer<'a, Page> {
        self.inner.page_after(tenant, kind, after, count)
    }

    fn page_before<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        before: Sequence,
        count: u64,
    ) -> store::Answer<'a, Page> {
        self.inner.page_before(tenant, kind, before, count)
    }

    fn scan<'a>(
        &'a self,
        _: &'a TenantId,
        _: Kind,
        _: Option<Sequence>,
    ) -> store::Answer<'a, Vec<Arc<Record>>> {
        Box::pin(async { Err(StoreError::Failed("secret path of a disk".to_owned())) })
    }

    fn turn<'a>(&'a self, tenant: &'a TenantId, id: ResourceId) -> store::Answer<'a, Turn> {
        self.inner.turn(tenant, id)
    }

    fn commit<'a>(&'a self, tenant: &'a TenantId, write: Write) -> store::Answer<'a, Committed> {
        Box::pin(async move {
            self.overtake(tenant, &write).await;
            self.inner.commit(tenant, write).await
        })
    }

    fn read<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        id: ResourceId,
    ) -> store::Answer<'a, Option<Arc<Record>>> {
        self.inner.read(tenant, kind, id)
    }

    fn find<'a>(
        &'a self,
        tenant: &'a TenantId,
        kind: Kind,
        key: &'a Key,
    ) -> store::Answer<'a, Vec<Arc<Record>>> {
        self.inner.find(tenant, kind, key)
    }

    fn members<'a>(&'a self, tenant: &'a TenantId, group: ResourceId) -> store::Answer<'a, Vec<Reference>> {
        self.inner.members(tenant, group)
    }

    fn groups_of<'a>(
        &'a self,
        tenant: &'a TenantId,
        member: ResourceId,
    ) -> store::Answer<'a, Vec<Reference>> {
        self.inner.groups_of(tenant, member)
    }
}

/// Accounts that can be out of reach.
#[derive(Default)]
struct Flaky {
    inner: MemoryAccounts,
    down: Mutex<bool>,
    /// Whether they let others go first before they hear.
    slow: AtomicBool,
}

impl Accounts for Flaky {
    fn apply<'a>(&'a self, tenant: &'a TenantId, event: Event) -> accounts::Answer<'a, ()> {
        if *self.down.lock().unwrap() {
            return Box::pin(async { Err(AccountsError::Failed("secret name of a host".to_owned())) });
        }
        Box::pin(async move {
            if self.slow.load(Ordering::Relaxed) {
                tokio::task::yield_now().await;
            }
            self.inner.apply(tenant, event).await
        })
    }

    fn account<'a>(&'a self, tenant: &'a TenantId, who: Who) -> accounts::Answer<'a, Option<Account>> {
        self.inner.account(tenant, who)
    }

    fn permit_end<'a>(
        &'a self,
        tenant: &'a TenantId,
        resource: ResourceId,
    ) -> accounts::Answer<'a, accounts::EndPermit> {
        self.inner.permit_end(tenant, resource)
    }

    fn open_session(&self, tenant: &TenantId, account: AccountId) -> accounts::Answer<'_, SignedIn> {
        self.inner.open_session(tenant, account)
    }

    fn refresh<'a>(&'a self, tenant: &'a TenantId, refresh: &'a str) -> accounts::Answer<'a, SignedIn> {
        self.inner.refresh(tenant, refresh)
    }

    fn sign_in<'a>(
        &'a self,
        tenant: &'a TenantId,
        user_name: &'a str,
        password: Password,
    ) -> accounts::Answer<'a, SignedIn> {
        self.inner.sign_in(tenant, user_name, password)
    }

    fn sign_out<'a>(&'a self, tenant: &'a TenantId, session: &'a str) -> accounts::Answer<'a, ()> {
        self.inner.sign_out(tenant, session)
    }

    fn issue_token(&self, tenant: &TenantId, account: AccountId) -> accounts::Answer<'_, String> {
        self.inner.issue_token(tenant, account)
    }

    fn identify<'a>(&'a self, tenant: &'a TenantId, credential: &'a str) -> accounts::Answer<'a, Identity> {
        self.inner.identify(tenant, credential)
    }
}

struct World {
    store: Arc<Shared>,
    accounts: Arc<Flaky>,
    router: Router,
}

impl World {
    fn new() -> Self {
        let (store, accounts) = (Arc::new(Shared::default()), Arc::new(Flaky::default()));
        let config = Config {
            base_path: String::new(),
            ..Config::single(TokenHash::of("token"), TokenHash::of("admin"))
        };
        let seams = Seams {
            base_path: BasePath::new(&config.base_path),
            tenants: Arc::new(config.tenants.clone()),
            tokens: Arc::new(ReferenceServer::tokens_in_memory(&config)),
            store: store.clone(),
            accounts: accounts.clone(),
            http: Vec::new(),
        };
        Self { store, accounts, router: ReferenceServer::over(seams, config).router() }
    }

    async fn ask(&self, method: &str, path: &str, if_match: Option<&str>, body: Value) -> (u16, Value) {
        let mut request = Request::builder().method(method).uri(path).header("authorization", "Bearer token");
        if let Some(condition) = if_match {
            request = request.header("if-match", condition);
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn create(&self) -> (u16, Value) {
        let body = json!({"schemas": [schema::USER], "userName": "ada", "password": "analytical"});
        self.ask("POST", "/Users", None, body).await
    }

    async fn ada(&self) -> String {
        let (status, user) = self.create().await;
        assert_eq!(status, 201);
        format!("/Users/{}", user["id"].as_str().unwrap())
    }

    async fn patch(&self, path: &str, if_match: Option<&str>, attribute: &str, value: Value) -> (u16, Value) {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": attribute, "value": value}],
        });
        self.ask("PATCH", path, if_match, body).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.ask("GET", path, None, Value::Null).await
    }

    async fn sign_in(&self) -> u16 {
        let body = json!({"user": "ada", "password": "analytical"});
        self.ask("POST", "/app/sign-in", None, body).await.0
    }
}

#[tokio::test]
async fn a_bug_is_answered_with_a_scim_error() {
    let (status, body) = World::new().get("/Users").await;
    assert_eq!((status, &body["status"]), (500, &json!("500")));
    assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
}

#[tokio::test]
async fn a_store_that_fails_is_a_server_error_that_tells_nothing_of_the_inside() {
    let (status, body) = World::new().get("/Users?filter=title%20pr").await;
    assert_eq!(status, 500);
    assert!(!body.to_string().contains("secret"));
}

#[tokio::test]
async fn a_change_that_was_overtaken_is_made_on_top_of_the_other_one() {
    let world = World::new();
    let path = world.ada().await;
    world.store.overtaken.store(3, Ordering::Relaxed);
    let (status, user) = world.patch(&path, None, "title", json!("Countess")).await;
    assert_eq!(status, 200);
    assert_eq!((&user["title"], &user["nickName"]), (&json!("Countess"), &json!("other")));
    assert_eq!(user["meta"]["version"], "W/\"5\"");
}

#[tokio::test]
async fn a_change_that_was_overtaken_and_has_a_condition_is_refused() {
    let world = World::new();
    let path = world.ada().await;
    world.store.overtaken.store(1, Ordering::Relaxed);
    let (status, _) = world.patch(&path, Some("W/\"1\""), "title", json!("Countess")).await;
    assert_eq!(status, 412);
    assert_eq!(world.get(&path).await.1.get("title"), None);
}

#[tokio::test]
async fn a_change_that_is_overtaken_again_and_again_is_given_up() {
    let world = World::new();
    let path = world.ada().await;
    world.store.overtaken.store(1_000, Ordering::Relaxed);
    let (status, body) = world.patch(&path, None, "title", json!("Countess")).await;
    assert_eq!((status, &body["status"]), (503, &json!("503")));
}

#[tokio::test]
async fn a_create_of_which_the_accounts_do_not_hear_leaves_nothing_behind() {
    let world = World::new();
    *world.accounts.down.lock().unwrap() = true;
    let (status, body) = world.create().await;
    assert_eq!(status, 500);
    assert!(!body.to_string().contains("secret"));
    *world.accounts.down.lock().unwrap() = false;
    world.ada().await;
}

#[tokio::test]
async fn a_deactivation_of_which_the_accounts_did_not_hear_is_made_good_by_the_next_try() {
    let world = World::new();
    let path = world.ada().await;
    *world.accounts.down.lock().unwrap() = true;
    assert_eq!(world.patch(&path, None, "active", json!(false)).await.0, 500);
    *world.accounts.down.lock().unwrap() = false;
    assert_eq!(world.patch(&path, None, "active", json!(false)).await.0, 200);
    assert_eq!(world.sign_in().await, 403);
}

#[tokio::test]
async fn a_deactivation_whose_client_hangs_up_is_done_to_the_end() {
    let world = World::new();
    let path = world.ada().await;
    world.accounts.slow.store(true, Ordering::Relaxed);
    {
        let mut hung_up = std::pin::pin!(world.patch(&path, None, "active", json!(false)));
        assert!(futures::poll!(&mut hung_up).is_pending());
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.get(&path).await.1["active"], false);
    assert_eq!(world.sign_in().await, 403);
}

#[tokio::test]
async fn a_deletion_of_which_the_accounts_did_not_hear_is_made_good_by_the_next_try() {
    let world = World::new();
    let path = world.ada().await;
    *world.accounts.down.lock().unwrap() = true;
    assert_eq!(world.ask("DELETE", &path, None, Value::Null).await.0, 500);
    *world.accounts.down.lock().unwrap() = false;
    assert_eq!(world.ask("DELETE", &path, None, Value::Null).await.0, 404);
    assert_eq!(world.sign_in().await, 401);
}

#[tokio::test]
async fn an_account_that_is_made_late_is_in_the_groups_that_its_user_is_in() {
    let world = World::new();
    let path = world.ada().await;
    let id = path.strip_prefix("/Users/").unwrap();
    let group = json!({"schemas": [schema::GROUP], "displayName": "Staff", "members": [{"value": id}]});
    assert_eq!(world.ask("POST", "/Groups", None, group).await.0, 201);
    let (tenant, resource) = (TenantId::new("default"), ResourceId::parse(id).unwrap());
    let account = async || world.accounts.account(&tenant, Who::Resource(resource)).await.unwrap();
    world.accounts.apply(&tenant, Event::Deleted { resource }).await.unwrap();
    assert_eq!(account().await, None);
    assert_eq!(world.patch(&path, None, "title", json!("Countess")).await.0, 200);
    assert_eq!(account().await.unwrap().groups, ["Staff"]);
}

#[tokio::test]
async fn scim_can_be_served_at_the_root() {
    let world = World::new();
    let path = world.ada().await;
    let (status, user) = world.get(&path).await;
    assert_eq!(status, 200);
    assert_eq!(user["meta"]["location"], format!("http://localhost{path}"));
    assert_eq!(world.get("/NoSuchThings").await.0, 404);
}
