//! Deviations of what concerns the server as a whole, its description, bulk requests, conditions and races: each
//! story is told to the right server and to the wrong one.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use scimspec_reference_server::deviations;
use serde_json::{Value, json};

use crate::{
    deviations_support::{ada_with, bulk, bulk_patch, outcome, part, told},
    support::{Answer, PATCH_OP, Server, USER, ada, scim, user},
};

const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const NOBODY: &str = "/Users/00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn bulk_me_404_instead_of_501() {
    let story = async |server: &Server| {
        let me = server.get("/Me").await;
        let config = server.get("/ServiceProviderConfig").await.json();
        json!([outcome(&me), me.text.is_empty(), config["bulk"]["supported"]])
    };
    told("bulk-me-404-instead-of-501").as_(story, json!([501, false, true]), json!([404, true, false])).await;
    let wrong = Server::with(&["bulk-me-404-instead-of-501"]);
    let body = json!({"schemas": [BULK], "Operations": []});
    assert_eq!(wrong.post("/Bulk", &body).await.expect(404).text, "");
}

#[tokio::test]
async fn schemas_bare_array() {
    let story = async |server: &Server| {
        let schemas = server.get("/Schemas").await.expect(200).json();
        json!([schemas.is_array(), server.get("/ResourceTypes").await.json().is_array()])
    };
    told("schemas-bare-array").as_(story, json!([false, false]), json!([true, false])).await;
}

#[tokio::test]
async fn schemas_html_404() {
    let story = async |server: &Server| {
        let answers = [server.get("/Schemas").await, server.get(&format!("/Schemas/{USER}")).await];
        json!(answers.each_ref().map(|answer| (answer.status.as_u16(), answer.header("content-type"))))
    };
    let right = json!([200, "application/scim+json"]);
    let wrong = json!([404, "text/html; charset=utf-8"]);
    told("schemas-html-404").as_(story, json!([right, right]), json!([wrong, wrong])).await;
}

#[tokio::test]
async fn discovery_empty_lists() {
    let story = async |server: &Server| {
        let mut found = Vec::new();
        for path in ["/Schemas", "/ResourceTypes"] {
            let list = server.get(path).await.expect(200).json();
            let listed = list["Resources"].as_array().unwrap().len();
            assert_eq!(list["totalResults"], listed);
            found.push(listed > 0);
        }
        found.push(server.get(&format!("/Schemas/{USER}")).await.json()["id"] == USER);
        json!(found)
    };
    told("discovery-empty-lists").as_(story, json!([true, true, true]), json!([false, false, true])).await;
}

#[tokio::test]
async fn discovery_location_404() {
    let story = async |server: &Server| {
        let mut found = Vec::new();
        let list = server.get("/ResourceTypes").await.json();
        for resource_type in [list["Resources"][0].clone(), server.get("/ResourceTypes/User").await.json()] {
            let location = resource_type["meta"]["location"].as_str().unwrap().to_owned();
            let path = location.split("/scim/v2").nth(1).unwrap();
            found.push(server.get(path).await.status.as_u16());
        }
        json!(found)
    };
    told("discovery-location-404").as_(story, json!([200, 200]), json!([404, 404])).await;
}

#[tokio::test]
async fn schema_flags_wrong() {
    let story = async |server: &Server| {
        let list = server.get("/Schemas").await.json();
        let listed =
            list["Resources"].as_array().unwrap().iter().find(|schema| schema["id"] == USER).cloned();
        let alone = server.get(&format!("/Schemas/{USER}")).await.json();
        assert_eq!(listed, Some(alone.clone()));
        let attributes = alone["attributes"].as_array().unwrap();
        let of = |name: &str| attributes.iter().find(|attribute| attribute["name"] == name).unwrap();
        json!([of("userName")["required"], of("userName")["uniqueness"], of("groups")["mutability"]])
    };
    told("schema-flags-wrong")
        .as_(story, json!([true, "server", "readOnly"]), json!([false, "none", "readWrite"]))
        .await;
}

