//! Who may see and do what: tenants, and what a person's name and password may be.

use axum::{body::Body, http::Method};
use scimspec_reference_server::{Config, Tenant, TenantName, Tenants, TokenHash};
use serde_json::{Value, json};

use crate::support::{Answer, SCIM_TOKEN, Server, column, scim, user};

fn two_tenants() -> Server {
    let tenant = |name: &str, token: &str| Tenant {
        name: TenantName::parse(name).unwrap(),
        scim_token: TokenHash::of(token),
        admin_token: TokenHash::of(&format!("{token}-admin")),
    };
    let tenants = Tenants::one(tenant("one", SCIM_TOKEN)).and(tenant("two", "other")).unwrap();
    Server::of(Config::new(tenants))
}

async fn as_other(server: &Server, method: Method, path: &str, body: &Value) -> Answer {
    let mut request = scim(method, path).body(Body::from(body.to_string())).unwrap();
    request.headers_mut().insert("authorization", "Bearer other".parse().unwrap());
    server.send(request).await
}

#[tokio::test]
async fn rfc7643_9_3_l1_and_rfc7644_6_l1_a_tenant_sees_and_changes_its_own_only() {
    let server = two_tenants();
    let id = server.ada().await;
    let path = format!("/Users/{id}");
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
        let removal = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "remove", "path": "title"}],
        });
        let body = if method == Method::PATCH { removal } else { user("mallory") };
        as_other(&server, method, &path, &body).await.expect_error(404, None);
    }
    // RFC7643-3.1-L14: what one provider calls a person is nothing to another.
    for query in [
        "/Users",
        "",
        "/Users?filter=externalId%20eq%20%2200u1%22",
        "/Users?sortBy=userName",
        "/Users?cursor",
    ] {
        let list = as_other(&server, Method::GET, query, &json!({})).await.expect(200).json();
        assert_eq!(list["totalResults"], 0, "{query}");
    }
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{"method": "DELETE", "path": path}],
    });
    let answer = as_other(&server, Method::POST, "/Bulk", &bulk).await.expect(200).json();
    assert_eq!(answer["Operations"][0]["status"], "404");
    as_other(&server, Method::POST, "/Users", &user("ada")).await.expect(201);
    assert_eq!(column(&server.get("/Users").await.json(), "id"), [id]);
}

#[tokio::test]
async fn rfc7643_4_1_1_l5_active_goes_either_way() {
    let server = Server::new();
    let mut body = user("ada");
    body["active"] = false.into();
    let id = server.post("/Users", &body).await.expect(201).id();
    for active in [true, false, true] {
        server.set_active(&id, active).await.expect(200);
        assert_eq!(server.get(&format!("/Users/{id}")).await.expect(200).json()["active"], active);
        body["active"] = (!active).into();
        assert_eq!(server.put(&format!("/Users/{id}"), &body).await.expect(200).json()["active"], !active);
    }
}

#[tokio::test]
async fn rfc7643_4_1_1_l8_a_password_that_is_none_is_refused() {
    let server = Server::new();
    let id = server.ada().await;
    for weak in ["", "   ", "ada", "ADA"] {
        let mut body = user("ada");
        body["password"] = weak.into();
        server.put(&format!("/Users/{id}"), &body).await.expect_error(400, Some("invalidValue"));
        let operation = json!([{"op": "replace", "path": "password", "value": weak}]);
        server.patch(&format!("/Users/{id}"), operation).await.expect_error(400, Some("invalidValue"));
        let mut body = user("bob");
        body["password"] = weak.replace("ada", "Bob").replace("ADA", "bob").into();
        server.post("/Users", &body).await.expect_error(400, Some("invalidValue"));
    }
    server.sign_in("ada", "analytical").await.expect(200);
    assert_eq!(server.get("/Users").await.json()["totalResults"], 1);
}

#[tokio::test]
async fn rfc7643_4_1_1_l10_a_name_to_show_shows_something() {
    let server = Server::new();
    let mut body = user("ada");
    body["displayName"] = " ".into();
    let made = server.post("/Users", &body).await.expect(201);
    assert_eq!(made.json().get("displayName"), None);
}

#[tokio::test]
async fn rfc7643_2_3_8_l1_the_order_of_attributes_means_nothing() {
    let server = Server::new();
    let forwards = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"a","title":"t","active":false}"#;
    let backwards = r#"{"active":false,"title":"t","userName":"b","schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]}"#;
    let mut made = Vec::new();
    for body in [forwards, backwards] {
        let answer =
            server.send(scim(Method::POST, "/Users").body(Body::from(body)).unwrap()).await.expect(201);
        let mut user = answer.json();
        for name in ["id", "meta", "userName"] {
            user.as_object_mut().unwrap().remove(name);
        }
        made.push(user);
    }
    assert_eq!(made[0], made[1]);
}
