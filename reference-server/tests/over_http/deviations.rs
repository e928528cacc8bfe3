//! Each deviation shows what it says is wrong, and the server without it what it says is right. Every story is
//! told twice, to the right server and to the wrong one.

use axum::http::Method;
use rstest::rstest;
use scimspec_reference_server::deviations::{Cluster, table};
use serde_json::{Value, json};

use crate::support::{Answer, Server, USER, ada, user};

/// The right server, and the one with the deviation.
fn right_and_wrong(slug: &str) -> (Server, Server) {
    (Server::new(), Server::with(&[slug]))
}

async fn put_active(server: &Server, id: &str, active: bool) -> Answer {
    let path = format!("/Users/{id}");
    let mut body = server.get(&path).await.expect(200).json();
    body["active"] = active.into();
    server.put(&path, &body).await
}

async fn active(server: &Server, id: &str) -> Value {
    server.get(&format!("/Users/{id}")).await.expect(200).json()["active"].clone()
}

async fn sign_in(server: &Server) -> u16 {
    server.sign_in("ada", "analytical").await.status.as_u16()
}

async fn inactive_ada(server: &Server) -> String {
    let id = server.ada().await;
    server.set_active(&id, false).await.expect(200);
    id
}

#[tokio::test]
async fn put_deactivate_keeps_sessions() {
    let (right, wrong) = right_and_wrong("put-deactivate-keeps-sessions");
    let after_put = async |server: &Server| {
        let id = server.ada().await;
        let session = server.session().await;
        let token = server.token(&session).await;
        put_active(server, &id, false).await.expect(200);
        let me = async |credential: &str| server.me(credential).await.status.as_u16();
        (me(&session).await, me(&token).await, sign_in(server).await)
    };
    assert_eq!(after_put(&right).await, (401, 401, 403));
    assert_eq!(after_put(&wrong).await, (200, 401, 403));
    let wrong = Server::with(&["put-deactivate-keeps-sessions"]);
    let id = wrong.ada().await;
    let session = wrong.session().await;
    wrong.set_active(&id, false).await.expect(200);
    wrong.me(&session).await.expect(401);
}

#[tokio::test]
async fn a_session_that_outlived_its_account_can_still_be_ended() {
    let server = Server::with(&["put-deactivate-keeps-sessions"]);
    let id = server.ada().await;
    server.group("Staff", &[&id]).await;
    let (first, second) = (server.session().await, server.session().await);
    put_active(&server, &id, false).await.expect(200);
    assert_eq!(server.door(&first, "Staff").await, 200);
    let shown = server.admin(Method::GET, "/ada", None).await.expect(200).json();
    assert_eq!((&shown["sessions"], &shown["state"]), (&json!(2), &json!("blocked")));
    server.app(Method::POST, "/app/sign-out", &first, None).await.expect(204);
    server.me(&first).await.expect(401);
    server.delete(&format!("/Users/{id}")).await.expect(204);
    server.me(&second).await.expect(401);
}

#[tokio::test]
async fn deactivate_keeps_api_keys() {
    let (right, wrong) = right_and_wrong("deactivate-keeps-api-keys");
    for by_put in [true, false] {
        let after = async |server: &Server| {
            let id = server.ada().await;
            let session = server.session().await;
            let token = server.token(&session).await;
            let answer = if by_put {
                put_active(server, &id, false).await
            } else {
                server.set_active(&id, false).await
            };
            answer.expect(200);
            let me = async |credential: &str| server.me(credential).await.status.as_u16();
            let seen = (me(&session).await, me(&token).await, sign_in(server).await);
            server.delete(&format!("/Users/{id}")).await.expect(204);
            seen
        };
        assert_eq!(after(&right).await, (401, 401, 403));
        assert_eq!(after(&wrong).await, (401, 200, 403));
    }
}

#[tokio::test]
async fn create_ignores_active_false() {
    let (right, wrong) = right_and_wrong("create-ignores-active-false");
    let created = async |server: &Server| {
        let mut body = ada();
        body["active"] = false.into();
        let created = server.post("/Users", &body).await.expect(201).json()["active"].clone();
        (created, sign_in(server).await)
    };
    assert_eq!(created(&right).await, (json!(false), 403));
    assert_eq!(created(&wrong).await, (json!(true), 200));
}

