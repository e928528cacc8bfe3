//! What a person reads whose file is damaged, foreign or too large.

use rstest::rstest;

use super::*;

const SUITE_OR_HAR: &str = "but none of the recordings that can be read: HAR, JSON Lines of one exchange each, what \
                            ngrok's inspector answers at /api/requests/http, Runscope suites, Postman collections \
                            2.0 and 2.1; export the traffic as HAR";

#[rstest]
#[case::empty(b"", "the file is empty: there is nothing to read")]
#[case::blank(b" \n\n", "the file is empty: there is nothing to read")]
#[case::only_a_mark(b"\xEF\xBB\xBF", "the file is empty: there is nothing to read")]
#[case::zip(
    b"PK\x03\x04\x14\x00",
    "this is a ZIP archive (Fiddler's .saz and Charles's .chlz are such), which cannot be read as a recording: open it \
     in the program that wrote it and export it as HAR (Fiddler: File > Export Sessions > HTTPArchive v1.2), or unpack \
     the HAR file that is in it"
)]
#[case::gzip(
    b"\x1F\x8B\x08\x00",
    "this is a file compressed with gzip, which cannot be read as a recording: unpack it first"
)]
#[case::mitmproxy(
    b"2154:9:websocket;0:~8:response;543:6:reason;2:OK,",
    "this is mitmproxy's own dump of flows, which cannot be read as a recording: make it a HAR file with mitmdump -nr \
     FILE --set hardump=FILE.har"
)]
#[case::html(
    b"\n<!DOCTYPE html><title>Sign in</title>",
    "this is an HTML page, which cannot be read as a recording: it may be a sign-in or error page that was saved \
     instead of the file: download the file again"
)]
#[case::xml(
    b"<?xml version='1.0'?><charles-session/>",
    "this is an XML document, which cannot be read as a recording: export the traffic as HAR (Charles: File > Export \
     Session, format HTTP Archive)"
)]
#[case::utf_16(
    b"\xFF\xFE{\x00",
    "this is text in UTF-16, which cannot be read as a recording: save it as UTF-8 (in PowerShell: Set-Content \
     -Encoding utf8)"
)]
#[case::postman_1(
    br#"{"id":"1","order":[],"requests":null}"#,
    "this is a Postman collection of version 1, which cannot be read as a recording: export it as version 2.1"
)]
#[case::log_of_another_kind(
    br#"{"log":[]}"#,
    "the file: its log is no object: this is not HAR as HTTP Archive 1.2 has it; export it again"
)]
#[case::no_entries(
    br#"{"log":{"version":"1.2"}}"#,
    "the file: its log has no list of entries, which HTTP Archive 1.2 asks for: export it again"
)]
#[case::cut_off(
    b"{\"log\":\n {\"entries\":[{\"request\"",
    "the file ends at line 2, column 24 (byte 31), before its first exchange is complete: copy or export it again, \
     completely"
)]
#[case::a_comma_too_many(
    b"{\"log\":{\"entries\":[\n  {\"request\":{},}]}}",
    "entry 1, at line 2, column 17 (byte 36): this is no JSON: trailing comma; mend that place, or export the file \
     again"
)]
#[case::a_comma_missing(
    b"{\"log\":{\"entries\":[{} {}]}}",
    "the file, at line 1, column 23 (byte 22): this is no JSON: a comma or the closing bracket is missing; mend that \
     place, or export the file again"
)]
#[case::a_colon_missing(
    b"{\"log\" {}}",
    "the file, at line 1, column 8 (byte 7): this is no JSON: the colon after a name is missing; mend that place, or \
     export the file again"
)]
#[case::a_word_that_is_none(
    b"{\"log\":{\"entries\":[{\"request\":{\"method\":\"GET\"}}, x]}}",
    "entry 2, at line 1, column 50 (byte 49): this is no JSON: expected value; mend that place, or export the file \
     again"
)]
fn the_error_says_what_and_where_and_what_to_do(#[case] file: &[u8], #[case] message: &str) {
    assert_eq!(attempt(file).unwrap_err().to_string(), message);
}