#[tokio::test]
async fn bulk_malformed_200() {
    let story = async |server: &Server| {
        let outcome = bulk(server, &Method::POST, "/Users", json!({"schemas": [USER]})).await;
        json!([outcome["status"], outcome.get("response").is_some()])
    };
    told("bulk-malformed-200").as_(story, json!(["400", true]), json!(["200", false])).await;
    let unknown =
        async |server: &Server| bulk(server, &Method::PUT, NOBODY, user("ada")).await["status"].clone();
    told("bulk-malformed-200").but_not(unknown, json!("404")).await;
}

#[tokio::test]
async fn bulk_status_object_response_string() {
    let story = async |server: &Server| {
        let outcome = bulk(server, &Method::POST, "/Users", json!({"schemas": [USER]})).await;
        json!([outcome["status"], outcome["response"].is_string()])
    };
    told("bulk-status-object-response-string")
        .as_(story, json!(["400", false]), json!([{"code": 400}, true]))
        .await;
}

#[tokio::test]
async fn bulk_stops_at_first_error() {
    let story = async |server: &Server| {
        let post = |name: Value| {
            let data = json!({"schemas": [USER], "userName": name});
            json!({"method": "POST", "path": "/Users", "bulkId": name, "data": data})
        };
        let operations = json!([post(json!("")), post(json!("ada")), post(json!("grace"))]);
        let body = json!({"schemas": [BULK], "Operations": operations});
        let answered = server.post("/Bulk", &body).await.expect(200).json();
        let answered = answered["Operations"].as_array().unwrap().len();
        json!([answered, server.get("/Users").await.json()["totalResults"]])
    };
    told("bulk-stops-at-first-error").as_(story, json!([3, 2]), json!([1, 0])).await;
}

#[tokio::test]
async fn bulk_put_patch_ignores_deactivation() {
    let slug = "bulk-put-patch-ignores-deactivation";
    let off = json!([{"op": "replace", "path": "active", "value": false}]);
    let patched = async |server: &Server| {
        let path = ada_with(server, json!({})).await;
        assert_eq!(bulk_patch(server, &path, off.clone()).await, "200");
        json!([
            part(server, &path, "/active").await,
            server.sign_in("ada", "analytical").await.status.as_u16()
        ])
    };
    told(slug).as_(patched, json!([false, 403]), json!([true, 200])).await;
    let put = async |server: &Server| {
        let path = ada_with(server, json!({})).await;
        let mut body = ada();
        body["active"] = json!(false);
        assert_eq!(bulk(server, &Method::PUT, &path, body).await["status"], "200");
        part(server, &path, "/active").await
    };
    told(slug).as_(put, json!(false), json!(true)).await;
    let alone = async |server: &Server| {
        let path = ada_with(server, json!({})).await;
        server.patch(&path, off.clone()).await.expect(200);
        part(server, &path, "/active").await
    };
    told(slug).but_not(alone, json!(false)).await;
}

