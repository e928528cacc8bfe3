//! Lists: pages and filters over HTTP.

use serde_json::{Value, json};

use crate::support::{Server, user};

async fn with_users(count: usize) -> (Server, Vec<String>) {
    let server = Server::new();
    let mut ids = Vec::new();
    for n in 0..count {
        let mut body = user(&format!("user{n}"));
        body["externalId"] = format!("Ext{n}").into();
        body["displayName"] = format!("Person {n}").into();
        body["title"] = if n % 2 == 0 { "even" } else { "odd" }.into();
        body["emails"] = json!([{"value": format!("user{n}@example.com"), "type": "work"}]);
        ids.push(server.post("/Users", &body).await.expect(201).id());
    }
    (server, ids)
}

fn ids(list: &Value) -> Vec<String> {
    let resources = list["Resources"].as_array().unwrap();
    resources.iter().map(|resource| resource["id"].as_str().unwrap().to_owned()).collect()
}

async fn filtered(server: &Server, filter: &str) -> Value {
    let filter = percent_encoding::utf8_percent_encode(filter, percent_encoding::NON_ALPHANUMERIC);
    server.get(&format!("/Users?filter={filter}")).await.expect(200).json()
}

#[tokio::test]
async fn rfc7644_3_4_2_an_empty_list_is_a_list() {
    let server = Server::new();
    for path in ["/Users", "/Groups", "/Users?filter=userName%20eq%20%22nobody%22"] {
        assert_eq!(
            server.get(path).await.expect(200).json(),
            json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
                "totalResults": 0,
                "startIndex": 1,
                "itemsPerPage": 0,
                "Resources": [],
            })
        );
    }
}

#[tokio::test]
async fn rfc7644_3_4_2_4_l8_the_pages_hold_everyone_once() {
    let (server, all) = with_users(7).await;
    let mut seen = Vec::new();
    for start in [1, 4, 7] {
        let page = server.get(&format!("/Users?startIndex={start}&count=3")).await.expect(200).json();
        assert_eq!((&page["totalResults"], &page["startIndex"]), (&json!(7), &json!(start)));
        assert_eq!(page["itemsPerPage"], page["Resources"].as_array().unwrap().len());
        seen.extend(ids(&page));
    }
    assert_eq!(seen, all);
}

#[tokio::test]
async fn rfc7644_3_4_2_4_the_edges_of_paging() {
    let (server, all) = with_users(3).await;
    for (query, expected) in [
        ("startIndex=0&count=1", &all[..1]),
        ("startIndex=-5&count=1", &all[..1]),
        ("count=0", &[]),
        ("count=-1", &[]),
        ("startIndex=4", &[]),
        ("startIndex=99999999999999999999", &[]),
        ("count=100000", &all[..]),
        ("", &all[..]),
    ] {
        for filter in ["", "&filter=title%20pr"] {
            let page = server.get(&format!("/Users?{query}{filter}")).await.expect(200).json();
            assert_eq!(ids(&page), expected, "{query}{filter}");
            assert_eq!(page["totalResults"], 3, "{query}{filter}");
            assert!(page["startIndex"].as_u64() >= Some(1));
        }
    }
    server.get("/Users?count=abc").await.expect_error(400, Some("invalidValue"));
}

/// RFC7644-3.4.2.1-L3: a page instead of tooMany.
#[tokio::test]
async fn a_page_is_never_longer_than_the_limit() {
    let limits = scimspec_reference_server::Limits { page: 2, ..Default::default() };
    let server = Server::build(vec![], limits, None);
    for name in ["a", "b", "c"] {
        server.post("/Users", &user(name)).await.expect(201);
    }
    for query in ["", "?count=3", "?filter=userName%20pr"] {
        let page = server.get(&format!("/Users{query}")).await.expect(200).json();
        assert_eq!((page["Resources"].as_array().unwrap().len(), &page["totalResults"]), (2, &json!(3)));
    }
    let config = server.get("/ServiceProviderConfig").await.json();
    assert_eq!(config["filter"]["maxResults"], 2);
}

#[tokio::test]
async fn what_providers_look_people_up_by_finds_them() {
    let (server, all) = with_users(3).await;
    for filter in [
        format!("id eq \"{}\"", all[1]),
        r#"userName eq "USER1""#.to_owned(),
        r#"externalId eq "Ext1""#.to_owned(),
        r#"displayName eq "person 1""#.to_owned(),
        r#"emails.value eq "user1@EXAMPLE.com""#.to_owned(),
        r#"emails[type eq "work"].value eq "user1@example.com""#.to_owned(),
        r#"urn:ietf:params:scim:schemas:core:2.0:User:userName eq "user1""#.to_owned(),
        r#"userName eq "user1" and title eq "odd""#.to_owned(),
    ] {
        assert_eq!(ids(&filtered(&server, &filter).await), all[1..2], "{filter}");
    }
    for filter in [
        r#"id eq "nobody""#,
        r#"externalId eq "ext1""#,
        r#"userName eq "user1" and title eq "even""#,
        r#"emails[type eq "home"].value eq "user1@example.com""#,
    ] {
        assert_eq!(filtered(&server, filter).await["totalResults"], 0, "{filter}");
    }
}

