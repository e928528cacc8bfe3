//! The copy of a body that the recording keeps: up to a limit, and without the content coding that was on the wire, so
//! that redaction sees what is in it.

use std::io::Read;

use bytes::{Bytes, BytesMut};

/// What of a body was kept so far.
#[derive(Debug)]
pub(super) struct Copy {
    bytes: BytesMut,
    limit: usize,
    is_whole: bool,
}

/// Why a recording lacks a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// It is too large.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// It is coded in a way that cannot be undone, so that nobody can tell what secrets are in it.
    #[error("it comes in the content coding {0:?}, which cannot be undone here")]
    Coding(String),
    /// It did not come to its end.
    #[error("it did not come to its end")]
    Cut,
}

impl Copy {
    /// Nothing yet, and never more than `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: BytesMut::new(), limit, is_whole: true }
    }

    /// Adds what has come.
    pub(super) fn add(&mut self, data: &[u8]) {
        if self.is_whole && self.bytes.len() + data.len() <= self.limit {
            self.bytes.extend_from_slice(data);
        } else {
            // Half a body is of no use.
            self.is_whole = false;
            self.bytes = BytesMut::new();
        }
    }

    /// What was kept, as its author wrote it.
    pub(super) fn finish(self, headers: &[(String, String)]) -> Result<Bytes, NotKept> {
        if !self.is_whole {
            return Err(NotKept::TooLarge { limit: self.limit });
        }
        if self.bytes.is_empty() {
            return Ok(Bytes::new());
        }
        let codings = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-encoding"));
        let codings =
            codings.map(|(_, value)| value.trim().to_ascii_lowercase()).collect::<Vec<_>>().join(", ");
        let body = self.bytes.as_ref();
        let plain = match codings.as_str() {
            "" | "identity" => return Ok(self.bytes.freeze()),
            "gzip" | "x-gzip" => self.inflated(flate2::read::MultiGzDecoder::new(body)),
            // RFC 9110, section 8.4.1.2: some send the raw stream without the zlib wrapper.
            "deflate" => match self.inflated(flate2::read::ZlibDecoder::new(body)) {
                Err(Inflating::Broken) => self.inflated(flate2::read::DeflateDecoder::new(body)),
                inflated => inflated,
            },
            _ => Err(Inflating::Broken),
        };
        plain.map_err(|error| match error {
            Inflating::TooLarge => NotKept::TooLarge { limit: self.limit },
            Inflating::Broken => NotKept::Coding(codings),
        })
    }

    fn inflated(&self, decoder: impl Read) -> Result<Bytes, Inflating> {
        let mut plain = Vec::new();
        let most = u64::try_from(self.limit).unwrap_or(u64::MAX).saturating_add(1);
        decoder.take(most).read_to_end(&mut plain).map_err(|_| Inflating::Broken)?;
        if plain.len() > self.limit { Err(Inflating::TooLarge) } else { Ok(plain.into()) }
    }
}

enum Inflating {
    TooLarge,
    Broken,
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn finish(limit: usize, bytes: &[u8], coding: &str) -> Result<Bytes, NotKept> {
        let mut copy = Copy::new(limit);
        bytes.chunks(3).for_each(|piece| copy.add(piece));
        copy.finish(&[("Content-Encoding".to_owned(), coding.to_owned())])
    }

    fn zipped(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_body_is_kept_as_its_author_wrote_it() {
        assert_eq!(finish(100, b"abcdef", "identity").unwrap(), "abcdef");
        assert_eq!(finish(100, &zipped(b"abcdef"), "gzip").unwrap(), "abcdef");
        assert_eq!(finish(100, b"", "br").unwrap(), "");
    }

    #[test]
    fn what_cannot_be_looked_into_is_not_kept() {
        assert_eq!(finish(100, b"abcdef", "br"), Err(NotKept::Coding("br".to_owned())));
        assert_eq!(finish(100, b"abcdef", "gzip"), Err(NotKept::Coding("gzip".to_owned())));
    }

    #[test]
    fn neither_a_large_body_nor_one_that_grows_is_kept() {
        assert_eq!(finish(5, b"abcdef", ""), Err(NotKept::TooLarge { limit: 5 }));
        assert_eq!(finish(100, &zipped(&[0; 1000]), "gzip"), Err(NotKept::TooLarge { limit: 100 }));
    }
}
