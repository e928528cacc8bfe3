//! Why a file cannot be read. No message repeats what the file says: it may hold credentials.

use std::fmt;

use super::super::Place;

/// Why a file cannot be read as a recording.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be opened.
    #[error("cannot open {path}: {why}")]
    Open {
        /// As the caller named it.
        path: String,
        /// What the system says.
        why: String,
    },
    /// The file cannot be read to its end.
    #[error("reading stopped at byte {byte}: {why}")]
    Io {
        /// Counted from 0.
        byte: u64,
        /// What the system says.
        why: String,
    },
    /// There is nothing in it.
    #[error("the file is empty: there is nothing to read")]
    Empty,
    /// Another kind of file, which is known.
    #[error("this is {what}, which cannot be read as a recording: {instead}")]
    Foreign {
        /// Which kind.
        what: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// Another kind of file, which is not known.
    #[error(
        "this is {what}, but none of the recordings that can be read: HAR, JSON Lines of one exchange each, what \
         ngrok's inspector answers at /api/requests/http, Runscope suites, Postman collections 2.0 and 2.1; \
         export the traffic as HAR"
    )]
    Unknown {
        /// What can be said of it.
        what: &'static str,
    },
    /// It is no JSON at one place.
    #[error("{place}, at {spot}: this is no JSON: {why}; mend that place, or export the file again")]
    Syntax {
        /// The entry or line.
        place: Place,
        /// Where exactly.
        spot: Spot,
        /// What is wrong there.
        why: String,
    },
    /// It is JSON, but lacks what its format must have.
    #[error("{place}: {what}")]
    Form {
        /// The entry or line.
        place: Place,
        /// What it lacks, and what to do.
        what: &'static str,
    },
    /// It ends before the first exchange does.
    #[error(
        "the file ends at {spot}, before its first exchange is complete: copy or export it again, completely"
    )]
    CutOff {
        /// Where it ends.
        spot: Spot,
    },
    /// One piece of it is larger than allowed.
    #[error("{place}, at {spot}: it is larger than {limit} bytes; nothing so large can be part of {of}")]
    TooLarge {
        /// The entry or line.
        place: Place,
        /// Where it begins.
        spot: Spot,
        /// The limit, in bytes.
        limit: usize,
        /// What is expected there.
        of: &'static str,
    },
    /// All exchanges together are larger than allowed.
    #[error(
        "the exchanges hold more than {budget} bytes, up to {place}: cut the recording into parts, or leave out \
         what is not SCIM"
    )]
    TooMuch {
        /// How much is allowed, in bytes.
        budget: usize,
        /// The first one that is too many.
        place: Place,
    },
    /// The base URL that was given is none.
    #[error(
        "the base URL is none for SCIM: give an http or https URL with a host, such as https://app.example/scim/v2"
    )]
    Base,
}

/// A place in a file, to the byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spot {
    /// Counted from 0.
    pub byte: u64,
    /// Counted from 1.
    pub line: u64,
    /// In bytes, counted from 1.
    pub column: u64,
}

impl Spot {
    pub(super) const START: Self = Self { byte: 0, line: 1, column: 1 };

    /// The place after these bytes, which begin here.
    pub(super) fn after(self, bytes: &[u8]) -> Self {
        let length = bytes.len() as u64;
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            None => Self { byte: self.byte + length, line: self.line, column: self.column + length },
            Some(last) => Self {
                byte: self.byte + length,
                line: self.line + bytes[..=last].split(|byte| *byte == b'\n').count() as u64 - 1,
                column: (bytes.len() - last) as u64,
            },
        }
    }

    /// Where an error stands that the JSON parser found in the piece that begins here. Its line counts from 1, its
    /// column from 1, and is 0 at the start of a line.
    pub(super) fn of(self, error: &serde_json::Error, piece: &[u8]) -> Self {
        let line = error.line().saturating_sub(1);
        let skipped: usize = piece.split(|byte| *byte == b'\n').take(line).map(|line| line.len() + 1).sum();
        let offset = (skipped + error.column().saturating_sub(1)).min(piece.len());
        self.after(&piece[..offset])
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {} (byte {})", self.line, self.column, self.byte)
    }
}

impl ReadError {
    pub(super) fn damaged(spot: Spot, why: &str) -> Self {
        Self::Syntax { place: Place::File, spot, why: why.to_owned() }
    }
}
