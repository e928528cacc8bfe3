//! `GET /Users`: filters, pages, and what a User looks like.

use scimspec_reference_server::gitlab::Generation;
use serde_json::{Value, json};

use super::support::{BOTH, GitLab, person};
use crate::world::{World, behaviours};

behaviours![
    a_user_has_the_keys_of_its_generation,
    filters_find_by_id_external_id_and_user_name,
    filters_find_by_a_secondary_address,
    filters_that_are_not_known_are_412,
    an_empty_instance_lists_nobody,
    a_list_holds_all_who_have_a_scim_identity_and_nobody_else,
    pages_are_counted_as_gitlab_counts,
    ids_go_through_the_url_whatever_they_hold,
];

async fn found(gitlab: &GitLab, filter: &str) -> Vec<Value> {
    let filter = filter.replace(' ', "%20").replace('"', "%22");
    let list = gitlab.get(&format!("/Users?filter={filter}")).await.expect(200).json();
    let found = list["Resources"].as_array().unwrap().clone();
    assert_eq!(list["totalResults"], found.len());
    found
}

async fn a_user_has_the_keys_of_its_generation(world: &World) {
    for generation in BOTH {
        let gitlab = GitLab::new(world, generation).await;
        gitlab.jane().await;
        let mut expected = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "id": "a1b2",
            "active": true,
            "emails": [{"type": "work", "value": "jane@corp.example", "primary": true}],
            "name": {"formatted": "Jane Roe", "givenName": "Jane", "familyName": "Roe"},
            "meta": {"resourceType": "User"},
            "userName": "jane",
        });
        if generation == Generation::Current {
            expected["groups"] = json!([]);
        }
        let user = gitlab.get("/Users/A1B2").await.expect(200);
        assert_eq!(user.json(), expected);
        assert_eq!((user.header("etag"), user.header("location")), (None, None));
    }
}

async fn filters_find_by_id_external_id_and_user_name(world: &World) {
    let gitlab = GitLab::new(world, Generation::Current).await;
    gitlab.jane().await;
    gitlab.post(person("b2", "john", "John Doe")).await.expect(201);
    for filter in [
        r#"id eq "a1b2""#,
        r#"externalId eq "A1B2""#,
        "externalId eq a1b2",
        r#"userName eq "a1b2""#,
        r#"userName eq "JANE""#,
        r#"userName eq "Jane@Corp.Example""#,
        r#"userName eq "jane@elsewhere.example""#,
        r#"userName eq "jane roe""#,
        r#"userName eq "jane" and active eq false"#,
    ] {
        let users = found(&gitlab, filter).await;
        assert_eq!((users.len(), &users[0]["id"]), (1, &json!("a1b2")), "{filter}");
    }
    for filter in [r#"id eq "jane""#, r#"userName eq "nobody""#, r#"externalId eq "x""#] {
        assert_eq!(found(&gitlab, filter).await, [Value::Null; 0], "{filter}");
    }
    assert_eq!(found(&gitlab, "").await.len(), 2);
}

async fn filters_find_by_a_secondary_address(world: &World) {
    let gitlab = GitLab::new(world, Generation::Current).await;
    gitlab.jane().await;
    let path = "/admin/people/jane/emails";
    gitlab.app(axum::http::Method::POST, path, json!({"email": "j@home.example"})).await.expect(204);
    assert_eq!(found(&gitlab, r#"userName eq "j@home.example""#).await[0]["id"], "a1b2");
    let taken = gitlab.app(axum::http::Method::POST, path, json!({"email": "J@home.example"})).await;
    taken.expect(409);
}

async fn filters_that_are_not_known_are_412(world: &World) {
    let gitlab = GitLab::new(world, Generation::Current).await;
    for filter in ["userName%20Eq%20a", "active%20eq%20true", "userName%20pr", "emails.value%20eq%20a"] {
        gitlab.get(&format!("/Users?filter={filter}")).await.expect_scim_error(412, "Unsupported Filter");
    }
}

async fn an_empty_instance_lists_nobody(world: &World) {
    for generation in BOTH {
        let list = GitLab::new(world, generation).await.get("/Users").await.expect(200).json();
        assert_eq!(
            list,
            json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
                "totalResults": 0, "itemsPerPage": 20, "startIndex": 1, "Resources": [],
            })
        );
    }
}

async fn a_list_holds_all_who_have_a_scim_identity_and_nobody_else(world: &World) {
    let gitlab = GitLab::new(world, Generation::Current).await;
    let body = json!({"userName": "root", "password": "x", "email": "root@corp.example"});
    gitlab.app(axum::http::Method::POST, "/admin/people", body).await.expect(201);
    gitlab.jane().await;
    gitlab.set_active("a1b2", false).await.expect(204);
    let list = gitlab.get("/Users").await.expect(200).json();
    assert_eq!((&list["totalResults"], &list["Resources"][0]["active"]), (&json!(1), &json!(false)));
}

async fn pages_are_counted_as_gitlab_counts(world: &World) {
    let gitlab = GitLab::new(world, Generation::Current).await;
    for number in 1..=25 {
        let user = person(&format!("u{number}"), &format!("user{number}"), "A User");
        gitlab.post(user).await.expect(201);
    }
    for (query, size, shown, first, start) in [
        ("", 20, 20, Some("u1"), json!(1)),
        ("?startIndex=1&count=2", 2, 2, Some("u1"), json!("1")),
        ("?startIndex=24&count=5", 5, 2, Some("u24"), json!("24")),
        ("?count=0", 20, 20, Some("u1"), json!(1)),
        ("?count=-1", 20, 20, Some("u1"), json!(1)),
        ("?count=1000", 100, 25, Some("u1"), json!(1)),
        ("?startIndex=0&count=1", 1, 1, Some("u1"), json!("0")),
        ("?startIndex=-5&count=1", 1, 1, Some("u1"), json!("-5")),
        ("?startIndex=x&count=x", 20, 20, Some("u1"), json!("x")),
        ("?startIndex=26", 20, 0, None, json!("26")),
    ] {
        let list = gitlab.get(&format!("/Users{query}")).await.expect(200).json();
        let users = list["Resources"].as_array().unwrap();
        assert_eq!((&list["totalResults"], &list["itemsPerPage"]), (&json!(25), &json!(size)), "{query}");
        assert_eq!((users.len(), &list["startIndex"]), (shown, &start), "{query}");
        assert_eq!(users.first().map(|user| user["id"].as_str().unwrap()), first, "{query}");
    }
}

async fn ids_go_through_the_url_whatever_they_hold(world: &World) {
    let gitlab = GitLab::new(world, Generation::Current).await;
    for (number, (uid, path)) in
        [("jane@corp.example", "jane%40corp.example"), ("a/b", "a%2Fb"), ("a%41", "a%2541"), ("ü", "%C3%BC")]
            .into_iter()
            .enumerate()
    {
        gitlab.post(person(uid, &format!("user{number}"), "A User")).await.expect(201);
        assert_eq!(gitlab.get(&format!("/Users/{path}")).await.expect(200).json()["id"], uid);
    }
    gitlab.get("/Users/unknown").await.expect_scim_error(404, "Resource unknown not found");
}
