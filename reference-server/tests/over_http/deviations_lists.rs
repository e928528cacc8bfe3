//! Deviations of filters and pages: each story is told to the right server and to the wrong one.

use serde_json::{Value, json};

use crate::{
    deviations_support::{outcome, told},
    support::{GROUP, Server, USER, column, encoded, user},
};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Makes ada, BETTY and carol, who have titles and addresses.
async fn three(server: &Server) {
    for (name, title) in [("ada", "Countess"), ("BETTY", "Dr"), ("carol", "Countess")] {
        let mut body = user(name);
        body["title"] = json!(title);
        body["externalId"] = json!(format!("ext-{name}"));
        body["emails"] = json!([{"value": format!("{name}@example.com"), "type": "work"}]);
        server.post("/Users", &body).await.expect(201);
    }
}

/// Who is found by a filter among the three, with GET and with /.search alike.
async fn found(server: &Server, filter: &str) -> Value {
    three(server).await;
    asked(server, filter).await
}

async fn asked(server: &Server, filter: &str) -> Value {
    let got = server.get(&format!("/Users?filter={}", encoded(filter))).await;
    let search = json!({"schemas": [SEARCH], "filter": filter});
    let searched = server.post("/Users/.search", &search).await;
    assert_eq!(got.text, searched.text, "GET and /.search");
    if got.status.as_u16() == 200 {
        let list = got.json();
        let names = column(&list, "userName");
        assert_eq!(list["totalResults"], names.len());
        json!(names)
    } else {
        outcome(&got)
    }
}