#[rstest]
#[case::text(b"hello", "text")]
#[case::binary(b"hello\x00", "a binary file")]
#[case::json(br#"{"a":1}"#, "JSON")]
#[case::list(b"[1, 2]", "a list in JSON")]
fn what_is_not_known_is_told_what_can_be_read(#[case] file: &[u8], #[case] what: &str) {
    assert_eq!(attempt(file).unwrap_err().to_string(), format!("this is {what}, {SUITE_OR_HAR}"));
}

#[test]
fn a_tar_archive_is_known_in_its_middle() {
    let mut file = vec![b'x'; 512];
    file[257..262].copy_from_slice(b"ustar");
    assert!(attempt(&file).unwrap_err().to_string().starts_with("this is a tar archive"));
}

#[test]
fn of_a_file_that_breaks_off_the_complete_exchanges_are_read() {
    let third = MITMPROXY.windows(6).position(|window| window == b"DELETE").unwrap();
    let recording = recording(&MITMPROXY[..third]);
    assert_eq!(recording.entries.len(), 2);
    assert_eq!(
        notes(&recording),
        ["entry 3: the file ends in the middle of it: it is left out, as is all that followed"]
    );
}

#[test]
fn of_a_file_that_breaks_off_between_exchanges_all_are_read() {
    let file = har(&[("DELETE", "https://a.example/scim/Users/1", "", "")]);
    let recording = recording(&file[..file.len() - 3]);
    assert_eq!(recording.entries.len(), 1);
    assert_eq!(notes(&recording), ["the file: it ends before its last bracket, and may have held more"]);
}

#[test]
fn an_entry_that_is_too_large_is_left_out() {
    let large = "x".repeat(5000);
    let file = har(&[
        ("GET", "https://a.example/scim/Users/1", "text/plain", &large),
        ("GET", "https://a.example/scim/Users/2", "text/plain", "x"),
    ]);
    let options = ReadOptions { largest_entry: 4096, ..ReadOptions::default() };
    let recording = collect(&file[..], &options).unwrap();
    assert_eq!(story(&recording), ["entry 2, after 0: GET /Users/2: 200"]);
    assert_eq!(notes(&recording), ["entry 1: 1 entry larger than 4096 bytes was left out"]);
}

#[test]
fn a_suite_that_is_too_large_is_refused() {
    let options = ReadOptions { largest_entry: 1000, ..ReadOptions::default() };
    assert_eq!(
        collect(RUNSCOPE, &options).unwrap_err().to_string(),
        "the file, at line 8, column 12 (byte 369): it is larger than 1000 bytes; nothing so large can be part of a \
         suite, a collection or a line of a log"
    );
}

#[test]
fn a_recording_beyond_the_budget_is_refused() {
    let options = ReadOptions { budget: 600, ..ReadOptions::default() };
    assert_eq!(
        collect(MITMPROXY, &options).unwrap_err().to_string(),
        "the exchanges hold more than 600 bytes, up to entry 2: cut the recording into parts, or leave out what is \
         not SCIM"
    );
}

#[test]
fn an_entry_without_a_request_is_left_out() {
    let file = br#"{"log":{"entries":[null, {"request":{"method":"G T","url":"https://a.example/Users"}}]}}"#;
    assert_eq!(
        notes(&recording(file)),
        ["the file: 2 entries without the method and URL of a request were left out (entry 1, entry 2)"]
    );
}

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let error = super::super::open(std::path::Path::new("no/such.har"), &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().starts_with("cannot open no/such.har: "));
}

#[test]
fn a_file_is_known_by_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.txt");
    std::fs::write(&path, MITMPROXY).unwrap();
    let opened = super::super::open(&path, &ReadOptions::default()).unwrap();
    assert_eq!(opened, recording(MITMPROXY));
}
