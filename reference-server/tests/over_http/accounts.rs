//! The application behind SCIM: what a change in SCIM does to the ways in, seen from the application's side.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{ADMIN_TOKEN, SCIM_TOKEN, Server, USER, ada};

/// Makes grace through the administrator, long before any provisioning; returns her SCIM id.
async fn grace(server: &Server) -> String {
    let body = json!({"userName": "grace", "password": "compiler", "email": "grace@example.com"});
    server.admin(Method::POST, "", Some(body)).await.expect(201).id()
}

async fn account(server: &Server, name: &str) -> Value {
    server.admin(Method::GET, &format!("/{name}"), None).await.expect(200).json()
}

/// The whole resource with another `active`: how Okta's wizard application deactivates.
async fn put_active(server: &Server, id: &str, active: bool) {
    let path = format!("/Users/{id}");
    let mut body = server.get(&path).await.expect(200).json();
    body["active"] = active.into();
    server.put(&path, &body).await.expect(200);
}

async fn set_active(server: &Server, id: &str, active: bool, by_put: bool) {
    if by_put {
        put_active(server, id, active).await;
    } else {
        patch_active(server, id, active).await;
    }
}

async fn patch_active(server: &Server, id: &str, active: bool) {
    server.set_active(id, active).await.expect(200);
}

#[tokio::test]
async fn a_provisioned_person_signs_in_and_out() {
    let server = Server::new();
    server.ada().await;
    let open = server.sign_in("Ada", "analytical").await.expect(200).json();
    let session = open["session"].as_str().unwrap();
    let me = server.me(session).await.expect(200).json();
    assert_eq!(me, json!({"account": open["account"], "userName": "ada", "via": "session", "doors": []}));
    let token = server.token(session).await;
    assert_eq!(server.me(&token).await.expect(200).json()["via"], "token");
    server.app(Method::POST, "/app/sign-out", session, None).await.expect(204);
    server.me(session).await.expect(401);
    server.me(&token).await.expect(200);
}

#[tokio::test]
async fn who_is_not_known_is_not_let_in() {
    let server = Server::new();
    server.ada().await;
    server.sign_in("ada", "difference").await.expect(401);
    server.sign_in("nobody", "analytical").await.expect(401);
    for credential in ["", "ses_0000000000000000.x", "pat_1.x", SCIM_TOKEN, ADMIN_TOKEN] {
        server.me(credential).await.expect(401);
        assert_eq!(server.door(credential, "Staff").await, 401);
        server.app(Method::POST, "/app/tokens", credential, None).await.expect(401);
        server.app(Method::POST, "/app/sign-out", credential, None).await.expect(401);
    }
    let token = server.token(&server.session().await).await;
    server.app(Method::POST, "/app/tokens", &token, None).await.expect(401);
}

#[tokio::test]
async fn a_door_opens_for_the_members_of_its_group() {
    let server = Server::new();
    let ada = server.ada().await;
    let session = server.session().await;
    assert_eq!(server.door(&session, "Staff").await, 403);
    let staff = server.group("Staff", &[&ada]).await;
    assert_eq!(server.door(&session, "Staff").await, 200);
    assert_eq!(server.door(&session, "staff").await, 200);
    assert_eq!(server.door(&server.token(&session).await, "Staff").await, 200);
    let path = format!("/Groups/{staff}");
    let rename = json!([{"op": "replace", "path": "displayName", "value": "Team A/B"}]);
    server.patch(&path, rename).await.expect(204);
    assert_eq!(
        (server.door(&session, "Staff").await, server.door(&session, "Team%20A%2FB").await),
        (403, 200)
    );
    let remove = json!([{"op": "remove", "path": format!("members[value eq \"{ada}\"]")}]);
    server.patch(&path, remove).await.expect(204);
    assert_eq!(server.door(&session, "Team%20A%2FB").await, 403);
}

