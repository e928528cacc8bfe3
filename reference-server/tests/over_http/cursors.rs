//! Paging by cursor (RFC 9865).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{body::Body, http::Method};
use scimspec_reference_server::{
    Clock, Config, Limits, Protocol, Tenant, TenantName, Tenants, TokenHash, store::Timestamp,
};
use serde_json::{Value, json};

use crate::support::{ADMIN_TOKEN, SCIM_TOKEN, Server, column, scim, user};

/// The queries that a client can walk through: plain, by a scan, by an order, over all types, by an index.
const QUERIES: [&str; 5] = [
    "/Users?cursor",
    "/Users?filter=title%20pr&cursor=",
    "/Users?sortBy=title&sortOrder=descending&cursor=",
    "?filter=userName%20pr&cursor=",
    "/Users?filter=displayName%20eq%20%22ada%22&cursor=",
];

async fn fill(server: &Server, count: usize) {
    for n in 0..count {
        let mut body = user(&format!("u{n}"));
        body["title"] = format!("{}", n % 3).into();
        body["displayName"] = "Ada".into();
        server.post("/Users", &body).await.expect(201);
    }
}

async fn page(server: &Server, query: &str, cursor: &str, rest: &str) -> Value {
    server.get(&format!("{}{rest}", with_cursor(query, cursor))).await.expect(200).json()
}

fn with_cursor(query: &str, cursor: &str) -> String {
    query.replace("cursor=", "cursor").replace("cursor", &format!("cursor={cursor}"))
}

fn next(page: &Value) -> Option<&str> {
    page.get("nextCursor").map(|cursor| cursor.as_str().unwrap())
}

#[tokio::test]
async fn rfc9865_2_l1_to_l7_the_pages_hold_everyone_once_there_and_back() {
    let server = Server::new();
    fill(&server, 5).await;
    server.group("Staff", &[]).await;
    for query in QUERIES {
        let mut pages = vec![server.get(&format!("{query}&count=2")).await.expect(200).json()];
        while let Some(cursor) = next(&pages[pages.len() - 1]) {
            // RFC9865-2-L5
            assert!(cursor.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c)), "{cursor}");
            pages.push(page(&server, query, cursor, "&count=2").await);
        }
        assert_eq!(pages.len(), 3, "{query}");
        let mut seen: Vec<String> = pages.iter().flat_map(|page| column(page, "id")).collect();
        assert_eq!(seen.len(), 5, "{query}");
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 5, "{query}");
        for page in &pages {
            assert_eq!((&page["totalResults"], page.get("startIndex")), (&json!(5), None), "{query}"); // RFC9865-2-L11
            assert!(column(page, "id").len() <= 2); // RFC9865-2-L8
        }
        assert_eq!(pages[0].get("previousCursor"), None, "{query}");
        let mut back = pages.len() - 1;
        let mut here = pages[back].clone();
        while let Some(cursor) = here.get("previousCursor").and_then(Value::as_str) {
            back -= 1;
            here = page(&server, query, cursor, "").await;
            assert_eq!(column(&here, "id"), column(&pages[back], "id"), "{query}"); // RFC9865-2-L6
            assert!(next(&here).is_some(), "{query}");
        }
        assert_eq!(back, 0, "{query}");
    }
}

