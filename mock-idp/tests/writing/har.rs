//! The file is HAR 1.2, member by member, and says what happened.

use std::time::{Duration, SystemTime};

use http::Method;
use rstest::rstest;
use scimspec_mock_idp::exchange::Broken;
use scimspec_mock_idp::recording::{Format, Recording, Source, har};
use serde_json::{Map, Value, json};

use super::{answer_with, entry, exchange, with_bodies};

fn written(exchanges: Vec<scimspec_mock_idp::exchange::Exchange>) -> Value {
    written_from(Source { format: Format::Har, creator: None, comment: None }, exchanges)
}

fn written_from(source: Source, exchanges: Vec<scimspec_mock_idp::exchange::Exchange>) -> Value {
    let entries = exchanges.into_iter().map(entry).collect();
    let recording = Recording { source, base: None, entries, left_out: Vec::new() };
    let mut out = Vec::new();
    har::write(&recording, &mut out).expect("memory takes everything");
    let har = serde_json::from_slice(&out).expect("JSON");
    check(&har);
    har
}

/// The rules of the HAR 1.2 specification for every member that it knows.
fn check(har: &Value) {
    let log = object(har, &["log"]).get("log").expect("a log");
    let log = object(log, &["version", "creator", "entries"]);
    assert_eq!(log["version"], "1.2");
    let creator = object(&log["creator"], &["name", "version"]);
    assert!(creator.values().all(|value| value.as_str().is_some_and(|text| !text.is_empty())));
    assert!(log.get("comment").is_none_or(Value::is_string));
    for entry in log["entries"].as_array().expect("entries") {
        let entry = object(entry, &["startedDateTime", "time", "request", "response", "cache", "timings"]);
        let started = entry["startedDateTime"].as_str().expect("a time");
        started.parse::<jiff::Timestamp>().expect("ISO 8601 with its zone");
        let timings = object(&entry["timings"], &["send", "wait", "receive"]);
        let sum: f64 =
            timings.values().map(|value| value.as_f64().filter(|ms| *ms >= 0.0).expect("ms")).sum();
        let time = entry["time"].as_f64().expect("ms");
        assert!((time - sum).abs() < 0.001, "time is the sum of the timings");
        object(&entry["cache"], &[]);
        check_request(&entry["request"]);
        check_response(&entry["response"]);
    }
}

fn check_request(request: &Value) {
    let request = object(
        request,
        &["method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"],
    );
    for name in ["method", "url", "httpVersion"] {
        assert!(request[name].as_str().is_some_and(|text| !text.is_empty()), "{name}");
    }
    let url = request["url"].as_str().expect("a URL");
    assert!(!url.contains('#'), "fragments are not sent");
    check_pairs(&request["queryString"]);
    check_common(request);
    if let Some(data) = request.get("postData") {
        let data = object(data, &["mimeType", "text"]);
        assert!(data["mimeType"].is_string() && data["text"].is_string());
        assert!(data.get("params").is_none(), "text and params exclude each other");
    } else {
        assert_eq!(request["bodySize"], 0);
    }
}

fn check_response(response: &Value) {
    let response = object(
        response,
        &[
            "status",
            "statusText",
            "httpVersion",
            "cookies",
            "headers",
            "content",
            "redirectURL",
            "headersSize",
            "bodySize",
        ],
    );
    assert!(response["status"].is_u64());
    for name in ["statusText", "httpVersion", "redirectURL"] {
        assert!(response[name].is_string(), "{name}");
    }
    check_common(response);
    let content = object(&response["content"], &["size", "mimeType"]);
    assert!(content["size"].is_u64() && content["mimeType"].is_string());
    assert!(content.get("text").is_none_or(Value::is_string));
    assert!(content.get("encoding").is_none_or(|encoding| encoding == "base64"));
}

fn check_common(message: &Map<String, Value>) {
    assert_eq!(message["cookies"], json!([]));
    check_pairs(&message["headers"]);
    for name in ["headersSize", "bodySize"] {
        assert!(message[name].as_i64().is_some_and(|size| size >= -1), "{name}");
    }
}

fn check_pairs(pairs: &Value) {
    for pair in pairs.as_array().expect("a list") {
        let pair = object(pair, &["name", "value"]);
        assert!(pair.values().all(Value::is_string));
    }
}

fn object<'v>(value: &'v Value, required: &[&str]) -> &'v Map<String, Value> {
    let object = value.as_object().expect("an object");
    for name in required {
        assert!(object.contains_key(*name), "{name} is missing");
    }
    object
}

