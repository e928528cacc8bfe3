//! The deviations about accounts, identities and access that other groups of tests do not have: each story is told
//! to the right server and to the wrong one, and ends differently.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, GROUP, Server, USER, ada, differs, encoded, user};

/// The status of a request.
fn status(answer: &Answer) -> u16 {
    answer.status.as_u16()
}

async fn sign_in(server: &Server) -> u16 {
    status(&server.sign_in("ada", "analytical").await)
}

async fn refresh(server: &Server, refresh: &str) -> Answer {
    server.app(Method::POST, "/app/refresh", "", Some(json!({"refresh": refresh}))).await
}

/// Somebody whom the administrator makes; the id.
async fn local(server: &Server, name: &str) -> String {
    let body = json!({"userName": name, "password": "compiler", "email": "grace@example.com"});
    server.admin(Method::POST, "", Some(body)).await.expect(201).id()
}

async fn administrator(server: &Server, name: &str) {
    server.admin(Method::PUT, &format!("/{name}/administrator"), None).await.expect(204);
}

async fn count(server: &Server, filter: &str) -> Value {
    server.get(&format!("/Users?filter={}", encoded(filter))).await.expect(200).json()["totalResults"].clone()
}

/// Ada's ways in, which she opens, and what is left of them after something has happened.
async fn ways_after(server: &Server, happens: impl AsyncFn(&str)) -> Value {
    let id = server.ada().await;
    let open = server.sign_in("ada", "analytical").await.expect(200).json();
    let session = open["session"].as_str().unwrap();
    let token = server.token(session).await;
    happens(&id).await;
    json!({
        "session": status(&server.me(session).await),
        "refresh": status(&refresh(server, open["refresh"].as_str().unwrap()).await),
        "token": status(&server.me(&token).await),
        "sign-in": sign_in(server).await,
    })
}

#[tokio::test]
async fn create_active_string_rejected() {
    let story = async |server: &Server| {
        let mut body = ada();
        body["active"] = "True".into();
        let as_string = status(&server.post("/Users", &body).await);
        body["userName"] = "bob".into();
        body["active"] = true.into();
        json!([as_string, status(&server.post("/Users", &body).await)])
    };
    differs("create-active-string-rejected", story, json!([201, 201]), json!([400, 201])).await;
}

#[tokio::test]
async fn deactivate_token_introspects_active() {
    let story = async |server: &Server| {
        let ways = ways_after(server, async |id| _ = server.set_active(id, false).await.expect(200)).await;
        let shown = server.admin(Method::GET, "/ada", None).await.json();
        json!([ways, shown["sessions"], shown["refreshes"]])
    };
    let right = json!([{"session": 401, "refresh": 401, "token": 401, "sign-in": 403}, 0, 0]);
    let wrong = json!([{"session": 200, "refresh": 401, "token": 401, "sign-in": 403}, 1, 1]);
    differs("deactivate-token-introspects-active", story, right, wrong).await;
}

#[tokio::test]
async fn token_refresh_skips_active_check() {
    let story = async |server: &Server| {
        ways_after(server, async |id| _ = server.set_active(id, false).await.expect(200)).await
    };
    let right = json!({"session": 401, "refresh": 401, "token": 401, "sign-in": 403});
    let wrong = json!({"session": 401, "refresh": 200, "token": 401, "sign-in": 403});
    differs("token-refresh-skips-active-check", story, right, wrong).await;
}

#[tokio::test]
async fn a_session_of_an_unchecked_refresh_works() {
    let server = Server::with(&["token-refresh-skips-active-check"]);
    let id = server.ada().await;
    let open = server.sign_in("ada", "analytical").await.json();
    server.set_active(&id, false).await.expect(200);
    let again = refresh(&server, open["refresh"].as_str().unwrap()).await.expect(200).json();
    server.me(again["session"].as_str().unwrap()).await.expect(200);
    server.app(Method::POST, "/app/sign-out", again["session"].as_str().unwrap(), None).await.expect(204);
    server.me(again["session"].as_str().unwrap()).await.expect(401);
}

#[tokio::test]
async fn delete_keeps_tokens() {
    let story = async |server: &Server| {
        ways_after(server, async |id| _ = server.delete(&format!("/Users/{id}")).await.expect(204)).await
    };
    let right = json!({"session": 401, "refresh": 401, "token": 401, "sign-in": 401});
    let wrong = json!({"session": 401, "refresh": 401, "token": 200, "sign-in": 401});
    differs("delete-keeps-tokens", story, right, wrong).await;
}

