//! Whole servers over HTTP, without a network: one that is started again on its store, and two at the same time
//! on one PostgreSQL database, which have to behave as one.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use futures::future::join_all;
use scimspec_reference_server::{
    Config, ReferenceServer, Tenant, TenantName, Tenants, TokenHash, TokenId,
    accounts::{Account, AccountId, Accounts, Answer, EndPermit, Event, Identity, Password, SignedIn, Who},
    store::{Opened, ResourceId, TenantId},
};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use tokio::sync::Notify;
use tower::ServiceExt;

use crate::{
    postgres::connect,
    world::{Behaviour, Place, World, behaviours},
};

/// What holds for every store that outlives its server.
pub(crate) const OF_LASTING_STORES: &[Behaviour] = &[
    ("a_restart_keeps_people_and_their_ways_in", |world| {
        Box::pin(a_restart_keeps_people_and_their_ways_in(world))
    }),
    ("who_was_out_before_a_restart_is_out_after_it", |world| {
        Box::pin(who_was_out_before_a_restart_is_out_after_it(world))
    }),
    ("a_restart_keeps_the_tokens_and_their_ends", |world| {
        Box::pin(a_restart_keeps_the_tokens_and_their_ends(world))
    }),
    ("a_token_that_one_server_makes_or_ends_is_so_at_the_other_at_once", |world| {
        Box::pin(a_token_that_one_server_makes_or_ends_is_so_at_the_other_at_once(world))
    }),
    ("a_token_is_good_for_its_own_tenant_and_kept_as_a_digest", |world| {
        Box::pin(a_token_is_good_for_its_own_tenant_and_kept_as_a_digest(world))
    }),
];

behaviours![
    of_many_who_create_one_name_at_two_servers_one_does,
    what_one_server_ends_is_ended_at_the_other,
    an_account_follows_its_user_whichever_server_wrote_last,
    all_who_are_added_at_two_servers_are_members,
    of_two_administrators_who_are_ended_at_two_servers_one_stays,
];

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A server, for a tenant that nobody else has.
struct Server {
    router: Router,
    name: String,
}

impl Server {
    async fn over(opened: Opened, world: &World) -> Self {
        let name = world.tenant.as_str().to_owned();
        let tenant = Tenant {
            name: TenantName::parse(&name).unwrap(),
            scim_token: TokenHash::of("scim"),
            admin_token: TokenHash::of("admin"),
        };
        let config = Config::new(Tenants::one(tenant));
        Self { router: ReferenceServer::over_store(opened, config).await.unwrap().router(), name }
    }

    async fn both(world: &World) -> [Self; 2] {
        let [one, other] = world.opened.clone();
        [Self::over(one, world).await, Self::over(other, world).await]
    }

    async fn ask(&self, method: &str, path: &str, bearer: &str, body: Value) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {bearer}"));
        let request = request.header("content-type", "application/json");
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn scim(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.ask(method, &format!("/scim/v2{path}"), "scim", body).await
    }

    async fn app(&self, method: &str, path: &str, bearer: &str, body: Value) -> (u16, Value) {
        self.ask(method, &format!("/tenants/{}/app{path}", self.name), bearer, body).await
    }

    /// Provisions somebody with a password; returns the id.
    async fn user(&self, name: &str) -> String {
        let body = json!({"schemas": [USER], "userName": name, "password": "analytical", "externalId": name});
        let (status, user) = self.scim("POST", "/Users", body).await;
        assert_eq!(status, 201, "{user}");
        user["id"].as_str().unwrap().to_owned()
    }

    async fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
        let body = json!({"schemas": [GROUP], "displayName": name, "members": members});
        let (status, group) = self.scim("POST", "/Groups", body).await;
        assert_eq!(status, 201, "{group}");
        group["id"].as_str().unwrap().to_owned()
    }

    async fn patch(&self, path: &str, operation: Value) -> (u16, Value) {
        self.scim("PATCH", path, json!({"schemas": [PATCH_OP], "Operations": [operation]})).await
    }

    async fn set_active(&self, id: &str, active: bool) -> u16 {
        let operation = json!({"op": "replace", "path": "active", "value": active});
        self.patch(&format!("/Users/{id}"), operation).await.0
    }

    async fn sign_in(&self, name: &str) -> (u16, String) {
        let body = json!({"user": name, "password": "analytical"});
        let (status, answer) = self.app("POST", "/sign-in", "", body).await;
        (status, answer["session"].as_str().unwrap_or_default().to_owned())
    }

    async fn make_token(&self) -> Made {
        let (status, made) = self.app("POST", "/admin/scim-tokens", "admin", Value::Null).await;
        assert_eq!(status, 201, "{made}");
        Made { id: made["id"].as_str().unwrap().to_owned(), token: secret(&made) }
    }

    /// Whether the token lets its holder read.
    async fn users_as(&self, token: &str) -> u16 {
        self.ask("GET", "/scim/v2/Users", token, Value::Null).await.0
    }

    async fn me(&self, bearer: &str) -> u16 {
        self.app("GET", "/me", bearer, Value::Null).await.0
    }
}

