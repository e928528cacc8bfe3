//! Resources over HTTP, row by row of RFC 7643 sections 2 to 4 and RFC 7644 sections 3.1 to 3.6.

use axum::{
    body::Body,
    http::{Method, Request},
};
use serde_json::{Value, json};

use crate::support::{GROUP, Server, USER, ada, column, encoded, scim, user};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const BASE: &str = "http://app.example.com/scim/v2";

fn with(user_name: &str, attributes: Value) -> Value {
    let mut body = user(user_name);
    if let (Some(body), Value::Object(attributes)) = (body.as_object_mut(), attributes) {
        body.extend(attributes);
    }
    body
}

async fn find(server: &Server, filter: &str) -> Vec<String> {
    column(&server.get(&format!("/Users?filter={}", encoded(filter))).await.expect(200).json(), "userName")
}

#[tokio::test]
async fn what_is_sent_comes_back_in_its_own_shape() {
    let server = Server::new();
    for (rows, sent, expected) in [
        (
            "RFC7643-2.1-L1",
            json!({"NICKNAME": "x", "Name": {"GIVENNAME": "A"}}),
            json!({"nickName": "x", "name": {"givenName": "A"}}),
        ),
        ("RFC7643-2.3.2-L1", json!({"active": false}), json!({"active": false})),
        (
            "RFC7643-2.3.6-L1, RFC7643-4.1.2-L7",
            json!({"x509Certificates": [{"value": "MIIDQzCCAqygAwIBAgICEAAwDQYJ"}]}),
            json!({"x509Certificates": [{"value": "MIIDQzCCAqygAwIBAgICEAAwDQYJ"}]}),
        ),
        (
            "RFC7643-2.4-L4",
            json!({"emails": [{"value": "a@x", "type": "work"}, {"value": "a@x", "type": "work"}]}),
            json!({"emails": [{"value": "a@x", "type": "work"}]}),
        ),
        (
            "RFC7643-2.5-L1, RFC7643-2.5-L4",
            json!({"title": null, "emails": []}),
            json!({"title": null, "emails": null}),
        ),
        ("RFC7643-3-L2", json!({"schemas": [USER, USER]}), json!({"schemas": [USER]})),
        (
            "RFC7643-3-L4, RFC7643-3-L5",
            json!({"schemas": [ENTERPRISE, USER], (ENTERPRISE): {"department": "D"}}),
            json!({"schemas": [USER, ENTERPRISE], (ENTERPRISE): {"department": "D"}, "department": null}),
        ),
        ("RFC7643-3-L6", json!({(ENTERPRISE): {"department": "D"}}), json!({"schemas": [USER, ENTERPRISE]})),
        ("RFC7643-3.1-L10", json!({}), json!({"externalId": null})),
        ("RFC7643-3.1-L11, RFC7643-7-L15", json!({"externalId": "AbC-1"}), json!({"externalId": "AbC-1"})),
        ("RFC7643-4.1.1-L11", json!({"locale": "en-US"}), json!({"locale": "en-US"})),
        (
            "RFC7643-4.1.1-L12",
            json!({"name": {"formatted": "Ada L", "givenName": "Ada"}}),
            json!({"name": {"formatted": "Ada L", "givenName": "Ada"}}),
        ),
        (
            "RFC7643-4.1.2-L1",
            json!({"emails": [{"value": "a@EXAMPLE.com"}]}),
            json!({"emails": [{"value": "a@EXAMPLE.com"}]}),
        ),
        (
            "RFC7643-4.1.2-L2",
            json!({"phoneNumbers": [{"value": "+1 201 555 0123"}]}),
            json!({"phoneNumbers": [{"value": "+1 201 555 0123"}]}),
        ),
        (
            "RFC7643-4.1.2-L3",
            json!({"addresses": [{"country": "US"}]}),
            json!({"addresses": [{"country": "US"}]}),
        ),
        (
            "RFC7643-4.1.2-L8",
            json!({"ims": [{"value": "Some One", "type": "xmpp"}]}),
            json!({"ims": [{"value": "Some One", "type": "xmpp"}]}),
        ),
        (
            "RFC7643-2.3.1-L1",
            json!({"emails": [{"value": "a@x", "type": "carrier pigeon"}]}),
            json!({"emails": [{"value": "a@x", "type": "carrier pigeon"}]}),
        ),
        (
            "RFC7643-4.3-L1",
            json!({(ENTERPRISE): {"employeeNumber": "1", "costCenter": "2", "organization": "3", "division": "4", "department": "5"}}),
            json!({(ENTERPRISE): {"employeeNumber": "1", "costCenter": "2", "organization": "3", "division": "4", "department": "5"}}),
        ),
        (
            "RFC7643-4.3-L3",
            json!({(ENTERPRISE): {"manager": {"value": "x", "displayName": "Forged"}}}),
            json!({(ENTERPRISE): {"manager": {"value": "x"}}}),
        ),
        ("RFC7644-3.3-L6", json!({}), json!({"active": true})),
        ("RFC7644-3.3-L12", json!({"favouriteColour": "x"}), json!({"favouriteColour": null})),
        ("RFC7644-3.8-L1", json!({"displayName": "Zoë 王 🚀"}), json!({"displayName": "Zoë 王 🚀"})),
        ("RFC7644-3.8-L7", json!({"emails": [{"value": "a@x"}]}), json!({"emails": [{"value": "a@x"}]})),
    ] {
        let name = format!("u{}", uuid());
        let made = server.post("/Users", &with(&name, sent)).await;
        assert_eq!(made.status, 201, "{rows}: {}", made.text);
        let read = server.get(&format!("/Users/{}", made.id())).await.expect(200);
        assert_eq!(made.json(), read.json(), "{rows}"); // RFC7644-3.1-L4
        for (attribute, value) in expected.as_object().unwrap() {
            assert_eq!(read.json().get(attribute).unwrap_or(&Value::Null), value, "{rows}");
        }
    }
}