#[tokio::test]
async fn delete_keeps_tokens_of_the_deleted_only() {
    let server = Server::with(&["delete-keeps-tokens"]);
    let deactivated =
        ways_after(&server, async |id| _ = server.set_active(id, false).await.expect(200)).await;
    assert_eq!(deactivated, json!({"session": 401, "refresh": 401, "token": 401, "sign-in": 403}));
}

#[tokio::test]
async fn create_link_inactive_keeps_session() {
    let story = async |server: &Server| {
        local(server, "grace").await;
        let open = server.sign_in("grace", "compiler").await.expect(200).json();
        let body = json!({"schemas": [USER], "userName": "grace", "externalId": "00u2", "active": false});
        let created = status(&server.post("/Users", &body).await);
        let fresh = status(&server.sign_in("grace", "compiler").await);
        let held = status(&server.me(open["session"].as_str().unwrap()).await);
        json!([created, fresh, held, count(server, "userName eq \"grace\"").await])
    };
    let (right, wrong) = (json!([409, 200, 200, 1]), json!([201, 403, 200, 1]));
    differs("create-link-inactive-keeps-session", story, right, wrong).await;
}

#[tokio::test]
async fn deactivate_leaves_outer_role() {
    let story = async |server: &Server| {
        let id = server.ada().await;
        server.group("Staff", &[&id]).await;
        let session = server.session().await;
        assert_eq!(server.door(&session, "Staff").await, 200);
        let shown = server.set_active(&id, false).await.expect(200).json()["active"].clone();
        let inside = [status(&server.me(&session).await), server.door(&session, "Staff").await];
        let outside = sign_in(server).await;
        server.set_active(&id, true).await.expect(200);
        json!([shown, inside, outside, server.door(&server.session().await, "Staff").await])
    };
    let (right, wrong) = (json!([false, [401, 401], 403, 200]), json!([false, [200, 403], 200, 200]));
    differs("deactivate-leaves-outer-role", story, right, wrong).await;
}

#[tokio::test]
async fn pending_invite_survives_deprovision() {
    let story = async |server: &Server| {
        let id = server.ada().await;
        server.set_active(&id, false).await.expect(200);
        let state = server.admin(Method::GET, "/ada", None).await.json()["state"].clone();
        let first = sign_in(server).await;
        server.set_active(&id, true).await.expect(200);
        let session = server.session().await;
        server.set_active(&id, false).await.expect(200);
        json!([state, first, status(&server.me(&session).await), sign_in(server).await])
    };
    let (right, wrong) = (json!(["blocked", 403, 401, 403]), json!(["blocked", 200, 401, 403]));
    differs("pending-invite-survives-deprovision", story, right, wrong).await;
}

#[tokio::test]
async fn unlinked_identity_not_deprovisioned() {
    let story = async |server: &Server| {
        local(server, "grace").await;
        let found = count(server, "userName eq \"grace\"").await;
        let made = server.post("/Users", &user("grace")).await;
        let id = match made.status.as_u16() {
            201 => made.id(),
            _ => server.get("/Users").await.json()["Resources"][0]["id"].as_str().unwrap().to_owned(),
        };
        server.set_active(&id, false).await.expect(200);
        let listed = server.get("/Users").await.json()["totalResults"].clone();
        json!([found, made.status.as_u16(), listed, status(&server.sign_in("grace", "compiler").await)])
    };
    let (right, wrong) = (json!([1, 409, 1, 403]), json!([0, 201, 1, 200]));
    differs("unlinked-identity-not-deprovisioned", story, right, wrong).await;
}

#[tokio::test]
async fn people_of_scim_are_governed_also_beside_unlinked_ones() {
    let server = Server::with(&["unlinked-identity-not-deprovisioned"]);
    local(&server, "grace").await;
    let id = server.ada().await;
    server.get("/Users?cursor&count=1").await.expect(200);
    assert_eq!(count(&server, "name.familyName eq \"Lovelace\"").await, 1);
    server.set_active(&id, false).await.expect(200);
    assert_eq!(sign_in(&server).await, 403);
    server.admin(Method::DELETE, "/grace", None).await.expect(204);
    server.sign_in("grace", "compiler").await.expect(401);
}

