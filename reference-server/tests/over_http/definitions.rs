//! Schemas and resource types from a file.

use scimspec_reference_server::{
    Protocol,
    scim::{Registry, Rules},
};
use serde_json::{Value, json};

use crate::support::{Server, USER, column, encoded, user};

const AGENT: &str = "urn:example:params:scim:schemas:2.0.1:Agent";
const BADGE: &str = "urn:example:params:scim:schemas:1.0:User.Badge";

fn definitions() -> Value {
    json!({
        "schemas": [
            {
                "id": AGENT,
                "name": "Agent",
                "description": "A program that acts for a person",
                "attributes": [
                    {"name": "name", "description": "Its name", "required": true, "uniqueness": "server"},
                    {"name": "serial", "description": "Its number", "caseExact": true, "mutability": "immutable"},
                    {"name": "score", "type": "integer", "description": "How good it is"},
                    {"name": "born", "type": "dateTime", "description": "Since when it is"},
                    {"name": "notes", "description": "Told on request", "returned": "request"},
                    {"name": "kept", "description": "Told always", "returned": "always"},
                    {"name": "key", "description": "A secret", "mutability": "writeOnly", "returned": "never"},
                    {"name": "state", "description": "The server's", "mutability": "readOnly"},
                    {"name": "level", "description": "A level", "canonicalValues": ["low", "high"]},
                    {
                        "name": "owner", "type": "complex", "description": "Whose it is",
                        "subAttributes": [
                            {"name": "value", "description": "The id of a User", "caseExact": true},
                            {"name": "$ref", "type": "reference", "description": "Its URI", "referenceTypes": ["User"]},
                        ],
                    },
                ],
                "meta": {"resourceType": "Schema"},
            },
            {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
                "id": BADGE,
                "name": "Badge",
                "description": "A badge",
                "attributes": [{"name": "number", "description": "Its number", "caseExact": true, "uniqueness": "server"}],
            },
        ],
        "resourceTypes": [{
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": "Agent", "name": "Agent", "endpoint": "/Agents", "description": "Agents", "schema": AGENT,
        }],
        "schemaExtensions": [{"resourceType": "User", "schema": BADGE, "required": false}],
    })
}

fn server() -> Server {
    let files = [("agents.json".to_owned(), definitions().to_string())];
    Server::speaking(Protocol::new(&Rules::RFC, &files).unwrap())
}

fn agent(name: &str) -> Value {
    json!({"schemas": [AGENT], "name": name})
}

#[tokio::test]
async fn rfc7643_3_1_l1_a_resource_type_of_ones_own_is_served_like_any_other() {
    let server = server();
    let mut body = agent("Robby");
    body["externalId"] = "R-1".into();
    let made = server.post("/Agents", &body).await.expect(201);
    let path = format!("/Agents/{}", made.id());
    let agent = server.get(&path).await.expect(200).json();
    assert_eq!(agent, made.json());
    assert_eq!((&agent["meta"]["resourceType"], &agent["schemas"]), (&json!("Agent"), &json!([AGENT])));
    assert_eq!(agent["meta"]["location"], format!("http://app.example.com/scim/v2{path}"));
    let operation = json!([{"op": "add", "path": "score", "value": 7}]);
    assert_eq!(server.patch(&path, operation).await.expect(200).json()["score"], 7);
    for filter in
        ["name eq \"robby\"", "externalId eq \"R-1\"", "score gt 6 and score le 7", "level ne \"low\""]
    {
        let found = server.get(&format!("/Agents?filter={}", encoded(filter))).await.expect(200).json();
        assert_eq!(column(&found, "name"), ["Robby"], "{filter}"); // RFC7644-3.4.2.2-L9, L21
    }
    let found = server.get("/?filter=meta.resourceType%20eq%20%22Agent%22").await.expect(200).json();
    assert_eq!(found["totalResults"], 1);
    server.put(&path, &json!({"schemas": [AGENT], "name": "Robby"})).await.expect(200);
    server.get(&format!("/Users/{}", made.id())).await.expect_error(404, None);
    server.delete(&path).await.expect(204);
    server.get(&path).await.expect_error(404, None);
}

#[tokio::test]
async fn rfc7643_6_what_is_served_is_published() {
    let server = server();
    let kind = server.get("/ResourceTypes/Agent").await.expect(200).json();
    assert_eq!((&kind["endpoint"], &kind["schema"]), (&json!("/Agents"), &json!(AGENT)));
    let user = server.get("/ResourceTypes/User").await.expect(200).json();
    let extensions = user["schemaExtensions"].as_array().unwrap();
    assert_eq!(extensions[1], json!({"schema": BADGE, "required": false}));
    for urn in [AGENT, BADGE] {
        assert_eq!(server.get(&format!("/Schemas/{urn}")).await.expect(200).json()["id"], urn);
    }
}

