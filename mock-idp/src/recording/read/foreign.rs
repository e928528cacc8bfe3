//! Knows other kinds of files by how they begin, and says how to get a recording out of them.

use super::error::ReadError;

const UTF_16: &str = "save it as UTF-8 (in PowerShell: Set-Content -Encoding utf8)";
const UNPACK: &str = "unpack it first";
const HAR_IN_CHARLES: &str =
    "open it in Charles and choose File > Export Session, format HTTP Archive (.har)";

/// How a file begins, what it is, and what to do instead.
const MAGIC: &[(&[u8], &str, &str)] = &[
    (b"\xFF\xFE", "text in UTF-16", UTF_16),
    (b"\xFE\xFF", "text in UTF-16", UTF_16),
    (
        b"PK\x03\x04",
        "a ZIP archive (Fiddler's .saz and Charles's .chlz are such)",
        "open it in the program that wrote it and export it as HAR (Fiddler: File > Export Sessions > HTTPArchive \
         v1.2), or unpack the HAR file that is in it",
    ),
    (b"\x1F\x8B", "a file compressed with gzip", UNPACK),
    (b"\x28\xB5\x2F\xFD", "a file compressed with zstd", UNPACK),
    (b"\xFD7zXZ\x00", "a file compressed with xz", UNPACK),
    (b"BZh", "a file compressed with bzip2", UNPACK),
    (b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive", UNPACK),
    (
        b"SQLite format 3\x00",
        "an SQLite database",
        "export the traffic from the program that wrote it, as HAR",
    ),
    (b"\x0A\x0D\x0D\x0A", "a packet capture", PACKETS),
    (b"\xD4\xC3\xB2\xA1", "a packet capture", PACKETS),
    (b"\xA1\xB2\xC3\xD4", "a packet capture", PACKETS),
    (b"%PDF-", "a PDF document", "export the traffic as HAR"),
];

const PACKETS: &str = "packets are mostly encrypted: record with a proxy, scimspec record or mitmproxy";

/// How a text begins after white space, in lower case.
const TEXTS: &[(&str, &str, &str)] = &[
    (
        "<!doctype html",
        "an HTML page",
        "it may be a sign-in or error page that was saved instead of the file: download the file again",
    ),
    (
        "<html",
        "an HTML page",
        "it may be a sign-in or error page that was saved instead of the file: download the file again",
    ),
    ("<?xml", "an XML document", XML),
    ("<charles", "a session of Charles in XML", HAR_IN_CHARLES),
    ("<items burpversion", "requests saved by Burp", XML),
    (
        "interactions:",
        "a cassette of VCR (YAML)",
        "record the traffic with a proxy instead, scimspec record or mitmproxy",
    ),
    (
        "http_interactions:",
        "a cassette of VCR (YAML)",
        "record the traffic with a proxy instead, scimspec record or mitmproxy",
    ),
];

const XML: &str = "export the traffic as HAR (Charles: File > Export Session, format HTTP Archive)";

/// The error for a file that begins so, if it is no JSON and its kind is known.
pub(super) fn recognise(start: &[u8]) -> Result<(), ReadError> {
    if start.is_empty() {
        return Err(ReadError::Empty);
    }
    let foreign = |what, instead| Err(ReadError::Foreign { what, instead });
    if let Some((_, what, instead)) = MAGIC.iter().find(|(magic, _, _)| start.starts_with(magic)) {
        return foreign(what, instead);
    }
    if start.get(257..262) == Some(b"ustar") {
        return foreign("a tar archive", UNPACK);
    }
    if is_mitmproxy_dump(start) {
        return foreign(
            "mitmproxy's own dump of flows",
            "make it a HAR file with mitmdump -nr FILE --set hardump=FILE.har",
        );
    }
    if start.iter().all(u8::is_ascii_whitespace) {
        return Err(ReadError::Empty);
    }
    if start.iter().take(1024).any(|byte| *byte == 0) {
        return Err(ReadError::Unknown { what: "a binary file" });
    }
    let text = String::from_utf8_lossy(&start[..start.len().min(1024)]).trim_start().to_ascii_lowercase();
    match TEXTS.iter().find(|(words, _, _)| text.starts_with(words)) {
        Some((_, what, instead)) => foreign(what, instead),
        None => Ok(()),
    }
}

/// A tagged netstring that holds a dictionary: its length, a colon, the length of its first key, a colon.
fn is_mitmproxy_dump(start: &[u8]) -> bool {
    let mut rest = start;
    for _ in 0..2 {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=12).contains(&digits) || rest.get(digits) != Some(&b':') {
            return false;
        }
        rest = &rest[digits + 1..];
    }
    rest.first().is_some_and(u8::is_ascii_lowercase)
}