#[tokio::test]
async fn reactivate_unblocks_admin_blocked_keys() {
    let story = async |server: &Server| {
        let id = server.ada().await;
        server.admin(Method::PUT, "/ada/block", None).await.expect(204);
        server.set_active(&id, false).await.expect(200);
        server.set_active(&id, true).await.expect(200);
        json!(sign_in(server).await)
    };
    differs("reactivate-unblocks-admin-blocked-keys", story, json!(403), json!(200)).await;
}

#[tokio::test]
async fn recreate_after_removal_already_exists() {
    let story = async |server: &Server| {
        let id = server.ada().await;
        server.delete(&format!("/Users/{id}")).await.expect(204);
        let found = count(server, "userName eq \"ada\"").await;
        let again = status(&server.post("/Users", &user("ADA")).await);
        json!([found, again, status(&server.post("/Users", &user("bob")).await)])
    };
    let (right, wrong) = (json!([0, 201, 201]), json!([0, 409, 201]));
    differs("recreate-after-removal-already-exists", story, right, wrong).await;
}

#[tokio::test]
async fn ghost_user_blocks_reprovision() {
    let story = async |server: &Server| {
        let refused = sign_in(server).await;
        let created = status(&server.post("/Users", &ada()).await);
        server.post("/Users", &user("bob")).await.expect(201);
        server.sign_in("bob", "wrong").await.expect(401);
        json!([refused, created, count(server, "userName eq \"ada\"").await])
    };
    let (right, wrong) = (json!([401, 201, 1]), json!([401, 409, 0]));
    differs("ghost-user-blocks-reprovision", story, right, wrong).await;
}

#[tokio::test]
async fn update_overwrites_idp_link() {
    let story = async |server: &Server| {
        let id = server.ada().await;
        let after = server.set_active(&id, false).await.expect(200).json();
        let path = format!("/{}", after["userName"].as_str().unwrap());
        let account = server.admin(Method::GET, &path, None).await.expect(200).json();
        json!([after["userName"], after["externalId"], account["externalId"], after["active"]])
    };
    let (right, wrong) =
        (json!(["ada", "00u1", "00u1", false]), json!(["ada@example.com", null, null, false]));
    differs("update-overwrites-idp-link", story, right, wrong).await;
}

#[tokio::test]
async fn reactivate_enables_unrelated_local_account() {
    let story = async |server: &Server| {
        for name in ["grace", "hopper"] {
            let mut person = json!({"userName": name, "password": "compiler", "email": "grace@example.com"});
            if name == "hopper" {
                person["email"] = "hopper@example.com".into();
            }
            server.admin(Method::POST, "", Some(person)).await.expect(201);
            server.admin(Method::PUT, &format!("/{name}/block"), None).await.expect(204);
        }
        let mut body = user("other");
        body["emails"] = json!([{"value": "Grace@example.com"}]);
        let id = server.post("/Users", &body).await.expect(201).id();
        let created = status(&server.sign_in("grace", "compiler").await);
        server.admin(Method::PUT, "/grace/block", None).await.expect(204);
        server.set_active(&id, false).await.expect(200);
        server.set_active(&id, true).await.expect(200);
        let reactivated = status(&server.sign_in("grace", "compiler").await);
        json!([created, reactivated, status(&server.sign_in("hopper", "compiler").await)])
    };
    let (right, wrong) = (json!([403, 403, 403]), json!([200, 200, 403]));
    differs("reactivate-enables-unrelated-local-account", story, right, wrong).await;
}

/// What SCIM may do to the only administrator: deactivate, then delete.
async fn end_of_administrator(server: &Server) -> Value {
    let id = server.ada().await;
    administrator(server, "ada").await;
    let deactivated = status(&server.set_active(&id, false).await);
    server.set_active(&id, true).await.expect(200);
    json!([deactivated, status(&server.delete(&format!("/Users/{id}")).await)])
}

#[tokio::test]
async fn last_admin_can_be_deprovisioned() {
    let (right, wrong) = (json!([403, 403]), json!([200, 204]));
    differs("last-admin-can-be-deprovisioned", end_of_administrator, right, wrong).await;
}

#[tokio::test]
async fn delete_removes_admin() {
    let (right, wrong) = (json!([403, 403]), json!([403, 204]));
    differs("delete-removes-admin", end_of_administrator, right, wrong).await;
}

