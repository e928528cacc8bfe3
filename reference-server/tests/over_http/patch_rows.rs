//! PATCH over HTTP, row by row of RFC 7644 sections 3.5.2 to 3.5.2.3. Each case starts from the same User.

use serde_json::{Value, json};

use crate::support::{Server, USER};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// What a PATCH comes to: attributes by JSON pointer, null for one that is not there; or the error's keyword.
enum Then {
    Is(Value),
    Fails(&'static str),
}
use Then::{Fails, Is};

fn grace() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "userName": "grace",
        "name": {"givenName": "Grace", "familyName": "Hopper"},
        "title": "Admiral",
        "emails": [
            {"value": "w@example.com", "type": "work", "primary": true},
            {"value": "h@example.com", "type": "home"},
        ],
        "addresses": [
            {"type": "work", "streetAddress": "1", "locality": "A", "postalCode": "9"},
            {"type": "work", "streetAddress": "2", "locality": "B"},
            {"type": "home", "streetAddress": "3", "postalCode": "8"},
        ],
        (ENTERPRISE): {"department": "Navy", "employeeNumber": "7", "manager": {"value": "boss"}},
    })
}

async fn run(cases: Vec<(&str, Value, Then)>) {
    let server = Server::new();
    for (at, (rows, operations, then)) in cases.into_iter().enumerate() {
        let mut body = grace();
        body["userName"] = format!("grace{at}").into();
        let path = format!("/Users/{}", server.post("/Users", &body).await.expect(201).id());
        let before = server.get(&path).await;
        let answer = server.patch(&path, operations).await;
        let after = server.get(&path).await;
        match then {
            Is(expected) => {
                assert_eq!(answer.status, 200, "{rows}: {}", answer.text);
                // RFC7644-3.5.2-L8, L10: the whole resource as it is now.
                assert_eq!(
                    (answer.json(), answer.header("etag")),
                    (after.json(), after.header("etag")),
                    "{rows}"
                );
                for (pointer, value) in expected.as_object().unwrap() {
                    let found = after.json().pointer(pointer).cloned().unwrap_or(Value::Null);
                    assert_eq!(found, *value, "{rows}: {pointer}");
                }
                // RFC7644-3.5.2-L15: nothing else has changed.
                let (mut then, mut now) = (before.json(), after.json());
                for name in expected
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(|pointer| top(pointer))
                    .chain(["meta", "schemas"])
                {
                    then.as_object_mut().unwrap().remove(&name.replace("~1", "/"));
                    now.as_object_mut().unwrap().remove(&name.replace("~1", "/"));
                }
                assert_eq!(then, now, "{rows}");
            }
            Fails(scim_type) => {
                answer.expect_error(400, Some(scim_type)); // RFC7644-3.5.2-L11
                // RFC7644-3.5.2-L13, L14: version and time included.
                assert_eq!((before.text, before.headers), (after.text, after.headers), "{rows}");
            }
        }
    }
}

fn top(pointer: &str) -> &str {
    pointer[1..].split('/').next().unwrap()
}

fn one(op: &str, path: &str, value: Value) -> Value {
    let mut operation = json!({"op": op});
    operation["value"] = value;
    if !path.is_empty() {
        operation["path"] = path.into();
    }
    json!([operation])
}

fn remove(path: &str) -> Value {
    json!([{"op": "remove", "path": path}])
}

