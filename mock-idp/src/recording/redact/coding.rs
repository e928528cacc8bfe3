//! Bodies as text: without the compression of their headers, and without doubt about what is in them.

use std::io::Read;

use bytes::Bytes;

/// A body that unpacks to more is not looked into.
const LARGEST: u64 = 64 << 20;

/// The body without the codings that its headers name, or None where it cannot be read: a coding that is not known,
/// or too large. A body that was decompressed already, as clients do, is returned as it is.
pub(super) fn plain(headers: &[(String, String)], body: &Bytes) -> Option<Bytes> {
    let mut plain = body.clone();
    let codings = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-encoding"));
    let codings = codings.flat_map(|(_, value)| value.split(',')).collect::<Vec<_>>();
    // RFC 9110 section 8.4: listed in the order in which they were applied.
    for coding in codings.into_iter().rev() {
        if plain.is_empty() || is_text(&plain) {
            break;
        }
        plain = match coding.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => unpacked(flate2::read::MultiGzDecoder::new(&plain[..]))?,
            // RFC 9110 section 8.4.1.2: some send the raw stream without the zlib wrapper.
            "deflate" => unpacked(flate2::read::ZlibDecoder::new(&plain[..]))
                .or_else(|| unpacked(flate2::read::DeflateDecoder::new(&plain[..])))?,
            "identity" => plain,
            _ => return None,
        };
    }
    // A coding that no header names.
    let packed = [&b"\x1f\x8b"[..], b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"BZh", b"\xfd7zXZ"];
    (!packed.iter().any(|magic| plain.starts_with(magic))).then_some(plain)
}

/// A body as text, to be searched and changed, and put back byte by byte.
#[derive(Debug)]
pub(super) enum Text {
    Utf8(String),
    /// Every byte as the character of its number.
    Latin1(String),
}

impl Text {
    pub(super) fn new(body: &[u8]) -> Self {
        match std::str::from_utf8(body) {
            Ok(text) => Self::Utf8(text.to_owned()),
            Err(_) => Self::Latin1(body.iter().copied().map(char::from).collect()),
        }
    }

    pub(super) fn as_mut(&mut self) -> &mut String {
        match self {
            Self::Utf8(text) | Self::Latin1(text) => text,
        }
    }

    pub(super) fn into_bytes(self) -> Bytes {
        match self {
            Self::Utf8(text) => text.into(),
            Self::Latin1(text) => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect(),
        }
    }
}

/// Whether a body can be searched: it claims to be a picture or alike, or reads as text in UTF-8, UTF-16 or a character
/// set that has ASCII in it. What else claims to be text is compressed in a way that nobody names, or encrypted.
pub(super) fn is_readable(headers: &[(String, String)], body: &[u8]) -> bool {
    let media = ["image/", "audio/", "video/", "font/"];
    let content_type = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let content_type = content_type.map_or("", |(_, value)| value.trim());
    let is_media =
        |kind: &str| content_type.get(..kind.len()).is_some_and(|it| it.eq_ignore_ascii_case(kind));
    if media.iter().any(|kind| is_media(kind)) {
        return true;
    }
    let is_space = |byte: u8| matches!(byte, b'\t' | b'\n' | b'\r' | b'\x0c');
    let (mut length, mut printable) = (0_usize, 0_usize);
    // The zeros are those of UTF-16.
    for byte in body.iter().copied().filter(|byte| *byte != 0) {
        if byte.is_ascii_control() && !is_space(byte) {
            return false;
        }
        length += 1;
        printable += usize::from(byte.is_ascii());
    }
    // In what is compressed, half of the bytes are.
    std::str::from_utf8(body).is_ok() || printable * 4 >= length * 3
}

fn is_text(body: &[u8]) -> bool {
    std::str::from_utf8(body).is_ok_and(|text| !text.contains('\0'))
}

fn unpacked(decoder: impl Read) -> Option<Bytes> {
    let mut plain = Vec::new();
    decoder.take(LARGEST + 1).read_to_end(&mut plain).ok()?;
    (plain.len() as u64 <= LARGEST).then(|| plain.into())
}