#[tokio::test]
async fn deactivation_ends_every_way_in_and_keeps_the_identity() {
    for by_put in [true, false] {
        let server = Server::new();
        let id = server.ada().await;
        server.group("Staff", &[&id]).await;
        let session = server.session().await;
        let token = server.token(&session).await;
        let before = account(&server, "ada").await;
        set_active(&server, &id, false, by_put).await;
        server.me(&session).await.expect(401);
        server.me(&token).await.expect(401);
        assert_eq!(server.door(&session, "Staff").await, 401);
        server.sign_in("ada", "analytical").await.expect(403);
        server.sign_in("ada", "difference").await.expect(401);
        server.admin(Method::POST, "/ada/tokens", None).await.expect(409);
        let mut expected = before.clone();
        expected["state"] = "blocked".into();
        expected["blockedBy"] = json!(["scim"]);
        expected["sessions"] = 0.into();
        expected["refreshes"] = 0.into();
        expected["tokens"] = 0.into();
        assert_eq!(account(&server, "ada").await, expected);
        let user = server.get(&format!("/Users/{id}")).await.expect(200).json();
        assert_eq!((&user["active"], &user["externalId"]), (&json!(false), &json!("00u1")));
        assert_eq!(user["groups"][0]["display"], "Staff");
    }
}

#[tokio::test]
async fn reactivation_opens_fresh_ways_into_the_same_account() {
    for by_put in [true, false] {
        let server = Server::new();
        let id = server.ada().await;
        server.group("Staff", &[&id]).await;
        let session = server.session().await;
        let token = server.token(&session).await;
        let before = account(&server, "ada").await["account"].clone();
        set_active(&server, &id, false, by_put).await;
        set_active(&server, &id, true, by_put).await;
        server.me(&session).await.expect(401);
        server.me(&token).await.expect(401);
        let fresh = server.session().await;
        assert_eq!(server.me(&fresh).await.expect(200).json()["account"], before);
        assert_eq!(server.door(&fresh, "Staff").await, 200);
        server.me(&server.token(&fresh).await).await.expect(200);
        server.admin(Method::POST, "/ada/tokens", None).await.expect(201);
    }
}

#[tokio::test]
async fn okta_and_entra_deactivate_in_their_own_spelling() {
    for operations in [
        json!([{"op": "replace", "value": {"active": false}}]),
        json!([{"op": "Replace", "path": "active", "value": "False"}]),
        json!([{"op": "replace", "path": format!("{USER}:active"), "value": "false"}]),
        json!([{"op": "add", "path": "ACTIVE", "value": false}]),
    ] {
        let server = Server::new();
        let id = server.ada().await;
        let session = server.session().await;
        let user = server.patch(&format!("/Users/{id}"), operations).await.expect(200).json();
        assert_eq!(user["active"], false);
        server.me(&session).await.expect(401);
        server.sign_in("ada", "analytical").await.expect(403);
    }
}

#[tokio::test]
async fn who_is_created_inactive_does_not_get_in() {
    let server = Server::new();
    let mut body = ada();
    body["active"] = false.into();
    let created = server.post("/Users", &body).await.expect(201);
    assert_eq!(created.json()["active"], false);
    server.sign_in("ada", "analytical").await.expect(403);
    patch_active(&server, &created.id(), true).await;
    server.sign_in("ada", "analytical").await.expect(200);
}

#[tokio::test]
async fn a_change_of_the_profile_neither_opens_nor_shuts() {
    let server = Server::new();
    let id = server.ada().await;
    let path = format!("/Users/{id}");
    let session = server.session().await;
    server.put(&path, &ada()).await.expect(200);
    server.patch(&path, json!([{"op": "add", "path": "title", "value": "Countess"}])).await.expect(200);
    server.me(&session).await.expect(200);
    patch_active(&server, &id, false).await;
    server.put(&path, &ada()).await.expect(200);
    server.patch(&path, json!([{"op": "add", "path": "title", "value": "Lady"}])).await.expect(200);
    server.sign_in("ada", "analytical").await.expect(403);
    assert_eq!(server.get(&path).await.json()["active"], false);
}