#[tokio::test]
async fn what_a_request_may_look_like() {
    let ext = |name: &str| format!("/{ENTERPRISE}/{name}");
    run(vec![
        ("RFC7644-3.5.2-L4", json!([{"path": "title", "value": "x"}]), Fails("invalidSyntax")),
        ("RFC7644-3.5.2-L5", one("move", "title", json!("x")), Fails("invalidSyntax")),
        ("RFC7644-3.5.2-L6", one("rEplace", "title", json!("x")), Is(json!({"/title": "x"}))),
        ("RFC7644-3.5.2-L12", json!([{"op": "replace", "path": "title", "value": "A"}, {"op": "replace", "path": "title", "value": "B"}]), Is(json!({"/title": "B"}))),
        ("RFC7644-3.5.2-L13", json!([{"op": "replace", "path": "title", "value": "A"}, {"op": "remove", "path": "userName"}]), Fails("mutability")),
        ("RFC7644-3.5.2-L16", remove("name..givenName"), Fails("invalidPath")),
        ("RFC7644-3.5.2-L16", remove("[value eq \"x\"]"), Fails("invalidPath")),
        ("RFC7644-3.5.2-L16", remove(""), Fails("invalidPath")),
        ("RFC7644-3.5.2-L17", remove("emails[type xx \"work\"]"), Fails("invalidFilter")),
        ("RFC7644-3.5.2-L18", one("replace", "favouriteColour", json!("x")), Fails("invalidPath")),
        ("RFC7644-3.5.2-L18", one("replace", "name.nope", json!("x")), Fails("invalidPath")),
        ("RFC7644-3.5.2-L19", remove("emails[0]"), Fails("invalidPath")),
        ("RFC7644-3.5.2-L19", remove("/emails/0"), Fails("invalidPath")),
        ("RFC7644-3.5.2-L20", one("replace", "NAME.familyname", json!("X")), Is(json!({"/name/familyName": "X", "/name/givenName": "Grace"}))),
        ("RFC7644-3.5.2-L20", one("replace", "Emails[TYPE Eq \"home\"].VALUE", json!("x@x")), Is(json!({"/emails/1/value": "x@x"}))),
        ("RFC7644-3.5.2-L21", one("replace", &format!("{USER}:name.familyName"), json!("X")), Is(json!({"/name/familyName": "X"}))),
        ("RFC7644-3.5.2-L22", one("replace", &format!("{}:title", USER.to_uppercase()), json!("X")), Is(json!({"/title": "X"}))),
        ("RFC7644-3.5.2-L23", one("replace", "emails[type eq \"WORK\"].value", json!("x@x")), Is(json!({"/emails/0/value": "x@x", "/emails/1/value": "h@example.com"}))),
        ("RFC7644-3.5.2-L24", remove("emails[not (type eq \"home\") and value ew \"example.com\"]"), Is(json!({"/emails": [{"value": "h@example.com", "type": "home"}]}))),
        ("RFC7644-3.5.2-L25", one("replace", "id", json!("x")), Fails("mutability")),
        ("RFC7644-3.5.2-L25", one("add", "meta.created", json!("2020-01-01T00:00:00Z")), Fails("mutability")),
        ("RFC7644-3.5.2-L25", one("add", "groups", json!([{"value": "x"}])), Fails("mutability")),
        ("RFC7644-3.5.2-L26", one("replace", "", json!({"id": "x", "displayName": "n"})), Fails("mutability")),
        ("RFC7644-3.5.2-L26", one("replace", "", json!({"meta": {"version": "x"}, "groups": [], "title": "n"})), Is(json!({"/title": "n"}))),
        ("RFC7644-3.5.2-L29", one("replace", "active", json!("maybe")), Fails("invalidValue")),
        ("RFC7644-3.5.2-L29", one("replace", "name", json!("x")), Fails("invalidValue")),
        ("RFC7644-3.5.2-L29", one("replace", "emails", json!(5)), Fails("invalidValue")),
        ("RFC7644-3.5.2-L29", one("replace", "userName", json!({})), Fails("invalidValue")),
        ("RFC7644-3.5.2-L30", one("replace", "active", json!("False")), Is(json!({"/active": false}))),
        ("RFC7644-3.5.2-L32", one("replace", "emails[type eq \"home\"].primary", json!(true)), Is(json!({"/emails/0/primary": false, "/emails/1/primary": true}))),
        ("RFC7644-3.5.2-L33", one("replace", "emails[type eq \"work\"].primary", json!(true)), Is(json!({"/emails/0/primary": true, "/emails/1/primary": null}))),
        ("RFC7644-3.5.2-L34", one("add", "emails", json!([{"value": "a@x", "primary": true}, {"value": "b@x", "primary": true}])), Fails("invalidValue")),
        ("RFC7644-3.5.2-L35, RFC7644-3.5.2-L43", json!([{"op": "remove", "path": ENTERPRISE}, {"op": "add", "path": "schemas", "value": [ENTERPRISE]}, {"op": "add", "path": format!("{ENTERPRISE}:department"), "value": "D"}]), Is(json!({"/schemas": [USER, ENTERPRISE], (ext("department")): "D", (ext("employeeNumber")): null}))),
        ("RFC7644-3.5.2-L36", json!([{"op": "remove", "path": format!("{ENTERPRISE}:department")}, {"op": "remove", "path": format!("{ENTERPRISE}:manager")}, {"op": "remove", "path": format!("{ENTERPRISE}:employeeNumber")}]), Is(json!({"/schemas": [USER], (format!("/{ENTERPRISE}")): null}))),
        ("RFC7644-3.5.2-L37", json!([{"op": "replace", "path": "title", "value": "B"}, {"op": "replace", "path": "name.familyName", "value": "X"}, {"op": "replace", "path": "emails[type eq \"home\"].value", "value": "x@x"}, {"op": "replace", "path": format!("{ENTERPRISE}:department"), "value": "D"}, {"op": "replace", "path": "active", "value": false}]), Is(json!({"/title": "B", "/name/familyName": "X", "/emails/1/value": "x@x", (ext("department")): "D", "/active": false}))),
        ("RFC7644-3.5.2-L39", json!([{"op": "add", "path": "emails", "value": [{"type": "other", "value": "o@x"}]}, {"op": "replace", "path": "emails[type eq \"other\"].value", "value": "p@x"}]), Is(json!({"/emails/2": {"value": "p@x", "type": "other"}}))),
        ("RFC7644-3.5.2-L40", one("replace", "", json!({"TITLE": "x"})), Is(json!({"/title": "x"}))),
        ("RFC7644-3.5.2-L42", json!([{"op": "replace", "path": "title", "value": "x", "name": "setTitle"}]), Is(json!({"/title": "x"}))),
    ])
    .await;
}

