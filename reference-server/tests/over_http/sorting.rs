//! Sorting (RFC 7644 section 3.4.2.3).

use serde_json::{Value, json};

use crate::support::{Server, column, encoded, user};

async fn sorted(server: &Server, query: &str) -> Vec<String> {
    column(&server.get(&format!("/Users?{query}")).await.expect(200).json(), "userName")
}

async fn with(users: &[Value]) -> Server {
    let server = Server::new();
    for body in users {
        server.post("/Users", body).await.expect(201);
    }
    server
}

fn titled(user_name: &str, title: Option<&str>) -> Value {
    let mut body = user(user_name);
    if let Some(title) = title {
        body["title"] = title.into();
    }
    body
}

#[tokio::test]
async fn rfc7644_3_4_2_3_l1_l2_l3_l7_l10_by_name_either_way() {
    let server = with(&[user("b"), user("A"), user("C")]).await;
    for query in [
        "sortBy=userName",
        "sortBy=USERNAME&sortOrder=ascending",
        "sortBy=urn:ietf:params:scim:schemas:core:2.0:User:userName&sortOrder=Ascending",
    ] {
        assert_eq!(sorted(&server, query).await, ["A", "b", "C"], "{query}");
    }
    assert_eq!(sorted(&server, "sortBy=userName&sortOrder=descending").await, ["C", "b", "A"]);
    assert_eq!(
        sorted(&server, "sortOrder=descending").await,
        ["b", "A", "C"],
        "a direction alone orders nothing"
    );
}

#[tokio::test]
async fn rfc7644_3_4_2_3_l4_by_a_sub_attribute() {
    let named = |user_name: &str, family: &str| {
        let mut body = user(user_name);
        body["name"] = json!({"familyName": family, "givenName": "Ada"});
        body
    };
    let server = with(&[named("1", "Noether"), named("2", "hopper"), named("3", "Lovelace")]).await;
    assert_eq!(sorted(&server, "sortBy=name.familyName").await, ["2", "3", "1"]);
}

#[tokio::test]
async fn rfc7644_3_4_2_3_l5_of_several_values_the_primary_one_counts_else_the_first() {
    let mailed = |user_name: &str, first: &str, second: &str, primary: bool| {
        let mut body = user(user_name);
        body["emails"] =
            json!([{"value": first, "type": "work"}, {"value": second, "type": "home", "primary": primary}]);
        body
    };
    let server = with(&[
        mailed("1", "a@x", "z@x", true),
        mailed("2", "m@x", "a@x", false),
        mailed("3", "z@x", "b@x", true),
    ])
    .await;
    for by in ["emails.value", "emails"] {
        assert_eq!(sorted(&server, &format!("sortBy={by}")).await, ["3", "2", "1"], "{by}");
    }
}

#[tokio::test]
async fn rfc7644_3_4_2_3_l6_no_value_comes_last_and_descending_first() {
    let server = with(&[titled("1", None), titled("2", Some("b")), titled("3", Some("a"))]).await;
    assert_eq!(sorted(&server, "sortBy=title").await, ["3", "2", "1"]);
    assert_eq!(sorted(&server, "sortBy=title&sortOrder=descending").await, ["1", "2", "3"]);
}

#[tokio::test]
async fn rfc7644_3_4_2_3_l8_l9_each_type_by_its_own_order() {
    let known = |user_name: &str, external_id: &str| {
        let mut body = user(user_name);
        body["externalId"] = external_id.into();
        body
    };
    let server = with(&[known("1", "a"), known("2", "B"), known("3", "b")]).await;
    assert_eq!(sorted(&server, "sortBy=externalId").await, ["2", "1", "3"], "externalId is case exact");
    assert_eq!(sorted(&server, "sortBy=meta.created").await, ["1", "2", "3"]);
    assert_eq!(sorted(&server, "sortBy=meta.created&sortOrder=descending").await, ["3", "2", "1"]);
    server.set_active(&id_of(&server, "2").await, false).await.expect(200);
    assert_eq!(sorted(&server, "sortBy=active").await, ["2", "1", "3"]);
    assert_eq!(sorted(&server, "sortBy=meta.lastModified&sortOrder=descending").await[0], "2");
}

async fn id_of(server: &Server, user_name: &str) -> String {
    let found =
        server.get(&format!("/Users?filter={}", encoded(&format!("userName eq {user_name:?}")))).await;
    column(&found.json(), "id").remove(0)
}

#[tokio::test]
async fn rfc7644_3_4_2_4_l12_pages_of_a_sorted_and_filtered_list_hold_everyone_once() {
    let users: Vec<Value> =
        (0..9).map(|n| titled(&format!("u{n}"), [None, Some("x"), Some("y")][n % 3])).collect();
    let server = with(&users).await;
    let whole = sorted(&server, "sortBy=title&filter=userName%20pr").await;
    let mut seen = Vec::new();
    for start in [1, 3, 5, 7, 9] {
        seen.extend(
            sorted(&server, &format!("sortBy=title&filter=userName%20pr&count=2&startIndex={start}")).await,
        );
    }
    assert_eq!(seen, whole);
    assert_eq!(
        whole,
        ["u1", "u4", "u7", "u2", "u5", "u8", "u0", "u3", "u6"],
        "ties keep the order of creation"
    );
    let page = server.get("/Users?sortBy=title&filter=title%20eq%20%22x%22&count=1").await.json();
    assert_eq!((&page["totalResults"], column(&page, "userName")), (&json!(3), vec!["u1".to_owned()]));
}

#[tokio::test]
async fn rfc7644_3_4_2_3_l12_l13_an_order_that_makes_no_sense_is_refused() {
    let server = with(&[user("a")]).await;
    for query in
        ["sortBy=nope", "sortBy=name", "sortBy=password", "sortBy=", "sortBy=userName&sortOrder=sideways"]
    {
        server.get(&format!("/Users?{query}")).await.expect_error(400, Some("invalidValue"));
    }
}

#[tokio::test]
async fn groups_and_users_are_sorted_by_what_others_say_of_them() {
    let server = with(&[user("a"), user("b")]).await;
    let (a, b) = (id_of(&server, "a").await, id_of(&server, "b").await);
    server.group("Zebra", &[&a]).await;
    server.group("Ant", &[&b]).await;
    assert_eq!(sorted(&server, "sortBy=groups.display").await, ["b", "a"]);
}
