//! What a run made on the target, written down before it is made: a journal on disk notes the intent of each create,
//! what became of it, and its removal, so that a run that was killed can still be cleaned up after.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Something that a run made or may have made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The endpoint: `/Users` or `/Groups`.
    pub endpoint: String,
    /// Its name: userName or displayName.
    pub name: String,
    /// Its id, where the answer told it; else it has to be looked up by name.
    pub id: Option<String>,
    /// The story that made it.
    pub story: usize,
    /// Which tenant has it.
    pub tenant: Tenant,
}

/// A tenant of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tenant {
    /// The one under test.
    #[default]
    Own,
    /// The second one.
    Other,
}

/// All that a run made and has not removed. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    inner: Arc<Mutex<Inner>>,
}

/// Identifies an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(u64);

/// The journal cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refuses.
    #[error("the journal {path} cannot be used: {source}", path = path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The run that writes it is still going on.
    #[error("{path} belongs to a run that is still going on: let it end, or stop it first", path = .0.display())]
    Running(PathBuf),
    /// Not a journal.
    #[error("{path} is not a journal of scimspec: line {line}", path = path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// The line that is none.
        line: usize,
    },
}

/// A journal read back.
#[derive(Debug)]
pub struct Journal {
    /// The target's base URL.
    pub url: String,
    /// The run's mark.
    pub run: String,
    /// What is left to remove.
    pub left: Vec<Made>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: BTreeMap<EntryId, Made>,
    next: u64,
    journal: Option<(PathBuf, File)>,
    /// A write that failed, told once at the end: the run itself goes on.
    failed: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
enum Line {
    Run {
        version: u32,
        run: String,
        url: String,
    },
    Intent {
        entry: EntryId,
        endpoint: String,
        name: String,
        #[serde(default, skip_serializing_if = "Tenant::is_own")]
        tenant: Tenant,
    },
    Made {
        entry: EntryId,
        id: String,
    },
    Gone {
        entry: EntryId,
    },
}

impl Tenant {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it may leave out by reference")]
    fn is_own(&self) -> bool {
        *self == Self::Own
    }
}

impl Ledger {
    /// A ledger without a journal: for a target that ends with the run.
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// A ledger whose journal is a new file in `folder`.
    pub fn with_journal(folder: &Path, run: &str, url: &str) -> Result<Self, JournalError> {
        let fail = |path: &Path| {
            let path = path.to_owned();
            move |source| JournalError::Io { path, source }
        };
        std::fs::create_dir_all(folder).map_err(fail(folder))?;
        let path = folder.join(format!("{run}.journal"));
        let file = OpenOptions::new().create_new(true).append(true).open(&path).map_err(fail(&path))?;
        // Held while the run lives, so that a cleanup does not remove what is still in use.
        file.lock().map_err(fail(&path))?;
        let ledger = Self::default();
        {
            let mut inner = ledger.lock();
            inner.journal = Some((path, file));
            inner.write(&Line::Run { version: 1, run: run.to_owned(), url: url.to_owned() });
        }
        Ok(ledger)
    }

    /// Notes that something is about to be made.
    pub fn intend(&self, endpoint: &str, name: &str, story: usize, tenant: Tenant) -> EntryId {
        let mut inner = self.lock();
        let entry = EntryId(inner.next);
        inner.next += 1;
        let (endpoint, name) = (endpoint.to_owned(), name.to_owned());
        inner.write(&Line::Intent { entry, endpoint: endpoint.clone(), name: name.clone(), tenant });
        let made = Made { endpoint, name, id: None, story, tenant };
        inner.entries.insert(entry, made);
        entry
    }

    /// Notes the id that it got.
    pub fn made(&self, entry: EntryId, id: &str) {
        let mut inner = self.lock();
        inner.write(&Line::Made { entry, id: id.to_owned() });
        if let Some(made) = inner.entries.get_mut(&entry) {
            made.id = Some(id.to_owned());
        }
    }

    /// Notes that it was refused, or removed.
    pub fn gone(&self, entry: EntryId) {
        let mut inner = self.lock();
        inner.write(&Line::Gone { entry });
        inner.entries.remove(&entry);
    }

    /// What a story made and has not removed; groups first, so that no server is asked to remove a member.
    pub fn of_story(&self, story: Option<usize>) -> Vec<(EntryId, Made)> {
        let inner = self.lock();
        let mine = inner.entries.iter().filter(|(_, made)| story.is_none_or(|story| made.story == story));
        let mut list: Vec<_> = mine.map(|(entry, made)| (*entry, made.clone())).collect();
        list.sort_by_key(|(entry, made)| (made.endpoint != "/Groups", *entry));
        list
    }