#[tokio::test]
async fn add_values() {
    let ext = |name: &str| format!("/{ENTERPRISE}/{name}");
    run(vec![
        ("RFC7644-3.5.2.1-L1", json!([{"op": "add", "path": "title"}]), Fails("invalidValue")),
        ("RFC7644-3.5.2.1-L2", one("add", "", json!({"title": "t", "nickName": "n"})), Is(json!({"/title": "t", "/nickName": "n"}))),
        ("RFC7644-3.5.2.1-L3", one("add", "", json!("x")), Fails("invalidValue")),
        ("RFC7644-3.5.2.1-L4", one("add", "", json!({"emails": [{"value": "b@x"}]})), Is(json!({"/emails/0/value": "w@example.com", "/emails/2": {"value": "b@x"}}))),
        ("RFC7644-3.5.2.1-L5", one("add", "nickName", json!("n")), Is(json!({"/nickName": "n"}))),
        ("RFC7644-3.5.2.1-L6", one("add", "title", json!("n")), Is(json!({"/title": "n"}))),
        ("RFC7644-3.5.2.1-L7", one("add", "name.middleName", json!("B")), Is(json!({"/name": {"familyName": "Hopper", "givenName": "Grace", "middleName": "B"}}))),
        ("RFC7644-3.5.2.1-L8", one("add", "name", json!({"middleName": "B"})), Is(json!({"/name": {"familyName": "Hopper", "givenName": "Grace", "middleName": "B"}}))),
        ("RFC7644-3.5.2.1-L9", one("add", "name", json!("x")), Fails("invalidValue")),
        ("RFC7644-3.5.2.1-L10, RFC7644-3.5.2.1-L12", one("add", "emails", json!([{"value": "a@x"}, {"value": "b@x"}])), Is(json!({"/emails/1/value": "h@example.com", "/emails/2/value": "a@x", "/emails/3/value": "b@x"}))),
        ("RFC7644-3.5.2.1-L11", one("add", "emails", json!({"value": "a@x"})), Is(json!({"/emails/2/value": "a@x"}))),
        ("RFC7644-3.5.2.1-L13", one("add", "emails", json!([{"value": "h@example.com", "type": "home"}])), Is(json!({"/emails/2": null}))),
        ("RFC7644-3.5.2.1-L18", one("add", "addresses[type eq \"work\"].postalCode", json!("1000")), Is(json!({"/addresses/0/postalCode": "1000", "/addresses/1/postalCode": "1000", "/addresses/2/postalCode": "8"}))),
        ("RFC7644-3.5.2.1-L19", one("add", "phoneNumbers[type eq \"work\"].value", json!("1")), Is(json!({"/phoneNumbers": [{"value": "1", "type": "work"}]}))),
        ("RFC7644-3.5.2.1-L20", one("add", &format!("{ENTERPRISE}:division"), json!("D")), Is(json!({(ext("division")): "D", (ext("department")): "Navy"}))),
        ("RFC7644-3.5.2.1-L21", one("add", &format!("{ENTERPRISE}:manager.value"), json!("b2")), Is(json!({(ext("manager/value")): "b2"}))),
        ("RFC7644-3.5.2.1-L22", one("add", "", json!({(ENTERPRISE): {"division": "D"}})), Is(json!({(ext("division")): "D", (ext("employeeNumber")): "7"}))),
        ("RFC7644-3.5.2.1-L23", one("add", ENTERPRISE, json!({"division": "D"})), Is(json!({(ext("division")): "D", (ext("employeeNumber")): "7"}))),
        ("RFC7644-3.5.2.1-L24", one("add", "", json!({"name.givenName": "G", (format!("{ENTERPRISE}:employeeNumber")): "8"})), Is(json!({"/name/givenName": "G", "/name/familyName": "Hopper", (ext("employeeNumber")): "8"}))),
        ("RFC7644-3.5.2.1-L25", one("add", "title", Value::Null), Is(json!({"/title": "Admiral"}))),
    ])
    .await;
}

