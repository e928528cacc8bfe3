//! Finds the pieces of a JSON file (members, elements, lines) without reading them into memory: one chunk at a time,
//! and of a piece no more than the caller allows. What a piece says is `shape`'s business.

use std::io::{self, Read};
use std::ops::ControlFlow;

use super::error::{ReadError, Spot};

const CHUNK: usize = 64 << 10;

/// A cursor over a file.
pub(super) struct Scanner<R> {
    input: R,
    chunk: Vec<u8>,
    start: usize,
    spot: Spot,
    ended: bool,
}

/// How much of a piece there was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// All of it, and it is in the buffer.
    Whole,
    /// All of it, but it is larger than the limit and therefore not in the buffer.
    TooLarge,
    /// The file ends before it does; the buffer holds what there is.
    CutOff,
}

/// How a list or an object ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// By its bracket.
    Closed,
    /// With the file.
    CutOff,
    /// Since the caller has enough.
    Stopped,
}

/// Takes an element of a list: its number, counted from 1, where it begins, how much of it there was, and its bytes.
type Element<'a> = dyn FnMut(usize, Spot, Taken, &[u8]) -> Result<ControlFlow<()>, ReadError> + 'a;

impl<R: Read> Scanner<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, chunk: Vec::new(), start: 0, spot: Spot::START, ended: false }
    }

    /// Where the next byte stands.
    pub(super) fn spot(&self) -> Spot {
        self.spot
    }

    /// The bytes that come next, as many as one chunk holds.
    pub(super) fn prefix(&mut self) -> Result<&[u8], ReadError> {
        while self.chunk.len() - self.start < CHUNK && !self.ended {
            self.more()?;
        }
        Ok(&self.chunk[self.start..])
    }

    /// The next byte that is not white space; it stays.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, ReadError> {
        loop {
            let slice = self.fill()?;
            let length = slice.len();
            if length == 0 {
                return Ok(None);
            }
            let found = slice.iter().enumerate().find(|(_, byte)| !byte.is_ascii_whitespace());
            let found = found.map(|(count, byte)| (count, *byte));
            self.advance(found.map_or(length, |(count, _)| count));
            if let Some((_, byte)) = found {
                return Ok(Some(byte));
            }
        }
    }

    /// Passes one byte that `peek` has shown.
    pub(super) fn pass(&mut self) {
        if self.start < self.chunk.len() {
            self.advance(1);
        }
    }

    /// Passes `count` bytes of the prefix.
    pub(super) fn pass_prefix(&mut self, count: usize) {
        self.advance(count.min(self.chunk.len() - self.start));
    }

    /// Takes the JSON value that comes next into `buffer`, which is emptied first. Where it ends is found by its
    /// brackets and quotes alone.
    pub(super) fn value(&mut self, buffer: &mut Vec<u8>, limit: usize) -> Result<Taken, ReadError> {
        buffer.clear();
        self.peek()?;
        let mut extent = Extent::default();
        let mut taken = Taken::Whole;
        loop {
            let slice = self.fill()?;
            if slice.is_empty() {
                return Ok(if extent.may_end() { taken } else { Taken::CutOff });
            }
            let (used, finished) = extent.run(slice);
            if taken == Taken::Whole {
                if used > limit - buffer.len() {
                    taken = Taken::TooLarge;
                    // The memory goes with it: a file of large pieces shall not keep the largest.
                    *buffer = Vec::new();
                } else {
                    buffer.extend_from_slice(&slice[..used]);
                }
            }
            self.advance(used);
            if finished {
                return Ok(taken);
            }
        }
    }

    /// Passes the value that comes next.
    pub(super) fn skip(&mut self) -> Result<Taken, ReadError> {
        Ok(match self.value(&mut Vec::new(), 0)? {
            Taken::TooLarge => Taken::Whole,
            other => other,
        })
    }

    /// Takes the line that comes next, without its end, into `buffer`, which is emptied first. None: there is none.
    /// [`Taken::CutOff`]: the file ends without a line feed.
    pub(super) fn line(&mut self, buffer: &mut Vec<u8>, limit: usize) -> Result<Option<Taken>, ReadError> {
        buffer.clear();
        let mut taken = Taken::Whole;
        let mut any = false;
        loop {
            let slice = self.fill()?;
            if slice.is_empty() {
                let cut = if taken == Taken::Whole { Taken::CutOff } else { taken };
                return Ok(any.then_some(cut));
            }
            any = true;
            let end = slice.iter().position(|byte| *byte == b'\n');
            let used = end.unwrap_or(slice.len());
            if taken == Taken::Whole {
                if used > limit - buffer.len() {
                    taken = Taken::TooLarge;
                    *buffer = Vec::new();
                } else {
                    buffer.extend_from_slice(&slice[..used]);
                }
            }
            self.advance(used + usize::from(end.is_some()));
            if end.is_some() {
                return Ok(Some(taken));
            }
        }
    }

    /// Walks the object whose brace comes next. `each` is told the name of every member and must take or skip its
    /// value; it says how that went.
    pub(super) fn members(
        &mut self,
        each: &mut dyn FnMut(&mut Self, &str) -> Result<End, ReadError>,
    ) -> Result<End, ReadError> {
        self.pass();
        let mut name = Vec::new();
        let mut first = true;
        loop {
            match self.peek()? {
                Some(b'}') if first => {
                    self.pass();
                    return Ok(End::Closed);
                }
                Some(b'"') => {}
                None => return Ok(End::CutOff),
                Some(_) => return Err(self.damaged("a name in quotes is missing")),
            }
            first = false;
            let spot = self.spot;
            match self.value(&mut name, LONGEST_NAME)? {
                Taken::Whole => {}
                Taken::CutOff => return Ok(End::CutOff),
                Taken::TooLarge => return Err(ReadError::damaged(spot, "a name is too long")),
            }
            // A name that is not UTF-8 is none that anybody looks for.
            let text = serde_json::from_slice::<String>(&name).unwrap_or_default();
            match self.peek()? {
                Some(b':') => self.pass(),
                None => return Ok(End::CutOff),
                Some(_) => return Err(self.damaged("the colon after a name is missing")),
            }
            match self.peek()? {
                None => return Ok(End::CutOff),
                Some(b',' | b'}' | b']' | b':') => {
                    return Err(self.damaged("the value after a name is missing"));
                }
                Some(_) => {}
            }
            let end = each(self, &text)?;
            if end != End::Closed {
                return Ok(end);
            }
            match self.peek()? {
                Some(b'}') => {
                    self.pass();
                    return Ok(End::Closed);
                }
                Some(b',') => self.pass(),
                None => return Ok(End::CutOff),
                Some(_) => return Err(self.damaged("a comma or the closing brace is missing")),
            }
        }
    }

    /// Walks the list whose bracket comes next and gives each element to `each`.
    pub(super) fn elements(&mut self, limit: usize, each: &mut Element<'_>) -> Result<End, ReadError> {
        self.pass();
        let mut buffer = Vec::new();
        if self.peek()? == Some(b']') {
            self.pass();
            return Ok(End::Closed);
        }
        for number in 1.. {
            match self.peek()? {
                None => return Ok(End::CutOff),
                Some(b',' | b']' | b'}' | b':') => return Err(self.damaged("an element is missing")),
                Some(_) => {}
            }
            let spot = self.spot;
            let taken = self.value(&mut buffer, limit)?;
            if each(number, spot, taken, &buffer)?.is_break() {
                return Ok(End::Stopped);
            }
            if taken == Taken::CutOff {
                return Ok(End::CutOff);
            }
            match self.peek()? {
                Some(b',') => self.pass(),
                Some(b']') => {
                    self.pass();
                    break;
                }
                None => return Ok(End::CutOff),
                Some(_) => return Err(self.damaged("a comma or the closing bracket is missing")),
            }
        }
        Ok(End::Closed)
    }

    /// The error that the file is no JSON at the next byte.
    pub(super) fn damaged(&self, why: &str) -> ReadError {
        ReadError::damaged(self.spot, why)
    }

    fn fill(&mut self) -> Result<&[u8], ReadError> {
        if self.start == self.chunk.len() && !self.ended {
            self.chunk.clear();
            self.start = 0;
            self.more()?;
        }
        Ok(&self.chunk[self.start..])
    }

    fn more(&mut self) -> Result<(), ReadError> {
        let before = self.chunk.len();
        self.chunk.resize(before + CHUNK, 0);
        let result = loop {
            match self.input.read(&mut self.chunk[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        let read = result.as_ref().map_or(0, |read| (*read).min(CHUNK));
        self.chunk.truncate(before + read);
        match result {
            Ok(0) => self.ended = true,
            Ok(_) => {}
            Err(error) => {
                return Err(ReadError::Io { byte: self.spot.byte + before as u64, why: error.to_string() });
            }
        }
        Ok(())
    }

    fn advance(&mut self, count: usize) {
        let passed = &self.chunk[self.start..self.start + count];
        self.spot = self.spot.after(passed);
        self.start += count;
    }
}

/// Longer than any name that a format knows, so that a name cannot fill the memory.
const LONGEST_NAME: usize = 4096;

/// Follows a value to its end.
#[derive(Default)]
struct Extent {
    depth: u64,
    begun: bool,
    in_string: bool,
    escaped: bool,
}

impl Extent {
    /// How many bytes of `slice` belong to the value, and whether it ends there.
    fn run(&mut self, slice: &[u8]) -> (usize, bool) {
        for (index, &byte) in slice.iter().enumerate() {
            if self.in_string {
                if self.escaped {
                    self.escaped = false;
                } else if byte == b'\\' {
                    self.escaped = true;
                } else if byte == b'"' {
                    self.in_string = false;
                    if self.depth == 0 {
                        return (index + 1, true);
                    }
                }
                continue;
            }
            match byte {
                b'"' | b'{' | b'[' if self.depth == 0 && self.begun => return (index, true),
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    if self.depth == 0 {
                        return (index, true);
                    }
                    self.depth -= 1;
                    if self.depth == 0 {
                        return (index + 1, true);
                    }
                }
                b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => return (index, true),
                _ => {}
            }
            self.begun = true;
        }
        (slice.len(), false)
    }

    /// Whether the end of the file may be its end: a number or a word has no closing quote or bracket.
    fn may_end(&self) -> bool {
        self.begun && self.depth == 0 && !self.in_string
    }
}
