//! The file that a recording grows in: one exchange per line beside the HAR file to come, so that a crash loses at
//! most the exchange in flight. When the recording ends, or at the next start, it becomes the HAR file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Entry, har};

/// The longest line that is taken for an exchange: two bodies of 64 MiB in base64, and their heads.
const LONGEST_LINE: u64 = 192 << 20;

/// A recording that is being made. Dropping it leaves the lines on disk, for [`repair`].
#[derive(Debug)]
pub struct Journal {
    har: PathBuf,
    part: PathBuf,
    file: File,
    length: u64,
}

/// A HAR file that was made of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The HAR file.
    pub path: PathBuf,
    /// How many exchanges it holds.
    pub exchanges: usize,
    /// How many lines of the journal were no exchange: at most the last one, unless somebody else wrote to it.
    pub lost: usize,
}

/// Why a recording could not be begun, continued or completed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// There is a file with the name of the output.
    #[error("{0} exists already and is not overwritten: choose another name, or move it away")]
    OutputExists(PathBuf),
    /// There is the journal of an earlier recording: [`repair`] makes a HAR file of it.
    #[error(
        "{0} is what an earlier recording left behind: it must become its HAR file first, or be moved away"
    )]
    LeftBehind(PathBuf),
    /// There are both an output and the journal of another recording for it.
    #[error(
        "{part} holds a recording that was not completed, but {har} exists already: move one of the two away"
    )]
    BothExist {
        /// The journal.
        part: PathBuf,
        /// The output.
        har: PathBuf,
    },
    /// Another process is still recording to it.
    #[error("{0} is being written by another recorder")]
    InUse(PathBuf),
    /// The name of the output is none that a file can have.
    #[error("{0} is not the name of a file")]
    NotAFile(PathBuf),
    /// Reading or writing failed.
    #[error("cannot {what} {path}: {why}")]
    Io {
        /// A verb.
        what: &'static str,
        /// Of which file.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
}

impl Journal {
    /// Begins the recording that shall become the HAR file `har`; `comment` says how it is made. The journal is
    /// `har` with `.part` behind it and can be read by its owner only.
    pub fn create(har: &Path, comment: Option<&str>) -> Result<Self, JournalError> {
        let part = beside(har, ".part")?;
        if occupied(har)? {
            return Err(JournalError::OutputExists(har.to_owned()));
        }
        let file = owner_only().open(&part).map_err(|why| match why.kind() {
            io::ErrorKind::AlreadyExists => JournalError::LeftBehind(part.clone()),
            _ => failed("create", &part)(why),
        })?;
        lock(&file, &part)?;
        let mut journal = Self { har: har.to_owned(), part, file, length: 0 };
        let head = har::head(comment).map_err(failed("write", &journal.part))?;
        journal.write(head)?;
        Ok(journal)
    }

    /// Adds an exchange, which must be [clean](super::redact::Redaction::clean). It is with the operating system when
    /// this returns: a crash of the process cannot lose it.
    pub fn append(&mut self, entry: &Entry) -> Result<(), JournalError> {
        let line = har::line(entry).map_err(failed("write", &self.part))?;
        self.write(line)
    }

    /// Makes the HAR file of it and removes the journal.
    pub fn finish(self) -> Result<Saved, JournalError> {
        if occupied(&self.har)? {
            return Err(JournalError::BothExist { part: self.part, har: self.har });
        }
        self.file.sync_all().map_err(failed("write", &self.part))?;
        save(&self.har, &self.part, self.file)
    }

    fn write(&mut self, mut line: Vec<u8>) -> Result<(), JournalError> {
        line.push(b'\n');
        if let Err(why) = self.file.write_all(&line) {
            // Half a line would spoil the next one. If this fails too, assembling leaves out what is no exchange.
            let _ = self.file.set_len(self.length);
            return Err(failed("write", &self.part)(why));
        }
        self.length += line.len() as u64;
        Ok(())
    }
}

/// Makes the HAR file `har` of the journal that a recorder left behind when it was killed. None: there was nothing
/// left behind, or no exchange in it.
pub fn repair(har: &Path) -> Result<Option<Saved>, JournalError> {
    let part = beside(har, ".part")?;
    let file = match File::open(&part) {
        Ok(file) => file,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => return Err(failed("read", &part)(why)),
    };
    lock(&file, &part)?;
    if occupied(har)? {
        // Killed after the HAR file was complete and before the journal was removed?
        return if is_assembled(har, &part)? {
            remove(&part)?;
            Ok(None)
        } else {
            Err(JournalError::BothExist { part, har: har.to_owned() })
        };
    }
    let (exchanges, _) = assemble(&part, io::sink()).map_err(failed("read", &part))?;
    if exchanges == 0 {
        drop(file);
        remove(&part)?;
        return Ok(None);
    }
    save(har, &part, file).map(Some)
}