/// A token that an administrator has made.
struct Made {
    id: String,
    token: String,
}

impl Made {
    fn path(&self) -> String {
        format!("/admin/scim-tokens/{}", self.id)
    }
}

fn secret(made: &Value) -> String {
    made["token"].as_str().unwrap().to_owned()
}

async fn a_restart_keeps_people_and_their_ways_in(world: &World) {
    let [server, _] = Server::both(world).await;
    let ada = server.user("ada").await;
    server.group("Staff", &[&ada]).await;
    let (_, session) = server.sign_in("ada").await;
    let (_, issued) = server.app("POST", "/tokens", &session, Value::Null).await;
    let token = issued["token"].as_str().unwrap();
    let path = format!("/Users/{ada}");
    let before = server.scim("GET", &path, Value::Null).await;
    let account = server.app("GET", "/admin/people/ada", "admin", Value::Null).await;
    let again = Server::over(world.reopened().await, world).await;
    assert_eq!(again.scim("GET", &path, Value::Null).await, before);
    assert_eq!(again.app("GET", "/admin/people/ada", "admin", Value::Null).await, account);
    assert_eq!((again.me(&session).await, again.me(token).await), (200, 200));
    assert_eq!(again.app("GET", "/doors/Staff", token, Value::Null).await.0, 200);
    assert_eq!(again.sign_in("ADA").await.0, 200);
}

async fn who_was_out_before_a_restart_is_out_after_it(world: &World) {
    let [server, _] = Server::both(world).await;
    let ada = server.user("ada").await;
    let (_, session) = server.sign_in("ada").await;
    assert_eq!(server.set_active(&ada, false).await, 200);
    let again = Server::over(world.reopened().await, world).await;
    assert_eq!((again.me(&session).await, again.sign_in("ada").await.0), (401, 403));
    assert_eq!(again.set_active(&ada, true).await, 200);
    assert_eq!((again.me(&session).await, again.sign_in("ada").await.0), (401, 200));
}

async fn a_restart_keeps_the_tokens_and_their_ends(world: &World) {
    let [server, _] = Server::both(world).await;
    let made = server.make_token().await;
    let gone = server.make_token().await;
    assert_eq!(server.app("DELETE", &gone.path(), "admin", Value::Null).await.0, 204);
    let (_, rotated) = server.app("POST", &format!("{}/rotate", made.path()), "admin", Value::Null).await;
    let known = server.app("GET", "/admin/scim-tokens", "admin", Value::Null).await;
    let again = Server::over(world.reopened().await, world).await;
    assert_eq!(again.app("GET", "/admin/scim-tokens", "admin", Value::Null).await, known);
    for (token, status) in [(&made.token, 401), (&gone.token, 401), (&secret(&rotated), 200)] {
        assert_eq!(again.users_as(token).await, status);
    }
    // The one that the configuration names was revoked, and the configuration still names it.
    let configured = TokenId::of(&TokenHash::of("scim"));
    let path = format!("/admin/scim-tokens/{configured}");
    assert_eq!(again.app("DELETE", &path, "admin", Value::Null).await.0, 204);
    assert_eq!(again.users_as("scim").await, 401);
    let once_more = Server::over(world.reopened().await, world).await;
    assert_eq!(once_more.users_as("scim").await, 401);
}

