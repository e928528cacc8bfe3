//! Snapshots: a story's conversation, normalised, against a stored one. `normalise` makes the text, `file` keeps it
//! in insta's format, so that `cargo insta review` works too.

pub mod file;
mod normalise;

use std::path::{Path, PathBuf};

use scimspec_mock_idp::exchange::Exchange;
use similar::{ChangeTag, TextDiff};

use self::file::{Snapshot, SnapshotError};
use self::normalise::Normaliser;
use crate::judge::{CheckResult, Verdict};
use crate::report::RunReport;
use crate::report::view::Lens;
use crate::runner::names::Names;
use crate::runner::observed::StoryReport;

/// Adds a check `SCENARIO[/CASE]/conversation` for each story that keeps snapshots.
pub fn compare_run(report: &mut RunReport, folder: &Path, lens: &Lens) -> Result<(), SnapshotError> {
    let mut checks = Vec::new();
    for story in &report.stories {
        if story.story.scenario.snapshot {
            checks.push(compare(story, folder, lens, &report.domain)?);
        }
    }
    report.checks.extend(checks);
    Ok(())
}

/// The normalised conversation of a story.
pub fn conversation(report: &StoryReport, lens: &Lens, domain: &str) -> String {
    let names = Names::new(&lens.run, report.story.number, domain);
    Normaliser::new(&names, &report.story, lens).transcript(report)
}

/// What changed, line by line, with three lines around each change.
pub fn difference(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut text = String::new();
    for (i, group) in diff.grouped_ops(3).iter().enumerate() {
        if i > 0 {
            text.push_str("  ...\n");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            text.push(sign);
            text.push_str(change.value().trim_end_matches('\n'));
            text.push('\n');
        }
    }
    text
}

/// What a conversation is beside the stored one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// It is the stored one.
    Same,
    /// There is none yet; it was written as pending. In words.
    New(String),
    /// There is none, and on CI none is written. In words.
    Missing(String),
    /// Another one.
    Other {
        /// In words.
        message: String,
        /// What changed, line by line.
        difference: String,
    },
}

/// Compares with the snapshot at `path`, which is in `folder`; what is new is written as pending, except on CI.
pub fn against_stored(new: &Snapshot, path: &Path, folder: &Path) -> Result<Stored, SnapshotError> {
    let stored = Snapshot::read(path)?;
    let on_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    let pending = if on_ci { None } else { Some(file::pending(path)) };
    let same = stored.as_ref().is_some_and(|stored| stored.contents == new.contents);
    if let Some(pending) = &pending {
        if same {
            file::remove_if_there(pending)?;
        } else {
            new.write(pending)?;
        }
    }
    Ok(match stored {
        Some(_) if same => Stored::Same,
        Some(stored) => Stored::Other {
            message: format!(
                "the conversation is not the stored one: `scimspec review {}`",
                folder.display()
            ),
            difference: difference(&stored.contents, &new.contents),
        },
        None if on_ci => {
            Stored::Missing(format!("{} is missing, and nothing is written where CI=true", path.display()))
        }
        None => {
            Stored::New(format!("no snapshot yet: look at it with `scimspec review {}`", folder.display()))
        }
    })
}

/// The normalised conversation of anything else than a story; made-up people and groups have the names of `names`.
pub fn conversation_of(exchanges: &[Exchange], names: &Names, lens: &Lens) -> String {
    Normaliser::of_names(names, [], lens).conversation(exchanges, &[])
}

fn compare(
    report: &StoryReport,
    folder: &Path,
    lens: &Lens,
    domain: &str,
) -> Result<CheckResult, SnapshotError> {
    let story = &report.story;
    let new = Snapshot {
        source: format!("scenarios/{}.yaml", story.scenario.id),
        description: story.scenario.title.clone(),
        expression: story.persona.as_ref().map_or_else(|| "plain requests".to_owned(), |p| format!("as {p}")),
        contents: conversation(report, lens, domain),
    };
    let (verdict, message, actual) = match against_stored(&new, &path_of(report, folder), folder)? {
        Stored::Same => (Verdict::Pass, "the conversation is the stored one".to_owned(), None),
        Stored::New(message) => (Verdict::Skip, message, None),
        Stored::Missing(message) => (Verdict::Fail, message, None),
        Stored::Other { message, difference } => (Verdict::Fail, message, Some(difference)),
    };
    Ok(CheckResult::conversation(story, verdict, message, actual, 0..report.exchanges.len()))
}

/// `FOLDER/lifecycle/deactivate-blocks[.case]@okta-wizard.snap`.
fn path_of(report: &StoryReport, folder: &Path) -> PathBuf {
    let story = &report.story;
    let case = story.case.as_ref().map_or_else(String::new, |case| format!(".{}", case.slug));
    let persona = story.persona.as_ref().map_or_else(String::new, |persona| format!("@{persona}"));
    folder.join(format!("{}{case}{persona}.snap", story.scenario.id))
}
