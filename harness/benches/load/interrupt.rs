//! Ctrl-C and a request to end: noticed between two requests, so that the servers are stopped and their files removed on
//! the way out.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::Trouble;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Begins to watch for signals.
pub(crate) fn watch() -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        INTERRUPTED.store(true, Ordering::Relaxed);
    });
    Ok(())
}

/// Fails when somebody wants an end.
pub(crate) fn check() -> Result<(), Trouble> {
    if INTERRUPTED.load(Ordering::Relaxed) { Err(Trouble::Interrupted) } else { Ok(()) }
}
