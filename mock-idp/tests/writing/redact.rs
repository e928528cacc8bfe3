//! Nothing secret is ever written: by its name, by its form, or because it was a secret elsewhere.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use http::Method;
use rstest::rstest;
use scimspec_mock_idp::exchange::{Broken, Destination, Exchange};
use scimspec_mock_idp::recording::redact::{RedactError, Redaction, secrets_in, secrets_in_har};
use serde_json::json;
use url::Url;

use super::{answer_body, answer_with, exchange, request_body, with_bodies};

fn cleaned(mut exchange: Exchange) -> Exchange {
    Redaction::standard().clean(&mut exchange);
    assert_eq!(secrets_in(&exchange), Vec::<String>::new(), "clean once is clean");
    exchange
}

fn cleaned_with(specs: &[&str], mut exchange: Exchange) -> Exchange {
    let mut redaction = Redaction::standard();
    for spec in specs {
        redaction.add(spec).expect("a demand");
    }
    redaction.clean(&mut exchange);
    exchange
}

#[rstest]
#[case("Authorization", "Bearer s3cret-token")]
#[case("proxy-authorization", "Basic YWRhOnMzY3JldA==")]
#[case("COOKIE", "a=1; session=0123456789abcdef")]
#[case("X-Api-Key", "k")]
#[case("Private-Token", "glpat-x")]
fn the_values_of_headers_with_credentials_are_taken_out(#[case] name: &str, #[case] value: &str) {
    let mut one = exchange(Method::GET, "/Users");
    one.request.headers.push((name.to_owned(), value.to_owned()));
    one.result.as_mut().unwrap().headers.push(("Set-Cookie".to_owned(), "s=1; Path=/".to_owned()));
    let one = cleaned(one);
    assert_eq!(one.request.headers, [(name.to_owned(), "[redacted]".to_owned())]);
    assert_eq!(one.result.unwrap().headers, [("Set-Cookie".to_owned(), "[redacted]".to_owned())]);
}

#[rstest]
#[case::member(
    r#"{"userName": "ada",  "password": "p w"}"#,
    r#"{"userName": "ada",  "password": "[redacted]"}"#
)]
#[case::any_case(r#"{"PassWord":"x"}"#, r#"{"PassWord":"[redacted]"}"#)]
#[case::escaped_name(r#"{"\u0070assword":"x"}"#, r#"{"\u0070assword":"[redacted]"}"#)]
#[case::twice(r#"{"password":"x","password":"y"}"#, r#"{"password":"[redacted]","password":"[redacted]"}"#)]
#[case::number(r#"{"password":12345678.0}"#, r#"{"password":"[redacted]"}"#)]
#[case::below(
    r#"{"credentials":{"password":{"value":"x"}}}"#,
    r#"{"credentials":{"password":{"value":"[redacted]"}}}"#
)]
#[case::urn(
    r#"{"urn:ietf:params:scim:schemas:core:2.0:User:password":"x"}"#,
    r#"{"urn:ietf:params:scim:schemas:core:2.0:User:password":"[redacted]"}"#
)]
#[case::patch_path(
    r#"{"Operations":[{"op":"replace","path":"Password","value":"x"}]}"#,
    r#"{"Operations":[{"op":"replace","path":"Password","value":"[redacted]"}]}"#
)]
#[case::patch_path_after_its_value(
    r#"{"Operations":[{"value":"x","path":"urn:ietf:params:scim:schemas:core:2.0:User:password","op":"Add"}]}"#,
    r#"{"Operations":[{"value":"[redacted]","path":"urn:ietf:params:scim:schemas:core:2.0:User:password","op":"Add"}]}"#
)]
#[case::patch_value(
    r#"{"Operations":[{"op":"replace","value":{"active":true,"password":"x"}}]}"#,
    r#"{"Operations":[{"op":"replace","value":{"active":true,"password":"[redacted]"}}]}"#
)]
#[case::patch_list(
    r#"{"Operations":[{"op":"add","path":"password","value":[{"value":"x"}]}]}"#,
    r#"{"Operations":[{"op":"add","path":"password","value":[{"value":"[redacted]"}]}]}"#
)]
#[case::bulk(
    r#"{"Operations":[{"method":"POST","path":"/Users","data":{"userName":"a","password":"x"}}]}"#,
    r#"{"Operations":[{"method":"POST","path":"/Users","data":{"userName":"a","password":"[redacted]"}}]}"#
)]
#[case::tokens(
    r#"{"clientSecret":"a","refresh_token":"b","apiTokens":["c"]}"#,
    r#"{"clientSecret":"[redacted]","refresh_token":"[redacted]","apiTokens":["[redacted]"]}"#
)]
#[case::json_in_a_string(
    r#"{"detail":"{\"password\":\"a\\\"b\"}"}"#,
    r#"{"detail":"{\"password\":\"[redacted]\"}"}"#
)]
#[case::filter(r#"{"filter":"password eq \"x\""}"#, r#"{"filter":"password eq \"[redacted]\""}"#)]
#[case::truncated(r#"{"userName":"ada","password":"x y"#, r#"{"userName":"ada","password":"[redacted]""#)]
#[case::truncated_below(r#"{"password":{"value":["a","b""#, r#"{"password":"[redacted]""#)]
#[case::truncated_patch(
    r#"{"Operations":[{"value":"x","path":"password"},{"value":"y"#,
    r#"{"Operations":[{"value":"[redacted]","path":"password"},{"value":"[redacted]""#
)]
#[case::several("{\"a\":1}\n{\"password\":\"x\"}", "{\"a\":1}\n{\"password\":\"[redacted]\"}")]
#[case::form("user=ada&client_secret=x%20y&b", "user=ada&client_secret=[redacted]&b")]
fn passwords_and_tokens_in_bodies_are_taken_out(#[case] body: &str, #[case] expected: &str) {
    let one = cleaned(with_bodies("/Users", body, body));
    assert_eq!(request_body(&one), expected);
    assert_eq!(answer_body(&one), expected);
}