/// RFC7644-3.4.2.2-L2
#[tokio::test]
async fn a_filter_that_no_index_answers_is_answered_all_the_same() {
    let (server, all) = with_users(5).await;
    let odd = filtered(&server, r#"title eq "odd""#).await;
    assert_eq!(ids(&odd), [all[1].clone(), all[3].clone()]);
    let either = filtered(&server, r#"userName eq "user0" or userName eq "user4""#).await;
    assert_eq!(ids(&either), [all[0].clone(), all[4].clone()]);
    let page = server.get("/Users?filter=title%20eq%20%22odd%22&startIndex=2&count=1").await.json();
    assert_eq!((ids(&page), &page["totalResults"]), (all[3..4].to_vec(), &json!(2)));
}

#[tokio::test]
async fn an_index_forgets_what_is_no_longer_so() {
    let (server, all) = with_users(2).await;
    let path = format!("/Users/{}", all[0]);
    let operations = json!([
        {"op": "replace", "path": "userName", "value": "renamed"},
        {"op": "remove", "path": "externalId"},
    ]);
    server.patch(&path, operations).await.expect(200);
    assert_eq!(filtered(&server, r#"userName eq "user0""#).await["totalResults"], 0);
    assert_eq!(filtered(&server, r#"externalId eq "Ext0""#).await["totalResults"], 0);
    assert_eq!(ids(&filtered(&server, r#"userName eq "renamed""#).await), all[..1]);
}

#[tokio::test]
async fn meta_and_groups_can_be_filtered_by() {
    let (server, all) = with_users(2).await;
    let staff = server.group("Staff", &[&all[1]]).await;
    assert_eq!(ids(&filtered(&server, &format!("groups.value eq \"{staff}\"")).await), all[1..]);
    assert_eq!(ids(&filtered(&server, r#"groups.display eq "Staff""#).await), all[1..]);
    assert_eq!(ids(&filtered(&server, r#"meta.lastModified gt "2020-01-01T00:00:00Z""#).await), all);
    assert_eq!(filtered(&server, r#"meta.created lt "2020-01-01T00:00:00Z""#).await["totalResults"], 0);
}

/// RFC7644-3.4.2.2-L59, L60
#[tokio::test]
async fn groups_are_found_by_name_and_by_member() {
    let (server, all) = with_users(2).await;
    let staff = server.group("Staff", &[&all[0]]).await;
    server.group("Board", &[&all[1]]).await;
    for filter in [
        "displayName%20eq%20%22staff%22".to_owned(),
        format!("members.value%20eq%20%22{}%22", all[0]),
        format!("members%5Bvalue%20eq%20%22{}%22%5D", all[0]),
    ] {
        let found = server.get(&format!("/Groups?filter={filter}")).await.expect(200).json();
        assert_eq!(ids(&found), [staff.as_str()], "{filter}");
    }
}

#[tokio::test]
async fn an_inactive_user_is_found_like_any_other() {
    let (server, all) = with_users(2).await;
    server.set_active(&all[0], false).await.expect(200);
    for filter in [r#"userName eq "user0""#, r#"externalId eq "Ext0""#, "active eq false"] {
        let found = filtered(&server, filter).await;
        assert_eq!(ids(&found), all[..1], "{filter}");
        assert_eq!(found["Resources"][0]["active"], false);
    }
    assert_eq!(server.get("/Users").await.json()["totalResults"], 2);
}

#[tokio::test]
async fn a_filter_that_makes_no_sense_is_refused() {
    let server = Server::new();
    for filter in ["userName%20zz%20%22x%22", "", "noSuchThing%20eq%201", "active%20gt%20true"] {
        server.get(&format!("/Users?filter={filter}")).await.expect_error(400, Some("invalidFilter"));
    }
}

#[tokio::test]
async fn rfc7644_3_9_l9_lists_show_what_the_client_asks_for() {
    let (server, all) = with_users(1).await;
    server.group("Staff", &[&all[0]]).await;
    let list = server.get("/Users?attributes=userName").await.json();
    assert_eq!(list["Resources"][0]["userName"], "user0");
    assert_eq!(list["Resources"][0].get("emails"), None);
    let groups = server.get("/Groups?excludedAttributes=members").await.json();
    assert_eq!(groups["Resources"][0].get("members"), None);
    assert_eq!(groups["Resources"][0]["displayName"], "Staff");
}