#[rstest]
#[case::by_put(true)]
#[case::by_patch(false)]
#[tokio::test]
async fn update_auto_reactivates(#[case] by_put: bool) {
    let (right, wrong) = right_and_wrong("update-auto-reactivates");
    let updated = async |server: &Server| {
        let id = inactive_ada(server).await;
        let path = format!("/Users/{id}");
        let answer = if by_put {
            let mut body = server.get(&path).await.json();
            body["title"] = "Countess".into();
            server.put(&path, &body).await
        } else {
            server.patch(&path, json!([{"op": "add", "path": "title", "value": "Countess"}])).await
        };
        assert_eq!(answer.expect(200).json()["title"], "Countess");
        (active(server, &id).await, sign_in(server).await)
    };
    assert_eq!(updated(&right).await, (json!(false), 403));
    assert_eq!(updated(&wrong).await, (json!(true), 200));
}

#[tokio::test]
async fn update_auto_reactivates_but_a_deactivation_works() {
    let wrong = Server::with(&["update-auto-reactivates"]);
    let id = inactive_ada(&wrong).await;
    assert_eq!(active(&wrong, &id).await, false);
    wrong.set_active(&id, false).await.expect(200);
    assert_eq!((active(&wrong, &id).await, sign_in(&wrong).await), (json!(false), 403));
}

#[tokio::test]
async fn patchop_read_as_plain_resource() {
    let (right, wrong) = right_and_wrong("patchop-read-as-plain-resource");
    let patched = async |server: &Server| {
        let id = server.ada().await;
        let answer = server.set_active(&id, false).await.expect(200).json()["active"].clone();
        (answer, active(server, &id).await, sign_in(server).await)
    };
    assert_eq!(patched(&right).await, (json!(false), json!(false), 403));
    assert_eq!(patched(&wrong).await, (json!(true), json!(true), 200));
    let wrong = Server::with(&["patchop-read-as-plain-resource"]);
    let id = wrong.ada().await;
    wrong.scim(Method::PATCH, &format!("/Users/{id}"), &json!({"active": false})).await.expect(200);
    assert_eq!(active(&wrong, &id).await, false);
}

#[rstest]
#[case::by_put("put")]
#[case::by_patch("patch")]
#[case::by_okta("pathless")]
#[tokio::test]
async fn active_attribute_ignored_everywhere(#[case] way: &str) {
    let (right, wrong) = right_and_wrong("active-attribute-ignored-everywhere");
    let deactivated = async |server: &Server| {
        let id = server.ada().await;
        let path = format!("/Users/{id}");
        let answer = match way {
            "put" => put_active(server, &id, false).await,
            "patch" => server.set_active(&id, false).await,
            _ => {
                let value = json!({"active": false, "title": "Countess"});
                server.patch(&path, json!([{"op": "replace", "value": value}])).await
            }
        };
        let answer = answer.expect(200).json();
        if way == "pathless" {
            assert_eq!(answer["title"], "Countess");
        }
        assert_eq!(answer.get("active"), server.get(&path).await.json().get("active"));
        let listed = server.get("/Users").await.json()["Resources"][0].get("active").cloned();
        (listed, sign_in(server).await)
    };
    assert_eq!(deactivated(&right).await, (Some(json!(false)), 403));
    assert_eq!(deactivated(&wrong).await, (None, 200));
    let id = wrong.get("/Users").await.json()["Resources"][0]["id"].as_str().unwrap().to_owned();
    wrong.delete(&format!("/Users/{id}")).await.expect(204);
    assert_eq!(sign_in(&wrong).await, 401);
}

