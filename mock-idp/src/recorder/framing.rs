//! Where the body of a message ends (RFC 9112, section 6): by its length, by its chunks, with the connection, or there
//! is none. Bytes come in, what of them is data is told; nothing is read or written here.

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// No body.
    Empty,
    /// So many bytes.
    Length(u64),
    /// Chunk by chunk.
    Chunked,
    /// Everything until the connection ends.
    UntilClose,
}

/// A body on its way.
#[derive(Debug)]
pub(super) struct Body {
    state: State,
    /// Bytes of chunk extensions and trailer fields so far: they have no end of their own.
    aside: usize,
}

/// Why a body is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FramingError {
    /// Not the chunks that it says it consists of.
    #[error("its chunks are not those of RFC 9112, section 7.1")]
    Chunks,
    /// Chunk extensions and trailer fields without end.
    #[error("its chunk extensions and trailer fields are longer than {ASIDE} bytes")]
    Aside,
    /// It ended before its end.
    #[error("it ended before it was complete")]
    Cut,
}

/// The most bytes of chunk extensions and trailer fields in one body.
const ASIDE: usize = 64 * 1024;
/// Enough for the length of everything there is.
const SIZE_DIGITS: u8 = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Done,
    Length(u64),
    UntilClose,
    Size { digits: u8, size: u64 },
    Padding { size: u64 },
    Extension { size: u64 },
    SizeEnd { size: u64 },
    Data { left: u64 },
    DataCr,
    DataLf,
    TrailerStart,
    Trailer,
    TrailerLf,
    LastLf,
}

impl Framing {
    /// Whether there is nothing to come.
    pub(super) fn is_empty(self) -> bool {
        matches!(self, Self::Empty | Self::Length(0))
    }
}

impl Body {
    /// Nothing of it has come yet.
    pub(super) fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Empty | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size { digits: 0, size: 0 },
            Framing::UntilClose => State::UntilClose,
        };
        Self { state, aside: 0 }
    }

    /// Whether its last byte has come.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Takes what of `input` belongs to it and says how many bytes that was; what is data goes to `data`.
    pub(super) fn take(&mut self, input: &[u8], data: &mut dyn FnMut(&[u8])) -> Result<usize, FramingError> {
        let mut used = 0;
        while let (false, Some(rest)) = (self.is_done(), input.get(used..).filter(|rest| !rest.is_empty())) {
            used += match self.state {
                State::UntilClose => {
                    data(rest);
                    rest.len()
                }
                State::Length(left) => {
                    let taken = give(rest, left, data);
                    self.state = match left - taken as u64 {
                        0 => State::Done,
                        left => State::Length(left),
                    };
                    taken
                }
                State::Data { left } => {
                    let taken = give(rest, left, data);
                    self.state = match left - taken as u64 {
                        0 => State::DataCr,
                        left => State::Data { left },
                    };
                    taken
                }
                _ => {
                    self.state = self.after(rest[0])?;
                    1
                }
            };
        }
        Ok(used)
    }

    /// The connection has ended.
    pub(super) fn end(&mut self) -> Result<(), FramingError> {
        match self.state {
            State::Done | State::UntilClose => {
                self.state = State::Done;
                Ok(())
            }
            _ => Err(FramingError::Cut),
        }
    }

    /// One byte of what stands around the data of chunks. A line ends with CR LF and with nothing else: who reads it
    /// otherwise sees other requests than the server behind (RFC 9112, section 11.2).
    fn after(&mut self, byte: u8) -> Result<State, FramingError> {
        Ok(match (self.state, byte) {
            (State::Size { digits, size }, _) if byte.is_ascii_hexdigit() && digits < SIZE_DIGITS => {
                let digit = char::from(byte).to_digit(16).map_or(0, u64::from);
                State::Size { digits: digits + 1, size: size * 16 + digit }
            }
            (State::Size { digits: 1.., size } | State::Padding { size }, b';') => State::Extension { size },
            (State::Size { digits: 1.., size } | State::Padding { size }, b' ' | b'\t') => {
                self.put_aside()?;
                State::Padding { size }
            }
            (
                State::Size { digits: 1.., size } | State::Padding { size } | State::Extension { size },
                b'\r',
            ) => State::SizeEnd { size },
            (State::Extension { size }, byte) if byte != b'\n' => {
                self.put_aside()?;
                State::Extension { size }
            }
            (State::SizeEnd { size: 0 } | State::TrailerLf, b'\n') => State::TrailerStart,
            (State::SizeEnd { size }, b'\n') => State::Data { left: size },
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::Size { digits: 0, size: 0 },
            (State::TrailerStart, b'\r') => State::LastLf,
            (State::Trailer, b'\r') => State::TrailerLf,
            (State::TrailerStart | State::Trailer, byte) if byte != b'\n' => {
                self.put_aside()?;
                State::Trailer
            }
            (State::LastLf, b'\n') => State::Done,
            _ => return Err(FramingError::Chunks),
        })
    }

    fn put_aside(&mut self) -> Result<(), FramingError> {
        self.aside += 1;
        if self.aside > ASIDE { Err(FramingError::Aside) } else { Ok(()) }
    }
}

