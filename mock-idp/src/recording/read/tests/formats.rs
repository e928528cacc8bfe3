//! What is read of each kind of file.

use std::time::{Duration, SystemTime};

use rstest::rstest;
use serde_json::{Value, json};

use super::super::super::{Assertion, Capture, Comparison, Format, Part, Source, har as written};
use super::*;

#[test]
fn mitmproxy() {
    let recording = recording(MITMPROXY);
    let creator = Some("mitmproxy 11.0.2".to_owned());
    assert_eq!(recording.source, Source { format: Format::Har, creator, comment: None });
    assert_eq!(base(&recording), Some("https://app.example/scim/v2"));
    assert_eq!(
        story(&recording),
        [
            "entry 1, after 0: GET /Users?filter=userName%20eq%20%22ada%40example.com%22: 200",
            "entry 2, after 13: POST /Users: 201",
            "entry 3, after 4999: DELETE /Users/1: 204",
            "entry 4, after 752: GET /Users/2: the connection broke: server closed connection",
            "entry 5, after 997: GET /Users/3: the recording holds no answer",
        ]
    );
    assert_eq!(
        notes(&recording),
        ["entry 5: the recorder did not keep the whole body of 1 answer: it is taken for not recorded"]
    );
    let create = &recording.entries[1].exchange;
    let body: Value = serde_json::from_slice(create.request.body.as_ref().unwrap()).unwrap();
    assert_eq!(body["nickName"], "\u{c4}da");
    assert_eq!(create.request.headers[1], ("Authorization".to_owned(), "[redacted]".to_owned()));
    assert_eq!(create.started, SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_575_428_243_062));
    assert_eq!(create.took.as_micros(), 1957);
    assert_eq!(recording.entries[0].exchange.request.body, None);
}

#[test]
fn a_browser() {
    let recording = recording(CHROMIUM);
    assert_eq!(base(&recording), Some("https://api.example/tenants/7"));
    assert_eq!(
        story(&recording),
        [
            "entry 4, after 0: GET /Users?startIndex=1&count=100: 200",
            "entry 5, after 2000: PATCH /Users/42: the connection broke: net::ERR_CONNECTION_RESET",
            "entry 6, after 872: GET /Groups?startIndex=1&count=100: the recording holds no answer",
        ]
    );
    assert_eq!(
        notes(&recording),
        [
            "entry 6: the recorder did not keep the whole body of 1 answer: it is taken for not recorded",
            "entry 9: 1 request to another SCIM base, https://staging.example/scim/v2, was left out: name that base \
             to read those",
            "entry 3: 1 question of a browser whether it may ask (CORS) was left out",
            "the file: 2 requests for pages, scripts, pictures and the like were left out",
            "the file: 2 requests that speak no SCIM were left out",
        ]
    );
    let list = &recording.entries[0].exchange;
    assert_eq!(list.request.headers[0].0, "accept", "HTTP/2's pseudo headers are no headers");
    assert_eq!(list.result.as_ref().unwrap().json().unwrap()["totalResults"], 0);
    assert_eq!(recording.entries[2].exchange.took, Duration::ZERO);
}

#[test]
fn fiddler() {
    let recording = recording(FIDDLER);
    assert_eq!(recording.source.comment.as_deref(), Some("exported @ 25.11.2026 10:00:00"));
    assert_eq!(story(&recording), ["entry 2, after 0: GET /Users?count=1&access_token=[redacted]: 401"]);
    assert_eq!(
        notes(&recording),
        [
            "entry 3: 1 request was left out, since the recorder did not keep the whole body: what cannot be sent \
             again cannot be judged",
            "entry 1: 1 request that speaks no SCIM was left out",
        ]
    );
    let answer = recording.entries[0].exchange.result.as_ref().unwrap();
    assert_eq!(
        answer.body, r#"{"detail":"[redacted] is not a key"}"#,
        "a secret that the server repeats is none"
    );
}

#[test]
fn a_form_without_text_is_put_together() {
    let file = json!({"log": {"entries": [{
        "request": {
            "method": "POST", "url": "https://app.example/scim/Users/.search", "headers": [],
            "postData": {"params": [{"name": "a b", "value": "c&d"}, {"name": "e", "value": 1}]},
        },
        "response": {"status": 400},
    }]}});
    let recording = recording(&serde_json::to_vec(&file).unwrap());
    assert_eq!(recording.entries[0].exchange.request.body.as_deref(), Some(&b"a%20b=c%26d&e="[..]));
}