#[tokio::test]
async fn preexisting_user_active_not_written() {
    let (right, wrong) = right_and_wrong("preexisting-user-active-not-written");
    let deactivated = async |server: &Server| {
        let body = json!({"userName": "grace", "password": "compiler", "email": "grace@example.com"});
        let id = server.admin(Method::POST, "", Some(body)).await.expect(201).id();
        let link = json!([{"op": "add", "path": "externalId", "value": "00u2"}]);
        server.patch(&format!("/Users/{id}"), link).await.expect(200);
        let open = server.sign_in("grace", "compiler").await.expect(200).json();
        server.set_active(&id, false).await.expect(200);
        let held = server.me(open["session"].as_str().unwrap()).await.status.as_u16();
        let fresh = server.sign_in("grace", "compiler").await.status.as_u16();
        (active(server, &id).await, held, fresh)
    };
    assert_eq!(deactivated(&right).await, (json!(false), 401, 403));
    assert_eq!(deactivated(&wrong).await, (json!(false), 200, 200));
    let id = wrong.ada().await;
    wrong.set_active(&id, false).await.expect(200);
    assert_eq!(sign_in(&wrong).await, 403);
}

#[tokio::test]
async fn put_omitted_active_reactivates() {
    let (right, wrong) = right_and_wrong("put-omitted-active-reactivates");
    let put = async |server: &Server| {
        let id = inactive_ada(server).await;
        server.put(&format!("/Users/{id}"), &ada()).await.expect(200);
        (active(server, &id).await, sign_in(server).await)
    };
    assert_eq!(put(&right).await, (json!(false), 403));
    assert_eq!(put(&wrong).await, (json!(true), 200));
}

#[tokio::test]
async fn put_omitted_active_changes_state() {
    let (right, wrong) = right_and_wrong("put-omitted-active-changes-state");
    let put = async |server: &Server| {
        let id = server.ada().await;
        server.put(&format!("/Users/{id}"), &ada()).await.expect(200);
        (active(server, &id).await, sign_in(server).await)
    };
    assert_eq!(put(&right).await, (json!(true), 200));
    assert_eq!(put(&wrong).await, (json!(false), 403));
}

#[tokio::test]
async fn active_string_stored_as_string() {
    let (right, wrong) = right_and_wrong("active-string-stored-as-string");
    let entra = json!([{"op": "Replace", "path": "active", "value": "False"}]);
    let patched = async |server: &Server| {
        let id = server.ada().await;
        let answer = server.patch(&format!("/Users/{id}"), entra.clone()).await.expect(200).json();
        (answer["active"].clone(), active(server, &id).await)
    };
    assert_eq!(patched(&right).await, (json!(false), json!(false)));
    assert_eq!(patched(&wrong).await, (json!("False"), json!("False")));
    let id = wrong.get("/Users").await.json()["Resources"][0]["id"].as_str().unwrap().to_owned();
    wrong.set_active(&id, true).await.expect(200);
    assert_eq!(active(&wrong, &id).await, true);
}

#[tokio::test]
async fn active_string_false_is_truthy() {
    let (right, wrong) = right_and_wrong("active-string-false-is-truthy");
    let entra = json!([{"op": "Replace", "path": "active", "value": "False"}]);
    let patched = async |server: &Server| {
        let id = server.ada().await;
        server.patch(&format!("/Users/{id}"), entra.clone()).await.expect(200);
        (active(server, &id).await, sign_in(server).await)
    };
    assert_eq!(patched(&right).await, (json!(false), 403));
    assert_eq!(patched(&wrong).await, (json!(true), 200));
}

#[tokio::test]
async fn pathless_active_500() {
    let (right, wrong) = right_and_wrong("pathless-active-500");
    let pathless = json!([{"op": "replace", "value": {"active": false}}]);
    let patched = async |server: &Server| {
        let id = server.ada().await;
        let answer = server.patch(&format!("/Users/{id}"), pathless.clone()).await;
        (answer.status.as_u16(), active(server, &id).await)
    };
    assert_eq!(patched(&right).await, (200, json!(false)));
    assert_eq!(patched(&wrong).await, (500, json!(true)));
    let id = wrong.get("/Users").await.json()["Resources"][0]["id"].as_str().unwrap().to_owned();
    wrong.set_active(&id, false).await.expect(200);
}

#[tokio::test]
async fn active_answered_as_number() {
    let (right, wrong) = right_and_wrong("active-answered-as-number");
    let shown = async |server: &Server| {
        let id = server.ada().await;
        let before = active(server, &id).await;
        server.set_active(&id, false).await.expect(200);
        let listed = server.get("/Users").await.json()["Resources"][0]["active"].clone();
        (before, active(server, &id).await, listed)
    };
    assert_eq!(shown(&right).await, (json!(true), json!(false), json!(false)));
    assert_eq!(shown(&wrong).await, (json!(1), json!(0), json!(0)));
}