#[rstest]
#[case(
    r#"{"changePassword":{"supported":true},"name":"password","password":null,"token":"","secret":false}"#
)]
#[case(r#"{"password":"{{password}}","detail":"The password is too short"}"#)]
#[case("{ \"totalResults\":1.0, \"x\":1e400,\n \"nextCursor\" : \"abc\" }")]
#[case("no JSON at all")]
fn everything_else_keeps_its_bytes(#[case] body: &str) {
    let one = with_bodies("/Users?filter=userName+eq+%22ada%22&startIndex=1", body, body);
    assert_eq!(cleaned(one.clone()), one);
    assert_eq!(secrets_in(&one), Vec::<String>::new());
}

#[rstest]
#[case("/Users?access_token=x&count=1", "/Users?access_token=[redacted]&count=1")]
#[case("/Users?api%5Fkey=x", "/Users?api%5Fkey=[redacted]")]
#[case("/cb?code=4%2Fabc&state=7", "/cb?code=[redacted]&state=7")]
#[case("/Users?filter=password%20eq%20%22x%22", "/Users?filter=password%20eq%20%22[redacted]%22")]
#[case("/Users?filter=password+eq+%22x%22", "/Users?filter=password+eq+%22[redacted]%22")]
fn tokens_in_query_strings_are_taken_out(#[case] target: &str, #[case] expected: &str) {
    let one = cleaned(exchange(Method::GET, target));
    assert_eq!(one.request.to, Destination::Scim(expected.to_owned()));
    assert!(one.url.ends_with(expected), "{}", one.url);
    Url::parse(&one.url).expect("still a URL");
}

#[test]
fn credentials_in_a_url_are_taken_out() {
    let mut one = exchange(Method::GET, "/");
    let url = Url::parse("https://ada:s3cret-pw@app.example.com/x?q=s3cret-pw#token=abc").unwrap();
    one.url = url.to_string();
    one.request.to = Destination::Absolute(url);
    one.request.headers.push(("Referer".to_owned(), "https://x.example/?access_token=abcdefgh".to_owned()));
    let one = cleaned(one);
    assert_eq!(one.url, "https://app.example.com/x?q=[redacted]#token=[redacted]");
    assert_eq!(one.request.to.to_string(), one.url);
    assert_eq!(one.request.headers[0].1, "https://x.example/?access_token=[redacted]");
}