#[tokio::test]
async fn rfc7643_7_l18_to_l21_l26_when_an_attribute_is_returned() {
    let server = server();
    let mut body = agent("Robby");
    for name in ["notes", "kept", "key"] {
        body[name] = format!("my {name}").into();
    }
    let made = server.post("/Agents", &body).await.expect(201);
    let shows = |answer: &Value| ["notes", "kept", "key"].map(|name| answer.get(name).is_some());
    assert_eq!(shows(&made.json()), [true, true, false], "what was sent on request comes back");
    let path = format!("/Agents/{}", made.id());
    for (query, expected) in [
        ("", [false, true, false]),
        ("?attributes=notes", [true, true, false]),
        ("?attributes=name,key", [false, true, false]),
        ("?excludedAttributes=kept", [false, true, false]),
    ] {
        assert_eq!(
            shows(&server.get(&format!("{path}{query}")).await.expect(200).json()),
            expected,
            "{query}"
        );
    }
    let patched =
        server.patch(&path, json!([{"op": "replace", "path": "notes", "value": "new"}])).await.expect(200);
    assert_eq!(shows(&patched.json()), [true, true, false]);
    let patched =
        server.patch(&path, json!([{"op": "replace", "path": "score", "value": 1}])).await.expect(200);
    assert_eq!(shows(&patched.json()), [false, true, false]);
    server.get("/Agents?filter=key%20eq%20%22my%20key%22").await.expect_error(400, Some("invalidFilter"));
}

#[tokio::test]
async fn rfc7643_7_l22_l23_and_rfc7644_3_5_1_l5_l6_l7_who_may_write_an_attribute() {
    let server = server();
    let mut body = agent("Robby");
    body["state"] = "mine".into();
    let made = server.post("/Agents", &body).await.expect(201);
    assert_eq!(made.json().get("state"), None);
    let path = format!("/Agents/{}", made.id());
    body["serial"] = "S-1".into();
    assert_eq!(server.put(&path, &body).await.expect(200).json()["serial"], "S-1");
    server.put(&path, &body).await.expect(200);
    body["serial"] = "s-1".into();
    server.put(&path, &body).await.expect_error(400, Some("mutability"));
    // RFC7644-3.5.2-L28: a value that is set once may be set by a PATCH, once.
    let other = format!("/Agents/{}", server.post("/Agents", &agent("Marvin")).await.expect(201).id());
    let add = |value: &str| json!([{"op": "add", "path": "serial", "value": value}]);
    server.patch(&other, add("M-1")).await.expect(200);
    server.patch(&other, add("M-2")).await.expect_error(400, Some("mutability"));
    for operation in [
        json!({"op": "replace", "path": "serial", "value": "S-2"}),
        json!({"op": "remove", "path": "serial"}),
        json!({"op": "add", "path": "state", "value": "x"}),
    ] {
        server.patch(&path, json!([operation])).await.expect_error(400, Some("mutability"));
    }
    assert_eq!(server.get(&path).await.json()["serial"], "S-1");
}

#[tokio::test]
async fn rfc7643_7_l24_a_value_that_must_be_unique_is() {
    let server = server();
    server.post("/Agents", &agent("Robby")).await.expect(201);
    server.post("/Agents", &agent("ROBBY")).await.expect_error(409, Some("uniqueness"));
    let with_badge = |name: &str, number: &str| {
        let mut body = user(name);
        body["schemas"] = json!([USER, BADGE]);
        body[BADGE] = json!({"number": number});
        body
    };
    let ada = server.post("/Users", &with_badge("ada", "A1")).await.expect(201);
    assert_eq!(ada.json()[BADGE]["number"], "A1");
    server.post("/Users", &with_badge("bob", "A1")).await.expect_error(409, Some("uniqueness"));
    let bob = server.post("/Users", &with_badge("bob", "a1")).await.expect(201).id();
    // The URN has dots and colons of its own.
    let operation = json!([{"op": "replace", "path": format!("{BADGE}:number"), "value": "A1"}]);
    server.patch(&format!("/Users/{bob}"), operation).await.expect_error(409, Some("uniqueness"));
    let filter = encoded(&format!("{BADGE}:number eq \"A1\""));
    let found = server.get(&format!("/Users?filter={filter}")).await.expect(200).json();
    assert_eq!(column(&found, "userName"), ["ada"]);
    for all in [format!("attributes={BADGE}"), format!("attributes={}", BADGE.to_uppercase())] {
        let shown = server.get(&format!("/Users/{bob}?{all}")).await.expect(200).json();
        assert_eq!((&shown[BADGE]["number"], shown.get("userName")), (&json!("a1"), None), "{all}");
    }
    for path in [BADGE.to_owned(), format!("{BADGE}:number"), format!("{BADGE}.number")] {
        let value = if path == BADGE { json!({"number": "z"}) } else { json!("z") };
        let operation = json!([{"op": "replace", "path": path, "value": value}]);
        let patched = server.patch(&format!("/Users/{bob}"), operation).await.expect(200).json();
        assert_eq!(patched[BADGE], json!({"number": "z"}), "{path}");
    }
    let operation = json!([{"op": "replace", "path": format!("{BADGE}:number"), "value": "a1"}]);
    server.patch(&format!("/Users/{bob}"), operation).await.expect(200);
    let shown = server.get(&format!("/Users/{bob}?attributes={BADGE}:number")).await.expect(200).json();
    assert_eq!((&shown[BADGE]["number"], shown.get("userName")), (&json!("a1"), None));
}