#[tokio::test]
async fn protected_user_editable_by_groups() {
    let story = async |server: &Server| {
        let id = server.ada().await;
        administrator(server, "ada").await;
        let title = json!([{"op": "add", "path": "title", "value": "Countess"}]);
        let user = status(&server.patch(&format!("/Users/{id}"), title.clone()).await);
        let group = server.group("Staff", &[]).await;
        let add = json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
        let group = status(&server.patch(&format!("/Groups/{group}"), add).await);
        server.admin(Method::DELETE, "/ada/administrator", None).await.expect(204);
        json!([user, group, status(&server.patch(&format!("/Users/{id}"), title).await)])
    };
    let (right, wrong) = (json!([200, 204, 200]), json!([403, 204, 200]));
    differs("protected-user-editable-by-groups", story, right, wrong).await;
}

#[tokio::test]
async fn adopt_local_account_by_email() {
    let story = async |server: &Server| {
        let local = local(server, "grace").await;
        let mut body = user("mallory");
        body["emails"] = json!([{"value": "GRACE@example.com"}]);
        let made = server.post("/Users", &body).await.expect(201);
        let stays = server.get(&format!("/Users/{local}")).await.json()["userName"].clone();
        json!([made.id() == local, stays])
    };
    let (right, wrong) = (json!([false, "grace"]), json!([true, "mallory"]));
    differs("adopt-local-account-by-email", story, right, wrong).await;
}

#[tokio::test]
async fn adopt_local_account_by_email_in_a_put() {
    let story = async |server: &Server| {
        let local = local(server, "grace").await;
        let id = server.post("/Users", &user("mallory")).await.expect(201).id();
        let mut body = user("mallory");
        body["title"] = "Owner".into();
        body["emails"] = json!([{"value": "grace@example.com"}]);
        server.put(&format!("/Users/{id}"), &body).await.expect(200);
        server.get(&format!("/Users/{local}")).await.json()["title"].clone()
    };
    differs("adopt-local-account-by-email", story, json!(null), json!("Owner")).await;
}

#[tokio::test]
async fn adopt_by_username_merges_people() {
    let story = async |server: &Server| {
        let first = server.post("/Users", &user("ada@a.example")).await.expect(201).id();
        let second = server.post("/Users", &user("ada@b.example")).await.expect(201).id();
        let again = status(&server.post("/Users", &user("ada@b.example")).await);
        let other = server.post("/Users", &user("adam@b.example")).await.expect(201).id();
        json!([first == second, again, other == first, server.get("/Users").await.json()["totalResults"]])
    };
    let (right, wrong) = (json!([false, 409, false, 3]), json!([true, 409, false, 2]));
    differs("adopt-by-username-merges-people", story, right, wrong).await;
}

#[tokio::test]
async fn numeric_externalid_is_internal_id() {
    let story = async |server: &Server| {
        let local = local(server, "grace").await;
        administrator(server, "grace").await;
        let account = server.admin(Method::GET, "/grace", None).await.json()["account"].clone();
        let mut body = user("mallory");
        body["externalId"] = account;
        let made = server.post("/Users", &body).await.expect(201).id();
        let mallory = server.admin(Method::GET, "/mallory", None).await.json();
        json!([made == local, mallory["administrator"]])
    };
    let (right, wrong) = (json!([false, false]), json!([true, true]));
    differs("numeric-externalid-is-internal-id", story, right, wrong).await;
}

#[tokio::test]
async fn edit_permission_bypassed() {
    let story = async |server: &Server| {
        let board = server.post("/Groups", &json!({"schemas": [GROUP], "displayName": "Board"})).await.id();
        let mut body = ada();
        body["groups"] = json!([{"value": board}]);
        let id = server.post("/Users", &body).await.expect(201).id();
        let by_post = server.door(&server.session().await, "Board").await;
        let groups = server.get(&format!("/Users/{id}")).await.json().get("groups").is_some();
        let staff = server.group("Staff", &[]).await;
        let add = json!([{"op": "add", "path": "groups", "value": [{"value": staff}]}]);
        let by_patch = status(&server.patch(&format!("/Users/{id}"), add).await);
        json!([by_post, groups, by_patch, server.door(&server.session().await, "Staff").await])
    };
    let (right, wrong) = (json!([403, false, 400, 403]), json!([200, true, 200, 200]));
    differs("edit-permission-bypassed", story, right, wrong).await;
}