#[tokio::test]
async fn remove_values() {
    let ext = |name: &str| format!("/{ENTERPRISE}/{name}");
    run(vec![
        ("RFC7644-3.5.2.2-L1", json!([{"op": "remove"}]), Fails("noTarget")),
        ("RFC7644-3.5.2.2-L2", remove("title"), Is(json!({"/title": null}))),
        ("RFC7644-3.5.2.2-L3", remove("nickName"), Is(json!({}))),
        ("RFC7644-3.5.2.2-L4", remove("name.givenName"), Is(json!({"/name": {"familyName": "Hopper"}}))),
        ("RFC7644-3.5.2.2-L5", remove("name"), Is(json!({"/name": null}))),
        ("RFC7644-3.5.2.2-L6", remove("emails"), Is(json!({"/emails": null}))),
        ("RFC7644-3.5.2.2-L8", remove("emails[type eq \"work\" and value ew \"example.com\"]"), Is(json!({"/emails": [{"value": "h@example.com", "type": "home"}]}))),
        ("RFC7644-3.5.2.2-L9", remove("addresses[type eq \"work\"]"), Is(json!({"/addresses": [{"type": "home", "streetAddress": "3", "postalCode": "8"}]}))),
        ("RFC7644-3.5.2.2-L10", json!([{"op": "remove", "path": "emails[type eq \"work\"]"}, {"op": "remove", "path": "emails[type eq \"home\"]"}]), Is(json!({"/emails": null}))),
        ("RFC7644-3.5.2.2-L11", remove("addresses[type eq \"work\"].postalCode"), Is(json!({"/addresses/0/postalCode": null, "/addresses/0/locality": "A", "/addresses/2/postalCode": "8"}))),
        ("RFC7644-3.5.2.2-L12", remove("emails[type eq \"other\"]"), Is(json!({}))),
        ("RFC7644-3.5.2.2-L13", remove("userName"), Fails("mutability")),
        ("RFC7644-3.5.2.2-L14", remove("id"), Fails("mutability")),
        ("RFC7644-3.5.2.2-L14", remove("meta"), Fails("mutability")),
        ("RFC7644-3.5.2.2-L15", remove("groups"), Fails("mutability")),
        ("RFC7644-3.5.2.2-L19", remove(&format!("{ENTERPRISE}:department")), Is(json!({(ext("department")): null, (ext("employeeNumber")): "7"}))),
        ("RFC7644-3.5.2.2-L20", remove(&format!("{ENTERPRISE}:manager")), Is(json!({(ext("manager")): null, (ext("employeeNumber")): "7"}))),
        ("RFC7644-3.5.2.2-L22", remove(ENTERPRISE), Is(json!({(format!("/{ENTERPRISE}")): null}))),
        ("RFC7644-3.5.2.2-L23", remove("emails[value eq\"h@example.com\"]"), Is(json!({"/emails/0/value": "w@example.com", "/emails/1": null}))),
    ])
    .await;
}