/// RFC 7644 section 3.5.2.2: `active` is neither required nor readOnly, so it can be removed and is unassigned then. Who
/// says nothing about access neither opens nor shuts it.
#[tokio::test]
async fn rfc7644_3_5_2_2_l2_to_remove_active_is_no_word_about_access() {
    for operation in
        [json!({"op": "remove", "path": "active"}), json!({"op": "replace", "value": {"active": null}})]
    {
        let server = Server::new();
        let id = server.ada().await;
        let path = format!("/Users/{id}");
        let session = server.session().await;
        let removed = server.patch(&path, json!([operation])).await.expect(200).json();
        assert_eq!((removed.get("active"), &removed["userName"]), (None, &json!("ada")));
        server.me(&session).await.expect(200);
        patch_active(&server, &id, false).await;
        server.sign_in("ada", "analytical").await.expect(403);
        server.patch(&path, json!([operation])).await.expect(200);
        for _ in 0..2 {
            assert_eq!(server.get(&path).await.json().get("active"), None);
            server.sign_in("ada", "analytical").await.expect(403);
            server.me(&session).await.expect(401);
            // Nor do those who write something else afterwards.
            server.put(&path, &ada()).await.expect(200);
            server.patch(&path, json!([{"op": "add", "path": "title", "value": "Lady"}])).await.expect(200);
        }
        assert_eq!(server.get("/Users?filter=active%20pr").await.json()["totalResults"], 0);
        patch_active(&server, &id, true).await;
        assert_eq!(server.get(&path).await.json()["active"], true);
        server.sign_in("ada", "analytical").await.expect(200);
    }
}

#[tokio::test]
async fn deactivating_twice_and_reactivating_who_is_active_change_nothing() {
    let server = Server::new();
    let id = server.ada().await;
    let session = server.session().await;
    patch_active(&server, &id, true).await;
    server.me(&session).await.expect(200);
    patch_active(&server, &id, false).await;
    let before = server.get(&format!("/Users/{id}")).await.json();
    patch_active(&server, &id, false).await;
    put_active(&server, &id, false).await;
    assert_eq!(server.get(&format!("/Users/{id}")).await.json(), before);
    server.sign_in("ada", "analytical").await.expect(403);
}

#[tokio::test]
async fn a_password_comes_by_post_put_and_patch() {
    let server = Server::new();
    let id = server.ada().await;
    let path = format!("/Users/{id}");
    let mut body = ada();
    body["password"] = "by-put".into();
    server.put(&path, &body).await.expect(200);
    server.sign_in("ada", "by-put").await.expect(200);
    server.sign_in("ada", "analytical").await.expect(401);
    let answer = server.patch(&path, json!([{"op": "replace", "value": {"password": "by-patch"}}])).await;
    assert_eq!(answer.expect(200).header("etag"), "W/\"3\"");
    server.sign_in("ada", "by-patch").await.expect(200);
    server.patch(&path, json!([{"op": "remove", "path": "password"}])).await.expect(200);
    server.sign_in("ada", "by-patch").await.expect(401);
}

#[tokio::test]
async fn a_renamed_person_signs_in_by_the_new_name() {
    let server = Server::new();
    let id = server.ada().await;
    let rename = json!([{"op": "replace", "path": "userName", "value": "lovelace"}]);
    server.patch(&format!("/Users/{id}"), rename).await.expect(200);
    server.sign_in("ada", "analytical").await.expect(401);
    server.sign_in("lovelace", "analytical").await.expect(200);
    assert_eq!(account(&server, "lovelace").await["id"], id);
    server.admin(Method::GET, "/ada", None).await.expect(404);
}

#[tokio::test]
async fn deletion_ends_everything() {
    let server = Server::new();
    let id = server.ada().await;
    let staff = server.group("Staff", &[&id]).await;
    let session = server.session().await;
    let token = server.token(&session).await;
    server.delete(&format!("/Users/{id}")).await.expect(204);
    server.me(&session).await.expect(401);
    server.me(&token).await.expect(401);
    server.sign_in("ada", "analytical").await.expect(401);
    server.admin(Method::GET, "/ada", None).await.expect(404);
    let group = server.get(&format!("/Groups/{staff}")).await.expect(200).json();
    assert_eq!(group.get("members"), None);
}

