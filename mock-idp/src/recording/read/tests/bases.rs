//! Which requests are SCIM, and below which base.

use rstest::rstest;
use url::Url;

use super::*;

const JSON: &str = "application/json";
const SCIM: &str = "application/scim+json";
const LIST: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"Resources":[]}"#;
const DEVICE: &str =
    r#"{"schemas":["urn:example:params:scim:schemas:Device"],"id":"a b","meta":{"resourceType":"Device"}}"#;

#[rstest]
#[case::well_known(&[("GET", "https://a.example/x/Users/1", JSON, LIST)], "https://a.example/x")]
#[case::at_the_root(&[("GET", "https://a.example/Users", SCIM, "{}")], "https://a.example/")]
#[case::discovery(&[("GET", "https://a.example/scim/v2/ServiceProviderConfig", JSON, "{}")], "https://a.example/scim/v2")]
#[case::lower_case(&[("GET", "https://a.example/scim/users", JSON, LIST)], "https://a.example/scim")]
#[case::list_of_its_own_type(&[("GET", "https://a.example/x/Devices?count=1", SCIM, LIST)], "https://a.example/x")]
#[case::resource_of_its_own_type(&[("GET", "https://a.example/x/Devices/a%20b", SCIM, DEVICE)], "https://a.example/x")]
#[case::create_of_its_own_type(&[("POST", "https://a.example/x/Devices", SCIM, DEVICE)], "https://a.example/x")]
#[case::only_paths(&[("DELETE", "https://a.example/x/Users/1", "", "")], "https://a.example/x")]
#[case::certain_before_frequent(
    &[
        ("GET", "https://app.example/api/Users", JSON, "[]"),
        ("GET", "https://app.example/api/Users", JSON, "[]"),
        ("GET", "https://app.example/provision/Users", SCIM, LIST),
    ],
    "https://app.example/provision"
)]
fn the_base_is_found(#[case] entries: &[(&str, &str, &str, &str)], #[case] expected: &str) {
    assert_eq!(base(&recording(&har(entries))), Some(expected));
}

#[test]
fn an_application_of_another_kind_is_no_scim() {
    let recording = recording(&har(&[
        ("GET", "https://app.example/api/v1/users/me", JSON, "{}"),
        ("GET", "https://app.example/favicon.ico", "image/x-icon", "x"),
    ]));
    assert_eq!((recording.entries.len(), base(&recording)), (0, None));
    assert_eq!(
        notes(&recording),
        [
            "entry 2: 1 request for pages, scripts, pictures and the like was left out",
            "entry 1: 1 request that speaks no SCIM was left out",
        ]
    );
}

#[test]
fn what_came_before_the_base_was_known_is_read_too() {
    let recording = recording(&har(&[
        ("GET", "https://a.example/scim/Devices/1", JSON, "{}"),
        ("GET", "https://a.example/scim/Users", SCIM, LIST),
    ]));
    assert_eq!(
        story(&recording),
        ["entry 1, after 0: GET /Devices/1: 200", "entry 2, after 0: GET /Users: 200"]
    );
}

#[rstest]
#[case::at_the_root("https://a.example")]
#[case::below_an_application("https://a.example/api/v2")]
fn where_an_application_may_live_only_what_speaks_scim_is_scim(#[case] base: &str) {
    let url = |path: &str| format!("{base}{path}");
    let recording = recording(&har(&[
        ("GET", &url("/Users"), SCIM, LIST),
        ("GET", &url("/status"), JSON, "{}"),
        ("GET", &url("/Devices"), SCIM, LIST),
        ("GET", &url("/Devices/7"), JSON, "{}"),
        ("GET", &url("/Users/7"), "text/html", "<h1>404</h1>"),
    ]));
    let places: Vec<_> = recording.entries.iter().map(|entry| entry.place.to_string()).collect();
    assert_eq!(places, ["entry 1", "entry 3", "entry 4", "entry 5"]);
}

#[test]
fn a_given_base_decides() {
    let file = har(&[
        ("GET", "https://a.example/x/Users", SCIM, LIST),
        ("GET", "https://A.example:443/y/Users", SCIM, LIST),
        ("GET", "https://a.example/yy/Users", SCIM, LIST),
    ]);
    let options = ReadOptions { base: Url::parse("https://a.example/y/").ok(), ..ReadOptions::default() };
    let recording = collect(&file[..], &options).unwrap();
    assert_eq!(story(&recording), ["entry 2, after 0: GET /Users: 200"]);
    assert_eq!(base(&recording), Some("https://a.example/y"));
    assert_eq!(recording.left_out.len(), 2);
}

#[test]
fn a_given_base_stands_for_what_a_suite_leaves_open() {
    let options = ReadOptions { base: Url::parse("https://a.example/y").ok(), ..ReadOptions::default() };
    let recording = collect(RUNSCOPE, &options).unwrap();
    assert_eq!(base(&recording), Some("https://a.example/y"));
    assert_eq!(recording.entries.len(), 4);
    assert_eq!(recording.entries[3].exchange.url, "https://a.example/y/Users/0123");
}

#[rstest]
#[case("ftp://a.example/")]
#[case("mailto:ada@example.com")]
fn a_base_must_be_one(#[case] url: &str) {
    let options = ReadOptions { base: Url::parse(url).ok(), ..ReadOptions::default() };
    assert_eq!(collect(MITMPROXY, &options), Err(ReadError::Base));
}