/// As much of the bytes as is left to come.
fn give(bytes: &[u8], left: u64, data: &mut dyn FnMut(&[u8])) -> usize {
    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    data(&bytes[..taken]);
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a body holds, fed in pieces of `step` bytes, and how many bytes it took.
    fn read(framing: Framing, input: &[u8], step: usize) -> Result<(Vec<u8>, usize), FramingError> {
        let (mut body, mut data, mut used) = (Body::new(framing), Vec::new(), 0);
        for piece in input.chunks(step) {
            used += body.take(piece, &mut |bytes| data.extend_from_slice(bytes))?;
        }
        if !body.is_done() {
            body.end()?;
        }
        Ok((data, used))
    }

    #[test]
    fn chunks_are_read_however_they_are_cut() {
        let text = b"4;name=\"v\"\r\nWiki\r\n5 \r\npedia\r\n0\r\nX-Sum: 1\r\n\r\nGET /next";
        for step in 1..text.len() {
            let (data, used) = read(Framing::Chunked, text, step).unwrap();
            assert_eq!((data.as_slice(), &text[used..]), (&b"Wikipedia"[..], &b"GET /next"[..]), "{step}");
        }
    }

    #[rstest::rstest]
    #[case::no_size(b"\r\n0\r\n\r\n")]
    #[case::a_sign(b"+4\r\nWiki\r\n0\r\n\r\n")]
    #[case::bare_line_feeds(b"4\nWiki\n0\n\n")]
    #[case::a_bare_line_feed_in_an_extension(b"4;a\nWiki\r\n0\r\n\r\n")]
    #[case::more_data_than_said(b"4\r\nWikipedia\r\n0\r\n\r\n")]
    #[case::more_than_there_is(b"10000000000000000\r\n")]
    #[case::hexadecimal_as_programs_write_it(b"0x4\r\nWiki\r\n0\r\n\r\n")]
    fn what_could_be_read_in_two_ways_is_refused(#[case] text: &[u8]) {
        assert_eq!(read(Framing::Chunked, text, 1), Err(FramingError::Chunks));
    }

    #[test]
    fn what_ends_too_early_is_cut() {
        assert_eq!(read(Framing::Length(5), b"abc", 2), Err(FramingError::Cut));
        assert_eq!(read(Framing::Chunked, b"4\r\nWiki\r\n", 3), Err(FramingError::Cut));
        assert_eq!(read(Framing::UntilClose, b"abc", 2), Ok((b"abc".to_vec(), 3)));
    }

    #[test]
    fn what_follows_a_body_is_not_of_it() {
        assert_eq!(read(Framing::Length(3), b"abcdef", 6), Ok((b"abc".to_vec(), 3)));
        assert_eq!(read(Framing::Empty, b"abcdef", 6), Ok((Vec::new(), 0)));
    }

    #[test]
    fn extensions_and_trailers_have_an_end() {
        let long = [b"1;".as_slice(), &vec![b'x'; ASIDE + 1]].concat();
        assert_eq!(read(Framing::Chunked, &long, 1000), Err(FramingError::Aside));
    }
}