#[tokio::test]
async fn rfc7643_2_3_4_l1_2_3_5_l2_values_have_their_type() {
    let server = server();
    for (name, value) in [
        ("score", json!("7")),
        ("score", json!(7.5)),
        ("born", json!("yesterday")),
        ("born", json!("2020-01-01")),
        ("name", json!(7)),
        ("owner", json!([1])),
    ] {
        let mut body = agent("Robby");
        body[name] = value;
        server.post("/Agents", &body).await.expect_error(400, Some("invalidValue"));
    }
    let mut body = agent("Robby");
    body["level"] = "middling".into();
    server.post("/Agents", &body).await.expect(201);
}

#[tokio::test]
async fn rfc7643_4_3_l2_a_pointer_to_a_user_says_where_the_user_is() {
    let server = server();
    let ada = server.post("/Users", &user("ada")).await.expect(201);
    let mut body = agent("Robby");
    body["owner"] = json!({"value": ada.id(), "$ref": "http://evil.example.com/"});
    let made = server.post("/Agents", &body).await.expect(201).json();
    assert_eq!(made["owner"], json!({"value": ada.id(), "$ref": ada.header("location")}));
    let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let mut body = user("bob");
    body[urn] = json!({"manager": {"value": ada.id(), "displayName": "Forged"}});
    let bob = server.post("/Users", &body).await.expect(201);
    assert_eq!(bob.json()[urn]["manager"], json!({"value": ada.id(), "$ref": ada.header("location")}));
    // RFC7644-3.5.1-L9: what comes back is what was there.
    let again = server.put(&format!("/Users/{}", bob.id()), &bob.json()).await.expect(200);
    assert_eq!(again.json()[urn], bob.json()[urn]);
    let list = server.get("/Users?filter=userName%20eq%20%22bob%22").await.json();
    assert_eq!(list["Resources"][0][urn], bob.json()[urn]);
}

#[test]
fn a_file_that_cannot_be_served_is_refused_with_its_name_and_why() {
    let core = Registry::core();
    let whole = definitions();
    let with = |pointer: &str, value: Value| {
        let mut definitions = whole.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = definitions.pointer_mut(parent).unwrap();
        match parent.as_array_mut() {
            Some(list) => list[key.parse::<usize>().unwrap()] = value,
            None => parent[key] = value,
        }
        definitions.to_string()
    };
    for (text, says) in [
        ("{".to_owned(), "line 1"),
        (json!({"schema": []}).to_string(), "schema"),
        (with("/schemas/0/id", json!("urn:ietf:params:scim:api:messages:2.0:X")), "reserved"),
        (with("/schemas/0/id", json!("agent")), "URN"),
        (with("/schemas/0/id", json!(USER)), "twice"),
        (with("/schemas/0/attributes/0/name", json!("a b")), "no attribute name"),
        (with("/schemas/0/attributes/0/name", json!("meta")), "every resource"),
        (with("/schemas/0/attributes/0/name", json!("SERIAL")), "twice"),
        (with("/schemas/0/attributes/0/type", json!("complex")), "subAttributes"),
        (with("/schemas/0/attributes/0/type", json!("reference")), "referenceTypes"),
        (with("/schemas/0/attributes/9/subAttributes/0/type", json!("complex")), "inside a complex"),
        (with("/resourceTypes/0/endpoint", json!("/users")), "already"),
        (with("/resourceTypes/0/endpoint", json!("/Bulk")), "already"),
        (with("/resourceTypes/0/endpoint", json!("/a/b")), "slash and a name"),
        (with("/resourceTypes/0/name", json!("User")), "twice"),
        (with("/resourceTypes/0/schema", json!("urn:x")), "not defined"),
        (with("/schemaExtensions/0/schema", json!("urn:x")), "not defined"),
        (with("/schemaExtensions/0/resourceType", json!("X")), "not defined"),
    ] {
        let error = core.extended("mine.json", &text).unwrap_err().to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
    core.extended("mine.json", &whole.to_string()).unwrap();
}

#[tokio::test]
async fn rfc7643_6_l7_an_extension_that_is_required_has_to_be_there() {
    let mut definitions = definitions();
    definitions["schemaExtensions"][0]["required"] = true.into();
    definitions["schemas"][1]["attributes"][0]["required"] = true.into();
    let files = [("agents.json".to_owned(), definitions.to_string())];
    let server = Server::speaking(Protocol::new(&Rules::RFC, &files).unwrap());
    server.post("/Users", &user("ada")).await.expect_error(400, Some("invalidValue"));
    let mut body = user("ada");
    body[BADGE] = json!({});
    server.post("/Users", &body).await.expect_error(400, Some("invalidValue"));
    body[BADGE] = json!({"number": "1"});
    let id = server.post("/Users", &body).await.expect(201).id();
    let remove = json!([{"op": "remove", "path": BADGE}]);
    server.patch(&format!("/Users/{id}"), remove).await.expect_error(400, Some("mutability"));
}
