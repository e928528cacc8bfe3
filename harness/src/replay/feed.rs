//! A recording in a file, entry by entry: read in a thread of its own through a bounded channel, so that memory does not
//! grow with the file. It is read twice, first to see whom and what it makes.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use scimspec_mock_idp::recording::read::{self, Item, ReadError, ReadOptions};
use scimspec_mock_idp::recording::{Entry, Note, Source};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};

use super::survey::Survey;

/// Entries that wait to be replayed.
const WAITING: usize = 16;
/// More notes on what was left out than anybody reads are counted.
const MOST_NOTES: usize = 100;

/// Why a recording cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The file system refuses.
    #[error("cannot read {path}: {source}", path = path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A pipe, or a folder.
    #[error("{path} is no file: a recording is read twice, so it has to be one", path = .0.display())]
    NoFile(PathBuf),
    /// Not a recording, or one that is damaged.
    #[error("{path}: {source}", path = path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: ReadError,
    },
    /// The thread that reads ended in a panic.
    #[error("reading {path} failed: {source}", path = path.display())]
    Thread {
        /// Which file.
        path: PathBuf,
        /// How.
        source: JoinError,
    },
}

/// A file with a recording.
#[derive(Debug, Clone)]
pub struct Tape {
    path: PathBuf,
    options: ReadOptions,
}

/// What the first look at a file tells.
#[derive(Debug)]
pub struct Looked {
    /// What the recording is about.
    pub survey: Survey,
    /// Where it comes from.
    pub source: Source,
    /// What of the file cannot be used, and why.
    pub left_out: Vec<Note>,
    /// How many more such notes there were than are kept.
    pub more_left_out: usize,
}

/// The entries of a file, one after the other.
pub struct Feed {
    path: PathBuf,
    entries: mpsc::Receiver<Entry>,
    reading: JoinHandle<Result<Source, ReadError>>,
}

impl Tape {
    /// The recording in this file.
    pub fn new(path: &Path, options: ReadOptions) -> Result<Self, FeedError> {
        let is_file = std::fs::metadata(path)
            .map_err(|source| FeedError::Io { path: path.to_owned(), source })?
            .is_file();
        if !is_file {
            return Err(FeedError::NoFile(path.to_owned()));
        }
        Ok(Self { path: path.to_owned(), options })
    }

    /// Reads it once.
    pub async fn look(&self) -> Result<Looked, FeedError> {
        let (file, options) = (self.open()?, self.options.clone());
        let looking = tokio::task::spawn_blocking(move || {
            let (mut survey, mut left_out, mut more_left_out) = (Survey::default(), Vec::new(), 0);
            let source = read::read(file, &options, &mut |item| {
                match item {
                    Item::Entry(entry) => survey.look(&entry),
                    Item::LeftOut(note) if left_out.len() < MOST_NOTES => left_out.push(note),
                    Item::LeftOut(_) => more_left_out += 1,
                }
                ControlFlow::Continue(())
            })?;
            Ok(Looked { survey, source, left_out, more_left_out })
        });
        self.told(looking.await)
    }

    /// Begins to read it once more.
    pub fn play(&self) -> Result<Feed, FeedError> {
        let (file, options) = (self.open()?, self.options.clone());
        let (sender, entries) = mpsc::channel(WAITING);
        let reading = tokio::task::spawn_blocking(move || {
            read::read(file, &options, &mut |item| match item {
                // Nobody listens any more once the replay was stopped.
                Item::Entry(entry) => match sender.blocking_send(entry) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                },
                Item::LeftOut(_) => ControlFlow::Continue(()),
            })
        });
        Ok(Feed { path: self.path.clone(), entries, reading })
    }

    fn open(&self) -> Result<File, FeedError> {
        File::open(&self.path).map_err(|source| FeedError::Io { path: self.path.clone(), source })
    }

    fn told<T>(&self, ended: Result<Result<T, ReadError>, JoinError>) -> Result<T, FeedError> {
        told(&self.path, ended)
    }
}

impl Feed {
    /// The next entry.
    pub async fn next(&mut self) -> Option<Entry> {
        self.entries.recv().await
    }

    /// After the last entry, or before: whether the file could be read so far.
    pub async fn end(mut self) -> Result<(), FeedError> {
        self.entries.close();
        // What waits in the channel holds up the thread.
        while self.entries.recv().await.is_some() {}
        told(&self.path, self.reading.await).map(drop)
    }
}

fn told<T>(path: &Path, ended: Result<Result<T, ReadError>, JoinError>) -> Result<T, FeedError> {
    let path = path.to_owned();
    match ended {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(source)) => Err(FeedError::Read { path, source }),
        Err(source) => Err(FeedError::Thread { path, source }),
    }
}