async fn a_token_that_one_server_makes_or_ends_is_so_at_the_other_at_once(world: &World) {
    let [one, two] = Server::both(world).await;
    let mut made = one.make_token().await;
    assert_eq!(two.users_as(&made.token).await, 200);
    let (status, rotated) =
        two.app("POST", &format!("{}/rotate", made.path()), "admin", json!({"overlap": 600})).await;
    assert_eq!(status, 201, "{rotated}");
    assert_eq!((one.users_as(&made.token).await, one.users_as(&secret(&rotated)).await), (200, 200));
    assert_eq!(one.app("DELETE", &made.path(), "admin", Value::Null).await.0, 204);
    assert_eq!((two.users_as(&made.token).await, two.users_as(&secret(&rotated)).await), (401, 200));
    for round in 0..20 {
        made = [&one, &two][round % 2].make_token().await;
        let other = [&two, &one][round % 2];
        assert_eq!(other.users_as(&made.token).await, 200);
        assert_eq!(other.app("DELETE", &made.path(), "admin", Value::Null).await.0, 204);
        assert_eq!((one.users_as(&made.token).await, two.users_as(&made.token).await), (401, 401));
    }
}

async fn a_token_is_good_for_its_own_tenant_and_kept_as_a_digest(world: &World) {
    let [server, _] = Server::both(world).await;
    let made = server.make_token().await;
    let stranger = World::new(world.place.kind()).await;
    let elsewhere = Server::over(world.opened[1].clone(), &stranger).await;
    assert_eq!((server.users_as(&made.token).await, elsewhere.users_as(&made.token).await), (200, 401));
    assert_eq!(elsewhere.app("DELETE", &made.path(), "admin", Value::Null).await.0, 404);
    assert_eq!(server.users_as(&made.token).await, 200);
    let kept = world.opened[0].tokens.of(&world.tenant).await.unwrap();
    let kept = kept.iter().find(|kept| kept.id.to_string() == made.id).unwrap();
    assert!(kept.hash.matches(&made.token) && !format!("{kept:?}").contains(&made.token));
}

async fn of_many_who_create_one_name_at_two_servers_one_does(world: &World) {
    let servers = Server::both(world).await;
    let body = json!({"schemas": [USER], "userName": "ada", "password": "analytical"});
    let posts = (0..16).map(|n| servers[n % 2].scim("POST", "/Users", body.clone()));
    let mut statuses: Vec<u16> = join_all(posts).await.into_iter().map(|(status, _)| status).collect();
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (201, &[409; 15][..]));
    for server in &servers {
        assert_eq!(server.scim("GET", "/Users", Value::Null).await.1["totalResults"], 1);
        assert_eq!(server.sign_in("ada").await.0, 200);
    }
}

async fn what_one_server_ends_is_ended_at_the_other(world: &World) {
    let [one, two] = Server::both(world).await;
    let ada = one.user("ada").await;
    let (_, session) = one.sign_in("ada").await;
    assert_eq!(two.me(&session).await, 200);
    assert_eq!(two.set_active(&ada, false).await, 200);
    assert_eq!((one.me(&session).await, one.sign_in("ada").await.0), (401, 403));
    assert_eq!(one.scim("GET", &format!("/Users/{ada}"), Value::Null).await.1["active"], false);
    assert_eq!(one.set_active(&ada, true).await, 200);
    assert_eq!((two.sign_in("ada").await.0, two.me(&session).await), (200, 401));
    assert_eq!(two.scim("DELETE", &format!("/Users/{ada}"), Value::Null).await.0, 204);
    assert_eq!(one.sign_in("ada").await.0, 401);
}

/// The first server has written `active: false` and not yet told the account, when the second one is to write
/// `active: true`.
async fn an_account_follows_its_user_whichever_server_wrote_last(world: &World) {
    let gate = Arc::new(Gate::default());
    let held = Held { inner: world.accounts.clone(), gate: Arc::clone(&gate) };
    let [opened, other] = world.opened.clone();
    let one = Arc::new(Server::over(Opened { accounts: Arc::new(held), ..opened }, world).await);
    let two = Arc::new(Server::over(other, world).await);
    let ada = one.user("ada").await;
    let write = |server: &Arc<Server>, active| {
        let (server, ada) = (Arc::clone(server), ada.clone());
        tokio::spawn(async move { server.set_active(&ada, active).await })
    };
    let first = write(&one, false);
    gate.reached.notified().await;
    let second = write(&two, true);
    // It either waits for its turn, or does not and is done.
    let Place::Postgres { url, schema } = &world.place else { panic!("two servers need PostgreSQL") };
    let mut connection = connect(url, schema).await;
    while !second.is_finished() && !somebody_waits(&mut connection).await {
        tokio::task::yield_now().await;
    }
    gate.open.notify_one();
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (200, 200));
    let (_, user) = one.scim("GET", &format!("/Users/{ada}"), Value::Null).await;
    assert_eq!((&user["active"], two.sign_in("ada").await.0), (&json!(true), 200));
    connection.close().await.unwrap();
}

