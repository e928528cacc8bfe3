//! The recordings that the repository carries: made by the mock identity provider against the reference server, the same every
//! time, without a secret, and replayed by the library. `UPDATE_RECORDINGS=1` writes them again.

use std::path::{Path, PathBuf};

use scimspec::judge::Verdict;
use scimspec::scenario::recordings::Beside;
use scimspec_mock_idp::recording::read::{self, ReadOptions};
use scimspec_mock_idp::recording::{har, redact};

use crate::support::recorded::{PERSONAS, life_cycle, recording, told};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recording_is_what_the_persona_does_today() {
    for persona in PERSONAS {
        let mut written = Vec::new();
        har::write(&recording(persona, &life_cycle(), &[]).await, &mut written).unwrap();
        let path = folder().join(format!("{persona}.har"));
        if std::env::var_os("UPDATE_RECORDINGS").is_some() {
            std::fs::write(&path, &written).unwrap();
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        let written = String::from_utf8(written).unwrap();
        assert!(stored == written, "{persona}.har is stale: UPDATE_RECORDINGS=1 writes it again");
    }
}

#[test]
fn what_is_written_is_read_again() {
    for path in stored() {
        let recording = read::open(&path, &ReadOptions::default()).unwrap();
        assert!(recording.left_out.is_empty(), "{}: {:?}", path.display(), recording.left_out);
        assert!(recording.entries.len() > 10, "{}", path.display());
        let comment = recording.source.comment.unwrap_or_default();
        assert!(comment.starts_with("Made up: "), "{} does not say that it is made up", path.display());
    }
}

#[test]
fn no_recording_holds_a_secret() {
    for path in stored() {
        let recording = read::open(&path, &ReadOptions::default()).unwrap();
        for entry in &recording.entries {
            let found = redact::secrets_in(&entry.exchange);
            assert!(found.is_empty(), "{}, {}: {} secrets", path.display(), entry.place, found.len());
        }
        // Reading takes credentials out, so the file is looked through as it stands, too.
        let text = std::fs::read_to_string(&path).unwrap();
        for trace in ["Bearer ", "Basic ", "made-up-ada", "made-up-grace", "127.0.0.1"] {
            assert!(!text.contains(trace), "{}: {trace}", path.display());
        }
    }
}

#[test]
fn every_recording_is_in_the_library_and_somebody_replays_it() {
    for path in stored() {
        let name = path.file_name().unwrap().to_str().unwrap();
        Beside::in_library("recordings/any.yaml").recording(name).unwrap();
        let replays =
            scimspec_scenarios::SCENARIOS.iter().any(|file| file.text.contains(&format!("replay: {name}")));
        assert!(replays, "no scenario of the library replays {name}");
    }
}

/// The step finds what the check is about, and says what the provider would suffer from it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_in_a_scenario_notices_a_wrong_server() {
    for (persona, deviation) in [
        ("okta-wizard", "deactivate-hard-deletes"),
        ("okta-catalog", "group-unrelated-replace-empties"),
        ("entra", "group-remove-with-value-clears-all"),
    ] {
        let id = format!("recordings/{persona}");
        let file =
            scimspec_scenarios::SCENARIOS.iter().find(|file| file.path == format!("{id}.yaml")).unwrap();
        let report = told(&id, file.text, &[deviation]).await;
        let failed: Vec<_> = report.checks.iter().filter(|check| check.verdict == Verdict::Fail).collect();
        assert_eq!(failed.len(), 1, "{persona} and {deviation}: {:#?}", report.checks);
        let said = failed[0].actual.clone().unwrap_or_default();
        assert!(said.contains("entry "), "{said}");
        // What is shown is what differs, and not what was sent last.
        let shown = report.evidence(failed[0]).unwrap();
        assert!(said.contains(&format!("({} /", shown.request.method)), "{said}: {shown:?}");
        assert_ne!(Some(shown), report.exchanges_of(failed[0]).last(), "{said}");
    }
}

fn stored() -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut recordings: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|it| it == "har")).collect();
    recordings.sort();
    assert!(!recordings.is_empty());
    recordings
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scenarios").join("recordings")
}
