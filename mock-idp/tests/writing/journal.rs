//! A recording grows beside its file, becomes it at the end or at the next start, and never anything else.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use http::Method;
use scimspec_mock_idp::recording::Entry;
use scimspec_mock_idp::recording::journal::{Journal, JournalError, Saved, repair};
use serde_json::Value;
use tempfile::TempDir;

use super::{entry, exchange};

fn place() -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let har = folder.path().join("okta.har");
    (folder, har)
}

fn part(har: &Path) -> PathBuf {
    har.with_file_name("okta.har.part")
}

fn nth(number: usize) -> Entry {
    entry(exchange(Method::GET, &format!("/Users/{number}")))
}

fn urls(har: &Path) -> Vec<String> {
    let har: Value = serde_json::from_slice(&fs::read(har).expect("the file")).expect("JSON");
    let entries = har["log"]["entries"].as_array().expect("entries");
    entries.iter().map(|entry| entry["request"]["url"].as_str().expect("a URL").to_owned()).collect()
}

fn files(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .expect("the folder")
        .map(|file| file.expect("a file").file_name().into_string().expect("text"))
        .collect();
    names.sort();
    names
}

/// A journal whose process was killed.
fn left_behind(har: &Path, exchanges: usize) {
    let mut journal = Journal::create(har, Some("made for a test")).expect("a journal");
    for number in 1..=exchanges {
        journal.append(&nth(number)).expect("room");
    }
}

#[test]
fn the_journal_becomes_the_file_when_the_recording_ends() {
    let (folder, har) = place();
    let mut journal = Journal::create(&har, Some("made for a test")).unwrap();
    journal.append(&nth(1)).unwrap();
    assert_eq!(files(&folder), ["okta.har.part"]);
    journal.append(&nth(2)).unwrap();
    assert_eq!(journal.finish().unwrap(), Saved { path: har.clone(), exchanges: 2, lost: 0 });
    assert_eq!(files(&folder), ["okta.har"]);
    assert_eq!(urls(&har).len(), 2);
    assert!(fs::read_to_string(&har).unwrap().contains("\"comment\":\"made for a test\""));
}

#[test]
fn each_exchange_is_on_disk_when_it_was_added() {
    let (_folder, har) = place();
    let mut journal = Journal::create(&har, None).unwrap();
    for number in 1..4 {
        journal.append(&nth(number)).unwrap();
        let lines = fs::read_to_string(part(&har)).unwrap();
        assert_eq!(lines.lines().count(), 1 + number);
        assert!(lines.ends_with("}\n"));
    }
}

#[test]
fn a_recording_without_exchanges_is_a_file_without_entries() {
    let (_folder, har) = place();
    Journal::create(&har, None).unwrap().finish().unwrap();
    assert!(urls(&har).is_empty());
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;

    let (_folder, har) = place();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let journal = Journal::create(&har, None).unwrap();
    assert_eq!(mode(&part(&har)), 0o600);
    journal.finish().unwrap();
    assert_eq!(mode(&har), 0o600);
}

#[test]
fn what_was_left_behind_becomes_its_file() {
    let (folder, har) = place();
    left_behind(&har, 3);
    assert_eq!(repair(&har).unwrap(), Some(Saved { path: har.clone(), exchanges: 3, lost: 0 }));
    assert_eq!(files(&folder), ["okta.har"]);
    assert_eq!(urls(&har).len(), 3);
    assert!(fs::read_to_string(&har).unwrap().contains("made for a test"));
}

#[test]
fn a_crash_at_any_byte_loses_only_the_exchange_in_flight() {
    let (_folder, har) = place();
    left_behind(&har, 2);
    let whole = fs::read(part(&har)).unwrap();
    fs::remove_file(part(&har)).unwrap();
    let ends: Vec<_> =
        whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).collect();
    let around = |end: &usize| [end - 1, *end, end + 1];
    let cuts = ends.iter().flat_map(around).chain((0..whole.len()).step_by(97));
    for cut in cuts {
        fs::write(part(&har), &whole[..cut]).unwrap();
        // A line is whole with its last brace, whether the line end came or not.
        let expected = ends.iter().skip(1).filter(|end| **end <= cut).count();
        let saved = repair(&har).unwrap();
        assert_eq!(saved.as_ref().map_or(0, |saved| saved.exchanges), expected, "cut at {cut}");
        if expected > 0 {
            assert_eq!(urls(&har).len(), expected);
            fs::remove_file(&har).unwrap();
        }
        assert!(!part(&har).exists());
    }
}