#[test]
fn an_exchange_keeps_its_headers_its_text_and_its_times() {
    let mut one = with_bodies("/Users?filter=userName+eq+%22ada%22&x", "{\"a\": \"\u{1}é\"}", "");
    one.request
        .headers
        .splice(0..0, [("X-b".to_owned(), "1".to_owned()), ("x-A".to_owned(), "2".to_owned())]);
    one.request.headers.push(("content-LENGTH".to_owned(), "11".to_owned()));
    answer_with(&mut one, 201, "{}");
    let har = written(vec![one]);
    let entry = &har["log"]["entries"][0];
    assert_eq!(entry["startedDateTime"], "2026-09-21T14:13:20.123456Z");
    assert_eq!(entry["time"], 12.5);
    assert_eq!(
        entry["request"]["headers"],
        json!([
            {"name": "X-b", "value": "1"}, {"name": "x-A", "value": "2"},
            {"name": "Content-Type", "value": "application/scim+json"}, {"name": "content-LENGTH", "value": "11"},
        ])
    );
    assert_eq!(
        entry["request"]["queryString"],
        json!([{"name": "filter", "value": "userName eq \"ada\""}, {"name": "x", "value": ""}])
    );
    assert_eq!(entry["request"]["bodySize"], 11);
    assert_eq!(
        entry["request"]["postData"],
        json!({"mimeType": "application/scim+json", "text": "{\"a\": \"\u{1}é\"}"})
    );
    assert_eq!(entry["response"]["statusText"], "Created");
    assert_eq!(
        entry["response"]["content"],
        json!({"size": 2, "mimeType": "application/scim+json", "text": "{}"})
    );
    assert_eq!(entry["response"]["bodySize"], -1, "nobody said how long it was on the wire");
}

#[test]
fn a_body_that_is_no_text_is_base64() {
    let mut one = exchange(Method::POST, "/Users");
    one.request.body = Some(vec![0xff, 0].into());
    one.result.as_mut().unwrap().body = vec![0xfe].into();
    let har = written(vec![one]);
    let entry = &har["log"]["entries"][0];
    assert_eq!(entry["request"]["postData"]["text"], "/wA=");
    assert_eq!(entry["request"]["postData"]["_encoding"], "base64");
    assert_eq!(entry["response"]["content"]["text"], "/g==");
    assert_eq!(entry["response"]["content"]["encoding"], "base64");
    assert_eq!(entry["response"]["content"]["size"], 1);
}

#[rstest]
#[case(Broken::Cut("connection reset".to_owned()), "the connection broke: connection reset")]
#[case(Broken::Timeout(Duration::from_mins(1)), "no complete answer within 60s")]
#[case(Broken::NotRecorded, "the recording holds no answer")]
fn what_broke_has_status_0(#[case] broken: Broken, #[case] expected: &str) {
    let mut one = exchange(Method::GET, "/Users");
    one.result = Err(broken);
    let har = written(vec![one]);
    let response = &har["log"]["entries"][0]["response"];
    assert_eq!(response["status"], 0);
    assert_eq!(response["_error"], expected);
}

#[rstest]
#[case(Method::HEAD, 200, 0)]
#[case(Method::GET, 304, 0)]
#[case(Method::GET, 200, 50)]
fn a_length_is_that_of_a_body_that_was_there(#[case] method: Method, #[case] status: u16, #[case] size: i64) {
    let mut one = exchange(method, "/Users");
    let answer = one.result.as_mut().unwrap();
    answer.status = status;
    answer.headers.push(("Content-Length".to_owned(), "50".to_owned()));
    assert_eq!(written(vec![one])["log"]["entries"][0]["response"]["bodySize"], size);
}

#[test]
fn a_redirect_says_where_to() {
    let mut one = exchange(Method::GET, "/Users");
    let answer = one.result.as_mut().unwrap();
    answer.status = 308;
    answer.headers.push(("Location".to_owned(), "/v2/Users".to_owned()));
    assert_eq!(written(vec![one])["log"]["entries"][0]["response"]["redirectURL"], "/v2/Users");
}

#[test]
fn the_file_says_how_it_was_made() {
    let comment = |format, creator: Option<&str>, comment: Option<&str>| {
        let source =
            Source { format, creator: creator.map(str::to_owned), comment: comment.map(str::to_owned) };
        written_from(source, Vec::new())["log"]["comment"].clone()
    };
    assert_eq!(comment(Format::Har, Some("scimspec 0.1.0"), Some("made by hand")), "made by hand");
    assert_eq!(comment(Format::Har, Some("mitmproxy 12.1"), None), "Converted from HAR by mitmproxy 12.1");
    assert_eq!(comment(Format::Ngrok, None, Some("x")), "x (Converted from ngrok's inspector)");
    assert_eq!(comment(Format::Har, None, None), Value::Null);
}

#[test]
fn a_secret_header_is_not_written_even_if_the_caller_left_it_in() {
    let mut one = exchange(Method::GET, "/Users");
    one.request.headers.push(("authorization".to_owned(), "Bearer s3cret-token".to_owned()));
    let har = written(vec![one]);
    assert_eq!(har["log"]["entries"][0]["request"]["headers"][0]["value"], "[redacted]");
}

#[test]
fn times_that_no_calendar_knows_do_not_stop_the_recording() {
    let mut one = exchange(Method::GET, "/Users");
    if let Some(late) = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(1 << 50)) {
        one.started = late;
    }
    written(vec![one]);
}

#[test]
fn two_files_compare_line_by_line() {
    let mut out = Vec::new();
    let mut writer = har::Writer::new(&mut out, Some("two")).unwrap();
    writer.entry(&entry(exchange(Method::GET, "/Users/1"))).unwrap();
    writer.entry(&entry(exchange(Method::GET, "/Users/2"))).unwrap();
    writer.finish().unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[0].ends_with("\"comment\":\"two\",\"entries\":[") && lines[3] == "]}}");
    assert!(lines[1].contains("/Users/1") && lines[2].contains("/Users/2"));
}