/// A name that no other case has.
fn uuid() -> usize {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_leaves_nothing_behind() {
    let server = Server::new();
    for (rows, sent) in [
        ("RFC7643-4.1.1-L1", json!({"userName": null})),
        ("RFC7643-4.1.1-L1", json!({"userName": ""})),
        (
            "RFC7643-2.4-L1",
            json!({"emails": [{"value": "a@x", "primary": true}, {"value": "b@x", "primary": true}]}),
        ),
        ("RFC7643-2.3.6-L1", json!({"x509Certificates": [{"value": "no base64!"}]})),
        ("RFC7643-4.1.2-L3", json!({"addresses": [{"country": "USA"}]})),
        ("RFC7643-4.1.2-L7", json!({"x509Certificates": [{"value": "Z2FyYmFnZQ=="}]})),
        ("RFC7644-3.3-L10", json!({"userName": 123})),
        ("RFC7644-3.3-L10", json!({"name": "x"})),
        ("RFC7644-3.3-L10", json!({"emails": {}})),
        ("RFC7644-3.3-L11", json!({"schemas": ["urn:x"]})),
    ] {
        let answer = server.post("/Users", &with("nobody", sent)).await;
        assert_eq!(answer.status, 400, "{rows}");
        answer.expect_error(400, Some("invalidValue"));
    }
    let mut body = user("nobody");
    body.as_object_mut().unwrap().remove("schemas");
    server.post("/Users", &body).await.expect_error(400, Some("invalidSyntax"));
    // RFC7644-3.3-L8
    assert_eq!(server.get("/Users").await.json()["totalResults"], 0);
    server.post("/Users", &user("nobody")).await.expect(201);
}

#[tokio::test]
async fn rfc7643_3_1_what_the_server_gives_every_resource() {
    let server = Server::new();
    let forged = json!({
        "id": "mine", "groups": [{"value": "x"}],
        "meta": {"created": "1999-01-01T00:00:00Z", "resourceType": "X", "location": "http://evil.example.com/"},
    });
    let mut seen = Vec::new();
    for (endpoint, kind, body) in [
        ("/Users", "User", with("ada", forged.clone())),
        ("/Users", "User", with("bob", json!({}))),
        ("/Groups", "Group", json!({"schemas": [GROUP], "displayName": "Staff", "id": "mine"})),
    ] {
        let made = server.post(endpoint, &body).await.expect(201); // RFC7644-3.3-L1, L5
        let resource = made.json();
        let (id, meta) = (resource["id"].as_str().unwrap(), &resource["meta"]);
        // RFC7643-3.1-L2, L7, L8, L15; RFC7644-3.3-L2
        assert!(id != "mine" && !id.contains("bulkId") && !id.is_empty());
        // RFC7643-3.1-L16, RFC7644-3.3.1-L1
        assert_eq!(meta["resourceType"], kind);
        // RFC7643-3.1-L17, L18, RFC7643-2.3.5-L1
        assert_eq!(meta["created"], meta["lastModified"]);
        let time = meta["created"].as_str().unwrap();
        assert!(time.starts_with("20") && time.ends_with('Z') && time.contains('T'), "{time}");
        // RFC7643-3.1-L20, L21, RFC7643-2.3.7-L1, L2, RFC7644-3.3-L3, L4
        assert_eq!(meta["location"], format!("{BASE}{endpoint}/{id}"));
        assert_eq!(
            (made.header("location"), made.headers.get("content-location")),
            (meta["location"].as_str().unwrap(), None)
        );
        assert_eq!(server.get(&format!("{endpoint}/{id}")).await.expect(200).json()["id"], id); // RFC7644-3.4.1-L1
        // RFC7643-3.1-L22, RFC7644-3.14-L1, L2
        assert_eq!(made.header("etag"), meta["version"]);
        // RFC7643-3-L1, L3, RFC7643-2.1-L3, RFC7643-3.3-L1
        assert_eq!(resource["schemas"].as_array().unwrap().len(), 1);
        seen.push(id.to_owned());
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 3); // RFC7643-3.1-L4
}

#[tokio::test]
async fn rfc7643_3_1_l5_l6_an_id_is_for_one_resource_and_stays() {
    let server = Server::new();
    let id = server.ada().await;
    let path = format!("/Users/{id}");
    let put = server.put(&path, &user("renamed")).await.expect(200);
    let patched = server.patch(&path, json!([{"op": "replace", "path": "userName", "value": "again"}])).await;
    for answer in [put, patched.expect(200)] {
        assert_eq!((answer.id(), answer.header("location")), (id.clone(), &*format!("{BASE}{path}")));
    }
    server.delete(&path).await.expect(204);
    assert_ne!(server.post("/Users", &user("again")).await.expect(201).id(), id); // RFC7644-3.6-L4
}

#[tokio::test]
async fn rfc7643_3_1_l3_7_l18_an_id_is_in_every_answer() {
    let server = Server::new();
    let id = server.ada().await;
    let path = format!("/Users/{id}");
    for query in ["?attributes=userName", "?excludedAttributes=id", "?attributes=nope"] {
        assert_eq!(server.get(&format!("{path}{query}")).await.expect(200).id(), id); // RFC7644-3.9-L7
        let list = server.get(&format!("/Users{query}")).await.expect(200).json(); // RFC7644-3.4.2-L8
        assert_eq!(column(&list, "id"), [id.as_str()]);
        assert_eq!(server.put(&format!("{path}{query}"), &user("ada")).await.expect(200).id(), id);
    }
}

#[tokio::test]
async fn letter_case_follows_the_schema() {
    let server = Server::new();
    let id = server
        .post("/Users", &with("Alice.X", json!({"externalId": "AbC-1", "title": null})))
        .await
        .expect(201)
        .id();
    server.post("/Users", &user("alice.x")).await.expect_error(409, Some("uniqueness")); // RFC7643-4.1.1-L2, L3, RFC7644-3.3-L7
    for (row, filter, found) in [
        ("RFC7643-4.1.1-L4, RFC7643-7-L17", r#"userName eq "alice.x""#, true),
        ("RFC7643-3.1-L12, RFC7644-3.4.2.2-L58", r#"externalId eq "abc-1""#, false),
        ("RFC7643-3.1-L12", r#"externalId eq "AbC-1""#, true),
        ("RFC7643-2.5-L3", r#"userName eq "alice.x" and title pr"#, false),
        ("RFC7644-3.4.2.2-L57", r#"userName eq "alice.x" and active eq true"#, true),
    ] {
        assert_eq!(find(&server, filter).await.len(), usize::from(found), "{row}");
    }
    server.post("/Users", &with("bob", json!({"externalId": "AbC-1"}))).await.expect(201); // RFC7643-3.1-L13
    let read = server.get(&format!("/Users/{id}")).await.json();
    assert_eq!(read["userName"], "Alice.X"); // RFC7643-7-L16
    // RFC7644-5-L1, RFC7644-7.8-L1: preparation, composed or not, wide or narrow.
    server.post("/Users", &user("ren\u{e9}")).await.expect(201);
    for other in ["rene\u{301}", "REN\u{c9}"] {
        server.post("/Users", &user(other)).await.expect_error(409, Some("uniqueness"));
        assert_eq!(find(&server, &format!("userName eq {}", json!(other))).await.len(), 1);
    }
}

#[tokio::test]
async fn rfc7643_2_4_l2_what_does_not_say_that_it_is_primary_is_not() {
    let server = Server::new();
    let emails = json!([{"value": "first", "primary": true}, {"value": "second"}]);
    server.post("/Users", &with("ada", json!({"emails": emails}))).await.expect(201);
    assert!(find(&server, r#"emails[primary eq true and value eq "second"]"#).await.is_empty());
    assert_eq!(find(&server, r#"emails[primary eq false and value eq "second"]"#).await, ["ada"]);
}

#[tokio::test]
async fn passwords_are_written_and_never_read() {
    let server = Server::new();
    let id = server.ada().await;
    let path = format!("/Users/{id}");
    let mut body = ada();
    body["password"] = "analytical-engine".into();
    let answers = [
        server.put(&path, &body).await.expect(200), // RFC7644-3.5.1-L2
        server.get(&path).await,                    // RFC7643-4.1.1-L6, RFC7643-7-L19
        server.get(&format!("{path}?attributes=password")).await, // RFC7643-4.1.1-L7
        server.get(&format!("{path}?attributes=userName,password")).await,
        server.get("/Users").await,
    ];
    for answer in answers {
        assert!(!answer.text.contains("password") && !answer.text.contains("analytical"), "{}", answer.text);
    }
    let filter = server.get("/Users?filter=password%20eq%20%22analytical-engine%22").await;
    filter.expect_error(400, Some("invalidFilter")); // RFC7643-4.1.1-L9, RFC7644-7.5.2-L1
    server.sign_in("ada", "analytical-engine").await.expect(200);
}

#[tokio::test]
async fn rfc7644_3_5_1_put() {
    let server = Server::new();
    let id = server.ada().await;
    let other = server.post("/Users", &user("other")).await.expect(201).id();
    let path = format!("/Users/{id}");
    let sent = with(
        "ada",
        json!({
            "id": other, "meta": {"created": "1999-01-01T00:00:00Z"}, "groups": [{"value": other}],
            "title": "T", "emails": [{"value": "new@x"}], "phoneNumbers": [], "nickName": null,
        }),
    );
    let before = server.get(&path).await.json();
    let after = server.put(&path, &sent).await.expect(200).json(); // RFC7644-3.5-L1, RFC7644-3.5.1-L11
    assert_eq!(after["title"], "T"); // RFC7644-3.5.1-L1
    assert_eq!(after["emails"], json!([{"value": "new@x"}])); // RFC7644-3.5.1-L3
    assert_eq!((after.get("phoneNumbers"), after.get("nickName"), after.get("name")), (None, None, None)); // RFC7643-2.5-L2, RFC7644-3.5.1-L4
    assert_eq!(
        (&after["id"], &after["meta"]["created"], after.get("groups")),
        (&before["id"], &before["meta"]["created"], None)
    ); // RFC7644-3.5.1-L8, L13
    server.put(&path, &json!({"schemas": [USER]})).await.expect_error(400, Some("invalidValue")); // RFC7644-3.5.1-L10
    server.put(&path, &user("OTHER")).await.expect_error(409, Some("uniqueness")); // RFC7644-3.5.1-L14
    server.put(&path, &after).await.expect(200); // RFC7644-3.5.1-L9, L15
    let nobody = "/Users/0b0f6b3e-6f0e-4a8e-9a52-3d4c5b6a7f80";
    server.put(nobody, &user("nobody")).await.expect_error(404, None); // RFC7644-3.2-L3, RFC7644-3.5.1-L12
    assert!(find(&server, r#"userName eq "nobody""#).await.is_empty());
}

#[tokio::test]
async fn rfc7644_3_6_delete() {
    let server = Server::new();
    let path = format!("/Users/{}", server.ada().await);
    let gone = server.delete(&path).await.expect(204); // RFC7644-3.6-L1
    assert_eq!(gone.text, "");
    for answer in [
        server.get(&path).await, // RFC7644-3.6-L2
        server.put(&path, &user("ada")).await,
        server.set_active(path.rsplit('/').next().unwrap(), true).await,
        server.delete(&path).await, // RFC7644-3.6-L5
    ] {
        answer.expect_error(404, None);
    }
    assert_eq!(server.get("/Users").await.json()["totalResults"], 0); // RFC7644-3.6-L3
    assert!(find(&server, r#"userName eq "ada""#).await.is_empty());
}

#[tokio::test]
async fn rfc7644_3_9_and_3_10_which_attributes() {
    let server = Server::new();
    let body = with(
        "ada",
        json!({
            "name": {"givenName": "A", "familyName": "L"},
            "emails": [{"value": "a@x", "type": "work"}, {"value": "b@x", "type": "home"}],
            (ENTERPRISE): {"department": "D", "manager": {"value": "m"}},
        }),
    );
    let id = server.post("/Users", &body).await.expect(201).id();
    let core = "urn%3Aietf%3Aparams%3Ascim%3Aschemas%3Acore%3A2.0%3AUser";
    let extension = encoded(ENTERPRISE);
    for (row, query, expected) in [
        ("RFC7644-3.9-L1, RFC7644-3.4.2.5-L1", "attributes=userName".to_owned(), json!({"userName": "ada"})),
        ("RFC7644-3.9-L2", "attributes=name.givenName".to_owned(), json!({"name": {"givenName": "A"}})),
        (
            "RFC7644-3.9-L3",
            "attributes=name".to_owned(),
            json!({"name": {"familyName": "L", "givenName": "A"}}),
        ),
        (
            "RFC7644-3.9-L4",
            "attributes=emails.value".to_owned(),
            json!({"emails": [{"value": "a@x"}, {"value": "b@x"}]}),
        ),
        (
            "RFC7644-3.9-L5",
            "attributes=userName,active".to_owned(),
            json!({"userName": "ada", "active": true}),
        ),
        ("RFC7644-3.9-L12", "attributes=userName,nope".to_owned(), json!({"userName": "ada"})),
        ("RFC7644-3.10-L1", format!("attributes={core}:userName"), json!({"userName": "ada"})),
        (
            "RFC7644-3.10-L2",
            format!("attributes={extension}:department"),
            json!({(ENTERPRISE): {"department": "D"}}),
        ),
        (
            "RFC7644-3.10-L3",
            format!("attributes=USERNAME,Name.GIVENNAME,{}:ACTIVE", core.to_uppercase()),
            json!({"userName": "ada", "name": {"givenName": "A"}, "active": true}),
        ),
        (
            "RFC7644-3.10-L4",
            format!("attributes={extension}:manager.value"),
            json!({(ENTERPRISE): {"manager": {"value": "m"}}}),
        ),
    ] {
        let mut shown = server.get(&format!("/Users/{id}?{query}")).await.expect(200).json();
        shown.as_object_mut().unwrap().retain(|name, _| name != "schemas" && name != "id");
        assert_eq!(shown, expected, "{row}");
    }
    let shown = server
        .get(&format!("/Users/{id}?excludedAttributes=name.familyName,emails"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&shown["name"], shown.get("emails"), &shown["userName"]),
        (&json!({"givenName": "A"}), None, &json!("ada"))
    ); // RFC7644-3.9-L6, L8
    server
        .get(&format!("/Users/{id}?attributes=id&excludedAttributes=id"))
        .await
        .expect_error(400, Some("invalidValue")); // RFC7644-3.9-L11
    // RFC7644-3.9-L10
    let operation = json!([{"op": "replace", "path": "title", "value": "x"}]);
    for answer in [
        server.post("/Users?attributes=userName", &user("b")).await.expect(201),
        server.put(&format!("/Users/{id}?attributes=userName"), &user("ada")).await.expect(200),
        server.patch(&format!("/Users/{id}?attributes=userName"), operation).await.expect(200),
    ] {
        let names: Vec<String> = answer.json().as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, ["schemas", "id", "userName"]);
    }
    // RFC7644-3.4-L1
    let whole = server.get(&format!("/Users/{id}")).await.json();
    assert_eq!((&whole["title"], &whole["active"]), (&json!("x"), &json!(true)));
}

#[tokio::test]
async fn lists_say_what_they_are() {
    let server = Server::new();
    for name in ["a", "b", "c"] {
        server.post("/Users", &user(name)).await.expect(201);
    }
    let list = server.get("/Users?count=1").await.expect(200).json();
    assert_eq!(list["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"])); // RFC7644-3.4.2-L1, RFC7644-3.1-L2
    for name in ["totalResults", "startIndex", "itemsPerPage"] {
        assert!(list[name].is_u64(), "{name}"); // RFC7644-3.4.2-L2, L6, RFC7643-2.3.4-L1
    }
    assert_eq!((list["totalResults"].as_u64(), column(&list, "id").len()), (Some(3), 1)); // RFC7644-3.4.2-L3, RFC7644-3.4.2.4-L1
    let second = server.get("/Users?count=1&startIndex=2").await.json();
    assert_ne!(column(&list, "id"), column(&second, "id")); // RFC7644-3.4.2.4-L4
    assert_eq!(second["startIndex"], 2);
    let none = server.get("/Users?filter=userName%20eq%20%22nope%22").await.expect(200).json();
    assert_eq!((&none["totalResults"], &none["Resources"]), (&json!(0), &json!([]))); // RFC7644-3.4.2-L4, L5
    server.get("/Users?startIndex=99").await.expect(200); // RFC7644-3.4.2.4-L9
    // RFC7644-3.4.2.1-L6: a filter on one resource is no parameter of a read, and is ignored as such.
    let id = column(&list, "id").remove(0);
    server.get(&format!("/Users/{id}?filter=userName%20eq%20%22nope%22")).await.expect(200);
}

#[tokio::test]
async fn rfc7644_3_12_errors_of_every_kind_are_scim_errors() {
    let server = Server::new();
    let id = server.ada().await;
    let path = format!("/Users/{id}");
    let raw = async |method: Method, path: &str, body: String| {
        server.send(scim(method, path).body(Body::from(body)).unwrap()).await
    };
    // RFC7644-3.12-L1, L2, L4, L7: expect_error looks at schemas, status and detail.
    raw(Method::POST, "/Users", String::new()).await.expect_error(400, Some("invalidSyntax"));
    raw(Method::POST, "/Users", "[]".to_owned()).await.expect_error(400, Some("invalidSyntax"));
    raw(Method::POST, "/Users", "[".repeat(100_000)).await.expect_error(400, Some("invalidSyntax"));
    raw(Method::PATCH, &path, "{\"a\":".repeat(10_000)).await.expect_error(400, Some("invalidSyntax"));
    server.post("/Users", &with("a\u{0}b", json!({}))).await.expect_error(400, Some("invalidValue"));
    let long = "x".repeat(100_000);
    server.post("/Users", &user(&long)).await.expect(201);
    let request = Request::get(format!("/scim/v2{path}")).body(Body::empty()).unwrap();
    server.send(request).await.expect_error(401, None); // RFC7644-2-L2, RFC7644-2.2-L1
    server.get("/Users/nobody").await.expect_error(404, None); // RFC7644-3.2-L4
    server.delete("/Users").await.expect_error(405, None);
    server.get("/Me").await.expect_error(501, None); // RFC7644-3.12-L6
    let mut request = scim(Method::DELETE, &path).body(Body::empty()).unwrap();
    request.headers_mut().insert("if-match", "W/\"99\"".parse().unwrap());
    server.send(request).await.expect_error(412, None); // RFC7644-3.5.2-L41 is the same condition
}

#[tokio::test]
async fn rfc7644_7_7_l1_no_text_is_more_than_text() {
    let server = Server::new();
    server.ada().await;
    for text in [
        "' or '1'='1",
        "*",
        "%",
        "_",
        "\\",
        "\"",
        "*)(uid=*",
        "{\"$ne\": null}",
        "; drop table users",
        "${7*7}",
    ] {
        for op in ["eq", "co", "sw", "ew"] {
            let filter = format!("userName {op} {}", json!(text));
            assert!(find(&server, &filter).await.is_empty(), "{filter}"); // RFC7644-3.4.2.2-L15, L54
        }
    }
    server.post("/Users", &user("a+b%\"\\é@example.com")).await.expect(201);
    assert_eq!(find(&server, r#"userName eq "a+b%\"\\\u00e9@example.com""#).await.len(), 1); // RFC7644-3.4.2.2-L54, L55
}