#[tokio::test]
async fn deleting_a_group_shuts_its_door() {
    let server = Server::new();
    let id = server.ada().await;
    let staff = server.group("Staff", &[&id]).await;
    let session = server.session().await;
    server.delete(&format!("/Groups/{staff}")).await.expect(204);
    assert_eq!(server.door(&session, "Staff").await, 403);
    assert_eq!(account(&server, "ada").await["groups"], json!([]));
}

#[tokio::test]
async fn who_was_there_before_scim_is_found_linked_and_governed() {
    let server = Server::new();
    let id = grace(&server).await;
    let found = server.get("/Users?filter=userName%20eq%20%22GRACE%22").await.expect(200).json();
    let user = &found["Resources"][0];
    assert_eq!((&user["id"], &user["active"], user.get("externalId")), (&json!(id), &json!(true), None));
    assert_eq!(user["emails"][0]["value"], "grace@example.com");
    assert!(!found.to_string().contains("compiler"));
    let before = account(&server, "grace").await;
    assert_eq!((&before["externalId"], &before["samlNameId"]), (&Value::Null, &Value::Null));
    server.sign_in("grace", "compiler").await.expect(200);

    let link = json!([{"op": "add", "path": "externalId", "value": "00u2"}]);
    server.patch(&format!("/Users/{id}"), link).await.expect(200);
    let linked = account(&server, "grace").await;
    assert_eq!((&linked["externalId"], &linked["samlNameId"]), (&json!("00u2"), &json!("00u2")));
    assert_eq!(linked["account"], before["account"]);

    put_active(&server, &id, false).await;
    server.sign_in("grace", "compiler").await.expect(403);
    let blocked = account(&server, "grace").await;
    assert_eq!((&blocked["state"], &blocked["externalId"]), (&json!("blocked"), &json!("00u2")));
    put_active(&server, &id, true).await;
    server.sign_in("grace", "compiler").await.expect(200);
}

#[tokio::test]
async fn the_administrator_makes_shows_and_removes_people() {
    let server = Server::new();
    let id = grace(&server).await;
    let body = json!({"userName": "Grace", "password": "x", "email": "g@example.com"});
    server.admin(Method::POST, "", Some(body)).await.expect(409);
    server.ada().await;
    let body = json!({"userName": "ada", "password": "x", "email": "a@example.com"});
    server.admin(Method::POST, "", Some(body)).await.expect(409);
    let shown = account(&server, "GRACE").await;
    assert_eq!(
        shown,
        json!({
            "account": shown["account"], "id": id, "userName": "grace", "externalId": null,
            "samlNameId": null, "state": "active", "blockedBy": [], "administrator": false,
            "sessions": 0, "refreshes": 0, "tokens": 0, "groups": [],
        })
    );
    assert_ne!(shown["account"], shown["id"]);
    server.admin(Method::DELETE, "/grace", None).await.expect(204);
    server.admin(Method::DELETE, "/grace", None).await.expect(404);
    server.get(&format!("/Users/{id}")).await.expect(404);
    server.sign_in("grace", "compiler").await.expect(401);
}

#[tokio::test]
async fn the_administrator_sets_passwords_and_issues_tokens_but_unblocks_nobody() {
    let server = Server::new();
    let mut body = ada();
    body.as_object_mut().unwrap().remove("password");
    body["userName"] = "ada/b@example.com".into();
    let id = server.post("/Users", &body).await.expect(201).id();
    let path = "/ADA%2Fb%40example.com";
    server.sign_in("ada/b@example.com", "set").await.expect(401);
    let password = json!({"password": "set"});
    server.admin(Method::PUT, &format!("{path}/password"), Some(password)).await.expect(204);
    server.sign_in("ada/b@example.com", "set").await.expect(200);
    let token = server.admin(Method::POST, &format!("{path}/tokens"), None).await.expect(201).json();
    let token = token["token"].as_str().unwrap();
    assert_eq!(server.me(token).await.expect(200).json()["via"], "token");

    patch_active(&server, &id, false).await;
    let password = json!({"password": "again"});
    server.admin(Method::PUT, &format!("{path}/password"), Some(password)).await.expect(204);
    server.sign_in("ada/b@example.com", "again").await.expect(403);
    server.me(token).await.expect(401);
    patch_active(&server, &id, true).await;
    server.sign_in("ada/b@example.com", "again").await.expect(200);
}

