//! A snapshot on disk, in insta's format: `NAME.snap`, pending `NAME.snap.new`; a YAML header, then the text.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A stored conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The scenario file.
    pub source: String,
    /// The scenario's title.
    pub description: String,
    /// As whom.
    pub expression: String,
    /// The text.
    pub contents: String,
}

/// A snapshot that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the snapshot {path} cannot be used: {source}", path = path.display())]
pub struct SnapshotError {
    path: PathBuf,
    source: io::Error,
}

impl Snapshot {
    /// Reads one; `None` if there is none. Headers of older versions of insta are understood.
    pub fn read(path: &Path) -> Result<Option<Self>, SnapshotError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(SnapshotError { path: path.to_owned(), source }),
        };
        Ok(Some(Self::parse(&text)))
    }

    /// Writes it, with the folders it needs.
    pub fn write(&self, path: &Path) -> Result<(), SnapshotError> {
        let fail = |source| SnapshotError { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(fail)?;
        }
        fs::write(path, self.to_text()).map_err(fail)
    }

    fn parse(text: &str) -> Self {
        let text = text.replace("\r\n", "\n");
        let mut snapshot = Self {
            source: String::new(),
            description: String::new(),
            expression: String::new(),
            contents: String::new(),
        };
        let Some((header, contents)) = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"))
        else {
            snapshot.contents = text;
            return snapshot;
        };
        for (key, value) in header.lines().filter_map(|line| line.split_once(": ")) {
            let value = serde_json::from_str(value).unwrap_or_else(|_| value.to_owned());
            match key {
                "source" => snapshot.source = value,
                "description" => snapshot.description = value,
                "expression" => snapshot.expression = value,
                _ => {}
            }
        }
        contents.trim_end_matches('\n').clone_into(&mut snapshot.contents);
        snapshot.contents.push('\n');
        snapshot
    }

    /// A quoted YAML scalar is a JSON string.
    fn to_text(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        format!(
            "---\nsource: {}\ndescription: {}\nexpression: {}\n---\n{}",
            self.source,
            quoted(&self.description),
            quoted(&self.expression),
            self.contents
        )
    }
}

/// Where the pending one of a snapshot is.
pub fn pending(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// Removes a file that may not be there.
pub fn remove_if_there(path: &Path) -> Result<(), SnapshotError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(SnapshotError { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// All pending snapshots below a folder, with the path of the stored one.
pub fn all_pending(folder: &Path) -> Result<Vec<(PathBuf, PathBuf)>, SnapshotError> {
    let fail = |source| SnapshotError { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.is_dir() {
            found.extend(all_pending(&path)?);
        } else if let Some(stored) = path
            .to_str()
            .and_then(|path| path.strip_suffix(".new"))
            .filter(|stored| Path::new(stored).extension().is_some_and(|ending| ending == "snap"))
        {
            found.push((PathBuf::from(stored), path.clone()));
        }
    }
    found.sort();
    Ok(found)
}

/// Takes a pending snapshot over.
pub fn accept(stored: &Path, pending: &Path) -> Result<(), SnapshotError> {
    fs::rename(pending, stored).map_err(|source| SnapshotError { path: pending.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lifecycle/create@entra.snap");
        let snapshot = Snapshot {
            source: "scenarios/lifecycle/create.yaml".into(),
            description: "A \"new\" person: gets in".into(),
            expression: "as entra".into(),
            contents: "GET /Users\n\n200\n".into(),
        };
        snapshot.write(&path).unwrap();
        assert_eq!(Snapshot::read(&path).unwrap(), Some(snapshot));
    }

    #[test]
    fn a_pending_snapshot_is_found_and_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let stored = folder.path().join("a/b.snap");
        let snapshot = Snapshot {
            source: String::new(),
            description: String::new(),
            expression: String::new(),
            contents: "x\n".into(),
        };
        snapshot.write(&pending(&stored)).unwrap();
        let found = all_pending(folder.path()).unwrap();
        assert_eq!(found, [(stored.clone(), pending(&stored))]);
        accept(&found[0].0, &found[0].1).unwrap();
        assert_eq!(Snapshot::read(&stored).unwrap().map(|s| s.contents), Some("x\n".to_owned()));
        assert!(all_pending(folder.path()).unwrap().is_empty());
    }
}