#[test]
fn an_output_is_never_overwritten() {
    let (folder, har) = place();
    fs::write(&har, "precious").unwrap();
    assert!(matches!(Journal::create(&har, None), Err(JournalError::OutputExists(_))));
    assert_eq!(files(&folder), ["okta.har"]);

    fs::remove_file(&har).unwrap();
    let mut journal = Journal::create(&har, None).unwrap();
    journal.append(&nth(1)).unwrap();
    fs::write(&har, "precious").unwrap();
    assert!(matches!(journal.finish(), Err(JournalError::BothExist { .. })));
    assert!(matches!(repair(&har), Err(JournalError::BothExist { .. })));
    assert_eq!(fs::read_to_string(&har).unwrap(), "precious");
    assert!(part(&har).exists(), "nor is the recording lost");
}

#[test]
fn what_was_left_behind_is_not_overwritten_either() {
    let (_folder, har) = place();
    left_behind(&har, 1);
    let refused = Journal::create(&har, None).unwrap_err();
    assert!(matches!(refused, JournalError::LeftBehind(_)), "{refused}");
    repair(&har).unwrap();
    assert_eq!(urls(&har).len(), 1);
}

#[test]
fn a_recording_that_still_runs_is_left_alone() {
    let (_folder, har) = place();
    let mut journal = Journal::create(&har, None).unwrap();
    journal.append(&nth(1)).unwrap();
    assert!(matches!(repair(&har), Err(JournalError::InUse(_))));
    journal.append(&nth(2)).unwrap();
    assert_eq!(journal.finish().unwrap().exchanges, 2);
}

#[test]
fn a_crash_while_the_file_is_made_loses_nothing() {
    let (folder, har) = place();
    left_behind(&har, 2);
    fs::write(har.with_file_name("okta.har.unfinished"), "{\"log\":").unwrap();
    assert_eq!(repair(&har).unwrap().unwrap().exchanges, 2);
    assert_eq!(files(&folder), ["okta.har"]);

    // Killed between the last two steps: the file is there, and the journal still, too.
    fs::remove_file(&har).unwrap();
    left_behind(&har, 2);
    let journal = fs::read(part(&har)).unwrap();
    repair(&har).unwrap();
    fs::write(part(&har), journal).unwrap();
    assert_eq!(repair(&har).unwrap(), None);
    assert_eq!(files(&folder), ["okta.har"]);
}

#[test]
fn where_nothing_was_left_behind_there_is_nothing_to_repair() {
    let (folder, har) = place();
    assert_eq!(repair(&har).unwrap(), None);
    left_behind(&har, 0);
    assert_eq!(repair(&har).unwrap(), None);
    assert!(files(&folder).is_empty());
}

#[test]
fn lines_of_somebody_else_are_counted_and_left_out() {
    let (_folder, har) = place();
    left_behind(&har, 1);
    let mut file = OpenOptions::new().append(true).open(part(&har)).unwrap();
    file.write_all(b"{\"request\": 1}\nhello\n").unwrap();
    drop(file);
    let saved = repair(&har).unwrap().unwrap();
    assert_eq!((saved.exchanges, saved.lost), (1, 2));
}

#[test]
fn a_name_that_no_file_can_have_is_refused() {
    assert!(matches!(Journal::create(Path::new("/"), None), Err(JournalError::NotAFile(_))));
    let missing = Path::new("/does-not-exist-1f6a/okta.har");
    let error = Journal::create(missing, None).unwrap_err().to_string();
    assert!(error.starts_with("cannot create /does-not-exist-1f6a/okta.har.part: "), "{error}");
}