#[tokio::test]
async fn rfc9865_2_2_l1_cursor_pages_follow_the_order() {
    let server = Server::new();
    fill(&server, 7).await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = page(&server, "/Users?sortBy=title&cursor", &cursor, "&count=3").await;
        seen.extend(column(&page, "title"));
        match next(&page) {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(seen, ["0", "0", "0", "1", "1", "2", "2"]);
}

#[tokio::test]
async fn a_walk_goes_on_where_it_was_when_resources_come_and_go() {
    for query in ["/Users?cursor", "/Users?filter=userName%20pr&cursor", "/Users?sortBy=userName&cursor"] {
        let server = Server::new();
        fill(&server, 6).await;
        let first = page(&server, query, "", "&count=2").await;
        for id in column(&first, "id") {
            server.delete(&format!("/Users/{id}")).await.expect(204);
        }
        server.post("/Users", &user("late")).await.expect(201);
        let second = page(&server, query, next(&first).unwrap(), "").await;
        assert_eq!(column(&second, "userName"), ["u2", "u3"], "{query}");
    }
}

/// RFC9865-4-L5, L6
#[tokio::test]
async fn rfc9865_2_l8_l9_and_2_1_l3_how_many() {
    let server = Server::build(vec![], Limits { page: 4, default_page: 3, ..Limits::default() }, None);
    fill(&server, 6).await;
    for (query, expected) in [("", 3), ("&count=2", 2), ("&count=0", 0), ("&count=-1", 0), ("&count=100", 4)]
    {
        let page = page(&server, "/Users?cursor", "", query).await;
        assert_eq!((column(&page, "id").len(), &page["totalResults"]), (expected, &json!(6)), "{query}");
    }
    let first = page(&server, "/Users?cursor", "", "&count=2").await;
    let cursor = next(&first).unwrap();
    for count in ["3", "x", "1.5"] {
        let answer = server.get(&format!("/Users?cursor={cursor}&count={count}")).await;
        answer.expect_error(400, Some("invalidCount"));
    }
    assert_eq!(column(&page(&server, "/Users?cursor", cursor, "").await, "userName"), ["u2", "u3"]);
}

#[tokio::test]
async fn rfc9865_2_l12_filter_and_attributes_hold_on_every_page() {
    let server = Server::new();
    fill(&server, 6).await;
    let query = "/Users?filter=title%20eq%20%220%22&attributes=userName&cursor";
    let first = page(&server, query, "", "&count=1").await;
    let second = page(&server, query, next(&first).unwrap(), "&count=1").await;
    assert_eq!((column(&second, "userName"), &second["totalResults"]), (vec!["u3".to_owned()], &json!(2)));
    assert_eq!(second["Resources"][0].get("title"), None);
    assert_eq!(next(&second), None); // RFC9865-2-L3
}

#[tokio::test]
async fn rfc9865_2_1_l1_l4_5_2_l3_l4_a_cursor_is_good_for_its_own_query_only() {
    let server = Server::new();
    fill(&server, 6).await;
    let first = page(&server, "/Users?filter=title%20pr&cursor", "", "&count=2").await;
    let cursor = next(&first).unwrap();
    let forged = format!("{}{}", if cursor.starts_with('A') { "B" } else { "A" }, &cursor[1..]);
    for path in [
        "/Users?cursor=not-a-real-cursor".to_owned(),
        format!("/Users?cursor={cursor}"),
        format!("/Users?filter=userName%20pr&cursor={cursor}"),
        format!("/Users?filter=title%20pr&sortBy=id&cursor={cursor}"),
        format!("?filter=title%20pr&cursor={cursor}"),
        format!("/Users?filter=title%20pr&cursor={forged}"),
    ] {
        let answer = server.get(&path).await.expect_error(400, Some("invalidCursor"));
        assert!(!answer.text.contains("title"), "{}", answer.text);
    }
    server
        .get(&format!("/Users?filter=title%20pr&cursor={cursor}&startIndex=1"))
        .await
        .expect_error(400, Some("invalidValue"));
}

#[tokio::test]
async fn rfc9865_2_1_l2_4_l7_a_cursor_is_good_for_its_time() {
    let seconds = Arc::new(AtomicU64::new(0));
    let (start, passed) = (Timestamp::now(), Arc::clone(&seconds));
    let clock = Clock::new(move || start.plus(Duration::from_secs(passed.load(Ordering::Relaxed))));
    let config = Config::single(TokenHash::of(SCIM_TOKEN), TokenHash::of(ADMIN_TOKEN));
    let server = Server::of(Config {
        limits: Limits { cursor_seconds: 60, ..Limits::default() },
        protocol: Protocol { clock, ..Protocol::default() },
        ..config
    });
    fill(&server, 6).await;
    let first = page(&server, "/Users?cursor", "", "&count=2").await;
    seconds.store(60, Ordering::Relaxed);
    let second = page(&server, "/Users?cursor", next(&first).unwrap(), "").await;
    seconds.store(62, Ordering::Relaxed);
    let late = server.get(&format!("/Users?cursor={}", next(&first).unwrap())).await;
    late.expect_error(400, Some("expiredCursor"));
    page(&server, "/Users?cursor", next(&second).unwrap(), "").await;
}

#[tokio::test]
async fn rfc9865_5_2_l1_a_cursor_gives_another_client_nothing() {
    let tenant = |name: &str, token: &str| Tenant {
        name: TenantName::parse(name).unwrap(),
        scim_token: TokenHash::of(token),
        admin_token: TokenHash::of(&format!("{token}-admin")),
    };
    let tenants = Tenants::one(tenant("one", SCIM_TOKEN)).and(tenant("two", "other")).unwrap();
    let server = Server::of(Config::new(tenants));
    fill(&server, 3).await;
    let first = page(&server, "/Users?cursor", "", "&count=1").await;
    let mut request =
        scim(Method::GET, &format!("/Users?cursor={}", next(&first).unwrap())).body(Body::empty()).unwrap();
    request.headers_mut().insert("authorization", "Bearer other".parse().unwrap());
    server.send(request).await.expect_error(400, Some("invalidCursor"));
}

#[tokio::test]
async fn rfc9865_3_l1_cursors_work_in_a_search_by_post() {
    let server = Server::new();
    fill(&server, 3).await;
    let schemas = json!(["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]);
    let body = json!({"schemas": schemas, "cursor": "", "count": 2});
    let first = server.post("/Users/.search", &body).await.expect(200).json();
    let body = json!({"schemas": schemas, "cursor": next(&first).unwrap(), "count": 2});
    let second = server.post("/Users/.search", &body).await.expect(200).json();
    assert_eq!((column(&first, "userName").len(), column(&second, "userName")), (2, vec!["u2".to_owned()]));
    // A cursor of a GET continues in a POST: it is the same query.
    let by_get = page(&server, "/Users?cursor", next(&first).unwrap(), "").await;
    assert_eq!(by_get, second);
}

#[tokio::test]
async fn rfc9865_2_4_l1_l3_without_a_cursor_it_is_index_paging() {
    let server = Server::new();
    fill(&server, 3).await;
    for path in ["/Users", "/Users?startIndex=1&count=2"] {
        let page = server.get(path).await.expect(200).json();
        assert_eq!((&page["startIndex"], page.get("nextCursor")), (&json!(1), None), "{path}");
    }
}