    /// Ends the journal: its file goes when nothing is left, else its path is told. Also a write that failed.
    pub fn finish(&self) -> (Option<PathBuf>, Option<String>) {
        let mut inner = self.lock();
        let failed = inner.failed.take();
        let Some((path, file)) = inner.journal.take() else { return (None, failed) };
        drop(file);
        if inner.entries.is_empty() && std::fs::remove_file(&path).is_ok() {
            return (None, failed);
        }
        (Some(path), failed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn write(&mut self, line: &Line) {
        let Some((path, file)) = &mut self.journal else { return };
        let written = serde_json::to_string(line)
            .map_err(std::io::Error::other)
            .and_then(|text| writeln!(file, "{text}").and_then(|()| file.flush()));
        if let Err(error) = written {
            self.failed = Some(format!("the journal {} could not be written: {error}", path.display()));
        }
    }
}

impl Journal {
    /// Reads a journal; a last line that was cut off is ignored.
    pub fn read(path: &Path) -> Result<Self, JournalError> {
        let fail = |source| JournalError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(JournalError::Running(path.to_owned())),
            Err(std::fs::TryLockError::Error(source)) => return Err(fail(source)),
        }
        let lines: Vec<String> = BufReader::new(file).lines().collect::<Result<_, _>>().map_err(fail)?;
        let mut head = None;
        let mut entries: BTreeMap<EntryId, Made> = BTreeMap::new();
        for (i, text) in lines.iter().enumerate() {
            let line = match serde_json::from_str::<Line>(text) {
                Ok(line) => line,
                Err(_) if i > 0 && i + 1 == lines.len() => break,
                Err(_) => return Err(JournalError::Foreign { path: path.to_owned(), line: i + 1 }),
            };
            match line {
                Line::Run { url, run, version: 1 } => head = Some((url, run)),
                Line::Run { .. } => return Err(JournalError::Foreign { path: path.to_owned(), line: i + 1 }),
                Line::Intent { entry, endpoint, name, tenant } => {
                    entries.insert(entry, Made { endpoint, name, id: None, story: 0, tenant });
                }
                Line::Made { entry, id } => {
                    if let Some(made) = entries.get_mut(&entry) {
                        made.id = Some(id);
                    }
                }
                Line::Gone { entry } => {
                    entries.remove(&entry);
                }
            }
        }
        let Some((url, run)) = head else {
            return Err(JournalError::Foreign { path: path.to_owned(), line: 1 });
        };
        let mut left: Vec<Made> = entries.into_values().collect();
        left.sort_by_key(|made| made.endpoint != "/Groups");
        Ok(Self { url, run, left })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_tells_what_is_left_after_a_crash() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::with_journal(folder.path(), "k3f9x2", "https://app.example/scim/v2").unwrap();
        let lost = ledger.intend("/Users", "ada", 1, Tenant::Own);
        let kept = ledger.intend("/Users", "bob", 1, Tenant::Own);
        let group = ledger.intend("/Groups", "staff", 1, Tenant::Own);
        let refused = ledger.intend("/Users", "eve", 1, Tenant::Own);
        ledger.made(kept, "u-2");
        ledger.made(group, "g-1");
        ledger.gone(refused);
        let _ = lost;
        let path = folder.path().join("k3f9x2.journal");
        assert!(matches!(Journal::read(&path), Err(JournalError::Running(_))));
        drop(ledger);
        let mut torn = OpenOptions::new().append(true).open(&path).unwrap();
        write!(torn, "{{\"event\":\"int").unwrap();

        let journal = Journal::read(&path).unwrap();

        assert_eq!(journal.url, "https://app.example/scim/v2");
        let left: Vec<_> = journal.left.iter().map(|made| (made.name.as_str(), made.id.as_deref())).collect();
        assert_eq!(left, [("staff", Some("g-1")), ("ada", None), ("bob", Some("u-2"))]);
    }

    #[test]
    fn a_journal_goes_when_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::with_journal(folder.path(), "k3f9x2", "https://app.example").unwrap();
        let entry = ledger.intend("/Users", "ada", 1, Tenant::Own);
        ledger.gone(entry);
        assert_eq!(ledger.finish(), (None, None));
        assert!(!folder.path().join("k3f9x2.journal").exists());
    }

    #[test]
    fn a_foreign_file_is_refused_with_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.journal");
        std::fs::write(&path, "hello\n").unwrap();
        assert!(matches!(Journal::read(&path), Err(JournalError::Foreign { line: 1, .. })));
    }
}
