//! `scimspec review`, `accept` and `reject`: pending snapshots, for people without cargo.

use std::path::PathBuf;

use clap::Args;

use crate::report::Exit;
use crate::report::view::printable_lines;
use crate::snapshot::difference;
use crate::snapshot::file::{self, Snapshot, SnapshotError};
use crate::terminal::Terminal;

/// Flags as they were typed.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder of snapshots, as given to `run --snapshots`.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Shows every pending snapshot: what is new, or what changed. Exit 1 while there are any.
pub(super) fn review(arguments: &Arguments, terminal: &Terminal) -> Exit {
    each(arguments, terminal, "nothing is pending", |stored, pending| {
        let old = Snapshot::read(stored)?.map(|snapshot| snapshot.contents);
        let new = Snapshot::read(pending)?.map(|snapshot| snapshot.contents).unwrap_or_default();
        let (kind, text) = match old {
            Some(old) => ("changed", difference(&old, &new)),
            None => ("new", new),
        };
        terminal.print(&format!("{kind}: {}\n{}\n", stored.display(), printable_lines(&text)));
        Ok(Exit::NotConformant)
    })
}

/// Takes every pending snapshot over.
pub(super) fn accept(arguments: &Arguments, terminal: &Terminal) -> Exit {
    each(arguments, terminal, "nothing is pending", |stored, pending| {
        file::accept(stored, pending)?;
        terminal.print(&format!("accepted: {}\n", stored.display()));
        Ok(Exit::Conformant)
    })
}

/// Throws every pending snapshot away.
pub(super) fn reject(arguments: &Arguments, terminal: &Terminal) -> Exit {
    each(arguments, terminal, "nothing is pending", |stored, pending| {
        file::remove_if_there(pending)?;
        terminal.print(&format!("rejected: {}\n", stored.display()));
        Ok(Exit::Conformant)
    })
}

fn each(
    arguments: &Arguments,
    terminal: &Terminal,
    none: &str,
    act: impl Fn(&std::path::Path, &std::path::Path) -> Result<Exit, SnapshotError>,
) -> Exit {
    let done = file::all_pending(&arguments.folder).and_then(|pending| {
        if pending.is_empty() {
            terminal.tell(none);
        }
        let mut worst = Exit::Conformant;
        for (stored, pending) in pending {
            if act(&stored, &pending)? == Exit::NotConformant {
                worst = Exit::NotConformant;
            }
        }
        Ok(worst)
    });
    done.unwrap_or_else(|error| {
        terminal.error(&error.to_string());
        Exit::Usage
    })
}