#[tokio::test]
async fn create_omitted_active_is_inactive() {
    let (right, wrong) = right_and_wrong("create-omitted-active-is-inactive");
    let created = async |server: &Server| {
        let id = server.ada().await;
        (active(server, &id).await, sign_in(server).await)
    };
    assert_eq!(created(&right).await, (json!(true), 200));
    assert_eq!(created(&wrong).await, (json!(false), 403));
}

#[tokio::test]
async fn active_true_rejected() {
    let (right, wrong) = right_and_wrong("active-true-rejected");
    let reactivated = async |server: &Server| {
        let id = server.ada().await;
        let while_active = server.set_active(&id, true).await.status.as_u16();
        server.set_active(&id, false).await.expect(200);
        (while_active, server.set_active(&id, true).await.status.as_u16(), sign_in(server).await)
    };
    assert_eq!(reactivated(&right).await, (200, 200, 200));
    assert_eq!(reactivated(&wrong).await, (400, 400, 403));
}

#[tokio::test]
async fn reactivate_patch_400_when_inactive() {
    let (right, wrong) = right_and_wrong("reactivate-patch-400-when-inactive");
    let reactivated = async |server: &Server| {
        let id = server.ada().await;
        let while_active = server.set_active(&id, true).await.status.as_u16();
        server.set_active(&id, false).await.expect(200);
        (while_active, server.set_active(&id, true).await.status.as_u16(), sign_in(server).await)
    };
    assert_eq!(reactivated(&right).await, (200, 200, 200));
    assert_eq!(reactivated(&wrong).await, (200, 400, 403));
}

#[tokio::test]
async fn deactivate_hard_deletes() {
    let (right, wrong) = right_and_wrong("deactivate-hard-deletes");
    for by_put in [true, false] {
        let deactivated = async |server: &Server, name: &str| {
            let id = server.post("/Users", &user(name)).await.expect(201).id();
            let answer = if by_put {
                put_active(server, &id, false).await
            } else {
                server.set_active(&id, false).await
            };
            assert_eq!(answer.expect(200).json()["active"], false);
            server.get(&format!("/Users/{id}")).await.status.as_u16()
        };
        let name = format!("user-{by_put}");
        assert_eq!(deactivated(&right, &name).await, 200);
        assert_eq!(deactivated(&wrong, &name).await, 404);
    }
}

#[tokio::test]
async fn deactivate_destroys_user_data() {
    let (right, wrong) = right_and_wrong("deactivate-destroys-user-data");
    let come_back = async |server: &Server| {
        let id = server.ada().await;
        server.group("Staff", &[&id]).await;
        let account = async || server.admin(Method::GET, "/ada", None).await.expect(200).json();
        let before = account().await;
        server.set_active(&id, false).await.expect(200);
        assert_eq!(account().await["state"], "blocked");
        server.set_active(&id, true).await.expect(200);
        let after = account().await;
        assert_eq!((&after["state"], &after["id"]), (&json!("active"), &json!(id)));
        (before["account"] == after["account"], sign_in(server).await, after["groups"].clone())
    };
    assert_eq!(come_back(&right).await, (true, 200, json!(["Staff"])));
    assert_eq!(come_back(&wrong).await, (false, 401, json!([])));
}

#[tokio::test]
async fn inactive_hidden_from_filter() {
    let (right, wrong) = right_and_wrong("inactive-hidden-from-filter");
    let found = async |server: &Server| {
        server.post("/Users", &user("grace")).await.expect(201);
        let id = inactive_ada(server).await;
        let mut totals = Vec::new();
        for filter in ["?filter=userName%20eq%20%22ada%22", "?filter=name%20pr", "?filter=userName%20pr", ""]
        {
            totals.push(
                server.get(&format!("/Users{filter}")).await.expect(200).json()["totalResults"].clone(),
            );
        }
        server.get(&format!("/Users/{id}")).await.expect(200);
        totals
    };
    assert_eq!(found(&right).await, [1, 1, 2, 2]);
    assert_eq!(found(&wrong).await, [0, 0, 1, 2]);
}