#[test]
fn charles() {
    let recording = recording(CHARLES);
    assert_eq!(base(&recording), Some("https://app.example/scim/v2"));
    assert_eq!(story(&recording), ["entry 1, after 0: PUT /Users/1: 200"]);
    assert_eq!(recording.entries[0].exchange.result.as_ref().unwrap().body, r#"{"active":false}"#);
}

#[test]
fn ngrok_has_the_newest_first() {
    let recording = recording(NGROK);
    assert_eq!(recording.source.format, Format::Ngrok);
    assert_eq!(base(&recording), Some("https://x7.tunnel.example/scim/v2"));
    assert_eq!(
        story(&recording),
        [
            "entry 5, after 0: GET /Users?filter=userName%20eq%20%22ada%22: 200",
            "entry 4, after 900: POST /Users: 201",
            "entry 3, after 750: GET /Users: the recording holds no answer",
            "entry 2, after 999: GET /Groups: the recording holds no answer",
        ]
    );
    assert_eq!(
        notes(&recording),
        [
            "entry 1: 1 request was left out, since the recorder did not keep the whole body: what cannot be sent \
             again cannot be judged",
            "entry 3: the recorder did not keep the whole body of 1 answer: it is taken for not recorded",
        ]
    );
    let create = &recording.entries[1].exchange;
    assert_eq!(create.request.headers[1], ("user-agent".to_owned(), "Okta SCIM Client 1.0.0".to_owned()));
    assert_eq!(create.result.as_ref().unwrap().body, r#"{"id":"1"}"#, "the chunks are put together");
}

#[test]
fn lines_in_many_spellings() {
    let recording = recording(LINES);
    assert_eq!(recording.source.format, Format::JsonLines);
    assert_eq!(base(&recording), Some("http://recorded.invalid/scim/v2"));
    assert_eq!(
        story(&recording),
        [
            "line 3, after 0: GET /Users?filter=userName%20eq%20%22ada@example.com%22&startIndex=1&count=100: 200",
            "line 4, after 238: POST /Users: 201",
            "line 5, after 712: PATCH /Users/1: 204",
            "line 6, after 998: GET /Users?startIndex=1&filter=a%20b: 404",
            "line 7, after 997: DELETE /Users/1: the connection broke: there was no answer",
            "line 8, after 0: GET /Me: the recording holds no answer",
        ]
    );
    assert_eq!(
        notes(&recording),
        [
            "line 10: the file ends in the middle of it: it is left out, as is all that followed",
            "the file: 2 lines without the method and URL of a request were left out (line 1, line 2)",
            "line 8: the recorder did not keep the whole body of 1 answer: it is taken for not recorded",
            "line 9: 1 request that speaks no SCIM was left out",
            "the file: 6 requests without a host: the URL says recorded.invalid instead",
        ]
    );
    let create = &recording.entries[1].exchange;
    let body: Value = serde_json::from_slice(create.request.body.as_ref().unwrap()).unwrap();
    assert_eq!(body["password"], "Pa55w0rd-of-ada", "what a server must not send back is known");
    let content_type = ("Content-Type".to_owned(), "application/scim+json; charset=utf-8".to_owned());
    assert_eq!(create.request.headers[1], content_type);
    let patch = recording.entries[2].exchange.result.as_ref().unwrap();
    assert_eq!(patch.header("ETag"), Some("W/\"2\""));
}

#[rstest]
#[case::host(r#"{"method":"GET","path":"/scim/Users","host":"app.example"}"#, "http://app.example/scim")]
#[case::header(
    r#"{"method":"GET","path":"/scim/Users","headers":[["Host","app.example"],["X-Forwarded-Proto","https"]]}"#,
    "https://app.example/scim"
)]
#[case::url(r#"{"verb":"GET","url":"https://app.example/scim/Users"}"#, "https://app.example/scim")]
#[case::in_a_list(r#"[{"verb":"GET","url":"https://app.example/scim/Users"}]"#, "https://app.example/scim")]
#[case::over_several_lines(
    "{\"method\":\n \"GET\", \"url\": \"https://a.example/Users\"}",
    "https://a.example/"
)]
fn a_line_says_its_host_in_several_ways(#[case] line: &str, #[case] expected: &str) {
    assert_eq!(base(&recording(line.as_bytes())), Some(expected));
}

#[test]
fn lines_may_be_entries_of_a_har_file() {
    let file: Value = serde_json::from_slice(MITMPROXY).unwrap();
    let lines: Vec<_> = file["log"]["entries"].as_array().unwrap().iter().map(Value::to_string).collect();
    let from_lines = recording(lines.join("\n").as_bytes());
    let from_har = recording(MITMPROXY);
    assert_eq!(from_lines.exchanges().collect::<Vec<_>>(), from_har.exchanges().collect::<Vec<_>>());
}