#[tokio::test]
async fn filter_username_case_sensitive() {
    let slug = "filter-username-case-sensitive";
    for (filter, right, wrong) in [
        (r#"userName eq "ADA""#, json!(["ada"]), json!([])),
        (r#"userName sw "b""#, json!(["BETTY"]), json!([])),
        (r#"not (userName eq "ADA")"#, json!(["BETTY", "carol"]), json!(["ada", "BETTY", "carol"])),
        (
            r#"userName eq "betty" or title eq "COUNTESS""#,
            json!(["ada", "BETTY", "carol"]),
            json!(["ada", "carol"]),
        ),
    ] {
        told(slug).as_(async |server| found(server, filter).await, right, wrong).await;
    }
    told(slug).but_not(async |server| found(server, r#"userName eq "BETTY""#).await, json!(["BETTY"])).await;
    told(slug).but_not(async |server| found(server, r#"title eq "dr""#).await, json!(["BETTY"])).await;
}

#[tokio::test]
async fn a_search_in_which_case_counts_has_pages_and_projections_as_ever() {
    let server = Server::with(&["filter-username-case-sensitive"]);
    three(&server).await;
    let filter = encoded(r#"userName co "a""#);
    let path = format!("/Users?filter={filter}&startIndex=2&count=1&attributes=title&sortBy=userName");
    let list = server.get(&path).await.expect(200).json();
    assert_eq!(
        (&list["totalResults"], &list["startIndex"], &list["itemsPerPage"]),
        (&json!(2), &json!(2), &json!(1))
    );
    assert_eq!(column(&list, "title"), ["Countess"]);
    assert_eq!(column(&list, "userName"), ["-"]);
    assert_eq!(server.get("/Users?filter=userName%20eq").await.status.as_u16(), 400);
}

#[tokio::test]
async fn filter_displayname_case_sensitive() {
    let story = async |server: &Server| {
        server.group("testGroup", &[]).await;
        let of = async |name: &str| {
            let filter = encoded(&format!(r#"displayName eq "{name}""#));
            server.get(&format!("/Groups?filter={filter}")).await.expect(200).json()["totalResults"].clone()
        };
        json!([of("TestGroup").await, of("testGroup").await])
    };
    told("filter-displayname-case-sensitive").as_(story, json!([1, 1]), json!([0, 1])).await;
}

#[tokio::test]
async fn filter_case_partial_operators() {
    let slug = "filter-case-partial-operators";
    for filter in
        [r#"userName sw "AD""#, r#"title co "OUNT" and userName ew "DA""#, r#"emails[value sw "ADA"]"#]
    {
        told(slug).as_(async |server| found(server, filter).await, json!(["ada"]), json!([])).await;
    }
    for (filter, right) in
        [(r#"userName eq "ADA""#, json!(["ada"])), (r#"title ne "COUNTESS""#, json!(["BETTY"]))]
    {
        told(slug).but_not(async |server| found(server, filter).await, right).await;
    }
}

#[tokio::test]
async fn filter_and_uppercase_truncates() {
    let slug = "filter-and-uppercase-truncates";
    let capital = r#"title eq "Countess" AND userName eq "carol""#;
    told(slug)
        .as_(async |server| found(server, capital).await, json!(["carol"]), json!(["ada", "carol"]))
        .await;
    for filter in
        [r#"title eq "Countess" and userName eq "carol""#, r#"userName ne "x AND y" and userName eq "carol""#]
    {
        told(slug).but_not(async |server| found(server, filter).await, json!(["carol"])).await;
    }
}

#[tokio::test]
async fn filter_compound_truncated() {
    let slug = "filter-compound-truncated";
    let both = r#"title eq "Countess" and userName eq "carol""#;
    told(slug).as_(async |server| found(server, both).await, json!(["carol"]), json!(["ada", "carol"])).await;
    let one = r#"userName eq "carol""#;
    told(slug).but_not(async |server| found(server, one).await, json!(["carol"])).await;
}

#[tokio::test]
async fn filter_unknown_returns_all() {
    let slug = "filter-unknown-returns-all";
    let all = json!(["ada", "BETTY", "carol"]);
    for filter in ["userName eq", "userName like \"a\""] {
        let right = json!([400, "invalidFilter"]);
        told(slug).as_(async |server| found(server, filter).await, right, all.clone()).await;
    }
    let emails = r#"emails.value eq "ada@example.com""#;
    told(slug).as_(async |server| found(server, emails).await, json!(["ada"]), all).await;
    told(slug).but_not(async |server| found(server, r#"userName eq "ada""#).await, json!(["ada"])).await;
}

#[tokio::test]
async fn filter_externalid_unsupported() {
    let slug = "filter-externalid-unsupported";
    let filter = r#"externalId eq "ext-ada""#;
    told(slug).as_(async |server| found(server, filter).await, json!(["ada"]), json!([])).await;
    told(slug).but_not(async |server| found(server, r#"userName eq "ada""#).await, json!(["ada"])).await;
}

#[tokio::test]
async fn filter_schemas_attribute_400() {
    let filter = format!(r#"schemas eq "{USER}""#);
    told("filter-schemas-attribute-400")
        .as_(
            async |server| found(server, &filter).await,
            json!(["ada", "BETTY", "carol"]),
            json!([400, "invalidFilter"]),
        )
        .await;
}

#[tokio::test]
async fn trailing_slash_breaks_query() {
    let story = async |server: &Server| {
        let filter = encoded(r#"userName eq "ada""#);
        let with = server.get(&format!("/Users/?filter={filter}")).await;
        let without = server.get(&format!("/Users?filter={filter}")).await;
        json!([outcome(&with), outcome(&without)])
    };
    told("trailing-slash-breaks-query").as_(story, json!([200, 200]), json!([404, 200])).await;
}

/// Of a page of five Groups named 1 to 5: who is on it, and totalResults, startIndex and itemsPerPage; by GET
/// and by /.search alike.
async fn page(server: &Server, start: Option<i64>, count: Option<i64>, filter: Option<&str>) -> Value {
    if server.get("/Groups").await.json()["totalResults"] == 0 {
        for name in 1..=5 {
            let body = json!({"schemas": [GROUP], "displayName": name.to_string()});
            server.post("/Groups", &body).await.expect(201);
        }
    }
    let mut query = Vec::new();
    let mut search = json!({"schemas": [SEARCH]});
    for (name, number) in [("startIndex", start), ("count", count)] {
        if let Some(number) = number {
            query.push(format!("{name}={number}"));
            search[name] = json!(number);
        }
    }
    if let Some(filter) = filter {
        query.push(format!("filter={}", encoded(filter)));
        search["filter"] = json!(filter);
    }
    let got = server.get(&format!("/Groups?{}", query.join("&"))).await.expect(200);
    let searched = server.post("/Groups/.search", &search).await.expect(200);
    assert_eq!(got.text, searched.text, "GET and /.search");
    let list = got.json();
    json!([
        column(&list, "displayName").concat(),
        list["totalResults"],
        list["startIndex"],
        list["itemsPerPage"]
    ])
}

#[tokio::test]
async fn startindex_zero_based() {
    let slug = "startindex-zero-based";
    for (start, right, wrong) in [
        (Some(1), json!(["12", 5, 1, 2]), json!(["23", 5, 1, 2])),
        (Some(0), json!(["12", 5, 1, 2]), json!(["12", 5, 0, 2])),
        (None, json!(["12", 5, 1, 2]), json!(["12", 5, 0, 2])),
    ] {
        told(slug).as_(async |server| page(server, start, Some(2), None).await, right, wrong).await;
    }
}

#[tokio::test]
async fn startindex_overlap() {
    let slug = "startindex-overlap";
    let from = async |server: &Server, start| page(server, Some(start), Some(2), None).await;
    told(slug).as_(async |s| from(s, 2).await, json!(["23", 5, 2, 2]), json!(["12", 5, 2, 2])).await;
    told(slug).as_(async |s| from(s, 3).await, json!(["34", 5, 3, 2]), json!(["23", 5, 3, 2])).await;
    told(slug).but_not(async |s| from(s, 1).await, json!(["12", 5, 1, 2])).await;
    told(slug).but_not(async |s| from(s, 0).await, json!(["12", 5, 1, 2])).await;
}

#[tokio::test]
async fn totalresults_wrong_with_filter() {
    let slug = "totalresults-wrong-with-filter";
    let filter = Some("displayName pr");
    let filtered = async |server: &Server| page(server, None, Some(2), filter).await;
    told(slug).as_(filtered, json!(["12", 5, 1, 2]), json!(["12", 2, 1, 2])).await;
    told(slug).but_not(async |s| page(s, None, Some(2), None).await, json!(["12", 5, 1, 2])).await;
    told(slug).but_not(async |s| page(s, None, None, filter).await, json!(["12345", 5, 1, 5])).await;
}

#[tokio::test]
async fn totalresults_shrinks_with_startindex() {
    let slug = "totalresults-shrinks-with-startindex";
    let story = async |server: &Server| page(server, Some(4), None, None).await;
    told(slug).as_(story, json!(["45", 5, 4, 2]), json!(["45", 2, 4, 2])).await;
    told(slug).but_not(async |s| page(s, None, Some(2), None).await, json!(["12", 5, 1, 2])).await;
}

#[tokio::test]
async fn itemsperpage_echoes_count() {
    let slug = "itemsperpage-echoes-count";
    let story = async |server: &Server| page(server, None, Some(50), None).await;
    told(slug).as_(story, json!(["12345", 5, 1, 5]), json!(["12345", 5, 1, 50])).await;
    told(slug).but_not(async |s| page(s, None, None, None).await, json!(["12345", 5, 1, 5])).await;
}

#[tokio::test]
async fn double_paging_empties_later_pages() {
    let slug = "double-paging-empties-later-pages";
    let third = async |server: &Server| page(server, Some(3), Some(2), None).await;
    told(slug).as_(third, json!(["34", 5, 3, 2]), json!(["", 5, 3, 0])).await;
    let second = async |server: &Server| page(server, Some(2), Some(2), None).await;
    told(slug).as_(second, json!(["23", 5, 2, 2]), json!(["3", 5, 2, 1])).await;
    told(slug).but_not(async |s| page(s, Some(1), Some(2), None).await, json!(["12", 5, 1, 2])).await;
}

#[tokio::test]
async fn startindex_ignored_on_short_list() {
    let slug = "startindex-ignored-on-short-list";
    let by_default = async |server: &Server| page(server, Some(4), None, None).await;
    told(slug).as_(by_default, json!(["45", 5, 4, 2]), json!(["12345", 5, 4, 5])).await;
    let counted = async |server: &Server| page(server, Some(4), Some(10), None).await;
    told(slug).as_(counted, json!(["45", 5, 4, 2]), json!(["12345", 5, 4, 5])).await;
    told(slug).but_not(async |s| page(s, Some(4), Some(2), None).await, json!(["45", 5, 4, 2])).await;
}