#[tokio::test]
async fn reactivate_without_membership() {
    let (right, wrong) = right_and_wrong("reactivate-without-membership");
    let come_back = async |server: &Server| {
        let id = inactive_ada(server).await;
        server.set_active(&id, true).await.expect(200);
        put_active(server, &id, true).await.expect(200);
        (active(server, &id).await, sign_in(server).await)
    };
    assert_eq!(come_back(&right).await, (json!(true), 200));
    assert_eq!(come_back(&wrong).await, (json!(true), 403));
}

#[tokio::test]
async fn reactivation_does_not_recompute_roles() {
    let (right, wrong) = right_and_wrong("reactivation-does-not-recompute-roles");
    let come_back = async |server: &Server| {
        let id = server.ada().await;
        let staff = server.group("Staff", &[&id]).await;
        server.set_active(&id, false).await.expect(200);
        server.group("Board", &[&id]).await;
        let remove = json!([{"op": "remove", "path": format!("members[value eq \"{id}\"]")}]);
        server.patch(&format!("/Groups/{staff}"), remove).await.expect(204);
        server.set_active(&id, true).await.expect(200);
        server.me(&server.session().await).await.expect(200).json()["doors"].clone()
    };
    assert_eq!(come_back(&right).await, json!(["Board"]));
    assert_eq!(come_back(&wrong).await, json!(["Staff"]));
}

#[tokio::test]
async fn update_of_inactive_user_409() {
    let (right, wrong) = right_and_wrong("update-of-inactive-user-409");
    let update = async |server: &Server| {
        let id = inactive_ada(server).await;
        let path = format!("/Users/{id}");
        let title = json!([{"op": "add", "path": "title", "value": "Countess"}]);
        let by_patch = server.patch(&path, title).await.status.as_u16();
        let by_put = put_active(server, &id, false).await.status.as_u16();
        (by_patch, by_put, server.set_active(&id, true).await.status.as_u16())
    };
    assert_eq!(update(&right).await, (200, 200, 200));
    assert_eq!(update(&wrong).await, (409, 409, 200));
}

#[tokio::test]
async fn rename_leaves_stale_copies() {
    let (right, wrong) = right_and_wrong("rename-leaves-stale-copies");
    let renamed = async |server: &Server| {
        let id = server.ada().await;
        let rename = json!([{"op": "replace", "path": "userName", "value": "lovelace"}]);
        let user = server.patch(&format!("/Users/{id}"), rename).await.expect(200).json();
        assert_eq!(user["userName"], "lovelace");
        (sign_in(server).await, server.sign_in("lovelace", "analytical").await.status.as_u16())
    };
    assert_eq!(renamed(&right).await, (401, 200));
    assert_eq!(renamed(&wrong).await, (200, 401));
}

#[tokio::test]
async fn several_deviations_can_be_on_at_once() {
    let server = Server::with(&["create-omitted-active-is-inactive", "active-answered-as-number"]);
    let id = server.ada().await;
    assert_eq!(active(&server, &id).await, 0);
}

#[tokio::test]
async fn a_deviation_about_users_leaves_everything_else_alone() {
    let about_users = [Cluster::AccessSurvives, Cluster::ShapesOfActive, Cluster::IdentityLost];
    for deviation in table().iter().filter(|deviation| about_users.contains(&deviation.cluster)) {
        let server = Server::with(&[deviation.slug]);
        let id = server.ada().await;
        let staff = server.group("Staff", &[&id]).await;
        assert_eq!(server.get(&format!("/Groups/{staff}")).await.expect(200).json()["displayName"], "Staff");
        server.get("/ServiceProviderConfig").await.expect(200);
        server.get("/NoSuchThings").await.expect_error(404, None);
        let odd = server.scim(Method::PATCH, &format!("/Users/{id}"), &json!({"schemas": [USER]})).await;
        assert!(odd.status.is_client_error() || deviation.slug == "patchop-read-as-plain-resource");
        server.delete(&format!("/Users/{id}")).await.expect(204);
    }
}