/// Sets the title, on a condition.
async fn entitle(server: &Server, path: &str, title: &str, if_match: &str) -> Answer {
    let operations = json!([{"op": "replace", "path": "title", "value": title}]);
    let body = json!({"schemas": [PATCH_OP], "Operations": operations}).to_string();
    server.send(scim(Method::PATCH, path).header("if-match", if_match).body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn version_without_preconditions() {
    let story = async |server: &Server| {
        let path = ada_with(server, json!({})).await;
        let first = entitle(server, &path, "Miss", "W/\"1\"").await;
        let stale = entitle(server, &path, "Countess", "W/\"1\"").await;
        json!([outcome(&first), outcome(&stale), part(server, &path, "/title").await])
    };
    told("version-without-preconditions")
        .as_(story, json!([200, 412, "Miss"]), json!([200, 200, "Countess"]))
        .await;
}

#[tokio::test]
async fn if_match_check_then_write() {
    let slug = "if-match-check-then-write";
    let at_once = async |server: &Server| {
        let path = ada_with(server, json!({})).await;
        let (one, two) = tokio::join!(
            entitle(server, &path, "Miss", "W/\"1\""),
            entitle(server, &path, "Countess", "W/\"1\"")
        );
        sorted([&one, &two])
    };
    told(slug).as_(at_once, json!([200, 412]), json!([200, 200])).await;
    let one_by_one = async |server: &Server| {
        let path = ada_with(server, json!({})).await;
        let first = entitle(server, &path, "Miss", "W/\"1\"").await;
        json!([outcome(&first), outcome(&entitle(server, &path, "Countess", "W/\"1\"").await)])
    };
    told(slug).but_not(one_by_one, json!([200, 412])).await;
}

fn sorted<'a>(answers: impl IntoIterator<Item = &'a Answer>) -> Value {
    let mut statuses: Vec<u16> = answers.into_iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    json!(statuses)
}

/// Posts ada several times at once.
async fn posted_at_once(server: &Server) -> Vec<Answer> {
    let body = ada();
    let answers = tokio::join!(
        server.post("/Users", &body),
        server.post("/Users", &body),
        server.post("/Users", &body)
    );
    vec![answers.0, answers.1, answers.2]
}

#[tokio::test]
async fn race_create_500() {
    let slug = "race-create-500";
    let at_once = async |server: &Server| sorted(&posted_at_once(server).await);
    told(slug).as_(at_once, json!([201, 409, 409]), json!([201, 500, 500])).await;
    let one_by_one = async |server: &Server| {
        server.ada().await;
        outcome(&server.post("/Users", &ada()).await)
    };
    told(slug).but_not(one_by_one, json!([409, "uniqueness"])).await;
}

#[tokio::test]
async fn race_create_nonjson_502() {
    let slug = "race-create-nonjson-502";
    let at_once = async |server: &Server| {
        let answers = posted_at_once(server).await;
        let late = answers.iter().find(|answer| answer.status != StatusCode::CREATED).unwrap();
        json!([sorted(&answers), late.header("content-type")])
    };
    told(slug)
        .as_(
            at_once,
            json!([[201, 409, 409], "application/scim+json"]),
            json!([[201, 502, 502], "text/plain; charset=utf-8"]),
        )
        .await;
    let with_sign_up = async |server: &Server| {
        let person = json!({"userName": "ada", "password": "analytical", "email": "ada@example.com"});
        let body = ada();
        let (signed_up, provisioned) =
            tokio::join!(server.admin(Method::POST, "", Some(person)), server.post("/Users", &body));
        (signed_up.status.as_u16(), provisioned.status.as_u16())
    };
    assert_eq!(with_sign_up(&Server::with(&[slug])).await, (201, 502));
    // Who wins against a right server is nobody's to say, but a SCIM error it is.
    assert!([(201, 409), (409, 201)].contains(&with_sign_up(&Server::new()).await));
}

#[tokio::test]
async fn create_503_after_commit() {
    let slug = "create-503-after-commit";
    let at_once = async |server: &Server| {
        let answers = posted_at_once(server).await;
        json!([sorted(&answers), server.get("/Users").await.json()["totalResults"]])
    };
    told(slug).as_(at_once, json!([[201, 409, 409], 1]), json!([[409, 409, 503], 1])).await;
    told(slug).but_not(async |server| outcome(&server.post("/Users", &ada()).await), json!(201)).await;
}

#[tokio::test]
async fn failed_validation_leaves_writes() {
    let slug = "failed-validation-leaves-writes";
    let put = async |server: &Server| {
        let path = ada_with(server, json!({})).await;
        let mut body = ada();
        body["title"] = json!("Countess");
        body["active"] = json!("perhaps");
        json!([outcome(&server.put(&path, &body).await), part(server, &path, "/title").await])
    };
    let refused = json!([400, "invalidValue"]);
    told(slug).as_(put, json!([refused, null]), json!([refused, "Countess"])).await;
    let patched = async |server: &Server| {
        let path = ada_with(server, json!({})).await;
        let value = json!({"title": "Countess", "active": "perhaps"});
        let answer = server.patch(&path, json!([{"op": "replace", "value": value}])).await;
        json!([outcome(&answer), part(server, &path, "/title").await])
    };
    told(slug).as_(patched, json!([refused, null]), json!([refused, "Countess"])).await;
}

/// Exchanges that hardly any deviation is about, and how the right server answers them.
fn unrelated() -> Vec<(&'static str, u16, Request<Body>)> {
    let spelled = |method: Method, path: &str, authorization: &str, media_type: &str, body: &str| {
        let request = Request::builder().method(method).uri(format!("/scim/v2{path}"));
        let request = request.header("HOST", "app.example.com").header("AUTHORIZATION", authorization);
        request.header("Content-TYPE", media_type).body(Body::from(body.to_owned())).unwrap()
    };
    let (token, scim) = ("Bearer scim-token", "application/scim+json");
    let sent = |method: Method, path: &str, body: &str| spelled(method, path, token, scim, body);
    let twice = format!(r#"{{"schemas": ["{USER}"], "userName": "ada", "userName": "grace"}}"#);
    let group = r#"{"displayName": "Engine", "displayName": "Bernoulli"}"#;
    let patch = format!(r#"{{"schemas": ["{PATCH_OP}"], "Operations": [], "Operations": []}}"#);
    let bulk = format!(r#"{{"schemas": ["{BULK}"], "Operations": [], "Operations": []}}"#);
    let long = format!(r#"{{"externalId": "00u1", "title": "{}"}}"#, "a".repeat(2 * 1024 * 1024));
    let (config, capitals) = ("/ServiceProviderConfig", "Application/SCIM+JSON; Charset=UTF-8");
    vec![
        ("a key twice in a new User", 400, sent(Method::POST, "/Users", &twice)),
        ("a key twice in a new Group", 400, sent(Method::POST, "/Groups", group)),
        ("a key twice in a PUT", 400, sent(Method::PUT, NOBODY, &twice)),
        ("a key twice in a PATCH", 400, sent(Method::PATCH, NOBODY, &patch)),
        ("a key twice in a bulk request", 400, sent(Method::POST, "/Bulk", &bulk)),
        ("broken JSON", 400, sent(Method::POST, "/Users", r#"{"userName": "#)),
        ("a long body", 413, sent(Method::POST, "/Users", &long)),
        ("the configuration", 200, sent(Method::GET, config, "")),
        ("HEAD of the configuration", 200, sent(Method::HEAD, config, "")),
        ("an unknown place", 404, sent(Method::GET, "/Nothing", "")),
        ("headers in capitals", 200, spelled(Method::GET, config, "bEARER scim-token", capitals, "")),
        ("a wrong token", 401, spelled(Method::GET, "/Users", "Bearer nobody's", scim, "")),
        ("another media type", 415, spelled(Method::PATCH, NOBODY, token, "text/plain", "a=b")),
    ]
}

/// Whether a deviation is about an exchange that the right server answers like this.
fn is_about(slug: &str, exchange: &str, right: &Answer) -> bool {
    let is_error = right.status.is_client_error();
    match slug {
        "content-type-swapped" => true,
        "error-nested-in-response" | "error-status-is-number" | "error-status-is-object" => is_error,
        "scimtype-null-text" => is_error && right.json().get("scimType").is_none(),
        "malformed-json-not-scim" => exchange == "broken JSON",
        "request-content-type-unchecked" => exchange == "another media type",
        "bulk-me-404-instead-of-501" => {
            ["the configuration", "headers in capitals", "a key twice in a bulk request"].contains(&exchange)
        }
        _ => false,
    }
}

#[tokio::test]
async fn what_a_deviation_is_not_about_is_answered_as_without_it() {
    let mut right = Vec::new();
    let server = Server::new();
    for (exchange, status, request) in unrelated() {
        let answer = server.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{exchange}: {}", answer.text);
        right.push(answer);
    }
    for deviation in deviations::table() {
        let server = Server::with(&[deviation.slug]);
        for ((exchange, _, request), right) in unrelated().into_iter().zip(&right) {
            let answer = server.send(request).await;
            let differs =
                (answer.status, &answer.headers, &answer.text) != (right.status, &right.headers, &right.text);
            let is_about = is_about(deviation.slug, exchange, right);
            assert_eq!(differs, is_about, "{}: {exchange}: {}", deviation.slug, answer.text);
        }
    }
}