/// Whether somebody waits for a lock that is about nothing in the tables.
async fn somebody_waits(connection: &mut PgConnection) -> bool {
    let waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)";
    sqlx::query_scalar(waiting).fetch_one(connection).await.unwrap()
}

/// Where the news of a deactivation is held up.
#[derive(Default)]
struct Gate {
    reached: Notify,
    open: Notify,
}

/// Accounts that hear of a deactivation only when the gate is opened.
struct Held {
    inner: Arc<dyn Accounts>,
    gate: Arc<Gate>,
}

impl Accounts for Held {
    fn apply<'a>(&'a self, tenant: &'a TenantId, event: Event) -> Answer<'a, ()> {
        Box::pin(async move {
            if matches!(event, Event::Deactivated { .. }) {
                self.gate.reached.notify_one();
                self.gate.open.notified().await;
            }
            self.inner.apply(tenant, event).await
        })
    }

    fn account<'a>(&'a self, tenant: &'a TenantId, who: Who) -> Answer<'a, Option<Account>> {
        self.inner.account(tenant, who)
    }

    fn permit_end<'a>(&'a self, tenant: &'a TenantId, resource: ResourceId) -> Answer<'a, EndPermit> {
        self.inner.permit_end(tenant, resource)
    }

    fn sign_in<'a>(
        &'a self,
        tenant: &'a TenantId,
        name: &'a str,
        password: Password,
    ) -> Answer<'a, SignedIn> {
        self.inner.sign_in(tenant, name, password)
    }

    fn open_session(&self, tenant: &TenantId, account: AccountId) -> Answer<'_, SignedIn> {
        self.inner.open_session(tenant, account)
    }

    fn refresh<'a>(&'a self, tenant: &'a TenantId, refresh: &'a str) -> Answer<'a, SignedIn> {
        self.inner.refresh(tenant, refresh)
    }

    fn sign_out<'a>(&'a self, tenant: &'a TenantId, session: &'a str) -> Answer<'a, ()> {
        self.inner.sign_out(tenant, session)
    }

    fn issue_token(&self, tenant: &TenantId, account: AccountId) -> Answer<'_, String> {
        self.inner.issue_token(tenant, account)
    }

    fn identify<'a>(&'a self, tenant: &'a TenantId, credential: &'a str) -> Answer<'a, Identity> {
        self.inner.identify(tenant, credential)
    }
}

async fn all_who_are_added_at_two_servers_are_members(world: &World) {
    let servers = Server::both(world).await;
    let staff = servers[0].group("Staff", &[]).await;
    let path = format!("/Groups/{staff}");
    let adds = (0..12).map(|n| {
        let (server, path) = (&servers[n % 2], &path);
        async move {
            let id = server.user(&format!("u{n}")).await;
            let add = json!({"op": "add", "path": "members", "value": [{"value": id}]});
            server.patch(path, add).await.0
        }
    });
    assert!(join_all(adds).await.into_iter().all(|status| status == 204));
    let (_, group) = servers[1].scim("GET", &path, Value::Null).await;
    assert_eq!(group["members"].as_array().unwrap().len(), 12);
    for n in 0..12 {
        let (_, session) = servers[n % 2].sign_in(&format!("u{n}")).await;
        let door = servers[(n + 1) % 2].app("GET", "/doors/Staff", &session, Value::Null).await;
        assert_eq!(door.0, 200, "u{n}");
    }
}

async fn of_two_administrators_who_are_ended_at_two_servers_one_stays(world: &World) {
    let servers = Server::both(world).await;
    let mut ids = Vec::new();
    for name in ["ada", "grace"] {
        ids.push(servers[0].user(name).await);
        let path = format!("/admin/people/{name}/administrator");
        let (status, answer) = servers[0].app("PUT", &path, "admin", Value::Null).await;
        assert_eq!(status, 204, "{answer}");
    }
    let ends = ids.iter().zip(&servers).map(|(id, server)| server.set_active(id, false));
    let mut statuses = join_all(ends).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
}