#[tokio::test]
async fn replace_values() {
    let ext = |name: &str| format!("/{ENTERPRISE}/{name}");
    let whole = json!({"type": "work", "streetAddress": "N", "locality": "C"});
    run(vec![
        ("RFC7644-3.5.2.3-L1", one("replace", "", json!({"title": "t", "emails": [{"value": "a@x"}]})), Is(json!({"/title": "t", "/emails": [{"value": "a@x"}]}))),
        ("RFC7644-3.5.2.3-L2", one("replace", "", json!("x")), Fails("invalidValue")),
        ("RFC7644-3.5.2.3-L2", json!([{"op": "replace"}]), Fails("invalidValue")),
        ("RFC7644-3.5.2.3-L3", one("replace", "userName", json!("amazing")), Is(json!({"/userName": "amazing"}))),
        ("RFC7644-3.5.2.3-L4", one("replace", "nickName", json!("n")), Is(json!({"/nickName": "n"}))),
        ("RFC7644-3.5.2.3-L5", one("replace", "name.familyName", json!("X")), Is(json!({"/name": {"familyName": "X", "givenName": "Grace"}}))),
        ("RFC7644-3.5.2.3-L6", json!([{"op": "remove", "path": "name"}, {"op": "replace", "path": "name.givenName", "value": "G"}]), Is(json!({"/name": {"givenName": "G"}}))),
        ("RFC7644-3.5.2.3-L7", one("replace", "name", json!({"familyName": "X"})), Is(json!({"/name": {"familyName": "X", "givenName": "Grace"}}))),
        ("RFC7644-3.5.2.3-L8", one("replace", "emails", json!([{"value": "a@x"}])), Is(json!({"/emails": [{"value": "a@x"}]}))),
        ("RFC7644-3.5.2.3-L9", one("replace", "emails", json!({"value": "a@x"})), Is(json!({"/emails": [{"value": "a@x"}]}))),
        ("RFC7644-3.5.2.3-L10", one("replace", "emails", json!([])), Is(json!({"/emails": null}))),
        ("RFC7644-3.5.2.3-L11", one("replace", "title", Value::Null), Is(json!({"/title": null}))),
        ("RFC7644-3.5.2.3-L12", one("replace", "userName", Value::Null), Fails("mutability")),
        ("RFC7644-3.5.2.3-L12", one("replace", "userName", json!("")), Fails("invalidValue")),
        ("RFC7644-3.5.2.3-L13, RFC7644-3.5.2.3-L14, RFC7644-3.5.2.3-L16", one("replace", "addresses[streetAddress eq \"1\"]", whole.clone()), Is(json!({"/addresses/0": whole, "/addresses/1/locality": "B", "/addresses/2/streetAddress": "3"}))),
        ("RFC7644-3.5.2.3-L15", one("replace", "addresses[type eq \"work\"].streetAddress", json!("X")), Is(json!({"/addresses/0/streetAddress": "X", "/addresses/1/streetAddress": "X", "/addresses/2/streetAddress": "3"}))),
        ("RFC7644-3.5.2.3-L17", one("replace", "emails[type eq \"other\"].value", json!("n@x")), Fails("noTarget")),
        ("RFC7644-3.5.2.3-L18", one("replace", "phoneNumbers[type eq \"work\"].value", json!("1")), Fails("noTarget")),
        ("RFC7644-3.5.2.3-L22", one("replace", &format!("{ENTERPRISE}:employeeNumber"), json!("8")), Is(json!({(ext("employeeNumber")): "8"}))),
        ("RFC7644-3.5.2.3-L23", one("replace", &format!("{ENTERPRISE}:manager.value"), json!("b2")), Is(json!({(ext("manager/value")): "b2"}))),
        ("RFC7644-3.5.2.3-L24", one("replace", &format!("{ENTERPRISE}:manager"), json!({"value": "b2"})), Is(json!({(ext("manager/value")): "b2"}))),
        ("RFC7644-3.5.2.3-L25", one("replace", "", json!({(ENTERPRISE): {"department": "D"}})), Is(json!({(ext("department")): "D", (ext("employeeNumber")): "7"}))),
        ("RFC7644-3.5.2.3-L26", one("replace", "active", json!(false)), Is(json!({"/active": false}))),
        ("RFC7644-3.5.2.3-L27", one("replace", "password", json!("analytical-engine")), Is(json!({"/password": null}))),
        ("RFC7644-3.5.2.3-L28", one("replace", "title", json!("Admiral")), Is(json!({"/title": "Admiral"}))),
        ("RFC7644-3.5.2.3-L29", one("replace", "addresses.region", json!("CA")), Fails("invalidPath")),
    ])
    .await;
}