#[test]
fn a_suite_of_okta() {
    let recording = recording(RUNSCOPE);
    let comment = Some("SCIM 2.0 in short: Is a server ready for a provider?".to_owned());
    let creator = Some("Runscope 1.0".to_owned());
    assert_eq!(recording.source, Source { format: Format::Runscope, creator, comment });
    assert_eq!(base(&recording), None, "only the suite's runner knows it");
    assert_eq!(
        story(&recording),
        [
            "entry 1, after 0: GET /Users?count=1&startIndex=1: the recording holds no answer",
            "entry 3, after 5000: GET /Users?filter=userName%20eq%20%22{{InvalidUserEmail}}%22: the recording holds \
             no answer",
            "entry 7, after 10000: POST /Users: the recording holds no answer",
            "entry 10, after 20000: GET /Users/0123: the recording holds no answer",
        ]
    );
    assert_eq!(
        notes(&recording),
        [
            "entry 8: 1 request that speaks no SCIM was left out",
            "the file: 2 parts have scripts (the file, entry 3): nothing of a file is executed",
            "entry 10: 1 request has credentials written out in the file: they were dropped",
            "entry 5: 1 step that is switched off was left out",
            "entry 6: 1 step of the kind \"condition\" was left out",
            "entry 1: 1 assertion on the source \"response_text\" was not carried over",
        ]
    );
    let first = &recording.entries[0];
    assert_eq!(first.exchange.request.headers[1], ("Authorization".to_owned(), "{{auth}}".to_owned()));
    let assertion = |part, comparison, value| Assertion { part, comparison, value };
    assert_eq!(
        first.assertions,
        [
            assertion(Part::Status, Comparison::EqualNumber, json!("200")),
            assertion(Part::Json("Resources".to_owned()), Comparison::NotEmpty, Value::Null),
            assertion(Part::Time, Comparison::LessThan, json!("600")),
        ]
    );
    let id = Capture { name: "ISVUserid".to_owned(), part: Part::Json("Resources[0].id".to_owned()) };
    assert_eq!(first.captures, [id]);
    let create = recording.entries[2].exchange.request.body.as_deref().unwrap();
    assert!(create.ends_with(br#""userName":"{{randomUsername}}"}"#));
}

#[test]
fn a_collection_of_postman() {
    let recording = recording(POSTMAN);
    assert_eq!(recording.source.format, Format::Postman);
    assert_eq!(recording.source.comment.as_deref(), Some("SCIM: Requests by hand"));
    assert_eq!(base(&recording), Some("http://localhost:8080/scim"));
    assert_eq!(
        story(&recording),
        [
            "entry 2, after 0: POST /Users: 201",
            "entry 3, after 0: GET /Users/{{id}}: the recording holds no answer",
            "entry 4, after 0: GET /Users?filter=userName%20eq%20%22ada%22: the recording holds no answer",
            "entry 6, after 0: GET /Groups: the recording holds no answer",
        ]
    );
    assert_eq!(
        notes(&recording),
        [
            "entry 5: 1 request with a body made of files or parts was left out",
            "entry 1: 1 request that speaks no SCIM was left out",
            "entry 2: 1 part has scripts: nothing of a file is executed",
            "the file: 2 parts have a way to sign in of their own (the file, entry 2): it is not carried over",
            "entry 2: 1 request has more than one saved answer: the first counts",
        ]
    );
    let create = &recording.entries[0].exchange;
    assert_eq!(
        create.request.body.as_deref(),
        Some(&br#"{"userName":"ada"}"#[..]),
        "the request of the answer"
    );
    assert_eq!(create.took, Duration::from_millis(42));
    let read = &recording.entries[1].exchange.request.headers;
    assert_eq!(read[0], ("Accept".to_owned(), "application/scim+json".to_owned()));
}

#[test]
fn a_collection_as_the_programming_interface_wraps_it() {
    let wrapped = format!("{{\"collection\": {}}}", String::from_utf8_lossy(POSTMAN));
    assert_eq!(recording(wrapped.as_bytes()).entries, recording(POSTMAN).entries);
}

#[test]
fn what_was_written_is_read_again() {
    let original = recording(MITMPROXY);
    let mut file = Vec::new();
    written::write(&original, &mut file).unwrap();
    let again = recording(&file);
    for (one, other) in original.exchanges().zip(again.exchanges()) {
        assert_eq!(one.request, other.request);
        assert_eq!(one.result, other.result);
        assert_eq!((&one.url, one.started), (&other.url, other.started));
    }
    assert_eq!(again.entries.len(), original.entries.len());
    assert_eq!(again.base, original.base);
}

#[test]
fn a_recorder_that_writes_what_ends_first_is_put_in_order() {
    let entry = |start: &str, ms: u32, id: u32| {
        json!({
            "startedDateTime": start, "time": ms,
            "request": {"method": "GET", "url": format!("https://app.example/scim/Users/{id}")},
            "response": {"status": 204},
        })
    };
    let entries = [entry("2026-11-25T10:00:01Z", 10, 2), entry("2026-11-25T10:00:00Z", 500, 1)];
    let recording = recording(&serde_json::to_vec(&json!({"log": {"entries": entries}})).unwrap());
    assert_eq!(
        story(&recording),
        ["entry 2, after 0: GET /Users/1: 204", "entry 1, after 500: GET /Users/2: 204"]
    );
    assert_eq!(
        notes(&recording),
        ["entry 2: 1 entry is not in the order of time: the recording is put in that order"]
    );
}