/// Writes the HAR file under another name and gives it its own only when it is complete.
fn save(har: &Path, part: &Path, lock: File) -> Result<Saved, JournalError> {
    let unfinished = beside(har, ".unfinished")?;
    if occupied(&unfinished)? {
        // Only who holds the lock makes such a file; this one is of a process that was killed.
        remove(&unfinished)?;
    }
    let out = owner_only().open(&unfinished).map_err(failed("create", &unfinished))?;
    let assembled = assemble(part, BufWriter::new(&out)).and_then(|counts| {
        out.sync_all()?;
        Ok(counts)
    });
    let (exchanges, lost) = assembled.map_err(failed("write", &unfinished))?;
    drop(out);
    rename(&unfinished, har)?;
    drop(lock);
    remove(part)?;
    Ok(Saved { path: har.to_owned(), exchanges, lost })
}

/// Gives a file its final name, but never the name of another one.
fn rename(from: &Path, to: &Path) -> Result<(), JournalError> {
    match std::fs::hard_link(from, to) {
        Ok(()) => remove(from),
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
            Err(JournalError::OutputExists(to.to_owned()))
        }
        // A file system without hard links: the look before is all that can be had.
        Err(_) if occupied(to)? => Err(JournalError::OutputExists(to.to_owned())),
        Err(_) => std::fs::rename(from, to).map_err(failed("create", to)),
    }
}

/// The journal as a HAR file: how many exchanges it holds, and how many lines were none.
fn assemble(part: &Path, out: impl Write) -> io::Result<(usize, usize)> {
    let mut lines = BufReader::new(File::open(part)?);
    let mut line = Vec::new();
    let mut lost = 0;
    let mut next = |line: &mut Vec<u8>| -> io::Result<bool> {
        line.clear();
        Read::by_ref(&mut lines).take(LONGEST_LINE).read_until(b'\n', line)?;
        if line.len() as u64 == LONGEST_LINE && !line.ends_with(b"\n") {
            lines.skip_until(b'\n')?;
        }
        let more = !line.is_empty();
        if line.ends_with(b"\n") {
            line.pop();
        }
        Ok(more)
    };
    let head = if next(&mut line)? && serde_json::from_slice::<Head>(&line).is_ok() {
        line.clone()
    } else {
        har::head(None)?
    };
    let mut writer = har::Writer::below(out, &head)?;
    let mut exchanges = 0;
    while next(&mut line)? {
        if serde_json::from_slice::<Line>(&line).is_ok() {
            writer.line(&line)?;
            exchanges += 1;
        } else {
            lost += 1;
        }
    }
    writer.finish()?;
    Ok((exchanges, lost))
}

fn is_assembled(har: &Path, part: &Path) -> Result<bool, JournalError> {
    let file = File::open(har).map_err(failed("read", har))?;
    let mut same = Same { file: BufReader::new(file), so_far: true };
    assemble(part, &mut same).map_err(failed("read", part))?;
    let ends = same.file.fill_buf().map_err(failed("read", har))?.is_empty();
    Ok(same.so_far && ends)
}

/// Compares what is written to it with a file.
struct Same {
    file: BufReader<File>,
    so_far: bool,
}

impl Write for Same {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut there = vec![0; if self.so_far { bytes.len() } else { 0 }];
        match self.file.read_exact(&mut there) {
            Ok(()) => self.so_far = self.so_far && there == bytes,
            Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => self.so_far = false,
            Err(why) => return Err(why),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What makes a line the head of a log.
#[derive(Deserialize)]
#[expect(dead_code, reason = "that the members are there is all that is asked")]
struct Head {
    version: IgnoredAny,
    creator: IgnoredAny,
}

/// What makes a line an exchange.
#[derive(Deserialize)]
#[expect(dead_code, reason = "that the members are there is all that is asked")]
struct Line {
    request: IgnoredAny,
    response: IgnoredAny,
    timings: IgnoredAny,
}

fn beside(har: &Path, ending: &str) -> Result<PathBuf, JournalError> {
    let name = har.file_name().ok_or_else(|| JournalError::NotAFile(har.to_owned()))?;
    let mut name = name.to_owned();
    name.push(ending);
    Ok(har.with_file_name(name))
}

fn occupied(path: &Path) -> Result<bool, JournalError> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(why) => Err(failed("look at", path)(why)),
    }
}

fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse(path.to_owned())),
        // A file system without locks cannot tell; the names alone must do.
        Err(TryLockError::Error(why)) if why.kind() == io::ErrorKind::Unsupported => Ok(()),
        Err(TryLockError::Error(why)) => Err(failed("lock", path)(why)),
    }
}

fn remove(path: &Path) -> Result<(), JournalError> {
    std::fs::remove_file(path).map_err(failed("remove", path))
}

fn owner_only() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_owned();
    move |why| JournalError::Io { what, path, why }
}