#[tokio::test]
async fn the_administrator_s_door_is_for_the_administrator() {
    let server = Server::new();
    server.ada().await;
    let session = server.session().await;
    for bearer in ["", SCIM_TOKEN, session.as_str(), "wrong"] {
        for (method, path) in [
            (Method::POST, ""),
            (Method::GET, "/ada"),
            (Method::DELETE, "/ada"),
            (Method::PUT, "/ada/password"),
            (Method::POST, "/ada/tokens"),
        ] {
            let body = Some(json!({"userName": "x", "password": "x", "email": "x@example.com"}));
            server.app(method, &format!("/app/admin/people{path}"), bearer, body).await.expect(401);
        }
    }
    server.sign_in("ada", "analytical").await.expect(200);
}

#[tokio::test]
async fn an_odd_body_is_refused_and_not_repeated() {
    let server = Server::new();
    for body in [json!({"user": "ada"}), json!([]), json!({"user": "ada", "password": {"hunter2": 1}})] {
        let answer = server.app(Method::POST, "/app/sign-in", "", Some(body)).await.expect(400);
        assert!(!answer.text.contains("hunter2"));
        assert!(answer.json()["error"].is_string());
    }
    let body = json!({"userName": "", "password": "x", "email": "x@example.com"});
    server.admin(Method::POST, "", Some(body)).await.expect(400);
    assert_eq!(server.get("/Users").await.json()["totalResults"], 0);
}

#[tokio::test]
async fn nobody_else_is_touched() {
    let server = Server::new();
    let id = server.ada().await;
    grace(&server).await;
    let open = server.sign_in("grace", "compiler").await.expect(200).json();
    let session = open["session"].as_str().unwrap();
    let token = server.token(session).await;
    let before = account(&server, "grace").await;
    patch_active(&server, &id, false).await;
    server.delete(&format!("/Users/{id}")).await.expect(204);
    server.me(session).await.expect(200);
    server.me(&token).await.expect(200);
    assert_eq!(account(&server, "grace").await, before);
}

#[tokio::test]
async fn a_refresh_token_opens_another_session_until_the_person_is_deactivated() {
    let server = Server::new();
    let id = server.ada().await;
    let open = server.sign_in("ada", "analytical").await.expect(200).json();
    let refresh = async || {
        let body = json!({"refresh": open["refresh"]});
        server.app(Method::POST, "/app/refresh", "", Some(body)).await
    };
    let refreshed = refresh().await.expect(200).json();
    assert_eq!(refreshed["account"], open["account"]);
    assert_ne!(refreshed["session"], open["session"]);
    server.me(refreshed["session"].as_str().unwrap()).await.expect(200);
    server.me(open["refresh"].as_str().unwrap()).await.expect(401);
    patch_active(&server, &id, false).await;
    refresh().await.expect(401);
    patch_active(&server, &id, true).await;
    refresh().await.expect(401);
}

#[tokio::test]
async fn signing_out_ends_the_refresh_token_too() {
    let server = Server::new();
    server.ada().await;
    let open = server.sign_in("ada", "analytical").await.expect(200).json();
    server.app(Method::POST, "/app/sign-out", open["session"].as_str().unwrap(), None).await.expect(204);
    let body = json!({"refresh": open["refresh"]});
    server.app(Method::POST, "/app/refresh", "", Some(body)).await.expect(401);
}