#[tokio::test]
async fn what_is_no_patch_request() {
    let server = Server::new();
    let path = format!("/Users/{}", server.post("/Users", &grace()).await.expect(201).id());
    let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:PatchOp"]);
    for body in [
        json!({"Operations": [{"op": "remove", "path": "title"}]}), // RFC7644-3.5.2-L1
        json!({"schemas": [USER], "Operations": [{"op": "remove", "path": "title"}]}),
        json!({"schemas": schemas}), // RFC7644-3.5.2-L2
        json!({"schemas": schemas, "Operations": []}),
        json!({"schemas": schemas, "Operations": {}}),
    ] {
        server.scim(axum::http::Method::PATCH, &path, &body).await.expect_error(400, Some("invalidSyntax"));
    }
    // RFC7644-3.5.2-L3
    let body = json!({"schemas": schemas, "operations": [{"op": "remove", "path": "title"}]});
    server.scim(axum::http::Method::PATCH, &path, &body).await.expect(200);
    // RFC7644-3.5.2-L7
    let nobody = "/Users/0b0f6b3e-6f0e-4a8e-9a52-3d4c5b6a7f80";
    server.scim(axum::http::Method::PATCH, nobody, &body).await.expect_error(404, None);
    // RFC7644-3.5.2-L9
    let answer = server.patch(&format!("{path}?attributes=userName"), one("add", "title", json!("x"))).await;
    let names: Vec<String> = answer.expect(200).json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["schemas", "id", "userName"]);
    // RFC7644-3.5.2-L31
    server.ada().await;
    server.patch(&path, one("replace", "userName", json!("ADA"))).await.expect_error(409, Some("uniqueness"));
}

#[tokio::test]
async fn members_are_added_removed_and_replaced() {
    let server = Server::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| json!({"schemas": [USER], "userName": name}));
    let a = server.post("/Users", &a).await.id();
    let b = server.post("/Users", &b).await.id();
    let c = server.post("/Users", &c).await.id();
    let member = |id: &String| json!({"value": id});
    for (row, operations, expected) in [
        ("RFC7644-3.5.2.1-L15", one("add", "members", json!([member(&c)])), vec![&a, &b, &c]),
        ("RFC7644-3.5.2.1-L16", one("add", "members", json!([member(&a)])), vec![&a, &b]),
        ("RFC7644-3.5.2.2-L6", remove("members"), vec![]),
        ("RFC7644-3.5.2.2-L7, RFC7644-3.5.2.2-L17", remove(&format!("members[value eq \"{a}\"]")), vec![&b]),
        ("RFC7644-3.5.2.2-L12", remove("members[value eq \"nope\"]"), vec![&a, &b]),
        (
            "RFC7644-3.5.2.2-L18",
            json!([{"op": "remove", "path": "members", "value": [member(&a)]}]),
            vec![&b],
        ),
        (
            "RFC7644-3.5.2.2-L21",
            json!([{"op": "remove", "path": "members"}, {"op": "add", "path": "members", "value": [member(&b), member(&c)]}]),
            vec![&b, &c],
        ),
        ("RFC7644-3.5.2.2-L23", remove(&format!("members[value eq\"{a}\"]")), vec![&b]),
        ("RFC7644-3.5.2.3-L19", one("replace", "members", json!([member(&b), member(&c)])), vec![&b, &c]),
        ("RFC7644-3.5.2.3-L20", one("replace", "members", json!([])), vec![]),
        ("RFC7644-3.5.2.3-L21", one("replace", "displayName", json!("New")), vec![&a, &b]),
        ("RFC7644-3.5.2.3-L21", one("replace", "", json!({"displayName": "New"})), vec![&a, &b]),
    ] {
        let path = format!("/Groups/{}", server.group("Staff", &[&a, &b]).await);
        server.patch(&path, operations).await.expect(204);
        let group = server.get(&path).await.json();
        let members = group["members"].as_array().cloned().unwrap_or_default();
        let members: Vec<&str> = members.iter().map(|member| member["value"].as_str().unwrap()).collect();
        assert_eq!(members, expected, "{row}");
        assert_eq!(
            group["displayName"],
            if row.ends_with("L21") && row.contains("2.3") { "New" } else { "Staff" }
        );
    }
    let path = format!("/Groups/{}", server.group("Staff", &[&a]).await);
    for (row, operations, scim_type) in [
        ("RFC7644-3.5.2.1-L17", one("add", "members", json!([member(&"nope".to_owned())])), "invalidValue"),
        (
            "RFC7643-4.2-L4, RFC7644-3.5.2-L27",
            one("replace", &format!("members[value eq \"{a}\"].value"), json!(b)),
            "mutability",
        ),
        ("RFC7644-3.5.2.2-L13", remove("displayName"), "mutability"),
        ("RFC7644-3.5.2.2-L16", remove(&format!("members[value eq \"{a}\"].value")), "mutability"),
    ] {
        let answer = server.patch(&path, operations).await;
        assert_eq!(answer.status, 400, "{row}");
        answer.expect_error(400, Some(scim_type));
    }
}