#[test]
fn a_server_that_gives_the_token_back_does_not_get_it_into_the_recording() {
    let mut one = exchange(Method::GET, "/Users/s3cret-token?x=s3cret-token");
    one.request.headers.push(("Authorization".to_owned(), "Bearer s3cret-token".to_owned()));
    answer_with(
        &mut one,
        401,
        r#"{"detail": "no such token: s3cret-token", "S3CRET-TOKEN": ["s3cret-token"]}"#,
    );
    one.result.as_mut().unwrap().headers.push(("X-Debug".to_owned(), "auth=s3cret-token".to_owned()));
    let one = cleaned(one);
    assert_eq!(one.request.to, Destination::Scim("/Users/[redacted]?x=[redacted]".to_owned()));
    let answer = one.result.as_ref().unwrap();
    assert_eq!(answer.headers[1].1, "auth=[redacted]");
    assert_eq!(answer_body(&one), r#"{"detail": "no such token: [redacted]", "[redacted]": ["[redacted]"]}"#);
}

#[test]
fn a_password_that_comes_back_much_later_is_still_one() {
    let mut redaction = Redaction::standard();
    redaction.clean(&mut with_bodies("/Users", r#"{"password": "Tr0ub4dor&3"}"#, "{}"));
    let mut later = exchange(Method::GET, "/Users?x=Tr0ub4dor%263");
    answer_with(&mut later, 200, r#"{"nickName": "Tr0ub4dor&3"}"#);
    redaction.clean(&mut later);
    assert_eq!(later.request.to, Destination::Scim("/Users?x=[redacted]".to_owned()));
    assert_eq!(answer_body(&later), r#"{"nickName": "[redacted]"}"#);
}

#[test]
fn what_a_server_says_of_a_password_is_no_secret_elsewhere() {
    let mut one = with_bodies("/Users", r#"{"password": "x"}"#, "");
    answer_with(&mut one, 400, r#"{"password": ["is too short"], "detail": "it is too short"}"#);
    assert_eq!(answer_body(&cleaned(one)), r#"{"password": ["[redacted]"], "detail": "it is too short"}"#);
}

#[test]
fn a_password_that_is_a_word_of_the_protocol_leaves_the_protocol_readable() {
    let body = r#"{"userName": "ada", "password": "userName", "x": "displayName"}"#;
    assert_eq!(
        request_body(&cleaned(with_bodies("/Users", body, "{}"))),
        r#"{"userName": "ada", "password": "[redacted]", "x": "displayName"}"#
    );
}

#[test]
fn compressed_bodies_are_looked_into() {
    let body = r#"{"password": "s3cret-pw"}"#;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(body.as_bytes()).unwrap();
    let mut deflate = ZlibEncoder::new(Vec::new(), Compression::fast());
    deflate.write_all(body.as_bytes()).unwrap();
    let mut one = with_bodies("/Users", "", "");
    one.request.body = Some(gzip.finish().unwrap().into());
    one.request.headers.push(("Content-Encoding".to_owned(), "gzip".to_owned()));
    let answer = one.result.as_mut().unwrap();
    answer.body = deflate.finish().unwrap().into();
    answer.headers.push(("content-encoding".to_owned(), "deflate".to_owned()));
    let one = cleaned(one);
    assert_eq!(request_body(&one), r#"{"password": "[redacted]"}"#);
    assert_eq!(answer_body(&one), r#"{"password": "[redacted]"}"#);
}

#[rstest]
#[case::unknown_coding("br", &[0x8b, 1, 2, 0xff])]
#[case::not_what_it_says("gzip", &[0x1f, 0x8b, 2, 0xff])]
#[case::unnamed("identity", &[0x1f, 0x8b, 8, 0])]
fn bodies_that_cannot_be_read_are_taken_out_whole(#[case] coding: &str, #[case] body: &'static [u8]) {
    let mut one = with_bodies("/Users", "", "");
    one.request.headers.push(("Content-Encoding".to_owned(), coding.to_owned()));
    one.request.body = Some(body.into());
    assert_eq!(request_body(&cleaned(one)), "[redacted]");
}

/// A server may send a raw stream, or one with the wrapper of zlib, and not say so.
#[rstest]
#[case::raw(false)]
#[case::zlib(true)]
fn a_body_that_claims_to_be_text_and_is_none_is_taken_out_whole(#[case] wrapped: bool) {
    for length in 1..60 {
        let body = json!({"password": "s3cret", "userName": "abc def".repeat(length)}).to_string();
        let deflated = if wrapped {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(body.as_bytes()).unwrap();
            encoder.finish().unwrap()
        } else {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(body.as_bytes()).unwrap();
            encoder.finish().unwrap()
        };
        let mut one = with_bodies("/Users", "{}", "{}");
        one.result.as_mut().unwrap().body = deflated.into();
        assert_eq!(answer_body(&cleaned(one)), "[redacted]", "{length}");
    }
}

#[test]
fn a_picture_stays() {
    let mut one = exchange(Method::GET, "/Users/7/photo");
    let answer = one.result.as_mut().unwrap();
    answer.headers.push(("Content-Type".to_owned(), "image/png".to_owned()));
    answer.body = (&b"\x89PNG\r\n\x1a\n\x01\x02"[..]).into();
    assert_eq!(cleaned(one.clone()).result, one.result);
}

#[test]
fn bodies_in_other_character_sets_are_searched() {
    let body = r#"{"password":"geheim-ä1","userName":"jürgen"}"#;
    let latin1: Vec<u8> = body.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let mut one = with_bodies("/Users", "", "");
    one.request.body = Some(latin1.into());
    let clean = cleaned(one.clone()).request.body.unwrap();
    assert_eq!(&clean[..], b"{\"password\":\"[redacted]\",\"userName\":\"j\xfcrgen\"}");

    for utf16 in [u16::to_le_bytes, u16::to_be_bytes] {
        one.request.body = Some(body.encode_utf16().flat_map(utf16).collect());
        assert_eq!(request_body(&cleaned(one.clone())), "[redacted]");
    }
}

#[test]
fn what_broke_may_name_a_secret_too() {
    let mut one = exchange(Method::GET, "/Users?token=s3cret-token");
    one.result = Err(Broken::Cut("while reading ?token=s3cret%2Dtoken".to_owned()));
    let Err(Broken::Cut(why)) = cleaned(one).result else { panic!("still broken") };
    assert_eq!(why, "while reading ?token=[redacted]");
}

#[test]
fn the_user_can_have_more_taken_out() {
    let body = r#"{"name":{"familyName":"L."},"familyName":"x","n":"AB-1234","b":[{"c":"d"},{"c":7}]}"#;
    let mut one = with_bodies("/Users?filter=name.familyName+eq+%22L.%22", body, "{}");
    one.request.headers.push(("X-Card".to_owned(), "77".to_owned()));
    let specs = ["header:x-card", "json:name.familyName", "json:$.b[*].c", "pattern:[A-Z]{2}-([0-9]+)"];
    let one = cleaned_with(&specs, one);
    assert_eq!(
        request_body(&one),
        r#"{"name":{"familyName":"[redacted]"},"familyName":"x","n":"AB-[redacted]","b":[{"c":"[redacted]"},{"c":"[redacted]"}]}"#
    );
    assert_eq!(one.request.headers[1].1, "[redacted]");
    assert_eq!(
        one.request.to,
        Destination::Scim("/Users?filter=name.familyName+eq+%22[redacted]%22".to_owned())
    );
}

#[rstest]
#[case("json:name.familyName", r#"{"Operations":[{"op":"add","path":"name.familyName","value":"L."}]}"#)]
#[case("json:name.familyName", r#"{"Operations":[{"op":"add","path":"name","value":{"familyName":"L."}}]}"#)]
#[case("json:name.familyName", r#"{"name.familyName":"L."}"#)]
#[case(
    "json:emails.value",
    r#"{"Operations":[{"op":"add","path":"emails[type eq \"work\"].value","value":"L."}]}"#
)]
#[case("json:$.a.b", r#"{"a":{"b":"L.","b":"L."}}"#)]
#[case("json:$.a.b", r#"{"x":"y","b":"L."#)]
#[case("json:$.*", r#"{"x":"L."#)]
#[case("pattern:\"x\": *\"[^\"]*\"", r#"{"x": "L."}"#)]
fn in_whatever_form_it_comes(#[case] spec: &str, #[case] body: &str) {
    let one = cleaned_with(&[spec], with_bodies("/Users/1", body, "{}"));
    assert!(!request_body(&one).contains("L."), "{}", request_body(&one));
    assert!(request_body(&one).contains("[redacted]"));
}

#[test]
fn what_the_user_names_is_taken_out_of_its_own_exchange_only() {
    let mut redaction = Redaction::standard();
    redaction.add("json:department").unwrap();
    let mut one = with_bodies("/Users", r#"{"department":"Research"}"#, r#"{"detail":"no Research here"}"#);
    let mut other = with_bodies("/Users", r#"{"title":"Researcher"}"#, "{}");
    redaction.clean(&mut one);
    redaction.clean(&mut other);
    assert_eq!(answer_body(&one), r#"{"detail":"no [redacted] here"}"#);
    assert_eq!(request_body(&other), r#"{"title":"Researcher"}"#);
}

#[rstest]
#[case("password", "\"password\" is no redaction: write header:NAME, json:PATH or pattern:REGEX")]
#[case("header:a b", "\"a b\" is no name of an HTTP header: write header:X-Employee-Card")]
#[case(
    "json:",
    "\"\" names no attribute: write json:name.familyName, or a JSONPath as json:$.name.familyName"
)]
#[case(
    "pattern:x*",
    "the pattern \"x*\" matches the empty text, which is everywhere: say at least one character"
)]
fn a_wrong_demand_says_what_is_right(#[case] spec: &str, #[case] expected: &str) {
    assert_eq!(Redaction::standard().add(spec).unwrap_err().to_string(), expected);
}

#[test]
fn a_demand_that_does_not_parse_says_where() {
    assert!(matches!(Redaction::standard().add("json:$.["), Err(RedactError::Path { .. })));
    assert!(matches!(Redaction::standard().add("pattern:("), Err(RedactError::Pattern { .. })));
    assert!(matches!(Redaction::standard().add("pattern:(a{1000}){1000}"), Err(RedactError::Pattern { .. })));
}

#[test]
fn a_scan_says_where_a_secret_stands_and_never_which() {
    let mut one =
        with_bodies("/Users?token=s3cret-token", r#"{"password":"s3cret-pw","x":"s3cret-pw"}"#, "{}");
    one.request.headers.push(("Authorization".to_owned(), "Bearer s3cret-token".to_owned()));
    let found = secrets_in(&one);
    assert_eq!(
        found,
        [
            "the request's header Authorization",
            "the request's body, password",
            "the URL, token",
            "the request's body",
        ]
    );
    let mut redaction = Redaction::standard();
    redaction.clean(&mut one);
    assert!(!format!("{redaction:?}{found:?}").contains("s3cret"));
}

#[test]
fn a_file_is_scanned_as_it_stands() {
    let clean = |name: &str, value: &str| json!([{"name": name, "value": value}]);
    let entry = |request: serde_json::Value, response: serde_json::Value| {
        json!({"log": {"entries": [
            {"request": {"method": "GET", "url": "https://app.example.com/Users", "headers": []}, "response": {"status": 0}},
            {"request": request, "response": response},
        ]}})
        .to_string()
    };
    let answer = json!({"status": 200, "headers": [], "content": {"text": "{}"}});
    for (request, response, expected) in [
        (
            json!({"headers": clean("authorization", "Bearer s3cret-token")}),
            &answer,
            "the request's header authorization",
        ),
        (
            json!({"queryString": clean("access_token", "s3cret-token")}),
            &answer,
            "the parameter access_token",
        ),
        (json!({"cookies": clean("session", "s3cret")}), &answer, "the cookie session"),
        (json!({"url": "https://h/?token=s3cret"}), &answer, "the URL, token"),
        (
            json!({"postData": {"text": "eyJwYXNzd29yZCI6ICJ4In0=", "_encoding": "base64"}}),
            &answer,
            "the request's body, password",
        ),
        (json!({}), &json!({"status": 0, "_error": "?token=s3cret"}), "what broke the connection"),
        (
            json!({}),
            &json!({"status": 200, "headers": clean("Set-Cookie", "s=1")}),
            "the answer's header Set-Cookie",
        ),
    ] {
        assert_eq!(
            secrets_in_har(&entry(request, response.clone())).unwrap(),
            [format!("entry 2: {expected}")]
        );
    }
    let hidden =
        json!({"headers": clean("Authorization", "[redacted]"), "cookies": clean("s", "[redacted]")});
    assert_eq!(secrets_in_har(&entry(hidden, answer.clone())).unwrap(), Vec::<String>::new());
    let comment = json!({"log": {"comment": "made with Authorization: Bearer s3cret-token", "entries": []}});
    assert_eq!(secrets_in_har(&comment.to_string()).unwrap(), ["the file, outside of the exchanges"]);
    assert!(secrets_in_har("no JSON").is_err());
}

#[test]
fn parameters_of_credentials_are_secrets_too() {
    let mut one = exchange(Method::GET, "/Users/s3cret-token");
    let value = "Token token=\"s3cret-token\", realm=\"example-realm\"".to_owned();
    one.request.headers.push(("Authorization".to_owned(), value));
    answer_with(&mut one, 200, r#"{"x":"example-realm"}"#);
    let one = cleaned(one);
    assert_eq!(one.request.to, Destination::Scim("/Users/[redacted]".to_owned()));
    assert_eq!(answer_body(&one), r#"{"x":"example-realm"}"#);
}