/// RFC 7643 section 4.1.1 leaves it to the service provider what `active` means: here it is what SCIM said.
#[tokio::test]
async fn scim_does_not_lift_the_administrator_s_block_and_still_reads_what_it_wrote() {
    for by_put in [true, false] {
        let server = Server::new();
        let id = server.ada().await;
        let session = server.session().await;
        let token = server.token(&session).await;
        server.admin(Method::PUT, "/ada/block", None).await.expect(204);
        server.me(&session).await.expect(401);
        server.me(&token).await.expect(401);
        server.sign_in("ada", "analytical").await.expect(403);
        assert_eq!(account(&server, "ada").await["blockedBy"], json!(["administrator"]));
        let active = async || server.get(&format!("/Users/{id}")).await.expect(200).json()["active"].clone();
        assert_eq!(active().await, true);

        set_active(&server, &id, true, by_put).await;
        server.sign_in("ada", "analytical").await.expect(403);
        set_active(&server, &id, false, by_put).await;
        assert_eq!(account(&server, "ada").await["blockedBy"], json!(["scim", "administrator"]));
        assert_eq!(active().await, false);
        set_active(&server, &id, true, by_put).await;
        server.sign_in("ada", "analytical").await.expect(403);
        assert_eq!(active().await, true);

        set_active(&server, &id, false, by_put).await;
        server.admin(Method::DELETE, "/ada/block", None).await.expect(204);
        server.sign_in("ada", "analytical").await.expect(403);
        set_active(&server, &id, true, by_put).await;
        server.sign_in("ada", "analytical").await.expect(200);
    }
}

#[tokio::test]
async fn the_door_of_administration_opens_for_who_administers_the_application() {
    let server = Server::new();
    server.ada().await;
    let door = async |credential: &str| {
        server.app(Method::GET, "/app/administration", credential, None).await.status.as_u16()
    };
    let session = server.session().await;
    let token = server.token(&session).await;
    assert_eq!([door(&session).await, door(&token).await, door("").await], [403, 403, 401]);
    server.admin(Method::PUT, "/ada/administrator", None).await.expect(204);
    assert_eq!([door(&session).await, door(&token).await], [200, 200]);
    server.admin(Method::DELETE, "/ada/administrator", None).await.expect(204);
    assert_eq!(door(&session).await, 403);
    // The token of the application itself is no person's.
    assert_eq!(door(ADMIN_TOKEN).await, 401);
}

#[tokio::test]
async fn scim_ends_no_last_administrator() {
    let server = Server::new();
    let id = server.ada().await;
    let path = format!("/Users/{id}");
    server.admin(Method::PUT, "/ada/administrator", None).await.expect(204);
    assert_eq!(account(&server, "ada").await["administrator"], true);
    let refused = server.set_active(&id, false).await.expect_error(403, None);
    assert!(refused.text.contains("last active administrator"));
    let mut body = ada();
    body["active"] = false.into();
    server.put(&path, &body).await.expect_error(403, None);
    server.delete(&path).await.expect_error(403, None);
    assert_eq!(server.get(&path).await.expect(200).json()["active"], true);
    server.sign_in("ada", "analytical").await.expect(200);

    grace(&server).await;
    server.admin(Method::PUT, "/grace/administrator", None).await.expect(204);
    patch_active(&server, &id, false).await;
    patch_active(&server, &id, true).await;
    server.admin(Method::DELETE, "/grace/administrator", None).await.expect(204);
    server.set_active(&id, false).await.expect_error(403, None);
    // The holder of the application's own token is no identity provider.
    server.admin(Method::DELETE, "/ada", None).await.expect(204);
}

#[tokio::test]
async fn of_two_administrators_who_are_deactivated_at_once_one_stays() {
    for _ in 0..20 {
        let server = Server::new();
        let id = server.ada().await;
        let other = grace(&server).await;
        for name in ["ada", "grace"] {
            server.admin(Method::PUT, &format!("/{name}/administrator"), None).await.expect(204);
        }
        let (one, two) = tokio::join!(server.set_active(&id, false), server.set_active(&other, false));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 403]);
    }
}
