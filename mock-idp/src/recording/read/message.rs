//! An HTTP/1.x message as its bytes were on the wire (RFC 9112), read as far as it goes: a recorder may have kept
//! only its beginning.

use bytes::{Buf, Bytes};

use super::draft::{Recorded, header};

/// More lines than any server takes.
const MOST_HEADERS: usize = 1_000;

/// A message.
pub(super) struct Message {
    /// The words of the first line: method, target, version; or version, status, reason.
    pub(super) first: [String; 3],
    /// As written, in order.
    pub(super) headers: Vec<(String, String)>,
    /// With the transfer coding undone, the content coding not.
    pub(super) body: Recorded,
}

/// Reads a message; None if its head is not complete, or is none. `may_have_body` says whether this message can have
/// one, whatever its headers say.
pub(super) fn read(raw: &Bytes, may_have_body: impl Fn(&[String; 3]) -> bool) -> Option<Message> {
    let (head, body) = split(raw)?;
    let head = String::from_utf8_lossy(&head);
    let mut lines = head.lines();
    let mut words = lines.next()?.splitn(3, ' ').map(str::to_owned);
    let first = [words.next()?, words.next()?, words.next().unwrap_or_default()];
    let mut headers = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        if headers.len() >= MOST_HEADERS || name.is_empty() {
            return None;
        }
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let chunked = header(&headers, "transfer-encoding")
        .is_some_and(|codings| codings.to_ascii_lowercase().trim_end().ends_with("chunked"));
    let length = header(&headers, "content-length").and_then(|length| length.parse::<usize>().ok());
    let body = if !may_have_body(&first) {
        Recorded::Body(Bytes::new())
    } else if chunked {
        unchunked(body)
    } else {
        match length {
            Some(length) if body.len() < length => Recorded::Missing,
            Some(length) => Recorded::Body(body.slice(..length)),
            None => Recorded::Body(body),
        }
    };
    Some(Message { first, headers, body })
}

/// The head without the empty line that ends it, and the rest.
fn split(raw: &Bytes) -> Option<(Bytes, Bytes)> {
    let mut line_start = 0;
    for (index, _) in raw.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        let line = &raw[line_start..index];
        if matches!(line, b"" | b"\r") && line_start > 0 {
            return Some((raw.slice(..line_start), raw.slice(index + 1..)));
        }
        line_start = index + 1;
    }
    None
}

/// Undoes the chunked coding (RFC 9112, section 7.1); trailers are dropped. Some recorders undo it and keep the
/// header: what does not begin with a chunk is taken as it is.
fn unchunked(mut raw: Bytes) -> Recorded {
    let original = raw.clone();
    let mut body = Vec::new();
    while let Some(end) = raw.iter().position(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(&raw[..end]);
        let size = line.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(size, 16) else {
            return if body.is_empty() { Recorded::Body(original) } else { Recorded::Missing };
        };
        raw.advance(end + 1);
        if size == 0 {
            return Recorded::Body(body.into());
        }
        if raw.len() < size {
            return Recorded::Missing;
        }
        body.extend_from_slice(&raw[..size]);
        raw.advance(size);
        let line_end = raw.iter().take(2).position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        raw.advance(line_end);
    }
    let looks_like_json = original.first().is_some_and(|byte| matches!(byte, b'{' | b'['));
    if looks_like_json { Recorded::Body(original) } else { Recorded::Missing }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn body_of(raw: &str) -> Option<String> {
        match read(&Bytes::from(raw.to_owned()), |_| true)?.body {
            Recorded::Body(body) => Some(String::from_utf8(body.to_vec()).unwrap()),
            Recorded::Missing => None,
        }
    }

    #[rstest]
    #[case::length("Content-Length: 2\r\n\r\n{}rest", Some("{}"))]
    #[case::cut_short("Content-Length: 9\r\n\r\n{}", None)]
    #[case::to_the_end("Server: x\r\n\r\n{}", Some("{}"))]
    #[case::chunked("Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;a=b\r\n}\r\n0\r\n\r\n", Some("{}"))]
    #[case::chunks_cut_short("Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n5\r\n}", None)]
    #[case::already_unchunked("Transfer-Encoding: chunked\r\n\r\n{}", Some("{}"))]
    #[case::bare_line_feeds("Content-Length: 2\n\n{}", Some("{}"))]
    fn the_body_is_what_the_headers_say(#[case] rest: &str, #[case] body: Option<&str>) {
        assert_eq!(body_of(&format!("HTTP/1.1 200 OK\r\n{rest}")).as_deref(), body);
    }

    #[test]
    fn headers_keep_their_order_and_case() {
        let raw = Bytes::from_static(b"GET /Users HTTP/1.1\r\nhost: a\r\nUser-AGENT: b: c\r\n\r\n");
        let message = read(&raw, |_| false).unwrap();
        assert_eq!(message.first, ["GET", "/Users", "HTTP/1.1"]);
        let expected = [("host", "a"), ("User-AGENT", "b: c")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(message.headers, expected);
    }

    #[test]
    fn half_a_head_is_none() {
        assert!(read(&Bytes::from_static(b"GET /Users HTTP/1.1\r\nhost: a\r\n"), |_| true).is_none());
    }
}
